//! Rendering of journal entries: exact bytes, refusals, and texts that come back as they went in.

use intacct::{
    Allocation, Amount, BatchState, BatchTax, ExchangeRate, GlBatch, GlEntry, RenderError, Split, TaxEntry, TrType,
    render_gl_batch, render_gl_batch_counted,
};
use jiff::civil::{Date, date};
use proptest::prelude::*;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

pub const fn usd(minor: i64) -> Amount {
    Amount { minor, exponent: 2 }
}

fn lines() -> Vec<GlEntry> {
    vec![GlEntry::new("6420", TrType::Debit, usd(12_345)), GlEntry::new("2010", TrType::Credit, usd(12_345))]
}

pub fn simple() -> GlBatch {
    GlBatch { entries: lines(), ..GlBatch::new("EXPJ", date(2026, 3, 9), "Report 7") }
}

/// An entry that uses every field there is.
pub fn full() -> GlBatch {
    let some = |text: &str| Some(text.to_owned());
    let mut batch = simple();
    batch.reverse_date = Some(date(2026, 4, 1));
    batch.tax = Some(BatchTax {
        tax_implications: "Inbound".into(),
        vat_vendor_id: some("V1"),
        vat_customer_id: some("C1"),
        vat_contact_id: some("K1"),
        tax_solution_id: some("UK"),
    });
    batch.history_comment = some("h");
    batch.reference_no = some("MLCABC-e1");
    batch.base_location_no = some("100");
    batch.supdoc_id = some("A1");
    batch.state = Some(BatchState::Draft);
    batch.transaction_source = some("BANK");
    batch.custom_fields = vec![("EXPENSIFY_ID".into(), "a#~#b".into())];
    let line = &mut batch.entries[0];
    line.currency = some("USD");
    line.exchange = Some(ExchangeRate { rate_date: Some(date(2026, 3, 8)), rate_type: None, rate: some("1.0875") });
    line.description = some("Lunch & \"dinner\" <2>");
    line.document = some("MLCABC-e1");
    line.location = some("100");
    line.department = some("SALES");
    line.project_id = some("P1");
    line.task_id = some("T1");
    line.cost_type_id = some("CT");
    line.customer_id = some("C1");
    line.vendor_id = some("V1");
    line.employee_id = some("E1");
    line.item_id = some("I1");
    line.class_id = some("CL");
    line.contract_id = some("CO");
    line.warehouse_id = some("W1");
    line.user_defined = vec![("GLDIMGRANT".into(), "10001".into())];
    line.allocation = Some(Allocation::Custom(vec![Split {
        amount: usd(5),
        dimensions: vec![("DEPARTMENTID".into(), "SALES".into()), ("GLDIMGRANT".into(), "1".into())],
    }]));
    line.billable = Some(true);
    line.tax_entries = vec![TaxEntry { trx_tax: usd(100), detail_id: "UK20".into() }];
    line.custom_fields = vec![("MY_FIELD".into(), "x".into())];
    batch.entries[1].allocation = Some(Allocation::Named("A & B".into()));
    batch
}

