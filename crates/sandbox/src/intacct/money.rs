//! Amounts as the gateway writes them: decimal text out of minor units, and back; rates with four decimals.
//!
//! Integers only.

/// Digits after the point of a currency (ISO 4217); two where it is none of the exceptions.
pub(super) fn exponent(currency: &str) -> u32 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
        | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// `12345` and 2 are `123.45`.
pub(super) fn amount_text(minor: i64, exponent: u32) -> String {
    if exponent == 0 {
        return minor.to_string();
    }
    let unit = 10_u64.pow(exponent);
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:0width$}", minor / unit, minor % unit, width = exponent as usize)
}

/// A decimal number as an integer of so many decimals; `None` for anything else, or for more decimals that are not 0.
pub(super) fn scaled(text: &str, decimals: u32) -> Option<i128> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) || whole.len() > 24 {
        return None;
    }
    let part = part.trim_end_matches('0');
    let missing = (decimals as usize).checked_sub(part.len())?;
    let number: i128 = format!("0{whole}{part}{}", "0".repeat(missing)).parse().ok()?;
    Some(sign * number)
}

/// Minor units of one currency into another's, at a rate of ten-thousandths, rounded half away from zero.
pub(super) fn convert(minor: i64, from: u32, rate: i128, to: u32) -> Option<i64> {
    let (up, down) = (10_i128.pow(to), 10_i128.pow(from) * 10_000);
    let product = i128::from(minor).checked_mul(rate)?.checked_mul(up)?;
    let half = if product < 0 { -down / 2 } else { down / 2 };
    i64::try_from((product + half) / down).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_minor_units_agree() {
        for (minor, exponent, text) in [(12_345, 2, "123.45"), (-5, 2, "-0.05"), (7, 0, "7"), (1_234, 3, "1.234")] {
            assert_eq!(amount_text(minor, exponent), text);
            assert_eq!(scaled(text, exponent), Some(i128::from(minor)));
        }
        for (text, expected) in [("1.5", Some(150)), ("1.500", Some(150)), (".5", Some(50)), ("+2", Some(200))] {
            assert_eq!(scaled(text, 2), expected, "{text}");
        }
        for text in ["", ".", "-", "1.005", "1,000", "1e3", "0x10", "NaN", "9999999999999999999999999"] {
            assert_eq!(scaled(text, 2), None, "{text}");
        }
    }

    #[test]
    fn conversion_rounds_half_away_from_zero() {
        assert_eq!(convert(1_000, 0, 67, 2), Some(670)); // 1,000 JPY at 0.0067
        assert_eq!(convert(1, 2, 5_000, 2), Some(1));
        assert_eq!(convert(-1, 2, 5_000, 2), Some(-1));
        assert_eq!(convert(1, 3, 32_500, 2), Some(0)); // 0.001 KWD is less than a cent
    }
}
