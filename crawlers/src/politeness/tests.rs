use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn recipe() -> PolitenessRecipe {
    PolitenessRecipe { contact: "https://example.org/crawler".to_owned(), ..PolitenessRecipe::default() }
}

fn politeness(recipe: PolitenessRecipe, status: u16, robots: &'static str) -> (Politeness, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let fetch: RobotsFetch = Arc::new(move |url: Url| {
        assert_eq!(url.path(), "/robots.txt");
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::task::yield_now().await;
            (status > 0).then(|| (status, robots.as_bytes().to_vec()))
        })
    });
    (Politeness::with_robots(recipe, fetch), asked)
}

fn permit(admission: Admission) -> Permit {
    match admission {
        Admission::Granted(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn wait(admission: Admission) -> Duration {
    match admission {
        Admission::Later { after } => after,
        other => panic!("{other:?}"),
    }
}

fn refusal(admission: Admission) -> Refusal {
    match admission {
        Admission::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_is_visited_after_its_delay_and_others_meanwhile() {
    let (politeness, asked) = politeness(PolitenessRecipe { delay_ms: 3000, ..recipe() }, 404, "");
    drop(permit(politeness.admit(&url("https://a.test/1")).await));
    assert_eq!(wait(politeness.admit(&url("https://a.test/2")).await), 3 * SECOND);
    drop(permit(politeness.admit(&url("https://b.test/1")).await));
    // Near its turn a worker waits itself.
    tokio::time::advance(Duration::from_millis(2500)).await;
    let before = Instant::now();
    drop(permit(politeness.admit(&url("https://a.test/2")).await));
    let waited = before.elapsed();
    assert!((Duration::from_millis(500)..SECOND).contains(&waited), "{waited:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2, "one robots.txt for each host");
}

#[tokio::test(start_paused = true)]
async fn only_so_many_pages_of_a_host_load_at_once() {
    let (politeness, _) = politeness(PolitenessRecipe { delay_ms: 0, per_host: 2, ..recipe() }, 404, "");
    let page = url("https://a.test/");
    let first = permit(politeness.admit(&page).await);
    let _second = permit(politeness.admit(&page).await);
    assert_eq!(wait(politeness.admit(&page).await), SECOND);
    let waiting = tokio::spawn({
        let (politeness, page) = (politeness.clone(), page.clone());
        async move { permit(politeness.admit(&page).await) }
    });
    tokio::task::yield_now().await;
    let before = Instant::now();
    drop(first);
    waiting.await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_site_says_what_may_be_loaded() {
    let robots = "# hello\nUser-agent: *\nDisallow: /\n\nUser-Agent: OtherBot\nUser-agent: glimcrawl\nDisallow: /private/\n\
                  Disallow: /*.pdf$\nAllow: /private/open\nCrawl-delay: 7\n\nSitemap: https://a.test/sitemap.xml\n";
    let (politeness, asked) = politeness(recipe(), 200, robots);
    drop(permit(politeness.admit(&url("https://a.test/page")).await));
    for path in ["private/", "private/x", "a/b.pdf"] {
        let page = url(&format!("https://a.test/{path}"));
        assert_eq!(refusal(politeness.admit(&page).await), Refusal::Robots, "{path}");
    }
    assert_eq!(wait(politeness.admit(&url("https://a.test/private/open")).await), 7 * SECOND);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // It is believed for a day.
    tokio::time::advance(Duration::from_secs(86_401)).await;
    drop(permit(politeness.admit(&url("https://a.test/b.pdf?x")).await));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_site_that_is_too_slow_for_us_is_left_out() {
    let (politeness, _) = politeness(recipe(), 200, "User-agent: *\nCrawl-delay: 3600\n");
    assert_eq!(refusal(politeness.admit(&url("https://a.test/")).await), Refusal::Delay);
}

#[tokio::test(start_paused = true)]
async fn a_site_in_trouble_is_left_alone() {
    for status in [503, 429, 0] {
        let (politeness, asked) = politeness(recipe(), status, "");
        let page = url("https://a.test/");
        assert_eq!(wait(politeness.admit(&page).await), 600 * SECOND, "{status}");
        tokio::time::advance(300 * SECOND).await;
        assert_eq!(wait(politeness.admit(&page).await), 300 * SECOND);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(301 * SECOND).await;
        wait(politeness.admit(&page).await);
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
    for (status, body) in [(401, ""), (404, ""), (200, "\u{0}<html>no robots here"), (200, "")] {
        let (politeness, _) = politeness(recipe(), status, body);
        permit(politeness.admit(&url("https://a.test/")).await);
    }
}

#[tokio::test(start_paused = true)]
async fn many_askers_fetch_one_robots_txt() {
    let (politeness, asked) = politeness(PolitenessRecipe { per_host: 50, delay_ms: 0, ..recipe() }, 404, "");
    let all = (0..50).map(|page| {
        let politeness = politeness.clone();
        async move { permit(politeness.admit(&url(&format!("https://a.test/{page}"))).await) }
    });
    assert_eq!(futures::future::join_all(all).await.len(), 50);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_may_pass_gives_the_host_a_rest() {
    let (politeness, _) = politeness(PolitenessRecipe { delay_ms: 0, ..recipe() }, 404, "");
    let page = url("https://a.test/");
    let busy = Answer::Status { status: 429, retry_after: Some(90 * SECOND) };
    assert_eq!(politeness.answered(&page, &busy, 0), Some(90 * SECOND));
    assert_eq!(wait(politeness.admit(&page).await), 90 * SECOND);
    permit(politeness.admit(&url("https://b.test/")).await);
    tokio::time::advance(90 * SECOND).await;
    permit(politeness.admit(&page).await);
    assert_eq!(politeness.answered(&page, &Answer::Broken, 3), None);
    assert!(wait(politeness.admit(&page).await) > SECOND);
    assert_eq!(
        politeness.answered(&url("https://c.test/"), &Answer::Status { status: 404, retry_after: None }, 0),
        None
    );
    permit(politeness.admit(&url("https://c.test/")).await);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_visited_in_private_or_by_strangers() {
    let (politeness, asked) = politeness(recipe(), 404, "");
    for page in
        ["http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://localhost:8080/", "http://169.254.169.254/"]
    {
        assert_eq!(refusal(politeness.admit(&url(page)).await), Refusal::Private, "{page}");
    }
    let (stranger, _) = super::tests::politeness(PolitenessRecipe::default(), 404, "");
    assert_eq!(refusal(stranger.admit(&url("https://a.test/")).await), Refusal::NoContact);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded() {
    let (politeness, _) = politeness(PolitenessRecipe { hosts_max: 10, delay_ms: 10, ..recipe() }, 404, "");
    for host in 0..100 {
        drop(permit(politeness.admit(&url(&format!("https://h{host}.test/"))).await));
        tokio::time::advance(SECOND).await;
    }
    assert!(politeness.shared.hosts().len() <= 11);
    assert!(politeness.shared.robots.remembered() <= 10);
}

#[tokio::test(start_paused = true)]
async fn the_delay_counts_from_when_a_page_was_really_loaded() {
    let (politeness, _) = politeness(PolitenessRecipe { delay_ms: 5000, ..recipe() }, 404, "");
    let given = permit(politeness.admit(&url("https://a.test/1")).await);
    // It waited for a worker for a minute, and began to load two seconds ago.
    tokio::time::advance(60 * SECOND).await;
    given.end(2 * SECOND);
    assert_eq!(wait(politeness.admit(&url("https://a.test/2")).await), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_loaded_already_counts_as_one_of_its_host() {
    let recipe = PolitenessRecipe { delay_ms: 5000, per_host: 1, ..recipe() };
    let (politeness, _) = politeness(recipe, 200, "User-agent: *\nCrawl-delay: 7");
    let adopted = politeness.adopt(&url("https://a.test/1")).await;
    assert_eq!(wait(politeness.admit(&url("https://a.test/2")).await), 7 * SECOND);
    tokio::time::advance(8 * SECOND).await;
    assert_eq!(wait(politeness.admit(&url("https://a.test/2")).await), SECOND, "one at a time");
    adopted.end(10 * SECOND);
    permit(politeness.admit(&url("https://a.test/2")).await);
}
