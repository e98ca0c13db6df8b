//! Changes of a picture that leave what is asked about it true: it is moved, brighter or darker, of more or less contrast.
//!
//! A change is a handful of numbers that are drawn with the sample, so that places are written for the picture as it will
//! be; the pixels follow when it is decoded. Where the picture is moved away, its edge is repeated.

use glim_processor::Picture;

use super::AugmentRecipe;
use crate::record::{BoxPx, PointPx};
use crate::seed::{SplitMix, unit};

/// The share of a box that must be left for the box to count.
const KEPT: f32 = 0.9;

/// What is done to a picture. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Image pixels that it is moved rightwards.
    pub dx: i32,
    /// Image pixels that it is moved downwards.
    pub dy: i32,
    /// What is added to each byte.
    pub brightness: f32,
    /// What the distance of each byte from the middle is multiplied with.
    pub contrast: f32,
}

impl Default for Change {
    fn default() -> Self {
        Change { dx: 0, dy: 0, brightness: 0.0, contrast: 1.0 }
    }
}

impl Change {
    /// One within the recipe's limits.
    pub(super) fn draw(recipe: &AugmentRecipe, chance: &mut SplitMix) -> Change {
        let mut between = || 2.0 * unit(chance.next_u64()) - 1.0;
        let shift = f64::from(recipe.shift) + 0.5;
        let (most, step) = (recipe.shift as i32, recipe.shift_step.max(1) as i32);
        let mut way = || ((between() * shift).round() as i32).clamp(-most, most) / step * step;
        let (dx, dy) = (way(), way());
        let brightness = between() as f32 * recipe.brightness * 255.0;
        let contrast = 1.0 + between() as f32 * recipe.contrast;
        Change { dx, dy, brightness, contrast }
    }

    /// This without a move.
    #[must_use]
    pub(super) fn staying(self) -> Change {
        Change { dx: 0, dy: 0, ..self }
    }

    /// Whether places are elsewhere afterwards.
    pub fn moves(&self) -> bool {
        self.dx != 0 || self.dy != 0
    }

    /// Where a box is afterwards; `None` if too much of it is cut off.
    pub(super) fn place(&self, of: BoxPx, size: (u32, u32)) -> Option<BoxPx> {
        if !self.moves() {
            return Some(of);
        }
        let clipped = self.clipped(of, size);
        let area = |of: BoxPx| (of[2] - of[0]).max(0.0) * (of[3] - of[1]).max(0.0);
        (area(clipped) > 0.0 && area(clipped) >= KEPT * area(of)).then_some(clipped)
    }

    /// Where a box is afterwards, outside of the picture too.
    pub(super) fn moved(&self, of: BoxPx) -> BoxPx {
        let (dx, dy) = (self.dx as f32, self.dy as f32);
        [of[0] + dx, of[1] + dy, of[2] + dx, of[3] + dy]
    }

    /// Where a box is afterwards, without what is cut off.
    pub(super) fn clipped(&self, of: BoxPx, size: (u32, u32)) -> BoxPx {
        let (x, y) = (|at: f32| at.clamp(0.0, size.0 as f32), |at: f32| at.clamp(0.0, size.1 as f32));
        let [left, top, right, bottom] = self.moved(of);
        [x(left), y(top), x(right), y(bottom)]
    }

    /// Where a point is afterwards; `None` outside.
    pub(super) fn point(&self, of: PointPx, size: (u32, u32)) -> Option<PointPx> {
        let moved = [of[0] + self.dx as f32, of[1] + self.dy as f32];
        let inside = |at: f32, size: u32| (0.0..size as f32).contains(&at);
        (!self.moves() || inside(moved[0], size.0) && inside(moved[1], size.1)).then_some(moved)
    }

    /// The picture afterwards, of the same size.
    pub(super) fn of(&self, picture: Picture) -> Picture {
        if *self == Change::default() {
            return picture;
        }
        let lit = |byte: usize| (byte as f32 - 127.5) * self.contrast + 127.5 + self.brightness;
        let mut table = [0; 256];
        table.iter_mut().enumerate().for_each(|(byte, to)| *to = lit(byte).round().clamp(0.0, 255.0) as u8);
        picture.changed(self.dx, self.dy, &table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_move_as_places_do() {
        let mut pixels = vec![10; 8 * 6 * 3];
        pixels[3 * (2 * 8 + 3)] = 200;
        let picture = Picture::new(8, 6, pixels).unwrap();
        let change = Change { dx: 2, dy: -1, ..Change::default() };
        let moved = change.of(picture);
        let at = moved.pixels().iter().position(|byte| *byte == 200).unwrap() / 3;
        assert_eq!((at % 8, at / 8), (5, 1));
        assert_eq!(change.place([3.0, 2.0, 4.0, 3.0], (8, 6)), Some([5.0, 1.0, 6.0, 2.0]));
        assert_eq!(change.point([7.0, 2.0], (8, 6)), None);
        assert_eq!(change.place([0.0, 0.0, 2.0, 2.0], (8, 6)), None, "half of it is cut off");
    }

    #[test]
    fn an_edge_is_repeated_and_light_changes() {
        let picture = Picture::new(3, 1, vec![0, 0, 0, 100, 100, 100, 255, 255, 255]).unwrap();
        let right = Change { dx: 2, ..Change::default() }.of(picture.clone());
        assert_eq!(right.pixels(), [0; 9]);
        let far = Change { dx: -50, ..Change::default() }.of(picture.clone());
        assert_eq!(far.pixels(), [255; 9]);
        let flat = Change { contrast: 0.5, brightness: 10.0, ..Change::default() }.of(picture);
        assert_eq!(flat.pixels().chunks(3).map(|pixel| pixel[0]).collect::<Vec<_>>(), [74, 124, 201]);
    }

    #[test]
    fn changes_stay_within_the_recipe() {
        let recipe = AugmentRecipe { shift: 5, shift_step: 0, brightness: 0.1, contrast: 0.2 };
        let mut chance = SplitMix(3);
        let drawn: Vec<Change> = (0..500).map(|_| Change::draw(&recipe, &mut chance)).collect();
        for way in -5..=5 {
            assert!(drawn.iter().any(|change| change.dx == way) && drawn.iter().any(|change| change.dy == way));
        }
        assert!(drawn.iter().all(|change| change.dx.abs() <= 5 && change.dy.abs() <= 5));
        assert!(drawn.iter().all(|change| change.brightness.abs() <= 25.5 && (change.contrast - 1.0).abs() <= 0.2));
        assert_eq!(Change::draw(&AugmentRecipe::default(), &mut chance), Change::default());
    }
}
