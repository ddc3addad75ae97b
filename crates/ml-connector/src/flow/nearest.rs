//! The nearest of a few known words to a mistyped one. For hints only: nothing is ever corrected silently.

/// The known word that `typed` was probably meant to be.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer texts are no slips of the keyboard, and would make the distance slow.
    if typed.chars().count() > 40 {
        return None;
    }
    let typed = typed.trim().to_lowercase().replace(['-', ' '], "_");
    let limit = (typed.chars().count() / 3).max(1);
    let scored = known.into_iter().map(|word| (distance(&typed, &word.to_lowercase()), word));
    scored.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut best = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                best = best.min(before.get(column - 1).copied().unwrap_or(usize::MAX - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn slips_are_counted() {
        for (left, right, expected) in
            [("", "", 0), ("posted", "posted", 0), ("postd", "posted", 1), ("psoted", "posted", 1), ("abc", "xyz", 3)]
        {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_near_words_are_proposed() {
        let known = ["approved", "submitted", "card_posted"];
        assert_eq!(nearest("aproved", known), Some("approved"));
        assert_eq!(nearest("Card Posted", known), Some("card_posted"));
        assert_eq!(nearest("yesterday", known), None);
    }
}
