//! Headers of an archived response as they are served: what would lead out of the archive, or is about a connection that
//! is long gone, is left out.

use http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY_REPORT_ONLY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue,
};

use super::message::Message;

/// Headers about the connection (RFC 9110, 7.6.1), about who may ask, and those that make a browser upgrade, report or
/// forget.
const LEFT_OUT: [&str; 25] = [
    "accept-ch",
    "accept-ranges",
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-encoding",
    "content-length",
    "critical-ch",
    "expect-ct",
    "keep-alive",
    "nel",
    "origin-agent-cluster",
    "proxy-authenticate",
    "proxy-connection",
    "public-key-pins",
    "public-key-pins-report-only",
    "report-to",
    "reporting-endpoints",
    "speculation-rules",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// Directives of a Content-Security-Policy that send reports or change schemes; the others hold as they did.
const LEFT_OUT_OF_POLICY: [&str; 4] =
    ["report-uri", "report-to", "upgrade-insecure-requests", "block-all-mixed-content"];

/// The status and headers to serve a message with.
pub(super) fn status_and_headers(message: &Message) -> (u16, HeaderMap) {
    let mut headers = HeaderMap::new();
    for (name, value) in &message.headers {
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        let value = match name {
            CONTENT_SECURITY_POLICY => policy(value),
            CONTENT_SECURITY_POLICY_REPORT_ONLY => None,
            _ => HeaderValue::from_bytes(value).ok(),
        };
        if let Some(value) = value {
            headers.append(name, value);
        }
    }
    let mut status = message.status;
    // A recorder that asked for all of a file in one part got all of it.
    if status == 206 && headers.get("content-range").is_none_or(|range| is_all(range, message.body.len())) {
        headers.remove("content-range");
        status = 200;
    }
    headers.insert(CONTENT_LENGTH, message.body.len().into());
    // Without a type a browser guesses, as it did when the page was archived; but an empty one is none.
    if headers.get(CONTENT_TYPE).is_some_and(HeaderValue::is_empty) {
        headers.remove(CONTENT_TYPE);
    }
    (status, headers)
}

fn policy(value: &[u8]) -> Option<HeaderValue> {
    let text = std::str::from_utf8(value).ok()?;
    let is_kept = |directive: &&str| {
        let name = directive.split_ascii_whitespace().next().unwrap_or_default();
        !name.is_empty() && !LEFT_OUT_OF_POLICY.iter().any(|left_out| name.eq_ignore_ascii_case(left_out))
    };
    // A comma separates policies, of which each holds.
    let policies = text.split(',').map(|policy| {
        let kept: Vec<&str> = policy.split(';').map(str::trim).filter(is_kept).collect();
        kept.join("; ")
    });
    let kept: Vec<String> = policies.filter(|policy| !policy.is_empty()).collect();
    if kept.is_empty() { None } else { HeaderValue::from_str(&kept.join(", ")).ok() }
}

/// Whether `bytes 0-9/10` is all there is.
fn is_all(range: &HeaderValue, length: usize) -> bool {
    let all = || {
        let (part, whole) = range.to_str().ok()?.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = part.split_once('-')?;
        let end = last.parse::<usize>().ok()?.checked_add(1)?;
        Some(first == "0" && Some(end) == whole.parse().ok() && end == length)
    };
    all().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(status: u16, headers: &[(&str, &str)]) -> (u16, HeaderMap) {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        status_and_headers(&Message { status, headers, body: b"0123456789".to_vec() })
    }

    #[test]
    fn nothing_leads_out_of_the_archive() {
        let (status, headers) = served(
            200,
            &[
                ("content-type", "text/html"),
                ("strict-transport-security", "max-age=1"),
                ("alt-svc", "h3=\":443\""),
                ("content-length", "99"),
                ("set-cookie", "a=1"),
                ("set-cookie", "b=2"),
                (
                    "content-security-policy",
                    "default-src 'self'; Upgrade-Insecure-Requests; report-uri /r, report-to x",
                ),
                ("content-security-policy-report-only", "default-src 'none'; report-uri /r"),
            ],
        );
        assert_eq!(status, 200);
        assert_eq!(headers["content-length"], "10");
        assert_eq!(headers["content-security-policy"], "default-src 'self'");
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(headers.len(), 5, "{headers:?}");
    }

    #[test]
    fn a_part_that_is_all_is_no_part() {
        assert_eq!(served(206, &[("content-range", "bytes 0-9/10")]).0, 200);
        assert_eq!(served(206, &[("content-range", "bytes 0-9/11")]).0, 206);
        assert_eq!(served(206, &[("content-range", "bytes 1-9/10")]).0, 206);
        assert_eq!(served(206, &[("content-range", "bytes 0-18446744073709551615/10")]).0, 206);
    }
}
