//! The Chromium process: found on the machine, started in a profile of its own, gone when we are.
//!
//! Nothing is left behind: the process ends with its pipe, `kill_on_drop` ends it earlier, the profile folder goes with
//! it, and folders of runs that were killed are swept at the next start.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use command_fds::{CommandFdExt, FdMapping};
use glim_env::EnvError;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use crate::BrowserConfig;
use crate::cdp::{Event, Link};
use crate::identity::IDENTITY;

/// Names under which distributions install Chromium, fastest first.
const NAMES: [&str; 6] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

const PROFILE: &str = "glim-browser-";

/// A started browser process.
pub(crate) struct Chromium {
    pub link: Link,
    /// Whether frames are ours to ask for (`HeadlessExperimental.beginFrame`).
    pub begin_frames: bool,
    pub version: Version,
    pub child: Child,
    pub profile: tempfile::TempDir,
}

/// What a browser says it is.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// `Chrome/156.0.8078.73`.
    pub product: String,
    /// As an ordinary Chromium of this version tells pages.
    pub user_agent: String,
}

/// The Chromium to use: `GLIM_CHROMIUM` if set, else the first on `PATH`.
///
/// # Errors
/// If there is none; the text says how to install one.
pub fn find_chromium(headed: bool) -> Result<PathBuf, EnvError> {
    if let Some(named) = std::env::var_os("GLIM_CHROMIUM").filter(|named| !named.is_empty()) {
        let path = PathBuf::from(named);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(missing(format!("GLIM_CHROMIUM names `{}`, which is not a file", path.display())))
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    NAMES
        .iter()
        .filter(|name| !(headed && name.contains("headless")))
        .flat_map(|name| std::env::split_paths(&folders).map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            missing(
                "there is none on PATH: install it with `apt-get install chromium chromium-headless-shell`, \
                 or set GLIM_CHROMIUM to one"
                    .to_owned(),
            )
        })
}

fn missing(reason: String) -> EnvError {
    EnvError::Start { what: "Chromium".to_owned(), reason }
}

/// Debian starts Chromium through a shell script that asks the desktop for themes; the program itself starts faster.
fn unwrapped(path: &Path) -> PathBuf {
    let behind = path.file_name().map(|name| Path::new("/usr/lib/chromium").join(name));
    match behind {
        Some(program) if path.starts_with("/usr/bin") && program.is_file() => program,
        _ => path.to_owned(),
    }
}

/// Whether this Chromium lets us ask for each frame.
fn is_headless_shell(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("headless-shell"))
}

fn arguments(config: &BrowserConfig, begin_frames: bool, profile: &Path, sandbox: bool) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [
        "--remote-debugging-pipe",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-service-autorun",
        "--disable-background-networking",
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
        "--disable-breakpad",
        "--disable-client-side-phishing-detection",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-dev-shm-usage",
        "--disable-domain-reliability",
        "--disable-extensions",
        "--disable-ipc-flooding-protection",
        "--disable-popup-blocking",
        "--disable-prompt-on-repost",
        "--disable-quic",
        "--disable-smooth-scrolling",
        "--disable-sync",
        "--metrics-recording-only",
        "--mute-audio",
        "--password-store=basic",
        "--use-mock-keychain",
        "--force-color-profile=srgb",
        "--font-render-hinting=none",
        // Text whose smoothing depends on what lies below it is drawn again when a list scrolls, and a frame that is
        // drawn on request waits for that for ever; what is drawn again in parts differs in single pixels.
        "--disable-lcd-text",
        "--disable-partial-raster",
        // The frame in which a film fills the screen never comes either.
        "--blink-settings=fullscreenSupported=false",
        "--hide-scrollbars",
        "--lang=en-US",
        // Every page goes through its episode's gate; names are never looked up by the browser itself, and no media
        // connection leaves beside the gate.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        // Frames of other sites share the page's process and so its session, its clock and its frames: one script run
        // sees all of them. Episodes never share a process, since each has its own browser context.
        "--disable-site-isolation-trials",
        // One process less; if it dies, the browser dies with it and is started again.
        "--enable-features=NetworkServiceInProcess2",
        "--disable-features=IsolateOrigins,site-per-process,ProactivelySwapBrowsingInstance,BackForwardCache,\
         RenderDocument,Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,CalculateNativeWinOcclusion",
    ]
    .into_iter()
    .map(OsString::from)
    .collect();
    arguments.push(format!("--ignore-certificate-errors-spki-list={}", IDENTITY.public_key).into());
    let mut user_data = OsString::from("--user-data-dir=");
    user_data.push(profile);
    arguments.push(user_data);
    if config.few_processes {
        arguments.push("--renderer-process-limit=1".into());
    }
    if !config.headed {
        arguments.extend(["--headless", "--disable-gpu", "--no-startup-window"].map(OsString::from));
    }
    if begin_frames {
        arguments.extend(
            [
                "--enable-begin-frame-control",
                "--run-all-compositor-stages-before-draw",
                "--disable-new-content-rendering-timeout",
                "--disable-threaded-animation",
                "--disable-checker-imaging",
            ]
            .map(OsString::from),
        );
    }
    if !sandbox {
        arguments.push("--no-sandbox".into());
    }
    arguments
}

