//! Any server that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp, Ollama, OpenAI itself.
//!
//! Servers differ in which parameters they take; one that a server names in its refusal is left out from then on.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use glim_env::{Completion, Seed};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::client::Client;
use super::{Part, Policy, PolicyError, Prompt, Sampling, SpecError};

mod carrier;
mod client;

#[cfg(test)]
mod tests;

pub use client::{Limits, Usage};

/// Where requests go if neither the name nor `OPENAI_BASE_URL` says so.
const OPENAI: &str = "https://api.openai.com/v1";

/// The parameter that demands a form of replies.
const FORM: &str = "response_format";

/// A model behind an OpenAI-compatible server.
#[derive(Debug)]
pub struct OpenAi {
    name: String,
    model: String,
    client: Client,
    /// Fields added to each request, over ours: `{"chat_template_kwargs": {"enable_thinking": false}}`.
    extra: Map<String, Value>,
    /// The form demanded of replies.
    form: Option<Value>,
    /// Parameters that this server has refused.
    refused: Mutex<Vec<&'static str>>,
}

impl OpenAi {
    /// A model and server from `MODEL@BASE_URL`; without the URL, `OPENAI_BASE_URL` or OpenAI's own server. The key is
    /// read from `OPENAI_API_KEY`; without it none is sent, as local servers like it.
    ///
    /// # Errors
    /// If the name is not of that form.
    pub fn from_spec(spec: &str) -> Result<OpenAi, SpecError> {
        OpenAi::with_limits(spec, Limits::default())
    }

    /// As [`OpenAi::from_spec`], with other limits.
    ///
    /// # Errors
    /// If the name is not of that form.
    pub fn with_limits(spec: &str, limits: Limits) -> Result<OpenAi, SpecError> {
        let key = std::env::var(client::KEY).ok();
        let default = std::env::var("OPENAI_BASE_URL").ok().filter(|url| !url.is_empty());
        OpenAi::build(spec, key, default.as_deref().unwrap_or(OPENAI), limits)
    }

    fn build(spec: &str, key: Option<String>, default_url: &str, limits: Limits) -> Result<OpenAi, SpecError> {
        let wrong = |reason: String| SpecError { spec: format!("openai:{spec}"), reason };
        // Names of models may hold an `@` too.
        let (model, url) = spec.find("@http").map_or((spec, default_url), |at| (&spec[..at], &spec[at + 1..]));
        if model.is_empty() || model.ends_with('@') {
            return Err(wrong(
                "write it as `openai:MODEL@BASE_URL`, such as `openai:glm@http://localhost:8000/v1`".to_owned(),
            ));
        }
        let client = Client::new(url, key, limits).map_err(wrong)?;
        let name = format!("openai:{model}");
        Ok(OpenAi { name, model: model.to_owned(), client, extra: Map::new(), form: None, refused: Mutex::default() })
    }

    /// Adds fields to each request, which take the place of ours: for what a server takes beyond the protocol.
    #[must_use]
    pub fn with_extra(mut self, extra: Map<String, Value>) -> OpenAi {
        self.extra = extra;
        self
    }

    /// Demands replies of a form, a `response_format`. A server that does not take it is asked without: whoever demands a
    /// form asks for it in words, too, and reads the reply with care.
    #[must_use]
    pub fn with_form(mut self, form: Value) -> OpenAi {
        self.form = Some(form);
        self
    }

    /// What was used so far.
    pub fn usage(&self) -> Usage {
        self.client.usage()
    }

    /// Asks for a reply to a system and a user message.
    pub(super) async fn complete(
        &self,
        system: &str,
        user: &[Part],
        sampling: Sampling,
        seed: Seed,
    ) -> Result<Completion, PolicyError> {
        let reply = loop {
            let body = self.body(system, user, sampling, seed);
            match self.client.complete(&body, seed).await {
                Err(PolicyError::Rejected { status: 400 | 422, reason, .. }) if self.learns_from(&body, &reason) => {}
                other => break other?,
            }
        };
        let reply = Reply::deserialize(&reply).map_err(|error| self.bad_reply(error.to_string()))?;
        let usage = reply.usage.unwrap_or_default();
        let Some(choice) = reply.choices.into_iter().next() else {
            return Err(self.bad_reply("it has no choice".to_owned()));
        };
        self.client.count(usage.prompt_tokens, usage.completion_tokens);
        let (prompt_tokens, completion_tokens) = (usage.prompt_tokens, usage.completion_tokens);
        Ok(Completion { text: choice.message.text(), tokens: None, prompt_tokens, completion_tokens })
    }

