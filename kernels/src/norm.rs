//! RMSNorm: `weight * x / sqrt(mean(x^2) + epsilon)`, the mean in f32.

use tch::{Device, Kind, Tensor};

use crate::door::{self, is_cpu, is_plain_cpu};

/// # Shapes
/// - `input`: `[.., width]`; `weight`: `[width]`; returns the shape and kind of `input`
pub fn rms_norm(input: &Tensor, weight: &Tensor, epsilon: f64) -> Tensor {
    if is_plain_cpu(&[input, weight]) {
        // SAFETY: live tensors of one kind and device; shapes are checked by the caller's model.
        return door::tensor(|output| unsafe {
            door::glim_cpu_rms_norm(output, input.as_ptr(), weight.as_ptr(), std::ptr::null(), epsilon)
        });
    }
    if is_cpu(&[input, weight]) {
        // SAFETY: as above; the operation keeps what its gradient needs.
        return door::tensor(|output| unsafe { door::glim_cpu_norm(output, input.as_ptr(), weight.as_ptr(), epsilon) });
    }
    if matches!(input.device(), Device::Cuda(_)) {
        // SAFETY: live tensors; torch checks their shapes.
        return door::tensor(|output| unsafe {
            door::glim_fused_rms_norm(output, input.as_ptr(), weight.as_ptr(), epsilon)
        });
    }
    plain_rms_norm(input, weight, epsilon)
}

/// `residual + rms_norm(input)`: how a sandwich norm ends a block.
///
/// # Shapes
/// - as [`rms_norm`]; `residual`: the shape of `input`
pub fn rms_norm_onto(residual: &Tensor, input: &Tensor, weight: &Tensor, epsilon: f64) -> Tensor {
    if is_plain_cpu(&[residual, input, weight]) {
        // SAFETY: as above; `residual` has the shape of `input`.
        return door::tensor(|output| unsafe {
            door::glim_cpu_rms_norm(output, input.as_ptr(), weight.as_ptr(), residual.as_ptr(), epsilon)
        });
    }
    residual + rms_norm(input, weight, epsilon)
}

/// The definition, in plain operations.
pub fn plain_rms_norm(input: &Tensor, weight: &Tensor, epsilon: f64) -> Tensor {
    let kind = input.kind();
    let wide = input.to_kind(Kind::Float);
    let mean = wide.square().mean_dim(&[-1i64][..], true, Kind::Float);
    weight * (wide * (mean + epsilon).rsqrt()).to_kind(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loop_is_its_definition() {
        for shape in [[1, 8], [3, 5], [70, 384]] {
            let input = Tensor::randn(shape, (Kind::Float, Device::Cpu));
            let weight = Tensor::randn([shape[1]], (Kind::Float, Device::Cpu));
            let expected = plain_rms_norm(&input, &weight, 1e-5);
            let far = |got: &Tensor, expected: &Tensor| (got - expected).abs().max().double_value(&[]);
            assert!(far(&rms_norm(&input, &weight, 1e-5), &expected) < 1e-5);
            let residual = Tensor::randn(shape, (Kind::Float, Device::Cpu));
            assert!(far(&rms_norm_onto(&residual, &input, &weight, 1e-5), &(&residual + &expected)) < 1e-5);
        }
    }

    #[test]
    fn gradients_are_those_of_the_definition() {
        let input = Tensor::randn([70, 48], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let weight = Tensor::randn([48], (Kind::Float, Device::Cpu)).set_requires_grad(true);
        let shape = Tensor::randn([70, 48], (Kind::Float, Device::Cpu));
        let gradients = |output: Tensor| {
            (output * &shape).sum(Kind::Float).backward();
            let both = (input.grad().copy(), weight.grad().copy());
            crate::optimizer::drop_gradient(&input);
            crate::optimizer::drop_gradient(&weight);
            both
        };
        let got = gradients(rms_norm(&input, &weight, 1e-5));
        let expected = gradients(plain_rms_norm(&input, &weight, 1e-5));
        for (got, expected) in [(got.0, expected.0), (got.1, expected.1)] {
            assert!((got - expected).abs().max().double_value(&[]) < 1e-4);
        }
    }
}
