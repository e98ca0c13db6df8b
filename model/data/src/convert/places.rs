//! Places in prompts and answers, written in another way.
//!
//! A record's texts have places as integers 0..=999. Those that name one of the question's boxes or points are written
//! anew from its pixels, so nothing is lost to the coarse scale; others inside the span marks are taken to be in the
//! middle of their cell; numbers in brackets that are no places of ours stay as they are.

use crate::coordinates::{BEGIN_OF_BOX, END_OF_BOX, LARGEST, norm_box, norm_point};
use crate::record::{BoxPx, PointPx, Question};

/// How places are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Integers 0..=999, the cells of the GLM-4.1V family.
    Cells,
    /// Integers 0..=1000: thousandths of the picture's side.
    Thousandths,
    /// Whole image pixels.
    Pixels,
    /// 0..1 with three decimals.
    Unit,
}

impl Scale {
    /// All, with their names on the command line.
    pub const NAMES: [(&'static str, Scale); 4] =
        [("999", Scale::Cells), ("1000", Scale::Thousandths), ("pixels", Scale::Pixels), ("unit", Scale::Unit)];
}

/// A place in image pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    Box(BoxPx),
    Point(PointPx),
}

impl Place {
    /// Its numbers: x, y, and for a box x, y again.
    pub(super) fn numbers(&self) -> &[f32] {
        match self {
            Place::Box(numbers) => numbers,
            Place::Point(numbers) => numbers,
        }
    }

    /// As `[…]`.
    pub(super) fn write(&self, scale: Scale, (width, height): (u32, u32)) -> String {
        let number = |(at, number): (usize, &f32)| {
            let size = if at % 2 == 0 { width } else { height };
            let number = f64::from(*number).clamp(0.0, f64::from(size));
            let share = number / f64::from(size.max(1));
            match scale {
                Scale::Cells => ((share * f64::from(LARGEST + 1)).floor().min(f64::from(LARGEST))).to_string(),
                Scale::Thousandths => (share * 1000.0).round().to_string(),
                Scale::Pixels => number.round().to_string(),
                Scale::Unit => format!("{share:.3}"),
            }
        };
        format!("[{}]", self.numbers().iter().enumerate().map(number).collect::<Vec<_>>().join(","))
    }
}

/// The text with each place in it as `write` has it, its brackets included.
pub(super) fn rewrite(
    text: &str,
    question: &Question,
    size: (u32, u32),
    mut write: impl FnMut(Place) -> String,
) -> String {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    let mut marked = false;
    while let Some(at) = rest.find(['[', '<']) {
        new.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((mark, begins)) =
            [(BEGIN_OF_BOX, true), (END_OF_BOX, false)].into_iter().find(|m| rest.starts_with(m.0))
        {
            marked = begins;
            new.push_str(mark);
            rest = &rest[mark.len()..];
        } else if let Some((cells, length)) = list(rest)
            && let Some(place) = place(&cells, question, size, marked)
        {
            new.push_str(&write(place));
            rest = &rest[length..];
        } else {
            new.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    new.push_str(rest);
    new
}

/// Without the marks around answers, which mean nothing to other models.
pub(super) fn without_marks(text: &str) -> String {
    text.replace(BEGIN_OF_BOX, "").replace(END_OF_BOX, "")
}

/// The integers of a list that the text begins with, and its length in bytes.
fn list(text: &str) -> Option<(Vec<u32>, usize)> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find(']')?;
    let cells: Result<Vec<u32>, _> = inside[..end].split(',').map(|number| number.trim().parse()).collect();
    let cells = cells.ok().filter(|cells| matches!(cells.len(), 2 | 4) && cells.iter().all(|cell| *cell <= LARGEST))?;
    Some((cells, end + 2))
}

fn place(cells: &[u32], question: &Question, (width, height): (u32, u32), marked: bool) -> Option<Place> {
    let middle = |cell: u32, size: u32| (f64::from(cell) + 0.5) as f32 * size as f32 / (LARGEST + 1) as f32;
    match *cells {
        [left, top, right, bottom] => {
            let known = question.boxes_px.iter().find(|of| norm_box(**of, width, height) == *cells);
            let guess = || {
                let corner = |x, y| [middle(x, width), middle(y, height)];
                let ([left, top], [right, bottom]) = (corner(left, top), corner(right, bottom));
                [left, top, right, bottom]
            };
            known.copied().or_else(|| marked.then(guess)).map(Place::Box)
        }
        [x, y] => {
            let known = question.points_px.iter().find(|of| norm_point(**of, width, height) == *cells);
            known.copied().or_else(|| marked.then(|| [middle(x, width), middle(y, height)])).map(Place::Point)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn questions() -> Vec<Question> {
        sample::screen("a.test", 1, 0).questions
    }

    fn scaled(text: &str, question: &Question, scale: Scale) -> String {
        rewrite(text, question, sample::SIZE, |place| place.write(scale, sample::SIZE))
    }

    #[test]
    fn places_are_written_from_pixels() {
        let several = &questions()[1];
        assert_eq!(several.answer, "<|begin_of_box|>[[90,79,460,227],[600,500,900,750]]<|end_of_box|>");
        let [cells, thousandths, pixels, unit] = Scale::NAMES.map(|(_, scale)| scaled(&several.answer, several, scale));
        assert_eq!(cells, several.answer);
        assert_eq!(thousandths, "<|begin_of_box|>[[90,79,460,227],[600,500,900,750]]<|end_of_box|>");
        assert_eq!(pixels, "<|begin_of_box|>[[18,10,92,27],[120,60,180,90]]<|end_of_box|>");
        assert_eq!(unit, "<|begin_of_box|>[[0.090,0.079,0.460,0.227],[0.600,0.500,0.900,0.750]]<|end_of_box|>");
        assert_eq!(without_marks(&pixels), "[[18,10,92,27],[120,60,180,90]]");
    }

    #[test]
    fn prompts_have_places_too_and_other_brackets_stay() {
        let [_, _, generation, action, refusal] = <[Question; 5]>::try_from(questions()).unwrap();
        let prompt = format!("{} Not [1,2], [a], [5, 6, 7, 8] or [[ü", generation.prompt);
        let told = scaled(&prompt, &generation, Scale::Pixels);
        assert_eq!(
            told,
            "What is at <|begin_of_box|>[[120,60,180,90]]<|end_of_box|>? Not [1,2], [a], [5, 6, 7, 8] or [[ü"
        );
        assert_eq!(scaled(&action.answer, &action, Scale::Pixels), "<|begin_of_box|>[[150,75]]<|end_of_box|>");
        assert_eq!(scaled(&refusal.answer, &refusal, Scale::Pixels), refusal.answer);
    }

    #[test]
    fn a_marked_place_that_is_no_box_of_the_question_is_in_the_middle_of_its_cell() {
        let refusal = &questions()[4];
        let told = scaled("<|begin_of_box|>[[0,999],[100,100,200,200]]<|end_of_box|>[1,2]", refusal, Scale::Pixels);
        assert_eq!(told, "<|begin_of_box|>[[0,120],[20,12,40,24]]<|end_of_box|>[1,2]");
    }
}
