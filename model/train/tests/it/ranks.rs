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
    go(&recipe, folder.join("ranks"), 99);
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

/// Names of a checkpoint's weights with their numbers.
fn weights(run: &Path) -> std::collections::BTreeMap<String, tch::Tensor> {
    let last = run.join("checkpoints/step-00000012");
    glim_vlm::checkpoint::Checkpoint::open(&last).and_then(|it| it.read_all()).expect("a checkpoint has weights")
}

#[rstest::rstest]
#[case::each_steps_all("")]
#[case::each_steps_its_share("optimizer.sharded=true")]
fn two_ranks_are_one_process_with_the_doubled_batch(#[case] settings: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    begin(folder.path());
    let alone = recipe(folder.path(), &["accumulate=2"]);
    go(&alone, folder.path().join("alone"), 99);
    together(folder.path(), settings, 2);
    let (alone, ranks) = (weights(&folder.path().join("alone")), weights(&folder.path().join("ranks")));
    assert!(alone.len() > 20 && alone.keys().eq(ranks.keys()));
    for (name, tensor) in alone {
        let difference = (&tensor - &ranks[&name]).abs().max().double_value(&[]);
        assert!(difference < 1e-5, "`{name}` differs by {difference}");
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
