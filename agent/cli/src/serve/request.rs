//! A request for a chat completion, read and resolved.
//!
//! As with OpenAI's own server, a field that nobody knows is refused: a setting that is silently left out would change the
//! result. Known fields that are only about the service ([`WITHOUT_EFFECT`]) are taken and ignored; known fields that would
//! change the reply and are not done here are refused unless they have the value that changes nothing.

use glim_vlm::engine::Sampling;
use serde_json::Value;

use super::conversation::Conversation;
use super::fields::{Fields, wrong};
use super::refusal::Refusal;

/// Replies to one request at the most.
const CHOICES: usize = 16;
/// Texts that end a reply, at the most.
const STOPS: usize = 16;
/// Alternatives told for each token, at the most, as with OpenAI.
const TOP_LOGPROBS: usize = 20;

/// Fields of the protocol that say nothing about the reply.
const WITHOUT_EFFECT: [&str; 10] = [
    "metadata",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "user",
    "verbosity",
];

/// Fields of the protocol that would change the reply, and are not done here.
const NOT_DONE: [&str; 6] =
    ["audio", "function_call", "functions", "logit_bias", "reasoning_effort", "web_search_options"];

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The model by name, if the client says one.
    pub model: Option<String>,
    pub conversation: Conversation,
    /// How many replies.
    pub choices: usize,
    /// How to draw them; the seed is that of the first.
    pub sampling: Sampling,
    /// Tokens of each reply at the most; what the context leaves if absent.
    pub max_tokens: Option<usize>,
    pub stop: Vec<String>,
    pub thinking_budget: Option<usize>,
    pub repetition_window: usize,
    /// Whether to tell log-probabilities, and of how many alternatives.
    pub logprobs: Option<usize>,
    pub stream: bool,
    pub include_usage: bool,
    /// Whether the thought is told apart from the content.
    pub separate_reasoning: bool,
}

impl Asked {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// If it is not JSON, not of the protocol, out of range, or asks for what is not done here.
    pub fn read(body: &[u8]) -> Result<Asked, Refusal> {
        let request: Value = serde_json::from_slice(body)
            .map_err(|error| Refusal::invalid(format!("the body is not JSON: {error}")).code("invalid_json"))?;
        let mut fields = Fields::of_request(request)?;
        let conversation = Conversation::take(&mut fields)?;
        let temperature = fields.number("temperature", 0.0, 2.0)?.unwrap_or(1.0) as f32;
        let top_p = fields.number("top_p", 0.0, 1.0)?.unwrap_or(1.0) as f32;
        if top_p <= 0.0 {
            return Err(Refusal::invalid("`top_p` is 0, and must be above it").param("top_p").code("out_of_range"));
        }
        // Some clients say -1 for all.
        let top_k = match fields.take("top_k") {
            Some(all) if all.as_i64() == Some(-1) => 0,
            Some(Value::Number(count)) if count.as_u64().is_some() => count.as_u64().unwrap_or_default() as usize,
            None => 0,
            Some(other) => return Err(wrong("top_k", "a whole number of at least 0", &other)),
        };
        let seed = seed(&mut fields)?;
        // `max_tokens` is the older name.
        let newer = fields.count("max_completion_tokens", 1, usize::MAX)?;
        let older = fields.count("max_tokens", 1, usize::MAX)?;
        let wants_logprobs = fields.flag("logprobs")?.unwrap_or(false);
        let top_logprobs = fields.count("top_logprobs", 0, TOP_LOGPROBS)?;
        if top_logprobs.is_some_and(|top| top > 0) && !wants_logprobs {
            return Err(Refusal::invalid("`top_logprobs` needs `logprobs` to be true").param("top_logprobs"));
        }
        let stream = fields.flag("stream")?.unwrap_or(false);
        let asked = Asked {
            model: fields.text("model")?,
            conversation,
            choices: fields.count("n", 1, CHOICES)?.unwrap_or(1),
            sampling: Sampling { temperature, top_p, top_k, seed },
            max_tokens: newer.or(older),
            stop: stop(&mut fields)?,
            thinking_budget: fields.count("thinking_budget", 0, usize::MAX)?,
            repetition_window: fields.count("repetition_window", 0, usize::MAX)?.unwrap_or(0),
            logprobs: wants_logprobs.then(|| top_logprobs.unwrap_or(0)),
            stream,
            include_usage: include_usage(&mut fields, stream)?,
            separate_reasoning: fields.flag("separate_reasoning")?.unwrap_or(true),
        };
        nothing_else(fields)?;
        Ok(asked)
    }
}

