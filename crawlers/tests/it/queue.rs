//! A crawl on more than one machine: a NATS server, a coordinator and workers, all of them processes that can be killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use futures::TryStreamExt as _;
use glim_browser::{Browser, BrowserConfig};
use glim_crawl::crawl::queue::{QueueServer, work};
use glim_crawl::crawl::{self, Hands};
use glim_crawl::recipe::CrawlRecipe;
use glim_data::dataset::Dataset;
use glim_data::shard::Columns;
use tokio::sync::watch;

/// Pages of the crawl.
const PAGES: usize = 40;

/// Longer than anything here takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(240);

/// Where processes that this test starts find what they are to do.
const NATS: &str = "GLIM_TEST_NATS";
const FOLDER: &str = "GLIM_TEST_FOLDER";

/// A process that is killed when it is not needed any more.
struct Process(Child);

impl Process {
    /// One of the functions below, as a process of its own.
    fn start(role: &str, nats: &str, folder: &Path) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([&format!("queue::{role}"), "--exact", "--ignored", "--nocapture"]);
        Process(command.env(NATS, nats).env(FOLDER, folder).stdout(Stdio::null()).spawn().unwrap())
    }

    fn is_over(&mut self) -> bool {
        match self.0.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "{status}");
                true
            }
            None => false,
        }
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.0.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// As the kernel does it when memory runs out.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn find_nats_server() -> PathBuf {
    let named = std::env::var_os("GLIM_NATS_SERVER").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let own = cache.map(|cache| cache.join("glim/nats-server/usr/sbin/nats-server"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/bin".into()]);
    let places = named.into_iter().chain(folders.map(|folder| folder.join("nats-server"))).chain(own);
    places.into_iter().find(|place| place.is_file()).expect(
        "there is no nats-server: `scripts/setup --test` puts it where this test finds it, or name one in GLIM_NATS_SERVER",
    )
}

/// A server with JetStream, if `is_whole`, and its address.
fn nats_server(folder: &Path, is_whole: bool, more: &[&str]) -> (Process, String) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = start_nats_server(folder, port, is_whole, more);
    (server, format!("nats://127.0.0.1:{port}"))
}

