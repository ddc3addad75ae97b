//! Tells people what needs them: one message for each cause, never one for each report or line. What there is to tell
//! is derived from the stored state at the end of every pass, so nothing is told twice and nothing is lost; the
//! messages go out by `deliver`. No name of an employee and no merchant stands in one: the link leads there.

use std::collections::BTreeMap;

use accounting::{Amount, Code, Currency, Problem};

use super::summary::Summary;
use super::{ACTOR, WorkError};
use crate::flow::{About, Flow};
use crate::store::{AuditEvent, Cause, CustomerStore, FlowId, InboxState, Notice};

/// An open cause is told again no sooner than this, and only when its money has grown tenfold.
const AGAIN_MS: i64 = 24 * 3_600_000;
/// Reports that a flow must have had before its silence means something.
const USUAL_REPORTS: u64 = 4;
const DAY_MS: i64 = 24 * 3_600_000;
/// Name of the cursor that says when a new report last came.
pub const ARRIVED_CURSOR: &str = "arrived";
/// Name of the cursor of a receiver's digest.
const DIGEST_CURSOR: &str = "digest:";

/// A flow whose people are to be told.
pub struct Told<'a> {
    /// The customer's data.
    pub customer: &'a CustomerStore,
    /// The flow.
    pub flow: &'a Flow,
    /// Its id.
    pub flow_id: &'a FlowId,
    /// Where the pages are, without a slash at the end.
    pub url: &'a str,
    /// Now, in epoch milliseconds.
    pub at_ms: i64,
}

