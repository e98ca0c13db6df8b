//! One episode's part of the browser: its context, its gate, its tabs, and how they come to rest.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use glim_env::{Clock, EnvError, Notice, Seed, Viewport, WebStart};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::browser::{Browser, ContextEvent, Engine, SetUp};
use crate::filter::RequestFilter;
use crate::gate::{Fence, Gate};
use crate::observe::MarkSource;
use crate::pace::{EPOCH_S, Pace};
use crate::tab::Tab;

const PAGE_WORLD: &str = include_str!("page_world.js");
pub(crate) static ISOLATED_WORLD: LazyLock<String> = LazyLock::new(|| {
    [include_str!("quiet.js"), include_str!("native_popups.js"), crate::visible_elements::SOURCE, "0"].join(";\n")
});

/// A tab with its time.
pub(crate) struct OpenTab {
    pub tab: Tab,
    pub pace: Pace,
    pub title: String,
    /// A page opened it.
    pub by_page: bool,
    /// Whether it is reported that a page opened it.
    pub told: bool,
    /// The document that `pace` holds; another one may live in another process, where time runs on.
    pub held: String,
}

/// One episode's part of the browser.
pub(crate) struct World {
    engine: Arc<Engine>,
    context: String,
    events: mpsc::UnboundedReceiver<ContextEvent>,
    pub gate: Gate,
    pub fence: Fence,
    pub tabs: Vec<OpenTab>,
    pub active: usize,
    pub start: WebStart,
    pub viewport: Viewport,
    pub notices: Vec<Notice>,
    pub marks: Vec<MarkSource>,
    seed: Seed,
    /// The document of the start page, while nothing but the start page has been shown.
    begun: Option<String>,
    browser: Arc<Browser>,
    filter: Option<Arc<dyn RequestFilter>>,
    /// Whether observations hold the lines of text.
    pub reads_text: bool,
    pub lines: Vec<crate::env::TextLine>,
}

/// What holds for all episodes of one environment.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    pub filter: Option<Arc<dyn RequestFilter>>,
    pub reads_text: bool,
}

impl Drop for World {
    fn drop(&mut self) {
        self.engine.dispose(&self.context);
    }
}

impl World {
    /// Opens a context with one empty tab.
    pub async fn open(
        browser: &Arc<Browser>,
        start: &WebStart,
        seed: Seed,
        manner: &Manner,
    ) -> Result<World, EnvError> {
        let engine = browser.engine().await?;
        let gate = Gate::open().await?;
        let fence = Fence::of(start);
        gate.set_fence(fence.clone());
        let broke = |error: crate::cdp::CallError| EnvError::Protocol {
            what: "opening a browser context".to_owned(),
            reason: error.to_string(),
        };
        let created = engine
            .link
            .call(
                "Target.createBrowserContext",
                json!({
                    "disposeOnDetach": true,
                    "proxyServer": format!("http://{}", gate.address()),
                    "proxyBypassList": "<-loopback>",
                }),
            )
            .await
            .map_err(broke)?;
        let context = created["browserContextId"].as_str().unwrap_or_default().to_owned();
        let events = engine.listen(&context, SetUp::default());
        let mut world = World {
            engine,
            context,
            events,
            gate,
            fence,
            tabs: Vec::new(),
            active: 0,
            start: start.clone(),
            viewport: start.viewport.unwrap_or(browser.config().viewport),
            notices: Vec::new(),
            marks: Vec::new(),
            seed,
            begun: None,
            browser: browser.clone(),
            filter: manner.filter.clone(),
            reads_text: manner.reads_text,
            lines: Vec::new(),
        };
        world.events = world.engine.listen(&world.context, world.set_up());
        world.set_downloads().await?;
        world.open_tab().await?;
        Ok(world)
    }

    async fn set_downloads(&self) -> Result<(), EnvError> {
        let mut params = json!({"behavior": "deny", "browserContextId": self.context, "eventsEnabled": true});
        if let (true, Some(folder)) = (self.start.downloads, self.browser.downloads()) {
            params["behavior"] = "allow".into();
            params["downloadPath"] = folder.to_string_lossy().into();
        }
        let set = self.engine.link.call("Browser.setDownloadBehavior", params).await;
        set.map(drop)
            .map_err(|error| EnvError::Protocol { what: "refusing downloads".to_owned(), reason: error.to_string() })
    }

