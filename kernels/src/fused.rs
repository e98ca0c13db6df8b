//! The kernels of a training step in bf16, each beside its definition in plain operations.

use std::sync::Mutex;

use tch::{Device, Kind, Tensor};

use crate::gpu::{Argument, Kernel, Module};
use crate::gradient::attach;
use crate::rotary::Pairs;

/// The source that is compiled at run time.
pub const SOURCE: &str = concat!(include_str!("../cuda/common.cuh"), include_str!("../cuda/train.cu"));

/// The kernels, loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels {
    turn: Kernel,
    swiglu: Kernel,
    swiglu_back: Kernel,
    likelihood: Kernel,
}

/// Numbers that a thread reads at a time.
const GROUP: i64 = 8;
const THREADS: u32 = 256;

impl Kernels {
    /// Those of the GPU on which these lie, if it is one, they are in bf16, and the kernels can be compiled there: all other
    /// work is done by plain operations.
    pub(crate) fn of(tensors: &[&Tensor]) -> Option<Kernels> {
        static LOADED: Mutex<Vec<(usize, Option<Kernels>)>> = Mutex::new(Vec::new());
        let Device::Cuda(number) = tensors.first()?.device() else { return None };
        let half = |tensor: &&Tensor| tensor.device() == Device::Cuda(number) && tensor.kind() == Kind::BFloat16;
        if !tensors.iter().all(half) {
            return None;
        }
        let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, kernels)) = loaded.iter().find(|(it, _)| *it == number) {
            return *kernels;
        }
        let kernels = Module::load(SOURCE, Device::Cuda(number)).ok().map(|module| Kernels {
            turn: module.kernel(c"turn", 0),
            swiglu: module.kernel(c"swiglu", 0),
            swiglu_back: module.kernel(c"swiglu_back", 0),
            likelihood: module.kernel(c"likelihood", 0),
        });
        loaded.push((number, kernels));
        kernels
    }

    /// [`crate::rotary::rotate`], if the layout is one that groups fit into.
    ///
    /// # Shapes
    /// - `heads`: `[tokens, heads, head_dim]`; `cos`, `sin`: `[tokens, half]`; returns the shape of `heads`
    pub(crate) fn rotate(self, heads: &Tensor, cos: &Tensor, sin: &Tensor, pairs: Pairs) -> Option<Tensor> {
        let (_, _, head_dim) = heads.size3().ok()?;
        let half = cos.size()[1];
        let grouped = match pairs {
            Pairs::Neighbours => 2 * half,
            Pairs::Halves => half,
        };
        if head_dim % GROUP != 0 || grouped % GROUP != 0 || !(is_dense(cos) && is_dense(sin)) {
            return None;
        }
        let turned = self.turn(heads, cos, sin, pairs, 1.0);
        Some(attach(&[heads], &[cos, sin], turned, move |gradient, saved| {
            vec![self.turn(gradient, &saved[0], &saved[1], pairs, -1.0)]
        }))
    }

    fn turn(self, heads: &Tensor, cos: &Tensor, sin: &Tensor, pairs: Pairs, sign: f32) -> Tensor {
        let (tokens, count, head_dim) = heads.size3().expect("heads are [tokens, heads, head_dim]");
        let stride = heads.stride();
        let rows = stride[2] == 1 && stride[1] == head_dim && stride[0] % GROUP == 0 && is_aligned(heads);
        let dense = if rows { heads.detach() } else { heads.detach().contiguous() };
        let turned = Tensor::empty([tokens, count, head_dim], (Kind::BFloat16, heads.device()));
        let groups = tokens * count * head_dim / GROUP;
        let arguments = [
            Argument::Tensor(&turned),
            Argument::Tensor(&dense),
            Argument::Tensor(cos),
            Argument::Tensor(sin),
            Argument::Long(groups),
            Argument::Long(dense.stride()[0]),
            int(count),
            int(head_dim),
            int(cos.size()[1]),
            Argument::Int(i32::from(pairs == Pairs::Neighbours)),
            Argument::Float(sign),
        ];
        // SAFETY: heads of a row lie one after another, rows `stride` apart, both in whole groups; `turned` is dense.
        unsafe { self.turn.launch(grid(groups), THREADS, 0, &arguments) };
        turned
    }

    /// [`crate::gate::swiglu_pair`], if the layout is one that groups fit into.
    ///
    /// # Shapes
    /// - `gate`, `up`: `[.., width]`, the same; returns it
    pub(crate) fn swiglu_pair(self, gate: &Tensor, up: &Tensor) -> Option<Tensor> {
        let width = gate.size().last().copied()?;
        if width % GROUP != 0 || gate.size() != up.size() {
            return None;
        }
        let (gate, up) = (gate.contiguous(), up.contiguous());
        let out = self.gate(&gate, &up, width, width);
        Some(attach(&[&gate, &up], &[&gate, &up], out, move |gradient, saved| {
            let (to_gate, to_up) = (saved[0].empty_like(), saved[1].empty_like());
            self.gate_back([&to_gate, &to_up], gradient, [&saved[0], &saved[1]], width, width);
            vec![to_gate, to_up]
        }))
    }

    /// [`crate::gate::swiglu`], if the layout is one that groups fit into.
    ///
    /// # Shapes
    /// - `gate_up`: `[tokens, 2 * width]`, gates first; returns `[tokens, width]`
    pub(crate) fn swiglu(self, gate_up: &Tensor) -> Option<Tensor> {
        let (_, both) = gate_up.size2().ok()?;
        let width = both / 2;
        if both % (2 * GROUP) != 0 {
            return None;
        }
        let gate_up = gate_up.contiguous();
        let halves = move |tensor: &Tensor| (tensor.narrow(1, 0, width), tensor.narrow(1, width, width));
        let (gate, up) = tch::no_grad(|| halves(&gate_up));
        let out = self.gate(&gate, &up, both, width);
        Some(attach(&[&gate_up], &[&gate_up], out, move |gradient, saved| {
            let whole = saved[0].empty_like();
            let ((to_gate, to_up), (gate, up)) = (halves(&whole), halves(&saved[0]));
            self.gate_back([&to_gate, &to_up], gradient, [&gate, &up], both, width);
            vec![whole]
        }))
    }

    fn gate(self, gate: &Tensor, up: &Tensor, stride: i64, width: i64) -> Tensor {
        let out = Tensor::empty(gate.size(), (Kind::BFloat16, gate.device()));
        let groups = out.numel() as i64 / GROUP;
        let arguments = [
            Argument::Tensor(&out),
            Argument::Tensor(gate),
            Argument::Tensor(up),
            Argument::Long(groups),
            Argument::Long(stride),
            int(width),
        ];
        // SAFETY: rows of `width` numbers, `stride` apart, both in whole groups; `out` is dense.
        unsafe { self.swiglu.launch(grid(groups), THREADS, 0, &arguments) };
        out
    }

    fn gate_back(self, to: [&Tensor; 2], gradient: &Tensor, from: [&Tensor; 2], stride: i64, width: i64) {
        let groups = gradient.numel() as i64 / GROUP;
        let arguments = [
            Argument::Tensor(to[0]),
            Argument::Tensor(to[1]),
            Argument::Tensor(gradient),
            Argument::Tensor(from[0]),
            Argument::Tensor(from[1]),
            Argument::Long(groups),
            Argument::Long(stride),
            int(width),
        ];
        // SAFETY: as in `gate`; `to` has the layout of `from`.
        unsafe { self.swiglu_back.launch(grid(groups), THREADS, 0, &arguments) };
    }

    /// Each row's negative log-likelihood of its id. With `weights`, `logits` become their gradient.
    ///
    /// # Shapes
    /// - `logits`: `[rows, vocab]`; `ids`: `[rows]`; `weights`: `[rows]` in f32; returns `[rows]` in f32
    fn likelihood(self, logits: &Tensor, ids: &Tensor, weights: Option<&Tensor>) -> Tensor {
        let (rows, vocab) = logits.size2().expect("logits are [rows, vocab]");
        let each = Tensor::empty([rows], (Kind::Float, logits.device()));
        let arguments = [
            Argument::Tensor(&each),
            Argument::Tensor(logits),
            Argument::Tensor(ids),
            Argument::Tensor(weights.unwrap_or(&each)),
            int(vocab),
            Argument::Int(i32::from(weights.is_some())),
        ];
        // SAFETY: dense tensors of `rows` rows, and ids that lie within `vocab`, as the caller says.
        unsafe { self.likelihood.launch([size(rows), 1, 1], 1024, 0, &arguments) };
        each
    }
}

