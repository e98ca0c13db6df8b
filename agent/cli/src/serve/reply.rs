//! Replies in the form of the protocol, whole and in chunks.

use std::time::{SystemTime, UNIX_EPOCH};

use glim_vlm::engine::{Finish, Reason, Token};
use serde_json::{Map, Value, json};

use super::parts::{Part, Parts};
use super::request::by_chance;

/// What a token is in bytes.
pub(crate) type Bytes<'a> = &'a dyn Fn(u32) -> Vec<u8>;

/// What all chunks of one response have in common.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    id: String,
    created: u64,
    model: String,
    /// Whether chunks have a field for the usage, which only the last one fills.
    include_usage: bool,
}

impl Head {
    pub fn new(model: &str, include_usage: bool) -> Head {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Head { id: format!("chatcmpl-{:016x}", by_chance()), created, model: model.to_owned(), include_usage }
    }

    /// A whole response.
    pub fn whole(&self, choices: Vec<Value>, usage: Usage) -> Value {
        json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": choices, "usage": usage.told(),
        })
    }

    /// One chunk of a streamed response.
    pub fn chunk(&self, choice: Value) -> Value {
        self.chunk_of(vec![choice], Value::Null)
    }

    /// The last chunk, which tells what was used; None if it was not asked for.
    pub fn usage_chunk(&self, usage: Usage) -> Option<Value> {
        self.include_usage.then(|| self.chunk_of(Vec::new(), usage.told()))
    }

    fn chunk_of(&self, choices: Vec<Value>, usage: Value) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": choices,
        });
        if self.include_usage {
            chunk["usage"] = usage;
        }
        chunk
    }
}

/// What was read and written for one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub prompt_tokens: usize,
    pub completion_tokens: usize,
    pub reasoning_tokens: usize,
}

impl Usage {
    fn told(self) -> Value {
        let Usage { prompt_tokens, completion_tokens, reasoning_tokens } = self;
        json!({
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "completion_tokens_details": {"reasoning_tokens": reasoning_tokens},
        })
    }

    /// Several replies to one prompt, which was read once.
    pub fn and(self, other: Usage) -> Usage {
        Usage {
            prompt_tokens: self.prompt_tokens.max(other.prompt_tokens),
            completion_tokens: self.completion_tokens + other.completion_tokens,
            reasoning_tokens: self.reasoning_tokens + other.reasoning_tokens,
        }
    }
}

/// One reply in the making.
#[derive(Debug)]
pub(crate) struct Writer {
    index: usize,
    parts: Option<Parts>,
    logprobs: Option<usize>,
    calls: usize,
    usage: Usage,
    key: u64,
}

/// What is new in a reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Delta {
    thought: String,
    words: String,
    calls: Vec<Value>,
    logprobs: Vec<Value>,
    /// Why it ended, in the words of the protocol and in ours, once it has.
    end: Option<(&'static str, &'static str)>,
}

impl Writer {
    /// The reply number `index` of a response; `logprobs` is how many alternatives are told for each token, if any are.
    pub fn new(index: usize, parts: Parts, logprobs: Option<usize>) -> Writer {
        Writer { index, parts: Some(parts), logprobs, calls: 0, usage: Usage::default(), key: by_chance() }
    }

    /// The place of the reply in its response.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Takes one more token.
    pub fn token(&mut self, token: &Token, bytes: Bytes<'_>) -> Delta {
        let parts = self.parts.as_mut().expect("nothing is written after the end");
        // The tag that ends a thought is counted with it.
        let thinking = parts.is_thinking();
        let told = parts.push(&token.text);
        self.usage.reasoning_tokens += usize::from(thinking || parts.is_thinking());
        let mut delta = self.delta(told);
        delta.logprobs.extend(self.logprobs.map(|top| logprob(token, top, bytes)));
        delta
    }

    /// The reply has ended.
    pub fn finish(&mut self, finish: &Finish) -> Delta {
        self.usage.prompt_tokens = finish.prompt_tokens;
        self.usage.completion_tokens = finish.completion_tokens;
        let mut parts = self.parts.take().expect("a reply ends once");
        let mut told = parts.push(&finish.text);
        told.extend(parts.finish());
        let mut delta = self.delta(told);
        delta.end = Some(match finish.reason {
            Reason::Stop if self.calls > 0 => ("tool_calls", "stop"),
            Reason::Stop => ("stop", "stop"),
            Reason::Length => ("length", "length"),
            // The protocol has no word for it; what matters to a client is that the reply was cut off.
            Reason::Repetition => ("length", "repetition"),
        });
        delta
    }

