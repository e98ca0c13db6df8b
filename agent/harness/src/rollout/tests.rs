use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use glim_env::{Completion, End, Episode, Outcome};

use super::fake::{FakeFamily, FakeWorlds, Fault, rollout};
use super::*;
use crate::Dialect;
use crate::policy::{Policy, Prompt};

/// Keeps everything in memory, and watches.
#[derive(Default)]
struct Memory {
    finished: Mutex<Vec<Finished>>,
    voids: Mutex<Vec<Void>>,
    abandoned: Mutex<Vec<Episode>>,
    started: Mutex<Vec<(String, u64)>>,
    running: Mutex<(usize, usize)>,
    refuse: bool,
}

impl Recorder for Memory {
    fn finished(&self, finished: &Finished) -> Result<(), RecordError> {
        if self.refuse {
            return Err("`/full` could not be written: no space left on device".into());
        }
        let mut running = self.running.lock().unwrap();
        running.0 = running.0.saturating_sub(1);
        self.finished.lock().unwrap().push(finished.clone());
        Ok(())
    }

    fn void(&self, void: &Void) -> Result<(), RecordError> {
        self.voids.lock().unwrap().push(void.clone());
        Ok(())
    }

    fn abandoned(&self, episode: &Episode, _attempt: u32) -> Result<(), RecordError> {
        self.abandoned.lock().unwrap().push(episode.clone());
        Ok(())
    }
}

impl Observer for Memory {
    fn on(&self, event: &Event<'_>) {
        if let Event::Started { episode, .. } = event {
            self.started.lock().unwrap().push((episode.task.clone(), episode.seed.0));
            let mut running = self.running.lock().unwrap();
            running.0 += 1;
            running.1 = running.1.max(running.0);
        }
    }
}

impl Memory {
    fn only(&self) -> Finished {
        let finished = self.finished.lock().unwrap();
        assert_eq!(finished.len(), 1, "voids: {:?}", self.voids.lock().unwrap());
        finished[0].clone()
    }

    fn kinds(&self) -> Vec<String> {
        self.voids.lock().unwrap().iter().map(|void| void.kind.clone()).collect()
    }
}

async fn play(worlds: FakeWorlds, at_once: usize, instances: Vec<Instance>) -> (Arc<Memory>, Result<Tally, RunError>) {
    let memory = Arc::new(Memory::default());
    let tally = rollout(worlds, at_once).run(instances, memory.clone(), memory.clone(), &Stop::default()).await;
    (memory, tally)
}

/// One episode of a behaviour; the seed asks for three steps.
async fn one(behaviour: &str) -> (Arc<Memory>, Tally) {
    let (memory, tally) = play(FakeWorlds::default(), 1, vec![FakeFamily::instance(behaviour, 2)]).await;
    (memory, tally.unwrap())
}

#[tokio::test]
async fn a_solved_episode_holds_all_that_happened() {
    let (memory, tally) = one("solve").await;
    let Finished { episode, verdict, evidence, attempt, .. } = memory.only();
    assert_eq!(tally, Tally { finished: 1, ..Tally::default() });
    assert_eq!((episode.turns.len(), &episode.end, attempt), (4, &Some(End::Done), 1));
    assert!(verdict.is_success());
    assert_eq!(evidence[0].value, serde_json::json!(3));
    let urls: Vec<&str> = episode.turns.iter().map(|turn| turn.observation.url.as_str()).collect();
    assert_eq!(urls, [0, 1, 2, 3].map(|at| format!("https://count.test/{at}")));
    assert_eq!(episode.last.unwrap().url, "https://count.test/3");
    assert!(episode.turns.iter().all(|turn| turn.completion.tokens.is_some() && turn.outcome == Outcome::Done));
}

#[tokio::test]
async fn the_world_may_end_an_episode_and_so_may_an_answer_or_giving_up() {
    let (memory, _) = one("over").await;
    assert_eq!((memory.only().episode.end, memory.only().episode.turns.len()), (Some(End::Over), 3));
    let (memory, _) = one("answer").await;
    assert_eq!(memory.only().episode.answer(), Some("forty-two"));
    let (memory, _) = one("give-up").await;
    assert_eq!(memory.only().episode.end, Some(End::Fail { reason: "too hard".into() }));
}

#[tokio::test]
async fn a_rejected_action_is_a_turn_that_the_agent_learns_from() {
    let (memory, tally) = one("miss").await;
    let finished = memory.only();
    let Outcome::Rejected { reason } = &finished.episode.turns[0].outcome else { panic!("{finished:?}") };
    assert!(reason.contains("99") && finished.episode.turns[0].action.is_some());
    assert!(finished.verdict.is_success() && tally.void_attempts == 0);
}

#[tokio::test]
async fn unreadable_replies_are_rejected_turns_and_end_the_episode_when_they_go_on() {
    let (memory, _) = one("mumble").await;
    let Finished { episode, verdict, .. } = memory.only();
    assert_eq!((episode.end, episode.turns.len()), (Some(End::Unreadable { replies: 5 }), 5));
    assert!(episode.turns.iter().all(|turn| turn.action.is_none() && turn.outcome != Outcome::Done));
    assert!(!verdict.is_success() && !verdict.undecided);
    // Readable replies in between start the count again.
    let (memory, _) = one("stutter").await;
    assert_eq!(memory.only().episode.end, Some(End::TurnBudget));
}

