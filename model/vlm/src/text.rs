//! The decoder: GLM-4 with four norms in each layer, or GLM-4.5 with two and a mixture of experts.

use std::ops::Range;

use glim_kernels::attention;
use glim_kernels::linear::linear;
use glim_kernels::norm::{rms_norm, rms_norm_onto};
use glim_kernels::rotary::{Pairs, rotate};
use glim_kernels::step::{Held, Kernels};
use tch::{Device, Kind, Tensor};

use crate::cache::LayerCache;
use crate::config::{Rope, TextConfig};
use crate::mlp::{DenseMlp, Mlp};
use crate::moe::MixtureMlp;
use crate::trace::Trace;
use crate::weights::{Init, Weight, Weights};

/// New tokens of one slot.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub slot: usize,
    /// Tokens that the slot holds already.
    pub start: i64,
    /// New ones.
    pub count: i64,
}

/// What new tokens attend to.
#[derive(Clone, Copy)]
pub(crate) enum Reach<'a> {
    /// Samples one after another, each to itself; nothing is kept.
    Packed(&'a [i64]),
    /// Each slot's tokens to all that the slot holds.
    Cached(&'a [Row]),
    /// As many slots as tokens, one for each: `slots` and how many tokens each holds.
    Step { slots: &'a [i64], lengths: &'a [i64] },
}

/// How tokens go through layers.
pub(crate) struct Way<'a> {
    pub rotary: &'a Rotary,
    pub reach: Reach<'a>,
    /// Of the first so many layers the way back keeps only what goes in.
    pub recompute: usize,
    pub trace: &'a Trace,
}

/// Angles of tokens.
pub(crate) struct Rotary {
    /// `[tokens, rotary_dim / 2]`, f32.
    cos: Tensor,
    sin: Tensor,
    pairs: Pairs,
}

impl Rotary {
    /// `axes`: positions in time, height and width.
    pub fn new(rope: &Rope, axes: [&[i64]; 3], device: Device) -> Rotary {
        let frequencies = Rotary::frequencies(rope); // [dim / 2]
        let mut from = 0;
        let parts: Vec<Tensor> = rope
            .sections
            .iter()
            .enumerate()
            .map(|(number, &count)| {
                let part = frequencies.narrow(0, from, count as i64);
                from += count as i64;
                let axis = Tensor::from_slice(axes[number % 3]).to_kind(Kind::Float).unsqueeze(1);
                axis * part // [tokens, count]
            })
            .collect();
        let angles = Tensor::cat(&parts, -1).to_device(device);
        let pairs = if rope.neighbours { Pairs::Neighbours } else { Pairs::Halves };
        Rotary { cos: angles.cos(), sin: angles.sin(), pairs }
    }

    /// Radians that each pair turns by from one position to the next: `[rotary_dim / 2]`, f32.
    pub fn frequencies(rope: &Rope) -> Tensor {
        let dim = rope.dim as i64;
        let exponents = Tensor::arange_start_step(0, dim, 2, (Kind::Float, Device::Cpu)) / dim as f64;
        (exponents * rope.theta.ln()).exp().reciprocal()
    }

    pub fn share(&self) -> Rotary {
        Rotary { cos: self.cos.shallow_clone(), sin: self.sin.shallow_clone(), pairs: self.pairs }
    }

    fn note(&self, trace: &Trace) {
        let whole = |half: &Tensor| match self.pairs {
            Pairs::Neighbours => half.repeat_interleave_self_int(2, -1, None),
            Pairs::Halves => Tensor::cat(&[half, half], -1),
        };
        if trace.is_on() {
            trace.note(|| "txt_rope_cos".into(), &whole(&self.cos));
            trace.note(|| "txt_rope_sin".into(), &whole(&self.sin));
        }
    }
}

pub(crate) struct Text {
    pub embed_tokens: Weight,
    layers: Vec<Layer>,
    norm: Weight,
    epsilon: f64,
}

