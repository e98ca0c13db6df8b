//! What a run trains on, as a part of its TOML recipe.
//!
//! ```toml
//! token_budget = 2048
//! window = 16
//! [[sources]]
//! kind = "screens"
//! name = "pages"
//! path = "datasets/pages"
//! tasks = ["comprehension"]
//! coordinate_step = 10
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Curation;
use crate::dataset::Split;

/// The data of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecipe {
    /// What is mixed.
    pub sources: Vec<SourceRecipe>,
    /// Tokens of a packed micro-batch, at most, image tokens included. The paper has 8,192, and later 32,768.
    pub token_budget: usize,
    /// Samples that may wait for a micro-batch that they fit while later ones go first; 0 keeps the order strictly.
    #[serde(default)]
    pub window: usize,
    /// Threads that prepare samples.
    #[serde(default = "one")]
    pub workers: usize,
    /// Micro-batches prepared ahead of the trainer.
    #[serde(default = "four")]
    pub ahead: usize,
    /// MiB of decoded rows kept in memory. If the sources have more, rows are read from the disk one by one.
    #[serde(default = "gibibyte")]
    pub memory_mb: u64,
    /// Pass over rows that cannot be read, and count them, instead of stopping.
    #[serde(default)]
    pub skip_broken: bool,
    /// Whether thoughts are learned, where a source does not say otherwise.
    #[serde(default)]
    pub thinking: Thinking,
}

/// What becomes of the thoughts in replies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// They are learned in the last reply of a conversation, and left out of earlier ones.
    #[default]
    Last,
    /// They are left out, and the template is told so (`enable_thinking = false`, which writes `/nothink`).
    Off,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceRecipe {
    /// Questions about screenshots.
    Screens(ScreensRecipe),
    /// What agents did.
    Episodes(EpisodesRecipe),
    /// Text and conversations without pictures.
    Text(TextRecipe),
}

/// Questions about the screens of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreensRecipe {
    /// Its name in metrics.
    pub name: String,
    /// Its share of the samples, beside those of the other sources.
    #[serde(default = "unit")]
    pub weight: f64,
    /// The dataset's folder, or one shard.
    pub path: PathBuf,
    /// The side of the split: `train` or `validation`.
    #[serde(default = "train")]
    pub split: Split,
    /// Tasks of [`crate::record::Question`] that are asked; all if empty.
    #[serde(default)]
    pub tasks: BTreeSet<String>,
    /// Kinds of questions that are asked; all if empty.
    #[serde(default)]
    pub kinds: BTreeSet<String>,
    /// Questions of one conversation about a screen, at most. Image tokens are most of the cost.
    #[serde(default = "four")]
    pub per_screen: usize,
    /// Coordinates are the middles of bins as wide as this, 1..=500: 10 gives 995, 495.
    #[serde(default = "one_u32")]
    pub coordinate_step: u32,
    /// Shorter side of a place that is asked for or about, in image pixels, at least.
    #[serde(default)]
    pub min_side: f32,
    /// Screens with more elements do not come.
    #[serde(default)]
    pub max_elements: Option<usize>,
    /// How pictures are changed.
    #[serde(default)]
    pub augment: AugmentRecipe,
}

/// What is learned from the episodes of a run folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodesRecipe {
    /// Its name in metrics.
    pub name: String,
    /// Its share of the samples, beside those of the other sources.
    #[serde(default = "unit")]
    pub weight: f64,
    /// The run's folder, as `glim eval` writes it.
    pub path: PathBuf,
    /// What is learned.
    pub learn: Learn,
    /// Score of an episode's verdict, 0..=1, at least. Undecided ones do not come.
    #[serde(default = "unit")]
    pub min_score: f64,
    /// Tasks that come, by the beginning of `suite/family`; all if empty.
    #[serde(default)]
    pub tasks: BTreeSet<String>,
    /// What the model is shown with the action to learn.
    #[serde(default)]
    pub prompt: PromptForm,
    /// What is asked of the replies that are learned from; nothing if not said.
    #[serde(default)]
    pub curate: Option<Curation>,
    /// Whether thoughts are learned. A source that is named twice can be learned both ways.
    #[serde(default)]
    pub thinking: Option<Thinking>,
    /// Questions about one screen, at most, where grounding is learned.
    #[serde(default = "four")]
    pub per_screen: usize,
    /// What they ask for.
    #[serde(default)]
    pub places: Places,
    /// As of screens.
    #[serde(default = "one_u32")]
    pub coordinate_step: u32,
    /// As of screens.
    #[serde(default)]
    pub augment: AugmentRecipe,
}

/// What is learned from an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learn {
    /// The replies whose actions were done.
    Actions,
    /// Where the elements are that were on the screen.
    Grounding,
}

/// What questions about places ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Places {
    /// Points and boxes, each about as often.
    #[default]
    Both,
    /// Points.
    Points,
    /// Boxes.
    Boxes,
}

/// What stands before an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptForm {
    /// The screenshot and the goal's words.
    #[default]
    Goal,
    /// The recorded prompt, with the screenshot in the place of its only picture. It differs from what the agent read by
    /// empty lines, which the record has between its parts.
    Recorded,
    /// What the agent writes, by the [`super::Prompter`] that the program brings.
    Agent,
}

