//! Counting a flow's board, outside of a transaction. What it reads depends on what waits and on two months of entries,
//! so it is done when something changed, and never for a page.

use std::collections::BTreeMap;

use super::{Board, BoardCause, BoardWait, Standing, Sum};
use crate::store::cause::Cause;
use crate::store::customer::CustomerStore;
use crate::store::error::{StoreError, failed};
use crate::store::flow_figures::Waiting;
use crate::store::ids::FlowId;
use crate::store::report::small;
use crate::store::sql;

/// Money is not written as the indexed `money_key` is: SQLite would then take it from the index where it adds rows up
/// after sorting them, and has been seen to add zeros.
///
/// Only states in which something is still to come; what is posted or left out is never counted here.
pub(in crate::store) const STANDING: &str = "SELECT state, COALESCE(currency, ''), COUNT(*), \
     CAST(SUM(CASE WHEN amount_minor IS NULL THEN COALESCE(total_minor, 0) ELSE amount_minor END) AS BIGINT), \
     MIN(changed_ms) FROM reports \
     WHERE customer_id = $1 AND flow_id = $2 \
     AND state IN ('seen', 'held', 'ready', 'sent', 'unknown', 'conflict', 'rejected', 'drift') \
     GROUP BY state, currency";
/// The problems that whoever keeps the mapping can end, and no others.
pub(in crate::store) const UNMAPPED: &str = "SELECT COALESCE(r.currency, ''), COUNT(*), \
     CAST(SUM(CASE WHEN r.amount_minor IS NULL THEN COALESCE(r.total_minor, 0) ELSE r.amount_minor END) AS BIGINT) \
     FROM reports r \
     WHERE r.customer_id = $1 AND r.flow_id = $2 AND r.state = 'held' AND EXISTS (SELECT 1 FROM report_problems p \
     WHERE p.report_id = r.report_id AND p.flow_id = r.flow_id AND p.customer_id = r.customer_id \
     AND p.code BETWEEN 101 AND 113 AND p.code NOT IN (102, 106)) GROUP BY r.currency";
pub(in crate::store) const POSTED_BETWEEN: &str = "SELECT currency, COUNT(*), CAST(SUM(amount_minor) AS BIGINT) \
     FROM postings WHERE customer_id = $1 AND flow_id = $2 AND posted_ms >= $3 AND posted_ms < $4 GROUP BY currency";
pub(in crate::store) const MONTHS: &str = "SELECT substr(posting_date, 1, 7), currency, COUNT(*), \
     CAST(SUM(amount_minor) AS BIGINT) FROM postings WHERE customer_id = $1 AND flow_id = $2 AND posting_date >= $3 \
     AND state = 'posted' GROUP BY substr(posting_date, 1, 7), currency";
pub(in crate::store) const GATES: &str = "SELECT g.gate, g.currency, COUNT(*), CAST(SUM(g.total_minor) AS BIGINT), \
     MIN(g.since_ms) FROM gates g JOIN reports r ON r.report_id = g.report_id AND r.flow_id = g.flow_id \
     AND r.customer_id = g.customer_id WHERE g.customer_id = $1 AND g.flow_id = $2 AND g.gate BETWEEN 142 AND 145 \
     AND r.state = 'ready' GROUP BY g.gate, g.currency ORDER BY g.gate, g.currency";
pub(in crate::store) const CASES: &str = "SELECT c.kind, c.code, COALESCE(r.currency, ''), COUNT(*), \
     CAST(SUM(CASE WHEN r.amount_minor IS NULL THEN COALESCE(r.total_minor, 0) ELSE r.amount_minor END) AS BIGINT), \
     MIN(c.opened_ms) FROM cases c \
     LEFT JOIN reports r ON r.report_id = c.report_id AND r.flow_id = c.flow_id AND r.customer_id = c.customer_id \
     WHERE c.customer_id = $1 AND c.flow_id = $2 AND c.state = 'open' \
     GROUP BY c.kind, c.code, r.currency ORDER BY c.kind, c.code, r.currency";

