//! Ctrl-C: once to finish what runs, twice to leave it unfinished. Nothing is lost either way. Training only finishes: a step
//! is short.

use glim_agent::rollout::Stop;
use tokio::signal::unix::{SignalKind, signal};

/// What a first Ctrl-C says where episodes run.
pub(crate) const EPISODES: &str = "finishing the running episodes; Ctrl-C again to leave them";

/// A request to stop that follows Ctrl-C and SIGTERM. With something to say, a first Ctrl-C says it and lets finish what
/// runs.
pub(crate) fn on_interrupt(gentle: Option<&'static str>) -> Stop {
    let stop = Stop::default();
    let asked = stop.clone();
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            tracing::warn!("signals cannot be caught: Ctrl-C ends the program at once");
            return;
        };
        loop {
            let terminated = tokio::select! {
                _ = interrupt.recv() => false,
                _ = terminate.recv() => true,
            };
            match gentle {
                Some(says) if !terminated && !asked.is_asked() => {
                    eprintln!("\n{says}");
                    asked.finish();
                }
                _ => asked.abandon(),
            }
        }
    });
    stop
}
