//! Lists of reports in their orders: each report once, in order, whatever the page's size; filters let through what
//! fits and nothing else; a page looks at a bounded number of rows.

use std::collections::BTreeSet;

use accounting::problem::{Code, Problem};
use jiff::civil::date;
use ml_connector::store::{
    FoundReports, InboxReport, InboxState, NewReport, ReportChange, ReportFilter, ReportKey, ReportOrder, ReportSort,
};

use super::facts::{NOW_MS, World, event, report, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    every_order_shows_each_report_once_whatever_the_page,
    filters_let_through_what_fits_and_nothing_else,
    a_page_looks_at_a_bounded_number_of_rows,
);

const SORTS: [ReportSort; 3] = [ReportSort::FirstSeen, ReportSort::Approved, ReportSort::Amount];

/// Report `index`: days, amounts and names repeat, and some have no day.
fn varied(index: usize) -> NewReport {
    let day = i8::try_from(1 + index % 9).unwrap();
    NewReport {
        number: (!index.is_multiple_of(3)).then(|| format!("N{index:04}")),
        name: format!("Trip {}", index % 7),
        employee: if index % 10 == 3 { "Żaneta O'Hara_50%".to_owned() } else { "Jane Doe".to_owned() },
        currency: Some(if index.is_multiple_of(5) { "EUR" } else { "USD" }.to_owned()),
        total_minor: Some(i64::try_from(index % 11).unwrap() * 1_00 - 3_00),
        approved_on: (!index.is_multiple_of(8)).then(|| date(2026, 10, day)),
        ..report(index, 1)
    }
}

/// Sixty reports; every third is held.
async fn filled(database: &TestDatabase) -> World {
    let world = world_on(database).await;
    let reports: Vec<NewReport> = (1..=60).map(varied).collect();
    world.put(&reports, NOW_MS).await;
    let held: Vec<&NewReport> = reports.iter().step_by(3).collect();
    let problems = [Problem::of_expense(Code::CategoryUnmapped, "e1", "Meals", "no account")];
    let changes: Vec<ReportChange<'_>> = held
        .iter()
        .map(|report| ReportChange {
            report_id: &report.report_id,
            content_hash: &report.content_hash,
            state: InboxState::Held,
            problems: &problems,
            skipped: &[],
            amount_minor: report.total_minor,
            skipped_minor: None,
            mapping_version: 1,
            chart_sha256: None,
            generation: 0,
        })
        .collect();
    let mut tx = world.customer.begin().await.unwrap();
    tx.set_report_states(&world.flow, &changes, NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("report.held", "x")]).await.unwrap();
    world
}

async fn find(world: &World, filter: &ReportFilter, order: ReportOrder, after: Option<ReportKey>) -> FoundReports {
    let flows = [world.flow.clone()];
    world.customer.find_reports(&flows, filter, order, after, 7).await.unwrap()
}

/// All pages, each key through the text of a cursor.
async fn walk(world: &World, filter: &ReportFilter, order: ReportOrder) -> Vec<InboxReport> {
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..100 {
        let page = find(world, filter, order, after).await;
        all.extend(page.reports);
        match page.next {
            Some(next) => after = Some(ReportKey::parse(&next.to_text()).unwrap()),
            None => return all,
        }
    }
    panic!("no end after a hundred pages");
}

fn key(report: &InboxReport, sort: ReportSort) -> (String, i64, String) {
    let day = report.approved_on.map(|day| day.to_string()).unwrap_or_default();
    let minor = report.amount_minor.or(report.total_minor).unwrap_or_default();
    match sort {
        ReportSort::FirstSeen => (String::new(), 0, report.report_id.clone()),
        ReportSort::Approved => (day, 0, report.report_id.clone()),
        ReportSort::Amount => (String::new(), minor, report.report_id.clone()),
    }
}

