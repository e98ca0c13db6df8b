//! SwiGLU: `silu(gate) * up`.

use tch::Tensor;

use crate::door::{self, is_plain_cpu};

/// # Shapes
/// - `gate_up`: `[tokens, 2 * width]`, gates first; returns `[tokens, width]`
pub fn swiglu(gate_up: &Tensor) -> Tensor {
    if is_plain_cpu(&[gate_up]) {
        // SAFETY: a live tensor; the loop makes it dense first.
        return door::tensor(|output| unsafe { door::glim_cpu_swiglu(output, gate_up.as_ptr()) });
    }
    plain_swiglu(gate_up)
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
    fn the_loop_is_its_definition() {
        for (tokens, width, scale) in [(1, 3, 1.0), (5, 96, 10.0), (2, 1536, 100.0)] {
            let input = Tensor::randn([tokens, 2 * width], (Kind::Float, Device::Cpu)) * scale;
            let (got, expected) = (swiglu(&input), plain_swiglu(&input));
            let far = (got - &expected).abs() / (expected.abs() + 1e-3);
            assert!(far.max().double_value(&[]) < 1e-5, "{far:?}");
        }
    }
}
