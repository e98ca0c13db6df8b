//! From the episodes of a run folder to samples: actions as they were taken, and the places of what was on the screen.
//!
//! ```text
//! RUN/episodes/SUITE__FAMILY/SEED/episode.jsonl    {"line":"episode",...} {"line":"turn",...} ... {"line":"end",...}
//!                                 000.png 001.png ...
//! ```
//! Only where the turns are is kept in memory; each is read when it comes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use glim_env::{Action, Completion, Observation, Outcome, SCHEMA_VERSION, Screenshot, Target, Timings, Turn};
use glim_processor::{Content, Message};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::places::Writing;
use super::prompts::{self, Moment, Prompter};
use super::sample::{Broken, Unfit, picture_size, pictures};
use super::{Asked, Change, EpisodesRecipe, Learn, Learned, Origin, Places, PromptForm, Sample, Scene, curate};
use crate::coordinates::{answer_boxes, answer_points};
use crate::record::BoxPx;
use crate::seed::SplitMix;
use crate::{DataError, sha256};

const FILE: &str = "episode.jsonl";

/// Shorter side of an element that is asked for, in image pixels.
const LEAST: f32 = 4.0;

/// From words to a box; `{}` is an element.
const BOX_OF: [&str; 3] = ["Where is {}? Give the box.", "Locate {}, as a box.", "Give the bounding box of {}."];

/// From words to a point. The element stands last in all of them, so that a small model finds it where it always is.
const POINT_OF: [&str; 3] = ["Click {}.", "Point to {}.", "Where is {}?"];

/// The turns of a run folder that can be learned from.
#[derive(Debug)]
pub(super) struct Episodes {
    files: Vec<EpisodeFile>,
    turns: Vec<Place>,
}

#[derive(Debug)]
struct EpisodeFile {
    path: PathBuf,
    task: String,
    goal: String,
}

/// Where a turn is.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    /// From 1.
    line: usize,
    offset: u64,
    bytes: usize,
}

/// What is looked at of every line.
#[derive(Deserialize)]
struct AnyLine {
    line: String,
    #[serde(default)]
    schema_version: u32,
    #[serde(default)]
    task: String,
    #[serde(default)]
    goal: String,
    #[serde(default)]
    screenshot: Option<IgnoredAny>,
    #[serde(default)]
    action: Option<IgnoredAny>,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    verdict: Option<Verdict>,
}

/// Of a verifier's finding, what is asked here.
#[derive(Deserialize)]
struct Verdict {
    score: f64,
    #[serde(default)]
    undecided: bool,
}

#[derive(Deserialize)]
struct TurnLine {
    screenshot: Option<Stored>,
    observation: Observation,
    #[serde(default)]
    prompt: String,
    completion: Completion,
    action: Option<glim_env::Action>,
    #[serde(flatten)]
    outcome: Outcome,
    #[serde(default)]
    timings: Timings,
}

#[derive(Deserialize)]
struct Stored {
    file: String,
    sha256: String,
}

impl Episodes {
    /// Finds the turns that can be learned from.
    ///
    /// # Errors
    /// If the folder or an episode cannot be read.
    pub(super) fn open(recipe: &EpisodesRecipe, broken: &mut Broken) -> Result<Episodes, DataError> {
        let mut found = Episodes { files: Vec::new(), turns: Vec::new() };
        let mut paths = Vec::new();
        collect(&recipe.path, &mut paths)?;
        paths.sort();
        for path in paths {
            let added = found.add(path, recipe);
            broken.pass(added)?;
        }
        Ok(found)
    }

    /// How many turns there are.
    pub(super) fn len(&self) -> usize {
        self.turns.len()
    }

    fn add(&mut self, path: PathBuf, recipe: &EpisodesRecipe) -> Result<(), DataError> {
        let mut reader = BufReader::new(File::open(&path).map_err(DataError::io(&path, "read"))?);
        let mut text = Vec::new();
        let mut turns = Vec::new();
        let mut header: Option<(String, String)> = None;
        let mut score = None;
        let (mut offset, mut line) = (0, 0);
        loop {
            text.clear();
            let bytes = reader.read_until(b'\n', &mut text).map_err(DataError::io(&path, "read"))?;
            if bytes == 0 {
                break;
            }
            line += 1;
            let read: AnyLine =
                serde_json::from_slice(&text).map_err(|error| Origin::line(&path, line).wrong(error))?;
            if read.schema_version > SCHEMA_VERSION {
                return Err(DataError::Newer { path, found: read.schema_version, known: SCHEMA_VERSION });
            }
            match read.line.as_str() {
                "episode" => header = Some((read.task, read.goal)),
                "turn" => {
                    let fits = match recipe.learn {
                        Learn::Actions => read.action.is_some() && read.outcome == "done",
                        Learn::Grounding => true,
                    };
                    if fits && read.screenshot.is_some() {
                        turns.push(Place { file: self.files.len(), line, offset, bytes });
                    }
                }
                "end" => score = read.verdict.filter(|verdict| !verdict.undecided).map(|verdict| verdict.score),
                _ => {}
            }
            offset += bytes as u64;
        }
        let Some((task, goal)) = header else {
            return Err(Origin::line(&path, 1).wrong("it is not the line of an episode"));
        };
        let named = recipe.tasks.is_empty() || recipe.tasks.iter().any(|beginning| task.starts_with(beginning));
        if named && score.is_some_and(|score| score >= recipe.min_score) {
            self.files.push(EpisodeFile { path, task, goal });
            self.turns.append(&mut turns);
        }
        Ok(())
    }

