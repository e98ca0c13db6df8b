//! Writing a mix. Datasets are read once, in the order in which they are stored, whatever the order of the steps.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use super::{MixForm, MixOptions, Mixer, Pick};
use crate::convert::files::Folder;
use crate::convert::{Chat, ConvertOptions, Dialect, Format};
use crate::dataset::{DatasetWriter, Split, SplitRule, WriterOptions};
use crate::shard::{Columns, Row, Shard};
use crate::{DataError, Screen};

/// What came of a mix.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mixed {
    /// Samples on each side of the split, in the order of [`Split::ALL`].
    pub samples: [u64; 2],
    /// Screens that are in it.
    pub screens: u64,
}

/// The steps at which the questions of one screen come.
type Steps = Vec<(usize, Split, u64)>;

/// Mixes datasets into the folder `to`, which must not exist or be empty.
///
/// # Errors
/// If an option is outside its limits, a dataset cannot be read, or the folder not be written; it does not exist then.
pub fn mix(to: &Path, options: &MixOptions) -> Result<Mixed, DataError> {
    let mixer = Mixer::open(options)?;
    let folder = Folder::create(to)?;
    let mut mixed = Mixed::default();
    // Places in the order in which they are stored.
    let mut wanted: BTreeMap<(usize, usize, usize), Steps> = BTreeMap::new();
    for (split, asked) in Split::ALL.into_iter().zip([options.samples, options.validation_samples]) {
        let steps = if mixer.is_empty(split) { 0 } else { asked.unwrap_or_else(|| mixer.len(split)) };
        mixed.samples[split as usize] = steps;
        for step in 0..steps {
            let Some(Pick { source, shard, row, question, .. }) = mixer.pick(split, step) else { break };
            wanted.entry((source, shard, row)).or_default().push((question, split, step));
        }
    }
    mixed.screens = wanted.len() as u64;
    match options.form {
        MixForm::Dataset => dataset(&mixer, &folder, options, wanted)?,
        MixForm::LlamaFactory => messages(&mixer, &folder, options, Dialect::LlamaFactory, wanted)?,
        MixForm::MsSwift => messages(&mixer, &folder, options, Dialect::MsSwift, wanted)?,
        MixForm::MsSwiftObjects => messages(&mixer, &folder, options, Dialect::MsSwiftObjects, wanted)?,
    }
    folder.finish()?;
    Ok(mixed)
}

/// Reads the rows that are wanted, each once, shard by shard.
fn each_row(
    mixer: &Mixer,
    wanted: BTreeMap<(usize, usize, usize), Steps>,
    mut take: impl FnMut(usize, Row, Steps) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut wanted = wanted.into_iter().peekable();
    while let Some(&((source, shard, _), _)) = wanted.peek() {
        let (path, _) = &mixer.datasets[source].shards()[shard];
        for (at, row) in Shard::open(path)?.rows(Columns::All)?.enumerate() {
            let row = row?;
            if let Some((_, steps)) = wanted.next_if(|(place, _)| *place == (source, shard, at)) {
                take(source, row, steps)?;
            }
        }
        if wanted.peek().is_some_and(|(place, _)| (place.0, place.1) == (source, shard)) {
            return Err(DataError::Shard { path: path.clone(), reason: "it changed while it was read".to_owned() });
        }
    }
    Ok(())
}

fn dataset(
    mixer: &Mixer,
    folder: &Folder,
    options: &MixOptions,
    wanted: BTreeMap<(usize, usize, usize), Steps>,
) -> Result<(), DataError> {
    let mut writer = DatasetWriter::open(
        folder.partial(),
        WriterOptions {
            name: options.name.clone(),
            split: SplitRule::Sites(mixer.validation.clone()),
            shard: options.shard.clone(),
            recipe: recipe(options),
        },
    )?;
    let mut page: Vec<(Screen, Vec<u8>)> = Vec::new();
    let mut of = None;
    each_row(mixer, wanted, |source, mut row, steps| {
        row.screen.questions = asked(&row.screen, &steps);
        let key = Some((source, row.screen.page_id.clone()));
        if of != key && !page.is_empty() {
            add(&mut writer, std::mem::take(&mut page))?;
        }
        of = key;
        page.push((row.screen, row.picture));
        Ok(())
    })?;
    if !page.is_empty() {
        add(&mut writer, page)?;
    }
    writer.finish()?;
    drop(writer);
    let lock = folder.partial().join("lock");
    fs::remove_file(&lock).map_err(DataError::io(&lock, "removed"))
}

