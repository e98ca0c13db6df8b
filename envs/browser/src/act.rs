//! Acting: each action of an agent becomes input, or a reason why it cannot.

use glim_env::{Action, Css, EnvError, Outcome, Point, Target};
use serde_json::{Value, json};

use crate::input::{self, Chord};
use crate::world::World;

/// One `Wait` lasts at the most this long, in milliseconds.
const MAX_WAIT_MS: u64 = 60_000;

/// A way out of an action: the agent's mistake, or the world's.
enum Stop {
    Rejected(String),
    Broke(EnvError),
}

impl From<EnvError> for Stop {
    fn from(error: EnvError) -> Self {
        Stop::Broke(error)
    }
}

fn reject<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Rejected(reason.into()))
}

impl World {
    /// Does one action; the screen is not waited for.
    pub async fn act(&mut self, action: &Action, elements: &[glim_env::Element]) -> Result<Outcome, EnvError> {
        match self.try_act(action, elements).await {
            Ok(()) => Ok(Outcome::Done),
            Err(Stop::Rejected(reason)) => Ok(Outcome::Rejected { reason }),
            Err(Stop::Broke(error)) => Err(error),
        }
    }

    async fn try_act(&mut self, action: &Action, elements: &[glim_env::Element]) -> Result<(), Stop> {
        match action {
            Action::Click { target, button, count } => {
                if !(1..=3).contains(count) {
                    return reject(format!("a click count of {count} is not in 1..=3"));
                }
                let at = self.place(*target).await?;
                let open = &mut self.tabs[self.active];
                input::click(&open.tab, &mut open.pace, at, *button, *count).await?;
            }
            Action::Hover { target } => {
                let at = self.place(*target).await?;
                let open = &mut self.tabs[self.active];
                input::hover(&open.tab, &mut open.pace, at).await?;
            }
            Action::Drag { from, to } => {
                let (from, to) = (self.place(*from).await?, self.place(*to).await?);
                let open = &mut self.tabs[self.active];
                input::drag(&open.tab, &mut open.pace, from, to).await?;
            }
            Action::Type { target, text, replace, submit } => {
                self.type_text(*target, text, *replace, *submit, elements).await?;
            }
            Action::Keys { chord } => {
                let chord = Chord::read(chord).map_err(Stop::Rejected)?;
                let open = &mut self.tabs[self.active];
                input::press(&open.tab, &mut open.pace, &chord).await?;
            }
            Action::Scroll { target, dx, dy } => {
                if !(dx.is_finite() && dy.is_finite()) {
                    return reject("a distance to scroll must be a number");
                }
                let at = match target {
                    Some(target) => self.place(*target).await?,
                    None => self.viewport.rect().center(),
                };
                let open = &mut self.tabs[self.active];
                input::wheel(&open.tab, &mut open.pace, at, dx.clamp(-1e5, 1e5), dy.clamp(-1e5, 1e5)).await?;
            }
            Action::Select { target, option } => self.select(*target, option, elements).await?,
            Action::Navigate { url } => self.go(url).await?,
            Action::Back => self.history(-1).await?,
            Action::Forward => self.history(1).await?,
            Action::Reload => {
                let open = &mut self.tabs[self.active];
                open.tab.update(|state| state.expected = true);
                open.tab.call("Page.reload", json!({})).await?;
            }
            Action::OpenTab { url } => {
                if let Some(url) = url {
                    self.permitted(url)?;
                }
                self.open_tab().await?;
                if let Some(url) = url {
                    self.go(url).await?;
                }
            }
            Action::SwitchTab { index } => {
                self.tab_at(*index)?;
                self.active = *index;
                let open = &self.tabs[self.active];
                let _ = open.tab.session.call("Page.bringToFront", json!({})).await;
            }
            Action::CloseTab { index } => {
                let index = index.unwrap_or(self.active);
                self.tab_at(index)?;
                if self.tabs.len() == 1 {
                    return reject("the last tab stays open");
                }
                let target = self.tabs[index].tab.target.clone();
                self.tabs[index].tab.call("Page.close", json!({})).await.or_else(ignore_protocol)?;
                self.await_closed(&target).await?;
            }
            Action::Wait { ms } => {
                let ms = (*ms).min(MAX_WAIT_MS);
                let limit = self.browser().config().settle.wall + std::time::Duration::from_millis(ms);
                let open = &mut self.tabs[self.active];
                open.pace.advance(&open.tab, ms as f64, limit).await?;
            }
            Action::Answer { .. } | Action::Done | Action::Fail { .. } => {
                return reject("this action ends the episode; it does nothing to the page");
            }
        }
        Ok(())
    }

