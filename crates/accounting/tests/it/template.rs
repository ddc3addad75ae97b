//! Texts with tokens: what they give, and what is said about a mistake.

use accounting::report::{Card, Tag};
use accounting::template::{Facts, Template, cut};
use accounting::{Amount, Currency, Expense, ExpenseReport, SourceAmount};
use proptest::prelude::*;

use crate::generate;

fn report() -> ExpenseReport {
    let mut report = generate::plain_report();
    report.name = "October\ttravel".to_owned();
    report.url = Some("https://example.com/r".to_owned());
    report.expenses = vec![Expense {
        merchant: Some(" Café\r\nCrème ".to_owned()),
        original_merchant: Some("CAFE".to_owned()),
        category: Some("Meals".to_owned()),
        tags: vec![Tag { name: "Sales".to_owned(), code: None }, Tag::default()],
        comment: Some("  ".to_owned()),
        original: Some(SourceAmount::hundredths(1_250)),
        currency: Some("EUR".to_owned()),
        rate: Some("1.0835".to_owned()),
        reimbursable: Some(false),
        card: Some(Card { last_four: Some("1234".to_owned()), name: Some("Gold".to_owned()), feed: None }),
        ..Expense::default()
    }];
    report
}

fn render(template: &str) -> String {
    let report = report();
    let amount = Some(Amount::new(-1_354, Currency::parse("USD").unwrap()));
    let facts = Facts { report: &report, expense: report.expenses.first(), amount, key: "MLCKEY", run: "run_1" };
    Template::parse(template).unwrap().render(&facts)
}

#[test]
fn tokens_have_their_values() {
    for (template, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("{report_id} {report_number} {report_name} {policy}", "R1 1001 October travel Acme US"),
        ("{employee_name} {employee_email} {employee_id}", "Ada O'Brien ada@example.com E001"),
        ("{manager}|{approver}", ""),
        ("{submitted} {approved} {expense_date}", "2026-10-03 2026-10-05"),
        ("{approved | date %d %b %y}", "05 Oct 26"),
        ("{ approved|date \"%Y%m%d 100%%\" }", "20261005 100%"),
        ("{merchant} {original_merchant} {category}", "Café Crème CAFE Meals"),
        ("{tag_1}{tag1}{tag_2}{tag_3}", "SalesSales"),
        ("{amount} {currency} {original_amount} {original_currency} {rate}", "-13.54 USD 12.50 EUR 1.0835"),
        ("{card_last_four}/{card_last4} {card_name} {reimbursable}", "1234/1234 Gold no"),
        ("{receipt_url} {report_url}", "https://example.com/r"),
        ("{key} {run}", "MLCKEY run_1"),
        ("{{{key}}}", "{MLCKEY}"),
        ("{merchant | upper | truncate 6}", "CAFÉ…"),
        ("{report_name | strip | truncate 8}", "October…"),
        ("{comment | default \"no {note}\"}", "no {note}"),
        ("{comment | default none | upper}", "NONE"),
    ] {
        assert_eq!(render(template), expected, "{template}");
    }
}

#[test]
fn an_empty_token_takes_its_separator_with_it() {
    for (template, expected) in [
        ("{category} - {comment} - {tag_1}", "Meals - Sales"),
        ("{comment} - {category}", "Meals"),
        ("{category} - {comment}", "Meals"),
        ("{comment} - {tag_2}", ""),
        ("{category} ({tag_1})", "Meals (Sales)"),
        ("{category} ({comment})", "Meals"),
        ("{category} ({comment}) - {tag_1}", "Meals - Sales"),
        ("[{category}]", "[Meals]"),
        ("[{comment}]", ""),
        ("Expensify {comment} {category}", "Expensify Meals"),
        ("card {comment}", "card"),
        ("{comment} and {category}", "and Meals"),
    ] {
        assert_eq!(render(template), expected, "{template}");
    }
}

