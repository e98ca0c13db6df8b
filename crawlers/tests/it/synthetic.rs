//! Pages that are set from text and read back, and pages written down as code, in a real browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_crawl::address::PageId;
use glim_crawl::archive::{ArchiveServer, MadePages, Replay};
use glim_crawl::page::{Ask, Camera, Shot, Shown, Way};
use glim_crawl::picture::{Encoding, ImageKind, Picture};
use glim_crawl::recipe::CrawlRecipe;
use glim_crawl::recipe::looks::{Looks, ViewRecipe};
use glim_crawl::synthetic::code::{self, CodeRecipe, Proofs};
use glim_crawl::synthetic::corpus::Corpus;
use glim_crawl::synthetic::{OcrRecipe, Press};
use glim_data::record::Source;
use glim_env::Seed;

const TEXT: &str = include_str!("corpus.txt");

fn recipe(more: &str) -> OcrRecipe {
    toml::from_str(&format!("name = 'letters'\ncorpus = ['corpus.txt']\npages = 100\nsites = 1\nseed = 5\n{more}"))
        .unwrap()
}

fn views() -> Vec<ViewRecipe> {
    let phone = ViewRecipe {
        name: "phone".to_owned(),
        width: 390,
        height: 844,
        scale: 2.0,
        mobile: true,
        ..ViewRecipe::default()
    };
    vec![ViewRecipe::default(), phone]
}

async fn camera(browser: &Arc<Browser>, looks: Looks) -> (Camera, BrowserEnv) {
    let camera = Camera {
        looks,
        encoding: Encoding { kind: ImageKind::Png, quality: 90 },
        blocklist: None,
        browser: browser.version().await.unwrap(),
        seed: Seed(1),
        code: None,
    };
    let mut env = browser.env();
    env.set_reads_text(true);
    (camera, env)
}

fn ask(url: &str, server: &ArchiveServer) -> Ask {
    Ask {
        url: url.to_owned(),
        page_id: PageId::of(&url::Url::parse(url).unwrap()).to_string(),
        source: Source { kind: "synthetic".to_owned(), ..Source::default() },
        license: String::new(),
        way: Way::Archive(server.address()),
    }
}

async fn pages(recipe: &OcrRecipe, count: u64) -> (Arc<Press>, Vec<(u64, Shot)>, BTreeMap<String, Vec<String>>) {
    let press = Arc::new(Press::with(recipe, Corpus::of(TEXT), &views()).unwrap());
    let replay = Replay { made: [(".letters.test".to_owned(), press.clone() as _)].into(), ..Replay::default() };
    let server = ArchiveServer::start(replay).await.unwrap();
    let browser = Browser::new(BrowserConfig::default());
    let (camera, mut env) = camera(&browser, Looks::default()).await;
    let (mut shots, mut dropped) = (Vec::new(), BTreeMap::<_, Vec<String>>::new());
    for number in 0..count {
        let ask = ask(&format!("http://{}/{number}", recipe.host(number)), &server);
        match press.show(&camera, &mut env, &ask).await.unwrap() {
            Shown::Shots(mut found) => shots.push((number, found.remove(0))),
            Shown::Dropped(drop) => {
                dropped.entry(drop.reason.into_owned()).or_default().push(format!("{number}: {}", drop.detail));
            }
        }
    }
    (press, shots, dropped)
}

