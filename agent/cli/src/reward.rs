//! `glim reward`: samples in, rewards out, line by line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::{FutureExt, Stream, StreamExt};
use glim_rewards::{Config, Sample, System, cases};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::arguments::Reward;

/// Longest line that is read, in bytes.
const LONGEST_LINE: usize = 8 << 20;
/// Fewest samples that are at work at once, so that a slow judge does not leave rules idle.
const AT_ONCE: usize = 256;

pub(crate) async fn reward(arguments: Reward) -> Result<ExitCode> {
    if let Some(path) = &arguments.cases {
        return run_cases(path).await;
    }
    let path = arguments.config.expect("the command line asks for one of both");
    let config = Config::open(&path).with_context(|| format!("`{}` is no configuration", path.display()))?;
    let system = Arc::new(System::new(&config)?);
    if std::io::stdin().is_terminal() {
        eprintln!("glim: reading samples from the terminal, one JSON object a line; Ctrl-D ends them");
    }
    let judges: usize = config.judges.values().map(|judge| judge.concurrency).sum();
    let rewarder = Arc::clone(&system);
    let records = lines(Box::new(std::io::stdin()))
        .map(move |line| {
            let system = Arc::clone(&rewarder);
            tokio::spawn(async move { rewarded(&system, line).await })
        })
        .buffered(AT_ONCE.max(2 * judges))
        .map(|record| record.expect("what breaks in a sample is caught there"));
    let code = told(records, "samples").await?;
    for cost in system.costs().iter().filter(|cost| cost.replies + cost.cached + cost.failed > 0) {
        eprintln!(
            "judge {}: {} replies ({} tokens read, {} written), {} retries, {} verdicts from the cache, {} without verdict",
            cost.judge,
            cost.replies,
            cost.prompt_tokens,
            cost.completion_tokens,
            cost.retries,
            cost.cached,
            cost.failed
        );
    }
    Ok(code)
}

async fn run_cases(path: &Path) -> Result<ExitCode> {
    let input: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("`{}` cannot be read", path.display()))?)
    };
    let records = lines(input)
        .map(|line| {
            tokio::task::spawn_blocking(move || {
                let number = line.number;
                let case = line.text.and_then(|text| cases::read(&text).map_err(|error| error.to_string()));
                match case {
                    Ok(case) => Record::good(json!(cases::run(&case))),
                    Err(reason) => Record::broken(number, &Value::Null, &reason),
                }
            })
        })
        .buffered(AT_ONCE)
        .map(|record| record.expect("what breaks in a case is caught there"));
    told(records, "cases").await
}

/// One line of input.
struct Line {
    /// From 1.
    number: u64,
    text: Result<String, String>,
}

/// One line of output.
struct Record {
    value: Value,
    is_broken: bool,
}

impl Record {
    fn good(value: Value) -> Record {
        Record { value, is_broken: false }
    }

    fn broken(line: u64, id: &Value, reason: &str) -> Record {
        Record { value: json!({"line": line, "id": id, "error": reason}), is_broken: true }
    }
}

async fn rewarded(system: &System, line: Line) -> Record {
    let text = match line.text {
        Ok(text) => text,
        Err(reason) => return Record::broken(line.number, &Value::Null, &reason),
    };
    let sample: Sample = match serde_json::from_str(&text) {
        Ok(sample) => sample,
        Err(error) => {
            let id = serde_json::from_str::<Value>(&text).ok().and_then(|value| value.get("id").cloned());
            return Record::broken(line.number, &id.unwrap_or_default(), &format!("the line is no sample: {error}"));
        }
    };
    match system.reward(&sample).await {
        Ok(reward) => {
            let mut value = json!({"id": sample.id});
            let Value::Object(fields) = json!(reward) else { unreachable!("a reward is an object") };
            value.as_object_mut().expect("it is one").extend(fields);
            Record::good(value)
        }
        Err(error) => Record::broken(line.number, &sample.id, &error.to_string()),
    }
}

/// The lines of an input, read on a thread of its own, a few ahead. Blank lines are passed over.
fn lines(input: Box<dyn Read + Send>) -> impl Stream<Item = Line> {
    let (sender, receiver) = mpsc::channel(64);
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        let mut number = 0;
        loop {
            number += 1;
            let text = match next_line(&mut input) {
                Ok(None) => return,
                Ok(Some(line)) if line.iter().all(u8::is_ascii_whitespace) => continue,
                Ok(Some(line)) if line.len() > LONGEST_LINE => {
                    Err(format!("the line is longer than {LONGEST_LINE} bytes"))
                }
                Ok(Some(line)) => String::from_utf8(line).map_err(|error| format!("the line is not UTF-8: {error}")),
                Err(error) => {
                    let text = Err(format!("the input cannot be read on: {error}"));
                    let _ = sender.blocking_send(Line { number, text });
                    return;
                }
            };
            if sender.blocking_send(Line { number, text }).is_err() {
                return;
            }
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|line| (line, receiver)) })
}

/// A line without its end; of one that is too long, as much as shows that.
fn next_line(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = input.take(LONGEST_LINE as u64 + 2).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > LONGEST_LINE {
        let mut rest = Vec::new();
        while input.take(1 << 16).read_until(b'\n', &mut rest)? > 0 && rest.last() != Some(&b'\n') {
            rest.clear();
        }
    }
    Ok(Some(line))
}

/// Writes the records as they come, and says at the end how many there were of each kind.
async fn told(records: impl Stream<Item = Record>, what: &str) -> Result<ExitCode> {
    let mut records = std::pin::pin!(records);
    let mut output = BufWriter::new(std::io::stdout().lock());
    let bar = spinner();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut broken = 0;
    let mut all = 0;
    let written: std::io::Result<()> = async {
        loop {
            let next = match records.next().now_or_never() {
                Some(next) => next,
                None => {
                    // Whoever waits for what is there already shall have it.
                    output.flush()?;
                    records.next().await
                }
            };
            let Some(record) = next else { return output.flush() };
            all += 1;
            broken += u64::from(record.is_broken);
            if let Some(kind) = record.value["kind"].as_str() {
                *counts.entry(kind.to_owned()).or_default() += 1;
            }
            bar.set_message(format!("{all} {what}"));
            writeln!(output, "{}", record.value)?;
        }
    }
    .await;
    bar.finish_and_clear();
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        written => written.context("the output could not be written")?,
    }
    let kinds: Vec<_> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let what = if all == 1 { what.trim_end_matches('s') } else { what };
    eprintln!("{all} {what}: {}", if kinds.is_empty() { "none rewarded".to_owned() } else { kinds.join(", ") });
    if broken > 0 {
        eprintln!("glim: {broken} of {all} lines could not be used; each has a record with `error` in its place");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A line that changes, where a person sees it.
fn spinner() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {elapsed}  {msg}").expect("the template is well formed"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
