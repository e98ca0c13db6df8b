//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use glim_agent::policy::Sampling;
use glim_agent::{AgentOptions, Dialect, Style};
use glim_env::Viewport;

mod data;
mod model;
mod reward;
mod train;

pub(crate) use data::{Convert, Crawl, Data, DataStats, Distill, Mix, Show};
#[cfg_attr(not(feature = "torch"), allow(unused_imports))]
pub(crate) use train::{Train, TrainFresh, TrainPlan, TrainRun};

#[cfg_attr(not(feature = "torch"), allow(unused_imports))]
pub(crate) use model::{
    Checkpoint, CheckpointCheck, CheckpointInit, DeviceArguments, Generate, On, Precision, Serve, Tokenizer,
    TokenizerEncode, TokenizerTrain,
};
pub(crate) use reward::Reward;

/// A multimodal model learns to see and to operate screens.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Let an agent reach a goal on a live page, and watch it.
    Run(Run),
    /// Evaluate an agent on suites of tasks. An interrupted evaluation goes on where it stopped.
    Eval(Eval),
    /// Scripted and random agents on all bundled tasks, and a report.
    Demo(Demo),
    /// Write the report of a run folder again, or compare runs of the same tasks.
    View(View),
    /// Turn web pages into grounding data: a dataset by a recipe, or the record of one page.
    Crawl(Crawl),
    /// Count, show, convert and mix datasets, and choose episodes to learn from.
    #[command(subcommand)]
    Data(Data),
    /// Say what replies are worth, by rules and judges: JSON lines in, JSON lines out.
    Reward(Reward),
    /// Train a model by a recipe. An interrupted run goes on where it stopped.
    #[command(subcommand)]
    Train(Train),
    /// Serve a checkpoint behind the protocol of OpenAI's chat completions, with pictures.
    Serve(Serve),
    /// Write one reply to words and pictures.
    Generate(Generate),
    /// Train a tokenizer from text, or look at what one does.
    #[command(subcommand)]
    Tokenizer(Tokenizer),
    /// Check a checkpoint without loading it, or make one with random weights.
    #[command(subcommand)]
    Checkpoint(Checkpoint),
    /// Serve one of the bundled sites, to click around in it by hand.
    Site(Site),
    /// Say what is missing on this machine, and the command that adds it.
    Doctor,
}

#[derive(Args)]
pub(crate) struct AgentArguments {
    /// Who acts: scripted, random, noop, openai:MODEL@BASE_URL, local:CHECKPOINT_DIR or replay:EPISODE_DIR. The key of a
    /// server comes from OPENAI_API_KEY.
    #[arg(long, value_name = "AGENT")]
    pub agent: String,

    /// The language of the agent's actions: web (numbered marks), desktop (calls with points), mobile (JSON with
    /// boxes).
    #[arg(long, default_value_t = Dialect::Web)]
    pub dialect: Dialect,

    /// How much the agent is told: full (instruction, history, memory) or brief (screenshot, goal, actions so far), for
    /// small models that were trained on it.
    #[arg(long, value_name = "STYLE", default_value_t = Style::Full)]
    pub prompt: Style,

    /// Sampling temperature.
    #[arg(long, default_value_t = 0.0)]
    pub temperature: f64,

    /// Tokens in one reply at the most.
    #[arg(long, value_name = "N", default_value_t = 8192)]
    pub max_tokens: u32,

    /// Turns in an episode at the most; each task's own budget if absent.
    #[arg(long, value_name = "N")]
    pub turns: Option<usize>,

    #[command(flatten)]
    pub device: DeviceArguments,
}

impl AgentArguments {
    /// What the agent is shown and how it replies.
    pub fn options(&self) -> AgentOptions {
        let sampling = Sampling { temperature: self.temperature, max_tokens: self.max_tokens, ..Sampling::default() };
        AgentOptions { style: self.prompt, sampling, ..AgentOptions::default() }
    }
}

#[derive(Args)]
pub(crate) struct BrowserArguments {
    /// Open a window. Needs a display and an ordinary Chromium.
    #[arg(long)]
    pub headed: bool,

    /// Width and height of the page in CSS pixels, and optionally the device scale: 1280x720 or 390x844@3.
    #[arg(long, value_name = "WxH[@SCALE]", default_value = "1280x720", value_parser = viewport)]
    pub viewport: Viewport,
}

