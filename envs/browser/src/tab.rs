//! One tab: its session, what is known of its state, and its worlds.
//!
//! A task of its own reads the tab's events, so that a dialog is answered and a crash is known while somebody waits for
//! something else. Waiting is always for a condition on [`TabState`], with a limit.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glim_env::{EnvError, Notice};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::cdp::{CallError, Event, Session, lock};
use crate::filter::{Request, RequestFilter};

/// The name of the isolated worlds that our scripts live in.
const WORLD: &str = "glim";
const MAX_NOTICES: usize = 50;

/// What the events of a tab have told so far.
#[derive(Debug, Default)]
pub(crate) struct TabState {
    pub url: String,
    pub main_frame: String,
    /// Changes with each document of the top frame.
    pub loader: String,
    pub loading: bool,
    /// When it had loaded, in milliseconds of its process's ticks.
    pub loaded_at: f64,
    /// A navigation of the top frame was asked for and has not begun yet.
    pub expected: bool,
    /// Frames within the top one, by number.
    pub frames: HashSet<String>,
    /// Addresses of navigations under way, by frame.
    navigating: HashMap<String, String>,
    /// The address of a navigation that ended without a page.
    pub fruitless: Option<String>,
    /// How often a virtual time budget has run out.
    pub expired: u64,
    /// Requests under way, by number, with their addresses; known only on the wall clock.
    pub requests: HashMap<String, String>,
    pub notices: Vec<Notice>,
    pub crashed: Option<String>,
    pub gone: bool,
}

impl TabState {
    fn notice(&mut self, notice: Notice) {
        if self.notices.len() < MAX_NOTICES {
            self.notices.push(notice);
        }
    }
}

/// One tab.
pub(crate) struct Tab {
    pub session: Session,
    pub target: String,
    shared: Arc<Shared>,
    worlds: Mutex<Worlds>,
    listener: tokio::task::JoinHandle<()>,
}

/// Contexts of our world by frame, for one document of the top frame.
#[derive(Default)]
struct Worlds {
    of: String,
    contexts: HashMap<String, i64>,
}

struct Shared {
    state: Mutex<TabState>,
    changed: Notify,
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.listener.abort();
        self.session.link().forget(self.session.id());
    }
}

