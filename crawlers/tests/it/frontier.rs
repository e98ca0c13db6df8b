//! Targets are handed out once, host by host, and survive a crash.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use glim_crawl::address::{PageId, site};
use glim_crawl::frontier::{Frontier, FrontierSettings, Lease, Outcome};
use glim_crawl::recipe::source::FrontierRecipe;
use glim_crawl::source::{Target, Targets};
use glim_data::record::Source;
use tokio::time::Instant;
use url::Url;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn target(text: &str) -> Target {
    Target::new(url(text), Source { kind: "live".to_owned(), ..Source::default() }, "MIT".to_owned())
}

fn targets(texts: Vec<String>) -> Targets {
    let all: Vec<_> = texts.into_iter().map(|text| Ok(target(&text))).collect();
    futures::stream::iter(all).boxed()
}

fn settings(folder: &Path, recipe: FrontierRecipe) -> FrontierSettings {
    FrontierSettings { recipe, per_host: 1, delay: Duration::from_secs(2), folder: folder.to_owned() }
}

fn frontier(folder: &Path, recipe: FrontierRecipe, all: Vec<String>) -> Arc<Frontier> {
    Frontier::new(targets(all), [], settings(folder, recipe)).unwrap()
}

async fn next(frontier: &Arc<Frontier>) -> Lease {
    frontier.next().await.unwrap().expect("another target")
}

/// Whether nothing is handed out for a second.
async fn is_waiting(frontier: &Arc<Frontier>) -> bool {
    tokio::time::timeout(Duration::from_secs(1), frontier.next()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn no_worker_waits_for_a_slow_host_while_others_could_go() {
    let folder = tempfile::tempdir().unwrap();
    // All of one host come first, and far more than the memory holds.
    let slow = (0..1000).map(|n| format!("https://slow.test/{n}"));
    let others = (0..50).map(|n| format!("https://h{n}.test/"));
    let recipe = FrontierRecipe { read_ahead: 16, ..FrontierRecipe::default() };
    let frontier = frontier(folder.path(), recipe, slow.chain(others).collect());
    let mut hosts = Vec::new();
    let mut held = Vec::new();
    let began = Instant::now();
    for _ in 0..51 {
        let lease = next(&frontier).await;
        hosts.push(lease.target().url.host_str().unwrap().to_owned());
        held.push(lease);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(hosts[0], "slow.test");
    assert_eq!(hosts.iter().collect::<BTreeSet<_>>().len(), 51);
    assert!(is_waiting(&frontier).await, "one page of a host is out at once");
    held.into_iter().for_each(|lease| lease.report(Outcome::Done));
    // The rest comes from the disk, one page in two seconds, each once.
    let mut seen = BTreeSet::from([url("https://slow.test/0")]);
    while let Some(lease) = frontier.next().await.unwrap() {
        assert!(seen.insert(lease.target().url.clone()), "{:?} again", lease.target().url);
        lease.report(Outcome::Done);
    }
    assert_eq!(seen.len(), 1000);
    let took = began.elapsed().as_secs();
    assert!((1998..=2001).contains(&took), "{took} s");
    assert_eq!(std::fs::metadata(folder.path().join("waiting.jsonl")).unwrap().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn many_workers_get_each_page_once() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..3000).map(|n| format!("https://h{}.test/{}", n % 97, n % 1500)).collect();
    let distinct = all.iter().collect::<BTreeSet<_>>().len();
    let frontier = frontier(folder.path(), FrontierRecipe { read_ahead: 64, ..FrontierRecipe::default() }, all);
    let workers = (0..32).map(|_| {
        let frontier = frontier.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            while let Some(lease) = frontier.next().await.unwrap() {
                tokio::time::sleep(Duration::from_millis(300)).await;
                mine.push(lease.target().url.clone());
                lease.report(Outcome::Done);
            }
            mine
        })
    });
    let found: Vec<Url> = futures::future::join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(found.len(), distinct);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), distinct);
    let counts = frontier.counts();
    assert_eq!((counts.done, counts.known), (distinct as u64, 3000 - distinct as u64));
}

#[tokio::test(start_paused = true)]
async fn no_site_has_more_than_its_share() {
    let folder = tempfile::tempdir().unwrap();
    let all = (0..10).map(|n| format!("https://h{n}.example.org/")).chain(["https://b.test/".to_owned()]).collect();
    let recipe = FrontierRecipe { pages_per_site: 4, ..FrontierRecipe::default() };
    let done = [(PageId::of(&url("https://h0.example.org/")), "example.org".to_owned())];
    let frontier = Frontier::new(targets(all), done, settings(folder.path(), recipe)).unwrap();
    let mut found = Vec::new();
    while let Some(lease) = frontier.next().await.unwrap() {
        found.push(site(&lease.target().url));
        // What is not in the data set does not count: another may take its place.
        let is_dropped = found.len() == 1;
        lease.report(if is_dropped { Outcome::Dropped } else { Outcome::Done });
    }
    assert_eq!(found.iter().filter(|site| *site == "example.org").count(), 4, "{found:?}");
    assert_eq!(frontier.counts().capped, 5);
    assert_eq!(found.last().unwrap(), "b.test");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_reported_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let all = vec!["https://a.test/".to_owned()];
    let frontier = frontier(folder.path(), FrontierRecipe { attempts: 3, ..FrontierRecipe::default() }, all);
    let lease = next(&frontier).await;
    let panicked = tokio::spawn(async move {
        let _lease = lease;
        panic!("a worker dies");
    });
    assert!(panicked.await.is_err());
    let lease = next(&frontier).await;
    assert_eq!(lease.attempt(), 1);
    // A host that puts off is not a page that fails.
    let before = Instant::now();
    lease.report(Outcome::PutOff { after: Duration::from_secs(60) });
    let lease = next(&frontier).await;
    assert_eq!((lease.attempt(), before.elapsed()), (1, Duration::from_secs(60)));
    lease.report(Outcome::Retry { after: Duration::from_secs(30) });
    let lease = next(&frontier).await;
    assert_eq!(lease.attempt(), 2);
    lease.report(Outcome::Retry { after: Duration::from_secs(30) });
    assert!(frontier.next().await.unwrap().is_none());
    assert_eq!(frontier.counts().dropped, 1);
}

