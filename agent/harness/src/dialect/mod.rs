//! The languages in which models say what they want to do.

use std::str::FromStr;

use glim_env::{Action, Observation};

/// A language of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// Set-of-marks lines: `Click [3]`.
    #[default]
    Web,
    /// Calls with points: `left_click(start_box='[500,300]')`.
    Desktop,
    /// JSON objects with boxes: `{"action_type": "click", "box_2d": [[480,290,520,310]]}`.
    Mobile,
}

/// Why no action could be read from a reply, in words for the agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// What is wrong and what would be right.
    pub reason: String,
}

impl Dialect {
    /// The action that a reply asks for.
    ///
    /// # Errors
    /// If there is none; the reason is for the agent to read.
    pub fn parse(self, text: &str, observation: &Observation) -> Result<Action, Unreadable> {
        let _ = (text, observation);
        Err(Unreadable { reason: "no action was found".to_owned() })
    }

    /// An action in this language.
    pub fn print(self, action: &Action, observation: &Observation) -> String {
        let _ = observation;
        format!("{action:?}")
    }

    /// Its name: `web`, `desktop` or `mobile`.
    pub fn name(self) -> &'static str {
        match self {
            Dialect::Web => "web",
            Dialect::Desktop => "desktop",
            Dialect::Mobile => "mobile",
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Dialect::Web, Dialect::Desktop, Dialect::Mobile]
            .into_iter()
            .find(|dialect| dialect.name() == name)
            .ok_or_else(|| UnknownDialect { name: name.to_owned() })
    }
}

/// No dialect has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a dialect; there are `web`, `desktop` and `mobile`")]
pub struct UnknownDialect {
    /// The name.
    pub name: String,
}