impl Tab {
    /// Takes over an attached target; its commands may be sent at once.
    pub fn new(
        session: Session,
        target: String,
        events: mpsc::UnboundedReceiver<Event>,
        filter: Option<Arc<dyn RequestFilter>>,
    ) -> Tab {
        let state = TabState { main_frame: target.clone(), url: "about:blank".to_owned(), ..TabState::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() });
        let listener = tokio::spawn(listen(session.clone(), shared.clone(), events, filter));
        Tab { session, target, shared, worlds: Mutex::default(), listener }
    }

    /// Reads the state.
    pub fn state<T>(&self, read: impl FnOnce(&TabState) -> T) -> T {
        read(&lock(&self.shared.state))
    }

    /// Changes the state.
    pub fn update<T>(&self, write: impl FnOnce(&mut TabState) -> T) -> T {
        let written = write(&mut lock(&self.shared.state));
        self.shared.changed.notify_waiters();
        written
    }

    /// The browser said that this target crashed.
    pub fn crash(&self, reason: &str) {
        self.update(|state| state.crashed = Some(reason.to_owned()));
    }

    /// Waits until the condition holds; `Ok(false)` when the limit passed first.
    ///
    /// # Errors
    /// If the tab crashed or went away.
    pub async fn wait(&self, limit: Duration, condition: impl Fn(&TabState) -> bool + Send) -> Result<bool, EnvError> {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                self.check()?;
                if self.state(&condition) {
                    return Ok(true);
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, waiting).await.unwrap_or(Ok(false))
    }

    /// # Errors
    /// If the tab crashed or the browser died.
    pub fn check(&self) -> Result<(), EnvError> {
        if self.session.link().is_closed() {
            return Err(EnvError::Died { what: "the browser".to_owned(), reason: "its pipe closed".to_owned() });
        }
        self.state(|state| match &state.crashed {
            Some(reason) => {
                Err(EnvError::Crashed { what: format!("the page `{}`", state.url), reason: reason.clone() })
            }
            None if state.gone => {
                Err(EnvError::Crashed { what: format!("the tab `{}`", state.url), reason: "it was closed".to_owned() })
            }
            None => Ok(()),
        })
    }

    /// What a failed command means for the episode.
    pub fn broke(&self, error: CallError) -> EnvError {
        if let Err(known) = self.check() {
            return known;
        }
        match error {
            CallError::Gone => {
                self.update(|state| state.gone = true);
                EnvError::Crashed { what: "the tab".to_owned(), reason: "it was closed".to_owned() }
            }
            CallError::Silent { method, limit_ms } => EnvError::Timeout {
                what: format!("`{method}` on `{}`", self.state(|state| state.url.clone())),
                limit_ms,
            },
            CallError::Refused { method, message } => EnvError::Protocol { what: method, reason: message },
        }
    }

    /// Sends a command and awaits its answer.
    ///
    /// # Errors
    /// If the browser refuses, is silent or gone.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, EnvError> {
        self.session.call(method, params).await.map_err(|error| self.broke(error))
    }

    /// Evaluates in the page's own world.
    ///
    /// # Errors
    /// If the expression throws, or the page cannot answer.
    pub async fn evaluate(&self, expression: &str) -> Result<Value, EnvError> {
        let answer = self
            .session
            .call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true, "awaitPromise": false}));
        value_of(answer.await.map_err(|error| self.broke(error))?)
    }

    /// Evaluates in our isolated world of a frame (`None`: the top one); the world is found once per document.
    ///
    /// # Errors
    /// If the expression throws, or the page cannot answer.
    pub async fn evaluate_isolated(&self, frame: Option<&str>, expression: &str) -> Result<Value, EnvError> {
        for attempt in 0..3 {
            let context = match self.world(frame).await {
                Ok(context) => context,
                Err(EnvError::Protocol { .. }) if attempt < 2 => continue,
                Err(error) => return Err(error),
            };
            let answer = self.session.call(
                "Runtime.evaluate",
                json!({"contextId": context, "expression": expression, "returnByValue": true, "awaitPromise": true}),
            );
            match answer.await {
                Ok(answer) => return value_of(answer),
                Err(CallError::Refused { message, .. })
                    if message.contains("ontext") || message.contains("navigated") =>
                {
                    lock(&self.worlds).contexts.clear();
                }
                Err(error) => return Err(self.broke(error)),
            }
        }
        Err(EnvError::Protocol {
            what: "looking at the page".to_owned(),
            reason: "it is replaced by another one again and again".to_owned(),
        })
    }

    async fn world(&self, frame: Option<&str>) -> Result<i64, EnvError> {
        let (main, loader) = self.state(|state| (state.main_frame.clone(), state.loader.clone()));
        let frame = frame.unwrap_or(&main);
        {
            let mut worlds = lock(&self.worlds);
            if worlds.of != loader {
                *worlds = Worlds { of: loader.clone(), contexts: HashMap::new() };
            }
            if let Some(context) = worlds.contexts.get(frame) {
                return Ok(*context);
            }
        }
        let answer = self.call("Page.createIsolatedWorld", json!({"frameId": frame, "worldName": WORLD})).await?;
        let context = answer["executionContextId"].as_i64().ok_or_else(|| EnvError::Protocol {
            what: "Page.createIsolatedWorld".to_owned(),
            reason: format!("no context in {answer}"),
        })?;
        let mut worlds = lock(&self.worlds);
        if worlds.of == loader {
            worlds.contexts.insert(frame.to_owned(), context);
        }
        Ok(context)
    }

    /// The frame behind an iframe element that an expression of our world names.
    ///
    /// # Errors
    /// If the page cannot answer; `Ok(None)` if the element shows no frame.
    pub async fn frame_of(&self, frame: Option<&str>, expression: &str) -> Result<Option<String>, EnvError> {
        let context = self.world(frame).await?;
        let answer = self.call("Runtime.evaluate", json!({"contextId": context, "expression": expression})).await?;
        let Some(object) = answer["result"]["objectId"].as_str() else { return Ok(None) };
        let node = self.call("DOM.describeNode", json!({"objectId": object})).await?;
        Ok(node["node"]["frameId"].as_str().map(str::to_owned))
    }

    /// The parameters that make our scripts run in every document of the tab.
    pub fn script(source: String, isolated: bool) -> Value {
        if isolated {
            json!({"source": source, "worldName": WORLD, "runImmediately": true})
        } else {
            json!({"source": source, "runImmediately": true})
        }
    }
}

fn value_of(mut answer: Value) -> Result<Value, EnvError> {
    if let Some(details) = answer.get("exceptionDetails") {
        let text = details["exception"]["description"].as_str().or(details["text"].as_str()).unwrap_or("an exception");
        return Err(EnvError::Protocol {
            what: "an expression in the page".to_owned(),
            reason: text.lines().next().unwrap_or_default().to_owned(),
        });
    }
    Ok(answer["result"]["value"].take())
}

async fn listen(
    session: Session,
    shared: Arc<Shared>,
    mut events: mpsc::UnboundedReceiver<Event>,
    filter: Option<Arc<dyn RequestFilter>>,
) {
    while let Some(event) = events.recv().await {
        if event.method == "Fetch.requestPaused" {
            let page = lock(&shared.state).url.clone();
            let (method, params) = admit(&event.params, &page, filter.as_deref());
            drop(session.call(method, params));
            continue;
        }
        let answer = take_in(&mut lock(&shared.state), &event);
        if let Some((method, params)) = answer {
            // Sent at once; a refusal means that the dialog has gone by itself.
            drop(session.call(method, params));
        }
        shared.changed.notify_waiters();
    }
    lock(&shared.state).gone = true;
    shared.changed.notify_waiters();
}