    /// The sample of one turn.
    pub(super) fn sample(
        &self,
        at: usize,
        recipe: &EpisodesRecipe,
        prompter: Option<&dyn Prompter>,
        source: usize,
        chance: &mut SplitMix,
    ) -> Result<Sample, Unfit> {
        let place = self.turns[at];
        let file = &self.files[place.file];
        let origin = Origin::line(&file.path, place.line);
        let turn = file.turn(&place, &origin)?;
        let size = picture_size(&turn.observation.screenshot.png).map_err(|reason| origin.wrong(reason))?;
        let change = Change::draw(&recipe.augment, chance);
        let mut writing = Writing { change, size, step: recipe.coordinate_step };
        let elements = elements(&turn.observation);
        let (messages, asked) = match recipe.learn {
            Learn::Grounding => grounding(&turn.observation, &writing, recipe, chance)?,
            Learn::Actions => {
                let mut messages = match (recipe.prompt, prompter) {
                    (PromptForm::Agent, Some(prompter)) => {
                        let turns = self.earlier(&place)?;
                        let moment = Moment { task: &file.task, goal: &file.goal, turns: &turns, turn: &turn };
                        prompter.messages(&moment).map_err(|reason| origin.wrong(reason))?
                    }
                    (form, _) => prompts::simple(form, &file.goal, &turn).map_err(Unfit::Dropped)?,
                };
                let text = &turn.completion.text;
                if let Some(fault) = recipe.curate.and_then(|rules| curate(text, &rules)) {
                    return Err(Unfit::Dropped(fault.name()));
                }
                // Nothing is moved where a place would be lost, or that has more pictures than the screen.
                if pictures(&messages).count() != 1 || writing.reply(text).is_none() {
                    writing.change =
                        if pictures(&messages).count() == 1 { change.staying() } else { Change::default() };
                }
                let reply = writing.reply(text).ok_or(Unfit::Dropped("no_place"))?;
                let asked = asked(&turn, &writing, &reply);
                messages.push(Message::text("assistant", reply));
                (messages, vec![asked])
            }
        };
        let sizes = pictures(&messages).map(|encoded| picture_size(encoded)).collect::<Result<Vec<_>, _>>();
        let sizes = sizes.map_err(|reason| origin.wrong(reason))?;
        // Only the screen itself is known; a prompter may have drawn something else.
        let screen = pictures(&messages).next() == Some(&turn.observation.screenshot.png);
        Ok(Sample {
            source,
            key: format!("{}#{}", file.path.display(), place.line),
            site: file.task.clone(),
            origin,
            messages,
            learned: Learned::Replies,
            change: writing.change,
            sizes,
            scene: screen.then(|| Scene::new(elements, writing.change, size)),
            asked,
        })
    }

    /// The turns before one, those that cannot be learned from included.
    fn earlier(&self, before: &Place) -> Result<Vec<Turn>, DataError> {
        let file = &self.files[before.file];
        let reader = BufReader::new(File::open(&file.path).map_err(DataError::io(&file.path, "read"))?);
        let mut turns = Vec::new();
        // The first line is the episode's.
        for (at, line) in reader.split(b'\n').enumerate().take(before.line - 1).skip(1) {
            let line = line.map_err(DataError::io(&file.path, "read"))?;
            turns.push(file.parse(&line, &Origin::line(&file.path, at + 1))?);
        }
        Ok(turns)
    }
}

impl EpisodeFile {
    fn turn(&self, place: &Place, origin: &Origin) -> Result<Turn, DataError> {
        let mut line = vec![0; place.bytes];
        let mut read = || {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(place.offset))?;
            file.read_exact(&mut line)
        };
        read().map_err(DataError::io(&self.path, "read"))?;
        self.parse(&line, origin)
    }

    fn parse(&self, line: &[u8], origin: &Origin) -> Result<Turn, DataError> {
        let read: TurnLine = serde_json::from_slice(line).map_err(|error| origin.wrong(error))?;
        let TurnLine { screenshot, mut observation, prompt, completion, action, outcome, timings } = read;
        if let Some(stored) = screenshot {
            if Path::new(&stored.file).components().count() != 1 {
                return Err(origin.wrong(format!("`screenshot.file`: `{}` is not the name of a file", stored.file)));
            }
            let path = self.path.with_file_name(&stored.file);
            let png = fs::read(&path).map_err(DataError::io(&path, "read"))?;
            if sha256(&png) != stored.sha256 {
                return Err(origin.wrong(format!("`{}` is not the recorded screenshot", stored.file)));
            }
            observation.screenshot = Screenshot { png: png.into() };
        }
        Ok(Turn { observation, prompt, completion, action, outcome, timings })
    }
}

