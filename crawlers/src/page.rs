//! One page, shown and operated: its first screen, screens further down, and states that open when it is operated.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use glim_browser::{BrowserEnv, Document};
use glim_data::record::{Element, ImageInfo, SCHEMA_VERSION, Screen, Source, TrailStep, View};
use glim_env::{Action, Clock, EnvError, Environment, Observation, Outcome, Reader, Seed, Target, Viewport, WebStart};

use crate::address;
use crate::blocklist::Blocklist;
use crate::consent::{self, Consent};
use crate::elements::{self, Seen};
use crate::filter::{Drop, language};
use crate::interact::{self, Effect};
use crate::picture::{Encoding, Picture};
use crate::questions;
use crate::recipe::looks::{Looks, ViewRecipe, english};
use crate::synthetic::code::{self, CodeRecipe, Draft};

/// Where pages are loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The network. With who asks, put behind the user agent.
    Live {
        /// Name and contact.
        agent: Option<String>,
        /// Private hosts that may be reached all the same.
        also: Vec<String>,
    },
    /// A server of ours that has all of it.
    Archive(SocketAddr),
    /// Hosts of ours; everything else is refused.
    Routes(BTreeMap<String, SocketAddr>),
}

/// A page to be shown.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Its address.
    pub url: String,
    /// Its id.
    pub page_id: String,
    /// Where it came from.
    pub source: Source,
    /// Under which licence, if somebody said.
    pub license: String,
    /// Where it is loaded from.
    pub way: Way,
}

/// One screen of a page.
#[derive(Debug)]
pub struct Shot {
    /// The record, without questions.
    pub screen: Screen,
    /// The picture as it is to be stored.
    pub image: Vec<u8>,
    /// Elements that can be seen in part and are not in the record.
    pub others: Vec<Element>,
    /// How many those are, by reason.
    pub dropped: BTreeMap<&'static str, u32>,
    /// The page's code before it is checked, where it was asked for, or why there is none.
    pub draft: Option<Result<Draft, Drop>>,
}

/// What came of a page.
#[derive(Debug)]
pub enum Shown {
    /// Screens; the first is the page as it was loaded.
    Shots(Vec<Shot>),
    /// It is not kept.
    Dropped(Drop),
}

/// How pages are shown.
pub struct Camera {
    /// How far a page is looked into.
    pub looks: Looks,
    /// How pictures are stored.
    pub encoding: Encoding,
    /// What is not loaded.
    pub blocklist: Option<Arc<Blocklist>>,
    /// Name and version of the browser.
    pub browser: String,
    /// The seed of pages' chance.
    pub seed: Seed,
    /// Which code of first screens is kept; none is written without it.
    pub code: Option<CodeRecipe>,
}

/// A screen as it was seen, before it is a record.
struct Look {
    shot: Shot,
    marks: Vec<u32>,
    picture: Picture,
}

impl Camera {
    /// Shows a page in one view. `judge` says whether its first screen is worth going on.
    ///
    /// # Errors
    /// If the world broke: the page cannot be reached, hangs or crashes.
    pub async fn show(
        &self,
        env: &mut BrowserEnv,
        ask: &Ask,
        view: &ViewRecipe,
        judge: impl Fn(&Screen, &Picture) -> Option<Drop> + Send,
    ) -> Result<Shown, EnvError> {
        let limit = Duration::from_secs(self.looks.page_seconds);
        let shown = tokio::time::timeout(limit, self.screens(env, ask, view, &judge)).await;
        shown.unwrap_or_else(|_| {
            Err(EnvError::Timeout { what: format!("showing `{}`", ask.url), limit_ms: limit.as_millis() as u64 })
        })
    }

