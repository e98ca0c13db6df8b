//! One episode turn by turn, as the page shows it.

use std::collections::HashMap;
use std::path::Path;

use glim_env::{Observation, Outcome, Turn};
use minijinja::Value;
use serde::Serialize;

use super::overlay::{Shape, shapes};
use super::picture::thumbnail;
use super::words;
use crate::store::StoredEpisode;

/// Longest text of a prompt or reply in the page, in characters.
const TEXT: usize = 12_000;

/// An episode in pictures.
#[derive(Debug, Serialize)]
pub(super) struct Film {
    pub(super) frames: Vec<Frame>,
    /// Turns that were left out, and after which frame.
    pub(super) skipped: usize,
    pub(super) skipped_after: usize,
    /// Roughly how much it adds to the page.
    #[serde(skip)]
    pub(super) bytes: usize,
}

/// One screen, and what was done there.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// From 1; absent for the last screen, where nothing was done.
    number: Option<usize>,
    /// A `data:` URI.
    picture: Option<Value>,
    /// The full screenshot, relative to the run folder.
    full: Option<String>,
    width: u32,
    height: u32,
    shapes: Vec<Shape>,
    url: String,
    title: String,
    caption: String,
    rejected: Option<String>,
    notices: Vec<String>,
    unsettled: bool,
    told: Option<Told>,
}

/// What was said in a turn.
#[derive(Debug, Serialize)]
struct Told {
    prompt: String,
    reply: String,
    action: Option<String>,
    env: String,
    policy: String,
    tokens: Option<String>,
}

/// The pictures of one episode, made once each.
struct Thumbnails<'a> {
    made: HashMap<&'a str, Option<Value>>,
    bytes: usize,
}

impl Film {
    /// Shows an episode whose folder has this name relative to the run folder.
    pub(super) fn new(stored: &StoredEpisode, folder: &str, most: usize) -> Film {
        let episode = &stored.finished.episode;
        let total = episode.turns.len();
        let (head, tail) = if total > most { (most.div_ceil(2), most / 2) } else { (total, 0) };
        let shown = (0..head).chain(total - tail..total);
        let mut thumbnails = Thumbnails { made: HashMap::new(), bytes: 0 };
        let full = |at: usize| stored.screenshots.get(at).and_then(Option::as_deref);
        let mut frames: Vec<Frame> = shown
            .map(|at| {
                turn_frame(
                    at,
                    &episode.turns[at],
                    screen(&episode.turns[at].observation, folder, full(at), &mut thumbnails),
                )
            })
            .collect();
        if let Some(last) = &episode.last {
            let caption = episode.end.as_ref().map_or_else(String::new, words::end);
            let screen = screen(last, folder, full(total), &mut thumbnails);
            frames.push(Frame { caption, ..screen });
        }
        let texts = frames.iter().filter_map(|frame| frame.told.as_ref());
        let bytes = thumbnails.bytes + texts.map(|told| told.prompt.len() + told.reply.len() + 2000).sum::<usize>();
        Film { frames, skipped: total - head - tail, skipped_after: head, bytes }
    }

    /// The same for a page that does not show prompts.
    pub(super) fn without_prompts(mut self) -> Film {
        for told in self.frames.iter_mut().filter_map(|frame| frame.told.as_mut()) {
            self.bytes -= std::mem::take(&mut told.prompt).len();
        }
        self
    }
}

/// A screen without what was done there.
fn screen<'a>(
    observation: &Observation,
    folder: &str,
    file: Option<&'a str>,
    thumbnails: &mut Thumbnails<'a>,
) -> Frame {
    let picture = file.and_then(|file| {
        let make = || thumbnail(&observation.screenshot.png).map(Value::from_safe_string);
        let picture = thumbnails.made.entry(file).or_insert_with(make).clone();
        thumbnails.bytes += picture.as_ref().and_then(Value::as_str).map_or(0, str::len);
        picture
    });
    Frame {
        number: None,
        picture,
        full: file.map(|file| Path::new(folder).join(file).display().to_string()),
        width: observation.viewport.width.max(1),
        height: observation.viewport.height.max(1),
        shapes: Vec::new(),
        url: observation.url.clone(),
        title: observation.title.clone(),
        caption: String::new(),
        rejected: None,
        notices: observation.notices.iter().map(words::notice).collect(),
        unsettled: !observation.settled,
        told: None,
    }
}

fn turn_frame(at: usize, turn: &Turn, screen: Frame) -> Frame {
    let caption = match &turn.action {
        Some(action) => words::action(action, &turn.observation),
        None => "No action could be read".to_owned(),
    };
    let rejected = match &turn.outcome {
        Outcome::Done => None,
        Outcome::Rejected { reason } => Some(reason.clone()),
    };
    let counts = (turn.completion.prompt_tokens, turn.completion.completion_tokens);
    let tokens = match counts {
        (Some(read), Some(written)) => Some(format!("{read} tokens read, {written} written")),
        _ => turn.completion.tokens.as_ref().map(|trace| format!("{} tokens written", trace.ids.len())),
    };
    let told = Told {
        prompt: shortened(&turn.prompt),
        reply: shortened(&turn.completion.text),
        action: turn
            .action
            .as_ref()
            .map(|action| serde_json::to_string(action).expect("plain data can be written as JSON")),
        env: duration(turn.timings.env_ms),
        policy: duration(turn.timings.policy_ms),
        tokens,
    };
    let shapes = turn.action.as_ref().map(|action| shapes(action, &turn.observation)).unwrap_or_default();
    Frame { number: Some(at + 1), caption, rejected, shapes, told: Some(told), ..screen }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        None => text.to_owned(),
        Some((at, _)) => {
            format!("{}\n… {} characters more in episode.jsonl", &text[..at], text[at..].chars().count())
        }
    }
}

/// Milliseconds for a reader.
pub(super) fn duration(ms: f64) -> String {
    if ms < 1.0 {
        "0 ms".to_owned()
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 99_950.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        format!("{:.0} min", ms / 60_000.0)
    }
}
