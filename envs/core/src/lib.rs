//! The contract between a world and whoever acts in it: what is observed, what can be done, what came of it.
//!
//! Everything here is plain data, so that an episode can be stored, replayed and judged without the world it came
//! from. No IO, no clock, no knowledge of browsers, devices or models. Errors are of three kinds that never mix: an
//! agent's mistake is a value ([`Outcome::Rejected`]), a broken world is an [`EnvError`], our own mistake is a panic.

pub mod conformance;

mod action;
mod element;
mod environment;
mod episode;
mod evidence;
mod geometry;
mod observation;
mod seed;
mod start;

pub use action::{Action, ActionKind, Button, Target};
pub use element::{Choice, Element, States};
pub use environment::{EnvError, Environment, Outcome, Step};
pub use episode::{Completion, End, Episode, SCHEMA_VERSION, Timings, TokenTrace, Turn};
pub use evidence::{Evidence, Query};
pub use geometry::{Css, Image, Norm, Point, Rect, Viewport};
pub use observation::{Notice, Observation, Screenshot, Scroll, Tab};
pub use seed::{Seed, SplitMix};
pub use start::{Clock, PictureStart, Reader, StartState, WebStart};
