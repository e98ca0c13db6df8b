//! The reading half: shards, episodes and text become packed sequences that a trainer can compute with.
//!
//! ```text
//! recipe ── mixture: which sample comes at stream index i, a function of the seed and i
//!              │
//!              v
//!           sample: a conversation, its picture's file, what is learned, what covers the picture
//!              │ measured: token ids and weights, from the picture's size alone
//!              v
//!           pack: samples in stream order, up to a budget of tokens
//!              │ finished: pixels decoded, changed, cut into patches, labels for each image token
//!              v
//!           loader: the same on worker threads, ahead of the trainer, in the same order
//! ```
//!
//! **Order.** Nothing depends on time or on the number of workers: a [`Cursor`] and the seed say what comes next, so a
//! resumed run sees what an uninterrupted one would have seen, bit for bit. Micro-batch `k` belongs to rank
//! `k % world`; every rank measures all samples, which needs no pixels, and decodes its own.
//!
//! **What costs what.** Measuring a sample is a template and a tokenizer; decoding is most of the work, and grows with
//! the picture. Screens are read from memory if all of them fit the recipe's budget, else row by row.

mod augment;
mod curate;
mod episodes;
mod labels;
mod letters;
mod loader;
mod mixture;
mod pack;
mod places;
mod prepared;
mod prompts;
mod recipe;
mod rows;
mod sample;
mod screens;
mod spans;
#[cfg(test)]
mod tests;
mod texts;

pub use augment::Change;
pub use curate::{Curation, Fault, curate};
pub(crate) use episodes::collect as episode_files;
pub use labels::CellLabel;
pub use letters::{KINDS as LETTER_KINDS, NO_LETTER, PatchLetters, SLOTS as LETTER_SLOTS, UNKNOWN as UNKNOWN_LETTERS};
pub use loader::{Batch, Loader, Share, Statistics};
pub use mixture::{Mixture, Ready};
pub use pack::Cursor;
pub use prepared::{Measured, Named, Prepared};
pub use prompts::{Moment, Prompter};
pub use recipe::{
    AugmentRecipe, DataRecipe, EpisodesRecipe, Learn, Places, PromptForm, ScreensRecipe, SourceRecipe, TextRecipe,
    Thinking,
};
pub use sample::{Asked, Learned, Origin, Sample, Scene};
