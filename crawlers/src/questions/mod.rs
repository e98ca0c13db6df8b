//! Questions about a screen, and their answers.
//!
//! Words to a place (comprehension), a place to words (generation), what is not there (refusal), reading, captions, a
//! summary. `expression` makes the words and reads them back, `template` has the sentences. Questions are a function of the
//! screen and the seed; how many of each kind is the recipe's.

mod expression;
mod function;
mod noun;
mod reading;
pub(crate) mod template;

use expression::Expression;
use glim_data::coordinates::{answer_boxes, answer_points, norm_box, norm_point};
use glim_data::record::{Element, Question, Screen};
use glim_env::{Seed, SplitMix};
use serde::{Deserialize, Serialize};

use crate::words::{folded, has_words};
use noun::{Class, class, noun};

/// How many questions are asked about one screen, by task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuestionCounts {
    /// Words to a place.
    pub comprehension: usize,
    /// A place to words.
    pub generation: usize,
    /// Words for what is not on the screen.
    pub refusal: usize,
    /// Reading the text of a region.
    pub ocr: usize,
    /// Describing a control.
    pub caption: usize,
    /// What the page is about.
    pub summary: usize,
    /// Of the comprehension questions no more than this share may be of one kind, 0..=1.
    pub largest_share: Share,
}

/// A share in percent, so that recipes compare exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(pub u8);

impl Default for QuestionCounts {
    fn default() -> Self {
        QuestionCounts {
            comprehension: 16,
            generation: 8,
            refusal: 1,
            ocr: 4,
            caption: 3,
            summary: 1,
            largest_share: Share(50),
        }
    }
}

