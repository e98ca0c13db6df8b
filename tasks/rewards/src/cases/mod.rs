//! Recorded cases of the published system, run on this one.
//!
//! A case is one line of JSON: inputs, settings in the published names, and a mode that says which part of the system is
//! called. The judges of the cases answer by their address (`http://JUDGE/r/1.0` always says `1.0`); they are played here,
//! nothing is sent. Only here do the published judge's prompts and replies live on: the system itself has its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::config::{Domain, TruthForm};
use crate::domain::{Room, Step, evaded, format_wrong, undecided};
use crate::hedge::Evasion;
use crate::reply::{self, LanguageLimits, RepetitionLimits};
use crate::template::fill;
use crate::verifier::{self, Reach, Settings};
use crate::{Kind, Reward};

mod played;
mod verdict;

#[cfg(test)]
mod tests;

/// One case.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// The verifier, or `format_check`, `reward_system` or `shared_text`.
    pub verifier: String,
    /// Its mode, and all settings that differ from the published defaults.
    pub config: Map<String, Value>,
    /// What was asked.
    #[serde(default)]
    pub question: Value,
    /// The reply, or in some modes another value.
    #[serde(default)]
    pub response: Value,
    /// The ground truth, or in some modes another value.
    #[serde(default)]
    pub ground_truth: Value,
    /// What the published system gave, where the case tells.
    #[serde(default)]
    pub reward: Value,
    /// Whether that looks like a bug.
    #[serde(default)]
    pub dubious: bool,
    /// Remarks.
    #[serde(default)]
    pub note: String,
}

/// A line is no case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the line is no case: {0}")]
pub struct CaseError(String);

/// What a case gives. In a batch, score, kind and reason are lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The case's name.
    pub id: String,
    /// A number; a list or text where the mode has one; null where there is nothing to speak of.
    pub score: Value,
    /// Who decided.
    pub kind: Value,
    /// Why.
    pub reason: Value,
}

/// Reads a line.
///
/// # Errors
/// If it is no case.
pub fn read(line: &str) -> Result<Case, CaseError> {
    serde_json::from_str(line).map_err(|error| CaseError(error.to_string()))
}

/// Runs a case. A panic is an undecided outcome.
pub fn run(case: &Case) -> Outcome {
    let outcome = catch_unwind(AssertUnwindSafe(|| result(case)));
    let (score, kind, reason) = match outcome {
        Ok(Ok(Given::One(reward))) => (json!(reward.score), json!(reward.kind), json!(reward.reason)),
        Ok(Ok(Given::Many(rewards))) => (
            rewards.iter().map(|reward| json!(reward.score)).collect(),
            rewards.iter().map(|reward| json!(reward.kind)).collect(),
            rewards.iter().map(|reward| json!(reward.reason)).collect(),
        ),
        Ok(Ok(Given::Value(value))) => (value, json!(Kind::Rule), json!("")),
        Ok(Err(reason)) => (Value::Null, json!(Kind::Undecided), json!(reason)),
        Err(_) => (json!(0.0), json!(Kind::Undecided), json!("the verifier failed")),
    };
    Outcome { id: case.id.clone(), score, kind, reason }
}

enum Given {
    One(Reward),
    Many(Vec<Reward>),
    Value(Value),
}

fn result(case: &Case) -> Result<Given, String> {
    let setting = |name: &str| case.config.get(name);
    match setting("mode").and_then(Value::as_str) {
        Some("pipeline") => Ok(Given::One(pipeline(case).unwrap_or_else(undecided))),
        Some("judge") => Ok(Given::One(values(case).unwrap_or_else(undecided))),
        Some("format_check") => Ok(Given::One(format_check(&case.response))),
        Some("text_util") => text_util(case),
        Some("system") if setting("raw_call") == Some(&json!(true)) => {
            Err("plain texts stand where lists are expected".to_owned())
        }
        Some("system") if setting("batch") == Some(&json!(true)) => batch(case).map(Given::Many),
        Some("system") => {
            let judged = system(case, &case.question, &case.response, &case.ground_truth);
            Ok(Given::One(filled(vec![judged.unwrap_or_else(|reason| undecided(reason).into())]).remove(0)))
        }
        other => Err(format!("there is no mode {other:?}")),
    }
}

/// Reads and judges, without a look at frame and language.
fn pipeline(case: &Case) -> Result<Reward, String> {
    let room = room(case, &case.verifier)?;
    let (Some(reply), Some(truth)) = (case.response.as_str(), case.ground_truth.as_str()) else {
        return Ok(format_wrong("answer", "reply or ground truth is no text"));
    };
    let read = room.read(reply, truth);
    Ok(read.map_or_else(|wrong| wrong, |(answer, truth)| judged(case, &room, &case.question, &answer, &truth).reward))
}

