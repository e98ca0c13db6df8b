//! Scripted solutions, by the kind of page: each looks at the goal and the screen only, as an agent would.

pub(super) mod apps;
pub(super) mod choices;
pub(super) mod dates;
pub(super) mod fields;
pub(super) mod menus;
pub(super) mod pointer;
pub(super) mod tables;
pub(super) mod text;
pub(super) mod widgets;
