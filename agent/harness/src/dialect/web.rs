//! The web dialect: one line that names an element by its mark.
//!
//! As in the web action space of the GLM-4.1V agent prompt: `Click [3]`, `Type [4]; [text]` (replaces what the field
//! holds and presses Enter), `Scroll [WINDOW]; [down]`, `Wait`, `GoBack`, `Bing`, `Key; [Return]`,
//! `ANSWER; <content>text</content>`.
//!
//! How we differ: the dialect can say every [`Action`]. Ours are `Fill` and `Append` (no Enter), `AppendEnter`, `Select`,
//! `Hover`, `Drag`, the other clicks, history and tabs, `GoTo`, `Done`, `Fail`; a distance after a direction of
//! `Scroll`; and `[x,y]` with 0..=999 wherever a mark may stand, for what has no mark. In brackets `\n`, `\\`, `\[`,
//! `\]` and `\x3c` are escapes.

use glim_env::{Action, Button, Observation, Point, Target};

use super::{Unreadable, call, fields, keys, literal, vocabulary};

/// How far `Scroll` goes if it says nothing: two thirds of the window.
const VERBS: &[&str] = &[
    "Click",
    "DoubleClick",
    "RightClick",
    "MiddleClick",
    "Hover",
    "Drag",
    "Type",
    "Fill",
    "AppendEnter",
    "Append",
    "Select",
    "Scroll",
    "Key",
    "Wait",
    "GoBack",
    "GoForward",
    "Reload",
    "GoTo",
    "OpenTab",
    "SwitchTab",
    "CloseTab",
    "Google",
    "Bing",
    "ANSWER",
    "Done",
    "Fail",
];

/// The first action in a text, if there is one. With `at_line_start`, only where a line begins with it.
pub(super) fn first(text: &str, at_line_start: bool, observation: &Observation) -> Option<Result<Action, Unreadable>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let word =
            bytes[at..].iter().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        if word == 0 {
            at += 1;
            continue;
        }
        let verb = VERBS.iter().find(|verb| verb.eq_ignore_ascii_case(&text[at..at + word]));
        let inside_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || !bytes[at - 1].is_ascii());
        if let Some(verb) = verb.filter(|_| !inside_word)
            && (!at_line_start || call::begins_line(&text[..at]))
            && let Some(action) = command(verb, &text[at + word..], observation)
        {
            return Some(action);
        }
        at += word;
    }
    None
}

/// The action of a verb and what follows it; `None` where the verb is only a word of prose.
fn command(verb: &str, rest: &str, observation: &Observation) -> Option<Result<Action, Unreadable>> {
    // `Click on [3]` is how one says it.
    let mut arguments = Arguments { rest: rest.strip_prefix(" on ").unwrap_or(rest) };
    let bare = |action: Action| arguments.ends().then_some(Ok(action));
    match verb {
        "Wait" if !arguments.has_group() => return bare(Action::Wait { ms: vocabulary::WAIT_MS }),
        "GoBack" => return bare(Action::Back),
        "GoForward" => return bare(Action::Forward),
        "Reload" => return bare(Action::Reload),
        "Done" => return bare(Action::Done),
        "Google" => return bare(Action::Navigate { url: "https://www.google.com/".to_owned() }),
        "Bing" => return bare(Action::Navigate { url: "https://www.bing.com/".to_owned() }),
        "OpenTab" if !arguments.has_group() => return bare(Action::OpenTab { url: None }),
        "CloseTab" if !arguments.has_group() => return bare(Action::CloseTab { index: None }),
        "Fail" if !arguments.has_group() => return bare(Action::Fail { reason: String::new() }),
        "ANSWER" => return answer(rest).map(|text| Ok(Action::Answer { text })),
        _ => {}
    }
    if !arguments.has_group() {
        return None;
    }
    Some(with_arguments(verb, &mut arguments, observation))
}

