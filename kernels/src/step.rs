//! The kernels of one decoding step in bf16, each beside its definition in plain operations.

use std::cell::Cell;

use tch::{Device, Kind, Tensor};

use crate::gpu::{Argument, Kernel, Module};
use crate::norm::plain_rms_norm;
use crate::rotary::{Pairs, plain_rotate};

/// The source that is compiled at run time.
pub const SOURCE: &str = concat!(include_str!("../cuda/common.cuh"), include_str!("../cuda/decode.cu"));

/// The kernels, loaded.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    add_norms: Kernel,
    turn_and_keep: Kernel,
    weigh: Kernel,
    gate: Kernel,
}

/// Widest row that `add_norms` keeps within a block: 48 KB of f32.
const WIDEST: i64 = 12_288;

thread_local! {
    static LOADED: Cell<Option<Kernels>> = const { Cell::new(None) };
}

fn size(number: i64) -> u32 {
    u32::try_from(number).expect("sizes of a step are small")
}

fn int(number: i64) -> Argument<'static> {
    Argument::Int(i32::try_from(number).expect("sizes of a step are small"))
}

/// What new tokens of a step attend to, all of it on the GPU.
#[derive(Debug)]
pub struct Held<'a> {
    /// `[slots, kv_heads, capacity, head_dim]`.
    pub keys: &'a Tensor,
    /// The same.
    pub values: &'a Tensor,
    /// `[rows]`, which slot each row has.
    pub slots: &'a Tensor,
    /// `[rows]`, tokens that each held before.
    pub lengths: &'a Tensor,
    /// Tokens that are looked at; no row holds more.
    pub span: i64,
    /// Whether row `i` has slot `i`, so that the cache need not be gathered.
    pub in_order: bool,
}

impl Kernels {
    /// Compiles and loads them, once for each thread.
    ///
    /// # Errors
    /// With the compiler's or the driver's words.
    pub fn load(device: Device) -> Result<Kernels, String> {
        if let Some(loaded) = LOADED.get() {
            return Ok(loaded);
        }
        let module = Module::load(SOURCE, device)?;
        let kernels = Kernels {
            add_norms: module.kernel(c"add_norms", 0),
            turn_and_keep: module.kernel(c"turn_and_keep", 0),
            weigh: module.kernel(c"weigh", 0),
            gate: module.kernel(c"gate", 0),
        };
        LOADED.set(Some(kernels));
        Ok(kernels)
    }

    /// `hidden = residual + norm(part, inner)` and `norm(hidden, outer)`.
    ///
    /// # Shapes
    /// - `residual`, `part`: `[rows, width]`; `inner`, `outer`: `[width]`; returns two of `[rows, width]`
    pub fn add_norms(
        &self,
        residual: &Tensor,
        part: &Tensor,
        inner: &Tensor,
        outer: &Tensor,
        epsilon: f64,
    ) -> (Tensor, Tensor) {
        let (rows, width) = part.size2().expect("a part is [rows, width]");
        check(&[residual, part, inner, outer]);
        assert!(width <= WIDEST && residual.size() == part.size(), "a row fits into a block");
        let (hidden, normed) = (part.empty_like(), part.empty_like());
        let arguments = [
            Argument::Tensor(&hidden),
            Argument::Tensor(&normed),
            Argument::Tensor(residual),
            Argument::Tensor(part),
            Argument::Tensor(inner),
            Argument::Tensor(outer),
            int(width),
            Argument::Float(epsilon as f32),
        ];
        // SAFETY: dense bf16 tensors of `rows` rows of `width`, as the kernel reads and writes them.
        unsafe { self.add_norms.launch([size(rows), 1, 1], 512, width as usize * 4, &arguments) };
        (hidden, normed)
    }

