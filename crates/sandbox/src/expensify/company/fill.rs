//! A whole report from its head: people, title, fields, history, expenses.
//!
//! Pure: the same head and seed give the same report.

use super::dice::Dice;
use super::heads::Flaw;
use super::ids::Ids;
use super::report::{Action, Head, Report, State};
use super::{expenses, texts};
use crate::world::{EMPLOYEES, LOCATIONS, employee};

const SALT: u64 = 0x5245_504F;

/// The report of `head`; `count` expenses in scale mode.
pub fn generate(seed: u64, head: Head, flaw: Option<Flaw>, count: Option<usize>) -> Report {
    let n = head.number;
    let mut dice = Dice::new(seed, u64::from(n), SALT);
    let submitter = employee(head.submitter);
    let manager = employee(head.submitter + 1 + dice.index(EMPLOYEES - 2));
    let name = if count.is_none() && dice.percent(8) {
        (*dice.pick(texts::AWKWARD_NAMES)).to_string()
    } else {
        format!("{} {}", dice.pick(texts::REPORT_NAMES).replace("{}", submitter.first), head.created.strftime("%m/%Y"))
    };
    let ids = Ids::new(seed);
    let office = LOCATIONS.iter().find(|(id, ..)| *id == submitter.location).map_or("", |(_, name, ..)| *name);
    let fields =
        vec![("Office", office.to_string()), ("Trip purpose / client?", (*dice.pick(texts::PURPOSES)).to_string())];
    let expenses = expenses::generate(seed, &head, &submitter, flaw, count);
    let entry_id = (head.state == State::Reimbursed).then(|| 60_000_000 + u64::from(n));
    let history = history(&head, &submitter.email, &manager.email);
    let (id, old_id) = (ids.report_id(n), ids.old_report_id(n));
    Report { head, id, old_id, name, submitter, manager, fields, entry_id, history, expenses }
}

fn history(head: &Head, submitter: &str, manager: &str) -> Vec<Action> {
    let steps = [
        (head.submitted, submitter, "SUBMITTED", "submitted this report"),
        (head.approved, manager, "APPROVED", "approved this report"),
        (head.reimbursed, manager, "REIMBURSED", "paid this report"),
    ];
    let mut history = vec![Action {
        email: submitter.into(),
        action: "CREATED",
        created: head.created,
        message: "began this report".into(),
    }];
    for (when, who, action, message) in steps {
        if let Some(created) = when {
            history.push(Action { email: who.into(), action, created, message: message.into() });
        }
    }
    history
}