fn with_arguments(verb: &str, arguments: &mut Arguments<'_>, observation: &Observation) -> Result<Action, Unreadable> {
    let (button, count) = match verb {
        "DoubleClick" => (Button::Left, 2),
        "RightClick" => (Button::Right, 1),
        "MiddleClick" => (Button::Middle, 1),
        _ => (Button::Left, 1),
    };
    match verb {
        "Click" | "DoubleClick" | "RightClick" | "MiddleClick" => {
            let target = arguments.target(observation)?;
            let (button, count) = match arguments.text_if_any() {
                Some(how) => how_to_click(&how)?,
                None => (button, count),
            };
            Ok(Action::Click { target, button, count })
        }
        "Hover" => Ok(Action::Hover { target: arguments.target(observation)? }),
        "Drag" => {
            let from = arguments.target(observation)?;
            Ok(Action::Drag { from, to: arguments.target(observation)? })
        }
        "Type" | "Fill" | "Append" | "AppendEnter" => {
            let target = arguments.target_or("FOCUS", observation)?;
            let text = arguments.text(verb)?;
            let (replace, submit) = (matches!(verb, "Type" | "Fill"), matches!(verb, "Type" | "AppendEnter"));
            Ok(Action::Type { target, text, replace, submit })
        }
        "Select" => {
            let target = arguments.target(observation)?;
            Ok(Action::Select { target, option: arguments.text(verb)? })
        }
        "Scroll" => {
            let target = arguments.target_or("WINDOW", observation)?;
            let (dx, dy) = how_to_scroll(&arguments.text(verb)?, observation)?;
            vocabulary::scroll_of(target, dx, dy)
        }
        "Key" => {
            let written = arguments.text(verb)?;
            let chord = keys::chord(&written).ok_or_else(|| Unreadable::new("`Key` names no key".to_owned()))?;
            Ok(Action::Keys { chord })
        }
        "Wait" => vocabulary::wait_of(arguments.number(verb)?),
        "GoTo" => Ok(Action::Navigate { url: arguments.text(verb)? }),
        "OpenTab" => Ok(Action::OpenTab { url: Some(arguments.text(verb)?) }),
        "SwitchTab" => Ok(Action::SwitchTab { index: arguments.index(verb)? }),
        "CloseTab" => Ok(Action::CloseTab { index: Some(arguments.index(verb)?) }),
        _ => Ok(Action::Fail { reason: arguments.text(verb)? }),
    }
}

fn how_to_click(how: &str) -> Result<(Button, u8), Unreadable> {
    let mut words = how.split_whitespace();
    let button = match words.next() {
        Some("left") => Button::Left,
        Some("right") => Button::Right,
        Some("middle") => Button::Middle,
        _ => return Err(Unreadable::new(format!("`{how:.40}` is no way to click: `left`, `right`, `middle` are"))),
    };
    match words.next().unwrap_or("1") {
        "1" => Ok((button, 1)),
        "2" => Ok((button, 2)),
        "3" => Ok((button, 3)),
        other => Err(Unreadable::new(format!("a click is done 1, 2 or 3 times, not `{other:.40}`"))),
    }
}

fn how_to_scroll(how: &str, observation: &Observation) -> Result<(f64, f64), Unreadable> {
    let finite = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    if let Some((dx, dy)) = how.split_once(',')
        && let (Some(dx), Some(dy)) = (finite(dx), finite(dy))
    {
        return Ok((dx, dy));
    }
    let mut words = how.split_whitespace();
    let way = words.next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    let distance = words.next().and_then(finite).unwrap_or_else(|| vocabulary::page(&way, observation));
    vocabulary::along(&way, distance)
}

/// The content of an answer: between its tags, or in brackets, or the rest of the line.
fn answer(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches([';', ':', ' ', '\t']);
    if let Some(content) = rest.strip_prefix("<content>") {
        let end = content.find("</content>").unwrap_or(content.len());
        return Some(literal::unescape(&content[..end]));
    }
    let mut arguments = Arguments { rest };
    if let Some(text) = arguments.text_if_any() {
        return Some(text);
    }
    // `ANSWER(content='…')` is a call.
    if rest.is_empty() || rest.starts_with('(') {
        return None;
    }
    let line = rest.lines().next().unwrap_or_default().trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// What follows a verb: groups in brackets with semicolons between them.
struct Arguments<'a> {
    rest: &'a str,
}

impl Arguments<'_> {
    fn skip_separators(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', ';', ':']);
    }

    /// Whether a group follows: a bracket, a number, or a semicolon with words after it.
    fn has_group(&self) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        rest.starts_with(['[', ';'])
            || rest.starts_with(|c: char| c.is_ascii_digit())
            || ["WINDOW", "FOCUS"].iter().any(|word| rest.starts_with(word))
    }

    /// Whether nothing that belongs to the command follows: the end of the line or of the sentence.
    fn ends(&self) -> bool {
        let rest = self.rest.trim_start_matches(['.', '`', '*', ' ', '\t', '(', ')', ']', '[', ';', '\r']);
        rest.is_empty() || rest.starts_with(['\n', '<'])
    }

    /// The next group as it is written.
    fn group(&mut self) -> Option<String> {
        self.skip_separators();
        let Some(inner) = self.rest.strip_prefix('[') else {
            let line = self.rest.lines().next().unwrap_or_default();
            let end = line.find(';').unwrap_or(line.len());
            let written = line[..end].trim().trim_end_matches(['.', '`']).to_owned();
            self.rest = &self.rest[end..];
            return (!written.is_empty()).then_some(written);
        };
        let bytes = inner.as_bytes();
        let (mut depth, mut at) = (1_u32, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 1,
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &inner[at + 1..];
                return Some(inner[..at].to_owned());
            }
            at += 1;
        }
        // Never closed: up to the last bracket of the line, or the whole line.
        let line = inner.lines().next().unwrap_or_default();
        let end = line.rfind(']').unwrap_or(line.len());
        self.rest = &inner[line.len()..];
        Some(line[..end].to_owned())
    }

    fn text_if_any(&mut self) -> Option<String> {
        self.skip_separators();
        if self.rest.starts_with('[') { self.group().map(|text| literal::unescape(&text)) } else { None }
    }

    fn text(&mut self, verb: &str) -> Result<String, Unreadable> {
        let group =
            self.group().ok_or_else(|| Unreadable::new(format!("`{verb}` needs a text: `{verb} …; [text]`")))?;
        Ok(literal::unescape(&group))
    }

    fn number(&mut self, verb: &str) -> Result<f64, Unreadable> {
        let group = self.group().unwrap_or_default();
        let number = group.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| Unreadable::new(format!("`{verb}` needs a number, not `{group:.40}`")))
    }

    fn index(&mut self, verb: &str) -> Result<usize, Unreadable> {
        let number = self.number(verb)?;
        match number.fract() == 0.0 && (0.0..=1e6).contains(&number) {
            true => Ok(number as usize),
            false => Err(Unreadable::new(format!("{number} is not the number of a tab"))),
        }
    }

    fn target_or(&mut self, absent: &str, observation: &Observation) -> Result<Option<Target>, Unreadable> {
        let before = self.rest;
        let group = self.group().unwrap_or_default();
        if group.trim().eq_ignore_ascii_case(absent) {
            return Ok(None);
        }
        self.rest = before;
        self.target(observation).map(Some)
    }

    fn target(&mut self, observation: &Observation) -> Result<Target, Unreadable> {
        let group = self.group().unwrap_or_default();
        let written = group.trim().trim_matches(['[', ']', '(', ')', '#']);
        let finite = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        if let Some((x, y)) = written.split_once(',')
            && let (Some(x), Some(y)) = (finite(x), finite(y))
        {
            return fields::norm_point(Point::new(x, y), observation);
        }
        // `Click 3 to open` names a mark too.
        match written.split_whitespace().next().and_then(finite) {
            Some(mark) => fields::mark_of(mark),
            None => Err(Unreadable::new(format!("`{group:.40}` is not the number of a mark"))),
        }
    }
}