/// A day in the flow's time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayBounds {
    /// The day, such as `2026-11-24`.
    pub day: String,
    /// Its first instant, in epoch milliseconds.
    pub from_ms: i64,
    /// The first instant after it.
    pub until_ms: i64,
}

impl CustomerStore {
    /// Counts a flow. `days` are the last ones up to today in order, of which those are counted that are not over for
    /// long; `month` is the first month whose entries are added up, such as `2026-10`.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`].
    pub async fn count_board(
        &self,
        flow: &FlowId,
        days: &[DayBounds],
        month: &str,
        at_ms: i64,
    ) -> Result<Board, StoreError> {
        let before = self.board(flow).await?.unwrap_or_default();
        let mut board = Board { counted_ms: at_ms, closed_through: before.closed_through, ..Board::default() };
        self.count_standing(flow, &mut board).await?;
        self.count_months(flow, month, &mut board).await?;
        board.gates = self.count_gates(flow, &mut board.states).await?;
        board.cases = self.count_cases(flow).await?;
        board.waits_ms = earliest(board.waits_ms, board.states.oldest_gated_ms);
        let mut causes = self.held_causes(flow).await?;
        board.all_causes = causes.len() as u64;
        causes.sort_by_key(|cause| std::cmp::Reverse(largest(&cause.money)));
        board.causes = causes.into_iter().take(Board::CAUSES).map(kept).collect();
        // Days that were over when it was last counted do not change.
        board.days = before.days;
        board.days.retain(|day, _| days.iter().any(|known| known.day == *day));
        for day in days.iter().filter(|day| day.until_ms > before.counted_ms) {
            board.days.entry(day.day.clone()).or_default().posted = self.posted_between(flow, day).await?;
        }
        if let Some(today) = days.last() {
            let held = board.standing.iter().map(|(currency, standing)| {
                let mut sum = standing.held;
                sum.add(standing.refused);
                (currency.clone(), sum)
            });
            let held = held.filter(|(_, sum)| sum.count > 0).collect();
            board.days.entry(today.day.clone()).or_default().held = Some(held);
        }
        Ok(board)
    }

    async fn count_standing(&self, flow: &FlowId, board: &mut Board) -> Result<(), StoreError> {
        let counting = failed("counting what waits in a flow");
        let rows = sql::query_as::<(String, String, i64, i64, i64)>(STANDING);
        let rows = rows.bind(self.id().as_str()).bind(flow.as_str()).fetch_all(self.reader()).await;
        for (state, currency, count, minor, since_ms) in rows.map_err(&counting)? {
            note(&mut board.states, &state, count, since_ms);
            let standing: &mut Standing = board.standing.entry(currency).or_default();
            let place = match state.as_str() {
                "held" => &mut standing.held,
                "conflict" | "rejected" => &mut standing.refused,
                "drift" => &mut standing.drifted,
                "unknown" => &mut standing.unknown,
                _ => &mut standing.waiting,
            };
            place.add(sum(count, minor));
            if matches!(state.as_str(), "held" | "conflict" | "rejected" | "drift") {
                board.waits_ms = earliest(board.waits_ms, Some(since_ms));
            }
        }
        let rows = sql::query_as::<(String, i64, i64)>(UNMAPPED).bind(self.id().as_str()).bind(flow.as_str());
        for (currency, count, minor) in rows.fetch_all(self.reader()).await.map_err(&counting)? {
            board.standing.entry(currency).or_default().unmapped.add(sum(count, minor));
        }
        Ok(())
    }

    async fn count_months(&self, flow: &FlowId, month: &str, board: &mut Board) -> Result<(), StoreError> {
        let rows = sql::query_as::<(String, String, i64, i64)>(MONTHS).bind(self.id().as_str()).bind(flow.as_str());
        let rows = rows.bind(format!("{month}-01")).fetch_all(self.reader()).await;
        for (month, currency, count, minor) in rows.map_err(failed("adding up what is posted"))? {
            board.months.entry(month).or_default().entry(currency).or_default().add(sum(count, minor));
        }
        Ok(())
    }