    /// What was used; final once the reply has ended.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    fn delta(&mut self, told: Vec<Part>) -> Delta {
        let mut delta = Delta::default();
        for part in told {
            match part {
                Part::Thought(text) => delta.thought.push_str(&text),
                Part::Words(text) => delta.words.push_str(&text),
                Part::Call(call) => {
                    delta.calls.push(json!({
                        "index": self.calls,
                        "id": format!("call_{:016x}{:04x}", self.key, self.calls),
                        "type": "function",
                        "function": {"name": call.name, "arguments": Value::from(call.arguments).to_string()},
                    }));
                    self.calls += 1;
                }
            }
        }
        delta
    }
}

impl Delta {
    /// The first chunk of a reply, which says whose it is.
    pub fn opening(index: usize) -> Value {
        json!({"index": index, "delta": {"role": "assistant", "content": ""}, "logprobs": null, "finish_reason": null})
    }

    /// Adds what came later.
    pub fn extend(&mut self, later: Delta) {
        self.thought.push_str(&later.thought);
        self.words.push_str(&later.words);
        self.calls.extend(later.calls);
        self.logprobs.extend(later.logprobs);
        self.end = later.end.or(self.end);
    }

    /// Whether a client would see anything of it. Log-probabilities wait for the text that they belong to.
    pub fn is_visible(&self) -> bool {
        !self.thought.is_empty() || !self.words.is_empty() || !self.calls.is_empty() || self.end.is_some()
    }

    /// The choice of a chunk that tells this.
    pub fn chunk(self, index: usize, with_logprobs: bool) -> Value {
        let mut delta = Map::new();
        if !self.thought.is_empty() {
            delta.insert("reasoning_content".to_owned(), self.thought.into());
        }
        if !self.words.is_empty() {
            delta.insert("content".to_owned(), self.words.into());
        }
        if !self.calls.is_empty() {
            delta.insert("tool_calls".to_owned(), self.calls.into());
        }
        let mut choice = json!({"index": index, "delta": delta});
        close(&mut choice, self.logprobs, with_logprobs, self.end);
        choice
    }

    /// The choice of a whole response.
    pub fn choice(self, index: usize, with_logprobs: bool) -> Value {
        let mut message = json!({"role": "assistant"});
        let silent = self.words.is_empty() && !self.calls.is_empty();
        message["content"] = if silent { Value::Null } else { self.words.into() };
        if !self.thought.is_empty() {
            message["reasoning_content"] = self.thought.into();
        }
        message["refusal"] = Value::Null;
        if !self.calls.is_empty() {
            let mut calls = self.calls;
            for call in &mut calls {
                call.as_object_mut().expect("a call is an object").shift_remove("index");
            }
            message["tool_calls"] = calls.into();
        }
        let mut choice = json!({"index": index, "message": message});
        close(&mut choice, self.logprobs, with_logprobs, self.end);
        choice
    }
}

fn close(choice: &mut Value, logprobs: Vec<Value>, with_logprobs: bool, end: Option<(&str, &str)>) {
    choice["logprobs"] = if with_logprobs { json!({"content": logprobs, "refusal": null}) } else { Value::Null };
    choice["finish_reason"] = end.map_or(Value::Null, |(reason, _)| reason.into());
    if let Some((_, reason @ "repetition")) = end {
        choice["stop_reason"] = reason.into();
    }
}

fn logprob(token: &Token, top: usize, bytes: Bytes<'_>) -> Value {
    let told = |id: u32, logprob: f32| {
        let bytes = bytes(id);
        json!({"token": String::from_utf8_lossy(&bytes), "logprob": finite(logprob), "bytes": bytes})
    };
    let mut told_token = told(token.id, token.logprob);
    told_token["top_logprobs"] = token.top.iter().take(top).map(|(id, logprob)| told(*id, *logprob)).collect();
    told_token
}