#[derive(Clone)]
struct Layer {
    epsilon: f64,
    attention: Attention,
    mlp: Mlp,
    input_layernorm: Weight,
    post_attention_layernorm: Weight,
    /// GLM-4 norms what a block adds, too.
    sandwich: Option<Sandwich>,
}

#[derive(Clone)]
struct Sandwich {
    post_self_attn_layernorm: Weight,
    post_mlp_layernorm: Weight,
}

#[derive(Clone)]
struct Attention {
    heads: i64,
    kv_heads: i64,
    head_dim: i64,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Weight,
    /// The three above, one below another, once nobody trains them.
    joined: Option<Linear>,
}

#[derive(Clone)]
struct Linear {
    weight: Weight,
    bias: Option<Weight>,
}

impl Linear {
    fn new(weights: &Weights<'_>, inputs: usize, outputs: usize, bias: bool) -> Linear {
        Linear {
            weight: weights.tensor("weight", &[outputs, inputs], Init::Normal),
            bias: bias.then(|| weights.tensor("bias", &[outputs], Init::Zeros)),
        }
    }

    fn forward(&self, input: &Tensor) -> Tensor {
        linear(input, &self.weight, self.bias.as_deref())
    }
}

impl Text {
    pub fn new(weights: &Weights<'_>, config: &TextConfig) -> Text {
        let layers = weights.sub("layers");
        Text {
            embed_tokens: weights.tensor("embed_tokens.weight", &[config.vocab, config.hidden], Init::Normal),
            layers: (0..config.layers).map(|number| Layer::new(&layers.sub(number), config, number)).collect(),
            norm: weights.tensor("norm.weight", &[config.hidden], Init::Ones),
            epsilon: config.epsilon,
        }
    }

    /// Joins matrices that read the same input. Their named parts become views, so that memory stays what it was.
    pub fn join(&mut self) {
        for layer in &mut self.layers {
            layer.attention.join();
        }
    }

