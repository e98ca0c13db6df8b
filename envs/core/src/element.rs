//! An element that is really there: visible by hit-testing, with what a person would know of it.

use serde::{Deserialize, Serialize};

use crate::{Css, Point, Rect};

/// One visible element of the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// The number by which an action can name it; unique in one observation, counted from 1 in reading order.
    pub mark: u32,
    /// ARIA role, given or implied by the tag: `button`, `link`, `textbox`, `checkbox`, `combobox`, `img`, `text`, ...
    pub role: String,
    /// Lower-case tag name.
    pub tag: String,
    /// Accessible name.
    pub name: String,
    /// Text painted inside it, white space collapsed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What a field holds; never that of a password field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The type of an `<input>`, lower case: `email`, `password`, `checkbox`; empty for all else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub input_type: String,
    /// Conditions it is in.
    #[serde(default)]
    pub states: States,
    /// Its box, clipped to the viewport.
    pub rect: Rect<Css>,
    /// The pieces of one that runs over several lines or columns, clipped like its box, which is their hull; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fragments: Vec<Rect<Css>>,
    /// A point where a click reaches it.
    pub point: Point<Css>,
    /// The share of its box where a hit-test finds it or something inside it, 0..=1.
    pub visible: f64,
    /// The share of its whole box that lies in sight, neither scrolled away nor cut off, 0..=1.
    #[serde(default)]
    pub shown: f64,
    /// A hit test at the middle of its box finds it.
    #[serde(default)]
    pub central: bool,
    /// A click does something.
    #[serde(default)]
    pub clickable: bool,
    /// Text can be typed into it.
    #[serde(default)]
    pub editable: bool,
    /// Its content can be scrolled.
    #[serde(default)]
    pub scrollable: bool,
    /// The options of a list box.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// The frames it lies in, outermost first, as positions among the frames of each document; empty in the top one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frame: Vec<u32>,
}

/// Conditions of an element; `None` where the condition does not apply to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct States {
    /// A check box, radio button or switch is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked: Option<bool>,
    /// A disclosure is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expanded: Option<bool>,
    /// An option, tab or row is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<bool>,
    /// It cannot be operated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// It has the keyboard.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub focused: bool,
    /// It can be read but not changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub readonly: bool,
}

/// One option of a list box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What is shown.
    pub label: String,
    /// What the form sends.
    pub value: String,
    /// Whether it is chosen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub selected: bool,
}
