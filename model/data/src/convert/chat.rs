//! Conversations about a picture: the lists that LLaMA-Factory and ms-swift train on.
//!
//! ```json
//! {"id": "…-q0", "messages": [{"role": "user", "content": "<image>Where is …?"}, {"role": "assistant", "content": "…"}],
//!  "images": ["images/3f/….png"]}
//! ```
//! ms-swift's grounding form has `<bbox>` for each place and `"objects": {"ref": [], "bbox": [[18.0, 9.5, 92.0, 27.25]]}`
//! in pixels; it writes them as the model it trains has them. See its "Custom dataset" and LLaMA-Factory's
//! `data/README.md`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::files::{Folder, Listing, picture_path};
use super::places::{Scale, rewrite, without_marks};
use super::{ConvertOptions, Writer};
use crate::dataset::Split;
use crate::record::{Question, Screen};
use crate::{DataError, Row};

/// Whose form it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    LlamaFactory,
    MsSwift,
    MsSwiftObjects,
}

/// A conversation of one question and one answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Conversation {
    id: String,
    messages: [Message; 2],
    images: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<Objects>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
struct Objects {
    #[serde(rename = "ref")]
    names: Vec<String>,
    bbox: Vec<Vec<f32>>,
}

/// Writes conversations.
pub(crate) struct Chat {
    dialect: Dialect,
    scale: Scale,
    keep_marks: bool,
    /// What pictures' names begin with, `/` included.
    root: String,
    files: BTreeMap<Split, Listing>,
}

impl Chat {
    pub(crate) fn new(dialect: Dialect, options: &ConvertOptions, folder: &Folder) -> Result<Chat, DataError> {
        let root = match &options.image_root {
            Some(root) if root.is_empty() || root.ends_with('/') => root.clone(),
            Some(root) => format!("{root}/"),
            None if dialect == Dialect::LlamaFactory => String::new(),
            None => {
                let path = std::path::absolute(folder.path()).map_err(DataError::io(folder.path(), "found"))?;
                format!("{}/", path.display())
            }
        };
        let (scale, keep_marks) = (options.scale, options.keep_marks);
        Ok(Chat { dialect, scale, keep_marks, root, files: BTreeMap::new() })
    }

    /// One question of a screen, whose picture lies at `picture` in the folder.
    pub(crate) fn conversation(&self, screen: &Screen, question: &Question, picture: &str) -> Conversation {
        let size = (screen.image.width, screen.image.height);
        let mut objects = (self.dialect == Dialect::MsSwiftObjects).then(Objects::default);
        let mut tell = |text: &str| {
            let text = words(text);
            let told = match &mut objects {
                Some(objects) => rewrite(&text, question, size, |place| {
                    objects.bbox.push(place.numbers().to_vec());
                    "<bbox>".to_owned()
                }),
                None if self.scale == Scale::Cells => text,
                None => rewrite(&text, question, size, |place| place.write(self.scale, size)),
            };
            if self.keep_marks { told } else { without_marks(&told) }
        };
        let prompt = Message { role: "user", content: format!("<image>{}", tell(&question.prompt)) };
        let answer = Message { role: "assistant", content: tell(&question.answer) };
        let images = vec![format!("{}{picture}", self.root)];
        Conversation { id: question.id.clone(), messages: [prompt, answer], images, objects }
    }

    /// Adds a conversation that is written already.
    pub(crate) fn push(&mut self, folder: &Folder, split: Split, conversation: &[u8]) -> Result<(), DataError> {
        self.file(folder, split)?.push_text(conversation)
    }

    /// Writes what goes with the conversations, and waits until all is on the disk.
    pub(crate) fn close(mut self, folder: &Folder) -> Result<(), DataError> {
        self.finish(folder)
    }

    fn file(&mut self, folder: &Folder, split: Split) -> Result<&mut Listing, DataError> {
        let list = self.dialect == Dialect::LlamaFactory;
        if let std::collections::btree_map::Entry::Vacant(entry) = self.files.entry(split) {
            let file = folder.file(&format!("{split}.{}", if list { "json" } else { "jsonl" }))?;
            entry.insert(if list { Listing::list(file) } else { Listing::lines(file) });
        }
        Ok(self.files.get_mut(&split).expect("it was put there above"))
    }
}

impl Writer for Chat {
    fn row(&mut self, folder: &Folder, split: Split, row: &Row) -> Result<u64, DataError> {
        if row.screen.questions.is_empty() {
            return Ok(0);
        }
        let picture = picture_path("images", row);
        folder.picture(&picture, &row.picture)?;
        for question in &row.screen.questions {
            let conversation = self.conversation(&row.screen, question, &picture);
            self.file(folder, split)?.push(&conversation)?;
        }
        Ok(row.screen.questions.len() as u64)
    }

    fn finish(&mut self, folder: &Folder) -> Result<(), DataError> {
        let files = std::mem::take(&mut self.files);
        if self.dialect == Dialect::LlamaFactory {
            let mut info = serde_json::Map::new();
            for split in files.keys() {
                let about = json!({
                    "file_name": format!("{split}.json"),
                    "formatting": "sharegpt",
                    "columns": {"messages": "messages", "images": "images"},
                    "tags": {
                        "role_tag": "role",
                        "content_tag": "content",
                        "user_tag": "user",
                        "assistant_tag": "assistant",
                    },
                });
                info.insert(format!("glim_{split}"), about);
            }
            let mut file = folder.file("dataset_info.json")?;
            file.write(format!("{:#}\n", serde_json::Value::Object(info)).as_bytes())?;
            file.finish()?;
        }
        files.into_values().try_for_each(Listing::finish)
    }
}

/// Text in which nothing stands for a picture or a box.
fn words(text: &str) -> String {
    ["image", "video", "audio", "bbox", "ref-object"]
        .iter()
        .fold(text.to_owned(), |text, name| text.replace(&format!("<{name}>"), &format!("‹{name}>")))
}
