//! A sample as the model reads it: first its tokens, which need the sizes of its pictures, then its pixels.

use std::ops::Range;
use std::sync::Arc;

use glim_processor::{
    Content, Grid, Message, Options, Patches, Picture, Processor, ProcessorError, SPECIAL_TOKENS, smart_resize,
};

use super::labels::{self, CellLabel};
use super::letters::{self, PatchLetters};
use super::sample::{MOST_PIXELS, Unfit, pictures};
use super::spans::{self, Spans};
use super::{Asked, Learned, Sample, Thinking};
use crate::DataError;

/// A sample whose tokens are known and whose pictures are still files.
#[derive(Debug, Clone)]
pub struct Measured {
    sample: Sample,
    ids: Vec<u32>,
    weights: Vec<f32>,
    grids: Vec<Grid>,
}

/// A sample as the model reads it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// In [`super::DataRecipe::sources`].
    pub source: usize,
    /// What it was made from, unique in its source.
    pub key: String,
    /// The site, or the task of an episode; empty for text.
    pub site: String,
    /// Token ids, with one `<|image|>` for each image token.
    pub ids: Vec<u32>,
    /// As many as ids: what predicting this token from those before it counts; 0 is not learned.
    pub weights: Vec<f32>,
    /// `[patches of all grids, channels * temporal * patch * patch]`, as [`Patches::pixels`].
    pub patches: Vec<f32>,
    /// Of each picture, in order.
    pub grids: Vec<Grid>,
    /// One for each image token, in the order of the sequence.
    pub labels: Vec<CellLabel>,
    /// One for each patch, in their order.
    pub letters: Vec<PatchLetters>,
    /// What the first question asks for.
    pub asked: Option<Asked>,
    /// What replies name, where that is known.
    pub named: Vec<Named>,
}

/// What a reply names on the first picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The tokens that predict the reply, in the sample.
    pub tokens: Range<usize>,
    /// The image tokens that show it, counted from the first.
    pub cells: Vec<usize>,
}

impl Measured {
    /// Tokens in all, image tokens included.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }

    /// What it was made from.
    pub fn sample(&self) -> &Sample {
        &self.sample
    }

    /// Tokenises a sample. `budget` is where plain text is cut.
    pub(super) fn of(
        sample: Sample,
        processor: &Processor,
        thinking: Thinking,
        budget: usize,
    ) -> Result<Measured, Unfit> {
        let wrong = |error: ProcessorError| Unfit::Broken(sample.origin.wrong(error));
        let mut parts = sample.messages.iter().flat_map(|message| &message.content);
        if parts.any(|part| matches!(part, Content::Prepared(_) | Content::Video(_))) {
            return Err(Unfit::Broken(
                sample.origin.wrong("it has a video or a prepared picture, which are not learned from"),
            ));
        }
        let grids = sample.sizes.iter().map(|size| grid(*size, processor)).collect::<Result<Vec<_>, _>>();
        let grids = grids.map_err(wrong)?;
        let Spans { ids, weights } = match sample.learned {
            Learned::Everything => plain(&sample, processor, budget)?,
            Learned::Replies => {
                let messages = stand_ins(&sample.messages, &grids);
                spans::replies(&messages, processor, thinking).map_err(|reason| sample.origin.wrong(reason))?
            }
        };
        if !weights.iter().any(|weight| *weight > 0.0) {
            return Err(Unfit::Dropped("nothing_to_learn"));
        }
        Ok(Measured { sample, ids, weights, grids })
    }

