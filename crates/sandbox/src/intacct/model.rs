//! The gateway itself: takes a request and the time, gives the answer.
//!
//! It checks who asks, keeps the memory of control ids and rolls operations back; what a function does is in the
//! function's own file.

mod operation;
mod wire;

pub use wire::{Address, Credentials, Injected, Options, Reply, Request, Samples, read};

use super::assumptions::Assumptions;
use super::books::Books;
use super::envelope::{Authentication, Control, Envelope};
use super::functions::Cursors;
use super::memory::{self, Memory, Verdict};
use super::respond::{self, Operation, Style};
use super::session::{Caller, Nobody, Sessions};
use super::{error, when};
use crate::identity::Identity;
use crate::world;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What was decided on arrival, to be carried to [`Model::finish`].
#[derive(Debug, Default)]
pub struct Ticket {
    /// What fails the request as a whole.
    refused: Option<error::GatewayError>,
    operations: Vec<Arrived>,
}

/// One operation on arrival.
#[derive(Debug)]
struct Arrived {
    caller: Result<Caller, Box<Nobody>>,
    /// What is known of each function's control id.
    verdicts: Vec<Verdict>,
}

/// Counts of what came in.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub total: u64,
    pub refused_at_the_edge: u64,
    pub by_function: BTreeMap<String, u64>,
    pub sessions_mixed: u64,
}

/// The gateway with its company.
#[derive(Debug)]
pub struct Model {
    pub(super) options: Options,
    pub(super) assumptions: Arc<Assumptions>,
    pub(super) books: Books,
    pub(super) sessions: Sessions,
    pub(super) memory: Memory,
    pub(super) counts: Counts,
    cursors: Cursors,
    support: u64,
}

/// Books as every company begins with: seeded once, then shared for as long as nobody writes to them.
#[derive(Debug)]
pub struct FirstBooks(Books);

impl FirstBooks {
    /// Seeds books for companies of these options.
    pub fn new(options: &Options) -> Self {
        let closed_until = world::books_closed_until(options.today);
        let mut books = Books::new(options.today, closed_until, options.multi_entity, options.multi_currency);
        // The opening entries are a day old: no staleness of reads hides them.
        books.seed(when::midnight_ms(options.today).saturating_sub(86_400_000), options.extra_rows);
        FirstBooks(books)
    }
}

impl Model {
    /// A gateway with the seeded company.
    pub fn new(options: Options, assumptions: Assumptions) -> Self {
        let books = FirstBooks::new(&options);
        let identity = Identity::of(options.seed, 0);
        Self::of_company(options, &identity, &books, Arc::new(assumptions))
    }

    /// A gateway with one company among several, which begins with `books`.
    pub fn of_company(
        options: Options,
        identity: &Identity,
        books: &FirstBooks,
        assumptions: Arc<Assumptions>,
    ) -> Self {
        let mark = identity.session_mark();
        let sessions = Sessions::new(identity.intacct.clone(), options.session_ms, identity.seed, mark);
        Model {
            options,
            assumptions,
            books: books.0.clone(),
            sessions,
            memory: Memory::default(),
            counts: Counts::default(),
            cursors: Cursors::default(),
            support: 0,
        }
    }

    /// Answers one request that arrives and ends at `now_ms` (any epoch, never running backwards).
    pub fn handle(&mut self, now_ms: u64, body: &[u8]) -> Reply {
        let request = read(body);
        self.count(&request);
        let ticket = self.begin(now_ms, &request);
        self.finish(now_ms, &request, ticket, Injected::default())
    }

    /// Counts a request that came in over the network; [`Model::handle`] does so itself.
    pub fn count(&mut self, request: &Request<'_>) {
        self.counts.total += 1;
        for name in request.names() {
            *self.counts.by_function.entry(name).or_default() += 1;
        }
    }

    /// Counts a request that the edge refused before the gateway saw it.
    pub fn count_refused(&mut self) {
        self.counts.refused_at_the_edge += 1;
    }

