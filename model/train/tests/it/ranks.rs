//! Several processes that train as one.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::running::{begin, go, recipe};

/// Where a rank of these tests works; set for processes that a test started.
const FOLDER: &str = "GLIM_TEST_RANK_FOLDER";
const SETTINGS: &str = "GLIM_TEST_RANK_SETTINGS";

/// What each rank does; nothing if no test started it.
#[test]
fn one_rank() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = PathBuf::from(folder);
    let settings = std::env::var(SETTINGS).expect("it is set with the folder");
    let settings: Vec<&str> = settings.split(';').filter(|it| !it.is_empty()).collect();
    let recipe = glim_train::Recipe::read(
        &folder.join("recipe.toml"),
        &settings.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(),
    )
    .unwrap_or_else(|error| panic!("{error}"));
    let (_, losses) = go(&recipe, folder.join("ranks"), 99);
    if !losses.is_empty() {
        let text = serde_json::to_string(&losses).expect("losses are plain data");
        std::fs::write(folder.join("losses.json"), text).expect("the folder can be written");
    }
}

fn start(folder: &Path, settings: &str, rank: usize, ranks: usize, port: u16) -> Child {
    Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["ranks::one_rank", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(SETTINGS, settings)
        .env("RANK", rank.to_string())
        .env("LOCAL_RANK", rank.to_string())
        .env("WORLD_SIZE", ranks.to_string())
        .env("MASTER_ADDR", "127.0.0.1")
        .env("MASTER_PORT", port.to_string())
        .stdout(Stdio::null())
        .spawn()
        .expect("this program can be started again")
}

fn together(folder: &Path, settings: &str, ranks: usize) {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
    let children: Vec<Child> = (0..ranks).map(|rank| start(folder, settings, rank, ranks, port)).collect();
    for mut child in children {
        assert!(child.wait().expect("it was started here").success());
    }
}

#[rstest::rstest]
#[case::each_steps_all("")]
#[case::each_steps_its_share("optimizer.sharded=true")]
fn two_ranks_are_one_process_with_the_doubled_batch(#[case] settings: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    let alone = recipe(folder.path(), &["accumulate=2"]);
    let (_, alone) = go(&alone, folder.path().join("alone"), 99);
    together(folder.path(), settings, 2);
    let ranks = std::fs::read_to_string(folder.path().join("losses.json")).expect("the first rank tells its losses");
    let ranks: Vec<(u64, u64)> = serde_json::from_str(&ranks).expect("they are losses");
    assert_eq!((alone.len(), ranks.len()), (12, 12));
    for ((step, one), (_, two)) in alone.into_iter().zip(ranks) {
        let (one, two) = (f64::from_bits(one), f64::from_bits(two));
        assert!((one - two).abs() < 1e-5 * one, "step {step}: {one} and {two}");
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    let recipe = recipe(folder.path(), &["optimizer.sharded=true"]);
    let (first, _) = go(&recipe, folder.path().join("ranks"), 4);
    assert!(first.stopped);
    together(folder.path(), "optimizer.sharded=true", 2);
    assert!(folder.path().join("ranks/checkpoints/step-00000012/model.safetensors").is_file());
}
