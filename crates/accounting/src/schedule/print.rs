//! How a schedule is written: one spelling for each, and a sentence for people.

use std::fmt;
use std::str::FromStr;

use super::cadence::{ALL_HOURS, Cadence, Rule};
use super::cron::{Cron, CronDays, FIELDS, Field};
use super::days::Days;
use super::parse::{ORDINALS, ScheduleError, WEEK, suffixed};

/// Most single times of the day that a sentence lists.
const TIMES_MAX: u32 = 4;

impl FromStr for Cadence {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        Self::parse(text)
    }
}

impl fmt::Display for Cadence {
    /// The one spelling; it reads back as the same schedule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Every { minutes } => write!(f, "every {}", interval(*minutes)),
            Rule::Hourly { minute: 0 } => f.write_str("hourly"),
            Rule::Hourly { minute } => write!(f, "hourly at :{minute:02}"),
            Rule::At { days, time } => write!(f, "{} at {}", written(*days), hours_minutes(time.hour(), time.minute())),
            Rule::Cron(cron) => f.write_str(&expression(cron)),
        }
    }
}

impl Cadence {
    /// The schedule as a sentence without its full stop, such as `On the first weekday of every month at 06:00`.
    pub fn describe(&self) -> String {
        match &self.0 {
            Rule::Every { minutes } => format!("Every {}", interval(*minutes)),
            Rule::Hourly { minute: 0 } => "Every hour, on the hour".to_owned(),
            Rule::Hourly { minute } => format!("Every hour at :{minute:02}"),
            Rule::At { days, time } => {
                format!("{} at {}", named_days(*days), hours_minutes(time.hour(), time.minute()))
            }
            Rule::Cron(cron) => sentence(cron),
        }
    }
}

fn interval(minutes: u16) -> String {
    match (minutes, minutes % 60) {
        (1, _) => "minute".to_owned(),
        (60, _) => "hour".to_owned(),
        (_, 0) => format!("{} hours", minutes / 60),
        _ => format!("{minutes} minutes"),
    }
}

fn hours_minutes(hour: i8, minute: i8) -> String {
    format!("{hour:02}:{minute:02}")
}

fn ordinal(number: u8) -> String {
    let named = usize::from(number).checked_sub(1).and_then(|at| ORDINALS.get(at));
    named.map_or_else(|| suffixed(number), |name| (*name).to_owned())
}

fn counted(number: u8, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn week_names(bits: u8) -> impl Iterator<Item = &'static str> {
    // Monday comes first, as people list them.
    (1..=7).map(|day| day % 7).filter(move |day| bits & (1 << day) != 0).filter_map(|day| WEEK.get(day).copied())
}

/// Everything before ` at `, as it is written.
fn written(days: Days) -> String {
    match days {
        // A cron expression has no words of its own; it is printed whole elsewhere.
        Days::Every | Days::Cron(_) => "daily".to_owned(),
        Days::Weekdays => "weekdays".to_owned(),
        Days::Week(bits) => {
            let names: Vec<String> = week_names(bits).map(str::to_owned).collect();
            format!("weekly on {}", listed(&names))
        }
        Days::OfMonth(number) => format!("{} day of the month", ordinal(number)),
        Days::LastOfMonth => "last day of the month".to_owned(),
        Days::WeekdayOfMonth(number) => format!("{} weekday of the month", ordinal(number)),
        Days::LastWeekdayOfMonth => "last weekday of the month".to_owned(),
        Days::AfterMonthEnd(number) => format!("{} after month end", counted(number, "day")),
        Days::WeekdaysAfterMonthEnd(number) => format!("{} after month end", counted(number, "weekday")),
    }
}