/// The configuration of fonts of this machine, if it has one where fontconfig looks for it first.
fn machine_fonts() -> Option<PathBuf> {
    let told = std::env::var_os("FONTCONFIG_FILE").map(PathBuf::from);
    let folder = std::env::var_os("FONTCONFIG_PATH").map_or_else(|| PathBuf::from("/etc/fonts"), PathBuf::from);
    told.or_else(|| Some(folder.join("fonts.conf"))).filter(|file| file.is_absolute() && file.exists())
}

/// How glyphs are drawn, as chromium-headless-shell draws them, whatever the desktop of this machine is set to; added to its
/// own configuration.
fn plain_fonts(machine: &Path) -> String {
    let base = machine.to_string_lossy().replace('&', "&amp;").replace('<', "&lt;");
    let edits = [
        ("antialias", "<bool>true</bool>"),
        ("autohint", "<bool>false</bool>"),
        ("hinting", "<bool>false</bool>"),
        ("hintstyle", "<const>hintnone</const>"),
        ("rgba", "<const>none</const>"),
    ]
    .map(|(name, value)| format!("<edit name=\"{name}\" mode=\"assign\">{value}</edit>"))
    .concat();
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"urn:fontconfig:fonts.dtd\"><fontconfig>\
         <include>{base}</include><match target=\"pattern\">{edits}</match><match target=\"font\">{edits}</match></fontconfig>"
    )
}

