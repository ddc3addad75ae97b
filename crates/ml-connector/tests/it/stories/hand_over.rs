//! The day of the switch: what was booked before the flow took over is found in the ledger, and nothing that looks like
//! it is posted before a person has answered.

use accounting::Code;
use jiff::ToSpan;
use ml_connector::store::{Answer, InboxReport, InboxState, LookAlike};
use sandbox::intacct::Assumptions;
use serde_json::json;

use super::fix_once::open;
use super::ledger;
use super::office::{Office, Outcome, clean};

/// A company that posts with the check asked for, and its reports as a rehearsal has read them.
async fn switched(reports: usize) -> (Office, Outcome) {
    let mut office = Office::open(clean(reports, 2)).await;
    office.edit_flow("mode = \"post\"", "mode = \"rehearsal\"");
    let seen = office.run().await;
    assert_eq!(seen.count(&[InboxState::Ready]), reports);
    office.edit_flow("mode = \"rehearsal\"", "mode = \"post\"");
    office.edit_flow("hand_over = \"off\"", "hand_over = \"ask\"");
    (office, seen)
}

/// What a bookkeeper books by hand for a report, so many days after its approval.
fn book_by_hand(office: &Office, amount_minor: i64, report: &InboxReport, days: i32, title: &str) -> String {
    let day = report.approved_on.unwrap().checked_add(days.days()).unwrap();
    let booked = office.in_intacct(json!({
        "action": "book_entry",
        "journal": "GJ",
        "date": format!("{:02}/{:02}/{:04}", day.month(), day.day(), day.year()),
        "title": title,
        "lines": [
            {"account": "6420", "amount_minor": amount_minor - 1, "department": "100", "location": "NY"},
            {"account": "6100", "amount_minor": 1, "department": "100", "location": "NY"},
            {"account": "2010", "amount_minor": -amount_minor, "location": "NY"},
        ],
    }));
    booked["recordno"].as_str().unwrap().to_owned()
}

async fn look_alikes(office: &Office) -> Vec<LookAlike> {
    let opened = Box::pin(open(office)).await;
    let found = opened.customer.list_look_alikes(&opened.flow_id, false, None, 200).await.unwrap();
    opened.close().await.unwrap();
    found
}

async fn confirm(office: &Office) {
    let opened = Box::pin(open(office)).await;
    let check = opened.customer.hand_overs(&opened.flow_id).await.unwrap().remove(0);
    assert!(!check.passed);
    let customer = &opened.customer;
    customer.confirm_hand_over(&opened.flow_id, check.checked_ms, "usr_ada", "seen", 1).await.unwrap();
    let again = customer.confirm_hand_over(&opened.flow_id, check.checked_ms, "usr_ada", "seen", 1).await;
    assert!(again.is_err(), "there is nothing left to confirm");
    opened.close().await.unwrap();
}

async fn answer(office: &Office, report: &str, answer: Answer) {
    let opened = Box::pin(open(office)).await;
    opened.customer.answer_look_alikes(&opened.flow_id, report, answer, "usr_ada", "", 1).await.unwrap();
    opened.close().await.unwrap();
}

/// Reports in the order of their money, the largest first: those are told apart by their amounts.
fn by_amount(seen: &Outcome) -> Vec<&InboxReport> {
    let mut reports: Vec<&InboxReport> = seen.reports.values().collect();
    reports.sort_by_key(|report| std::cmp::Reverse(report.amount_minor));
    reports
}

#[tokio::test]
async fn with_nothing_in_the_ledger_the_check_passes_by_itself_and_is_made_once() {
    let (office, _) = switched(4).await;
    let first = office.run().await;
    assert_eq!(first.count(&[InboxState::Posted]), 4, "{:?}", first.run_codes());
    let checked = first.audited("hand_over.checked");
    assert_eq!(checked.len(), 1);
    assert!(checked[0].detail.contains("\"passed\":true"), "{}", checked[0].detail);
    assert_eq!(office.run().await.audited("hand_over.checked").len(), 1);
    ledger::check(&office, &first);
}

