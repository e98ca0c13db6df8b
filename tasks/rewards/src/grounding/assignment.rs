//! The assignment of rows to columns with the greatest total weight.
//!
//! The Hungarian method in its form with potentials and shortest augmenting paths (Jonker and Volgenant 1987): rows times
//! rows times columns steps.

/// Pairs of row and column, each at most once, with the greatest sum of weights. All rows have the same length; weights
/// are finite and not negative.
pub(super) fn best_assignment(weights: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let rows = weights.len();
    let columns = weights.first().map_or(0, Vec::len);
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    if rows > columns {
        let turned: Vec<Vec<f64>> =
            (0..columns).map(|column| weights.iter().map(|row| row[column]).collect()).collect();
        return best_assignment(&turned).into_iter().map(|(column, row)| (row, column)).collect();
    }
    // Row and column 0 stand for "none"; costs are the negative weights.
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; columns + 1];
    let mut row_of = vec![0; columns + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut distance = vec![f64::INFINITY; columns + 1];
        let mut previous = vec![0; columns + 1];
        let mut done = vec![false; columns + 1];
        let mut column = 0;
        while row_of[column] != 0 {
            done[column] = true;
            let current = row_of[column];
            let (mut nearest, mut step) = (0, f64::INFINITY);
            for next in (1..=columns).filter(|&next| !done[next]) {
                let cost = -weights[current - 1][next - 1] - row_potential[current] - column_potential[next];
                if cost < distance[next] {
                    (distance[next], previous[next]) = (cost, column);
                }
                if distance[next] < step {
                    (step, nearest) = (distance[next], next);
                }
            }
            for other in 0..=columns {
                if done[other] {
                    row_potential[row_of[other]] += step;
                    column_potential[other] -= step;
                } else {
                    distance[other] -= step;
                }
            }
            column = nearest;
        }
        while column != 0 {
            row_of[column] = row_of[previous[column]];
            column = previous[column];
        }
    }
    (1..=columns).filter(|&column| row_of[column] != 0).map(|column| (row_of[column] - 1, column - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(weights: &[Vec<f64>], pairs: &[(usize, usize)]) -> f64 {
        pairs.iter().map(|&(row, column)| weights[row][column]).sum()
    }

    /// The greatest total by trying everything.
    fn greatest(weights: &[Vec<f64>], row: usize, used: u32) -> f64 {
        let Some(choices) = weights.get(row) else { return 0.0 };
        let with = (0..choices.len())
            .filter(|column| used & (1 << column) == 0)
            .map(|column| choices[column] + greatest(weights, row + 1, used | (1 << column)));
        with.fold(greatest(weights, row + 1, used), f64::max)
    }

    #[test]
    fn the_total_is_the_greatest() {
        let mut state = 7_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for _ in 0..500 {
            let (rows, columns) = (random() as usize % 6 + 1, random() as usize % 6 + 1);
            let weights: Vec<Vec<f64>> = (0..rows)
                .map(|_| (0..columns).map(|_| if random() % 3 == 0 { 0.0 } else { random() as f64 / 1e10 }).collect())
                .collect();
            let pairs = best_assignment(&weights);
            assert!(pairs.len() <= rows.min(columns));
            for (index, (row, column)) in pairs.iter().enumerate() {
                assert!(pairs[..index].iter().all(|(other_row, other)| other_row != row && other != column));
            }
            assert!((total(&weights, &pairs) - greatest(&weights, 0, 0)).abs() < 1e-9, "{weights:?}");
        }
    }

    #[test]
    fn nothing_is_assigned_to_nothing() {
        assert!(best_assignment(&[]).is_empty());
        assert!(best_assignment(&[vec![]]).is_empty());
    }
}
