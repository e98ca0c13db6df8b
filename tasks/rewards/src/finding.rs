//! What is found out about one reply: [`Finding`] by a rule alone, [`Reward`] in the end.

use std::borrow::Cow;

use serde::Serialize;

/// What a rule says of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The rule decides.
    Decided {
        /// In 0..=1.
        score: f64,
        /// Why, in a few words.
        reason: Cow<'static, str>,
    },
    /// No rule can tell: a judge may.
    Open {
        /// What the rule could not tell.
        reason: Cow<'static, str>,
    },
}

impl Finding {
    /// A decision.
    ///
    /// # Panics
    /// If `score` is not in 0..=1.
    pub fn decided(score: f64, reason: impl Into<Cow<'static, str>>) -> Self {
        assert!((0.0..=1.0).contains(&score), "a score lies in 0..=1, this is {score}");
        Self::Decided { score, reason: reason.into() }
    }

    /// No decision.
    pub fn open(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Open { reason: reason.into() }
    }

    /// The score, 0..=1, if the rule decides.
    pub fn score(&self) -> Option<f64> {
        match self {
            Self::Decided { score, .. } => Some(*score),
            Self::Open { .. } => None,
        }
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A rule of this crate.
    Rule,
    /// A judge, by a majority of valid votes.
    Judge,
    /// Nobody: no rule could tell, and there is no judge or it gave no verdict. The score is 0 and means nothing.
    Undecided,
    /// The frame of the reply, or of the ground truth, was wrong, so that nothing was compared.
    Format,
}

/// What a reply is worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reward {
    /// In 0..=1; means nothing where `kind` is [`Kind::Undecided`].
    pub score: f64,
    /// Who decided.
    pub kind: Kind,
    /// Why, in a few words.
    pub reason: Cow<'static, str>,
    /// The answer as it was read out of the reply.
    pub extracted: Option<String>,
}
