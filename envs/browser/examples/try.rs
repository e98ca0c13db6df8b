use glim_env::*;
use std::time::Instant;
#[tokio::main]
async fn main() {
    let root = std::env::args().nth(1).unwrap();
    let app = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let root = root.clone();
        async move {
            let p = format!("{root}{}", uri.path());
            match std::fs::read(&p) {
                Ok(b) => {
                    let t = if p.ends_with("html") {
                        "text/html"
                    } else if p.ends_with("js") {
                        "text/javascript"
                    } else if p.ends_with("css") {
                        "text/css"
                    } else {
                        "application/octet-stream"
                    };
                    Ok(([("content-type", t)], b))
                }
                Err(_) => Err(axum::http::StatusCode::NOT_FOUND),
            }
        }
    });
    let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = l.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(l, app).await.unwrap() });
    let browser = glim_browser::Browser::new(Default::default());
    let mut env = browser.env();
    for task in std::env::args().skip(2) {
        for seed in 1..4u64 {
            let mut start =
                WebStart::local(&format!("http://miniwob.test/miniwob/{task}.html")).route("miniwob.test", addr);
            start.viewport = Some(Viewport::new(160, 210));
            start.begin =
                Some(format!("(Math.seedrandom({seed}), core.EPISODE_MAX_TIME=1e9, core.startEpisodeReal())"));
            start.ready = Some("WOB_TASK_READY".into());
            start.watch = Some("[WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL]".into());
            let t = Instant::now();
            let o = env.reset(&StartState::Web(start), Seed(seed)).await;
            match o {
                Ok(o) => {
                    println!("{task} reset {:?} settled {} elements {}", t.elapsed(), o.settled, o.elements.len());
                    std::fs::write(format!("/tmp/w/try_{task}_{seed}.png"), &o.screenshot.png).unwrap();
                    for k in 0..4 {
                        let t = Instant::now();
                        let e = o
                            .elements
                            .iter()
                            .filter(|e| e.clickable)
                            .nth(k)
                            .map(|e| e.point)
                            .unwrap_or(Point::new(20.0, 100.0));
                        match env.step(&Action::click(e)).await {
                            Ok(s) => println!(
                                "  click {:?} settled {} {:?} {:?}",
                                t.elapsed(),
                                s.observation.settled,
                                s.outcome,
                                s.signal
                            ),
                            Err(e) => {
                                println!("ERR {e}");
                                break;
                            }
                        }
                    }
                }
                Err(e) => println!("ERR {e}"),
            }
        }
    }
    println!("pid {:?}", browser.pid().await);
}
