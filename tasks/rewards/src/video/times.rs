//! Intervals of time as models write them: fields, times with marks and a few words between them, or a short sentence.
//!
//! ```text
//! {"start_time": 12.5, "end_time": 20}      [[1, 2], [5, 8]]      1m5s - 1m10s      从12.5秒至20秒
//! ```
//!
//! A minus is a mark only behind a time. Where one time has minutes and another has neither unit nor colon, it cannot be
//! told what is meant. A sentence has one interval and nothing that takes it back.

use crate::literal::{self, Repeats, Value};
use crate::text::{is_blank, trim, trim_start};

/// More intervals than these are no answer.
const MOST_INTERVALS: usize = 64;
/// Longer than any video, in seconds.
const LATEST: f64 = 1e6;
/// Digits of one number.
const MOST_DIGITS: usize = 12;
/// Longer sentences are not looked at, in bytes.
const LONGEST_SENTENCE: usize = 160;

/// Fields of an object.
const START_FIELDS: [&str; 5] = ["start", "start_time", "start_sec", "begin", "from"];
const END_FIELDS: [&str; 4] = ["end", "end_time", "end_sec", "to"];

/// What may stand between times, in lower case.
const WORDS: [&str; 13] =
    ["until", "between", "interval", "start", "from", "till", "and", "end", "to", "at", "the", "through", "time"];
const HAN_WORDS: [&str; 6] = ["从", "到", "至", "和", "开始", "结束"];
const MARKS: [char; 14] = ['[', ']', '(', ')', ',', ';', '，', '；', ':', '：', '"', '=', '>', '→'];
const DASHES: [char; 6] = ['-', '–', '—', '−', '~', '～'];

