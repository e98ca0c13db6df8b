//! From what the browser saw to the elements of a record: what is not really there is left out, what says the same twice is
//! said once, and the rest gets its kind, its text and the reasons why nothing may be asked about it.
//!
//! The browser finds elements by hit-testing; here the picture has its say, too. An element is left out if less than half
//! of it is in sight, if its middle belongs to something else, or if nothing is painted where it should be. What runs over
//! several lines, so that its middle is beside it, is told by its longest line.

use std::collections::{BTreeMap, HashMap};

use glim_browser::TextLine;
use glim_data::record::{BoxPx, Element, Line, Word};
use glim_env::{Css, Observation, Rect};

use crate::picture::Picture;
use crate::words::{collapse, folded};

/// Shorter sides than this are no target, in CSS pixels.
const SMALLEST_CSS: f32 = 4.0;

/// The share of an element that must be in sight.
const IN_SIGHT: f32 = 0.5;

/// The same for text, which is to be read.
const LEGIBLE: f32 = 0.8;

/// The same for controls of a line with room around it, whose words stand in the middle of them.
const LEGIBLE_IN_CONTROL: f32 = 0.6;

/// As high as one line, in CSS pixels.
const BARE_LINE_CSS: f32 = 24.0;

/// As high as one line and its padding, in CSS pixels.
const LINE_CSS: f32 = 40.0;

/// The share of its points at which a hit test must find it.
const REACHED: f32 = 0.5;

/// Nothing is asked about what covers more of the picture than this.
const LARGEST_SHARE: f32 = 0.6;

/// Nothing is asked about texts that are longer, in characters.
const LONGEST_TEXT: usize = 200;

/// A wordless control up to this size is an icon, in CSS pixels.
const ICON_CSS: f32 = 64.0;

/// What of an observation became elements, and what did not.
#[derive(Debug, Default)]
pub struct Seen {
    /// In reading order, numbered from 1.
    pub elements: Vec<Element>,
    /// For each of them the mark by which the browser knows it.
    pub marks: Vec<u32>,
    /// What was left out but can be seen in part, and might be taken for one of them.
    pub others: Vec<Element>,
    /// How many were left out, by reason.
    pub dropped: BTreeMap<&'static str, u32>,
}

/// Takes the elements of an observation that are really there.
pub fn elements(observation: &Observation, picture: &Picture) -> Seen {
    let scale = observation.viewport.scale as f32;
    let mut seen = Seen::default();
    for found in &observation.elements {
        let element = describe(found, scale);
        match flaw(found, &element, picture, scale) {
            Some(reason) => {
                *seen.dropped.entry(reason).or_default() += 1;
                seen.others.push(element);
            }
            None => {
                seen.elements.push(element);
                seen.marks.push(found.mark);
            }
        }
    }
    merge_doubles(&mut seen);
    count_same_text(&mut seen.elements);
    for (at, element) in seen.elements.iter_mut().enumerate() {
        element.id = at as u32 + 1;
        element.reject = unaskable(element, picture);
    }
    seen
}

/// The lines of an observation in image pixels.
pub fn lines(read: &[TextLine], scale: f64) -> Vec<Line> {
    let pixels = |sides: [f64; 4]| sides.map(|side| (side * scale) as f32);
    read.iter()
        .map(|line| Line {
            text: line.text.clone(),
            box_px: pixels(line.sides),
            angle: 0.0,
            block: line.block,
            words: line
                .words
                .iter()
                .map(|word| Word { text: word.0.clone(), box_px: pixels([word.1, word.2, word.3, word.4]) })
                .collect(),
        })
        .collect()
}

/// Lines without the words of which no pixel is painted, being as dark as what is behind them, or covered.
pub fn painted(lines: Vec<Line>, picture: &Picture) -> Vec<Line> {
    lines.into_iter().filter_map(|line| without_plain_words(line, picture)).collect()
}