    /// The named weights that [`Text::join`] has replaced by views.
    pub fn joined_weights(&self) -> impl Iterator<Item = (String, Weight)> + '_ {
        self.layers.iter().enumerate().flat_map(|(number, layer)| {
            let attention = &layer.attention;
            [("q_proj", &attention.q_proj), ("k_proj", &attention.k_proj), ("v_proj", &attention.v_proj)]
                .into_iter()
                .flat_map(move |(name, linear)| {
                    let place = format!("layers.{number}.self_attn.{name}");
                    let bias = linear.bias.clone().map(|bias| (format!("{place}.bias"), bias));
                    [(format!("{place}.weight"), linear.weight.clone())].into_iter().chain(bias)
                })
        })
    }

    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`, embedded or what the layers before these made of it; returns the same shape
    pub fn forward(
        &self,
        layers: Range<usize>,
        hidden: Tensor,
        way: &Way<'_>,
        mut cache: Option<&mut Vec<LayerCache>>,
    ) -> Tensor {
        let Way { rotary, reach, recompute, trace } = *way;
        if layers.start == 0 {
            rotary.note(trace);
            trace.note(|| "txt_inputs_embeds".into(), &hidden);
        }
        let mut hidden = hidden;
        for number in layers {
            let layer = &self.layers[number];
            hidden = match (number < recompute, reach) {
                (true, Reach::Packed(lengths)) => {
                    let (layer, rotary, lengths) = (layer.clone(), rotary.share(), lengths.to_vec());
                    glim_kernels::checkpoint::checkpoint(&hidden, move |hidden| {
                        layer.forward(hidden, &rotary, Reach::Packed(&lengths), None, number, &Trace::off())
                    })
                }
                _ => {
                    let cache = cache.as_deref_mut().map(|layers| &mut layers[number]);
                    layer.forward(&hidden, rotary, reach, cache, number, trace)
                }
            };
            trace.note(|| format!("txt_layer_{number}"), &hidden);
        }
        hidden
    }

    /// How many layers there are.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Queries and keys of the first head of a layer, given what goes into it; their products are what its softmax sees.
    ///
    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`; returns twice `[tokens, head_dim]`
    pub fn first_head(&self, number: usize, hidden: &Tensor, rotary: &Rotary) -> (Tensor, Tensor) {
        let layer = &self.layers[number];
        let dim = layer.attention.head_dim;
        let normed = rms_norm(hidden, &layer.input_layernorm, layer.epsilon);
        let head = |of: &Linear| {
            let bias = of.bias.as_ref().map(|bias| bias.narrow(0, 0, dim));
            let turned = linear(&normed, &of.weight.narrow(0, 0, dim), bias.as_ref()).view([-1, 1, dim]);
            rotate(turned, &rotary.cos, &rotary.sin, rotary.pairs).view([-1, dim])
        };
        (head(&layer.attention.q_proj) * (dim as f64).powf(-0.5), head(&layer.attention.k_proj))
    }

    /// Whether [`Text::step`] knows these layers: dense ones of GLM-4, joined.
    pub fn has_step(&self) -> bool {
        self.layers.iter().all(|layer| {
            layer.sandwich.is_some()
                && layer.attention.joined.is_some()
                && matches!(layer.mlp, Mlp::Dense(DenseMlp::Joined { .. }))
        })
    }

    /// One token for each row on a GPU, in few kernels, after the last norm. Looks at nothing and sends nothing, so that it
    /// can be recorded.
    ///
    /// # Shapes
    /// - `hidden`: `[rows, hidden]`; `cos`, `sin`: `[rows, rotary_dim / 2]`; returns the shape of `hidden`
    pub fn step<'a>(
        &self,
        kernels: &Kernels,
        hidden: Tensor,
        (cos, sin): (&Tensor, &Tensor),
        held: impl Fn(usize) -> Held<'a>,
    ) -> Tensor {
        let rows = hidden.size()[0];
        let none: Option<&Tensor> = None;
        let mut hidden = hidden;
        let mut normed = rms_norm(&hidden, &self.layers[0].input_layernorm, self.epsilon);
        for (number, layer) in self.layers.iter().enumerate() {
            let Layer { attention, mlp, sandwich: Some(sandwich), .. } = layer else {
                unreachable!("`has_step` was asked")
            };
            let (Some(joined), Mlp::Dense(DenseMlp::Joined { gate_up_proj, down_proj })) = (&attention.joined, mlp)
            else {
                unreachable!("`has_step` was asked")
            };
            let held = held(number);
            let heads = attention.heads + 2 * attention.kv_heads;
            let joined = joined.forward(&normed).view([rows, heads, attention.head_dim]);
            let query = kernels.turn_and_keep(&joined, cos, sin, &held);
            let attended = kernels.attend(&query, &held, (attention.head_dim as f64).powf(-0.5));
            let attended = attended.linear(&attention.o_proj, none);
            let inner = &sandwich.post_self_attn_layernorm;
            let (between, read) =
                kernels.add_norms(&hidden, &attended, inner, &layer.post_attention_layernorm, self.epsilon);
            let wide = kernels.swiglu(&read.linear(gate_up_proj, none)).linear(down_proj, none);
            let next = self.layers.get(number + 1).map_or(&self.norm, |next| &next.input_layernorm);
            (hidden, normed) = kernels.add_norms(&between, &wide, &sandwich.post_mlp_layernorm, next, self.epsilon);
        }
        normed
    }

    /// The norm after the last layer.
    pub fn finish(&self, hidden: &Tensor, trace: &Trace) -> Tensor {
        let hidden = rms_norm(hidden, &self.norm, self.epsilon);
        trace.note(|| "txt_final_norm".into(), &hidden);
        hidden
    }
}

