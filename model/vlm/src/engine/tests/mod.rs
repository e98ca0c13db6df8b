//! The engine with a small random model: what it says equals what the model says without it, and nobody disturbs anybody.

mod behaviour;
mod endings;
mod equality;

use std::ops::Range;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use glim_processor::{Family, Grid, Input, Patches, Processor, Settings, Training};
use serde_json::json;
use tch::{Device, Kind, Tensor};

use super::batch::Plan;
use super::forward::{Chunk, Forward};
use super::loaded::Loaded;
use super::sampler::{Draw, Drawn};
use super::scheduler::Limits;
use super::start::{Built, facts};
use super::*;
use crate::checkpoint;
use crate::config::Config;
use crate::model::Model;
use crate::random::uniform;

/// Words that the tokenizer learns, so that some tokens are longer than a byte.
const TEXT: &str = "I click the button. The page opens, and the search box is in the middle of the page. 点击按钮。";

static PROCESSOR: LazyLock<Arc<Processor>> = LazyLock::new(|| {
    let training = Training { vocabulary: 320, min_frequency: 1, single_digits: false };
    let tokenizer = training.train(std::iter::repeat_n(TEXT.to_owned(), 3)).unwrap();
    Arc::new(Processor::new(tokenizer, None, Family::Glm4v, Settings::default(), Settings::video()))
});

/// Large enough that nothing is alike, and sharp enough that some tokens are likely.
fn config() -> Config {
    let tokenizer = PROCESSOR.tokenizer();
    let id = |token: &str| tokenizer.token_id(token).unwrap();
    let json = json!({
        "model_type": "glm4v",
        "image_token_id": id("<|image|>"),
        "video_start_token_id": id("<|begin_of_video|>"),
        "video_end_token_id": id("<|end_of_video|>"),
        "text_config": {
            "model_type": "glm4v_text", "vocab_size": tokenizer.vocabulary(), "hidden_size": 64, "intermediate_size": 96,
            "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "max_position_embeddings": 2048,
            "initializer_range": 0.15,
            "rope_parameters": {"mrope_section": [1, 1, 2], "partial_rotary_factor": 0.5, "rope_theta": 10000.0,
                "rope_type": "default"}
        },
        "vision_config": {
            "depth": 2, "hidden_size": 64, "intermediate_size": 80, "num_heads": 4, "out_hidden_size": 64,
            "image_size": 56, "patch_size": 14
        }
    });
    Config::parse(&json.to_string()).unwrap()
}

/// A checkpoint whose weights are the same in every run: torch's generator is shared by all tests of the process.
static CHECKPOINT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let model = Model::random(config(), 7, Device::Cpu, Kind::Float);
    for (number, (_, weight)) in model.weights().iter().filter(|(name, _)| !name.contains("norm")).enumerate() {
        let one = |place| (0..3).map(|k| uniform(k + 3 * number as u64, place)).sum::<f64>() as f32 * 0.3 - 0.45;
        let numbers: Vec<f32> = (0..weight.numel() as u64).map(one).collect();
        tch::no_grad(|| weight.shallow_clone().copy_(&Tensor::from_slice(&numbers).view_as(weight)));
    }
    let folder = tempfile::tempdir().unwrap();
    PROCESSOR.tokenizer().save(folder.path()).unwrap();
    checkpoint::save(folder.path(), &model.config.json, model.weights(), checkpoint::SHARD_BYTES).unwrap();
    folder
});

fn model() -> Model {
    Model::load(CHECKPOINT.path(), Device::Cpu, Kind::Float).unwrap()
}

/// Small parts, so that every prompt of more than 8 tokens is read in several.
fn plan(slots: usize) -> Plan {
    let limits = Limits { slots, part: 8, round: 16 };
    Plan { limits, patches: 64, feature_bytes: 1 << 20, idle_bytes: 0 }
}

fn built(slots: usize) -> Built<Loaded> {
    (Loaded::new(model(), slots, 1), facts(&config(), 1024), plan(slots))
}

fn engine(slots: usize, queue: usize) -> Engine {
    Engine::spawn(PROCESSOR.clone(), queue, move || Ok(built(slots))).unwrap()
}

/// An engine that keeps the keys and values of ended replies.
fn remembering(slots: usize) -> Engine {
    let build = move || {
        let (loaded, facts, plan) = built(slots);
        Ok((loaded, facts, Plan { idle_bytes: u64::MAX, ..plan }))
    };
    Engine::spawn(PROCESSOR.clone(), 64, build).unwrap()
}

