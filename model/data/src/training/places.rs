//! Places as they stand in words: found, moved with the picture, and written with fewer digits.
//!
//! A place is `[x,y]` or `[x1,y1,x2,y2]` with integers 0..=999. Of a question those are meant that its record names in
//! pixels; other numbers in brackets, such as a page's own, stay what they are.
//!
//! ```text
//! step 10     <|begin_of_box|>[[142,75,358,226]]<|end_of_box|>   ->   <|begin_of_box|>[[145,75,355,225]]<|end_of_box|>
//! ```

use super::Change;
use crate::coordinates::{BEGIN_OF_BOX, END_OF_BOX, LARGEST, norm_box, norm_point};
use crate::record::{BoxPx, PointPx, Question};

/// How places are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing {
    /// What is done to the picture.
    pub(super) change: Change,
    /// Its size in image pixels.
    pub(super) size: (u32, u32),
    /// Width of a bin.
    pub(super) step: u32,
}

impl Writing {
    /// The middle of the bin that a coordinate lies in.
    pub(super) fn coarse(&self, at: u32) -> u32 {
        (at / self.step * self.step + self.step / 2).min(LARGEST)
    }

    /// A box of the picture before it is changed, as it is written; `None` if it is cut off.
    pub(super) fn place(&self, of: BoxPx) -> Option<[u32; 4]> {
        let (width, height) = self.size;
        let moved = self.change.place(of, self.size)?;
        Some(norm_box(moved, width, height).map(|at| self.coarse(at)))
    }

    /// Where a box of the picture before it is changed lies afterwards, on a scale of 0 to 1000; `None` if it is cut off.
    pub(super) fn exact(&self, of: BoxPx) -> Option<[f64; 4]> {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        let [l, t, r, b] = self.change.place(of, self.size)?.map(f64::from);
        Some([l / width, t / height, r / width, b / height].map(|share| share * 1000.0))
    }

    /// A point of the picture before it is changed, as it is written; `None` if it is outside then.
    pub(super) fn point(&self, of: PointPx) -> Option<[u32; 2]> {
        let (width, height) = self.size;
        let moved = self.change.point(of, self.size)?;
        Some(norm_point(moved, width, height).map(|at| self.coarse(at)))
    }

    /// Words of a question with its places; `None` if one of them is cut off or cannot be told.
    pub(super) fn question(&self, text: &str, question: &Question) -> Option<String> {
        let (width, height) = self.size;
        rewrite(text, |place, marked| {
            let written = match *place {
                [x, y] => {
                    let known = question.points_px.iter().find(|of| norm_point(**of, width, height) == [x, y]);
                    known.map(|of| self.point(*of).map(|point| point.to_vec()))
                }
                _ => {
                    let known = question.boxes_px.iter().find(|of| norm_box(**of, width, height) == *place);
                    known.map(|of| self.place(*of).map(|of| of.to_vec()))
                }
            };
            match written {
                Some(known) => known,
                None if !marked => Some(place.to_vec()),
                None if self.change.moves() => None,
                None => Some(place.iter().map(|at| self.coarse(*at)).collect()),
            }
        })
    }

    /// An agent's reply with its places, which are known by their numbers alone; `None` if one is outside afterwards.
    pub(super) fn reply(&self, text: &str) -> Option<String> {
        let (width, height) = self.size;
        let middle = |at: u32, size: u32| (at as f32 + 0.5) / (LARGEST + 1) as f32 * size as f32;
        rewrite(text, |place, _| {
            if !self.change.moves() {
                return Some(place.iter().map(|at| self.coarse(*at)).collect());
            }
            let points = place.chunks_exact(2).map(|at| self.point([middle(at[0], width), middle(at[1], height)]));
            let points: Option<Vec<[u32; 2]>> = points.collect();
            points.map(|points| points.into_flattened())
        })
    }
}

/// The text with each place replaced; `None` if `instead` gives none for one. It is told whether the place stands between
/// the marks of a box.
fn rewrite(text: &str, mut instead: impl FnMut(&[u32], bool) -> Option<Vec<u32>>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut marked = false;
    let mut at = 0;
    while let Some(next) = text[at..].find(['[', '<']) {
        let begin = at + next;
        out.push_str(&text[at..begin]);
        let rest = &text[begin..];
        if rest.starts_with(BEGIN_OF_BOX) {
            marked = true;
        } else if rest.starts_with(END_OF_BOX) {
            marked = false;
        }
        if let Some((place, length)) = place(rest) {
            let written: Vec<String> = instead(&place, marked)?.iter().map(u32::to_string).collect();
            out.push_str(&format!("[{}]", written.join(",")));
            at = begin + length;
        } else {
            out.push_str(&rest[..1]);
            at = begin + 1;
        }
    }
    out.push_str(&text[at..]);
    Some(out)
}

/// The place that a text begins with, and its length in bytes.
fn place(text: &str) -> Option<(Vec<u32>, usize)> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(']')?;
    let numbers = inside[..end].split(',').map(|number| {
        let number = number.trim();
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse().ok().filter(|at| digits && *at <= LARGEST)
    });
    let numbers: Vec<u32> = numbers.collect::<Option<_>>()?;
    matches!(numbers.len(), 2 | 4).then_some((numbers, end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writing(step: u32, change: Change) -> Writing {
        Writing { change, size: (1000, 1000), step }
    }

    #[test]
    fn coordinates_become_the_middles_of_bins() {
        let ten = writing(10, Change::default());
        assert_eq!([0, 9, 10, 994, 999].map(|at| ten.coarse(at)), [5, 5, 15, 995, 995]);
        let one = writing(1, Change::default());
        assert_eq!([0, 500, 999].map(|at| one.coarse(at)), [0, 500, 999]);
        let text = "see [12] and [[3,4]], left_click(start_box='[500, 251]') [1,2,3] [1000,2] [a,b] <|x";
        let expected = "see [12] and [[5,5]], left_click(start_box='[505,255]') [1,2,3] [1000,2] [a,b] <|x";
        assert_eq!(ten.reply(text).unwrap(), expected);
    }

    #[test]
    fn places_of_a_question_are_written_from_its_pixels() {
        let question = Question { boxes_px: vec![[100.4, 200.0, 300.0, 400.0]], ..Question::default() };
        let moved = Change { dx: 7, dy: -3, ..Change::default() };
        let text = "[5,6] in [[100,200,300,400]]";
        assert_eq!(writing(1, moved).question(text, &question).unwrap(), "[5,6] in [[107,197,307,397]]");
        // What is said to be a place and is not in the record cannot be moved.
        let answer = "<|begin_of_box|>[[1,2,3,4]]<|end_of_box|>";
        assert_eq!(writing(1, moved).question(answer, &question), None);
        let same = writing(100, Change::default()).question(answer, &question).unwrap();
        assert_eq!(same, "<|begin_of_box|>[[50,50,50,50]]<|end_of_box|>");
        // Moved out of the picture.
        assert_eq!(writing(1, Change { dx: -200, ..moved }).question(text, &question), None);
    }

    #[test]
    fn a_reply_moves_with_its_picture() {
        let moved = writing(1, Change { dx: 20, dy: 0, ..Change::default() });
        assert_eq!(moved.reply("left_click('[500,10]')").unwrap(), "left_click('[520,10]')");
        assert_eq!(moved.reply("left_click('[990,10]')"), None);
    }
}
