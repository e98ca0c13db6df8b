//! The pages of MiniWoB++ through Glim, against what they do in the hands of their own package.
//!
//! `miniwob_golden.json` was recorded by `scripts/miniwob_reference.py`, which has nothing of ours in it: goal, clicks
//! and the state after each click, three seeds for each task. Of pages that move by themselves it holds only the goal.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures::StreamExt;
use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_env::{Action, EnvError, Environment, Episode, Observation, Outcome, Point, Seed, conformance};
use glim_tasks::{Goal, Suite, Task, TaskFamily, Verdict, miniwob};
use serde::Deserialize;
use serde_json::Value;

/// Episodes that run at once in the one browser of a test.
const AT_ONCE: usize = 4;

#[derive(Deserialize)]
struct Golden {
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    task: String,
    seed: u64,
    goal: String,
    #[serde(default)]
    clicks: Vec<[f64; 2]>,
    #[serde(default)]
    states: Vec<State>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct State {
    done: bool,
    raw: f64,
}

/// The unpacked package: named by `GLIM_MINIWOB`, or where `scripts/setup` puts it.
fn package() -> PathBuf {
    let cached = || {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
        Some(cache.join("glim/miniwob-1.1.0"))
    };
    let root = std::env::var_os("GLIM_MINIWOB").map(PathBuf::from).or_else(cached).expect("HOME is set");
    assert!(
        root.is_dir(),
        "the pages of MiniWoB++ are not in `{}`; run `scripts/setup --miniwob`, or name their folder in GLIM_MINIWOB",
        root.display()
    );
    root
}

fn suite() -> Suite {
    miniwob::suite(&package()).unwrap_or_else(|error| panic!("{error}"))
}

fn family(suite: &Suite, name: &str) -> Arc<dyn TaskFamily> {
    let name = format!("miniwob/{name}");
    suite.families.iter().find(|family| family.name() == name).unwrap_or_else(|| panic!("no task `{name}`")).clone()
}

/// Resets to the task; the goal that the page made up, and the first observation.
async fn reset(env: &mut BrowserEnv, task: &dyn Task, seed: Seed) -> Result<(String, Observation), EnvError> {
    let stage = task.stage().unwrap_or_else(|error| panic!("{error}"));
    let observation = env.reset(&stage.start, seed).await?;
    let Goal::Asked(query) = task.goal() else { panic!("the page knows the goal") };
    let goal = env.probe(&query).await?.value;
    Ok((goal.as_str().unwrap_or_else(|| panic!("the goal is {goal}")).to_owned(), observation))
}

async fn judge(env: &mut BrowserEnv, task: &dyn Task) -> Result<Verdict, EnvError> {
    let episode = Episode {
        task: "miniwob".to_owned(),
        seed: Seed(0),
        goal: String::new(),
        agent: "test".to_owned(),
        turns: Vec::new(),
        last: None,
        end: None,
    };
    let mut evidence = Vec::new();
    for query in task.queries(&episode) {
        evidence.push(env.probe(&query).await?);
    }
    Ok(task.judge(&episode, &evidence))
}

/// What differs between a record and its replay; nothing if they are equal.
async fn replay(env: &mut BrowserEnv, suite: &Suite, record: &Record) -> Result<Option<String>, EnvError> {
    let seed = Seed(record.seed);
    let task = family(suite, &record.task).instantiate(seed);
    // The server of the pages lives as long as a stage.
    let _stage = task.stage().unwrap_or_else(|error| panic!("{error}"));
    let (goal, _) = reset(env, &*task, seed).await?;
    if goal != record.goal {
        return Ok(Some(format!("the goal is {goal:?}, not {:?}", record.goal)));
    }
    for (at, (&[x, y], expected)) in record.clicks.iter().zip(&record.states).enumerate() {
        let step = env.step(&Action::click(Point::new(x, y))).await?;
        assert_eq!(step.outcome, Outcome::Done, "{} {}", record.task, record.seed);
        let verdict = judge(env, &*task).await?;
        let raw = verdict.details.get("raw_reward").and_then(Value::as_f64);
        let got = State { done: task.is_over(&step.signal), raw: raw.unwrap_or(f64::NAN) };
        // The page computes with doubles, and JSON keeps them: equal means equal.
        if got != *expected {
            return Ok(Some(format!("click {at} at {x},{y} gave {got:?}, not {expected:?}")));
        }
        assert_eq!(verdict.is_success(), got.done && got.raw >= 1.0, "{verdict:?}");
    }
    Ok(None)
}

/// Runs `check` for each item, [`AT_ONCE`] at a time, each in an environment of its own; the complaints.
async fn complaints<T, F>(items: Vec<T>, check: F) -> Vec<String>
where
    F: AsyncFn(&mut BrowserEnv, &T) -> Vec<String>,
{
    let browser = Browser::new(BrowserConfig::default());
    let found: Vec<Vec<String>> = futures::stream::iter(&items)
        .map(|item| {
            let mut env = browser.env();
            let check = &check;
            async move { check(&mut env, item).await }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    found.into_iter().flatten().collect()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_and_rewards_equal_those_of_the_package() {
    let golden: Golden = serde_json::from_str(include_str!("miniwob_golden.json")).expect("the file is a record");
    let suite = suite();
    let mut by_task = BTreeMap::<String, Vec<Record>>::new();
    for record in golden.records {
        by_task.entry(record.task.clone()).or_default().push(record);
    }
    assert_eq!(by_task.len(), suite.families.len(), "every task has records");
    let (full, some) = by_task.values().flatten().fold((0, 0), |(full, some), record| match record.states.last() {
        Some(state) if state.done && state.raw >= 1.0 => (full + 1, some + 1),
        Some(state) if state.done => (full, some + 1),
        _ => (full, some),
    });
    assert!(full >= 60 && some >= 250, "the records are telling: {full} full rewards, {some} finished episodes");

    let found = complaints(by_task.into_values().collect(), async |env, records: &Vec<Record>| {
        let mut found = Vec::new();
        for record in records {
            match replay(env, &suite, record).await {
                Ok(difference) => {
                    found.extend(difference.map(|text| format!("{} {}: {text}", record.task, record.seed)));
                }
                Err(error) => found.push(format!("{} {}: {error}", record.task, record.seed)),
            }
        }
        found
    })
    .await;
    assert_none(&found);
}

/// Plays a few actions that leave marks on a page: clicks on what there is, words into fields, a turn of the wheel.
async fn scribble(env: &mut BrowserEnv, seed: Seed, mut seen: Observation) -> Result<(), EnvError> {
    let mut generator = seed.derive("scribble").generator();
    for _ in 0..6 {
        let Some(at) = generator.below(seen.elements.len() + 1).checked_sub(1) else {
            seen = env.step(&Action::Scroll { target: None, dx: 0.0, dy: 60.0 }).await?.observation;
            continue;
        };
        let target = seen.elements[at].point.into();
        let action = match seen.elements[at].editable {
            true => Action::Type { target: Some(target), text: "ab".to_owned(), replace: false, submit: false },
            false => Action::click(target),
        };
        let step = env.step(&action).await?;
        if step.signal == Value::Bool(true) {
            break;
        }
        seen = step.observation;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_does_not_show_what_came_before_it() {
    let suite = suite();
    let found = complaints(suite.families, async |env, family: &Arc<dyn TaskFamily>| {
        let _stage = family.instantiate(Seed(0)).stage().unwrap_or_else(|error| panic!("{error}"));
        match leftovers(env, &**family).await {
            Ok(complaint) => complaint.into_iter().map(|text| format!("{}: {text}", family.name())).collect(),
            Err(error) => vec![format!("{}: {error}", family.name())],
        }
    })
    .await;
    assert_none(&found);
}

async fn leftovers(env: &mut BrowserEnv, family: &dyn TaskFamily) -> Result<Option<String>, EnvError> {
    let (goal, fresh) = reset(env, &*family.instantiate(Seed(11)), Seed(11)).await?;
    if let Err(violation) = conformance::well_formed(&fresh) {
        return Ok(Some(violation.to_string()));
    }
    for seed in [21, 22].map(Seed) {
        let (_, seen) = reset(env, &*family.instantiate(seed), seed).await?;
        scribble(env, seed, seen).await?;
    }
    let (again_goal, again) = reset(env, &*family.instantiate(Seed(11)), Seed(11)).await?;
    Ok(if goal != again_goal {
        Some(format!("the goal {goal:?} became {again_goal:?}"))
    } else if fresh.elements != again.elements {
        let differing = fresh.elements.iter().zip(&again.elements).find(|(a, b)| a != b);
        let (before, after) = (fresh.elements.len(), again.elements.len());
        Some(format!("{before} elements became {after}, the first that differ are {differing:?}"))
    } else if fresh.screenshot != again.screenshot {
        Some("the screenshot is another one".to_owned())
    } else {
        None
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn time_runs_only_where_a_limit_is_asked_for() {
    let browser = Browser::new(BrowserConfig::default());
    let mut env = browser.env();
    let seed = Seed(3);
    let timed = miniwob::suite_with_time_limits(&package()).unwrap_or_else(|error| panic!("{error}"));
    for (suite, limited) in [(suite(), false), (timed, true)] {
        let task = family(&suite, "click-test").instantiate(seed);
        let _stage = task.stage().unwrap_or_else(|error| panic!("{error}"));

        let (_, observation) = reset(&mut env, &*task, seed).await.expect("the page loads");
        let step = env.step(&Action::Wait { ms: 12_000 }).await.expect("time passes");
        assert_eq!(task.is_over(&step.signal), limited);
        let verdict = judge(&mut env, &*task).await.expect("the page answers");
        assert_eq!(verdict.details["raw_reward"].as_f64(), Some(if limited { -1.0 } else { 0.0 }), "{verdict:?}");

        reset(&mut env, &*task, seed).await.expect("the page begins again");
        env.step(&Action::Wait { ms: 5_000 }).await.expect("time passes");
        let button = observation.elements.iter().find(|element| element.role == "button").expect("it has a button");
        let step = env.step(&Action::click(button.point)).await.expect("the click is made");
        assert!(task.is_over(&step.signal), "the episode ends when the button is clicked");
        let verdict = judge(&mut env, &*task).await.expect("the page answers");
        assert!(verdict.is_success(), "{verdict:?}");
        let decayed = verdict.details["decayed_reward"].as_f64().expect("it is a number");
        assert!((0.1..0.5).contains(&decayed), "half of its 10 s are gone: {decayed}");
    }
}

#[test]
fn the_suite_has_the_tasks_of_the_package_and_of_browsergym() {
    let suite = suite();
    let count = |tag: &str| {
        let tagged = |family: &&Arc<dyn TaskFamily>| family.instantiate(Seed(0)).tags().iter().any(|own| own == tag);
        suite.families.iter().filter(tagged).count()
    };
    assert_eq!((count("registered"), count("browsergym"), count("flight")), (128, 125, 4));
    assert_eq!(suite.families.len(), 133);
}
