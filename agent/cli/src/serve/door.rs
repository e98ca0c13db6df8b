//! Who may ask: the token, and names of this machine only.

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use axum::http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq as _;

use super::refusal::Refusal;

/// The variable that the token may come from.
pub(crate) const VARIABLE: &str = "GLIM_TOKEN";

/// What a client must show.
#[derive(Clone)]
pub(crate) enum Door {
    /// The server listens on loopback only. A page in a browser could still reach it under a name of its own that resolves
    /// to loopback, so it must be asked for by a name of this machine.
    Loopback,
    /// A token, as `Authorization: Bearer TOKEN`.
    Token(String),
}

impl Door {
    /// The door of a server that listens on `host`, with the token from a file or else from the variable.
    ///
    /// # Errors
    /// If a token is needed and there is none, or it cannot be read.
    pub fn new(host: IpAddr, file: Option<&Path>, variable: Option<String>) -> Result<Door> {
        let token = match file {
            Some(file) => Some(
                std::fs::read_to_string(file)
                    .with_context(|| format!("the token in `{}` cannot be read", file.display()))?,
            ),
            None => variable,
        };
        match token.map(|token| token.trim().to_owned()) {
            Some(token) if token.is_empty() => bail!("the token is empty; put a long random text there"),
            Some(token) => Ok(Door::Token(token)),
            None if host.is_loopback() => Ok(Door::Loopback),
            None => bail!(
                "`--host {host}` can be reached from other machines, so clients must show a token: name a file that holds \
                 one with --token-file, or set {VARIABLE}"
            ),
        }
    }

    /// Lets a request in.
    ///
    /// # Errors
    /// If it shows no token or a wrong one, or asks for a name that is not of this machine.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match self {
            Door::Loopback => {
                let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
                if is_loopback_name(host) {
                    return Ok(());
                }
                let message =
                    format!("without a token this server answers to `localhost` and `127.0.0.1`, not to `{host}`");
                Err(Refusal::status(StatusCode::FORBIDDEN, message).code("wrong_host"))
            }
            Door::Token(token) => {
                let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
                let shown = shown
                    .and_then(|value| value.split_once(' '))
                    .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                let Some((_, shown)) = shown else {
                    let message = "this server wants a token: send it as `Authorization: Bearer TOKEN`, which is the API key \
                                   of OpenAI's clients";
                    return Err(Refusal::status(StatusCode::UNAUTHORIZED, message).code("missing_api_key"));
                };
                // In a time that tells nothing about the token but its length.
                if bool::from(shown.trim().as_bytes().ct_eq(token.as_bytes())) {
                    return Ok(());
                }
                Err(Refusal::status(StatusCode::UNAUTHORIZED, "the token is not the right one").code("invalid_api_key"))
            }
        }
    }
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::http::HeaderValue;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    fn admits(door: &Door, name: header::HeaderName, value: &str) -> bool {
        door.admit(&HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("it is a header"))])).is_ok()
    }

    #[test]
    fn other_machines_need_a_token() {
        assert!(matches!(Door::new(HERE, None, None), Ok(Door::Loopback)));
        assert!(
            matches!(Door::new(ANYWHERE, None, Some("secret\n".to_owned())), Ok(Door::Token(token)) if token == "secret")
        );
        for (host, variable, says) in [(ANYWHERE, None, "--token-file"), (HERE, Some(" ".to_owned()), "is empty")] {
            let error = Door::new(host, None, variable).err().expect("it is refused").to_string();
            assert!(error.contains(says), "{error}");
        }
        let error = Door::new(HERE, Some(Path::new("/nowhere/token")), None).err().expect("there is no file");
        assert!(error.to_string().contains("/nowhere/token"), "{error}");
    }

    #[test]
    fn the_right_token_opens() {
        let door = Door::Token("secret".to_owned());
        assert!(admits(&door, header::AUTHORIZATION, "Bearer secret"));
        assert!(admits(&door, header::AUTHORIZATION, "bearer secret"));
        for wrong in ["Bearer secre", "Bearer secrets", "Bearer", "Bearer ", "secret", "Basic secret"] {
            assert!(!admits(&door, header::AUTHORIZATION, wrong), "{wrong}");
        }
        assert!(door.admit(&HeaderMap::new()).is_err());
    }

    #[test]
    fn without_a_token_only_names_of_this_machine_are_answered() {
        for (host, answered) in [
            ("localhost:8000", true),
            ("LOCALHOST", true),
            ("127.0.0.1:80", true),
            ("127.1.2.3", true),
            ("[::1]:8000", true),
            ("evil.example:8000", false),
            ("localhost.evil.example", false),
            ("10.0.0.1:8000", false),
            ("", false),
        ] {
            assert_eq!(admits(&Door::Loopback, header::HOST, host), answered, "{host}");
        }
    }
}
