//! A still picture as an [`Environment`]: it is looked at, one place on it is named, and that is all.
//!
//! Sets of pictures with instructions (ScreenSpot, RefCOCO) are asked of an agent through it, with the harness, the
//! dialects and the records of every other world. It moves nothing: an action at a place is [`Outcome::Done`], any other
//! is rejected, and [`Step::signal`] is `true` from the first action on, which is how a task knows that it is over.
//!
//! A pixel of the picture is a CSS pixel. PNG files are shown as they are, others as PNG; turns that a camera wrote into a
//! file are not followed, since the places of such sets are told in stored pixels. A file that cannot be shown is a world
//! that is broken, never a mistake of the agent.

mod load;

use glim_env::{
    Action, ActionKind, EnvError, Environment, Evidence, Observation, Outcome, Point, Query, Screenshot, Scroll, Seed,
    StartState, Step, Target, Viewport,
};
use serde_json::Value;

const ACCEPTED: [ActionKind; 2] = [ActionKind::Click, ActionKind::Drag];

/// One picture at a time.
#[derive(Debug, Default)]
pub struct PictureEnv {
    shown: Option<Observation>,
    acted: bool,
}

impl PictureEnv {
    /// One that shows nothing before its first reset.
    pub fn new() -> PictureEnv {
        PictureEnv::default()
    }

    fn shown(&self) -> Result<&Observation, EnvError> {
        let unready = || EnvError::Protocol {
            what: "acting on a picture".to_owned(),
            reason: "none is shown before a reset".to_owned(),
        };
        self.shown.as_ref().ok_or_else(unready)
    }
}

impl Environment for PictureEnv {
    async fn reset(&mut self, start: &StartState, _seed: Seed) -> Result<Observation, EnvError> {
        self.shown = None;
        self.acted = false;
        let StartState::Picture(start) = start else {
            return Err(EnvError::Unsupported { what: "show anything but pictures".to_owned() });
        };
        let path = start.path.clone();
        let unreachable = |reason: String| EnvError::Unreachable { url: start.path.display().to_string(), reason };
        // Decoding takes tens of milliseconds, which other episodes must not wait for.
        let loaded = match tokio::task::spawn_blocking(move || load::png(&path)).await {
            Ok(loaded) => loaded.map_err(unreachable)?,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => return Err(unreachable(error.to_string())),
            },
        };
        let observation = Observation {
            screenshot: Screenshot { png: loaded.png.into() },
            viewport: Viewport::new(loaded.width, loaded.height),
            // The file's name may give the answer away.
            url: String::new(),
            title: "a still picture".to_owned(),
            tabs: Vec::new(),
            scroll: Scroll::default(),
            elements: Vec::new(),
            notices: Vec::new(),
            settled: true,
        };
        Ok(self.shown.insert(observation).clone())
    }

    async fn step(&mut self, action: &Action) -> Result<Step, EnvError> {
        let observation = self.shown()?.clone();
        self.acted = true;
        let outcome = match action {
            Action::Click { .. } | Action::Drag { .. } => {
                let wrong = action.targets().iter().find_map(|target| misplaced(target, observation.viewport));
                wrong.map_or(Outcome::Done, Outcome::rejected)
            }
            _ => Outcome::rejected(
                "this is a still picture: it can only be clicked, once, at the place that is asked for",
            ),
        };
        Ok(Step { observation, outcome, signal: Value::Bool(self.acted) })
    }

    async fn probe(&mut self, query: &Query) -> Result<Evidence, EnvError> {
        let value = match query {
            Query::Url => Value::String(self.shown()?.url.clone()),
            _ => return Err(EnvError::Unsupported { what: "say more of a picture than it shows".to_owned() }),
        };
        Ok(Evidence { query: query.clone(), value })
    }

    fn accepts(&self) -> &[ActionKind] {
        &ACCEPTED
    }
}

/// Why an action cannot be aimed there, if it cannot.
fn misplaced(target: &Target, viewport: Viewport) -> Option<String> {
    match target {
        Target::Mark(mark) => Some(format!("there is no element [{mark}] on a still picture; name a place as [x,y]")),
        Target::Point(point) if !viewport.rect().contains(Point::new(point.x, point.y)) => Some(format!(
            "({}, {}) is off the picture, which has {} x {} pixels",
            point.x, point.y, viewport.width, viewport.height
        )),
        Target::Point(_) => None,
    }
}

#[cfg(test)]
mod tests;
