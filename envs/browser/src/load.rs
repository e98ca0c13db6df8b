//! Loading a page, and waiting until the screen has come to rest.
//!
//! Both wait for conditions, never for a fixed time: on the virtual clock by granting the page time until they hold, on
//! the wall clock by letting frames come. What is chance in how a page arrives (how soon, in which frame an animation
//! began) is evened out when it has loaded.

use std::time::{Duration, Instant};

use glim_env::{Clock, EnvError, Notice};
use serde_json::{Value, json};

use crate::world::World;

/// Virtual time granted at once while a page loads.
pub(crate) const LOAD_STEP_MS: f64 = 20.0;

/// How long news of the end of loading may lag behind the loading itself.
const LATE_NEWS: Duration = Duration::from_secs(2);

/// How long the news of a download may lag behind the navigation that became it.
const LATE_DOWNLOAD: Duration = Duration::from_secs(1);

/// Whether a link was followed that saves its target.
const SAVES: &str = "globalThis.__glimQuiet?.saves() ?? false";

/// Whether the document of the top frame has loaded.
const LOADED: &str = "document.readyState === 'complete' && location.href !== 'about:blank'";

/// Whether the document got no content at all, as when it is not compressed as its server says. It would never be drawn;
/// written over, it is empty.
const NOTHING: &str = "!document.documentElement && (document.open(), document.close(), true)";

/// A page's own clock shows a multiple of this when its loading ends for us.
const LOADED_AT_MS: f64 = 100.0;

/// Time granted after an action before the page has to be quiet: one frame of a 60 Hz screen.
const FIRST_STEP_MS: f64 = 17.0;

/// What time it is in a page, and when its load event was, both from its beginning.
const TIMES: &str = "[performance.now(), performance.getEntriesByType('navigation')[0]?.loadEventStart || 0]";

/// Begins all animations anew, inside a frame, since between frames their clock is a guess.
const REWIND: &str = "requestAnimationFrame(() => {
    for (const animation of document.getAnimations()) animation.currentTime = 0;
}); 0";

/// Time between frames while a page keeps changing, in virtual milliseconds.
const RESTLESS_STEP_MS: f64 = 34.0;

impl World {
    /// Loads a page in the active tab. `Some(reason)` if it could not be loaded.
    pub async fn navigate(&mut self, url: &str) -> Result<Option<String>, EnvError> {
        let limit = self.browser().config().navigation;
        self.gate.take_notices();
        let open = &mut self.tabs[self.active];
        open.tab.update(|state| state.expected = true);
        let asked = open.tab.session.call("Page.navigate", json!({"url": url}));
        let answered = async { tokio::time::timeout(limit, asked).await };
        let answer = match open.pace.clock() {
            Clock::Real => open.pace.while_drawing(&open.tab, answered).await?,
            Clock::Virtual => {
                // The answer comes when the page has begun, and for that its time must pass.
                tokio::pin!(answered);
                loop {
                    let soon = tokio::time::timeout(Duration::from_millis(5), &mut answered).await;
                    if let Ok(answer) = soon {
                        break answer;
                    }
                    open.pace.advance(&open.tab, 1.0, limit).await?;
                }
            }
        };
        let answer = match answer {
            Ok(answer) => answer.map_err(|error| open.tab.broke(error))?,
            Err(_) => return Err(slow(url, limit)),
        };
        let failed = answer["errorText"].as_str().map(str::to_owned);
        if answer["loaderId"].is_null() || failed.is_some() {
            open.tab.update(|state| state.expected = false);
        }
        if !self.finish_loading(limit).await? {
            return Err(slow(url, limit));
        }
        // An error page is part of failing, not news; a download or an empty answer leaves the page as it was.
        let open = &mut self.tabs[self.active];
        open.tab.update(|state| state.notices.retain(|notice| !matches!(notice, Notice::LoadFailed { .. })));
        let parsed = url::Url::parse(url).ok();
        let host = parsed.as_ref().and_then(|url| url.host_str().map(str::to_owned));
        let server =
            parsed.as_ref().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        let failure = self.gate.take_notices().into_iter().find_map(|notice| match notice {
            Notice::LoadFailed { url, error } if Some(&url) == server.as_ref() => Some(error),
            Notice::Blocked { url, reason } if Some(&url) == host.as_ref() => Some(reason),
            other => {
                self.notices.push(other);
                None
            }
        });
        // The gate knows why a host was not reached; Chromium only that its proxy refused.
        Ok(failure.or(failed.filter(|error| error != "net::ERR_ABORTED")))
    }