#[tokio::test]
async fn the_turn_budget_ends_an_episode_which_is_judged_as_it_stands() {
    let (memory, _) = one("forever").await;
    assert_eq!((memory.only().episode.turns.len(), memory.only().episode.end), (6, Some(End::TurnBudget)));
}

#[tokio::test]
async fn a_turn_budget_from_outside_replaces_the_tasks_own() {
    let mut short = rollout(FakeWorlds::default(), 1);
    short.limits.turns = Some(3);
    let memory = Arc::new(Memory::default());
    let instances = vec![FakeFamily::instance("solve", 2)];
    short.run(instances, memory.clone(), memory.clone(), &Stop::default()).await.unwrap();
    assert_eq!((memory.only().episode.turns.len(), memory.only().episode.end), (3, Some(End::TurnBudget)));
    assert!(memory.only().verdict.is_success(), "the third step reaches the goal, though nobody said so");
}

#[tokio::test]
async fn a_slow_policy_runs_into_the_time_limit_and_is_judged() {
    let (memory, tally) = one("slow").await;
    assert_eq!((memory.only().episode.end, tally.void), (Some(End::TimeLimit), 0));
    assert_eq!(memory.only().verdict.score, 0.0);
}

#[rstest::rstest]
#[case::died(Fault::Dies, "died", 1)]
#[case::hung(Fault::Hangs, "timeout", 1)]
#[case::unreachable(Fault::Reset, "unreachable", 0)]
#[tokio::test]
async fn a_broken_world_makes_the_attempt_void_and_a_fresh_one_is_tried(
    #[case] fault: Fault,
    #[case] kind: &str,
    #[case] turn: usize,
) {
    let worlds = FakeWorlds { faults: [(2, (fault, 2))].into(), ..FakeWorlds::default() };
    let rollout = rollout(worlds, 1);
    let memory = Arc::new(Memory::default());
    let instances = vec![FakeFamily::instance("solve", 2)];
    let tally = rollout.run(instances, memory.clone(), Arc::new(()), &Stop::default()).await.unwrap();
    assert_eq!(tally, Tally { finished: 1, void_attempts: 2, ..Tally::default() });
    assert_eq!((memory.only().attempt, memory.only().verdict.score), (3, 1.0));
    assert_eq!(memory.kinds(), [kind, kind]);
    assert!(memory.voids.lock().unwrap().iter().all(|void| void.turn == turn && !void.exhausted));
    assert_eq!(rollout.worlds.opened.load(Ordering::SeqCst), 3);
}

#[rstest::rstest]
#[case::died(Fault::Dies, "died", 1)]
#[case::hung(Fault::Hangs, "timeout", 1)]
#[case::unreachable(Fault::Reset, "unreachable", 0)]
#[tokio::test]
async fn an_instance_that_never_plays_is_void_and_not_scored(
    #[case] fault: Fault,
    #[case] kind: &str,
    #[case] turn: usize,
) {
    let worlds = FakeWorlds { faults: [(2, (fault, 9))].into(), ..FakeWorlds::default() };
    let (memory, tally) =
        play(worlds, 1, vec![FakeFamily::instance("solve", 2), FakeFamily::instance("solve", 5)]).await;
    assert_eq!(tally.unwrap(), Tally { finished: 1, void: 1, void_attempts: 3, ..Tally::default() });
    let voids = memory.voids.lock().unwrap().clone();
    assert_eq!(
        voids.iter().map(|void| (void.attempt, void.exhausted)).collect::<Vec<_>>(),
        [(1, false), (2, false), (3, true)]
    );
    assert!(voids.iter().all(|void| void.kind == kind && void.turn == turn), "{voids:?}");
    assert_eq!(memory.finished.lock().unwrap()[0].episode.seed.0, 5);
}

