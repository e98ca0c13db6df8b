//! Data families that the renderer gives beside grounding: pages set from plain text to be read back ([`OcrRecipe`]), and
//! screenshots with the code that gives them ([`code`]).
//!
//! Pages to be read are HTML that is a function of the seed and the page's number. The browser sets them; what it read off
//! the screen must then be what was given to it, letter by letter, or the page is dropped. Against a text renderer of our
//! own this costs a page load and gives fonts, scripts, shaping and line breaks as people meet them.

pub mod code;
pub mod colour;
pub mod corpus;
pub mod fonts;
pub mod ground;
mod layout;
pub mod press;
mod questions;
mod reading;
mod recipe;
pub mod setting;
mod table;

pub use press::{Press, PressError};
pub use recipe::{Layout, OcrRecipe};
