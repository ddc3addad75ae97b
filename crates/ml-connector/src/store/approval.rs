//! What people decided about a payload before it was sent: approve, reject, release. Each decision is bound to the
//! payload's hash, so that it counts for nothing once other bytes take the entry's place; decisions are only added.
//! Whether an entry needs an approval, and whose, is decided where entries are admitted, not here.

use std::collections::HashMap;

use accounting::Code;
use accounting::identity::Reference;
use data_encoding::HEXLOWER;
use serde_json::json;

use super::chart::parse_hash;
use super::error::{StoreError, failed};
use super::flow::flow_id;
use super::ids::{CustomerId, FlowId};
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Row, Target};
use super::tx::Tx;
use super::{AuditEvent, CustomerStore};

macro_rules! columns {
    () => {
        "SELECT approval_no, flow_id, report_id, company, reference, payload_sha256, decision, actor, note, at_ms \
         FROM approvals WHERE customer_id = "
    };
}

pub(super) const ADD: &str = "INSERT INTO approvals (customer_id, approval_no, flow_id, report_id, company, reference, \
     payload_sha256, decision, actor, note, at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
pub(super) const TARGET: &str = "SELECT p.flow_id, p.report_id, p.company, p.payload_sha256, p.state, v.author, \
     n.author, g.gate FROM postings p JOIN flows f ON f.customer_id = p.customer_id AND f.id = p.flow_id \
     LEFT JOIN flow_versions v ON v.customer_id = p.customer_id AND v.flow_id = p.flow_id \
     AND v.version = p.mapping_version LEFT JOIN flow_versions n ON n.customer_id = p.customer_id \
     AND n.flow_id = p.flow_id AND n.version = f.version LEFT JOIN gates g ON g.customer_id = p.customer_id \
     AND g.flow_id = p.flow_id AND g.report_id = p.report_id WHERE p.reference = $1 AND p.customer_id = $2";
pub(super) const OF_REFERENCE: &str = concat!(columns!(), "$1 AND reference = $2 ORDER BY approval_no");
pub(super) static OF_REFERENCES: Rows =
    Rows::new(concat!(columns!(), "? AND reference IN ("), &[OWN], ") ORDER BY approval_no");
pub(super) const LIST: &str = concat!(
    columns!(),
    "$1 AND approval_no < $2 AND (CAST($3 AS TEXT) IS NULL OR flow_id = $3) ORDER BY approval_no DESC LIMIT $4"
);

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// These bytes may be sent.
    Approve,
    /// They may not, until somebody releases them.
    Reject,
    /// A rejection is taken back; approvals are asked for anew.
    Release,
}

impl Judgement {
    /// Its word in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Release => "release",
        }
    }

    /// The decision with this word.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Approve, Self::Reject, Self::Release].into_iter().find(|decision| decision.name() == name)
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Approve => "posting.approved",
            Self::Reject => "posting.disapproved",
            Self::Release => "posting.disapproval_lifted",
        }
    }
}

/// A line of the approval register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its number: the register is paged by it.
    pub number: i64,
    /// The flow.
    pub flow: FlowId,
    /// The report.
    pub report_id: String,
    /// The company at the destination.
    pub company: String,
    /// The entry.
    pub reference: Reference,
    /// Hash of the bytes that were looked at.
    pub payload_sha256: [u8; 32],
    /// What was decided.
    pub decision: Judgement,
    /// By whom.
    pub actor: String,
    /// Why; may be empty for an approval.
    pub note: String,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
}

/// The entry that a decision is about, as it stands.
struct Subject {
    flow: FlowId,
    report_id: String,
    company: String,
    sha256: [u8; 32],
    state: String,
    authors: [Option<String>; 2],
    gate: Option<i64>,
}

