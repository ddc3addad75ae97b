//! The companies of a sandbox: which one a request is for, and making it when it is called for the first time.
//!
//! Ten thousand companies that nobody calls are one number here. What the vendors do is in their models.

use super::{Credentials, Options, gate, lock};
use crate::expensify;
use crate::faults::{Decision, Faults, Script, Vendor};
use crate::identity::{self, Identity};
use crate::intacct::{self, Address};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// One company at both vendors.
#[derive(Debug)]
pub(crate) struct Company {
    pub number: usize,
    pub intacct: Mutex<intacct::Model>,
    pub expensify: Mutex<expensify::Model>,
    /// The faults of this company alone; those that all share where there are none.
    faults: Mutex<Option<Script>>,
    pub gate: gate::Gate,
    pub create_lane: tokio::sync::Mutex<()>,
}

impl Company {
    /// Gives the company faults of its own, or with `None` those that all share.
    pub fn set_faults(&self, faults: Option<Faults>) {
        *lock(&self.faults) = faults.map(Script::new);
    }
}

/// What is assumed in companies that are made from now on.
#[derive(Debug)]
struct Assumed {
    intacct: Arc<intacct::Assumptions>,
    expensify: expensify::Assumptions,
}

/// What a company is made from.
#[derive(Debug)]
struct Recipe {
    options: Options,
    today: Date,
    endpoint: String,
    first_books: intacct::FirstBooks,
    sheets: Arc<expensify::Sheets>,
}

impl Recipe {
    fn make(&self, number: usize, assumed: &Assumed) -> Company {
        let identity = Identity::of(self.options.seed, number);
        let own = expensify::Options {
            seed: identity.seed,
            reports: self.options.reports_of(number),
            expenses_per_report: self.options.expenses_per_report,
            today: self.today,
        };
        let pair = identity.expensify.clone();
        let expensify = expensify::Model::of_company(own, pair, assumed.expensify.clone(), self.sheets.clone());
        let own = intacct_options(&self.options, self.today, &self.endpoint);
        let intacct = intacct::Model::of_company(own, &identity, &self.first_books, assumed.intacct.clone());
        Company {
            number,
            intacct: Mutex::new(intacct),
            expensify: Mutex::new(expensify),
            faults: Mutex::default(),
            gate: gate::Gate::default(),
            create_lane: tokio::sync::Mutex::default(),
        }
    }
}

fn intacct_options(options: &Options, today: Date, endpoint: &str) -> intacct::Options {
    intacct::Options {
        today,
        multi_entity: options.multi_entity,
        multi_currency: options.multi_currency,
        extra_rows: options.extra_rows,
        endpoint: endpoint.to_owned(),
        session_ms: options.session_ms,
        seed: options.seed,
    }
}

/// All companies.
#[derive(Debug)]
pub(crate) struct Companies {
    recipe: Recipe,
    /// The faults that all companies share, which count the requests of all.
    faults: Mutex<Script>,
    first: Arc<Company>,
    /// Companies that were called; this lock is taken before that of `assumed`.
    others: Mutex<BTreeMap<usize, Arc<Company>>>,
    assumed: Mutex<Assumed>,
    /// Requests to Expensify of the last minute, by the address they came from.
    addresses: Mutex<BTreeMap<IpAddr, expensify::Limiter>>,
}

impl Companies {
    /// The companies of `options`; only the first exists from the start. `url` is the gateway's own.
    pub fn new(options: Options, today: Date, url: &str) -> Self {
        let assumed = Assumed {
            intacct: Arc::new(options.intacct_assumptions.clone()),
            expensify: options.expensify_assumptions.clone(),
        };
        let faults = Script::new(options.faults.clone());
        let endpoint = options.intacct_endpoint.clone().unwrap_or_else(|| url.to_owned());
        let first_books = intacct::FirstBooks::new(&intacct_options(&options, today, &endpoint));
        let recipe = Recipe { options, today, endpoint, first_books, sheets: Arc::default() };
        let first = Arc::new(recipe.make(0, &assumed));
        Companies {
            recipe,
            faults: Mutex::new(faults),
            first,
            others: Mutex::default(),
            assumed: Mutex::new(assumed),
            addresses: Mutex::default(),
        }
    }

    /// How many there are, called or not.
    pub fn count(&self) -> usize {
        self.recipe.options.companies.max(1)
    }

    /// Company 0.
    pub fn first(&self) -> Arc<Company> {
        self.first.clone()
    }