    /// The same world with the next episode begun in it, where that can be done as in a fresh one; `None` puts it away.
    pub async fn used_again(mut self, start: &WebStart, seed: Seed) -> Option<World> {
        let begun = if self.can_begin_again(start) {
            self.begin_again(start, seed).await
        } else if self.can_load_again(start) {
            self.load_again(start, seed).await
        } else {
            return None;
        };
        // Whatever went wrong in it, a fresh one tells whether it goes wrong there too.
        begun.inspect_err(|error| tracing::debug!(%error, "a browser context was not used again")).ok().map(|()| self)
    }

    /// Whether a reset to `start` can begin in the page that is still open.
    fn can_begin_again(&self, start: &WebStart) -> bool {
        self.can_load_again(start)
            && !start.reload
            && start.url == self.start.url
            && self.begun == Some(self.tabs[0].tab.state(|state| state.loader.clone()))
    }

    /// Whether a reset to `start` can load its page in the tab that is still open: both episodes live on pages of ours
    /// that begin episodes by themselves, behind the same fence.
    fn can_load_again(&self, start: &WebStart) -> bool {
        start.begin.is_some()
            && self.begun.is_some()
            && start.allow.is_empty()
            && self.start.allow.is_empty()
            && same_world(start, &self.start)
            && self.tabs.len() == 1
            && self.tabs[0].tab.check().is_ok()
    }

    /// Empties what the last episode may have left in the context, and loads the start page in its tab.
    async fn load_again(&mut self, start: &WebStart, seed: Seed) -> Result<(), EnvError> {
        let origins = start.routes.keys().map(|host| format!("http://{host}")).collect();
        self.empty(start, seed, origins).await?;
        self.load_start().await
    }

    /// The same world as if nobody had been there before, if it can show what `start` and `manner` ask for.
    pub async fn emptied(mut self, start: &WebStart, seed: Seed, manner: &Manner) -> Option<World> {
        let filter =
            |filter: &Option<Arc<dyn RequestFilter>>| filter.as_ref().map(Arc::as_ptr).map(<*const _>::cast::<()>);
        let usable = same_world(start, &self.start)
            && start.allow == self.start.allow
            && seed == self.seed
            && start.begin.is_none()
            && filter(&self.filter) == filter(&manner.filter)
            && self.tabs.len() == 1
            && self.tabs[0].tab.check().is_ok();
        if !usable {
            return None;
        }
        self.reads_text = manner.reads_text;
        let shown = self.tabs[0].tab.state(|state| state.url.clone());
        let origin = url::Url::parse(&shown).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
        let origins = origin.iter().map(url::Origin::ascii_serialization).collect();
        let emptied = self.empty(start, seed, origins).await;
        emptied.inspect_err(|error| tracing::debug!(%error, "a browser context was not emptied")).ok().map(|()| self)
    }

    /// Removes what the last episode may have left in the context.
    async fn empty(&mut self, start: &WebStart, seed: Seed, origins: Vec<String>) -> Result<(), EnvError> {
        let broke = |error: crate::cdp::CallError| EnvError::Protocol {
            what: "emptying a browser context".to_owned(),
            reason: error.to_string(),
        };
        self.forget_episode(start, seed).await?;
        let tab = &self.tabs[0].tab;
        // A sandboxed document has no storage, and says so by throwing.
        let forget = "try { sessionStorage.clear(); } catch {} window.name = ''; 0";
        tab.evaluate_isolated(None, forget).await?;
        let cookies = self.engine.link.call("Storage.clearCookies", json!({"browserContextId": self.context}));
        cookies.await.map_err(broke)?;
        for origin in origins {
            tab.call("Storage.clearDataForOrigin", json!({"origin": origin, "storageTypes": "all"})).await?;
        }
        tab.call("Page.resetNavigationHistory", json!({})).await.map(drop)
    }

