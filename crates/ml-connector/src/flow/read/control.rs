//! `[control]`: what a person must agree to, and what is watched. That somebody is there to agree is not checked here:
//! without an approver, what needs one waits.

use super::limit;
use crate::flow::reader::Section;
use crate::flow::settings::{Control, HandOver};

pub(super) fn read(section: &Section<'_>) -> Option<Control> {
    let flag = |key: &str, absent: bool| section.get(key).map_or(Some(absent), |item| item.boolean());
    let hand_over = section.word("hand_over", &[("ask", HandOver::Ask), ("off", HandOver::Off)]);
    let review_first = section.get("review_first").map_or(Some(10), |item| item.integer(0..10_001));
    let two_person = flag("two_person", false);
    // Zero is sound: every entry is above it.
    let approve_above = limit(section, "approve_above", 0);
    let ceiling_day = limit(section, "ceiling_day", 1);
    let auto_release = flag("auto_release", true);
    let watch_days = section.get("watch_days").map_or(Some(60), |item| item.integer(0..731));
    let silence_days = section.get("silence_days").map(|item| item.integer(1..367));
    Some(Control {
        hand_over,
        review_first: review_first?,
        two_person: two_person?,
        approve_above,
        ceiling_day,
        auto_release: auto_release?,
        watch_days: watch_days?,
        silence_days: silence_days.flatten(),
    })
}
