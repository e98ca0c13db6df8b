//! WebVoyager (He et al., 2024): questions to fifteen live web sites, judged by a model that sees the screen.
//!
//! The task file is JSON lines, `{"web_name": "ArXiv", "id": "ArXiv--0", "ques": "...", "web": "https://arxiv.org/"}`;
//! the optional file of reference answers is the one published beside it. **How we differ:** the prompt of the judge is
//! our own, it demands JSON, and it shows the reference answer, where there is one, as what it is: `golden` answers stay
//! right, `possible` ones were right on the day they were written. A judge that cannot be understood leaves the episode
//! undecided instead of failed. An episode without an answer fails and the judge is not asked.
//!
//! Sites load fonts, scripts and consent dialogs from hosts that no list can name, so any public host may be reached;
//! private addresses stay refused. A site that does not answer makes the episode void ([`glim_env::EnvError`]), and its
//! turns are counted on the wall clock.

mod data;
mod judge;

use std::path::Path;
use std::sync::Arc;

use glim_env::{Action, Episode, Evidence, Query, Seed, StartState, WebStart};

pub use data::LoadError;
use data::{Entry, Reference};

use crate::{Goal, Situation, Stage, StageError, Suite, Task, TaskFamily, Verdict};

/// How many turns an agent gets, as in the evaluation of GLM-4.1V.
const TURN_BUDGET: usize = 100;

/// How many screenshots the judge is shown, counted from the last one; the original shows at most as many.
const JUDGED_SCREENSHOTS: usize = 15;

/// One task family for each line of `data`, with its reference answer from `reference`.
///
/// # Errors
/// If a file cannot be read or holds something else; the error names file, line and field.
pub fn suite(data: &Path, reference: Option<&Path>) -> Result<Suite, LoadError> {
    let mut references = reference.map(data::references).transpose()?.unwrap_or_default();
    let families = data::entries(data)?
        .into_iter()
        .map(|entry| {
            let reference = references.remove(&entry.id);
            Arc::new(Question(Arc::new(Asked { name: format!("webvoyager/{}", entry.id), entry, reference })))
                as Arc<dyn TaskFamily>
        })
        .collect();
    Ok(Suite { name: "webvoyager".to_owned(), families })
}

/// One line of the task file. The site is live, so a seed changes nothing.
struct Question(Arc<Asked>);

impl TaskFamily for Question {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn instantiate(&self, _seed: Seed) -> Arc<dyn Task> {
        self.0.clone()
    }
}

struct Asked {
    name: String,
    entry: Entry,
    reference: Option<Reference>,
}

impl Task for Asked {
    fn goal(&self) -> Goal {
        Goal::Text(self.entry.question.clone())
    }

    fn stage(&self) -> Result<Stage, StageError> {
        let start = WebStart { allow: vec!["*".to_owned()], ..WebStart::live(self.entry.url.as_str()) };
        Ok(StartState::Web(start).into())
    }

    fn queries(&self, episode: &Episode) -> Vec<Query> {
        match episode.answer() {
            Some(answer) if !answer.trim().is_empty() => {
                let prompt = judge::prompt(&self.entry, self.reference.as_ref(), answer);
                vec![Query::Judge { prompt, screenshots: JUDGED_SCREENSHOTS }]
            }
            _ => Vec::new(),
        }
    }

    fn judge(&self, episode: &Episode, evidence: &[Evidence]) -> Verdict {
        match episode.answer() {
            None => Verdict::failure("the agent gave no answer"),
            Some(answer) if answer.trim().is_empty() => Verdict::failure("the agent gave an empty answer"),
            Some(_) => judge::verdict(evidence),
        }
    }

    fn solve(&self, _situation: &Situation<'_>) -> Option<Action> {
        None
    }

    fn turn_budget(&self) -> usize {
        TURN_BUDGET
    }

    fn tags(&self) -> Vec<String> {
        let kind = self.reference.as_ref().map(|reference| reference.kind.name().to_owned());
        [Some(self.entry.site.clone()), kind].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use glim_env::{Clock, End};
    use serde_json::{Value, json};

    use super::*;

    fn asked() -> Asked {
        Asked {
            name: "webvoyager/ArXiv--7".to_owned(),
            entry: Entry {
                site: "ArXiv".to_owned(),
                id: "ArXiv--7".to_owned(),
                question: "Who wrote it?".to_owned(),
                url: url::Url::parse("https://arxiv.org/").unwrap(),
            },
            reference: None,
        }
    }

    fn episode(end: Option<End>) -> Episode {
        Episode {
            task: "webvoyager/ArXiv--7".to_owned(),
            seed: Seed(0),
            goal: "Who wrote it?".to_owned(),
            agent: "scripted".to_owned(),
            turns: Vec::new(),
            last: None,
            end,
        }
    }

    fn answered(text: &str) -> Episode {
        episode(Some(End::Answer { text: text.to_owned() }))
    }

    #[test]
    fn without_an_answer_it_fails_and_nobody_is_asked() {
        let ends = [None, Some(End::Done), Some(End::TurnBudget), Some(End::Fail { reason: "captcha".to_owned() })];
        for episode in ends.into_iter().map(episode).chain([answered(""), answered(" \n")]) {
            assert_eq!(asked().queries(&episode), [], "{:?}", episode.end);
            let verdict = asked().judge(&episode, &[]);
            assert!(!verdict.undecided && verdict.score == 0.0, "{verdict:?}");
        }
    }

    #[test]
    fn an_answer_is_put_to_the_judge_and_its_word_is_the_verdict() {
        let episode = answered("Ada Lovelace");
        let queries = asked().queries(&episode);
        let [Query::Judge { prompt, screenshots: 15 }] = queries.as_slice() else { panic!("{queries:?}") };
        assert!(prompt.contains("Who wrote it?") && prompt.contains("\"Ada Lovelace\""), "{prompt}");

        let says = |value: Value| asked().judge(&episode, &[Evidence { query: queries[0].clone(), value }]);
        assert!(says(json!(r#"{"reason": "seen on screen", "verdict": "success"}"#)).is_success());
        assert_eq!(says(json!(r#"{"reason": "another author", "verdict": "failure"}"#)).reason, "another author");
        assert!(says(json!(null)).undecided);
    }

    #[test]
    fn a_task_starts_on_the_live_site_and_may_reach_any_public_host() {
        let stage = asked().stage().unwrap();
        let StartState::Web(start) = stage.start else { panic!("a web task") };
        assert_eq!((start.url.as_str(), start.clock), ("https://arxiv.org/", Clock::Real));
        assert_eq!(start.allow, ["*"]);
        assert!(!start.downloads && start.routes.is_empty());
    }
}
