//! Screens and episodes: what is asked, where it is after a change, and what covers the image tokens.

use glim_processor::{Grid, Picture};

use super::super::labels::labels;
use super::super::letters::{NO_LETTER, letters};
use super::super::sample::Unfit;
use super::*;
use crate::coordinates::norm_box;
use crate::seed::SplitMix;

/// A white picture with a red box.
fn red(size: (u32, u32), of: [usize; 4]) -> Vec<u8> {
    let mut pixels = vec![255; (size.0 * size.1 * 3) as usize];
    for y in of[1]..of[3] {
        for x in of[0]..of[2] {
            let at = 3 * (y * size.0 as usize + x);
            pixels[at..at + 3].copy_from_slice(&[200, 0, 0]);
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

#[test]
fn answers_say_where_things_are_in_the_changed_picture() {
    let row = Row { screen: sample::screen("a.test", 1, 0), picture: red(sample::SIZE, [120, 60, 180, 90]) };
    let mut recipe = screens(Path::new("x"));
    recipe.tasks = BTreeSet::from(["generation".to_owned()]);
    recipe.augment = AugmentRecipe { shift: 12, shift_step: 0, brightness: 0.05, contrast: 0.1 };
    let mut ways = BTreeSet::new();
    for seed in 0..60 {
        let origin = Origin::row(Path::new("x"), 0);
        let made = super::super::screens::sample(&row, &recipe, 0, origin, &mut SplitMix(seed)).unwrap();
        ways.insert((made.change.dx, made.change.dy));
        let picture = made.change.of(Picture::decode(&row.picture, 1 << 20).unwrap());
        let is_red = |pixel: &[u8]| pixel[0] > 100 && pixel[1] < 100;
        let places: Vec<(usize, usize)> = picture
            .pixels()
            .chunks(3)
            .enumerate()
            .filter(|(_, pixel)| is_red(pixel))
            .map(|(at, _)| (at % sample::SIZE.0 as usize, at / sample::SIZE.0 as usize))
            .collect();
        let (xs, ys) = (places.iter().map(|at| at.0), places.iter().map(|at| at.1));
        let found = [xs.clone().min(), ys.clone().min(), xs.max().map(|x| x + 1), ys.max().map(|y| y + 1)];
        let found = found.map(|at| at.unwrap() as f32);
        let [a, b, c, d] = norm_box(found, sample::SIZE.0, sample::SIZE.1);
        let prompt = super::super::sample::words(&made.messages[0]);
        assert!(prompt.contains(&format!("[[{a},{b},{c},{d}]]")), "{prompt} for {found:?} after {:?}", made.change);
        assert!(made.scene.unwrap().words.contains(&("Search".to_owned(), found)));
    }
    assert!(ways.len() > 30, "{ways:?}");
}

#[test]
fn a_recipe_chooses_what_is_asked() {
    let row = Row { screen: sample::screen("a.test", 1, 0), picture: sample::picture(1) };
    let ask = |change: &dyn Fn(&mut ScreensRecipe)| {
        let mut recipe = screens(Path::new("x"));
        change(&mut recipe);
        let origin = Origin::row(Path::new("x"), 0);
        super::super::screens::sample(&row, &recipe, 0, origin, &mut SplitMix(4))
            .map(|sample| sample.messages.iter().map(super::super::sample::words).collect::<Vec<_>>())
    };
    let only = |task: &str| BTreeSet::from([task.to_owned()]);
    let action = ask(&|of| (of.tasks, of.coordinate_step) = (only("action"), 100)).unwrap();
    assert_eq!(action, ["Click the search button.", "<|begin_of_box|>[[750,650]]<|end_of_box|>"]);
    // The link is less than twenty pixels high, so only one question about boxes is left, beside the refusal.
    let large = ask(&|of| (of.min_side, of.per_screen) = (20.0, 9)).unwrap();
    assert!(large.iter().all(|text| !text.contains("Download")), "{large:?}");
    assert!(matches!(ask(&|of| of.tasks = only("summary")), Err(Unfit::Dropped("no_question"))));
    assert!(matches!(ask(&|of| of.max_elements = Some(2)), Err(Unfit::Dropped("many_elements"))));
    // Nothing is asked about twice, so that no answer stands in another question.
    let all = ask(&|of| of.per_screen = 9).unwrap();
    assert!(all.len() <= 6 && all.len() >= 4, "{all:?}");
}

#[test]
fn cells_are_labelled_by_what_covers_them() {
    let processor = processor();
    let tokenizer = processor.tokenizer();
    // 4 x 3 cells of 10 pixels. `Download now` covers two cells and a fifth of a third, `Search` a small part of one.
    let scene = Scene {
        words: vec![
            ("Search".to_owned(), [31.0, 21.0, 33.0, 23.0]),
            ("Download now".to_owned(), [10.0, 0.0, 32.0, 10.0]),
            ("button".to_owned(), [0.0, 0.0, 16.0, 10.0]),
        ],
        written: None,
    };
    let made = labels(&scene, (40, 30), Grid { t: 1, h: 6, w: 8 }, 2, tokenizer).unwrap();
    let first = |text: &str| i64::from(tokenizer.encode(text).unwrap()[0]);
    let label = |token, x_bin, y_bin| CellLabel { token, x_bin, y_bin };
    // Middles: (21, 5), (8, 5) and (32, 22) of 40 x 30, in 28 bins.
    let (download, button, search) =
        (label(first("Download"), 14, 4), label(first("button"), 5, 4), label(first("Search"), 22, 20));
    let none = CellLabel::NONE;
    assert_eq!(made[..4], [button, download, download, download]);
    assert_eq!(made[4..8], [none; 4]);
    assert_eq!(made[8..], [none, none, none, search]);
}

#[test]
fn a_cell_says_the_token_that_is_written_there() {
    let processor = processor();
    let tokenizer = processor.tokenizer();
    // 4 x 2 cells of 10 pixels; a link covers all of them, and its only word is written in the upper row.
    let scene = Scene {
        words: vec![("qwvz".to_owned(), [0.0, 0.0, 40.0, 20.0])],
        written: Some(vec![("qwvz".to_owned(), [0.0, 1.0, 40.0, 9.0]), (" far".to_owned(), [0.0, 50.0, 9.0, 59.0])]),
    };
    let made = labels(&scene, (40, 20), Grid { t: 1, h: 4, w: 8 }, 2, tokenizer).unwrap();
    let ids: Vec<i64> = tokenizer.encode("qwvz").unwrap().into_iter().map(i64::from).collect();
    assert_eq!(ids.len(), 4, "a letter each");
    let tokens: Vec<i64> = made.iter().map(|label| label.token).collect();
    assert_eq!(tokens[..4], ids);
    assert_eq!(tokens[4..], [ids[0]; 4], "what is not written on says how the link begins");
    assert!(made.iter().all(|label| (label.x_bin, label.y_bin) == (14, 14)), "the middle is the link's");
}

#[test]
fn letters_stand_where_their_patch_is_stored() {
    // A black patch in the sixth row and fourth column, with a letter in it.
    let of = [42, 70, 56, 84];
    let mut pixels = vec![255; 224 * 224 * 3];
    for y in of[1]..of[3] {
        pixels[3 * (y * 224 + of[0])..3 * (y * 224 + of[2])].fill(0);
    }
    let made = processor().picture(Picture::new(224, 224, pixels).unwrap()).unwrap();
    let sums: Vec<f32> = made.pixels.chunks(3 * 2 * 14 * 14).map(|patch| patch.iter().sum()).collect();
    let darkest = (0..sums.len()).min_by(|a, b| sums[*a].total_cmp(&sums[*b]));
    let scene = Scene { written: Some(vec![("a".to_owned(), of.map(|at| at as f32))]), ..Scene::default() };
    let told = letters(&scene, (224, 224), made.grid, 2);
    assert_eq!(told.len(), sums.len());
    assert_eq!(told.iter().position(|slots| slots[0] != NO_LETTER), darkest);
}

#[test]
fn replies_know_which_cells_show_what_they_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = shard(folder.path(), 1, 1);
    let processor = processor();
    let of = ScreensRecipe { tasks: ["comprehension".to_owned()].into(), per_screen: 9, ..screens(&path) };
    let mixture = Mixture::open(&recipe(vec![SourceRecipe::Screens(of)]), processor.clone(), None, 1).unwrap();
    let sample = prepared(&mixture, 0);
    assert!(!sample.named.is_empty());
    for named in &sample.named {
        let reply: Vec<u32> = named.tokens.clone().map(|at| sample.ids[at + 1]).collect();
        let reply = processor.tokenizer().decode(&reply, false).unwrap();
        assert!(reply.starts_with("<|begin_of_box|>[["), "{reply}");
        // The cells in the middle of what is named are among them, of four rows of seven.
        for place in reply.split("],") {
            let numbers = place.split(|c: char| !c.is_ascii_digit()).filter_map(|run| run.parse().ok());
            let numbers: Vec<usize> = numbers.collect();
            let middle = |axis: usize| (numbers[axis] + numbers[numbers.len() - 2 + axis]) / 2;
            let cell = middle(1) * 4 / 1000 * 7 + middle(0) * 7 / 1000;
            assert!(named.cells.contains(&cell) && named.cells.len() < 10, "{reply} {:?}", named.cells);
        }
    }
}

#[test]
fn words_know_whether_they_begin_an_element() {
    let folder = tempfile::tempdir().unwrap();
    let written = |angle: f32| {
        let path = folder.path().join("train-00000.parquet");
        let mut writer = ShardWriter::create(&path, &ShardOptions::default()).unwrap();
        let mut screen = sample::screen("a.test", 0, 0);
        screen.lines[0].angle = angle;
        writer.push(Row { screen, picture: sample::picture(0) }).unwrap();
        writer.finish().unwrap();
        let data = recipe(vec![SourceRecipe::Screens(screens(&path))]);
        let mixture = Mixture::open(&data, processor(), None, 1).unwrap();
        let Ready::Sample(measured) = mixture.measure(0).unwrap() else { panic!("a sample") };
        let written = measured.sample().scene.clone().unwrap().written?;
        Some(written.into_iter().map(|(word, _)| word).collect::<Vec<_>>())
    };
    assert_eq!(written(0.0).unwrap(), ["Download", " now"]);
    assert_eq!(written(3.0), None, "where the letters of a turned line are is not known");
}

#[test]
fn an_image_token_has_a_label_and_a_window_of_patches() {
    let folder = tempfile::tempdir().unwrap();
    let path = shard(folder.path(), 3, 2);
    let processor = processor();
    let mixture =
        Mixture::open(&recipe(vec![SourceRecipe::Screens(screens(&path))]), processor.clone(), None, 1).unwrap();
    let sample = prepared(&mixture, 0);
    let image = processor.tokenizer().token_id("<|image|>").unwrap();
    let tokens = sample.ids.iter().filter(|id| **id == image).count();
    // 200 x 120 becomes 196 x 112.
    assert_eq!(sample.grids, [Grid { t: 1, h: 8, w: 14 }]);
    assert_eq!((tokens, sample.labels.len(), sample.patches.len()), (28, 28, 8 * 14 * 3 * 2 * 14 * 14));
    let download = i64::from(processor.tokenizer().encode("Download").unwrap()[0]);
    assert!(sample.labels.iter().any(|label| label.token == download));
}

#[test]
fn actions_that_were_done_in_good_episodes_are_learned() {
    let run = tempfile::tempdir().unwrap();
    episode(run.path(), "pages/press", 1, &[turn(Outcome::rejected("no")), turn(Outcome::Done)], 1.0);
    episode(run.path(), "pages/press", 2, &[turn(Outcome::Done)], 0.5);
    fs::create_dir_all(run.path().join("episodes/pages__press/3.partial")).unwrap();
    fs::write(run.path().join("episodes/pages__press/3.partial/episode.jsonl"), "{").unwrap();
    let processor = processor();
    let open = |of: EpisodesRecipe| {
        Mixture::open(&recipe(vec![SourceRecipe::Episodes(of)]), processor.clone(), None, 1).unwrap()
    };
    let mixture = open(EpisodesRecipe { coordinate_step: 10, ..episodes(run.path(), Learn::Actions) });
    assert_eq!(mixture.sizes(), [1]);
    let sample = prepared(&mixture, 0);
    assert_eq!(learned(&sample, &processor), ["left_click(start_box='[205,205]')<|user|>"]);
    assert_eq!(sample.site, "pages/press");
    let whole = processor.tokenizer().decode(&sample.ids, false).unwrap();
    assert!(whole.contains("<|end_of_image|>Press OK.<|assistant|>"), "{whole}");
    let all = EpisodesRecipe { min_score: 0.0, prompt: PromptForm::Recorded, ..episodes(run.path(), Learn::Actions) };
    let mixture = open(all);
    assert_eq!(mixture.sizes(), [2]);
    let whole = processor.tokenizer().decode(&prepared(&mixture, 1).ids, false).unwrap();
    assert!(
        whole.starts_with(
            "[gMASK]<sop><|system|>\nYou act.<|user|>\n# Goal\nPress OK.\n\n# Current screenshot<|begin_of"
        )
    );
}

#[test]
fn elements_of_episodes_are_asked_about() {
    let run = tempfile::tempdir().unwrap();
    episode(run.path(), "pages/press", 1, &[turn(Outcome::rejected("no"))], 1.0);
    let processor = processor();
    let source = SourceRecipe::Episodes(episodes(run.path(), Learn::Grounding));
    let mixture = Mixture::open(&recipe(vec![source]), processor.clone(), None, 1).unwrap();
    let mut seen = BTreeSet::new();
    for index in 0..20 {
        let sample = prepared(&mixture, index);
        let said = learned(&sample, &processor);
        assert_eq!(said.len(), 2);
        seen.extend(said);
        assert!(sample.labels.iter().any(|label| label.token >= 0));
    }
    let answers = ["[[200,208]]", "[[50,83,350,333]]", "[[750,625]]", "[[600,500,900,750]]"];
    let expected = answers.map(|place| format!("<|begin_of_box|>{place}<|end_of_box|><|user|>"));
    assert_eq!(seen, BTreeSet::from(expected));
}

#[test]
fn another_screenshot_than_the_recorded_one_is_an_error() {
    let run = tempfile::tempdir().unwrap();
    episode(run.path(), "pages/press", 1, &[turn(Outcome::Done)], 1.0);
    fs::write(run.path().join("episodes/pages__press/1/000.png"), sample::picture(8)).unwrap();
    let source = SourceRecipe::Episodes(episodes(run.path(), Learn::Actions));
    let mixture = Mixture::open(&recipe(vec![source]), processor(), None, 1).unwrap();
    let error = mixture.measure(0).unwrap_err().to_string();
    assert!(error.starts_with("line 2 of `") && error.contains("000.png` is not the recorded screenshot"), "{error}");
}
