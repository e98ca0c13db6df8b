//! Rotary positions: pairs of numbers are turned by an angle that grows with the position.
//!
//! GLM-4 turns neighbours (`x[2i], x[2i+1]`), GLM-4.5 turns halves (`x[i], x[half+i]`), both over the first part of a head
//! only; what lies past it stays as it is.

use tch::{Kind, Tensor};

use crate::door::{self, is_cpu, records};
use crate::fused::Kernels;
use crate::gradient::attach;

/// Which two numbers of a head make a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// `2i` and `2i + 1`.
    Neighbours,
    /// `i` and `half + i`.
    Halves,
}

/// # Shapes
/// - `heads`: `[tokens, heads, head_dim]`, which may be changed in place; `cos`, `sin`: `[tokens, half]` in f32, where
///   `2 * half <= head_dim`; returns the shape and kind of `heads`
pub fn rotate(heads: Tensor, cos: &Tensor, sin: &Tensor, pairs: Pairs) -> Tensor {
    if is_cpu(&[&heads, cos, sin]) && heads.stride().last() == Some(&1) {
        if !records(&[&heads]) {
            return turned(heads, cos, sin, pairs);
        }
        let result = turned(heads.detach().copy(), cos, sin, pairs);
        return attach(&[&heads], &[cos, sin], result, move |gradient, saved| {
            vec![turned(gradient.copy(), &saved[0], &saved[1].neg(), pairs)]
        });
    }
    Kernels::of(&[&heads])
        .and_then(|kernels| kernels.rotate(&heads, cos, sin, pairs))
        .unwrap_or_else(|| plain_rotate(&heads, cos, sin, pairs))
}

/// Turned in place, by a loop in f32 on the CPU.
fn turned(mut heads: Tensor, cos: &Tensor, sin: &Tensor, pairs: Pairs) -> Tensor {
    // SAFETY: live tensors; the loop checks the layout of `heads`, and `cos` and `sin` are dense, as made by us.
    door::succeed(unsafe {
        door::glim_cpu_rotate(heads.as_mut_ptr(), cos.as_ptr(), sin.as_ptr(), pairs == Pairs::Neighbours)
    });
    heads
}

/// The definition, in plain operations.
pub fn plain_rotate(heads: &Tensor, cos: &Tensor, sin: &Tensor, pairs: Pairs) -> Tensor {
    let (tokens, count, head_dim) = heads.size3().expect("heads are [tokens, heads, head_dim]");
    let half = cos.size()[1];
    let turned = heads.narrow(2, 0, 2 * half).to_kind(Kind::Float);
    let (cos, sin) = (cos.unsqueeze(1), sin.unsqueeze(1)); // [tokens, 1, half]
    let (a, b) = match pairs {
        Pairs::Neighbours => {
            let pairs = turned.reshape([tokens, count, half, 2]);
            (pairs.select(3, 0), pairs.select(3, 1))
        }
        Pairs::Halves => (turned.narrow(2, 0, half), turned.narrow(2, half, half)),
    };
    let (left, right) = (&a * &cos - &b * &sin, &b * &cos + &a * &sin);
    let turned = match pairs {
        Pairs::Neighbours => Tensor::stack(&[left, right], -1).flatten(-2, -1),
        Pairs::Halves => Tensor::cat(&[left, right], -1),
    };
    let turned = turned.to_kind(heads.kind()); // [tokens, heads, 2 * half]
    if 2 * half == head_dim {
        return turned;
    }
    Tensor::cat(&[turned, heads.narrow(2, 2 * half, head_dim - 2 * half)], -1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tch::Device;

    use super::*;

    #[rstest]
    #[case::neighbours(Pairs::Neighbours)]
    #[case::halves(Pairs::Halves)]
    fn the_loop_is_its_definition(#[case] pairs: Pairs) {
        for (tokens, heads, head_dim, half) in [(1, 1, 4, 1), (7, 3, 16, 8), (130, 4, 64, 16)] {
            let input = Tensor::randn([tokens, heads, head_dim], (Kind::Float, Device::Cpu));
            let angles = Tensor::randn([tokens, half], (Kind::Float, Device::Cpu));
            let (cos, sin) = (angles.cos(), angles.sin());
            let expected = plain_rotate(&input, &cos, &sin, pairs);
            let got = rotate(input.copy(), &cos, &sin, pairs);
            assert!((got - expected).abs().max().double_value(&[]) < 1e-6);
        }
    }

    #[rstest]
    #[case::neighbours(Pairs::Neighbours)]
    #[case::halves(Pairs::Halves)]
    fn gradients_are_those_of_the_definition(#[case] pairs: Pairs) {
        for (tokens, heads, head_dim, half) in [(1, 1, 4, 1), (7, 3, 16, 8), (130, 4, 64, 16)] {
            // A part of wider rows, as queries lie beside keys and values.
            let all = Tensor::randn([tokens, 3 * heads, head_dim], (Kind::Float, Device::Cpu)).set_requires_grad(true);
            let weights = Tensor::randn([tokens, heads, head_dim], (Kind::Float, Device::Cpu));
            let angles = Tensor::randn([tokens, half], (Kind::Float, Device::Cpu));
            let (cos, sin) = (angles.cos(), angles.sin());
            let run = |output: Tensor| {
                (&output * &weights).sum(Kind::Float).backward();
                let gradient = all.grad().copy();
                crate::optimizer::drop_gradient(&all);
                (output.detach(), gradient)
            };
            let before = all.detach().copy();
            let got = run(rotate(all.narrow(1, heads, heads), &cos, &sin, pairs));
            let expected = run(plain_rotate(&all.narrow(1, heads, heads), &cos, &sin, pairs));
            for (got, expected) in [(got.0, expected.0), (got.1, expected.1), (all.detach(), before)] {
                assert!((got - expected).abs().max().double_value(&[]) < 1e-5);
            }
        }
    }
}
