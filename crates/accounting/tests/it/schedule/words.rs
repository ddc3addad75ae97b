//! One spelling for each schedule, a sentence for people, and errors that name the place and the remedy.

use accounting::Cadence;
use proptest::prelude::*;

use super::{cadence, local};

#[test]
fn schedules_are_read_printed_and_told() {
    let rows = [
        ("every 15 minutes", "every 15 minutes", "Every 15 minutes"),
        ("Every  Minute", "every minute", "Every minute"),
        ("every 90 minutes", "every 90 minutes", "Every 90 minutes"),
        ("every 1 hour", "every hour", "Every hour"),
        ("every 120 minutes", "every 2 hours", "Every 2 hours"),
        ("every 24 hours", "every 24 hours", "Every 24 hours"),
        ("hourly", "hourly", "Every hour, on the hour"),
        ("hourly at :00", "hourly", "Every hour, on the hour"),
        (" hourly at :05 ", "hourly at :05", "Every hour at :05"),
        ("daily at 05:00", "daily at 05:00", "Every day at 05:00"),
        ("every day at 23:59", "daily at 23:59", "Every day at 23:59"),
        ("weekdays at 07:00", "weekdays at 07:00", "Monday to Friday at 07:00"),
        ("every weekday at 07:00", "weekdays at 07:00", "Monday to Friday at 07:00"),
        ("weekly on Monday at 07:00", "weekly on monday at 07:00", "Every Monday at 07:00"),
        (
            "weekly on sun, thu and mon at 07:00",
            "weekly on monday, thursday and sunday at 07:00",
            "Every Monday, Thursday and Sunday at 07:00",
        ),
        ("monthly on day 5 at 06:00", "fifth day of the month at 06:00", "On the fifth day of every month at 06:00"),
        ("day 22 of the month at 06:00", "22nd day of the month at 06:00", "On the 22nd day of every month at 06:00"),
        ("monthly on the 11th at 06:00", "11th day of the month at 06:00", "On the 11th day of every month at 06:00"),
        (
            "monthly on the last day at 18:00",
            "last day of the month at 18:00",
            "On the last day of every month at 18:00",
        ),
        (
            "last weekday of the month at 18:00",
            "last weekday of the month at 18:00",
            "On the last weekday of every month at 18:00",
        ),
        (
            "first weekday of the month at 06:00",
            "first weekday of the month at 06:00",
            "On the first weekday of every month at 06:00",
        ),
        (
            "3rd weekday of the month at 06:00",
            "third weekday of the month at 06:00",
            "On the third weekday of every month at 06:00",
        ),
        (
            "3 days after month end at 06:00",
            "3 days after month end at 06:00",
            "3 days after the end of every month, on the 3rd, at 06:00",
        ),
        (
            "1 day after month end at 06:00",
            "1 day after month end at 06:00",
            "1 day after the end of every month, on the 1st, at 06:00",
        ),
        (
            "second weekday after month end at 06:30",
            "2 weekdays after month end at 06:30",
            "2 weekdays after the end of every month at 06:30",
        ),
        ("*/15 * * * *", "*/15 * * * *", "Every day, every 15 minutes"),
        ("0,15,30,45 * * * *", "*/15 * * * *", "Every day, every 15 minutes"),
        ("* * * * *", "* * * * *", "Every day, every minute"),
        ("0 5 * * *", "0 5 * * *", "Every day at 05:00"),
        ("0 4,16 * * MON-fri", "0 4,16 * * MON-FRI", "Monday to Friday at 04:00 and 16:00"),
        ("30 23 * * 7", "30 23 * * SUN", "Sunday at 23:30"),
        ("7 * * * *", "7 * * * *", "Every day, at :07 of every hour"),
        (
            "5-55/10 8-18 * * MON-FRI",
            "5-55/10 8-18 * * MON-FRI",
            "Monday to Friday, at :05, :15, :25, :35, :45 and :55 of the hours 8-18",
        ),
        ("*/10 8-18 * * *", "*/10 8-18 * * *", "Every day, every 10 minutes of the hours 8-18"),
        ("0 4 1,15 jan-JUN *", "0 4 1,15 JAN-JUN *", "On day 1, 15 of the month in JAN-JUN at 04:00"),
        ("0 6 13 * FRI", "0 6 13 * FRI", "On day 13 of the month, and every Friday, at 06:00"),
        ("0 6 */2 * FRI", "0 6 */2 * FRI", "On day 1-31/2 of the month where it is Friday, at 06:00"),
        ("0 6 1-31 * FRI", "0 6 1-31 * FRI", "On day 1-31 of the month, and every Friday, at 06:00"),
        ("0 0 29 2 *", "0 0 29 FEB *", "On day 29 of the month in FEB at 00:00"),
    ];
    for (text, canonical, told) in rows {
        let cadence = cadence(text);
        assert_eq!(cadence.to_string(), canonical, "{text}");
        assert_eq!(cadence.describe(), told, "{text}");
        assert_eq!(Cadence::parse(canonical).as_ref(), Ok(&cadence), "{canonical}");
    }
}

