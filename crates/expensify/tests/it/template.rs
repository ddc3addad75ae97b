//! The template over kind and hostile data: whatever a person can type comes through unchanged, or not at all.

use expensify::{Report, ReportState, TEMPLATE, Tag, parse_record};
use serde_json::{Value, json};

use crate::engine::render;

/// The reports of what the template printed, its frame checked.
fn reports(printed: &str) -> Vec<Report> {
    let lines: Vec<&str> = printed.lines().collect();
    assert!(printed.ends_with('\n'));
    assert!(lines[0].starts_with(r#"{"mlc":1,"kind":"header""#), "{}", lines[0]);
    assert_eq!(*lines.last().unwrap(), r#"{"mlc":1,"kind":"end"}"#);
    lines[1..lines.len() - 1].iter().map(|line| parse_record(line.as_bytes()).unwrap()).collect()
}

fn full_report() -> Value {
    json!({
        "reportID": "R00bCluvcO4T", "oldReportID": "9876543210987654321", "reportName": "March", "policyID": "P1",
        "policyName": "Main", "accountEmail": "ann@example.com", "accountID": 1234567, "employeeCustomField1": "E-7",
        "employeeCustomField2": "", "managerEmail": "bob@example.com", "status": "Approved", "currency": "USD",
        "total": 123456, "created": "2026-03-01 10:00:00", "submitted": "2026-03-02 11:12:13",
        "approved": "2026-03-03", "reimbursed": "", "isACHReimbursed": false,
        "submitter": { "firstName": "Ann", "lastName": "Lee", "fullName": "Ann Lee" },
        "manager": { "fullName": "Bob Ray" },
        "approvers": [
            { "email": "bob@example.com", "date": "2026-03-03 09:00:00", "fullName": "Bob Ray" },
            { "email": "cat@example.com", "employeeUserID": "77" },
        ],
        "customField": { "Cost_Center": "CC-1", "Empty": "", "Number": 12345, "Urgent": false },
        "transactionList": [full_expense(), { "transactionID": "2", "amount": -1234567 }],
    })
}

fn full_expense() -> Value {
    json!({
        "transactionID": "6720309558248016984", "type": "expense", "amount": 1234567, "modifiedAmount": 0,
        "convertedAmount": -5, "currency": "EUR", "currencyConversionRate": 1.08347, "category": "Travel: Air",
        "categoryGlCode": "6100", "tag": "Venue Smart\\:FIFA KC::Blue", "tagGlCode": "T1",
        "ntag1": "Venue Smart:FIFA KC", "ntag1GlCode": "V1", "ntag3": "Blue", "comment": "none", "merchant": "Shop",
        "modifiedMerchant": "Shop Ltd", "created": "2026-02-28", "modifiedCreated": "2026-02-27",
        "inserted": "2026-03-01 10:01:02", "reimbursable": false, "billable": true, "bank": "Amex",
        "cardNumber": "1234XXXXXXXX1979", "cardID": 4711, "mcc": 5812, "hasTax": true, "taxAmount": 1000,
        "taxName": "VAT", "taxRate": "20", "taxCode": "S", "receiptID": 6012345678i64,
        "receiptObject": { "url": "https://example.com/r.jpg", "type": "jpg" },
        "attendees": [{ "email": "a@example.com" }, { "email": "b@example.com" }],
        "units": { "count": 12.5, "rate": 0.67, "unit": "mi" },
    })
}

#[test]
fn every_field_comes_through() {
    let printed = render(&json!([full_report()]), true);
    assert!(printed.starts_with("{\"mlc\":1,\"kind\":\"header\",\"reports\":1}\n"), "{printed}");
    let report = reports(&printed).remove(0);
    assert_eq!(report.report_id, "R00bCluvcO4T");
    assert_eq!(report.old_report_id.as_deref(), Some("9876543210987654321"));
    assert_eq!(report.account_id.as_deref(), Some("1234567"));
    assert_eq!(report.submitter.full_name.as_deref(), Some("Ann Lee"));
    assert_eq!((report.submitter.custom_field_1.as_deref(), report.submitter.custom_field_2), (Some("E-7"), None));
    assert_eq!(report.manager.full_name.as_deref(), Some("Bob Ray"));
    assert_eq!((report.manager.email.as_deref(), report.manager.first_name), (Some("bob@example.com"), None));
    assert_eq!(report.approvers.len(), 2);
    assert_eq!(report.approvers[1].employee_user_id.as_deref(), Some("77"));
    assert_eq!((report.status.as_deref(), report.state), (Some("Approved"), Some(ReportState::Approved)));
    assert_eq!((report.total, report.is_ach_reimbursed), (Some(123_456), Some(false)));
    assert_eq!(report.approved.unwrap().date(), Some(jiff::civil::date(2026, 3, 3)));
    assert_eq!(report.submitted.unwrap().date_time(), Some(jiff::civil::date(2026, 3, 2).at(11, 12, 13, 0)));
    assert_eq!(report.reimbursed, None);
    let fields: Vec<_> = report.report_fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, [("Cost_Center", "CC-1"), ("Number", "12345"), ("Urgent", "false")]);
    assert_eq!(report.expense_count, 2);
    assert_eq!((report.expenses[1].amount, report.expenses[1].modified_amount), (Some(-1_234_567), None));
}

#[test]
fn every_expense_field_comes_through() {
    let expense = reports(&render(&json!([full_report()]), true)).remove(0).expenses.remove(0);
    assert_eq!(expense.transaction_id, "6720309558248016984");
    assert_eq!(expense.expense_type.as_deref(), Some("expense"));
    assert_eq!(
        (expense.amount, expense.modified_amount, expense.converted_amount),
        (Some(1_234_567), Some(0), Some(-5))
    );
    assert_eq!(expense.currency_conversion_rate.as_deref(), Some("1.08347"));
    let level =
        |level, name: &str, code: Option<&str>| Tag { level, name: name.to_owned(), gl_code: code.map(Into::into) };
    assert_eq!(expense.tags, [level(1, "Venue Smart:FIFA KC", Some("V1")), level(3, "Blue", None)]);
    assert_eq!(expense.tag.as_deref(), Some("Venue Smart\\:FIFA KC::Blue"));
    assert_eq!((expense.reimbursable, expense.billable), (Some(false), Some(true)));
    assert_eq!((expense.card.last_four(), expense.card.id.as_deref()), (Some("1979"), Some("4711")));
    assert_eq!(expense.receipt.id.as_deref(), Some("6012345678"));
    assert_eq!(expense.receipt.url.as_deref(), Some("https://example.com/r.jpg"));
    assert_eq!((expense.tax.amount, expense.tax.rate.as_deref()), (Some(1000), Some("20")));
    assert_eq!((expense.attendee_count, expense.mcc.as_deref()), (Some(2), Some("5812")));
    assert_eq!((expense.units.count.as_deref(), expense.units.rate.as_deref()), (Some("12.5"), Some("0.67")));
}

#[test]
fn hostile_texts_come_through_exactly() {
    let nasty = [
        "quote \" backslash \\ slash / tab \t line \n return \r end",
        "</script> ]]> <!-- --> <#list x as y> ${reports} <@value of=1/> #{1}",
        "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{85}\u{2028}\u{2029}",
        "emoji 👩‍👩‍👧 rtl \u{202e}abc zero\u{200b}width bom \u{feff} nonchar \u{fffe}",
        "a\\:b : c, 'd' {\"mlc\":1,\"kind\":\"end\"}",
        "\n{\"mlc\":1,\"kind\":\"end\"}\n",
        "=cmd|' /C calc'!A0",
        "   padded   ",
    ];
    for text in nasty {
        let report = json!({
            "reportID": "R1", "reportName": text, "currency": text, "customField": { "A_B": text },
            "submitter": { "fullName": text },
            "transactionList": [{ "transactionID": "1", "merchant": text, "comment": text, "tag": text, "ntag2": text }],
        });
        let read = reports(&render(&json!([report, report]), false));
        assert_eq!(read.len(), 2);
        let expense = &read[1].expenses[0];
        for (place, got) in [
            ("report", read[1].report_name.as_deref()),
            ("submitter", read[1].submitter.full_name.as_deref()),
            ("field", read[1].report_fields.get("A_B").map(String::as_str)),
            ("merchant", expense.merchant.as_deref()),
            ("comment", expense.comment.as_deref()),
            ("tag", expense.tag.as_deref()),
            ("level", expense.tags.first().map(|tag| tag.name.as_str())),
        ] {
            assert_eq!(got, Some(text), "{place}");
        }
    }
}

#[test]
fn absent_and_odd_values() {
    // No list of expenses is no empty report: it must not pass for one.
    let bare = render(&json!([{ "reportID": "R1" }]), true);
    let error = parse_record(bare.lines().nth(1).unwrap().as_bytes()).unwrap_err();
    assert_eq!((error.report_id.as_deref(), error.field), (Some("R1"), Some("expenseCount")));

    let nothing = render(&json!([{}]), true);
    assert_eq!(nothing.lines().nth(1).unwrap(), r#"{"mlc":1,"kind":"report","reportID":""}"#);
    assert!(parse_record(nothing.lines().nth(1).unwrap().as_bytes()).is_err());

    // Where the vendor prints absent values as empty texts, even what should be a hash or a list is one.
    let empty = json!([{
        "reportID": "R2", "submitter": "", "manager": "", "approvers": "", "customField": "", "total": "",
        "isACHReimbursed": "", "transactionList": [{
            "transactionID": 123, "amount": "", "receiptObject": "", "units": "", "attendees": "", "ntag1": "",
        }],
    }]);
    let report = reports(&render(&empty, true)).remove(0);
    assert_eq!((report.total, report.expenses[0].amount), (None, None));
    assert_eq!(report.expenses[0].transaction_id, "123");
    assert_eq!(report.expenses[0].attendee_count, None);

    let no_expenses = reports(&render(&json!([{ "reportID": "R3", "transactionList": [] }]), true)).remove(0);
    assert_eq!(no_expenses.expense_count, 0);
}

#[test]
fn batches_can_be_joined_and_no_reports_still_frame_a_file() {
    let joined = render(&json!([full_report()]), true) + &render(&json!([full_report(), full_report()]), false);
    let lines: Vec<&str> = joined.lines().collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[3], r#"{"mlc":1,"kind":"header","reports":2}"#);
    assert_eq!(
        render(&json!([]), true),
        "{\"mlc\":1,\"kind\":\"header\",\"reports\":0}\n{\"mlc\":1,\"kind\":\"end\"}\n"
    );
}

#[test]
fn the_template_is_a_constant_and_prints_nothing_bare() {
    // Interpolations of the engine are few, and each is escaped, counted or a name of our own.
    let interpolations: Vec<&str> = TEMPLATE.split("${").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
    for inside in &interpolations {
        let escaped = inside.ends_with("?c") || inside.ends_with("?json_string");
        let ours = *inside == "name" || inside.starts_with("of?string(");
        assert!(escaped || ours, "{inside}");
    }
    // Nothing in the crate makes a template but the constant.
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = Vec::new();
    for entry in std::fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            uses.extend(text.lines().filter(|line| line.contains("TEMPLATE")).map(|line| line.trim().to_owned()));
        }
    }
    uses.sort();
    assert_eq!(
        uses,
        [
            "let reply = self.transport.exchange(&Job::export(query), Some(TEMPLATE)).await?;",
            "pub const TEMPLATE: &str = include_str!(\"template.ftl\");",
            "pub use template::TEMPLATE;",
            "use crate::template::TEMPLATE;",
        ]
    );
}
