//! Shows what a run would post, without posting: the same reading, the same translation, the same bytes. Reads only;
//! nothing is kept.

use accounting::translate::{Setting, Translator};
use accounting::{ExpenseReport, Problem, Translation};
use sha2::{Digest, Sha256};

use super::WorkError;
use super::start::Peek;
use crate::systems::{Arrival, Arrivals, Destination, Fault, Source, Wanted};

/// A report as it would be posted.
#[derive(Debug)]
pub struct Preview {
    /// The report.
    pub report: ExpenseReport,
    /// What becomes of it.
    pub translation: Translation,
    /// Hash of the bytes of each entry, in order; a text where they cannot be written.
    pub sha256: Vec<Result<[u8; 32], Problem>>,
}

/// Reads reports and hands each to `show` as it would be posted: one by its id, or all that the flow takes.
///
/// # Errors
/// The fault that ended the reading.
pub async fn preview(
    peek: &Peek,
    report: Option<&str>,
    mut show: impl FnMut(Preview),
    mut unreadable: impl FnMut(Option<String>, Problem),
) -> Result<u64, WorkError> {
    let chart = peek.destination.read_chart().await?;
    let translator = Translator::new(&peek.flow.mapping, &chart);
    let setting = Setting {
        today: peek.clock.today(),
        company: peek.destination.company().to_owned(),
        generation: 0,
        run: "preview".to_owned(),
    };
    let selection = &peek.flow.mapping.selection;
    let wanted = match report {
        Some(id) => Wanted::Reports(vec![id.to_owned()]),
        None => Wanted::Period {
            from: selection.cut_over,
            to: setting.today,
            states: {
                let states: std::collections::BTreeSet<_> = selection.states.values().flatten().copied().collect();
                states.into_iter().collect()
            },
            policies: selection.policies.iter().flatten().cloned().collect(),
        },
    };
    let mut arrivals = peek.source.read(&wanted);
    let mut count = 0;
    while let Some(arrival) = arrivals.next().await.map_err(|fault: Fault| WorkError::Fault(fault))? {
        match arrival {
            Arrival::Report(incoming) => {
                count += 1;
                let translation = translator.translate(&incoming.report, &setting);
                let sha256 = match &translation {
                    Translation::Ready(plan) => plan
                        .entries
                        .iter()
                        .map(|planned| peek.destination.render(planned).map(|bytes| Sha256::digest(&bytes).into()))
                        .collect(),
                    _ => Vec::new(),
                };
                show(Preview { report: incoming.report, translation, sha256 });
            }
            Arrival::Unreadable { report, problem } => unreadable(report, problem),
        }
    }
    Ok(count)
}
