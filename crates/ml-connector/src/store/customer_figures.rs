//! What each customer's flows wait for, in one row a customer, in the order in which they need somebody. Read across
//! customers by whoever looks after many: counts, sums and times only, and nothing of what a customer books.

use std::collections::BTreeMap;

use accounting::Code;

use super::error::{StoreError, failed};
use super::ids::{CustomerId, UserId};
use super::rows::{OWN, Rows, batches};
use super::sql::{self, Row};
use super::tx::Tx;
use super::{Store, report};

pub(super) const ADD: &str = "INSERT INTO customer_figures (customer_id, rank, held, ready, unknown, refused, drift, \
     gated, held_money, failing) VALUES ($1, $2, 0, 0, 0, 0, 0, 0, '{}', 0) ON CONFLICT (customer_id) DO NOTHING";
pub(super) const OF_FLOWS: &str = "SELECT held, ready, unknown, conflict, rejected, drift, gated, held_money, \
     oldest_held_ms, oldest_unknown_ms, oldest_gated_ms, waits_ms, failing_code, failing_ms \
     FROM flow_figures WHERE customer_id = $1";
/// The secret that was left alone for longest.
pub(super) const OLDEST_SECRET: &str = "SELECT MIN(newest.changed_ms) FROM \
     (SELECT MAX(changed_ms) AS changed_ms FROM secrets WHERE customer_id = $1 GROUP BY name) AS newest";
pub(super) const PUT: &str = "UPDATE customer_figures SET rank = $1, held = $2, ready = $3, unknown = $4, \
     refused = $5, drift = $6, gated = $7, held_money = $8, oldest_held_ms = $9, oldest_unknown_ms = $10, \
     oldest_gated_ms = $11, failing = $12, failing_code = $13, failing_ms = $14, secret_ms = $15, counted_ms = $16 \
     WHERE customer_id = $17";

macro_rules! columns {
    () => {
        "SELECT f.customer_id, c.name, f.rank, f.held, f.ready, f.unknown, f.refused, f.drift, f.gated, f.held_money, \
         f.oldest_held_ms, f.oldest_unknown_ms, f.oldest_gated_ms, f.failing, f.failing_code, f.failing_ms, \
         f.secret_ms, f.counted_ms FROM customer_figures f JOIN customers c ON c.id = f.customer_id WHERE "
    };
}

pub(super) const PAGE: &str =
    concat!(columns!(), "(f.rank, f.customer_id) > ($1, $2) ORDER BY f.rank, f.customer_id LIMIT $3");
pub(super) const PAGE_OF_USER: &str = concat!(
    columns!(),
    "(f.rank, f.customer_id) > ($1, $2) AND EXISTS (SELECT 1 FROM grants g WHERE g.customer_id = f.customer_id \
     AND g.user_id = $4) ORDER BY f.rank, f.customer_id LIMIT $3"
);
pub(super) static OF_CUSTOMERS: Rows = Rows::new(concat!(columns!(), "f.customer_id IN ("), &[OWN], ")");
pub(super) static TIMES: Rows = Rows::new(
    "SELECT customer_id, COUNT(*), CAST(SUM(CASE WHEN failures > 0 THEN 1 ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE WHEN paused_ms IS NULL THEN 0 ELSE 1 END) AS BIGINT), \
     MIN(CASE WHEN next_ms <= ? AND until_ms <= ? THEN next_ms END), MIN(COALESCE(polled_ms, 0)) \
     FROM flow_times WHERE customer_id IN (",
    &[OWN],
    ") GROUP BY customer_id",
);

/// Ranks of one class lie between multiples of this; within a class the oldest comes first.
const CLASS: i64 = 100_000_000_000_000;

/// Why a customer needs somebody; the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Whether an entry is in the ledger is unknown, or the ledger contradicts us.
    Unknown,
    /// A flow's passes fail: credentials, permissions, a system that does not answer.
    Failing,
    /// Reports wait for somebody.
    Waiting,
    /// Nothing waits.
    Calm,
}

impl Urgency {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Failing => "failing",
            Self::Waiting => "waiting",
            Self::Calm => "calm",
        }
    }

    const fn class(self) -> i64 {
        match self {
            Self::Unknown => 1,
            Self::Failing => 2,
            Self::Waiting => 3,
            Self::Calm => 9,
        }
    }

    const fn rank(self, since_ms: i64) -> i64 {
        self.class() * CLASS + since_ms
    }

    fn of(rank: i64) -> Self {
        let all = [Self::Unknown, Self::Failing, Self::Waiting];
        all.into_iter().find(|urgency| urgency.class() == rank / CLASS).unwrap_or(Self::Calm)
    }
}