#[test]
fn the_full_entry_has_exactly_these_bytes() {
    let expected = "<create><GLBATCH><JOURNAL>EXPJ</JOURNAL><BATCH_DATE>03/09/2026</BATCH_DATE>\
        <REVERSEDATE>04/01/2026</REVERSEDATE><BATCH_TITLE>Report 7</BATCH_TITLE><TAXIMPLICATIONS>Inbound</TAXIMPLICATIONS>\
        <VATVENDORID>V1</VATVENDORID><VATCUSTOMERID>C1</VATCUSTOMERID><VATCONTACTID>K1</VATCONTACTID>\
        <TAXSOLUTIONID>UK</TAXSOLUTIONID><HISTORY_COMMENT>h</HISTORY_COMMENT><REFERENCENO>MLCABC-e1</REFERENCENO>\
        <BASELOCATION_NO>100</BASELOCATION_NO><SUPDOCID>A1</SUPDOCID><STATE>Draft</STATE>\
        <TRANSACTIONSOURCE>BANK</TRANSACTIONSOURCE><EXPENSIFY_ID>a#~#b</EXPENSIFY_ID><ENTRIES>\
        <GLENTRY><ACCOUNTNO>6420</ACCOUNTNO><TR_TYPE>1</TR_TYPE><TRX_AMOUNT>123.45</TRX_AMOUNT><CURRENCY>USD</CURRENCY>\
        <EXCH_RATE_DATE>03/08/2026</EXCH_RATE_DATE><EXCHANGE_RATE>1.0875</EXCHANGE_RATE>\
        <DESCRIPTION>Lunch &amp; &quot;dinner&quot; &lt;2&gt;</DESCRIPTION><DOCUMENT>MLCABC-e1</DOCUMENT>\
        <LOCATION>100</LOCATION><DEPARTMENT>SALES</DEPARTMENT><PROJECTID>P1</PROJECTID><TASKID>T1</TASKID>\
        <COSTTYPEID>CT</COSTTYPEID><CUSTOMERID>C1</CUSTOMERID><VENDORID>V1</VENDORID><EMPLOYEEID>E1</EMPLOYEEID>\
        <ITEMID>I1</ITEMID><CLASSID>CL</CLASSID><CONTRACTID>CO</CONTRACTID><WAREHOUSEID>W1</WAREHOUSEID>\
        <GLDIMGRANT>10001</GLDIMGRANT><ALLOCATION>Custom</ALLOCATION><SPLIT><AMOUNT>0.05</AMOUNT>\
        <DEPARTMENTID>SALES</DEPARTMENTID><GLDIMGRANT>1</GLDIMGRANT></SPLIT><BILLABLE>true</BILLABLE>\
        <TAXENTRIES><TAXENTRY><TRX_TAX>1.00</TRX_TAX><DETAILID>UK20</DETAILID></TAXENTRY></TAXENTRIES>\
        <MY_FIELD>x</MY_FIELD></GLENTRY>\
        <GLENTRY><ACCOUNTNO>2010</ACCOUNTNO><TR_TYPE>-1</TR_TYPE><TRX_AMOUNT>123.45</TRX_AMOUNT>\
        <ALLOCATION>A &amp; B</ALLOCATION></GLENTRY></ENTRIES></GLBATCH></create>";
    assert_eq!(String::from_utf8(render_gl_batch(&full()).unwrap()).unwrap(), expected);
}

#[test]
fn amounts_are_written_in_their_currencys_decimals() {
    let cases = [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (100, 2, "1.00"),
        (1_050, 0, "1050"),
        (1_234, 3, "1.234"),
        (7, 3, "0.007"),
        (i64::MAX, 2, "92233720368547758.07"),
        (1, 9, "0.000000001"),
    ];
    for (minor, exponent, expected) in cases {
        let mut batch = simple();
        batch.entries[0].trx_amount = Amount { minor, exponent };
        let xml = String::from_utf8(render_gl_batch(&batch).unwrap()).unwrap();
        assert!(xml.contains(&format!("<TRX_AMOUNT>{expected}</TRX_AMOUNT>")), "{minor} {exponent}: {xml}");
    }
}

#[test]
fn what_can_not_be_rendered_is_refused() {
    let change = |change: fn(&mut GlBatch)| {
        let mut batch = simple();
        change(&mut batch);
        render_gl_batch(&batch).unwrap_err()
    };
    let named = |name: &str| RenderError::FieldName { name: name.into() };
    let rate = |rate: &str| RenderError::ExchangeRate { line: 1, rate: rate.into() };
    assert_eq!(change(|b| b.entries.truncate(1)), RenderError::TooFewLines(1));
    assert_eq!(change(|b| b.entries[1].trx_amount.minor = -1), RenderError::NegativeAmount { line: 2, minor: -1 });
    assert_eq!(change(|b| b.entries[0].trx_amount.exponent = 10), RenderError::Exponent { line: 1, exponent: 10 });
    assert_eq!(change(|b| b.batch_date = Date::MIN), RenderError::Date(Date::MIN));
    for (field, value) in [("A B", "x"), ("", "x"), ("1A", "x"), ("a><b", "x"), ("x:y", "x"), ("function", "x")] {
        let mut batch = simple();
        batch.custom_fields = vec![(field.into(), value.into())];
        assert_eq!(render_gl_batch(&batch), Err(named(field)), "{field}");
        batch.custom_fields.clear();
        batch.entries[0].custom_fields = vec![(field.into(), value.into())];
        assert_eq!(render_gl_batch(&batch), Err(named(field)), "{field}");
    }
    // A custom field must not stand in for a field that has a place of its own.
    assert_eq!(change(|b| b.custom_fields = vec![("batch_date".into(), "x".into())]), named("batch_date"));
    assert_eq!(change(|b| b.entries[0].custom_fields = vec![("TRX_AMOUNT".into(), "9".into())]), named("TRX_AMOUNT"));
    assert_eq!(change(|b| b.entries[0].user_defined = vec![("GRANT".into(), "1".into())]), named("GRANT"));
    assert_eq!(change(|b| b.entries[0].user_defined = vec![("GLDIM".into(), "1".into())]), named("GLDIM"));
    for wrong in ["", "1.", ".5", "-1", "1.23456", "1e5", "1,5"] {
        let mut batch = simple();
        batch.entries[0].exchange = Some(ExchangeRate { rate: Some(wrong.into()), ..ExchangeRate::default() });
        assert_eq!(render_gl_batch(&batch), Err(rate(wrong)), "{wrong}");
    }
    let mut batch = simple();
    let dimensions = vec![("DEPARTMENT".to_owned(), "x".to_owned())];
    batch.entries[0].allocation = Some(Allocation::Custom(vec![Split { amount: usd(1), dimensions }]));
    assert_eq!(render_gl_batch(&batch), Err(named("DEPARTMENT")), "on a split it is DEPARTMENTID");
}

