//! The command line of what makes and handles data.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use glim_env::Viewport;

use super::viewport;

#[derive(Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["page", "recipe", "worker"])))]
pub(crate) struct Crawl {
    /// A recipe: where pages come from, how they are shown, what is kept and asked.
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,

    /// The dataset's folder. The same folder again goes on where a crawl stopped.
    #[arg(long, value_name = "DIR", requires = "recipe", required_unless_present_any = ["page", "worker"])]
    pub out: Option<PathBuf>,

    /// Another value for a key of the recipe, as in `workers=4` or `looks.scrolls=0`. May be repeated.
    #[arg(long, value_name = "KEY=VALUE", requires = "recipe")]
    pub set: Vec<String>,

    /// Let workers show the pages, on any number of machines: the address of a NATS server with JetStream
    /// (`nats-server -js -sd FOLDER`), as nats://USER:PASSWORD@HOST:4222, nats://TOKEN@HOST or tls://HOST. This process
    /// needs no browser then. Folders and archives of the recipe have to be at the same paths on the workers' machines.
    #[arg(long, value_name = "NATS", requires = "recipe")]
    pub queue: Option<String>,

    /// Show pages for the crawls on that NATS server, one crawl after the other, until Ctrl-C. It can be killed at any
    /// moment: its page is shown by another worker.
    #[arg(long, value_name = "NATS")]
    pub worker: Option<String>,

    /// Pages that a worker shows at once; what the recipe says if absent.
    #[arg(long, value_name = "N", requires = "worker", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub workers: Option<u8>,

    /// A credentials file for the NATS server.
    #[arg(long, value_name = "FILE", conflicts_with = "page")]
    pub credentials: Option<PathBuf>,

    /// Show the record of one page instead: an address, or an HTML file.
    #[arg(long, value_name = "URL", conflicts_with = "recipe")]
    pub page: Option<String>,

    /// Print the record as JSON.
    #[arg(long, requires = "page")]
    pub json: bool,

    /// Pixels that the page is scrolled down before it is looked at.
    #[arg(long, value_name = "PX", requires = "page", default_value_t = 0.0)]
    pub scroll: f64,

    /// Width and height of the page in CSS pixels, and optionally the device scale: 1280x720 or 390x844@3.
    #[arg(long, value_name = "WxH[@SCALE]", requires = "page", default_value = "1280x720", value_parser = viewport)]
    pub viewport: Viewport,

    /// A phone: touch, mobile layout and user agent.
    #[arg(long, requires = "page")]
    pub mobile: bool,

    /// The reader prefers dark pages.
    #[arg(long, requires = "page")]
    pub dark: bool,

    /// Where the screenshot goes, as PNG.
    #[arg(long, value_name = "FILE", requires = "page")]
    pub image: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Data {
    /// Count what is in a dataset.
    Stats(DataStats),
    /// Show rows of a dataset, or draw samples of it into a page to be judged by a person.
    Show(Show),
    /// Write a dataset in the form that another program reads.
    Convert(Convert),
    /// Mix datasets by weight and temperature.
    Mix(Mix),
    /// Choose the episodes of runs to learn from: what a verifier accepted, once each, with its difficulty.
    Distill(Distill),
}

#[derive(Args)]
pub(crate) struct DataStats {
    /// The dataset's folder.
    pub dataset: PathBuf,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub(crate) struct Show {
    /// The dataset's folder.
    pub dataset: PathBuf,

    /// Print the record of this screen or question as JSON.
    #[arg(long, value_name = "ID", conflicts_with = "gallery")]
    pub id: Option<String>,

    /// Where the gallery goes; the dataset's own folder if absent.
    #[arg(long, value_name = "DIR")]
    pub gallery: Option<PathBuf>,

    /// Samples in the gallery.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub samples: usize,

    /// Only questions of this task. May be repeated.
    #[arg(long, value_name = "TASK", value_delimiter = ',')]
    pub task: Vec<String>,

    /// Another one shows others.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

#[derive(Args)]
pub(crate) struct Convert {
    /// The dataset's folder.
    pub dataset: PathBuf,

    /// webdataset, llama-factory, ms-swift, ms-swift-objects, screenspot or seeclick.
    #[arg(long, value_name = "FORMAT")]
    pub to: String,

    /// The new folder.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// How places stand in texts: 999 (cells 0..=999), 1000, pixels or unit (0..1).
    #[arg(long, value_name = "SCALE", default_value = "999")]
    pub scale: String,

    /// Leave `<|begin_of_box|>` and `<|end_of_box|>` out.
    #[arg(long)]
    pub no_marks: bool,

    /// One side only: train or validation.
    #[arg(long, value_name = "SPLIT")]
    pub split: Option<String>,
}

#[derive(Args)]
pub(crate) struct Mix {
    /// Datasets, each with its weight: `data/docs=1`.
    #[arg(required = true, value_name = "DIR[=WEIGHT]")]
    pub datasets: Vec<String>,

    /// The new folder.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// The weight of a task: `ocr=0.5`. May be repeated.
    #[arg(long, value_name = "TASK=WEIGHT", value_delimiter = ',')]
    pub task: Vec<String>,

    /// The weight of a kind of question. May be repeated.
    #[arg(long, value_name = "KIND=WEIGHT", value_delimiter = ',')]
    pub kind: Vec<String>,

    /// Above 1 small sources gain, below 1 large ones.
    #[arg(long, default_value_t = 1.0)]
    pub temperature: f64,

    /// Samples for training; as many as there are if absent.
    #[arg(long, value_name = "N")]
    pub samples: Option<u64>,

    /// dataset, llama-factory, ms-swift or ms-swift-objects.
    #[arg(long, value_name = "FORMAT", default_value = "dataset")]
    pub to: String,

    /// Another one gives another order.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

#[derive(Args)]
pub(crate) struct Distill {
    /// A run folder of `glim eval`. May be repeated: all episodes of a task together say how hard it is.
    #[arg(long, value_name = "RUN", required = true)]
    pub episodes: Vec<PathBuf>,

    /// The new folder, which a recipe's source of `kind = "episodes"` reads; so it does one difficulty, as DIR/hard.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,

    /// A folder of episodes that are learned from already; those in it are not taken again. May be repeated.
    #[arg(long, value_name = "DIR")]
    pub known: Vec<PathBuf>,

    /// Score of a verdict from which on an episode is a success, above 0 and at most 1.
    #[arg(long, value_name = "SCORE", default_value_t = 1.0)]
    pub min_score: f64,

    /// Only replies of the form `<think>…</think><answer>…</answer>`.
    #[arg(long)]
    pub tags: bool,

    /// Whether answers are to have exactly one box of the model's, or none. Not looked at if absent.
    #[arg(long, value_name = "true|false", requires = "tags")]
    pub verifiable: Option<bool>,

    /// Episodes of one task, at most.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub per_task: usize,

    /// Episodes of a task that was solved each time, at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub per_solved_task: usize,
}
