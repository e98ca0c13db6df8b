//! The second half of `glim demo`: a model learns to click, from fresh weights.
//!
//! All of it lies in one folder, recipes included, so that each step can be done again by hand:
//!
//! ```text
//! DIR/recipes/            what is done, and why
//! DIR/data/demo/          train, held: episodes of the scripted agent; fresh: the model
//! DIR/runs/demo/          pretrain, sft: the two stages; untrained, trained: both models at the same tasks
//! DIR/comparison.html     before and after
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use glim_agent::report::comparison::{Comparison, Figure, Side};
use glim_agent::rollout::Stop;
use glim_agent::{Dialect, Style};
use glim_env::Viewport;
use glim_tasks::basics;
use glim_train::metrics;
use glim_train::report::ReportData;

use super::clock;
use crate::arguments::{AgentArguments, BrowserArguments, DeviceArguments, TrainFresh};
use crate::eval::{Plan, say, show};
use crate::{ranks, train};

/// The recipes, as they lie in the project.
const RECIPES: [(&str, &str); 3] = [
    ("pretrain_demo.toml", include_str!("../../../../recipes/pretrain_demo.toml")),
    ("sft_demo.toml", include_str!("../../../../recipes/sft_demo.toml")),
    ("models/tiny.json", include_str!("../../../../recipes/models/tiny.json")),
];

/// Episodes of each of the families that are learned from, and asked about on the way.
const LEARNED: (u64, u64) = (400, 1000);
const ASKED: (u64, u64) = (25, 900_000);
/// Episodes of each family that both models play, of seeds that neither has seen.
const PLAYED: (u64, u64) = (10, 950_000);

/// Two processes share the work, whatever the number of cores: what is learned does not depend on it.
const RANKS: usize = 2;

/// An action is short.
const MAX_TOKENS: u32 = 40;

/// Goes through all steps; those that were done in this folder before are not done again. None if it was told to stop.
pub(super) async fn learn(out: &Path, envs: usize, stop: &Stop) -> Result<Option<PathBuf>> {
    let begun = Instant::now();
    for (name, text) in RECIPES {
        let path = out.join("recipes").join(name);
        let write = || {
            std::fs::create_dir_all(path.parent().unwrap_or(out))?;
            std::fs::write(&path, text)
        };
        write().with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    let recipe = |name: &str| out.join("recipes").join(name);
    let (data, runs) = (out.join("data/demo"), out.join("runs/demo"));
    let hands = Hands { envs, stop };

    say(&format!(
        "\n{} a scripted agent shows how, on {} kinds of screens",
        clock(begun),
        basics::start()?.families.len()
    ));
    for ((episodes, seed), name) in [(LEARNED, "train"), (ASKED, "held")] {
        if !hands.play("scripted", episodes, seed, &data.join(name), false).await? {
            return Ok(None);
        }
    }
    let fresh = data.join("fresh");
    if !fresh.join("config.json").exists() {
        let arguments = TrainFresh {
            recipe: recipe("pretrain_demo.toml"),
            config: recipe("models/tiny.json"),
            seed: 1,
            dialect: Dialect::Desktop,
        };
        tokio::task::spawn_blocking(move || train::fresh(&arguments)).await??;
    }
    for (stage, name, title) in
        [("pretrain", "pretrain_demo.toml", "pre-training"), ("sft", "sft_demo.toml", "fine-tuning")]
    {
        say(&format!("{} {title}, {RANKS} processes", clock(begun)));
        let arguments: [OsString; 8] = [
            "train".into(),
            stage.into(),
            "--recipe".into(),
            recipe(name).into_os_string(),
            "--out".into(),
            runs.join(stage).into_os_string(),
            "--device".into(),
            "cpu".into(),
        ];
        ranks::launch(RANKS, &arguments).await?;
        if stop.is_asked() {
            return Ok(None);
        }
    }
    let trained = last_checkpoint(&runs.join("sft"))?;
    for (name, checkpoint) in [("untrained", &fresh), ("trained", &trained)] {
        say(&format!("{} the {name} model at tasks that it has not seen, from pixels", clock(begun)));
        let (episodes, seed) = PLAYED;
        if !hands.play(&format!("local:{}", checkpoint.display()), episodes, seed, &runs.join(name), true).await? {
            return Ok(None);
        }
    }
    let side = |name: &str| Side { label: name.to_owned(), run: runs.join(name) };
    let mut figures = Vec::new();
    for (stage, title) in [("pretrain", "Pre-training"), ("sft", "Fine-tuning")] {
        let lines = metrics::read(&runs.join(stage).join(metrics::FILE))?;
        let drawn = glim_train::report::figures(&ReportData { lines, ..ReportData::default() });
        figures.extend(drawn.into_iter().map(|(name, svg)| Figure {
            title: format!("{title}: {name}"),
            note: format!("runs/demo/{stage}/report.html has all curves, and answers on their screenshots"),
            svg,
        }));
    }
    let page = Comparison {
        title: "A model learns to click".to_owned(),
        sides: vec![side("untrained"), side("trained")],
        figures,
        ..Comparison::default()
    };
    let page = page.write(&out.join("comparison.html"))?;
    say(&format!("{} done", clock(begun)));
    Ok(Some(page))
}

/// How episodes are played in the demonstration.
struct Hands<'a> {
    envs: usize,
    stop: &'a Stop,
}

impl Hands<'_> {
    /// Whether all were played to their end.
    async fn play(&self, agent: &str, episodes: u64, seed: u64, out: &Path, table: bool) -> Result<bool> {
        let agent = AgentArguments {
            agent: agent.to_owned(),
            dialect: Dialect::Desktop,
            prompt: Style::Brief,
            temperature: 0.0,
            max_tokens: MAX_TOKENS,
            turns: None,
            device: DeviceArguments::default(),
        };
        let plan = Plan {
            agent: &agent,
            browser: &BrowserArguments { headed: false, viewport: Viewport::default() },
            suites: vec![basics::start()?],
            episodes,
            seed,
            envs: self.envs,
            judge: None,
            out: out.to_owned(),
        };
        let evaluated = plan.play(self.stop).await?;
        if table {
            show(&evaluated.results);
            glim_agent::report::write(out)?;
        }
        let left = evaluated.tally.void + evaluated.tally.unfinished;
        if left > 0 && !self.stop.is_asked() {
            bail!("{left} episodes in `{}` could not be played; voids.jsonl there says why", out.display());
        }
        Ok(left == 0)
    }
}

fn last_checkpoint(run: &Path) -> Result<PathBuf> {
    let folder = run.join("checkpoints");
    let names = std::fs::read_dir(&folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    let steps = names.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-")) && path.extension().is_none()
    });
    steps.max().with_context(|| format!("`{}` has no checkpoint", folder.display()))
}
