//! Takes a joined multi-level tag apart. It must not renumber levels: an empty one keeps its place.

/// Splits `Parent:Child` at every colon that no backslash precedes; `\:` is a literal colon \[observed by clients\]. A
/// level left empty is `None` and keeps its place: `:Red Roof Inn` has nothing on level one.
pub fn split_tags(joined: &str) -> Vec<Option<String>> {
    if joined.is_empty() {
        return Vec::new();
    }
    let mut levels = Vec::new();
    let mut level = String::new();
    let mut chars = joined.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&':') => level.extend(chars.next()),
            ':' => levels.push(Some(std::mem::take(&mut level))),
            other => level.push(other),
        }
    }
    levels.push(Some(level));
    levels.into_iter().map(|level| level.filter(|name| !name.is_empty())).collect()
}

#[cfg(test)]
mod tests;