#[tokio::test]
async fn a_failing_policy_makes_it_void_but_leaves_the_world() {
    let rollout = rollout(FakeWorlds::default(), 1);
    let memory = Arc::new(Memory::default());
    let instances = vec![FakeFamily::instance("offline", 2), FakeFamily::instance("unstaged", 2)];
    let tally = rollout.run(instances, memory.clone(), Arc::new(()), &Stop::default()).await.unwrap();
    assert_eq!((tally.void, tally.void_attempts), (2, 6));
    assert_eq!(memory.kinds(), ["policy", "policy", "policy", "stage", "stage", "stage"]);
    assert_eq!(rollout.worlds.opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_policy_that_can_never_play_stops_the_run_at_once() {
    let instances = (0..50).map(|seed| FakeFamily::instance("locked", seed)).collect();
    let (memory, run) = play(FakeWorlds::default(), 2, instances).await;
    assert!(matches!(run, Err(RunError::Policy(_))), "{run:?}");
    assert!(memory.voids.lock().unwrap().len() <= 2);
}

#[tokio::test]
async fn a_panic_costs_one_episode_and_is_counted_as_a_bug() {
    let instances =
        vec![FakeFamily::instance("solve", 0), FakeFamily::instance("panic", 0), FakeFamily::instance("solve", 1)];
    let (memory, tally) = play(FakeWorlds::default(), 2, instances).await;
    assert_eq!(tally.unwrap(), Tally { finished: 2, void: 1, void_attempts: 3, panics: 3, ..Tally::default() });
    assert!(
        memory
            .voids
            .lock()
            .unwrap()
            .iter()
            .all(|void| void.kind == "panic" && void.cause.contains("verifier is broken"))
    );
}

#[tokio::test]
async fn a_world_that_cannot_be_opened_stops_the_run_and_says_why() {
    let worlds = FakeWorlds { broken: true, ..FakeWorlds::default() };
    let instances = (0..50).map(|seed| FakeFamily::instance("solve", seed)).collect();
    let (memory, run) = play(worlds, 4, instances).await;
    assert!(run.unwrap_err().to_string().contains("it is not installed"));
    assert!(memory.voids.lock().unwrap().len() <= 10);
}

#[tokio::test]
async fn a_recorder_that_fails_stops_the_run() {
    let memory = Arc::new(Memory { refuse: true, ..Memory::default() });
    let instances = (0..50).map(|seed| FakeFamily::instance("solve", seed)).collect();
    let run = rollout(FakeWorlds::default(), 4).run(instances, memory.clone(), memory.clone(), &Stop::default()).await;
    assert!(run.unwrap_err().to_string().contains("no space left"));
    assert!(memory.started.lock().unwrap().len() <= 8);
}

#[tokio::test]
async fn episodes_start_in_order_and_no_more_run_than_may() {
    let order: Vec<(String, u64)> = (0..40).map(|seed| ("fake/solve".to_owned(), seed)).collect();
    for at_once in [1, 4] {
        let instances = order.iter().map(|(_, seed)| FakeFamily::instance("solve", *seed)).collect();
        let (memory, tally) = play(FakeWorlds::default(), at_once, instances).await;
        assert_eq!(tally.unwrap().finished, 40);
        // One thread runs all workers here, so that the order of starts is that of the list.
        assert_eq!(*memory.started.lock().unwrap(), order);
        assert_eq!(memory.running.lock().unwrap().1, at_once);
    }
}

#[tokio::test]
async fn without_a_judge_a_judged_task_is_undecided() {
    let (memory, tally) = one("judged").await;
    assert!(memory.only().verdict.undecided && tally.void == 0);
}

#[tokio::test]
async fn a_stop_lets_running_episodes_finish_or_leaves_them_unfinished() {
    /// Stops when the first turn is over.
    struct Stopper(Stop, bool);
    impl Observer for Stopper {
        fn on(&self, event: &Event<'_>) {
            if let Event::Turn { .. } = event {
                if self.1 { self.0.abandon() } else { self.0.finish() }
            }
        }
    }
    for abandon in [false, true] {
        let stop = Stop::default();
        let memory = Arc::new(Memory::default());
        let instances: Vec<Instance> = (0..50).map(|seed| FakeFamily::instance("solve", seed)).collect();
        let observer = Arc::new(Stopper(stop.clone(), abandon));
        let tally = rollout(FakeWorlds::default(), 2).run(instances, memory.clone(), observer, &stop).await.unwrap();
        assert_eq!(tally.finished + tally.unfinished, 50);
        assert_eq!(tally.finished, if abandon { 0 } else { 2 }, "{tally:?}");
        assert_eq!(memory.abandoned.lock().unwrap().len(), if abandon { 2 } else { 0 });
    }
}

/// Notes the seed of each reply it is asked for.
#[derive(Default)]
struct Dice(Mutex<Vec<Seed>>);

impl Policy for Dice {
    fn name(&self) -> &str {
        "dice"
    }

    fn generate<'a>(&'a self, prompt: &'a Prompt<'a>) -> BoxFuture<'a, Result<Completion, PolicyError>> {
        self.0.lock().unwrap().push(prompt.seed);
        Box::pin(async { Ok(Completion::default()) })
    }
}

#[tokio::test]
async fn chance_differs_from_task_to_task_and_turn_to_turn_but_not_from_run_to_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let dice = Arc::new(Dice::default());
        let mut rollout = rollout(FakeWorlds::default(), 1);
        rollout.agent = Agent::new(dice.clone(), Dialect::Web);
        let memory = Arc::new(Memory::default());
        let instances = vec![FakeFamily::instance("solve", 2), FakeFamily::instance("miss", 2)];
        rollout.run(instances, memory.clone(), memory, &Stop::default()).await.unwrap();
        runs.push(std::mem::take(&mut *dice.0.lock().unwrap()));
    }
    assert_eq!(runs[0], runs[1]);
    let different: std::collections::HashSet<_> = runs[0].iter().collect();
    assert!(runs[0].len() >= 4 && different.len() == runs[0].len(), "{:?}", runs[0]);
}
