//! `glim train` as a person runs it: the command itself, killed, without room on the disk, as several processes.

#![cfg(feature = "torch")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const STEPS: u64 = 24;

/// A folder with words to learn, a recipe, and fresh weights.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench { folder };
        let lines = (0..80).map(|at| format!("the {at} red button is [[{at},{},3,4]]\n", at * 7 % 10));
        bench.write("words.txt", &lines.collect::<String>());
        let recipe = "stage = \"pretrain\"\nsteps = 24\nseed = 5\n[model]\nfrom = \"fresh\"\nscale_for_small = true\n\
                      [schedule]\nwarmup = 3\n[checkpoints]\nevery = 4\nkeep = 2\n[data]\ntoken_budget = 160\n\
                      [[data.sources]]\nkind = \"text\"\nname = \"words\"\npath = \"words.txt\"\npiece_bytes = 120\n";
        bench.write("recipe.toml", recipe);
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes/models/tiny.json");
        let fresh = bench.run(&["train", "fresh", "--recipe", "recipe.toml", "--config", config, "--seed", "3"]);
        assert!(fresh.status.success(), "{}", said(&fresh));
        bench
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn glim(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glim"));
        command.args(arguments).current_dir(self.path());
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        for name in ["RANK", "WORLD_SIZE", "LOCAL_RANK", "GLIM_LOG"] {
            command.env_remove(name);
        }
        // Sums in the same order, whatever else the machine does.
        command.env("OMP_NUM_THREADS", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.glim(arguments).output().unwrap()
    }

    fn train(&self, out: &str, more: &[&str]) -> Command {
        let mut command = self.glim(&["train", "pretrain", "--recipe", "recipe.toml", "--device", "cpu", "--out", out]);
        command.args(more);
        command
    }

    /// Steps in the record of a run, in their order.
    fn steps(&self, out: &str) -> Vec<u64> {
        let text = std::fs::read_to_string(self.path().join(out).join("metrics.jsonl")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["kind"] == json!("train")).filter_map(|line| line["step"].as_u64()).collect()
    }

    fn weights(&self, out: &str) -> Vec<u8> {
        let name = format!("checkpoints/step-{STEPS:08}/model.safetensors");
        std::fs::read(self.path().join(out).join(name)).unwrap()
    }

    fn is_whole(&self, out: &str) {
        assert_eq!(self.steps(out), (1..=STEPS).collect::<Vec<_>>());
        assert!(self.path().join(out).join("report.html").exists());
        let left: Vec<PathBuf> = partial(&self.path().join(out));
        assert!(left.is_empty(), "{left:?}");
    }
}

/// What a writing that was broken off leaves.
fn partial(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
        if entry.to_string_lossy().contains(".partial") {
            found.push(entry);
        } else if entry.is_dir() {
            found.extend(partial(&entry));
        }
    }
    found
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until a run has done some steps.
fn wait_for(bench: &Bench, out: &str, steps: usize, child: &mut Child) {
    let begun = Instant::now();
    while bench.steps(out).len() < steps {
        assert!(begun.elapsed() < Duration::from_secs(120), "no {steps} steps");
        assert!(child.try_wait().unwrap().is_none(), "it ended before {steps} steps");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_run_goes_on_bit_for_bit() {
    let bench = Bench::new();
    let whole = bench.train("whole", &[]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    bench.is_whole("whole");
    for steps in [6, 14] {
        let mut child = bench.train("killed", &[]).spawn().unwrap();
        wait_for(&bench, "killed", steps, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let last = bench.train("killed", &[]).output().unwrap();
    assert!(last.status.success(), "{}", said(&last));
    bench.is_whole("killed");
    assert!(bench.weights("killed") == bench.weights("whole"), "the weights differ");
}

#[test]
fn without_room_on_the_disk_nothing_is_torn_and_the_run_goes_on_later() {
    let bench = Bench::new();
    let whole = bench.train("whole", &[]).output().unwrap();
    assert!(whole.status.success(), "{}", said(&whole));
    // A limit on the size of files stands for a full disk: metrics fit, weights do not.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 200; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_glim")]);
    limited.args(["train", "pretrain", "--recipe", "recipe.toml", "--device", "cpu", "--out", "full"]);
    limited.current_dir(bench.path());
    bench.surround(&mut limited);
    let full = limited.output().unwrap();
    assert_eq!(full.status.code(), Some(1), "{}", said(&full));
    for words in ["full/checkpoints/", "File too large", "the same command goes on"] {
        assert!(said(&full).contains(words), "`{words}` is not in:\n{}", said(&full));
    }
    let after = bench.train("full", &[]).output().unwrap();
    assert!(after.status.success(), "{}", said(&after));
    bench.is_whole("full");
    assert!(bench.weights("full") == bench.weights("whole"), "the weights differ");
}

#[test]
fn two_processes_are_one_run_and_the_death_of_one_is_said() {
    let bench = Bench::new();
    let both = bench.train("both", &["--ranks", "2"]).output().unwrap();
    assert!(both.status.success(), "{}", said(&both));
    bench.is_whole("both");
    // The first rank speaks for both.
    let reports = String::from_utf8_lossy(&both.stdout).lines().filter(|line| line.starts_with("report")).count();
    assert_eq!(reports, 1);

    let mut child = bench.train("dying", &["--ranks", "2"]).spawn().unwrap();
    wait_for(&bench, "dying", 5, &mut child);
    let rank = rank_of(child.id(), 1);
    assert!(Command::new("kill").args(["-9", &rank.to_string()]).status().unwrap().success());
    let died = child.wait_with_output().unwrap();
    assert_eq!(died.status.code(), Some(1), "{}", said(&died));
    assert!(said(&died).contains("rank 1 ended with signal: 9"), "{}", said(&died));
    let alone = bench.train("dying", &[]).output().unwrap();
    assert!(alone.status.success(), "{}", said(&alone));
    bench.is_whole("dying");
}

/// The process of a rank that a process has started.
fn rank_of(parent: u32, rank: usize) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let is_it = |id: &&str| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|it| it == format!("RANK={rank}").as_bytes())
    };
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).unwrap();
    let all: String = tasks
        .map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).unwrap_or_default())
        .chain([children])
        .collect();
    all.split_whitespace().find(is_it).unwrap_or_else(|| panic!("no rank {rank} among {all}")).parse().unwrap()
}

#[test]
fn a_recipe_with_mistakes_is_told_all_of_them() {
    let bench = Bench::new();
    let wrong = ["steps=0", "model.ema=2", "optimizer.rate=-1", "data.token_budget=1", "schedule.last=7"];
    let set: Vec<&str> = wrong.iter().flat_map(|it| ["--set", it]).collect();
    let refused = bench.train("wrong", &set).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    for name in ["`steps`", "model.ema", "optimizer.rate", "token_budget", "schedule.last"] {
        assert!(said(&refused).contains(name), "{name} is not in:\n{}", said(&refused));
    }
    assert!(!bench.path().join("wrong").exists(), "nothing was begun");
}
