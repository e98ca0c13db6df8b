//! All of it together: messages in, [`Input`] out.
//!
//! ```text
//! [user: picture of 112 x 112, "Where is the button?"]
//!   ->  text   [gMASK]<sop><|user|>\n<|begin_of_image|><|image|><|end_of_image|>Where is the button?<|assistant|>\n
//!   ->  Input { ids: [151331, 151333, 151336, 198, 151339, 151343 x 16, 151340, ...], images: [8 x 8 patches] }
//! ```

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use crate::message::{Content, Message};
use crate::patches::Patcher;
use crate::placeholders::{self, IMAGE, Slices};
use crate::settings::read_json;
use crate::template::{Options, Template};
use crate::video::{Video, VideoRules};
use crate::{Family, Input, Patches, Picture, ProcessorError, Settings, Tokenizer};

/// What is refused before it takes memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of a picture or frame as it comes, before resizing.
    pub pixels: usize,
    /// Frames of a video that are looked at.
    pub frames: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pixels: 8192 * 8192, frames: 1024 }
    }
}

/// Everything between a conversation and the model.
#[derive(Debug)]
pub struct Processor {
    tokenizer: Tokenizer,
    template: Option<Template>,
    images: Patcher,
    videos: Patcher,
    rules: VideoRules,
    limits: Limits,
    /// `bos_token` and the like, which templates may name.
    special_tokens: Map<String, Value>,
}

