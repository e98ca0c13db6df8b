//! SwiGLU: `silu(gate) * up`.

use tch::Tensor;

use crate::door::{self, is_cpu};
use crate::fused::Kernels;

/// # Shapes
/// - `gate_up`: `[tokens, 2 * width]`, gates first; returns `[tokens, width]`
pub fn swiglu(gate_up: &Tensor) -> Tensor {
    if is_cpu(&[gate_up]) {
        // SAFETY: a live tensor of f32 on the CPU.
        return door::tensor(|output| unsafe { door::glim_cpu_gate(output, gate_up.as_ptr()) });
    }
    Kernels::of(&[gate_up]).and_then(|kernels| kernels.swiglu(gate_up)).unwrap_or_else(|| plain_swiglu(gate_up))
}

/// The same of two tensors.
///
/// # Shapes
/// - `gate`, `up`: any, the same; returns it
pub fn swiglu_pair(gate: &Tensor, up: &Tensor) -> Tensor {
    if is_cpu(&[gate, up]) {
        assert_eq!(gate.size(), up.size(), "each number has its gate");
        // SAFETY: live tensors of f32 on the CPU, of one shape.
        return door::tensor(|output| unsafe { door::glim_cpu_gate_pair(output, gate.as_ptr(), up.as_ptr()) });
    }
    Kernels::of(&[gate, up]).and_then(|kernels| kernels.swiglu_pair(gate, up)).unwrap_or_else(|| gate.silu() * up)
}

/// The definition, in plain operations.
pub fn plain_swiglu(gate_up: &Tensor) -> Tensor {
    let mut halves = gate_up.chunk(2, -1);
    let up = halves.pop().expect("two halves");
    let gate = halves.pop().expect("two halves");
    gate.silu() * up
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn the_loops_are_their_definition_and_so_are_their_gradients() {
        for (tokens, width, scale) in [(1, 3, 1.0), (5, 96, 10.0), (2, 1536, 100.0)] {
            let input =
                (Tensor::randn([tokens, 2 * width], (Kind::Float, Device::Cpu)) * scale).set_requires_grad(true);
            let weights = Tensor::randn([tokens, width], (Kind::Float, Device::Cpu));
            let run = |output: Tensor| {
                (&output * &weights).sum(Kind::Float).backward();
                let gradient = input.grad().copy();
                crate::optimizer::drop_gradient(&input);
                (output.detach(), gradient)
            };
            let expected = run(plain_swiglu(&input));
            let halves = || (input.narrow(1, 0, width), input.narrow(1, width, width));
            for got in [run(swiglu(&input)), run(swiglu_pair(&halves().0, &halves().1))] {
                for (got, expected) in [(got.0, &expected.0), (got.1, &expected.1)] {
                    let far = (got - expected).abs() / (expected.abs() + 1e-2);
                    assert!(far.max().double_value(&[]) < 1e-4, "{far:?}");
                }
            }
        }
    }
}
