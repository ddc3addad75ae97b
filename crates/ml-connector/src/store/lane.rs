//! Lanes: who may send to a company or ask with a credential now. A lease is a compare-and-swap with a fence that only
//! grows; whoever holds an old fence can no longer change a posting. It proves nothing to a vendor.

use std::time::Duration;

use tokio::time::Instant;

use super::Store;
use super::error::{StoreError, failed};
use super::sql::{self, Target, Text};

/// On PostgreSQL leases run on the server's clock, whatever those of the many hosts say.
pub(super) const CLAIM: Text = Text {
    sqlite: "INSERT INTO lanes (name, owner, fence, until_ms) VALUES ($1, $2, 1, $3 + $4) \
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = lanes.fence + 1, \
         until_ms = excluded.until_ms WHERE lanes.until_ms <= $4 RETURNING fence, until_ms",
    postgres: "INSERT INTO lanes (name, owner, fence, until_ms) VALUES ($1, $2, 1, \
         $3 + CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)) \
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = lanes.fence + 1, \
         until_ms = $3 + CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) \
         WHERE lanes.until_ms <= CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) \
         RETURNING fence, until_ms",
};
pub(super) const RENEW: Text = Text {
    sqlite: "UPDATE lanes SET until_ms = $4 + $5 WHERE name = $1 AND owner = $2 AND fence = $3 RETURNING until_ms",
    postgres: "UPDATE lanes SET until_ms = $4 + CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) \
         WHERE name = $1 AND owner = $2 AND fence = $3 RETURNING until_ms",
};
pub(super) const RELEASE: &str = "UPDATE lanes SET until_ms = 0 WHERE name = $1 AND owner = $2 AND fence = $3";
/// On PostgreSQL the lane cannot be claimed by another until the transaction that proves its lease has ended.
pub(super) const PROVE: Text = Text {
    sqlite: "SELECT fence FROM lanes WHERE name = $1 AND owner = $2 AND fence = $3",
    postgres: "SELECT fence FROM lanes WHERE name = $1 AND owner = $2 AND fence = $3 FOR SHARE",
};
pub(super) const END_ALL: &str = "UPDATE lanes SET until_ms = 0 WHERE until_ms > 0";

/// A lease no longer than ten years, so that no clock runs over.
const LONGEST_MS: i64 = 10 * 365 * 24 * 3_600 * 1_000;

/// A claim on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The lane: a system and the company or credential that it stands for.
    pub lane: String,
    /// Who claimed it.
    pub owner: String,
    /// Grows with every claim of the lane.
    pub fence: i64,
    /// When it ends, in epoch milliseconds of whoever keeps the database's time, unless renewed. That may not be this
    /// machine's clock: see [`Lease::left`].
    pub until_ms: i64,
    /// When it ends, by this process's own measure, which began before the lease did.
    ends: Instant,
}

impl Lease {
    /// How long the lease certainly lasts, whatever clocks say.
    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }
}

impl Store {
    /// Claims a lane for `lease_ms` milliseconds; `None` while somebody else's lease runs.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn claim_lane(
        &self,
        lane: &str,
        owner: &str,
        at_ms: i64,
        lease_ms: i64,
    ) -> Result<Option<Lease>, StoreError> {
        let lease_ms = lease_ms.clamp(0, LONGEST_MS);
        let ends = end_of(lease_ms);
        let claiming = sql::query_as::<(i64, i64)>(CLAIM).bind(lane).bind(owner).bind(lease_ms).bind_time(at_ms);
        let claimed = claiming.fetch_optional(self.0.database.writer("")).await.map_err(failed("claiming a lane"))?;
        let (lane, owner) = (lane.to_owned(), owner.to_owned());
        Ok(claimed.map(|(fence, until_ms)| Lease { lane, owner, fence, until_ms, ends }))
    }

    /// Lengthens a lease that nobody took meanwhile.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`], [`StoreError::Statement`].
    pub async fn renew_lane(&self, lease: &mut Lease, at_ms: i64, lease_ms: i64) -> Result<(), StoreError> {
        let lease_ms = lease_ms.clamp(0, LONGEST_MS);
        let ends = end_of(lease_ms);
        let renewing = sql::query_scalar::<i64>(RENEW).bind(&lease.lane).bind(&lease.owner).bind(lease.fence);
        let renewing = renewing.bind(lease_ms).bind_time(at_ms).fetch_optional(self.0.database.writer(""));
        let renewed = renewing.await.map_err(failed("renewing a lease"))?;
        lease.until_ms = renewed.ok_or_else(|| lost(lease))?;
        lease.ends = ends;
        Ok(())
    }

    /// Gives a lane back. The fence stays used: the lease can change nothing once somebody else has claimed the lane.
    ///
    /// # Errors
    /// [`StoreError::Statement`].
    pub async fn release_lane(&self, lease: Lease) -> Result<(), StoreError> {
        let releasing = sql::query(RELEASE).bind(&lease.lane).bind(&lease.owner).bind(lease.fence);
        releasing.execute(self.0.database.writer("")).await.map_err(failed("releasing a lane"))?;
        Ok(())
    }

    /// The embedded database has one writing process, so whatever lease stands at its start belongs to a dead one.
    pub(super) async fn end_all_leases(&self) -> Result<(), StoreError> {
        sql::query(END_ALL).execute(self.0.database.writer("")).await.map_err(failed("ending old leases"))?;
        Ok(())
    }
}

/// Fails unless the lease is still the lane's newest.
pub(super) async fn prove(target: Target<'_>, lease: &Lease) -> Result<(), StoreError> {
    let proving = sql::query_scalar::<i64>(PROVE).bind(&lease.lane).bind(&lease.owner).bind(lease.fence);
    let standing = proving.fetch_optional(target).await.map_err(failed("checking a lease"))?;
    standing.map(|_| ()).ok_or_else(|| lost(lease))
}

/// Taken before the database hears of the lease, so that it ends here no later than there.
fn end_of(lease_ms: i64) -> Instant {
    Instant::now() + Duration::from_millis(lease_ms.unsigned_abs())
}

fn lost(lease: &Lease) -> StoreError {
    StoreError::FenceLost { lane: lease.lane.clone(), fence: lease.fence }
}