    /// Takes the seed and the start of the next episode, and what is left of the last one from the screen.
    async fn forget_episode(&mut self, start: &WebStart, seed: Seed) -> Result<(), EnvError> {
        self.start = start.clone();
        self.seed = seed;
        self.notices.clear();
        self.gate.take_notices();
        let open = &mut self.tabs[0];
        open.tab.update(|state| state.notices.clear());
        crate::input::hover(&open.tab, &mut open.pace, glim_env::Point::new(-1.0, -1.0)).await
    }

    /// Begins the next episode in the page that is still open.
    async fn begin_again(&mut self, start: &WebStart, seed: Seed) -> Result<(), EnvError> {
        self.forget_episode(start, seed).await?;
        self.begin().await
    }

    /// The size that pages are laid out in, in CSS pixels.
    pub fn window(&self) -> (u32, u32) {
        self.start.window.unwrap_or((self.viewport.width, self.viewport.height))
    }

    /// The seed of the page's chance in this episode.
    fn page_seed(&self) -> u32 {
        (self.seed.derive("page").0 >> 32) as u32
    }

    /// The seed of the page's chance while it loads. A page that begins episodes by itself is loaded for many of them
    /// and must not remember which one was the first.
    fn load_seed(&self) -> u32 {
        if self.start.begin.is_some() { 0 } else { self.page_seed() }
    }

    /// Loads the start page and begins the episode in it.
    pub async fn load_start(&mut self) -> Result<(), EnvError> {
        let url = self.start.url.clone();
        let parsed = url::Url::parse(&url)
            .map_err(|error| EnvError::Unreachable { url: url.clone(), reason: error.to_string() })?;
        if let Some(reason) = self.fence.refusal(&parsed) {
            return Err(EnvError::Unreachable { url, reason });
        }
        if let Some(reason) = self.navigate(&url).await? {
            return Err(EnvError::Unreachable { url, reason });
        }
        self.begin().await?;
        self.begun = Some(self.tabs[0].tab.state(|state| state.loader.clone()));
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), EnvError> {
        let limit = self.browser.config().navigation;
        let begin = self.start.begin.clone();
        let ready = self.start.ready.clone();
        let page_seed = self.page_seed();
        let open = &mut self.tabs[self.active];
        if let Some(begin) = begin {
            open.tab.evaluate(&format!("globalThis[Symbol.for('glim.world')].restart({page_seed})")).await?;
            let evaluated = open
                .tab
                .session
                .call("Runtime.evaluate", json!({"expression": format!("void ({begin})"), "returnByValue": true}));
            let answer = open.pace.while_drawing(&open.tab, evaluated).await?.map_err(|error| open.tab.broke(error))?;
            if let Some(details) = answer.get("exceptionDetails") {
                return Err(EnvError::Protocol {
                    what: format!("beginning an episode with `{begin}`"),
                    reason: details["exception"]["description"].as_str().unwrap_or("an exception").to_owned(),
                });
            }
        }
        let Some(ready) = ready else { return Ok(()) };
        let deadline = Instant::now() + limit;
        while open.tab.evaluate(&format!("!!({ready})")).await? != Value::Bool(true) {
            if Instant::now() > deadline {
                return Err(EnvError::Timeout { what: format!("`{ready}`"), limit_ms: limit.as_millis() as u64 });
            }
            open.pace.advance(&open.tab, crate::load::LOAD_STEP_MS, limit).await?;
        }
        Ok(())
    }

    /// Opens an empty tab and makes it the active one.
    pub async fn open_tab(&mut self) -> Result<(), EnvError> {
        let mut params = json!({"url": "about:blank", "browserContextId": self.context});
        if self.engine.frames.is_some() {
            params["enableBeginFrameControl"] = true.into();
            let (width, height) = self.window();
            params["width"] = width.into();
            params["height"] = height.into();
        } else if self.browser.config().headed {
            params["newWindow"] = self.tabs.is_empty().into();
        }
        let broke = |reason: String| EnvError::Protocol { what: "opening a tab".to_owned(), reason };
        let created =
            self.engine.link.call("Target.createTarget", params).await.map_err(|error| broke(error.to_string()))?;
        let wanted = created["targetId"].as_str().unwrap_or_default().to_owned();
        let limit = self.browser.config().call;
        while !self.tabs.iter().any(|open| open.tab.target == wanted) {
            match tokio::time::timeout(limit, self.events.recv()).await {
                Ok(Some(event)) => self.take_in(event).await?,
                Ok(None) => return Err(broke("the browser is gone".to_owned())),
                Err(_) => return Err(broke("the browser did not attach to it".to_owned())),
            }
        }
        Ok(())
    }

