//! Times the model with random weights: vision, prefill, decoding, a training step. Prints one line of JSON, with the
//! fields of the peer's script beside it, which measures the same work in Hugging Face `transformers`.

mod clock;
mod shape;
mod work;

use clap::Parser;
use serde_json::json;
use tch::{Device, Kind};

use crate::clock::Clock;
use crate::shape::Shape;
use crate::work::Bench;

#[derive(Parser)]
struct Arguments {
    /// tiny, 100m, 500m, 1b or 9b.
    #[arg(long, default_value = "100m")]
    config: String,
    /// cpu or cuda.
    #[arg(long, default_value = "cpu")]
    device: String,
    /// fp32 or bf16.
    #[arg(long, default_value = "fp32")]
    dtype: String,
    /// Height and width of the picture in pixels, multiples of 28.
    #[arg(long, num_args = 2, default_values_t = [336, 336])]
    image: Vec<usize>,
    /// Words of a prompt besides the picture.
    #[arg(long, default_value_t = 64)]
    text: usize,
    /// Tokens decoded.
    #[arg(long, default_value_t = 32)]
    new: usize,
    /// Prompts decoded at once.
    #[arg(long, num_args = 0.., default_values_t = [1, 8])]
    decode_bs: Vec<usize>,
    /// Samples of a training step.
    #[arg(long, default_value_t = 2)]
    train_bs: usize,
    /// Words of a sample besides the picture.
    #[arg(long, default_value_t = 128)]
    train_text: usize,
    /// Training steps timed.
    #[arg(long, default_value_t = 3)]
    steps: usize,
    /// Keep only what goes into each block, and compute the rest again.
    #[arg(long)]
    ckpt: bool,
    /// The same for the first so many blocks only, whatever `--ckpt` says.
    #[arg(long)]
    recompute: Option<usize>,
    #[arg(long)]
    no_train: bool,
    /// Threads; 0 takes as many as there are cores.
    #[arg(long, default_value_t = 0)]
    threads: i32,
    /// Peak TFLOP/s; 0 takes 989.5 for bf16 on a GPU, and a measured matrix product on the CPU.
    #[arg(long, default_value_t = 0.0)]
    peak: f64,
    /// Count the processor's time over threads instead of the wall's, for busy machines.
    #[arg(long)]
    cputime: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.threads > 0 {
        tch::set_num_threads(arguments.threads);
    }
    let device = match arguments.device.as_str() {
        "cpu" => Device::Cpu,
        "cuda" => {
            glim_kernels::cuda::open()?;
            Device::Cuda(0)
        }
        other => anyhow::bail!("`{other}` is no device: cpu or cuda"),
    };
    let kind = match arguments.dtype.as_str() {
        "fp32" => Kind::Float,
        "bf16" => Kind::BFloat16,
        other => anyhow::bail!("`{other}` is no kind: fp32 or bf16"),
    };
    let shape = Shape::named(&arguments.config)?;
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1);
    let clock = Clock { device, cpu_threads: arguments.cputime.then_some(threads) };
    let peak = match (arguments.peak, device, kind) {
        (given, ..) if given > 0.0 => given,
        (_, Device::Cuda(_), Kind::BFloat16) => 989.5,
        (_, Device::Cuda(_), _) => 67.0,
        _ => work::matrix_rate(&clock, kind),
    };
    let bench = Bench::new(&shape, arguments.image[0], arguments.image[1], device, kind, clock)?;
    let mut out = json!({
        "config": arguments.config, "device": arguments.device, "threads": threads, "dtype": arguments.dtype,
        "params": bench.parameters(), "patches": bench.patches(), "image_tokens": bench.image_tokens(),
        "peak_tflops": peak, "clock": if arguments.cputime { "cpu/threads" } else { "wall" }, "loadavg": clock::load(),
    });
    out["vision"] = bench.vision();
    out["prefill"] = bench.prefill(arguments.text, peak);
    out["decode"] = json!({});
    for &batch in &arguments.decode_bs {
        out["decode"][batch.to_string()] = bench.decode(batch, arguments.text, arguments.new);
    }
    if !arguments.no_train {
        let recompute = arguments.recompute.unwrap_or(if arguments.ckpt { usize::MAX } else { 0 });
        out["train"] = bench.train(arguments.train_bs, arguments.train_text, arguments.steps, recompute, peak);
    }
    #[expect(clippy::print_stdout, reason = "the one line that is read by the script")]
    {
        println!("{out}");
    }
    Ok(())
}