#[test]
fn mistakes_name_their_place_and_what_to_write() {
    // What is meant stands between the marks.
    let rows = [
        ("[hourley]", "\"hourley\" is no schedule"),
        ("[05:00]", "\"05:00\" is no schedule"),
        ("every [0] minutes", "a schedule of \"every\" takes a whole number above zero"),
        ("every [-5] minutes", "a schedule of \"every\" takes a whole number above zero"),
        ("every [2.5] hours", "a schedule of \"every\" takes a whole number above zero"),
        ("every [25] hours", "the longest interval is a day"),
        ("every 15 minutes [at 05:00]", "\"every\" goes by elapsed time and has no time of the day"),
        ("hourly at [30]", "an hourly schedule takes a minute"),
        ("hourly at [:60]", "an hourly schedule takes a minute"),
        ("[daily]", "the schedule has no time of the day"),
        ("daily at [7:00]", "\"7:00\" is no time"),
        ("daily at [24:00]", "\"24:00\" is no time"),
        ("daily at [05:00 and 17:00]", "\"05:00 and 17:00\" is no time"),
        ("weekly on [moonday] at 07:00", "\"moonday\" is no day of the week"),
        ("[weekly on at 07:00]", "the schedule names no day of the week"),
        ("monthly on day [31] at 06:00", "not every month has a day 31"),
        ("[29th] day of the month at 06:00", "not every month has a day 29"),
        ("[22th] day of the month at 06:00", "\"22th\" is no number of a day of the month"),
        ("[0] days after month end at 06:00", "\"0\" is no number of a day of the month"),
        ("[21st] weekday of the month at 06:00", "not every month has 21 weekdays"),
        ("[*/15 * * *]", "a cron expression has five fields, \"*/15 * * *\" has 4"),
        ("[0 0 5 * * *]", "a cron expression has five fields, \"0 0 5 * * *\" has 6"),
        ("0 5,[24] * * *", "\"24\" is no hour of a cron expression"),
        ("[5/15] * * * *", "\"5/15\" is no minute of a cron expression"),
        ("[*/0] * * * *", "\"*/0\" is no minute of a cron expression"),
        ("0 0 * * [FRI-MON]", "\"FRI-MON\" is no day of the week of a cron expression"),
        ("0 0 * [0] *", "\"0\" is no month of a cron expression"),
        ("0 0 * * 1[]", "\"\" is no day of the week of a cron expression"),
        ("0 0 [L] * *", "\"L\" is no day of the month of a cron expression"),
        ("0 6 [30 2] *", "\"0 6 30 2 *\" never fires: none of its months has such a day"),
        ("0 6 [31 4,6,9,11] *", "\"0 6 31 4,6,9,11 *\" never fires: none of its months has such a day"),
    ];
    for (marked, message) in rows {
        let start = marked.find('[').unwrap();
        let mut text = marked.replace(['[', ']'], "");
        let end = marked.find(']').unwrap() - 1;
        if marked == "0 0 * * 1[]" {
            text.push(',');
        }
        let error = Cadence::parse(&text).expect_err(&text);
        assert_eq!(error.message, message, "{text}");
        assert!(!error.remedy.is_empty(), "{text}");
        let place = if marked.ends_with("[]") { text.len()..text.len() } else { start..end };
        assert_eq!(error.span, place, "{text}");
    }
    // An unreachable day of the month does not matter where the day of the week is enough.
    assert!(Cadence::parse("0 6 30 2 MON").is_ok());
    let long = "x".repeat(100_000);
    assert!(Cadence::parse(&long).expect_err("too long").message.len() < 100);
}

