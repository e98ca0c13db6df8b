//! Micro-batches: the same however they are prepared, and errors instead of hangs.

use glim_processor::Message;
use rstest::rstest;

use super::*;
use crate::DataError;

/// Screens, episodes and text together, with changes of pictures.
fn mixed(folder: &Path) -> DataRecipe {
    let run = folder.join("run");
    for seed in 0..3 {
        episode(&run, "pages/press", seed, &[turn(Outcome::Done), turn(Outcome::Done)], 1.0);
    }
    let mut pages = screens(&shard(folder, 23, 4));
    pages.weight = 2.0;
    pages.augment = AugmentRecipe { shift: 4, shift_step: 0, brightness: 0.1, contrast: 0.1 };
    recipe(vec![SourceRecipe::Screens(pages), SourceRecipe::Episodes(episodes(&run, Learn::Grounding)), texts(folder)])
}

fn take(loader: &mut Loader, count: usize) -> Vec<Batch> {
    (0..count).map(|_| loader.next().unwrap()).collect()
}

fn assert_same(some: &[Batch], others: &[Batch]) {
    assert_eq!(some.len(), others.len());
    for (one, other) in some.iter().zip(others) {
        assert_eq!(one.samples, other.samples);
        assert_eq!(one.cursor_after, other.cursor_after);
    }
}

#[rstest]
#[case::in_order(0)]
#[case::with_a_window(5)]
fn a_resumed_run_sees_what_an_uninterrupted_one_would(#[case] window: usize) {
    let folder = tempfile::tempdir().unwrap();
    let processor = processor();
    let many = DataRecipe { workers: 4, window, ..mixed(folder.path()) };
    let whole = take(&mut Loader::open(&many, processor.clone(), 9, Cursor::default()).unwrap(), 14);
    // From memory there, from the disk here, with another number of threads and less ahead.
    let one = DataRecipe { workers: 1, ahead: 1, memory_mb: 0, ..many.clone() };
    for stop in [0, 3, 8] {
        let mut cursor = whole[stop].cursor_after.clone();
        let text = serde_json::to_string(&cursor).unwrap();
        cursor = serde_json::from_str(&text).unwrap();
        let resumed = take(&mut Loader::open(&one, processor.clone(), 9, cursor).unwrap(), 5);
        assert_same(&whole[stop + 1..stop + 6], &resumed);
    }
    let sources: BTreeSet<usize> = whole.iter().flat_map(|batch| &batch.samples).map(|sample| sample.source).collect();
    assert_eq!(sources.len(), 3);
    assert!(whole.iter().all(|batch| batch.tokens <= many.token_budget && batch.samples.len() > 1));
    let tokens = |batch: &Batch| batch.samples.iter().map(|sample| sample.ids.len()).sum::<usize>();
    assert!(whole.iter().all(|batch| batch.tokens == tokens(batch)));
    let other = take(&mut Loader::open(&many, processor, 10, Cursor::default()).unwrap(), 1);
    assert_ne!(whole[0].samples, other[0].samples, "another seed is another order");
}

#[test]
fn ranks_share_the_micro_batches_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let processor = processor();
    let recipe = DataRecipe { workers: 2, window: 2, ahead: 1, ..mixed(folder.path()) };
    let whole = take(&mut Loader::open(&recipe, processor.clone(), 5, Cursor::default()).unwrap(), 12);
    let begin = |rank, world, cursor: &Cursor| {
        let mixture = Mixture::open(&recipe, processor.clone(), None, 5).unwrap();
        Loader::begin(mixture, cursor.clone(), Share { rank, world }).unwrap()
    };
    let mut ranks = [0, 1, 2].map(|rank| begin(rank, 3, &Cursor::default()));
    let mut cursor = Cursor::default();
    for round in 0..2 {
        for (rank, loader) in ranks.iter_mut().enumerate() {
            let batch = loader.next().unwrap();
            assert_eq!(batch.samples, whole[3 * round + rank].samples, "round {round}, rank {rank}");
            assert_eq!(batch.cursor_after, whole[3 * round + 2].cursor_after);
            cursor = batch.cursor_after;
        }
    }
    // Two go on where three stopped.
    let mut ranks = [0, 1].map(|rank| begin(rank, 2, &cursor));
    for at in 6..12 {
        assert_eq!(ranks[at % 2].next().unwrap().samples, whole[at].samples, "micro-batch {at}");
    }
}

#[test]
fn a_window_fills_micro_batches_better() {
    let folder = tempfile::tempdir().unwrap();
    let fill = |window| {
        let recipe = DataRecipe { token_budget: 200, window, ..mixed(folder.path()) };
        let mut loader = Loader::open(&recipe, processor(), 5, Cursor::default()).unwrap();
        take(&mut loader, 16);
        let statistics = loader.statistics();
        assert_eq!(statistics.room, statistics.batches * 200);
        statistics.fill()
    };
    let (strict, free) = (fill(0), fill(12));
    assert!(free > strict + 0.05, "{strict} and {free}");
}