impl CustomerStore {
    /// Approves the bytes `sha256` of an entry. Done twice by one person it is one approval.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where these are not, or no longer, the bytes that wait to be sent;
    /// [`StoreError::OwnChange`] for the author of the mapping that made the entry or of the flow's newest version,
    /// unless the entry waits for no more than the review of the first few; [`StoreError::NotFound`],
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn approve(
        &self,
        reference: &Reference,
        sha256: &[u8; 32],
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<Approval, StoreError> {
        self.judge(reference, sha256, Judgement::Approve, actor, note, at_ms).await
    }

    /// Rejects the bytes `sha256` of an entry; its report waits until the rejection is lifted or its content changes.
    /// Approvals given before count for nothing.
    ///
    /// # Errors
    /// [`StoreError::NoteMissing`] without a reason; see [`CustomerStore::approve`].
    pub async fn reject(
        &self,
        reference: &Reference,
        sha256: &[u8; 32],
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<Approval, StoreError> {
        self.judge(reference, sha256, Judgement::Reject, actor, note, at_ms).await
    }

    /// Lifts a rejection: the entry is asked for approval anew where it needs one.
    ///
    /// # Errors
    /// [`StoreError::Stale`] also where nothing is rejected; see [`CustomerStore::approve`].
    pub async fn lift_rejection(
        &self,
        reference: &Reference,
        sha256: &[u8; 32],
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<Approval, StoreError> {
        self.judge(reference, sha256, Judgement::Release, actor, note, at_ms).await
    }

    async fn judge(
        &self,
        reference: &Reference,
        sha256: &[u8; 32],
        decision: Judgement,
        actor: &str,
        note: &str,
        at_ms: i64,
    ) -> Result<Approval, StoreError> {
        let note = note.trim();
        if note.is_empty() && decision == Judgement::Reject {
            return Err(StoreError::NoteMissing);
        }
        let mut tx = self.begin().await?;
        let target = tx.target(reference).await?;
        let earlier = tx.decisions_on(reference).await?;
        let stale = Err(StoreError::Stale { what: "payload" });
        if target.sha256 != *sha256 {
            return stale;
        }
        let in_force = standing(&earlier, sha256);
        if let Some(same) = in_force.iter().find(|one| one.decision == decision && one.actor == actor) {
            return Ok((*same).clone());
        }
        let rejected = in_force.last().is_some_and(|last| last.decision == Judgement::Reject);
        let waits = matches!(target.state.as_str(), "frozen" | "absent" | "rejected");
        let fits = match decision {
            Judgement::Approve => !rejected,
            Judgement::Reject => true,
            Judgement::Release => rejected,
        };
        if !waits || !fits {
            return stale;
        }
        let review_alone = target.gate == Some(i64::from(Code::ReviewAwaited.number()));
        let own = target.authors.iter().flatten().any(|author| author == actor);
        if decision == Judgement::Approve && own && !review_alone {
            return Err(StoreError::OwnChange { reference: reference.to_string(), actor: actor.to_owned() });
        }
        let number = tx.take_numbers("approvals", 1).await?;
        let approval = Approval {
            number,
            flow: target.flow,
            report_id: target.report_id,
            company: target.company,
            reference: reference.clone(),
            payload_sha256: *sha256,
            decision,
            actor: actor.to_owned(),
            note: note.to_owned(),
            at_ms,
        };
        tx.add_approval(&approval).await?;
        tx.await_flow(&approval.flow, at_ms).await?;
        let detail = json!({
            "report": approval.report_id,
            "sha256": HEXLOWER.encode(sha256),
            "note": approval.note,
        });
        tx.commit(at_ms, vec![AuditEvent::new(actor, decision.action(), reference.as_str(), detail)]).await?;
        Ok(approval)
    }

    /// The decisions on entries, oldest first; entries without one are left out.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn approvals_of(
        &self,
        references: &[&Reference],
    ) -> Result<HashMap<Reference, Vec<Approval>>, StoreError> {
        of_references(self.reader(), self.id(), references).await
    }

    /// The register: at most `limit` decisions before the number `before`, newest first.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn list_approvals(
        &self,
        flow: Option<&FlowId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Approval>, StoreError> {
        let listing = sql::query(LIST)
            .bind(self.id().as_str())
            .bind(before.unwrap_or(i64::MAX))
            .bind(flow.map(FlowId::as_str))
            .bind(i64::from(limit));
        let rows = listing.fetch_all(self.reader()).await.map_err(failed("listing approvals"))?;
        rows.iter().map(read).collect()
    }
}

/// The decisions on these bytes that still count: those since the last rejection was lifted, and a rejection ends the
/// approvals before it.
pub fn standing<'a>(decisions: &'a [Approval], sha256: &[u8; 32]) -> Vec<&'a Approval> {
    let mut in_force: Vec<&Approval> = Vec::new();
    for decision in decisions.iter().filter(|decision| decision.payload_sha256 == *sha256) {
        match decision.decision {
            Judgement::Approve => in_force.push(decision),
            Judgement::Reject => in_force = vec![decision],
            Judgement::Release => in_force.clear(),
        }
    }
    in_force
}

