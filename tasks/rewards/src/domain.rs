//! How the rules of one domain decide a sample, without a judge. Pure.

use std::borrow::Cow;
use std::fmt;

use crate::config::{Domain, TruthForm};
use crate::hedge::Evasion;
use crate::reply::{self, LanguageLimits};
use crate::verifier::{Settings, Verifier};
use crate::{Finding, Kind, Reward};

/// Makes the verifier of a name with settings.
pub(crate) type Registry = fn(&str, &Settings) -> Option<Box<dyn Verifier>>;

/// A domain with its verifier.
pub(crate) struct Room {
    domain: Domain,
    verifier: Box<dyn Verifier>,
}

/// How far the rules came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// They decided.
    Done(Reward),
    /// A judge may decide.
    Open {
        /// The answer as it was read.
        answer: String,
        /// The ground truth as it was read.
        truth: String,
        /// What the rules could not tell.
        reason: Cow<'static, str>,
    },
}

impl Room {
    pub(crate) fn new(domain: &Domain, registry: Registry) -> Result<Room, String> {
        let verifier = registry(&domain.verifier, &domain.settings)
            .ok_or_else(|| format!("the verifier `{}` cannot be made with these settings", domain.verifier))?;
        Ok(Room { domain: domain.clone(), verifier })
    }

    pub(crate) fn verifier_name(&self) -> &str {
        &self.domain.verifier
    }

    pub(crate) fn is_binary(&self) -> bool {
        self.domain.is_binary()
    }

    /// Checks, reads and compares; an evasive answer goes no further.
    pub(crate) fn decide(&self, question: &str, reply: &str, truth: &str) -> Step {
        match self.check(reply, truth).and_then(|()| self.read(reply, truth)) {
            Ok((answer, truth)) => match self.compare(question, &answer, &truth) {
                Step::Open { .. } if let Some(evasion) = self.evasion(question, &answer, &truth) => {
                    Step::Done(evaded(evasion, &answer))
                }
                step => step,
            },
            Err(wrong) => Step::Done(wrong),
        }
    }

    /// Whether frame and language are as they should be.
    pub(crate) fn check(&self, reply: &str, truth: &str) -> Result<(), Reward> {
        reply::check(reply).map_err(|flaw| format_wrong("format", flaw))?;
        if self.domain.ground_truth == TruthForm::Reply {
            reply::check(truth).map_err(|flaw| format_wrong("ground truth", flaw))?;
        }
        if !self.domain.mixed_languages && reply::mixes_languages(reply, LanguageLimits::default()) {
            return Err(format_wrong("language", "long Chinese and long English paragraphs are mixed"));
        }
        Ok(())
    }

    /// The answer and the ground truth.
    pub(crate) fn read<'a>(&self, reply: &'a str, truth: &'a str) -> Result<(Cow<'a, str>, Cow<'a, str>), Reward> {
        let truth = match self.domain.ground_truth {
            TruthForm::Value => self.verifier.read_value(truth),
            TruthForm::Reply => self.verifier.read(truth),
        };
        let truth = truth.map_err(|reason| format_wrong("ground truth", reason))?;
        let answer = self.verifier.read(reply).map_err(|reason| format_wrong("answer", reason))?;
        Ok((answer, truth))
    }

    /// Compares an answer with a ground truth, both as they were read.
    pub(crate) fn compare(&self, question: &str, answer: &str, truth: &str) -> Step {
        let finding = if self.domain.has_rule() {
            self.verifier.compare(question, answer, truth)
        } else if answer == truth {
            Finding::decided(1.0, "the same text")
        } else {
            Finding::open("the domain has no rule")
        };
        match finding {
            Finding::Open { reason } => Step::Open { answer: answer.to_owned(), truth: truth.to_owned(), reason },
            Finding::Decided { score, reason } => {
                assert!((0.0..=1.0).contains(&score), "a score lies in 0..=1, this is {score}");
                let score = if self.is_binary() { score.floor() } else { score };
                Step::Done(Reward { score, kind: Kind::Rule, reason, extracted: Some(answer.to_owned()) })
            }
        }
    }
}

impl Room {
    /// How an answer evades the question, so that no judge is to see it.
    pub(crate) fn evasion(&self, question: &str, answer: &str, truth: &str) -> Option<Evasion> {
        self.verifier.evasion(question, answer, truth)
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// Nothing was compared, since something is wrong with the form of `part`.
pub(crate) fn format_wrong(part: &str, reason: impl fmt::Display) -> Reward {
    Reward { score: 0.0, kind: Kind::Format, reason: format!("{part}: {reason}").into(), extracted: None }
}

/// An evasive answer.
pub(crate) fn evaded(evasion: Evasion, answer: &str) -> Reward {
    Reward { score: 0.0, kind: Kind::Rule, reason: evasion.to_string().into(), extracted: Some(answer.to_owned()) }
}

/// Nobody decided.
pub(crate) fn undecided(reason: impl Into<Cow<'static, str>>) -> Reward {
    Reward { score: 0.0, kind: Kind::Undecided, reason: reason.into(), extracted: None }
}
