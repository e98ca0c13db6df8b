//! How alike two pictures of one page are: their text, where it stands, and their colours.

use glim_data::record::{BoxPx, Line};

use crate::picture::Picture;
use crate::words::collapse;

/// Pictures are compared in squares of so many image pixels.
const SQUARE: u32 = 8;

/// Mean channels of a square that differ by no more than this are the same colour.
const SAME: f64 = 20.0;

/// Three shares, 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Characters that stand in lines which both have, of those of either.
    pub text: f64,
    /// How near such lines are to where they should be: 1 less the mean distance, in shares of the picture's sides, of
    /// which a tenth is as far as anything can be.
    pub place: f64,
    /// Squares of the same colour, of those outside pictures.
    pub colour: f64,
}

impl Likeness {
    /// Their mean.
    pub fn score(self) -> f64 {
        (self.text + self.place + self.colour) / 3.0
    }
}

/// Compares two screens by their lines and pixels; what is in `left_out`, in image pixels, is not compared.
pub fn likeness(a: (&[Line], &Picture), b: (&[Line], &Picture), left_out: &[BoxPx]) -> Likeness {
    let (width, height) = (a.1.width() as f32, a.1.height() as f32);
    let letters = |line: &Line| line.text.chars().filter(|letter| !letter.is_whitespace()).count() as f64;
    let total: f64 = a.0.iter().chain(b.0).map(letters).sum();
    let mut free: Vec<Option<&Line>> = b.0.iter().map(Some).collect();
    let (mut matched, mut distances) = (0.0, Vec::new());
    for line in a.0 {
        let text = collapse(&line.text);
        let far = |other: &Line| {
            let apart = |low: usize, high: usize, side: f32| {
                let middle = |of: &Line| (of.box_px[low] + of.box_px[high]) / 2.0;
                (middle(line) - middle(other)).abs() / side
            };
            apart(0, 2, width).max(apart(1, 3, height))
        };
        let same = free.iter().enumerate().filter_map(|(at, other)| {
            let other = (*other)?;
            (collapse(&other.text) == text).then(|| (at, far(other)))
        });
        if let Some((at, distance)) = same.min_by(|a, b| a.1.total_cmp(&b.1)) {
            matched += 2.0 * letters(line);
            distances.push(f64::from((distance * 10.0).min(1.0)));
            free[at] = None;
        }
    }
    let text = if total > 0.0 { matched / total } else { 1.0 };
    let place = match distances.len() {
        0 if total > 0.0 => 0.0,
        0 => 1.0,
        count => 1.0 - distances.iter().sum::<f64>() / count as f64,
    };
    Likeness { text, place, colour: colours(a.1, b.1, left_out) }
}

fn colours(a: &Picture, b: &Picture, left_out: &[BoxPx]) -> f64 {
    let (width, height) = (a.width().min(b.width()), a.height().min(b.height()));
    let (mut same, mut all) = (0u32, 0u32);
    for top in (0..height).step_by(SQUARE as usize) {
        for left in (0..width).step_by(SQUARE as usize) {
            let (x, y) = ((left + SQUARE / 2) as f32, (top + SQUARE / 2) as f32);
            if left_out.iter().any(|out| out[0] <= x && x <= out[2] && out[1] <= y && y <= out[3]) {
                continue;
            }
            all += 1;
            let mean = |of: &Picture| {
                let (mut sum, mut count) = ([0.0f64; 3], 0.0);
                for y in top..(top + SQUARE).min(height) {
                    for x in left..(left + SQUARE).min(width) {
                        let pixel = of.pixels().get_pixel(x, y).0;
                        (0..3).for_each(|channel| sum[channel] += f64::from(pixel[channel]));
                        count += 1.0;
                    }
                }
                sum.map(|sum| sum / count)
            };
            let (one, other) = (mean(a), mean(b));
            same += u32::from((0..3).all(|channel| (one[channel] - other[channel]).abs() <= SAME));
        }
    }
    if all == 0 { 1.0 } else { f64::from(same) / f64::from(all) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    fn line(text: &str, left: f32, top: f32) -> Line {
        Line { text: text.to_owned(), box_px: [left, top, left + 50.0, top + 10.0], ..Line::default() }
    }

    #[test]
    fn equal_screens_are_alike_and_each_difference_counts() {
        let white = Picture::of(RgbImage::from_pixel(200, 100, image::Rgb([255; 3])));
        let striped = Picture::of(RgbImage::from_fn(200, 100, |x, _| image::Rgb([if x < 48 { 0 } else { 255 }; 3])));
        let lines = [line("one", 0.0, 0.0), line("two", 0.0, 20.0), line("two", 0.0, 60.0)];
        let same = likeness((&lines, &white), (&lines, &white), &[]);
        assert_eq!(same.score(), 1.0);
        let moved = [line("one", 10.0, 0.0), line("two", 0.0, 60.0), line("two", 0.0, 20.0)];
        let near = likeness((&lines, &white), (&moved, &white), &[]);
        assert!((near.place - (1.0 - 0.5 / 3.0)).abs() < 1e-6 && near.text == 1.0, "{near:?}");
        let fewer = likeness((&lines, &white), (&lines[..2], &striped), &[]);
        assert!((fewer.text - 0.8).abs() < 1e-9 && (fewer.colour - 0.76).abs() < 0.01, "{fewer:?}");
        assert_eq!(likeness((&lines, &white), (&lines, &striped), &[[0.0, 0.0, 48.0, 100.0]]).colour, 1.0);
        assert_eq!(likeness((&lines, &white), (&[], &white), &[]).place, 0.0);
    }
}
