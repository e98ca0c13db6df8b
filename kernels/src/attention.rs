//! Attention over samples that lie one after another, and of one new token over what a cache holds.

use tch::{Device, Kind, Tensor};

use crate::door::{self, is_plain_cpu};

/// Attention of packed samples, each to itself alone.
///
/// # Shapes
/// - `query`: `[tokens, heads, head_dim]`; `key`, `value`: `[tokens, kv_heads, head_dim]`, where `heads` is a multiple of
///   `kv_heads`; `lengths`: of the samples, which sum to `tokens`; returns `[tokens, heads * head_dim]`
pub fn packed(query: &Tensor, key: &Tensor, value: &Tensor, lengths: &[i64], causal: bool, scale: f64) -> Tensor {
    let (tokens, heads, head_dim) = query.size3().expect("query is [tokens, heads, head_dim]");
    let kv_heads = key.size()[1];
    let half = matches!(query.kind(), Kind::BFloat16 | Kind::Half);
    if matches!(query.device(), Device::Cuda(_)) && half && head_dim % 8 == 0 && head_dim <= 256 && lengths.len() > 1 {
        return flash(query, key, value, lengths, causal, scale);
    }
    let spread = |tensor: &Tensor| {
        if kv_heads == heads {
            tensor.shallow_clone()
        } else {
            tensor.repeat_interleave_self_int(heads / kv_heads, 1, None)
        }
    };
    let (key, value) = (spread(key), spread(value)); // [tokens, heads, head_dim]
    let equal = lengths.iter().all(|length| *length == lengths[0]);
    let attend = |query: &Tensor, key: &Tensor, value: &Tensor, samples: i64, length: i64| {
        let rows = |tensor: &Tensor| tensor.view([samples, length, heads, head_dim]).transpose(1, 2);
        let none: Option<Tensor> = None;
        Tensor::scaled_dot_product_attention(&rows(query), &rows(key), &rows(value), none, 0.0, causal, scale, false)
            .transpose(1, 2) // [samples, length, heads, head_dim]
            .reshape([samples * length, heads * head_dim])
    };
    let query = query.contiguous();
    let (key, value) = (key.contiguous(), value.contiguous());
    if lengths.is_empty() || equal {
        let samples = i64::try_from(lengths.len()).expect("few samples").max(1);
        return attend(&query, &key, &value, samples, tokens / samples);
    }
    let mut from = 0;
    let parts: Vec<Tensor> = lengths
        .iter()
        .map(|&length| {
            let part = |tensor: &Tensor| tensor.narrow(0, from, length);
            let attended = attend(&part(&query), &part(&key), &part(&value), 1, length);
            from += length;
            attended
        })
        .collect();
    Tensor::cat(&parts, 0)
}

/// As [`packed`], in one kernel of the GPU for all samples, in half precision.
fn flash(query: &Tensor, key: &Tensor, value: &Tensor, lengths: &[i64], causal: bool, scale: f64) -> Tensor {
    let mut ends = vec![0i32];
    for length in lengths {
        ends.push(ends[ends.len() - 1] + i32::try_from(*length).expect("a sample has few tokens"));
    }
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let ends = Tensor::from_slice(&ends).to_device(query.device());
    // SAFETY: live tensors on one device; torch checks shapes and kinds.
    door::tensor(|output| unsafe {
        door::glim_flash_attention(
            output,
            query.as_ptr(),
            key.as_ptr(),
            value.as_ptr(),
            ends.as_ptr(),
            longest,
            causal,
            scale,
        )
    })
    .flatten(-2, -1)
}

/// Attention of one new token for each row over its slot of a cache, after the token's key and value were put there.
///
/// # Shapes
/// - `query`: `[rows, heads, head_dim]`; `key`, `value`: `[rows, kv_heads, head_dim]`
/// - `keys`, `values`: `[slots, kv_heads, capacity, head_dim]`
/// - `slots`, `lengths`: which slot a row has, and how many tokens it held before; returns `[rows, heads * head_dim]`
#[expect(clippy::too_many_arguments, reason = "each is one operand of the kernel")]
pub fn decode(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    keys: &mut Tensor,
    values: &mut Tensor,
    slots: &[i64],
    lengths: &[i64],
    scale: f64,
) -> Tensor {
    let (rows, ..) = query.size3().expect("query is [rows, heads, head_dim]");
    assert!(slots.len() as i64 == rows && lengths.len() as i64 == rows, "each row has a slot and a length");
    if is_plain_cpu(&[query, keys]) {
        // SAFETY: live tensors; `slots` and `lengths` have `rows` numbers each, and the loop checks that they lie within
        // the cache, that its layout is dense, and that no slot is full.
        return door::tensor(|output| unsafe {
            door::glim_cpu_decode_attention(
                output,
                query.as_ptr(),
                key.as_ptr(),
                value.as_ptr(),
                keys.as_mut_ptr(),
                values.as_mut_ptr(),
                slots.as_ptr(),
                lengths.as_ptr(),
                scale,
            )
        });
    }
    plain_decode(query, key, value, keys, values, slots, lengths, scale)
}

