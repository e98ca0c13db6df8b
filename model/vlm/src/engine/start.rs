//! From a checkpoint's folder to an engine that waits for requests.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, mpsc};

use glim_processor::Processor;
use tch::{Kind, no_grad_guard};

use super::batch::{Batch, Plan};
use super::check::Facts;
use super::error::EngineError;
use super::forward::Forward;
use super::handle::{Engine, Shared};
use super::loaded::Loaded;
use super::options::EngineOptions;
use super::scheduler::Limits;
use crate::config::Config;

use crate::model::Model;

/// Of the memory that is free once the model is loaded, the share that the engine takes: the rest is for activations.
const SHARE: f64 = 0.6;
/// Of that, what is for features of pictures.
const FEATURES: f64 = 0.15;

/// What the thread builds: a model, what requests must fit, and how much is done at once.
pub(crate) type Built<M> = (M, Facts, Plan);

impl Engine {
    /// Loads a checkpoint and starts the thread that serves it; returns when it is ready.
    ///
    /// # Errors
    /// [`EngineError::Start`] when files are missing or wrong, there is no such device, or memory is too small.
    pub fn start(checkpoint: &Path, options: EngineOptions) -> Result<Engine, EngineError> {
        let failed = |reason: String| EngineError::Start { checkpoint: checkpoint.to_owned(), reason };
        check(&options).map_err(failed)?;
        let processor = Processor::open(checkpoint).map_err(|error| failed(error.to_string()))?;
        let folder = checkpoint.to_owned();
        let queue = options.queue;
        Engine::spawn(Arc::new(processor), queue, move || load(&folder, &options)).map_err(failed)
    }

    /// Starts a thread that builds a model and serves it.
    pub(crate) fn spawn<M: Forward>(
        processor: Arc<Processor>,
        queue: usize,
        build: impl FnOnce() -> Result<Built<M>, String> + Send + 'static,
    ) -> Result<Engine, String> {
        let (ready, started) = mpsc::channel();
        let body = move || serve(processor, queue, build, &ready);
        let thread = std::thread::Builder::new().name("glim-engine".to_owned()).spawn(body);
        thread.map_err(|error| format!("no thread could be started: {error}"))?;
        let answer = started.recv().unwrap_or_else(|_| Err("its thread ended before it was ready".to_owned()));
        answer.map(Engine::new)
    }
}

/// The engine's thread from its first line to its last.
fn serve<M: Forward>(
    processor: Arc<Processor>,
    queue: usize,
    build: impl FnOnce() -> Result<Built<M>, String>,
    ready: &mpsc::Sender<Result<Arc<Shared>, String>>,
) {
    let _no_grad = no_grad_guard();
    let built = catch_unwind(AssertUnwindSafe(build)).unwrap_or_else(|panic| Err(words(&*panic)));
    let (model, facts, plan) = match built {
        Ok(built) => built,
        Err(reason) => {
            // Whoever started it may have been dropped meanwhile.
            let _ = ready.send(Err(reason));
            return;
        }
    };
    let shared = Arc::new(Shared::new(processor, facts, queue));
    // Sent before the first round, so that the handle counts from the beginning.
    if ready.send(Ok(shared.clone())).is_err() {
        return;
    }
    let mut batch = Batch::new(model, &shared, plan);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| batch.run())) {
        let reason = words(&*panic);
        tracing::error!(%reason, "the decoding engine died");
        // The reason is set while the batch still holds everybody's channel.
        shared.die(reason);
    } else {
        shared.die("it was stopped".to_owned());
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    // What torch says goes on for pages after its first lines.
    let text: Vec<&str> = text.unwrap_or("it panicked without a word").lines().take(3).collect();
    text.join("; ")
}

fn check(options: &EngineOptions) -> Result<(), String> {
    if options.max_batch == 0 {
        return Err("max_batch is 0; give 1 at least".to_owned());
    }
    if options.context.is_some_and(|context| context < 2) {
        return Err("the context is under 2 tokens; a prompt and its reply have one each at least".to_owned());
    }
    if options.threads == Some(0) {
        return Err("threads is 0; give 1 at least, or leave it out".to_owned());
    }
    Ok(())
}