fn start_nats_server(folder: &Path, port: u16, is_whole: bool, more: &[&str]) -> Process {
    let mut command = Command::new(find_nats_server());
    command.args(["-a", "127.0.0.1", "-p", &port.to_string()]).args(more);
    if is_whole {
        command.arg("-js").arg("-sd").arg(folder.join("nats"));
    }
    let server = Process(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_for("the NATS server", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    server
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "{what} took longer than {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A folder of small pages of which no two are alike, and the recipe of a crawl of them.
fn pages(folder: &Path) -> PathBuf {
    let site = folder.join("pages");
    std::fs::create_dir(&site).unwrap();
    for page in 0..PAGES {
        let word = |nth: usize| format!("w{:x}", (page * 7919 + nth * 104_729 + 1) * 2_654_435_761 % 1_000_003);
        let buttons: String =
            (0..8).map(|nth| format!("<button>{} {}</button>\n", word(nth), word(nth + 50))).collect();
        let text: Vec<String> = (100..220).map(word).collect();
        let html = format!(
            "<!doctype html><html lang=en><title>{}</title><h1>Page {page}</h1>{buttons}<p>{}</p>",
            word(300),
            text.join(" ")
        );
        std::fs::write(site.join(format!("{page:02}.html")), html).unwrap();
    }
    let recipe = folder.join("crawl.toml");
    let text = "name = 'forty pages'\nworkers = 2\n\
        [[source]]\nkind = 'folder'\npath = 'pages'\nhost = 'pages.test'\n\
        [looks]\nscrolls = 0\ninteractions = 1\n[store]\nshard_rows = 15\n";
    std::fs::write(&recipe, text).unwrap();
    recipe
}

fn given() -> Option<(QueueServer, PathBuf)> {
    let nats = std::env::var(NATS).ok()?;
    Some((QueueServer::new(&nats, None).unwrap(), PathBuf::from(std::env::var_os(FOLDER)?)))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process of the tests below, not a test"]
async fn as_a_worker() {
    let Some((server, _)) = given() else { return };
    let (_going, stop) = watch::channel(false);
    let browser = Browser::new(BrowserConfig::default());
    work(&server, Some(1), &browser, stop, |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process of the tests below, not a test"]
async fn as_a_coordinator() {
    let Some((server, folder)) = given() else { return };
    let (recipe, text) = CrawlRecipe::read(&folder.join("crawl.toml"), &[]).unwrap();
    let (_going, stop) = watch::channel(false);
    crawl::run(recipe, &text, &folder.join("out"), Hands::Queue(server), stop, |_| {}).await.unwrap();
}

/// Pages that are on the coordinator's disk: in the spool or in a shard.
fn kept(folder: &Path) -> usize {
    let spool = std::fs::read_dir(folder.join("out/spool")).map_or(0, Iterator::count);
    let manifest = std::fs::read_to_string(folder.join("out/manifest.jsonl")).unwrap_or_default();
    let sharded = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        line["pages"].as_array().map_or(0, Vec::len)
    };
    spool + manifest.lines().map(sharded).sum::<usize>()
}

/// Each page is in the shards, its first screen once, and nothing else is.
fn has_each_page_once(folder: &Path) {
    let mut firsts: Vec<String> = Vec::new();
    let mut screens = std::collections::HashSet::new();
    for row in Dataset::open(&folder.join("out")).unwrap().rows(None, Columns::All) {
        let (_, row) = row.unwrap();
        assert!(screens.insert(row.screen.screen_id.clone()), "{} is there twice", row.screen.url);
        assert_eq!(glim_data::sha256(&row.picture), row.screen.image.sha256);
        if row.screen.trail.is_empty() {
            firsts.push(row.screen.url);
        }
    }
    firsts.sort();
    let wanted: Vec<String> = (0..PAGES).map(|page| format!("http://pages.test/{page:02}.html")).collect();
    assert_eq!(firsts, wanted);
    let drops = std::fs::read_to_string(folder.join("out/drops.jsonl")).unwrap_or_default();
    assert_eq!(drops, "");
}

async fn context(nats: &str) -> Context {
    async_nats::jetstream::new(async_nats::connect(nats).await.unwrap())
}

/// The names of all streams on a server.
async fn streams(nats: &str) -> Vec<String> {
    context(nats).await.stream_names().try_collect().await.unwrap()
}

/// Waits until a stream has so many messages.
async fn wait_for_stream(context: &Context, name: &str, messages: u64) {
    let begun = Instant::now();
    while context.get_stream(name).await.unwrap().cached_info().state.messages != messages {
        assert!(begun.elapsed() < LIMIT, "`{name}` does not come to {messages} messages");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pages(folder);
    let (_server, nats) = nats_server(folder, true, &[]);
    // The first worker waits for the crawl, and is at a page when it is killed: nobody else shows any.
    let first = Process::start("as_a_worker", &nats, folder);
    let mut coordinator = Process::start("as_a_coordinator", &nats, folder);
    wait_for("the third page", || kept(folder) >= 3);
    let crawl = std::fs::read_to_string(folder.join("out/frontier/queue")).unwrap();
    let jobs = context(&nats).await.get_stream(format!("glim_jobs_{crawl}")).await.unwrap();
    // It stands still until it is seen to have a page: between two of them its death would cost nothing.
    loop {
        first.signal("STOP");
        if jobs.consumer_info("workers").await.unwrap().num_ack_pending == 1 {
            break;
        }
        first.signal("CONT");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    first.kill();
    assert!(kept(folder) < PAGES);
    let _others = [(); 2].map(|()| Process::start("as_a_worker", &nats, folder));
    wait_for("the crawl", || coordinator.is_over());
    has_each_page_once(folder);
    assert_eq!(streams(&nats).await, Vec::<String>::new(), "a crawl that is done leaves nothing on the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_and_a_server_that_are_killed_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pages(folder);
    // No answer fits into one message.
    let config = folder.join("nats.conf");
    std::fs::write(&config, "max_payload: 16KB\n").unwrap();
    let more = ["-c", config.to_str().unwrap()];
    let (server, nats) = nats_server(folder, true, &more);
    let _workers = [(); 2].map(|()| Process::start("as_a_worker", &nats, folder));
    let coordinator = Process::start("as_a_coordinator", &nats, folder);
    wait_for("the third page", || kept(folder) >= 3);
    coordinator.kill();
    let before = kept(folder);
    // Workers go on with what is in the queue, and their answers wait.
    let context = context(&nats).await;
    let crawl = std::fs::read_to_string(folder.join("out/frontier/queue")).unwrap();
    wait_for_stream(&context, &format!("glim_jobs_{crawl}"), 0).await;
    assert_eq!(kept(folder), before);
    let mut coordinator = Process::start("as_a_coordinator", &nats, folder);
    wait_for("three more pages", || kept(folder) >= before + 3);
    server.kill();
    std::thread::sleep(Duration::from_secs(1));
    let port = nats.rsplit(':').next().unwrap().parse().unwrap();
    let _server = start_nats_server(folder, port, true, &more);
    wait_for("the crawl", || coordinator.is_over());
    has_each_page_once(folder);
    assert_eq!(streams(&nats).await, Vec::<String>::new());
}

/// What a coordinator says that cannot begin.
async fn refusal(nats: &str, folder: &Path) -> String {
    let (recipe, text) = CrawlRecipe::read(&folder.join("crawl.toml"), &[]).unwrap();
    let server = QueueServer::new(nats, None).unwrap();
    let (_going, stop) = watch::channel(false);
    let ended = crawl::run(recipe, &text, &folder.join("out"), Hands::Queue(server), stop, |_| {}).await;
    ended.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_server_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    pages(folder);
    let nobody = refusal("nats://127.0.0.1:1", folder).await;
    assert!(nobody.contains("nats://127.0.0.1:1") && nobody.contains("nats-server -js"), "{nobody}");

    let (server, nats) = nats_server(folder, false, &[]);
    let poor = refusal(&nats, folder).await;
    assert!(poor.contains("has no JetStream") && poor.contains(&nats), "{poor}");
    let (_going, stop) = watch::channel(false);
    let browser: Arc<Browser> = Browser::new(BrowserConfig::default());
    let worked = work(&QueueServer::new(&nats, None).unwrap(), Some(1), &browser, stop, |_| {}).await;
    let poor = worked.unwrap_err().to_string();
    assert!(poor.contains("has no JetStream"), "{poor}");
    drop(server);

    let (_server, nats) = nats_server(folder, false, &["--user", "me", "--pass", "p@ss"]);
    let stranger = refusal(&nats, folder).await;
    assert!(stranger.contains("USER:PASSWORD"), "{stranger}");
    let wrong = refusal(&nats.replace("//", "//me:secret@"), folder).await;
    assert!(wrong.contains("USER:PASSWORD") && !wrong.contains("secret"), "{wrong}");
    let right = refusal(&nats.replace("//", "//me:p%40ss@"), folder).await;
    assert!(right.contains("has no JetStream"), "the password was right, and only JetStream is missing: {right}");
}