#[derive(Args)]
pub(crate) struct Run {
    /// What the agent is to do, in words.
    pub goal: String,

    /// The page it starts on.
    #[arg(long)]
    pub url: String,

    #[command(flatten)]
    pub agent: AgentArguments,

    /// A host that may be reached: `example.org`, `*.example.org`, or `*` for every public host. May be repeated. The
    /// site of --url and what lies below it may always be reached; private addresses only if named, here or in --url.
    #[arg(long, value_name = "HOST")]
    pub allow: Vec<String>,

    /// Where the episode and its report go; runs/run-TIME if absent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// The seed of the page's chance and of the agent's sampling.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    #[command(flatten)]
    pub browser: BrowserArguments,
}

#[derive(Args)]
pub(crate) struct Eval {
    /// pages, shop, tracker, travel (bundled; `all` for these four), basics, miniwob, webvoyager, screenspot or refcoco.
    /// May be repeated.
    #[arg(long, value_name = "SUITE", required = true, value_delimiter = ',')]
    pub suite: Vec<String>,

    /// Where the files of miniwob (a folder), webvoyager (a JSONL file), screenspot (a folder in the layout of ScreenSpot,
    /// ScreenSpot-v2, ScreenSpot-Pro or OSWorld-G) or refcoco (a folder, or a JSONL file) lie.
    #[arg(long, value_name = "PATH", visible_alias = "data")]
    pub suite_root: Option<PathBuf>,

    /// The reference answers of webvoyager.
    #[arg(long, value_name = "FILE")]
    pub references: Option<PathBuf>,

    /// Only tasks whose name contains this. May be repeated.
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    pub task: Vec<String>,

    /// With miniwob: keep the pages' own time limits.
    #[arg(long)]
    pub time_limit: bool,

    #[command(flatten)]
    pub agent: AgentArguments,

    /// Episodes of each task, whose seeds follow one another; 1 if absent. With screenspot and refcoco: items of each
    /// group, at most; all if absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub episodes: Option<u64>,

    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Episodes at once.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub envs: usize,

    /// The model that judges where no rule can: MODEL@BASE_URL.
    #[arg(long, value_name = "MODEL")]
    pub judge: Option<String>,

    /// The run folder: episodes, results.json, report.html. The same folder again resumes the run.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    #[command(flatten)]
    pub browser: BrowserArguments,
}

#[derive(Args)]
pub(crate) struct Demo {
    /// Where the runs go; runs/demo-TIME if absent.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Episodes at once.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub envs: usize,

    /// Only one of the two halves.
    #[arg(long, value_enum)]
    pub only: Option<Half>,
}

/// A half of the demonstration.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Half {
    /// Agents on all bundled tasks.
    Agents,
    /// A model that learns to click.
    Learning,
}

#[derive(Args)]
pub(crate) struct View {
    /// A run folder.
    pub run: PathBuf,

    /// A run of the same tasks to compare it with, for example that of the model before it was trained: writes a page of
    /// both instead. May be repeated; the first is what the others are measured by.
    #[arg(long, value_name = "OTHER")]
    pub against: Vec<PathBuf>,

    /// Where the comparison goes: a file, or a folder that is there; into the run folder if absent.
    #[arg(long, value_name = "FILE", requires = "against")]
    pub out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Site {
    /// shop, tracker or travel.
    pub name: String,

    /// The seed of its content.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

fn viewport(text: &str) -> Result<Viewport, String> {
    let wrong = || format!("`{text}` is not of the form 1280x720 or 390x844@3");
    let (size, scale) = text.split_once('@').unwrap_or((text, "1"));
    let (width, height) = size.split_once('x').ok_or_else(wrong)?;
    let side = |text: &str| text.parse::<u32>().ok().filter(|side| (50..=8192).contains(side)).ok_or_else(wrong);
    let scale = scale.parse::<f64>().ok().filter(|scale| (0.25..=8.0).contains(scale)).ok_or_else(wrong)?;
    Ok(Viewport { width: side(width)?, height: side(height)?, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn viewports_are_read() {
        assert_eq!(viewport("390x844@3"), Ok(Viewport { width: 390, height: 844, scale: 3.0 }));
        for wrong in ["", "1280", "0x0", "axb", "100x100@0", "100x100@nan"] {
            assert!(viewport(wrong).is_err(), "{wrong}");
        }
    }
}