impl Tx {
    async fn target(&mut self, reference: &Reference) -> Result<Subject, StoreError> {
        let reading = failed("reading what a decision is about");
        let customer = self.customer_id().clone();
        let finding = sql::query(TARGET).bind(reference.as_str()).bind(customer.as_str());
        let row = finding.fetch_optional(self.connection()).await.map_err(&reading)?;
        let row = row.ok_or_else(|| StoreError::NotFound { what: "posting", id: reference.to_string() })?;
        Ok(Subject {
            flow: flow_id(row.try_get(0).map_err(&reading)?)?,
            report_id: row.try_get(1).map_err(&reading)?,
            company: row.try_get(2).map_err(&reading)?,
            sha256: parse_hash(row.try_get(3).map_err(&reading)?)?,
            state: row.try_get(4).map_err(&reading)?,
            authors: [row.try_get(5).map_err(&reading)?, row.try_get(6).map_err(&reading)?],
            gate: row.try_get(7).map_err(&reading)?,
        })
    }

    async fn decisions_on(&mut self, reference: &Reference) -> Result<Vec<Approval>, StoreError> {
        let customer = self.customer_id().clone();
        let finding = sql::query(OF_REFERENCE).bind(customer.as_str()).bind(reference.as_str());
        let rows = finding.fetch_all(self.connection()).await.map_err(failed("reading approvals"))?;
        rows.iter().map(read).collect()
    }

    async fn add_approval(&mut self, approval: &Approval) -> Result<(), StoreError> {
        let adding = sql::query(ADD)
            .bind(self.customer_id().as_str())
            .bind(approval.number)
            .bind(approval.flow.as_str())
            .bind(&approval.report_id)
            .bind(&approval.company)
            .bind(approval.reference.as_str())
            .bind(HEXLOWER.encode(&approval.payload_sha256))
            .bind(approval.decision.name())
            .bind(&approval.actor)
            .bind(&approval.note)
            .bind(approval.at_ms);
        adding.execute(self.connection()).await.map_err(failed("keeping an approval"))?;
        Ok(())
    }
}

/// The decisions on entries, inside or outside of a transaction.
pub(super) async fn of_references(
    mut target: Target<'_>,
    customer: &CustomerId,
    references: &[&Reference],
) -> Result<HashMap<Reference, Vec<Approval>>, StoreError> {
    let mut found: HashMap<Reference, Vec<Approval>> = HashMap::new();
    for batch in batches(references) {
        let mut reading = sql::query(OF_REFERENCES.text(batch.len())).bind(customer.as_str());
        for reference in batch {
            reading = reading.bind(reference.as_str());
        }
        for row in reading.fetch_all(target.again()).await.map_err(failed("reading approvals"))? {
            let approval = read(&row)?;
            found.entry(approval.reference.clone()).or_default().push(approval);
        }
    }
    Ok(found)
}

fn read(row: &Row) -> Result<Approval, StoreError> {
    let reading = failed("reading an approval");
    let number: i64 = row.try_get(0).map_err(&reading)?;
    let stored = |what| StoreError::Stored { what, id: number.to_string() };
    let (reference, decision): (&str, &str) = (row.try_get(4).map_err(&reading)?, row.try_get(6).map_err(&reading)?);
    Ok(Approval {
        number,
        flow: flow_id(row.try_get(1).map_err(&reading)?)?,
        report_id: row.try_get(2).map_err(&reading)?,
        company: row.try_get(3).map_err(&reading)?,
        reference: Reference::parse(reference).ok_or_else(|| stored("reference"))?,
        payload_sha256: parse_hash(row.try_get(5).map_err(&reading)?)?,
        decision: Judgement::parse(decision).ok_or_else(|| stored("decision"))?,
        actor: row.try_get(7).map_err(&reading)?,
        note: row.try_get(8).map_err(&reading)?,
        at_ms: row.try_get(9).map_err(&reading)?,
    })
}