/// Units with their seconds.
const UNITS: [(&str, f64); 15] = [
    ("s", 1.0),
    ("sec", 1.0),
    ("secs", 1.0),
    ("second", 1.0),
    ("seconds", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("mins", 60.0),
    ("minute", 60.0),
    ("minutes", 60.0),
    ("h", 3600.0),
    ("hr", 3600.0),
    ("hrs", 3600.0),
    ("hour", 3600.0),
    ("hours", 3600.0),
];
const HAN_UNITS: [(&str, f64); 5] = [("秒钟", 1.0), ("秒", 1.0), ("分钟", 60.0), ("分", 60.0), ("小时", 3600.0)];

/// What a sentence about one interval must not say: doubt, denial, other units.
const DOUBTS: [&str; 40] = [
    "about",
    "around",
    "approximately",
    "approx",
    "roughly",
    "near",
    "nearly",
    "almost",
    "or",
    "maybe",
    "perhaps",
    "possibly",
    "probably",
    "likely",
    "might",
    "may",
    "could",
    "not",
    "no",
    "never",
    "nor",
    "neither",
    "without",
    "before",
    "after",
    "outside",
    "except",
    "unless",
    "either",
    "somewhere",
    "sometime",
    "unknown",
    "unsure",
    "frame",
    "frames",
    "percent",
    "minute",
    "minutes",
    "hour",
    "hours",
];
const HAN_DOUBTS: [&str; 15] =
    ["约", "概", "许", "可能", "或", "不", "没", "未", "非", "除", "前", "后", "帧", "分钟", "小时"];

/// Start and end, in seconds.
pub(super) type Interval = (f64, f64);

/// The intervals of a text, sorted and merged; `None` where it holds anything else, or an interval runs backwards.
pub(super) fn intervals(text: &str) -> Option<Vec<Interval>> {
    let text = text.to_lowercase();
    let text = trim(&text);
    let intervals = if text.contains('{') {
        in_fields(&literal::read(text, Repeats::Refused)?)?
    } else {
        listed(text).or_else(|| in_sentence(text).map(|interval| vec![interval]))?
    };
    if !(1..=MOST_INTERVALS).contains(&intervals.len()) || intervals.iter().any(|(start, end)| start > end) {
        return None;
    }
    Some(merged(intervals))
}

fn merged(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.sort_by(|one, two| one.0.total_cmp(&two.0));
    let mut merged: Vec<Interval> = Vec::new();
    for (start, end) in intervals {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// Objects with one start and one end; texts beside these are labels.
fn in_fields(value: &Value) -> Option<Vec<Interval>> {
    match value {
        Value::List(items) => {
            let each: Option<Vec<_>> = items.iter().map(in_fields).collect();
            Some(each?.concat())
        }
        Value::Object(fields) => {
            let (mut start, mut end) = (None, None);
            for (name, value) in fields {
                let place = match name.as_text()? {
                    name if START_FIELDS.contains(&name) => &mut start,
                    name if END_FIELDS.contains(&name) => &mut end,
                    _ => {
                        value.as_text()?;
                        continue;
                    }
                };
                if place.replace(field_time(value)?).is_some() {
                    return None;
                }
            }
            Some(vec![pair(start?, end?)?])
        }
        _ => None,
    }
}

fn field_time(value: &Value) -> Option<Time> {
    match value {
        Value::Text(text) => time(trim(text)).and_then(|(time, rest)| trim(rest).is_empty().then_some(time)),
        value => {
            let seconds = value.as_number()?;
            (0.0..=LATEST).contains(&seconds).then_some(Time { seconds, unit: Unit::Untold })
        }
    }
}

/// Two times at a time, and nothing else but words and marks.
fn listed(text: &str) -> Option<Vec<Interval>> {
    let mut rest = text;
    let mut times = Vec::new();
    let mut behind_time = false;
    while !rest.is_empty() {
        let next = rest.chars().next()?;
        if next.is_ascii_digit() {
            if times.len() == 2 * MOST_INTERVALS {
                return None;
            }
            let (time, after) = time(rest)?;
            times.push(time);
            rest = after;
            behind_time = true;
        } else if DASHES.contains(&next) {
            rest = rest.trim_start_matches(DASHES);
            if !behind_time && rest.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            behind_time = false;
        } else if MARKS.contains(&next) {
            rest = &rest[next.len_utf8()..];
            behind_time = behind_time && matches!(next, ']' | ')' | '"');
        } else if let Some((_, after)) = unit(rest).filter(|(scale, _)| *scale == 1.0) {
            rest = after;
        } else {
            rest = word(rest)?;
            behind_time = false;
        }
        rest = trim_start(rest);
        if matches!(rest, "." | "。") {
            break;
        }
    }
    if times.len() % 2 == 1 || !are_told(&times) {
        return None;
    }
    times.chunks(2).map(|two| pair(two[0], two[1])).collect()
}

/// What follows one of the words.
fn word(text: &str) -> Option<&str> {
    if let Some(rest) = HAN_WORDS.iter().find_map(|word| text.strip_prefix(word)) {
        return Some(rest);
    }
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    WORDS.contains(&&text[..end]).then(|| &text[end..])
}

/// A sentence with one interval, `It happens from 12.5 s to 20 s.`
fn in_sentence(text: &str) -> Option<Interval> {
    if text.len() > LONGEST_SENTENCE {
        return None;
    }
    let (before, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
    let (start, rest) = time(rest)?;
    let (before, brackets) = match before.strip_suffix(['[', '(']) {
        Some(before) => (before, true),
        None => (before, false),
    };
    let rest = connected(trim_start(rest), before, brackets)?;
    let (end, after) = time(trim_start(rest))?;
    let after = if brackets { trim_start(after).strip_prefix([']', ')'])? } else { after };
    (is_prose(before) && is_prose(after)).then_some(())?;
    pair(start, end)
}

/// What follows the words or marks between start and end.
fn connected<'a>(text: &'a str, before: &str, brackets: bool) -> Option<&'a str> {
    let marks = text.trim_start_matches(DASHES);
    let marks = marks.strip_prefix('>').or_else(|| text.strip_prefix('→')).unwrap_or(marks);
    if marks.len() < text.len() {
        return Some(marks);
    }
    if brackets && let Some(rest) = text.strip_prefix([',', '，']) {
        return Some(rest);
    }
    let says = |words: &[&str]| before.split(|c: char| !c.is_alphabetic()).any(|word| words.contains(&word));
    let and: &[&str] = if says(&["between"]) {
        &["and"]
    } else if says(&["starts", "begins", "starting", "beginning"]) {
        &["and ends at", "and ending at", "and stops at"]
    } else {
        &[]
    };
    let words = ["to", "until", "till", "through", "到", "至"].iter().chain(and);
    words.filter_map(|word| text.strip_prefix(word)).find(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Words and marks of sentences without doubt.
fn is_prose(text: &str) -> bool {
    let is_fit = |c: char| {
        c.is_alphabetic()
            || is_blank(c)
            || matches!(c, '\'' | '’' | ',' | '.' | ':' | '!' | '"' | '，' | '。' | '：' | '！')
    };
    let mut words = text.split(|c: char| !(c.is_alphabetic() || matches!(c, '\'' | '’')));
    text.chars().all(is_fit)
        && !words.any(|word| DOUBTS.contains(&word) || word.ends_with("n't") || word.ends_with("n’t"))
        && !HAN_DOUBTS.iter().any(|doubt| text.contains(doubt))
}

/// How a time was written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    /// A number alone.
    Untold,
    /// With seconds, or with colons.
    Told,
    /// With minutes or hours.
    Larger,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Time {
    seconds: f64,
    unit: Unit,
}

fn pair(start: Time, end: Time) -> Option<Interval> {
    are_told(&[start, end]).then_some((start.seconds, end.seconds))
}

/// Whether it is plain which unit each time has: `1 to 2 minutes` may begin at one second.
fn are_told(times: &[Time]) -> bool {
    let any = |unit| times.iter().any(|time| time.unit == unit);
    !(any(Unit::Untold) && any(Unit::Larger))
}

/// A time at the start of a text: a number, with units or with minutes and hours before colons.
fn time(text: &str) -> Option<(Time, &str)> {
    let (number, colons, mut rest) = clock(text)?;
    let told = |seconds: f64, unit, rest| (seconds <= LATEST).then_some((Time { seconds, unit }, rest));
    let Some((mut scale, after)) = unit(trim_start(rest)) else {
        return told(number, if colons { Unit::Told } else { Unit::Untold }, rest);
    };
    if colons {
        return if scale == 1.0 { told(number, Unit::Told, after) } else { None };
    }
    let mut seconds = number * scale;
    let kind = if scale == 1.0 { Unit::Told } else { Unit::Larger };
    rest = after;
    // `1 m 5 s`: smaller units, each less than one of the larger.
    while let Some((number, false, after)) = clock(trim_start(rest)) {
        let Some((smaller, after)) = unit(trim_start(after)).filter(|(smaller, _)| *smaller < scale) else { break };
        if number >= 60.0 {
            return None;
        }
        seconds += number * smaller;
        (scale, rest) = (smaller, after);
    }
    told(seconds, kind, rest)
}

/// The seconds of a unit at the start of a text, and what follows it with the full stop of an abbreviation.
fn unit(text: &str) -> Option<(f64, &str)> {
    if let Some(found) = HAN_UNITS.iter().find_map(|(name, scale)| Some((*scale, text.strip_prefix(name)?))) {
        return Some(found);
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == &text[..end])?;
    let rest = &text[end..];
    let rest = rest.strip_prefix('.').filter(|after| !after.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(rest);
    Some((*scale, rest))
}

/// A number at the start of a text, in seconds where colons part hours, minutes and seconds; and whether they do.
fn clock(text: &str) -> Option<(f64, bool, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':')).unwrap_or(text.len());
    // A colon that no digit follows belongs to what comes next.
    let (clock, mut rest) = text.split_at(text[..end].trim_end_matches(':').len());
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.len() > 3 || parts.iter().any(|part| part.is_empty() || part.len() > MOST_DIGITS) {
        return None;
    }
    let mut seconds = 0.0;
    for (index, part) in parts.iter().enumerate() {
        let value: f64 = part.parse().ok()?;
        // Behind a colon there are two digits below sixty.
        if index > 0 && (part.len() != 2 || value >= 60.0) {
            return None;
        }
        seconds = seconds * 60.0 + value;
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits > MOST_DIGITS {
            return None;
        }
        if digits > 0 {
            seconds += format!("0.{}", &fraction[..digits]).parse::<f64>().ok()?;
            rest = &fraction[digits..];
        }
    }
    Some((seconds, parts.len() > 1, rest))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::list("[12.5, 20]", &[(12.5, 20.0)])]
    #[case::dash("12.5-20", &[(12.5, 20.0)])]
    #[case::clock("00:12 - 01:20", &[(12.0, 80.0)])]
    #[case::hours("1:02:03 to 1:02:10.5", &[(3723.0, 3730.5)])]
    #[case::words("From 12s to 20.0 seconds.", &[(12.0, 20.0)])]
    #[case::several("[[5, 8], [1, 2]]", &[(1.0, 2.0), (5.0, 8.0)])]
    #[case::merged("1-3 and 2-5", &[(1.0, 5.0)])]
    #[case::object(r#"{"start": 1, "end": 2}"#, &[(1.0, 2.0)])]
    #[case::chinese("从3秒到5秒", &[(3.0, 5.0)])]
    #[case::arrow("12.5 → 20", &[(12.5, 20.0)])]
    #[case::abbreviations("12.5 sec. to 20 sec.", &[(12.5, 20.0)])]
    #[case::long_names(r#"{"start_time":12.5,"end_time":20}"#, &[(12.5, 20.0)])]
    #[case::end_first(r#"{"end": "00:20", "start": "12.5 s"}"#, &[(12.5, 20.0)])]
    #[case::objects(r#"[{"start": 5, "end": 8}, {"start": 1, "end": 2, "label": "jump"}]"#, &[(1.0, 2.0), (5.0, 8.0)])]
    #[case::han("从12.5秒至20秒。", &[(12.5, 20.0)])]
    #[case::minutes("1m5s - 1m10s", &[(65.0, 70.0)])]
    #[case::minutes_in_words("from 1 min. 5 sec. to 2 minutes", &[(65.0, 120.0)])]
    #[case::han_minutes("1分5秒到1分10秒", &[(65.0, 70.0)])]
    #[case::subtitles("00:01:05.000 --> 00:01:10.000", &[(65.0, 70.0)])]
    #[case::no_blank_behind_the_dash("12.5s -20s", &[(12.5, 20.0)])]
    #[case::unit_behind("[12.5, 20] seconds", &[(12.5, 20.0)])]
    fn intervals_are_read(#[case] text: &str, #[case] expected: &[Interval]) {
        assert_eq!(intervals(text).as_deref(), Some(expected));
    }

    #[rstest]
    #[case::from_to("It happens from 12.5 s to 20 s.")]
    #[case::bare("The dog jumps from 12.5 to 20 in the video.")]
    #[case::between("He waves between 12.5 and 20 seconds.")]
    #[case::starts("It starts at 12.5 s and ends at 20 s.")]
    #[case::brackets("The event happens during [12.5, 20].")]
    #[case::dash("The interval is 12.5s-20s")]
    #[case::clock("The moment: 00:12.5 - 00:20")]
    #[case::han("事件发生在12.5秒到20秒之间。")]
    fn one_interval_may_stand_in_a_sentence(#[case] text: &str) {
        assert_eq!(intervals(text), Some(vec![(12.5, 20.0)]));
    }

    #[rstest]
    #[case::one_time("12")]
    #[case::three_times("1, 2, 3")]
    #[case::backwards("20 - 12")]
    #[case::words("about 12 to 20")]
    #[case::tilde("~12 to 20")]
    #[case::hedge("12-20 or 30-40")]
    #[case::seconds_over("00:72 - 01:90")]
    #[case::four_parts("1:00:00:00 - 2:00:00:00")]
    #[case::late("0 - 9999999")]
    #[case::late_in_hours("0s - 9999 h")]
    #[case::huge("0 - 99999999999999999999999999")]
    #[case::not_a_number("0 - nan")]
    #[case::negative("[-65, -70]")]
    #[case::negative_start("from -65 to 70")]
    #[case::negative_end("[65, -70]")]
    #[case::negative_dash("65 to –70")]
    #[case::negative_field(r#"{"start": -65, "end": 70}"#)]
    #[case::field_twice(r#"{"start": 1, "start": 5, "end": 8}"#)]
    #[case::two_starts(r#"{"start": 1, "start_time": 5, "end": 8}"#)]
    #[case::no_end(r#"{"start": 1}"#)]
    #[case::number_beside(r#"{"start": 1, "end": 2, "other": 5}"#)]
    #[case::nan_field(r#"{"start": 1, "end": NaN}"#)]
    #[case::minutes_behind("[1, 2] minutes")]
    #[case::unit_of_one("1 to 2 minutes")]
    #[case::units_upwards("5 s 1 m - 2 m")]
    #[case::meters("5 mm - 10 mm")]
    #[case::sentence_backwards("It happens from 20 s to 12 s.")]
    #[case::two_in_a_sentence("It happens from 1 s to 2 s and from 5 s to 8 s.")]
    #[case::denial("It does not happen from 12 s to 20 s.")]
    #[case::contraction("It doesn't happen from 12 s to 20 s.")]
    #[case::doubt("It happens from 12 s to 20 s, maybe.")]
    #[case::frames("It happens from frame 12 to 20.")]
    #[case::two_numbers("There are 12 cats and 20 dogs.")]
    #[case::sign_in_a_sentence("It happens from -12 s to 20 s.")]
    #[case::han_doubt("大约在12秒到20秒。")]
    #[case::empty("")]
    fn what_is_no_interval_is_refused(#[case] text: &str) {
        assert_eq!(intervals(text), None);
    }

    #[test]
    fn long_texts_are_no_sentences() {
        assert_eq!(intervals(&format!("{} from 12 s to 20 s", "so ".repeat(60))), None);
    }
}
