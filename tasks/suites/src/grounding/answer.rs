//! Which place a reply names: by its action, or where it has none, by a list of two or four numbers in it.

use glim_env::{Action, Css, Episode, Norm, Point, Rect, Target, Viewport};
use serde_json::Value;

use super::{sides, tenths};

/// Bytes of a reply that are searched.
const LIMIT: usize = 64 * 1024;
/// Bytes of the longest list of numbers.
const LONGEST: usize = 120;

/// What was answered, in pixels of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said {
    /// A point.
    Point(Point<Css>),
    /// A box.
    Box(Rect<Css>),
    /// That nothing is meant.
    Absent,
    /// Nothing that can be read.
    Nothing,
}

impl Said {
    /// For the record.
    pub(super) fn told(&self) -> Value {
        match self {
            Said::Point(point) => vec![tenths(point.x), tenths(point.y)].into(),
            Said::Box(rect) => sides(rect),
            Said::Absent => "absent".into(),
            Said::Nothing => Value::Null,
        }
    }
}

/// The answer of an episode: what its last turn says.
pub(super) fn said(episode: &Episode) -> Said {
    let Some(turn) = episode.turns.last() else { return Said::Nothing };
    let viewport = turn.observation.viewport;
    let reply = &turn.completion.text;
    match &turn.action {
        Some(Action::Click { target: Target::Point(point), .. }) => {
            // A dialect reads the middle of a box that it is given; the box itself is still in the words.
            let around = places(spoken(reply)).find_map(|place| place.around(*point, viewport));
            around.map_or(Said::Point(*point), Said::Box)
        }
        Some(Action::Drag { from: Target::Point(from), to: Target::Point(to) }) => Said::Box(Rect::between(*from, *to)),
        Some(Action::Answer { text }) => first(text, viewport),
        Some(Action::Fail { .. }) => Said::Absent,
        Some(_) => Said::Nothing,
        None => first(spoken(reply), viewport),
    }
}

/// A reply without its thought.
fn spoken(reply: &str) -> &str {
    match reply.rfind("</think>") {
        Some(at) => &reply[at..],
        None if reply.contains("<think>") => "",
        None => reply,
    }
}

/// The place that words name: the boxed one if there is any, else the first.
fn first(words: &str, viewport: Viewport) -> Said {
    let boxed =
        words.split_once("<|begin_of_box|>").map(|(_, rest)| rest.split("<|end_of_box|>").next().unwrap_or(rest));
    let mut found = places(boxed.unwrap_or(words));
    found.next().map_or(Said::Nothing, |place| match place {
        Place::Point(point) => Said::Point(viewport.from_norm(point)),
        Place::Box(a, b) => Said::Box(Rect::between(viewport.from_norm(a), viewport.from_norm(b))),
    })
}

/// A place in a model's coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Point(Point<Norm>),
    Box(Point<Norm>, Point<Norm>),
}

impl Place {
    /// The box, if `middle` is its middle.
    fn around(self, middle: Point<Css>, viewport: Viewport) -> Option<Rect<Css>> {
        let Place::Box(a, b) = self else { return None };
        let own = viewport.from_norm(Rect::between(a, b).center());
        let is_own = (own.x - middle.x).abs() < 1e-3 && (own.y - middle.y).abs() < 1e-3;
        is_own.then(|| Rect::between(viewport.from_norm(a), viewport.from_norm(b)))
    }
}

/// The lists of two or four numbers 0..=1000 in some words, however they are nested: `[1,2]`, `(1, 2)`, `[[1,2],[3,4]]`.
fn places(words: &str) -> impl Iterator<Item = Place> + '_ {
    let words = &words[..words.floor_char_boundary(LIMIT)];
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = words[at..].find(['[', '(']) {
            let start = at + found;
            at = start + 1;
            let Some(length) = balanced(&words[start..]) else { continue };
            if let Some(place) = place(&words[start..start + length]) {
                at = start + length;
                return Some(place);
            }
        }
        None
    })
}

/// The length of a bracketed list of numbers at the start of some words.
fn balanced(words: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in words.bytes().enumerate().take(LONGEST) {
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'0'..=b'9' | b'.' | b',' | b' ' | b'\t' | b'\n' => {}
            _ => return None,
        }
    }
    None
}