/// A customer's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerFigures {
    /// Whose they are.
    pub customer: CustomerId,
    /// Its name.
    pub name: String,
    /// Its place in the order.
    pub rank: i64,
    /// Reports held by a problem of translation.
    pub held: i64,
    /// Ready, and not posted yet.
    pub ready: i64,
    /// Of unknown outcome.
    pub unknown: i64,
    /// That the ledger refused or contradicts.
    pub refused: i64,
    /// That changed after they were frozen or posted.
    pub drift: i64,
    /// That wait for a person's approval.
    pub gated: i64,
    /// Money of those that are held or refused, by currency, in minor units.
    pub held_money: BTreeMap<String, i64>,
    /// Since when the oldest is held, in epoch milliseconds.
    pub oldest_held_ms: Option<i64>,
    /// Since when the oldest outcome is unknown.
    pub oldest_unknown_ms: Option<i64>,
    /// Since when the oldest waits for an approval.
    pub oldest_gated_ms: Option<i64>,
    /// How many flows failed in their last pass.
    pub failing: i64,
    /// By what one of them did.
    pub failing_code: Option<Code>,
    /// Since when.
    pub failing_ms: Option<i64>,
    /// When the secret that was left alone for longest was put.
    pub secret_ms: Option<i64>,
    /// When it was counted; `None` where no pass did anything yet.
    pub counted_ms: Option<i64>,
}

impl CustomerFigures {
    /// Why it needs somebody.
    pub fn urgency(&self) -> Urgency {
        Urgency::of(self.rank)
    }
}

/// When a customer's flows are due, as of now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomerTimes {
    /// How many flows.
    pub flows: i64,
    /// Of them, those whose last pass failed.
    pub failing: i64,
    /// Of them, those that are paused.
    pub paused: i64,
    /// Since when the longest due one waits for a worker, in epoch milliseconds.
    pub due_ms: Option<i64>,
    /// When the source was last read as a whole, by the flow that is furthest behind; `None` for never.
    pub polled_ms: Option<i64>,
}

/// Sums over the flows of a customer.
#[derive(Default)]
struct Sums {
    counts: [i64; 7],
    money: BTreeMap<String, i64>,
    oldest: [Option<i64>; 4],
    failing: i64,
    failing_code: Option<i64>,
    failing_ms: Option<i64>,
}

impl Sums {
    fn add(&mut self, row: &Row) -> Result<(), StoreError> {
        let adding = failed("adding up a customer's figures");
        for (at, count) in self.counts.iter_mut().enumerate() {
            *count = count.saturating_add(row.try_get::<i64>(at).map_err(&adding)?);
        }
        for (currency, minor) in money(row.try_get(7).map_err(&adding)?)? {
            let sum = self.money.entry(currency).or_default();
            *sum = sum.saturating_add(minor);
        }
        for (at, oldest) in self.oldest.iter_mut().enumerate() {
            *oldest = [*oldest, row.try_get(8 + at).map_err(&adding)?].into_iter().flatten().min();
        }
        if let Some(since_ms) = row.try_get::<Option<i64>>(13).map_err(&adding)? {
            self.failing += 1;
            if self.failing_ms.is_none_or(|known_ms| since_ms < known_ms) {
                self.failing_ms = Some(since_ms);
                self.failing_code = row.try_get(12).map_err(&adding)?;
            }
        }
        Ok(())
    }

    fn rank(&self, at_ms: i64) -> i64 {
        let [_, _, unknown, conflict, ..] = self.counts;
        let [_, unknown_ms, _, waits_ms] = self.oldest;
        if unknown > 0 || conflict > 0 {
            return Urgency::Unknown.rank(unknown_ms.or(waits_ms).unwrap_or(at_ms));
        }
        if let Some(since_ms) = self.failing_ms {
            return Urgency::Failing.rank(since_ms);
        }
        waits_ms.map_or(Urgency::Calm.rank(0), |since_ms| Urgency::Waiting.rank(since_ms))
    }
}

impl Tx {
    /// Gives a new customer its place.
    pub(super) async fn add_customer_figures(&mut self) -> Result<(), StoreError> {
        let adding = sql::query(ADD).bind(self.customer_id().as_str()).bind(Urgency::Calm.rank(0));
        adding.execute(self.connection()).await.map_err(failed("making room for a customer's figures"))?;
        Ok(())
    }

    /// Adds the customer's flows up anew.
    pub(super) async fn put_customer_figures(&mut self, at_ms: i64) -> Result<(), StoreError> {
        let adding = failed("adding up a customer's figures");
        let customer = self.customer_id().clone();
        let rows = sql::query(OF_FLOWS).bind(customer.as_str()).fetch_all(self.connection()).await;
        let mut sums = Sums::default();
        rows.map_err(&adding)?.iter().try_for_each(|row| sums.add(row))?;
        let secret = sql::query_scalar::<Option<i64>>(OLDEST_SECRET).bind(customer.as_str());
        let secret_ms = secret.fetch_one(self.connection()).await.map_err(&adding)?;
        let held_money = serde_json::to_string(&sums.money);
        let held_money = held_money.map_err(|source| StoreError::Json { what: "a customer's held money", source })?;
        let [held, ready, unknown, conflict, rejected, drift, gated] = sums.counts;
        let putting = sql::query(PUT)
            .bind(sums.rank(at_ms))
            .bind(held)
            .bind(ready)
            .bind(unknown)
            .bind(conflict.saturating_add(rejected))
            .bind(drift)
            .bind(gated)
            .bind(held_money)
            .bind(sums.oldest[0])
            .bind(sums.oldest[1])
            .bind(sums.oldest[2])
            .bind(sums.failing)
            .bind(sums.failing_code)
            .bind(sums.failing_ms)
            .bind(secret_ms)
            .bind(at_ms)
            .bind(customer.as_str());
        putting.execute(self.connection()).await.map_err(adding)?;
        Ok(())
    }
}

