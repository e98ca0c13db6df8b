use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::metrics::{ACCURACY, GRADIENT_NORM, Kind, LOSS};

const HOSTILE: &str = "</script></style></pre></title>--><img src=x onerror=alert(1)>\"'`${alert(2)}{{ 7*7 }}";

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&vec![200; (width * height) as usize]).unwrap();
    bytes
}

fn prediction(answer: Option<Answer>, right: bool) -> Prediction {
    Prediction {
        source: HOSTILE.into(),
        question: HOSTILE.into(),
        reply: HOSTILE.into(),
        picture: png(40, 30),
        target: [4.0, 5.0, 14.0, 9.0],
        answer,
        right,
    }
}

fn score(name: &str, value: f64) -> Score {
    let unit = if name == "loss" { Unit::Number } else { Unit::Share };
    let interval = Some((value - 0.1, value + 0.1));
    Score { name: name.into(), unit, value, interval, questions: 1200, chance: Some(0.061), text_blind: Some(0.183) }
}

/// A run with all that a page can show, and hostile words wherever a page or a model can put them.
fn full() -> ReportData {
    let at = |step: u64, kind, numbers: &[(&str, f64)]| Line {
        time: step as f64,
        ..Line::new(step, kind, numbers.iter().map(|(name, value)| (*name, *value)))
    };
    let hostile = format!("loss/{HOSTILE}");
    let mut lines: Vec<Line> = (1..=2000)
        .map(|step| {
            let wave = if step % 2 == 0 { 1.2 } else { 0.8 };
            let loss = if step == 700 { f64::NAN } else { 900.0 / (100.0 + step as f64) * wave };
            let norm = if step == 1201 { 77.0 } else { wave };
            at(step, Kind::Train, &[(LOSS, loss), (&hostile, loss), (GRADIENT_NORM, norm), ("cells_loss", 2.0)])
        })
        .collect();
    lines.push(Line { time: 2000.0, ..Line::note(1201, HOSTILE) });
    lines.push(at(1000, Kind::Eval, &[(LOSS, 2.5), (ACCURACY, 0.25), ("accuracy/buttons", 0.5)]));
    lines.push(at(2000, Kind::Eval, &[(LOSS, 0.5), (ACCURACY, 0.75), ("accuracy/buttons", 0.875)]));
    ReportData {
        run: HOSTILE.into(),
        stage: HOSTILE.into(),
        facts: vec![(HOSTILE.into(), HOSTILE.into())],
        unfinished: Some(HOSTILE.into()),
        lines,
        scores: vec![score("Point in box", 0.75), score(HOSTILE, 0.1), score("loss", 1.5)],
        phases: vec![
            Phase { name: HOSTILE.into(), seconds: 25.0 },
            Phase { name: "forward".into(), seconds: 75.0 },
            Phase { name: "evaluation".into(), seconds: 0.0 },
        ],
        predictions: vec![
            prediction(Some(Answer::Box([5.0, 6.0, 15.0, 10.0])), true),
            prediction(Some(Answer::Point([30.0, 20.0])), false),
            prediction(Some(Answer::Box([f64::NAN; 4])), false),
            Prediction { picture: b"no picture".to_vec(), ..prediction(None, false) },
        ],
        recipe: format!("name = '''{HOSTILE}'''\n"),
    }
}

