//! Pages of lists. A page begins after a row, never at a number, so that it costs the same wherever it is. Where to go
//! on is told by a cursor that is bound to its list and its customer: one of another is refused.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::problem::Refusal;
use crate::store::CustomerStore;

/// Bytes of a cursor that tell which list and customer it is of.
const BOUND: usize = 12;

/// Most rows of a page.
pub const LIMIT: u32 = 200;
const USUAL: u32 = 50;

/// Which page is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// `next` of the page before; absent for the first page.
    #[serde(default)]
    pub after: String,
    /// Rows of the page: 50 unless given, 200 at most.
    pub limit: Option<u32>,
}

impl Paging {
    /// Of the parts of a query that has filters as well.
    pub const fn of(after: String, limit: Option<u32>) -> Self {
        Self { after, limit }
    }

    /// Rows to read: one more than the page has tells whether another follows.
    pub fn rows(&self) -> u32 {
        self.limit() + 1
    }

    /// Rows of the page.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(USUAL).clamp(1, LIMIT)
    }
}

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// What to ask for `after`; null on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts the rows that [`Paging::rows`] asked for to a page; `key` tells what the next one begins after.
    pub fn cut<R>(paging: &Paging, mut rows: Vec<R>, key: impl Fn(&R) -> String, item: impl FnMut(R) -> T) -> Self {
        let limit = paging.limit() as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(key);
        Self { items: rows.into_iter().map(item).collect(), next }
    }
}

/// The cursors of one list of one customer. A cursor is no secret and gives nothing away: it is bound so that what
/// stands in it is never taken for a row of somebody else's list.
pub struct Cursors {
    list: String,
}

impl Cursors {
    /// Of the list `name`, of `of` where there is one for each flow, cause or the like.
    pub fn new(customer: &CustomerStore, name: &str, of: &str) -> Self {
        Self { list: format!("{name}\0{}\0{of}", customer.id()) }
    }

    /// The key that the page begins after; `None` for the first page.
    ///
    /// # Errors
    /// A refusal of what is no cursor of this list.
    pub fn after(&self, paging: &Paging) -> Result<Option<String>, Refusal> {
        if paging.after.is_empty() {
            return Ok(None);
        }
        let key = BASE64URL_NOPAD.decode(paging.after.as_bytes()).ok().and_then(|bytes| {
            let (bound, key) = bytes.split_at_checked(BOUND)?;
            let key = String::from_utf8(key.to_vec()).ok()?;
            (bound == self.bound(&key)).then_some(key)
        });
        key.map(Some).ok_or_else(no_cursor)
    }

    /// The same, read as what the list is ordered by.
    ///
    /// # Errors
    /// See [`Cursors::after`].
    pub fn after_as<K>(&self, paging: &Paging, read: impl FnOnce(&str) -> Option<K>) -> Result<Option<K>, Refusal> {
        self.after(paging)?.map(|key| read(&key).ok_or_else(no_cursor)).transpose()
    }

    /// Cuts the rows that [`Paging::rows`] asked for to a page; `key` tells what the next one begins after.
    pub fn cut<R, T>(
        &self,
        paging: &Paging,
        rows: Vec<R>,
        key: impl Fn(&R) -> String,
        item: impl FnMut(R) -> T,
    ) -> Page<T> {
        Page::cut(paging, rows, |row| self.write(&key(row)), item)
    }

    /// The cursor after a row with this key.
    pub fn write(&self, key: &str) -> String {
        let mut bytes = self.bound(key).to_vec();
        bytes.extend_from_slice(key.as_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn bound(&self, key: &str) -> [u8; BOUND] {
        let hash = Sha256::new().chain_update(self.list.as_bytes()).chain_update(b"\0").chain_update(key).finalize();
        let mut bound = [0; BOUND];
        bound.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        bound
    }
}

fn no_cursor() -> Refusal {
    Refusal::invalid("after", "It is no `next` of this list.")
}
