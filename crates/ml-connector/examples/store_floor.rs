//! What the store alone costs: processor time a report, for the way of 12,500 synthetic reports of 8 expenses from the
//! inbox to posted, and the memory it takes. Run it in release mode; it uses a file in the system's temporary
//! directory, or in the directory given, and removes it. It measures the store and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    reason = "a measurement prints, fails by panicking, and counts in milliseconds that are nobody's money"
)]

use std::time::Instant;

use accounting::amount::{Amount, Currency};
use accounting::dimension::Dimension;
use accounting::entry::{Direction, EntryState, Header, JournalEntry, Line, Reason, Side};
use accounting::identity::{Kind, PostingKey, Reference, Scope};
use accounting::posting::{Event, Finding, Posting, Rules, Verdict};
use accounting::report::{FundSource, ReportState};
use accounting::translate::PlannedEntry;
use jiff::civil::date;
use ml_connector::store::{
    Access, AttemptEnd, AuditEvent, CustomerStore, FlowId, Ids, InboxState, Lease, NewAttempt, NewPosting, NewReport,
    NewRequest, PostingChange, ReportChange, RequestEnd, RequestId, RunId, Store, Tx,
};

/// As the service has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const REPORTS: usize = 12_500;
const EXPENSES: usize = 8;
const RAW_BYTES: usize = 5_000;
const PAYLOAD_BYTES: usize = 4_000;
/// Reports put and frozen in one commit.
const PAGE: usize = 500;
/// Entries sent in one request.
const BATCH: usize = 50;
const NOW_MS: i64 = 1_790_000_000_000;
const COMPANY: &str = "acme";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = match std::env::args().nth(1) {
        Some(directory) => tempfile::tempdir_in(directory).unwrap(),
        None => tempfile::tempdir().unwrap(),
    };
    let path = directory.path().join("floor.db");
    let store = Store::open(&path, Access::Write, None, Ids::system(), NOW_MS).await.unwrap();
    let customer = store.create_customer("default", "floor", NOW_MS).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    let flow = tx.put_flow("floor", "document", "author", NOW_MS).await.unwrap().id;
    tx.commit(NOW_MS, vec![event("flow.changed", "floor")]).await.unwrap();
    let lease = store.claim_lane("intacct:acme", "floor", NOW_MS, i64::MAX / 2).await.unwrap().unwrap();
    let run = store.ids().run(NOW_MS).unwrap();
    let floor = Floor { customer, flow, run, lease, entry: entry(), rules: Rules::default() };

    let made = Phase::begin("making the data (not the store's)");
    for page in pages() {
        std::hint::black_box((page.clone().map(report).collect::<Vec<_>>(), floor.entries(page)));
    }
    let own = made.end();
    let mut total = -own;
    total += floor.put().await;
    total += floor.freeze().await;
    total += floor.send_and_post().await;
    println!("{:<40}{:>9.2} ms processor, {:.4} ms a report", "all of the store's", total, total / REPORTS as f64);
    println!("peak memory {}, database {} MB", status("VmHWM:"), std::fs::metadata(&path).unwrap().len() / 1_000_000);
    let read = Phase::begin("read it all back, as after a crash");
    floor.read().await;
    read.end();
    let verify = Phase::begin("verify the audit chain");
    let verified = floor.customer.verify_audit(true).await.unwrap();
    let verify_ms = verify.end();
    println!("{} audit entries, {:.0} a second", verified.entries, verified.entries as f64 * 1_000.0 / verify_ms);
}

struct Floor {
    customer: CustomerStore,
    flow: FlowId,
    run: RunId,
    lease: Lease,
    entry: JournalEntry,
    rules: Rules,
}

impl Floor {
    async fn put(&self) -> f64 {
        let phase = Phase::begin("put into the inbox");
        for page in pages() {
            let reports: Vec<NewReport> = page.map(report).collect();
            let mut tx = self.customer.begin().await.unwrap();
            tx.put_reports(&self.flow, &self.run, &reports, NOW_MS).await.unwrap();
            tx.commit(NOW_MS, reports.iter().map(|one| event("report.read", &one.report_id)).collect()).await.unwrap();
        }
        phase.end()
    }

    async fn freeze(&self) -> f64 {
        let phase = Phase::begin("hold a tenth, freeze the rest");
        for page in pages() {
            let entries = self.entries(page);
            let (held, ready) = entries.split_at(PAGE / 10);
            let mut tx = self.customer.begin().await.unwrap();
            let state = |one: &PlannedEntry| if held.contains(one) { InboxState::Held } else { InboxState::Ready };
            let changes: Vec<_> = entries.iter().map(|one| change(one, state(one))).collect();
            tx.set_report_states(&self.flow, &changes, NOW_MS).await.unwrap();
            let payload = vec![b'x'; PAYLOAD_BYTES];
            let postings: Vec<_> = ready.iter().map(|planned| new_posting(planned, &payload)).collect();
            tx.freeze(&self.flow, &postings, NOW_MS).await.unwrap();
            let events = entries.iter().map(|one| event("posting.frozen", one.reference.as_str())).collect();
            tx.commit(NOW_MS, events).await.unwrap();
        }
        phase.end()
    }

