//! A reply taken apart as it is written: the thought, the words, and the calls of tools.
//!
//! The tags are those of GLM: `<think>...</think>` first, then words, among them `<tool_call>...</tool_call>`. The tags of
//! the answer (`<answer>`, `<|begin_of_box|>`) mean something to whoever reads the answer and stay in the words. Joined
//! together, what is told piece by piece is what is told in one, so that streamed and whole replies are equal.

use serde_json::Value;

use super::call::{self, Call};

/// A stretch of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Thought(String),
    Words(String),
    Call(Call),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing was written yet but blanks: a thought may open.
    Start,
    /// A thought has opened; blanks at its beginning are not told.
    ThoughtStart,
    Thought,
    /// A thought or a call has closed; blanks behind it are not told.
    Between,
    Words,
    Call,
}

/// Takes a reply apart.
#[derive(Debug)]
pub(crate) struct Parts {
    place: Place,
    /// Text whose meaning depends on what follows.
    held: String,
    /// The blanks before a call, which belong to the words if it turns out to be none.
    gap: String,
    /// The tools that may be called; without any, `<tool_call>` is words.
    tools: Vec<Value>,
}

impl Parts {
    /// A reply about to begin. `thinking` says that the prompt has opened a thought already; without `thoughts` they stay
    /// among the words.
    pub fn new(thinking: bool, thoughts: bool, tools: Vec<Value>) -> Parts {
        let place = if !thoughts {
            Place::Words
        } else if thinking {
            Place::ThoughtStart
        } else {
            Place::Start
        };
        let held = if thinking && !thoughts { "<think>".to_owned() } else { String::new() };
        Parts { place, held, gap: String::new(), tools }
    }

    /// Whether what comes next belongs to a thought.
    pub fn is_thinking(&self) -> bool {
        matches!(self.place, Place::ThoughtStart | Place::Thought)
    }

    /// Takes more text, and tells what is certain by now.
    pub fn push(&mut self, text: &str) -> Vec<Part> {
        self.held.push_str(text);
        let mut told = Vec::new();
        while self.step(&mut told) {}
        told
    }

    /// The reply has ended: tells what was held back.
    pub fn finish(mut self) -> Vec<Part> {
        let mut told = Vec::new();
        while self.step(&mut told) {}
        let rest = std::mem::take(&mut self.held);
        match self.place {
            Place::ThoughtStart | Place::Between => {}
            Place::Thought => tell(&mut told, Part::Thought(rest.trim_end().to_owned())),
            Place::Start | Place::Words => tell(&mut told, Part::Words(rest)),
            // Cut off within a call.
            Place::Call => tell(&mut told, Part::Words(format!("{}<tool_call>{rest}", self.gap))),
        }
        told
    }

    /// Goes as far as the next tag; false when more text is needed.
    fn step(&mut self, told: &mut Vec<Part>) -> bool {
        match self.place {
            Place::Start => {
                let begun = self.held.trim_start();
                if let Some(rest) = begun.strip_prefix("<think>") {
                    self.held = rest.to_owned();
                    self.place = Place::ThoughtStart;
                    return true;
                }
                if "<think>".starts_with(begun) {
                    return false;
                }
                self.place = Place::Words;
                true
            }
            Place::ThoughtStart => self.skip_blanks(Place::Thought),
            Place::Thought => self.until("</think>", Place::Between, Part::Thought, told),
            Place::Between => self.skip_blanks(Place::Words),
            Place::Words if self.tools.is_empty() => {
                tell(told, Part::Words(std::mem::take(&mut self.held)));
                false
            }
            Place::Words => self.until("<tool_call>", Place::Call, Part::Words, told),
            Place::Call => {
                let Some((inside, after)) = self.held.split_once("</tool_call>") else { return false };
                match call::read(inside, &self.tools) {
                    Some(call) => told.push(Part::Call(call)),
                    None => tell(told, Part::Words(format!("{}<tool_call>{inside}</tool_call>", self.gap))),
                }
                self.held = after.to_owned();
                self.place = Place::Between;
                true
            }
        }
    }

    fn skip_blanks(&mut self, next: Place) -> bool {
        self.held = self.held.trim_start().to_owned();
        if self.held.is_empty() {
            return false;
        }
        self.place = next;
        true
    }

