//! A small site whose pages are given as text, and shorthands for acting on it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{
    Action, Element, Environment, Notice, Observation, Outcome, Seed, StartState, Step, Viewport, WebStart,
};

/// Pages by path; `Location:` and `401` and such are spelled as the first line of a page.
pub struct Site {
    pub addr: SocketAddr,
    pub asked: Arc<Mutex<Vec<String>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    pub async fn new(pages: &[(&str, &str)]) -> Site {
        let pages: HashMap<String, String> =
            pages.iter().map(|(path, page)| ((*path).into(), (*page).into())).collect();
        let pages = Arc::new(pages);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let app = axum::Router::new().fallback(move |request: Request| {
            let (pages, log) = (pages.clone(), log.clone());
            async move {
                let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                log.lock().unwrap().push(format!("{host}{}", request.uri()));
                answer(pages.get(request.uri().path()).map(String::as_str)).await
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Site { addr, asked, server }
    }

    pub fn start(&self, path: &str) -> WebStart {
        let mut start = WebStart::local(&format!("http://site.test{path}"))
            .route("site.test", self.addr)
            .route("other.test", self.addr);
        start.viewport = Some(Viewport::new(400, 300));
        start
    }

    pub fn was_asked(&self, what: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked.contains(what))
    }
}

async fn answer(page: Option<&str>) -> Response {
    let Some(page) = page else { return StatusCode::NOT_FOUND.into_response() };
    if let Some(to) = page.strip_prefix("302 ") {
        return (StatusCode::FOUND, [(header::LOCATION, to.to_owned())]).into_response();
    }
    if let Some(body) = page.strip_prefix("401 ") {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"x\"")];
        return (StatusCode::UNAUTHORIZED, ask, body.to_owned()).into_response();
    }
    if let Some(body) = page.strip_prefix("attachment ") {
        let ask = [(header::CONTENT_DISPOSITION, "attachment; filename=\"report.bin\"")];
        return (ask, body.to_owned()).into_response();
    }
    if let Some(body) = page.strip_prefix("gzip ") {
        return ([(header::CONTENT_TYPE, "text/html"), (header::CONTENT_ENCODING, "gzip")], body.to_owned())
            .into_response();
    }
    if page == "204" {
        return StatusCode::NO_CONTENT.into_response();
    }
    if page == "never" {
        std::future::pending::<()>().await;
    }
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.to_owned()).into_response()
}

/// The two kinds of Chromium: one that draws frames on request, and one that does not. Without an ordinary Chromium the
/// shell stands in for it under a name by which it is not known.
pub fn both_kinds(folder: &Path) -> Vec<PathBuf> {
    let shell = glim_browser::find_chromium(false).unwrap();
    let ordinary = glim_browser::find_chromium(true).unwrap_or_else(|_| {
        let name = folder.join("ordinary");
        std::fs::write(&name, format!("#!/bin/sh\nexec '{}' \"$@\"\n", shell.display())).unwrap();
        std::fs::set_permissions(&name, PermissionsExt::from_mode(0o755)).unwrap();
        name
    });
    vec![shell, ordinary]
}

pub fn browser() -> Arc<Browser> {
    Browser::new(BrowserConfig::default())
}

/// An environment that shows the first page of a site.
pub struct Live {
    pub env: BrowserEnv,
    pub seen: Observation,
    pub site: Site,
}

impl Live {
    pub async fn at(pages: &[(&str, &str)]) -> Live {
        Live::with(pages, |start| start).await
    }

    pub async fn with(pages: &[(&str, &str)], change: impl FnOnce(WebStart) -> WebStart) -> Live {
        let site = Site::new(pages).await;
        let mut env = browser().env();
        let start = StartState::Web(change(site.start("/")));
        let seen = env.reset(&start, Seed(1)).await.unwrap();
        Live { env, seen, site }
    }

    pub async fn act(&mut self, action: Action) -> Step {
        let step = self.env.step(&action).await.unwrap();
        self.seen = step.observation.clone();
        step
    }

    pub async fn done(&mut self, action: Action) {
        let step = self.act(action.clone()).await;
        assert_eq!(step.outcome, Outcome::Done, "{action:?}");
    }

    pub async fn rejected(&mut self, action: Action) -> String {
        match self.act(action.clone()).await.outcome {
            Outcome::Rejected { reason } => reason,
            Outcome::Done => panic!("{action:?} was done"),
        }
    }

    pub async fn click(&mut self, name: &str) {
        let mark = self.find(name).mark;
        self.done(Action::click(glim_env::Target::Mark(mark))).await;
    }

    pub fn find(&self, name: &str) -> &Element {
        self.seen.elements.iter().find(|element| element.name == name).unwrap_or_else(|| {
            panic!("no element is named {name:?}: {:#?}", self.names());
        })
    }

    pub fn names(&self) -> Vec<&str> {
        self.seen.elements.iter().map(|element| element.name.as_str()).collect()
    }

    pub fn shows(&self, text: &str) -> bool {
        self.seen.elements.iter().any(|element| element.name.contains(text) || element.text.contains(text))
    }

    pub fn noticed(&self, wanted: impl Fn(&Notice) -> bool) -> bool {
        self.seen.notices.iter().any(wanted)
    }
}