/// Judges values that were read already.
fn values(case: &Case) -> Result<Reward, String> {
    let room = room(case, &case.verifier)?;
    let acts = matches!(case.verifier.as_str(), "androidworld" | "osworld" | "webvoyager");
    let text = |value: &Value, objects: bool| match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) if objects => Some(value.to_string()),
        _ => None,
    };
    let answer = text(&case.response, acts);
    let truth = text(&case.ground_truth, acts || case.verifier == "geoquest");
    Ok(match (answer, truth) {
        (Some(answer), Some(truth)) => judged(case, &room, &case.question, &answer, &truth).reward,
        _ => format_wrong("answer", "answer or ground truth is no text"),
    })
}

/// The whole way of one sample.
fn system(case: &Case, question: &Value, reply: &Value, truth: &Value) -> Result<Judged, String> {
    let name = case.config.get("verifier_type").and_then(Value::as_str).ok_or("there is no `verifier_type`")?;
    let room = room(case, &name.to_lowercase())?;
    let (Some(reply), Some(truth)) = (reply.as_str(), truth.as_str()) else {
        return Ok(Judged::from(format_wrong("format", "reply or ground truth is no text")));
    };
    Ok(match room.check(reply, truth).and_then(|()| room.read(reply, truth)) {
        Ok((answer, truth)) => judged(case, &room, question, &answer, &truth),
        Err(wrong) => wrong.into(),
    })
}

fn batch(case: &Case) -> Result<Vec<Reward>, String> {
    let list = |name: &str, value: &Value| -> Result<Vec<Value>, String> {
        value.as_array().cloned().ok_or_else(|| format!("`{name}` is no list"))
    };
    let replies = list("response", &case.response)?;
    let truths = list("ground_truth", &case.ground_truth)?;
    let questions = list("question", &case.question)?;
    if replies.len() != truths.len() || replies.len() != questions.len() {
        let lengths = (questions.len(), replies.len(), truths.len());
        return Err(format!("questions, replies and ground truths are {lengths:?} in number"));
    }
    if let Some(sources) = case.config.get("datasources") {
        return Err(format!("the sources {sources} are not configured"));
    }
    if replies.is_empty() {
        return Err("there is no sample".to_owned());
    }
    let samples = questions.iter().zip(&replies).zip(&truths);
    let judged: Result<Vec<_>, _> =
        samples.map(|((question, reply), truth)| system(case, question, reply, truth)).collect();
    Ok(filled(judged?))
}

/// A reward, or the published judge's `-inf`, which stands for the smallest of the others in its call.
struct Judged {
    reward: Reward,
    lowest: bool,
}

impl From<Reward> for Judged {
    fn from(reward: Reward) -> Judged {
        Judged { reward, lowest: false }
    }
}

/// Gives those that are to have the smallest reward the smallest of the others that anybody decided.
fn filled(judged: Vec<Judged>) -> Vec<Reward> {
    let others = judged.iter().filter(|one| !one.lowest && one.reward.kind != Kind::Undecided);
    let smallest = others.map(|one| one.reward.score).fold(f64::INFINITY, f64::min);
    let score = if smallest.is_finite() { smallest } else { 0.0 };
    let fill = |one: Judged| if one.lowest { Reward { score, ..one.reward } } else { one.reward };
    judged.into_iter().map(fill).collect()
}

/// Rules first, then the judge that the case plays.
fn judged(case: &Case, room: &Room, question: &Value, answer: &str, truth: &str) -> Judged {
    let question = question.as_str().unwrap_or_default();
    let judge = played::Judge::of(case, room.verifier_name(), answer, truth);
    let reason = match room.compare(question, answer, truth) {
        Step::Done(reward) if !is_overruled(case, &reward, room, judge.is_ready(), answer, truth) => {
            return reward.into();
        }
        Step::Done(Reward { reason, .. }) | Step::Open { reason, .. } => reason,
    };
    if let Some(evasion) = room.evasion(question, answer, truth)
        && !(judge.is_ready() && is_shown(room, evasion, answer, truth))
    {
        return evaded(evasion, answer).into();
    }
    let decided = |score: f64| Reward {
        score,
        kind: Kind::Judge,
        reason: format!("judge: {score}").into(),
        extracted: Some(answer.to_owned()),
    };
    match judge.decide(question, answer, truth) {
        Ok(score) if score == f64::NEG_INFINITY => Judged { reward: decided(0.0), lowest: true },
        Ok(score) => decided(score).into(),
        Err(none) => Reward { extracted: Some(answer.to_owned()), ..undecided(format!("{reason}; {none}")) }.into(),
    }
}

/// Whether what a rule of ours decides is not decided by the published system. Its numeric branch never runs, so numbers that
/// differ are for its judge, and settled cases of the whole system take another spelling of a number for another text.
/// Physics and chemistry do not compare texts where there is a judge.
fn is_overruled(case: &Case, reward: &Reward, room: &Room, has_judge: bool, answer: &str, truth: &str) -> bool {
    let numbers = is_number(answer) && is_number(truth);
    let is_whole = case.config.get("mode") == Some(&json!("system"));
    match room.verifier_name() {
        "math" | "geography" | "chart" | "multi_image" | "mmsi" | "physics" | "chemistry" if numbers => {
            if reward.score == 1.0 { is_whole && answer != truth } else { has_judge }
        }
        "physics" | "chemistry" => has_judge,
        _ => false,
    }
}