impl Told<'_> {
    /// Writes what is new, what is gone and what is due of digests, in one commit. `summary` is that of the pass.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn write(&self, summary: &Summary) -> Result<(), WorkError> {
        if self.flow.notify.is_empty() {
            return Ok(());
        }
        let causes = self.customer.held_causes(self.flow_id).await?;
        let known = self.customer.notices(self.flow_id).await?;
        let mut now = notices(&causes, &summary.problems);
        now.extend(self.silence().await?);
        let same = |a: &Notice, b: &Notice| a.class == b.class && a.cause == b.cause;
        // Whether a vendor takes the credentials again is known only from a pass that came so far.
        let ended = |notice: &Notice| notice.class != About::Authentication.name() || summary.faults == 0;
        let gone = known.iter().filter(|old| ended(old) && !now.iter().any(|new| same(new, old)));
        let gone: Vec<&Notice> = gone.collect();
        let told = |new: &Notice| known.iter().find(|old| same(old, new));
        let new: Vec<&Notice> = now.iter().filter(|new| told(new).is_none_or(|old| self.again(old, new))).collect();
        let digests = self.due_digests().await?;
        if new.is_empty() && gone.is_empty() && digests.is_empty() {
            return Ok(());
        }
        let mut tx = self.customer.begin().await?;
        let mut written = 0_u32;
        for notice in &new {
            tx.put_notice(self.flow_id, notice, self.at_ms).await?;
            let text = self.text(notice);
            for receiver in self.receivers(&notice.class) {
                tx.add_message(self.flow_id, &receiver, &notice.class, (&text.0, &text.1), self.at_ms).await?;
                written += 1;
            }
        }
        for notice in &gone {
            tx.clear_notice(self.flow_id, &notice.class, &notice.cause).await?;
            let subject = format!("{}: all clear: {}", self.flow.name, notice.title);
            let body = format!("What was told before is mended: {}.\n\n{}\n", notice.title, self.link());
            for receiver in self.receivers(About::AllClear.name()) {
                tx.add_message(self.flow_id, &receiver, "all_clear", (&subject, &body), self.at_ms).await?;
                written += 1;
            }
        }
        for (index, since_ms) in digests {
            let text = self.digest(&causes, since_ms).await?;
            tx.add_message(self.flow_id, &self.receiver(index), "digest", (&text.0, &text.1), self.at_ms).await?;
            tx.put_cursor(self.flow_id, &format!("{DIGEST_CURSOR}{index}"), &self.at_ms.to_string(), self.at_ms)
                .await?;
            written += 1;
        }
        let detail = serde_json::json!({ "messages": written, "causes": new.len(), "cleared": gone.len() });
        let event = AuditEvent::new(ACTOR, "people.told", self.flow_id.as_str(), detail);
        tx.commit(self.at_ms, vec![event]).await?;
        Ok(())
    }

    /// A cause that was told is told again when it has become another matter.
    fn again(&self, old: &Notice, new: &Notice) -> bool {
        let grown = |(currency, minor): (&String, &i64)| {
            let before = old.money.get(currency).copied().unwrap_or(0).max(1);
            *minor >= before.saturating_mul(10)
        };
        self.at_ms.saturating_sub(old.told_ms) >= AGAIN_MS && new.money.iter().any(grown)
    }

    fn receivers(&self, class: &str) -> Vec<String> {
        let wants = |about: &std::collections::BTreeSet<About>| about.iter().any(|about| about.name() == class);
        let chosen = self.flow.notify.iter().enumerate().filter(|(_, notify)| wants(&notify.about));
        chosen.map(|(index, _)| self.receiver(index)).collect()
    }

    /// A receiver's place in the document; its address stays there.
    fn receiver(&self, index: usize) -> String {
        let kind = match self.flow.notify.get(index).map(|notify| &notify.to) {
            Some(crate::flow::Receiver::Mail(_)) => "mail",
            Some(crate::flow::Receiver::Webhook(_)) => "webhook",
            Some(crate::flow::Receiver::Chat(_)) | None => "chat",
        };
        format!("{index} {kind}")
    }

    /// Digests that are due, each with since when it tells.
    async fn due_digests(&self) -> Result<Vec<(usize, i64)>, WorkError> {
        let mut due = Vec::new();
        for (index, notify) in self.flow.notify.iter().enumerate() {
            if !notify.about.contains(&About::Digest) {
                continue;
            }
            let name = format!("{DIGEST_CURSOR}{index}");
            let last = self.customer.cursor(self.flow_id, &name).await?.and_then(|text| text.parse::<i64>().ok());
            let last_ms = match last {
                Some(last_ms) => last_ms,
                // The first one is due at its time, and not at once.
                None => {
                    let mut tx = self.customer.begin().await?;
                    tx.put_cursor(self.flow_id, &name, &self.at_ms.to_string(), self.at_ms).await?;
                    tx.commit_untraced(self.at_ms).await?;
                    self.at_ms
                }
            };
            if notify.digest.due(Some(last_ms), self.at_ms, &self.flow.schedule.zone).now {
                due.push((index, last_ms));
            }
        }
        Ok(due)
    }

    /// An alarm for a flow that usually has reports and has had none for so many days.
    async fn silence(&self) -> Result<Option<Notice>, WorkError> {
        let Some(days) = self.flow.control.silence_days else { return Ok(None) };
        let arrived = self.customer.cursor(self.flow_id, ARRIVED_CURSOR).await?;
        let Some(newest_ms) = arrived.and_then(|text| text.parse::<i64>().ok()) else { return Ok(None) };
        let silent_days = self.at_ms.saturating_sub(newest_ms) / DAY_MS;
        let reports: u64 = self.customer.report_totals(self.flow_id).await?.iter().map(|total| total.reports).sum();
        if reports < USUAL_REPORTS {
            return Ok(None);
        }
        Ok((silent_days >= i64::from(days)).then(|| Notice {
            class: About::Silence.name().to_owned(),
            cause: newest_ms.to_string(),
            title: format!("no report has come for {silent_days} days"),
            opened_ms: self.at_ms,
            told_ms: self.at_ms,
            reports: 0,
            money: BTreeMap::new(),
        }))
    }

    fn text(&self, notice: &Notice) -> (String, String) {
        let subject = format!("{}: {}", self.flow.name, notice.title);
        let mut body = format!("{}\n", notice.title);
        if notice.reports > 0 {
            body.push_str(&format!("Reports: {}, money: {}\n", notice.reports, money(&notice.money)));
        }
        if let Some(code) = notice.cause.split('-').next().and_then(|n| n.parse().ok()).and_then(Code::from_number) {
            body.push_str(&format!(
                "{code}: {}\nRemedy: {}\nWho: {}\n",
                code.cause(),
                code.remedy(),
                code.owner().name()
            ));
        }
        body.push_str(&format!("\n{}\n", self.link()));
        (subject, body)
    }

    async fn digest(&self, causes: &[Cause], since_ms: i64) -> Result<(String, String), WorkError> {
        let posted: BTreeMap<String, i64> =
            self.customer.sent_since(self.flow_id, since_ms).await?.into_iter().collect();
        let mut body = format!("Posted since the last digest: {}\n", money(&posted));
        body.push_str(if causes.is_empty() { "Nothing waits for anybody.\n" } else { "\nWaiting:\n" });
        for cause in causes {
            let title = title(cause);
            body.push_str(&format!(
                "- {} ({}), {} reports, {}\n",
                title,
                cause.code,
                cause.reports,
                money(&cause.money)
            ));
        }
        body.push_str(&format!("\n{}\n", self.link()));
        Ok((format!("{}: digest", self.flow.name), body))
    }

    fn link(&self) -> String {
        format!("{}/customers/{}/flows/{}", self.url, self.customer.id(), self.flow_id)
    }
}

