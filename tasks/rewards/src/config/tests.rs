use rstest::rstest;

use super::*;

const GOOD: &str = r#"
cache = "verdicts"

[judges.glm]
model = "glm-4.5v"
url = "http://localhost:8000/v1"
samples = 3
temperature = 0.7

[domains.math]
verifier = "math"
rule = true
model = true
binary = true
settings = { tolerance = 1e-6 }

[domains.ocr]
verifier = "ocr"
rule = true
model = false
binary = false
ground_truth = "reply"

[sources]
"geometry-3k" = "math"
"#;

#[test]
fn a_configuration_is_read() {
    let config = Config::read(GOOD).unwrap();
    assert_eq!(config.judges["glm"].samples, 3);
    assert_eq!(config.judges["glm"].tries, JudgeSettings::default().tries);
    assert_eq!(config.domains["math"].settings.tolerance, Some(1e-6));
    assert!(config.domains["math"].is_binary() && !config.domains["ocr"].has_model());
    assert_eq!(config.domains["ocr"].ground_truth, TruthForm::Reply);
    assert_eq!(config.domain_of("geometry-3k"), Some("math"));
    assert_eq!(config.domain_of("ocr"), Some("ocr"));
    assert_eq!(config.domain_of("chess"), None);
}

#[test]
fn all_mistakes_are_told_at_once_with_what_is_known() {
    let error = Config::read(
        r#"
        cashe = "x"
        [judges.glm]
        model = ""
        url = "localhost:8000"
        temprature = 1.0
        tries = "four"
        samples = 5
        [domains.math]
        verifier = "maths"
        rule = true
        binary = "yes"
        judges = ["gpt"]
        settings = { tolerence = 1e-6, tolerance = "small", box_required = 1 }
        [domains.ocr]
        verifier = "ocr"
        rule = false
        model = false
        binary = false
        settings = { tolerance = 0.5, none_up_to = 1.5 }
        [sources]
        chess = "board"
        ocr = "math"
        "#,
    )
    .unwrap_err();
    insta::assert_snapshot!(error, @r#"
    the configuration has 18 mistakes:
    - cashe: unknown field `cashe`, expected one of `cache`, `judges`, `domains`, `sources`
    - judges.glm.temprature: unknown field `temprature`, expected one of `model`, `url`, `samples`, `temperature`, `max_tokens`, `timeout_s`, `tries`, `concurrency`
    - judges.glm.tries: invalid type: string "four", expected u32
    - domains.math.settings.box_required: invalid type: integer `1`, expected a boolean
    - domains.math.settings.tolerance: invalid type: string "small", expected f64
    - domains.math.settings.tolerence: unknown field `tolerence`, expected one of `tolerance`, `box_required`, `ignore_case`, `full_from`, `none_up_to`, `answer_pattern`, `reach`, `overlap`, `published_terms`
    - domains.math.binary: invalid type: string "yes", expected a boolean
    - judges.glm.model: is missing: the model's name at its server
    - judges.glm.url: `localhost:8000` is not an http or https URL
    - judges.glm.samples: 5 votes at temperature 0 are one vote; raise the temperature
    - domains.math.model: is missing: true or false
    - domains.math.judges: there is no judge `gpt`; there are `glm`
    - domains.math.verifier: there is no verifier `maths`; there are `androidworld`, `biology`, `chart`, `chemistry`, `counting`, `general`, `geography`, `geoquest`, `grounding`, `grounding_points`, `language_mix`, `liberal_arts`, `long_doc`, `math`, `mmsi`, `multi_image`, `ocr`, `osworld`, `physics`, `video`, `video_choice`, `video_moments`, `vqa`, `webvoyager`
    - domains.ocr.rule: is false, and so is `model`: nothing would decide
    - domains.ocr.settings.tolerance: the verifier `ocr` takes `box_required`, `full_from`, `ignore_case`, `none_up_to`
    - domains.ocr.settings.none_up_to: 1.5 is not in 0..=1
    - sources.chess: there is no domain `board`; there are `math`, `ocr`
    - sources.ocr: this is the name of a domain, which it would hide
    "#);
}

#[rstest]
#[case::nothing("", "there is no domain")]
#[case::no_toml("[domains", "the configuration is not TOML")]
#[case::twice("[domains.a]\n[domains.a]", "the configuration is not TOML")]
#[case::no_table("domains = 3", "domains: ")]
#[case::domain_no_table("[domains]\nmath = 3", "domains: ")]
#[case::settings_no_table("[domains.math]\nsettings = 3", "domains.math.settings: a table is expected")]
#[case::votes_that_are_one("[judges.a]\nmodel = 'm'\nurl = 'http://a/v1'\nsamples = 3", "are one vote")]
#[case::password("[judges.a]\nmodel = 'm'\nurl = 'http://a:secret@b/v1'", "must not hold a password")]
#[case::not_a_number("[judges.a]\nmodel = 'm'\nurl = 'http://a/v1'\ntemperature = nan", "is not in 0..=2")]
#[case::wide_tolerance("[domains.m]\nverifier = 'math'\nsettings = { tolerance = 1.0 }", "1 is not in 0..1")]
#[case::nan_tolerance("[domains.m]\nverifier = 'math'\nsettings = { tolerance = nan }", "NaN is not in 0..1")]
#[case::bad_truth("[domains.m]\nground_truth = 'wrapped'", "unknown variant `wrapped`")]
fn what_cannot_be_meant_is_refused(#[case] text: &str, #[case] told: &str) {
    let error = Config::read(text).unwrap_err().to_string();
    assert!(error.contains(told), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = Config::open(Path::new("/nowhere/rewards.toml")).unwrap_err().to_string();
    assert!(error.starts_with("`/nowhere/rewards.toml` cannot be read: "), "{error}");
}

#[test]
fn the_recipe_is_the_papers_table() {
    let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes/rewards.toml");
    let config = Config::open(&recipe).unwrap();
    let row = |name: &str| {
        let domain = &config.domains[name];
        (domain.has_rule(), domain.has_model(), domain.is_binary())
    };
    for (name, expected) in [
        ("math", (true, true, true)),
        ("physics", (true, true, true)),
        ("chemistry", (true, true, true)),
        ("long_document", (false, true, true)),
        ("chart", (true, true, true)),
        ("ocr", (true, false, false)),
        ("vqa", (true, true, true)),
        ("geoguess", (true, true, false)),
        ("grounding", (true, false, false)),
        ("spatial", (false, true, true)),
        ("gui_android", (true, true, false)),
        ("gui_osworld", (true, true, false)),
        ("gui_webvoyager", (true, true, false)),
        ("video", (true, true, true)),
    ] {
        assert_eq!(row(name), expected, "{name}");
    }
}
