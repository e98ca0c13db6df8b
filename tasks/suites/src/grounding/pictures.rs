//! The pictures of a set: where they lie, how large they are, and the fields of entries that speak of them.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use glim_env::{Css, Point, Rect};
use image::ImageReader;
use serde_json::Value;

/// Longest side of a picture, in pixels, as far as it can be shown.
const LONGEST_SIDE: u32 = 16_384;

/// The folders that a set's pictures may lie in, and the sizes that were read.
#[derive(Debug)]
pub(super) struct Pictures {
    folders: Vec<PathBuf>,
    sizes: HashMap<PathBuf, Result<(u32, u32), String>>,
}

impl Pictures {
    /// Pictures in these folders below `root`, looked for in this order, and in `root` itself.
    pub(super) fn new(root: &Path, folders: &[&str]) -> Pictures {
        let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
        folders.retain(|folder| folder.is_dir());
        folders.push(root.to_owned());
        Pictures { folders, sizes: HashMap::new() }
    }

    /// The file of this name and the size in its header. The name may have folders; what leads out of the set is refused.
    pub(super) fn find(&mut self, name: &str) -> Result<(PathBuf, (u32, u32)), String> {
        let relative = Path::new(name);
        let is_inside = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if name.is_empty() || !is_inside {
            return Err(format!("`{name}` is no name of a picture within the set"));
        }
        // Some files name pictures with the folders of the machine where they were made.
        let own = relative.file_name().map(Path::new);
        let names = [Some(relative), own].into_iter().flatten();
        let mut places = names.flat_map(|name| self.folders.iter().map(move |folder| folder.join(name)));
        let Some(path) = places.find(|path| path.is_file()) else {
            return Err(format!("`{name}` is not in `{}`", self.folders[0].display()));
        };
        let size = self.sizes.entry(path.clone()).or_insert_with(|| size(&path)).clone();
        size.map(|size| (path, size)).map_err(|reason| format!("`{name}` is no picture that can be shown: {reason}"))
    }
}

fn size(path: &Path) -> Result<(u32, u32), String> {
    let reader =
        ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(|error| error.to_string())?;
    let (width, height) = reader.into_dimensions().map_err(|error| error.to_string())?;
    if (1..=LONGEST_SIDE).contains(&width) && (1..=LONGEST_SIDE).contains(&height) {
        Ok((width, height))
    } else {
        Err(format!("it has {width} x {height} pixels, and sides of 1 to {LONGEST_SIDE} can be shown"))
    }
}

/// A field with words.
pub(super) fn words<'a>(entry: &'a Value, field: &str) -> Result<&'a str, String> {
    match &entry[field] {
        Value::String(text) if !text.trim().is_empty() => Ok(text.trim()),
        Value::String(_) => Err(format!("`{field}` is empty")),
        Value::Null => Err(format!("`{field}` is missing")),
        _ => Err(format!("`{field}` is no text")),
    }
}

/// A field with as many finite numbers as `N`.
pub(super) fn numbers<const N: usize>(entry: &Value, field: &str) -> Result<[f64; N], String> {
    let list = match &entry[field] {
        Value::Null => return Err(format!("`{field}` is missing")),
        value => value.as_array().map(Vec::as_slice).unwrap_or_default(),
    };
    let numbers: Option<Vec<f64>> = list.iter().map(|number| number.as_f64().filter(|at| at.is_finite())).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| format!("`{field}` is no list of {N} numbers"))
}

/// The size that an entry tells must be the picture's, or its places are somewhere else.
pub(super) fn check_size(entry: &Value, field: &str, size: (u32, u32)) -> Result<(), String> {
    let [width, height] = numbers(entry, field)?;
    let (own_width, own_height) = size;
    if (width, height) == (f64::from(own_width), f64::from(own_height)) {
        return Ok(());
    }
    Err(format!("`{field}` is {width} x {height}, and the picture has {own_width} x {own_height} pixels"))
}

/// A box from its left top corner and its sides.
pub(super) fn from_sides([x, y, width, height]: [f64; 4]) -> [f64; 4] {
    [x, y, x + width, y + height]
}

/// The part of a box (left, top, right, bottom) on the picture. Boxes that stick out a little are in many sets; one that
/// lies outside for the most part is a mistake.
pub(super) fn on_picture(
    field: &str,
    [left, top, right, bottom]: [f64; 4],
    size: (u32, u32),
) -> Result<Rect<Css>, String> {
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    if right <= left || bottom <= top {
        return Err(format!("`{field}` has no area: {left}, {top} to {right}, {bottom}"));
    }
    let whole = Rect::between(Point::new(left, top), Point::new(right, bottom));
    let inside = whole.intersection(&Rect::new(0.0, 0.0, width, height));
    if inside.area() < whole.area() / 2.0 {
        return Err(format!(
            "`{field}` lies outside of the picture: {left}, {top} to {right}, {bottom} of {width} x {height} pixels"
        ));
    }
    Ok(inside)
}

/// Words as a part of a family's name: letters, digits, `.`, `_` and `+` stay, all else becomes `-`.
pub(super) fn name_part(words: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+') { c } else { '-' };
    words.trim().chars().take(40).map(keep).collect()
}