    async fn posted_between(&self, flow: &FlowId, day: &DayBounds) -> Result<BTreeMap<String, Sum>, StoreError> {
        let rows = sql::query_as::<(String, i64, i64)>(POSTED_BETWEEN).bind(self.id().as_str()).bind(flow.as_str());
        let rows = rows.bind(day.from_ms).bind(day.until_ms).fetch_all(self.reader()).await;
        let rows = rows.map_err(failed("adding up a day"))?;
        Ok(rows.into_iter().map(|(currency, count, minor)| (currency, sum(count, minor))).collect())
    }

    async fn count_gates(&self, flow: &FlowId, states: &mut Waiting) -> Result<Vec<BoardWait>, StoreError> {
        let rows = sql::query_as::<(i64, String, i64, i64, i64)>(GATES).bind(self.id().as_str()).bind(flow.as_str());
        let rows = rows.fetch_all(self.reader()).await.map_err(failed("counting what waits for a person"))?;
        let mut gates = Vec::new();
        for (gate, currency, count, minor, since_ms) in rows {
            states.gated = states.gated.saturating_add(count);
            states.oldest_gated_ms = earliest(states.oldest_gated_ms, Some(since_ms));
            add_wait(&mut gates, "", small(gate, "problem code")?, (currency, count, minor, since_ms));
        }
        Ok(gates)
    }

    async fn count_cases(&self, flow: &FlowId) -> Result<Vec<BoardWait>, StoreError> {
        let rows = sql::query_as::<(String, i64, String, i64, i64, i64)>(CASES);
        let rows = rows.bind(self.id().as_str()).bind(flow.as_str()).fetch_all(self.reader()).await;
        let mut cases = Vec::new();
        for (kind, code, currency, count, minor, since_ms) in rows.map_err(failed("counting open cases"))? {
            add_wait(&mut cases, &kind, small(code, "problem code")?, (currency, count, minor, since_ms));
        }
        Ok(cases)
    }
}

/// Rows of one kind and code follow each other.
fn add_wait(
    waits: &mut Vec<BoardWait>,
    kind: &str,
    code: u16,
    (currency, count, minor, since_ms): (String, i64, i64, i64),
) {
    let mut wait = match waits.pop_if(|last| last.kind == kind && last.code == code) {
        Some(wait) => wait,
        None => BoardWait { kind: kind.to_owned(), code, oldest_ms: since_ms, ..BoardWait::default() },
    };
    wait.count = wait.count.saturating_add(u64::try_from(count).unwrap_or(0));
    wait.oldest_ms = wait.oldest_ms.min(since_ms);
    if !currency.is_empty() {
        wait.money.insert(currency, minor);
    }
    waits.push(wait);
}

fn note(states: &mut Waiting, state: &str, count: i64, since_ms: i64) {
    let place = match state {
        "held" => {
            states.oldest_held_ms = earliest(states.oldest_held_ms, Some(since_ms));
            &mut states.held
        }
        "unknown" => {
            states.oldest_unknown_ms = earliest(states.oldest_unknown_ms, Some(since_ms));
            &mut states.unknown
        }
        "ready" => &mut states.ready,
        "conflict" => &mut states.conflict,
        "rejected" => &mut states.rejected,
        "drift" => &mut states.drift,
        _ => return,
    };
    *place = place.saturating_add(count);
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    [one, other].into_iter().flatten().min()
}

fn sum(count: i64, minor: i64) -> Sum {
    Sum { count: u64::try_from(count).unwrap_or(0), minor }
}

fn largest(money: &BTreeMap<String, i64>) -> i64 {
    money.values().copied().max().unwrap_or(0)
}

fn kept(cause: Cause) -> BoardCause {
    BoardCause {
        id: cause.id,
        code: cause.code.number(),
        value: cause.value,
        detail: cause.detail,
        state: cause.state.name().to_owned(),
        reports: cause.reports,
        money: cause.money,
        oldest_ms: cause.oldest_ms,
    }
}