    /// The company of a number, made now if this is its first call.
    pub fn company(&self, number: usize) -> Option<Arc<Company>> {
        if number == 0 {
            return Some(self.first());
        }
        (number < self.count()).then(|| {
            let mut others = lock(&self.others);
            let made = others.entry(number).or_insert_with(|| Arc::new(self.recipe.make(number, &lock(&self.assumed))));
            made.clone()
        })
    }

    /// The same for somebody who only looks: a company that nobody called stays so.
    pub fn seen(&self, number: usize) -> Option<Arc<Company>> {
        if number == 0 {
            return Some(self.first());
        }
        let called = lock(&self.others).get(&number).cloned();
        called.or_else(|| (number < self.count()).then(|| Arc::new(self.recipe.make(number, &lock(&self.assumed)))))
    }

    /// Every company that was called so far, company 0 among them.
    pub fn called(&self) -> Vec<Arc<Company>> {
        std::iter::once(self.first()).chain(lock(&self.others).values().cloned()).collect()
    }

    /// The company that a gateway request is for. What names none is company 0's to refuse.
    pub fn of_gateway(&self, request: &intacct::Request<'_>) -> Arc<Company> {
        let number = match request.address() {
            Some(Address::Company(id)) => identity::number_of(id),
            Some(Address::Session(id)) => identity::number_of_session(id),
            None => None,
        };
        number.and_then(|number| self.company(number)).unwrap_or_else(|| self.first())
    }

    /// The company that a request to the Integration Server is for. What names none is company 0's to refuse.
    pub fn of_integration(&self, asked: &expensify::Asked) -> Arc<Company> {
        let number = asked.partner_user_id().and_then(identity::number_of);
        number.and_then(|number| self.company(number)).unwrap_or_else(|| self.first())
    }

    /// Whether a request to Expensify at `now_ms` comes over what all companies of one address are allowed together.
    pub fn is_over_address(&self, peer: Option<IpAddr>, now_ms: u64) -> bool {
        if !lock(&self.assumed).expensify.limits_by_address {
            return false;
        }
        peer.is_some_and(|peer| !lock(&self.addresses).entry(peer).or_default().admit(now_ms))
    }

    /// Credentials of company `number`, whether it exists or not.
    pub fn credentials_of(&self, number: usize) -> Credentials {
        Identity::of(self.recipe.options.seed, number).into()
    }

    /// Decides what a request suffers: the company's own faults, or else those that all share.
    pub fn decide(&self, company: &Company, vendor: Vendor, names: &[&str], body: &[u8]) -> Decision {
        match lock(&company.faults).as_mut() {
            Some(own) => own.decide(vendor, names, body),
            None => lock(&self.faults).decide(vendor, names, body),
        }
    }

    /// The faults in force in a company; those that all share when `None`.
    pub fn faults_in_force(&self, company: Option<&Company>) -> Faults {
        let own = company.and_then(|company| lock(&company.faults).as_ref().map(|script| script.faults().clone()));
        own.unwrap_or_else(|| lock(&self.faults).faults().clone())
    }

    /// How long creates take in a company, in milliseconds for each, and whether they take turns.
    pub fn create_pace(&self, company: &Company) -> (u64, bool) {
        let pace = |script: &Script| (script.faults().create_ms_per_function, script.faults().serial_creates);
        match lock(&company.faults).as_ref() {
            Some(own) => pace(own),
            None => pace(&lock(&self.faults)),
        }
    }

    /// Replaces the faults that all companies share.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = Script::new(faults);
    }

    /// What is assumed of both vendors in companies that were not called yet.
    pub fn assumed(&self) -> (intacct::Assumptions, expensify::Assumptions) {
        let assumed = lock(&self.assumed);
        (intacct::Assumptions::clone(&assumed.intacct), assumed.expensify.clone())
    }

    /// Changes what is assumed of Intacct, everywhere.
    pub fn set_intacct_assumptions(&self, assumptions: intacct::Assumptions) {
        let assumptions = Arc::new(assumptions);
        let others = lock(&self.others);
        lock(&self.assumed).intacct = assumptions.clone();
        for company in others.values().chain([&self.first]) {
            lock(&company.intacct).set_assumptions(assumptions.clone());
        }
    }

    /// Changes what is assumed of Expensify, everywhere.
    pub fn set_expensify_assumptions(&self, assumptions: expensify::Assumptions) {
        let others = lock(&self.others);
        lock(&self.assumed).expensify = assumptions.clone();
        for company in others.values().chain([&self.first]) {
            lock(&company.expensify).set_assumptions(assumptions.clone());
        }
    }
}