/// Starts a browser and waits until it answers.
pub(crate) async fn launch(
    config: &BrowserConfig,
) -> Result<(Chromium, tokio::sync::mpsc::UnboundedReceiver<Event>), EnvError> {
    let found = match &config.executable {
        Some(path) => path.clone(),
        None => find_chromium(config.headed)?,
    };
    let program = unwrapped(&found);
    let begin_frames = is_headless_shell(&found) && !config.headed;
    let start = |reason: String| EnvError::Start { what: format!("`{}`", found.display()), reason };

    sweep_profiles();
    let profile =
        tempfile::Builder::new().prefix(&format!("{PROFILE}{}-", std::process::id())).tempdir().map_err(|error| {
            start(format!("no folder for its profile in `{}`: {error}", std::env::temp_dir().display()))
        })?;

    let fonts = machine_fonts().map(|machine| (profile.path().join("fonts.conf"), plain_fonts(&machine)));
    if let Some((file, configuration)) = &fonts {
        std::fs::write(file, configuration)
            .map_err(|error| start(format!("`{}` could not be written: {error}", file.display())))?;
    }

    let sandbox = !runs_as_root();
    if !sandbox {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            tracing::warn!("running as root: Chromium's sandbox is off, since it does not work for root");
        });
    }

    let pipe_failed = |error: std::io::Error| start(format!("no pipe to it: {error}"));
    let (commands, to_browser) = std::io::pipe().map_err(pipe_failed)?;
    let (from_browser, answers) = std::io::pipe().map_err(pipe_failed)?;
    let mut command = Command::new(&program);
    command
        .args(arguments(config, begin_frames, profile.path(), sandbox))
        // What it leaves in the folder for temporary files when it is killed goes with the profile.
        .env("TMPDIR", profile.path())
        .envs(fonts.iter().map(|(file, _)| ("FONTCONFIG_FILE", file)))
        .env("TZ", "UTC")
        .env("LANG", "en_US.UTF-8")
        .env("LC_ALL", "en_US.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Its own group, so that Ctrl-C reaches us first and the episode at hand is put away in order.
        .process_group(0)
        .kill_on_drop(true)
        .fd_mappings(vec![
            FdMapping { parent_fd: OwnedFd::from(commands), child_fd: 3 },
            FdMapping { parent_fd: OwnedFd::from(answers), child_fd: 4 },
        ])
        .map_err(|error| start(format!("its pipes collide: {error}")))?;
    let mut child = command.spawn().map_err(|error| start(error.to_string()))?;
    drop(command);

    let complaints = child.stderr.take().map(collect_complaints);
    let sender = pipe::Sender::from_owned_fd(OwnedFd::from(to_browser)).map_err(pipe_failed)?;
    let receiver = pipe::Receiver::from_owned_fd(OwnedFd::from(from_browser)).map_err(pipe_failed)?;
    let (link, events) = Link::over(receiver, sender, config.call);
    let told = link.call("Browser.getVersion", serde_json::json!({})).await;
    let version = match told {
        Ok(told) => Version {
            product: told["product"].as_str().unwrap_or_default().to_owned(),
            user_agent: told["userAgent"].as_str().unwrap_or_default().replace("HeadlessChrome", "Chrome"),
        },
        Err(error) => {
            let _ = child.start_kill();
            let said = match complaints {
                Some(reading) => tokio::time::timeout(std::time::Duration::from_secs(2), reading)
                    .await
                    .ok()
                    .and_then(Result::ok)
                    .unwrap_or_default(),
                None => String::new(),
            };
            return Err(start(format!("{error}; it said: {}", if said.is_empty() { "nothing" } else { said.trim() })));
        }
    };
    Ok((Chromium { link, begin_frames, version, child, profile }, events))
}

/// Keeps the last lines that the process writes to its error output, and the pipe from filling.
fn collect_complaints(stderr: tokio::process::ChildStderr) -> tokio::task::JoinHandle<String> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stderr).lines();
        let mut kept = std::collections::VecDeque::new();
        while let Ok(Some(line)) = lines.next_line().await {
            tracing::trace!(target: "glim_browser::chromium", "{line}");
            if kept.len() == 8 {
                kept.pop_front();
            }
            kept.push_back(line);
        }
        kept.into_iter().collect::<Vec<_>>().join("\n")
    })
}

fn runs_as_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| status.lines().find_map(|line| line.strip_prefix("Uid:").map(str::to_owned)))
        .and_then(|ids| ids.split_whitespace().nth(1).map(|effective| effective == "0"))
        .unwrap_or(false)
}

/// Removes profile folders whose process is gone, left by a run that was killed.
fn sweep_profiles() {
    let Ok(entries) = std::fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix(PROFILE)) else { continue };
        let Some(pid) = owner.split('-').next().and_then(|pid| pid.parse::<u32>().ok()) else { continue };
        if pid != std::process::id() && !Path::new(&format!("/proc/{pid}")).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_keep_what_the_machine_says_of_them() {
        let written = plain_fonts(Path::new("/a <b> & c/fonts.conf"));
        assert!(written.contains("<include>/a &lt;b> &amp; c/fonts.conf</include>"), "{written}");
        assert_eq!(written.matches("<edit name=\"hinting\" mode=\"assign\"><bool>false</bool></edit>").count(), 2);
    }

    #[test]
    fn the_browser_never_looks_up_names_itself_and_has_no_open_debugger_port() {
        let arguments = arguments(&BrowserConfig::default(), true, Path::new("/tmp/p"), true);
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        assert!(arguments.iter().any(|argument| argument.starts_with("--host-resolver-rules=MAP * ~NOTFOUND")));
        assert!(!arguments.iter().any(|argument| argument.contains("remote-debugging-port")));
        assert!(!arguments.iter().any(|argument| argument.contains("no-sandbox")));
    }
}