#[test]
fn names_fall_back_to_what_is_known() {
    let mut report = report();
    report.employee.name = " ".to_owned();
    report.number = None;
    report.policy_name.clear();
    let facts = Facts { report: &report, expense: None, amount: None, key: "", run: "" };
    let template = Template::parse("{employee_name}, {report_number}, {policy}, {merchant}, {amount}").unwrap();
    assert_eq!(template.render(&facts), "ada@example.com, R1, POL1");
    assert!(template.source().starts_with("{employee_name}"));
}

#[test]
fn mistakes_are_told_with_their_place_and_what_is_allowed() {
    for (template, position, message) in [
        ("a {merchnt}", 4, "unknown token 'merchnt': allowed are tag_1, tag_2, ..., report_id, report_name"),
        ("{}", 2, "unknown token ''"),
        ("{tag_0}", 2, "unknown token 'tag_0'"),
        ("{tag_256}", 2, "unknown token 'tag_256'"),
        ("{tag_}", 2, "unknown token 'tag_'"),
        ("é{merchant | shout}", 14, "unknown filter 'shout': allowed are truncate N, date FORMAT, default \"TEXT\""),
        ("{merchant | truncate}", 13, "'truncate' needs a count"),
        ("{merchant | truncate 0}", 13, "'truncate' needs a count"),
        ("{merchant | truncate -1}", 13, "'truncate' needs a count"),
        ("{merchant | date %Y}", 13, "'date' fits submitted, approved and expense_date, not merchant"),
        ("{approved | date %H}", 13, "'date' needs a format of %Y, %y, %m, %b and %d"),
        ("{approved | date %}", 13, "'date' needs a format"),
        ("{approved | date}", 13, "'date' needs a format"),
        ("{comment | default}", 12, "'default' needs a text"),
        ("{comment | upper x}", 12, "'upper' takes no argument"),
        ("{comment", 1, "'{' is never closed"),
        ("{comment | default \"}\"", 1, "'{' is never closed"),
        ("a } b", 3, "'}' without '{'"),
    ] {
        let error = Template::parse(template).unwrap_err();
        assert_eq!(error.position, position, "{template}: {error}");
        assert!(error.message.starts_with(message), "{template}: {error}");
    }
}

#[test]
fn cuts_fall_between_letters() {
    assert_eq!(cut("Café", 4), None);
    assert_eq!(cut("Cafe\u{301}s", 5).as_deref(), Some("Caf…"));
    assert_eq!(cut("👨‍👩‍👧 family", 5).as_deref(), Some("…"));
    assert_eq!(cut("ab", 1).as_deref(), Some("…"));
    assert_eq!(cut("ab", 0).as_deref(), Some(""));
    assert_eq!(cut("word and more", 6).as_deref(), Some("word…"));
}

proptest! {
    #[test]
    fn a_cut_text_fits_and_begins_alike(text in any::<String>(), most in 0..40_usize) {
        let short = cut(&text, most);
        prop_assert_eq!(short.is_none(), text.chars().count() <= most);
        if let Some(short) = short {
            prop_assert!(short.chars().count() <= most);
            prop_assert!(text.starts_with(short.trim_end_matches('…')));
        }
    }

    #[test]
    fn any_text_parses_or_is_refused(text in any::<String>()) {
        let _ = Template::parse(&text);
    }

    #[test]
    fn what_parses_renders_to_one_line(
        text in "([a-z {}|\"-]|\\{(merchant|comment|report_name|amount)( \\| (upper|strip|truncate 5|default \"x\"))?\\}){0,8}",
        report in generate::wild_report(),
    ) {
        if let Ok(template) = Template::parse(&text) {
            let facts = Facts { report: &report, expense: report.expenses.first(), amount: None, key: "k", run: "r" };
            let line = template.render(&facts);
            prop_assert!(!line.contains(['\n', '\r', '\t']));
            prop_assert_eq!(line.trim(), &line);
        }
    }
}
