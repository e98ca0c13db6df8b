//! Questions that are answered with what can be read or seen: text of a region, captions of controls, what a page is about.

use glim_data::coordinates::norm_box;
use glim_data::record::{BoxPx, Element, Line, Question};

use super::noun::{Class, a, class, noun};
use super::{Maker, sentence, template};
use crate::elements::area;

/// Lines of one region at the most.
const MOST_LINES: usize = 6;

/// Text lower than this is hardly legible, in image pixels.
const LEGIBLE_PX: f32 = 9.0;

fn hull(lines: &[&Line]) -> BoxPx {
    lines.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |hull, line| {
        let own = line.box_px;
        [hull[0].min(own[0]), hull[1].min(own[1]), hull[2].max(own[2]), hull[3].max(own[3])]
    })
}

fn shared(a: BoxPx, b: BoxPx) -> f32 {
    (a[2].min(b[2]) - a[0].max(b[0])).max(0.0) * (a[3].min(b[3]) - a[1].max(b[1])).max(0.0)
}

/// Regions whose text is known whole: nothing else that can be read reaches into them.
pub(super) fn ocr(maker: &mut Maker<'_>, most: usize) {
    let lines = &maker.screen.lines;
    let mut blocks: Vec<Vec<&Line>> = Vec::new();
    for line in lines {
        match blocks.last_mut() {
            Some(block) if block[0].block == line.block => block.push(line),
            _ => blocks.push(vec![line]),
        }
    }
    // Pictures and fields may show text that nobody read.
    let unread: Vec<BoxPx> = maker
        .all
        .iter()
        .filter(|element| element.kind == "image" || matches!(class(element), Class::Field))
        .map(|element| element.box_px)
        .collect();
    let mut regions = Vec::new();
    for block in &blocks {
        let place = hull(block);
        let legible = block.iter().all(|line| line.box_px[3] - line.box_px[1] >= LEGIBLE_PX && line.angle == 0.0);
        let alone = lines.iter().all(|line| line.block == block[0].block || shared(line.box_px, place) <= 0.05 * area(line.box_px));
        let clear = unread.iter().all(|other| shared(*other, place) <= 0.02 * area(place));
        let letters: usize = block.iter().map(|line| line.text.chars().filter(|letter| letter.is_alphanumeric()).count()).sum();
        let special = block.iter().any(|line| line.text.contains("<|"));
        if block.len() <= MOST_LINES && legible && alone && clear && letters >= 3 && !special {
            let text = block.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
            regions.push((place, text));
        }
    }
    for _ in 0..most {
        if regions.is_empty() {
            return;
        }
        let (place, text) = regions.swap_remove(maker.chance.below(regions.len()));
        let (width, height) = maker.size();
        let [left, top, right, bottom] = norm_box(place, width, height);
        let nth = maker.chance.below(1 << 16);
        let (template, prompt) = template::fill("read", &template::READ, nth, &format!("[[{left},{top},{right},{bottom}]]"));
        maker.add(Question {
            task: "ocr".to_owned(),
            kind: "region".to_owned(),
            template,
            prompt,
            answer: text,
            boxes_px: vec![place],
            ..Question::default()
        });
    }
}

/// What a control is, what it is called and how it is set.
pub(super) fn captions(maker: &mut Maker<'_>, most: usize) {
    let mut asked = 0;
    for target in maker.shuffled() {
        if asked == most {
            return;
        }
        let element = maker.screen.elements[target].clone();
        let speaks = matches!(class(&element), Class::Field | Class::Toggle | Class::Operable) && element.reject.is_empty();
        let Some(caption) = speaks.then(|| caption(&element)).flatten() else { continue };
        asked += 1;
        let nth = maker.chance.below(1 << 16);
        let (template, prompt) = template::fill("caption", &template::CAPTION, nth, &maker.place(&element));
        maker.add(Question {
            task: "caption".to_owned(),
            kind: "region".to_owned(),
            template,
            prompt,
            answer: caption,
            targets: vec![element.id],
            boxes_px: vec![element.box_px],
            ..Question::default()
        });
    }
}

fn caption(element: &Element) -> Option<String> {
    let noun = noun(element);
    let name = if element.name.is_empty() { &element.text } else { &element.name };
    if noun.is_empty() || name.is_empty() || name.contains("<|") {
        return None;
    }
    let mut said = format!("{} called “{name}”", a(noun));
    if class(element) == Class::Field {
        let empty = element.value.is_empty();
        if element.input_type == "password" {
            // What it holds is not known, and not to be told.
        } else if empty {
            said.push_str(", empty");
        } else {
            said.push_str(&format!(", filled with “{}”", element.value));
        }
    }
    let visible = ["checked", "unchecked", "expanded", "collapsed", "selected", "disabled"];
    let known: Vec<&str> = element
        .states
        .iter()
        .map(String::as_str)
        .filter(|state| visible.contains(state))
        .map(|state| match state {
            "unchecked" => "not checked",
            "disabled" => "greyed out",
            state => state,
        })
        .collect();
    if !known.is_empty() {
        said.push_str(&format!("; it is {}", known.join(" and ")));
    }
    Some(sentence(&said))
}

/// What the page is called and which headings can be seen.
pub(super) fn summary(maker: &mut Maker<'_>) {
    let screen = maker.screen;
    let title = crate::words::collapse(&screen.title);
    let headings: Vec<&Element> = screen
        .elements
        .iter()
        .filter(|element| element.role == "heading" && element.text_source == "painted" && element.reject.is_empty())
        .take(6)
        .collect();
    if crate::words::is_garbage(&title) || headings.is_empty() || title.contains("<|") {
        return;
    }
    let listed: Vec<String> = headings.iter().map(|heading| format!("“{}”", heading.text)).collect();
    let parts = if listed.len() == 1 { "The heading reads" } else { "The headings that can be seen are" };
    let answer = format!("The page is called “{title}”. {parts} {}.", listed.join(", "));
    let nth = maker.chance.below(1 << 16);
    let (template, prompt) = template::fill("summary", &template::SUMMARY, nth, "");
    let targets = headings.iter().map(|heading| heading.id).collect();
    maker.add(Question {
        task: "summary".to_owned(),
        kind: "text".to_owned(),
        template,
        prompt,
        answer,
        targets,
        boxes_px: headings.iter().map(|heading| heading.box_px).collect(),
        ..Question::default()
    });
}