/// The days at the beginning of a sentence.
fn named_days(days: Days) -> String {
    match days {
        Days::Every => "Every day".to_owned(),
        Days::Weekdays => "Monday to Friday".to_owned(),
        Days::Week(bits) => format!("Every {}", listed(&week_names(bits).map(capital).collect::<Vec<_>>())),
        Days::OfMonth(number) => format!("On the {} day of every month", ordinal(number)),
        Days::LastOfMonth => "On the last day of every month".to_owned(),
        Days::WeekdayOfMonth(number) => format!("On the {} weekday of every month", ordinal(number)),
        Days::LastWeekdayOfMonth => "On the last weekday of every month".to_owned(),
        Days::AfterMonthEnd(number) => {
            format!("{} after the end of every month, on the {},", counted(number, "day"), suffixed(number))
        }
        Days::WeekdaysAfterMonthEnd(number) => format!("{} after the end of every month", counted(number, "weekday")),
        Days::Cron(days) => cron_days(&days),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The five fields in their one spelling.
fn expression(cron: &Cron) -> String {
    let [minute, hour, of_month, month, of_week] = &FIELDS;
    let days = &cron.days;
    let star = |step: u8| if step == 1 { "*".to_owned() } else { format!("*/{step}") };
    let of_month_text = || list(days.of_month.into(), of_month);
    let of_week_text = || list(days.of_week.into(), of_week);
    let fields = [
        field(cron.minutes, minute),
        field(cron.hours.into(), hour),
        days.of_month_step.map_or_else(of_month_text, star),
        field(days.months.into(), month),
        days.of_week_step.map_or_else(of_week_text, star),
    ];
    fields.join(" ")
}

fn values(bits: u64, field: &Field) -> Vec<u8> {
    (field.low..=field.high).filter(|value| bits & (1 << value) != 0).collect()
}

/// The distance between all values, where it is the same and there are two at least.
fn even_step(values: &[u8]) -> Option<u8> {
    let [first, second, ..] = values else { return None };
    let step = second - first;
    values.windows(2).all(|pair| matches!(pair, [left, right] if right - left == step)).then_some(step)
}

/// A set of numbers as a field in which `*` may stand.
fn field(bits: u64, field: &Field) -> String {
    let values = values(bits, field);
    match (even_step(&values), values.as_slice()) {
        (Some(step), [first, .., last]) if *first == field.low && last.saturating_add(step) > field.high => {
            if step == 1 { "*".to_owned() } else { format!("*/{step}") }
        }
        _ => list(bits, field),
    }
}

/// A set of numbers without `*`.
fn list(bits: u64, field: &Field) -> String {
    let values = values(bits, field);
    let name = |value: u8| {
        let named = field.names.get(usize::from(value - field.low));
        named.map_or_else(|| value.to_string(), |name| (*name).to_owned())
    };
    if let (Some(step @ 2..), [first, _, .., last]) = (even_step(&values), values.as_slice())
        && values.len() > 2
    {
        return format!("{}-{}/{step}", name(*first), name(*last));
    }
    let runs = values.chunk_by(|left, right| right - left == 1).map(|run| match run {
        [first, _, .., last] if run.len() > 2 => format!("{}-{}", name(*first), name(*last)),
        few => few.iter().map(|value| name(*value)).collect::<Vec<_>>().join(","),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// A cron expression in words.
fn sentence(cron: &Cron) -> String {
    let [minute, hour, ..] = &FIELDS;
    let (minutes, hours) = (values(cron.minutes, minute), values(cron.hours.into(), hour));
    let days = cron_days(&cron.days);
    let every = || match even_step(&minutes) {
        Some(step) if minutes.first() == Some(&0) && 60 % step == 0 && minutes.len() == usize::from(60 / step) => {
            if step == 1 {
                "every minute".to_owned()
            } else {
                format!("every {step} minutes")
            }
        }
        _ => format!("at {}", listed(&minutes.iter().map(|minute| format!(":{minute:02}")).collect::<Vec<_>>())),
    };
    let few = cron.minutes.count_ones() * cron.hours.count_ones() <= TIMES_MAX;
    if few {
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
        return format!("{days} at {}", listed(&times.collect::<Vec<_>>()));
    }
    let of_hours = if cron.hours == ALL_HOURS {
        if cron.minutes.count_ones() == 60 { String::new() } else { " of every hour".to_owned() }
    } else {
        format!(" of the hours {}", list(cron.hours.into(), hour))
    };
    let minutes = every();
    if minutes.starts_with("every") && cron.hours == ALL_HOURS {
        return format!("{days}, {minutes}");
    }
    format!("{days}, {minutes}{of_hours}")
}

/// The days of a cron expression, at the beginning of a sentence.
fn cron_days(days: &CronDays) -> String {
    let [_, _, of_month, month, of_week] = &FIELDS;
    let all_days = days.of_month_step == Some(1);
    let of_month = format!("day {} of the month", list(days.of_month.into(), of_month).replace(',', ", "));
    let of_week = match days.of_week {
        0b011_1110 => "Monday to Friday".to_owned(),
        bits => {
            let named = week_names(bits).map(capital).collect::<Vec<_>>();
            debug_assert!(!named.is_empty() && of_week.names.len() == 7, "a field is never empty");
            listed(&named)
        }
    };
    let named = match (all_days, days.of_week_step == Some(1)) {
        (true, true) => "Every day".to_owned(),
        (true, false) => of_week,
        (false, true) => format!("On {of_month}"),
        (false, false) if days.of_month_step.is_none() && days.of_week_step.is_none() => {
            format!("On {of_month}, and every {of_week},")
        }
        (false, false) => format!("On {of_month} where it is {of_week},"),
    };
    if days.months == 0b1_1111_1111_1110 {
        return named;
    }
    format!("{} in {}", named.trim_end_matches(','), list(days.months.into(), month).replace(',', ", "))
}