/// A picture of a message, or one prepared before.
enum Seen<'m> {
    Encoded(&'m [u8]),
    Prepared(&'m Arc<Patches>),
}

impl Processor {
    /// That of a checkpoint's folder.
    ///
    /// # Errors
    /// [`ProcessorError::Io`], [`ProcessorError::File`], [`ProcessorError::Setting`], [`ProcessorError::Template`].
    pub fn open(dir: &Path) -> Result<Self, ProcessorError> {
        let (images, videos) = Settings::open(dir)?;
        let mut processor = Self::new(Tokenizer::open(dir)?, Template::open(dir)?, Family::open(dir)?, images, videos);
        let config = read_json(&dir.join("tokenizer_config.json"))?.unwrap_or_default();
        for name in ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] {
            let token = &config[name];
            if let Some(text) = token.as_str().or_else(|| token["content"].as_str()) {
                processor.special_tokens.insert(name.into(), text.into());
            }
        }
        Ok(processor)
    }

    /// One put together from its parts.
    pub fn new(
        tokenizer: Tokenizer,
        template: Option<Template>,
        family: Family,
        images: Settings,
        videos: Settings,
    ) -> Self {
        let rules = VideoRules::new(family, &videos);
        Self {
            tokenizer,
            template,
            images: Patcher::new(images),
            videos: Patcher::new(videos),
            rules,
            limits: Limits::default(),
            special_tokens: Map::new(),
        }
    }

    /// Writes a folder that [`Processor::open`] and Hugging Face's `AutoProcessor` read: the tokenizer's files, with
    /// [`crate::DEFAULT_TEMPLATE`], and the settings of pictures and videos.
    ///
    /// # Errors
    /// [`ProcessorError::Io`].
    pub fn save(&self, dir: &Path) -> Result<(), ProcessorError> {
        self.tokenizer.save(dir)?;
        Settings::save(dir, self.rules.family(), self.image_settings(), self.video_settings())
    }

    /// This with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How pictures are prepared.
    pub fn image_settings(&self) -> &Settings {
        self.images.settings()
    }

    /// How videos are prepared.
    pub fn video_settings(&self) -> &Settings {
        self.videos.settings()
    }

    /// How frames are chosen.
    pub fn video_rules(&self) -> &VideoRules {
        &self.rules
    }

    /// A conversation as the model reads it. What looks like a special token of structure in its words is read as words.
    ///
    /// # Errors
    /// [`ProcessorError`] for anything wrong with pictures, videos, template or their number.
    pub fn input(&self, messages: &[Message], options: &Options) -> Result<Input, ProcessorError> {
        let (prompt, mark) = self.render_marked(messages, options)?;
        let (mut images, mut videos) = (Vec::new(), Vec::new());
        for part in messages.iter().flat_map(|message| &message.content) {
            match part {
                Content::Text(_) => {}
                Content::Image(encoded) => images.push(Seen::Encoded(encoded)),
                Content::Prepared(patches) => images.push(Seen::Prepared(patches)),
                Content::Video(video) => videos.push(&**video),
            }
        }
        self.assemble(&prompt, mark, &images, &videos)
    }

    /// A prompt rendered elsewhere as the model reads it, with a placeholder for each of `images` (encoded) and
    /// `videos`. Special tokens in it are taken as such: do not pass what a user wrote.
    ///
    /// # Errors
    /// [`ProcessorError`] for anything wrong with pictures, videos or their number.
    pub fn input_from_text(
        &self,
        prompt: &str,
        images: &[Arc<[u8]>],
        videos: &[Arc<Video>],
    ) -> Result<Input, ProcessorError> {
        let images: Vec<_> = images.iter().map(|encoded| Seen::Encoded(encoded)).collect();
        let videos: Vec<_> = videos.iter().map(|video| &**video).collect();
        self.assemble(prompt, None, &images, &videos)
    }

    /// The prompt's text, as the template writes it.
    ///
    /// # Errors
    /// [`ProcessorError::Template`].
    pub fn render(&self, messages: &[Message], options: &Options) -> Result<String, ProcessorError> {
        let (prompt, mark) = self.render_marked(messages, options)?;
        Ok(mark.map_or_else(|| prompt.clone(), |mark| prompt.replace(mark, "")))
    }

    /// The text with a mark in each token of structure that stands in a message, and the mark.
    fn render_marked(&self, messages: &[Message], options: &Options) -> Result<(String, Option<char>), ProcessorError> {
        let Some(template) = &self.template else {
            return Err(ProcessorError::Template {
                template: "chat_template.jinja".into(),
                line: 0,
                reason: "the checkpoint has none; add the file, or pass a rendered prompt".into(),
            });
        };
        // All that comes from outside goes through the same gate: words, calls, tools, variables.
        let mut all = json!({
            "messages": messages.iter().map(Message::to_json).collect::<Vec<_>>(),
            "tools": options.tools,
            "variables": options.variables,
        });
        let mark = placeholders::free_mark(&mut all).ok_or_else(|| {
            ProcessorError::Tokenizer("the messages use all of the characters U+FDD0 to U+FDEF; leave one out".into())
        })?;
        placeholders::neutralise(&mut all, mark, &self.tokenizer);
        let (Value::Array(messages), Value::Array(tools), Value::Object(variables)) =
            (all["messages"].take(), all["tools"].take(), all["variables"].take())
        else {
            unreachable!("they were so before")
        };
        let options = Options { tools, variables, ..*options };
        Ok((template.render(&messages, &options, &self.special_tokens)?, Some(mark)))
    }

    fn assemble(
        &self,
        prompt: &str,
        mark: Option<char>,
        images: &[Seen<'_>],
        videos: &[&Video],
    ) -> Result<Input, ProcessorError> {
        // Counted before anything is decoded, since that is where the time goes.
        let nothing = Slices { stamps: Vec::new(), tokens: 0 };
        placeholders::expand(prompt, &vec![0; images.len()], &vec![nothing; videos.len()])?;
        let images = images
            .par_iter()
            .map(|seen| match seen {
                Seen::Encoded(encoded) => self.image(encoded),
                Seen::Prepared(patches) => Ok(Arc::clone(patches)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (videos, slices): (Vec<_>, Vec<_>) =
            videos.par_iter().map(|video| self.slices(video)).collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let merge = self.images.settings().merge_size;
        let tokens: Vec<_> = images.iter().map(|patches| patches.grid.tokens(merge)).collect();
        let expanded = placeholders::expand(prompt, &tokens, &slices)?;
        let mut ids = self.tokenizer.encode_prompt(&expanded.text, mark)?;
        if !expanded.tokens.is_empty() {
            let image = self.tokenizer.require(IMAGE, "for pictures")?;
            ids = placeholders::repeat(&ids, image, &expanded.tokens)?;
        }
        Ok(Input { ids, images, videos })
    }

    /// An encoded picture, decoded, resized, normalised and cut.
    ///
    /// # Errors
    /// [`ProcessorError::Undecodable`], [`ProcessorError::TooLarge`], [`ProcessorError::Aspect`].
    pub fn image(&self, encoded: &[u8]) -> Result<Arc<Patches>, ProcessorError> {
        self.picture(Picture::decode(encoded, self.limits.pixels)?)
    }

    /// A decoded picture, resized, normalised and cut.
    ///
    /// # Errors
    /// [`ProcessorError::Aspect`], [`ProcessorError::Size`].
    pub fn picture(&self, picture: Picture) -> Result<Arc<Patches>, ProcessorError> {
        self.images.picture(picture).map(Arc::new)
    }

    /// A video's frames, chosen, decoded, resized, normalised and cut, and the time of each slice as text.
    ///
    /// # Errors
    /// [`ProcessorError::Video`], and as [`Processor::image`].
    pub fn video(&self, video: &Video) -> Result<(Arc<Patches>, Vec<String>), ProcessorError> {
        let (patches, slices) = self.slices(video)?;
        Ok((patches, slices.stamps))
    }

    fn slices(&self, video: &Video) -> Result<(Arc<Patches>, Slices), ProcessorError> {
        let taken = video.take(&self.rules)?;
        if taken.len() > self.limits.frames {
            let (frames, limit) = (taken.len(), self.limits.frames);
            return Err(ProcessorError::Video(format!("has {frames} frames to look at, over the limit of {limit}")));
        }
        let (frames, times): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        let frames =
            frames.into_par_iter().map(|frame| frame.decode(self.limits.pixels)).collect::<Result<Vec<_>, _>>()?;
        let patches = self.videos.video(frames)?;
        // The reference takes the time of every second frame, whatever the length of a slice.
        let mut times: Vec<_> = times.into_iter().step_by(2).collect();
        times.resize(patches.grid.t, times.last().copied().unwrap_or_default());
        let merge = self.videos.settings().merge_size;
        let slices = Slices {
            stamps: times.into_iter().map(|seconds| self.rules.stamp(seconds)).collect(),
            tokens: patches.grid.tokens(merge) / patches.grid.t,
        };
        Ok((Arc::new(patches), slices))
    }
}