#[test]
fn schedules_fire_when_they_say() {
    // 31 July 2026 is a Friday.
    let cases: &[(&str, &[&str])] = &[
        ("every 90 minutes", &["Fri 2026-07-31 10:30 +00:00", "Fri 2026-07-31 12:00 +00:00"]),
        ("hourly at :30", &["Fri 2026-07-31 10:30 +00:00", "Fri 2026-07-31 11:30 +00:00"]),
        ("daily at 10:00", &["Sat 2026-08-01 10:00 +00:00", "Sun 2026-08-02 10:00 +00:00"]),
        ("daily at 10:01", &["Fri 2026-07-31 10:01 +00:00", "Sat 2026-08-01 10:01 +00:00"]),
        ("weekdays at 07:00", &["Mon 2026-08-03 07:00 +00:00", "Tue 2026-08-04 07:00 +00:00"]),
        ("weekly on friday at 07:00", &["Fri 2026-08-07 07:00 +00:00", "Fri 2026-08-14 07:00 +00:00"]),
        ("last day of the month at 18:00", &["Fri 2026-07-31 18:00 +00:00", "Mon 2026-08-31 18:00 +00:00"]),
        (
            "last weekday of the month at 18:00",
            &[
                "Fri 2026-07-31 18:00 +00:00",
                "Mon 2026-08-31 18:00 +00:00",
                "Wed 2026-09-30 18:00 +00:00",
                "Fri 2026-10-30 18:00 +00:00",
            ],
        ),
        ("first weekday of the month at 06:00", &["Mon 2026-08-03 06:00 +00:00", "Tue 2026-09-01 06:00 +00:00"]),
        ("20th weekday of the month at 06:00", &["Fri 2026-08-28 06:00 +00:00", "Mon 2026-09-28 06:00 +00:00"]),
        ("3 days after month end at 06:00", &["Mon 2026-08-03 06:00 +00:00", "Thu 2026-09-03 06:00 +00:00"]),
        ("2 weekdays after month end at 06:00", &["Tue 2026-08-04 06:00 +00:00", "Wed 2026-09-02 06:00 +00:00"]),
        (
            "0 6 13 * FRI",
            &["Fri 2026-08-07 06:00 +00:00", "Thu 2026-08-13 06:00 +00:00", "Fri 2026-08-14 06:00 +00:00"],
        ),
        ("0 6 */12 * FRI", &["Fri 2026-09-25 06:00 +00:00", "Fri 2026-11-13 06:00 +00:00"]),
        ("0 0 29 2 *", &["Tue 2028-02-29 00:00 +00:00", "Sun 2032-02-29 00:00 +00:00"]),
        ("0 0 29 2 */7", &["Sun 2032-02-29 00:00 +00:00", "Sun 2060-02-29 00:00 +00:00"]),
        ("59 23 31 12 *", &["Thu 2026-12-31 23:59 +00:00", "Fri 2027-12-31 23:59 +00:00"]),
    ];
    for (text, expected) in cases {
        assert_eq!(local(text, "UTC", "2026-07-31T10:00:00Z", expected.len()), *expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}") {
        if let Err(error) = Cadence::parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn the_one_spelling_of_a_cron_expression_reads_back(
        fields in prop::collection::vec("(\\*|[0-9]{1,2}(-[0-9]{1,2}(/[1-9])?)?)(,[0-9]{1,2})?(,\\*/[1-9][0-9]?)?|\\*/[1-9]", 5)
    ) {
        if let Ok(cadence) = Cadence::parse(&fields.join(" ")) {
            prop_assert_eq!(Cadence::parse(&cadence.to_string()), Ok(cadence.clone()), "{}", cadence);
            prop_assert!(!cadence.describe().is_empty());
        }
    }
}