    /// The first screen of a page, or what is seen `scroll` CSS pixels further down, as it is.
    ///
    /// # Errors
    /// As of [`Camera::show`].
    pub async fn once(
        &self,
        env: &mut BrowserEnv,
        ask: &Ask,
        view: &ViewRecipe,
        scroll: f64,
    ) -> Result<Shot, EnvError> {
        let mut observation = self.load(env, &start(ask, view)).await?;
        let mut trail = Vec::new();
        if scroll != 0.0 {
            observation = scroll_by(env, scroll).await?;
            trail.push(TrailStep { action: "scroll".to_owned(), argument: scroll.to_string(), ..TrailStep::default() });
        }
        let document = env.document().await?;
        Ok(self.look(env, ask, view, &document, &observation, trail).await?.shot)
    }

    /// The first screen of a page with its picture, whatever it shows.
    pub(crate) async fn first(
        &self,
        env: &mut BrowserEnv,
        ask: &Ask,
        view: &ViewRecipe,
    ) -> Result<(Shot, Picture), EnvError> {
        let observation = self.load(env, &start(ask, view)).await?;
        let document = env.document().await?;
        let look = self.look(env, ask, view, &document, &observation, Vec::new()).await?;
        Ok((look.shot, look.picture))
    }

    async fn screens(
        &self,
        env: &mut BrowserEnv,
        ask: &Ask,
        view: &ViewRecipe,
        judge: &(impl Fn(&Screen, &Picture) -> Option<Drop> + Send),
    ) -> Result<Shown, EnvError> {
        let start = start(ask, view);
        let mut observation = self.load(env, &start).await?;
        let document = env.document().await?;
        if !document.content_type.contains("html") && !document.content_type.contains("svg") {
            return Ok(Shown::Dropped(Drop::new("not_html", document.content_type)));
        }
        let mut first = self.look(env, ask, view, &document, &observation, Vec::new()).await?;
        let mut trail = Vec::new();
        if self.looks.consent == Consent::Dismiss
            && let Some(at) = consent::answer(&first.shot.screen.elements, &first.shot.screen.lines)
        {
            let step = env.step(&Action::click(Target::Mark(first.marks[at]))).await?;
            if step.outcome == Outcome::Done && step.observation.url == observation.url {
                trail.push(trail_step(&first.shot.screen, at, "dismiss_consent", ""));
                observation = step.observation;
                first = self.look(env, ask, view, &document, &observation, trail.clone()).await?;
            }
        }
        if let Some(drop) = judge(&first.shot.screen, &first.picture) {
            return Ok(Shown::Dropped(drop));
        }
        if let Some(recipe) = &self.code {
            first.shot.draft = Some(code::draft(env, recipe, &first.picture, view.scale as f32).await?);
        }
        let walk = Walk { camera: self, ask, view, document: &document, start: &start, first: &first, trail: &trail };
        let (steps, mut shots) = walk.operate(env).await?;
        walk.scroll(env, &mut shots).await?;
        let mut first = first.shot;
        first.screen.questions = steps;
        shots.insert(0, first);
        Ok(Shown::Shots(shots))
    }

    async fn load(&self, env: &mut BrowserEnv, start: &WebStart) -> Result<Observation, EnvError> {
        let observation = env.visit(start, self.seed).await?;
        let hiding = self.blocklist.as_ref().map(|list| list.hiding(&observation.url)).unwrap_or_default();
        if hiding.is_empty() {
            return Ok(observation);
        }
        let sheet = serde_json::Value::from(hiding);
        env.evaluate(&format!(
            "(() => {{ const sheet = new CSSStyleSheet(); sheet.replaceSync({sheet}); \
             document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]; return 0; }})()"
        ))
        .await?;
        Ok(env.step(&Action::Wait { ms: 1 }).await?.observation)
    }