fn solid(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Whether two colours that differ visibly are in a box.
fn is_painted(picture: &Picture, [left, top, right, bottom]: [f32; 4]) -> bool {
    let mut lights = Vec::new();
    for y in top.max(0.0) as u32..(bottom.ceil() as u32).min(picture.height()) {
        for x in left.max(0.0) as u32..(right.ceil() as u32).min(picture.width()) {
            let [red, green, blue] = picture.pixels().get_pixel(x, y).0;
            lights.push(2 * u32::from(red) + 5 * u32::from(green) + u32::from(blue));
        }
    }
    let (least, most) = (lights.iter().min(), lights.iter().max());
    least.zip(most).is_some_and(|(least, most)| most - least > 8 * 25)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_read_back_word_by_word_where_they_are_painted() {
    let recipe = recipe("");
    let (press, shots, dropped) = pages(&recipe, 24).await;
    assert!(shots.len() >= 21, "{dropped:?}");
    let mut turned = 0;
    let mut kinds = std::collections::BTreeSet::new();
    for (number, shot) in &shots {
        let setting = press.page(*number).unwrap();
        let picture = Picture::read(&shot.image).unwrap();
        let set: Vec<String> = setting.items.iter().map(|item| solid(&item.text)).collect();
        let mut at = 0;
        let mut text = String::new();
        // What is read in a block is an item of the page, and items come in their order.
        for (nth, line) in shot.screen.lines.iter().enumerate() {
            turned += u32::from(line.angle != 0.0);
            text.push_str(&solid(&line.text));
            let words: String = line.words.iter().map(|word| solid(&word.text)).collect();
            assert_eq!(words, solid(&line.text), "page {number}");
            if shot.screen.lines.get(nth + 1).is_none_or(|next| next.block != line.block) {
                at +=
                    set[at..].iter().position(|item| *item == text).unwrap_or_else(|| panic!("page {number}: {text}"))
                        + 1;
                text.clear();
            }
            for word in &line.words {
                assert!(is_painted(&picture, word.box_px), "page {number}: {word:?}");
                let [left, top, right, bottom] = word.box_px;
                let inside = left >= -1.0
                    && top >= -1.0
                    && right <= picture.width() as f32 + 1.0
                    && bottom <= picture.height() as f32 + 1.0;
                assert!(inside && left < right && top < bottom, "page {number}: {word:?}");
            }
        }
        assert!(shot.screen.questions.iter().any(|question| question.kind == "page"), "page {number}");
        kinds.extend(shot.screen.questions.iter().map(|question| question.kind.clone()));
    }
    assert!(turned > 5, "{turned} turned lines");
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["line", "page", "region", "table", "text", "word"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_number_is_the_same_page() {
    let recipe = recipe("layouts = ['scattered']\nturned_share = 1.0");
    let (press, shots, _) = pages(&recipe, 3).await;
    let (again, others, _) = pages(&recipe, 3).await;
    assert_eq!(press.page(2), again.page(2));
    assert_eq!(shots[0].1.screen.image.sha256, others[0].1.screen.image.sha256);
    assert_eq!(shots[0].1.screen.lines, others[0].1.screen.lines);
    assert_ne!(press.page(0).unwrap().html, press.page(1).unwrap().html);
}

const SHOP: &str = r##"<!doctype html><html lang=en class="no-js a"><head><meta name=viewport content="width=device-width"><title>A shop &amp; more</title>
<style>
:root{--ink:#213;--unused:#fff;--gap:14px}
body{margin:0;font:16px/1.5 'Liberation Sans';color:var(--ink);background:#f4f2ec url(/paper.png)}
header{display:flex;gap:var(--gap);padding:16px;background:#246;color:#fff}
header a{color:#fd9} a:hover{color:red}
.card{float:left;width:220px;margin:16px;padding:12px;border:1px solid #999;border-radius:8px;background:#fff}
.card img{width:196px;height:120px;display:block}
.price::before{content:"only ";color:#a00}
.gone{display:none} .nobody{color:lime}
@media (max-width:500px){.card{width:90%}} @media (min-width:501px){h1{font-size:40px;margin:16px}}
</style><script>document.documentElement.dataset.late = '1'</script></head>
<body onload="window.loaded=1"><!-- a remark --><header id=top><b>Shop</b> <a href="/basket?utm_source=x" onclick="go()" data-track=7>Basket</a></header>
<h1 id=hail class="big nobody2">Tea and things</h1><p class=gone>Nobody sees this</p>
<div class="card promo"><img src=/red.svg alt="A red pot"><p>Pot of clay</p><p class=price>12 coins</p></div>
<div class=card><svg width=40 height=40><circle cx=20 cy=20 r=20 fill=blue /></svg><p>Blue thing</p>
<form><input name=count value=3 placeholder="How many" style="width:80px"><button type=submit disabled>Add</button></form></div>
<iframe src="/ad.html" hidden></iframe><img src="/pixel.gif" width=1 height=1 style="position:absolute;left:-5px">
<div style="clear:both;height:3000px"></div><p>Far below</p></body></html>"##;

#[derive(Debug)]
struct Shop;

impl MadePages for Shop {
    fn page(&self, _: &str, path: &str) -> Option<(Vec<u8>, &'static str)> {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='50' height='50'><rect width='50' height='50' fill='#c00'/></svg>";
        match path {
            "/" => Some((SHOP.into(), "text/html")),
            "/red.svg" => Some((svg.into(), "image/svg+xml")),
            _ => None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn code_is_clean_and_gives_the_same_picture() {
    let proofs = Arc::new(Proofs::default());
    let made = [(".shop.test".to_owned(), Arc::new(Shop) as _), (code::HOSTS.to_owned(), proofs.clone() as _)].into();
    let server = ArchiveServer::start(Replay { made, ..Replay::default() }).await.unwrap();
    let browser = Browser::new(BrowserConfig::default());
    let looks = Looks { interactions: 0, scrolls: 0, ..Looks::default() };
    let (mut camera, mut env) = camera(&browser, looks).await;
    let recipe = CodeRecipe { min_score: 0.97, ..CodeRecipe::default() };
    camera.code = Some(recipe.clone());
    for view in views() {
        let ask = ask("http://a.shop.test/", &server);
        let Shown::Shots(mut shots) = camera.show(&mut env, &ask, &view, |_, _| None).await.unwrap() else { panic!() };
        let draft = shots[0].draft.take().unwrap().unwrap();
        let html = draft.html.clone();
        for gone in [
            "<script",
            "onclick",
            "onload",
            "utm_source",
            "data-track",
            "remark",
            "Nobody sees",
            "nobody",
            "hover",
            "unused",
            "Far below",
            "red.svg",
            "paper.png",
            "iframe",
            "pixel",
            "<svg width",
            "promo",
            "big",
            "name=\"count",
        ] {
            assert!(!html.contains(gone), "{gone} in {html}");
        }
        for kept in [
            "--ink",
            "class=\"card\"",
            "::before",
            "alt=\"A red pot\"",
            "background:#cc0000",
            "background:#f4f2ec",
            "href=\"#\"",
            "A shop &amp; more",
        ] {
            assert!(html.contains(kept), "{kept}, {}: {html}", view.name);
        }
        assert_eq!(html.contains("width:90%") || html.contains("width: 90%"), view.name == "phone");
        let mut other = browser.env();
        other.set_reads_text(true);
        let check = proofs.check(server.address(), &camera, &mut other, &recipe, &view, &mut shots[0], draft);
        let alike = check.await.unwrap().unwrap();
        assert_eq!(alike.text, 1.0, "{alike:?}");
        let screen = &shots[0].screen;
        assert_eq!(screen.html, html);
        assert_eq!(screen.questions.iter().filter(|question| question.task == "code").count(), 1);

        // The same without its colours is another page.
        let Shown::Shots(mut shots) = camera.show(&mut env, &ask, &view, |_, _| None).await.unwrap() else { panic!() };
        let mut draft = shots[0].draft.take().unwrap().unwrap();
        draft.html = draft.html.replace("background", "backdrop").replace("12px", "30px");
        let check = proofs.check(server.address(), &camera, &mut other, &recipe, &view, &mut shots[0], draft);
        assert_eq!(check.await.unwrap().unwrap_err().reason, "code_unlike");
        assert!(shots[0].screen.html.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_crawl_makes_both_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("corpus.txt"), TEXT).unwrap();
    std::fs::create_dir(folder.path().join("pages")).unwrap();
    std::fs::write(folder.path().join("pages/index.html"), SHOP).unwrap();
    let text = "name = 'both'\n[looks]\ncode = true\ninteractions = 0\nscrolls = 0\n[code]\nmin_score = 0.8\n[filter]\nmin_elements = 1\n\
                [[source]]\nkind = 'synthetic_ocr'\nname = 'letters'\ncorpus = ['corpus.txt']\npages = 8\nsites = 2\n\
                [[source]]\nkind = 'folder'\npath = 'pages'\nhost = 'shop.test'\n";
    let path = folder.path().join("crawl.toml");
    std::fs::write(&path, text).unwrap();
    let browser = Browser::new(BrowserConfig::default());
    let out = folder.path().join("out");
    let run = async || {
        let (recipe, text) = CrawlRecipe::read(&path, &[]).unwrap();
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        glim_crawl::crawl::run(recipe, &text, &out, glim_crawl::crawl::Hands::Here(browser.clone()), stopped, |_| {})
            .await
            .unwrap()
    };
    let (progress, stats) = run().await;
    assert!(progress.pages >= 6, "{progress:?}");
    assert_eq!(progress.codes, 1, "{progress:?}");
    assert_eq!(progress.pages + progress.dropped.values().sum::<u64>(), 9, "{progress:?}");
    let (again, same) = run().await;
    assert_eq!((again.pages, again.dropped.len(), same.screens), (0, 0, stats.screens));
}