    /// Takes in what happened to the context's tabs meanwhile; whether anything did.
    pub async fn take_in_events(&mut self) -> Result<bool, EnvError> {
        let mut any = false;
        while let Ok(event) = self.events.try_recv() {
            self.take_in(event).await?;
            any = true;
        }
        any |= self.explain_fruitless_navigation().await?;
        Ok(any)
    }

    /// Waits for the next thing that happens to a tab. `Ok(false)` if nothing does.
    pub async fn next_event(&mut self, limit: Duration) -> Result<bool, EnvError> {
        match tokio::time::timeout(limit, self.events.recv()).await {
            Ok(Some(event)) => self.take_in(event).await.map(|()| true),
            _ => Ok(false),
        }
    }

    /// Whether the active tab has closed; then another one is active.
    pub async fn tab_closed(&mut self) -> bool {
        let active = &self.tabs[self.active].tab;
        if self.engine.link.is_closed() || !active.state(|state| state.gone && state.crashed.is_none()) {
            return false;
        }
        let target = active.target.clone();
        while self.tabs.iter().any(|open| open.tab.target == target) {
            if !self.next_event(self.browser.config().call).await.unwrap_or(false) {
                return false;
            }
        }
        true
    }

    async fn take_in(&mut self, event: ContextEvent) -> Result<(), EnvError> {
        match event {
            ContextEvent::Attached { tab, by_page } => {
                let mut pace = Pace::new(self.start.clock, self.engine.frames.clone());
                if self.engine.frames.is_some() {
                    pace.magnified = self.viewport.scale;
                }
                // Commands of a session are answered in their order: after this one the set-up is in place.
                let ready = async {
                    tab.call("Page.enable", json!({})).await?;
                    pace.hold(&tab).await
                };
                if let Err(error) = ready.await {
                    // A page may close what it opened at once; then there is nothing to see.
                    let closed =
                        !self.engine.link.is_closed() && tab.state(|state| state.gone && state.crashed.is_none());
                    return if closed { Ok(()) } else { Err(error) };
                }
                self.tabs.push(OpenTab { tab, pace, title: String::new(), by_page, told: false, held: String::new() });
                self.active = self.tabs.len() - 1;
            }
            ContextEvent::Destroyed { target } => {
                if let Some(at) = self.tabs.iter().position(|open| open.tab.target == target) {
                    self.tell_of_tab(at);
                    let closed = self.take_out(at).tab;
                    self.notices.extend(closed.update(|state| std::mem::take(&mut state.notices)));
                    self.notices.push(Notice::TabClosed { url: closed.state(|state| state.url.clone()) });
                }
                if self.tabs.is_empty() {
                    // The page closed itself; as in a browser with one window, an empty tab remains.
                    Box::pin(self.open_tab()).await?;
                }
            }
            ContextEvent::Crashed { target, reason } => {
                if let Some(open) = self.tabs.iter().find(|open| open.tab.target == target) {
                    open.tab.crash(&reason);
                }
            }
            ContextEvent::Download { frame, name } => {
                let ours =
                    |open: &OpenTab| open.tab.state(|state| state.main_frame == frame || state.frames.contains(&frame));
                if self.tabs.iter().any(ours) {
                    let saved = self.start.downloads && self.browser.downloads().is_some();
                    self.notices.push(Notice::Download { name, saved });
                }
            }
        }
        Ok(())
    }

    /// Takes a tab out of the list; another one is the active one then.
    fn take_out(&mut self, at: usize) -> OpenTab {
        if self.active >= at && self.active > 0 {
            self.active -= 1;
        }
        self.tabs.remove(at)
    }