/// Each row's negative log-likelihood of its id, in nats. With `weights`, also the gradient of their weighted sum, in the kind
/// of `logits`; its memory may be that of `logits`.
///
/// # Shapes
/// - `logits`: `[rows, vocab]`; `ids`: `[rows]`, within `vocab`; `weights`: `[rows]` in f32; returns `[rows]` in f32 and
///   the shape of `logits`
pub fn likelihoods(logits: Tensor, ids: &Tensor, weights: Option<&Tensor>) -> (Tensor, Option<Tensor>) {
    let fits = logits.size()[1] % GROUP == 0 && is_dense(&logits) && ids.is_contiguous();
    if let Some(kernels) = Kernels::of(&[&logits]).filter(|_| fits && logits.size()[0] > 0) {
        let each = kernels.likelihood(&logits, ids, weights);
        return (each, weights.is_some().then_some(logits));
    }
    plain_likelihoods(&logits, ids, weights)
}

/// The definition, in plain operations.
pub fn plain_likelihoods(logits: &Tensor, ids: &Tensor, weights: Option<&Tensor>) -> (Tensor, Option<Tensor>) {
    let ids = ids.unsqueeze(1);
    let likelihoods = logits.to_kind(Kind::Float).log_softmax(-1, Kind::Float); // [rows, vocab]
    let each = -likelihoods.gather(1, &ids, false).squeeze_dim(1);
    let gradient = weights.map(|weights| {
        let weights = weights.unsqueeze(1);
        let mut gradient = likelihoods.exp() * &weights;
        gradient.scatter_add_(1, &ids, &-&weights).to_kind(logits.kind())
    });
    (each, gradient)
}