fn place(list: &str) -> Option<Place> {
    let words = list.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|word| !word.is_empty());
    let numbers: Vec<f64> = words.take(5).map(|word| word.parse().ok()).collect::<Option<_>>()?;
    if !numbers.iter().all(|number| (0.0..=1000.0).contains(number)) {
        return None;
    }
    match *numbers.as_slice() {
        [x, y] => Some(Place::Point(Point::new(x, y))),
        [x1, y1, x2, y2] => Some(Place::Box(Point::new(x1, y1), Point::new(x2, y2))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use glim_env::{Completion, Observation, Outcome, Screenshot, Scroll, Seed, Timings, Turn};
    use rstest::rstest;

    use super::*;

    /// A thousand pixels on each side, so that a cell's middle is half a pixel behind its number.
    fn answered(reply: &str, action: Option<Action>) -> Said {
        let observation = Observation {
            screenshot: Screenshot::default(),
            viewport: Viewport::new(1000, 1000),
            url: String::new(),
            title: String::new(),
            tabs: Vec::new(),
            scroll: Scroll::default(),
            elements: Vec::new(),
            notices: Vec::new(),
            settled: true,
        };
        let completion = Completion { text: reply.to_owned(), ..Completion::default() };
        let turn = Turn {
            observation,
            prompt: String::new(),
            completion,
            action,
            outcome: Outcome::Done,
            timings: Timings::default(),
        };
        let (task, goal, agent) = (String::new(), String::new(), String::new());
        said(&Episode { task, seed: Seed(0), goal, agent, turns: vec![turn], last: None, end: None })
    }

    fn point(x: f64, y: f64) -> Said {
        Said::Point(Point::new(x, y))
    }

    fn between(left: f64, top: f64, right: f64, bottom: f64) -> Said {
        Said::Box(Rect::between(Point::new(left, top), Point::new(right, bottom)))
    }

    #[rstest]
    #[case::bare("[[10, 20, 30, 40]]", between(10.5, 20.5, 30.5, 40.5))]
    #[case::boxed("It is [1,1]. <|begin_of_box|>[[10,20,30,40]]<|end_of_box|>", between(10.5, 20.5, 30.5, 40.5))]
    #[case::corners("((10,20),(30,40))", between(10.5, 20.5, 30.5, 40.5))]
    #[case::reversed("[30,40,10,20]", between(10.5, 20.5, 30.5, 40.5))]
    #[case::point("at (10.0, 20)", point(10.5, 20.5))]
    #[case::several("[[10,20,30,40],[50,60,70,80]]", between(10.5, 20.5, 30.5, 40.5))]
    #[case::thought("<think>[1,2]</think>[10,20]", point(10.5, 20.5))]
    #[case::unfinished_thought("<think>[10,20]", Said::Nothing)]
    #[case::out_of_range("[10,2000]", Said::Nothing)]
    #[case::mark("[3]", Said::Nothing)]
    #[case::prose("in the [upper left] corner (of 2)", Said::Nothing)]
    #[case::huge("[1e9,1]", Said::Nothing)]
    #[case::dots("[1.2.3, 4]", Said::Nothing)]
    #[case::open("[10,20", Said::Nothing)]
    #[case::closed("]10,20[", Said::Nothing)]
    fn words_without_an_action_name_a_place_or_none(#[case] reply: &str, #[case] expected: Said) {
        assert_eq!(answered(reply, None), expected);
        assert_eq!(answered("", Some(Action::Answer { text: spoken(reply).to_owned() })), expected, "as an answer");
    }

    #[test]
    fn a_click_keeps_its_box_where_that_is_in_the_reply() {
        let click = Some(Action::click(Point::new(20.5, 30.5)));
        let reply = r#"{"action_type": "click", "box_2d": [[10, 20, 30, 40]]}"#;
        assert_eq!(answered(reply, click.clone()), between(10.5, 20.5, 30.5, 40.5));
        assert_eq!(answered("left_click(start_box='[20,30]')", click.clone()), point(20.5, 30.5));
        assert_eq!(answered("Memory: [[1,2,3,4]]\nClick [20,30]", click), point(20.5, 30.5), "a box of something else");
    }

    #[test]
    fn other_actions_are_read_for_what_they_are() {
        let drag = Action::Drag { from: Point::new(9.0, 8.0).into(), to: Point::new(3.0, 4.0).into() };
        assert_eq!(answered("", Some(drag)), between(3.0, 4.0, 9.0, 8.0));
        assert_eq!(answered("[1,2]", Some(Action::Fail { reason: "[1,2]".to_owned() })), Said::Absent);
        assert_eq!(answered("[1,2]", Some(Action::Done)), Said::Nothing);
        assert_eq!(answered("", Some(Action::click(Target::Mark(1)))), Said::Nothing);
    }
}
