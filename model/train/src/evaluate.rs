//! What the model says when it is asked: greedy answers to held-out questions, and how good they are.
//!
//! A question is a sample whose trained part is its answer. Places are compared as points (the middle of what was said lies
//! in the target) and as boxes (IoU of at least 0.5); words by edit similarity. Beside what the model scores stand three
//! numbers without which it means nothing: chance (a point drawn anywhere), a model that cannot read the question (the words
//! of another question about the same picture), and one that cannot see (a blank picture).

use std::collections::BTreeMap;

use glim_data::training::{Asked, Prepared};
use glim_processor::Processor;
use glim_vlm::{Model, Prompt};
use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use crate::objective::positions;

/// Questions that are answered at once.
const AT_ONCE: usize = 16;

/// What was said to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Where the question comes from, as the recipe numbers its sources.
    pub source: usize,
    /// What was asked for.
    pub asked: Asked,
    /// The question's words, as the model read them.
    pub question: String,
    /// What the model said.
    pub said: String,
    /// How good it is.
    pub score: Score,
}

/// How good an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Score {
    /// A place was asked for.
    Place {
        /// The middle of what was said lies in a target.
        inside: bool,
        /// IoU with the target.
        iou: f64,
    },
    /// Words were asked for.
    Words {
        /// 1 minus the edit distance over the longer length.
        similarity: f64,
    },
}

/// Means over answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Means {
    /// Questions that asked for a place.
    pub places: usize,
    /// Share of them whose answer lies in the target.
    pub inside: f64,
    /// Share of them with an IoU of at least 0.5.
    pub iou_half: f64,
    /// Share of the picture that a target covers: what a point drawn anywhere scores.
    pub chance: f64,
    /// Questions that asked for words.
    pub words: usize,
    /// Their mean similarity.
    pub similarity: f64,
}

impl Means {
    /// Over these answers.
    pub fn of<'a>(answers: impl IntoIterator<Item = &'a Answered>) -> Means {
        let mut means = Means::default();
        for answered in answers {
            match answered.score {
                Score::Place { inside, iou } => {
                    means.places += 1;
                    means.inside += f64::from(u8::from(inside));
                    means.iou_half += f64::from(u8::from(iou >= 0.5));
                    means.chance += answered.asked.boxes.iter().map(|it| area(*it)).sum::<f64>().min(1e6) / 1e6;
                }
                Score::Words { similarity } => {
                    means.words += 1;
                    means.similarity += similarity;
                }
            }
        }
        for (sum, count) in [
            (&mut means.inside, means.places),
            (&mut means.iou_half, means.places),
            (&mut means.chance, means.places),
            (&mut means.similarity, means.words),
        ] {
            *sum /= count.max(1) as f64;
        }
        means
    }

    /// One number by which checkpoints are ranked: places where places are asked for, else words.
    pub fn score(&self) -> f64 {
        if self.places > 0 { self.inside } else { self.similarity }
    }

    /// By source.
    pub fn by_source(answers: &[Answered]) -> BTreeMap<usize, Means> {
        let mut sources: BTreeMap<usize, Vec<&Answered>> = BTreeMap::new();
        for answered in answers {
            sources.entry(answered.source).or_default().push(answered);
        }
        sources.into_iter().map(|(source, answers)| (source, Means::of(answers))).collect()
    }
}

/// Asks each question and scores what is said. Samples without a question are left out.
///
/// # Panics
/// If a sample is not prepared for this model.
pub fn evaluate(model: &Model, processor: &Processor, samples: &[Prepared], max_tokens: usize) -> Vec<Answered> {
    let questions: Vec<(&Prepared, &Asked, usize)> = samples
        .iter()
        .filter_map(|sample| {
            let begin = sample.weights.iter().position(|weight| *weight > 0.0)?;
            Some((sample, sample.asked.as_ref()?, begin))
        })
        .collect();
    let mut answered = Vec::new();
    for group in questions.chunks(AT_ONCE) {
        let prompts: Vec<(&Prepared, usize)> = group.iter().map(|(sample, _, begin)| (*sample, *begin)).collect();
        let said = no_grad(|| answers(model, processor, &prompts, max_tokens));
        for ((sample, asked, begin), said) in group.iter().zip(said) {
            let score = score(asked, &said);
            let words = processor.tokenizer().decode(&sample.ids[..*begin], true).unwrap_or_default();
            let (asked, question) = ((*asked).clone(), words.trim().to_owned());
            answered.push(Answered { source: sample.source, asked, question, said, score });
        }
    }
    answered
}