    /// The frozen entries are still at hand, as they are in a run that goes from the source to the ledger.
    async fn send_and_post(&self) -> f64 {
        let phase = Phase::begin("send and post");
        for page in pages() {
            for batch in self.entries(page)[PAGE / 10..].chunks(BATCH) {
                let references: Vec<&Reference> = batch.iter().map(|planned| &planned.reference).collect();
                let request = self.customer.store().ids().request(NOW_MS).unwrap();
                let sending = self.send(&request, &references).await;
                let reports: Vec<_> =
                    batch.iter().map(|planned| (planned.key.report.as_str(), InboxState::Posted)).collect();
                self.post(&request, &references, &reports, sending).await;
            }
        }
        phase.end()
    }

    async fn send(&self, request: &RequestId, references: &[&Reference]) -> Posting {
        let mut tx = self.customer.begin().await.unwrap();
        let observations = tx.count_observations(references).await.unwrap()[0];
        let finding = Finding::None { positive_control: true };
        let looked = Event::Looked { at_ms: NOW_MS, finding, observations };
        let looked = Posting::frozen().on(looked, &self.rules).unwrap();
        let sending = looked.on(Event::SendingCommitted { at_ms: NOW_MS, observations }, &self.rules).unwrap();
        let head = NewRequest {
            id: request,
            company: COMPANY,
            kind: "create",
            control_id: "c",
            masked_head: "<request/>",
            sent_ms: NOW_MS,
        };
        tx.add_request(&head).await.unwrap();
        let keys: Vec<_> = references.iter().map(|reference| reference.control_id(COMPANY, 0)).collect();
        let attempts = references.iter().zip(&keys).map(|(reference, control_id)| NewAttempt {
            reference,
            n: 1,
            control_id,
            payload_sha256: &[9; 32],
        });
        tx.add_attempts(&self.lease, request, &attempts.collect::<Vec<_>>(), NOW_MS).await.unwrap();
        self.save(&mut tx, references, &sending).await;
        let events = references.iter().map(|reference| event("posting.sending", reference.as_str())).collect();
        tx.commit(NOW_MS, events).await.unwrap();
        sending
    }

    async fn post(
        &self,
        request: &RequestId,
        references: &[&Reference],
        reports: &[(&str, InboxState)],
        sending: Posting,
    ) {
        let mut tx = self.customer.begin().await.unwrap();
        let verdict = Verdict::Posted { record_no: "471100".to_owned() };
        let posted = sending.on(Event::Answered { at_ms: NOW_MS, verdict }, &self.rules).unwrap();
        let reply = [b'r'; 20_000];
        let end = RequestEnd { ended_ms: NOW_MS, outcome: "answered", http_status: Some(200), reply: Some(&reply) };
        tx.finish_request(request, &end).await.unwrap();
        let ends: Vec<_> = references
            .iter()
            .map(|reference| AttemptEnd { reference, n: 1, outcome: "posted", detail: "471100" })
            .collect();
        tx.finish_attempts(&ends, NOW_MS).await.unwrap();
        self.save(&mut tx, references, &posted).await;
        tx.move_reports(&self.flow, reports, NOW_MS).await.unwrap();
        let events = references.iter().map(|reference| event("posting.posted", reference.as_str())).collect();
        tx.commit(NOW_MS, events).await.unwrap();
    }

    async fn save(&self, tx: &mut Tx, references: &[&Reference], machine: &Posting) {
        let changes: Vec<_> =
            references.iter().map(|reference| PostingChange { reference, machine, problem: None }).collect();
        tx.save_postings(&self.lease, COMPANY, &changes, NOW_MS).await.unwrap();
    }

    /// What a start after a crash reads: the bytes of reports, and postings with theirs.
    async fn read(&self) {
        let mut after: Option<String> = None;
        loop {
            let page = self.customer.raw_reports_in(&self.flow, InboxState::Posted, after.as_deref(), 200);
            let Some(last) = page.await.unwrap().pop() else { break };
            after = Some(last.report_id);
        }
        let mut after: Option<Reference> = None;
        loop {
            let page = self.customer.postings_in(COMPANY, &["posted"], after.as_ref(), 200).await.unwrap();
            let references: Vec<_> = page.iter().map(|posting| &posting.reference).collect();
            std::hint::black_box(self.customer.payloads(COMPANY, &references).await.unwrap());
            let Some(last) = page.last() else { return };
            after = Some(last.reference.clone());
        }
    }