#[tokio::test]
async fn what_was_booked_by_hand_is_held_until_a_person_answers() {
    let (office, seen) = switched(5).await;
    let reports = by_amount(&seen);
    let (same, another, named) = (reports[0], reports[1], reports[2]);
    let of_same = book_by_hand(&office, same.amount_minor.unwrap(), same, 3, "Expenses September");
    let of_another = book_by_hand(&office, another.amount_minor.unwrap(), another, -2, "Rent");
    let number = named.number.as_deref().unwrap_or(&named.report_id);
    let of_named = book_by_hand(&office, 1_234_567, named, -40, &format!("see {number}"));
    // Neither the amount alone nor a name alone says anything.
    book_by_hand(&office, reports[3].amount_minor.unwrap(), reports[3], -30, "Rent");

    let held = office.run().await;
    assert_eq!(ledger::entries(&office).len(), 0, "something went out before anybody answered");
    let found = look_alikes(&office).await;
    let pairs: Vec<(&str, &str)> =
        found.iter().map(|found| (found.report_id.as_str(), found.record_no.as_str())).collect();
    for (report, entry) in [(same, &of_same), (another, &of_another), (named, &of_named)] {
        assert!(pairs.contains(&(report.report_id.as_str(), entry.as_str())), "{pairs:?}");
        let problem = &held.reports[&report.report_id].problems[0];
        assert_eq!(problem.code, Code::LooksBooked, "{problem}");
    }
    let of_report = |id: &str| found.iter().find(|found| found.report_id == id).unwrap();
    assert!(of_report(&same.report_id).evidence.contains(&"has the same total".to_owned()));
    assert_eq!(of_report(&named.report_id).entry["title"], format!("see {number}"));
    let others = |outcome: &Outcome, code: Code| {
        let told = outcome.reports.values().filter(|report| report.problems.iter().any(|p| p.code == code));
        told.count()
    };
    assert_eq!(others(&held, Code::HandOverUnconfirmed), 2);

    confirm(&office).await;
    let confirmed = office.run().await;
    assert_eq!((confirmed.count(&[InboxState::Posted]), others(&confirmed, Code::LooksBooked)), (2, 3));

    answer(&office, &same.report_id, Answer::Same).await;
    answer(&office, &another.report_id, Answer::Another).await;
    answer(&office, &named.report_id, Answer::Same).await;
    let answered = office.run().await;
    assert_eq!(answered.reports[&another.report_id].state, InboxState::Posted);
    for left in [same, named] {
        let report = &answered.reports[&left.report_id];
        assert_eq!(report.state, InboxState::Skipped);
        assert!(report.skipped[0].reason.contains("booked before the hand-over"), "{:?}", report.skipped);
        assert_eq!(ledger::of_report(&office, &left.report_id), 0);
    }
    let later = office.run().await;
    assert_eq!(later.reports[&same.report_id].state, InboxState::Skipped, "it must not come back");
    ledger::check(&office, &later);

    // Who answered in error takes it back, and the report is posted after all.
    answer(&office, &same.report_id, Answer::Another).await;
    let taken_back = office.run().await;
    assert_eq!(taken_back.reports[&same.report_id].state, InboxState::Posted);
    ledger::check(&office, &taken_back);
}

#[tokio::test]
async fn another_installation_is_found_and_what_it_posted_is_taken_over_once_confirmed() {
    let (mut office, _) = switched(3).await;
    office.edit_flow("hand_over = \"ask\"", "hand_over = \"off\"");
    office.run().await;
    assert_eq!(ledger::entries(&office).len(), 3);
    office.edit_flow("hand_over = \"off\"", "hand_over = \"ask\"");
    // Another database that knows nothing of them.
    office.settings.database.url = format!("sqlite:{}", office.folder.path().join("other.db").display());
    let found = office.run().await;
    assert_eq!(found.count(&[InboxState::Posted]), 0);
    let codes: Vec<Code> = found.reports.values().flat_map(|report| &report.problems).map(|p| p.code).collect();
    assert_eq!(codes, [Code::HandOverUnconfirmed; 3]);
    let detail = &found.audited("hand_over.checked")[0].detail;
    assert!(detail.contains("\"other_installation\":3"), "{detail}");

    confirm(&office).await;
    let taken_over = office.run().await;
    assert_eq!(taken_over.count(&[InboxState::Posted]), 3);
    assert_eq!(ledger::entries(&office).len(), 3, "nothing was posted a second time");
    ledger::check(&office, &taken_over);
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_lets_nothing_out_and_says_so() {
    let (office, _) = switched(2).await;
    let denied = Assumptions { denied_objects: vec!["GLENTRY".to_owned()], ..Assumptions::default() };
    office.sandbox.set_intacct_assumptions(denied);
    let unread = office.run().await;
    assert_eq!(ledger::entries(&office).len(), 0);
    assert_eq!(unread.run_codes(), ["MLC-305"]);
    for report in unread.reports.values() {
        let problem = &report.problems[0];
        assert_eq!(problem.code, Code::HandOverUnconfirmed);
        assert!(problem.detail.contains("GLENTRY"), "{problem}");
    }
    office.sandbox.set_intacct_assumptions(Assumptions::default());
    let read = office.run().await;
    assert_eq!(read.count(&[InboxState::Posted]), 2);
    ledger::check(&office, &read);
}

#[tokio::test]
async fn a_report_that_comes_late_in_the_first_days_is_looked_for_too() {
    let (office, _) = switched(3).await;
    let first = office.run().await;
    assert_eq!(first.count(&[InboxState::Posted]), 3);
    let added = office.in_expensify(json!({"action": "add"}))["report"].as_str().unwrap().to_owned();
    let shown = office.in_expensify(json!({"action": "show", "report": added}));
    let title = format!("by hand: {added}");
    let mut like = first.reports.values().next().unwrap().clone();
    like.approved_on = Some(ml_connector::clock::Clock::system(jiff::tz::TimeZone::UTC).today());
    book_by_hand(&office, 4_321, &like, 0, &title);
    let late = office.run().await;
    assert_eq!(late.codes_of(&added), ["MLC-145"], "{shown}");
    assert_eq!(ledger::of_report(&office, &added), 0);
    answer(&office, &added, Answer::Another).await;
    assert_eq!(office.run().await.reports[&added].state, InboxState::Posted);
}
