//! What a run cost this process: processor time, peak memory, commits. Read from the system where it tells (Linux);
//! absent elsewhere.

use serde_json::{Value, json};

use crate::store::Store;

/// The cost so far, for machines.
pub fn cost(store: &Store) -> Value {
    let (commits, commit_us) = store.commits();
    json!({
        "cpu_ms": cpu_ms(),
        "peak_memory_kib": peak_memory_kib(),
        "commits": commits,
        "commit_ms": commit_us / 1_000,
    })
}

/// User and system time of this process, all threads, in milliseconds.
fn cpu_ms() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses and may hold blanks; user and system time are the 14th
    // and 15th, in hundredths of a second.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * 10)
}

/// The largest resident size of this process, in KiB.
fn peak_memory_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
