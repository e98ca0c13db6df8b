//! One step of AdamW with decoupled decay for many parameters in one call.

use tch::Tensor;
use torch_sys::C_tensor;

use crate::door;

/// What one parameter carries from step to step.
#[derive(Debug)]
pub struct Moments {
    /// Running mean of its gradient, of its shape.
    pub average: Tensor,
    /// Running mean of its gradient's square.
    pub square: Tensor,
    /// Steps taken, a scalar in f32.
    pub step: Tensor,
}

impl Moments {
    /// Those of a parameter before its first step.
    pub fn of(parameter: &Tensor) -> Moments {
        let scalar = (tch::Kind::Float, parameter.device());
        Moments {
            average: parameter.zeros_like(),
            square: parameter.zeros_like(),
            step: Tensor::zeros([] as [i64; 0], scalar),
        }
    }
}

/// Forgets the gradient of a tensor, and its memory: the next one is put there instead of added.
pub fn drop_gradient(tensor: &Tensor) {
    // SAFETY: a live tensor; a gradient that somebody else still holds stays theirs.
    unsafe { door::glim_drop_gradient(tensor.as_ptr()) }
}

/// The numbers of one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f64,
    /// Decay of the running means of gradient and square.
    pub betas: (f64, f64),
    /// Share of a weight that is taken away at rate 1.
    pub decay: f64,
    /// Added to the root of the square.
    pub epsilon: f64,
}

impl AdamW {
    /// Changes all parameters in place, by their gradients.
    ///
    /// # Panics
    /// If there are not as many gradients and moments as parameters, or one of them has another shape or device.
    pub fn step(&self, parameters: &[&Tensor], gradients: &[&Tensor], moments: &[&Moments]) {
        assert!(parameters.len() == gradients.len() && parameters.len() == moments.len(), "one of each");
        if parameters.is_empty() {
            return;
        }
        let pointers = |tensors: &mut dyn Iterator<Item = &Tensor>| tensors.map(Tensor::as_ptr).collect::<Vec<_>>();
        let parameters: Vec<*const C_tensor> = pointers(&mut parameters.iter().copied());
        let gradients = pointers(&mut gradients.iter().copied());
        let averages = pointers(&mut moments.iter().map(|it| &it.average));
        let squares = pointers(&mut moments.iter().map(|it| &it.square));
        let steps = pointers(&mut moments.iter().map(|it| &it.step));
        // SAFETY: five lists of as many live tensors; torch checks shapes and devices and throws where they differ.
        door::succeed(unsafe {
            for step in &steps {
                // The counter is ours to move: the fused step reads it as the number of this step.
                let mut step = Tensor::clone_from_ptr(step.cast_mut());
                let _ = step.g_add_scalar_(1.0);
            }
            door::glim_fused_adamw(
                parameters.as_ptr(),
                gradients.as_ptr(),
                averages.as_ptr(),
                squares.as_ptr(),
                steps.as_ptr(),
                i64::try_from(parameters.len()).expect("a model has few tensors"),
                self.rate,
                self.betas.0,
                self.betas.1,
                self.decay,
                self.epsilon,
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn a_step_is_that_of_the_paper() {
        let options = AdamW { rate: 0.1, betas: (0.9, 0.99), decay: 0.01, epsilon: 1e-8 };
        let parameter = Tensor::from_slice(&[1.0f32, -2.0]);
        let moments = Moments::of(&parameter);
        let mut expected = [1.0f64, -2.0];
        let (mut average, mut square) = ([0.0f64; 2], [0.0f64; 2]);
        for step in 1..=3 {
            let gradient = [0.5 * f64::from(step), -0.25];
            options.step(&[&parameter], &[&Tensor::from_slice(&gradient).to_kind(Kind::Float)], &[&moments]);
            for i in 0..2 {
                average[i] = 0.9 * average[i] + 0.1 * gradient[i];
                square[i] = 0.99 * square[i] + 0.01 * gradient[i] * gradient[i];
                let (m, v) = (average[i] / (1.0 - 0.9f64.powi(step)), square[i] / (1.0 - 0.99f64.powi(step)));
                expected[i] = expected[i] * (1.0 - 0.1 * 0.01) - 0.1 * m / (v.sqrt() + 1e-8);
            }
        }
        let expected = Tensor::from_slice(&expected).to_device(Device::Cpu);
        assert!((parameter.to_kind(Kind::Double) - expected).abs().max().double_value(&[]) < 1e-6);
    }
}
