//! Time and frames of one tab.
//!
//! On the virtual clock nothing moves by itself: time passes in budgets that we grant, and with
//! chromium-headless-shell a frame is drawn when we ask for one, stamped with that time. So equal seeds and actions
//! give equal pixels, and waiting costs no waiting. On the wall clock the page runs freely between our frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use glim_env::{Clock, EnvError};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::tab::Tab;

/// Milliseconds between frames.
const FRAME_MS: f64 = 1000.0 / 60.0;

/// When a page's virtual time begins: 2026-01-15T10:00:00Z, in seconds.
pub(crate) const EPOCH_S: f64 = 1_768_471_200.0;

/// How far frames are stamped ahead of the page's clock, which tells tenths of milliseconds.
const LEAD_MS: f64 = 0.5;

/// How long one frame may take before its page counts as stuck.
const FRAME_LIMIT: Duration = Duration::from_secs(5);

/// How long granted time may take to pass before frames are drawn, in case the page waits for one. Frames drawn for
/// no reason but a slow machine would make chance of what the page sees.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long a command may go without its answer before frames are drawn, in case the page answers only with one.
const UNANSWERED: Duration = Duration::from_millis(20);

/// Chromium dies of two overlapping frame requests, on whatever pages: one lock for each browser.
pub(crate) type FrameLock = Arc<Mutex<()>>;

/// Time and frames of one tab.
pub(crate) struct Pace {
    clock: Clock,
    /// Present where frames are drawn on request.
    frames: Option<FrameLock>,
    /// The stamp of a frame at the beginning of the document's virtual time, in milliseconds; `None` on the wall clock.
    /// The page's own ticks then, unless an earlier document in another process had run ahead of them.
    base: Option<f64>,
    /// Virtual milliseconds granted since `base`.
    elapsed: f64,
    /// Virtual milliseconds granted since the episode began.
    total: f64,
    stamps: Stamps,
    /// How much larger than in CSS pixels the view is, in which the pointer moves. Chromium draws frames on request with
    /// one image pixel for a CSS pixel whatever the device's ratio; there the view is enlarged instead.
    pub magnified: f64,
}

/// The stamps of a tab's frames. Chromium cuts a stamp down to whole microseconds, and a frame whose stamp has not
/// risen by then is lost: it is never drawn and never answered.
#[derive(Default)]
struct Stamps {
    /// The last one, in microseconds.
    last: i64,
}

impl Stamps {
    /// The stamp of a frame at `moment` of the page's time, or as soon after it as no frame has been, in milliseconds.
    fn next(&mut self, moment: f64) -> f64 {
        // Frames at one moment of virtual time still need stamps that rise. Counted in whole numbers, since sums of
        // thousandths drift, and sent from the middle of the microsecond, where no rounding leaves it.
        self.last = ((moment * 1000.0).round() as i64).max(self.last + 1);
        (self.last as f64 + 0.5) / 1000.0
    }