/// Adds a page, under another id if the mix has one of that id: other datasets may have been at the same page.
fn add(writer: &mut DatasetWriter, mut page: Vec<(Screen, Vec<u8>)>) -> Result<(), DataError> {
    let own = page[0].0.page_id.clone();
    let mut page_id = own.clone();
    let mut number = 1;
    while writer.contains(&page_id) {
        number += 1;
        page_id = format!("{own}~{number}");
    }
    if number > 1 {
        for (screen, _) in &mut page {
            screen.page_id.clone_from(&page_id);
            screen.screen_id = format!("{}~{number}", screen.screen_id);
            screen.questions.iter_mut().for_each(|question| question.id = format!("{}~{number}", question.id));
        }
    }
    writer.add_page(&page_id, page).map(|_| ())
}

/// The questions that come, in their order; one that comes again has an id of its own.
fn asked(screen: &Screen, steps: &Steps) -> Vec<crate::record::Question> {
    let mut times: BTreeMap<usize, u64> = BTreeMap::new();
    steps.iter().for_each(|(question, ..)| *times.entry(*question).or_default() += 1);
    let mut asked = Vec::with_capacity(steps.len());
    for (question, times) in times {
        for time in 1..=times {
            let mut again = screen.questions[question].clone();
            if time > 1 {
                again.id = format!("{}*{time}", again.id);
            }
            asked.push(again);
        }
    }
    asked
}

fn messages(
    mixer: &Mixer,
    folder: &Folder,
    options: &MixOptions,
    dialect: Dialect,
    wanted: BTreeMap<(usize, usize, usize), Steps>,
) -> Result<(), DataError> {
    let convert = ConvertOptions { scale: options.scale, ..ConvertOptions::new(Format::MsSwift) };
    let mut chat = Chat::new(dialect, &convert, folder)?;
    // Conversations in the order in which they are read, and where in the file each step's is.
    let name = "conversations.partial";
    let mut scratch = folder.file(name)?;
    let mut length = 0;
    let mut places: HashMap<(Split, u64), (u64, usize)> = HashMap::new();
    each_row(mixer, wanted, |source, row, steps| {
        let picture = crate::convert::files::picture_path(&format!("images/{source}"), &row);
        folder.picture(&picture, &row.picture)?;
        for (question, split, step) in steps {
            debug_assert_eq!(split, mixer.split(&row.screen));
            let conversation = chat.conversation(&row.screen, &row.screen.questions[question], &picture);
            let text = serde_json::to_vec(&conversation).expect("plain data can be written as JSON");
            scratch.write(&text)?;
            places.insert((split, step), (length, text.len()));
            length += text.len() as u64;
        }
        Ok(())
    })?;
    scratch.finish()?;
    let path = folder.partial().join(name);
    let mut file = File::open(&path).map_err(DataError::io(&path, "read"))?;
    let mut order: Vec<_> = places.into_iter().collect();
    order.sort_unstable();
    for ((split, _), (offset, length)) in order {
        let mut text = vec![0; length];
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut text));
        read.map_err(DataError::io(&path, "read"))?;
        chat.push(folder, split, &text)?;
    }
    fs::remove_file(&path).map_err(DataError::io(&path, "removed"))?;
    chat.close(folder)
}

/// How the mix was made, as TOML.
fn recipe(options: &MixOptions) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!("[mix]\nseed = {}\ntemperature = {:?}\n", options.seed, options.temperature);
    for (name, samples) in [("samples", options.samples), ("validation_samples", options.validation_samples)] {
        if let Some(samples) = samples {
            text.push_str(&format!("{name} = {samples}\n"));
        }
    }
    for (name, weights) in [("tasks", &options.tasks), ("kinds", &options.kinds)] {
        if !weights.is_empty() {
            text.push_str(&format!("\n[mix.{name}]\n"));
            weights.iter().for_each(|(name, weight)| text.push_str(&format!("{} = {weight:?}\n", quoted(name))));
        }
    }
    for source in &options.sources {
        let path = quoted(&source.path.display().to_string());
        text.push_str(&format!("\n[[mix.sources]]\npath = {path}\nweight = {:?}\n", source.weight));
    }
    text
}