    fn tab_at(&self, index: usize) -> Result<(), Stop> {
        match self.tabs.len() {
            tabs if index < tabs => Ok(()),
            1 => reject(format!("there is no tab {index}; the only one is 0")),
            tabs => reject(format!("there is no tab {index}; they are 0 to {}", tabs - 1)),
        }
    }

    async fn await_closed(&mut self, target: &str) -> Result<(), Stop> {
        let deadline = std::time::Instant::now() + self.browser().config().call;
        while self.tabs.iter().any(|open| open.tab.target == target) && std::time::Instant::now() < deadline {
            if !self.next_event(self.browser().config().call).await? {
                break;
            }
        }
        Ok(())
    }

    /// Where a target is now, in the viewport.
    async fn place(&mut self, target: Target) -> Result<Point<Css>, Stop> {
        match target {
            Target::Point(at) if self.viewport.rect().contains(at) => Ok(at),
            Target::Point(at) => reject(format!(
                "the point ({}, {}) is not on the screen, which is {} by {}",
                at.x, at.y, self.viewport.width, self.viewport.height
            )),
            Target::Mark(mark) => {
                let found = self.on_mark(mark, |index| format!("__glim.locate({index})")).await?;
                match (found["x"].as_f64(), found["y"].as_f64()) {
                    (Some(x), Some(y)) if self.viewport.rect().contains(Point::new(x, y)) => Ok(Point::new(x, y)),
                    _ => reject(format!("element {mark} cannot be reached: it is not on the screen")),
                }
            }
        }
    }

    /// Calls a function of our script for a marked element; its `error` is a rejection.
    async fn on_mark(&mut self, mark: u32, call: impl Fn(usize) -> String) -> Result<Value, Stop> {
        let Some(source) = (mark as usize).checked_sub(1).and_then(|at| self.marks.get(at)).cloned() else {
            return reject(match self.marks.len() {
                0 => format!("there is no element {mark}; the screen shows none"),
                count => format!("there is no element {mark}; they are 1 to {count}"),
            });
        };
        let open = &self.tabs[self.active];
        let value = match open.tab.evaluate_isolated(source.frame.as_deref(), &call(source.index)).await {
            Ok(value) => value,
            Err(EnvError::Protocol { .. }) => return reject(format!("element {mark} is no longer on the page")),
            Err(error) => return Err(error.into()),
        };
        match value["error"].as_str() {
            Some(error) => reject(format!("element {mark}: {error}")),
            None => Ok(value),
        }
    }

    async fn type_text(
        &mut self,
        target: Option<Target>,
        text: &str,
        replace: bool,
        submit: bool,
        elements: &[glim_env::Element],
    ) -> Result<(), Stop> {
        if let Some(mark) = target.and_then(|target| field_at(target, elements)) {
            // Fields for dates, times and colours take no text key by key; they are set at once.
            let value = Value::from(text).to_string();
            let filled = self.on_mark(mark, |index| format!("__glim.fill({index},{value})"));
            if filled.await?["ok"] == true {
                return self.press_enter_if(submit).await;
            }
        }
        if let Some(target) = target {
            let at = self.place(target).await?;
            let open = &mut self.tabs[self.active];
            input::click(&open.tab, &mut open.pace, at, glim_env::Button::Left, 1).await?;
        }
        if replace {
            match target {
                Some(Target::Mark(mark)) => {
                    self.on_mark(mark, |index| format!("__glim.clear({index})")).await?;
                }
                _ => {
                    let open = &self.tabs[self.active];
                    let cleared = open.tab.evaluate_isolated(None, "__glim.clear(null)").await?;
                    if let Some(error) = cleared["error"].as_str() {
                        return reject(error);
                    }
                }
            }
        }
        let open = &mut self.tabs[self.active];
        if text.is_empty() && replace {
            let delete = Chord::read("Delete").expect("there is a Delete key");
            input::press(&open.tab, &mut open.pace, &delete).await?;
        } else {
            input::write(&open.tab, &mut open.pace, text).await?;
        }
        self.press_enter_if(submit).await
    }