/// JSON has no infinity; OpenAI writes this for what is as good as impossible.
fn finite(logprob: f32) -> f32 {
    if logprob.is_finite() { logprob } else { -9999.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: u32, text: &str) -> Token {
        Token { id, logprob: -0.5, top: vec![(id, -0.5), (9, f32::NEG_INFINITY)], text: text.to_owned(), forced: false }
    }

    fn finish(reason: Reason) -> Finish {
        Finish { reason, text: "!".to_owned(), prompt_tokens: 11, completion_tokens: 4 }
    }

    fn letters(id: u32) -> Vec<u8> {
        vec![b'a' + id as u8]
    }

    fn head(include_usage: bool) -> Head {
        Head { id: "chatcmpl-1".to_owned(), created: 5, model: "m".to_owned(), include_usage }
    }

    fn writer(tools: bool, logprobs: Option<usize>) -> Writer {
        let tools = if tools { vec![json!({"function": {"name": "look"}})] } else { Vec::new() };
        let mut writer = Writer::new(0, Parts::new(false, true, tools), logprobs);
        writer.key = 7;
        writer
    }

    fn whole(writer: &mut Writer, tokens: &[Token], reason: Reason) -> Delta {
        let mut all = Delta::default();
        for token in tokens {
            all.extend(writer.token(token, &letters));
        }
        all.extend(writer.finish(&finish(reason)));
        all
    }

    #[test]
    fn a_whole_response_has_thought_words_logprobs_and_usage() {
        let mut writer = writer(false, Some(2));
        let tokens = [token(0, "<think>"), token(1, "hm"), token(2, "</think>"), token(3, "yes")];
        let choice = whole(&mut writer, &tokens, Reason::Stop).choice(0, true);
        assert_eq!(
            choice["message"],
            json!({"role": "assistant", "content": "yes!", "reasoning_content": "hm", "refusal": null})
        );
        assert_eq!(choice["finish_reason"], "stop");
        assert_eq!(
            choice["logprobs"]["content"][3],
            json!({"token": "d", "logprob": -0.5, "bytes": [100], "top_logprobs": [
                {"token": "d", "logprob": -0.5, "bytes": [100]}, {"token": "j", "logprob": -9999.0, "bytes": [106]},
            ]})
        );
        let response = head(false).whole(vec![choice], writer.usage().and(Usage::default()));
        assert_eq!((&response["object"], &response["usage"]["total_tokens"]), (&json!("chat.completion"), &json!(15)));
        assert_eq!(response["usage"]["completion_tokens_details"]["reasoning_tokens"], 3);
    }

    #[test]
    fn chunks_add_up_to_the_whole_and_say_when_it_ends() {
        let mut writer = writer(false, Some(0));
        let (mut waiting, mut chunks) = (Delta::default(), Vec::new());
        for token in [token(0, "<think>"), token(1, "hm"), token(2, "</think>"), token(3, "yes")] {
            waiting.extend(writer.token(&token, &letters));
            if waiting.is_visible() {
                chunks.push(std::mem::take(&mut waiting).chunk(0, true));
            }
        }
        waiting.extend(writer.finish(&finish(Reason::Length)));
        chunks.push(waiting.chunk(0, true));
        let deltas: Vec<_> = chunks.iter().map(|chunk| chunk["delta"].to_string()).collect();
        assert_eq!(deltas, [r#"{"reasoning_content":"hm"}"#, r#"{"content":"yes"}"#, r#"{"content":"!"}"#]);
        let ends: Vec<_> = chunks.iter().map(|chunk| chunk["finish_reason"].clone()).collect();
        assert_eq!(ends, [Value::Null, Value::Null, json!("length")]);
        let told =
            chunks.iter().filter_map(|chunk| chunk["logprobs"]["content"].as_array()).map(Vec::len).sum::<usize>();
        assert_eq!(told, 4, "no token is lost");
    }

    #[test]
    fn calls_end_a_reply_in_their_own_way() {
        let mut caller = writer(true, None);
        let delta = whole(&mut caller, &[token(0, "<tool_call>look</tool_call>")], Reason::Stop);
        let chunk = delta.clone().chunk(0, false);
        assert_eq!(chunk["delta"]["tool_calls"][0]["index"], 0);
        let choice = delta.choice(0, false);
        assert_eq!(
            choice["message"]["tool_calls"],
            json!([{"id": "call_00000000000000070000", "type": "function", "function": {"name": "look", "arguments": "{}"}}])
        );
        assert_eq!((&choice["message"]["content"], &choice["finish_reason"]), (&json!("!"), &json!("tool_calls")));
        let repeated = whole(&mut writer(false, None), &[token(0, "a")], Reason::Repetition).choice(0, false);
        assert_eq!((&repeated["finish_reason"], &repeated["stop_reason"]), (&json!("length"), &json!("repetition")));
    }

    #[test]
    fn the_usage_has_a_chunk_of_its_own_if_asked_for() {
        assert_eq!(head(false).usage_chunk(Usage::default()), None);
        assert_eq!(head(false).chunk(json!({})).get("usage"), None);
        let usage = Usage { prompt_tokens: 3, completion_tokens: 2, reasoning_tokens: 0 };
        let last = head(true).usage_chunk(usage).expect("it was asked for");
        assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(5)));
        assert_eq!(head(true).chunk(json!({}))["usage"], Value::Null);
    }
}
