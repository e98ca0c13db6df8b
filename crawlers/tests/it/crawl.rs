//! Whole crawls in live Chromium: what a dataset holds, how a crawl goes on after it was killed, and pages that fight back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use glim_browser::{Browser, BrowserConfig};
use glim_crawl::archive::{ArchiveWriter, Exchange};
use glim_crawl::crawl::{self, CrawlProgress, Hands};
use glim_crawl::recipe::CrawlRecipe;
use glim_data::Screen;
use glim_data::dataset::Dataset;
use glim_data::shard::Columns;
use tokio::io::AsyncWriteExt;
use tokio::sync::watch;
use url::Url;

const STYLE: &str = "<style>body{font:16px/24px Liberation Sans,sans-serif;margin:20px}</style>";

/// Words that differ from page to page, so that no page is the double of another.
fn prose(number: usize) -> String {
    (0..60).map(|at| format!("w{}", (number * 7919 + at * 104_729) % 99_991)).collect::<Vec<_>>().join(" ")
}

struct Work {
    folder: tempfile::TempDir,
    browser: Arc<Browser>,
}

impl Work {
    fn new() -> Work {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pages")).unwrap();
        let config = BrowserConfig { navigation: Duration::from_secs(8), ..BrowserConfig::default() };
        Work { folder, browser: Browser::new(config) }
    }