fn is_dense(tensor: &Tensor) -> bool {
    tensor.is_contiguous() && is_aligned(tensor)
}

/// Whether groups can be read from where it begins.
fn is_aligned(tensor: &Tensor) -> bool {
    (tensor.data_ptr() as usize).is_multiple_of(16)
}

fn size(number: i64) -> u32 {
    u32::try_from(number).expect("a step's tensors fit on a card")
}

fn int(number: i64) -> Argument<'static> {
    Argument::Int(i32::try_from(number).expect("widths are small"))
}

fn grid(groups: i64) -> [u32; 3] {
    [size((groups as u64).div_ceil(u64::from(THREADS)) as i64).max(1), 1, 1]
}

#[cfg(test)]
mod gpu {
    use super::*;
    use crate::gate::{plain_swiglu, swiglu, swiglu_pair};
    use crate::rotary::{plain_rotate, rotate};

    /// Relative distance in the Euclidean norm.
    fn far(got: &Tensor, expected: &Tensor) -> f64 {
        let expected = expected.to_kind(Kind::Double);
        (got.to_kind(Kind::Double) - &expected).norm().double_value(&[]) / expected.norm().double_value(&[])
    }

    /// What `run` gives, and the gradient of its input.
    fn both(input: &Tensor, shape: &Tensor, run: impl Fn(&Tensor) -> Tensor) -> (Tensor, Tensor) {
        let input = input.copy().set_requires_grad(true);
        let output = run(&input);
        (&output * shape).sum(Kind::Float).backward();
        (output.detach(), input.grad())
    }

    /// Run on a machine with a GPU by `scripts/gpu_check.sh`; elsewhere there is nothing to run them on.
    #[test]
    #[ignore = "needs a GPU"]
    fn kernels_and_their_gradients_are_their_definitions() {
        crate::cuda::open().unwrap();
        let device = Device::Cuda(0);
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, device)).to_kind(Kind::BFloat16);
        assert!(Kernels::of(&[&random(&[1])]).is_some(), "the kernels could not be compiled");
        let wide = |tensor: &Tensor| tensor.to_kind(Kind::Float);
        let near = |got: (Tensor, Tensor), expected: (Tensor, Tensor)| {
            assert!(far(&got.0, &expected.0) < 5e-3, "{}", far(&got.0, &expected.0));
            assert!(far(&got.1, &expected.1) < 5e-3, "{}", far(&got.1, &expected.1));
        };
        for (tokens, heads, head_dim, half, pairs) in [
            (77, 32, 128, 32, Pairs::Neighbours),
            (1, 2, 64, 16, Pairs::Neighbours),
            (576, 16, 64, 32, Pairs::Halves),
            (5, 4, 128, 32, Pairs::Halves),
        ] {
            // Queries lie among keys and values, as the tower's do.
            let input = random(&[tokens, 3 * heads * head_dim]);
            let shape = random(&[tokens, heads, head_dim]);
            let angles = Tensor::randn([tokens, half], (Kind::Float, device));
            let (cos, sin) = (angles.cos(), angles.sin());
            let part = |all: &Tensor| all.narrow(1, heads * head_dim, heads * head_dim).view([tokens, heads, head_dim]);
            let got = both(&input, &shape, |all| rotate(part(all), &cos, &sin, pairs));
            let expected = both(&wide(&input), &wide(&shape), |all| plain_rotate(&part(all), &cos, &sin, pairs));
            near(got, expected);
        }
        for (tokens, width) in [(1, 8), (33, 1536), (700, 4608)] {
            let (input, shape) = (random(&[tokens, 2 * width]) * 3.0, random(&[tokens, width]));
            let expected = both(&wide(&input), &wide(&shape), plain_swiglu);
            near(both(&input, &shape, swiglu), (expected.0.shallow_clone(), expected.1.shallow_clone()));
            let pair = |all: &Tensor| swiglu_pair(&all.narrow(1, 0, width), &all.narrow(1, width, width));
            near(both(&input, &shape, pair), expected);
        }
        for (rows, vocab) in [(1, 8), (64, 512), (300, 151_552)] {
            let logits = random(&[rows, vocab]) * 4.0;
            let ids = Tensor::randint(vocab, [rows], (Kind::Int64, device));
            let weights = Tensor::rand([rows], (Kind::Float, device));
            let expected = plain_likelihoods(&wide(&logits), &ids, Some(&weights));
            let alone = likelihoods(logits.copy(), &ids, None);
            assert!(alone.1.is_none() && far(&alone.0, &expected.0) < 1e-4);
            let got = likelihoods(logits, &ids, Some(&weights));
            near((got.0, got.1.unwrap()), (expected.0, expected.1.unwrap()));
        }
        // A NaN is not lost on the way.
        let broken = Tensor::from_slice(&[f32::NAN; 16]).view([1, 16]).to_device(device).to_kind(Kind::BFloat16);
        assert!(swiglu(&broken).isnan().all().int64_value(&[]) == 1);
    }
}
