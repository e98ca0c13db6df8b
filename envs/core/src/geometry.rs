//! Points and rectangles that carry their unit in the type, so that a model's coordinate cannot be clicked by mistake.
//!
//! ```compile_fail
//! # use glim_env::{Css, Norm, Point};
//! let said: Point<Norm> = Point::new(500.0, 500.0);
//! let clicked: Point<Css> = said; // mismatched types
//! ```

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// CSS pixels from the top left corner of the viewport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Css {}

/// Pixels of the screenshot from its top left corner: CSS pixels times the device scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Image {}

/// The coordinates that models of the GLM-4.1V family speak: integers 0..=999 over the width and over the height.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {}

/// A position in the unit `U`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Point<U> {
    /// Rightwards.
    pub x: f64,
    /// Downwards.
    pub y: f64,
    #[serde(skip)]
    unit: PhantomData<U>,
}

/// An axis-parallel rectangle in the unit `U`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Rect<U> {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width, not negative.
    pub width: f64,
    /// Height, not negative.
    pub height: f64,
    #[serde(skip)]
    unit: PhantomData<U>,
}

impl<U> Clone for Point<U> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<U> Copy for Point<U> {}
impl<U> PartialEq for Point<U> {
    fn eq(&self, other: &Self) -> bool {
        (self.x, self.y) == (other.x, other.y)
    }
}
impl<U> Clone for Rect<U> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<U> Copy for Rect<U> {}
impl<U> PartialEq for Rect<U> {
    fn eq(&self, other: &Self) -> bool {
        (self.x, self.y, self.width, self.height) == (other.x, other.y, other.width, other.height)
    }
}

impl<U> Point<U> {
    /// The point at `x`, `y`.
    pub const fn new(x: f64, y: f64) -> Self {
        Point { x, y, unit: PhantomData }
    }
}

impl<U> Rect<U> {
    /// The rectangle whose top left corner is at `x`, `y`.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Rect { x, y, width, height, unit: PhantomData }
    }

    /// The rectangle between two opposite corners, in any order.
    pub fn between(a: Point<U>, b: Point<U>) -> Self {
        Rect::new(a.x.min(b.x), a.y.min(b.y), (a.x - b.x).abs(), (a.y - b.y).abs())
    }

    /// The middle.
    pub fn center(&self) -> Point<U> {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    /// Area in square units.
    pub fn area(&self) -> f64 {
        self.width * self.height
    }

    /// Whether the point lies inside; the left and top edges belong to the rectangle, the others do not.
    pub fn contains(&self, point: Point<U>) -> bool {
        point.x >= self.x && point.y >= self.y && point.x < self.x + self.width && point.y < self.y + self.height
    }

    /// What two rectangles share, empty (no area) if they do not touch.
    pub fn intersection(&self, other: &Rect<U>) -> Rect<U> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = (self.x + self.width).min(other.x + other.width);
        let bottom = (self.y + self.height).min(other.y + other.height);
        Rect::new(x, y, (right - x).max(0.0), (bottom - y).max(0.0))
    }

    /// Intersection over union, 0..=1; 0 if both are empty.
    pub fn iou(&self, other: &Rect<U>) -> f64 {
        let shared = self.intersection(other).area();
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}

/// The size of what the agent sees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Viewport {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Image pixels per CSS pixel.
    pub scale: f64,
}

impl Default for Viewport {
    fn default() -> Self {
        Viewport { width: 1280, height: 720, scale: 1.0 }
    }
}

impl Viewport {
    /// A viewport at device scale 1.
    pub const fn new(width: u32, height: u32) -> Self {
        Viewport { width, height, scale: 1.0 }
    }

    /// The whole of it.
    pub fn rect(&self) -> Rect<Css> {
        Rect::new(0.0, 0.0, f64::from(self.width), f64::from(self.height))
    }

    /// The middle of the cell that a model's coordinate names.
    pub fn from_norm(&self, point: Point<Norm>) -> Point<Css> {
        let cell = |at: f64, size: u32| (at.clamp(0.0, 999.0) + 0.5) / 1000.0 * f64::from(size);
        Point::new(cell(point.x, self.width), cell(point.y, self.height))
    }

    /// The cell 0..=999 that a point lies in. Inverse of [`Viewport::from_norm`].
    pub fn to_norm(&self, point: Point<Css>) -> Point<Norm> {
        let cell = |at: f64, size: u32| (at / f64::from(size.max(1)) * 1000.0).floor().clamp(0.0, 999.0);
        Point::new(cell(point.x, self.width), cell(point.y, self.height))
    }

    /// A rectangle in a model's coordinates.
    pub fn rect_to_norm(&self, rect: &Rect<Css>) -> Rect<Norm> {
        let from = self.to_norm(Point::new(rect.x, rect.y));
        let to = self.to_norm(Point::new(rect.x + rect.width, rect.y + rect.height));
        Rect::between(from, to)
    }

    /// Where a point is on the screenshot.
    pub fn to_image(&self, point: Point<Css>) -> Point<Image> {
        Point::new(point.x * self.scale, point.y * self.scale)
    }

    /// Where a rectangle is on the screenshot.
    pub fn rect_to_image(&self, rect: &Rect<Css>) -> Rect<Image> {
        let s = self.scale;
        Rect::new(rect.x * s, rect.y * s, rect.width * s, rect.height * s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_coordinate_survives_the_way_to_the_screen_and_back() {
        for viewport in [Viewport::new(160, 210), Viewport::new(1280, 720), Viewport::new(3840, 2160)] {
            for at in 0..=999 {
                let said = Point::<Norm>::new(f64::from(at), f64::from(999 - at));
                let css = viewport.from_norm(said);
                assert!(viewport.rect().contains(css), "{said:?} leaves {viewport:?}");
                assert_eq!(viewport.to_norm(css), said);
            }
        }
    }

    #[test]
    fn coordinates_out_of_range_are_clamped_to_the_screen() {
        let viewport = Viewport::new(100, 100);
        assert!(viewport.rect().contains(viewport.from_norm(Point::new(5000.0, -3.0))));
        assert_eq!(viewport.to_norm(Point::new(1e9, -1.0)), Point::new(999.0, 0.0));
    }

    #[test]
    fn iou_of_halves_is_a_third() {
        let (a, b) = (Rect::<Css>::new(0.0, 0.0, 2.0, 1.0), Rect::new(1.0, 0.0, 2.0, 1.0));
        assert!((a.iou(&b) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(a.iou(&Rect::new(9.0, 9.0, 1.0, 1.0)), 0.0);
    }
}
