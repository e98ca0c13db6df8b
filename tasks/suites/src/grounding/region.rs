//! Where the truth lies on a picture, and what guessing at it is worth.

use glim_env::{Css, Point, Rect, Seed};
use serde_json::Value;

use super::{sides, tenths};

/// Random boxes that a chance is counted over: a standard error of 0.01 at the most.
const DRAWS: u32 = 2500;

/// What is meant, in pixels of the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Region {
    /// A box that lies within the picture and has an area.
    Box(Rect<Css>),
    /// The corners of a polygon, three or more.
    Polygon(Vec<Point<Css>>),
    /// Nothing on the picture.
    Absent,
}

impl Region {
    /// Whether a point is inside; the edge of a box belongs to it.
    pub(super) fn contains(&self, point: Point<Css>) -> bool {
        match self {
            Region::Box(rect) => {
                let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
                (rect.x..=right).contains(&point.x) && (rect.y..=bottom).contains(&point.y)
            }
            Region::Polygon(corners) => {
                // A ray to the right crosses the edge of what it starts in an odd number of times.
                let crossed = edges(corners).filter(|(a, b)| {
                    (a.y > point.y) != (b.y > point.y) && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x
                });
                crossed.count() % 2 == 1
            }
            Region::Absent => false,
        }
    }

    /// The share of the picture that it covers, 0..=1: what a random point reaches.
    pub(super) fn share(&self, screen: &Rect<Css>) -> f64 {
        let area = match self {
            Region::Box(rect) => rect.intersection(screen).area(),
            Region::Polygon(corners) => edges(corners).map(|(a, b)| a.x * b.y - b.x * a.y).sum::<f64>().abs() / 2.0,
            Region::Absent => 0.0,
        };
        (area / screen.area().max(1.0)).clamp(0.0, 1.0)
    }

    /// For the record.
    pub(super) fn told(&self) -> Value {
        match self {
            Region::Box(rect) => sides(rect),
            Region::Polygon(corners) => {
                corners.iter().map(|at| Value::from(vec![tenths(at.x), tenths(at.y)])).collect()
            }
            Region::Absent => Value::Null,
        }
    }
}

fn edges(corners: &[Point<Css>]) -> impl Iterator<Item = (Point<Css>, Point<Css>)> + '_ {
    corners.iter().zip(corners.iter().cycle().skip(1)).map(|(a, b)| (*a, *b))
}

/// The share of boxes between two random points of the picture that reach an overlap with `target`.
pub(super) fn chance_of_box(target: &Rect<Css>, screen: &Rect<Css>, iou: f64) -> f64 {
    let mut generator = Seed(0).generator();
    let mut point = || Point::new(generator.unit() * screen.width, generator.unit() * screen.height);
    let reached = (0..DRAWS).filter(|_| Rect::between(point(), point()).iou(target) >= iou).count();
    reached as f64 / f64::from(DRAWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Rect<Css> = Rect::new(0.0, 0.0, 100.0, 50.0);

    #[test]
    fn a_box_has_its_edges_and_its_share() {
        let target = Region::Box(Rect::new(10.0, 10.0, 20.0, 10.0));
        for (x, y, inside) in [(10.0, 10.0, true), (30.0, 20.0, true), (30.1, 20.0, false), (9.9, 15.0, false)] {
            assert_eq!(target.contains(Point::new(x, y)), inside, "{x} {y}");
        }
        assert!((target.share(&SCREEN) - 0.04).abs() < 1e-12);
    }

    #[test]
    fn a_polygon_may_be_hollow() {
        let corners = [(0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (30.0, 40.0), (30.0, 10.0), (0.0, 10.0)];
        let hook = Region::Polygon(corners.map(|(x, y)| Point::new(x, y)).to_vec());
        assert!(hook.contains(Point::new(35.0, 35.0)) && hook.contains(Point::new(5.0, 5.0)));
        assert!(!hook.contains(Point::new(10.0, 30.0)) && !hook.contains(Point::new(50.0, 5.0)));
        assert!((hook.share(&SCREEN) - 700.0 / 5000.0).abs() < 1e-12);
        assert!(!Region::Absent.contains(Point::new(1.0, 1.0)));
        assert_eq!(Region::Absent.share(&SCREEN), 0.0);
    }

    #[test]
    fn chance_is_the_same_each_time_and_larger_for_larger_boxes() {
        let small = chance_of_box(&Rect::new(40.0, 20.0, 10.0, 5.0), &SCREEN, 0.5);
        let large = chance_of_box(&Rect::new(10.0, 5.0, 70.0, 35.0), &SCREEN, 0.5);
        assert!(small < 0.01 && large > 0.05 && large < 0.3, "{small} {large}");
        assert_eq!(large, chance_of_box(&Rect::new(10.0, 5.0, 70.0, 35.0), &SCREEN, 0.5));
    }
}