/// Whether the played judge is to see an evasive answer, as settled cases say: numbers, and what is evasive by box tokens or
/// blanks alone.
fn is_shown(room: &Room, evasion: Evasion, answer: &str, truth: &str) -> bool {
    room.verifier_name() == "geoquest"
        || (is_number(answer) && is_number(truth))
        || evasion == Evasion::Empty
        || (evasion == Evasion::Plea && answer.to_ascii_lowercase().contains("_of_box|>"))
}

/// Whether a text is a bare number: `-1.5`, `3/2`, `1e5`.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    text.contains(|point: char| point.is_ascii_digit())
        && text.starts_with(|point: char| !matches!(point, 'e' | 'E'))
        && text.chars().all(|point| point.is_ascii_digit() || "+-./eE".contains(point))
}

fn format_check(reply: &Value) -> Reward {
    let Some(reply) = reply.as_str() else { return format_wrong("format", "the reply is no text") };
    match reply::check(reply) {
        Ok(()) => Reward { score: 1.0, kind: Kind::Rule, reason: "the frame is kept".into(), extracted: None },
        Err(flaw) => format_wrong("format", flaw),
    }
}

fn text_util(case: &Case) -> Result<Given, String> {
    let Some(text) = case.response.as_str() else { return Err("there is no text".to_owned()) };
    let word = |name: &str, default: &'static str| match case.config.get(name) {
        Some(Value::String(word)) => word.clone(),
        _ => default.to_owned(),
    };
    let count = |name: &str, default: usize| match case.config.get(name) {
        Some(number) => number.as_i64().map(|number| usize::try_from(number).unwrap_or(0)).unwrap_or(default),
        None => default,
    };
    let found = |found: bool| Given::Value(json!(f64::from(u8::from(found))));
    match case.config.get("function").and_then(Value::as_str) {
        Some("find_boxed_content") => {
            let (begin, end) = (word("begin_token", reply::BEGIN_OF_BOX), word("end_token", reply::END_OF_BOX));
            Ok(Given::Value(json!(reply::boxes_between(text, &begin, &end))))
        }
        Some("protect_and_format") => {
            let allowed = case.config.get("allowed").and_then(Value::as_array);
            let values = case.config.get("values").unwrap_or(&Value::Null);
            let gap = |name| (name, values.get(name).and_then(Value::as_str));
            let gaps: Vec<_> = allowed.into_iter().flatten().filter_map(Value::as_str).map(gap).collect();
            let text = fill(text, &gaps).map_err(|error| error.to_string())?;
            Ok(Given::Value(json!(text)))
        }
        Some("detect_repeat") => {
            let default = RepetitionLimits::default();
            let limits = RepetitionLimits {
                window: count("min_chars", default.window),
                times: count("min_repetition", default.times),
                run: count("exclude_length", default.run),
            };
            reply::repeats(text, limits).map(found).map_err(|error| error.to_string())
        }
        Some("detect_long_paragraph_mixing") => {
            let default = LanguageLimits::default();
            let limits = LanguageLimits {
                chinese_characters: count("min_chinese_chars", default.chinese_characters),
                english_words: count("min_english_words", default.english_words),
            };
            Ok(found(reply::mixes_languages(text, limits)))
        }
        other => Err(format!("there is no helper {other:?}")),
    }
}

/// Kinds that could never score inside the published system, whether it looked for mixed languages or not.
const ALWAYS_ONE_LANGUAGE: [&str; 5] = ["androidworld", "counting", "mmsi", "osworld", "webvoyager"];

/// The verifier with the settings of a case.
fn room(case: &Case, name: &str) -> Result<Room, String> {
    let setting = |name: &str| case.config.get(name);
    let default = Settings::default();
    let number = |name: &str| setting(name).and_then(Value::as_f64);
    let switch = |name: &str, default: bool| setting(name).and_then(Value::as_bool).unwrap_or(default);
    let settings = Settings {
        tolerance: number("sympy_tolerance"),
        box_required: switch("strict_boxed_extraction", true),
        ignore_case: switch("ignore_case", false),
        full_from: number("edit_distance_upper_bound").unwrap_or(default.full_from),
        none_up_to: number("edit_distance_lower_bound").unwrap_or(default.none_up_to),
        answer_pattern: setting("answer_extraction_regex").and_then(Value::as_str).map(str::to_owned),
        reach: Reach::Published,
        overlap: None,
        published_terms: true,
    };
    let domain = Domain {
        verifier: name.to_owned(),
        mixed_languages: !switch("enable_mix_verifier", true) && !ALWAYS_ONE_LANGUAGE.contains(&name),
        ground_truth: TruthForm::Reply,
        settings,
        ..Domain::default()
    };
    Room::new(&domain, verifier::named)
}