    /// Reports a tab that a page opened, once: its address is known only now that it has loaded.
    pub fn tell_of_tab(&mut self, at: usize) {
        let open = &mut self.tabs[at];
        if open.by_page && !std::mem::replace(&mut open.told, true) {
            self.notices.push(Notice::TabOpened { url: open.tab.state(|state| state.url.clone()) });
        }
    }

    /// Closes a tab that a page opened and that has never shown anything, as browsers do. Nobody is told of it.
    pub fn discard_if_empty(&mut self, target: &str) {
        let empty = |open: &OpenTab| {
            open.tab.target == target && open.by_page && open.tab.state(|state| state.loader.is_empty())
        };
        if let (Some(at), true) = (self.tabs.iter().position(empty), self.tabs.len() > 1) {
            self.take_out(at);
            drop(self.engine.link.call("Target.closeTarget", json!({"targetId": target})));
        }
    }

    /// Puts our scripts, the screen and the clock of a new tab in place.
    fn set_up(&self) -> SetUp {
        let clock = Pace::new(self.start.clock, self.engine.frames.clone()).clock();
        // Also where frames are not drawn on request and time runs on: the date at least is that of the task.
        let epoch = match self.start.clock {
            Clock::Virtual => (EPOCH_S * 1000.0).to_string(),
            Clock::Real => "null".to_owned(),
        };
        let page_world = PAGE_WORLD.trim_end().trim_end_matches(';');
        let page_world = format!("{page_world}({}, {epoch});", self.load_seed());
        let (width, height) = self.window();
        let pixels = |css: u32| (f64::from(css) * self.viewport.scale).round() as u32;
        let mut commands = vec![
            ("Page.enable", json!({})),
            ("Page.addScriptToEvaluateOnNewDocument", Tab::script(page_world, false)),
            ("Page.addScriptToEvaluateOnNewDocument", Tab::script(ISOLATED_WORLD.clone(), true)),
            (
                "Emulation.setDeviceMetricsOverride",
                json!({
                    "width": width, "height": height, "deviceScaleFactor": self.viewport.scale,
                    "mobile": self.start.reader.mobile,
                    "scale": if self.engine.frames.is_some() { self.viewport.scale } else { 1.0 },
                }),
            ),
            // The part of the window that is drawn, in image pixels; a page is laid out in all of it.
            (
                "Emulation.setVisibleSize",
                json!({"width": pixels(self.viewport.width), "height": pixels(self.viewport.height)}),
            ),
            ("Emulation.setFocusEmulationEnabled", json!({"enabled": true})),
            ("Page.setInterceptFileChooserDialog", json!({"enabled": true})),
        ];
        if self.engine.frames.is_none() {
            // What chromium-headless-shell takes where a page names no font. Once for each tab.
            let families = json!({
                "standard": "Times New Roman", "serif": "Times New Roman", "sansSerif": "Arial", "fixed": "Courier New",
                "cursive": "Script", "fantasy": "Impact", "math": "Latin Modern Math",
            });
            commands.push(("Page.setFontFamilies", json!({"fontFamilies": families})));
        }
        commands.extend(crate::reader::commands(&self.start.reader, &self.engine.version.user_agent));
        if self.filter.is_some() {
            commands.push(("Fetch.enable", json!({"patterns": [{"urlPattern": "http*"}]})));
        }
        match clock {
            Clock::Virtual => commands
                .push(("Emulation.setVirtualTimePolicy", json!({"policy": "pause", "initialVirtualTime": EPOCH_S}))),
            Clock::Real => {
                commands.push(("Network.enable", json!({"maxTotalBufferSize": 0, "maxResourceBufferSize": 0})));
            }
        }
        SetUp { commands, filter: self.filter.clone() }
    }

    pub fn browser(&self) -> &Browser {
        &self.browser
    }
}

/// Whether both starts can be made in one world.
fn same_world(a: &WebStart, b: &WebStart) -> bool {
    (&a.routes, a.archive, &a.reader, a.viewport, a.window, a.clock, a.downloads)
        == (&b.routes, b.archive, &b.reader, b.viewport, b.window, b.clock, b.downloads)
}
