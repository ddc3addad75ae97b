//! Demonstration customers: the built-in sandbox stands in for both vendors, for these customers alone. It is started
//! when the first of them is made and lives in the memory of this process, so a demonstration ends with it. How it is
//! started is told by the command line; nothing here knows the sandbox.

use std::sync::{Arc, Mutex, PoisonError};

use accounting::Code;
use secrecy::SecretString;

use super::WorkError;
use crate::systems::connect::Endpoints;

/// The credentials of one company of the sandbox, by the names under which a flow refers to them.
pub type Login = Vec<(&'static str, SecretString)>;

/// A running sandbox, as far as a demonstration needs it.
pub struct Stage {
    /// Where both vendors are.
    pub endpoints: Endpoints,
    /// The credentials of the company with this number.
    pub login: Box<dyn Fn(usize) -> Login + Send + Sync>,
}

/// Starts a sandbox; a sentence where it cannot be.
type Start = Box<dyn Fn() -> Result<Stage, String> + Send + Sync>;

/// The demonstrations of one run of the service.
pub struct Demonstrations {
    run: String,
    start: Start,
    stage: Mutex<(Option<Arc<Stage>>, usize)>,
}

impl Demonstrations {
    /// The demonstrations of the run called `run`. Nothing is started yet.
    pub fn new(run: String, start: Start) -> Self {
        Self { run, start, stage: Mutex::default() }
    }

    /// The name of this run, and the credentials of a company that nobody has used.
    ///
    /// # Errors
    /// [`WorkError::Refused`] where the sandbox cannot be started.
    pub fn next_company(&self) -> Result<(&str, Login), WorkError> {
        let mut held = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = match &held.0 {
            Some(stage) => Arc::clone(stage),
            None => {
                let refused = |detail| WorkError::Refused { code: Code::DemonstrationOver, detail };
                let stage = Arc::new((self.start)().map_err(refused)?);
                held.0 = Some(Arc::clone(&stage));
                stage
            }
        };
        let number = held.1;
        held.1 += 1;
        Ok((&self.run, (stage.login)(number)))
    }

    /// Where the vendors of a demonstration of the run called `run` are; `None` where that run has ended.
    pub(super) fn endpoints(&self, run: &str) -> Option<Endpoints> {
        let held = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        held.0.as_ref().filter(|_| run == self.run).map(|stage| stage.endpoints.clone())
    }
}
