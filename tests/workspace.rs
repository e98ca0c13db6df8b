//! The workspace holds to its own rules: which crate may know which, under which licences others' work is used, how long
//! a file may grow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// What each of our crates may depend on, tests included. What is not listed is forbidden.
const MAY_KNOW: [(&str, &[&str]); 17] = [
    ("glim-env", &[]),
    ("glim-browser", &["glim-env"]),
    ("glim-picture", &["glim-env"]),
    ("glim-tasks", &["glim-env"]),
    ("glim-sites", &["glim-env", "glim-tasks"]),
    ("glim-rewards", &["glim-env", "glim-tasks", "glim-agent"]),
    ("glim-agent", &["glim-env", "glim-tasks"]),
    ("glim-data", &["glim-env", "glim-processor"]),
    ("glim-crawl", &["glim-env", "glim-browser", "glim-data"]),
    ("glim-processor", &[]),
    ("glim-kernels", &[]),
    ("glim-vlm", &["glim-kernels", "glim-processor"]),
    ("glim-train", &["glim-data", "glim-kernels", "glim-processor", "glim-vlm"]),
    ("glim-bench-model", &["glim-kernels", "glim-processor", "glim-vlm"]),
    (
        "glim",
        &[
            "glim-env",
            "glim-browser",
            "glim-picture",
            "glim-tasks",
            "glim-sites",
            "glim-rewards",
            "glim-agent",
            "glim-crawl",
            "glim-data",
            "glim-processor",
            "glim-vlm",
            "glim-train",
        ],
    ),
    ("glim-bench", &["glim-env", "glim-browser", "glim-tasks", "glim-sites", "glim-agent"]),
    ("glim-tests", &["glim-env", "glim-browser", "glim-tasks", "glim-sites", "glim-agent"]),
];

/// Crates of others that stay behind one door, and where that is.
const ONLY_IN: [(&str, &[&str]); 9] = [
    ("adblock", &["glim-crawl"]),
    ("arrow-array", &["glim-data"]),
    ("parquet", &["glim-crawl", "glim-data"]),
    ("chromiumoxide", &["glim-browser"]),
    ("rusqlite", &["glim-sites"]),
    ("async-openai", &["glim-agent"]),
    ("tch", &["glim-kernels", "glim-vlm", "glim-train", "glim-bench-model"]),
    ("clap", &["glim", "glim-bench-model"]),
    ("anyhow", &["glim", "glim-bench", "glim-bench-model"]),
];

/// Licences that ask for no more than to be named, and MPL-2.0 (adblock), which asks for the source of its own files only
/// where they are changed.
const LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Past this a file has a seam to be split at.
const LINES: usize = 500;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

impl Metadata {
    fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}

/// What cargo knows of the workspace on this kind of machine; nothing is downloaded for it.
fn metadata() -> Metadata {
    let rustc = run(Command::new("rustc").arg("-vV"));
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host]);
    let told = run(command.current_dir(env!("CARGO_MANIFEST_DIR")));
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("cargo metadata: {error}"))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo and rustc write UTF-8")
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn crates_know_only_what_they_may() {
    let metadata = metadata();
    let rules: BTreeMap<_, _> = MAY_KNOW.into_iter().collect();
    let ours: BTreeSet<_> = metadata.members().map(|package| package.name.as_str()).collect();
    let mut complaints = Vec::new();
    for package in metadata.members() {
        let Some(allowed) = rules.get(package.name.as_str()) else {
            complaints.push(format!("{} has no line in MAY_KNOW", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            if ours.contains(name) && !allowed.contains(&name) {
                complaints.push(format!("{} may not depend on {name}", package.name));
            }
            if let Some((_, doors)) = ONLY_IN.iter().find(|(other, _)| *other == name)
                && !doors.contains(&package.name.as_str())
            {
                complaints.push(format!("{} may not depend on {name}, which is only for {doors:?}", package.name));
            }
        }
    }
    assert_none(&complaints);
    // The rules are about something: the doors are there.
    for (other, doors) in ONLY_IN {
        let used = metadata.members().any(|package| {
            doors.contains(&package.name.as_str()) && package.dependencies.iter().any(|it| it.name == other)
        });
        assert!(used, "no crate uses {other} any more: drop its line in ONLY_IN");
    }
}

#[test]
fn everything_is_under_a_licence_that_only_asks_to_be_named() {
    let complaints: Vec<_> = metadata()
        .packages
        .iter()
        .filter(|package| !package.license.as_deref().is_some_and(is_allowed))
        .map(|package| {
            format!("{} {}: {}", package.name, package.version, package.license.as_deref().unwrap_or("none"))
        })
        .collect();
    assert_none(&complaints);
}

/// Whether a licence expression of SPDX can be met by [`LICENCES`] alone. `/` is how old crates write `OR`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<_> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    any(&mut rest) == Some(true) && rest.is_empty()
}

/// Alternatives; None if the expression is malformed.
fn any(tokens: &mut &[&str]) -> Option<bool> {
    let mut met = all(tokens)?;
    while take(tokens, "OR") {
        met |= all(tokens)?;
    }
    Some(met)
}

fn all(tokens: &mut &[&str]) -> Option<bool> {
    let mut met = one(tokens)?;
    while take(tokens, "AND") {
        met &= one(tokens)?;
    }
    Some(met)
}

fn one(tokens: &mut &[&str]) -> Option<bool> {
    if take(tokens, "(") {
        let met = any(tokens)?;
        return take(tokens, ")").then_some(met);
    }
    let (licence, rest) = tokens.split_first()?;
    *tokens = rest;
    if take(tokens, "WITH") {
        // An exception only ever allows more than the licence before it.
        *tokens = tokens.split_first()?.1;
    }
    Some(LICENCES.contains(licence))
}

fn take(tokens: &mut &[&str], wanted: &str) -> bool {
    match tokens.split_first() {
        Some((first, rest)) if *first == wanted => {
            *tokens = rest;
            true
        }
        _ => false,
    }
}

#[test]
fn licence_expressions_are_read() {
    for allowed in
        ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND ISC", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-2.0", "MIT OR", "(MIT", "MIT)"] {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn files_stay_short() {
    let root = metadata().workspace_root;
    let listed = run(Command::new("git").args(["ls-files", "-z"]).current_dir(&root));
    let mut complaints = Vec::new();
    for path in listed.split('\0').filter(|path| path.ends_with(".rs") || path.ends_with(".js")) {
        let Some(lines) = lines(&root.join(path)) else { continue };
        if lines > LINES {
            complaints.push(format!("{path} has {lines} lines: split it"));
        }
    }
    assert_none(&complaints);
}

/// None for a file that is listed but deleted.
fn lines(path: &Path) -> Option<usize> {
    std::fs::read_to_string(path).ok().map(|text| text.lines().count())
}
