//! What a training run will need, before it is begun: memory on each device, work, and time.
//!
//! Nothing is run. Memory follows from the shapes of the tensors and from what the blocks keep for their backward pass
//! (`memory`), work from the multiplications of matrices (`work`), time from the work and from the share of a device's peak
//! that a person assumes. It is a forecast: what is left out is said in [`Plan::notes`].
//!
//! The layout is that of Megatron-LM (Narayanan et al., arXiv 2104.04473): `data * tensor * pipeline * context` devices,
//! with experts spread over the data and context ranks. A training loop that has no such layout yet can still be planned for.

use serde::{Deserialize, Serialize};

pub mod device;
mod memory;
mod model;
mod table;
#[cfg(test)]
mod tests;
mod work;

pub use device::Device;
pub use memory::Memory;
pub use model::{Experts, Model, Parameters, Text, Vision};
pub use work::Work;

/// Every reason why there is no plan, a fragment each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this cannot be planned: {}", .mistakes.join("; "))]
pub struct PlanError {
    /// What is wrong.
    pub mistakes: Vec<String>,
}

/// How the work is spread: `parallel = { data = 8, tensor = 2 }` in a recipe. What is left out is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parallel {
    /// Copies of the model, each with samples of its own.
    pub data: u64,
    /// Devices that share each matrix.
    pub tensor: u64,
    /// Devices that share the layers, one after the other.
    pub pipeline: u64,
    /// Devices that share the experts, taken from `data * context`.
    pub expert: u64,
    /// Devices that share each sequence.
    pub context: u64,
}

impl Default for Parallel {
    fn default() -> Parallel {
        Parallel { data: 1, tensor: 1, pipeline: 1, expert: 1, context: 1 }
    }
}

impl Parallel {
    /// Devices in all.
    pub fn devices(&self) -> u64 {
        self.data * self.tensor * self.pipeline * self.context
    }
}

/// In what numbers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// All in f32: the CPU.
    F32,
    /// Weights, gradients and activations in bf16, master weights and moments in f32: a GPU.
    Bf16,
}

impl Precision {
    /// Bytes of a weight, a gradient, an activation.
    fn bytes(self) -> u64 {
        match self {
            Precision::F32 => 4,
            Precision::Bf16 => 2,
        }
    }
}

/// What the optimiser keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// Two moments in f32.
    AdamW,
    /// Two moments, and a moving average of the weights in f32.
    AdamWWithAverage,
}

impl Optimizer {
    /// Numbers in f32 for each parameter that is trained.
    fn numbers(self) -> u64 {
        match self {
            Optimizer::AdamW => 2,
            Optimizer::AdamWWithAverage => 3,
        }
    }
}

/// What a step is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Tokens in a packed sequence.
    pub length: u64,
    /// Sequences in a step, over all devices.
    pub sequences: u64,
    /// Sequences that a device works on at once.
    pub at_once: u64,
    /// Steps of the run.
    pub steps: u64,
    /// Tokens of the samples in a packed sequence, as they are typical: attention does not reach from one to another. None:
    /// one sample fills the sequence.
    pub samples: Vec<u64>,
    /// Share of the tokens that are of pictures, 0 to 1.
    pub image_share: f64,
    /// Tokens of a picture, as it is typical.
    pub image_tokens: u64,
}

impl Batch {
    /// Tokens in a step.
    pub fn tokens(&self) -> u64 {
        self.length * self.sequences
    }
}

/// All that a plan depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// What is trained.
    pub model: Model,
    /// Beginnings of the names of tensors that are not.
    pub frozen: Vec<String>,
    /// What with.
    pub batch: Batch,
    /// In what numbers.
    pub precision: Precision,
    /// By what.
    pub optimizer: Optimizer,
    /// How it is spread.
    pub parallel: Parallel,
    /// Layers of the decoder, and blocks of the tower, counted from the first, whose insides are computed again in the backward
    /// pass instead of being kept.
    pub recomputed: u64,
    /// Whether master weights and moments are spread over the data and context ranks.
    pub sharded_optimizer: bool,
    /// Tokens whose logits are there at once.
    pub logits_chunk: u64,
    /// Where it runs.
    pub device: Device,
    /// Share of a device's peak that all work done reaches, work that is done again included; above 0, at most 1. Where
    /// nothing is computed again this is the MFU.
    pub share_of_peak: f64,
}

