//! The parts of a reply: thought, memory, and where the action is.
//!
//! A reply may think between `<think>` and `</think>`, answer between `<answer>` tags, box its action between
//! `<|begin_of_box|>` and `<|end_of_box|>`, fence it as code, and label its parts: `Thought:`, `Reason:`, `Memory:`,
//! `Memory_Updated:`, `Action:`. What was thought or memorised is never read as an action.

use std::borrow::Cow;

/// Bytes of a reply that are read, the thought not counted. The longest useful reply is far shorter.
const LIMIT: usize = 256 * 1024;

/// The parts of one reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply<'a> {
    body: Cow<'a, str>,
    sections: Vec<Section>,
    /// Whether it broke off inside its thought.
    pub(crate) unfinished_thought: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// Words before any label.
    None,
    Thought,
    Memory,
    Action,
}

/// A labelled stretch of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    label: Label,
    from: usize,
    to: usize,
}

impl<'a> Reply<'a> {
    /// Takes a reply apart. Linear in its length.
    pub(crate) fn split(text: &'a str) -> Reply<'a> {
        let (body, unfinished_thought) = without_thought(text);
        let body = match body {
            Cow::Borrowed(body) => Cow::Borrowed(cut(answer_part(body))),
            Cow::Owned(body) => Cow::Owned(cut(answer_part(&body)).to_owned()),
        };
        let sections = sections(&body);
        Reply { body, sections, unfinished_thought }
    }

    /// Where to look for the action, best place first: the box, what is labelled as action, lines that begin with one
    /// in all but the memory, what follows `Action:` within a line, and last calls within prose.
    pub(crate) fn places(&self) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        if let Some(boxed) = between(&self.body, "<|begin_of_box|>", "<|end_of_box|>") {
            places.push(Place { text: boxed, reading: Reading::Anywhere });
        }
        let of = |label: Label| self.sections.iter().filter(move |section| section.label == label);
        places.extend(of(Label::Action).map(|section| Place { text: self.text(section), reading: Reading::Anywhere }));
        let prose: Vec<&str> = of(Label::None).chain(of(Label::Thought)).map(|section| self.text(section)).collect();
        places.extend(prose.iter().map(|text| Place { text, reading: Reading::AtLineStart }));
        let inline = prose.iter().filter_map(|text| text.split_once(" Action:"));
        places.extend(inline.map(|(_, text)| Place { text, reading: Reading::Anywhere }));
        places.extend(prose.iter().map(|text| Place { text, reading: Reading::CallsAnywhere }));
        places
    }

    /// The memory that it asks to keep, the last one if it says so more than once.
    pub(crate) fn memory(&self) -> Option<&str> {
        let tagged = between(&self.body, "<memory>", "</memory>");
        let labelled = self.sections.iter().rfind(|section| section.label == Label::Memory);
        tagged.or(labelled.map(|section| self.text(section))).map(|memory| memory.trim().trim_matches('`').trim())
    }

    /// Its explanation in plain words, without memory, action and tags.
    pub(crate) fn thought(&self) -> String {
        let words = |label| self.sections.iter().find(|section| section.label == label).map(|at| self.text(at).trim());
        words(Label::Thought).or(words(Label::None)).unwrap_or_default().to_owned()
    }

    /// All that was said beside the thought, without the answer's tags.
    pub(crate) fn into_body(self) -> String {
        self.body.trim().to_owned()
    }

    fn text(&self, section: &Section) -> &str {
        &self.body[section.from..section.to]
    }
}

/// A stretch of a reply in which an action may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// Its text.
    pub(crate) text: &'a str,
    /// How far an action may be hidden in it.
    pub(crate) reading: Reading,
}

/// How to look for an action, since prose mentions actions too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It is boxed or labelled as action: the first one counts.
    Anywhere,
    /// One that begins its line.
    AtLineStart,
    /// A call or an object, whose form no prose has by accident.
    CallsAnywhere,
}

