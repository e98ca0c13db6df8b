//! From one placeholder for each picture to one for each of its tokens.
//!
//! A video becomes its slices, each a picture with the time it was at; so in the ids everything seen is `<|image|>`.
//!
//! ```text
//! text                             <|begin_of_image|><|image|><|end_of_image|>What is it?
//! ids of a picture of 3 tokens     151339 151343 151343 151343 151340 3838 374 432 30
//! ```

use crate::{ProcessorError, Tokenizer};

pub(crate) const IMAGE: &str = "<|image|>";
pub(crate) const VIDEO: &str = "<|video|>";

/// Tokens that give a prompt its structure. In what a user, a page or a tool wrote they are words like any other, so
/// that nobody can end their turn, speak for another role or point at a picture by writing.
///
/// How we differ: the reference reads them as the real thing.
const STRUCTURE: [&str; 18] = [
    "<|endoftext|>",
    "[MASK]",
    "[gMASK]",
    "[sMASK]",
    "<sop>",
    "<eop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "<|begin_of_image|>",
    IMAGE,
    "<|end_of_image|>",
    "<|begin_of_video|>",
    VIDEO,
    "<|end_of_video|>",
    "<|begin_of_audio|>",
    "<|end_of_audio|>",
];

/// What a video becomes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slices {
    /// When each slice was, as text.
    pub(crate) stamps: Vec<String>,
    /// Tokens of one slice.
    pub(crate) tokens: usize,
}

/// A prompt with one placeholder for each picture and each slice of a video.
#[derive(Debug, PartialEq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// Tokens for each placeholder.
    pub(crate) tokens: Vec<usize>,
}

/// Videos become slices.
///
/// # Errors
/// [`ProcessorError::Placeholders`] unless there is one for each picture, of `images[i]` tokens, and each video.
pub(crate) fn expand(prompt: &str, images: &[usize], videos: &[Slices]) -> Result<Expanded, ProcessorError> {
    for (kind, given, token) in [("images", images.len(), IMAGE), ("videos", videos.len(), VIDEO)] {
        let placeholders = prompt.matches(token).count();
        if placeholders != given {
            return Err(ProcessorError::Placeholders { kind, given, placeholders, token });
        }
    }
    let (mut images, mut videos) = (images.iter(), videos.iter());
    let mut expanded = Expanded { text: String::with_capacity(prompt.len()), tokens: Vec::new() };
    let mut rest = prompt;
    while let Some((at, is_video)) = next_placeholder(rest) {
        expanded.text.push_str(&rest[..at]);
        if is_video {
            let slices = videos.next().expect("as many videos as placeholders");
            for stamp in &slices.stamps {
                expanded.text.push_str("<|begin_of_image|><|image|><|end_of_image|>");
                expanded.text.push_str(stamp);
                expanded.tokens.push(slices.tokens);
            }
        } else {
            expanded.text.push_str(IMAGE);
            expanded.tokens.push(*images.next().expect("as many images as placeholders"));
        }
        rest = &rest[at + if is_video { VIDEO.len() } else { IMAGE.len() }..];
    }
    expanded.text.push_str(rest);
    Ok(expanded)
}

/// Where the next one begins, and whether it is of a video.
fn next_placeholder(text: &str) -> Option<(usize, bool)> {
    let image = text.find(IMAGE).map(|at| (at, false));
    let video = text.find(VIDEO).map(|at| (at, true));
    image.into_iter().chain(video).min()
}

/// Repeats the placeholder's id, `image`, as often as `tokens` says for each.
///
/// # Errors
/// [`ProcessorError::Tokenizer`] if the tokenizer did not keep the placeholders as they were.
pub(crate) fn repeat(ids: &[u32], image: u32, tokens: &[usize]) -> Result<Vec<u32>, ProcessorError> {
    let found = ids.iter().filter(|&&id| id == image).count();
    if found != tokens.len() {
        let expected = tokens.len();
        return Err(ProcessorError::Tokenizer(format!("made {found} ids {image} of {expected} placeholders {IMAGE}")));
    }
    let mut tokens = tokens.iter();
    let mut all = Vec::with_capacity(ids.len() + tokens.as_slice().iter().sum::<usize>());
    for &id in ids {
        let times = if id == image { *tokens.next().expect("counted above") } else { 1 };
        all.extend(std::iter::repeat_n(id, times));
    }
    Ok(all)
}

/// Writes `mark` into each token of structure in all texts of `json`.
pub(crate) fn neutralise(json: &mut serde_json::Value, mark: char, tokenizer: &Tokenizer) {
    let known: Vec<_> = STRUCTURE.into_iter().filter(|token| tokenizer.token_id(token).is_some()).collect();
    each_text(json, &mut |text| {
        for token in &known {
            if text.contains(token) {
                let (first, rest) = token.split_at(1);
                *text = text.replace(token, &format!("{first}{mark}{rest}"));
            }
        }
    });
}

/// A character that stands in none of the texts of `json`: one of those that Unicode keeps for such uses.
pub(crate) fn free_mark(json: &mut serde_json::Value) -> Option<char> {
    let mut free: Vec<_> = ('\u{FDD0}'..='\u{FDEF}').collect();
    each_text(json, &mut |text| free.retain(|&mark| !text.contains(mark)));
    free.first().copied()
}

fn each_text(json: &mut serde_json::Value, visit: &mut impl FnMut(&mut String)) {
    match json {
        serde_json::Value::String(text) => visit(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, visit)),
        serde_json::Value::Object(map) => {
            for (mut name, mut value) in std::mem::take(map) {
                visit(&mut name);
                each_text(&mut value, visit);
                map.insert(name, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_becomes_slices_with_times() {
        let slices = Slices { stamps: vec!["0".into(), "1".into()], tokens: 6 };
        let expanded = expand("a<|image|>b<|video|>c<|image|>", &[2, 3], &[slices]).unwrap();
        let slice = "<|begin_of_image|><|image|><|end_of_image|>";
        assert_eq!(expanded.text, format!("a<|image|>b{slice}0{slice}1c<|image|>"));
        assert_eq!(expanded.tokens, [2, 6, 6, 3]);
    }

    #[test]
    fn counts_must_agree() {
        let error = expand("<|image|>", &[1, 1], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 images given, but the prompt has 1 `<|image|>`; each needs exactly one, in the order given"
        );
        assert!(expand("<|video|>", &[], &[]).is_err());
    }

    #[test]
    fn ids_are_repeated() {
        assert_eq!(repeat(&[1, 9, 2, 9], 9, &[3, 1]).unwrap(), [1, 9, 9, 9, 2, 9]);
        assert!(repeat(&[1, 9], 9, &[3, 1]).is_err());
    }

    #[test]
    fn a_free_mark_stands_in_no_text() {
        let mut json = serde_json::json!([{"a\u{FDD2}": "\u{FDD0}", "b": 1}, "\u{FDD1}"]);
        let before = json.clone();
        assert_eq!(free_mark(&mut json), Some('\u{FDD3}'));
        assert_eq!(json, before);
    }
}