    fn bad_reply(&self, reason: String) -> PolicyError {
        PolicyError::BadReply { server: self.client.server().to_owned(), reason }
    }

    fn body(&self, system: &str, user: &[Part], sampling: Sampling, seed: Seed) -> Value {
        let refused = self.refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let takes = |name: &str| !refused.contains(&name);
        let mut messages = Vec::new();
        if !system.is_empty() {
            messages.push(json!({"role": "system", "content": system}));
        }
        messages.push(json!({"role": "user", "content": user.iter().map(content).collect::<Vec<_>>()}));
        let mut body = json!({"model": self.model, "messages": messages, "stream": false});
        for (name, value) in [
            ("temperature", json!(sampling.temperature)),
            ("top_p", json!(sampling.top_p)),
            // Whole numbers up to 2^53 survive every JSON reader.
            ("seed", json!(seed.0 >> 11)),
        ] {
            if takes(name) {
                body[name] = value;
            }
        }
        let longest = if takes("max_tokens") { "max_tokens" } else { "max_completion_tokens" };
        body[longest] = json!(sampling.max_tokens);
        if let Some(form) = self.form.as_ref().filter(|_| takes(FORM)) {
            body[FORM] = form.clone();
        }
        for (name, value) in &self.extra {
            body[name.as_str()] = value.clone();
        }
        body
    }

    /// Whether a refusal named a parameter that can be left out, which it is from now on.
    fn learns_from(&self, body: &Value, reason: &str) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let named = ["max_tokens", "temperature", "top_p", "seed", FORM].into_iter().find(|&name| {
            let told = reason.contains(name) || (name == FORM && reason.contains("json_schema"));
            told && body.get(name).is_some() && !self.extra.contains_key(name)
        });
        let Some(named) = named else { return false };
        if !refused.contains(&named) {
            tracing::info!(
                server = self.client.server(),
                parameter = named,
                "the model server does not take a parameter"
            );
            refused.push(named);
        }
        true
    }
}

impl Policy for OpenAi {
    fn name(&self) -> &str {
        &self.name
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        self.complete(&prompt.system, &prompt.user, prompt.sampling, prompt.seed).boxed()
    }
}

/// A piece of a message as the protocol has it; pictures as data URLs.
fn content(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Image(file) => {
            let kind = if is_jpeg(file) { "jpeg" } else { "png" };
            let url = format!("data:image/{kind};base64,{}", STANDARD.encode(file));
            json!({"type": "image_url", "image_url": {"url": url}})
        }
    }
}

fn is_jpeg(file: &Arc<[u8]>) -> bool {
    file.starts_with(&[0xff, 0xd8])
}

/// A chat completion, as leniently as servers write it.
#[derive(Debug, Deserialize)]
struct Reply {
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<TokenCounts>,
}

#[derive(Debug, Default, Deserialize)]
struct TokenCounts {
    #[serde(default)]
    prompt_tokens: Option<u32>,
    #[serde(default)]
    completion_tokens: Option<u32>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Debug, Default, Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<Value>,
    /// The thought, where the server takes it out of the content.
    #[serde(default, alias = "reasoning")]
    reasoning_content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<Value>>,
}

impl Message {
    /// All of it in one text: thought in its tags, words, tool calls in theirs.
    fn text(self) -> String {
        let mut text = String::new();
        if let Some(thought) = self.reasoning_content.filter(|thought| !thought.is_empty()) {
            text.push_str("<think>");
            text.push_str(&thought);
            text.push_str("</think>");
        }
        match self.content {
            Some(Value::String(words)) => text.push_str(&words),
            Some(Value::Array(parts)) => {
                let words = parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str));
                text.extend(words);
            }
            _ => {}
        }
        text.push_str(&self.refusal.unwrap_or_default());
        for call in self.tool_calls.unwrap_or_default() {
            text.push_str("<tool_call>");
            text.push_str(&call.to_string());
            text.push_str("</tool_call>");
        }
        text
    }
}