fn without_plain_words(line: Line, picture: &Picture) -> Option<Line> {
    let painted = |word: &Word| !picture.is_plain(word.box_px);
    if line.words.iter().all(painted) {
        return Some(line);
    }
    let (mut text, mut words, mut read, mut before) = (String::new(), Vec::new(), 0, 0);
    for (at, word) in line.words.into_iter().enumerate() {
        // Between two words of a line there may be nothing.
        let start = read + line.text[read..].find(word.text.as_str())?;
        let gap = if at == before { &line.text[read..start] } else { " " };
        read = start + word.text.len();
        if painted(&word) {
            if !words.is_empty() {
                text.push_str(gap);
            }
            text.push_str(&word.text);
            words.push(word);
            before = at + 1;
        }
    }
    let hull = words
        .iter()
        .map(|word| word.box_px)
        .reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])?;
    Some(Line { text, box_px: hull, words, ..line })
}

fn pixels(rect: &Rect<Css>, scale: f32) -> BoxPx {
    let sides = [rect.x, rect.y, rect.x + rect.width, rect.y + rect.height];
    sides.map(|side| side as f32 * scale)
}

/// The line that stands for something that runs over several with its middle beside it: the longest, if it is half of the
/// whole and all of it is in sight. Pieces side by side are no lines.
fn longest_line(found: &glim_env::Element) -> Option<&Rect<Css>> {
    let size = |line: &Rect<Css>| line.width * line.height;
    let longest = found.fragments.iter().max_by(|one, other| size(one).total_cmp(&size(other)))?;
    let half = found.fragments.iter().map(size).sum::<f64>() / 2.0;
    let below = found.fragments.windows(2).all(|pair| pair[1].y > pair[0].y + pair[0].height / 2.0);
    (found.visible > 0.99 && !found.central && below && size(longest) >= half).then_some(longest)
}

fn describe(found: &glim_env::Element, scale: f32) -> Element {
    let name = spoken(&found.name);
    let painted = spoken(&found.text);
    let value = found.value.as_deref().map(collapse).unwrap_or_default();
    let field = found.editable
        || matches!(found.role.as_str(), "combobox" | "listbox" | "spinbutton" | "slider" | "textbox" | "searchbox");
    let (text, source) = if !painted.is_empty() && !field {
        (painted, "painted")
    } else if field && !value.is_empty() && found.input_type != "password" {
        (value.clone(), "value")
    } else if !name.is_empty() {
        (name.clone(), "name")
    } else {
        (painted, "painted")
    };
    let line = longest_line(found);
    let point = line.map_or(found.point, Rect::center);
    Element {
        id: 0,
        role: found.role.clone(),
        tag: found.tag.clone(),
        kind: kind(found, field, source).to_owned(),
        text_source: if text.is_empty() { String::new() } else { source.to_owned() },
        text,
        name,
        value,
        input_type: found.input_type.clone(),
        states: states(&found.states),
        box_px: pixels(line.unwrap_or(&found.rect), scale),
        fragments_px: found.fragments.iter().map(|piece| pixels(piece, scale)).collect(),
        point_px: [point.x as f32 * scale, point.y as f32 * scale],
        visible: found.visible as f32,
        shown: found.shown as f32,
        clickable: found.clickable,
        editable: found.editable,
        scrollable: found.scrollable,
        n_same_text: 0,
        reject: Vec::new(),
        frame: found.frame.clone(),
    }
}

/// A text without the characters by which icon fonts draw.
fn spoken(text: &str) -> String {
    let icon = |letter: &char| matches!(letter, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    collapse(&text.chars().filter(|letter| !icon(letter)).collect::<String>())
}

fn kind(found: &glim_env::Element, field: bool, source: &str) -> &'static str {
    let wordless = found.text.trim().is_empty() && source != "value";
    let small = found.rect.width.max(found.rect.height) <= f64::from(ICON_CSS);
    // What is disabled is a control all the same.
    let operable = found.clickable || matches!(found.role.as_str(), "button" | "link" | "tab" | "menuitem" | "option");
    let pictured = found.role == "img" || matches!(found.tag.as_str(), "img" | "svg" | "canvas" | "video");
    match found.role.as_str() {
        _ if field => "field",
        "checkbox" | "radio" | "switch" | "menuitemcheckbox" | "menuitemradio" => "control",
        _ if wordless && small && (operable || pictured) => "icon",
        _ if pictured && wordless => "image",
        _ if operable => "control",
        "dialog" | "alertdialog" | "group" | "list" | "table" | "row" | "grid" => "group",
        _ if found.scrollable => "group",
        _ => "text",
    }
}

