//! How many customers a polling interval can carry within the vendor's limits and the flows worked on at once, and
//! whether what is scheduled fits into that.

use accounting::Code;

use super::Doctor;
use super::findings::Findings;
use super::flows::Demand;
use crate::store::Store;
use crate::work::WorkError;

/// Requests that a poll without news costs at least: an export and its download.
const REQUESTS_A_POLL: u64 = 2;
/// Intervals that people choose, in minutes.
const INTERVALS: [u64; 4] = [5, 15, 60, 240];
/// A pass of which nothing is known yet, in milliseconds (assumed).
const UNMEASURED_MS: u64 = 2_000;
/// Passes that are looked at.
const MEASURED: usize = 200;

pub(super) async fn examine(doctor: &Doctor<'_>, store: &Store, demand: &Demand, findings: &mut Findings) {
    let settings = doctor.settings;
    let measured = match measured_ms(store).await {
        Ok(measured) => measured,
        Err(error) => return findings.failed("limits", "passes", error),
    };
    let pass_ms = measured.unwrap_or(UNMEASURED_MS).max(1);
    let told = match measured {
        Some(ms) => format!("half of the last passes that did something took no longer than {ms} ms"),
        None => format!("no pass was measured yet; {UNMEASURED_MS} ms are assumed"),
    };
    findings.good("limits", "time of a pass", told);
    let requests = u64::from(settings.expensify.requests_in_60_seconds);
    let by_address = !settings.expensify.outgoing_address.is_empty() && requests > 0;
    let at_once = u64::from(settings.service.flows_at_once);
    let carried = INTERVALS.map(|minutes| {
        let by_work = at_once.saturating_mul(minutes * 60_000) / pass_ms;
        let by_limit = if by_address { requests * minutes / REQUESTS_A_POLL } else { u64::MAX };
        format!("{minutes} min: {}", by_work.min(by_limit))
    });
    let why = if by_address {
        format!("{requests} requests a minute from one address, {REQUESTS_A_POLL} a poll")
    } else {
        format!("{at_once} flows at once in one process; each customer has a limit of its own")
    };
    findings.good("limits", "customers that an interval carries", format!("{} ({why})", carried.join(", ")));
    fits(demand, requests, by_address, at_once, pass_ms, findings);
}

/// Whether the schedules ask for more than that.
fn fits(demand: &Demand, requests: u64, by_address: bool, at_once: u64, pass_ms: u64, findings: &mut Findings) {
    let limit_an_hour = requests.saturating_mul(60);
    let asked = |polls: &u64| polls.saturating_mul(REQUESTS_A_POLL);
    let all: u64 = demand.polls_an_hour.values().sum();
    let mut tight = Vec::new();
    let over = demand.polls_an_hour.values().filter(|polls| requests > 0 && asked(polls) > limit_an_hour).count();
    if over > 0 {
        tight.push(format!("{over} credentials are asked for more than {limit_an_hour} requests an hour"));
    }
    if by_address && asked(&all) > limit_an_hour {
        tight.push(format!("the address is asked for {} requests an hour and has {limit_an_hour}", asked(&all)));
    }
    let work_an_hour = at_once.saturating_mul(3_600_000) / pass_ms;
    if all > work_an_hour {
        tight.push(format!("{all} polls an hour are scheduled, one process makes {work_an_hour}"));
    }
    if tight.is_empty() {
        let detail = format!("{} flows poll {all} times an hour, which fits", demand.flows);
        findings.good("limits", "schedules", detail);
    } else {
        findings.look("limits", "schedules", tight.join("; "), Code::BudgetTooSmall);
    }
}

/// The median of the last passes that left a trace, in milliseconds.
async fn measured_ms(store: &Store) -> Result<Option<u64>, WorkError> {
    let mut took = Vec::new();
    for customer in store.customers().await? {
        let customer = store.customer(&customer.id).await?;
        for flow in customer.flows().await? {
            let passes = customer.passes(&flow.id, None, 20).await?;
            took.extend(passes.iter().map(|pass| pass.ended_ms.saturating_sub(pass.began_ms).max(0).unsigned_abs()));
            if took.len() >= MEASURED {
                break;
            }
        }
        if took.len() >= MEASURED {
            break;
        }
    }
    took.sort_unstable();
    Ok(took.get(took.len() / 2).copied())
}
