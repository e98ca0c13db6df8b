//! What pages are told of the reader and the device.

use glim_env::Reader;
use serde_json::{Value, json};

/// The commands that tell a tab's pages so.
pub(crate) fn commands(reader: &Reader, user_agent: &str) -> Vec<(&'static str, Value)> {
    let mut commands = Vec::new();
    if reader.mobile {
        commands.push(("Emulation.setTouchEmulationEnabled", json!({"enabled": true, "maxTouchPoints": 5})));
    }
    if reader.dark {
        let features = json!([{"name": "prefers-color-scheme", "value": "dark"}]);
        commands.push(("Emulation.setEmulatedMedia", json!({"features": features})));
    }
    if let Some(locale) = &reader.locale {
        commands.push(("Emulation.setLocaleOverride", json!({"locale": locale})));
    }
    if reader.mobile || reader.locale.is_some() || reader.agent.is_some() {
        commands.push(("Emulation.setUserAgentOverride", user_agent_override(reader, user_agent)));
    }
    commands
}

fn user_agent_override(reader: &Reader, user_agent: &str) -> Value {
    let version = user_agent.split("Chrome/").nth(1).and_then(|rest| rest.split('.').next()).unwrap_or("0");
    let mut said = if reader.mobile {
        format!(
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Mobile \
             Safari/537.36"
        )
    } else {
        user_agent.to_owned()
    };
    if let Some(agent) = &reader.agent {
        said = format!("{said} {agent}");
    }
    let mut told = json!({"userAgent": said});
    if let Some(locale) = &reader.locale {
        told["acceptLanguage"] = locale.as_str().into();
    }
    if reader.mobile {
        told["platform"] = "Linux armv81".into();
        told["userAgentMetadata"] = json!({
            "brands": [{"brand": "Chromium", "version": version}],
            "platform": "Android", "platformVersion": "10", "architecture": "", "model": "K", "mobile": true,
        });
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

    #[test]
    fn a_plain_reader_is_told_nothing_of() {
        assert_eq!(commands(&Reader::default(), PLAIN), []);
    }

    #[test]
    fn a_phone_says_that_it_is_one_and_who_asks() {
        let reader = Reader { mobile: true, agent: Some("(glim; +https://a.example/)".to_owned()), ..Reader::default() };
        let told = user_agent_override(&reader, PLAIN);
        let said = told["userAgent"].as_str().unwrap();
        assert!(said.contains("Chrome/156.0.0.0 Mobile") && said.ends_with("(glim; +https://a.example/)"), "{said}");
        assert_eq!(told["userAgentMetadata"]["mobile"], true);
    }
}
