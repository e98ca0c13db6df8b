//! `gallery.html`: samples of a dataset drawn on their screenshots, for a person to judge.
//!
//! One page and a folder of pictures beside it, which are loaded one by one as they are looked at. The person says right,
//! wrong or unclear with one key each; the answers stay in the browser and are saved as a JSON file.
//!
//! Everything that comes from pages is hostile. It lies in the page as one block of JSON without a `<`, and the script
//! shows it as text only; the page's content security policy lets no other script run and nothing be loaded from the
//! network.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use crate::DataError;
use crate::coordinates::norm_box;
use crate::dataset::{Dataset, Split};
use crate::disk::{Disk, sha256};
use crate::index::{Index, Place};
use crate::record::{BoxPx, Element, PointPx, Question, Screen};
use crate::shard::{Columns, Row, Shard, extension};

mod choose;
#[cfg(test)]
mod tests;

/// The name of the page.
pub const FILE: &str = "gallery.html";

/// The name of the folder with its pictures.
pub const PICTURES: &str = "gallery_images";

const TEMPLATE: &str = include_str!("gallery.html");
const STYLE: &str = include_str!("gallery.css");
const SCRIPT: &str = include_str!("gallery.js");

/// Elements of one screen that can be shown; a page with more shows the first ones.
const ELEMENTS: usize = 400;

/// Which samples are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GalleryOptions {
    /// How many, at most.
    pub samples: usize,
    /// Another one shows others.
    pub seed: u64,
    /// Only these tasks, if there are any.
    pub tasks: BTreeSet<String>,
}

impl Default for GalleryOptions {
    fn default() -> Self {
        GalleryOptions { samples: 200, seed: 0, tasks: BTreeSet::new() }
    }
}

/// What the page is made of.
#[derive(Debug, Serialize)]
struct Page {
    dataset: String,
    seed: u64,
    glim: &'static str,
    /// Of the questions shown: what was judged of other ones does not count here.
    key: String,
    screens: Vec<Shown>,
    samples: Vec<Sample>,
}

#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    picture: String,
    width: u32,
    height: u32,
    url: String,
    site: String,
    title: String,
    view: String,
    /// Size, scale and preferences of the view.
    shown_at: String,
    lang: String,
    split: Split,
    trail: Vec<String>,
    elements: Vec<Named>,
}

#[derive(Debug, Serialize)]
struct Named {
    id: u32,
    what: String,
    #[serde(rename = "box")]
    of: BoxPx,
}

#[derive(Debug, Serialize)]
struct Sample {
    id: String,
    screen: usize,
    task: String,
    kind: String,
    template: String,
    expression: String,
    prompt: String,
    answer: String,
    targets: Vec<u32>,
    boxes: Vec<BoxPx>,
    points: Vec<PointPx>,
    warnings: Vec<String>,
}

/// Draws samples of the dataset at `from` and writes the page and its pictures into the folder `to`, which may be that of
/// the dataset; where the page lies. A page that was there is replaced.
///
/// # Errors
/// If the dataset cannot be read or the folder not be written.
pub fn write(from: &Path, to: &Path, options: &GalleryOptions) -> Result<PathBuf, DataError> {
    let dataset = Dataset::open(from)?;
    let mut index = Index::of(&dataset)?;
    if !options.tasks.is_empty() {
        let groups = &index.groups;
        index.places.retain(|place| options.tasks.contains(&groups[usize::from(place.group)].task));
    }
    let chosen = choose::choose(&index, options.samples, options.seed);
    let disk = Disk::default();
    let pictures = to.join(PICTURES);
    disk.create_folder(&pictures)?;
    let mut page = Page {
        dataset: name_of(from),
        seed: options.seed,
        glim: env!("CARGO_PKG_VERSION"),
        key: String::new(),
        screens: Vec::new(),
        samples: Vec::new(),
    };
    let mut screens: HashMap<(u32, u32), usize> = HashMap::new();
    let mut rows: HashMap<usize, Screen> = HashMap::new();
    // In the order in which they are stored, so that one shard is open at a time.
    let mut by_shard: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    chosen.iter().for_each(|place| _ = by_shard.entry(place.shard).or_default().insert(place.row));
    for (shard, wanted) in by_shard {
        let (path, split) = &dataset.shards()[shard as usize];
        let open = Shard::open(path)?;
        for row in wanted {
            let Row { screen, picture } = open.row(row as usize, Columns::All)?;
            let name = format!("{}.{}", &sha256(&picture)[..16], extension(&picture));
            let file = pictures.join(&name);
            if !file.is_file() {
                disk.replace(&file, &picture)?;
            }
            screens.insert((shard, row), page.screens.len());
            rows.insert(page.screens.len(), screen.clone());
            page.screens.push(shown(screen, format!("{PICTURES}/{name}"), *split));
        }
    }
    for Place { shard, row, question, .. } in chosen {
        let at = screens[&(shard, row)];
        page.samples.push(sample(&rows[&at], usize::from(question), at));
    }
    let ids: Vec<&str> = page.samples.iter().map(|sample| sample.id.as_str()).collect();
    page.key = sha256(ids.join("\n").as_bytes())[..16].to_owned();
    let path = to.join(FILE);
    disk.replace(&path, html(&page).as_bytes())?;
    remove_others(&disk, &pictures, &page)?;
    Ok(path)
}