    fn entries(&self, page: std::ops::Range<usize>) -> Vec<PlannedEntry> {
        page.map(|index| {
            let key = PostingKey {
                company: COMPANY.to_owned(),
                report: report_id(index),
                scope: Scope::Fund(FundSource::Reimbursable),
                kind: Kind::Entry,
                generation: 0,
                part: 0,
            };
            let amount = self.entry.total();
            PlannedEntry { reference: key.reference().unwrap(), key, entry: self.entry.clone(), amount }
        })
        .collect()
    }
}

fn pages() -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..REPORTS / PAGE).map(|page| page * PAGE..(page + 1) * PAGE)
}

/// Ids as a source makes them: in no order.
fn report_id(index: usize) -> String {
    format!("R00{:013X}", (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 12)
}

fn report(index: usize) -> NewReport {
    NewReport {
        report_id: report_id(index),
        number: Some(report_id(index)),
        name: "Client visit in November".to_owned(),
        employee: "Jane Doe <jane.doe@acme.example>".to_owned(),
        policy_id: "1A2B3C4D5E6F7890".to_owned(),
        source_state: ReportState::Approved,
        currency: Some("USD".to_owned()),
        total_minor: Some(98_760),
        content_hash: [7; 32],
        approved_on: Some(date(2026, 11, 3)),
        raw: vec![b'j'; RAW_BYTES],
    }
}

fn entry() -> JournalEntry {
    let usd = Currency::parse("USD").unwrap();
    let line = |index: usize| {
        let (side, direction, minor) = match index {
            EXPENSES => (Side::Offset, Direction::Credit, 12_345 * EXPENSES as i64),
            _ => (Side::Expense, Direction::Debit, 12_345),
        };
        Line {
            side,
            direction,
            amount: Amount::new(minor, usd),
            account: "6410".to_owned(),
            dimensions: [(Dimension::Department, "200".to_owned()), (Dimension::Location, "US".to_owned())].into(),
            memo: "Jane Doe - Airline - Airfare - to the client".to_owned(),
            document: "MLCABCDEFGHIJKLMRAAA".to_owned(),
            expenses: vec![format!("E{index:018}")],
            reason: Reason {
                account: "category \"Airfare\" (mapping 3)".into(),
                dimensions: [(Dimension::Department, "tag 1 \"Sales\"".into()), (Dimension::Location, "policy".into())]
                    .into(),
                badges: Vec::new(),
            },
        }
    };
    let header = Header {
        journal: "EXP".to_owned(),
        date: date(2026, 11, 3),
        original_date: None,
        title: "Expensify R00 Jane Doe".to_owned(),
        state: EntryState::Posted,
    };
    JournalEntry::new(header, (0..=EXPENSES).map(line).collect()).unwrap()
}

fn change(planned: &PlannedEntry, state: InboxState) -> ReportChange<'_> {
    ReportChange {
        report_id: &planned.key.report,
        content_hash: &[7; 32],
        state,
        problems: &[],
        skipped: &[],
        amount_minor: Some(98_760),
        skipped_minor: None,
        mapping_version: 3,
        chart_sha256: None,
        generation: 0,
    }
}

fn new_posting<'a>(planned: &'a PlannedEntry, payload: &'a [u8]) -> NewPosting<'a> {
    NewPosting {
        planned,
        entries: 1,
        content_hash: &[7; 32],
        mapping_version: 3,
        chart_sha256: &[8; 32],
        payload,
        payload_sha256: &[9; 32],
    }
}

fn event(action: &'static str, subject: &str) -> AuditEvent {
    AuditEvent::new("floor", action, subject, serde_json::json!({ "amount_minor": 98_760, "mapping": 3 }))
}

struct Phase {
    name: &'static str,
    processor_ms: f64,
    begun: Instant,
}

impl Phase {
    fn begin(name: &'static str) -> Self {
        Self { name, processor_ms: processor_ms(), begun: Instant::now() }
    }

    fn end(self) -> f64 {
        let used_ms = processor_ms() - self.processor_ms;
        let wall_ms = self.begun.elapsed().as_secs_f64() * 1_000.0;
        println!(
            "{:<40}{used_ms:>9.2} ms processor{wall_ms:>9.0} ms wall, {:.4} ms a report",
            self.name,
            used_ms / REPORTS as f64
        );
        used_ms
    }
}

/// User and system time of this process, in milliseconds; the system counts in hundredths of a second.
fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) * 10.0
}

fn status(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned()
}
