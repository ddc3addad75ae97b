//! Counted figures: what a page shows of a flow and of many customers is what is stored, day by day and by currency, and
//! reading it does not add anything up.

use accounting::posting::{Event, Finding, Posting, Rules, Verdict};
use accounting::{Code, Problem};
use ml_connector::store::{
    Board, DayBounds, GateShut, InboxState, MessageState, NewCase, PostingChange, ReportChange, Store, Sum, Urgency,
};
use serde_json::json;

use super::facts::{COMPANY, Frozen, NOW_MS, World, event, report, world_in, world_on};
use crate::both;
use crate::databases::TestDatabase;

both!(
    a_board_is_what_is_stored,
    what_was_counted_earlier_never_replaces_what_was_counted_later,
    customers_come_in_the_order_in_which_they_need_somebody,
    messages_are_listed_by_state_and_sent_again,
);

const DAY_MS: i64 = 86_400_000;

/// Two days around the time of the tests.
fn days() -> Vec<DayBounds> {
    let day = |name: &str, from_ms| DayBounds { day: name.to_owned(), from_ms, until_ms: from_ms + DAY_MS };
    vec![day("2026-09-20", NOW_MS - DAY_MS - 1_000), day("2026-09-21", NOW_MS - 1_000)]
}

fn sum(count: u64, minor: i64) -> Sum {
    Sum { count, minor }
}

/// Gets the entries into the ledger, as far as the store is concerned.
async fn post(world: &World, frozen: &[Frozen], at_ms: i64) {
    let lease = world.lease().await;
    let rules = Rules::default();
    let finding = Finding::None { positive_control: true };
    let looked = Posting::frozen().on(Event::Looked { at_ms, finding, observations: 0 }, &rules).unwrap();
    let sending = looked.on(Event::SendingCommitted { at_ms, observations: 0 }, &rules).unwrap();
    for (number, one) in frozen.iter().enumerate() {
        let verdict = Verdict::Posted { record_no: format!("{at_ms}{number}") };
        let posted = sending.on(Event::Answered { at_ms, verdict }, &rules).unwrap();
        for machine in [&sending, &posted] {
            let mut tx = world.customer.begin().await.unwrap();
            let change = PostingChange { reference: &one.planned.reference, machine, problem: None };
            tx.save_postings(&lease, COMPANY, &[change], at_ms).await.unwrap();
            tx.commit_untraced(at_ms).await.unwrap();
        }
    }
    world.store.release_lane(lease).await.unwrap();
}

/// Translates reports into a state.
async fn translate(world: &World, ids: &[usize], state: InboxState, problems: &[Problem], at_ms: i64) {
    let mut tx = world.customer.begin().await.unwrap();
    for index in ids {
        let new = report(*index, 1);
        let change = ReportChange {
            report_id: &new.report_id,
            content_hash: &new.content_hash,
            state,
            problems,
            skipped: &[],
            amount_minor: None,
            skipped_minor: None,
            mapping_version: 1,
            generation: 0,
            chart_sha256: None,
        };
        tx.set_report_states(&world.flow, &[change], at_ms).await.unwrap();
    }
    tx.commit_untraced(at_ms).await.unwrap();
}

async fn count(world: &World, at_ms: i64) -> Board {
    world.customer.count_board(&world.flow, &days(), "2026-10", at_ms).await.unwrap()
}

async fn keep(world: &World, board: &Board, failing: Option<Code>) {
    let mut tx = world.customer.begin().await.unwrap();
    tx.put_board(&world.flow, board, failing).await.unwrap();
    tx.commit_untraced(board.counted_ms).await.unwrap();
}