/// The same samples with blank pictures: what is left for a model that cannot see.
pub fn unseen(samples: &[Prepared]) -> Vec<Prepared> {
    let blank = |sample: &Prepared| {
        let mut sample = sample.clone();
        sample.patches.fill(0.0);
        sample
    };
    samples.iter().map(blank).collect()
}

/// The same samples, each asked in the words of the next one that fits its picture: what is left for a model that cannot
/// read. Only samples whose pictures have equal grids exchange their words.
pub fn unread(samples: &[Prepared]) -> Vec<Prepared> {
    let exchanged = |at: usize| {
        let sample = &samples[at];
        let others = (1..samples.len()).map(|step| &samples[(at + step) % samples.len()]);
        let other = others.into_iter().find(|other| {
            let boxes = |it: &Prepared| it.asked.as_ref().map(|asked| asked.boxes.clone());
            other.grids == sample.grids && boxes(other) != boxes(sample)
        })?;
        let mut mixed = other.clone();
        mixed.patches = sample.patches.clone();
        mixed.asked = sample.asked.clone();
        mixed.source = sample.source;
        Some(mixed)
    };
    (0..samples.len()).filter_map(exchanged).collect()
}

/// Greedy continuations of prompts that end before `begin`.
fn answers(model: &Model, processor: &Processor, prompts: &[(&Prepared, usize)], max_tokens: usize) -> Vec<String> {
    let tokenizer = processor.tokenizer();
    let longest = prompts.iter().map(|(_, begin)| begin + max_tokens).max().unwrap_or(0);
    let mut cache = model.cache(prompts.len(), longest);
    let places: Vec<_> = prompts.iter().map(|(sample, begin)| positions_before(model, sample, *begin)).collect();
    let features: Vec<Option<Tensor>> = prompts
        .iter()
        .map(|(sample, _)| {
            let patches: usize = sample.grids.iter().map(glim_processor::Grid::patches).sum();
            (patches > 0).then(|| {
                let pixels = Tensor::from_slice(&sample.patches).view([patches as i64, -1]).to_device(model.device());
                model.encode_images(&pixels, &sample.grids)
            })
        })
        .collect();
    let parts: Vec<Prompt<'_>> = prompts
        .iter()
        .enumerate()
        .map(|(slot, (sample, begin))| Prompt {
            slot,
            ids: &sample.ids[..*begin],
            positions: &places[slot],
            features: features[slot].as_ref(),
            from: 0,
            to: *begin,
        })
        .collect();
    let mut logits = model.prefill(&mut cache, &parts);
    let mut said: Vec<Vec<u32>> = vec![Vec::new(); prompts.len()];
    let mut open: Vec<usize> = (0..prompts.len()).collect();
    for _ in 0..max_tokens {
        let best: Vec<i64> =
            Vec::try_from(logits.argmax(-1, false).to_device(tch::Device::Cpu)).expect("ids are a list");
        let mut next = (Vec::new(), Vec::new(), Vec::new());
        for (slot, id) in open.iter().zip(best) {
            let id = u32::try_from(id).expect("an id of the vocabulary");
            if !tokenizer.eos().contains(&id) {
                next.0.push(*slot);
                next.1.push(id);
                next.2.push(places[*slot].after(prompts[*slot].1 + said[*slot].len()));
                said[*slot].push(id);
            }
        }
        open = next.0;
        if open.is_empty() {
            break;
        }
        logits = model.decode(&mut cache, &open, &next.1, &next.2);
    }
    said.iter().map(|ids| tokenizer.decode(ids, true).unwrap_or_default().trim().to_owned()).collect()
}

