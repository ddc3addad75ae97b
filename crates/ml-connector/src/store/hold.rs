//! Reports that a person keeps back, with the reason; and what people have said of reports by the moment at which these
//! are about to be sent. It keeps and reads; whether a report waits is decided where reports are admitted, not here.

use std::collections::{BTreeMap, HashMap, HashSet};

use accounting::identity::Reference;

use super::approval::{self, Judgement, standing};
use super::error::{StoreError, failed};
use super::ids::{CustomerId, FlowId};
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Target};
use super::tx::Tx;
use super::{CustomerStore, gate, handled};

pub(super) const PUT: &str = "INSERT INTO holds (customer_id, flow_id, report_id, reason, actor, at_ms) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (customer_id, flow_id, report_id) \
     DO UPDATE SET reason = excluded.reason, actor = excluded.actor, at_ms = excluded.at_ms";
pub(super) const LIFT: &str = "DELETE FROM holds WHERE customer_id = $1 AND flow_id = $2 AND report_id = $3";
pub(super) const ANY: &str = "SELECT report_id FROM holds WHERE customer_id = $1 AND flow_id = $2 LIMIT 1";
pub(super) static OF_REPORTS: Rows = Rows::new(
    "SELECT report_id, reason, actor, at_ms FROM holds WHERE customer_id = ? AND flow_id = ? AND report_id IN (",
    &[OWN],
    ")",
);

/// Why and by whom a report is kept back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: String,
    /// Who said so.
    pub actor: String,
    /// When, in epoch milliseconds.
    pub at_ms: i64,
}

/// A report with the entries of it that are about to be sent: their references and the hashes of their bytes.
#[derive(Debug, Clone)]
pub struct Leaving<'a> {
    /// The report.
    pub report_id: &'a str,
    /// Its entries.
    pub entries: Vec<(&'a Reference, &'a [u8; 32])>,
}

impl Tx {
    /// Keeps a report back.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn put_hold(
        &mut self,
        flow: &FlowId,
        report_id: &str,
        reason: &str,
        actor: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        let putting = sql::query(PUT)
            .bind(self.customer_id().as_str())
            .bind(flow.as_str())
            .bind(report_id)
            .bind(reason)
            .bind(actor)
            .bind(at_ms);
        putting.execute(self.connection()).await.map_err(failed("keeping a report back"))?;
        Ok(())
    }

    /// Lets a report go that was kept back. Whether it was.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn lift_hold(&mut self, flow: &FlowId, report_id: &str) -> Result<bool, StoreError> {
        let lifting = sql::query(LIFT).bind(self.customer_id().as_str()).bind(flow.as_str()).bind(report_id);
        let lifted = lifting.execute(self.connection()).await.map_err(failed("letting a report go"))?;
        Ok(lifted.rows_affected() > 0)
    }

    /// Those of the reports that must not leave after all, because a person has said so since they were admitted: kept
    /// back, booked elsewhere, rejected, or the whole flow paused. Asked in the commit that says that they are being
    /// sent, since nothing can come between that and the answer.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`].
    pub async fn stopped(&mut self, flow: &FlowId, leaving: &[Leaving<'_>]) -> Result<HashSet<String>, StoreError> {
        let customer = self.customer_id().clone();
        let paused = sql::query_scalar::<Option<i64>>(gate::PAUSED).bind(flow.as_str()).bind(customer.as_str());
        let paused = paused.fetch_optional(self.connection()).await.map_err(failed("reading a pause"))?.flatten();
        if paused.is_some() {
            return Ok(leaving.iter().map(|report| report.report_id.to_owned()).collect());
        }
        let ids: Vec<&str> = leaving.iter().map(|report| report.report_id).collect();
        let mut stopped: HashSet<String> = holds(self.connection(), &customer, flow, &ids).await?.into_keys().collect();
        stopped.extend(handled::reasons(self.connection(), &customer, flow, &ids).await?.into_keys());
        let references: Vec<&Reference> =
            leaving.iter().flat_map(|report| report.entries.iter().map(|(reference, _)| *reference)).collect();
        let decisions = approval::of_references(self.connection(), &customer, &references).await?;
        let rejected = |(reference, sha256): &(&Reference, &[u8; 32])| {
            let in_force = decisions.get(*reference).map(|all| standing(all, sha256)).unwrap_or_default();
            in_force.last().is_some_and(|last| last.decision == Judgement::Reject)
        };
        let with_rejection = leaving.iter().filter(|report| report.entries.iter().any(rejected));
        stopped.extend(with_rejection.map(|report| report.report_id.to_owned()));
        Ok(stopped)
    }
}

impl CustomerStore {
    /// Whether any report of a flow is kept back.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn any_hold(&self, flow: &FlowId) -> Result<bool, StoreError> {
        let finding = sql::query_scalar::<String>(ANY).bind(self.id().as_str()).bind(flow.as_str());
        Ok(finding.fetch_optional(self.reader()).await.map_err(failed("looking for holds"))?.is_some())
    }

    /// Of these reports, those that are kept back.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn holds(&self, flow: &FlowId, ids: &[&str]) -> Result<BTreeMap<String, Hold>, StoreError> {
        Ok(holds(self.reader(), self.id(), flow, ids).await?.into_iter().collect())
    }
}

async fn holds(
    mut target: Target<'_>,
    customer: &CustomerId,
    flow: &FlowId,
    ids: &[&str],
) -> Result<HashMap<String, Hold>, StoreError> {
    let mut found = HashMap::new();
    for batch in batches(ids) {
        let mut reading = sql::query_as::<(String, String, String, i64)>(OF_REPORTS.text(batch.len()));
        reading = reading.bind(customer.as_str()).bind(flow.as_str());
        for id in batch {
            reading = reading.bind(*id);
        }
        let rows = reading.fetch_all(target.again()).await.map_err(failed("reading holds"))?;
        found.extend(rows.into_iter().map(|(id, reason, actor, at_ms)| (id, Hold { reason, actor, at_ms })));
    }
    Ok(found)
}