/// Flips a byte of the picture of a row, which Parquet does not notice.
fn spoil(path: &Path, number: usize) {
    let mut bytes = fs::read(path).unwrap();
    let picture = sample::picture(number);
    let at = bytes.windows(picture.len()).position(|window| window == picture).unwrap();
    // Behind signature, header and its checksum, and the length and name of the data.
    bytes[at + 50] ^= 0xff;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_broken_row_is_named_or_passed_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = shard(folder.path(), 9, 3);
    spoil(&path, 400);
    let strict = DataRecipe { workers: 3, ..recipe(vec![SourceRecipe::Screens(screens(&path))]) };
    let mut loader = Loader::open(&strict, processor(), 1, Cursor::default()).unwrap();
    let error = loop {
        match loader.next() {
            Ok(batch) => assert!(batch.cursor_after.next < 30, "nobody noticed"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.starts_with("row 4 of `") && error.contains("cannot be decoded"), "{error}");
    assert!(matches!(loader.next(), Err(DataError::Worker { .. })));
    let lenient = DataRecipe { skip_broken: true, ..strict };
    let mut loader = Loader::open(&lenient, processor(), 1, Cursor::default()).unwrap();
    let batches = take(&mut loader, 12);
    assert!(batches.iter().flat_map(|batch| &batch.samples).all(|sample| !sample.key.starts_with("a~test-4-")));
    let statistics = loader.statistics();
    assert!(statistics.dropped["broken"] > 0 && statistics.broken[0].starts_with("row 4 of"), "{statistics:?}");
}

#[test]
fn a_shard_that_is_cut_off_is_named_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = shard(folder.path(), 4, 2);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let recipe = recipe(vec![SourceRecipe::Screens(screens(&path))]);
    let error = Loader::open(&recipe, processor(), 1, Cursor::default()).err().unwrap().to_string();
    assert!(error.contains("train-00000.parquet") && error.contains("cut off"), "{error}");
}

#[test]
fn what_never_comes_is_an_error_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = shard(folder.path(), 4, 2);
    let short = DataRecipe { token_budget: 30, workers: 2, ..recipe(vec![SourceRecipe::Screens(screens(&path))]) };
    let error = Loader::open(&short, processor(), 1, Cursor::default()).unwrap().next().unwrap_err().to_string();
    assert!(error.contains("\"too_long\": 1001"), "{error}");
    let mut none = screens(&path);
    none.tasks = BTreeSet::from(["summary".to_owned()]);
    let none = recipe(vec![SourceRecipe::Screens(none)]);
    let error = Loader::open(&none, processor(), 1, Cursor::default()).err().unwrap().to_string();
    assert!(error.starts_with("`pages` gives nothing to train on"), "{error}");
}

/// Breaks down.
struct Broken;

impl Prompter for Broken {
    fn messages(&self, _moment: &Moment<'_>) -> Result<Vec<Message>, String> {
        panic!("out of words")
    }
}

#[test]
fn a_panic_of_a_thread_is_an_error() {
    let run = tempfile::tempdir().unwrap();
    episode(run.path(), "pages/press", 1, &[turn(Outcome::Done)], 1.0);
    let source = EpisodesRecipe { prompt: PromptForm::Agent, ..episodes(run.path(), Learn::Actions) };
    let recipe = DataRecipe { workers: 2, ..recipe(vec![SourceRecipe::Episodes(source)]) };
    let mixture = Mixture::open(&recipe, processor(), Some(Arc::new(Broken)), 1).unwrap();
    let error = Loader::begin(mixture, Cursor::default(), Share::WHOLE).unwrap().next().unwrap_err();
    assert!(error.to_string().contains("out of words"), "{error}");
}

#[test]
fn all_mistakes_of_a_recipe_are_told_at_once() {
    let read = |text: &str| serde_json::from_str::<DataRecipe>(text);
    let wrong = read(
        r#"{"token_budget": 3, "workers": 0, "sources": [
            {"kind": "screens", "name": "a", "path": "x", "weight": -1, "coordinate_step": 0, "per_screen": 0},
            {"kind": "episodes", "name": "a", "path": "y", "learn": "actions", "min_score": 7},
            {"kind": "text", "name": "", "path": "z", "weight": 0}]}"#,
    );
    let mistakes = wrong.unwrap().validate();
    assert_eq!(mistakes.len(), 8, "{mistakes:#?}");
    let error = read(r#"{"token_budget": 99, "sources": [{"kind": "text", "name": "t", "path": "p", "wieght": 1}]}"#);
    assert!(error.unwrap_err().to_string().contains("wieght"));
    let good = read(r#"{"token_budget": 99, "sources": [{"kind": "text", "name": "t", "path": "p"}]}"#).unwrap();
    assert_eq!(good.validate(), [""; 0]);
}

#[test]
fn broken_files_are_passed_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = shard(folder.path(), 4, 2);
    let bytes = fs::read(&path).unwrap();
    fs::write(folder.path().join("train-00001.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    let run = folder.path().join("run");
    episode(&run, "pages/press", 1, &[turn(Outcome::Done)], 1.0);
    fs::create_dir_all(run.join("episodes/pages__press/2")).unwrap();
    fs::write(run.join("episodes/pages__press/2/episode.jsonl"), "{\"line\": \"epis").unwrap();
    let pages = SourceRecipe::Screens(screens(folder.path()));
    let acts = SourceRecipe::Episodes(episodes(&run, Learn::Actions));
    let lenient = DataRecipe { skip_broken: true, ..recipe(vec![pages, acts]) };
    let mut loader = Loader::open(&lenient, processor(), 1, Cursor::default()).unwrap();
    assert_eq!(loader.sizes(), [4, 1]);
    take(&mut loader, 2);
    let statistics = loader.statistics();
    assert_eq!(statistics.dropped["broken_file"], 2);
    assert!(statistics.broken[0].contains("train-00001.parquet"), "{:?}", statistics.broken);
    assert!(statistics.broken[1].starts_with("line 1 of"), "{:?}", statistics.broken);
}
