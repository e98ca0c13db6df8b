//! The work list that all arms play, and what an arm says about it.

use serde::{Deserialize, Serialize};

/// What each environment plays, one list for each.
#[derive(Deserialize)]
pub(crate) struct Work {
    pub envs: Vec<Vec<Episodes>>,
}

/// Episodes of one task after each other.
#[derive(Deserialize)]
pub(crate) struct Episodes {
    pub task: String,
    /// One episode for each.
    pub seeds: Vec<u64>,
    /// The steps of each episode: clicks, in CSS pixels.
    pub clicks: Vec<(f64, f64)>,
}

/// How long it took.
#[derive(Default, Serialize)]
pub(crate) struct Timing {
    pub wall_s: f64,
    /// Resets that had to load another page.
    pub load_ms: Vec<f64>,
    /// Resets to the task of the episode before.
    pub reset_ms: Vec<f64>,
    pub step_ms: Vec<f64>,
    /// Elements in each observation.
    pub elements: Vec<usize>,
    /// Size of each picture.
    pub picture_bytes: Vec<usize>,
}

impl Timing {
    /// Adds what another environment took at the same time.
    pub(crate) fn add(&mut self, other: Timing) {
        self.load_ms.extend(other.load_ms);
        self.reset_ms.extend(other.reset_ms);
        self.step_ms.extend(other.step_ms);
        self.elements.extend(other.elements);
        self.picture_bytes.extend(other.picture_bytes);
    }
}
