//! One case, played on this system: the seam between the cases and what runs them.
//!
//! A rule decides first, and the case's judge where the rule leaves an answer open. What no rule and no judge decides has the
//! score 0, as has everything that the published system ends with an exception. Evasive answers are not looked for here: the
//! published judge sees them, and so does the one that plays it.

use glim_rewards::reply::{self, LanguageLimits, RepetitionLimits};
use glim_rewards::template::fill;
use glim_rewards::verifier::{Settings, named};
use glim_rewards::{Finding, Verifier};
use serde_json::{Value, json};

use crate::simulated_judge;

/// The score of a case; `None` where it is about a part that is not there.
pub(crate) fn run(case: &Value) -> Option<Value> {
    let config = &case["config"];
    let text = |name: &str| case[name].as_str();
    match config["mode"].as_str().unwrap() {
        "format_check" => {
            Some(json!(f64::from(u8::from(text("response").is_some_and(|reply| reply::check(reply).is_ok())))))
        }
        "text_util" => Some(helper(config, text("response").unwrap())),
        "system" if config["batch"] == true || config["raw_call"] == true => None,
        mode => {
            let name = config["verifier_type"].as_str().or(case["verifier"].as_str()).unwrap();
            let settings = settings(config);
            named(name, &Settings::default())?;
            let Some(verifier) = named(name, &settings) else { return Some(json!(0.0)) };
            let truth = match &case["ground_truth"] {
                Value::String(truth) => Some(truth.clone()),
                place @ Value::Object(_) if name == "geoquest" => Some(place.to_string()),
                _ => None,
            };
            let (Some(answer), Some(truth)) = (text("response"), truth) else { return Some(json!(0.0)) };
            let score = match mode {
                "judge" => Some(judged(case, name, &*verifier, answer, &truth)),
                "pipeline" => read_and_judged(case, name, &*verifier, answer, &truth),
                "system" if passes(config, answer, &truth) => read_and_judged(case, name, &*verifier, answer, &truth),
                _ => None,
            };
            Some(json!(score.unwrap_or(0.0)))
        }
    }
}

fn settings(config: &Value) -> Settings {
    let default = Settings::default();
    let switch = |name: &str, default: bool| config[name].as_bool().unwrap_or(default);
    Settings {
        tolerance: config["sympy_tolerance"].as_f64(),
        box_required: switch("strict_boxed_extraction", true),
        ignore_case: switch("ignore_case", false),
        full_from: config["edit_distance_upper_bound"].as_f64().unwrap_or(default.full_from),
        none_up_to: config["edit_distance_lower_bound"].as_f64().unwrap_or(default.none_up_to),
        answer_pattern: config["answer_extraction_regex"].as_str().map(str::to_owned),
        ..default
    }
}

/// What the whole system asks of a sample before it reads it.
fn passes(config: &Value, reply: &str, truth: &str) -> bool {
    reply::check(reply).is_ok()
        && reply::check(truth).is_ok()
        && (config["enable_mix_verifier"] == false || !reply::mixes_languages(reply, LanguageLimits::default()))
}

fn read_and_judged(case: &Value, name: &str, verifier: &dyn Verifier, reply: &str, truth: &str) -> Option<f64> {
    let truth = verifier.read(truth).ok()?;
    let answer = verifier.read(reply).ok()?;
    Some(judged(case, name, verifier, &answer, &truth))
}

fn judged(case: &Value, name: &str, verifier: &dyn Verifier, answer: &str, truth: &str) -> f64 {
    let question = case["question"].as_str().unwrap_or_default();
    match verifier.compare(question, answer, truth) {
        Finding::Decided { score, .. } => score,
        Finding::Open { .. } => simulated_judge::ask(&case["config"], name, question, answer, truth).unwrap_or(0.0),
    }
}

fn helper(config: &Value, text: &str) -> Value {
    let number = |name: &str, default: usize| {
        config[name].as_i64().map_or(default, |number| usize::try_from(number).unwrap_or(0))
    };
    let yes = |yes: bool| json!(f64::from(u8::from(yes)));
    match config["function"].as_str().unwrap() {
        "find_boxed_content" => {
            let token = |name: &str, default| config[name].as_str().unwrap_or(default).to_owned();
            let (begin, end) = (token("begin_token", reply::BEGIN_OF_BOX), token("end_token", reply::END_OF_BOX));
            json!(reply::boxes_between(text, &begin, &end))
        }
        "protect_and_format" => {
            let names = config["allowed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let values: Vec<_> = names.map(|name| (name, config["values"][name].as_str())).collect();
            fill(text, &values).map_or(Value::Null, Value::from)
        }
        "detect_repeat" => {
            let default = RepetitionLimits::default();
            let limits = RepetitionLimits {
                window: number("min_chars", default.window),
                times: number("min_repetition", default.times),
                run: number("exclude_length", default.run),
            };
            reply::repeats(text, limits).map_or(Value::Null, yes)
        }
        "detect_long_paragraph_mixing" => yes(reply::mixes_languages(
            text,
            LanguageLimits {
                chinese_characters: number("min_chinese_chars", 50),
                english_words: number("min_english_words", 200),
            },
        )),
        other => panic!("there is no helper {other}"),
    }
}