    /// Turned queries; turned keys and values go into the cache.
    ///
    /// # Shapes
    /// - `joined`: `[rows, heads + 2 * kv_heads, head_dim]`; `cos`, `sin`: `[rows, half]` in f32; returns
    ///   `[rows, heads, head_dim]`
    pub fn turn_and_keep(&self, joined: &Tensor, cos: &Tensor, sin: &Tensor, held: &Held<'_>) -> Tensor {
        let (rows, all, head_dim) = joined.size3().expect("joined is [rows, heads, head_dim]");
        let (_, kv_heads, capacity, _) = held.keys.size4().expect("a cache has four dimensions");
        check(&[joined, held.keys, held.values]);
        let (heads, half) = (all - 2 * kv_heads, cos.size()[1]);
        let query = Tensor::empty([rows, heads, head_dim], (Kind::BFloat16, joined.device()));
        let arguments = [
            Argument::Tensor(&query),
            Argument::Tensor(held.keys),
            Argument::Tensor(held.values),
            Argument::Tensor(joined),
            Argument::Tensor(cos),
            Argument::Tensor(sin),
            Argument::Tensor(held.slots),
            Argument::Tensor(held.lengths),
            int(heads),
            int(kv_heads),
            int(head_dim),
            int(half),
            Argument::Long(capacity),
        ];
        let threads = size(head_dim / 2).next_multiple_of(32);
        // SAFETY: dense tensors of these shapes; slots and lengths lie within the cache, which the caller has made room in.
        unsafe { self.turn_and_keep.launch([size(all), size(rows), 1], threads, 0, &arguments) };
        query
    }

    /// Attention of one token for each row.
    ///
    /// # Shapes
    /// - `query`: `[rows, heads, head_dim]`; returns `[rows, heads * head_dim]`
    pub fn attend(&self, query: &Tensor, held: &Held<'_>, scale: f64) -> Tensor {
        let (rows, heads, head_dim) = query.size3().expect("query is [rows, heads, head_dim]");
        let kv_heads = held.keys.size()[1];
        let seen = |cache: &Tensor| {
            let span = cache.narrow(2, 0, held.span);
            if held.in_order { span.narrow(0, 0, rows) } else { span.index_select(0, held.slots) }
        };
        let grouped = query.view([rows, kv_heads, heads / kv_heads, head_dim]);
        let scores = grouped.matmul(&seen(held.keys).transpose(2, 3)).contiguous(); // [rows, kv_heads, group, span]
        let weights = scores.empty_like();
        let arguments = [
            Argument::Tensor(&weights),
            Argument::Tensor(&scores),
            Argument::Tensor(held.lengths),
            int(heads),
            int(held.span),
            Argument::Float(scale as f32),
        ];
        // SAFETY: dense bf16 tensors of `rows * heads` rows of `span`.
        unsafe { self.weigh.launch([size(rows * heads), 1, 1], 256, 0, &arguments) };
        weights.matmul(&seen(held.values)).view([rows, heads * head_dim])
    }

    /// `silu(gate) * up`.
    ///
    /// # Shapes
    /// - `gate_up`: `[rows, 2 * width]`; returns `[rows, width]`
    pub fn swiglu(&self, gate_up: &Tensor) -> Tensor {
        let (rows, both) = gate_up.size2().expect("gate_up is [rows, 2 * width]");
        check(&[gate_up]);
        let out = Tensor::empty([rows, both / 2], (Kind::BFloat16, gate_up.device()));
        let arguments = [Argument::Tensor(&out), Argument::Tensor(gate_up), int(both / 2)];
        let blocks = size(both / 2).div_ceil(256);
        // SAFETY: dense bf16 tensors of `rows` rows.
        unsafe { self.gate.launch([blocks, size(rows), 1], 256, 0, &arguments) };
        out
    }
}

fn check(tensors: &[&Tensor]) {
    let sound = tensors.iter().all(|tensor| tensor.kind() == Kind::BFloat16 && tensor.is_contiguous());
    assert!(sound, "a step is computed on dense tensors in bf16");
}

/// The definition of [`Kernels::add_norms`].
pub fn plain_add_norms(
    residual: &Tensor,
    part: &Tensor,
    inner: &Tensor,
    outer: &Tensor,
    epsilon: f64,
) -> (Tensor, Tensor) {
    let hidden = residual + plain_rms_norm(part, inner, epsilon);
    let normed = plain_rms_norm(&hidden, outer, epsilon);
    (hidden, normed)
}

