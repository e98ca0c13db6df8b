//! How far two texts lie apart: Levenshtein distance and longest common subsequence over code points, bit-parallel.
//!
//! Both walk over blocks of 64 code points of one text and, for each, over the whole other text, so that a step handles 64
//! cells of the table: G. Myers, "A fast bit-vector algorithm for approximate string matching" (1999), and H. Hyyrö,
//! "Bit-parallel LCS-length computation revisited" (2004). What the texts share at both ends is cut off first. The work is
//! bounded: pairs over [`MOST_STEPS`] are not compared.

/// The most steps a comparison may take: texts of 16,000 code points each, about 25 ms.
pub const MOST_STEPS: usize = 4_000_000;

/// The least number of code points to insert, delete or replace to turn one text into the other; `None` where finding out
/// would take more than [`MOST_STEPS`] steps.
pub fn levenshtein(a: &str, b: &str) -> Option<usize> {
    let (a, b) = (code_points(a), code_points(b));
    let (_, a, b) = without_shared_ends(&a, &b);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return Some(long.len());
    }
    within_bounds(short, long)?;
    // How the table changes from column to column in the row under the block: 1 at first, since nothing against j code
    // points costs j.
    let mut row = vec![1_i8; long.len()];
    for block in short.chunks(64) {
        let places = Places::of(block);
        let last = 1_u64 << (block.len() - 1);
        let (mut plus, mut minus) = (!0_u64, 0_u64);
        for (point, change) in long.iter().zip(&mut row) {
            let mut equal = places.of_point(*point);
            let vertical = equal | minus;
            equal |= u64::from(*change < 0);
            let horizontal = ((equal & plus).wrapping_add(plus) ^ plus) | equal;
            let rises = minus | !(horizontal | plus);
            let falls = plus & horizontal;
            let below = i8::from(rises & last != 0) - i8::from(falls & last != 0);
            let rises = (rises << 1) | u64::from(*change > 0);
            let falls = (falls << 1) | u64::from(*change < 0);
            plus = falls | !(vertical | rises);
            minus = rises & vertical;
            *change = below;
        }
    }
    let across: isize = row.iter().map(|&change| isize::from(change)).sum();
    Some(short.len().checked_add_signed(across).expect("a distance is not negative"))
}

/// The length of the longest text that is found in both, in order but not in one piece; `None` where finding out would
/// take more than [`MOST_STEPS`] steps.
pub fn longest_common_subsequence(a: &str, b: &str) -> Option<usize> {
    let (a, b) = (code_points(a), code_points(b));
    let (shared, a, b) = without_shared_ends(&a, &b);
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return Some(shared);
    }
    within_bounds(short, long)?;
    let mut carries = vec![false; long.len()];
    let mut length = shared;
    for block in short.chunks(64) {
        let places = Places::of(block);
        let mut row = !0_u64;
        for (point, carry) in long.iter().zip(&mut carries) {
            let matched = row & places.of_point(*point);
            let (sum, over) = row.overflowing_add(matched);
            let (sum, over_by_carry) = sum.overflowing_add(u64::from(*carry));
            *carry = over || over_by_carry;
            row = sum | (row & !matched);
        }
        let used = !0_u64 >> (64 - block.len());
        length += (!row & used).count_ones() as usize;
    }
    Some(length)
}

fn code_points(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

/// The number of code points that both begin and end with, and what is left of each.
fn without_shared_ends<'a>(a: &'a [u32], b: &'a [u32]) -> (usize, &'a [u32], &'a [u32]) {
    let before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[before..], &b[before..]);
    let after = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (before + after, &a[..a.len() - after], &b[..b.len() - after])
}

fn within_bounds(short: &[u32], long: &[u32]) -> Option<()> {
    short.len().div_ceil(64).checked_mul(long.len()).is_some_and(|steps| steps <= MOST_STEPS).then_some(())
}

/// Where each code point stands in a block of at most 64: a table with open addressing, twice as large as it need be.
struct Places {
    points: [u32; 128],
    bits: [u64; 128],
}

impl Places {
    fn of(block: &[u32]) -> Self {
        let mut places = Self { points: [0; 128], bits: [0; 128] };
        for (index, point) in block.iter().enumerate() {
            let slot = places.slot(*point);
            places.points[slot] = *point;
            places.bits[slot] |= 1 << index;
        }
        places
    }

    fn of_point(&self, point: u32) -> u64 {
        self.bits[self.slot(point)]
    }

    /// The slot of a code point: its own, or a free one, which has no bits.
    fn slot(&self, point: u32) -> usize {
        let mut slot = point as usize % 128;
        while self.bits[slot] != 0 && self.points[slot] != point {
            slot = (slot + 1) % 128;
        }
        slot
    }
}

#[cfg(test)]
mod tests;
