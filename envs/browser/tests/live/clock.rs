//! Equal seed, equal pixels; waiting that costs no time; pages that never come to rest.

use std::time::Instant;

use glim_env::{Action, Environment, Query, Seed, StartState};

use crate::site::{Live, Site, browser};

const RANDOM: &str = r#"<p id=a></p><p id=b></p><canvas id=c width=100 height=50></canvas>
    <style>@keyframes slide{to{margin-left:200px}} #m{width:20px;height:20px;background:red;animation:slide 3s linear infinite}
    </style><div id=m></div><button onclick="b.textContent=Math.random()+' '+Date.now()+' '+performance.now()">go</button>
    <script>a.textContent = Math.random() + ' ' + new Date().toISOString();
    setInterval(() => { c.getContext('2d').fillRect(Math.random()*100, Math.random()*50, 5, 5) }, 70)</script>"#;

#[tokio::test]
async fn equal_seeds_give_equal_pixels_in_different_browsers() {
    let mut pictures = Vec::new();
    for seed in [1, 1, 2] {
        let site = Site::new(&[("/", RANDOM)]).await;
        let mut env = browser().env();
        let start = StartState::Web(site.start("/"));
        let mut seen = vec![env.reset(&start, Seed(seed)).await.unwrap()];
        assert!(
            env.is_deterministic(),
            "these tests need chromium-headless-shell: apt-get install chromium-headless-shell"
        );
        let button = seen[0].elements.iter().find(|element| element.name == "go").unwrap().point;
        for action in [Action::click(button), Action::Wait { ms: 500 }, Action::click(button)] {
            seen.push(env.step(&action).await.unwrap().observation);
        }
        pictures.push(seen.into_iter().map(|seen| seen.screenshot).collect::<Vec<_>>());
    }
    assert!(pictures[0] == pictures[1], "equal seeds");
    assert!(pictures[0][0] != pictures[2][0], "different seeds");
    assert!(pictures[0][1] != pictures[0][2], "time passes");
}

#[tokio::test]
async fn waiting_passes_the_pages_time_and_not_ours() {
    let page = "<p id=t>0</p><script>setInterval(() => t.textContent = +t.textContent + 1, 1000)</script>";
    let mut live = Live::at(&[("/", page)]).await;
    let begun = Instant::now();
    live.done(Action::Wait { ms: 30_000 }).await;
    let ticks = live.env.probe(&Query::Script { expression: "+t.textContent".into() }).await.unwrap().value;
    assert!((30..=32).contains(&ticks.as_i64().unwrap()), "{ticks}");
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_page_that_never_rests_is_looked_at_all_the_same() {
    let page = "<p id=t>0</p><script>(function next(){t.textContent++;requestAnimationFrame(next)})()</script>";
    let mut live = Live::at(&[("/", page)]).await;
    assert!(!live.seen.settled);
    live.done(Action::Hover { target: glim_env::Point::new(5.0, 5.0).into() }).await;
}

#[tokio::test]
async fn a_late_change_is_waited_for() {
    let page = "<button onclick=\"setTimeout(()=>this.textContent='later', 80)\">now</button>";
    let mut live = Live::at(&[("/", page)]).await;
    live.click("now").await;
    assert_eq!(live.names(), ["later"]);
    let fetched = "<button onclick=\"fetch('/data').then(r=>r.text()).then(t=>this.textContent=t)\">now</button>";
    let mut live = Live::at(&[("/", fetched), ("/data", "from the server")]).await;
    live.click("now").await;
    assert_eq!(live.names(), ["from the server"]);
    let moved = "<style>#m{transition:margin-left .6s;width:90px}</style><button id=m \
                 onclick=\"this.style.marginLeft='150px'\">move</button>";
    let mut live = Live::at(&[("/", moved)]).await;
    let before = live.find("move").rect.x;
    live.click("move").await;
    assert!((live.find("move").rect.x - before - 150.0).abs() < 1.0, "{:?}", live.find("move").rect);
}

#[tokio::test]
async fn on_the_wall_clock_pages_settle_too() {
    let page = "<button onclick=\"setTimeout(()=>this.textContent='later', 60)\">now</button>\
                <script>setTimeout(()=>document.body.append('ready'),30)</script>";
    let mut live =
        Live::with(&[("/", page)], |start| glim_env::WebStart { clock: glim_env::Clock::Real, ..start }).await;
    assert!(live.shows("ready"));
    live.click("now").await;
    assert!(live.names().contains(&"later"), "{:?}", live.names());
}

#[tokio::test]
async fn an_episode_begins_again_in_the_loaded_page_as_in_a_fresh_one() {
    let page = "<p id=a></p><script>window.begin = () => { a.textContent = Math.random() + ' ' + Date.now() }</script>";
    let site = Site::new(&[("/", page)]).await;
    let mut env = browser().env();
    let start = glim_env::WebStart { begin: Some("begin()".into()), ..site.start("/") };
    let start = StartState::Web(start);
    let fresh = env.reset(&start, Seed(4)).await.unwrap();
    env.step(&Action::Wait { ms: 300 }).await.unwrap();
    let other = env.reset(&start, Seed(5)).await.unwrap();
    let again = env.reset(&start, Seed(4)).await.unwrap();
    assert_eq!(fresh.elements, again.elements);
    assert!(fresh.screenshot == again.screenshot && fresh.screenshot != other.screenshot);
    assert_eq!(site.asked.lock().unwrap().iter().filter(|asked| asked.ends_with("/")).count(), 1);
}

#[tokio::test]
async fn the_first_page_on_the_wall_clock_has_our_scripts_and_its_address() {
    for _ in 0..5 {
        let page = "<p id=p></p><script>p.textContent = Math.random()</script>";
        let live =
            Live::with(&[("/", page)], |start| glim_env::WebStart { clock: glim_env::Clock::Real, ..start }).await;
        assert_eq!(live.seen.url, "http://site.test/");
        assert!(live.shows("0.29019908486268453"), "{:?}", live.seen.elements);
    }
}