impl Store {
    /// At most `limit` customers after a rank and id, the most urgent first; those on which `user` has a role, where
    /// one is given.
    ///
    /// # Errors
    /// [`StoreError::Statement`], [`StoreError::Stored`], [`StoreError::Json`]; so for all below.
    pub async fn customer_figures(
        &self,
        user: Option<&UserId>,
        (rank, customer): (i64, &str),
        limit: u32,
    ) -> Result<Vec<CustomerFigures>, StoreError> {
        let statement = if user.is_some() { PAGE_OF_USER } else { PAGE };
        let mut listing = sql::query(statement).bind(rank).bind(customer).bind(i64::from(limit));
        if let Some(user) = user {
            listing = listing.bind(user.as_str());
        }
        let rows = listing.fetch_all(self.0.database.reader("")).await.map_err(failed("reading customers' figures"))?;
        rows.iter().map(read).collect()
    }

    /// The figures of these customers, in no order.
    ///
    /// # Errors
    /// See [`Store::customer_figures`].
    pub async fn customer_figures_of(&self, customers: &[&CustomerId]) -> Result<Vec<CustomerFigures>, StoreError> {
        let mut found = Vec::with_capacity(customers.len());
        for batch in batches(customers) {
            let mut reading = sql::query(OF_CUSTOMERS.text(batch.len()));
            for customer in batch {
                reading = reading.bind(customer.as_str());
            }
            let rows = reading.fetch_all(self.0.database.reader("")).await;
            let rows = rows.map_err(failed("reading customers' figures"))?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// When the flows of these customers are due, as of `at_ms`; a customer without flows is not in it.
    ///
    /// # Errors
    /// See [`Store::customer_figures`].
    pub async fn customer_times(
        &self,
        customers: &[&CustomerId],
        at_ms: i64,
    ) -> Result<BTreeMap<CustomerId, CustomerTimes>, StoreError> {
        let mut found = BTreeMap::new();
        for batch in batches(customers) {
            let mut reading = sql::query_as::<(String, i64, i64, i64, Option<i64>, i64)>(TIMES.text(batch.len()));
            reading = reading.bind(at_ms).bind(at_ms);
            for customer in batch {
                reading = reading.bind(customer.as_str());
            }
            let rows = reading.fetch_all(self.0.database.reader("")).await;
            for (id, flows, failing, paused, due_ms, polled_ms) in rows.map_err(failed("reading when flows are due"))? {
                let customer =
                    CustomerId::parse(&id).ok_or_else(|| StoreError::Stored { what: "customer", id: id.clone() })?;
                let polled_ms = Some(polled_ms).filter(|polled_ms| *polled_ms > 0);
                found.insert(customer, CustomerTimes { flows, failing, paused, due_ms, polled_ms });
            }
        }
        Ok(found)
    }
}

fn money(text: &str) -> Result<BTreeMap<String, i64>, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Json { what: "held money", source })
}

fn read(row: &Row) -> Result<CustomerFigures, StoreError> {
    let reading = failed("reading a customer's figures");
    let count = |column| row.try_get::<i64>(column).map_err(&reading);
    let since = |column| row.try_get::<Option<i64>>(column).map_err(&reading);
    let id: String = row.try_get(0).map_err(&reading)?;
    let code = since(14)?.map(|number| report::small(number, "problem code")).transpose()?;
    Ok(CustomerFigures {
        customer: CustomerId::parse(&id).ok_or(StoreError::Stored { what: "customer", id })?,
        name: row.try_get(1).map_err(&reading)?,
        rank: count(2)?,
        held: count(3)?,
        ready: count(4)?,
        unknown: count(5)?,
        refused: count(6)?,
        drift: count(7)?,
        gated: count(8)?,
        held_money: money(row.try_get(9).map_err(&reading)?)?,
        oldest_held_ms: since(10)?,
        oldest_unknown_ms: since(11)?,
        oldest_gated_ms: since(12)?,
        failing: count(13)?,
        failing_code: code.and_then(Code::from_number),
        failing_ms: since(15)?,
        secret_ms: since(16)?,
        counted_ms: since(17)?,
    })
}
