//! Records: numbers are typed or refused, never guessed; faults name their place.

use super::*;

/// A report with one expense in which `field` holds `value`, both as JSON.
fn with_expense(field: &str, value: &str) -> Result<Report, RecordError> {
    let line =
        format!(r#"{{"reportID":"R1","expenseCount":1,"expenses":[{{"transactionID":"T1","{field}":{value}}}]}}"#);
    parse_record(line.as_bytes())
}

#[test]
fn amounts_that_are_whole_numbers() {
    for (json, expected) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("123456", Some(123_456)),
        ("-5", Some(-5)),
        ("\"-5\"", Some(-5)),
        ("\"+7\"", Some(7)),
        ("\"007\"", Some(7)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("null", None),
        ("\"\"", None),
    ] {
        assert_eq!(with_expense("modifiedAmount", json).unwrap().expenses[0].modified_amount, expected, "{json}");
    }
}

#[test]
fn amounts_that_are_refused() {
    for json in [
        "1e309",
        "1e2",
        "1E2",
        "12.5",
        "12.0",
        "\"12.50\"",
        "\"1,234.56\"",
        "\"1,234\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\" 5\"",
        "\"5 \"",
        "\"--5\"",
        "\"-\"",
        "\"+\"",
        "\"0x10\"",
        "\"٣\"",
        "\"5\\u0000\"",
        "true",
        "[]",
        "{}",
        "[5]",
    ] {
        for field in ["amount", "modifiedAmount", "convertedAmount", "taxAmount", "attendeeCount"] {
            let error = with_expense(field, json).unwrap_err();
            assert!(matches!(error.fault, Fault::NotWhole { .. }), "{field} {json}: {:?}", error.fault);
        }
    }
    for json in ["9223372036854775808", "-9223372036854775809", "\"12345678901234567890\"", "99999999999999999999"] {
        assert!(matches!(with_expense("amount", json).unwrap_err().fault, Fault::TooLarge { .. }), "{json}");
    }
    for json in ["NaN", "-", "+5", "1,2", "05", "'5'", "Infinity"] {
        assert!(matches!(with_expense("amount", json).unwrap_err().fault, Fault::Malformed(_)), "{json}");
    }
}

#[test]
fn a_fault_names_report_expense_and_field() {
    let error = with_expense("amount", "12.5").unwrap_err();
    assert_eq!(error.to_string(), "report R1, expense 1 (T1), field `amount`");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "`12.5` is not a whole number");
    let error = parse_record(br#"{"reportID":"R1","total":1.5,"expenseCount":0}"#).unwrap_err();
    assert_eq!(error.to_string(), "report R1, field `total`");
    let error = parse_record(br#"{"mlc":1,"reportID":"R9","total":1.5,"#).unwrap_err();
    assert_eq!(error.to_string(), "report R9");
    assert_eq!(parse_record(b"[1]").unwrap_err().to_string(), "report of unknown id");
    let error = with_expense("amount", &format!("\"{}\"", "9".repeat(10_000))).unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().len() < 100);
}

#[test]
fn what_every_record_needs() {
    for (line, field) in [
        (r#"{"expenseCount":0}"#, "reportID"),
        (r#"{"reportID":"","expenseCount":0}"#, "reportID"),
        (r#"{"reportID":"R1"}"#, "expenseCount"),
        (r#"{"reportID":"R1","expenseCount":-1}"#, "expenseCount"),
        (r#"{"reportID":"R1","expenseCount":1}"#, "expenseCount"),
        (r#"{"reportID":"R1","expenseCount":0,"expenses":[{"transactionID":"1"}]}"#, "expenseCount"),
        (r#"{"reportID":"R1","expenseCount":1,"expenses":[{}]}"#, "transactionID"),
        (
            r#"{"reportID":"R1","expenseCount":2,"expenses":[{"transactionID":"1"},{"transactionID":"1"}]}"#,
            "transactionID",
        ),
    ] {
        assert_eq!(parse_record(line.as_bytes()).unwrap_err().field, Some(field), "{line}");
    }
    // The same field twice could hide an amount behind another.
    let twice = br#"{"reportID":"R1","expenseCount":1,"expenses":[{"transactionID":"1","amount":1,"amount":2}]}"#;
    assert!(matches!(parse_record(twice).unwrap_err().fault, Fault::Malformed(_)));
    assert!(parse_record(b"").is_err() && parse_record(b"{\"reportID\":\"\xff\"}").is_err());
}

#[test]
fn texts_flags_and_decimals() {
    let text = |json: &str| with_expense("merchant", json).map(|report| report.expenses[0].merchant.clone());
    assert_eq!(text("\"a\\u0000b \\ud83d\\ude00\"").unwrap().as_deref(), Some("a\0b 😀"));
    assert_eq!(text("12").unwrap().as_deref(), Some("12"));
    assert_eq!(text("\"\"").unwrap(), None);
    assert_eq!(text("\" \"").unwrap().as_deref(), Some(" "));
    assert!(text("\"\\ud83d\"").is_err() && text("true").is_err() && text("[]").is_err());

    let flag = |json: &str| with_expense("reimbursable", json).map(|report| report.expenses[0].reimbursable);
    assert_eq!(flag("false").unwrap(), Some(false));
    assert_eq!(flag("\"true\"").unwrap(), Some(true));
    assert_eq!(flag("\"\"").unwrap(), None);
    assert!(flag("0").is_err() && flag("\"yes\"").is_err());

    let rate = |json: &str| {
        with_expense("currencyConversionRate", json).map(|r| r.expenses[0].currency_conversion_rate.clone())
    };
    let long = "0.123456789012345678901234567890";
    assert_eq!(rate(long).unwrap().as_deref(), Some(long));
    assert_eq!(rate("\"1\"").unwrap().as_deref(), Some("1"));
    for bad in ["1e-5", "\"1,5\"", "\"1.\"", "\".5\"", "\"x\""] {
        assert!(rate(bad).is_err(), "{bad}");
    }
}

#[test]
fn states_by_any_label() {
    let state = |fields: &str| {
        let line = format!(r#"{{"reportID":"R1","expenseCount":0{fields}}}"#);
        let report = parse_record(line.as_bytes()).unwrap();
        (report.status, report.state)
    };
    assert_eq!(state(r#","status":"APPROVED""#), (Some("APPROVED".into()), Some(ReportState::Approved)));
    assert_eq!(state(r#","status":"Processing""#).1, Some(ReportState::Submitted));
    assert_eq!(state(r#","status":"Paid""#).1, Some(ReportState::Reimbursed));
    assert_eq!(state(r#","status":"Closed""#).1, Some(ReportState::Archived));
    assert_eq!(state(r#","state":"OPEN""#), (None, Some(ReportState::Open)));
    assert_eq!(state(r#","status":"Neu","displayStatus":"Draft""#), (Some("Neu".into()), Some(ReportState::Open)));
    assert_eq!(state(r#","status":"Neu""#).1, None);
    assert_eq!(state(""), (None, None));
}

#[test]
fn tags_keep_their_levels() {
    let line = r#"{"reportID":"R1","expenseCount":2,"expenses":[
        {"transactionID":"1","tag":"x:y","ntags":["","B","",4],"ntagGlCodes":["","G2"]},
        {"transactionID":"2","tag":":B\\:b"}]}"#;
    let report = parse_record(line.as_bytes()).unwrap();
    let levels = |expense: &Expense| {
        let levels = expense.tag_levels().into_iter();
        levels.map(|tag| (tag.level, tag.name, tag.gl_code)).collect::<Vec<_>>()
    };
    assert_eq!(levels(&report.expenses[0]), [(2, "B".into(), Some("G2".into())), (4, "4".into(), None)]);
    assert_eq!(levels(&report.expenses[1]), [(2, "B:b".into(), None)]);
    assert!(report.expenses[1].tags.is_empty());
}

#[test]
fn dates_are_read_where_they_are_dates() {
    let date = |text: &str| DateText(text.to_owned()).date().map(|date| date.to_string());
    assert_eq!(date("2026-03-01").as_deref(), Some("2026-03-01"));
    assert_eq!(date("2026-03-01 23:59:59").as_deref(), Some("2026-03-01"));
    for bad in ["03/01/2026", "2026-13-01", "2026-03-01 25:00:00", "2026-03-01x", "2026-3-1", "é2026-03-0"] {
        assert_eq!(date(bad), None, "{bad}");
    }
}

#[test]
fn cards_end_in_four_digits_or_not() {
    let last =
        |number: &str| Card { number: Some(number.to_owned()), ..Card::default() }.last_four().map(str::to_owned);
    assert_eq!(last("1234XXXXXXXX1979").as_deref(), Some("1979"));
    assert_eq!((last("197"), last("12é9"), last("XXXX"), last("")), (None, None, None, None));
}
