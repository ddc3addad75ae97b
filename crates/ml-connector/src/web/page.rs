//! Pages of lists. A page begins after a row, never at a number, so that it costs the same wherever it is.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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
    /// Rows to read: one more than the page has tells whether another follows.
    pub fn rows(&self) -> u32 {
        self.limit() + 1
    }

    fn limit(&self) -> u32 {
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