    fn page(&self, name: &str, body: &str) {
        let html = format!("<!doctype html><html lang=en><title>{name}</title>{STYLE}{body}");
        std::fs::write(self.folder.path().join("pages").join(name), html).unwrap();
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// A recipe over the folder, with more keys and sources.
    fn recipe(&self, keys: &str, rest: &str) -> (CrawlRecipe, String) {
        let path = self.folder.path().join("crawl.toml");
        let folder = "[[source]]\nkind = 'folder'\npath = 'pages'\nhost = 'pages.test'\n";
        std::fs::write(&path, format!("name = 'test'\n{keys}\n{folder}{rest}\n")).unwrap();
        CrawlRecipe::read(&path, &[]).unwrap()
    }

    async fn crawl(&self, (recipe, text): (CrawlRecipe, String)) -> CrawlProgress {
        let (_stop, stopped) = watch::channel(false);
        crawl::run(recipe, &text, &self.out(), Hands::Here(self.browser.clone()), stopped, |_| {}).await.unwrap().0
    }

    fn screens(&self) -> Vec<Screen> {
        let dataset = Dataset::open(&self.out()).unwrap();
        dataset.rows(None, Columns::Record).map(|row| row.unwrap().1.screen).collect()
    }
}

fn of<'a>(screens: &'a [Screen], page: &str) -> Vec<&'a Screen> {
    screens.iter().filter(|screen| screen.url.ends_with(page)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_operated_and_asked_about() {
    let work = Work::new();
    let body = format!(
        "<h1>Engines</h1><p>{}</p><button aria-expanded=false onclick=\"this.ariaExpanded='true';menu.hidden=false\">Models</button>\
         <ul id=menu role=menu hidden><li role=menuitem>Difference<li role=menuitem>Analytical</ul>\
         <label><input type=checkbox> Remember me</label> <input type=email placeholder='E-mail'>\
         <p style='color:white'>ghostly words</p><div style='height:1500px'></div><p>The end of it</p>",
        prose(1)
    );
    work.page("engines.html", &body);
    let progress = work.crawl(work.recipe("", "")).await;
    assert_eq!((progress.pages, progress.dropped.len()), (1, 0), "{progress:?}");
    let screens = work.screens();
    let first = screens.iter().find(|screen| screen.trail.is_empty()).unwrap();
    assert_eq!((first.status, first.site.as_str(), first.heading.as_str()), (200, "pages.test", "Engines"));
    assert!(first.browser.contains("Chrom"), "{}", first.browser);
    let reads = |words: &str| first.lines.iter().any(|line| line.text.contains(words));
    assert!(reads("Remember me") && !reads("ghostly"), "{:?}", first.lines);

    let opened = screens.iter().find(|screen| screen.trail.iter().any(|step| step.name == "Models")).unwrap();
    assert!(opened.elements.iter().any(|element| element.role == "menuitem" && element.text == "Analytical"));
    assert_eq!(opened.trail[0].screen_id, first.screen_id);
    let step = first.questions.iter().find(|question| question.task == "action").unwrap();
    assert_eq!(step.expression, "open the “Models” menu");
    let button = first.elements.iter().find(|element| element.text == "Models").unwrap();
    assert_eq!(step.targets, [button.id]);

    let below = screens.iter().find(|screen| screen.trail.iter().any(|step| step.action == "scroll")).unwrap();
    assert!(below.scroll[1] > 300.0);
    for screen in &screens {
        for question in &screen.questions {
            for place in &question.boxes_px {
                assert!(
                    place[0] >= 0.0 && place[2] <= screen.image.width as f32 && place[0] < place[2],
                    "{question:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_pages_are_dropped_with_their_reasons() {
    let work = Work::new();
    work.page(
        "fine.html",
        &format!("<h1>Fine</h1><p>{}</p><a href=/x>a link</a><button>Go</button><p>more</p>", prose(1)),
    );
    work.page(
        "twin.html",
        &format!("<h1>Fine</h1><p>{}</p><a href=/x>a link</a><button>Go</button><p>more</p>", prose(1)),
    );
    work.page("blank.html", "<p style='color:#fff'>nothing</p>");
    work.page(
        "wall.html",
        "<h1>Just a moment...</h1><p>Verify you are human</p><button>a</button><button>b</button><a href=/>c</a>",
    );
    work.page("few.html", &format!("<p>{}</p>", prose(3)));
    let progress = work.crawl(work.recipe("workers = 1", "[looks]\ninteractions = 0")).await;
    let reasons: Vec<_> = progress.dropped.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
    assert_eq!(reasons, [("blank", 1), ("blocked", 1), ("near_duplicate", 1), ("too_few_elements", 1)]);
    assert_eq!(progress.pages, 1);
    // They are not visited again.
    let again = work.crawl(work.recipe("workers = 1", "[looks]\ninteractions = 0")).await;
    assert_eq!((again.pages, again.dropped.len(), again.frontier.known), (0, 0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_crawl_goes_on_without_doubles() {
    let work = Work::new();
    for number in 0..12 {
        work.page(
            &format!("{number}.html"),
            &format!(
                "<h1>No. {number}</h1><p>{}</p><a href=/>x</a><button>Go {number}</button><p>z</p>",
                prose(number)
            ),
        );
    }
    let settings = "[looks]\ninteractions = 0\nscrolls = 0\n[store]\nshard_rows = 3";
    let (stop, stopped) = watch::channel(false);
    let (recipe, text) = work.recipe("workers = 2", settings);
    let told = move |progress: &CrawlProgress| {
        if progress.pages >= 4 {
            let _ = stop.send(true);
        }
    };
    let (progress, _) =
        crawl::run(recipe, &text, &work.out(), Hands::Here(work.browser.clone()), stopped, told).await.unwrap();
    assert!((4..12).contains(&progress.pages), "{progress:?}");
    let rest = work.crawl(work.recipe("workers = 3", settings)).await;
    assert_eq!(progress.pages + rest.pages, 12);
    let pages: Vec<String> = work.screens().into_iter().map(|screen| screen.page_id).collect();
    assert_eq!(pages.len(), 12);
    assert_eq!(pages.iter().collect::<BTreeSet<_>>().len(), 12);
}

/// A server that begins an answer and then sends a byte a second.
async fn trickling() -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { continue };
            tokio::spawn(async move {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 100000\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            });
        }
    });
    address
}

/// Each costs at most its limit, is counted, and the next page comes.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_fight_back_cost_their_limit_and_no_more() {
    let work = Work::new();
    let normal = |number: usize| {
        format!("<h1>Page {number}</h1><p>{}</p><a href=/>x</a><button>Go</button><p>z</p>", prose(number))
    };
    work.page("a_alerts.html", "<script>for (let at = 0; at < 300; at++) alert(at)</script><p>a<p>b<p>c<p>d<p>e<p>f");
    work.page("b_loop.html", "<script>while (true) {}</script>");
    work.page("c_redirects.html", "<script>location.href = location.pathname + '?' + Math.random()</script>");
    work.page(
        "d_scroll.html",
        &format!(
            "{}<script>setInterval(() => {{ for (let at = 0; at < 50; at++) document.body.append(\
         Object.assign(document.createElement('p'), {{textContent: 'more ' + at}})) }}, 10)</script>",
            normal(4)
        ),
    );
    work.page(
        "e_large.html",
        "<p>a<p>b<script>const part = '<div><span>x</span></div>'.repeat(20000);\
         for (let at = 0; at < 25; at++) document.body.insertAdjacentHTML('beforeend', part)</script>",
    );
    work.page(
        "f_miner.html",
        &format!(
            "{}<script>for (let at = 0; at < 4; at++) new Worker(URL.createObjectURL(new Blob([\
         'let x = 0; while (true) x = (x * 31 + 7) | 0'])))</script>",
            normal(6)
        ),
    );
    work.page("g_memory.html", "<p>a<script>const all = []; while (true) all.push(new Array(1e6).fill('x'.repeat(100) + Math.random()))</script>");
    work.page("h_latin.html", &normal(8).replace("Page", "P\u{e4}ge"));
    work.page("z_fine.html", &normal(9));
    let trickle = trickling().await;
    let rest = format!(
        "[[source]]\nkind = 'pages'\nurls = ['http://slow.test/']\n[hosts]\n'slow.test' = '{trickle}'\n\
         [looks]\npage_seconds = 25\ninteractions = 1\n[filter]\nsame_text = 0.0\n[politeness]\ncontact = 'a@example.org'\n\
         [frontier]\nattempts = 1"
    );
    let begun = Instant::now();
    let progress = work.crawl(work.recipe("workers = 2", &rest)).await;
    let dropped: u64 = progress.dropped.values().sum();
    assert_eq!(progress.pages + dropped, 10, "{progress:?}");
    assert!(begun.elapsed() < Duration::from_secs(150), "{:?} {progress:?}", begun.elapsed());
    let screens = work.screens();
    for page in ["z_fine.html", "h_latin.html"] {
        assert!(!of(&screens, page).is_empty(), "{page} {progress:?}");
    }
    let lost: u64 = ["too_slow", "crashed", "broken", "unreachable"]
        .iter()
        .filter_map(|reason| progress.dropped.get(*reason))
        .sum();
    assert!(lost >= 3, "{progress:?}");
    assert!(leftovers(work.folder.path()).is_empty());
}

/// A server whose certificate is its own word; where nothing is trusted nothing is asked.
async fn self_signed() -> std::net::SocketAddr {
    let made = rcgen::generate_simple_self_signed(["self.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n<h1>Hi</h1>\n").await;
            });
        }
    });
    address
}