#[tokio::test(start_paused = true)]
async fn links_survive_a_crash_and_stay_on_their_site() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = FrontierRecipe { link_depth: 2, ..FrontierRecipe::default() };
    let all = || vec!["https://a.example.org/".to_owned()];
    let first = frontier(folder.path(), recipe.clone(), all());
    let lease = next(&first).await;
    let links = [
        "https://a.example.org/1#x",
        "https://b.example.org/2?utm_id=1",
        "https://other.org/",
        "https://a.example.org/",
        "mailto:x@y.z",
    ];
    let links: Vec<_> = links.into_iter().map(url).collect();
    assert_eq!(lease.links(&links).unwrap(), 2);
    assert_eq!(lease.links(&links).unwrap(), 0);
    let start = lease.target().page_id;
    lease.report(Outcome::Done);
    let out = next(&first).await;
    let done = out.target().url.clone();
    assert_eq!((out.depth(), out.target().license.as_str()), (1, "MIT"));
    // Killed here: one page is done, one link is out, and the file ends in the middle of a line.
    std::mem::forget(out);
    drop(first);
    let mut file = std::fs::OpenOptions::new().append(true).open(folder.path().join("links.jsonl")).unwrap();
    std::io::Write::write_all(&mut file, b"{\"url\": \"https://a.exa").unwrap();

    let second =
        Frontier::new(targets(all()), [(start, "example.org".to_owned())], settings(folder.path(), recipe)).unwrap();
    let mut found = BTreeSet::new();
    for _ in 0..2 {
        let lease = next(&second).await;
        found.insert(lease.target().url.to_string());
        if lease.target().url == done {
            assert_eq!(lease.links(&[url("https://a.example.org/deep")]).unwrap(), 1);
        }
        lease.report(Outcome::Done);
    }
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["https://a.example.org/1", "https://b.example.org/2"]);
    let deep = next(&second).await;
    assert_eq!((deep.target().url.as_str(), deep.depth()), ("https://a.example.org/deep", 2));
    assert_eq!(deep.links(&[url("https://a.example.org/deeper")]).unwrap(), 0);
    deep.report(Outcome::Done);
    assert!(second.next().await.unwrap().is_none());
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn links_that_find_no_room_on_the_disk_come_again_with_their_page() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = FrontierRecipe { link_depth: 1, ..FrontierRecipe::default() };
    let all = || vec!["https://a.example.org/".to_owned()];
    let links = [url("https://a.example.org/1")];
    let file = folder.path().join("links.jsonl");
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    let full = frontier(folder.path(), recipe.clone(), all());
    for _ in 0..2 {
        let error = next(&full).await.links(&links).unwrap_err().to_string();
        assert!(error.contains("links.jsonl` cannot be written: No space left"), "{error}");
    }
    drop(full);
    std::fs::remove_file(&file).unwrap();
    let again = frontier(folder.path(), recipe, all());
    let lease = next(&again).await;
    assert_eq!(lease.links(&links).unwrap(), 1);
    lease.report(Outcome::Done);
    assert_eq!(next(&again).await.target().url, links[0]);
}

#[tokio::test(start_paused = true)]
async fn replayed_hosts_are_not_spared() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<_> = (0..100)
        .map(|n| {
            Ok(Target::new(
                url(&format!("https://a.test/{n}")),
                Source { kind: "warc".to_owned(), ..Source::default() },
                String::new(),
            ))
        })
        .collect();
    let frontier =
        Frontier::new(futures::stream::iter(all).boxed(), [], settings(folder.path(), FrontierRecipe::default()))
            .unwrap();
    let began = Instant::now();
    let mut held = Vec::new();
    for at in 0..100 {
        let lease = next(&frontier).await;
        assert_eq!(lease.target().url.path(), format!("/{at}"), "in the order of the source");
        held.push(lease);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_was_out_before_a_crash_holds_its_hosts_turn_and_comes_once() {
    let folder = tempfile::tempdir().unwrap();
    let pages = (0..3).map(|n| format!("https://a.test/{n}")).collect();
    let frontier = frontier(folder.path(), FrontierRecipe { attempts: 3, ..FrontierRecipe::default() }, pages);
    let adopted = frontier.adopt(target("https://a.test/1"), 2, 1).unwrap();
    assert_eq!((adopted.depth(), adopted.attempt()), (2, 1));
    assert!(frontier.adopt(target("https://a.test/1"), 2, 1).is_none(), "it is out already");
    assert!(is_waiting(&frontier).await, "one page of a host is out at once");
    adopted.report(Outcome::Retry { after: Duration::ZERO });
    let mut seen = Vec::new();
    while let Some(lease) = frontier.next().await.unwrap() {
        seen.push((lease.target().url.path().to_owned(), lease.attempt()));
        lease.report(Outcome::Done);
    }
    seen.sort();
    assert_eq!(seen, [("/0".to_owned(), 0), ("/1".to_owned(), 2), ("/2".to_owned(), 0)]);
}