async fn a_board_is_what_is_stored(database: TestDatabase) {
    let world = world_on(&database).await;
    let frozen = Frozen::many(0..3);
    world.freeze(&frozen).await;
    post(&world, &frozen[..1], NOW_MS - DAY_MS).await;
    post(&world, &frozen[1..2], NOW_MS).await;
    world.put(&[report(5, 1), report(6, 1), report(7, 1)], NOW_MS).await;
    translate(&world, &[0, 1], InboxState::Posted, &[], NOW_MS).await;
    translate(&world, &[2], InboxState::Ready, &[], NOW_MS).await;
    let unmapped = Problem::of_report(Code::CategoryUnmapped, "Team Offsite", "no account");
    let missing = Problem::of_report(Code::CategoryMissing, "", "blank");
    translate(&world, &[5], InboxState::Held, &[unmapped], NOW_MS).await;
    translate(&world, &[6], InboxState::Held, &[missing], NOW_MS + 5).await;
    let problem = Problem::of_report(Code::ApprovalAwaited, "", "two must agree");
    let shut = GateShut { report_id: "R00002", problem: &problem, entries: 1, currency: "USD", total_minor: 12_34 };
    let mut tx = world.customer.begin().await.unwrap();
    tx.shut_gate(&world.flow, &shut, NOW_MS + 7).await.unwrap();
    let detail = json!({});
    let case = NewCase {
        flow: &world.flow,
        kind: ml_connector::store::CaseKind::DriftChanged,
        subject: "R00000",
        report_id: Some("R00000"),
        cause: "another amount",
        code: Code::ContentChanged,
        detail: &detail,
        proposals: &[],
    };
    let opened = tx.open_case(&case, NOW_MS + 9).await.unwrap().unwrap();
    tx.commit(NOW_MS, vec![event("case.opened", opened.as_str())]).await.unwrap();

    let board = count(&world, NOW_MS + 100).await;
    let usd = board.standing["USD"];
    assert_eq!((usd.held, usd.unmapped), (sum(2, 24_68), sum(1, 12_34)));
    // One that is ready and one that was only read.
    assert_eq!((usd.waiting, usd.drifted), (sum(2, 24_68), sum(0, 0)));
    assert_eq!(board.months["2026-11"]["USD"], sum(2, 24_68));
    assert_eq!(board.days["2026-09-20"].posted["USD"], sum(1, 12_34));
    assert_eq!((&board.days["2026-09-20"].held, board.days.len()), (&None, 2));
    assert_eq!(board.days["2026-09-21"].posted["USD"], sum(1, 12_34));
    assert_eq!(board.days["2026-09-21"].held.as_ref().unwrap()["USD"], sum(2, 24_68));
    assert_eq!((board.causes.len(), board.all_causes), (2, 2));
    assert_eq!((board.gates[0].code, board.gates[0].count, board.gates[0].oldest_ms), (143, 1, NOW_MS + 7));
    assert_eq!((board.cases[0].kind.as_str(), board.cases[0].money["USD"]), ("drift_changed", 12_34));
    assert_eq!(world.customer.board(&world.flow).await.unwrap(), None, "it is not kept by itself");

    a_day_that_is_over_stays(&world, &frozen, &board).await;
}

/// What is kept comes back, and a day that was over stays as it was counted.
async fn a_day_that_is_over_stays(world: &World, frozen: &[Frozen], board: &Board) {
    keep(world, board, None).await;
    let (flow, kept) = world.customer.boards().await.unwrap().remove(0);
    assert_eq!((flow, &kept.days, &kept.causes), (world.flow.clone(), &board.days, &board.causes));
    let waiting = world.store.waiting().await.unwrap();
    assert_eq!((waiting.held, waiting.gated, waiting.oldest_held_ms), (2, 1, Some(NOW_MS)));
    post(world, &frozen[2..], NOW_MS + 200).await;
    translate(world, &[2], InboxState::Posted, &[], NOW_MS + 200).await;
    let later = count(world, NOW_MS + 300).await;
    assert_eq!(later.days["2026-09-20"], board.days["2026-09-20"]);
    assert_eq!(later.days["2026-09-21"].posted["USD"], sum(2, 24_68));
    assert_eq!((later.gates.len(), later.standing["USD"].waiting), (0, sum(1, 12_34)));
}

async fn what_was_counted_earlier_never_replaces_what_was_counted_later(database: TestDatabase) {
    let world = world_on(&database).await;
    world.put(&[report(1, 1)], NOW_MS).await;
    let early = count(&world, NOW_MS).await;
    translate(&world, &[1], InboxState::Held, &[Problem::of_report(Code::CategoryUnmapped, "x", "")], NOW_MS).await;
    let late = count(&world, NOW_MS + 1).await;
    keep(&world, &late, Some(Code::LoginRefused)).await;
    keep(&world, &early, None).await;
    let kept = world.customer.board(&world.flow).await.unwrap().unwrap();
    assert_eq!((kept.counted_ms, kept.standing["USD"].held), (NOW_MS + 1, sum(1, 12_34)));
    let figures = world.store.customer_figures(None, (i64::MIN, ""), 10).await.unwrap().remove(0);
    assert_eq!((figures.held, figures.failing_code), (1, Some(Code::LoginRefused)));
    // It fails since it first did, and no longer once it does not.
    keep(&world, &count(&world, NOW_MS + 50).await, Some(Code::SenderRefused)).await;
    let figures = world.store.customer_figures(None, (i64::MIN, ""), 10).await.unwrap().remove(0);
    assert_eq!((figures.failing_ms, figures.urgency()), (Some(NOW_MS + 1), Urgency::Failing));
    keep(&world, &count(&world, NOW_MS + 60).await, None).await;
    let figures = world.store.customer_figures(None, (i64::MIN, ""), 10).await.unwrap().remove(0);
    assert_eq!((figures.failing, figures.failing_ms, figures.urgency()), (0, None, Urgency::Waiting));
    assert_eq!(figures.held_money["USD"], 12_34);
}

