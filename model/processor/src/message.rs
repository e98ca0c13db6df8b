//! What a conversation is made of.
//!
//! ```text
//! user        [Image(screenshot), Text("Click the red button")]
//! assistant   [Text("<think>...</think><answer>...</answer>")]
//! tool        [Text("done")]                                        {"name": "browser"}
//! ```

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::Patches;
use crate::video::Video;

/// One message.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// `system`, `user`, `assistant`, `tool`, or whatever else the template knows.
    pub role: String,
    /// Its parts, in order.
    pub content: Vec<Content>,
    /// Anything else the template reads: `tool_calls`, `reasoning_content`, `tool_call_id`, `name`.
    pub fields: Map<String, Value>,
}

/// A part of a message.
#[derive(Debug, Clone)]
pub enum Content {
    /// Words.
    Text(String),
    /// An encoded picture: PNG, JPEG, WebP or GIF.
    Image(Arc<[u8]>),
    /// A picture prepared before, by [`crate::Processor::image`].
    Prepared(Arc<Patches>),
    /// A video.
    Video(Arc<Video>),
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Message {
    /// A message of these parts.
    pub fn new(role: &str, content: impl IntoIterator<Item = Content>) -> Self {
        Self { role: role.into(), content: content.into_iter().collect(), fields: Map::new() }
    }

    /// A message of words.
    pub fn text(role: &str, text: impl Into<String>) -> Self {
        Self::new(role, [Content::Text(text.into())])
    }

    /// As templates see it. Words alone are a string, as most clients send them; anything else a list of parts.
    pub(crate) fn to_json(&self) -> Value {
        let content = match &self.content[..] {
            [] => json!(""),
            [Content::Text(text)] => json!(text),
            parts => parts
                .iter()
                .map(|part| match part {
                    Content::Text(text) => json!({"type": "text", "text": text}),
                    Content::Image(_) | Content::Prepared(_) => json!({"type": "image"}),
                    Content::Video(_) => json!({"type": "video"}),
                })
                .collect(),
        };
        let mut message = Map::new();
        message.insert("role".into(), json!(self.role));
        message.insert("content".into(), content);
        for (name, value) in &self.fields {
            message.insert(name.clone(), value.clone());
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            parse_arguments(call);
        }
        Value::Object(message)
    }
}

/// OpenAI's API has a call's arguments as text; templates go through them by name.
fn parse_arguments(call: &mut Value) {
    let holder = if call.get("function").is_some() { &mut call["function"] } else { call };
    let parsed = holder["arguments"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let Some(parsed @ Value::Object(_)) = parsed {
        holder["arguments"] = parsed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_alone_are_a_string() {
        assert_eq!(Message::text("user", "hi").to_json(), json!({"role": "user", "content": "hi"}));
        let image = Content::Image(Arc::from([0u8; 1]));
        let both = Message::new("user", [image, "what?".into()]);
        assert_eq!(both.to_json()["content"], json!([{"type": "image"}, {"type": "text", "text": "what?"}]));
    }

    #[test]
    fn arguments_written_as_text_are_parsed() {
        let mut message = Message::text("assistant", "");
        let calls = json!([{"type": "function", "function": {"name": "f", "arguments": "{\"b\": 1, \"a\": [2]}"}}]);
        message.fields.insert("tool_calls".into(), calls);
        let arguments = &message.to_json()["tool_calls"][0]["function"]["arguments"];
        assert_eq!(arguments, &json!({"b": 1, "a": [2]}));
        let names: Vec<_> = arguments.as_object().unwrap().keys().collect();
        assert_eq!(names, ["b", "a"], "their order is kept");
    }
}
