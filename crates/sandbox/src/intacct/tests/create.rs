//! Journal entries: what is taken, what is refused with which words.

use super::kit::*;
use crate::intacct::{Assumptions, Options, TooLong};
use serde_json::{Value, json};

fn ledger(gateway: &Gateway) -> Vec<Value> {
    gateway.model.state(true)["ledger"].as_array().unwrap().clone()
}

fn refused(gateway: &mut Gateway, body: &str) -> String {
    let reply = gateway.call(body);
    assert!(reply.contains("<result><status>failure"), "{body}\n{reply}");
    assert!(reply.contains("Could not create GLBatch record."), "{reply}");
    inner(&reply, "description2").to_owned()
}

#[test]
fn every_field_is_kept() {
    let mut gateway = Gateway::new();
    let more = "<DEPARTMENT>300</DEPARTMENT><LOCATION>SF</LOCATION><PROJECTID>P-1001</PROJECTID><TASKID>T-1</TASKID>\
                <COSTTYPEID>LAB</COSTTYPEID><CUSTOMERID>C-100</CUSTOMERID><VENDORID>V-CARD</VENDORID>\
                <EMPLOYEEID>E001</EMPLOYEEID><ITEMID>I-EXP</ITEMID><CLASSID>B</CLASSID><CONTRACTID>K-1</CONTRACTID>\
                <WAREHOUSEID>W-NY</WAREHOUSEID><GLDIMGRANT>1</GLDIMGRANT><DESCRIPTION>a &lt;b&gt; &amp; \"c\"</DESCRIPTION>\
                <DOCUMENT>D-1</DOCUMENT><BILLABLE>true</BILLABLE><CURRENCY>USD</CURRENCY><EXPENSE_ID>7</EXPENSE_ID>\
                <SPLIT><AMOUNT>1</AMOUNT></SPLIT><SPLIT><AMOUNT>2</AMOUNT></SPLIT>";
    let header = "<REFERENCENO>R-9</REFERENCENO><HISTORY_COMMENT>why</HISTORY_COMMENT><STATE>Draft</STATE>\
                  <EXPENSE_REPORT>R1</EXPENSE_REPORT>";
    gateway.call(&create(header, &(line("6900", "1", "3.05", more) + &line("2010", "-1", "3.05", ""))));
    let entries = ledger(&gateway);
    let expected = json!({
        "recordno": "4", "journal": "EXP", "date": "11/20/2026", "reference": "R-9", "title": "Trip", "state": "Draft",
        "comment": "why", "base_location": "", "attachment": "", "entity": "", "controlid": "f1", "created_ms": NOW_MS,
        "lines": [
            {"account": "6900", "tr_type": 1, "amount_minor": 305, "base_minor": 305, "currency": "USD",
             "department": "300", "location": "SF", "project": "P-1001", "task": "T-1", "cost_type": "LAB",
             "customer": "C-100", "vendor": "V-CARD", "employee": "E001", "item": "I-EXP", "class": "B",
             "contract": "K-1", "warehouse": "W-NY", "grant": "1", "description": "a <b> & \"c\"", "document": "D-1",
             "billable": "true"},
            {"account": "2010", "tr_type": -1, "amount_minor": 305, "base_minor": 305, "currency": "USD",
             "department": "", "location": "", "description": "Trip", "document": ""},
        ],
    });
    assert_eq!(entries, [expected]);
    let state = gateway.model.state(false);
    assert_eq!(state["by_currency"], json!([{"currency": "USD", "debit_minor": 305, "credit_minor": 305}]));
    assert_eq!((&state["lines"], &state["opening_entries"]), (&json!(2), &json!(3)));
    assert!(state.get("ledger").is_none());
}

#[test]
fn lower_case_names_short_dates_and_amount_are_taken() {
    let mut gateway = Gateway::new();
    let body = entry("R-1").replace("TRX_AMOUNT", "AMOUNT").replace("11/20/2026", "11/5/2026");
    let mut lower = String::new();
    let mut inside = false;
    for c in body.chars() {
        inside = (inside || c == '<') && c != '>';
        lower.push(if inside { c.to_ascii_lowercase() } else { c });
    }
    let reply = gateway.call(&lower);
    assert!(reply.contains("<RECORDNO>4</RECORDNO>"), "{reply}");
    assert_eq!(ledger(&gateway)[0]["date"], "11/05/2026");
    assert_eq!(ledger(&gateway)[0]["lines"][0]["amount_minor"], 1230);
}

