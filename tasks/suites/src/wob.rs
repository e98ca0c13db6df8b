//! The protocol of MiniWoB++ pages, which our own pages speak too.
//!
//! A page offers `Math.seedrandom(seed)`, `core.startEpisodeReal()` and `core.getUtterance()`, and says how an episode
//! went in the globals `WOB_DONE_GLOBAL`, `WOB_RAW_REWARD_GLOBAL` (-1..=1), `WOB_REWARD_GLOBAL` (the same, decayed by
//! time) and `WOB_REWARD_REASON`. **How we differ** from the usual harnesses: the page is started and asked, never
//! changed, and only the full raw reward counts as success. Partial credit stays in [`Verdict::details`].

use glim_env::{Evidence, Query, Seed, Viewport, WebStart};
use serde_json::{Value, json};

use crate::{Goal, Verdict};

/// The time limit of an episode that has none: the longest delay that a JavaScript timer can count, in milliseconds.
pub const NO_TIME_LIMIT_MS: u32 = i32::MAX as u32;

const READY: &str = "WOB_TASK_READY === true";
const UTTERANCE: &str = "core.getUtterance()";
// An agent can navigate away; then there is nothing to ask, and that is its doing.
const SIGNAL: &str = "typeof WOB_DONE_GLOBAL !== 'undefined' && WOB_DONE_GLOBAL";
const RESULT: &str = "typeof WOB_DONE_GLOBAL === 'undefined' ? null : ({done: WOB_DONE_GLOBAL, raw_reward: WOB_RAW_REWARD_GLOBAL, \
     decayed_reward: WOB_REWARD_GLOBAL, reason: WOB_REWARD_REASON === undefined ? null : WOB_REWARD_REASON})";

/// The start of an episode on a page of the protocol: seeds its generator, sets its time limit in milliseconds of page
/// time ([`NO_TIME_LIMIT_MS`] for none) and begins. Routes are the caller's to add.
pub fn start(url: &str, viewport: Viewport, seed: Seed, time_limit_ms: u32) -> WebStart {
    // The order is that of the original harness: seed first, then begin.
    let begin = format!(
        "(Math.seedrandom({}), core.EPISODE_MAX_TIME = {time_limit_ms}, core.startEpisodeReal())",
        page_seed(seed)
    );
    let mut start = WebStart::local(url);
    start.viewport = Some(viewport);
    start.begin = Some(begin);
    start.ready = Some(READY.to_owned());
    start.watch = Some(SIGNAL.to_owned());
    start
}

/// The number that a page is seeded with: the low 53 bits, which JavaScript holds exactly.
pub fn page_seed(seed: Seed) -> u64 {
    seed.0 & ((1 << 53) - 1)
}

/// The instruction, which the page makes up. Pages may give it as an object with the field `utterance`.
pub fn goal() -> Goal {
    let expression = format!("(goal => goal && goal.utterance !== undefined ? goal.utterance : goal)({UTTERANCE})");
    Goal::Asked(Query::Script { expression })
}

/// What [`judge`] wants to know.
pub fn queries() -> Vec<Query> {
    vec![Query::Script { expression: RESULT.to_owned() }]
}

/// Whether the page says that the episode is over, by the value that [`start`] has watched.
pub fn is_over(signal: &Value) -> bool {
    signal.as_bool() == Some(true)
}

/// The page's own reward as a verdict: 1 for the full raw reward, else 0.
pub fn judge(evidence: &[Evidence]) -> Verdict {
    let answer = evidence.first().map(|evidence| &evidence.value);
    if answer == Some(&Value::Null) {
        return Verdict::failure("the agent left the page of the task");
    }
    let Some((result, raw)) = answer.and_then(|value| Some((value.as_object()?, value["raw_reward"].as_f64()?))) else {
        return Verdict::undecided("the page did not say what the reward is");
    };
    let done = result.get("done").is_some_and(is_over);
    let said = result.get("reason").and_then(Value::as_str).map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut verdict = match (done, raw >= 1.0) {
        (true, true) => Verdict::success(format!("the page gave the full reward{said}")),
        (true, false) => Verdict::failure(format!("the page gave a raw reward of {raw}{said}")),
        (false, _) => Verdict::failure("the page did not see the task completed"),
    };
    for key in ["done", "raw_reward", "decayed_reward"] {
        verdict.details.insert(key.to_owned(), result.get(key).cloned().unwrap_or(json!(null)));
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(value: Value) -> Vec<Evidence> {
        vec![Evidence { query: queries().remove(0), value }]
    }

    #[test]
    fn only_the_full_raw_reward_of_a_finished_episode_counts() {
        let result = |done, raw| json!({"done": done, "raw_reward": raw, "decayed_reward": raw, "reason": "r"});
        assert!(judge(&evidence(result(true, 1.0))).is_success());
        for (done, raw) in [(true, 0.99), (true, -1.0), (true, 0.0), (false, 0.0), (false, 1.0)] {
            let verdict = judge(&evidence(result(done, raw)));
            assert_eq!((verdict.score, verdict.undecided), (0.0, false), "{done} {raw}");
            assert_eq!(verdict.details["raw_reward"], json!(raw));
        }
    }

    #[test]
    fn a_page_that_does_not_answer_is_not_scored() {
        for value in [json!(true), json!([]), json!({"done": true}), json!({"raw_reward": "1", "done": true})] {
            assert!(judge(&evidence(value)).undecided);
        }
        assert!(judge(&[]).undecided);
        let left = judge(&evidence(json!(null)));
        assert_eq!((left.score, left.undecided), (0.0, false));
    }

    #[test]
    fn the_seed_comes_before_the_start_and_stays_exact() {
        let start = start("http://pages.test/a.html", Viewport::new(480, 360), Seed(u64::MAX), NO_TIME_LIMIT_MS);
        assert_eq!(
            start.begin.as_deref(),
            Some("(Math.seedrandom(9007199254740991), core.EPISODE_MAX_TIME = 2147483647, core.startEpisodeReal())")
        );
        assert_eq!(page_seed(Seed(42)), 42);
    }
}
