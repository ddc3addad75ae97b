//! `[schedule]`: zone, schedules, blackouts and freezes. What a schedule means stands in `accounting::schedule`; here it
//! is read, and what is wrong with it is shown where it stands.

use accounting::Cadence;
use accounting::schedule::{Blackout, Freeze, ScheduleError, always_closed};
use jiff::tz::TimeZone;

use crate::flow::document::quoted;
use crate::flow::nearest::nearest;
use crate::flow::reader::{Item, Section, Text};
use crate::flow::settings::Schedule;

/// Most blackouts, and most freezes.
const CLOSED_MAX: usize = 400;

pub(super) fn read(section: &Section<'_>) -> Option<Schedule> {
    let zone = zone(section);
    let [poll, refresh, sweep, reconcile] = ["poll", "refresh", "sweep", "reconcile"].map(|key| cadence(section, key));
    let blackout = blackouts(section);
    let freeze = freezes(section);
    let chart_max_age_hours = section.get("chart_max_age_hours").map_or(Some(24), |item| item.integer(1..721));
    let (time_zone, zone) = zone?;
    Some(Schedule {
        time_zone,
        zone,
        poll: poll?,
        refresh: refresh?,
        sweep: sweep?,
        reconcile: reconcile?,
        blackout,
        freeze,
        chart_max_age_hours: chart_max_age_hours?,
    })
}

/// The schedule at `key`, or its default.
pub(super) fn cadence(section: &Section<'_>, key: &str) -> Option<Cadence> {
    match section.get(key) {
        None => Cadence::parse(section.default_text(key)).ok(),
        Some(item) => parsed(&item.text()?, Cadence::parse),
    }
}

fn parsed<T>(text: &Text<'_>, parse: fn(&str) -> Result<T, ScheduleError>) -> Option<T> {
    parse(text.value).map_err(|error| text.part(error.span).refuse(error.message, error.remedy)).ok()
}

fn zone(section: &Section<'_>) -> Option<(String, TimeZone)> {
    let Some(item) = section.get("time_zone") else {
        let default = section.default_text("time_zone");
        return Some((default.to_owned(), TimeZone::get(default).ok()?));
    };
    let text = item.text()?;
    let name = text.trimmed();
    if let Ok(zone) = TimeZone::get(&name) {
        return Some((name, zone));
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let hint = nearest(&name, known.iter().map(String::as_str)).map(|near| format!("did you mean \"{near}\"? "));
    text.at.refuse(
        format!("{} is no IANA time zone", quoted(text.value)),
        format!("{}write it like \"America/New_York\" or \"UTC\"", hint.unwrap_or_default()),
    );
    None
}

fn blackouts(section: &Section<'_>) -> Vec<Blackout> {
    let Some(item) = section.get("blackout") else { return Vec::new() };
    let blackouts = each(&item, &item.list().unwrap_or_default(), Blackout::parse);
    if always_closed(&blackouts) {
        item.at.refuse("these hours together are the whole day, so nothing would ever be posted", "leave an hour open");
    }
    blackouts
}

/// One freeze, or a list of them.
fn freezes(section: &Section<'_>) -> Vec<Freeze> {
    let Some(item) = section.get("freeze") else { return Vec::new() };
    if item.value.is_str() {
        return item.text().and_then(|text| parsed(&text, Freeze::parse)).into_iter().collect();
    }
    each(&item, &item.list().unwrap_or_default(), Freeze::parse)
}

fn each<T>(whole: &Item<'_>, items: &[Item<'_>], parse: fn(&str) -> Result<T, ScheduleError>) -> Vec<T> {
    if items.len() > CLOSED_MAX {
        whole.at.refuse(format!("`{}` has more than {CLOSED_MAX} entries", whole.at.path), "write spans of days");
        return Vec::new();
    }
    items.iter().filter_map(Item::text).filter_map(|text| parsed(&text, parse)).collect()
}
