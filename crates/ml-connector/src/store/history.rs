//! Everything that is on record of one report, for whoever asks what happened and why. It only puts together what the
//! other nouns read.

use super::approval::Approval;
use super::attempt::{Attempt, Request, StoredObservation};
use super::audit::AuditEntry;
use super::case::Case;
use super::customer::CustomerStore;
use super::error::StoreError;
use super::hold::Hold;
use super::ids::FlowId;
use super::lines::StoredLine;
use super::posting::StoredPosting;
use super::report::{InboxReport, ReportVersion};

/// One report with all that followed from it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportHistory {
    /// Where it stands.
    pub report: InboxReport,
    /// Every content it had.
    pub versions: Vec<ReportVersion>,
    /// Its entries.
    pub postings: Vec<PostingHistory>,
    /// What a person must, or had to, decide about it, the oldest first.
    pub cases: Vec<Case>,
    /// What people decided about the bytes of its entries, the oldest first; also of bytes that were replaced since.
    pub approvals: Vec<Approval>,
    /// Why it is kept back, where it is.
    pub hold: Option<Hold>,
    /// Why it was taken out of our hands, where it was.
    pub handled: Option<Hold>,
    /// Where they were asked for: the audit entries whose subject is the report or one of its references, by sequence number.
    pub audit: Vec<AuditEntry>,
}

/// One posting with all that followed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingHistory {
    /// Where it stands.
    pub posting: StoredPosting,
    /// Its lines with their reasons.
    pub lines: Vec<StoredLine>,
    /// Its attempts, each with the request that carried it.
    pub attempts: Vec<(Attempt, Request)>,
    /// What workers saw that had lost their lease.
    pub observations: Vec<StoredObservation>,
}

impl CustomerStore {
    /// The history of a report, if it was ever seen. It walks through the audit.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`]; so for all below.
    pub async fn report_history(&self, flow: &FlowId, report_id: &str) -> Result<Option<ReportHistory>, StoreError> {
        let Some(mut history) = self.report_facts(flow, report_id).await? else { return Ok(None) };
        let mut subjects = vec![report_id];
        subjects.extend(history.postings.iter().map(|history| history.posting.reference.as_str()));
        // One walk through the chain for up to ten subjects: a subject given twice changes nothing.
        if subjects.len() < 10 {
            subjects.resize(10, report_id);
        }
        history.audit = self.audit_of(&subjects).await?;
        Ok(Some(history))
    }

    /// The same without the audit: a number of rows that depends on the report alone.
    ///
    /// # Errors
    /// See [`CustomerStore::report_history`].
    pub async fn report_facts(&self, flow: &FlowId, report_id: &str) -> Result<Option<ReportHistory>, StoreError> {
        let Some(report) = self.report(flow, report_id).await? else { return Ok(None) };
        let mut postings = Vec::new();
        for posting in self.postings_of(flow, report_id).await? {
            postings.push(self.posting_history(posting).await?);
        }
        let references: Vec<_> = postings.iter().map(|history| &history.posting.reference).collect();
        let mut approvals: Vec<Approval> = self.approvals_of(&references).await?.into_values().flatten().collect();
        approvals.sort_by_key(|approval| approval.number);
        Ok(Some(ReportHistory {
            versions: self.report_versions(report_id).await?,
            cases: self.cases_of(flow, report_id).await?,
            approvals,
            hold: self.holds(flow, &[report_id]).await?.remove(report_id),
            handled: self.handled_mark(flow, report_id).await?,
            report,
            postings,
            audit: Vec::new(),
        }))
    }

    async fn posting_history(&self, posting: StoredPosting) -> Result<PostingHistory, StoreError> {
        let lines = self.posting_lines(&posting.key.company, &posting.reference).await?;
        let mut attempts = Vec::new();
        for attempt in self.attempts_of(&posting.reference).await? {
            let request = self.request(&attempt.request).await?;
            attempts.push((attempt, request));
        }
        let observations = self.observations_of(&posting.reference, 0).await?;
        Ok(PostingHistory { posting, lines, attempts, observations })
    }
}