/// Secure hosts that are not: one nobody vouches for, and one that does not speak TLS at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_costs_its_page_and_the_next_one_comes() {
    let work = Work::new();
    work.page("fine.html", &format!("<h1>Fine</h1><p>{}</p><a href=/>x</a><button>Go</button><p>z</p>", prose(1)));
    let (trickle, own) = (trickling().await, self_signed().await);
    let rest = format!(
        "[[source]]\nkind = 'pages'\nurls = ['https://self.test/', 'https://plain.test/']\n\
         [hosts]\n'self.test' = '{own}'\n'plain.test' = '{trickle}'\n[looks]\ninteractions = 0\n\
         [politeness]\ncontact = 'a@example.org'\n[frontier]\nattempts = 1"
    );
    let progress = work.crawl(work.recipe("workers = 1", &rest)).await;
    assert_eq!((progress.pages, progress.dropped.get("unreachable")), (1, Some(&2)), "{progress:?}");
    let drops = std::fs::read_to_string(work.out().join("drops.jsonl")).unwrap();
    for why in [
        "`https://self.test/` could not be reached: net::ERR_CERT_AUTHORITY_INVALID",
        "`https://plain.test/` could not be reached: net::ERR_",
    ] {
        assert!(drops.contains(why), "{drops}");
    }
}

/// Files that are neither data nor bookkeeping.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("out/data")).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|end| end != "parquet"))
        .collect()
}

/// Pages out of a WARC are shown with what was archived beside them, over https as they were, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_replayed_with_its_resources_and_nothing_of_the_network() {
    let work = Work::new();
    let mut archive = ArchiveWriter::new(work.folder.path(), "site", 1 << 30).unwrap();
    let mut put = |url: &str, kind: &str, body: &str| {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        let exchange = Exchange {
            method: "GET".to_owned(),
            request_headers: Vec::new(),
            request_body: Vec::new(),
            status: 200,
            headers,
            body: body.as_bytes().to_vec(),
            date: "2026-01-15T10:00:00Z".to_owned(),
            ip: None,
        };
        archive.record(&Url::parse(url).unwrap(), &exchange).unwrap();
    };
    let page = format!(
        "<!doctype html><title>Archived</title><link rel=stylesheet href='https://cdn.example.net/style.css'><h1>Archived</h1>\
         <p>{}</p><button>One</button><a href=/x>link</a><p id=told></p><script src=/script.js></script>\
         <img src='https://missing.example.net/a.png' alt='gone' width=40 height=40>",
        prose(5)
    );
    put("https://www.example.org/page", "text/html", &page);
    put("https://cdn.example.net/style.css", "text/css", "h1 { margin-left: 333px }");
    put("https://www.example.org/script.js", "text/javascript", "told.textContent = 'told by ' + location.protocol");
    archive.sync().unwrap();
    let files = std::fs::read_dir(work.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let file = files.into_iter().find(|path| path.to_string_lossy().contains(".warc")).unwrap();
    let path = work.folder.path().join("crawl.toml");
    let text = format!(
        "name = 'test'\n[[source]]\nkind = 'warc'\npaths = ['{}']\n[looks]\ninteractions = 0\n",
        file.display()
    );
    std::fs::write(&path, text).unwrap();
    let progress = work.crawl(CrawlRecipe::read(&path, &[]).unwrap()).await;
    assert_eq!(progress.pages, 1, "{progress:?}");
    let screens = work.screens();
    let [screen] = &screens[..] else { panic!("{} screens", screens.len()) };
    assert_eq!((screen.final_url.as_str(), screen.site.as_str()), ("https://www.example.org/page", "example.org"));
    assert_eq!((screen.source.kind.as_str(), screen.source.offset > 0 || screen.source.length > 0), ("warc", true));
    let heading = screen.elements.iter().find(|element| element.role == "heading").unwrap();
    assert!(heading.box_px[0] >= 333.0, "{heading:?}");
    assert!(screen.lines.iter().any(|line| line.text == "told by https:"), "{:?}", screen.lines);
}