    async fn press_enter_if(&mut self, submit: bool) -> Result<(), Stop> {
        if submit {
            let enter = Chord::read("Enter").expect("there is an Enter key");
            let open = &mut self.tabs[self.active];
            input::press(&open.tab, &mut open.pace, &enter).await?;
        }
        Ok(())
    }

    async fn select(&mut self, target: Target, option: &str, elements: &[glim_env::Element]) -> Result<(), Stop> {
        let mark = match target {
            Target::Mark(mark) => mark,
            Target::Point(at) => {
                let list = elements.iter().find(|element| !element.options.is_empty() && element.rect.contains(at));
                match list {
                    Some(list) => list.mark,
                    None => return reject(format!("there is no list box at ({}, {})", at.x, at.y)),
                }
            }
        };
        let option = Value::from(option).to_string();
        self.on_mark(mark, |index| format!("__glim.select({index},{option})")).await?;
        Ok(())
    }

    /// The address as it will be opened, if the fence lets it.
    fn permitted(&self, url: &str) -> Result<String, Stop> {
        let text = url.trim();
        let absolute = if text.contains("://") || text.starts_with("about:") || has_scheme(text) {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let parsed = url::Url::parse(&absolute);
        match parsed {
            Ok(parsed) => match self.fence.refusal(&parsed) {
                Some(reason) => reject(reason),
                None => Ok(parsed.to_string()),
            },
            Err(error) => reject(format!("`{text}` is not an address: {error}")),
        }
    }

    async fn go(&mut self, url: &str) -> Result<(), Stop> {
        let url = self.permitted(url)?;
        match self.navigate(&url).await? {
            Some(reason) => reject(format!("`{url}` could not be loaded: {reason}")),
            None => Ok(()),
        }
    }

    async fn history(&mut self, by: i64) -> Result<(), Stop> {
        let open = &mut self.tabs[self.active];
        let history = open.tab.call("Page.getNavigationHistory", json!({})).await?;
        let wanted = history["currentIndex"].as_i64().unwrap_or(0) + by;
        let entry = usize::try_from(wanted).ok().and_then(|at| history["entries"].get(at));
        let first = wanted == 0 && entry.is_some_and(|entry| entry["url"] == "about:blank");
        match entry {
            Some(entry) if !first => {
                open.tab.update(|state| state.expected = true);
                open.tab.call("Page.navigateToHistoryEntry", json!({"entryId": entry["id"]})).await?;
                Ok(())
            }
            _ => reject(if by < 0 { "there is no page to go back to" } else { "there is no page to go forward to" }),
        }
    }
}

/// The mark of the field that a target names.
fn field_at(target: Target, elements: &[glim_env::Element]) -> Option<u32> {
    match target {
        Target::Mark(mark) => elements.iter().find(|element| element.mark == mark && element.editable),
        Target::Point(at) => elements.iter().rfind(|element| element.editable && element.rect.contains(at)),
    }
    .map(|element| element.mark)
}

/// A word, a colon and no port behind it: `javascript:x`, but not `localhost:8080`.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(word, rest)| {
        !word.contains(['.', '/']) && !rest.split('/').next().unwrap_or_default().chars().all(|c| c.is_ascii_digit())
    })
}

/// A page that closes does not answer.
fn ignore_protocol(error: EnvError) -> Result<Value, EnvError> {
    match error {
        EnvError::Protocol { .. } => Ok(Value::Null),
        other => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_a_scheme() {
        assert!(has_scheme("javascript:alert(1)") && has_scheme("mailto:a@b.c") && has_scheme("data:text/html,x"));
        assert!(!has_scheme("localhost:8080/a") && !has_scheme("example.org:443") && !has_scheme("example.org/a:b"));
    }
}