    /// Makes a record of what the browser shows.
    async fn look(
        &self,
        env: &BrowserEnv,
        ask: &Ask,
        view: &ViewRecipe,
        document: &Document,
        observation: &Observation,
        trail: Vec<TrailStep>,
    ) -> Result<Look, EnvError> {
        let lines = elements::lines(env.lines(), observation.viewport.scale);
        let encoding = self.encoding;
        let seen_by = observation.clone();
        // Pictures take milliseconds of a core each: not on the threads that speak with browsers.
        let worked = tokio::task::spawn_blocking(move || {
            let png = seen_by.screenshot.png.clone();
            let picture = Picture::read(&png).map_err(|error| error.to_string())?;
            let seen = elements::elements(&seen_by, &picture);
            let lines = elements::painted(lines, &picture);
            let file = picture.encode(&png, encoding).map_err(|error| error.to_string())?;
            Ok::<_, String>((picture, seen, lines, file))
        });
        let broken = |reason: String| EnvError::Protocol { what: format!("the picture of `{}`", ask.url), reason };
        let (picture, seen, lines, image) =
            worked.await.expect("looking at a picture does not panic").map_err(broken)?;
        let Seen { elements, marks, others, dropped } = seen;
        let heading = elements.iter().find(|element| element.role == "heading").map(|element| element.text.clone());
        let text: String = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ");
        let scroll = &observation.scroll;
        let mut screen = Screen {
            schema_version: SCHEMA_VERSION,
            screen_id: screen_id(&ask.page_id, view, &trail),
            page_id: ask.page_id.clone(),
            url: ask.url.clone(),
            final_url: observation.url.clone(),
            site: url::Url::parse(&observation.url).map(|url| address::site(&url)).unwrap_or_default(),
            fetched_at: crate::now(),
            status: document.status,
            source: ask.source.clone(),
            license: ask.license.clone(),
            lang: language(&text),
            title: observation.title.clone(),
            heading: heading.unwrap_or_default(),
            view: View {
                name: view.name.clone(),
                width: view.width,
                height: view.height,
                scale: view.scale as f32,
                mobile: view.mobile,
                dark: view.dark,
                locale: view.locale.clone(),
            },
            scroll: [scroll.x as f32, scroll.y as f32, scroll.width as f32, scroll.height as f32],
            trail,
            browser: self.browser.clone(),
            image: ImageInfo {
                sha256: glim_data::sha256(&image),
                phash: format!("{:016x}", picture.perceptual_hash()),
                width: picture.width(),
                height: picture.height(),
                format: self.encoding.kind.name().to_owned(),
            },
            elements,
            lines,
            questions: Vec::new(),
            html: String::new(),
        };
        if screen.lang.is_empty() {
            screen.lang = document.lang.split('-').next().unwrap_or_default().to_lowercase();
        }
        Ok(Look { shot: Shot { screen, image, others, dropped, draft: None }, marks, picture })
    }
}

/// What is done with a page once its first screen is worth it.
struct Walk<'a> {
    camera: &'a Camera,
    ask: &'a Ask,
    view: &'a ViewRecipe,
    document: &'a Document,
    start: &'a WebStart,
    first: &'a Look,
    /// What led to the first screen.
    trail: &'a [TrailStep],
}