/// What a run will need.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Of what it is the plan.
    pub model: String,
    /// How many numbers it has.
    pub parameters: Parameters,
    /// Where it runs.
    pub device: Device,
    /// How many of them.
    pub devices: u64,
    /// The layout.
    pub parallel: Parallel,
    /// Steps, one after the other, of forward and backward in which one device passes its share of a batch.
    pub micro_batches: u64,
    /// On the fullest device.
    pub memory: Memory,
    /// Of what the device has, 0 to 1 if it fits; None where its memory is not known.
    pub memory_share: Option<f64>,
    /// For each token, in the mean.
    pub work: Work,
    /// Tokens of a step and of the run.
    pub tokens: Tokens,
    /// How long.
    pub time: Time,
    /// What the forecast leaves out, a sentence each.
    pub notes: Vec<String>,
}

/// Tokens that are read, those of pictures included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// In a step.
    pub step: u64,
    /// In the run.
    pub run: u64,
}

/// How long a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Time {
    /// Seconds of a step.
    pub step_s: f64,
    /// Seconds of the run.
    pub run_s: f64,
    /// Over all devices.
    pub tokens_per_second: f64,
    /// Hours of all devices together.
    pub device_hours: f64,
    /// Share of the step in which a device waits for its neighbours of the pipeline.
    pub bubble: f64,
    /// Useful work as a share of the peak: without what is computed again, waiting included.
    pub mfu: f64,
}

impl Plan {
    /// The forecast.
    ///
    /// # Errors
    /// If the numbers of the setup do not fit together; all reasons at once.
    pub fn new(setup: &Setup) -> Result<Plan, PlanError> {
        let mistakes = mistakes(setup);
        if !mistakes.is_empty() {
            return Err(PlanError { mistakes });
        }
        let Setup { batch, parallel, device, .. } = setup;
        let parameters = setup.model.parameters(&setup.frozen);
        let micro_batches = batch.sequences / (parallel.data * batch.at_once);
        let memory = Memory::of(setup, micro_batches);
        let work = Work::of(setup);
        let tokens = Tokens { step: batch.tokens(), run: batch.tokens() * batch.steps };
        let devices = parallel.devices();
        let peak = devices as f64 * device.flops(setup.precision);
        let bubble = (parallel.pipeline - 1) as f64 / (micro_batches + parallel.pipeline - 1) as f64;
        let busy_s = tokens.step as f64 * work.done(setup) / (peak * setup.share_of_peak);
        let step_s = busy_s / (1.0 - bubble);
        let run_s = step_s * batch.steps as f64;
        let time = Time {
            step_s,
            run_s,
            tokens_per_second: tokens.step as f64 / step_s,
            device_hours: run_s / 3600.0 * devices as f64,
            bubble,
            mfu: tokens.step as f64 * work.forward_backward / (peak * step_s),
        };
        Ok(Plan {
            model: setup.model.name.clone(),
            parameters,
            device: device.clone(),
            devices,
            parallel: *parallel,
            micro_batches,
            memory_share: device.memory_bytes.map(|bytes| memory.total as f64 / bytes as f64),
            memory,
            work,
            tokens,
            time,
            notes: notes(setup),
        })
    }

    /// The plan for a program to read.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a plan is plain data") + "\n"
    }
}

