//! Matrix products of few rows: a decoding step's.

use tch::Tensor;

use crate::door::{self, is_plain_cpu};

/// Rows up to which our loop is used; with more, a library's product reads its matrix often enough to be faster.
const FEW: i64 = 16;

/// # Shapes
/// - `input`: `[rows, inputs]`; `matrix`: `[outputs, inputs]`; `bias`: `[outputs]`; returns `[rows, outputs]`
pub fn linear(input: &Tensor, matrix: &Tensor, bias: Option<&Tensor>) -> Tensor {
    if input.dim() == 2 && input.size()[0] <= FEW && is_plain_cpu(&[input, matrix]) {
        let bias = bias.map_or(std::ptr::null(), Tensor::as_ptr);
        // SAFETY: live tensors of f32 on the CPU; the loop checks that their shapes fit, and a bias has one number for
        // each row of its matrix.
        return door::tensor(|output| unsafe { door::glim_cpu_linear(output, input.as_ptr(), matrix.as_ptr(), bias) });
    }
    input.linear(matrix, bias)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn the_loop_is_its_definition() {
        for (rows, inputs, outputs) in [(1, 5, 3), (2, 16, 40), (3, 64, 64), (8, 100, 33), (9, 512, 70), (16, 31, 9000)]
        {
            let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
            let (input, matrix, bias) = (random(&[rows, inputs]), random(&[outputs, inputs]), random(&[outputs]));
            for bias in [None, Some(&bias)] {
                let far = linear(&input, &matrix, bias) - input.linear(&matrix, bias);
                assert!(far.abs().max().double_value(&[]) < 1e-4);
            }
        }
    }
}
