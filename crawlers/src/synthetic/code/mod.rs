//! Pages as code: a screenshot and HTML of one file that gives it (Design2Code, Si et al., 2024).
//!
//! The code is written out of the live page as it shows (`clean.js`): what stands on the first screen, the rules that
//! match, no scripts, pictures as boxes of their mean colour. It is then shown in the same view and must look the same.
//! Design2Code takes its pages whole and keeps whatever renders, blank ones too; here a pair that does not hold is dropped.

mod likeness;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use glim_browser::BrowserEnv;
use glim_data::record::{BoxPx, Question, Source};
use glim_env::{EnvError, Seed};
use serde::{Deserialize, Serialize};

pub use likeness::{Likeness, likeness};

use super::colour::Colour;
use crate::archive::MadePages;
use crate::filter::Drop;
use crate::page::{Ask, Camera, Shot, Way};
use crate::picture::Picture;
use crate::questions::template;
use crate::recipe::looks::ViewRecipe;

/// Stands for every picture; its background is the picture's mean colour.
pub const PLACEHOLDER: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E";

/// What the hosts of pages that are checked end with.
pub const HOSTS: &str = ".code.glim.test";

/// Which pairs of picture and code are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeRecipe {
    /// Characters of code at the least.
    pub min_chars: usize,
    /// Characters of code at the most.
    pub max_chars: usize,
    /// How alike the page and the code's picture must be, 0..=1; see [`Likeness::score`].
    pub min_score: f64,
}

impl Default for CodeRecipe {
    fn default() -> Self {
        CodeRecipe { min_chars: 200, max_chars: 24_000, min_score: 0.9 }
    }
}

impl CodeRecipe {
    /// Everything that is wrong with it.
    pub fn mistakes(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.max_chars == 0 || self.min_chars > self.max_chars {
            found.push(format!("`code` wants {} to {} characters, which none has", self.min_chars, self.max_chars));
        }
        if !(0.0..=1.0).contains(&self.min_score) {
            found.push(format!("`code.min_score` is {}, and not in 0..=1", self.min_score));
        }
        found
    }
}

/// Code that was not yet held against its picture.
#[derive(Debug)]
pub struct Draft {
    /// The document.
    pub html: String,
    /// Where pictures are, in image pixels.
    pub places: Vec<BoxPx>,
    /// What the page looked like.
    pub picture: Picture,
}

/// What `clean.js` says.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Cleaned {
    html: String,
    places: Vec<[f32; 4]>,
    grounds: Vec<[f32; 4]>,
    long: Option<u64>,
}

/// Writes the code of the page that is shown, of which `picture` is a picture with `scale` pixels for a CSS pixel.
///
/// # Errors
/// If the world broke.
pub async fn draft(
    env: &BrowserEnv,
    recipe: &CodeRecipe,
    picture: &Picture,
    scale: f32,
) -> Result<Result<Draft, Drop>, EnvError> {
    let script = include_str!("clean.js").trim_end();
    let told = env.evaluate(&format!("{script}({{most:{}}})", recipe.max_chars)).await;
    let cleaned = match told {
        Ok(told) => serde_json::from_value::<Cleaned>(told).map_err(|error| error.to_string()),
        // Pages that break what scripts rely on are no ground to give up the browser.
        Err(EnvError::Protocol { reason, .. }) => Err(reason),
        Err(error) => return Err(error),
    };
    let cleaned = match cleaned {
        Ok(cleaned) => cleaned,
        Err(reason) => return Ok(Err(Drop::new("code_not_written", reason))),
    };
    let pixels = |boxes: Vec<[f32; 4]>| -> Vec<BoxPx> {
        boxes.into_iter().map(|place| place.map(|side| side * scale)).collect()
    };
    let places = pixels(cleaned.places);
    let html = filled(&cleaned.html, picture, &places, &pixels(cleaned.grounds));
    let chars = html.chars().count();
    if let Some(long) = cleaned.long {
        return Ok(Err(Drop::new("code_too_long", format!("{long} characters or more"))));
    }
    if chars > recipe.max_chars {
        return Ok(Err(Drop::new("code_too_long", format!("{chars} characters"))));
    }
    if chars < recipe.min_chars {
        return Ok(Err(Drop::new("code_too_short", format!("{chars} characters"))));
    }
    // Answers are marked with such tokens.
    if html.contains("<|") {
        return Ok(Err(Drop::new("code_with_tokens", "it has `<|`")));
    }
    Ok(Ok(Draft { html, places, picture: picture.clone() }))
}

/// Puts in the colours of pictures, and of backgrounds: behind text, the commonest is that of the background.
fn filled(html: &str, picture: &Picture, places: &[BoxPx], grounds: &[BoxPx]) -> String {
    let unseen = Colour([0xcc; 3]);
    let mut html = html.replace("PLACEHOLDER", PLACEHOLDER);
    for (nth, place) in places.iter().enumerate() {
        let colour = mean(picture, *place).unwrap_or(unseen);
        html = html.replace(&format!("\u{5}{nth}\u{6}"), &colour.to_string());
    }
    for (nth, place) in grounds.iter().enumerate() {
        // Of a photograph no colour is there often; then it is the commonest of those that are alike.
        let coarse = |pixel: [u8; 3]| pixel.map(|channel| channel >> 3);
        let alike = commonest(pixels_of(picture, *place).map(coarse));
        let exact = commonest(pixels_of(picture, *place).filter(|pixel| Some(coarse(*pixel)) == alike));
        let colour = exact.map_or(unseen, Colour);
        html = html.replace(&format!("\u{6}{nth}\u{5}"), &colour.to_string());
    }
    html
}

