//! The database, the keys that it needs, and the audit in it.

use accounting::Code;

use super::Doctor;
use super::findings::Findings;
use crate::store::{Access, Condition, DataKeys, Ids, Place, Store, StoreError};
use crate::work::master_key::master_keys;
use crate::work::start::place;

/// Clocks further apart than this are a problem, in milliseconds.
const APART_MS: i64 = 60_000;

/// Opens the database for reading, with the master key if it fits. What stands in the way is a finding.
pub(super) async fn open(doctor: &Doctor<'_>, findings: &mut Findings) -> Option<Store> {
    let place = match place(doctor.settings) {
        Ok(place) => place,
        Err(error) => {
            findings.failed("database", "address", error);
            return None;
        }
    };
    if !place.may_exist() {
        findings.unknown("database", "address", format!("{place} does not exist yet; the first start makes it"));
        return None;
    }
    match place.schema().await {
        Err(error) => findings.failed("database", "address", error),
        Ok(state) if state.found > state.known => {
            let error = StoreError::SchemaNewer { found: state.found, known: state.known };
            findings.failed("database", "schema", error);
        }
        Ok(state) if !state.pending.is_empty() => {
            let detail = format!("{} of {}", state.found, state.known);
            findings.look("database", "schema", detail, Code::SchemaPending);
        }
        Ok(state) => {
            findings.good("database", "schema", state.found.to_string());
            return open_fitting(doctor, &place, findings).await;
        }
    }
    None
}

async fn open_fitting(doctor: &Doctor<'_>, place: &Place, findings: &mut Findings) -> Option<Store> {
    let key = master_keys(doctor.settings).unwrap_or_else(|error| {
        findings.failed("keys", "master key", error);
        None
    });
    let at_ms = doctor.clock.now_ms();
    let opened = match Store::open(place.clone(), Access::Read, key, Ids::system(), at_ms).await {
        Err(error @ StoreError::MasterKeyWrong { .. }) => {
            findings.failed("keys", "master key", error);
            Store::open(place.clone(), Access::Read, None, Ids::system(), at_ms).await
        }
        opened => opened,
    };
    opened.map_err(|error| findings.failed("database", "opening", error)).ok()
}

/// Its condition, its keys and its audit.
pub(super) async fn examine(doctor: &Doctor<'_>, store: &Store, findings: &mut Findings) {
    let before_ms = doctor.clock.now_ms();
    match store.condition().await {
        Ok(condition) => self::condition(&condition, before_ms, doctor.clock.now_ms(), findings),
        Err(error) => findings.failed("database", "condition", error),
    }
    if doctor.thorough {
        match store.check_integrity().await {
            Ok(()) => findings.good("database", "integrity", "every page, index and reference is whole"),
            Err(error) => findings.failed("database", "integrity", error),
        }
    } else {
        findings.good("database", "integrity", "the quick check at opening found nothing; --thorough reads everything");
    }
    match store.restored(doctor.clock.now_ms()).await {
        Ok(None) => findings.good("database", "installation", format!("{}, not restored", store.installation().id)),
        Ok(Some(_)) => {
            let detail = "it was restored, and flows are still reading the ledger for what was posted since";
            findings.look("database", "installation", detail, Code::DatabaseRestored);
        }
        Err(error) => findings.failed("database", "installation", error),
    }
    keys(store, findings).await;
    audit(doctor, store, findings).await;
}

fn condition(condition: &Condition, before_ms: i64, after_ms: i64, findings: &mut Findings) {
    let size = condition.size_bytes / 1_024 / 1_024;
    findings.good("database", "engine", format!("{}, {size} MiB", condition.engine));
    let settings = condition.settings.iter().map(|(name, value)| format!("{name} {value}"));
    let settings = settings.collect::<Vec<_>>().join(", ");
    if condition.weak.is_empty() {
        findings.good("database", "durability", settings);
    } else {
        findings.bad("database", "durability", condition.weak.join(", "), Code::DurabilityWeak);
    }
    let Some(role) = &condition.role else { return };
    findings.good("database", "role", format!("{role} is no superuser and does not bypass row security"));
    if condition.unbound.is_empty() {
        findings.good("database", "row security", "every table of customers' data is bound");
    } else {
        findings.bad("database", "row security", condition.unbound.join(", "), Code::RowSecurityOff);
    }
    if condition.tells_identity {
        findings.good("database", "restores", "the server tells who it is, so a restore is noticed");
    } else {
        findings.look("database", "restores", "the server does not tell who it is", Code::RestoreUnnoticed);
    }
    if let Some((taken, most)) = condition.connections {
        let detail = format!("{taken} of {most} are taken");
        if taken.saturating_mul(10) >= most.saturating_mul(9) {
            findings.look("database", "connections", detail, Code::DatabaseCrowded);
        } else {
            findings.good("database", "connections", detail);
        }
    }
    if let Some(time_ms) = condition.time_ms {
        // How far the server's time lies outside of the stretch in which it was asked.
        let apart_ms = (before_ms - time_ms).max(time_ms - after_ms).max(0);
        let detail = format!("{} seconds apart", apart_ms / 1_000);
        if apart_ms > APART_MS {
            findings.bad("database", "clock", detail, Code::ClockOfDatabase);
        } else {
            findings.good("database", "clock", detail);
        }
    }
}

async fn keys(store: &Store, findings: &mut Findings) {
    if let Err(error) = store.require_master_key().await {
        findings.failed("keys", "master key", error);
        return;
    }
    match store.data_keys().await {
        Ok(DataKeys { under_master, under_others: 0, under_none: 0 }) => {
            findings.good("keys", "master key", format!("opens the data keys of {under_master} customers"));
        }
        Ok(DataKeys { under_master, under_others, under_none: 0 }) => {
            let detail = format!("{under_master} data keys lie under the master key, {under_others} under another one");
            findings.look("keys", "master key", detail, Code::KeysMixed);
        }
        // Told already, when the key did not open the database; or there is none, and nothing sealed.
        Ok(_) => {}
        Err(error) => findings.failed("keys", "master key", error),
    }
}

async fn audit(doctor: &Doctor<'_>, store: &Store, findings: &mut Findings) {
    let chains = match store.audit_chains().await {
        Ok(chains) => chains,
        Err(error) => return findings.failed("audit", "chains", error),
    };
    let (mut whole, mut entries) = (0, 0);
    for chain in chains {
        match chain.verify_audit(doctor.thorough).await {
            Ok(verified) => {
                whole += 1;
                entries += verified.entries;
            }
            Err(error) => findings.failed("audit", "chains", error),
        }
    }
    let since = if doctor.thorough { "from their start" } else { "since the last start; --thorough reads all" };
    findings.good("audit", "chains", format!("{whole} hold together: {entries} entries, {since}"));
}
