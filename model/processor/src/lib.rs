//! From words and pictures to what GLM-4.1V reads: token ids, patches of pixels, and where in time and space each lies.
//!
//! There is no torch here, so that data can be prepared, and a tokenizer trained, without it.

mod error;
mod family;
mod input;
mod message;
mod patches;
mod picture;
mod placeholders;
mod processor;
mod resize;
mod settings;
mod template;
mod tokenizer;
mod video;

pub use error::ProcessorError;
pub use family::Family;
pub use input::{Grid, Input, Patches};
pub use message::{Content, Message};
pub use picture::Picture;
pub use processor::{Limits, Processor};
pub use resize::{Bounds, smart_resize};
pub use settings::{Settings, Size};
pub use template::{DEFAULT_TEMPLATE, Options, Template};
pub use tokenizer::{SPECIAL_TOKENS, StreamDecoder, Tokenizer, Training};
pub use video::{Frame, Video, VideoRules};
