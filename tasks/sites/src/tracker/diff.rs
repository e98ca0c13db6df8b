//! Which lines two revisions of a page do not share.

use serde::Serialize;

/// One line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// `same`, `added` or `removed`.
    pub(super) kind: &'static str,
    pub(super) text: String,
}

/// Compares by the longest common subsequence of lines. Pages have a few hundred lines at most; the table is quadratic.
pub(super) fn lines(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    let mut push = |kind, text: &str| out.push(Line { kind, text: text.to_owned() });
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            push("same", old[i]);
            (i, j) = (i + 1, j + 1);
        } else if j >= new.len() || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            push("removed", old[i]);
            i += 1;
        } else {
            push("added", new[j]);
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_marked() {
        let kinds = |old, new| {
            lines(old, new).iter().map(|line| format!("{}{}", &line.kind[..1], line.text)).collect::<Vec<_>>()
        };
        assert_eq!(kinds("a\nb\nc", "a\nx\nc"), ["sa", "rb", "ax", "sc"]);
        assert_eq!(kinds("", "a"), ["aa"]);
        assert_eq!(kinds("a", ""), ["ra"]);
    }
}
