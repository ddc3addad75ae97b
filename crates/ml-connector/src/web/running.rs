//! How many comparisons run at once: one for a customer, and a few in this process. Whoever comes on top of that is told
//! to ask again, so that a button pressed ten times does not stop the work of others.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use accounting::Code;
use axum::http::StatusCode;

use super::problem::Refusal;
use crate::store::CustomerId;

/// Comparisons of all customers at once.
const AT_ONCE: usize = 3;

/// The customers for whom a comparison runs.
#[derive(Default)]
pub(super) struct Running(Mutex<BTreeSet<CustomerId>>);

/// A comparison that runs; dropped, it has ended.
pub(super) struct Turn<'r> {
    running: &'r Running,
    customer: CustomerId,
}

impl Running {
    /// A turn for this customer.
    ///
    /// # Errors
    /// A refusal with [`Code::WhatIfRunning`] where one runs for the customer, or as many as may.
    pub(super) fn begin(&self, customer: &CustomerId) -> Result<Turn<'_>, Refusal> {
        let mut customers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let detail = if customers.contains(customer) {
            "A comparison runs for this customer already."
        } else if customers.len() >= AT_ONCE {
            "As many comparisons run as may run at once."
        } else {
            customers.insert(customer.clone());
            return Ok(Turn { running: self, customer: customer.clone() });
        };
        Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::WhatIfRunning, detail).retry_after_seconds(5))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.customer);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{AT_ONCE, Running};
    use crate::store::CustomerId;

    fn customer(number: usize) -> CustomerId {
        CustomerId::parse(&format!("cus_{number:0>26}")).unwrap()
    }

    #[test]
    fn one_runs_for_a_customer_and_a_few_for_all() {
        let running = Running::default();
        let mut turns = vec![running.begin(&customer(0)).unwrap()];
        assert_eq!(running.begin(&customer(0)).err().unwrap().status().as_u16(), 429);
        turns.extend((1..AT_ONCE).map(|number| running.begin(&customer(number)).unwrap()));
        assert!(running.begin(&customer(AT_ONCE)).is_err(), "the installation has no more turns");
        turns.pop();
        assert!(running.begin(&customer(AT_ONCE)).is_ok(), "an ended one makes room");
    }
}
