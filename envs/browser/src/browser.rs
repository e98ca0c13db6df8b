//! One browser process for many episodes, started again when it dies.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use glim_env::EnvError;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::cdp::{Event, Link, lock};
use crate::chromium::{Chromium, Version, launch};
use crate::filter::RequestFilter;
use crate::pace::FrameLock;
use crate::tab::Tab;
use crate::{BrowserConfig, BrowserEnv};

/// What happens to the targets of one browser context.
pub(crate) enum ContextEvent {
    Attached { tab: Tab, by_page: bool },
    Destroyed { target: String },
    Crashed { target: String, reason: String },
    Download { frame: String, name: String },
}

/// A running process.
pub(crate) struct Engine {
    pub link: Link,
    /// Present where frames are drawn on request.
    pub frames: Option<FrameLock>,
    pub version: Version,
    contexts: Arc<Mutex<Contexts>>,
    chromium: Mutex<Chromium>,
}

#[derive(Default)]
struct Contexts {
    listeners: HashMap<String, Listener>,
    /// Context of each target.
    of_target: HashMap<String, String>,
}

struct Listener {
    events: mpsc::UnboundedSender<ContextEvent>,
    set_up: SetUp,
}

/// What each new tab of a context gets before it runs anything.
#[derive(Default)]
pub(crate) struct SetUp {
    pub commands: Vec<(&'static str, Value)>,
    pub filter: Option<Arc<dyn RequestFilter>>,
}

impl Contexts {
    fn send(&self, context: &str, event: ContextEvent) -> bool {
        self.listeners.get(context).is_some_and(|listener| listener.events.send(event).is_ok())
    }
}

impl Engine {
    async fn start(config: &BrowserConfig) -> Result<Engine, EnvError> {
        let (chromium, events) = launch(config).await?;
        let link = chromium.link.clone();
        let contexts = Arc::new(Mutex::new(Contexts::default()));
        tokio::spawn(route(link.clone(), contexts.clone(), events));
        let begun = futures::future::try_join(
            link.call(
                "Target.setAutoAttach",
                json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": [{"type": "page"}]}),
            ),
            link.call("Target.setDiscoverTargets", json!({"discover": true, "filter": [{"type": "page"}]})),
        );
        begun.await.map_err(|error| EnvError::Start { what: "Chromium".to_owned(), reason: error.to_string() })?;
        let frames = chromium.begin_frames.then(FrameLock::default);
        let version = chromium.version.clone();
        Ok(Engine { link, frames, version, contexts, chromium: Mutex::new(chromium) })
    }

    /// Registers for the events of a context.
    pub fn listen(&self, context: &str, set_up: SetUp) -> mpsc::UnboundedReceiver<ContextEvent> {
        let (sender, events) = mpsc::unbounded_channel();
        lock(&self.contexts).listeners.insert(context.to_owned(), Listener { events: sender, set_up });
        events
    }

    /// Puts a context away with all its pages; nobody waits for it.
    pub fn dispose(&self, context: &str) {
        let mut contexts = lock(&self.contexts);
        contexts.listeners.remove(context);
        contexts.of_target.retain(|_, of| of != context);
        drop(self.link.call("Target.disposeBrowserContext", json!({"browserContextId": context})));
    }