/// The text without what stands between think tags, and whether the last thought was never finished.
fn without_thought(text: &str) -> (Cow<'_, str>, bool) {
    // A chat template may have opened the thought already.
    let (mut rest, mut unfinished) = match (text.find("<think>"), text.find("</think>")) {
        (opened, Some(closed)) if opened.is_none_or(|opened| opened > closed) => (&text[closed + 8..], false),
        _ => (text, false),
    };
    if !rest.contains("<think>") {
        return (Cow::Borrowed(rest), unfinished);
    }
    let mut kept = String::new();
    while let Some(opened) = rest.find("<think>") {
        kept.push_str(&rest[..opened]);
        rest = match rest[opened..].find("</think>") {
            Some(closed) => &rest[opened + closed + 8..],
            None => {
                unfinished = true;
                ""
            }
        };
    }
    kept.push_str(rest);
    (Cow::Owned(kept), unfinished)
}

fn answer_part(body: &str) -> &str {
    between(body, "<answer>", "</answer>").unwrap_or(body)
}

/// What stands between the first `open` and the next `close`, or the end if nothing closes it.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let inner = &text[text.find(open)? + open.len()..];
    Some(inner.find(close).map_or(inner, |end| &inner[..end]))
}

fn cut(body: &str) -> &str {
    &body[..body.floor_char_boundary(LIMIT)]
}

fn sections(body: &str) -> Vec<Section> {
    let mut sections = vec![Section { label: Label::None, from: 0, to: 0 }];
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if let Some((label, words)) = labelled(line) {
            sections.push(Section { label, from: at + words, to: at + words });
        }
        at += line.len();
        if let Some(last) = sections.last_mut() {
            last.to = at;
        }
    }
    sections
}

/// The label at the start of a line, and where the words after it begin.
fn labelled(line: &str) -> Option<(Label, usize)> {
    let start = line.len() - line.trim_start_matches([' ', '\t', '*', '#', '-', '>']).len();
    let colon = line[start..].bytes().take(24).position(|byte| byte == b':')?;
    let name = line[start..start + colon].trim_end_matches(['*', ' ']);
    let label = match name.to_ascii_lowercase().as_str() {
        "thought" | "thoughts" | "reason" | "reasoning" | "observation" | "explanation" | "plan" => Label::Thought,
        "memory" | "memory_updated" | "memory updated" | "updated memory" => Label::Memory,
        "action" | "next action" => Label::Action,
        _ => return None,
    };
    let after = &line[start + colon + 1..];
    let bold = after.len() - after.trim_start_matches('*').len();
    Some((label, start + colon + 1 + bold))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> String {
        let reply = Reply::split(text);
        let places = reply.places();
        places.iter().map(|place| place.text.trim()).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_action_is_found_in_every_wrapping() {
        for text in [
            "go",
            "<think>stop</think>go",
            "stop</think>go",
            "<think>stop</think><answer>go</answer>",
            "<think>stop</think><answer><|begin_of_box|>go<|end_of_box|></answer>",
            "<think>a</think><think>stop</think>\n go",
            "Memory: stop\nReason: stop\nAction: go",
            "**Thought:** stop\n**Action:** go",
            "Thought: stop\nAction: <|begin_of_box|>go<|end_of_box|>\nMemory: stop",
            "Action: go\nMemory_Updated: {\"a\": 1}",
        ] {
            assert_eq!(first(text), "go", "{text}");
        }
    }

    #[test]
    fn a_thought_that_never_ends_hides_everything() {
        let reply = Reply::split("<think>go go go");
        assert!(reply.unfinished_thought && reply.places().iter().all(|place| place.text.is_empty()));
    }

    #[test]
    fn the_last_memory_counts() {
        let memory = |text: &str| Reply::split(text).memory().map(str::to_owned);
        assert_eq!(memory("x\nMemory:\n[{\"a\": 1}]\n").as_deref(), Some("[{\"a\": 1}]"));
        assert_eq!(memory("Memory: old\nAction: go\nMemory_Updated: new").as_deref(), Some("new"));
        assert_eq!(memory("go <memory>this</memory>").as_deref(), Some("this"));
        assert_eq!(memory("go"), None);
    }
}
