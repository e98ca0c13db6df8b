//! The loss over chosen tokens, without ever holding the logits of all of them.
//!
//! A loss is a number, so the gradient of its logits is known as soon as they are: each chunk of tokens gives its share of
//! the gradients of the hidden states and of the head while its logits are there, and then they are gone. Nothing is
//! computed a second time on the way back. It needs memory for one gradient of the head besides.

use glim_kernels::fused::likelihoods;
use tch::{Device, Kind, Tensor};

use crate::Model;

/// Logits that are held at a time on a GPU.
pub const LOGITS_ON_A_GPU: usize = 1 << 27;

/// Logits that are held at a time: 64 MB in f32 on the CPU. On a GPU half a gigabyte, so that its products are large enough.
fn logits_at_once(device: Device) -> usize {
    match device {
        Device::Cpu => 1 << 24,
        _ => LOGITS_ON_A_GPU,
    }
}

/// Tokens to be predicted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Targets {
    /// Rows of the hidden states that predict them.
    pub places: Vec<i64>,
    /// Their ids.
    pub ids: Vec<i64>,
    /// What each counts; `1 / n` each gives the mean.
    pub weights: Vec<f32>,
}

impl Targets {
    /// The mean over these.
    pub fn mean(places: Vec<i64>, ids: Vec<i64>) -> Targets {
        let weights = vec![1.0 / places.len().max(1) as f32; places.len()];
        Targets { places, ids, weights }
    }
}

impl Model {
    /// The weighted sum of the targets' negative log-likelihoods in nats, a scalar in f32 that knows its gradients.
    ///
    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`, of [`Model::forward`]
    ///
    /// # Panics
    /// If the lists of `targets` differ in length.
    pub fn loss(&self, hidden: &Tensor, targets: &Targets) -> Tensor {
        self.losses(hidden, targets).0
    }

    /// The same, and each target's negative log-likelihood, without its weight and without gradients.
    ///
    /// # Shapes
    /// - returns a scalar, and `[targets]` in f32
    ///
    /// # Panics
    /// As [`Model::loss`].
    pub fn losses(&self, hidden: &Tensor, targets: &Targets) -> (Tensor, Tensor) {
        let count = targets.places.len();
        assert!(targets.ids.len() == count && targets.weights.len() == count, "an id and a weight for each place");
        let device = hidden.device();
        let places = Tensor::from_slice(&targets.places).to_device(device);
        let chosen = hidden.index_select(0, &places); // [chosen, hidden]
        let head = self.head();
        let wanted = chosen.requires_grad() || head.requires_grad();
        let ids = Tensor::from_slice(&targets.ids).to_device(device);
        let weights = Tensor::from_slice(&targets.weights).to_device(device);
        let rows = (logits_at_once(device) / self.config.text.vocab).clamp(1, count.max(1)) as i64;
        let (each, gradients) = tch::no_grad(|| {
            let mut each = Vec::new();
            let (mut chosen_gradients, mut head_gradient) = (Vec::new(), None);
            let mut from = 0;
            while from < count as i64 {
                let rows = rows.min(count as i64 - from);
                let part = |tensor: &Tensor| tensor.narrow(0, from, rows);
                let (hidden, ids, weights) = (part(&chosen), part(&ids), part(&weights));
                let logits = hidden.linear(head, None::<&Tensor>); // [rows, vocab]
                let (likelihoods, gradient) = likelihoods(logits, &ids, wanted.then_some(&weights));
                each.push(likelihoods);
                if let Some(gradient) = gradient {
                    chosen_gradients.push(gradient.matmul(head));
                    if head.requires_grad() {
                        let share = gradient.tr().matmul(&hidden);
                        head_gradient = Some(match head_gradient {
                            None => share,
                            Some(sum) => sum + share,
                        });
                    }
                }
                from += rows;
            }
            let chosen_gradient = (!chosen_gradients.is_empty()).then(|| Tensor::cat(&chosen_gradients, 0));
            let each = match each.is_empty() {
                true => Tensor::zeros([0], (Kind::Float, device)),
                false => Tensor::cat(&each, 0),
            };
            (each, (chosen_gradient, head_gradient))
        });
        let value = (&each * &weights).sum(Kind::Float);
        // A sum whose gradients are those that were found; its own value is taken away again.
        let mut carrier: Option<Tensor> = None;
        for (tensor, gradient) in [(&chosen, gradients.0), (&**head, gradients.1)] {
            if let Some(gradient) = gradient.filter(|_| tensor.requires_grad()) {
                let term = (tensor * gradient).sum(Kind::Float);
                carrier = Some(carrier.map_or_else(|| term.shallow_clone(), |sum| sum + &term));
            }
        }
        let total = match carrier {
            Some(carrier) => &carrier + (value - carrier.detach()),
            None => value,
        };
        (total, each)
    }
}
