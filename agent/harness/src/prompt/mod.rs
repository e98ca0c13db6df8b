//! What a model is told and shown.
//!
//! As the paper has it: one user turn that tells the history in words, a memory that is carried from reply to reply, and
//! the pictures that the dialect was trained on. Web: the marked screenshot and the list of elements. Desktop: up to four
//! earlier screenshots at half size, then the current one in full. Mobile: the current one, plain and marked.
//!
//! **How we differ**: the texts are ours; rejected actions, actions without effect and notices are told, so that an agent
//! can learn within the episode; words of a page are put on one line and lose the marks of special tokens, so that a page
//! cannot write parts of the prompt.

use glim_env::{Outcome, Turn};
use glim_tasks::Situation;

use self::history::history;
use self::instruction::instruction;
use self::screen::screen;
use crate::Dialect;
use crate::agent::{AgentOptions, Style};
use crate::dialect::Reply;
use crate::picture;
use crate::policy::{Part, PolicyError};

mod history;
mod instruction;
mod screen;

#[cfg(test)]
mod tests;

/// Longest memory that is carried, in bytes.
const MEMORY: usize = 8000;

/// The standing instruction and the message for one turn.
///
/// # Errors
/// If a screenshot is not a picture.
pub(crate) async fn write(
    dialect: Dialect,
    situation: &Situation<'_>,
    options: &AgentOptions,
) -> Result<(String, Vec<Part>), PolicyError> {
    if options.style == Style::Brief {
        return Ok((String::new(), brief_parts(dialect, situation, options.history)));
    }
    let mut message = format!("# Goal\n{}\n\n{}", situation.goal.trim(), history(dialect, situation, options.history));
    let memory = memory(situation.turns).unwrap_or_else(|| "(empty)".to_owned());
    message.push_str(&format!("\n# Memory\n{memory}\n\n"));
    message.push_str(&screen(dialect, situation.observation));
    let mut parts = vec![Part::Text(message)];
    parts.extend(pictures(dialect, situation, options.pictures).await?);
    Ok((instruction(dialect), parts))
}

/// The screenshot, and what [`brief`] says.
fn brief_parts(dialect: Dialect, situation: &Situation<'_>, most: usize) -> Vec<Part> {
    let text = brief(dialect, situation.goal, situation.turns, most);
    vec![Part::Image(situation.observation.screenshot.png.clone()), Part::Text(text)]
}

/// The words of a brief prompt, which stand after the screenshot: the goal, and the last `most` actions, a line each.
pub fn brief(dialect: Dialect, goal: &str, turns: &[Turn], most: usize) -> String {
    let mut message = goal.trim().to_owned();
    for turn in &turns[turns.len().saturating_sub(most)..] {
        if let Some(action) = &turn.action {
            message.push('\n');
            message.push_str(&dialect.print(action, &turn.observation));
        }
    }
    message
}

/// The memory that the last reply with one asked to keep.
fn memory(turns: &[Turn]) -> Option<String> {
    let mut replies = turns.iter().rev().map(|turn| Reply::split(&turn.completion.text));
    replies.find_map(|reply| reply.memory().map(|memory| memory[..memory.floor_char_boundary(MEMORY)].to_owned()))
}

/// The pictures of a turn, each after the words that say what it shows.
async fn pictures(dialect: Dialect, situation: &Situation<'_>, earlier: usize) -> Result<Vec<Part>, PolicyError> {
    let observation = situation.observation;
    let mut parts = Vec::new();
    match dialect {
        Dialect::Web => {
            parts.push(Part::Text("# Screenshot, with the numbers of the elements".to_owned()));
            parts.push(Part::Image(marked(observation).await?));
        }
        Dialect::Mobile => {
            parts.push(Part::Text("# Screenshot".to_owned()));
            parts.push(Part::Image(observation.screenshot.png.clone()));
            parts.push(Part::Text("# The same, with boxes around what can be operated".to_owned()));
            parts.push(Part::Image(marked(observation).await?));
        }
        Dialect::Desktop => {
            let first = situation.turns.len().saturating_sub(earlier);
            for (step, turn) in situation.turns.iter().enumerate().skip(first) {
                let screenshot = turn.observation.screenshot.clone();
                let small = in_background(move || picture::halved(&screenshot)).await?;
                parts.push(Part::Text(format!("# Screenshot before step {}, at half size", step + 1)));
                parts.push(Part::Image(small));
            }
            parts.push(Part::Text("# Current screenshot".to_owned()));
            parts.push(Part::Image(observation.screenshot.png.clone()));
        }
    }
    Ok(parts)
}

async fn marked(observation: &glim_env::Observation) -> Result<std::sync::Arc<[u8]>, PolicyError> {
    let observation = observation.clone();
    in_background(move || picture::marked(&observation)).await
}

/// Decoding and encoding take tens of milliseconds, which other episodes must not wait for.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PolicyError> + Send + 'static,
) -> Result<T, PolicyError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Err(PolicyError::Picture { reason: error.to_string() }),
    })
}

/// Words of a page on one line of at most `longest` characters.
fn quoted(words: &str, longest: usize) -> String {
    let mut line = String::new();
    let (mut length, mut gap) = (0, false);
    for c in words.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = !line.is_empty();
            continue;
        }
        if length + usize::from(gap) >= longest {
            line.push('…');
            break;
        }
        if gap {
            line.push(' ');
            length += 1;
            gap = false;
        }
        // `<|…|>` and `<think>` are special tokens to the models that read this.
        line.push(if c == '<' { '‹' } else { c });
        length += 1;
    }
    line
}

/// What came of a step, for the agent.
fn outcome(turn: &Turn, next: &glim_env::Observation) -> String {
    match &turn.outcome {
        Outcome::Rejected { reason } => format!("not done: {}", quoted(reason, 300)),
        Outcome::Done if is_unchanged(turn, next) => "done, but the screen has not changed".to_owned(),
        Outcome::Done => "done".to_owned(),
    }
}

fn is_unchanged(turn: &Turn, next: &glim_env::Observation) -> bool {
    let (before, after) = (&turn.observation.screenshot.png, &next.screenshot.png);
    !before.is_empty() && before == after && turn.observation.url == next.url
}