/// Any whole number makes a seed; without one, each request gets its own.
fn seed(fields: &mut Fields) -> Result<u64, Refusal> {
    match fields.take("seed") {
        None => Ok(by_chance()),
        Some(value) => match (value.as_u64(), value.as_i64()) {
            (Some(seed), _) => Ok(seed),
            (None, Some(seed)) => Ok(seed.cast_unsigned()),
            (None, None) => Err(wrong("seed", "a whole number of 64 bits", &value)),
        },
    }
}

/// A number that nobody chose. Hash maps are keyed with fresh randomness of the operating system, which is enough here.
pub(crate) fn by_chance() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

fn stop(fields: &mut Fields) -> Result<Vec<String>, Refusal> {
    let texts = match fields.take("stop") {
        None => return Ok(Vec::new()),
        Some(Value::Array(texts)) => texts,
        Some(text) => vec![text],
    };
    if texts.len() > STOPS {
        return Err(Refusal::invalid(format!("`stop` may hold {STOPS} texts at the most")).param("stop"));
    }
    let read = texts.into_iter().map(|text| match text {
        Value::String(text) if text.is_empty() => {
            Err(Refusal::invalid("a text in `stop` is empty, and would end every reply at once").param("stop"))
        }
        Value::String(text) => Ok(text),
        other => Err(wrong("stop", "a string or a list of strings", &other)),
    });
    read.collect()
}

fn include_usage(fields: &mut Fields, stream: bool) -> Result<bool, Refusal> {
    let Some(options) = fields.take("stream_options") else { return Ok(false) };
    if !stream {
        let message = "`stream_options` is only for requests with `stream` set to true";
        return Err(Refusal::invalid(message).param("stream_options"));
    }
    let mut options = Fields::of(options, "stream_options")?;
    let include = options.flag("include_usage")?.unwrap_or(false);
    // Padding against observers who measure lengths; there is none here.
    options.flag("include_obfuscation")?;
    match options.left() {
        Some(unknown) => Err(nobody_knows(&unknown)),
        None => Ok(include),
    }
}

/// Refuses what was not taken and is not known to be without effect.
fn nothing_else(mut fields: Fields) -> Result<(), Refusal> {
    for name in WITHOUT_EFFECT {
        fields.take(name);
    }
    let neutral = |message: String, name: &str| Err(Refusal::invalid(message).param(name).code("unsupported_value"));
    for name in ["frequency_penalty", "presence_penalty"] {
        if fields.number(name, -2.0, 2.0)?.is_some_and(|penalty| penalty != 0.0) {
            return neutral(
                format!("`{name}` may only be 0 here; `repetition_window` ends replies that repeat themselves"),
                name,
            );
        }
    }
    if let Some(format) = fields.take("response_format")
        && format.get("type").and_then(Value::as_str) != Some("text")
    {
        return neutral("`response_format` may only be of the type `text` here".to_owned(), "response_format");
    }
    if let Some(modalities) = fields.list("modalities")?
        && modalities != ["text"]
    {
        return neutral("`modalities` may only be [\"text\"] here".to_owned(), "modalities");
    }
    for name in NOT_DONE {
        let value = fields.take(name);
        if value.is_some_and(|value| value.as_object().is_none_or(|object| !object.is_empty())) {
            return neutral(format!("`{name}` is not done by this server; leave it out"), name);
        }
    }
    match fields.left() {
        Some(unknown) => Err(nobody_knows(&unknown)),
        None => Ok(()),
    }
}