impl Layer {
    fn new(weights: &Weights<'_>, config: &TextConfig, number: usize) -> Layer {
        let norm = |name: &str| weights.tensor(name, &[config.hidden], Init::Ones);
        let mlp = weights.sub("mlp");
        let mlp = match &config.experts {
            None => Mlp::Dense(DenseMlp::joined(&mlp, config.hidden, config.intermediate)),
            Some(experts) if number < experts.dense_layers => {
                Mlp::Dense(DenseMlp::apart(&mlp, config.hidden, config.intermediate))
            }
            Some(experts) => Mlp::Mixture(MixtureMlp::new(&mlp, config.hidden, experts)),
        };
        Layer {
            epsilon: config.epsilon,
            attention: Attention::new(&weights.sub("self_attn"), config),
            mlp,
            input_layernorm: norm("input_layernorm.weight"),
            post_attention_layernorm: norm("post_attention_layernorm.weight"),
            sandwich: config.experts.is_none().then(|| Sandwich {
                post_self_attn_layernorm: norm("post_self_attn_layernorm.weight"),
                post_mlp_layernorm: norm("post_mlp_layernorm.weight"),
            }),
        }
    }

    fn forward(
        &self,
        hidden: &Tensor,
        rotary: &Rotary,
        reach: Reach<'_>,
        cache: Option<&mut LayerCache>,
        number: usize,
        trace: &Trace,
    ) -> Tensor {
        let normed = rms_norm(hidden, &self.input_layernorm, self.epsilon);
        let attended = self.attention.forward(&normed, rotary, reach, cache);
        trace.note(|| format!("txt_layer_{number}_attn"), &attended);
        let add = |base: &Tensor, part: &Tensor, norm: Option<&Weight>, name: &str| match norm {
            Some(norm) => {
                if trace.is_on() {
                    trace.note(|| format!("txt_layer_{number}_{name}"), &rms_norm(part, norm, self.epsilon));
                }
                rms_norm_onto(base, part, norm, self.epsilon)
            }
            None => base + part,
        };
        let norm = self.sandwich.as_ref().map(|it| &it.post_self_attn_layernorm);
        let hidden = add(hidden, &attended, norm, "post_attn_norm");
        let read = rms_norm(&hidden, &self.post_attention_layernorm, self.epsilon);
        let mlp = self.mlp.forward(&read, number, trace);
        trace.note(|| format!("txt_layer_{number}_mlp"), &mlp);
        add(&hidden, &mlp, self.sandwich.as_ref().map(|it| &it.post_mlp_layernorm), "post_mlp_norm")
    }
}

impl Attention {
    fn new(weights: &Weights<'_>, config: &TextConfig) -> Attention {
        let (hidden, bias) = (config.hidden, config.qkv_bias);
        let (wide, narrow) = (config.heads * config.head_dim, config.kv_heads * config.head_dim);
        Attention {
            heads: config.heads as i64,
            kv_heads: config.kv_heads as i64,
            head_dim: config.head_dim as i64,
            q_proj: Linear::new(&weights.sub("q_proj"), hidden, wide, bias),
            k_proj: Linear::new(&weights.sub("k_proj"), hidden, narrow, bias),
            v_proj: Linear::new(&weights.sub("v_proj"), hidden, narrow, bias),
            o_proj: weights.tensor("o_proj.weight", &[hidden, wide], Init::Normal),
            joined: None,
        }
    }

    fn join(&mut self) {
        let parts = [&mut self.q_proj, &mut self.k_proj, &mut self.v_proj];
        let rows: Vec<i64> = parts.iter().map(|part| part.weight.size()[0]).collect();
        let weight = Weight::new(Tensor::cat(&parts.each_ref().map(|part| part.weight.shallow_clone()), 0));
        let biases: Vec<Tensor> =
            parts.iter().filter_map(|part| part.bias.as_ref().map(|bias| bias.shallow_clone())).collect();
        let bias = (!biases.is_empty()).then(|| Weight::new(Tensor::cat(&biases, 0)));
        let mut from = 0;
        for (part, rows) in parts.into_iter().zip(rows) {
            part.weight = Weight::new(weight.narrow(0, from, rows));
            part.bias = bias.as_ref().map(|bias| Weight::new(bias.narrow(0, from, rows)));
            from += rows;
        }
        self.joined = Some(Linear { weight, bias });
    }