    /// The last one, in milliseconds.
    fn last(&self) -> f64 {
        self.last as f64 / 1000.0
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Picture<'a> {
    #[serde(borrow)]
    screenshot_data: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a str>,
}

impl Pace {
    pub fn new(clock: Clock, frames: Option<FrameLock>) -> Pace {
        // Without frames on request, a navigation on virtual time never ends; such a browser lives on the wall clock.
        let clock = if frames.is_some() { clock } else { Clock::Real };
        Pace { clock, frames, base: None, elapsed: 0.0, total: 0.0, stamps: Stamps::default(), magnified: 1.0 }
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Stops the page's time, also after a navigation to a new process, where it would run on.
    pub async fn hold(&mut self, tab: &Tab) -> Result<(), EnvError> {
        if self.clock == Clock::Real {
            return Ok(());
        }
        self.base = None;
        self.policy(tab, json!({"policy": "pause"})).await
    }

    /// Brings frames up to the page's own time, in milliseconds of its process's ticks. A page whose clock is ahead of its
    /// frames guesses in between what its animations show, in steps whose beginning is chance.
    pub fn catch_up(&mut self, ticks: f64) {
        if let Some(base) = &mut self.base {
            *base = base.max(ticks + LEAD_MS - self.elapsed);
        }
    }

    async fn policy(&mut self, tab: &Tab, mut params: Value) -> Result<(), EnvError> {
        if self.base.is_none() {
            params["initialVirtualTime"] = json!(EPOCH_S + self.total / 1000.0);
        }
        let answer = tab.call("Emulation.setVirtualTimePolicy", params).await?;
        if self.base.is_none() {
            self.base = answer["virtualTimeTicksBase"].as_f64().map(|ticks| ticks.max(self.stamps.last()));
            self.elapsed = 0.0;
        }
        Ok(())
    }

    /// Lets time pass: on the virtual clock exactly `ms` of the page's time, requests under way not counted; on the
    /// wall clock at least that. `Ok(false)` if the page did not come through before `limit`.
    pub async fn advance(&mut self, tab: &Tab, ms: f64, limit: Duration) -> Result<bool, EnvError> {
        if self.clock == Clock::Real {
            return self
                .while_drawing(tab, tokio::time::sleep(Duration::from_secs_f64(ms / 1000.0)))
                .await
                .map(|()| true);
        }
        let before = tab.state(|state| state.expired);
        self.policy(tab, json!({"policy": "pauseIfNetworkFetchesPending", "budget": ms})).await?;
        let deadline = tokio::time::Instant::now() + limit;
        let mut patience = PATIENCE;
        loop {
            // A navigation that ends without a page leaves the time standing until a frame comes.
            let waits = patience == PATIENCE;
            tab.wait(patience, |state| state.expired > before || waits && state.fruitless.is_some()).await?;
            if tab.state(|state| state.expired > before) {
                self.elapsed += ms;
                self.total += ms;
                return Ok(true);
            }
            if tokio::time::Instant::now() >= deadline {
                self.policy(tab, json!({"policy": "pause"})).await?;
                return Ok(false);
            }
            // A page that loads, or waits for the network, may need frames to go on.
            self.frame(tab).await?;
            patience = Duration::from_millis(16);
        }
    }

    /// Awaits something while frames keep coming, for pages that answer only with the next frame.
    pub async fn while_drawing<T>(&mut self, tab: &Tab, work: impl Future<Output = T>) -> Result<T, EnvError> {
        tokio::pin!(work);
        if self.frames.is_none() {
            return Ok(work.await);
        }
        // Rarely needed on the virtual clock, and a page counts its frames: a slow machine must not add to them.
        let patience = match self.clock {
            Clock::Real => Duration::from_secs_f64(FRAME_MS / 1000.0),
            Clock::Virtual => UNANSWERED,
        };
        loop {
            if let Ok(done) = tokio::time::timeout(patience, &mut work).await {
                return Ok(done);
            }
            self.frame(tab).await?;
        }
    }

    /// Draws one frame, where frames are drawn on request.
    pub async fn frame(&mut self, tab: &Tab) -> Result<(), EnvError> {
        self.begin_frame(tab, json!({})).await.map(drop)
    }

    /// Lets the page have a frame that nobody will see: its layout, its animations and its callbacks happen, and nothing
    /// is drawn. What the compositor does by itself, such as scrolling with the wheel, waits for one that is seen.
    pub async fn unseen_frame(&mut self, tab: &Tab) -> Result<(), EnvError> {
        self.begin_frame(tab, json!({"noDisplayUpdates": true})).await.map(drop)
    }

    /// Has the next frame wait until all that it shows is painted. What the compositor scrolls by itself it draws at once,
    /// with holes where paint is missing, unless the page hands something over to it in that frame.
    pub async fn require_paint(&self, tab: &Tab) -> Result<(), EnvError> {
        if self.frames.is_none() {
            return Ok(());
        }
        // Undone before any frame, it changes nothing; that something is to be handed over stays noted.
        for show in [true, false] {
            tab.call("Overlay.setShowDebugBorders", json!({"show": show})).await?;
        }
        Ok(())
    }

    /// A picture of the viewport as a PNG file.
    pub async fn picture(&mut self, tab: &Tab) -> Result<Arc<[u8]>, EnvError> {
        // The first frame of a new document may be drawn by a process that is not there yet.
        let begun = Instant::now();
        for _ in 0..100 {
            if let Some(png) = self.try_picture(tab).await? {
                return Ok(png);
            }
            tab.wait(Duration::from_millis(10), |state| state.gone).await?;
        }
        let url = tab.state(|state| state.url.clone());
        let limit_ms = begun.elapsed().as_millis() as u64;
        Err(EnvError::Timeout { what: format!("the first frame of `{url}`"), limit_ms })
    }

    async fn try_picture(&mut self, tab: &Tab) -> Result<Option<Arc<[u8]>>, EnvError> {
        let format = json!({"format": "png", "optimizeForSpeed": true});
        let answer = match self.begin_frame(tab, json!({"screenshot": format})).await? {
            Some(answer) => answer,
            None => {
                let answer = tab.session.call_raw("Page.captureScreenshot", format).await;
                answer.map_err(|error| tab.broke(error))?
            }
        };
        let nothing = |reason: String| EnvError::Protocol { what: "taking a screenshot".to_owned(), reason };
        let picture: Picture<'_> = serde_json::from_str(answer.get()).map_err(|error| nothing(error.to_string()))?;
        let encoded = picture.screenshot_data.or(picture.data).unwrap_or_default();
        if encoded.is_empty() {
            return Ok(None);
        }
        let png = base64::engine::general_purpose::STANDARD.decode(encoded);
        Ok(Some(png.map_err(|error| nothing(error.to_string()))?.into()))
    }

    /// `Ok(None)` where frames are not drawn on request.
    async fn begin_frame(
        &mut self,
        tab: &Tab,
        mut params: Value,
    ) -> Result<Option<Box<serde_json::value::RawValue>>, EnvError> {
        let Some(frames) = self.frames.clone() else { return Ok(None) };
        params["interval"] = json!(FRAME_MS);
        if let Some(base) = self.base {
            params["frameTimeTicks"] = json!(self.stamps.next(base + self.elapsed));
        }
        let turn = frames.lock_owned().await;
        tab.check()?;
        // In a task of its own: whoever waits here may be cancelled, the frame may not.
        let session = tab.session.clone();
        let drawing = tokio::spawn(async move {
            let drawn =
                tokio::time::timeout(FRAME_LIMIT, session.call_raw("HeadlessExperimental.beginFrame", params)).await;
            if drawn.is_err() {
                // A frame that is left pending would take the whole browser down with the next one elsewhere.
                let _ = tokio::time::timeout(Duration::from_secs(2), session.call("Page.crash", json!({}))).await;
            }
            drop(turn);
            drawn
        });
        match drawing.await.expect("drawing a frame does not panic") {
            Ok(drawn) => drawn.map(Some).map_err(|error| tab.broke(error)),
            Err(_) => {
                let what = format!("a frame of `{}`", tab.state(|state| state.url.clone()));
                Err(EnvError::Timeout { what, limit_ms: FRAME_LIMIT.as_millis() as u64 })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_by_whole_microseconds_however_long_the_machine_runs() {
        // What Chromium makes of a number of milliseconds.
        let cut = |stamp: f64| (stamp * 1000.0) as i64;
        for uptime in (0..10_000).map(|step| 1.0 + f64::from(step).powi(3) + f64::from(step % 1000) / 1000.0) {
            let mut stamps = Stamps::default();
            let mut last = cut(stamps.next(uptime));
            assert_eq!(last, (uptime * 1000.0).round() as i64);
            for frame in 0..20 {
                let next = cut(stamps.next(uptime));
                assert_eq!(next, last + 1, "frame {frame} at {uptime} ms");
                last = next;
            }
            assert_eq!(cut(stamps.next(uptime + 17.0)), ((uptime + 17.0) * 1000.0).round() as i64);
        }
    }
}
