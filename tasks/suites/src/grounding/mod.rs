//! Still pictures with an instruction each, answered by one place: ScreenSpot and its kin, and RefCOCO.
//!
//! ```text
//! ScreenSpot, v2   screenspot_web.json ...   [{"img_filename", "bbox": [x, y, w, h], "instruction", "data_type", "data_source"}]
//!                  screenspot_imgs/, screenspotv2_image/
//! ScreenSpot-Pro   annotations/*.json        [{"img_filename", "bbox": [x1, y1, x2, y2], "img_size", "instruction", "ui_type", ...}]
//!                  images/
//! OSWorld-G        OSWorld-G.json            [{"image_path", "image_size", "instruction", "box_type", "box_coordinates"}]
//!                  images/
//! RefCOCO          refs*.json, instances.json    as published, refs as JSON; boxes are [x, y, w, h]
//!                  *.jsonl                       {"image", "sentence", "bbox": [x1, y1, x2, y2]}, a line each
//! ```
//! Items that are alike are a family (`screenspot/web-icon`, `refcoco/testA`), whose seeds number its items in an order
//! that a hash gives, so that the first N are a fair sample. Each is played once: one reply, judged by the place in it.
//!
//! **A point** is right inside of the box or polygon, its edge included. **A box** is right from an IoU of 0.5 on. Where
//! nothing on the picture is meant (`refusal`, `gt_type` `negative`), giving up is right. Beside the score stand what
//! guessing would reach: for points `chance`, the share of the picture that the target covers, and `center`, whether its
//! middle is inside; for boxes `chance`, the share of boxes between two random corners that reach an IoU of 0.5, and
//! `whole`, whether the whole picture does.
//!
//! **How we differ** from the published scripts: a place may come in any dialect, as an answer, or bare, and always as
//! 0..=999 across and down (pixels where the dialect has them); the wording is ours. A file with mistakes is refused with
//! all of them, instead of being played without the entries that do not load.

mod answer;
mod mistakes;
mod pictures;
mod refcoco;
mod region;
mod screenspot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use glim_env::{Action, Css, Episode, Evidence, PictureStart, Point, Query, Rect, Seed, StartState, Viewport};
use serde_json::Value;

pub use mistakes::LoadError;

use crate::{Goal, Items, Situation, Stage, StageError, Suite, Task, TaskFamily, Verdict};
use answer::Said;
use region::Region;

/// The overlap from which on a box is right.
const IOU: f64 = 0.5;

/// What an item is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Point,
    Box,
}

/// A picture, what is asked of it, and the truth.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    /// The family's name without the suite's.
    group: String,
    picture: PathBuf,
    /// Width and height in pixels.
    size: (u32, u32),
    instruction: String,
    region: Region,
    /// `name=value`.
    labels: Vec<String>,
    /// File and place in it.
    entry: String,
}

/// The suite `screenspot`: instructions on screens, answered by a point. `root` is the set's folder, or one of its files;
/// of each family at most `limit` items are played.
///
/// # Errors
/// If the folder holds no such set, or one with mistakes; they are told together, with file and entry.
pub fn screenspot(root: &Path, limit: Option<u64>) -> Result<Suite, LoadError> {
    Ok(suite("screenspot", Way::Point, screenspot::items(root)?, limit))
}

/// The suite `refcoco`: expressions for things on photographs, answered by a box. `root` is the set's folder, or one file
/// of JSON lines; of each family at most `limit` items are played.
///
/// # Errors
/// As of [`screenspot`].
pub fn refcoco(root: &Path, limit: Option<u64>) -> Result<Suite, LoadError> {
    Ok(suite("refcoco", Way::Box, refcoco::items(root)?, limit))
}

fn suite(name: &str, way: Way, items: Vec<Item>, limit: Option<u64>) -> Suite {
    // Said to all if it is so of one, or the words would give it away.
    let may_be_absent = items.iter().any(|item| item.region == Region::Absent);
    let mut groups: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for item in items {
        groups.entry(item.group.clone()).or_default().push(item);
    }
    let family = |(group, mut items): (String, Vec<Item>)| {
        items.sort_by_cached_key(|item| (item.hash(), item.entry.clone()));
        let content = items.iter().fold(Seed(0), |seed, item| seed.derive(item.hash()));
        let count = (items.len() as u64).min(limit.unwrap_or(u64::MAX));
        let name = format!("{name}/{group}");
        let items = items.into_iter().map(|item| Arc::new(Asked { item, way, may_be_absent })).collect();
        Arc::new(Group { items, count, content: format!("{:016x}", content.0), name }) as Arc<dyn TaskFamily>
    };
    Suite { name: name.to_owned(), families: groups.into_iter().map(family).collect() }
}

impl Item {
    /// Of what is asked, wherever the set lies.
    fn hash(&self) -> u64 {
        let name = self.picture.file_name().unwrap_or_default().to_string_lossy();
        Seed(0).derive(name).derive(&self.instruction).derive(format!("{:?} {:?}", self.region, self.size)).0
    }
}