/// A customer of this name with one flow.
async fn named(store: &Store, name: &str) -> World {
    let customer = store.create_customer(name, "test", NOW_MS).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    let flow = tx.put_flow("Expenses", "name = \"Expenses\"", "author", NOW_MS).await.unwrap().id;
    tx.commit(NOW_MS, vec![event("flow.changed", flow.as_str())]).await.unwrap();
    let run = store.ids().run(NOW_MS).unwrap();
    World { store: store.clone(), customer, flow, run }
}

async fn customers_come_in_the_order_in_which_they_need_somebody(database: TestDatabase) {
    let calm = world_in(database.store().await).await;
    let (held, unknown, failing) =
        (named(&calm.store, "held").await, named(&calm.store, "unknown").await, named(&calm.store, "failing").await);
    for (world, state) in [(&held, InboxState::Held), (&unknown, InboxState::Unknown)] {
        world.put(&[report(1, 1)], NOW_MS).await;
        translate(world, &[1], state, &[], NOW_MS).await;
        keep(world, &count(world, NOW_MS + 1).await, None).await;
    }
    keep(&failing, &count(&failing, NOW_MS + 1).await, Some(Code::LoginRefused)).await;
    let all = calm.store.customer_figures(None, (i64::MIN, ""), 10).await.unwrap();
    let names: Vec<&str> = all.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["unknown", "failing", "held", "default"]);
    let urgencies: Vec<Urgency> = all.iter().map(|row| row.urgency()).collect();
    assert_eq!(urgencies, [Urgency::Unknown, Urgency::Failing, Urgency::Waiting, Urgency::Calm]);
    assert_eq!((all[3].counted_ms, all[2].oldest_held_ms), (None, Some(NOW_MS)));
    let second = calm.store.customer_figures(None, (all[1].rank, all[1].customer.as_str()), 1).await.unwrap();
    assert_eq!(second[0].name, "held");
    let ids = [calm.customer.id(), held.customer.id()];
    assert_eq!(calm.store.customer_figures_of(&ids).await.unwrap().len(), 2);
    let times = calm.store.customer_times(&ids, NOW_MS + 5_000).await.unwrap();
    let held = times[held.customer.id()];
    assert_eq!((held.flows, held.due_ms, held.polled_ms), (1, Some(NOW_MS), None));
}

async fn messages_are_listed_by_state_and_sent_again(database: TestDatabase) {
    let world = world_on(&database).await;
    let mut ids = Vec::new();
    let mut tx = world.customer.begin().await.unwrap();
    for number in 0..4 {
        let text = (format!("subject {number}"), "body".to_owned());
        let texts = (text.0.as_str(), text.1.as_str());
        ids.push(tx.add_message(&world.flow, "0 mail", "held", texts, NOW_MS + number).await.unwrap());
    }
    tx.tried_message(&ids[1], None, Some(NOW_MS + 60_000), Some("it did not answer")).await.unwrap();
    tx.tried_message(&ids[2], Some(NOW_MS + 5), None, None).await.unwrap();
    tx.tried_message(&ids[3], None, None, Some("it did not answer")).await.unwrap();
    tx.commit_untraced(NOW_MS).await.unwrap();
    let listed = async |state| {
        let rows = world.customer.all_messages(None, state, None, 10).await.unwrap();
        rows.into_iter().map(|row| row.message.id).collect::<Vec<_>>()
    };
    for (state, id) in MessageState::ALL.into_iter().zip([&ids[0], &ids[1], &ids[2], &ids[3]]) {
        assert_eq!(listed(Some(state)).await, std::slice::from_ref(id), "{}", state.name());
        assert_eq!(MessageState::parse(state.name()), Some(state));
    }
    assert_eq!(listed(None).await.len(), 4);
    let page = world.customer.all_messages(Some(&world.flow), None, Some(&ids[2]), 1).await.unwrap();
    assert_eq!(page[0].message.id, ids[1]);

    // One on its way goes at once, one that is done goes as another.
    for (at, anew) in [(1, false), (2, true), (3, true)] {
        let sent = world.customer.message(&ids[at]).await.unwrap();
        let mut tx = world.customer.begin().await.unwrap();
        let id = tx.send_again(&sent, NOW_MS + 1_000).await.unwrap();
        tx.commit(NOW_MS, vec![event("message.sent_again", id.as_str())]).await.unwrap();
        assert_eq!(id != ids[at], anew);
        let again = world.customer.message(&id).await.unwrap();
        assert_eq!((again.message.next_ms, &again.message.subject), (Some(NOW_MS + 1_000), &sent.message.subject));
    }
    assert_eq!(listed(Some(MessageState::Sent)).await, ids[2..3], "what was sent stays on record");
    assert_eq!(listed(None).await.len(), 6);
}