fn picture(rows: usize, columns: usize, seed: u64) -> Arc<Patches> {
    let pixels = (0..rows * columns * 1176).map(|n| uniform(seed, n as u64) as f32 * 2.0 - 1.0).collect();
    Arc::new(Patches { grid: Grid { t: 1, h: rows, w: columns }, pixels, key: u128::from(seed) })
}

/// Words, then each picture followed by words.
fn input(text: &str, pictures: &[Arc<Patches>]) -> Arc<Input> {
    let tokenizer = PROCESSOR.tokenizer();
    let mut ids = tokenizer.encode(&format!("<|user|>{text}")).unwrap();
    for picture in pictures {
        let place = "<|image|>".repeat(picture.grid.tokens(2));
        ids.extend(tokenizer.encode(&format!("<|begin_of_image|>{place}<|end_of_image|>the page")).unwrap());
    }
    ids.extend(tokenizer.encode("<|assistant|>").unwrap());
    Arc::new(Input { ids, images: pictures.to_vec(), videos: Vec::new() })
}

/// Draws from everything, and ends at its length or where the model ends it.
fn request(input: &Arc<Input>, seed: u64, max_tokens: usize) -> Request {
    Request {
        input: input.clone(),
        sampling: Sampling { temperature: 1.0, seed, ..Sampling::default() },
        max_tokens,
        stop: Vec::new(),
        thinking_budget: None,
        repetition_window: 0,
        top_logprobs: 0,
    }
}

fn ids(reply: &Reply) -> Vec<u32> {
    reply.tokens.iter().map(|token| token.id).collect()
}

/// The first seed whose reply is as long as it may be.
async fn long_seed(engine: &Engine, input: &Arc<Input>, max_tokens: usize) -> u64 {
    for seed in 0..100 {
        let reply = engine.submit(request(input, seed, max_tokens)).await.unwrap().collect().await.unwrap();
        if reply.finish.reason == Reason::Length {
            return seed;
        }
    }
    panic!("no reply of {max_tokens} tokens in 100 seeds");
}

/// A request whose reply goes on for 900 tokens: a greedy one that went in circles.
async fn endless(engine: &Engine) -> Request {
    for number in 0..50 {
        let sampling = Sampling::default();
        let greedy = Request { sampling, ..request(&input(&format!("I click {number}"), &[]), 0, 900) };
        let reply = engine.submit(greedy.clone()).await.unwrap().collect().await.unwrap();
        if reply.finish.reason == Reason::Length {
            return greedy;
        }
    }
    panic!("no endless reply to 50 prompts");
}

/// Waits until the figures are as wanted; fails after half a minute.
async fn until(engine: &Engine, wanted: impl Fn(&Metrics) -> bool) -> Metrics {
    let begun = std::time::Instant::now();
    loop {
        let metrics = engine.metrics();
        if wanted(&metrics) {
            return metrics;
        }
        assert!(begun.elapsed().as_secs() < 30, "{metrics:?}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// The real model, and what goes wrong with it.
struct Faulty {
    loaded: Loaded,
    /// Steps until it panics.
    panics_after: usize,
    /// A row whose logits are spoilt.
    spoilt: Option<usize>,
}

impl Forward for Faulty {
    type Features = Tensor;
    type Logits = Tensor;

    fn look(&self, pictures: &[&Patches]) -> Vec<Tensor> {
        self.loaded.look(pictures)
    }

    fn join(&self, parts: &[(Rc<Tensor>, Range<usize>)]) -> Tensor {
        self.loaded.join(parts)
    }

    fn bytes(&self, features: &Tensor) -> u64 {
        self.loaded.bytes(features)
    }

    fn read(&mut self, chunks: &[Chunk<'_, Tensor>]) -> Tensor {
        self.loaded.read(chunks)
    }

    fn step(&mut self, slots: &[usize], ids: &[u32], positions: &[i64]) -> Tensor {
        self.panics_after = self.panics_after.checked_sub(1).expect("the model broke");
        let logits = self.loaded.step(slots, ids, positions);
        if let Some(row) = self.spoilt.and_then(|slot| slots.iter().position(|&other| other == slot)) {
            let _ = logits.get(row as i64).fill_(f64::NAN);
        }
        logits
    }

    fn draw(&self, logits: &Tensor, draws: &[(usize, Draw)]) -> Vec<Option<Drawn>> {
        self.loaded.draw(logits, draws)
    }

    fn keep(&mut self, slot: usize, tokens: usize) {
        self.loaded.keep(slot, tokens);
    }

    fn copy(&mut self, from: usize, to: usize, tokens: usize) {
        self.loaded.copy(from, to, tokens);
    }

    fn cache_bytes(&self) -> u64 {
        self.loaded.cache_bytes()
    }

    fn shrink(&mut self) {
        self.loaded.shrink();
    }
}
