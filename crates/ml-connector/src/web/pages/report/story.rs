//! What happened to a report, the newest first: told from what is stored of it, not from the audit, which no index of
//! reports leads into.

use super::view::{judgement, posting_words};
use crate::store::ReportHistory;
use crate::work::told::Told;

/// Something that happened.
pub(super) struct Event {
    pub at_ms: i64,
    pub words: String,
    /// Who did it; empty where the service did.
    pub by: String,
    pub note: String,
}

/// The story of a report.
pub(super) fn of(history: &ReportHistory, postings: &[Told], name: &impl Fn(&str) -> String) -> Vec<Event> {
    let mut story = Vec::new();
    let mut tell = |at_ms, words: String, by: String, note: String| story.push(Event { at_ms, words, by, note });
    let none = String::new;
    for (index, version) in history.versions.iter().enumerate() {
        let words = if index == 0 { "Read from Expensify" } else { "Read again, with other content" };
        tell(version.seen_ms, words.to_owned(), none(), none());
    }
    for told in postings {
        let posting = &told.history.posting;
        let made = format!("Entry {} made, by version {} of the mapping", posting.reference, posting.mapping_version);
        tell(posting.frozen_ms, made, none(), none());
        for (attempt, _) in &told.history.attempts {
            let sent = format!("Entry {} sent to Intacct, attempt {}", posting.reference, attempt.n);
            tell(attempt.started_ms, sent, none(), none());
            if let Some(ended_ms) = attempt.ended_ms {
                let outcome = attempt.outcome.as_deref().unwrap_or("not known yet");
                let answered = format!("Intacct answered for entry {}: {outcome}", posting.reference);
                tell(ended_ms, answered, none(), attempt.detail.clone().unwrap_or_default());
            }
        }
        for seen in &told.history.observations {
            let words = format!("Entry {}: an answer came in late and was taken into account", posting.reference);
            tell(seen.at_ms, words, none(), none());
        }
        if posting.changed_ms > posting.frozen_ms {
            let (words, _) = posting_words(posting.machine.state.name());
            let number = posting.machine.state.record_no().map(|no| format!(", record {no}")).unwrap_or_default();
            tell(posting.changed_ms, format!("Entry {}: {words}{number}", posting.reference), none(), none());
        }
    }
    for decision in &history.approvals {
        let words = format!("{}: entry {}", judgement(decision.decision), decision.reference);
        tell(decision.at_ms, words, name(&decision.actor), decision.note.clone());
    }
    for case in &history.cases {
        tell(case.opened_ms, format!("A decision is asked for: {}", case.code.title()), none(), none());
        if let (Some(decided_ms), Some(decision)) = (case.decided_ms, case.decision) {
            let by = case.decided_by.as_deref().map(name).unwrap_or_default();
            let words = format!("Decided: {}", super::super::cases::decision_words(decision).0);
            tell(decided_ms, words, by, case.note.clone().unwrap_or_default());
        }
    }
    for (words, mark) in [("Kept back", &history.hold), ("Marked as handled elsewhere", &history.handled)] {
        if let Some(mark) = mark {
            tell(mark.at_ms, words.to_owned(), name(&mark.actor), mark.reason.clone());
        }
    }
    story.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    story
}
