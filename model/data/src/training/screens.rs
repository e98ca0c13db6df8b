//! From a screen with its questions to a conversation over one picture.

use std::collections::BTreeSet;
use std::sync::Arc;

use glim_processor::{Content, Message};

use super::places::Writing;
use super::sample::{Unfit, picture_size};
use super::{Asked, Change, Learned, Origin, Sample, Scene, ScreensRecipe};
use crate::Row;
use crate::coordinates::BEGIN_OF_BOX;
use crate::record::{BoxPx, Element, Question, Screen, Word};
use crate::seed::SplitMix;

/// Words of a text up to which its element counts as one thing; of longer ones each word has its own place.
const SHORT: usize = 3;

/// A conversation about a screen, with questions of chance.
pub(super) fn sample(
    row: &Row,
    recipe: &ScreensRecipe,
    source: usize,
    origin: Origin,
    chance: &mut SplitMix,
) -> Result<Sample, Unfit> {
    let screen = &row.screen;
    if recipe.max_elements.is_some_and(|most| screen.elements.len() > most) {
        return Err(Unfit::Dropped("many_elements"));
    }
    let mut size = (screen.image.width, screen.image.height);
    if size.0 == 0 || size.1 == 0 {
        size = picture_size(&row.picture).map_err(|reason| origin.wrong(reason))?;
    }
    let change = Change::draw(&recipe.augment, chance);
    let writing = Writing { change, size, step: recipe.coordinate_step };
    let mut order: Vec<&Question> = screen.questions.iter().filter(|question| wanted(question, recipe)).collect();
    chance.shuffle(&mut order);
    let mut messages = Vec::new();
    let mut asked = Vec::new();
    let mut spoken_of: BTreeSet<u32> = BTreeSet::new();
    for question in order {
        if messages.len() == 2 * recipe.per_screen {
            break;
        }
        // One answer must not be read off another question.
        if question.targets.iter().any(|target| spoken_of.contains(target)) {
            continue;
        }
        let (Some(prompt), Some(answer)) =
            (writing.question(&question.prompt, question), writing.question(&question.answer, question))
        else {
            continue;
        };
        spoken_of.extend(&question.targets);
        // A place is asked for where the answer names one; elsewhere the places are the question's.
        let places = if answer.contains(BEGIN_OF_BOX) { &question.boxes_px[..] } else { &[] };
        let boxes = places.iter().filter_map(|of| writing.exact(*of)).collect();
        asked.push(Asked { task: question.task.clone(), boxes, answer: answer.clone() });
        let picture = messages.is_empty().then(|| Content::Image(Arc::from(row.picture.as_slice())));
        messages.push(Message::new("user", picture.into_iter().chain([Content::Text(prompt)])));
        messages.push(Message::text("assistant", answer));
    }
    if messages.is_empty() {
        return Err(Unfit::Dropped("no_question"));
    }
    Ok(Sample {
        source,
        key: screen.screen_id.clone(),
        site: screen.site.clone(),
        origin,
        messages,
        learned: Learned::Replies,
        change,
        sizes: vec![size],
        scene: Some(scene(screen, change, size)),
        asked,
    })
}

/// Whether the recipe asks this. Whole pages are not read once their edges are cut off.
pub(super) fn wanted(question: &Question, recipe: &ScreensRecipe) -> bool {
    let named = |names: &BTreeSet<String>, name: &String| names.is_empty() || names.contains(name);
    let side = |of: &BoxPx| (of[2] - of[0]).min(of[3] - of[1]);
    let whole = question.boxes_px.is_empty() && matches!(question.task.as_str(), "ocr" | "code");
    named(&recipe.tasks, &question.task)
        && named(&recipe.kinds, &question.kind)
        && question.boxes_px.iter().all(|of| side(of) >= recipe.min_side)
        && !(whole && recipe.augment.shift > 0)
}

/// What covers the picture: short elements whole, longer text by its words.
fn scene(screen: &Screen, change: Change, size: (u32, u32)) -> Scene {
    let words: Vec<&Word> = screen.lines.iter().flat_map(|line| &line.words).collect();
    let mut listed: Vec<(String, BoxPx)> = Vec::new();
    let mut whole: Vec<BoxPx> = Vec::new();
    for element in &screen.elements {
        let text = called(element);
        let length = text.split_whitespace().count();
        let spelled_out = || words.iter().any(|word| holds(&element.box_px, &word.box_px));
        // A landmark or a list has a name that is written nowhere, and covers half of the page.
        let is_frame = element.kind == "group" && !element.clickable;
        if length == 0 || is_frame || length > SHORT && spelled_out() {
            continue;
        }
        whole.push(element.box_px);
        listed.push((text.to_owned(), element.box_px));
    }
    let loose = words.into_iter().filter(|word| !whole.iter().any(|of| holds(of, &word.box_px)));
    listed.extend(loose.map(|word| (word.text.clone(), word.box_px)));
    let turned = screen.lines.iter().any(|line| line.angle != 0.0);
    Scene { written: (!turned).then(|| written(screen, change)), ..Scene::new(listed, change, size) }
}

/// The words, as they stand in what an element is called.
fn written(screen: &Screen, change: Change) -> Vec<(String, BoxPx)> {
    let words: Vec<&Word> = screen.lines.iter().flat_map(|line| &line.words).collect();
    let first = |element: &Element| words.iter().position(|word| holds(&element.box_px, &word.box_px));
    let begins: BTreeSet<usize> = screen.elements.iter().filter(|it| it.kind != "group").filter_map(first).collect();
    let word = |(at, word): (usize, &&Word)| {
        let space = if begins.contains(&at) { "" } else { " " };
        (format!("{space}{}", word.text), change.moved(word.box_px))
    };
    words.iter().enumerate().map(word).collect()
}

/// What a person reads on an element, or would call it.
fn called(element: &Element) -> &str {
    let painted = element.text_source == "painted" && !element.text.is_empty();
    [if painted { &element.text } else { &element.name }, &element.text]
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", |text| text.as_str())
}

/// Whether the middle of one box lies in another.
fn holds(of: &BoxPx, inner: &BoxPx) -> bool {
    let (x, y) = ((inner[0] + inner[2]) / 2.0, (inner[1] + inner[3]) / 2.0);
    of[0] <= x && x <= of[2] && of[1] <= y && y <= of[3]
}

impl Scene {
    /// Words at places of a picture before it is changed. The smallest come first.
    pub(super) fn new(mut words: Vec<(String, BoxPx)>, change: Change, size: (u32, u32)) -> Scene {
        let area = |of: &BoxPx| (of[2] - of[0]) * (of[3] - of[1]);
        for (_, of) in &mut words {
            *of = change.clipped(*of, size);
        }
        words.retain(|(_, of)| area(of) > 0.0);
        words.sort_by(|(_, a), (_, b)| area(a).total_cmp(&area(b)));
        Scene { words, written: None }
    }
}
