use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::*;
use crate::dataset::{DatasetWriter, SplitRule, WriterOptions};
use crate::sample;

fn dataset(root: &Path, pages: &[(&str, usize)], validation: &[&str]) -> Source {
    let sites = validation.iter().map(|site| (*site).to_owned()).collect();
    let options = WriterOptions { split: SplitRule::Sites(sites), ..WriterOptions::default() };
    let mut writer = DatasetWriter::open(root, options).unwrap();
    for (site, page) in pages {
        writer.add_page(&sample::page_id(site, *page), sample::page(site, *page, 2)).unwrap();
    }
    writer.finish().unwrap();
    Source { path: root.to_owned(), weight: 1.0 }
}

/// Two datasets that share a page; `b.test` is for validation in the second only.
fn two(folder: &Path) -> Vec<Source> {
    let first = [("a.test", 0), ("a.test", 1), ("b.test", 2), ("b.test", 3)];
    let second = [("a.test", 0), ("b.test", 9), ("c.test", 5)];
    vec![dataset(&folder.join("first"), &first, &[]), dataset(&folder.join("second"), &second, &["b.test"])]
}

fn rows(root: &Path) -> Vec<(Split, Row)> {
    Dataset::open(root).unwrap().rows(None, Columns::All).map(Result::unwrap).collect()
}

#[test]
fn everything_once_is_everything_and_sites_stay_on_one_side() {
    let folder = tempfile::tempdir().unwrap();
    let options = MixOptions::new(two(folder.path()));
    let to = folder.path().join("mix");
    let mixed = mix(&to, &options).unwrap();
    assert_eq!(mixed, Mixed { samples: [40, 30], screens: 14 });
    let rows = rows(&to);
    assert_eq!(rows.len(), 14);
    for (split, row) in &rows {
        let expected = if row.screen.site == "b.test" { Split::Validation } else { Split::Train };
        assert_eq!(*split, expected, "{}", row.screen.screen_id);
        assert_eq!(row.screen.questions.len(), 5);
        assert_eq!(row.screen.image.sha256, crate::sha256(&row.picture));
    }
    // The page that both have is there twice, under ids of its own.
    let screens: BTreeSet<_> = rows.iter().map(|(_, row)| row.screen.screen_id.as_str()).collect();
    assert!(screens.contains("a~test-0-s0") && screens.contains("a~test-0-s0~2") && screens.len() == 14, "{screens:?}");
    let ids: BTreeSet<_> = rows.iter().flat_map(|(_, row)| &row.screen.questions).map(|of| of.id.as_str()).collect();
    assert_eq!(ids.len(), 70);
    let recipe = fs::read_to_string(to.join("recipe.toml")).unwrap();
    assert!(recipe.starts_with("[mix]\nseed = 0\ntemperature = 1.0\n\n[[mix.sources]]\npath = \""), "{recipe}");
    assert!(!to.join("lock").exists() && to.join("README.md").exists());
}

#[test]
fn weights_choose_and_what_comes_again_has_an_id_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = MixOptions::new(two(folder.path()));
    options.sources[1].weight = 0.0;
    options.tasks = [("refusal".to_owned(), 0.0), ("action".to_owned(), 0.0)].into();
    options.kinds = [("several".to_owned(), 0.0), ("icon".to_owned(), 3.0)].into();
    options.samples = Some(40);
    options.validation_samples = Some(0);
    let to = folder.path().join("mix");
    // Of the first dataset's 4 screens to train on: one question by name each, and one with an icon each, 3 times as often.
    assert_eq!(mix(&to, &options).unwrap().samples, [40, 0]);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (_, row) in rows(&to) {
        assert_eq!(row.screen.site, "a.test");
        for question in row.screen.questions {
            *counts.entry(format!("{} {}", question.task, question.kind)).or_default() += 1;
            assert!(ids.insert(question.id.clone()), "{} is there twice", question.id);
        }
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["comprehension name", "generation icon"]);
    assert!(counts["generation icon"].abs_diff(30) <= 1, "{counts:?}");
}

#[test]
fn temperature_brings_shares_closer() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = MixOptions::new(two(folder.path()));
    options.kinds = [("name".to_owned(), 8.0)].into();
    let share = |options: &MixOptions| {
        let mixer = Mixer::open(options).unwrap();
        let groups = mixer.groups(Split::Train);
        assert!((groups.iter().map(|group| group.share).sum::<f64>() - 1.0).abs() < 1e-9);
        groups.iter().find(|group| (group.source, group.kind.as_str()) == (0, "name")).unwrap().share
    };
    let [cold, warm, hot] = [1.0, 2.0, 1e9].map(|temperature| {
        options.temperature = temperature;
        share(&options)
    });
    // Per source: 3 groups of kind `name`, with weight 8, and 2 others; both have 4 screens to train on.
    assert!((cold - 8.0 / 52.0).abs() < 1e-9, "{cold}");
    assert!((warm - 8.0_f64.sqrt() / (6.0 * 8.0_f64.sqrt() + 4.0)).abs() < 1e-9, "{warm}");
    assert!((hot - 0.1).abs() < 1e-6, "{hot}");
}

#[test]
fn picks_are_a_function_of_the_seed_and_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = MixOptions::new(two(folder.path()));
    let mixer = Mixer::open(&options).unwrap();
    let first: Vec<Pick> = mixer.picks(Split::Train, 0).take(30).collect();
    let again = Mixer::open(&options).unwrap();
    assert_eq!(again.picks(Split::Train, 10).take(20).collect::<Vec<_>>(), first[10..]);
    let row = mixer.load(&first[3]).unwrap();
    assert!(first[3].question < row.screen.questions.len() && !row.picture.is_empty());
    options.seed = 1;
    assert_ne!(Mixer::open(&options).unwrap().picks(Split::Train, 0).take(30).collect::<Vec<_>>(), first);
}

#[test]
fn messages_are_in_the_order_of_the_steps() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = MixOptions::new(two(folder.path()));
    options.form = MixForm::MsSwift;
    options.samples = Some(90);
    let to = folder.path().join("mix");
    mix(&to, &options).unwrap();
    let mixer = Mixer::open(&options).unwrap();
    let text = fs::read_to_string(to.join("train.jsonl")).unwrap();
    assert_eq!(text.lines().count(), 90);
    for (line, pick) in text.lines().zip(mixer.picks(Split::Train, 0)) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let row = mixer.load(&pick).unwrap();
        assert_eq!(line["id"], row.screen.questions[pick.question].id);
        assert_eq!(fs::read(line["images"][0].as_str().unwrap()).unwrap(), row.picture);
    }
    assert_eq!(fs::read_to_string(to.join("validation.jsonl")).unwrap().lines().count(), 30);
    let names: BTreeSet<_> = fs::read_dir(&to).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["images", "train.jsonl", "validation.jsonl"].map(Into::into).into());
}

#[test]
fn options_outside_their_limits_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let options = MixOptions::new(two(folder.path()));
    let refused = |options: &MixOptions| Mixer::open(options).unwrap_err().to_string();
    assert_eq!(
        refused(&MixOptions { temperature: 0.0, ..options.clone() }),
        "`temperature` is 0; it is a number above 0"
    );
    assert_eq!(
        refused(&MixOptions { tasks: [("ocr".to_owned(), -1.0)].into(), ..options }),
        "`weight` is -1; it is 0 or more"
    );
    assert_eq!(refused(&MixOptions::new(Vec::new())), "`sources` is 0; there is at least one");
}
