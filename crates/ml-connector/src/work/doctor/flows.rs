//! The flows: whether their documents are valid and their secrets can be read, which fail, and how often they poll with
//! which credential. With `online`, also what both vendors say to some of them.

use std::collections::BTreeMap;

use accounting::Code;

use super::findings::Findings;
use super::{Doctor, Verdict};
use crate::flow::{Flow, Source};
use crate::store::{CustomerStore, Store, StoredFlow};
use crate::work::WorkError;
use crate::work::pace::fingerprint;
use crate::work::ping::ping;
use crate::work::start::{Peek, credentials, identifier};

/// Findings of one kind that are shown; the others are counted.
const SHOWN: usize = 20;
/// Flows that are asked about at the vendors: each costs requests of somebody's budget.
const ASKED: usize = 10;
/// Passes in a row that failed.
const FAILURES: i64 = 3;
/// A replaced secret that is kept for longer than this, in milliseconds.
const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// Polls of a schedule that are looked at, to tell how often it polls.
const UPCOMING: usize = 25;

/// How much the flows ask of the source.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// Flows that poll.
    pub(super) flows: u64,
    /// Polls in an hour, by credential.
    pub(super) polls_an_hour: BTreeMap<String, u64>,
}

struct Seen {
    valid: u64,
    readable: u64,
    failing: Vec<(String, Code)>,
    old_secrets: u64,
    asked: usize,
}

pub(super) async fn examine(doctor: &Doctor<'_>, store: &Store, findings: &mut Findings) -> Demand {
    let mut demand = Demand::default();
    let mut seen = Seen { valid: 0, readable: 0, failing: Vec::new(), old_secrets: 0, asked: 0 };
    let customers = match store.customers().await {
        Ok(customers) => customers,
        Err(error) => {
            findings.failed("flows", "customers", error);
            return demand;
        }
    };
    let count = customers.len();
    for customer in customers {
        let looked = async {
            let door = store.customer(&customer.id).await?;
            seen.old_secrets += old_secrets(&door, doctor.clock.now_ms()).await?;
            for stored in door.flows().await? {
                flow(doctor, &door, &customer.name, stored, &mut seen, &mut demand, findings).await?;
            }
            Ok::<(), WorkError>(())
        };
        if let Err(error) = looked.await {
            findings.failed("flows", &format!("customer {}", customer.name), error);
        }
    }
    findings.good("flows", "documents", format!("{} flows of {count} customers are valid", seen.valid));
    findings.good("flows", "secrets", format!("those of {} flows can be read", seen.readable));
    let more = seen.failing.len().saturating_sub(SHOWN);
    for (detail, code) in seen.failing.into_iter().take(SHOWN) {
        findings.bad("flows", "flow", detail, code);
    }
    if more > 0 {
        findings.bad("flows", "flow", format!("{more} more are not right"), Code::FlowFailing);
    }
    if seen.old_secrets > 0 {
        let detail = format!("{} versions that were replaced more than a day ago", seen.old_secrets);
        findings.look("keys", "old secrets", detail, Code::OldSecretKept);
    } else {
        findings.good("keys", "old secrets", "none is kept");
    }
    work(doctor, store, findings).await;
    demand
}

async fn flow(
    doctor: &Doctor<'_>,
    customer: &CustomerStore,
    customer_name: &str,
    stored: StoredFlow,
    seen: &mut Seen,
    demand: &mut Demand,
    findings: &mut Findings,
) -> Result<(), WorkError> {
    let name = format!("{customer_name} / {}", stored.name);
    let flow = match Flow::parse(&stored.document, &stored.name, None) {
        Ok(flow) => flow.with_version(stored.version),
        Err(error) => {
            seen.failing.push((format!("{name}: {error}"), Code::FlowInvalid));
            return Ok(());
        }
    };
    seen.valid += 1;
    let times = customer.flow_times(&stored.id).await.ok();
    if let Some(times) = times.filter(|times| times.failures >= FAILURES) {
        seen.failing.push((format!("{name}: the last {} passes failed", times.failures), Code::FlowFailing));
    }
    // A flow without times is run by hand; nobody polls it.
    if times.is_some() {
        demand.flows += 1;
        let Source::Expensify(source) = &flow.source;
        if let Ok(id) = identifier(&source.partner_user_id, Some(customer)).await {
            *demand.polls_an_hour.entry(fingerprint(&id)).or_default() += polls_an_hour(doctor, &flow);
        }
    }
    match credentials(&flow, Some(customer)).await {
        Ok(_) => seen.readable += 1,
        Err(error) => {
            let problem = error.problem();
            seen.failing.push((format!("{name}: {}", problem.detail), problem.code));
            return Ok(());
        }
    }
    if doctor.online && seen.asked < ASKED {
        seen.asked += 1;
        let peek = Peek::of(flow, customer, doctor.settings, doctor.endpoints).await?;
        for check in ping(&peek).await {
            match (check.verdict, check.code) {
                (Verdict::Good, _) | (Verdict::Look, None) | (_, None) => {}
                (Verdict::Look, Some(code)) => {
                    findings.look(check.system, format!("{name}: {}", check.name), check.detail, code);
                }
                (_, Some(code)) => findings.bad(check.system, format!("{name}: {}", check.name), check.detail, code),
            }
        }
        findings.good("flows", "online", format!("both vendors were asked for {name}"));
    }
    Ok(())
}

/// As the schedule has it from now on.
fn polls_an_hour(doctor: &Doctor<'_>, flow: &Flow) -> u64 {
    let polls = flow.schedule.poll.upcoming(doctor.clock.now(), &flow.schedule.zone, UPCOMING);
    let (Some(first), Some(last)) = (polls.first(), polls.last()) else { return 0 };
    let span_ms = last.as_millisecond().saturating_sub(first.as_millisecond()).max(1).unsigned_abs();
    let gaps = u64::try_from(polls.len().saturating_sub(1)).unwrap_or(0);
    (gaps * 3_600_000).div_ceil(span_ms)
}

async fn old_secrets(customer: &CustomerStore, now_ms: i64) -> Result<u64, WorkError> {
    let secrets = customer.secrets().await?;
    let replaced = secrets.windows(2).filter(|pair| pair[0].name == pair[1].name);
    Ok(replaced.filter(|pair| now_ms.saturating_sub(pair[1].changed_ms) > DAY_MS).count() as u64)
}

async fn work(doctor: &Doctor<'_>, store: &Store, findings: &mut Findings) {
    match store.due_flows(doctor.clock.now_ms()).await {
        Ok((due, oldest_ms)) if oldest_ms > 15 * 60_000 && due > 0 => {
            let detail = format!("{due} flows are due, the oldest for {} minutes", oldest_ms / 60_000);
            findings.bad("work", "what is due", detail, Code::WorkBehind);
        }
        Ok((due, _)) => findings.good("work", "what is due", format!("{due} flows wait for a worker")),
        Err(error) => findings.failed("work", "what is due", error),
    }
}