    /// Tells the text before `tag` and goes on behind it; without it, tells what cannot be its beginning, nor blanks
    /// before it.
    fn until(&mut self, tag: &str, next: Place, part: fn(String) -> Part, told: &mut Vec<Part>) -> bool {
        if let Some((before, after)) = self.held.split_once(tag) {
            let (text, gap) = before.split_at(before.trim_end().len());
            self.gap = gap.to_owned();
            tell(told, part(text.to_owned()));
            self.held = after.to_owned();
            self.place = next;
            return true;
        }
        let longest = (1..tag.len()).rev().find(|length| self.held.ends_with(&tag[..*length])).unwrap_or(0);
        let certain = self.held[..self.held.len() - longest].trim_end().len();
        let rest = self.held.split_off(certain);
        tell(told, part(std::mem::replace(&mut self.held, rest)));
        false
    }
}

/// Neighbours of one kind are told as one, and nothing is not told.
fn tell(told: &mut Vec<Part>, part: Part) {
    match (told.last_mut(), part) {
        (_, Part::Thought(text) | Part::Words(text)) if text.is_empty() => {}
        (Some(Part::Thought(before)), Part::Thought(more)) | (Some(Part::Words(before)), Part::Words(more)) => {
            before.push_str(&more);
        }
        (_, part) => told.push(part),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(thinking: bool, thoughts: bool, tools: bool, pieces: &[&str]) -> Vec<Part> {
        let tools = if tools { vec![json!({"function": {"name": "look"}})] } else { Vec::new() };
        let mut parts = Parts::new(thinking, thoughts, tools);
        let mut told = Vec::new();
        for piece in pieces {
            for part in parts.push(piece) {
                tell(&mut told, part);
            }
        }
        for part in parts.finish() {
            tell(&mut told, part);
        }
        told
    }

    fn thought(text: &str) -> Part {
        Part::Thought(text.to_owned())
    }

    fn words(text: &str) -> Part {
        Part::Words(text.to_owned())
    }

    #[test]
    fn however_it_is_cut_a_reply_has_the_same_parts() {
        let call = || Part::Call(Call { name: "look".to_owned(), arguments: serde_json::Map::new() });
        for (thinking, tools, text, wanted) in [
            (
                false,
                false,
                "<think>\n a  b \n</think>\n<answer>c</answer> ",
                vec![thought("a  b"), words("<answer>c</answer> ")],
            ),
            (false, false, " \n<think>a</think>", vec![thought("a")]),
            (true, false, "a </thin </think>b", vec![thought("a </thin"), words("b")]),
            (true, false, "cut \n", vec![thought("cut")]),
            (false, false, "  words <think>no thought</think>", vec![words("  words <think>no thought</think>")]),
            (false, false, "<thin", vec![words("<thin")]),
            (false, false, "<tool_call>look</tool_call>", vec![words("<tool_call>look</tool_call>")]),
            (
                true,
                true,
                "a</think> I see: \n<tool_call>look</tool_call>\n<tool_call>look\n</tool_call>\nso < b ",
                vec![thought("a"), words("I see:"), call(), call(), words("so < b ")],
            ),
            (false, true, "<tool_call></tool_call>", vec![words("<tool_call></tool_call>")]),
            (false, true, "x <tool_call>look", vec![words("x <tool_call>look")]),
        ] {
            assert_eq!(told(thinking, true, tools, &[text]), wanted, "{text}");
            let pieces: Vec<_> = text.split_inclusive(|_| true).collect();
            assert_eq!(told(thinking, true, tools, &pieces), wanted, "{text} in pieces");
            for cut in 1..text.len() {
                let (before, after) = text.split_at(cut);
                assert_eq!(told(thinking, true, tools, &[before, after]), wanted, "{before}|{after}");
            }
        }
    }

    #[test]
    fn thoughts_may_stay_among_the_words() {
        let all = [words("<think>a</think>b")];
        assert_eq!(told(false, false, false, &["<think>a", "</think>b"]), all);
        assert_eq!(told(true, false, false, &["a</think>b"]), all, "the tag that the prompt has opened is told too");
    }

    #[test]
    fn what_is_certain_is_told_at_once() {
        let mut parts = Parts::new(true, true, Vec::new());
        assert_eq!(parts.push("I see a "), [thought("I see a")]);
        assert_eq!(parts.push("cat <"), [thought(" cat")]);
        assert!(parts.is_thinking());
        assert_eq!(parts.push("/think>A"), [words("A")]);
        assert!(!parts.is_thinking());
    }
}