/// The definition of [`Kernels::turn_and_keep`].
pub fn plain_turn_and_keep(joined: &Tensor, cos: &Tensor, sin: &Tensor, held: &Held<'_>) -> Tensor {
    let (_, all, _) = joined.size3().expect("joined is [rows, heads, head_dim]");
    let kv_heads = held.keys.size()[1];
    let turned = plain_rotate(&joined.narrow(1, 0, all - kv_heads), cos, sin, Pairs::Neighbours);
    let place = [Some(held.slots), None, Some(held.lengths)];
    let (mut keys, mut values) = (held.keys.shallow_clone(), held.values.shallow_clone());
    let _ = keys.index_put_(&place, &turned.narrow(1, all - 2 * kv_heads, kv_heads), false);
    let _ = values.index_put_(&place, &joined.narrow(1, all - kv_heads, kv_heads), false);
    turned.narrow(1, 0, all - 2 * kv_heads)
}

#[cfg(test)]
mod gpu {
    use super::*;
    use crate::gate::plain_swiglu;

    /// Relative distance in the Euclidean norm.
    fn far(got: &Tensor, expected: &Tensor) -> f64 {
        let expected = expected.to_kind(Kind::Double);
        (got.to_kind(Kind::Double) - &expected).norm().double_value(&[]) / expected.norm().double_value(&[])
    }

    /// Run on a machine with a GPU by `scripts/gpu_check.sh`; elsewhere there is nothing to run them on.
    #[test]
    #[ignore = "needs a GPU"]
    fn kernels_are_their_definitions() {
        crate::cuda::open().unwrap();
        let device = Device::Cuda(0);
        let kernels = Kernels::load(device).unwrap();
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, device)).to_kind(Kind::BFloat16);
        for (rows, heads, kv_heads, head_dim, width) in
            [(1, 32, 2, 128, 4096), (8, 12, 2, 128, 1536), (3, 4, 1, 16, 64)]
        {
            let (residual, part) = (random(&[rows, width]), random(&[rows, width]));
            let (inner, outer) = (random(&[width]), random(&[width]));
            let got = kernels.add_norms(&residual, &part, &inner, &outer, 1e-5);
            let expected = plain_add_norms(&residual, &part, &inner, &outer, 1e-5);
            assert!(far(&got.0, &expected.0) < 1e-2 && far(&got.1, &expected.1) < 1e-2);

            let wide = random(&[rows, 2 * width]);
            assert!(far(&kernels.swiglu(&wide), &plain_swiglu(&wide)) < 1e-2);

            let slots: Vec<i64> = (0..rows).rev().collect();
            let lengths: Vec<i64> = (0..rows).map(|row| 7 * row % 250).collect();
            let (slots, lengths) =
                (Tensor::from_slice(&slots).to_device(device), Tensor::from_slice(&lengths).to_device(device));
            let shape = [rows + 1, kv_heads, 256, head_dim];
            let (keys, values) = (random(&shape), random(&shape));
            let (plain_keys, plain_values) = (keys.copy(), values.copy());
            let held =
                |keys, values| Held { keys, values, slots: &slots, lengths: &lengths, span: 256, in_order: false };
            let joined = random(&[rows, heads + 2 * kv_heads, head_dim]);
            let angles = Tensor::randn([rows, head_dim / 4], (Kind::Float, device));
            let (cos, sin) = (angles.cos(), angles.sin());
            let query = kernels.turn_and_keep(&joined, &cos, &sin, &held(&keys, &values));
            let plain = plain_turn_and_keep(&joined, &cos, &sin, &held(&plain_keys, &plain_values));
            assert!(far(&query, &plain) < 1e-2 && far(&keys, &plain_keys) < 1e-2 && far(&values, &plain_values) < 1e-2);
            let attended = kernels.attend(&query, &held(&keys, &values), 0.1);
            let mask = Tensor::arange(256, (Kind::Int64, device)).unsqueeze(0).le_tensor(&lengths.unsqueeze(1));
            let expected = Tensor::scaled_dot_product_attention(
                &query.view([rows, kv_heads, heads / kv_heads, head_dim]).to_kind(Kind::Float),
                &keys.index_select(0, &slots).to_kind(Kind::Float),
                &values.index_select(0, &slots).to_kind(Kind::Float),
                Some(&mask.view([rows, 1, 1, 256])),
                0.0,
                false,
                0.1,
                false,
            );
            assert!(far(&attended, &expected.reshape([rows, heads * head_dim])) < 2e-2);
        }
    }
}