/// Everything that somebody may want to be told now.
fn notices(causes: &[Cause], problems: &[Problem]) -> Vec<Notice> {
    let of_cause = |cause: &Cause| {
        let class = class_of(cause)?;
        Some(Notice {
            class: class.name().to_owned(),
            cause: cause.id.clone(),
            title: title(cause),
            opened_ms: 0,
            told_ms: 0,
            reports: cause.reports,
            money: cause.money.clone(),
        })
    };
    let of_problem = |problem: &Problem| {
        is_authentication(problem.code).then(|| Notice {
            class: About::Authentication.name().to_owned(),
            cause: format!("{}-", problem.code.number()),
            title: problem.code.title().to_owned(),
            opened_ms: 0,
            told_ms: 0,
            reports: 0,
            money: BTreeMap::new(),
        })
    };
    causes.iter().filter_map(of_cause).chain(problems.iter().filter_map(of_problem)).collect()
}

/// What a cause is about; none for what a person has decided, such as a pause.
fn class_of(cause: &Cause) -> Option<About> {
    match cause.code {
        Code::PostingPaused => None,
        Code::ReviewAwaited | Code::ApprovalAwaited | Code::HandOverUnconfirmed | Code::LooksBooked => {
            Some(About::Approval)
        }
        Code::PeriodClosed => Some(About::ClosedPeriod),
        _ if cause.state == InboxState::Drift => Some(About::Drift),
        _ => Some(About::Held),
    }
}

const fn is_authentication(code: Code) -> bool {
    matches!(
        code,
        Code::SourceCredentials
            | Code::SourcePermission
            | Code::SenderRefused
            | Code::SenderNotAuthorised
            | Code::LoginRefused
            | Code::WebServicesOff
            | Code::LedgerPermission
            | Code::SecretMissing
            | Code::MasterKeyMissing
    )
}

/// A cause in words. Its value stands there only where it names no person.
fn title(cause: &Cause) -> String {
    let personal = cause.value.contains('@');
    if cause.value.is_empty() || personal {
        return cause.code.title().to_owned();
    }
    let shown: String = cause.value.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("{}: {shown}", cause.code.title())
}

fn money(money: &BTreeMap<String, i64>) -> String {
    let amount = |(code, minor): (&String, &i64)| match Currency::parse(code) {
        Ok(currency) => Amount::new(*minor, currency).to_string(),
        Err(_) => format!("{minor} {code}"),
    };
    let amounts: Vec<String> = money.iter().map(amount).collect();
    if amounts.is_empty() { "none".to_owned() } else { amounts.join(", ") }
}
