//! The judges of the cases, without a network: each answers by its address alone.
//!
//! What is assumed of them, and of the published system that asks them:
//! - `http://JUDGE/r/<text>` says that text, `/echo` what stands between `<<P:` and `:P>>` in the prompt, `/raw/<body>` sends
//!   that body, and `/status/<n>` brings nothing;
//! - a judge is asked only with a key, an address, and a template that is not blank and names question, predict and label;
//! - lists of keys, models and addresses of unequal length are an error, and an error is the score 0;
//! - a plain text in the place of a list is one item (*the published system takes it apart into characters*);
//! - a number outside of 0..=1 is no verdict (*it is the reward in the published system*), and no verdict counts 0;
//! - `general` wants every box to say `Correct` (*one suffices there*); `geoquest` wants the `score` of the first object, in
//!   whose texts braces may stand (*it ends at the first closing one there*).

use glim_rewards::reply::boxes;
use glim_rewards::template::fill;
use glim_rewards::text::{float, is_blank, trim};
use serde_json::Value;

/// The number that the judges of a case give; `None` where they give none.
pub(crate) fn ask(config: &Value, verifier: &str, question: &str, answer: &str, truth: &str) -> Option<f64> {
    let always = matches!(verifier, "general" | "geoquest");
    if !always && config["enable_llm_judge_fallback"] == false {
        return None;
    }
    let template = config["llm_judge_prompt_template"].as_str()?;
    if !["{question}", "{predict}", "{label}"].iter().all(|name| template.contains(name)) {
        return None;
    }
    let place: Value = serde_json::from_str(truth).unwrap_or_default();
    let values = if verifier == "geoquest" {
        vec![
            ("predict", Some(answer)),
            ("place_name", place["place_name"].as_str()),
            ("address", place["address"].as_str()),
        ]
    } else {
        vec![("question", Some(question)), ("predict", Some(answer)), ("label", Some(truth))]
    };
    let prompt = fill(template, &values).ok()?;
    let addresses = listed(&config["llm_judge_url"])?;
    if listed(&config["llm_api_key"])?.len() != addresses.len()
        || listed(&config["llm_model"]).is_some_and(|models| models.len() != addresses.len())
    {
        return None;
    }
    let mut sum = 0.0;
    for address in &addresses {
        sum += verdict(verifier, &reply(address, &prompt)?).filter(|score| (0.0..=1.0).contains(score)).unwrap_or(0.0);
    }
    let count = addresses.len() as f64;
    Some(if verifier == "geoquest" || count == 1.0 { sum / count } else { f64::from(u8::from(sum > count / 2.0)) })
}

fn listed(setting: &Value) -> Option<Vec<&str>> {
    match setting {
        Value::String(one) if !one.is_empty() => Some(vec![one]),
        Value::Array(several) if !several.is_empty() => Some(several.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// What the server at an address says; `None` where the published system fails on it.
fn reply(address: &str, prompt: &str) -> Option<String> {
    let path = address.strip_prefix("http://JUDGE/").expect("an address of the cases");
    if path == "echo" {
        return Some(prompt.split_once("<<P:")?.1.split_once(":P>>")?.0.to_owned());
    }
    if let Some(text) = path.strip_prefix("r/") {
        return Some(decoded(text));
    }
    let body: Value = serde_json::from_str(&decoded(path.strip_prefix("raw/").unwrap_or_default())).unwrap_or_default();
    match body.pointer("/choices/0") {
        None => Some(String::new()),
        Some(first) => first.pointer("/message/content").map(|content| content.as_str().unwrap_or_default().to_owned()),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

fn verdict(verifier: &str, reply: &str) -> Option<f64> {
    match verifier {
        "general" => {
            let boxes = boxes(reply);
            Some(f64::from(u8::from(!boxes.is_empty() && boxes.iter().all(|content| *content == "Correct"))))
        }
        "geoquest" => place(&without_thoughts(reply)),
        _ => float(trim(reply)),
    }
}

fn place(reply: &str) -> Option<f64> {
    let object = &reply[reply.find('{')?..];
    if let Some(Ok(object)) = serde_json::Deserializer::from_str(object).into_iter::<Value>().next() {
        return match &object["score"] {
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => float(text),
            _ => None,
        };
    }
    let score = float(reply.split_once("\"score\": ")?.1.split_once(',')?.0)?;
    Some(f64::from(u8::from(score > 0.7)))
}

fn without_thoughts(reply: &str) -> String {
    let (mut kept, mut rest) = (String::new(), reply);
    loop {
        let lower = rest.to_ascii_lowercase();
        let Some((open, close)) =
            lower.find("<think>").and_then(|open| Some((open, open + lower[open..].find("</think>")?)))
        else {
            return kept + rest;
        };
        kept.push_str(&rest[..open]);
        rest = rest[close + "</think>".len()..].trim_start_matches(is_blank);
    }
}
