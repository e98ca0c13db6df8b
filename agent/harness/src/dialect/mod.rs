//! The languages in which models say what they want to do.
//!
//! Three are printed and explained in prompts; all of these are read, whichever the agent was asked to speak: the three
//! dialects of GLM-4.1V and GLM-4.5V, tool calls (GLM-4.5V's tags, JSON inside them, OpenAI's and Anthropic's forms) and
//! the computer-use actions of OpenAI and Anthropic, whose pixels are scaled.
//!
//! Reading is total: any text gives an [`Action`] or a reason that the agent can act on, in time linear in its length.
//! The first action of the best place counts (the box, then what is labelled `Action:`, then other lines); further ones
//! are ignored, because an agent must look before it acts again. What was thought is never read as an action.

use std::str::FromStr;

use glim_env::{Action, Button, Observation};
use serde_json::{Map, Value};

use self::fields::Command;
pub(crate) use self::reply::Reply;
use self::reply::{Place, Reading};

mod call;
mod desktop;
mod fields;
mod keys;
mod literal;
mod mobile;
mod reply;
mod vocabulary;
mod web;

#[cfg(test)]
mod tests;

/// A language of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Set-of-marks lines: `Click [3]`.
    #[default]
    Web,
    /// Calls with points: `left_click(start_box='[500,300]')`.
    Desktop,
    /// JSON objects with boxes: `{"action_type": "click", "box_2d": [[480,290,520,310]]}`.
    Mobile,
}

/// Why no action could be read from a reply, in words for the agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// What is wrong and what would be right.
    pub reason: String,
}

impl Unreadable {
    fn new(reason: String) -> Unreadable {
        Unreadable { reason }
    }
}

impl Dialect {
    /// The action that a reply asks for.
    ///
    /// # Errors
    /// If there is none; the reason is for the agent to read.
    pub fn parse(self, text: &str, observation: &Observation) -> Result<Action, Unreadable> {
        let reply = Reply::split(text);
        let mut failure = None;
        for place in reply.places() {
            match self.first(place, observation) {
                Some(Ok(action)) => return Ok(action),
                Some(Err(unreadable)) => failure = failure.or(Some(unreadable)),
                None => {}
            }
        }
        Err(failure.unwrap_or_else(|| self.nothing_found(&reply)))
    }

    /// The first action in a stretch of a reply, in this dialect before others.
    fn first(self, place: Place<'_>, observation: &Observation) -> Option<Result<Action, Unreadable>> {
        let Place { text, reading } = place;
        let at_line_start = reading == Reading::AtLineStart;
        let meant = |command: Command| vocabulary::action(&command, observation);
        let tagged = || tagged(text).map(meant);
        let call = || call::first(text, at_line_start).map(meant);
        let object = || object(text).map(meant);
        let line = || match reading {
            Reading::CallsAnywhere => None,
            Reading::Anywhere | Reading::AtLineStart => web::first(text, at_line_start, observation),
        };
        match self {
            Dialect::Web => tagged().or_else(line).or_else(call).or_else(object),
            Dialect::Desktop => tagged().or_else(call).or_else(object).or_else(line),
            Dialect::Mobile => tagged().or_else(object).or_else(call).or_else(line),
        }
    }

    fn nothing_found(self, reply: &Reply<'_>) -> Unreadable {
        let example = match self {
            Dialect::Web => "`Action: Click [3]`",
            Dialect::Desktop => "`left_click(start_box='[500,300]')`",
            Dialect::Mobile => r#"`Action: {"action_type": "click", "box_2d": [[480,290,520,310]]}`"#,
        };
        let reason = match reply.unfinished_thought {
            true => "the reply ends inside its thought: think less and end with one action, such as",
            false => "the reply has no action: end it with one, such as",
        };
        Unreadable::new(format!("{reason} {example}"))
    }

    /// An action in this language, on one line. Reading it again gives the action back, with these limits: places come
    /// back on the grid of 0..=999 (marks stay marks in [`Dialect::Web`] and become points in the others), key names come
    /// back as DOM names, and waits over a minute and scrolls over 100 000 pixels are not read.
    pub fn print(self, action: &Action, observation: &Observation) -> String {
        match self {
            Dialect::Web => web::print(action, observation),
            Dialect::Desktop => desktop::print(action, observation),
            Dialect::Mobile => mobile::print(action, observation),
        }
    }

    /// Its name: `web`, `desktop` or `mobile`.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Web => "web",
            Dialect::Desktop => "desktop",
            Dialect::Mobile => "mobile",
        }
    }
}

/// The first tool call between `<tool_call>` tags: a name with tagged arguments, or a JSON object.
fn tagged(text: &str) -> Option<Command> {
    let inner = &text[text.find("<tool_call>")? + "<tool_call>".len()..];
    let inner = inner.find("</tool_call>").map_or(inner, |end| &inner[..end]);
    if let Some(command) = object(inner) {
        return Some(command);
    }
    let name = &inner[..inner.find(['<', '\n']).unwrap_or(inner.len())];
    let mut args = Map::new();
    for pair in inner.split("<arg_key>").skip(1) {
        let Some((key, rest)) = pair.split_once("</arg_key>") else { continue };
        let Some((_, value)) = rest.split_once("<arg_value>") else { continue };
        let value = value.split_once("</arg_value>").map_or(value, |(value, _)| value);
        args.insert(key.trim().to_owned(), Value::String(value.to_owned()));
    }
    // One tool for all actions, such as `computer`, has the action among its arguments.
    let inner = args.get("action").or(args.get("action_type")).and_then(Value::as_str);
    match inner.filter(|_| !vocabulary::knows(name.trim())).map(str::to_owned) {
        Some(action) => Some(Command::new(&action, args)),
        None => Some(Command::new(name, args)),
    }
}

/// The first JSON object in a text that is a command; one whose name is known is preferred.
fn object(text: &str) -> Option<Command> {
    /// Objects that may fail to be read before we give up, so that hostile text costs a bounded number of passes.
    const TRIES: u32 = 32;
    let (mut from, mut tries, mut unknown) = (0, 0, None);
    while let Some(found) = text[from..].find('{') {
        from += found;
        match literal::read(&text[from..]) {
            Some((Value::Object(object), taken)) => {
                from += taken;
                match Command::from_object(object) {
                    Some(command) if vocabulary::knows(&command.name) => return Some(command),
                    other => unknown = unknown.or(other),
                }
            }
            _ => {
                from += 1;
                tries += 1;
                if tries == TRIES {
                    break;
                }
            }
        }
    }
    unknown
}

/// A text that fits on one line between quotes or brackets: backslashes, line breaks, what a tag begins with, and `also`
/// are escaped.
fn escape(text: &str, also: &[char]) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '<' => out.push_str("\\x3c"),
            c if also.contains(&c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn button_name(button: Button) -> &'static str {
    match button {
        Button::Left => "left",
        Button::Right => "right",
        Button::Middle => "middle",
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Dialect::Web, Dialect::Desktop, Dialect::Mobile]
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| UnknownDialect { name: name.to_owned() })
    }
}

/// No dialect has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a dialect; there are `web`, `desktop` and `mobile`")]
pub struct UnknownDialect {
    /// The name.
    pub name: String,
}
