//! The judges of the cases, which answer by their address: when the published system asks them, with what, and what it makes
//! of several.

use serde_json::Value;

use super::Case;
use super::verdict;
use crate::template::fill;
use crate::text::trim;

/// Texts that make the published system ask about a quantity even where its judge is switched off.
const PHYSICS: &[&str] = &[
    "kg",
    "g",
    "m",
    "cm",
    "mm",
    "km",
    "s",
    "ms",
    "h",
    "J",
    "N",
    "Pa",
    "W",
    "V",
    "A",
    "\u{3a9}",
    "\u{2103}",
    "K",
    "mol",
    "L",
    "ml",
    "\u{ff05}",
    "%",
    "米",
    "千克",
    "焦耳",
    "牛",
    "摄氏度",
    "安",
    "伏",
    "欧姆",
];
/// The same for chemistry.
const CHEMISTRY: &[&str] = &[
    "mol",
    "L",
    "ml",
    "M",
    "N",
    "g/mol",
    "mol/L",
    "N_A",
    "atm",
    "kPa",
    "mmHg",
    "pH",
    "pOH",
    "K_w",
    "K_a",
    "K_b",
    "K_sp",
    "K_c",
    "K_p",
    "ΔH",
    "ΔS",
    "ΔG",
    "E°",
    "cal",
    "kcal",
    "kJ",
    "eV",
    "ppm",
    "ppb",
    "摩尔",
    "升",
    "毫升",
    "标准大气压",
    "氢离子浓度",
    "平衡常数",
    "摩尔浓度",
    "阿伏伽德罗常数",
];

/// The judges of one case.
pub(super) struct Judge<'a> {
    case: &'a Case,
    verifier: &'a str,
    /// Whether it is asked at all.
    on: bool,
}

impl<'a> Judge<'a> {
    /// The judges of a case, for two texts that were read.
    pub(super) fn of(case: &'a Case, verifier: &'a str, answer: &str, truth: &str) -> Judge<'a> {
        let marks = match verifier {
            "physics" => PHYSICS,
            "chemistry" => CHEMISTRY,
            _ => &[],
        };
        let switched_off = case.config.get("enable_llm_judge_fallback") == Some(&Value::Bool(false));
        let has_marks = || marks.iter().any(|mark| answer.contains(mark) || truth.contains(mark));
        let always = matches!(verifier, "general" | "geoquest");
        Judge { case, verifier, on: always || !switched_off || has_marks() }
    }

    /// Whether it is asked and can be.
    pub(super) fn is_ready(&self) -> bool {
        self.on && !self.addresses().is_empty() && !trim(self.template()).is_empty() && self.has("llm_api_key")
    }

    /// The number that the published system takes from it, in 0..=1 or minus infinity; or why there is none.
    pub(super) fn decide(&self, question: &str, answer: &str, truth: &str) -> Result<f64, String> {
        if !self.is_ready() {
            return Err("there is no judge".to_owned());
        }
        let template = self.template();
        for name in ["{question}", "{predict}", "{label}"] {
            if !template.contains(name) {
                return Err(format!("the judge's prompt has no `{name}`"));
            }
        }
        let prompt = self.prompt(template, question, answer, truth)?;
        let addresses = self.addresses();
        for name in ["llm_api_key", "llm_model"] {
            if let Some(Value::Array(list)) = self.case.config.get(name)
                && list.len() != addresses.len()
            {
                return Err(format!("`{name}` and the addresses differ in number"));
            }
        }
        let mut scores = Vec::new();
        for address in &addresses {
            scores.push(verdict::read(self.verifier, &reply(address, &prompt)?));
        }
        let failed = || "no verdict".to_owned();
        if let [score] = scores.as_slice() {
            return score.ok_or_else(failed);
        }
        if scores.iter().all(Option::is_none) {
            return Err(failed());
        }
        let sum: f64 = scores.iter().flatten().map(|score| score.max(0.0)).sum();
        let count = scores.len() as f64;
        Ok(if self.verifier == "geoquest" { sum / count } else { f64::from(u8::from(sum > count / 2.0)) })
    }

    fn prompt(&self, template: &str, question: &str, answer: &str, truth: &str) -> Result<String, String> {
        let filled = |values: &[(&str, Option<&str>)]| fill(template, values).map_err(|error| error.to_string());
        if self.verifier != "geoquest" {
            return filled(&[("question", Some(question)), ("predict", Some(answer)), ("label", Some(truth))]);
        }
        let place: Value =
            serde_json::from_str(truth).map_err(|error| format!("ground truth: it is not JSON: {error}"))?;
        let part = |name: &str| place.get(name).and_then(Value::as_str);
        filled(&[("predict", Some(answer)), ("place_name", part("place_name")), ("address", part("address"))])
    }

    fn template(&self) -> &str {
        self.case.config.get("llm_judge_prompt_template").and_then(Value::as_str).unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        match self.case.config.get(name) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            _ => false,
        }
    }

    /// A plain text is one address, whatever the kind.
    fn addresses(&self) -> Vec<&str> {
        match self.case.config.get("llm_judge_url") {
            Some(Value::String(address)) if !address.is_empty() => vec![address],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// What the server at an address says to a prompt.
fn reply(address: &str, prompt: &str) -> Result<String, String> {
    let path = address.strip_prefix("http://JUDGE/").ok_or_else(|| format!("`{address}` is no judge of the cases"))?;
    if path == "echo" {
        let said = prompt.split_once("<<P:").and_then(|(_, rest)| rest.split_once(":P>>"));
        return Ok(said.map(|(said, _)| said.to_owned()).unwrap_or_default());
    }
    if let Some(text) = path.strip_prefix("r/") {
        return Ok(decoded(text));
    }
    if let Some(body) = path.strip_prefix("raw/") {
        let Ok(body) = serde_json::from_str::<Value>(&decoded(body)) else { return Ok(String::new()) };
        let Some(first) = body.get("choices").and_then(|choices| choices.get(0)) else { return Ok(String::new()) };
        let content = first.pointer("/message/content").ok_or("the judge's reply has no content")?;
        return Ok(content.as_str().unwrap_or_default().to_owned());
    }
    // A status: whatever it is, nothing comes with it.
    Ok(String::new())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| byte == b'%') {
            Some(value) => {
                bytes.push(value);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
