//! Files of a folder, as a plain web server would serve them.

use std::path::{Component, Path, PathBuf};

use url::Url;

/// What a path of a folder is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// A file, with its media type.
    File(Vec<u8>, &'static str),
    /// A folder, whose address ends with a slash.
    Moved(String),
    /// Nothing, or something that is not to be seen.
    Missing,
}

/// Reads what a URL names below `root`, which is canonical. Links that lead out of it are not followed, a folder is its
/// `index.html`, and files of more than `most` bytes are left out. This blocks.
pub(super) fn serve(root: &Path, url: &Url, most: u64) -> Served {
    let Some(below) = below(url.path()) else { return Served::Missing };
    let Ok(mut path) = root.join(below).canonicalize() else { return Served::Missing };
    if !path.starts_with(root) {
        return Served::Missing;
    }
    if path.is_dir() {
        if !url.path().ends_with('/') {
            return Served::Moved(format!("{}/", url.path()));
        }
        let index =
            ["index.html", "index.htm", "index.xhtml"].iter().find_map(|name| path.join(name).canonicalize().ok());
        match index {
            Some(index) if index.starts_with(root) => path = index,
            _ => return Served::Missing,
        }
    }
    let length = path.metadata().ok().filter(std::fs::Metadata::is_file).map(|meta| meta.len());
    match length {
        Some(length) if length <= most => std::fs::read(&path).map_or(Served::Missing, |content| {
            let mime = mime(&path, &content);
            Served::File(content, mime)
        }),
        _ => Served::Missing,
    }
}

/// The path that a URL's path names, if it goes nowhere but down.
fn below(path: &str) -> Option<PathBuf> {
    let mut below = PathBuf::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let name = unescaped(segment)?;
        let mut parts = Path::new(&name).components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(part)), None) if part == name.as_str() => below.push(part),
            _ => return None,
        }
    }
    Some(below)
}

/// A segment of a path without its percent signs; `None` if that is no text or has a zero byte.
fn unescaped(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| bytes[at] == b'%') {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).ok().filter(|name| !name.contains('\0'))
}

/// The media type by the extension. Text that says no charset is UTF-8 if it can be read as that.
fn mime(path: &Path, content: &[u8]) -> &'static str {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = || std::str::from_utf8(content).is_ok();
    match extension.as_str() {
        "html" | "htm" if is_utf8() => "text/html; charset=utf-8",
        "html" | "htm" => "text/html",
        "xhtml" => "application/xhtml+xml",
        "css" if is_utf8() => "text/css; charset=utf-8",
        "css" => "text/css",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" | "md" if is_utf8() => "text/plain; charset=utf-8",
        "txt" | "md" => "text/plain",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "pdf" => "application/pdf",
        // Debian's Apache documentation has `index.html.en.utf8` and the like.
        _ if has_part(path, "html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn has_part(path: &Path, wanted: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split('.').skip(1).any(|part| part.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_only_go_down() {
        assert_eq!(below("/a%20b/c.html"), Some("a b/c.html".into()));
        assert_eq!(below("/"), Some(PathBuf::new()));
        assert_eq!(below("//etc/passwd"), Some("etc/passwd".into()));
        assert_eq!(below("/100%.html"), Some("100%.html".into()));
        assert_eq!(below("/%C3%A4%+1"), Some("ä%+1".into()));
        for path in ["/..", "/a/../../b", "/%2e%2e/b", "/a%2f..%2f..%2fb", "/%2fetc", "/a%00", "/%ff", "/."] {
            assert_eq!(below(path), None, "{path}");
        }
    }

    #[test]
    fn types_follow_names() {
        assert_eq!(mime(Path::new("a/index.html.en.utf8"), b""), "text/html; charset=utf-8");
        assert_eq!(mime(Path::new("a/B.HTM"), b"\xe4"), "text/html");
        assert_eq!(mime(Path::new("html"), b""), "application/octet-stream");
    }
}
