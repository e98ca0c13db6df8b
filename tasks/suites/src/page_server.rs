//! A static file server on loopback for pages of ours and for folders that a user names.
//!
//! It serves files and nothing else: no listing, no index file, no path that leads out of its root. It is reached by a
//! virtual host through [`glim_env::WebStart::route`], so pages never see its port.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{Response, StatusCode};
use axum::routing::get;
use include_dir::Dir;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct PageServer {
    addr: SocketAddr,
    task: AbortHandle,
}

/// The server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageServerError {
    /// The folder of pages is missing or cannot be read.
    #[error("the page folder `{}` cannot be served: {source}; name an existing, readable folder", path.display())]
    Folder {
        /// The folder as it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No loopback port could be opened.
    #[error("a loopback port for pages could not be opened: {source}; check that 127.0.0.1 is up and ports are free")]
    Bind {
        /// What the system said.
        source: io::Error,
    },
    /// It was started outside of a Tokio runtime.
    #[error("the page server must be started inside a Tokio runtime")]
    NoRuntime,
}

#[derive(Debug, Clone)]
enum Root {
    Embedded(&'static Dir<'static>),
    Folder(Arc<Path>),
}

impl PageServer {
    /// Serves files compiled into the program.
    ///
    /// # Errors
    /// If no port could be opened, or outside of a Tokio runtime.
    pub fn embedded(files: &'static Dir<'static>) -> Result<PageServer, PageServerError> {
        PageServer::start(Root::Embedded(files))
    }

    /// Serves the files in a folder. A browser context keeps what it has loaded for a minute, a new one reads it anew.
    /// Links that lead out of the folder are not followed.
    ///
    /// # Errors
    /// If the folder cannot be read, no port could be opened, or outside of a Tokio runtime.
    pub fn folder(path: PathBuf) -> Result<PageServer, PageServerError> {
        let root = path.canonicalize().and_then(|root| std::fs::read_dir(&root).map(|_| root));
        match root {
            Ok(root) => PageServer::start(Root::Folder(root.into())),
            Err(source) => Err(PageServerError::Folder { path, source }),
        }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn start(root: Root) -> Result<PageServer, PageServerError> {
        let runtime = Handle::try_current().map_err(|_| PageServerError::NoRuntime)?;
        let (listener, addr) = listen().map_err(|source| PageServerError::Bind { source })?;
        let app = Router::new().route("/{*path}", get(serve)).with_state(root);
        let task = runtime.spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                tracing::error!(%addr, %error, "the page server stopped");
            }
        });
        Ok(PageServer { addr, task: task.abort_handle() })
    }
}

impl Drop for PageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn listen() -> io::Result<(tokio::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

async fn serve(State(root): State<Root>, UrlPath(path): UrlPath<String>) -> Response<Body> {
    match root.read(&path).await {
        Some(body) => reply(StatusCode::OK, mime(&path), root.caching(), body),
        None => reply(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "no-store", Body::from("no such file\n")),
    }
}

fn reply(status: StatusCode, mime: &'static str, caching: &'static str, body: Body) -> Response<Body> {
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, mime)
        .header(CACHE_CONTROL, caching)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .body(body)
        .expect("status and headers are valid constants")
}

impl Root {
    /// The file at a decoded URL path without its leading slash; `None` if there is none or it lies outside.
    async fn read(&self, path: &str) -> Option<Body> {
        let path = Path::new(path);
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        match self {
            Root::Embedded(files) => files.get_file(path).map(|file| Body::from(file.contents())),
            Root::Folder(root) => {
                let file = tokio::fs::canonicalize(root.join(path)).await.ok()?;
                if !file.starts_with(root) {
                    return None;
                }
                tokio::fs::read(file).await.ok().map(Body::from)
            }
        }
    }

    /// Files in the program never change while it runs. A user may edit a folder under our feet, but the pages of a suite
    /// share their libraries, and to read and compile those anew costs more than the page itself.
    fn caching(&self) -> &'static str {
        match self {
            Root::Embedded(_) => "max-age=3600, immutable",
            Root::Folder(_) => "max-age=60",
        }
    }
}

fn mime(path: &str) -> &'static str {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" | "md" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// The whole reply to a request line that no client library has cleaned up.
    async fn ask(server: &PageServer, path: &str) -> String {
        let (addr, path) = (server.addr(), path.to_owned());
        tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: pages.test\r\nConnection: close\r\n\r\n").unwrap();
            let mut reply = String::new();
            stream.read_to_string(&mut reply).unwrap();
            reply
        })
        .await
        .unwrap()
    }

    fn scratch() -> PathBuf {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("glim-pages-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(folder.join("root/sub")).unwrap();
        std::fs::write(folder.join("root/sub/a b.html"), "<p>hello</p>").unwrap();
        std::fs::write(folder.join("secret.txt"), "secret").unwrap();
        std::os::unix::fs::symlink(folder.join("secret.txt"), folder.join("root/link.txt")).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_folder_is_served_with_types_and_nothing_outside_of_it() {
        let folder = scratch();
        let server = PageServer::folder(folder.join("root")).unwrap();
        let reply = ask(&server, "/sub/a%20b.html?query").await;
        assert!(reply.starts_with("HTTP/1.1 200") && reply.ends_with("<p>hello</p>"), "{reply}");
        assert!(reply.contains("content-type: text/html; charset=utf-8"), "{reply}");
        assert!(reply.contains("cache-control: max-age=60\r\n"), "{reply}");
        for path in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/sub/..%2f..%2fsecret.txt",
            "//secret.txt",
            "/link.txt",
            "/",
            "/sub",
            "/sub/",
            "/nothing",
        ] {
            let reply = ask(&server, path).await;
            assert!(!reply.contains("secret") && reply.starts_with("HTTP/1.1 404"), "{path}: {reply}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_dropped_server_no_longer_listens() {
        let folder = scratch();
        let server = PageServer::folder(folder.join("root")).unwrap();
        let addr = server.addr();
        drop(server);
        let refused = async {
            while std::net::TcpStream::connect(addr).is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), refused).await.expect("the port closes");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_missing_folder_is_named_in_the_error() {
        let error = PageServer::folder("/no/such/folder".into()).unwrap_err().to_string();
        assert!(error.contains("/no/such/folder") && error.contains("name an existing"), "{error}");
    }

    #[test]
    fn outside_of_a_runtime_it_says_so() {
        let error = PageServer::folder(std::env::temp_dir()).unwrap_err();
        assert!(matches!(error, PageServerError::NoRuntime));
    }
}