/// Items that are alike.
struct Group {
    name: String,
    items: Vec<Arc<Asked>>,
    count: u64,
    content: String,
}

impl TaskFamily for Group {
    fn name(&self) -> &str {
        &self.name
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        // The remainder is less than a length, and families have at least one item.
        self.items[(seed.0 % self.items.len() as u64) as usize].clone()
    }

    fn items(&self) -> Option<Items> {
        Some(Items { count: self.count, content: self.content.clone() })
    }
}

struct Asked {
    item: Item,
    way: Way,
    may_be_absent: bool,
}

impl Task for Asked {
    fn goal(&self) -> Goal {
        let instruction = &self.item.instruction;
        let mut goal = match self.way {
            Way::Point => format!("Click the one place on this picture that is meant by: {instruction}"),
            Way::Box => format!(
                "Where is {instruction}? Give the bounding box. Answer with [[x1,y1,x2,y2]], whole numbers from 0 to 999 \
                 across and down the picture."
            ),
        };
        if self.may_be_absent {
            goal.push_str("\nIf it is not on the picture, say that the goal cannot be reached.");
        }
        Goal::Text(goal)
    }

    fn stage(&self) -> Result<Stage, StageError> {
        Ok(StartState::Picture(PictureStart { path: self.item.picture.clone() }).into())
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        Vec::new()
    }

    fn judge(&self, episode: &Episode, _evidence: &[Evidence]) -> Verdict {
        let said = answer::said(episode);
        let mut verdict = match self.way {
            Way::Point => self.judge_point(&said),
            Way::Box => self.judge_box(&said),
        };
        verdict = verdict.labelled(&self.item.labels);
        let details =
            [("entry", self.item.entry.as_str().into()), ("target", self.item.region.told()), ("said", said.told())];
        verdict.details.extend(details.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
        verdict
    }

    /// There is none that looks at nothing but the picture.
    fn solve(&self, _situation: &Situation<'_>) -> Option<Action> {
        None
    }

    fn is_over(&self, signal: &Value) -> bool {
        signal.as_bool().unwrap_or(false)
    }

    fn turn_budget(&self) -> usize {
        1
    }

    fn tags(&self) -> Vec<String> {
        self.item.labels.clone()
    }
}

impl Asked {
    fn viewport(&self) -> Viewport {
        Viewport::new(self.item.size.0, self.item.size.1)
    }

    fn judge_point(&self, said: &Said) -> Verdict {
        let (region, screen) = (&self.item.region, self.viewport().rect());
        let verdict = match (region, said) {
            (Region::Absent, Said::Absent) => {
                Verdict::success("nothing on the picture is meant, and the agent says so")
            }
            (Region::Absent, Said::Nothing) => Verdict::failure(NO_PLACE),
            (Region::Absent, _) => Verdict::failure("nothing on the picture is meant, and the agent names a place"),
            (_, Said::Absent) => Verdict::failure("the agent gave up"),
            (_, Said::Nothing) => Verdict::failure(NO_PLACE),
            (region, Said::Point(point)) => hit(region, *point),
            (region, Said::Box(place)) => hit(region, place.center()),
        };
        let center = f64::from(u8::from(region.contains(screen.center())));
        verdict.measured(&[("chance", region.share(&screen)), ("center", center)])
    }

    fn judge_box(&self, said: &Said) -> Verdict {
        let screen = self.viewport().rect();
        let Region::Box(target) = &self.item.region else {
            unreachable!("sets that are answered with boxes have boxes");
        };
        let (iou, point, verdict) = match said {
            Said::Box(place) => {
                let iou = place.iou(target);
                let reason = format!("the overlap of the boxes is {iou:.3}, and {IOU} is asked for");
                let verdict = if iou >= IOU { Verdict::success(reason) } else { Verdict::failure(reason) };
                (iou, Some(place.center()), verdict)
            }
            Said::Point(point) => (0.0, Some(*point), Verdict::failure("the agent names a point and no box")),
            Said::Absent => (0.0, None, Verdict::failure("the agent gave up")),
            Said::Nothing => (0.0, None, Verdict::failure("no box can be read from the reply")),
        };
        let inside = point.is_some_and(|point| self.item.region.contains(point));
        let flag = |on: bool| f64::from(u8::from(on));
        let chance = region::chance_of_box(target, &screen, IOU);
        let whole = flag(screen.iou(target) >= IOU);
        verdict.measured(&[("chance", chance), ("whole", whole), ("iou", iou), ("point", flag(inside))])
    }
}

const NO_PLACE: &str = "no place can be read from the reply";

fn hit(region: &Region, point: Point<Css>) -> Verdict {
    if region.contains(point) {
        Verdict::success("the place is inside of the target")
    } else {
        Verdict::failure("the place is outside of the target")
    }
}

/// Left, top, right, bottom, rounded to tenths of a pixel.
fn sides(rect: &Rect<Css>) -> Value {
    [rect.x, rect.y, rect.x + rect.width, rect.y + rect.height].map(tenths).as_slice().into()
}

fn tenths(at: f64) -> f64 {
    (at * 10.0).round() / 10.0
}
