//! Ctrl-C: once to finish what runs, twice to leave it unfinished. Nothing is lost either way.

use glim_agent::rollout::Stop;
use tokio::signal::unix::{SignalKind, signal};

/// A request to stop that follows Ctrl-C and SIGTERM.
pub(crate) fn on_interrupt(gentle: bool) -> Stop {
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
            if !gentle || terminated || asked.is_asked() {
                asked.abandon();
            } else {
                eprintln!("\nfinishing the running episodes; Ctrl-C again to leave them");
                asked.finish();
            }
        }
    });
    stop
}
