//! Referring expressions: words that name one element of a screen, or a set of them, and what they name when read back.
//!
//! An expression is made for an element and then resolved against all that can be seen, the way a careful reader might
//! misread it: a name matches whatever has it in its text and could be taken for the noun, a place matches whatever lies
//! there. Only what resolves to its own target is used, so it is unambiguous by construction *and* checked.

use glim_data::record::{BoxPx, Element};

use super::function;
use super::noun::{Class, class, noun, plural};
use crate::words::{folded, has_words};

/// In which direction the target lies, seen from the anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Left of it.
    Left,
    /// Right of it.
    Right,
    /// Above it.
    Above,
    /// Below it.
    Below,
}

/// From where likes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the top.
    Down,
    /// From the left.
    Across,
}

/// Words that name something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// By what is written on it.
    Name { noun: &'static str, class: Class, text: String },
    /// By being the only one of its kind.
    Role { noun: &'static str },
    /// By what it does.
    Function { phrase: &'static str },
    /// By its position among likes, from 0.
    Ordinal { nth: usize, of: usize, order: Order, noun: &'static str, class: Class, text: String },
    /// By where it lies beside something with a name.
    Relation { noun: &'static str, side: Side, anchor: String },
    /// By the state it is in.
    State { noun: &'static str, state: &'static str },
    /// By what its picture means.
    Icon { name: String },
    /// All of a kind.
    Several { noun: &'static str },
}

const ORDINALS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];

/// States that can be seen, with the adjective.
const STATES: [(&str, &str); 5] = [
    ("checked", "checked"),
    ("unchecked", "unchecked"),
    ("selected", "selected"),
    ("disabled", "greyed-out"),
    ("expanded", "expanded"),
];

/// How far a target may lie from its anchor, in anchor heights.
const NEAR: f32 = 6.0;

impl Expression {
    /// The kind, as records name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Expression::Name { .. } => "name",
            Expression::Role { .. } => "role",
            Expression::Function { .. } => "function",
            Expression::Ordinal { .. } => "ordinal",
            Expression::Relation { .. } => "relation",
            Expression::State { .. } => "state",
            Expression::Icon { .. } => "icon",
            Expression::Several { .. } => "several",
        }
    }

    /// As a noun phrase: `the second “Edit” button from the top`.
    pub fn words(&self) -> String {
        match self {
            Expression::Name { noun, text, .. } if *noun == "text" => format!("the text “{text}”"),
            Expression::Name { noun, text, .. } => format!("the “{text}” {noun}"),
            Expression::Role { noun } => format!("the {noun}"),
            Expression::Function { phrase } => format!("what to use to {phrase}"),
            Expression::Ordinal { nth, of, order, noun, text, .. } => {
                let which = if nth + 1 == *of && *of > 2 { "last" } else { ORDINALS[*nth] };
                let from = match order {
                    Order::Down => "from the top",
                    Order::Across => "from the left",
                };
                let from = if which == "last" { String::new() } else { format!(" {from}") };
                let order = match order {
                    Order::Down => " down the page",
                    Order::Across => " to the right",
                };
                let order = if which == "last" { order } else { "" };
                format!("the {which} “{text}” {noun}{from}{order}")
            }
            Expression::Relation { noun, side, anchor } => {
                let side = match side {
                    Side::Left => "left of",
                    Side::Right => "right of",
                    Side::Above => "above",
                    Side::Below => "below",
                };
                format!("the {noun} {side} “{anchor}”")
            }
            Expression::State { noun, state } => {
                let adjective = STATES.iter().find(|(known, _)| known == state).map_or(*state, |(_, said)| said);
                format!("the {adjective} {noun}")
            }
            Expression::Icon { name } => format!("the “{name}” icon"),
            Expression::Several { noun } => format!("all {}", plural(noun)),
        }
    }

    /// Which of `elements` a reader may take it to name, as positions.
    pub fn resolve(&self, elements: &[Element]) -> Vec<usize> {
        let matching = |test: &dyn Fn(&Element) -> bool| {
            elements.iter().enumerate().filter(|(_, element)| test(element)).map(|(at, _)| at).collect::<Vec<_>>()
        };
        match self {
            Expression::Name { class, text, .. } => matching(&|element| may_be_called(element, *class, &folded(text))),
            Expression::Icon { name } => {
                matching(&|element| may_be_called(element, Class::Operable, &folded(name)) || has_name(element, &folded(name)))
            }
            Expression::Role { noun: wanted } => matching(&|element| could_be(element, wanted)),
            Expression::Several { noun: wanted } => matching(&|element| could_be(element, wanted)),
            Expression::Function { phrase } => matching(&|element| function::of(element) == Some(phrase)),
            Expression::State { noun: wanted, state } => matching(&|element| {
                could_be(element, wanted) && element.states.iter().any(|known| known == state)
            }),
            Expression::Ordinal { nth, order, class, text, .. } => {
                let mut likes = matching(&|element| may_be_called(element, *class, &folded(text)));
                likes.sort_by(|&a, &b| along(&elements[a], *order).total_cmp(&along(&elements[b], *order)));
                let apart = likes.windows(2).all(|pair| follows(&elements[pair[0]], &elements[pair[1]], *order));
                if apart { likes.get(*nth).copied().into_iter().collect() } else { likes }
            }
            Expression::Relation { noun: wanted, side, anchor } => {
                let anchor = folded(anchor);
                let anchors = matching(&|element| folded(&element.text) == anchor && element.text_source == "painted");
                let [only] = anchors[..] else { return Vec::new() };
                beside(elements, only, *side, wanted)
            }
        }
    }
}

/// Whether an element of this class might be meant by a name; both folded.
fn may_be_called(element: &Element, wanted: Class, name: &str) -> bool {
    if class(element) != wanted {
        return false;
    }
    let text = folded(&element.text);
    if text == name || has_name(element, name) {
        return true;
    }
    // `Edit` may be read into `Edit page`, but hardly into a paragraph.
    has_words(&text, name) && text.split(' ').count() <= name.split(' ').count() + 3
}

fn has_name(element: &Element, name: &str) -> bool {
    folded(&element.name) == name
}

/// Whether a person might call an element by this noun.
fn could_be(element: &Element, wanted: &str) -> bool {
    let own = noun(element);
    own == wanted
        || match wanted {
            "search field" => own == "text field" && folded(&element.name).contains("search"),
            "text field" => own.ends_with("field"),
            "button" => class(element) == Class::Operable && own == "icon",
            "icon" => element.kind == "icon",
            "picture" => element.kind == "image",
            _ => false,
        }
}

fn middle(of: BoxPx) -> [f32; 2] {
    [(of[0] + of[2]) / 2.0, (of[1] + of[3]) / 2.0]
}

fn along(element: &Element, order: Order) -> f32 {
    let [x, y] = middle(element.box_px);
    match order {
        Order::Down => y,
        Order::Across => x,
    }
}

/// Whether nobody would count `b` before `a`.
fn follows(a: &Element, b: &Element, order: Order) -> bool {
    let (a, b) = (a.box_px, b.box_px);
    match order {
        Order::Down => b[1] >= (a[1] + a[3]) / 2.0 && b[3] > a[3],
        Order::Across => b[0] >= (a[0] + a[2]) / 2.0 && b[2] > a[2] && overlap(a[1], a[3], b[1], b[3]) > 0.5,
    }
}

/// What two stretches share, as a part of the shorter one.
fn overlap(a0: f32, a1: f32, b0: f32, b1: f32) -> f32 {
    (a1.min(b1) - a0.max(b0)).max(0.0) / (a1 - a0).min(b1 - b0).max(1e-3)
}

/// The elements with this noun that lie straight beside the anchor, nearest first; only the nearest where the next one is
/// much further off.
fn beside(elements: &[Element], anchor: usize, side: Side, wanted: &str) -> Vec<usize> {
    let from = elements[anchor].box_px;
    let mut found: Vec<(f32, usize)> = elements
        .iter()
        .enumerate()
        .filter(|&(at, element)| at != anchor && could_be(element, wanted))
        .filter_map(|(at, element)| {
            let to = element.box_px;
            let (gap, aligned) = match side {
                Side::Right => (to[0] - from[2], overlap(from[1], from[3], to[1], to[3])),
                Side::Left => (from[0] - to[2], overlap(from[1], from[3], to[1], to[3])),
                Side::Below => (to[1] - from[3], overlap(from[0], from[2], to[0], to[2])),
                Side::Above => (from[1] - to[3], overlap(from[0], from[2], to[0], to[2])),
            };
            (gap > -2.0 && aligned > 0.5).then_some((gap.max(0.0), at))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    match found[..] {
        [(gap, nearest), (next, _), ..] if next > 3.0 * gap + 24.0 => vec![nearest],
        _ => found.into_iter().map(|(_, at)| at).collect(),
    }
}

/// Everything by which an element might be named, most natural first; not yet checked.
pub fn candidates(elements: &[Element], target: usize) -> Vec<Expression> {
    let element = &elements[target];
    let (own_noun, own_class) = (noun(element), class(element));
    let mut all = Vec::new();
    let speaks = !element.text.is_empty() && element.reject.is_empty();
    if speaks && !own_noun.is_empty() && own_class != Class::Group {
        let named = element.kind == "icon" || element.text_source == "painted" || own_class != Class::Operable;
        if element.kind == "icon" {
            all.push(Expression::Icon { name: element.text.clone() });
        } else if named {
            let text = if own_class == Class::Field { element.name.clone() } else { element.text.clone() };
            if !text.is_empty() {
                all.push(Expression::Name { noun: own_noun, class: own_class, text });
            }
        }
        if element.n_same_text > 1 {
            all.extend(ordinals(elements, target, own_noun, own_class));
        }
    }
    if own_class != Class::Text && !own_noun.is_empty() && own_class != Class::Group {
        for (state, _) in STATES {
            if element.states.iter().any(|known| known == state) {
                all.push(Expression::State { noun: own_noun, state });
            }
        }
        if !matches!(own_noun, "link" | "icon" | "picture") {
            all.push(Expression::Role { noun: own_noun });
        }
        all.extend(relations(elements, target, own_noun));
    }
    if let Some(phrase) = function::of(element) {
        all.push(Expression::Function { phrase });
    }
    all
}

fn ordinals(elements: &[Element], target: usize, noun: &'static str, of_class: Class) -> Vec<Expression> {
    let text = folded(&elements[target].text);
    let mut likes: Vec<usize> =
        (0..elements.len()).filter(|&at| class(&elements[at]) == of_class && folded(&elements[at].text) == text).collect();
    if !(2..=ORDINALS.len()).contains(&likes.len()) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for order in [Order::Down, Order::Across] {
        likes.sort_by(|&a, &b| along(&elements[a], order).total_cmp(&along(&elements[b], order)));
        let Some(nth) = likes.iter().position(|&at| at == target) else { continue };
        let text = elements[target].text.clone();
        all.push(Expression::Ordinal { nth, of: likes.len(), order, noun, class: of_class, text });
    }
    all
}

fn relations(elements: &[Element], target: usize, noun: &'static str) -> Vec<Expression> {
    let to = elements[target].box_px;
    let mut near: Vec<(f32, Expression)> = Vec::new();
    for (at, anchor) in elements.iter().enumerate() {
        let words = anchor.text.split(' ').count();
        if at == target || anchor.text_source != "painted" || !anchor.reject.is_empty() || words > 6 || anchor.n_same_text != 1 {
            continue;
        }
        let from = anchor.box_px;
        let (rows, columns) = (overlap(from[1], from[3], to[1], to[3]), overlap(from[0], from[2], to[0], to[2]));
        let tall = (from[3] - from[1]).max(8.0);
        for (side, gap, aligned) in [
            (Side::Right, to[0] - from[2], rows),
            (Side::Left, from[0] - to[2], rows),
            (Side::Below, to[1] - from[3], columns),
            (Side::Above, from[1] - to[3], columns),
        ] {
            if gap > -2.0 && aligned > 0.5 && gap < NEAR * tall {
                near.push((gap, Expression::Relation { noun, side, anchor: anchor.text.clone() }));
            }
        }
    }
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.into_iter().take(3).map(|(_, expression)| expression).collect()
}