impl Walk<'_> {
    /// Tries what may open something, each time from the page as it was loaded; the questions that ask for it, and what was
    /// opened.
    async fn operate(&self, env: &mut BrowserEnv) -> Result<(Vec<glim_data::record::Question>, Vec<Shot>), EnvError> {
        let (mut steps, mut shots) = (Vec::new(), Vec::new());
        let looks = &self.camera.looks;
        if looks.interactions == 0 {
            return Ok((steps, shots));
        }
        let before = &self.first.shot.screen;
        let mut fresh = true;
        // More tries than states wanted: many buttons do nothing that can be seen.
        for one in interact::tries(before, &self.first.marks, &looks.interact, 2 * looks.interactions) {
            if shots.len() == looks.interactions {
                break;
            }
            if !fresh {
                let again = self.camera.load(env, self.start).await?;
                // A page that is not the same twice has no trail that leads anywhere.
                if !self.trail.is_empty() || again.elements.len() < self.first.marks.len() {
                    break;
                }
            }
            fresh = false;
            let step = env.step(&one.action).await?;
            if step.outcome != Outcome::Done
                || step.observation.url != before.final_url
                || step.observation.tabs.len() > 1
            {
                continue;
            }
            let mut trail = self.trail.to_vec();
            trail.push(trail_step(before, one.at, interact::name_of(one.kind), &one.argument));
            let look = self.look(env, &step.observation, trail).await?;
            let effect = interact::effect(before, &look.shot.screen);
            if effect == Effect::None {
                continue;
            }
            if let Some(purpose) = interact::purpose(&one, &before.elements[one.at], &effect) {
                steps.push(questions::step(before, &before.elements[one.at], &purpose, self.camera.seed));
            }
            shots.push(look.shot);
        }
        Ok((steps, shots))
    }

    /// Scrolls down, and adds what comes into sight.
    async fn scroll(&self, env: &mut BrowserEnv, shots: &mut Vec<Shot>) -> Result<(), EnvError> {
        let screen = &self.first.shot.screen;
        let looks = &self.camera.looks;
        if looks.scrolls == 0 || screen.scroll[3] < self.view.height as f32 * 1.3 {
            return Ok(());
        }
        if looks.interactions > 0 {
            self.camera.load(env, self.start).await?;
        }
        let mut trail = self.trail.to_vec();
        let mut at = screen.scroll[1];
        for _ in 0..looks.scrolls {
            let down = f64::from(self.view.height) * 0.8;
            let observation = scroll_by(env, down).await?;
            let now = observation.scroll.y as f32;
            if now <= at + 1.0 || observation.url != screen.final_url {
                break;
            }
            at = now;
            trail.push(TrailStep {
                action: "scroll".to_owned(),
                argument: format!("{down}"),
                screen_id: shots.last().map_or(&screen.screen_id, |shot| &shot.screen.screen_id).clone(),
                ..TrailStep::default()
            });
            shots.push(self.look(env, &observation, trail.clone()).await?.shot);
        }
        Ok(())
    }

    async fn look(&self, env: &BrowserEnv, observation: &Observation, trail: Vec<TrailStep>) -> Result<Look, EnvError> {
        self.camera.look(env, self.ask, self.view, self.document, observation, trail).await
    }
}

fn start(ask: &Ask, view: &ViewRecipe) -> WebStart {
    let viewport = Viewport { width: view.width, height: view.height, scale: view.scale };
    let reader = Reader {
        mobile: view.mobile,
        dark: view.dark,
        locale: (view.locale != english()).then(|| view.locale.clone()),
        agent: None,
    };
    let start = WebStart { viewport: Some(viewport), reader, ..WebStart::local(&ask.url) };
    match &ask.way {
        Way::Live { agent, also } => WebStart {
            allow: also.iter().cloned().chain(["*".to_owned()]).collect(),
            clock: Clock::Real,
            reader: Reader { agent: agent.clone(), ..start.reader },
            ..start
        },
        Way::Archive(archive) => WebStart { archive: Some(*archive), ..start },
        Way::Routes(routes) => WebStart { routes: routes.clone(), ..start },
    }
}

/// Scrolls without a wheel, which would put the pointer onto something.
async fn scroll_by(env: &mut BrowserEnv, pixels: f64) -> Result<Observation, EnvError> {
    env.evaluate(&format!("scrollBy({{top: {pixels}, behavior: 'instant'}}); 0")).await?;
    Ok(env.step(&Action::Wait { ms: 1 }).await?.observation)
}

fn trail_step(on: &Screen, at: usize, action: &str, argument: &str) -> TrailStep {
    let element = &on.elements[at];
    TrailStep {
        action: action.to_owned(),
        argument: argument.to_owned(),
        role: element.role.clone(),
        name: if element.name.is_empty() { element.text.clone() } else { element.name.clone() },
        screen_id: on.screen_id.clone(),
        element: element.id,
        box_px: element.box_px,
    }
}

/// Equal pages, views and trails have equal ids.
fn screen_id(page_id: &str, view: &ViewRecipe, trail: &[TrailStep]) -> String {
    let mut told = format!(
        "{page_id} {} {}x{}@{} {} {} {}",
        view.name, view.width, view.height, view.scale, view.mobile, view.dark, view.locale
    );
    for step in trail {
        told.push_str(&format!("\n{} {} {} {}", step.action, step.argument, step.screen_id, step.element));
    }
    glim_data::sha256(told.as_bytes())[..32].to_owned()
}