/// All episodes in a folder and those in it; unfinished ones are passed over.
pub(crate) fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    for entry in fs::read_dir(folder).map_err(DataError::io(folder, "read"))? {
        let path = entry.map_err(DataError::io(folder, "read"))?.path();
        if path.is_dir() && path.extension().is_none_or(|ending| ending != "partial") {
            collect(&path, found)?;
        } else if path.file_name().is_some_and(|name| name == FILE) {
            found.push(path);
        }
    }
    Ok(())
}

/// What covers the picture, in image pixels.
fn elements(observation: &Observation) -> Vec<(String, BoxPx)> {
    let named = observation.elements.iter().map(|element| {
        let text = if element.text.is_empty() { &element.name } else { &element.text };
        (text.clone(), box_px(observation, element))
    });
    named.filter(|(text, _)| !text.trim().is_empty()).collect()
}

fn box_px(observation: &Observation, element: &glim_env::Element) -> BoxPx {
    let of = observation.viewport.rect_to_image(&element.rect);
    [of.x, of.y, of.x + of.width, of.y + of.height].map(|at| at as f32)
}

/// Questions about elements whose name stands only once on the screen.
fn grounding(
    observation: &Observation,
    writing: &Writing,
    recipe: &EpisodesRecipe,
    chance: &mut SplitMix,
) -> Result<(Vec<Message>, Vec<Asked>), Unfit> {
    let name = |element: &glim_env::Element| {
        let name = if element.name.is_empty() { &element.text } else { &element.name };
        name.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let names: Vec<String> = observation.elements.iter().map(name).collect();
    let once = |at: usize| {
        let same = names.iter().filter(|other| other.to_lowercase().contains(&names[at].to_lowercase()));
        !names[at].is_empty() && names[at].chars().count() <= 60 && !names[at].contains("<|") && same.count() == 1
    };
    let mut order: Vec<usize> = (0..names.len()).filter(|at| once(*at)).collect();
    chance.shuffle(&mut order);
    let mut messages = Vec::new();
    let mut asked = Vec::new();
    for at in order {
        if messages.len() == 2 * recipe.per_screen {
            break;
        }
        let element = &observation.elements[at];
        let of = box_px(observation, element);
        let pointed = observation.viewport.to_image(element.point);
        let as_point = match recipe.places {
            Places::Points => true,
            Places::Boxes => false,
            Places::Both => chance.below(2) == 0,
        };
        let wanted = if as_point {
            let point = writing.point([pointed.x as f32, pointed.y as f32]);
            point.map(|point| (POINT_OF[chance.below(POINT_OF.len())], answer_points(&[point])))
        } else {
            writing.place(of).map(|place| (BOX_OF[chance.below(BOX_OF.len())], answer_boxes(&[place])))
        };
        let Some((template, answer)) = wanted.filter(|_| (of[2] - of[0]).min(of[3] - of[1]) >= LEAST) else { continue };
        let words = format!("the {} \"{}\"", element.role, names[at]);
        let screenshot = || Content::Image(observation.screenshot.png.clone());
        let picture = messages.is_empty().then(screenshot);
        let boxes = writing.exact(of).into_iter().collect();
        asked.push(Asked { task: "comprehension".to_owned(), boxes, answer: answer.clone() });
        let prompt = Content::Text(template.replace("{}", &words));
        messages.push(Message::new("user", picture.into_iter().chain([prompt])));
        messages.push(Message::text("assistant", answer));
    }
    if messages.is_empty() { Err(Unfit::Dropped("no_question")) } else { Ok((messages, asked)) }
}

/// What an action's reply is judged by: the elements that it names or hits, or its words where there are none.
fn asked(turn: &Turn, writing: &Writing, reply: &str) -> Asked {
    let observation = &turn.observation;
    let hit = |target: Target| match target {
        Target::Mark(mark) => observation.element(mark),
        Target::Point(point) => {
            let under = observation.elements.iter().filter(|element| element.rect.contains(point));
            under.min_by(|a, b| a.rect.area().total_cmp(&b.rect.area()))
        }
    };
    let targets = turn.action.iter().flat_map(Action::targets);
    let boxes = targets.filter_map(hit).filter_map(|element| writing.exact(box_px(observation, element)));
    Asked { task: "action".to_owned(), boxes: boxes.collect(), answer: reply.to_owned() }
}
