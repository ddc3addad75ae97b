//! The customer, reports and entries that the store's tests write.

use accounting::amount::{Amount, Currency};
use accounting::dimension::Dimension;
use accounting::entry::{Direction, EntryState, Header, JournalEntry, Line, Reason, Side};
use accounting::identity::{Kind, PostingKey, Scope};
use accounting::report::{FundSource, ReportState};
use accounting::translate::PlannedEntry;
use jiff::civil::date;
use ml_connector::store::{AuditEvent, CustomerStore, FlowId, Ids, Lease, NewPosting, NewReport, RunId, Store};
use sha2::{Digest, Sha256};

use crate::databases::TestDatabase;

/// When the tests happen, in epoch milliseconds.
pub const NOW_MS: i64 = 1_790_000_000_000;
pub const COMPANY: &str = "acme";
pub const LANE: &str = "intacct:acme";

/// A customer with one flow.
pub struct World {
    pub store: Store,
    pub customer: CustomerStore,
    pub flow: FlowId,
    pub run: RunId,
}

pub async fn world() -> World {
    world_in(Store::in_memory(None, Ids::seeded(1), NOW_MS).await.unwrap()).await
}

pub async fn world_on(database: &TestDatabase) -> World {
    world_in(database.store().await).await
}

pub async fn world_in(store: Store) -> World {
    let customer = store.create_customer("default", "test", NOW_MS).await.unwrap();
    let mut tx = customer.begin().await.unwrap();
    let flow = tx.put_flow("Expenses", "name = \"Expenses\"", "author", NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("flow.changed", flow.id.as_str())]).await.unwrap();
    let run = store.ids().run(NOW_MS).unwrap();
    World { store, customer, flow: flow.id, run }
}

impl World {
    pub async fn put(&self, reports: &[NewReport], at_ms: i64) -> Vec<ml_connector::store::Arrival> {
        let mut tx = self.customer.begin().await.unwrap();
        let arrivals = tx.put_reports(&self.flow, &self.run, reports, at_ms).await.unwrap();
        tx.commit(at_ms, vec![event("reports.read", "poll")]).await.unwrap();
        arrivals
    }

    /// Freezes entries, after their reports came in.
    pub async fn freeze(&self, frozen: &[Frozen]) {
        let reports: Vec<NewReport> = frozen.iter().map(|one| report(one.index, 1)).collect();
        self.put(&reports, NOW_MS).await;
        let mut tx = self.customer.begin().await.unwrap();
        let postings: Vec<NewPosting<'_>> = frozen.iter().map(Frozen::new_posting).collect();
        tx.freeze(&self.flow, &postings, NOW_MS).await.unwrap();
        let events = frozen.iter().map(|one| event("posting.frozen", one.planned.reference.as_str())).collect();
        tx.commit(NOW_MS, events).await.unwrap();
    }

    /// A lease after the one before it has run out.
    pub async fn take_over(&self, mut old: Lease) -> Lease {
        self.store.renew_lane(&mut old, NOW_MS, 0).await.unwrap();
        self.store.claim_lane(LANE, "worker 2", NOW_MS, 300_000).await.unwrap().unwrap()
    }

    pub async fn lease(&self) -> Lease {
        self.store.claim_lane(LANE, "worker 1", NOW_MS, 300_000).await.unwrap().unwrap()
    }
}

pub fn event(action: &'static str, subject: &str) -> AuditEvent {
    AuditEvent::new("test", action, subject, serde_json::json!({ "why": "a test" }))
}

/// Report number `index` with content number `content`.
pub fn report(index: usize, content: u8) -> NewReport {
    NewReport {
        report_id: format!("R{index:05}"),
        number: Some(format!("N{index}")),
        name: "Trip".to_owned(),
        employee: "Jane Doe".to_owned(),
        policy_id: "P1".to_owned(),
        source_state: ReportState::Approved,
        currency: Some("USD".to_owned()),
        total_minor: Some(12_34),
        content_hash: [content; 32],
        approved_on: Some(date(2026, 11, 3)),
        raw: format!("{{\"report\":{index},\"content\":{content}}}\0").into_bytes(),
    }
}

pub fn reports(range: std::ops::Range<usize>) -> Vec<NewReport> {
    range.map(|index| report(index, 1)).collect()
}

/// An entry with the bytes to be sent.
pub struct Frozen {
    pub index: usize,
    pub planned: PlannedEntry,
    pub payload: Vec<u8>,
    pub payload_sha256: [u8; 32],
}

impl Frozen {
    pub fn of(index: usize) -> Self {
        let usd = Currency::parse("USD").unwrap();
        let key = PostingKey {
            company: COMPANY.to_owned(),
            report: format!("R{index:05}"),
            scope: Scope::Fund(FundSource::Reimbursable),
            kind: Kind::Entry,
            generation: 0,
            part: 0,
        };
        let line = |side, direction, account: &str| Line {
            side,
            direction,
            amount: Amount::new(12_34, usd),
            account: account.to_owned(),
            dimensions: [(Dimension::Department, "200".to_owned())].into(),
            memo: "Jane Doe - \"Airline\" <&>".to_owned(),
            document: "MLC".to_owned(),
            expenses: vec!["E1".to_owned()],
            reason: Reason {
                account: "category \"Airfare\" (mapping 1)".into(),
                dimensions: [(Dimension::Department, "tag 1".into())].into(),
                badges: vec!["suspense account".into()],
            },
        };
        let header = Header {
            journal: "EXP".to_owned(),
            date: date(2026, 11, 3),
            original_date: Some(date(2026, 10, 31)),
            title: "Expensify".to_owned(),
            state: EntryState::Posted,
        };
        let lines = vec![line(Side::Expense, Direction::Debit, "6410"), line(Side::Offset, Direction::Credit, "2010")];
        let payload = format!("<create><GLBATCH>{index}</GLBATCH></create>").into_bytes();
        Self {
            index,
            planned: PlannedEntry {
                reference: key.reference().unwrap(),
                key,
                entry: JournalEntry::new(header, lines).unwrap(),
                amount: Amount::new(12_34, usd),
            },
            payload_sha256: Sha256::digest(&payload).into(),
            payload,
        }
    }

    pub fn many(range: std::ops::Range<usize>) -> Vec<Self> {
        range.map(Self::of).collect()
    }

    pub fn new_posting(&self) -> NewPosting<'_> {
        NewPosting {
            planned: &self.planned,
            entries: 1,
            content_hash: &[1; 32],
            mapping_version: 1,
            chart_sha256: &[2; 32],
            payload: &self.payload,
            payload_sha256: &self.payload_sha256,
        }
    }
}