/// The command that lets a request go on or ends it.
fn admit(paused: &Value, page: &str, filter: Option<&dyn RequestFilter>) -> (&'static str, Value) {
    let url = paused["request"]["url"].as_str().unwrap_or_default();
    let kind = paused["resourceType"].as_str().unwrap_or_default();
    let page = if page.starts_with("http") { page } else { url };
    let method = paused["request"]["method"].as_str().unwrap_or("GET");
    let id = &paused["requestId"];
    if filter.is_some_and(|filter| filter.blocks(&Request { url, page, kind, method })) {
        ("Fetch.failRequest", json!({"requestId": id, "errorReason": "BlockedByClient"}))
    } else {
        ("Fetch.continueRequest", json!({"requestId": id}))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The host of a response that asks for a name and a password; Chromium shows the page behind it. The gate takes the
/// question out of what it can read, so this is about TLS.
fn asks_for_password(response: &Value) -> Option<String> {
    let url = url::Url::parse(response["url"].as_str()?).ok()?;
    let asks = response["headers"].as_object()?.keys().any(|name| name.eq_ignore_ascii_case("www-authenticate"));
    (response["status"] == 401 && asks).then(|| url.host_str().map(str::to_owned))?
}

/// Takes an event into the state; the command to answer it with, if it needs one.
fn take_in(state: &mut TabState, event: &Event) -> Option<(&'static str, Value)> {
    follow_frames(state, event);
    let params = &event.params;
    let of_main = |key: &str| params[key].as_str() == Some(&state.main_frame);
    match event.method.as_str() {
        "Emulation.virtualTimeBudgetExpired" => state.expired += 1,
        "Page.frameStartedLoading" | "Page.frameStartedNavigating" if of_main("frameId") => {
            state.loading = true;
            state.expected = false;
        }
        "Page.frameRequestedNavigation" | "Page.frameScheduledNavigation" if of_main("frameId") => {
            state.expected = true;
        }
        "Page.frameClearedScheduledNavigation" if of_main("frameId") => state.expected = false,
        "Page.frameStoppedLoading" if of_main("frameId") => {
            state.loading = false;
            state.expected = false;
        }
        "Page.loadEventFired" => state.loaded_at = params["timestamp"].as_f64().unwrap_or(0.0) * 1000.0,
        "Page.frameNavigated" if params["frame"]["parentId"].is_null() => {
            let frame = &params["frame"];
            state.url = text(&frame["url"]) + frame["urlFragment"].as_str().unwrap_or_default();
            state.main_frame = text(&frame["id"]);
            state.loader = text(&frame["loaderId"]);
            state.requests.clear();
            state.frames.clear();
            state.fruitless = None;
            if let Some(url) = frame["unreachableUrl"].as_str() {
                // As in the address bar of a browser.
                url.clone_into(&mut state.url);
                let notice =
                    Notice::LoadFailed { url: url.to_owned(), error: "the page could not be loaded".to_owned() };
                state.notice(notice);
            }
        }
        "Page.navigatedWithinDocument" if of_main("frameId") => state.url = text(&params["url"]),
        "Page.javascriptDialogOpening" => {
            state.notice(Notice::Dialog {
                dialog: text(&params["type"]),
                message: text(&params["message"]).chars().take(2000).collect(),
                accepted: true,
            });
            let prompt = text(&params["defaultPrompt"]);
            return Some(("Page.handleJavaScriptDialog", json!({"accept": true, "promptText": prompt})));
        }
        "Page.fileChooserOpened" => state.notice(Notice::Refused { what: "file chooser".to_owned() }),
        "Network.requestWillBeSent" if params["type"] != "EventSource" => {
            state.requests.insert(text(&params["requestId"]), text(&params["request"]["url"]));
        }
        "Network.responseReceived" => {
            if let Some(host) = asks_for_password(&params["response"]) {
                state.notice(Notice::Authentication { host });
            }
        }
        "Network.loadingFinished" | "Network.loadingFailed" => {
            let url = state.requests.remove(params["requestId"].as_str().unwrap_or_default());
            let error = params["errorText"].as_str().unwrap_or_default();
            if error.starts_with("net::ERR_CERT") {
                let url = url.unwrap_or_else(|| state.url.clone());
                state.notice(Notice::Certificate { url, error: error.to_owned() });
            }
        }
        "Inspector.targetCrashed" => state.crashed = Some("its renderer process ended".to_owned()),
        "Inspector.detached" => state.gone = true,
        _ => {}
    }
    None
}

/// Keeps which frames there are, and which of them are on their way to another page.
fn follow_frames(state: &mut TabState, event: &Event) {
    let params = &event.params;
    let frame = text(&params["frameId"]);
    match event.method.as_str() {
        "Page.frameAttached" => drop(state.frames.insert(frame)),
        // A frame that is swapped goes on in another process.
        "Page.frameDetached" if params["reason"] != "swap" => {
            state.frames.remove(&frame);
            state.navigating.remove(&frame);
        }
        "Page.frameStartedNavigating" if params["navigationType"] != "sameDocument" => {
            state.navigating.insert(frame, text(&params["url"]));
        }
        "Page.frameNavigated" => drop(state.navigating.remove(&text(&params["frame"]["id"]))),
        "Page.frameStoppedLoading" => {
            if let Some(url) = state.navigating.remove(&frame) {
                state.fruitless = Some(url);
            }
        }
        _ => {}
    }
}
