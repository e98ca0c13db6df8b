//! Which tokens of a conversation are learned: what the assistant says, and the token that ends its turn.
//!
//! Where a reply begins is found with the template itself: the conversation before it, rendered as a prompt, must be what
//! the whole begins with, token by token, so that a model is taught to go on from just what it will be given. A reply ends
//! at the next token of structure, which words cannot contain. After the last reply there is none, and the one that ends
//! turns is put there.
//!
//! ```text
//! [gMASK]<sop><|user|>\nWhere?<|assistant|>\n[[1,2]]<|user|>\nAnd now?<|assistant|>\n[[3,4]]<|user|>
//!                                            ~~~~~~~~~~~~~~~                         ~~~~~~~~~~~~~~~
//! ```

use glim_processor::{Content, Message, Options, Processor, ProcessorError};

use super::Thinking;
use super::sample::words;

/// What gives a conversation its structure, and so ends a reply.
const STRUCTURE: [&str; 5] = ["<|endoftext|>", "<|user|>", "<|observation|>", "<|system|>", "<|assistant|>"];

/// Token ids, and for each what predicting it counts.
pub(super) struct Spans {
    pub(super) ids: Vec<u32>,
    pub(super) weights: Vec<f32>,
}

/// The conversation as tokens. Pictures are prepared, or stand for themselves by their size.
///
/// # Errors
/// In words, if the template does not begin a conversation as it begins its replies.
pub(super) fn replies(messages: &[Message], processor: &Processor, thinking: Thinking) -> Result<Spans, String> {
    let (mut messages, taught) = thoughtful(messages, thinking);
    let mut options = Options { add_generation_prompt: false, ..Options::default() };
    if thinking == Thinking::Off {
        options.variables.insert("enable_thinking".to_owned(), false.into());
    }
    let prompt = Options { add_generation_prompt: true, ..options.clone() };
    let ids = |messages: &[Message], options: &Options| processor.input(messages, options).map(|input| input.ids);
    let said = |error: ProcessorError| error.to_string();
    let mut whole = ids(&messages, &options).map_err(said)?;
    let replies: Vec<usize> = (0..messages.len()).filter(|at| messages[*at].role == "assistant").collect();
    let texts: Vec<String> = messages.iter().map(words).collect();
    // A template may open and close the thought in its prompt, and not write it before a reply that has none.
    if let (Thinking::Off, Some(&first)) = (thinking, replies.first()) {
        let before = ids(&messages[..first], &prompt).map_err(said)?;
        if !whole.starts_with(&before) {
            let lead = lead(&messages[..first], processor, &prompt)?;
            replies.iter().for_each(|&at| messages[at].content.insert(0, Content::Text(lead.clone())));
            replies.iter().for_each(|&at| join(&mut messages[at]));
            whole = ids(&messages, &options).map_err(said)?;
        }
    }
    let ends = ends(processor);
    let mut weights = vec![0.0; whole.len()];
    for at in replies {
        let before = ids(&messages[..at], &prompt).map_err(said)?;
        if !whole.starts_with(&before) {
            let same = whole.iter().zip(&before).take_while(|(a, b)| a == b).count();
            return Err(format!(
                "the template writes another beginning before reply {at} when it is there than when it is asked for, from \
                 token {same} of {}; what is learned cannot be told",
                before.len()
            ));
        }
        let begin = before.len();
        let length = whole[begin..].iter().position(|id| ends.contains(id));
        let end = length.map_or(whole.len(), |length| begin + length);
        let rendered = processor.tokenizer().decode(&whole[begin..end], false).map_err(said)?;
        // A template that leaves out a part of a reply teaches something else.
        if !taught[at] || !rendered.contains(texts[at].trim()) {
            continue;
        }
        if end == whole.len()
            && let Some(id) = turn_end(&messages[at], processor)
        {
            whole.push(id);
            weights.push(0.0);
        }
        let past = whole.len().min(end + 1);
        weights[begin..past].fill(1.0);
    }
    Ok(Spans { ids: whole, weights })
}

/// The messages without the thoughts that are left out, and which of them may be taught.
fn thoughtful(messages: &[Message], thinking: Thinking) -> (Vec<Message>, Vec<bool>) {
    let last_question = messages.iter().rposition(|message| message.role == "user").unwrap_or(0);
    let mut messages = messages.to_vec();
    let mut taught = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter_mut().enumerate() {
        let off = thinking == Thinking::Off;
        let changed = message.role == "assistant" && (off || at < last_question) && forget(message);
        taught.push(off || !changed);
    }
    (messages, taught)
}

/// Takes the thought out of a message; whether there was one.
fn forget(message: &mut Message) -> bool {
    let mut changed = message.fields.shift_remove("reasoning_content").is_some();
    for part in &mut message.content {
        if let Content::Text(text) = part
            && let Some((_, rest)) = text.split_once("</think>")
        {
            *text = rest.trim_start().to_owned();
            changed = true;
        }
    }
    changed
}

/// What the prompt adds when thinking is off.
fn lead(before: &[Message], processor: &Processor, prompt: &Options) -> Result<String, String> {
    let thinking = Options { variables: Default::default(), ..prompt.clone() };
    let bare = Options { add_generation_prompt: false, ..prompt.clone() };
    let said = |error: ProcessorError| error.to_string();
    let header = |with: &Options, without: &Options| {
        let (with, without) = (processor.render(before, with)?, processor.render(before, without)?);
        Ok(with.strip_prefix(&without).map(str::to_owned))
    };
    let off = header(prompt, &bare).map_err(said)?;
    let on = header(&thinking, &Options { add_generation_prompt: false, ..thinking.clone() }).map_err(said)?;
    let lead =
        off.zip(on).and_then(|(off, on)| off.strip_prefix(on.trim_end()).map(|lead| lead.trim_start().to_owned()));
    lead.ok_or_else(|| "the template's prompt with thinking off does not go on from the one with it on".to_owned())
}

/// Makes one text of the texts at the beginning of a message.
fn join(message: &mut Message) {
    if let [Content::Text(first), Content::Text(second), ..] = &message.content[..] {
        let joined = format!("{first}{second}");
        message.content.splice(..2, [Content::Text(joined)]);
    }
}

fn ends(processor: &Processor) -> Vec<u32> {
    let tokenizer = processor.tokenizer();
    let known = STRUCTURE.iter().filter_map(|token| tokenizer.token_id(token));
    known.chain(tokenizer.eos().iter().copied()).collect()
}

/// What ends the last reply: the beginning of a tool's turn after calls, else of the user's, as within a conversation, if
/// the checkpoint names it as an end.
fn turn_end(message: &Message, processor: &Processor) -> Option<u32> {
    let tokenizer = processor.tokenizer();
    let next = if message.fields.contains_key("tool_calls") { "<|observation|>" } else { "<|user|>" };
    let eos = tokenizer.eos();
    tokenizer.token_id(next).filter(|id| eos.contains(id)).or(eos.first().copied())
}