/// Removes pictures of an earlier page.
fn remove_others(disk: &Disk, pictures: &Path, page: &Page) -> Result<(), DataError> {
    let used: BTreeSet<PathBuf> =
        page.screens.iter().filter_map(|screen| Path::new(&screen.picture).file_name()).map(PathBuf::from).collect();
    for entry in fs::read_dir(pictures).map_err(DataError::io(pictures, "read"))? {
        let name = entry.map_err(DataError::io(pictures, "read"))?.file_name();
        if !used.contains(Path::new(&name)) {
            disk.remove_file(&pictures.join(name))?;
        }
    }
    Ok(())
}

/// The folder's own name, however it was written.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned()
}

fn shown(screen: Screen, picture: String, split: Split) -> Shown {
    let dark = if screen.view.dark { " · dark" } else { "" };
    let shown_at = format!("{}×{} at {}{dark}", screen.view.width, screen.view.height, screen.view.scale);
    let step = |step: crate::record::TrailStep| {
        let name = if step.name.is_empty() { String::new() } else { format!(" “{}”", step.name) };
        let argument = if step.argument.is_empty() { String::new() } else { format!(": {}", step.argument) };
        format!("{} {}{name}{argument}", step.action, step.role)
    };
    Shown {
        id: screen.screen_id,
        picture,
        width: screen.image.width,
        height: screen.image.height,
        url: screen.final_url,
        site: screen.site,
        title: screen.title,
        view: screen.view.name,
        shown_at,
        lang: screen.lang,
        split,
        trail: screen.trail.into_iter().map(step).collect(),
        elements: screen.elements.into_iter().take(ELEMENTS).map(named).collect(),
    }
}

fn named(element: Element) -> Named {
    let mut what = element.role;
    if !element.text.is_empty() {
        what = format!("{what} “{}”", element.text.chars().take(200).collect::<String>());
    }
    for state in &element.states {
        what = format!("{what}, {state}");
    }
    if !element.reject.is_empty() {
        what = format!("{what} (not asked about: {})", element.reject.join(", "));
    }
    Named { id: element.id, what, of: element.box_px }
}

fn sample(screen: &Screen, question: usize, at: usize) -> Sample {
    let question = screen.questions[question].clone();
    Sample {
        screen: at,
        warnings: warnings(screen, &question),
        id: question.id,
        task: question.task,
        kind: question.kind,
        template: question.template,
        expression: question.expression,
        prompt: question.prompt,
        answer: question.answer,
        targets: question.targets,
        boxes: question.boxes_px,
        points: question.points_px,
    }
}

/// What a person would not see: texts that do not name the boxes that are drawn, targets that are not there.
fn warnings(screen: &Screen, question: &Question) -> Vec<String> {
    let mut warnings = Vec::new();
    let (width, height) = (screen.image.width, screen.image.height);
    let texts = format!("{} {}", question.prompt, question.answer).replace(' ', "");
    for of in &question.boxes_px {
        let [left, top, right, bottom] = norm_box(*of, width, height);
        let cells = format!("[{left},{top},{right},{bottom}]");
        if !texts.contains(&cells) {
            warnings.push(format!("neither prompt nor answer has the box that is drawn, {cells}"));
        }
        if of[0] < 0.0
            || of[1] < 0.0
            || of[2] > width as f32
            || of[3] > height as f32
            || of[0] >= of[2]
            || of[1] >= of[3]
        {
            warnings.push(format!("the box {of:?} is empty or not on the picture"));
        }
    }
    for target in &question.targets {
        if !screen.elements.iter().any(|element| element.id == *target) {
            warnings.push(format!("there is no element {target}"));
        }
    }
    warnings
}

fn html(page: &Page) -> String {
    // Without a `<` nothing in it can end the block; JSON has another way to write one.
    let data = serde_json::to_string(page).expect("plain data can be written as JSON").replace('<', "\\u003c");
    let hash = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes()));
    let parts = [("{{style}}", STYLE), ("{{script}}", SCRIPT), ("{{hash}}", &hash), ("{{data}}", &data)];
    let mut rest = TEMPLATE;
    let mut html = String::with_capacity(TEMPLATE.len() + STYLE.len() + SCRIPT.len() + data.len());
    // Only the template is searched: data that looks like a mark is left alone.
    while let Some((at, mark, part)) =
        parts.iter().filter_map(|(mark, part)| Some((rest.find(mark)?, *mark, *part))).min_by_key(|(at, ..)| *at)
    {
        html.push_str(&rest[..at]);
        html.push_str(part);
        rest = &rest[at + mark.len()..];
    }
    html.push_str(rest);
    html
}
