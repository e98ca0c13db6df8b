//! `--ranks`: the processes of one training run on this machine, started as `torchrun` would.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long the other ranks have to notice that one has failed.
const GRACE: Duration = Duration::from_secs(60);

/// This program's own arguments, without those that ask for ranks.
pub(crate) fn own_arguments() -> Vec<OsString> {
    without_ranks(std::env::args_os().skip(1))
}

fn without_ranks(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.to_string_lossy().as_ref() {
            "--ranks" => drop(arguments.next()),
            text if text.starts_with("--ranks=") => {}
            _ => kept.push(argument),
        }
    }
    kept
}

/// Runs this program once for each rank and waits for all. Ctrl-C reaches them by the terminal, SIGTERM is passed on.
///
/// # Errors
/// If one cannot be started, or fails.
pub(crate) async fn launch(ranks: usize, arguments: &[OsString]) -> Result<ExitCode> {
    let program = std::env::current_exe().context("where this program lies cannot be found")?;
    let port =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).context("no free port")?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be caught")?;
    let mut running: JoinSet<(usize, std::io::Result<ExitStatus>)> = JoinSet::new();
    let mut ids = Vec::new();
    for rank in 0..ranks {
        let mut command = Command::new(&program);
        command.args(arguments).kill_on_drop(true).stdin(Stdio::null());
        command.env("RANK", rank.to_string()).env("LOCAL_RANK", rank.to_string());
        command.env("WORLD_SIZE", ranks.to_string());
        command.env("MASTER_ADDR", Ipv4Addr::LOCALHOST.to_string()).env("MASTER_PORT", port.port().to_string());
        if std::env::var_os("OMP_NUM_THREADS").is_none() {
            command.env("OMP_NUM_THREADS", (cores / ranks).max(1).to_string());
        }
        if rank > 0 {
            command.stdout(Stdio::null());
        }
        let mut child: Child = command.spawn().with_context(|| format!("rank {rank} could not be started"))?;
        ids.extend(child.id().map(|id| id.to_string()));
        running.spawn(async move { (rank, child.wait().await) });
    }
    let mut failed: Option<(usize, String)> = None;
    let mut end = None;
    loop {
        let late = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = running.join_next() => match ended {
                None => break,
                Some(ended) => {
                    let (rank, status) = ended.context("a rank could not be waited for")?;
                    let status = status.with_context(|| format!("rank {rank} could not be waited for"))?;
                    if !status.success() && failed.is_none() {
                        failed = Some((rank, status.to_string()));
                        end = Some(Instant::now() + GRACE);
                    }
                }
            },
            _ = terminate.recv() => pass_on(&ids),
            // The ranks were told by the terminal.
            _ = interrupt.recv() => {}
            () = late => break,
        }
    }
    match failed {
        Some((rank, status)) => bail!("rank {rank} ended with {status}; what it said stands above"),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Ends processes gently. A shell knows how, everywhere, and this program sends no signals by itself.
fn pass_on(ids: &[String]) {
    let told = std::process::Command::new("sh").args(["-c", "kill -TERM \"$@\"", "sh"]).args(ids).status();
    if let Err(error) = told {
        tracing::warn!("the ranks could not be told to end: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_not_asked_for_again() {
        let given = ["train", "sft", "--ranks", "2", "--out", "x", "--ranks=3"].map(OsString::from);
        assert_eq!(without_ranks(given.into_iter()), ["train", "sft", "--out", "x"].map(OsString::from));
    }
}
