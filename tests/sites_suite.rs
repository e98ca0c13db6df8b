//! The bundled sites in Chromium: every goal can be reached by its scripted solution, none by doing nothing or by chance,
//! and equal seeds give equal episodes.

use std::sync::Arc;

use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{
    Action, End, EnvError, Environment, Episode, Evidence, Observation, Outcome, Query, Screenshot, Seed, SplitMix,
    Target, Turn,
};
use glim_tasks::{Goal, Situation, Stage, Task, TaskFamily, Verdict};

use crate::playing::{self, story, turn};

/// Episodes that run at once in the one browser of a test.
const AT_ONCE: usize = 2;

/// One episode on a site.
struct Play<'a> {
    env: &'a mut BrowserEnv,
    task: Arc<dyn Task>,
    stage: Stage,
    goal: String,
    observation: Observation,
    turns: Vec<Turn>,
    end: Option<End>,
}

impl<'a> Play<'a> {
    async fn begin(env: &'a mut BrowserEnv, family: &dyn TaskFamily, seed: Seed) -> Result<Play<'a>, EnvError> {
        let task = family.instantiate(seed);
        let stage = task.stage().unwrap_or_else(|error| panic!("{error}"));
        let observation = env.reset(&stage.start, seed).await?;
        let Goal::Text(goal) = task.goal() else { panic!("the task knows the goal") };
        Ok(Play { env, task, stage, goal, observation, turns: Vec::new(), end: None })
    }

    async fn act(&mut self, action: Action) -> Result<(), EnvError> {
        self.end = match &action {
            Action::Answer { text } => Some(End::Answer { text: text.clone() }),
            Action::Done => Some(End::Done),
            Action::Fail { reason } => Some(End::Fail { reason: reason.clone() }),
            _ => None,
        };
        if self.end.is_some() {
            return Ok(());
        }
        let step = self.env.step(&action).await?;
        let before = std::mem::replace(&mut self.observation, step.observation);
        self.turns.push(turn(before, action, step.outcome));
        Ok(())
    }

    /// Plays the scripted solution until it ends the episode, is stuck or has used up its turns.
    async fn solve(&mut self) -> Result<(), EnvError> {
        while self.end.is_none() && self.turns.len() < self.task.turn_budget() {
            let situation = Situation { goal: &self.goal, observation: &self.observation, turns: &self.turns };
            let Some(action) = self.task.solve(&situation) else { return Ok(()) };
            self.act(action).await?;
        }
        Ok(())
    }

    /// The verdict as the harness would come to it.
    fn judge(&mut self) -> Verdict {
        let episode = Episode {
            task: "sites".to_owned(),
            seed: Seed(0),
            goal: self.goal.clone(),
            agent: "test".to_owned(),
            turns: self.turns.clone(),
            last: Some(self.observation.clone()),
            end: Some(self.end.clone().unwrap_or(End::TurnBudget)),
        };
        let backend = self.stage.backend.as_mut().expect("sites have one");
        let mut evidence = Vec::new();
        for query in self.task.queries(&episode) {
            let Query::Backend { query: asked } = &query else { panic!("a site is asked by its backend") };
            let value = backend.probe(asked).unwrap_or_else(|error| panic!("{error}"));
            evidence.push(Evidence { query, value });
        }
        self.task.judge(&episode, &evidence)
    }

    /// What was done and what was on the screen at the end, for a failure's message.
    fn story(&self) -> String {
        format!("{}\n  end: {:?}", story(&self.goal, &self.turns, &self.observation), self.end)
    }
}

fn families(site: &str) -> Vec<Arc<dyn TaskFamily>> {
    let suite = glim_sites::suites().into_iter().find(|suite| suite.name == site);
    suite.unwrap_or_else(|| panic!("there is no suite `{site}`")).families
}

/// Runs `check` for each family of a site; panics with all that it complains of.
async fn for_each_family<F>(site: &str, check: F)
where
    F: AsyncFn(&mut BrowserEnv, &dyn TaskFamily) -> Result<Vec<String>, EnvError>,
{
    playing::for_each_family(&families(site), AT_ONCE, check).await;
}

async fn scripted_solutions_score_1(site: &str) {
    for_each_family(site, async |env, family| {
        let mut complaints = Vec::new();
        for seed in [Seed(1), Seed(2)] {
            let mut play = Play::begin(env, family, seed).await?;
            play.solve().await?;
            let verdict = play.judge();
            if !verdict.is_success() {
                complaints.push(format!("seed {seed}: {verdict:?}\n  {}", play.story()));
            } else if play.turns.iter().any(|turn| turn.outcome != Outcome::Done) {
                complaints.push(format!("seed {seed}: an action was rejected\n  {}", play.story()));
            }
        }
        Ok(complaints)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scripted_solution_on_the_shop_scores_1() {
    scripted_solutions_score_1("shop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scripted_solution_on_the_booking_site_scores_1() {
    scripted_solutions_score_1("travel").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scripted_solution_on_the_tracker_scores_1() {
    scripted_solutions_score_1("tracker").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doing_nothing_scores_0() {
    for site in ["shop", "travel", "tracker"] {
        for_each_family(site, async |env, family| {
            let mut play = Play::begin(env, family, Seed(6)).await?;
            let mut complaints = Vec::new();
            for action in [Action::Wait { ms: 1_000 }, Action::Done, Action::Fail { reason: "hard".to_owned() }] {
                play.act(action.clone()).await?;
                let verdict = play.judge();
                if verdict.score != 0.0 || verdict.undecided {
                    complaints.push(format!("{action:?} gave {verdict:?}"));
                }
            }
            Ok(complaints)
        })
        .await;
    }
}

/// Something that a blind agent might do here.
fn random_action(chance: &mut SplitMix, observation: &Observation) -> Action {
    let usable: Vec<_> = observation.elements.iter().filter(|element| element.clickable || element.editable).collect();
    if usable.is_empty() || chance.unit() < 0.1 {
        return Action::Scroll { target: None, dx: 0.0, dy: 400.0 };
    }
    let element = *chance.choose(&usable);
    let target = Target::Mark(element.mark);
    if !element.options.is_empty() {
        return Action::Select { target, option: chance.choose(&element.options).label.clone() };
    }
    if element.editable && chance.unit() < 0.7 {
        let text = (*chance.choose(&["2", "mug", "2026-02-10", "Ada"])).to_owned();
        return Action::Type { target: Some(target), text, replace: true, submit: chance.unit() < 0.3 };
    }
    Action::click(target)
}

#[tokio::test(flavor = "multi_thread")]
async fn chance_does_not_win() {
    let wins = std::sync::Mutex::new(Vec::new());
    for site in ["shop", "travel", "tracker"] {
        for_each_family(site, async |env, family| {
            let mut chance = Seed(21).derive(family.name()).generator();
            let mut play = Play::begin(env, family, Seed(21)).await?;
            for _ in 0..12 {
                let action = random_action(&mut chance, &play.observation);
                play.act(action).await?;
            }
            play.act(Action::Answer { text: (*chance.choose(&["3", "€12.50", "the first one"])).to_owned() }).await?;
            if play.judge().is_success() {
                wins.lock().unwrap().push(family.name().to_owned());
            }
            Ok(Vec::new())
        })
        .await;
    }
    let wins = wins.into_inner().unwrap();
    assert!(wins.len() <= 1, "chance won {wins:?}");
}

/// Leaves pictures that should have been equal for somebody to look at.
fn keep(site: &str, pictures: [&Screenshot; 2]) -> std::path::PathBuf {
    let folder = tempfile::Builder::new().prefix("glim-differing-").tempdir().unwrap().keep();
    for (name, picture) in ["first", "second"].iter().zip(pictures) {
        std::fs::write(folder.join(format!("{site}-{name}.png")), &picture.png).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_seeds_give_equal_episodes() {
    let browser = Browser::new(BrowserConfig::default());
    for (site, name) in [("shop", "shop/buy-by-invoice"), ("travel", "travel/book-room"), ("tracker", "")] {
        let families = families(site);
        let family = families.iter().find(|family| family.name() == name).unwrap_or(&families[0]);
        let mut played = Vec::new();
        for _ in 0..2 {
            let mut env = browser.env();
            let mut play = Play::begin(&mut env, &**family, Seed(9)).await.unwrap();
            play.solve().await.unwrap();
            assert!(play.judge().is_success(), "{}", play.story());
            played.push((play.turns, play.observation));
        }
        let [(first, first_last), (second, second_last)] = &played[..] else { panic!("two were played") };
        assert_eq!(first.len(), second.len(), "{site}");
        for (at, (one, other)) in first.iter().zip(second).enumerate() {
            assert_eq!(one.action, other.action, "{site}, turn {at}");
            let (one, other) = (&one.observation.screenshot, &other.observation.screenshot);
            assert!(one == other, "{site}, turn {at}: other pixels, see {}", keep(site, [one, other]).display());
        }
        assert!(first_last.screenshot == second_last.screenshot, "{site}: other pixels at the end");
    }
}