#[test]
fn refusals_in_the_field_s_words() {
    let other = |from: &str, to: &str| entry("R-1").replace(from, to);
    let with = |more: &str| entry("R-1").replace(DIMENSIONS, &format!("{DIMENSIONS}{more}"));
    let one_line = create("", &line("1000", "1", "1", ""));
    let one_side = create("", &(line("1000", "1", "1", "") + &line("2010", "1", "1", "")));
    let cases = [
        (other("<JOURNAL>EXP</JOURNAL>", ""), "Missing required field JOURNAL"),
        (other("EXP<", "NOPE<"), "Invalid Journal &#039;NOPE&#039; specified."),
        (other("<BATCH_TITLE>Trip</BATCH_TITLE>", ""), "Missing required field BATCH_TITLE"),
        (other("11/20/2026", ""), "Missing required field BATCH_DATE"),
        (other("11/20/2026", "2026-11-20"), "Illegal format for date &#039;2026-11-20&#039;"),
        (other("11/20/2026", "13/20/2026"), "Illegal format for date"),
        (
            other("11/20/2026", "09/30/2026"),
            "Periods are closed. Your transaction date (09/30/2026) is within a period that&#039;s been closed.",
        ),
        (other("11/20/2026", "12/31/2023"), "Date must be on or after 01/01/2024"),
        (other("6420", "9999"), "Account 9999 is not valid"),
        (other("6420", "6990"), "Activate the account 6990, then try again."),
        (
            other("<DEPARTMENT>200</DEPARTMENT>", ""),
            "This transaction is missing the Department dimension for the Account 6420",
        ),
        (
            other("<LOCATION>NY</LOCATION>", ""),
            "This transaction is missing the Location dimension for the Account 6420",
        ),
        (other("6420", "6900"), "This transaction is missing the Project dimension for the Account 6900"),
        (other("<DEPARTMENT>200", "<DEPARTMENT>777"), "Invalid Department 777 selected"),
        (other("<DEPARTMENT>200", "<DEPARTMENT>900"), "Activate the department 900, then try again."),
        (other("<LOCATION>NY", "<LOCATION>XX"), "Location &#039;XX&#039; is not valid"),
        (with("<PROJECTID>10064</PROJECTID>"), "Invalid Project &#039;10064&#039; specified."),
        (with("<CUSTOMERID>Z</CUSTOMERID>"), "Customer &#039;Z&#039; specified is not valid."),
        (with("<EMPLOYEEID>Z</EMPLOYEEID>"), "The employee &#039;Z&#039; is invalid."),
        (with("<VENDORID>Z</VENDORID>"), "Invalid Vendor &#039;Z&#039; specified."),
        (with("<GLDIMGRANT>99</GLDIMGRANT>"), "Invalid Grant &#039;99&#039; specified."),
        (with("<GLDIMGRANT>3</GLDIMGRANT>"), "Activate the grant 3, then try again."),
        (with("<TASKID>T-1</TASKID>"), "A task needs its project"),
        (with("<CURRENCY>EUR</CURRENCY>"), "Enable foreign-currency transactions, and try again"),
        (with("<DEPARTMENTID>200</DEPARTMENTID>"), "There is no field DEPARTMENTID in GLENTRY"),
        (with("<DEPARTMENT>200</DEPARTMENT>"), "The field DEPARTMENT is given twice"),
        (other(">1<", ">2<"), "Illegal value &#039;2&#039; for TR_TYPE"),
        (other("12.30", "-12.30"), "Illegal format for TRX_AMOUNT"),
        (other("12.30", "12.305"), "Illegal format for TRX_AMOUNT"),
        (other("12.30", ""), "Missing required field TRX_AMOUNT"),
        (entry("R-1").replacen("12.30", "12.31", 1), "Debits and credits are not equal"),
        (one_line, "A journal entry needs at least 2 lines"),
        (one_side, "Debits and credits are not equal"),
        (entry(&"x".repeat(21)), "The value of REFERENCENO is longer than 20 characters"),
        (other("<REFERENCENO>", "<STATE>Booked</STATE><REFERENCENO>"), "Illegal value &#039;Booked&#039; for STATE"),
        (
            other("<REFERENCENO>", "<SUPDOCID>A-1</SUPDOCID><REFERENCENO>"),
            "The attachment ID &#039;A-1&#039; does not exist",
        ),
        (other("<REFERENCENO>", "<REVERSEDATE>11/20/2026</REVERSEDATE><REFERENCENO>"), "REVERSEDATE must be later"),
    ];
    for (body, expected) in cases {
        let mut gateway = Gateway::new();
        let text = refused(&mut gateway, &body);
        assert!(text.contains(expected), "{expected}: {text}");
        assert_eq!(gateway.model.state(false)["journal_entries"], 0);
    }
}

