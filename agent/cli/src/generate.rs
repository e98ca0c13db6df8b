//! `glim generate`: one reply to words and pictures.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use glim_processor::{Content, Input, Limits, Message, Options, Picture, Processor};
use glim_vlm::engine::{Engine, Event, Finish, Reason, Request, Sampling};

use crate::arguments::Generate;
use crate::model;

pub(crate) async fn generate(arguments: Generate) -> Result<ExitCode> {
    // What is wrong with a file is said before the model is loaded.
    let pictures: Vec<Arc<[u8]>> = arguments.image.iter().map(|file| read(file)).collect::<Result<_>>()?;
    let engine = model::start(&arguments.checkpoint, arguments.options()).await?;
    let input = Arc::new(prompt(engine.processor(), &arguments, &pictures)?);
    let (prompt_tokens, context) = (input.ids.len(), engine.context());
    let room = context.checked_sub(prompt_tokens).filter(|room| *room > 0);
    let room = room.with_context(|| {
        format!("the prompt has {prompt_tokens} tokens, and the model reads {context} at the most, its reply included")
    })?;
    let request = Request {
        input,
        sampling: Sampling {
            temperature: arguments.temperature,
            top_p: arguments.top_p,
            top_k: arguments.top_k,
            seed: arguments.seed,
        },
        max_tokens: arguments.max_tokens.min(room),
        stop: Vec::new(),
        thinking_budget: arguments.thinking_budget,
        repetition_window: 0,
        top_logprobs: 0,
    };
    tokio::select! {
        written = write(&engine, request) => written,
        _ = tokio::signal::ctrl_c() => {
            println_end();
            eprintln!("glim: interrupted");
            // As a shell tells it.
            Ok(ExitCode::from(130))
        }
    }
}

fn read(file: &Path) -> Result<Arc<[u8]>> {
    let encoded = std::fs::read(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    Picture::decode(&encoded, Limits::default().pixels).with_context(|| format!("`{}`", file.display()))?;
    Ok(encoded.into())
}

/// Pictures, then words, in one message of the user.
fn prompt(processor: &Processor, arguments: &Generate, pictures: &[Arc<[u8]>]) -> Result<Input> {
    if arguments.raw {
        return Ok(processor.input_from_text(&arguments.prompt, pictures, &[])?);
    }
    let mut messages = Vec::new();
    if let Some(system) = &arguments.system {
        messages.push(Message::text("system", system));
    }
    let mut parts: Vec<Content> = pictures.iter().cloned().map(Content::Image).collect();
    parts.push(arguments.prompt.as_str().into());
    messages.push(Message::new("user", parts));
    Ok(processor.input(&messages, &Options::default())?)
}

/// The reply to stdout as it is written, and then what it took to stderr.
async fn write(engine: &Engine, request: Request) -> Result<ExitCode> {
    let begun = Instant::now();
    let mut first = None;
    let mut generation = engine.submit(request).await?;
    while let Some(event) = generation.next().await {
        match event? {
            Event::Token(token) => {
                first.get_or_insert_with(Instant::now);
                show(&token.text)?;
            }
            Event::Finished(finish) => {
                show(&finish.text)?;
                println_end();
                say_statistics(&finish, begun, first);
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
    anyhow::bail!("the engine left the reply unfinished")
}

fn say_statistics(finish: &Finish, begun: Instant, first: Option<Instant>) {
    let ended = match finish.reason {
        Reason::Stop => "",
        Reason::Length => ", cut off at its longest",
        Reason::Repetition => ", ended because it repeated itself",
    };
    let first = first.unwrap_or_else(Instant::now);
    let reading_s = (first - begun).as_secs_f64();
    eprintln!("prompt   {} tokens, {reading_s:.2} s to the first of the reply", finish.prompt_tokens);
    // The first token belongs to the reading.
    let rate = finish.completion_tokens.saturating_sub(1) as f64 / first.elapsed().as_secs_f64().max(1e-9);
    eprintln!("reply    {} tokens, {rate:.1} tokens/s{ended}", finish.completion_tokens);
}

#[allow(clippy::print_stdout)]
fn show(text: &str) -> Result<()> {
    print!("{text}");
    std::io::stdout().flush().context("the reply could not be written")
}

#[allow(clippy::print_stdout)]
fn println_end() {
    println!();
}