fn states(states: &glim_env::States) -> Vec<String> {
    let either = |is: Option<bool>, yes: &'static str, no: &'static str| is.map(|is| if is { yes } else { no });
    let only = |is: bool, name: &'static str| is.then_some(name);
    [
        either(states.checked, "checked", "unchecked"),
        either(states.expanded, "expanded", "collapsed"),
        states.selected.filter(|&selected| selected).map(|_| "selected"),
        only(states.disabled, "disabled"),
        only(states.focused, "focused"),
        only(states.readonly, "readonly"),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect()
}

/// Why an element is not there as a person would say it is.
fn flaw(found: &glim_env::Element, element: &Element, picture: &Picture, scale: f32) -> Option<&'static str> {
    let [left, top, right, bottom] = element.box_px;
    if (right - left).min(bottom - top) < SMALLEST_CSS * scale {
        return Some("too_small");
    }
    if element.kind == "group" && element.text.is_empty() {
        return Some("nameless_group");
    }
    let height = (bottom - top) / scale;
    let in_sight = match element.kind.as_str() {
        "text" => LEGIBLE,
        _ if height < BARE_LINE_CSS => LEGIBLE,
        _ if height < LINE_CSS => LEGIBLE_IN_CONTROL,
        _ => IN_SIGHT,
    };
    if element.shown < in_sight {
        return Some("out_of_sight");
    }
    if element.visible < REACHED {
        return Some("covered");
    }
    if !found.central && longest_line(found).is_none() {
        return Some("middle_is_not_its_own");
    }
    if picture.is_plain(element.box_px) {
        return Some("nothing_painted");
    }
    None
}

/// Leaves one of each two elements that say the same in nearly the same place.
fn merge_doubles(seen: &mut Seen) {
    let mut by_text: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, element) in seen.elements.iter().enumerate() {
        if !element.text.is_empty() {
            by_text.entry(folded(&element.text)).or_default().push(at);
        }
    }
    let mut doubled = vec![false; seen.elements.len()];
    for same in by_text.values() {
        for (nth, &a) in same.iter().enumerate() {
            for &b in &same[nth + 1..] {
                let (one, other) = (&seen.elements[a], &seen.elements[b]);
                if doubled[a] || doubled[b] || contained(one.box_px, other.box_px) <= 0.8 {
                    continue;
                }
                // A field in a group of its name is no double; a picture in a link is.
                let worth = |element: &Element| (element.editable, element.clickable, element.kind != "group");
                doubled[if worth(one) >= worth(other) { b } else { a }] = true;
            }
        }
    }
    let count = doubled.iter().filter(|&&is| is).count() as u32;
    if count > 0 {
        seen.dropped.insert("says_the_same", count);
    }
    let mut keep = doubled.iter().map(|is| !is);
    seen.marks.retain(|_| keep.next().unwrap_or(true));
    let mut keep = doubled.iter().map(|is| !is);
    seen.elements.retain(|_| keep.next().unwrap_or(true));
}

/// What two boxes share, as a part of the smaller one.
pub fn contained(a: BoxPx, b: BoxPx) -> f32 {
    let shared = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0) * (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    shared / area(a).min(area(b)).max(1e-6)
}

/// Square image pixels.
pub fn area(of: BoxPx) -> f32 {
    (of[2] - of[0]).max(0.0) * (of[3] - of[1]).max(0.0)
}

fn count_same_text(elements: &mut [Element]) {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for element in elements.iter() {
        *counts.entry(folded(&element.text)).or_default() += 1;
    }
    for element in elements {
        element.n_same_text = if element.text.is_empty() { 0 } else { counts[&folded(&element.text)] };
    }
}

