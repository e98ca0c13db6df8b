//! A visitor without a browser, for tests: keeps its cookie, follows redirects, sends forms.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use glim_env::{End, Seed};
use glim_tasks::Verdict;

use crate::{App, Assignment, Database, Site, server};

/// A visitor of an instance that is called directly instead of over a socket.
pub(crate) struct Visitor {
    app: App,
    router: axum::Router,
    cookie: Option<String>,
}

impl Visitor {
    /// The first visitor of a fresh instance.
    pub(crate) fn of<S: Site>(seed: Seed) -> Visitor {
        let app = App::open::<S>(seed).expect("the schema is right");
        Visitor { router: server::router::<S>(app.clone()), app, cookie: None }
    }

    /// Another browser at the same instance.
    pub(crate) fn another(&self) -> Visitor {
        Visitor { app: self.app.clone(), router: self.router.clone(), cookie: None }
    }

    pub(crate) fn db(&self) -> &Database {
        &self.app.db
    }

    /// The page at `path`, after redirects. Panics with the body unless the status is 200.
    pub(crate) async fn get(&mut self, path: &str) -> String {
        let (status, body) = self.send(Request::get(path), Body::empty()).await;
        assert_eq!(status, StatusCode::OK, "GET {path}: {body}");
        body
    }

    /// Status and body of the page at `path`, after redirects.
    pub(crate) async fn look(&mut self, path: &str) -> (StatusCode, String) {
        self.send(Request::get(path), Body::empty()).await
    }

    /// Sends a form, and gives status and body of the page it leads to.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let form = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let form = form.collect::<Vec<_>>().join("&");
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form)).await
    }

    /// The verdict on what was done here, for an agent that says it is done.
    pub(crate) fn verdict(&self, assignment: &Assignment) -> Verdict {
        assignment.judge(Some(&End::Done), &self.db().changes().expect("the database is there"))
    }

    /// The verdict for an agent that answers.
    pub(crate) fn answered(&self, assignment: &Assignment, text: &str) -> Verdict {
        let end = End::Answer { text: text.to_owned() };
        assignment.judge(Some(&end), &self.db().changes().expect("the database is there"))
    }

    /// What went wrong inside the site.
    pub(crate) fn fault(&self) -> Option<String> {
        self.app.faults.first()
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: Body) -> (StatusCode, String) {
        let mut response = self.once(request, body).await;
        for _ in 0..5 {
            let Some(to) = response.headers().get(header::LOCATION) else { break };
            let to = to.to_str().expect("an address is text").to_owned();
            response = self.once(Request::get(to), Body::empty()).await;
        }
        let status = response.status();
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        (status, String::from_utf8(body.to_vec()).expect("pages are UTF-8"))
    }

    async fn once(&mut self, mut request: axum::http::request::Builder, body: Body) -> Response<Body> {
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let request = request.body(body).expect("a request");
        let response =
            TowerToHyperService::new(self.router.clone()).call(request).await.expect("a router always answers");
        if let Some(set) = response.headers().get(header::SET_COOKIE) {
            let set = set.to_str().expect("a cookie is text");
            self.cookie = set.split(';').next().map(str::to_owned);
        }
        response
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
