//! The world breaks: the episode is void, the others go on, nothing stays behind.

use std::path::Path;
use std::time::Duration;

use glim_browser::{Browser, BrowserConfig};
use glim_env::{Action, EnvError, Environment, Seed, StartState};

use crate::site::{Site, browser};

const PAGE: &str = "<button onclick='for(;;);'>loop</button><button onclick=\"const a=[];for(;;)a.push(new Array(1e6).fill(a))\">\
                    memory</button><button onclick=\"document.title='ok'\">fine</button>";

fn kill(pid: u32) {
    assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

fn named(seen: &glim_env::Observation, name: &str) -> Action {
    Action::click(seen.elements.iter().find(|element| element.name == name).unwrap().point)
}

#[tokio::test]
async fn a_killed_browser_is_started_again() {
    let site = Site::new(&[("/", PAGE)]).await;
    let browser = browser();
    let (mut one, mut two) = (browser.env(), browser.env());
    let start = StartState::Web(site.start("/"));
    let seen = one.reset(&start, Seed(1)).await.unwrap();
    two.reset(&start, Seed(1)).await.unwrap();
    kill(browser.pid().await.unwrap());
    for env in [&mut one, &mut two] {
        let error = env.step(&named(&seen, "fine")).await.unwrap_err();
        assert!(matches!(error, EnvError::Died { .. }), "{error}");
        let again = env.reset(&start, Seed(1)).await.unwrap();
        assert!(again.screenshot == seen.screenshot);
    }
}

#[tokio::test]
async fn an_endless_loop_or_no_memory_voids_one_episode_only() {
    let site = Site::new(&[("/", PAGE)]).await;
    let browser = Browser::new(BrowserConfig { call: Duration::from_secs(10), ..BrowserConfig::default() });
    let start = StartState::Web(site.start("/"));
    for trap in ["loop", "memory"] {
        let (mut one, mut two) = (browser.env(), browser.env());
        let seen = one.reset(&start, Seed(1)).await.unwrap();
        two.reset(&start, Seed(1)).await.unwrap();
        let pid = browser.pid().await;
        let (trapped, fine) = (named(&seen, trap), named(&seen, "fine"));
        let (stuck, other) = tokio::join!(one.step(&trapped), async {
            for _ in 0..5 {
                two.step(&fine).await?;
            }
            two.step(&fine).await
        });
        let error = stuck.unwrap_err();
        assert!(matches!(error, EnvError::Timeout { .. } | EnvError::Crashed { .. }), "{trap}: {error}");
        assert_eq!(other.unwrap().observation.title, "ok", "{trap}");
        one.reset(&start, Seed(1)).await.unwrap();
        assert_eq!(browser.pid().await, pid, "{trap}: the browser lives on");
    }
}

#[tokio::test]
async fn a_page_that_never_loads_is_a_timeout() {
    let site = Site::new(&[("/", "never"), ("/fine", PAGE)]).await;
    let browser = Browser::new(BrowserConfig { navigation: Duration::from_secs(2), ..BrowserConfig::default() });
    let mut env = browser.env();
    let error = env.reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap_err();
    assert!(matches!(error, EnvError::Timeout { .. }), "{error}");
    env.reset(&StartState::Web(site.start("/fine")), Seed(1)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let mut start = glim_env::WebStart::local("http://gone.test/").route("gone.test", ([127, 0, 0, 1], 1).into());
    start.clock = glim_env::Clock::Real;
    let error = browser().env().reset(&StartState::Web(start), Seed(1)).await.unwrap_err();
    assert!(matches!(error, EnvError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let site = Site::new(&[("/", PAGE)]).await;
    let browser = browser();
    let mut env = browser.env();
    env.reset(&StartState::Web(site.start("/")), Seed(1)).await.unwrap();
    let pid = browser.pid().await.unwrap();
    let profile = profile_of(pid);
    assert!(Path::new(&profile).exists());
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(String::from_utf8_lossy(&environment).contains(&format!("TMPDIR={profile}")));
    drop((env, browser));
    assert!(!Path::new(&profile).exists(), "{profile}");
    assert!(!Path::new(&format!("/proc/{pid}")).exists() || is_zombie(pid));
}

#[tokio::test]
async fn a_panic_leaves_nothing_behind_and_other_episodes_alone() {
    let site = Site::new(&[("/", PAGE)]).await;
    let start = StartState::Web(site.start("/"));
    let shared = browser();
    let mut other = shared.env();
    other.reset(&start, Seed(1)).await.unwrap();
    let pid = shared.pid().await.unwrap();
    let profile = profile_of(pid);

    let panicking = |mut env: glim_browser::BrowserEnv| {
        let start = start.clone();
        tokio::spawn(async move {
            let seen = env.reset(&start, Seed(1)).await.unwrap();
            let fine = named(&seen, "fine");
            let mut step = Box::pin(env.step(&fine));
            // In the middle of a step, with commands under way.
            let _ = tokio::time::timeout(Duration::from_millis(3), &mut step).await;
            panic!("an agent's mistake of ours");
        })
    };
    assert!(panicking(shared.env()).await.unwrap_err().is_panic());
    let seen = other.step(&Action::Wait { ms: 10 }).await.unwrap().observation;
    other.step(&named(&seen, "fine")).await.unwrap();
    assert_eq!(shared.pid().await, Some(pid), "the browser lives on");

    // The last one that held the browser takes it along.
    drop(other);
    let last = panicking(shared.env());
    drop(shared);
    assert!(last.await.unwrap_err().is_panic());
    assert!(!Path::new(&profile).exists(), "{profile}");
    assert!(!Path::new(&format!("/proc/{pid}")).exists() || is_zombie(pid));
}

#[tokio::test]
async fn a_cancelled_step_does_not_break_the_browser() {
    let site = Site::new(&[("/", PAGE)]).await;
    let browser = browser();
    let mut env = browser.env();
    let start = StartState::Web(site.start("/"));
    for ms in [0, 1, 3, 5, 8, 13] {
        let seen = env.reset(&start, Seed(1)).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(ms), env.step(&named(&seen, "fine"))).await;
    }
    let pid = browser.pid().await;
    env.reset(&start, Seed(1)).await.unwrap();
    assert_eq!(browser.pid().await, pid);
}

#[tokio::test]
async fn a_program_that_is_no_browser_says_so() {
    let config = BrowserConfig { executable: Some("/bin/false".into()), ..BrowserConfig::default() };
    let start = StartState::Web(glim_env::WebStart::local("http://x.test/"));
    let error = Browser::new(config).env().reset(&start, Seed(1)).await.unwrap_err();
    assert!(matches!(&error, EnvError::Start { what, .. } if what.contains("/bin/false")), "{error}");
}

fn profile_of(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let line = String::from_utf8_lossy(&line).into_owned();
    line.split('\0').find_map(|argument| argument.strip_prefix("--user-data-dir=")).unwrap().to_owned()
}

fn is_zombie(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z"))
}
