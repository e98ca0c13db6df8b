//! Pages that are set from text and read back, in a real browser.

use std::collections::BTreeMap;
use std::sync::Arc;

use glim_browser::{Browser, BrowserConfig, BrowserEnv};
use glim_crawl::address::PageId;
use glim_crawl::archive::{ArchiveServer, Replay};
use glim_crawl::page::{Ask, Camera, Looks, Shot, Shown, ViewRecipe, Way};
use glim_crawl::picture::{Encoding, ImageKind, Picture};
use glim_crawl::synthetic::corpus::Corpus;
use glim_crawl::synthetic::{OcrRecipe, Press};
use glim_data::record::Source;
use glim_env::Seed;

const TEXT: &str = include_str!("corpus.txt");

fn recipe(more: &str) -> OcrRecipe {
    toml::from_str(&format!("name = 'letters'\ncorpus = ['corpus.txt']\npages = 100\nsites = 1\nseed = 5\n{more}")).unwrap()
}

fn views() -> Vec<ViewRecipe> {
    let phone =
        ViewRecipe { name: "phone".to_owned(), width: 390, height: 844, scale: 2.0, mobile: true, ..ViewRecipe::default() };
    vec![ViewRecipe::default(), phone]
}

pub async fn camera(browser: &Arc<Browser>, looks: Looks) -> (Camera, BrowserEnv) {
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

pub fn ask(url: &str, server: &ArchiveServer) -> Ask {
    Ask {
        url: url.to_owned(),
        page_id: PageId::of(&url::Url::parse(url).unwrap()).to_string(),
        source: Source { kind: "synthetic".to_owned(), ..Source::default() },
        license: String::new(),
        way: Way::Archive(server.address()),
    }
}

async fn pages(recipe: &OcrRecipe, count: u64) -> (Arc<Press>, Vec<(u64, Shot)>, BTreeMap<&'static str, Vec<String>>) {
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
            Shown::Dropped(drop) => dropped.entry(drop.reason).or_default().push(format!("{number}: {}", drop.detail)),
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
                at += set[at..].iter().position(|item| *item == text).unwrap_or_else(|| panic!("page {number}: {text}")) + 1;
                text.clear();
            }
            for word in &line.words {
                assert!(is_painted(&picture, word.box_px), "page {number}: {word:?}");
                let [left, top, right, bottom] = word.box_px;
                let inside = left >= -1.0 && top >= -1.0 && right <= picture.width() as f32 + 1.0 && bottom <= picture.height() as f32 + 1.0;
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