fn nobody_knows(name: &str) -> Refusal {
    Refusal::invalid(format!("unknown parameter: `{name}`")).param(name).code("unknown_parameter")
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn asked(more: Value) -> Result<Asked, Refusal> {
        let mut request = Map::from_iter([("messages".to_owned(), json!([{"role": "user", "content": "Hello"}]))]);
        request.extend(more.as_object().expect("it is an object").clone());
        Asked::read(Value::from(request).to_string().as_bytes())
    }

    #[test]
    fn the_usual_request_is_read() {
        let asked = asked(json!({
            "model": "glm", "temperature": 0.5, "top_p": 0.9, "top_k": 40, "seed": -1, "n": 2, "stop": "END",
            "max_tokens": 5, "max_completion_tokens": 7, "logprobs": true, "top_logprobs": 3, "stream": true,
            "stream_options": {"include_usage": true}, "thinking_budget": 9, "repetition_window": 50,
            "user": "u", "store": null, "presence_penalty": 0, "logit_bias": {}, "response_format": {"type": "text"},
            "separate_reasoning": false,
        }))
        .expect("it is of the protocol");
        assert_eq!(asked.sampling, Sampling { temperature: 0.5, top_p: 0.9, top_k: 40, seed: u64::MAX });
        assert_eq!(
            (asked.choices, asked.max_tokens, asked.stop.as_slice()),
            (2, Some(7), ["END".to_owned()].as_slice())
        );
        assert_eq!((asked.logprobs, asked.thinking_budget, asked.repetition_window), (Some(3), Some(9), 50));
        assert!(asked.stream && asked.include_usage && !asked.separate_reasoning);
    }

    #[test]
    fn what_is_left_out_is_as_with_openai() {
        let (first, second) = (asked(json!({})).expect("it is enough"), asked(json!({})).expect("it is enough"));
        assert_eq!((first.sampling.temperature, first.sampling.top_p, first.sampling.top_k), (1.0, 1.0, 0));
        assert_eq!((first.choices, first.max_tokens, first.logprobs, first.stream), (1, None, None, false));
        assert!(first.separate_reasoning && first.stop.is_empty());
        assert_ne!(first.sampling.seed, second.sampling.seed, "each request gets a seed of its own");
    }

    #[test]
    fn what_would_be_left_undone_is_refused() {
        for (more, param, code) in [
            (json!({"temprature": 0.5}), "temprature", json!("unknown_parameter")),
            (json!({"stream": true, "stream_options": {"x": 1}}), "stream_options.x", json!("unknown_parameter")),
            (json!({"stream_options": {"include_usage": true}}), "stream_options", Value::Null),
            (json!({"temperature": 3}), "temperature", json!("out_of_range")),
            (json!({"top_p": 0}), "top_p", json!("out_of_range")),
            (json!({"top_k": -2}), "top_k", json!("invalid_type")),
            (json!({"n": 0}), "n", json!("out_of_range")),
            (json!({"max_tokens": 0}), "max_tokens", json!("out_of_range")),
            (json!({"seed": "x"}), "seed", json!("invalid_type")),
            (json!({"stop": [""]}), "stop", Value::Null),
            (json!({"stop": [1]}), "stop", json!("invalid_type")),
            (json!({"top_logprobs": 2}), "top_logprobs", Value::Null),
            (json!({"logprobs": true, "top_logprobs": 21}), "top_logprobs", json!("out_of_range")),
            (json!({"frequency_penalty": 0.5}), "frequency_penalty", json!("unsupported_value")),
            (json!({"response_format": {"type": "json_object"}}), "response_format", json!("unsupported_value")),
            (json!({"logit_bias": {"5": 1}}), "logit_bias", json!("unsupported_value")),
            (json!({"functions": []}), "functions", json!("unsupported_value")),
            (json!({"modalities": ["text", "audio"]}), "modalities", json!("unsupported_value")),
        ] {
            let error = asked(more).expect_err(param).body()["error"].take();
            assert_eq!((error["param"].as_str(), &error["code"]), (Some(param), &code), "{error}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for (body, says) in [("{\"messages\":", "not JSON"), ("[1]", "must be an object"), ("\u{7f}", "not JSON")] {
            let error = Asked::read(body.as_bytes()).expect_err(says).body()["error"].take();
            assert!(error["message"].as_str().expect("it is text").contains(says), "{error}");
        }
    }
}