    /// Waits until the active tab has loaded what it loads. `Ok(false)` if the limit passed first.
    pub async fn finish_loading(&mut self, limit: Duration) -> Result<bool, EnvError> {
        let deadline = Instant::now() + limit;
        let loaded = |state: &crate::tab::TabState| !state.loading && !state.expected;
        loop {
            let open = &mut self.tabs[self.active];
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            match open.pace.clock() {
                Clock::Virtual if !open.tab.state(loaded) => {
                    open.pace.advance(&open.tab, LOAD_STEP_MS, left).await?;
                    // The news that it has loaded may lag behind the time in which it did.
                    if !open.tab.state(loaded) && open.tab.evaluate(LOADED).await.is_ok_and(|done| done == true) {
                        open.tab.wait(LATE_NEWS.min(left), loaded).await?;
                    }
                }
                Clock::Real if !open.tab.state(loaded) => {
                    let waiting = open.tab.wait(left, loaded);
                    open.pace.while_drawing(&open.tab, waiting).await??;
                }
                _ => {}
            }
            let (done, loader) = open.tab.state(|state| (loaded(state), state.loader.clone()));
            if done {
                if open.held != loader {
                    open.pace.hold(&open.tab).await?;
                    if open.tab.evaluate(NOTHING).await? == true {
                        let url = open.tab.state(|state| state.url.clone());
                        self.notices.push(Notice::LoadFailed { url, error: "its content cannot be read".to_owned() });
                    }
                    if open.pace.clock() == Clock::Virtual {
                        // How much of the time granted before went to the document, and which frame an animation
                        // began in, is chance; from here on it is not.
                        let times = open.tab.evaluate_isolated(None, TIMES).await?;
                        let (now, began) = (times[0].as_f64().unwrap_or(0.0), times[1].as_f64().unwrap_or(0.0));
                        open.pace.catch_up(open.tab.state(|state| state.loaded_at) + now - began);
                        // Half a millisecond keeps what we look at apart from timers, which are due at whole ones.
                        let mut rest = LOADED_AT_MS - (now - 0.5).rem_euclid(LOADED_AT_MS);
                        if rest < FIRST_STEP_MS {
                            rest += LOADED_AT_MS;
                        }
                        open.pace.advance(&open.tab, rest, left).await?;
                        open.tab.evaluate_isolated(None, REWIND).await?;
                        open.pace.frame(&open.tab).await?;
                    }
                    open.held = loader;
                }
                return Ok(true);
            }
        }
    }

    /// Finds out why a navigation ended without a page, if one has: with a download, at an address that is no page, or
    /// with an empty answer. Whether anything came of it.
    pub async fn explain_fruitless_navigation(&mut self) -> Result<bool, EnvError> {
        let tab = &self.tabs[self.active].tab;
        if tab.state(|state| state.fruitless.is_none()) {
            return Ok(false);
        }
        let target = tab.target.clone();
        let Some(url) = tab.update(|state| state.fruitless.take()) else { return Ok(false) };
        if url.starts_with("http") {
            self.hear_of_download().await?;
        } else {
            let url = url.chars().take(2000).collect();
            self.notices.push(Notice::LoadFailed { url, error: "the browser shows no such address".to_owned() });
        }
        self.discard_if_empty(&target);
        Ok(true)
    }

    /// Waits for the news of a download unless it has come: Chromium tells it after the end of loading.
    async fn hear_of_download(&mut self) -> Result<(), EnvError> {
        let deadline = Instant::now() + LATE_DOWNLOAD;
        while !self.notices.iter().any(|notice| matches!(notice, Notice::Download { .. })) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !self.next_event(left).await? {
                break;
            }
        }
        Ok(())
    }

    /// Waits until the screen has come to rest: nothing loads, nothing has changed for a while, no finite animation
    /// runs. `Ok(false)` if a limit passed first. `granted` counts the virtual milliseconds spent.
    pub async fn settle(&mut self, granted: &mut f64) -> Result<bool, EnvError> {
        let settle = self.browser().config().settle;
        let begun = Instant::now();
        let quiet = settle.quiet.as_secs_f64() * 1000.0;
        let mut begins = *granted == 0.0;
        self.take_in_events().await?;
        loop {
            let left = settle.wall.saturating_sub(begun.elapsed());
            if left.is_zero() || *granted > settle.limit.as_secs_f64() * 1000.0 {
                return Ok(false);
            }
            let open = &mut self.tabs[self.active];
            match open.pace.clock() {
                Clock::Virtual => {
                    let ms = if begins { FIRST_STEP_MS + quiet } else { RESTLESS_STEP_MS };
                    if !open.pace.advance(&open.tab, ms, left).await? {
                        return Ok(false);
                    }
                    *granted += ms;
                    let loads = open.tab.state(|state| state.loading || state.expected || state.loader != open.held);
                    if loads && !self.finish_loading(left).await? {
                        return Ok(false);
                    }
                    // Another tab may be the one to look at now.
                    if self.take_in_events().await? || loads {
                        begins = true;
                        continue;
                    }
                    let open = &mut self.tabs[self.active];
                    // A page that changes with its frames shows it in that of the picture, and then this is called again.
                    if !std::mem::take(&mut begins) {
                        open.pace.frame(&open.tab).await?;
                    }
                    let looking = format!("[{}, {SAVES}]", crate::observe::STILL);
                    let seen = open.tab.evaluate_isolated(None, &looking).await?;
                    if seen[1] == true {
                        self.hear_of_download().await?;
                    }
                    if seen[0].as_f64().unwrap_or(0.0) >= quiet - 0.5 {
                        return Ok(true);
                    }
                }
                Clock::Real => {
                    if !self.finish_loading(left).await? {
                        return Ok(false);
                    }
                    self.take_in_events().await?;
                    let open = &mut self.tabs[self.active];
                    let limit = settle.limit.min(left);
                    let calm = format!("globalThis.__glimQuiet?.until({quiet}, {}) ?? true", limit.as_millis());
                    let loader = open.tab.state(|state| state.loader.clone());
                    let waiting = open.tab.evaluate_isolated(None, &calm);
                    let still = open.pace.while_drawing(&open.tab, waiting).await??;
                    let again = open.tab.state(|state| state.loading || state.expected || state.loader != loader);
                    if again || self.take_in_events().await? {
                        continue;
                    }
                    let open = &mut self.tabs[self.active];
                    let left = limit.saturating_sub(begun.elapsed());
                    let waiting = open.tab.wait(left, |state| state.requests.is_empty());
                    let served = open.pace.while_drawing(&open.tab, waiting).await??;
                    if open.tab.evaluate_isolated(None, SAVES).await? == true {
                        self.hear_of_download().await?;
                    }
                    return Ok(still == Value::Bool(true) && served);
                }
            }
        }
    }
}

fn slow(url: &str, limit: Duration) -> EnvError {
    EnvError::Timeout { what: format!("loading `{url}`"), limit_ms: limit.as_millis() as u64 }
}
