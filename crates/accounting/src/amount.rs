//! Money: an integer count of a currency's minor unit. The only door from a source's figure to an amount is
//! [`SourceAmount::to_amount`], which refuses what has no exact minor-unit form.

use std::fmt;

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why a text or a figure is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The code is not in ISO 4217.
    #[error("'{0}' is not an ISO 4217 currency")]
    UnknownCurrency(String),
    /// The figure is finer than the currency's minor unit.
    #[error("{figure} has no exact form in the minor unit of {currency}")]
    NoExactMinorUnit {
        /// The figure as the source gave it, in decimals.
        figure: String,
        /// The currency's code.
        currency: String,
    },
    /// The sum or the figure leaves the range of 64 bits.
    #[error("the amount is out of range")]
    OutOfRange,
    /// Amounts of two currencies were added.
    #[error("{left} and {right} cannot be added")]
    MixedCurrencies {
        /// Currency on the left.
        left: Currency,
        /// Currency on the right.
        right: Currency,
    },
    /// The text is no decimal number.
    #[error("'{0}' is not a decimal amount such as 1234.50")]
    Malformed(String),
}

impl Currency {
    /// Reads a code of three letters, in either case.
    ///
    /// # Errors
    /// [`AmountError::UnknownCurrency`] where ISO 4217 has no such code.
    pub fn parse(code: &str) -> Result<Self, AmountError> {
        let upper = code.trim().to_ascii_uppercase();
        match (iso_currency::Currency::from_code(&upper), upper.as_bytes()) {
            (Some(_), &[a, b, c]) => Ok(Self([a, b, c])),
            _ => Err(AmountError::UnknownCurrency(code.to_owned())),
        }
    }

    /// The three-letter code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimal places of the minor unit: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u8 {
        let exponent = iso_currency::Currency::from_code(self.code()).and_then(|c| c.exponent()).unwrap_or(0);
        u8::try_from(exponent).unwrap_or(0)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount: minor units and their currency. May be negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Count of minor units (cents for USD, yen for JPY, fils for KWD).
    pub minor: i64,
    /// Whose minor units.
    pub currency: Currency,
}

impl Amount {
    /// An amount of `minor` units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The sum, of one currency.
    ///
    /// # Errors
    /// [`AmountError::MixedCurrencies`], [`AmountError::OutOfRange`].
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::MixedCurrencies { left: self.currency, right: other.currency });
        }
        let minor = self.minor.checked_add(other.minor).ok_or(AmountError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// Splits the amount in proportion to `weights`, losing nothing: each share is off its exact value by less than
    /// one minor unit, and the units left over go to the largest remainders (the earlier share where they tie). A
    /// negative amount splits like the positive one. `None` where the weights are empty or all zero.
    pub fn split(self, weights: &[u64]) -> Option<Vec<Self>> {
        let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        let whole = u128::from(self.minor.unsigned_abs());
        if sum == 0 {
            return None;
        }
        // At most 2^63 times 2^64, which 128 bits hold.
        let exact = |weight: &u64| (whole * u128::from(*weight) / sum, whole * u128::from(*weight) % sum);
        let (mut shares, remainders): (Vec<u128>, Vec<u128>) = weights.iter().map(exact).unzip();
        let left = whole.saturating_sub(shares.iter().sum());
        let mut order: Vec<usize> = (0..shares.len()).collect();
        order.sort_by(|a, b| remainders[*b].cmp(&remainders[*a]));
        order.into_iter().zip(0..left).for_each(|(index, _)| shares[index] += 1);
        let signed = |share: u128| {
            let share = i128::try_from(share).ok()?;
            i64::try_from(if self.minor < 0 { -share } else { share }).ok()
        };
        shares.into_iter().map(|share| signed(share).map(|minor| Self { minor, ..self })).collect()
    }

    /// Reads decimals such as `-1234.5` exactly.
    ///
    /// # Errors
    /// [`AmountError::Malformed`], [`AmountError::NoExactMinorUnit`], [`AmountError::OutOfRange`].
    pub fn parse(decimals: &str, currency: Currency) -> Result<Self, AmountError> {
        SourceAmount::parse(decimals)?.to_amount(currency)
    }

    /// The figure with the currency's decimal places and without the code: `1234.50`.
    pub fn decimals(self) -> String {
        decimals(self.minor, self.currency.exponent())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimals(), self.currency)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A figure as a source sent it: `units` of ten to the minus `scale`, before its currency's minor unit is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceAmount {
    /// Integer part of the figure.
    pub units: i64,
    /// How many of its digits are decimals: 2 where the source counts hundredths.
    pub scale: u8,
}

impl SourceAmount {
    /// A figure counted in hundredths, whatever the currency.
    pub const fn hundredths(units: i64) -> Self {
        Self { units, scale: 2 }
    }

    /// Reads a decimal text: an optional sign, digits, optionally a point and digits. No grouping, no exponent.
    ///
    /// # Errors
    /// [`AmountError::Malformed`], [`AmountError::OutOfRange`].
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let malformed = || AmountError::Malformed(text.to_owned());
        let (sign, digits) = match text.trim().strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text.trim()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let has_point = digits.contains('.');
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || (has_point && fraction.is_empty()) {
            return Err(malformed());
        }
        let fraction = fraction.trim_end_matches('0');
        let scale = u8::try_from(fraction.len()).map_err(|_| malformed())?;
        let units = format!("{sign}{whole}{fraction}").parse().map_err(|_| AmountError::OutOfRange)?;
        Ok(Self { units, scale })
    }

    /// The figure with all the decimals it came with.
    pub fn decimals(self) -> String {
        decimals(self.units, self.scale)
    }

    /// The figure in the currency's minor units, where it has an exact form there.
    ///
    /// # Errors
    /// [`AmountError::NoExactMinorUnit`], [`AmountError::OutOfRange`].
    pub fn to_amount(self, currency: Currency) -> Result<Amount, AmountError> {
        let exponent = currency.exponent();
        let minor = if self.scale <= exponent {
            let factor = power_of_ten(exponent - self.scale).ok_or(AmountError::OutOfRange)?;
            self.units.checked_mul(factor).ok_or(AmountError::OutOfRange)?
        } else {
            let factor = power_of_ten(self.scale - exponent);
            match factor {
                Some(factor) if self.units % factor == 0 => self.units / factor,
                None if self.units == 0 => 0,
                _ => {
                    return Err(AmountError::NoExactMinorUnit {
                        figure: decimals(self.units, self.scale),
                        currency: currency.code().to_owned(),
                    });
                }
            }
        };
        Ok(Amount { minor, currency })
    }
}

fn power_of_ten(exponent: u8) -> Option<i64> {
    10_i64.checked_pow(u32::from(exponent))
}

fn decimals(units: i64, scale: u8) -> String {
    let scale = usize::from(scale);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