fn load(folder: &Path, options: &EngineOptions) -> Result<Built<Loaded>, String> {
    if let Some(threads) = options.threads {
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    }
    let (device, kind) = options.device.open(options.dtype)?;
    let model = Model::load(folder, device, kind).map_err(|error| error.to_string())?;
    let free = glim_kernels::memory::free_bytes(device).map_err(|error| error.to_string())?;
    let (facts, plan) = plan(&model.config, kind, device, options, free)?;
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into));
    tracing::info!(?device, ?kind, context = facts.context, batch = plan.limits.slots, "the decoding engine is ready");
    Ok((Loaded::new(model, plan.limits.slots, threads.unwrap_or(1)), facts, plan))
}

/// How much fits into `free` bytes.
fn plan(
    config: &Config,
    kind: Kind,
    device: tch::Device,
    options: &EngineOptions,
    free: u64,
) -> Result<(Facts, Plan), String> {
    let text = &config.text;
    let per_token = (2 * text.layers * text.kv_heads * text.head_dim * kind.elt_size_in_bytes()) as u64;
    let budget = (free as f64 * SHARE) as u64;
    let feature_bytes = (budget as f64 * FEATURES) as u64;
    let kv_tokens = (budget - feature_bytes) / per_token.max(1);
    let wanted = options.context.unwrap_or(text.context).min(text.context);
    // Every row has room for the longest, so the longest context decides how many rows there can be.
    let context = wanted.min(usize::try_from(kv_tokens).unwrap_or(usize::MAX));
    if context < 2 {
        return Err(format!("{} MiB of memory are free, too few for any context; use a smaller model", free >> 20));
    }
    let slots = options.max_batch.min((kv_tokens / context as u64).max(1) as usize);
    if (context, slots) != (wanted, options.max_batch) {
        tracing::warn!(
            "memory for keys and values is {} MiB: {slots} replies at once with a context of {context} tokens, where {} \
             with {wanted} were asked for; a shorter context allows more",
            (kv_tokens * per_token) >> 20,
            options.max_batch
        );
    }
    let facts = facts(config, context);
    // Parts are long enough to keep the device busy, and short enough to be waited for.
    let (part, round, patches) = if device.is_cuda() { (1024, 4096, 16_384) } else { (256, 512, 4096) };
    let limits = Limits { slots, part, round };
    Ok((facts, Plan { limits, patches, feature_bytes, idle_bytes: (budget - feature_bytes) / 4 }))
}

/// What requests to a model of this configuration must fit.
pub(crate) fn facts(config: &Config, context: usize) -> Facts {
    Facts {
        context,
        vocab: config.text.vocab,
        media: config.tokens,
        merge: config.vision.merge,
        patch_values: config.vision.patch_numbers(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    #[test]
    fn what_fits_into_memory_is_planned() {
        let config = Config::parse(r#"{"model_type": "glm4v"}"#).unwrap();
        let options = EngineOptions { max_batch: 64, ..EngineOptions::default() };
        let plan = |free, options: &EngineOptions| {
            super::plan(&config, Kind::BFloat16, tch::Device::Cpu, options, free)
                .map(|(facts, plan)| (facts.context, plan.limits.slots))
        };
        // 40 layers of keys and values, 2 heads of 128 numbers of 2 bytes: 40 KiB a token, 1.25 GiB for 32,768.
        assert_eq!(plan(200 * GIB, &options), Ok((32_768, 64)));
        assert_eq!(plan(60 * GIB, &options), Ok((32_768, 24)));
        let within = |context| EngineOptions { max_batch: 64, context: Some(context), ..EngineOptions::default() };
        assert_eq!(plan(60 * GIB, &within(8192)), Ok((8192, 64)));
        assert_eq!(plan(60 * GIB, &within(1 << 30)), Ok((32_768, 24)));
        let (context, slots) = plan(GIB, &options).unwrap();
        assert!((13_000..14_000).contains(&context) && slots == 1, "{context} {slots}");
        assert!(plan(40_000, &options).unwrap_err().contains("too few"));
    }

    #[test]
    fn options_that_make_no_engine_are_told() {
        let start = |options| Engine::start(Path::new("nowhere"), options).unwrap_err().to_string();
        assert!(start(EngineOptions { max_batch: 0, ..EngineOptions::default() }).contains("max_batch is 0"));
        assert!(start(EngineOptions { threads: Some(0), ..EngineOptions::default() }).contains("threads is 0"));
        assert!(start(EngineOptions { context: Some(1), ..EngineOptions::default() }).contains("under 2 tokens"));
        assert!(start(EngineOptions::default()).contains("nowhere"));
    }
}
