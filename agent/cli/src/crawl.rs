//! `glim crawl`: a dataset by a recipe, here or on more than one machine, or the record of one page.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use glim_browser::{Browser, BrowserConfig};
use glim_crawl::archive::{ArchiveServer, Replay};
use glim_crawl::crawl::queue::{self, QueueServer, Worked};
use glim_crawl::crawl::{self, CrawlProgress, Hands};
use glim_crawl::page::{Ask, Camera, Way};
use glim_crawl::picture::{Encoding, ImageKind};
use glim_crawl::questions::{self, Elsewhere, QuestionCounts};
use glim_crawl::recipe::CrawlRecipe;
use glim_crawl::recipe::looks::{Looks, ViewRecipe};
use glim_data::gallery::{self, GalleryOptions};
use glim_data::record::Source;
use glim_env::Seed;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;

use crate::arguments::Crawl;
use crate::eval::say;

pub(crate) async fn crawl(arguments: Crawl) -> Result<ExitCode> {
    let server = |address: &String| QueueServer::new(address, arguments.credentials.clone());
    match (&arguments.page, &arguments.worker, &arguments.recipe, &arguments.out) {
        (Some(page), ..) => one_page(page, &arguments).await,
        (_, Some(address), ..) => worker(&server(address)?, arguments.workers.map(usize::from)).await,
        (_, _, Some(recipe), Some(out)) => {
            let hands = match &arguments.queue {
                Some(address) => Hands::Queue(server(address)?),
                None => Hands::Here(Browser::new(BrowserConfig { few_processes: true, ..BrowserConfig::default() })),
            };
            dataset(recipe, out, &arguments.set, hands).await
        }
        _ => unreachable!("the command line asks for a page, a worker, or a recipe and a folder"),
    }
}

/// A line that changes, where a person sees it.
fn spinner() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    bar.set_style(ProgressStyle::with_template("{spinner} {elapsed}  {msg}").expect("the template is well formed"));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

async fn worker(server: &QueueServer, workers: Option<usize>) -> Result<ExitCode> {
    let browser = Browser::new(BrowserConfig { few_processes: true, ..BrowserConfig::default() });
    let bar = spinner();
    let shown = bar.clone();
    let told = move |worked: &Worked| {
        let at = worked.crawl.as_ref().map_or_else(|| "no crawl yet".to_owned(), |crawl| format!("crawl {crawl}"));
        shown.set_message(format!("{} pages; {at}", worked.pages));
    };
    let worked = queue::work(server, workers, &browser, on_interrupt("giving back what is not finished"), told).await;
    bar.finish_and_clear();
    say(&format!("{} pages shown", worked?.pages));
    Ok(ExitCode::SUCCESS)
}

async fn dataset(recipe: &Path, out: &Path, set: &[String], hands: Hands) -> Result<ExitCode> {
    let (mut recipe, text) = CrawlRecipe::read(recipe, set)?;
    let mut sites = Vec::new();
    for (name, &seed) in &recipe.sites {
        let (site, address) = crate::site::open(name, Seed(seed))?;
        sites.push(site);
        recipe.hosts.insert(format!("{name}.test"), address.to_string());
    }
    let stop = on_interrupt("putting what is finished into shards; Ctrl-C again to leave that to the next run");
    let bar = spinner();
    let begun = Instant::now();
    let shown = bar.clone();
    let told = move |progress: &CrawlProgress| shown.set_message(line(progress, begun));
    let crawled = crawl::run(recipe, &text, out, hands, stop.clone(), told).await;
    bar.finish_and_clear();
    let again = || {
        format!("the crawl into `{}` stopped; what was finished is kept, and the same command goes on", out.display())
    };
    let (progress, stats) = crawled.with_context(again)?;
    say(&line(&progress, begun));
    if progress.pages == 0 && progress.dropped.is_empty() && !*stop.borrow() {
        let counts = &progress.frontier;
        let named = counts.handed_out + counts.known + counts.capped > 0;
        say(if named { "  nothing was left to do" } else { "  the sources of the recipe name no page" });
    }
    for (reason, count) in &progress.dropped {
        say(&format!("  dropped {count:>6}  {reason}"));
    }
    if progress.codes > 0 || !progress.codes_dropped.is_empty() {
        say(&format!("  code of {} screens", progress.codes));
        for (reason, count) in &progress.codes_dropped {
            say(&format!("  dropped {count:>6}  {reason}"));
        }
    }
    for problem in &progress.frontier.problems {
        say(&format!("  {problem}"));
    }
    say(&format!("dataset: {}  {} screens, {} questions in all", out.display(), stats.screens, stats.questions));
    if stats.questions > 0 {
        say(&format!("gallery: {}", gallery::write(out, out, &GalleryOptions::default())?.display()));
    }
    if *stop.borrow() {
        say("interrupted; the same command goes on");
        return Ok(ExitCode::from(130));
    }
    Ok(ExitCode::SUCCESS)
}