async fn every_order_shows_each_report_once_whatever_the_page(database: TestDatabase) {
    let world = filled(&database).await;
    for sort in SORTS {
        for descending in [false, true] {
            let shown = walk(&world, &ReportFilter::default(), ReportOrder { sort, descending }).await;
            let mut keys: Vec<_> = shown.iter().map(|report| key(report, sort)).collect();
            if descending {
                keys.reverse();
            }
            assert!(keys.is_sorted(), "{sort:?} {descending}: {keys:?}");
            assert_eq!(
                (keys.len(), keys.into_iter().collect::<BTreeSet<_>>().len()),
                (60, 60),
                "{sort:?} {descending}"
            );
        }
    }
}

async fn filters_let_through_what_fits_and_nothing_else(database: TestDatabase) {
    let world = filled(&database).await;
    let search = |text: &str| ReportFilter { search: text.to_owned(), ..ReportFilter::default() };
    let (from, to) = (date(2026, 10, 3), date(2026, 10, 5));
    let all = walk(&world, &ReportFilter::default(), ReportOrder::default()).await;
    type Fits = fn(&InboxReport) -> bool;
    let filters: [(ReportFilter, Fits); 9] = [
        (ReportFilter { states: vec![InboxState::Held], ..ReportFilter::default() }, |r| r.state == InboxState::Held),
        (search("żANETA o'h"), |r| r.employee.starts_with('Ż')),
        (search("_50%"), |r| r.employee.starts_with('Ż')),
        (search("trip 4"), |r| r.name == "Trip 4"),
        (search("N000"), |r| r.number.as_deref().is_some_and(|number| number.starts_with("N000"))),
        (ReportFilter { approved_from: Some(from), approved_to: Some(to), ..ReportFilter::default() }, |r| {
            r.approved_on.is_some_and(|day| (3..=5).contains(&day.day()))
        }),
        (ReportFilter { approved_to: Some(to), ..ReportFilter::default() }, |r| {
            r.approved_on.is_some_and(|day| day.day() <= 5)
        }),
        (
            ReportFilter { amount_from_minor: Some(-1_00), amount_to_minor: Some(2_00), ..ReportFilter::default() },
            |r| r.total_minor.is_some_and(|minor| (-1_00..=2_00).contains(&minor)),
        ),
        (
            ReportFilter {
                problem: Some(Code::CategoryUnmapped),
                currency: Some("EUR".to_owned()),
                ..ReportFilter::default()
            },
            |r| r.state == InboxState::Held && r.currency.as_deref() == Some("EUR"),
        ),
    ];
    for (filter, fits) in filters {
        let expected: BTreeSet<&str> =
            all.iter().filter(|report| fits(report)).map(|report| report.report_id.as_str()).collect();
        assert!(!expected.is_empty() && expected.len() < 60, "{filter:?}");
        for sort in SORTS {
            for descending in [false, true] {
                let shown = walk(&world, &filter, ReportOrder { sort, descending }).await;
                let ids: BTreeSet<&str> = shown.iter().map(|report| report.report_id.as_str()).collect();
                assert_eq!(ids, expected, "{filter:?} by {sort:?} {descending}");
                assert_eq!(ids.len(), shown.len(), "each once");
            }
        }
    }
    let by_id = walk(&world, &search("R00042"), ReportOrder::default()).await;
    assert_eq!(by_id.iter().map(|report| report.report_id.as_str()).collect::<Vec<_>>(), ["R00042"]);
    assert_eq!(walk(&world, &search("nobody has this"), ReportOrder::default()).await, []);
}

async fn a_page_looks_at_a_bounded_number_of_rows(database: TestDatabase) {
    let world = world_on(&database).await;
    let reports: Vec<NewReport> = (1..=1_500).map(|index| report(index, 1)).collect();
    world.put(&reports, NOW_MS).await;
    let rare = NewReport { employee: "Zoe Rare".to_owned(), ..report(1_501, 1) };
    world.put(&[rare], NOW_MS).await;
    let filter = ReportFilter { search: "zoe".to_owned(), ..ReportFilter::default() };
    let first = find(&world, &filter, ReportOrder::default(), None).await;
    assert_eq!(first.reports, [], "the rest is for a next page");
    assert!(first.next.is_some());
    let found = walk(&world, &filter, ReportOrder::default()).await;
    assert_eq!(found.len(), 1);
}
