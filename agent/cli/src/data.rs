//! `glim data`: datasets counted, shown, converted and mixed, and episodes chosen to learn from.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use glim_data::convert::{ConvertOptions, Format, Scale, convert};
use glim_data::dataset::{Dataset, Split};
use glim_data::distill::{DistillOptions, distill};
use glim_data::gallery::{self, GalleryOptions};
use glim_data::mix::{MixForm, MixOptions, Source, mix};
use glim_data::stats::Stats;
use glim_data::training::Curation;

use crate::arguments::{Convert, Data, DataStats, Distill, Mix, Show};
use crate::eval::say;

pub(crate) fn data(command: &Data) -> Result<ExitCode> {
    match command {
        Data::Stats(arguments) => stats(arguments),
        Data::Show(arguments) => show(arguments),
        Data::Convert(arguments) => converted(arguments),
        Data::Mix(arguments) => mixed(arguments),
        Data::Distill(arguments) => distilled(arguments),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn stats(arguments: &DataStats) -> Result<()> {
    let stats = Stats::of(&Dataset::open(&arguments.dataset)?)?;
    if arguments.json {
        say(&serde_json::to_string_pretty(&stats)?);
    } else {
        say(stats.to_string().trim_end());
    }
    Ok(())
}

fn show(arguments: &Show) -> Result<()> {
    if let Some(id) = &arguments.id {
        let dataset = Dataset::open(&arguments.dataset)?;
        let Some((_, row)) = dataset.find(id)? else {
            bail!("`{}` has no screen or question `{id}`", arguments.dataset.display());
        };
        say(&serde_json::to_string_pretty(&row.screen)?);
        return Ok(());
    }
    let to = arguments.gallery.as_ref().unwrap_or(&arguments.dataset);
    let tasks = arguments.task.iter().cloned().collect();
    let options = GalleryOptions { samples: arguments.samples, seed: arguments.seed, tasks };
    let page = gallery::write(&arguments.dataset, to, &options)?;
    say(&format!("gallery: {}", page.display()));
    Ok(())
}

/// What is called so among these.
fn named<T: Copy>(what: &str, names: &[(&str, T)], name: &str) -> Result<T> {
    let known = || names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let found = names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.with_context(|| format!("there is no {what} `{name}`; there are {}", known()))
}

fn converted(arguments: &Convert) -> Result<()> {
    let mut options = ConvertOptions::new(named("format", &Format::NAMES, &arguments.to)?);
    options.scale = named("scale", &Scale::NAMES, &arguments.scale)?;
    options.keep_marks = !arguments.no_marks;
    let sides = Split::ALL.map(|split| (split.name(), split));
    options.split = arguments.split.as_deref().map(|name| named("split", &sides, name)).transpose()?;
    let done = convert(&arguments.dataset, &arguments.out, &options)?;
    say(&format!("{} samples on {} screens: {}", done.samples, done.screens, arguments.out.display()));
    Ok(())
}

fn mixed(arguments: &Mix) -> Result<()> {
    let mut sources = Vec::new();
    for text in &arguments.datasets {
        let (path, weight) = match text.rsplit_once('=') {
            Some((path, weight)) => (path, number(text, weight)?),
            None => (text.as_str(), 1.0),
        };
        sources.push(Source { path: path.into(), weight });
    }
    let options = MixOptions {
        tasks: weights(&arguments.task)?,
        kinds: weights(&arguments.kind)?,
        temperature: arguments.temperature,
        seed: arguments.seed,
        samples: arguments.samples,
        form: named("format", &MixForm::NAMES, &arguments.to)?,
        ..MixOptions::new(sources)
    };
    let done = mix(&arguments.out, &options)?;
    let [train, validation] = done.samples;
    let out = arguments.out.display();
    say(&format!("{train} samples to train on and {validation} to validate with, on {} screens: {out}", done.screens));
    Ok(())
}

fn distilled(arguments: &Distill) -> Result<()> {
    let options = DistillOptions {
        known: arguments.known.clone(),
        min_score: arguments.min_score,
        curate: Curation { tags: arguments.tags, verifiable: arguments.verifiable },
        per_task: arguments.per_task,
        per_solved_task: arguments.per_solved_task,
        ..DistillOptions::new(arguments.episodes.clone())
    };
    let done = distill(&arguments.out, &options)?;
    say(done.to_string().trim_end());
    let out = arguments.out.display();
    match done.kept() {
        0 => bail!("no episode is fit to learn from; `{out}` was not written"),
        kept if done.unchanged => say(&format!("{kept} episodes, as they were: {out}")),
        kept => say(&format!("{kept} episodes: {out}")),
    }
    Ok(())
}

fn weights(texts: &[String]) -> Result<BTreeMap<String, f64>> {
    texts
        .iter()
        .map(|text| {
            let (name, weight) =
                text.split_once('=').with_context(|| format!("`{text}` is not of the form NAME=WEIGHT"))?;
            Ok((name.to_owned(), number(text, weight)?))
        })
        .collect()
}

fn number(text: &str, weight: &str) -> Result<f64> {
    weight.parse().with_context(|| format!("`{text}` does not end in a number"))
}
