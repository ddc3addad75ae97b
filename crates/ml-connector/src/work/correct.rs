//! What all corrections have in common: what is written on them, how they are frozen together with their case, how
//! they are sent, and the look at the ledger before and after. Which corrections are made is decided elsewhere.

use std::collections::BTreeSet;

use accounting::drift::Correction;
use accounting::identity::Kind;
use accounting::posting::{Due, Event, Learned, RejectClass, State};
use accounting::translate::PlannedEntry;
use accounting::{Date, Problem};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::channel;

use super::entry::{Entry, ReportEntries, entry, moved};
use super::lane::Lane;
use super::readback::equal_lines;
use super::refresh::ChartInUse;
use super::summary::Summary;
use super::{ACTOR, Work, WorkError};
use crate::store::{AuditEvent, Case, CaseState, InboxReport, NewPosting, StoredPosting};
use crate::systems::{Destination, Source};

impl<S: Source, D: Destination> Work<'_, S, D> {
    pub(super) fn correction(
        &self,
        chart: &ChartInUse,
        report: &InboxReport,
        label: String,
        (journal, date): (String, Date),
        reference: &str,
    ) -> Correction {
        let number = report.number.as_deref().unwrap_or(&report.report_id);
        Correction {
            journal,
            date,
            closed_through: chart.chart.closed_through,
            state: self.flow.mapping.posting.state,
            reference: reference.to_owned(),
            label,
            title: format!("{number} {}", report.employee),
            lengths: (chart.chart.lengths.title, chart.chart.lengths.memo),
        }
    }

    /// One commit: the corrections are frozen and the case says so. Why not, where one cannot be written.
    pub(super) async fn freeze_corrections(
        &self,
        chart: &ChartInUse,
        case: &Case,
        planned: &[(PlannedEntry, [u8; 32])],
        stage: &str,
    ) -> Result<Option<String>, WorkError> {
        let rendered: Result<Vec<_>, Problem> =
            planned.iter().map(|(planned, _)| self.destination.render(planned)).collect();
        let payloads = match rendered {
            Ok(payloads) => payloads,
            Err(problem) => return Ok(Some(problem.detail)),
        };
        let hashes: Vec<[u8; 32]> = payloads.iter().map(|payload| Sha256::digest(payload).into()).collect();
        let postings: Vec<NewPosting<'_>> = planned
            .iter()
            .zip(payloads.iter().zip(&hashes))
            .map(|((planned, content_hash), (payload, payload_sha256))| NewPosting {
                planned,
                entries: u32::try_from(payloads.len()).unwrap_or(u32::MAX),
                content_hash,
                mapping_version: self.flow.mapping.version,
                chart_sha256: &chart.sha256,
                payload,
                payload_sha256,
            })
            .collect();
        let events = postings.iter().map(|posting| {
            let header = posting.planned.entry.header();
            let detail = json!({
                "report": posting.planned.key.report,
                "kind": posting.planned.key.kind.name(),
                "case": case.id.as_str(),
                "by": case.decided_by,
                "sha256": data_encoding::HEXLOWER.encode(posting.payload_sha256),
                "date": header.date.to_string(),
                "total": posting.planned.entry.total().to_string(),
            });
            AuditEvent::new(ACTOR, "posting.frozen", posting.planned.reference.as_str(), detail)
        });
        let events = events.collect();
        let references: Vec<&str> = planned.iter().map(|(planned, _)| planned.reference.as_str()).collect();
        let outcome = json!({ "stage": stage, "references": references });
        let at_ms = self.clock.now_ms();
        let mut tx = self.customer.begin().await?;
        tx.freeze(&self.flow_id, &postings, at_ms).await?;
        tx.move_case(case, CaseState::Decided, &outcome, at_ms).await?;
        tx.commit(at_ms, events).await?;
        Ok(None)
    }

    /// Sends what of a report's corrections may be sent: all that are left of them together, or none.
    pub(super) async fn post_corrections(
        &self,
        lane: &Lane,
        report_id: &str,
        summary: &mut Summary,
    ) -> Result<(), WorkError> {
        let now_ms = self.clock.now_ms();
        let mut entries: Vec<Entry> = Vec::new();
        for posting in self.customer.postings_of(&self.flow_id, report_id).await? {
            if posting.key.kind == Kind::Entry || posting.machine.state.is_final() {
                continue;
            }
            let mut one = entry(posting, bytes::Bytes::new());
            if matches!(one.machine.state, State::Rejected { class: RejectClass::Sibling, .. }) {
                one.machine = moved(&one, Event::Released { at_ms: now_ms }, self)?;
            }
            if !matches!(one.machine.due(now_ms, &self.rules), Due::LookFirst | Due::Send) {
                return Ok(());
            }
            entries.push(one);
        }
        if entries.is_empty() {
            return Ok(());
        }
        let references: Vec<_> = entries.iter().map(|entry| entry.reference.clone()).collect();
        let wanted: Vec<_> = references.iter().collect();
        for (reference, payload) in self.customer.payloads(self.destination.company(), &wanted).await? {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.reference == reference) {
                entry.payload = payload.into();
            }
        }
        let (to_post, groups) = channel(1);
        let report = ReportEntries { report_id: report_id.to_owned(), entries, shown_ms: now_ms };
        let _ = to_post.send(vec![report]).await;
        drop(to_post);
        let mut posted = Box::pin(self.post(lane, groups)).await?;
        // A correction is no report that was posted.
        posted.posted = 0;
        summary.add(posted);
        Ok(())
    }

    /// In what the ledger does not hold these entries as they were posted: gone, changed, or not in the books.
    pub(super) async fn unlike_ledger(
        &self,
        postings: &[StoredPosting],
        in_books: bool,
    ) -> Result<Option<String>, WorkError> {
        let families: BTreeSet<String> =
            postings.iter().map(|posting| posting.reference.family_prefix().to_owned()).collect();
        let found = self.destination.find(&families.into_iter().collect::<Vec<_>>(), &[]).await?;
        let numbers: Vec<String> =
            postings.iter().filter_map(|posting| posting.machine.state.record_no().map(str::to_owned)).collect();
        let lines = self.destination.lines(&numbers).await?;
        for posting in postings {
            let record_no = posting.machine.state.record_no().unwrap_or_default();
            let vouched = matches!(posting.machine.state, State::Posted { learned: Learned::Vouched, .. });
            let there = lines.get(record_no).map(Vec::as_slice).unwrap_or_default();
            if vouched && !in_books && !there.is_empty() {
                continue;
            }
            let Some(hit) = found.entries.iter().find(|hit| hit.record_no == record_no) else {
                return Ok(Some(format!("the ledger no longer shows entry {record_no} ({})", posting.reference)));
            };
            if in_books && !is_in_books(&hit.state) {
                return Ok(Some(format!("entry {record_no} is {} in the ledger, not posted", hit.state)));
            }
            let frozen = self.customer.posting_lines(self.destination.company(), &posting.reference).await?;
            let same_header = hit.journal == posting.journal && hit.date.is_none_or(|it| it == posting.posting_date);
            if !same_header || !equal_lines(posting.total.currency, &frozen, there) {
                return Ok(Some(format!("entry {record_no} was changed in the ledger since it was posted")));
            }
        }
        Ok(None)
    }
}

/// Whether an entry in this state, in the ledger's word for it, counts in the books.
pub(super) fn is_in_books(state: &str) -> bool {
    state.eq_ignore_ascii_case("posted") || state == "P"
}