/// Text, or conversations in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRecipe {
    /// Its name in metrics.
    pub name: String,
    /// Its share of the samples, beside those of the other sources.
    #[serde(default = "unit")]
    pub weight: f64,
    /// A `.txt` file, a `.jsonl` file whose lines have `text` or `messages`, or a folder of such files.
    pub path: PathBuf,
    /// Bytes of one sample of a `.txt` file, about; it is cut where a line ends. What is longer than the budget of tokens
    /// is cut off there.
    #[serde(default = "piece")]
    pub piece_bytes: usize,
    /// What is asked of the last reply of a conversation; nothing if not said.
    #[serde(default)]
    pub curate: Option<Curation>,
    /// Whether thoughts are learned. A source that is named twice can be learned both ways.
    #[serde(default)]
    pub thinking: Option<Thinking>,
}

/// How pictures are changed before they are learned from; places move with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentRecipe {
    /// Image pixels that a picture is moved by in both directions, at most.
    pub shift: u32,
    /// Image pixels of which it is moved by a multiple; 0 and 1 are any.
    pub shift_step: u32,
    /// Share of full brightness that is added or taken, at most, 0..=1.
    pub brightness: f32,
    /// Share by which contrast grows or falls, at most, 0..1.
    pub contrast: f32,
}

impl SourceRecipe {
    /// Its name in metrics.
    pub fn name(&self) -> &str {
        match self {
            SourceRecipe::Screens(of) => &of.name,
            SourceRecipe::Episodes(of) => &of.name,
            SourceRecipe::Text(of) => &of.name,
        }
    }

    /// Its share of the samples, beside those of the others.
    pub fn weight(&self) -> f64 {
        match self {
            SourceRecipe::Screens(of) => of.weight,
            SourceRecipe::Episodes(of) => of.weight,
            SourceRecipe::Text(of) => of.weight,
        }
    }

    /// Whether its thoughts are learned, if it says so.
    pub fn thinking(&self) -> Option<Thinking> {
        match self {
            SourceRecipe::Screens(_) => None,
            SourceRecipe::Episodes(of) => of.thinking,
            SourceRecipe::Text(of) => of.thinking,
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        match self {
            SourceRecipe::Screens(of) => &of.path,
            SourceRecipe::Episodes(of) => &of.path,
            SourceRecipe::Text(of) => &of.path,
        }
    }
}

impl DataRecipe {
    /// All mistakes, none if it can be used. Files are not looked at.
    pub fn validate(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut hold = |holds: bool, mistake: String| {
            if !holds {
                wrong.push(mistake);
            }
        };
        hold(self.token_budget >= 16, format!("`token_budget` is {}; it is at least 16", self.token_budget));
        hold((1..=256).contains(&self.workers), format!("`workers` is {}; it is 1 to 256", self.workers));
        hold((1..=1024).contains(&self.ahead), format!("`ahead` is {}; it is 1 to 1024", self.ahead));
        hold(self.window <= 4096, format!("`window` is {}; it is at most 4096", self.window));
        hold(!self.sources.is_empty(), "`sources` is empty; there is at least one".to_owned());
        let comes = self.sources.iter().any(|source| source.weight() > 0.0);
        hold(self.sources.is_empty() || comes, "all `weight`s are 0; one is above it".to_owned());
        let mut names = BTreeSet::new();
        for (at, source) in self.sources.iter().enumerate() {
            let name = source.name();
            let of = if name.is_empty() { format!("sources[{at}]") } else { format!("source `{name}`") };
            hold(!name.is_empty(), format!("{of}: `name` is empty"));
            hold(name.is_empty() || names.insert(name), format!("{of}: two sources have this name"));
            let weight = source.weight();
            hold(weight >= 0.0 && weight.is_finite(), format!("{of}: `weight` is {weight}; it is 0 or more"));
            hold(!source.path().as_os_str().is_empty(), format!("{of}: `path` is empty"));
            match source {
                SourceRecipe::Screens(screens) => {
                    let side = screens.min_side;
                    hold(side >= 0.0 && side.is_finite(), format!("{of}: `min_side` is {side}; it is 0 or more"));
                    pictures(&mut hold, &of, screens.per_screen, screens.coordinate_step, &screens.augment);
                }
                SourceRecipe::Episodes(episodes) => {
                    let score = episodes.min_score;
                    hold((0.0..=1.0).contains(&score), format!("{of}: `min_score` is {score}; it is 0 to 1"));
                    pictures(&mut hold, &of, episodes.per_screen, episodes.coordinate_step, &episodes.augment);
                }
                SourceRecipe::Text(text) => {
                    let bytes = text.piece_bytes;
                    hold(bytes >= 64, format!("{of}: `piece_bytes` is {bytes}; it is at least 64"));
                }
            }
        }
        wrong
    }
}

fn pictures(
    hold: &mut impl FnMut(bool, String),
    of: &str,
    per_screen: usize,
    coordinate_step: u32,
    augment: &AugmentRecipe,
) {
    hold(per_screen > 0, format!("{of}: `per_screen` is 0; it is at least 1"));
    hold((1..=500).contains(&coordinate_step), format!("{of}: `coordinate_step` is {coordinate_step}; it is 1 to 500"));
    let AugmentRecipe { brightness, contrast, .. } = *augment;
    hold((0.0..=1.0).contains(&brightness), format!("{of}: `augment.brightness` is {brightness}; it is 0 to 1"));
    hold((0.0..1.0).contains(&contrast), format!("{of}: `augment.contrast` is {contrast}; it is 0 to less than 1"));
}

fn one() -> usize {
    1
}

fn one_u32() -> u32 {
    1
}

fn four() -> usize {
    4
}

fn gibibyte() -> u64 {
    1024
}

fn unit() -> f64 {
    1.0
}

fn train() -> Split {
    Split::Train
}

fn piece() -> usize {
    4096
}