    /// # Shapes
    /// - `hidden`: `[tokens, hidden]`; returns the same shape
    fn forward(&self, hidden: &Tensor, rotary: &Rotary, reach: Reach<'_>, cache: Option<&mut LayerCache>) -> Tensor {
        let (tokens, _hidden) = hidden.size2().expect("hidden is [tokens, hidden]");
        let Attention { heads, kv_heads, head_dim, .. } = *self;
        let turn = |heads: Tensor| rotate(heads, &rotary.cos, &rotary.sin, rotary.pairs);
        let (query, key, value) = match &self.joined {
            Some(joined) => {
                let all = joined.forward(hidden).view([tokens, heads + 2 * kv_heads, head_dim]);
                let turned = turn(all.narrow(1, 0, heads + kv_heads));
                let value = all.narrow(1, heads + kv_heads, kv_heads);
                (turned.narrow(1, 0, heads), turned.narrow(1, heads, kv_heads), value)
            }
            None => {
                let split = |linear: &Linear, heads| linear.forward(hidden).view([tokens, heads, head_dim]);
                let query = turn(split(&self.q_proj, heads));
                (query, turn(split(&self.k_proj, kv_heads)), split(&self.v_proj, kv_heads))
            }
        };
        let scale = (head_dim as f64).powf(-0.5);
        let attended = match (reach, cache) {
            (Reach::Packed(lengths), _) => attention::packed(&query, &key, &value, lengths, true, scale),
            (Reach::Cached(rows), Some(cache)) => cached(&query, &key, &value, rows, cache, scale),
            (Reach::Step { slots, lengths }, Some(LayerCache { keys, values })) => {
                attention::decode(&query, &key, &value, keys, values, slots, lengths, scale)
            }
            _ => unreachable!("slots are those of a cache"),
        };
        linear(&attended, &self.o_proj, None)
    }
}

/// New tokens of several slots, after their keys and values were put there.
fn cached(query: &Tensor, key: &Tensor, value: &Tensor, rows: &[Row], cache: &mut LayerCache, scale: f64) -> Tensor {
    let mut from = 0;
    for row in rows {
        for (held, new) in [(&cache.keys, key), (&cache.values, value)] {
            let mut place = held.get(row.slot as i64).narrow(1, row.start, row.count); // [kv_heads, count, head_dim]
            place.copy_(&new.narrow(0, from, row.count).transpose(0, 1));
        }
        from += row.count;
    }
    if rows.iter().all(|row| row.start == 0) {
        let lengths: Vec<i64> = rows.iter().map(|row| row.count).collect();
        return attention::packed(query, key, value, &lengths, true, scale);
    }
    let (_, heads, head_dim) = query.size3().expect("query is [tokens, heads, head_dim]");
    let mut from = 0;
    let parts: Vec<Tensor> = rows
        .iter()
        .map(|row| {
            let seen = row.start + row.count;
            let held = |tensor: &Tensor| {
                let (_, kv_heads, ..) = tensor.size4().expect("a cache has four dimensions");
                let all = tensor.get(row.slot as i64).narrow(1, 0, seen); // [kv_heads, seen, head_dim]
                all.repeat_interleave_self_int(heads / kv_heads, 0, None).unsqueeze(0)
            };
            let query = query.narrow(0, from, row.count).transpose(0, 1).unsqueeze(0); // [1, heads, count, head_dim]
            from += row.count;
            // True where a token may be seen.
            let mask = Tensor::ones([row.count, seen], (Kind::Bool, query.device())).tril(row.start);
            let (keys, values) = (held(&cache.keys), held(&cache.values));
            Tensor::scaled_dot_product_attention(&query, &keys, &values, Some(&mask), 0.0, false, scale, false)
                .transpose(1, 2)
                .reshape([row.count, heads * head_dim])
        })
        .collect();
    Tensor::cat(&parts, 0)
}