fn commonest(colours: impl Iterator<Item = [u8; 3]>) -> Option<[u8; 3]> {
    let mut counts = BTreeMap::new();
    colours.for_each(|colour| *counts.entry(colour).or_insert(0u32) += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(colour, _)| colour)
}

/// The whole pixels of a place.
fn pixels_of(picture: &Picture, place: BoxPx) -> impl Iterator<Item = [u8; 3]> + '_ {
    let across = place[0].max(0.0).ceil() as u32..(place[2].max(0.0) as u32).min(picture.width());
    let down = place[1].max(0.0).ceil() as u32..(place[3].max(0.0) as u32).min(picture.height());
    down.flat_map(move |y| across.clone().map(move |x| picture.pixels().get_pixel(x, y).0))
}

/// The mean colour of a place; `None` where none of its pixels is in the picture.
fn mean(picture: &Picture, place: BoxPx) -> Option<Colour> {
    let (mut sum, mut count) = ([0u64; 3], 0u64);
    for pixel in pixels_of(picture, place) {
        (0..3).for_each(|channel| sum[channel] += u64::from(pixel[channel]));
        count += 1;
    }
    (count > 0).then(|| Colour(sum.map(|sum| (sum / count) as u8)))
}

/// Drafts while they are shown, by page.
#[derive(Debug, Default)]
pub struct Proofs {
    pages: Mutex<BTreeMap<String, String>>,
}

impl MadePages for Proofs {
    fn page(&self, host: &str, path: &str) -> Option<(Vec<u8>, &'static str)> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let html = pages.get(host.strip_suffix(HOSTS)?).filter(|_| path == "/")?;
        Some((html.clone().into_bytes(), "text/html; charset=utf-8"))
    }
}

impl Proofs {
    /// Shows a draft and gives its code to the screen that it was written from, if it looks like it. `server` has these
    /// proofs under [`HOSTS`].
    ///
    /// # Errors
    /// If the world broke.
    #[expect(clippy::too_many_arguments, reason = "two pages are compared, each with all that shows it")]
    pub async fn check(
        self: &Arc<Self>,
        server: SocketAddr,
        camera: &Camera,
        env: &mut BrowserEnv,
        recipe: &CodeRecipe,
        view: &ViewRecipe,
        shot: &mut Shot,
        draft: Draft,
    ) -> Result<Result<Likeness, Drop>, EnvError> {
        let name = shot.screen.page_id.clone();
        let pages = || self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages().insert(name.clone(), draft.html.clone());
        let ask = Ask {
            url: format!("http://{name}{HOSTS}/"),
            page_id: name.clone(),
            source: Source::default(),
            license: String::new(),
            way: Way::Archive(server),
        };
        let shown = camera.first(env, &ask, view).await;
        pages().remove(&name);
        let (again, picture) = shown?;
        let alike = likeness((&shot.screen.lines, &draft.picture), (&again.screen.lines, &picture), &draft.places);
        if alike.score() < recipe.min_score {
            return Ok(Err(Drop::new("code_unlike", format!("{alike:.3?}"))));
        }
        let screen = &mut shot.screen;
        let mut chance = Seed(camera.seed.0).derive(&screen.screen_id).derive("code").generator();
        let (template, prompt) = template::fill("code", &template::CODE, chance.below(1 << 16), "images of one colour");
        screen.questions.push(Question {
            id: format!("{}-code", screen.screen_id),
            task: "code".to_owned(),
            kind: "html".to_owned(),
            template,
            prompt,
            answer: draft.html.clone(),
            ..Question::default()
        });
        screen.html = draft.html;
        Ok(Ok(alike))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    #[test]
    fn pictures_become_their_mean_colour() {
        let half = RgbImage::from_fn(20, 10, |x, _| image::Rgb(if x < 10 { [255, 0, 0] } else { [0, 0, 255] }));
        let picture = Picture::of(half);
        let html = "<img src=\"PLACEHOLDER\" style=\"background:\u{5}0\u{6}\"><p style=\"background:\u{5}1\u{6}\">\
                    <p style=\"background:\u{6}0\u{5}\">";
        let filled =
            filled(html, &picture, &[[5.0, 0.0, 15.0, 10.0], [0.0, 40.0, 9.0, 50.0]], &[[8.0, 0.0, 19.0, 9.0]]);
        assert!(filled.contains("background:#0000ff"), "{filled}");
        assert!(filled.contains("background:#7f007f") && filled.contains("background:#cccccc"), "{filled}");
        assert!(filled.contains("src=\"data:image/svg+xml,"), "{filled}");
    }

    #[test]
    fn mistakes_are_told() {
        assert!(CodeRecipe::default().mistakes().is_empty());
        assert_eq!(CodeRecipe { min_chars: 9, max_chars: 3, min_score: 2.0 }.mistakes().len(), 2);
    }
}