/// Why nothing may be asked about an element.
fn unaskable(element: &Element, picture: &Picture) -> Vec<String> {
    let mut reasons = Vec::new();
    let share = area(element.box_px) / (picture.width() * picture.height()) as f32;
    if share > LARGEST_SHARE {
        reasons.push("too_large");
    }
    if element.text.is_empty() {
        reasons.push("no_text");
    }
    if element.text.chars().count() > LONGEST_TEXT {
        reasons.push("long_text");
    }
    if crate::words::is_garbage(&element.text) && !element.text.is_empty() {
        reasons.push("garbage");
    }
    reasons.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use glim_env::{Point, States, Viewport};

    fn button(mark: u32, text: &str, x: f64) -> glim_env::Element {
        glim_env::Element {
            mark,
            role: "button".into(),
            tag: "button".into(),
            name: text.into(),
            text: text.into(),
            value: None,
            input_type: String::new(),
            states: States::default(),
            rect: Rect::new(x, 10.0, 60.0, 20.0),
            fragments: Vec::new(),
            point: Point::new(x + 30.0, 20.0),
            visible: 1.0,
            shown: 1.0,
            central: true,
            clickable: true,
            editable: false,
            scrollable: false,
            options: Vec::new(),
            frame: Vec::new(),
        }
    }

    fn screen(elements: Vec<glim_env::Element>) -> Observation {
        Observation {
            screenshot: Default::default(),
            viewport: Viewport::new(400, 300),
            url: String::new(),
            title: String::new(),
            tabs: Vec::new(),
            scroll: Default::default(),
            elements,
            notices: Vec::new(),
            settled: true,
        }
    }

    #[test]
    fn what_is_disabled_is_a_control_or_a_field() {
        let button = glim_env::Element { clickable: false, ..button(1, "Save", 10.0) };
        let field = glim_env::Element { role: "textbox".into(), text: String::new(), ..button.clone() };
        let kinds = [&button, &field].map(|found| describe(found, 1.0).kind);
        assert_eq!(kinds, ["control", "field"]);
        let text = glim_env::Element { role: "text".into(), ..button };
        assert_eq!(describe(&text, 1.0).kind, "text");
    }

    #[test]
    fn a_row_may_be_cut_by_more_than_a_bare_line_of_text() {
        let picture = Picture::of(image::RgbImage::from_fn(400, 300, |x, _| image::Rgb([(x * 16) as u8; 3])));
        let cut = |height: f64, shown: f64, clickable: bool| {
            let role = if clickable { "link" } else { "text" };
            let rect = Rect::new(10.0, 10.0, 60.0, height);
            let found = glim_env::Element { rect, shown, clickable, role: role.into(), ..button(1, "Orders", 10.0) };
            flaw(&found, &describe(&found, 1.0), &picture, 1.0)
        };
        assert_eq!((cut(26.0, 0.65, true), cut(60.0, 0.55, true)), (None, None));
        let unread = Some("out_of_sight");
        assert_eq!((cut(12.0, 0.65, true), cut(26.0, 0.65, false), cut(26.0, 0.55, true)), (unread, unread, unread));
    }

    #[test]
    fn words_without_a_painted_pixel_are_no_words() {
        let word =
            |text: &str, left: f32, top: f32| Word { text: text.into(), box_px: [left, top, left + 30.0, top + 12.0] };
        let line = |text: &str, words: Vec<Word>| Line { text: text.into(), words, ..Line::default() };
        // Ink above 100 pixels, none below.
        let picture = Picture::checkered(400, 300, 100);
        let seen = [
            line("one two-three", vec![word("one", 0.0, 10.0), word("two", 40.0, 10.0), word("-three", 70.0, 10.0)]),
            line("a b c", vec![word("a", 0.0, 40.0), word("b", 40.0, 200.0), word("c", 80.0, 40.0)]),
            line("no ink", vec![word("no", 0.0, 200.0), word("ink", 40.0, 200.0)]),
        ];
        let painted = painted(seen.to_vec(), &picture);
        assert_eq!(painted[0], seen[0]);
        let [_, second] = &painted[..] else { panic!("{painted:?}") };
        assert_eq!((second.text.as_str(), second.words.len(), second.box_px), ("a c", 2, [0.0, 40.0, 110.0, 52.0]));
    }

    #[test]
    fn a_link_over_two_lines_is_told_by_the_longer() {
        let lines = |first: f64, last: f64| glim_env::Element {
            rect: Rect::new(10.0, 10.0, 200.0, 40.0),
            fragments: vec![Rect::new(210.0 - first, 10.0, first, 18.0), Rect::new(10.0, 32.0, last, 18.0)],
            central: false,
            ..button(1, "runs over", 10.0)
        };
        let line = longest_line(&lines(120.0, 30.0)).copied();
        assert_eq!(line, Some(Rect::new(90.0, 10.0, 120.0, 18.0)));
        let told = describe(&lines(120.0, 30.0), 2.0);
        assert_eq!((told.box_px, told.point_px), ([180.0, 20.0, 420.0, 56.0], [300.0, 38.0]));
        let hidden = glim_env::Element { visible: 0.6, ..lines(120.0, 30.0) };
        let whole = glim_env::Element { central: true, ..lines(120.0, 30.0) };
        let mut beside = lines(120.0, 30.0);
        beside.fragments[1].y = 10.0;
        for other in [hidden, whole, beside] {
            assert_eq!(longest_line(&other), None);
        }
    }

    #[test]
    fn what_is_not_really_there_is_left_out_with_its_reason() {
        let flawed = [
            glim_env::Element { rect: Rect::new(0.0, 0.0, 60.0, 3.0), ..button(1, "a", 0.0) },
            glim_env::Element { shown: 0.4, ..button(2, "b", 0.0) },
            glim_env::Element { visible: 0.3, ..button(3, "c", 0.0) },
            glim_env::Element { central: false, ..button(4, "d", 0.0) },
            glim_env::Element { rect: Rect::new(300.0, 200.0, 60.0, 20.0), ..button(5, "e", 0.0) },
        ];
        let whole = button(6, "f", 100.0);
        let seen = elements(&screen(flawed.into_iter().chain([whole]).collect()), &Picture::checkered(400, 300, 200));
        assert_eq!(seen.marks, [6]);
        assert_eq!((seen.elements[0].id, seen.elements[0].box_px), (1, [100.0, 10.0, 160.0, 30.0]));
        let reasons: Vec<_> = seen.dropped.keys().copied().collect();
        assert_eq!(reasons, ["covered", "middle_is_not_its_own", "nothing_painted", "out_of_sight", "too_small"]);
    }

    #[test]
    fn of_two_that_say_the_same_in_one_place_the_one_to_operate_stays() {
        let text = glim_env::Element { role: "text".into(), clickable: false, ..button(1, "Save", 100.0) };
        let seen = elements(
            &screen(vec![text, button(2, "save", 101.0), button(3, "Save", 300.0)]),
            &Picture::checkered(400, 300, 400),
        );
        assert_eq!(seen.marks, [2, 3]);
        assert!(seen.elements.iter().all(|element| element.n_same_text == 2));
    }

    #[test]
    fn text_is_what_can_be_read_then_what_a_field_holds_then_the_name() {
        let field = glim_env::Element {
            role: "textbox".into(),
            editable: true,
            text: String::new(),
            value: Some("ada@example.org".into()),
            input_type: "email".into(),
            ..button(1, "E-mail", 0.0)
        };
        let secret = glim_env::Element { input_type: "password".into(), ..field.clone() };
        let icon =
            glim_env::Element { text: String::new(), rect: Rect::new(0.0, 0.0, 24.0, 24.0), ..button(1, "Close", 0.0) };
        let told = |found: &glim_env::Element| {
            let element = describe(found, 2.0);
            (element.text, element.text_source, element.kind)
        };
        let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(told(&field), owned("ada@example.org", "value", "field"));
        assert_eq!(told(&secret), owned("E-mail", "name", "field"));
        assert_eq!(told(&icon), owned("Close", "name", "icon"));
        assert_eq!(told(&button(1, "Go", 0.0)), owned("Go", "painted", "control"));
        assert_eq!(describe(&icon, 2.0).box_px, [0.0, 0.0, 48.0, 48.0]);
    }
}