    /// The arrival of a request: who asks, and which control ids are known already.
    pub fn begin(&mut self, now_ms: u64, request: &Request<'_>) -> Ticket {
        let mut ticket = Ticket::default();
        let Ok(envelope) = &request.0 else { return ticket };
        if let Err(refused) = self.sessions.check_sender(&envelope.control) {
            ticket.refused = Some(refused);
            return ticket;
        }
        if mixes(envelope) {
            self.counts.sessions_mixed += 1;
            if !self.assumptions.mixes_sessions {
                let text = "getAPISession stands alone in a request";
                ticket.refused = Some(error::GatewayError::new("XL03000003", text));
                return ticket;
            }
        }
        let mut seen: HashSet<&str> = HashSet::new();
        for operation in &envelope.operations {
            let way = &operation.authentication;
            let caller = self.sessions.authenticate(now_ms, way, &self.books, &self.assumptions);
            let mut verdicts = Vec::new();
            if caller.is_ok() && envelope.control.unique_id {
                for function in &operation.functions {
                    verdicts.push(match memory::takes_part(function.body.name, &self.assumptions) {
                        // The second function of one request with the same id comes after the first.
                        true if !seen.insert(&function.control_id) => Verdict::Running,
                        true => self.memory.arrive(now_ms, &function.control_id, &self.assumptions),
                        false => Verdict::Free,
                    });
                }
            }
            verdicts.resize(operation.functions.len(), Verdict::Free);
            ticket.operations.push(Arrived { caller, verdicts });
        }
        ticket
    }

    /// The end of a request: its functions are carried out and answered.
    pub fn finish(&mut self, now_ms: u64, request: &Request<'_>, ticket: Ticket, injected: Injected) -> Reply {
        match &request.0 {
            Err(refusal) => {
                respond::control_failure(&refusal.sender_id, &refusal.control_id, false, "", &refusal.error)
            }
            Ok(envelope) => {
                let reply = self.answer(now_ms, envelope, ticket, injected);
                wire::spoiled(reply, injected)
            }
        }
    }

    fn answer(&mut self, now_ms: u64, envelope: &Envelope<'_>, ticket: Ticket, injected: Injected) -> Reply {
        let control = &envelope.control;
        if let Some(error) = &ticket.refused {
            return refuse(control, error);
        }
        let mut operations = Vec::new();
        for (operation, arrived) in envelope.operations.iter().zip(ticket.operations) {
            operations.push(match arrived.caller {
                Err(nobody) => Operation::Refused(nobody),
                Ok(caller) => {
                    let run = operation::Run { control, operation, injected, now_ms };
                    match self.run(&run, &caller, arrived.verdicts) {
                        Ok(operation::Ran::Results(results)) => Operation::Ran(caller, results),
                        Ok(operation::Ran::Bare(content_type, body)) => {
                            return Reply { status: 200, content_type, body: body.into() };
                        }
                        Err(error) => return refuse(control, &error),
                    }
                }
            });
        }
        self.support += 1000;
        let support = self.assumptions.support_ids.then_some(self.support);
        let style = Style { pretty: control.pretty, additional_info: control.additional_info, support };
        respond::answer(now_ms, control, &operations, style)
    }

    /// Ends the session that a request names.
    pub fn forget_session_of(&mut self, request: &Request<'_>) {
        let operations = request.0.as_ref().map(|e| e.operations.as_slice()).unwrap_or_default();
        for operation in operations {
            if let Authentication::Session(id) = &operation.authentication {
                self.sessions.forget(id);
            }
        }
    }

    /// What it accepts.
    pub fn credentials(&self) -> Credentials {
        self.sessions.credentials().clone()
    }

    /// Values for a first try.
    pub fn samples(&self) -> Samples {
        Samples {
            journal: "EXP",
            debit_account: "6420",
            credit_account: "2010",
            unknown_account: "9999",
            department: "200",
            location: "NY",
            open_date: when::us_date(self.options.today),
        }
    }

    /// The switches in force.
    pub fn assumptions(&self) -> &Assumptions {
        &self.assumptions
    }

    /// Changes the switches from now on.
    pub fn set_assumptions(&mut self, assumptions: impl Into<Arc<Assumptions>>) {
        self.assumptions = assumptions.into();
    }
}

fn refuse(control: &Control, error: &error::GatewayError) -> Reply {
    respond::control_failure(&control.sender_id, &control.control_id, control.unique_id, &control.dtd_version, error)
}

fn mixes(envelope: &Envelope<'_>) -> bool {
    envelope.operations.iter().any(|o| {
        let sessions = o.functions.iter().filter(|f| f.body.name == "getAPISession").count();
        sessions > 0 && sessions < o.functions.len()
    })
}