    /// Decodes, changes and cuts its pictures.
    ///
    /// # Errors
    /// If a picture is none, or has another size than was said; the error names the row.
    pub fn finish(self, processor: &Processor) -> Result<Prepared, DataError> {
        let Measured { sample, ids, weights, grids } = self;
        let wrong = |error: ProcessorError| sample.origin.wrong(error);
        let merge = processor.image_settings().merge_size;
        let mut patches = Vec::new();
        let mut labels = Vec::new();
        let mut written = Vec::new();
        for (at, encoded) in pictures(&sample.messages).enumerate() {
            let picture = Picture::decode(encoded, MOST_PIXELS).map_err(wrong)?;
            let (width, height) = sample.sizes[at];
            if (picture.width(), picture.height()) != (width as usize, height as usize) {
                let (w, h) = (picture.width(), picture.height());
                let reason = format!("its picture is {w}x{h} pixels, and it says {width}x{height}");
                return Err(sample.origin.wrong(reason));
            }
            let made = processor.picture(sample.change.of(picture)).map_err(wrong)?;
            let made = Arc::try_unwrap(made).expect("it was made here and is held once");
            match &sample.scene {
                Some(scene) if at == 0 => {
                    labels.extend(
                        labels::labels(scene, sample.sizes[at], made.grid, merge, processor.tokenizer())
                            .map_err(wrong)?,
                    );
                    written.extend(letters::letters(scene, sample.sizes[at], made.grid, merge));
                }
                _ => {
                    labels.extend(std::iter::repeat_n(CellLabel::NONE, made.grid.tokens(merge)));
                    written.extend(std::iter::repeat_n(letters::UNKNOWN, made.grid.patches()));
                }
            }
            if patches.is_empty() {
                patches = made.pixels;
            } else {
                patches.extend(made.pixels);
            }
        }
        // Of other pictures than the screen itself it is not known where things are.
        let screen = grids.first().filter(|_| sample.scene.is_some());
        let named = screen.map(|grid| named(&sample.asked, &weights, *grid, merge)).unwrap_or_default();
        let Sample { source, key, site, asked, .. } = sample;
        let asked = asked.into_iter().next();
        Ok(Prepared { source, key, site, ids, weights, patches, grids, labels, letters: written, asked, named })
    }
}

/// Which tokens predict what each reply names, and where that is shown. Nothing if the replies are not those that are learned.
fn named(asked: &[Asked], weights: &[f32], grid: Grid, merge: usize) -> Vec<Named> {
    let mut replies = Vec::new();
    let mut at = 0_usize;
    for run in weights.chunk_by(|a, b| (*a > 0.0) == (*b > 0.0)) {
        if run[0] > 0.0 {
            replies.push(at.saturating_sub(1)..at + run.len() - 1);
        }
        at += run.len();
    }
    if replies.len() != asked.len() {
        return Vec::new();
    }
    let named = replies.into_iter().zip(asked).map(|(tokens, asked)| {
        let cells = asked.boxes.iter().flat_map(|of| labels::shown(*of, grid, merge)).collect();
        Named { tokens, cells }
    });
    named.filter(|it| !it.cells.is_empty()).collect()
}

/// The grid of a picture of this size.
fn grid(size: (u32, u32), processor: &Processor) -> Result<Grid, ProcessorError> {
    let settings = processor.image_settings();
    let (mut height, mut width) = (size.1 as usize, size.0 as usize);
    if settings.do_resize {
        (height, width) = smart_resize(settings.temporal_patch_size, height, width, &settings.bounds())?;
    }
    Ok(Grid { t: 1, h: height / settings.patch_size, w: width / settings.patch_size })
}

/// The messages with pictures that have a size and no pixels.
fn stand_ins(messages: &[Message], grids: &[Grid]) -> Vec<Message> {
    let mut grids = grids.iter();
    let mut messages = messages.to_vec();
    for part in messages.iter_mut().flat_map(|message| &mut message.content) {
        if let Content::Image(_) = part {
            let grid = *grids.next().expect("each picture has a size");
            *part = Content::Prepared(Arc::new(Patches { grid, pixels: Vec::new(), key: 0 }));
        }
    }
    messages
}

/// Plain text behind what every text of the checkpoint begins with, and before its end.
fn plain(sample: &Sample, processor: &Processor, budget: usize) -> Result<Spans, Unfit> {
    let Some(Content::Text(text)) = sample.messages.first().and_then(|message| message.content.first()) else {
        return Err(Unfit::Dropped("empty"));
    };
    // They would be read as the real thing.
    if SPECIAL_TOKENS.iter().any(|(token, structure)| *structure && text.contains(token)) {
        return Err(Unfit::Dropped("special_tokens"));
    }
    let wrong = |error: ProcessorError| Unfit::Broken(sample.origin.wrong(error));
    let tokenizer = processor.tokenizer();
    let bare = Options { add_generation_prompt: false, ..Options::default() };
    let mut ids = match processor.render(&[], &bare) {
        Ok(beginning) => tokenizer.encode(&beginning).map_err(wrong)?,
        // There is no template, or it wants a message: then the text begins with itself.
        Err(_) => Vec::new(),
    };
    let begin = ids.len();
    ids.extend(tokenizer.encode(text).map_err(wrong)?);
    ids.extend(tokenizer.eos().first());
    ids.truncate(budget);
    let mut weights = vec![1.0; ids.len()];
    weights[..begin.min(ids.len())].fill(0.0);
    Ok(Spans { ids, weights })
}