fn notes(setup: &Setup) -> Vec<String> {
    let mut notes = vec![
        "memory leaves out what the driver and its libraries take (0.5 to 1.5 GB on a GPU), pieces lost between blocks, and \
         buffers for communication"
            .to_owned(),
        "attention never holds a matrix of scores".to_owned(),
        "time leaves out waiting for data, communication, evaluation and checkpoints, but for what the assumed share of peak \
         has room for"
            .to_owned(),
    ];
    if setup.parallel.tensor > 1 {
        notes.push("activations as wide as the model are on every tensor rank".to_owned());
    }
    if setup.model.text.experts.is_some() {
        notes.push("tokens are spread evenly over the experts".to_owned());
    }
    notes
}

fn mistakes(setup: &Setup) -> Vec<String> {
    let Setup { model, batch, parallel, device, .. } = setup;
    let mut mistakes = model.mistakes();
    let counts = [
        ("parallel.data", parallel.data),
        ("parallel.tensor", parallel.tensor),
        ("parallel.pipeline", parallel.pipeline),
        ("parallel.expert", parallel.expert),
        ("parallel.context", parallel.context),
        ("batch.length", batch.length),
        ("batch.sequences", batch.sequences),
        ("batch.at_once", batch.at_once),
        ("batch.steps", batch.steps),
        ("batch.image_tokens", batch.image_tokens),
        ("logits_chunk", setup.logits_chunk),
    ];
    // Products of two of them fit.
    const LARGEST: u64 = 1 << 31;
    for (name, count) in counts {
        if count == 0 || count > LARGEST {
            mistakes.push(format!("`{name}` is {count}, and lies in 1..={LARGEST}"));
        }
    }
    if !mistakes.is_empty() {
        return mistakes;
    }
    let mut divides = |name: &str, whole: u64, by: &str, part: u64| {
        if !whole.is_multiple_of(part) {
            mistakes.push(format!("{name} ({whole}) is no multiple of {by} ({part})"));
        }
    };
    divides("the number of heads", model.text.heads, "`parallel.tensor`", parallel.tensor);
    divides(
        "the number of sequences",
        batch.sequences,
        "`parallel.data` * `batch.at_once`",
        parallel.data * batch.at_once,
    );
    divides("the length of a sequence", batch.length, "`parallel.context`", parallel.context);
    divides(
        "`parallel.data` * `parallel.context`",
        parallel.data * parallel.context,
        "`parallel.expert`",
        parallel.expert,
    );
    match &model.text.experts {
        Some(experts) => divides("the number of experts", experts.routed, "`parallel.expert`", parallel.expert),
        None if parallel.expert > 1 => mistakes.push("`parallel.expert` is for models with experts".to_owned()),
        None => {}
    }
    if parallel.pipeline > model.text.layers {
        mistakes.push(format!(
            "`parallel.pipeline` is {}, and the model has {} layers",
            parallel.pipeline, model.text.layers
        ));
    }
    let mut within = |name: &str, value: f64, least: f64, most: f64| {
        if !(least..=most).contains(&value) {
            mistakes.push(format!("{name} is {value}, and lies in {least}..={most}"));
        }
    };
    let product = |factors: &[u64]| factors.iter().map(|factor| *factor as f64).product();
    let Parallel { data, tensor, pipeline, context, .. } = *parallel;
    within("the number of devices", product(&[data, tensor, pipeline, context]), 1.0, 1e9);
    within("the number of tokens", product(&[batch.length, batch.sequences, batch.steps]), 1.0, 1e18);
    within("`batch.image_share`", batch.image_share, 0.0, 1.0);
    within("`share_of_peak`", setup.share_of_peak, 1e-6, 1.0);
    within("the peak of the device", device.flops(setup.precision), 1.0, 1e21);
    if batch.samples.contains(&0) || batch.samples.iter().map(|it| u128::from(*it)).sum::<u128>() > batch.length.into()
    {
        mistakes.push(format!(
            "`batch.samples` are {:?}: none is 0, and their sum is at most {}",
            batch.samples, batch.length
        ));
    }
    mistakes
}