fn line(progress: &CrawlProgress, begun: Instant) -> String {
    let dropped: u64 = progress.dropped.values().sum();
    let seconds = begun.elapsed().as_secs_f64().max(1e-3);
    format!(
        "{} pages, {} screens, {} questions; {dropped} pages dropped; {:.2} pages/s",
        progress.pages,
        progress.screens,
        progress.questions,
        (progress.pages + dropped) as f64 / seconds
    )
}

/// Turns true with the first Ctrl-C; the second ends the program.
fn on_interrupt(says: &'static str) -> watch::Receiver<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        eprintln!("\n{says}");
        let _ = stop.send(true);
        let _ = tokio::signal::ctrl_c().await;
        std::process::exit(130);
    });
    stopped
}

async fn one_page(page: &str, arguments: &Crawl) -> Result<ExitCode> {
    let viewport = arguments.viewport;
    let view = ViewRecipe {
        name: "page".to_owned(),
        width: viewport.width,
        height: viewport.height,
        scale: viewport.scale,
        mobile: arguments.mobile,
        dark: arguments.dark,
        ..ViewRecipe::default()
    };
    let (url, way, _server) = place(page).await?;
    let browser = Browser::new(BrowserConfig { few_processes: true, ..BrowserConfig::default() });
    let camera = Camera {
        looks: Looks::default(),
        encoding: Encoding { kind: ImageKind::Png, quality: 90 },
        blocklist: None,
        browser: browser.version().await?,
        seed: Seed(0),
        code: None,
    };
    let kind = if matches!(way, Way::Live { .. }) { "live" } else { "folder" };
    let source = Source { kind: kind.to_owned(), ..Source::default() };
    let page_id = glim_crawl::address::PageId::of(&url).to_string();
    let ask = Ask { url: url.to_string(), page_id, source, license: String::new(), way };
    let mut env = browser.env();
    env.set_reads_text(true);
    let shot = camera.once(&mut env, &ask, &view, arguments.scroll).await?;
    let mut screen = shot.screen;
    screen.questions = questions::ask(&screen, &shot.others, &Elsewhere(&[]), &QuestionCounts::default(), Seed(0));
    if let Some(path) = &arguments.image {
        std::fs::write(path, &shot.image).with_context(|| format!("`{}` could not be written", path.display()))?;
    }
    if arguments.json {
        say(&serde_json::to_string(&screen)?);
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("{}  {}  {}x{} pixels", screen.final_url, screen.title, screen.image.width, screen.image.height));
    for element in &screen.elements {
        let [left, top, right, bottom] = element.box_px.map(f32::round);
        let text: String = element.text.chars().take(60).collect();
        say(&format!(
            "{:>4}  {:<12} {left:>5} {top:>5} {right:>5} {bottom:>5}  {text} {}",
            element.id,
            element.role,
            element.states.join(" ")
        ));
    }
    let left_out: Vec<String> = shot.dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    say(&format!("{} elements; left out: {}", screen.elements.len(), left_out.join(", ")));
    for question in &screen.questions {
        say(&format!(
            "  {}/{}: {}  {}",
            question.task,
            question.kind,
            question.prompt,
            question.answer.replace('\n', " ⏎ ")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// The address of a page, where it is loaded from, and the server that has it.
async fn place(page: &str) -> Result<(url::Url, Way, Option<Arc<ArchiveServer>>)> {
    let path = Path::new(page);
    if !page.contains("://") {
        let path = path.canonicalize().with_context(|| format!("`{page}` is neither an address nor a file"))?;
        let folder = path.parent().context("a file lies in a folder")?.to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let replay = Replay { archive: None, folders: [("page.test".to_owned(), folder)].into(), ..Replay::default() };
        let server = Arc::new(ArchiveServer::start(replay).await?);
        let mut url = url::Url::parse("http://page.test/")?;
        url.set_path(&name);
        return Ok((url, Way::Archive(server.address()), Some(server)));
    }
    let url = url::Url::parse(page).with_context(|| format!("`{page}` is no address"))?;
    // Whoever names a private address means it.
    let private = url.host_str().filter(|_| glim_crawl::address::is_private_host(&url)).map(str::to_owned);
    Ok((url, Way::Live { agent: None, also: private.into_iter().collect() }, None))
}
