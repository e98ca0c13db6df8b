//! Policies that read no prose, and names of policies.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use glim_env::{Action, Choice, Observation, Outcome, Rect, Seed, Target, Viewport};
use glim_tasks::Situation;

use super::*;
use crate::rollout::fake::{FakeFamily, FakeWorlds, rollout};
use crate::rollout::{Finished, RecordError, Recorder, Stop, Void};
use crate::{Agent, sample, store};

fn form() -> Observation {
    let at = |row: f64| Rect::new(10.0, row * 40.0, 120.0, 30.0);
    let button = sample::element(1, at(0.0));
    let mut field = sample::element(2, at(1.0));
    field.editable = true;
    let mut list = sample::element(3, at(2.0));
    let choice = |label: &str| Choice { label: label.to_owned(), value: String::new(), selected: false };
    list.options = vec![choice("S"), choice("M")];
    let mut off = sample::element(4, at(3.0));
    off.states.disabled = true;
    let mut fixed = sample::element(5, at(4.0));
    (fixed.editable, fixed.clickable, fixed.states.readonly) = (true, false, true);
    sample::screen(Viewport::new(200, 240), vec![button, field, list, off, fixed])
}

fn act(
    policy: impl Policy + 'static,
    dialect: Dialect,
    observation: &Observation,
    seed: u64,
) -> Result<Action, String> {
    let agent = Agent::new(Arc::new(policy), dialect);
    let situation = Situation { goal: "What is the price of the Blue Mug?", observation, turns: &[] };
    let reply = futures::executor::block_on(agent.act(None, situation, Seed(seed))).expect("it needs nothing");
    assert_eq!(reply.prompt, "", "no prompt is written for a policy that reads none");
    reply.action
}

#[test]
fn doing_nothing_is_done_at_once_in_every_dialect() {
    for dialect in [Dialect::Web, Dialect::Desktop, Dialect::Mobile] {
        assert_eq!(act(Noop, dialect, &form(), 1), Ok(Action::Done));
    }
}

#[test]
fn chance_is_sensible_varied_and_repeatable() {
    let observation = form();
    let mut kinds = HashSet::new();
    for seed in 0..2000 {
        let action = act(Random, Dialect::Web, &observation, seed).expect("what it says can be read");
        assert_eq!(act(Random, Dialect::Web, &observation, seed).as_ref(), Ok(&action), "equal seeds, equal play");
        kinds.insert(action.kind());
        for target in action.targets() {
            match target {
                Target::Mark(mark) => assert_ne!(mark, 4, "{action:?} at what is disabled"),
                Target::Point(point) => assert!(observation.viewport.rect().contains(point)),
            }
        }
        match &action {
            Action::Type { target, .. } => assert_eq!(*target, Some(Target::Mark(2)), "{action:?}"),
            Action::Select { target, option } => {
                assert!(*target == Target::Mark(3) && ["S", "M"].contains(&option.as_str()));
            }
            Action::Answer { text } => assert!(!"What is the price of the Blue Mug?".contains(text.as_str())),
            _ => {}
        }
    }
    assert!(kinds.len() >= 8, "{kinds:?}");
    let empty = sample::screen(Viewport::new(200, 240), Vec::new());
    for seed in 0..500 {
        act(Random, Dialect::Desktop, &empty, seed).expect("an empty screen can be clicked too");
    }
}

#[test]
fn a_script_without_a_task_says_so() {
    let agent = Agent::new(Arc::new(Scripted), Dialect::Web);
    let observation = form();
    let situation = Situation { goal: "g", observation: &observation, turns: &[] };
    let error = futures::executor::block_on(agent.act(None, situation, Seed(0))).expect_err("nothing to solve");
    assert!(error.is_permanent(), "{error}");
}

#[derive(Default)]
struct Keep(Mutex<Vec<Finished>>);

impl Recorder for Keep {
    fn finished(&self, finished: &Finished) -> Result<(), RecordError> {
        self.0.lock().expect("no test panics here").push(finished.clone());
        Ok(())
    }

    fn void(&self, void: &Void) -> Result<(), RecordError> {
        panic!("{void:?}")
    }
}