/// An action as a line.
pub(super) fn print(action: &Action, observation: &Observation) -> String {
    let at = |target: &Target| match target {
        Target::Mark(mark) => format!("[{mark}]"),
        Target::Point(point) => {
            let said = observation.viewport.to_norm(*point);
            format!("[{},{}]", said.x, said.y)
        }
    };
    let or = |target: &Option<Target>, absent: &str| target.as_ref().map_or(format!("[{absent}]"), at);
    match action {
        Action::Click { target, button, count } => match (button, count) {
            (Button::Left, 1) => format!("Click {}", at(target)),
            (Button::Left, 2) => format!("DoubleClick {}", at(target)),
            (Button::Right, 1) => format!("RightClick {}", at(target)),
            (Button::Middle, 1) => format!("MiddleClick {}", at(target)),
            (button, count) => format!("Click {}; [{} {count}]", at(target), super::button_name(*button)),
        },
        Action::Hover { target } => format!("Hover {}", at(target)),
        Action::Drag { from, to } => format!("Drag {}; {}", at(from), at(to)),
        Action::Type { target, text, replace, submit } => {
            let verb = match (replace, submit) {
                (true, true) => "Type",
                (true, false) => "Fill",
                (false, true) => "AppendEnter",
                (false, false) => "Append",
            };
            format!("{verb} {}; [{}]", or(target, "FOCUS"), escape(text))
        }
        Action::Keys { chord } => format!("Key; [{}]", escape(chord)),
        Action::Scroll { target, dx, dy } => {
            let how = match vocabulary::direction(*dx, *dy) {
                Some((way, distance)) if distance == vocabulary::page(way, observation) => way.to_owned(),
                Some((way, distance)) => format!("{way} {distance}"),
                None => format!("{dx},{dy}"),
            };
            format!("Scroll {}; [{how}]", or(target, "WINDOW"))
        }
        Action::Select { target, option } => format!("Select {}; [{}]", at(target), escape(option)),
        Action::Navigate { url } => format!("GoTo [{}]", escape(url)),
        Action::Back => "GoBack".to_owned(),
        Action::Forward => "GoForward".to_owned(),
        Action::Reload => "Reload".to_owned(),
        Action::OpenTab { url: None } => "OpenTab".to_owned(),
        Action::OpenTab { url: Some(url) } => format!("OpenTab [{}]", escape(url)),
        Action::SwitchTab { index } => format!("SwitchTab [{index}]"),
        Action::CloseTab { index: None } => "CloseTab".to_owned(),
        Action::CloseTab { index: Some(index) } => format!("CloseTab [{index}]"),
        Action::Wait { ms: vocabulary::WAIT_MS } => "Wait".to_owned(),
        Action::Wait { ms } => format!("Wait [{ms}]"),
        Action::Answer { text } => format!("ANSWER; <content>{}</content>", escape(text)),
        Action::Done => "Done".to_owned(),
        Action::Fail { reason } if reason.is_empty() => "Fail".to_owned(),
        Action::Fail { reason } => format!("Fail [{}]", escape(reason)),
    }
}

/// A text that stays on its line and inside its brackets.
fn escape(text: &str) -> String {
    super::escape(text, &['[', ']'])
}