#[test]
fn switches_change_what_is_taken() {
    type Change = fn(&mut Assumptions);
    let cases: [(&str, Change, String, &str); 5] = [
        (
            "unknown fields",
            |a| a.refuses_unknown_fields = false,
            entry("R").replace("<REFERENCENO>", "<MOOD>x</MOOD><REFERENCENO>"),
            "R",
        ),
        ("truncated", |a| a.refno_truncated_at = Some(3), entry("MLC-1"), "MLC"),
        ("cut", |a| a.too_long = TooLong::Truncate, entry("123456789012345678901"), "12345678901234567890"),
        (
            "longer",
            |a| a.field_lengths = [("GLBATCH.REFERENCENO".to_owned(), 45)].into(),
            entry("123456789012345678901"),
            "123456789012345678901",
        ),
        ("normalised", |a| a.normalises_strings = true, entry("  a \t b "), "a b"),
    ];
    for (name, change, body, reference) in cases {
        let mut gateway = Gateway::new();
        gateway.assume(change);
        gateway.call(&body);
        let entries = ledger(&gateway);
        assert_eq!(entries.first().map(|e| &e["reference"]), Some(&json!(reference)), "{name}");
    }
    let mut gateway = Gateway::new();
    gateway.assume(|a| a.approval_required = true);
    gateway.call(&entry("R"));
    assert_eq!(ledger(&gateway)[0]["state"], "Submitted");
    gateway.assume(|a| a.restricted.push("6420/DEPARTMENT/200".into()));
    assert!(refused(&mut gateway, &entry("R")).contains("Department is restricted by GL account."));
    gateway.assume(|a| a.accepts_zero_lines = false);
    assert!(refused(&mut gateway, &entry("R").replace("12.30", "0")).contains("cannot be zero"));
    gateway.assume(|a| a.denied_objects.push("GLBATCH".into()));
    let reply = gateway.call(&entry("R"));
    assert!(reply.contains("PL04000005") && reply.contains("API operation CREATE on objects of type glbatch"));
}

#[test]
fn entities_balance_each_unless_a_base_location_covers_them() {
    let options = Options { multi_entity: true, ..Options::default() };
    let mut gateway = Gateway::with(options, Assumptions { support_ids: false, ..Assumptions::default() });
    assert!(refused(&mut gateway, &entry("R-1")).contains("Use of empty Location is invalid."));
    let lines = |place: &str| line("6420", "1", "5", DIMENSIONS) + &line("2010", "-1", "5", place);
    let across = lines("<LOCATION>LON</LOCATION>");
    let text = refused(&mut gateway, &create("", &across));
    assert!(text.contains("Transactions do not balance for Location U"), "{text}");
    let covered = create("<BASELOCATION_NO>US</BASELOCATION_NO>", &across);
    assert!(gateway.call(&covered).contains("<glbatch>"));
    gateway.assume(|a| a.inter_entity_setup = false);
    refused(&mut gateway, &covered);
    assert!(gateway.call(&create("", &lines("<LOCATION>SF</LOCATION>"))).contains("<glbatch>"), "both belong to US");
    gateway.session = gateway.sign_in("<getAPISession><locationid>UK</locationid></getAPISession>");
    let own = create("", &(line("1000", "1", "5", "") + &line("2010", "-1", "5", "")));
    assert!(gateway.call(&own).contains("<glbatch>"), "the entity is the location");
    assert_eq!(ledger(&gateway)[2]["lines"][0]["location"], "UK");
}

#[test]
fn currencies_balance_each_and_have_base_amounts() {
    let options = Options { multi_currency: true, ..Options::default() };
    let mut gateway = Gateway::with(options, Assumptions { support_ids: false, ..Assumptions::default() });
    assert!(refused(&mut gateway, &entry("R")).contains("Missing required field CURRENCY"));
    let euro = |amount: &str, tr_type: &str, more: &str| {
        line("1000", tr_type, amount, &format!("<CURRENCY>EUR</CURRENCY>{more}"))
    };
    let rate = "<EXCHANGE_RATE>1.1</EXCHANGE_RATE>";
    let no_rate = create("", &(euro("1", "1", "") + &euro("1", "-1", rate)));
    assert!(refused(&mut gateway, &no_rate).contains("no exchange rate for EUR"));
    let mixed = create("", &(euro("1", "1", rate) + &line("2010", "-1", "1.1", "<CURRENCY>USD</CURRENCY>")));
    assert!(refused(&mut gateway, &mixed).contains("not equal in EUR"));
    let rounded = euro("0.05", "1", rate) + &euro("0.05", "1", rate) + &euro("0.10", "-1", rate);
    gateway.call(&create("", &rounded));
    let bases: Vec<Value> = (0..3).map(|i| ledger(&gateway)[0]["lines"][i]["base_minor"].clone()).collect();
    assert_eq!(bases, [6, 6, 12].map(Value::from), "0.055 rounds up twice; the last line takes the difference");
    let daily = "<CURRENCY>JPY</CURRENCY><EXCH_RATE_TYPE_ID>Intacct Daily Rate</EXCH_RATE_TYPE_ID>";
    gateway.call(&create("", &(line("1000", "1", "1000", daily) + &line("2010", "-1", "1000", daily))));
    assert_eq!(ledger(&gateway)[1]["lines"][0]["base_minor"], 670);
}