/// Names that were seen on other screens, for questions about what is not on this one.
pub struct Elsewhere<'a>(pub &'a [(String, &'static str)]);

/// What a question is made with.
struct Maker<'a> {
    screen: &'a Screen,
    /// The elements of the record, and then those in sight that are not in it but might be taken for what is meant.
    all: Vec<Element>,
    chance: SplitMix,
    questions: Vec<Question>,
}

/// Asks about a screen. `others` are elements that a person may see in part although they are not in the record.
pub fn ask(
    screen: &Screen,
    others: &[Element],
    elsewhere: &Elsewhere<'_>,
    counts: &QuestionCounts,
    seed: Seed,
) -> Vec<Question> {
    let all = screen.elements.iter().chain(others).cloned().collect();
    let chance = seed.derive(&screen.screen_id).generator();
    let mut maker = Maker { screen, all, chance, questions: Vec::new() };
    maker.comprehension(counts);
    maker.generation(counts.generation);
    maker.several();
    maker.refusals(elsewhere, counts.refusal);
    reading::ocr(&mut maker, counts.ocr);
    reading::captions(&mut maker, counts.caption);
    if counts.summary > 0 {
        reading::summary(&mut maker);
    }
    maker.questions
}

/// The names on a screen that make good questions on another one.
pub fn names(screen: &Screen) -> Vec<(String, &'static str)> {
    let fits = |element: &&Element| {
        let words = element.text.split(' ').count();
        element.clickable
            && element.reject.is_empty()
            && element.text_source == "painted"
            && words <= 4
            && !noun(element).is_empty()
    };
    screen.elements.iter().filter(fits).map(|element| (element.text.clone(), noun(element))).collect()
}

/// A question on the screen on which a step was taken; `after` is the name of what it led to.
pub fn step(screen: &Screen, element: &Element, purpose: &str, seed: Seed) -> Question {
    let mut chance = seed.derive(&screen.screen_id).derive("step").generator();
    let (template, prompt) = template::fill("step", &template::STEP, chance.below(template::STEP.len()), purpose);
    let point = norm_point(element.point_px, screen.image.width, screen.image.height);
    Question {
        id: format!("{}-step-{}", screen.screen_id, element.id),
        task: "action".to_owned(),
        kind: "step".to_owned(),
        template,
        expression: purpose.to_owned(),
        prompt,
        answer: answer_points(&[point]),
        targets: vec![element.id],
        boxes_px: vec![element.box_px],
        points_px: vec![element.point_px],
    }
}

impl Maker<'_> {
    fn add(&mut self, question: Question) {
        let id = format!("{}-{}", self.screen.screen_id, self.questions.len());
        self.questions.push(Question { id, ..question });
    }

    fn size(&self) -> (u32, u32) {
        (self.screen.image.width, self.screen.image.height)
    }

    /// Positions of the record's elements in an order of chance.
    fn shuffled(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.screen.elements.len()).collect();
        self.chance.shuffle(&mut order);
        order
    }

    /// The expressions that name this element and nothing else.
    fn expressions(&self, target: usize) -> Vec<Expression> {
        let element = &self.all[target];
        if element.reject.iter().any(|reason| reason != "no_text") {
            return Vec::new();
        }
        let candidates = expression::candidates(&self.all, target);
        candidates.into_iter().filter(|candidate| candidate.resolve(&self.all) == [target]).collect()
    }

    fn comprehension(&mut self, counts: &QuestionCounts) {
        let most = (counts.comprehension * usize::from(counts.largest_share.0)).div_ceil(100);
        let mut of_kind = std::collections::HashMap::new();
        let mut asked = 0;
        // What can be operated comes first: it is what agents need, and pages have more text than controls.
        let mut order = self.shuffled();
        order.sort_by_key(|&at| !matches!(class(&self.all[at]), Class::Operable | Class::Field | Class::Toggle));
        for target in order {
            if asked == counts.comprehension {
                break;
            }
            // The rarest kind of those that fit.
            let fitting = self.expressions(target);
            let rarest = fitting
                .into_iter()
                .min_by_key(|fit| (of_kind.get(fit.kind()).copied().unwrap_or(0), fit.kind() == "name"));
            let Some(expression) = rarest else { continue };
            let count = of_kind.entry(expression.kind()).or_insert(0);
            if *count >= most {
                continue;
            }
            *count += 1;
            asked += 1;
            self.comprehend(target, &expression);
        }
    }

    fn comprehend(&mut self, target: usize, expression: &Expression) {
        let element = self.all[target].clone();
        let (width, height) = self.size();
        let point = self.chance.below(2) == 0;
        let nth = self.chance.below(1 << 16);
        let words = expression.words();
        let (template, prompt) = match expression {
            Expression::Function { phrase } if point => template::fill("point_for", &template::POINT_FOR, nth, phrase),
            Expression::Function { phrase } => template::fill("box_for", &template::BOX_FOR, nth, phrase),
            _ if point => template::fill("point_of", &template::POINT_OF, nth, &words),
            _ => template::fill("box_of", &template::BOX_OF, nth, &words),
        };
        let answer = if point {
            answer_points(&[norm_point(element.point_px, width, height)])
        } else {
            answer_boxes(&[norm_box(element.box_px, width, height)])
        };
        self.add(Question {
            task: "comprehension".to_owned(),
            kind: expression.kind().to_owned(),
            template,
            expression: words,
            prompt,
            answer,
            targets: vec![element.id],
            boxes_px: vec![element.box_px],
            points_px: if point { vec![element.point_px] } else { Vec::new() },
            ..Question::default()
        });
    }

    fn generation(&mut self, most: usize) {
        let mut asked = 0;
        for target in self.shuffled() {
            if asked == most {
                break;
            }
            let wanted = ["name", "icon", "ordinal", "relation", "state", "role"];
            let rank = |expression: &Expression| wanted.iter().position(|&kind| kind == expression.kind());
            let fitting = self.expressions(target);
            let Some(expression) = fitting.into_iter().filter(|fit| rank(fit).is_some()).min_by_key(|fit| rank(fit))
            else {
                continue;
            };
            asked += 1;
            let element = self.all[target].clone();
            let (width, height) = self.size();
            let nth = self.chance.below(1 << 16);
            let point = self.chance.below(2) == 0;
            let (template, prompt) = if point {
                let [x, y] = norm_point(element.point_px, width, height);
                template::fill("words_for_point", &template::WORDS_FOR_POINT, nth, &format!("[[{x},{y}]]"))
            } else {
                template::fill("words_for_box", &template::WORDS_FOR_BOX, nth, &self.place(&element))
            };
            self.add(Question {
                task: "generation".to_owned(),
                kind: expression.kind().to_owned(),
                template,
                expression: expression.words(),
                prompt,
                answer: sentence(&expression.words()),
                targets: vec![element.id],
                boxes_px: vec![element.box_px],
                points_px: if point { vec![element.point_px] } else { Vec::new() },
                ..Question::default()
            });
        }
    }

    /// A box as it stands in a question.
    fn place(&self, element: &Element) -> String {
        let (width, height) = self.size();
        let [left, top, right, bottom] = norm_box(element.box_px, width, height);
        format!("[[{left},{top},{right},{bottom}]]")
    }

    /// All of a kind, where every one of them is in the record.
    fn several(&mut self) {
        let mut nouns: Vec<&'static str> = self
            .all
            .iter()
            .filter(|element| matches!(class(element), Class::Field | Class::Toggle | Class::Operable))
            .map(noun)
            .filter(|noun| expression::is_plain(noun) && !matches!(*noun, "picture" | "heading"))
            .collect();
        nouns.sort_unstable();
        nouns.dedup();
        for noun in nouns {
            let expression = Expression::Several { noun };
            let targets = expression.resolve(&self.all);
            if !(2..=8).contains(&targets.len()) || targets.iter().any(|&at| at >= self.screen.elements.len()) {
                continue;
            }
            let (width, height) = self.size();
            let boxes: Vec<_> = targets.iter().map(|&at| self.all[at].box_px).collect();
            let (template, prompt) =
                template::fill("boxes_of", &template::BOXES_OF, self.chance.below(1 << 16), &expression.words());
            let listed: Vec<_> = boxes.iter().map(|&place| norm_box(place, width, height)).collect();
            self.add(Question {
                task: "comprehension".to_owned(),
                kind: expression.kind().to_owned(),
                template,
                expression: expression.words(),
                prompt,
                answer: answer_boxes(&listed),
                targets: targets.iter().map(|&at| self.all[at].id).collect(),
                boxes_px: boxes,
                ..Question::default()
            });
        }
    }

    /// Names from other screens of which nothing here reminds.
    fn refusals(&mut self, elsewhere: &Elsewhere<'_>, most: usize) {
        let here: Vec<String> = self
            .all
            .iter()
            .flat_map(|element| [&element.text, &element.name, &element.value])
            .chain(self.screen.lines.iter().map(|line| &line.text))
            .map(|text| folded(text))
            .collect();
        let mut asked = 0;
        for _ in 0..8 * most {
            if asked == most || elsewhere.0.is_empty() {
                break;
            }
            let (text, noun) = &elsewhere.0[self.chance.below(elsewhere.0.len())];
            let wanted = folded(text);
            let alike = |known: &String| {
                !known.is_empty()
                    && (has_words(known, &wanted) || has_words(&wanted, known) || shares_a_word(known, &wanted))
            };
            if wanted.chars().count() < 3 || here.iter().any(alike) {
                continue;
            }
            asked += 1;
            let words = format!("the “{text}” {noun}");
            let (template, prompt) = template::fill("box_of", &template::BOX_OF, self.chance.below(1 << 16), &words);
            self.add(Question {
                task: "refusal".to_owned(),
                kind: "name".to_owned(),
                template,
                expression: words,
                prompt,
                answer: answer_boxes(&[]),
                ..Question::default()
            });
        }
    }
}

/// Whether short names have a telling word in common: `Sign in` is not asked for where there is `Sign up`.
fn shares_a_word(known: &str, wanted: &str) -> bool {
    known.split(' ').count() <= 5
        && crate::words::tokens(known)
            .iter()
            .any(|word| word.chars().count() > 2 && crate::words::tokens(wanted).contains(word))
}

/// With a capital and a full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests;
