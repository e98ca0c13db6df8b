//! How a run is asked to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// A request to stop that all parts of a run share. Cheap to clone; clones are one request.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<Level>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Go,
    Finish,
    Abandon,
}

impl Default for Stop {
    fn default() -> Self {
        Stop(Arc::new(watch::Sender::new(Level::Go)))
    }
}

impl Stop {
    /// Starts no more episodes and lets the running ones finish: the first Ctrl-C.
    pub fn finish(&self) {
        self.raise(Level::Finish);
    }

    /// Leaves the running episodes unfinished, too: the second Ctrl-C. They are repeated when the run is resumed.
    pub fn abandon(&self) {
        self.raise(Level::Abandon);
    }

    /// Whether no more episodes are to be started.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() > Level::Go
    }

    /// Whether running episodes are to be left unfinished.
    pub fn is_abandoned(&self) -> bool {
        *self.0.borrow() == Level::Abandon
    }

    /// Waits until running episodes are to be left unfinished.
    pub async fn abandoned(&self) {
        // The sender is held by `self`, so that the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|level| *level == Level::Abandon).await;
    }

    fn raise(&self, to: Level) {
        self.0.send_if_modified(|level| {
            let raised = to > *level;
            *level = to.max(*level);
            raised
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_only_rises_and_wakes_those_who_wait() {
        let stop = Stop::default();
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.abandoned().await }
        });
        assert!(!stop.is_asked());
        stop.finish();
        assert!(stop.is_asked() && !stop.is_abandoned());
        stop.abandon();
        stop.finish();
        assert!(stop.is_abandoned());
        waiting.await.expect("the waiter was woken");
    }
}