/// The definition, in plain operations.
#[expect(clippy::too_many_arguments, reason = "those of `decode`")]
pub fn plain_decode(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    keys: &mut Tensor,
    values: &mut Tensor,
    slots: &[i64],
    lengths: &[i64],
    scale: f64,
) -> Tensor {
    let (rows, heads, head_dim) = query.size3().expect("query is [rows, heads, head_dim]");
    let kv_heads = keys.size()[1];
    let longest = lengths.iter().copied().max().unwrap_or(0) + 1;
    let device = query.device();
    let at = |numbers: &[i64]| Some(Tensor::from_slice(numbers).to_device(device));
    let place = [at(slots), None, at(lengths)];
    let _ = keys.index_put_(&place, key, false);
    let _ = values.index_put_(&place, value, false);
    let rows_of = |cache: &Tensor| {
        cache.narrow(2, 0, longest).index_select(0, &Tensor::from_slice(slots).to_device(device)) // [rows, kv_heads, longest, head_dim]
    };
    let (held_keys, held_values) = (rows_of(keys), rows_of(values));
    // True where a token may be seen.
    let seen = Tensor::arange(longest, (Kind::Int64, device))
        .unsqueeze(0)
        .le_tensor(&Tensor::from_slice(lengths).to_device(device).unsqueeze(1))
        .view([rows, 1, 1, longest]);
    // The queries of one group are as many rows over the same keys.
    let grouped = query.reshape([rows, kv_heads, heads / kv_heads, head_dim]);
    Tensor::scaled_dot_product_attention(&grouped, &held_keys, &held_values, Some(&seen), 0.0, false, scale, false)
        .reshape([rows, heads * head_dim])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn far(got: &Tensor, expected: &Tensor) -> f64 {
        (got - expected).abs().max().double_value(&[])
    }

    #[rstest]
    #[case::one(&[5])]
    #[case::equal(&[4, 4, 4])]
    #[case::ragged(&[1, 7, 3])]
    fn packed_samples_do_not_see_one_another(#[case] lengths: &[i64]) {
        let tokens = lengths.iter().sum();
        let random = |heads: i64| Tensor::randn([tokens, heads, 8], (Kind::Float, Device::Cpu));
        let (query, key, value) = (random(6), random(2), random(2));
        let got = packed(&query, &key, &value, lengths, true, 0.3);
        let mut from = 0;
        for &length in lengths {
            let heads = |tensor: &Tensor, times: i64| {
                tensor.narrow(0, from, length).repeat_interleave_self_int(times, 1, None).transpose(0, 1)
            };
            let scores = heads(&query, 1).matmul(&heads(&key, 3).transpose(1, 2)) * 0.3;
            let future = Tensor::ones([length, length], (Kind::Bool, Device::Cpu)).triu(1);
            let weights = scores.masked_fill(&future, f64::NEG_INFINITY).softmax(-1, Kind::Float);
            let expected = weights.matmul(&heads(&value, 3)).transpose(0, 1).reshape([length, 48]);
            assert!(far(&got.narrow(0, from, length), &expected) < 1e-5);
            from += length;
        }
    }

    #[test]
    fn the_loop_over_a_cache_is_its_definition() {
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let (slots, lengths) = ([3i64, 0, 2], [0i64, 9, 4]);
        let (query, key, value) = (random(&[3, 4, 16]), random(&[3, 2, 16]), random(&[3, 2, 16]));
        let (mut keys, mut values) = (random(&[4, 2, 10, 16]), random(&[4, 2, 10, 16]));
        let (mut plain_keys, mut plain_values) = (keys.copy(), values.copy());
        let got = decode(&query, &key, &value, &mut keys, &mut values, &slots, &lengths, 0.25);
        let expected = plain_decode(&query, &key, &value, &mut plain_keys, &mut plain_values, &slots, &lengths, 0.25);
        assert!(far(&got, &expected) < 1e-5);
        assert!(keys == plain_keys && values == plain_values);
    }

    #[test]
    #[should_panic(expected = "has room")]
    fn a_full_slot_is_refused() {
        let random = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let (mut keys, mut values) = (random(&[1, 1, 2, 4]), random(&[1, 1, 2, 4]));
        let one = random(&[1, 1, 4]);
        let _ = decode(&one, &one, &one, &mut keys, &mut values, &[0], &[2], 1.0);
    }
}