fn positions_before(model: &Model, sample: &Prepared, begin: usize) -> glim_vlm::Positions {
    let question = Prepared { ids: sample.ids[..begin].to_vec(), grids: sample.grids.clone(), ..Prepared::default() };
    positions(model, &question)
}

fn score(asked: &Asked, said: &str) -> Score {
    if asked.boxes.is_empty() {
        return Score::Words { similarity: similarity(&asked.answer, said) };
    }
    let Some(place) = place(said) else { return Score::Place { inside: false, iou: 0.0 } };
    let middle = [(place[0] + place[2]) / 2.0, (place[1] + place[3]) / 2.0];
    let inside =
        asked.boxes.iter().any(|[l, t, r, b]| (*l..=*r).contains(&middle[0]) && (*t..=*b).contains(&middle[1]));
    let iou = asked.boxes.iter().map(|target| iou(*target, place)).fold(0.0, f64::max);
    Score::Place { inside, iou }
}

/// The box that an answer names, 0..=999; a point is a box without a size.
pub fn place(said: &str) -> Option<[f64; 4]> {
    match numbers(said)[..] {
        [x1, y1, x2, y2, ..] => Some([x1, y1, x2, y2]),
        [x, y] => Some([x, y, x, y]),
        _ => None,
    }
}

/// The whole numbers in a text, as a model writes coordinates; those over 999 are none.
fn numbers(text: &str) -> Vec<f64> {
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty() && run.len() <= 3);
    runs.filter_map(|run| run.parse().ok()).collect()
}

fn area([l, t, r, b]: [f64; 4]) -> f64 {
    (r - l).max(0.0) * (b - t).max(0.0)
}

fn iou(a: [f64; 4], b: [f64; 4]) -> f64 {
    let common = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let all = area(a) + area(b) - common;
    if all > 0.0 { common / all } else { 0.0 }
}

/// 1 minus the edit distance over the longer length; two empty texts are equal.
fn similarity(wanted: &str, said: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (wanted.trim().chars().collect(), said.chars().collect());
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 1.0;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    1.0 - row[b.len()] as f64 / longer as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(boxes: &[[f64; 4]], answer: &str) -> Asked {
        Asked { boxes: boxes.to_vec(), answer: answer.to_owned(), ..Asked::default() }
    }

    #[test]
    fn a_place_is_right_if_its_middle_lies_inside() {
        let target = asked(&[[100.0, 100.0, 200.0, 150.0]], "");
        let inside = |said| matches!(score(&target, said), Score::Place { inside: true, .. });
        assert!(inside("<|begin_of_box|>[[100,100,200,150]]<|end_of_box|>"));
        assert!(inside("left_click(start_box='[150,125]')"));
        for wrong in ["[[0,0,99,99]]", "", "[150]", "[2000,3000]", "there"] {
            assert!(!inside(wrong), "{wrong}");
        }
        let Score::Place { iou, .. } = score(&target, "[[100,100,150,150]]") else { panic!("a place") };
        assert!((iou - 0.5).abs() < 1e-12);
    }

    #[test]
    fn words_are_compared_by_edits() {
        let Score::Words { similarity } = score(&asked(&[], "Save as"), "Save us") else { panic!("words") };
        assert!((similarity - 6.0 / 7.0).abs() < 1e-12);
        assert_eq!(score(&asked(&[], ""), ""), Score::Words { similarity: 1.0 });
    }

    #[test]
    fn chance_is_the_share_of_the_picture() {
        let asked = asked(&[[0.0, 0.0, 500.0, 1000.0]], "");
        let score = Score::Place { inside: true, iou: 1.0 };
        let answered = Answered { source: 0, asked, question: String::new(), said: String::new(), score };
        let means = Means::of([&answered, &answered]);
        assert_eq!((means.places, means.inside, means.chance), (2, 1.0, 0.5));
    }
}
