//! The nearest known word to one that was mistyped.

/// The one of `known` that is nearest to `word`, when one is near enough to be meant: at most a third of its letters
/// differ, and two of a short one.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &'a str| {
        let distance = distance(&word.to_lowercase(), &candidate.to_lowercase());
        (distance, candidate)
    };
    let enough = |(distance, candidate): &(usize, &str)| *distance <= (candidate.len() / 3).max(2);
    known.into_iter().map(near).filter(enough).min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// How many letters must be added, removed or replaced, or neighbours swapped, to make `from` into `to` (optimal string
/// alignment).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    let mut last = None;
    for (row, letter) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&above, column) + usize::from(letter != *other);
            let mut least = replaced.min(at(&above, column + 1) + 1).min(at(&current, column) + 1);
            let is_swapped =
                column.checked_sub(1).and_then(|left| to.get(left)) == Some(&letter) && last == Some(*other);
            if is_swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
        last = Some(letter);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("listen", "listen", 0),
            ("listn", "listen", 1),
            ("lisetn", "listen", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_a_near_word_is_meant() {
        let known = ["listen", "level", "peers"];
        assert_eq!(nearest("lsiten", known), Some("listen"));
        assert_eq!(nearest("peer", known), Some("peers"));
        assert_eq!(nearest("LEVEL", known), Some("level"));
        assert_eq!(nearest("autopeering", known), None);
    }
}
