//! Requests that are not made: advertising and trackers, by rules that the embedder brings.

/// A request that a page is about to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Its address.
    pub url: &'a str,
    /// The document that makes it.
    pub page: &'a str,
    /// What it is for, in the words of the DevTools protocol: `Document`, `Script`, `Image`, `Stylesheet`, `XHR`, …
    pub kind: &'a str,
    /// `GET`, `POST`, …
    pub method: &'a str,
}

/// Decides about each request of a tab before it is made. Beside the fence, which always holds.
pub trait RequestFilter: Send + Sync {
    /// Whether this request is not to be made. Called on the task that reads the tab's events: answer at once.
    fn blocks(&self, request: &Request<'_>) -> bool;
}
