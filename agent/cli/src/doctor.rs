//! `glim doctor`: what is missing on this machine, and the command that adds it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use glim_browser::{Browser, BrowserConfig, find_chromium};
use glim_env::{Environment, Seed, StartState, WebStart};

use crate::eval::say;

pub(crate) async fn doctor() -> Result<ExitCode> {
    let mut healthy = true;
    match find_chromium(false) {
        Ok(path) => {
            say(&format!("ok       Chromium is {}", path.display()));
            if !path.to_string_lossy().contains("headless-shell") {
                say(
                    "missing  chromium-headless-shell: without it pages live on the wall clock, so that equal seeds need \
                     not give equal pixels, and steps are slower",
                );
                say("         apt-get install chromium-headless-shell");
            }
        }
        Err(error) => {
            say(&format!("missing  {error}"));
            healthy = false;
        }
    }
    if healthy {
        healthy = open_a_page().await;
    }
    #[cfg(feature = "torch")]
    libtorch();
    #[cfg(not(feature = "torch"))]
    say("note     this build has no model: it was made with --no-default-features, without libtorch");
    match std::env::var_os("DISPLAY").or_else(|| std::env::var_os("WAYLAND_DISPLAY")) {
        Some(_) => say("ok       there is a display for --headed"),
        None => say("note     there is no display: --headed does not work here, everything else does"),
    }
    match (std::env::var("OPENAI_BASE_URL"), std::env::var_os("OPENAI_API_KEY").filter(|key| !key.is_empty())) {
        (Ok(url), key) => {
            let key = if key.is_some() { "with a key" } else { "without a key" };
            say(&format!("ok       openai: agents ask {url}, {key}"));
        }
        (Err(_), Some(_)) => say("ok       openai: agents ask OpenAI's own server, with a key"),
        (Err(_), None) => say(
            "note     openai: agents need a server: --agent openai:MODEL@BASE_URL, and OPENAI_API_KEY if it wants one",
        ),
    }
    let nats = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("nats-server"))
        .find(|place| place.is_file());
    match nats {
        Some(path) => say(&format!("ok       nats-server, for crawls on more than one machine, is {}", path.display())),
        None => say("note     there is no nats-server here: only crawls on more than one machine need one, somewhere"),
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says which libtorch this program runs with, and whether a GPU's part of it is there.
#[cfg(feature = "torch")]
fn libtorch() {
    use glim_vlm::libtorch::{cuda_library, loaded, version};

    let Some(library) = loaded() else {
        say("note     libtorch is linked, but this system does not tell which");
        return;
    };
    let version = version(&library).unwrap_or_else(|| "of an unknown version".to_owned());
    say(&format!("ok       libtorch {version} is {}", library.display()));
    let gpu = std::path::Path::new("/dev/nvidiactl").exists();
    match cuda_library() {
        Some(path) if !path.is_file() => {
            say(&format!("missing  GLIM_LIBTORCH_CUDA asks for {}, which is not there", path.display()));
            say("         name the folder that libtorch_cuda.so lies in, or unset it");
        }
        Some(path) if gpu => say(&format!("ok       for the GPU there is {}", path.display())),
        Some(path) => say(&format!("note     there is no NVIDIA GPU here; {} waits for one", path.display())),
        None if gpu => {
            say("missing  there is an NVIDIA GPU, but the part of libtorch that computes on it is not installed");
            say("         scripts/setup --cuda");
        }
        None => say("note     there is no NVIDIA GPU: models run on the CPU"),
    }
}

async fn open_a_page() -> bool {
    let begun = Instant::now();
    let shop = match glim_sites::Instance::<glim_sites::Shop>::open(Seed(0)) {
        Ok(shop) => shop,
        Err(error) => {
            say(&format!("broken   the bundled shop: {error}"));
            return false;
        }
    };
    let start = StartState::Web(WebStart::local("http://shop.test/").route("shop.test", shop.addr()));
    let mut env = Browser::new(BrowserConfig::default()).env();
    match env.reset(&start, Seed(0)).await {
        Ok(seen) => {
            let seconds = begun.elapsed().as_secs_f64();
            say(&format!(
                "ok       it opened `{}` with {} elements in {seconds:.1} s",
                seen.title,
                seen.elements.len()
            ));
            true
        }
        Err(error) => {
            say(&format!("broken   it does not open pages: {error}"));
            false
        }
    }
}
