//! The ids of reports and transactions: numbered so that an id leads straight back to its report.
//!
//! Base-62 `reportID` and base-10 `oldReportID` are the same number, as the vendor accepts both in `reportIDList`
//! (documented). No table of ids is kept.

use super::dice::mix;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const FIRST_REPORT: u64 = 4_000_000_000_000_000;
const REPORT_STRIDE: u64 = 7_919;
const FIRST_TRANSACTION: u64 = 4_100_000_000_000_000_000;
const TRANSACTION_STRIDE: u64 = 257;
/// Transactions that fit under one report's number.
const TRANSACTIONS_PER_REPORT: u64 = 4_096;

/// Numbers ids for one seed.
#[derive(Debug, Clone, Copy)]
pub struct Ids {
    seed: u64,
}

impl Ids {
    /// The numbering of `seed`.
    pub fn new(seed: u64) -> Self {
        Ids { seed }
    }

    fn first_report(self) -> u64 {
        FIRST_REPORT + mix(self.seed) % 1_000_000_000_000_000
    }

    /// `oldReportID` of report `n`: 16 digits, below 2^53.
    pub fn old_report_id(self, n: u32) -> u64 {
        self.first_report() + u64::from(n) * REPORT_STRIDE
    }

    /// `reportID` of report `n`: `R`, then base-62 digits.
    pub fn report_id(self, n: u32) -> String {
        let mut rest = self.old_report_id(n);
        let mut digits = [b'0'; 11];
        for place in digits.iter_mut().rev() {
            *place = DIGITS[(rest % 62) as usize];
            rest /= 62;
        }
        format!("R{}", String::from_utf8_lossy(&digits))
    }

    /// The number of the report that an id in either base names.
    pub fn number(self, id: &str) -> Option<u32> {
        let value = match id.strip_prefix('R') {
            Some(digits) if digits.len() == 11 => digits.bytes().try_fold(0u64, |value, byte| {
                let digit = DIGITS.iter().position(|d| *d == byte)?;
                value.checked_mul(62)?.checked_add(digit as u64)
            })?,
            _ => id.parse().ok()?,
        };
        let distance = value.checked_sub(self.first_report())?;
        if distance % REPORT_STRIDE != 0 {
            return None;
        }
        u32::try_from(distance / REPORT_STRIDE).ok()
    }

    /// `transactionID` of expense `index` of report `n`: 19 digits, beyond what a double holds exactly.
    pub fn transaction_id(self, n: u32, index: usize) -> String {
        let spread = mix(self.seed ^ 0x7452) % 100_000_000_000_000_000;
        let slot = u64::from(n) * TRANSACTIONS_PER_REPORT + index as u64;
        (FIRST_TRANSACTION + spread + slot * TRANSACTION_STRIDE).to_string()
    }
}
