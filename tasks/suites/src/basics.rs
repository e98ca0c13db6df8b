//! Screens to begin with: a few large things, one of which the goal names; one click decides.
//!
//! The easiest tier of a curriculum, in the protocol of MiniWoB++ ([`crate::wob`]): what a small model learns first, and
//! where it can be seen to have learned. They prove nothing of an agent that can read: chance wins some of them, which a
//! report shows beside the score.

use std::sync::Arc;

use glim_env::{Action, Episode, Evidence, Query, Seed, StartState, Target, Viewport};
use serde_json::Value;

use crate::pages::{FILES, HOST};
use crate::{Goal, PageServer, PageServerError, Situation, Stage, StageError, Suite, Task, TaskFamily, Verdict, wob};

/// The size that the screens are laid out for, in CSS pixels.
pub const VIEWPORT: Viewport = Viewport::new(168, 168);

/// Clicks of an episode at the most; the first on any of the things decides.
const TURN_BUDGET: usize = 2;

/// Every kind of screen, in the order in which a report lists them.
pub const KINDS: [&str; 8] = ["button", "link", "tab", "checkbox", "radio", "number", "colour", "shape"];

/// The suite, on a server of its own that lives as long as any of its tasks.
///
/// # Errors
/// If no loopback port could be opened, or outside of a Tokio runtime.
pub fn start() -> Result<Suite, PageServerError> {
    let server = Arc::new(PageServer::embedded(&FILES)?);
    let family = |kind: &&'static str| {
        let name = format!("basics/{kind}");
        Arc::new(Family { name, kind, server: Arc::clone(&server) }) as Arc<dyn TaskFamily>
    };
    Ok(Suite { name: "basics".to_owned(), families: KINDS.iter().map(family).collect() })
}

struct Family {
    name: String,
    kind: &'static str,
    server: Arc<PageServer>,
}

impl TaskFamily for Family {
    fn name(&self) -> &str {
        &self.name
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        Arc::new(Screen { kind: self.kind, server: Arc::clone(&self.server), seed })
    }
}

struct Screen {
    kind: &'static str,
    server: Arc<PageServer>,
    seed: Seed,
}

impl Task for Screen {
    fn goal(&self) -> Goal {
        wob::goal()
    }

    fn stage(&self) -> Result<Stage, StageError> {
        let url = format!("http://{HOST}/basics/{}.html", self.kind);
        let start = wob::start(&url, VIEWPORT, self.seed, wob::NO_TIME_LIMIT_MS);
        Ok(StartState::Web(start.route(HOST, self.server.addr())).into())
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        wob::queries()
    }

    fn judge(&self, _episode: &Episode, evidence: &[Evidence]) -> Verdict {
        wob::judge(evidence)
    }

    fn solve(&self, situation: &Situation<'_>) -> Option<Action> {
        let wanted = situation.goal.split('"').nth(1)?;
        let elements = &situation.observation.elements;
        let named = elements.iter().filter(|element| element.name == wanted && element.clickable);
        named.map(|element| Action::click(Target::Mark(element.mark))).next()
    }

    fn is_over(&self, signal: &Value) -> bool {
        wob::is_over(signal)
    }

    fn turn_budget(&self) -> usize {
        TURN_BUDGET
    }

    fn tags(&self) -> Vec<String> {
        vec!["clicking".to_owned()]
    }
}