/// The block of JSON in a page.
fn told(html: &str) -> Value {
    let (_, data) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_shows_all_parts_of_a_run() {
    let html = html(&full());
    for words in [
        "75 %",
        "95 % interval 65 % – 85 %",
        "56.7 points above the text-blind model",
        "chance 6.1 %",
        "text-blind 18.3 %",
        "Grounding accuracy",
        "Gradient norm",
        "Cells loss",
        "log scale",
        "25.0 %",
        "1 of 3 right",
        "points nowhere",
        "1 more is not shown",
        "step 1201",
        "Not complete.",
    ] {
        assert!(html.contains(words), "{words} is missing");
    }
    // The box that is right, the point that is wrong, and three targets, each over a halo.
    assert_eq!(html.matches(r#"<rect class="answer""#).count(), 1);
    assert!(html.contains(r#"<rect class="answer" x="5.0" y="6.0" width="10.0" height="4.0"/>"#));
    assert!(html.contains(r#"<circle class="answer" cx="30.0" cy="20.0""#));
    assert_eq!(html.matches(r#"<rect class="target" x="4.0" y="5.0" width="10.0" height="4.0"/>"#).count(), 3);
    assert_eq!(html.matches("data:image/png;base64,").count(), 3);
}

#[test]
fn an_empty_run_has_a_page() {
    let html = html(&ReportData { run: "empty".into(), stage: "Pre-training".into(), ..ReportData::default() });
    assert!(html.contains("Nothing has been measured yet.") && !html.contains("Final numbers"));
    let one = Line::new(0, Kind::Train, [(LOSS, f64::NAN)]);
    assert!(super::html(&ReportData { lines: vec![one], ..ReportData::default() }).contains("training <b>–</b>"));
}

#[test]
fn nothing_that_a_page_or_a_model_says_becomes_markup() {
    let html = html(&full());
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script>").count(), 2);
    assert_eq!(html.matches("<img").count(), 3);
    let markup = html.split_once("id=\"data\">").unwrap().0;
    assert!(!markup.contains("-->") && markup.contains("{{ 7*7 }}"));
    let hash = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes()));
    assert!(html.contains(&format!("script-src 'sha256-{hash}'")));
    for unsafe_call in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function"] {
        assert!(!SCRIPT.contains(unsafe_call), "{unsafe_call}");
    }
    // Nothing is fetched: every address is a fragment or lies inside.
    for attribute in ["src=\"", "href=\"", "url("] {
        for (at, _) in html.match_indices(attribute) {
            let address = &html[at + attribute.len()..];
            assert!(address.starts_with('#') || address.starts_with("data:image/png"), "{}", &address[..40]);
        }
    }
}

#[test]
fn the_script_is_told_what_is_drawn() {
    let data = told(&html(&full()));
    let charts: BTreeMap<usize, &Value> = data.as_array().unwrap().iter().enumerate().collect();
    assert_eq!(charts.len(), 5);
    let accuracy = &charts[&2];
    assert_eq!(accuracy["percent"], true);
    let names: Vec<&Value> = accuracy["curves"].as_array().unwrap().iter().map(|curve| &curve["name"]).collect();
    assert_eq!(names, ["all", "buttons"]);
    assert_eq!(accuracy["curves"][1]["points"], serde_json::json!([[1000, 0.5], [2000, 0.875]]));
    assert_eq!(charts[&1]["curves"][0]["name"], HOSTILE);
}

#[test]
fn the_only_source_is_drawn_once() {
    let numbers = [(ACCURACY.to_owned(), 0.5), ("accuracy/buttons".to_owned(), 0.5)];
    let data = ReportData { lines: vec![Line::new(100, Kind::Eval, numbers)], ..ReportData::default() };
    let names: Vec<String> = curves::charts(&data)[0].series.iter().map(|series| series.name.clone()).collect();
    assert_eq!(names, ["buttons"]);
}

#[test]
fn curves_are_thinned_without_losing_a_spike_and_break_where_there_is_no_number() {
    let charts = curves::charts(&full());
    let norm = &charts[3].series[0];
    assert_eq!(charts[3].title, "Gradient norm");
    assert!(norm.points.len() <= 500 && norm.points.contains(&(1201, 77.0)), "{}", norm.points.len());
    let loss = &charts[0].series[0];
    let calm = loss.smooth.as_ref().unwrap();
    assert!(calm.len() <= 501 && calm.last().unwrap().0 == 2000);
    // Waves of a fifth become less than a thirtieth.
    for pair in calm[400..].windows(2) {
        assert!((pair[0].1 / pair[1].1 - 1.0).abs() < 0.033, "{pair:?}");
    }
    // One that never moves is not calmed.
    assert!(charts[4].series[0].smooth.is_none());
    let short = |values: &[f64]| {
        let lines = values.iter().zip(1..).map(|(value, step)| Line::new(step, Kind::Train, [(LOSS, *value)]));
        html(&ReportData { lines: lines.collect(), ..ReportData::default() })
    };
    // On the scale of logarithms from 1 to 8, with a twentieth of room on both sides.
    assert!(short(&[1.0, 2.0, f64::NAN, 8.0]).contains(r#" d="M250.0 954.5L500.0 651.5M1000.0 45.5""#));
    // On the scale of numbers from 0 to 4 for those from 1 to 3.
    assert!(short(&[1.0, 3.0]).contains(r#" d="M500.0 1000.0L1000.0 0.0""#));
}

#[test]
fn a_step_that_was_done_twice_counts_once() {
    let lines = [(1, 5.0), (2, 4.0), (2, 3.0)].map(|(step, loss)| Line::new(step, Kind::Train, [(LOSS, loss)]));
    let charts = curves::charts(&ReportData { lines: lines.to_vec(), ..ReportData::default() });
    assert_eq!(charts[0].series[0].points, [(1, 5.0), (2, 3.0)]);
}

#[test]
fn axes_have_round_numbers() {
    for (value, percent, words) in [
        (0.947, true, "94.7 %"),
        (1.0, true, "100 %"),
        (0.002, false, "2e-3"),
        (0.0015, false, "1.5e-3"),
        (0.05, false, "0.05"),
        (1.2341, false, "1.234"),
        (12_345.0, false, "12.3k"),
        (20_000.0, false, "20k"),
        (120.0, false, "120"),
        (-0.5, false, "-0.5"),
        (f64::NAN, true, "–"),
    ] {
        assert_eq!(plot::word(value, percent), words);
    }
}

#[test]
fn pictures_past_the_room_are_told_in_words() {
    let mut large = prediction(None, true);
    // Readers of a picture's size look at its head alone.
    large.picture.resize(PICTURES - 10, 0);
    let page = html(&ReportData { predictions: vec![large, prediction(None, true)], ..ReportData::default() });
    assert!(page.contains("1 more is not shown") && page.contains("1 of 1 right"));
}

#[test]
fn a_page_is_replaced_at_once_and_what_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), &ReportData::default()).unwrap();
    assert_eq!(write(folder.path(), &full()).unwrap(), path);
    assert!(std::fs::read_to_string(&path).unwrap().contains("Grounding accuracy"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let said = write(&folder.path().join("none"), &full()).unwrap_err().to_string();
    assert!(said.contains("none/report.html` cannot be written: "), "{said}");
}

#[test]
fn the_most_telling_charts_are_drawings_of_their_own() {
    let figures = figures(&full());
    let titles: Vec<&str> = figures.iter().map(|(title, _)| title.as_str()).collect();
    assert_eq!(titles, ["Loss by step, nats per token", "Grounding accuracy by step, of held-out questions"]);
    for (_, svg) in &figures {
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert_eq!(svg.matches("<svg ").count(), svg.matches("</svg>").count());
        for part in ["class=\"curve t0", "class=\"grid\"", "--t0: #2f5bea", "prefers-color-scheme: dark"] {
            assert!(svg.contains(part), "{part}");
        }
    }
    assert!(figures[0].1.contains("class=\"faint t0\"") && figures[0].1.contains("class=\"curve t1 held\""));
    assert!(figures[1].1.contains("text-blind 18.3 %") && figures[1].1.contains(">buttons <tspan>87.5 %</tspan>"));
    // What a source is called stays text.
    let named = Line::new(1, Kind::Eval, [(format!("accuracy/{HOSTILE}"), 0.5)]);
    let drawn = super::figures(&ReportData { lines: vec![named], ..ReportData::default() });
    assert!(drawn[0].1.contains("&lt;&#x2f;script&gt;") && !drawn[0].1.contains("<img"));
    assert!(super::figures(&ReportData::default()).is_empty());
}
