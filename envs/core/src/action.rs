//! What an agent can do. One enum serves every environment; each says which kinds it takes.

use serde::{Deserialize, Serialize};

use crate::{Css, Point};

/// Where an action is aimed: at a point of the viewport, or at an element of the last observation by its mark.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A place in the viewport.
    Point(Point<Css>),
    /// [`crate::Element::mark`] of an element in the observation that the agent was shown last.
    Mark(u32),
}

impl From<Point<Css>> for Target {
    fn from(point: Point<Css>) -> Self {
        Target::Point(point)
    }
}

/// A mouse button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    /// The primary one.
    #[default]
    Left,
    /// The one that opens context menus.
    Right,
    /// The wheel.
    Middle,
}

/// One action of an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Press and release a mouse button `count` times (2 is a double click).
    Click {
        /// Where.
        target: Target,
        /// Which button.
        #[serde(default)]
        button: Button,
        /// How often, 1..=3.
        #[serde(default = "once")]
        count: u8,
    },
    /// Move the pointer there and leave it.
    Hover {
        /// Where.
        target: Target,
    },
    /// Press at `from`, move to `to`, release.
    Drag {
        /// Where the button goes down.
        from: Target,
        /// Where it goes up.
        to: Target,
    },
    /// Write text into the target, or into what has the focus if there is none.
    Type {
        /// A field to click first.
        target: Option<Target>,
        /// Any Unicode; a line break presses Enter.
        text: String,
        /// Replace what the field holds instead of adding to it.
        #[serde(default)]
        replace: bool,
        /// Press Enter afterwards.
        #[serde(default)]
        submit: bool,
    },
    /// Press a chord, such as `Enter`, `Control+a` or `Shift+ArrowLeft` (names of DOM `KeyboardEvent.key`).
    Keys {
        /// Keys joined by `+`; the last one is pressed while the others are held.
        chord: String,
    },
    /// Turn the wheel.
    Scroll {
        /// Where the pointer is; the middle of the viewport if absent.
        target: Option<Target>,
        /// CSS pixels to the right.
        dx: f64,
        /// CSS pixels downwards.
        dy: f64,
    },
    /// Choose an option of a list box by its label or value.
    Select {
        /// The list box.
        target: Target,
        /// Label or value of the option.
        option: String,
    },
    /// Load a URL in the active tab.
    Navigate {
        /// Absolute; `https` is assumed where the scheme is missing.
        url: String,
    },
    /// One step back in the tab's history.
    Back,
    /// One step forward in the tab's history.
    Forward,
    /// Load the page again.
    Reload,
    /// Open a tab and make it the active one.
    OpenTab {
        /// What to load in it, an empty page if absent.
        url: Option<String>,
    },
    /// Make another tab the active one.
    SwitchTab {
        /// Position in [`crate::Observation::tabs`].
        index: usize,
    },
    /// Close a tab.
    CloseTab {
        /// Position in [`crate::Observation::tabs`]; the active one if absent.
        index: Option<usize>,
    },
    /// Let time pass.
    Wait {
        /// Milliseconds of the page's clock.
        ms: u64,
    },
    /// End the episode with an answer.
    Answer {
        /// The answer.
        text: String,
    },
    /// End the episode: the goal is reached.
    Done,
    /// End the episode: the goal cannot be reached.
    Fail {
        /// Why, in the agent's words.
        reason: String,
    },
}

fn once() -> u8 {
    1
}

/// The kinds of [`Action`], for saying what an environment takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ActionKind {
    Click,
    Hover,
    Drag,
    Type,
    Keys,
    Scroll,
    Select,
    Navigate,
    Back,
    Forward,
    Reload,
    OpenTab,
    SwitchTab,
    CloseTab,
    Wait,
    Answer,
    Done,
    Fail,
}

impl Action {
    /// A single left click.
    pub fn click(target: impl Into<Target>) -> Action {
        Action::Click { target: target.into(), button: Button::Left, count: 1 }
    }

    /// Its kind.
    pub fn kind(&self) -> ActionKind {
        match self {
            Action::Click { .. } => ActionKind::Click,
            Action::Hover { .. } => ActionKind::Hover,
            Action::Drag { .. } => ActionKind::Drag,
            Action::Type { .. } => ActionKind::Type,
            Action::Keys { .. } => ActionKind::Keys,
            Action::Scroll { .. } => ActionKind::Scroll,
            Action::Select { .. } => ActionKind::Select,
            Action::Navigate { .. } => ActionKind::Navigate,
            Action::Back => ActionKind::Back,
            Action::Forward => ActionKind::Forward,
            Action::Reload => ActionKind::Reload,
            Action::OpenTab { .. } => ActionKind::OpenTab,
            Action::SwitchTab { .. } => ActionKind::SwitchTab,
            Action::CloseTab { .. } => ActionKind::CloseTab,
            Action::Wait { .. } => ActionKind::Wait,
            Action::Answer { .. } => ActionKind::Answer,
            Action::Done => ActionKind::Done,
            Action::Fail { .. } => ActionKind::Fail,
        }
    }

    /// Whether it ends the episode; such an action is for the harness and never reaches the world.
    pub fn ends_episode(&self) -> bool {
        matches!(self, Action::Answer { .. } | Action::Done | Action::Fail { .. })
    }

    /// The places it is aimed at, in the order in which the pointer visits them.
    pub fn targets(&self) -> Vec<Target> {
        match self {
            Action::Click { target, .. } | Action::Hover { target } | Action::Select { target, .. } => vec![*target],
            Action::Drag { from, to } => vec![*from, *to],
            Action::Type { target, .. } | Action::Scroll { target, .. } => target.iter().copied().collect(),
            _ => Vec::new(),
        }
    }
}