#[test]
fn entries_are_updated_deleted_and_read_back_with_their_lines() {
    let mut gateway = Gateway::new();
    gateway.call(&entry("R-1"));
    let change = "<update><GLBATCH><RECORDNO>4</RECORDNO><BATCH_TITLE>New</BATCH_TITLE><ENTRIES>";
    let lines = line("1000", "1", "7", "") + &line("2010", "-1", "7", "");
    let reply = gateway.call(&format!("{change}{lines}</ENTRIES></GLBATCH></update>"));
    assert!(reply.contains("<glbatch><RECORDNO>4</RECORDNO></glbatch>"), "{reply}");
    let entries = ledger(&gateway);
    assert_eq!((&entries[0]["title"], &entries[0]["reference"]), (&json!("New"), &json!("R-1")));
    assert_eq!(entries[0]["lines"][0]["amount_minor"], 700);
    let read = gateway.call("<read><object>GLBATCH</object><keys>4</keys></read>");
    assert!(read.contains("<ENTRIES><glentry><RECORDNO>9</RECORDNO><BATCHNO>4</BATCHNO>"), "{read}");
    assert_eq!(all(&read, "TRX_AMOUNT"), ["7.00", "7.00"]);
    let reply = gateway.call("<delete><object>GLBATCH</object><keys>4,77</keys></delete>");
    assert!(reply.contains("Cannot find glbatch with key &#039;77&#039; to delete."), "{reply}");
    assert_eq!(ledger(&gateway).len(), 1, "all or nothing");
    gateway.call("<delete><object>GLBATCH</object><keys>4</keys></delete>");
    assert_eq!(ledger(&gateway).len(), 0);
}

#[test]
fn a_transaction_takes_updates_and_deletes_back_too() {
    let mut gateway = Gateway::new();
    gateway.call(&entry("R-1"));
    let before = gateway.model.state(true)["ledger"].clone();
    gateway.transaction = true;
    let update = "<update><GLBATCH><RECORDNO>4</RECORDNO><BATCH_TITLE>New</BATCH_TITLE></GLBATCH></update>";
    let delete = "<delete><object>GLBATCH</object><keys>4</keys></delete>";
    let class = "<create><CLASS><CLASSID>X</CLASSID><NAME>x</NAME></CLASS></create>";
    let bad = entry("R-2").replace("6420", "9999");
    gateway.calls(&[("a", update), ("b", delete), ("c", class), ("d", &bad)]);
    assert_eq!(gateway.model.state(true)["ledger"], before);
    gateway.transaction = false;
    let found = gateway.rows("<object>GLBATCH</object><select><field>BATCH_TITLE</field></select><filter><equalto><field>REFERENCENO</field><value>R-1</value></equalto></filter>");
    assert_eq!(found, [["Trip"]], "the index is restored too");
    assert_eq!(gateway.rows("<object>CLASS</object><select><count>CLASSID</count></select>"), [["2"]]);
}

#[test]
fn people_change_the_books_by_hand() {
    let mut gateway = Gateway::new();
    gateway.call(&entry("R-1"));
    let edit = |gateway: &mut Gateway, command: Value| gateway.model.edit(NOW_MS, &command);
    edit(&mut gateway, json!({"action": "copy_entry", "recordno": "4"})).unwrap();
    let line = json!({"action": "change_line", "recordno": "4", "line": 1, "field": "AMOUNT", "value": "999"});
    edit(&mut gateway, line).unwrap();
    assert_eq!(ledger(&gateway)[0]["lines"][0]["amount_minor"], 999);
    assert_eq!(gateway.model.state(false)["personal_entries"], 1);
    edit(&mut gateway, json!({"action": "close_books", "until": "11/30/2026"})).unwrap();
    assert!(refused(&mut gateway, &entry("R-2")).starts_with("Periods are closed."));
    edit(&mut gateway, json!({"action": "close_books", "until": "10/31/2026"})).unwrap();
    edit(&mut gateway, json!({"action": "deactivate", "object": "DEPARTMENT", "key": "200"})).unwrap();
    assert!(refused(&mut gateway, &entry("R-2")).contains("Activate the department 200"));
    edit(&mut gateway, json!({"action": "activate", "object": "DEPARTMENT", "key": "200"})).unwrap();
    edit(&mut gateway, json!({"action": "require", "account": "6420", "flag": "REQUIREPROJECT"})).unwrap();
    assert!(refused(&mut gateway, &entry("R-2")).contains("missing the Project dimension"));
    for wrong in [json!({}), json!({"action": "fly"}), json!({"action": "delete_entry", "recordno": "77"})] {
        edit(&mut gateway, wrong).unwrap_err();
    }
}