    /// The process id.
    pub fn pid(&self) -> Option<u32> {
        lock(&self.chromium).child.id()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let chromium = self.chromium.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = chromium.child.start_kill();
        // The profile can be removed only once nobody writes into it.
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline {
            let ended = !matches!(chromium.child.try_wait(), Ok(None));
            if ended && std::fs::remove_dir_all(chromium.profile.path()).is_ok() | !chromium.profile.path().exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

async fn route(link: Link, contexts: Arc<Mutex<Contexts>>, mut events: mpsc::UnboundedReceiver<Event>) {
    while let Some(Event { method, params }) = events.recv().await {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match method.as_str() {
            "Target.attachedToTarget" => {
                let info = &params["targetInfo"];
                let (context, target) = (text(&info["browserContextId"]), text(&info["targetId"]));
                let (session, events) = link.session(&text(&params["sessionId"]));
                let mut contexts = lock(&contexts);
                contexts.of_target.insert(target.clone(), context.clone());
                // At once, whatever the episode is waiting for: a page that opens a window stands still until it runs.
                if let Some(listener) = contexts.listeners.get(&context) {
                    for (method, params) in &listener.set_up.commands {
                        drop(session.call(method, params.clone()));
                    }
                    drop(session.call("Runtime.runIfWaitingForDebugger", json!({})));
                    let tab = Tab::new(session, target, events, listener.set_up.filter.clone());
                    let _ = listener.events.send(ContextEvent::Attached { tab, by_page: info["openerId"].is_string() });
                } else {
                    drop(session.call("Runtime.runIfWaitingForDebugger", json!({})));
                    drop(link.call("Target.detachFromTarget", json!({"sessionId": session.id()})));
                    link.forget(session.id());
                }
            }
            "Target.detachedFromTarget" => link.forget(params["sessionId"].as_str().unwrap_or_default()),
            "Target.targetDestroyed" => {
                let target = text(&params["targetId"]);
                let mut contexts = lock(&contexts);
                if let Some(context) = contexts.of_target.remove(&target) {
                    contexts.send(&context, ContextEvent::Destroyed { target });
                }
            }
            "Target.targetCrashed" => {
                let target = text(&params["targetId"]);
                let reason = format!("its renderer ended ({})", text(&params["status"]));
                let contexts = lock(&contexts);
                if let Some(context) = contexts.of_target.get(&target) {
                    contexts.send(context, ContextEvent::Crashed { target, reason });
                }
            }
            "Browser.downloadWillBegin" => {
                let (frame, name) = (text(&params["frameId"]), text(&params["suggestedFilename"]));
                // An inner frame is no target: its context knows it.
                for listener in lock(&contexts).listeners.values() {
                    let _ = listener.events.send(ContextEvent::Download { frame: frame.clone(), name: name.clone() });
                }
            }
            _ => {}
        }
    }
}

/// A Chromium for many episodes at once. The process starts with the first reset and again after it died.
pub struct Browser {
    config: BrowserConfig,
    engine: tokio::sync::Mutex<Option<Arc<Engine>>>,
}

impl Browser {
    /// A browser that is not started yet.
    pub fn new(config: BrowserConfig) -> Arc<Browser> {
        Arc::new(Browser { config, engine: tokio::sync::Mutex::new(None) })
    }

    /// An environment of its own: cookies, storage, cache, network and seed apart from all others.
    pub fn env(self: &Arc<Browser>) -> BrowserEnv {
        BrowserEnv::new(self.clone())
    }

    /// Its configuration.
    pub fn config(&self) -> &BrowserConfig {
        &self.config
    }

    /// Where files are saved.
    pub(crate) fn downloads(&self) -> Option<&Path> {
        self.config.downloads.as_deref()
    }

    /// Name and version of the browser, as in `Chrome/156.0.8078.73`; starts it if it does not run.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn version(&self) -> Result<String, EnvError> {
        Ok(self.engine().await?.version.product.clone())
    }

    /// The process id of the running browser, if it runs.
    pub async fn pid(&self) -> Option<u32> {
        self.engine.lock().await.as_ref().filter(|engine| !engine.link.is_closed()).and_then(|engine| engine.pid())
    }

    /// The running process, started if need be.
    pub(crate) async fn engine(&self) -> Result<Arc<Engine>, EnvError> {
        let mut engine = self.engine.lock().await;
        if let Some(running) = engine.as_ref().filter(|running| !running.link.is_closed()) {
            return Ok(running.clone());
        }
        if engine.take().is_some() {
            tracing::warn!("the browser died and is started again");
        }
        let started = Arc::new(Engine::start(&self.config).await?);
        *engine = Some(started.clone());
        Ok(started)
    }
}
