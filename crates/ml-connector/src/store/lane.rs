//! Lanes: who may send to a company or ask with a credential now. A lease is a compare-and-swap with a fence that only
//! grows; whoever holds an old fence can no longer change a posting. It proves nothing to a vendor.

use super::Store;
use super::error::{StoreError, failed};
use super::sql::{self, Target};

pub(super) const CLAIM: &str = "INSERT INTO lanes (name, owner, fence, until_ms) VALUES ($1, $2, 1, $3) \
     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, fence = lanes.fence + 1, until_ms = excluded.until_ms \
     WHERE lanes.until_ms <= $4 RETURNING fence";
pub(super) const RENEW: &str = "UPDATE lanes SET until_ms = $1 WHERE name = $2 AND owner = $3 AND fence = $4";
pub(super) const RELEASE: &str = "UPDATE lanes SET until_ms = 0 WHERE name = $1 AND owner = $2 AND fence = $3";
pub(super) const PROVE: &str = "SELECT COUNT(*) FROM lanes WHERE name = $1 AND owner = $2 AND fence = $3";
pub(super) const END_ALL: &str = "UPDATE lanes SET until_ms = 0 WHERE until_ms > 0";

/// A claim on a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The lane: a system and the company or credential that it stands for.
    pub lane: String,
    /// Who claimed it.
    pub owner: String,
    /// Grows with every claim of the lane.
    pub fence: i64,
    /// When it ends, in epoch milliseconds, unless renewed.
    pub until_ms: i64,
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
        let until_ms = at_ms.saturating_add(lease_ms);
        let claiming = sql::query_scalar(CLAIM).bind(lane).bind(owner).bind(until_ms).bind(at_ms);
        let fence: Option<i64> =
            claiming.fetch_optional(self.0.database.writer("")).await.map_err(failed("claiming a lane"))?;
        Ok(fence.map(|fence| Lease { lane: lane.to_owned(), owner: owner.to_owned(), fence, until_ms }))
    }

    /// Lengthens a lease that nobody took meanwhile.
    ///
    /// # Errors
    /// [`StoreError::FenceLost`], [`StoreError::Statement`].
    pub async fn renew_lane(&self, lease: &mut Lease, at_ms: i64, lease_ms: i64) -> Result<(), StoreError> {
        let until_ms = at_ms.saturating_add(lease_ms);
        let renewing = sql::query(RENEW).bind(until_ms).bind(&lease.lane).bind(&lease.owner).bind(lease.fence);
        let renewed = renewing.execute(self.0.database.writer("")).await.map_err(failed("renewing a lease"))?;
        if renewed.rows_affected() == 0 {
            return Err(lost(lease));
        }
        lease.until_ms = until_ms;
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
    let proving = sql::query_scalar(PROVE).bind(&lease.lane).bind(&lease.owner).bind(lease.fence);
    let standing: i64 = proving.fetch_one(target).await.map_err(failed("checking a lease"))?;
    if standing == 1 { Ok(()) } else { Err(lost(lease)) }
}

fn lost(lease: &Lease) -> StoreError {
    StoreError::FenceLost { lane: lease.lane.clone(), fence: lease.fence }
}
