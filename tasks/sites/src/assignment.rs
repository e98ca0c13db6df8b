//! Goals on the sites as task families: what is asked, what must come of it, and how it can be done.

use std::marker::PhantomData;
use std::sync::Arc;

use glim_env::{Action, End, Episode, Evidence, Query, Seed, SplitMix};
use glim_tasks::{Goal, Situation, Stage, StageError, Task, TaskFamily, Verdict};

use crate::answer::Answer;
use crate::changes::{self, Change, Wanted};
use crate::site::CHANGES;
use crate::solver::{self, Step};
use crate::{Instance, Site};

/// One instance of a goal on a site.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// What the agent is told.
    pub text: String,
    /// The page it begins on.
    pub start: String,
    /// What it must answer, if it is asked something.
    pub answer: Option<Answer>,
    /// All changes it must make to the site; none for a mere question.
    pub wanted: Vec<Wanted>,
    /// A way to do it.
    pub plan: Vec<Step>,
}

impl Assignment {
    /// A question that is answered by looking, from the front page.
    pub fn question(text: impl Into<String>, answer: Answer, plan: Vec<Step>) -> Assignment {
        Assignment { text: text.into(), start: "/".to_owned(), answer: Some(answer), wanted: Vec::new(), plan }
    }

    /// Something to be done, from the front page. The plan's last step, saying that it is done, is added here.
    pub fn change(text: impl Into<String>, wanted: Vec<Wanted>, mut plan: Vec<Step>) -> Assignment {
        plan.push(Step::Done);
        Assignment { text: text.into(), start: "/".to_owned(), answer: None, wanted, plan }
    }

    /// Finds whether an episode met it, from how it ended and what changed on the site.
    pub fn judge(&self, end: Option<&End>, made: &[Change]) -> Verdict {
        if let Some(End::Fail { reason }) = end {
            return Verdict::failure(format!("the agent gave up: {reason}"));
        }
        if let Some(expected) = &self.answer {
            let Some(End::Answer { text }) = end else { return Verdict::failure("the agent did not answer") };
            if let Err(why) = expected.check(text) {
                return Verdict::failure(why);
            }
        }
        match changes::verify(&self.wanted, made) {
            Ok(()) if self.answer.is_some() => Verdict::success("the answer is right, and the site is as it should be"),
            Ok(()) => Verdict::success("exactly what was asked for has changed"),
            Err(why) => Verdict::failure(why),
        }
    }
}

/// How hard a family is for a person who knows the web, by the pages and decisions it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difficulty {
    /// A few clicks, everything is named.
    Easy,
    /// Several pages, or something to compare.
    Medium,
    /// Several pages with conditions, or a whole process.
    Hard,
}

impl Difficulty {
    fn label(self) -> &'static str {
        match self {
            Difficulty::Easy => "easy",
            Difficulty::Medium => "medium",
            Difficulty::Hard => "hard",
        }
    }
}

/// Draws a goal from the content of a seed, with the given generator for what is left to choose.
pub(crate) type Make = fn(Seed, &mut SplitMix) -> Assignment;

/// A family of goals on the site `S`: `make` draws one from the content of a seed.
pub fn family<S: Site>(
    name: &str,
    difficulty: Difficulty,
    make: fn(Seed, &mut SplitMix) -> Assignment,
) -> Arc<dyn TaskFamily> {
    Arc::new(Family::<S> { name: format!("{}/{name}", S::NAME), difficulty, make, site: PhantomData })
}

struct Family<S> {
    name: String,
    difficulty: Difficulty,
    make: Make,
    site: PhantomData<fn() -> S>,
}

impl<S: Site> TaskFamily for Family<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        let assignment = (self.make)(seed, &mut seed.derive(&self.name).generator());
        Arc::new(SiteTask::<S> {
            name: self.name.clone(),
            seed,
            difficulty: self.difficulty,
            assignment,
            site: PhantomData,
        })
    }
}

struct SiteTask<S> {
    name: String,
    seed: Seed,
    difficulty: Difficulty,
    assignment: Assignment,
    site: PhantomData<fn() -> S>,
}

impl<S: Site> Task for SiteTask<S> {
    fn goal(&self) -> Goal {
        Goal::Text(self.assignment.text.clone())
    }

    fn stage(&self) -> Result<Stage, StageError> {
        let instance = Instance::<S>::open(self.seed)
            .map_err(|error| StageError { task: self.name.clone(), reason: chain(&error) })?;
        Ok(instance.stage(&self.assignment.start))
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        vec![Query::Backend { query: CHANGES.to_owned() }]
    }

    fn judge(&self, episode: &Episode, evidence: &[Evidence]) -> Verdict {
        let made = evidence.first().map(|evidence| serde_json::from_value::<Vec<Change>>(evidence.value.clone()));
        match made {
            Some(Ok(made)) => self.assignment.judge(episode.end.as_ref(), &made),
            Some(Err(error)) => Verdict::undecided(format!("the changes of the site cannot be read: {error}")),
            None => Verdict::undecided("nobody said what changed on the site"),
        }
    }

    fn solve(&self, situation: &Situation<'_>) -> Option<Action> {
        solver::next(&self.assignment.plan, situation)
    }

    /// Two and a half times what the plan takes, with room for some scrolling.
    fn turn_budget(&self) -> usize {
        10 + self.assignment.plan.len() * 5 / 2
    }

    fn tags(&self) -> Vec<String> {
        let kind = if self.assignment.answer.is_some() { "answer" } else { "state" };
        vec![format!("site:{}", S::NAME), format!("kind:{kind}"), format!("difficulty:{}", self.difficulty.label())]
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
