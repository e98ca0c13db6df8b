//! What a configuration must satisfy beyond its form.

use std::collections::BTreeMap;

use super::{Config, Domain, JudgeSettings};
use crate::verifier::{Settings, TAKEN, taken_by};

impl Config {
    /// Adds all that does not fit together.
    pub(super) fn validate(&self, mistakes: &mut Vec<String>) {
        if self.domains.is_empty() {
            mistakes.push("there is no domain; write at least one as `[domains.NAME]`".to_owned());
        }
        for (name, judge) in &self.judges {
            judge.validate(&format!("judges.{name}"), mistakes);
        }
        for (name, domain) in &self.domains {
            domain.validate(&format!("domains.{name}"), &self.judges, mistakes);
        }
        for (source, domain) in &self.sources {
            if !self.domains.contains_key(domain) {
                let known = listed(self.domains.keys());
                mistakes.push(format!("sources.{source}: there is no domain `{domain}`; there are {known}"));
            }
            if self.domains.contains_key(source) && source != domain {
                mistakes.push(format!("sources.{source}: this is the name of a domain, which it would hide"));
            }
        }
    }
}

impl JudgeSettings {
    fn validate(&self, place: &str, mistakes: &mut Vec<String>) {
        let mut wrong = |key: &str, reason: String| add(mistakes, place, key, &reason);
        if self.model.trim().is_empty() {
            wrong("model", "is missing: the model's name at its server".to_owned());
        }
        match url::Url::parse(&self.url) {
            _ if self.url.is_empty() => wrong("url", "is missing: the server's base URL, ending in `/v1`".to_owned()),
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
                if !url.username().is_empty() || url.password().is_some() {
                    wrong("url", "must not hold a password; put the key into `OPENAI_API_KEY`".to_owned());
                }
            }
            _ => wrong("url", format!("`{}` is not an http or https URL", self.url)),
        }
        if !(1..=99).contains(&self.samples) {
            wrong("samples", format!("{} is not in 1..=99", self.samples));
        }
        if !(0.0..=2.0).contains(&self.temperature) {
            wrong("temperature", format!("{} is not in 0..=2", self.temperature));
        } else if self.samples > 1 && self.temperature == 0.0 {
            wrong("samples", format!("{} votes at temperature 0 are one vote; raise the temperature", self.samples));
        }
        for (key, value) in [
            ("max_tokens", u64::from(self.max_tokens)),
            ("timeout_s", self.timeout_s),
            ("tries", u64::from(self.tries)),
            ("concurrency", self.concurrency as u64),
        ] {
            if value == 0 || value > 1_000_000 {
                wrong(key, format!("{value} is not in 1..=1000000"));
            }
        }
    }
}

impl Domain {
    fn validate(&self, place: &str, judges: &BTreeMap<String, JudgeSettings>, mistakes: &mut Vec<String>) {
        let mut wrong = |key: &str, reason: String| add(mistakes, place, key, &reason);
        for (key, value) in [("rule", self.rule), ("model", self.model), ("binary", self.binary)] {
            if value.is_none() {
                wrong(key, "is missing: true or false".to_owned());
            }
        }
        if self.rule == Some(false) && self.model == Some(false) {
            wrong("rule", "is false, and so is `model`: nothing would decide".to_owned());
        }
        for judge in self.judges.iter().flatten().filter(|judge| !judges.contains_key(*judge)) {
            wrong("judges", format!("there is no judge `{judge}`; there are {}", listed(judges.keys())));
        }
        if self.model == Some(true) && self.judges.as_ref().is_some_and(Vec::is_empty) {
            wrong("judges", "is empty although `model` is true; leave it out to ask all judges".to_owned());
        }
        match taken_by(&self.verifier) {
            Some(taken) => {
                for key in self.settings.changed().into_iter().filter(|key| !taken.contains(key)) {
                    wrong(
                        &format!("settings.{key}"),
                        format!("the verifier `{}` takes {}", self.verifier, listed(taken)),
                    );
                }
            }
            None => {
                let known = listed(TAKEN.iter().map(|(name, _)| name));
                let wanted = match self.verifier.as_str() {
                    "" => "is missing".to_owned(),
                    name => format!("there is no verifier `{name}`"),
                };
                wrong("verifier", format!("{wanted}; there are {known}"));
            }
        }
        self.settings.validate(&mut wrong);
    }
}

impl Settings {
    /// The names of the settings that differ from their defaults.
    fn changed(&self) -> Vec<&'static str> {
        let default = Settings::default();
        [
            ("tolerance", self.tolerance != default.tolerance),
            ("box_required", self.box_required != default.box_required),
            ("ignore_case", self.ignore_case != default.ignore_case),
            ("full_from", self.full_from != default.full_from),
            ("none_up_to", self.none_up_to != default.none_up_to),
            ("answer_pattern", self.answer_pattern != default.answer_pattern),
            ("reach", self.reach != default.reach),
            ("overlap", self.overlap != default.overlap),
            ("published_terms", self.published_terms != default.published_terms),
        ]
        .into_iter()
        .filter_map(|(name, changed)| changed.then_some(name))
        .collect()
    }

    fn validate(&self, wrong: &mut impl FnMut(&str, String)) {
        // At 1 and more, every number would equal every other of its sign or nearly so.
        if let Some(tolerance) = self.tolerance.filter(|tolerance| !(0.0..1.0).contains(tolerance)) {
            wrong("settings.tolerance", format!("{tolerance} is not in 0..1"));
        }
        if let Some(overlap) = self.overlap.filter(|overlap| !(0.0..1.0).contains(overlap)) {
            wrong("settings.overlap", format!("{overlap} is not in 0..1"));
        }
        for (key, value) in [("settings.full_from", self.full_from), ("settings.none_up_to", self.none_up_to)] {
            if !(0.0..=1.0).contains(&value) {
                wrong(key, format!("{value} is not in 0..=1"));
            }
        }
        if self.full_from <= self.none_up_to {
            wrong("settings.none_up_to", format!("{} is not below full_from = {}", self.none_up_to, self.full_from));
        }
    }
}

/// Adds a mistake, unless another was found in the same place, which it would only repeat.
fn add(mistakes: &mut Vec<String>, place: &str, key: &str, reason: &str) {
    let place = format!("{place}.{key}: ");
    if !mistakes.iter().any(|mistake| mistake.starts_with(&place)) {
        mistakes.push(place + reason);
    }
}

fn listed(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
