//! Money: one door in, and splits that lose nothing.

use accounting::amount::AmountError;
use accounting::{Amount, Currency, SourceAmount};
use proptest::prelude::*;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

#[test]
fn figures_come_in_exactly_or_not_at_all() {
    let yen = SourceAmount::hundredths(105_000).to_amount(currency("JPY")).unwrap();
    assert_eq!(yen.to_string(), "1050 JPY");
    assert!(matches!(
        SourceAmount::hundredths(105_001).to_amount(currency("JPY")),
        Err(AmountError::NoExactMinorUnit { .. })
    ));
    assert_eq!(SourceAmount::hundredths(-5).to_amount(currency("KWD")).unwrap().to_string(), "-0.050 KWD");
    assert_eq!(SourceAmount::hundredths(i64::MAX).to_amount(currency("KWD")), Err(AmountError::OutOfRange));
    for scale in [0, 2, 18, 19, 255] {
        let tiny = SourceAmount { units: i64::MIN, scale };
        assert_eq!(tiny.to_amount(currency("USD")).is_ok(), scale == 2);
        assert!(SourceAmount { units: 0, scale }.to_amount(currency("JPY")).is_ok());
    }
}

#[test]
fn texts_are_decimals_without_ornament() {
    for bad in ["", "-", ".", "1.", ".5", "1,000.00", "1e3", "+1", "1.2.3", "٣", "--1", "0x10", "NaN"] {
        assert!(SourceAmount::parse(bad).is_err(), "{bad}");
    }
    for good in ["0", "-0", " 12.50 ", "007", "1.10000000000000000000000000"] {
        assert!(SourceAmount::parse(good).is_ok(), "{good}");
    }
}

#[test]
fn the_odd_cent_goes_to_the_largest_remainder() {
    let split = |minor, weights: &[u64]| -> Vec<i64> {
        let shares = Amount::new(minor, currency("USD")).split(weights).unwrap();
        shares.into_iter().map(|share| share.minor).collect()
    };
    assert_eq!(split(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(split(1, &[1, 1, 1]), [1, 0, 0]);
    assert_eq!(split(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(split(100, &[1, 2, 0]), [33, 67, 0]);
    assert_eq!(split(10_888, &[1_000, 88]), [10_007, 881]);
    assert_eq!(split(i64::MIN, &[u64::MAX]), [i64::MIN]);
    assert_eq!(split(i64::MAX, &[u64::MAX, 0]), [i64::MAX, 0]);
    assert_eq!(Amount::new(5, currency("USD")).split(&[]), None);
    assert_eq!(Amount::new(5, currency("USD")).split(&[0, 0]), None);
}

proptest! {
    #[test]
    fn a_split_loses_nothing(minor in any::<i64>(), weights in prop::collection::vec(any::<u64>(), 1..12)) {
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        prop_assume!(total > 0);
        let shares = Amount::new(minor, currency("USD")).split(&weights).unwrap();
        prop_assert_eq!(shares.iter().map(|share| i128::from(share.minor)).sum::<i128>(), i128::from(minor));
        for (share, weight) in shares.iter().zip(&weights) {
            // |share - minor * weight / total| < 1, in integers.
            let exact = u128::from(minor.unsigned_abs()) * u128::from(*weight);
            let floor = exact / total;
            let share = u128::from(share.minor.unsigned_abs());
            prop_assert!(share == floor || (share == floor + 1 && exact % total != 0));
        }
    }

    #[test]
    fn the_order_of_weights_moves_at_most_the_odd_unit(
        minor in any::<i64>(),
        weights in prop::collection::vec(0..1_000_u64, 1..12).prop_shuffle(),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0));
        let amount = Amount::new(minor, currency("JPY"));
        let mut reversed = weights.clone();
        reversed.reverse();
        let forth = amount.split(&weights).unwrap();
        let mut back = amount.split(&reversed).unwrap();
        back.reverse();
        for (a, b) in forth.iter().zip(&back) {
            prop_assert!((i128::from(a.minor) - i128::from(b.minor)).abs() <= 1);
        }
    }

    #[test]
    fn what_is_printed_is_read_back(minor in any::<i64>(), code in prop::sample::select(vec!["USD", "JPY", "KWD"])) {
        let amount = Amount::new(minor, currency(code));
        prop_assert_eq!(Amount::parse(&amount.decimals(), amount.currency), Ok(amount));
    }
}