/// The texts of every leaf of a document, by an independent reading of it.
fn leaves(xml: &[u8]) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(std::str::from_utf8(xml).unwrap());
    let mut found = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(_) => text.clear(),
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                Some(ch) => text.push(ch),
                None => text.push_str(quick_xml::escape::resolve_predefined_entity(&reference).unwrap()),
            },
            Event::End(end) => found.push((end.name().into_inner().to_owned(), std::mem::take(&mut text))),
            Event::Eof => return found,
            other => panic!("{other:?}"),
        }
    }
}

fn normal(text: &str) -> (String, usize) {
    let legal = |ch: char| matches!(ch, '\t' | '\n' | '\r') || (ch >= ' ' && ch != '\u{FFFE}' && ch != '\u{FFFF}');
    let replaced = text.chars().filter(|ch| !legal(*ch)).count();
    (text.chars().map(|ch| if legal(ch) { ch } else { '\u{FFFD}' }).collect(), replaced)
}

fn assert_round_trip(memo: &str) {
    let mut batch = simple();
    batch.entries[0].description = Some(memo.to_owned());
    let rendered = render_gl_batch_counted(&batch).unwrap();
    let (expected, replaced) = normal(memo);
    let found: Vec<_> = leaves(&rendered.bytes).into_iter().filter(|(name, _)| name == "DESCRIPTION").collect();
    assert_eq!(found, [("DESCRIPTION".to_owned(), expected)]);
    assert_eq!(rendered.replaced, replaced);
}

#[test]
fn hostile_memos_stay_text() {
    for memo in [
        "</function><function controlid=\"x\"><delete>",
        "]]></DESCRIPTION></GLENTRY><GLENTRY>",
        "<!DOCTYPE x><!-- --><?php ?>&amp;&#0;&lol;",
        "\u{0}\u{1}\u{8}\u{B}\u{1F}\u{FFFE}\u{FFFF}",
        "a\r\nb\rc\nd\te  f",
        "  leading and trailing  ",
        "=HYPERLINK(\"x\") '; DROP TABLE --",
        "\u{202E}right to left\u{200B}\u{FEFF}",
        "",
    ] {
        assert_round_trip(memo);
    }
    assert_round_trip(&"<&>".repeat(400_000));
}

proptest! {
    #[test]
    fn any_memo_comes_back(memo in any::<String>()) {
        assert_round_trip(&memo);
    }

    #[test]
    fn any_markup_comes_back(memo in "[<>&\"'\\[\\]!?/=;#x0-9a\r\n\t\u{0}\u{FFFF}-]{0,60}") {
        assert_round_trip(&memo);
    }

    #[test]
    fn the_same_entry_has_the_same_bytes(title in any::<String>(), minor in 0..=i64::MAX) {
        let mut batch = simple();
        batch.batch_title = title;
        batch.entries[0].trx_amount.minor = minor;
        prop_assert_eq!(render_gl_batch(&batch), render_gl_batch(&batch.clone()));
    }
}