async fn play(policy: Arc<dyn Policy>, dialect: Dialect) -> Finished {
    let keep = Arc::new(Keep::default());
    let mut setup = rollout(FakeWorlds::default(), 1);
    setup.agent = Agent::new(policy, dialect);
    let instances = vec![FakeFamily::instance("solve", 2)];
    setup.run(instances, keep.clone(), Arc::new(()), &Stop::default()).await.expect("nothing breaks");
    keep.0.lock().expect("no test panics here").remove(0)
}

#[tokio::test]
async fn a_script_solves_in_every_dialect_that_keeps_marks_and_gives_up_without_a_step() {
    let finished = play(Arc::new(Scripted), Dialect::Web).await;
    assert!(finished.verdict.is_success(), "{:?}", finished.verdict);
    assert_eq!(finished.episode.turns[0].completion.text, "Click [1]");
    assert_eq!(finished.episode.agent, "scripted");
}

#[tokio::test]
async fn a_replay_does_again_what_was_recorded() {
    let first = play(Arc::new(Scripted), Dialect::Web).await;
    let run = tempfile::tempdir().expect("a folder");
    let record = store::RunRecord {
        schema_version: glim_env::SCHEMA_VERSION,
        glim: "0".to_owned(),
        commit: None,
        agent: "scripted".to_owned(),
        dialect: "web".to_owned(),
        judge: None,
        limits: crate::rollout::Limits::default(),
        conditions: serde_json::Map::new(),
        suites: Vec::new(),
        families: Vec::new(),
        items: Default::default(),
        episodes: 1,
        first_seed: 0,
        concurrency: 1,
    };
    let recorded = store::Store::open(run.path(), record).expect("a run");
    recorded.write(&first).expect("it can be written");
    let folder = store::episode_folder(run.path(), &first.episode.task, first.episode.seed);
    let replay = from_spec(&format!("replay:{}", folder.display())).expect("it is there");

    let again = play(Arc::clone(&replay), Dialect::Web).await;
    let said = |finished: &Finished| -> Vec<(String, Option<Action>, Outcome)> {
        let turns = finished.episode.turns.iter();
        turns.map(|turn| (turn.completion.text.clone(), turn.action.clone(), turn.outcome.clone())).collect()
    };
    assert_eq!(said(&first), said(&again));

    let longer = [first.episode.turns.clone(), first.episode.turns.clone()].concat();
    let observation = form();
    let situation = Situation { goal: "g", observation: &observation, turns: &longer };
    let error = Agent::new(replay, Dialect::Web).act(None, situation, Seed(0)).await.expect_err("it has no more turns");
    assert!(error.to_string().contains(&folder.display().to_string()), "{error}");
}

#[test]
fn names_stand_for_policies_or_say_what_is_wrong() {
    for name in ["scripted", "random", "noop"] {
        assert_eq!(from_spec(name).map(|policy| policy.name().to_owned()), Ok(name.to_owned()));
    }
    assert_eq!(
        from_spec("openai:glm@http://127.0.0.1:1/v1").map(|policy| policy.name().to_owned()),
        Ok("openai:glm".to_owned())
    );
    for (name, hint) in [
        ("", "agents are"),
        ("scripted:x", "agents are"),
        ("openai:", "openai:MODEL@BASE_URL"),
        ("openai:m@http://", "not a URL"),
        ("replay:", "replay:EPISODE_DIR"),
        ("replay:/nowhere", "/nowhere"),
        ("local:x", "needs the decoding engine"),
    ] {
        let error = from_spec(name).err().expect(name).to_string();
        assert!(error.contains(hint), "{name}: {error}");
    }
}

#[test]
fn the_recorded_prompt_names_pictures_without_holding_them() {
    let observation = form();
    let prompt = Prompt {
        system: "Act.".to_owned(),
        user: vec![
            Part::Text("Look:".to_owned()),
            Part::Image(Arc::from(&b"x"[..])),
            Part::Image(Arc::from(&b"y"[..])),
        ],
        sampling: Sampling::default(),
        seed: Seed(0),
        situation: Situation { goal: "g", observation: &observation, turns: &[] },
        task: None,
        dialect: Dialect::Web,
    };
    assert_eq!(prompt.text(), "Act.\n\nLook:\n\n<image 1>\n\n<image 2>");
}
