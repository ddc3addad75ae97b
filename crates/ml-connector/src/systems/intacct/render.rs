//! An entry of the core as the gateway's `create GLBATCH`: the exact bytes that are frozen, hashed and sent. It must
//! stay pure: the same entry gives the same bytes.

use accounting::translate::PlannedEntry;
use accounting::{Code, Dimension, Direction, EntryState, Line, Problem};
use intacct::{Amount, BatchState, GlBatch, GlEntry, TrType};

/// The bytes of an entry.
///
/// # Errors
/// [`Code::ReportUnreadable`] where a text or an amount cannot be written.
pub fn render(planned: &PlannedEntry) -> Result<Vec<u8>, Problem> {
    let header = planned.entry.header();
    let mut batch = GlBatch::new(header.journal.clone(), header.date, header.title.clone());
    batch.reference_no = Some(planned.reference.as_str().to_owned());
    batch.state = Some(match header.state {
        EntryState::Posted => BatchState::Posted,
        EntryState::Draft => BatchState::Draft,
    });
    batch.entries = planned.entry.lines().iter().map(gl_entry).collect();
    intacct::render_gl_batch(&batch).map_err(|error| Problem::of_report(Code::ReportUnreadable, "", error.to_string()))
}

fn gl_entry(line: &Line) -> GlEntry {
    let tr_type = match line.direction {
        Direction::Debit => TrType::Debit,
        Direction::Credit => TrType::Credit,
    };
    let amount = Amount { minor: line.amount.minor, exponent: line.amount.currency.exponent() };
    let mut entry = GlEntry::new(line.account.clone(), tr_type, amount);
    entry.description = Some(line.memo.clone());
    entry.document = Some(line.document.clone());
    for (dimension, value) in &line.dimensions {
        let value = value.clone();
        match dimension {
            Dimension::Department => entry.department = Some(value),
            Dimension::Location => entry.location = Some(value),
            Dimension::Class => entry.class_id = Some(value),
            Dimension::Project => entry.project_id = Some(value),
            Dimension::Task => entry.task_id = Some(value),
            Dimension::CostType => entry.cost_type_id = Some(value),
            Dimension::Customer => entry.customer_id = Some(value),
            Dimension::Vendor => entry.vendor_id = Some(value),
            Dimension::Employee => entry.employee_id = Some(value),
            Dimension::Item => entry.item_id = Some(value),
            Dimension::Contract => entry.contract_id = Some(value),
            Dimension::Warehouse => entry.warehouse_id = Some(value),
            Dimension::UserDefined(name) => entry.user_defined.push((format!("GLDIM{name}"), value)),
        }
    }
    entry
}
