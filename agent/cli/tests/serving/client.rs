//! The Python side: `client.py`, with the official package `openai`.

use std::path::PathBuf;
use std::process::Command;

use crate::checkpoint::said;
use crate::server::Server;

/// As `scripts/setup --test` installs it.
const PACKAGE: &str = "openai-3.57.0";

/// Lets the package talk to the server in the way that a function of `client.py` says, and tells what it printed.
pub fn talk(server: &Server, scenario: &str) -> String {
    talk_with(server, scenario, "none")
}

pub fn talk_with(server: &Server, scenario: &str, token: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/serving/client.py");
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", package()).args([script, &server.url(), token, scenario]);
    let output = command.output().unwrap_or_else(|error| panic!("python3 does not run: {error}; scripts/setup --test"));
    assert!(output.status.success(), "{scenario}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn package() -> PathBuf {
    let folder = std::env::var_os("GLIM_OPENAI").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
        cache
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
            .unwrap()
            .join("glim")
            .join(PACKAGE)
    });
    assert!(
        folder.join("openai").is_dir(),
        "the Python package openai is not in `{}`: install it with scripts/setup --test, or name a folder that has it with \
         GLIM_OPENAI",
        folder.display()
    );
    folder
}
