//! Where an action was aimed, as shapes over the screenshot.

use glim_env::{Action, Css, Observation, Point, Rect, Target};
use serde::Serialize;

/// One shape, in CSS pixels of the viewport.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "shape", rename_all = "snake_case")]
pub(super) enum Shape {
    /// The element that was aimed at.
    Box { x: f64, y: f64, width: f64, height: f64 },
    /// A pointer's way.
    Line { x1: f64, y1: f64, x2: f64, y2: f64 },
    /// Where the pointer went down.
    Point { x: f64, y: f64, radius: f64 },
    /// Where it went up, or how far the wheel went.
    Head { x: f64, y: f64, radius: f64 },
}

/// What to draw over the observation in which the action was decided. Shapes with numbers that are none are left out.
pub(super) fn shapes(action: &Action, observation: &Observation) -> Vec<Shape> {
    let viewport = observation.viewport.rect();
    let radius = (viewport.width.max(viewport.height) / 60.0).max(3.0);
    let aims: Vec<Aim> = action.targets().into_iter().filter_map(|target| aim(target, observation)).collect();
    let mut shapes: Vec<Shape> = aims.iter().filter_map(|aim| aim.rect).map(boxed).collect();
    let at: Vec<Point<Css>> = aims.iter().map(|aim| aim.point).collect();
    match (action, at.as_slice()) {
        (Action::Drag { .. }, &[from, to]) => {
            shapes.push(line(from, to));
            shapes.push(Shape::Point { x: from.x, y: from.y, radius });
            shapes.push(Shape::Head { x: to.x, y: to.y, radius: radius * 0.6 });
        }
        (Action::Scroll { dx, dy, .. }, at) if dx.is_finite() && dy.is_finite() => {
            let from = at.first().copied().unwrap_or_else(|| viewport.center());
            let to = Point::new((from.x + dx).clamp(0.0, viewport.width), (from.y + dy).clamp(0.0, viewport.height));
            shapes.push(line(from, to));
            shapes.push(Shape::Head { x: to.x, y: to.y, radius: radius * 0.6 });
        }
        (_, &[point, ..]) => shapes.push(Shape::Point { x: point.x, y: point.y, radius }),
        _ => {}
    }
    shapes
}

/// A target as a place.
struct Aim {
    point: Point<Css>,
    rect: Option<Rect<Css>>,
}

fn aim(target: Target, observation: &Observation) -> Option<Aim> {
    match target {
        Target::Mark(mark) => {
            let element = observation.element(mark)?;
            Some(Aim { point: element.point, rect: Some(element.rect) })
        }
        Target::Point(point) if point.x.is_finite() && point.y.is_finite() => {
            let under = observation.elements.iter().filter(|element| element.rect.contains(point));
            let innermost = under.min_by(|a, b| a.rect.area().total_cmp(&b.rect.area()));
            Some(Aim { point, rect: innermost.map(|element| element.rect) })
        }
        Target::Point(_) => None,
    }
}

fn boxed(rect: Rect<Css>) -> Shape {
    Shape::Box { x: rect.x, y: rect.y, width: rect.width, height: rect.height }
}

fn line(from: Point<Css>, to: Point<Css>) -> Shape {
    Shape::Line { x1: from.x, y1: from.y, x2: to.x, y2: to.y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::fake;

    fn observation() -> Observation {
        fake::observation(0)
    }

    #[test]
    fn a_click_shows_its_point_and_the_element_under_it() {
        let by_mark = shapes(&Action::click(Target::Mark(1)), &observation());
        let rect = Shape::Box { x: 4.0, y: 4.0, width: 20.0, height: 10.0 };
        assert_eq!(by_mark, [rect.clone(), Shape::Point { x: 14.0, y: 9.0, radius: 3.0 }]);
        let by_point = shapes(&Action::click(Point::new(5.0, 5.0)), &observation());
        assert_eq!(by_point, [rect, Shape::Point { x: 5.0, y: 5.0, radius: 3.0 }]);
        assert_eq!(shapes(&Action::click(Point::new(35.0, 25.0)), &observation()).len(), 1);
    }

    #[test]
    fn what_has_no_place_draws_nothing() {
        for action in [
            Action::Done,
            Action::click(Target::Mark(99)),
            Action::click(Point::new(f64::NAN, 1.0)),
            Action::Scroll { target: None, dx: 0.0, dy: f64::INFINITY },
        ] {
            assert_eq!(shapes(&action, &observation()), [], "{action:?}");
        }
    }

    #[test]
    fn a_drag_shows_its_way_and_a_scroll_stays_on_the_screen() {
        let drag = Action::Drag { from: Point::new(1.0, 1.0).into(), to: Point::new(30.0, 20.0).into() };
        assert!(shapes(&drag, &observation()).contains(&Shape::Line { x1: 1.0, y1: 1.0, x2: 30.0, y2: 20.0 }));
        let scroll = Action::Scroll { target: None, dx: 0.0, dy: 5000.0 };
        assert_eq!(shapes(&scroll, &observation())[0], Shape::Line { x1: 20.0, y1: 15.0, x2: 20.0, y2: 30.0 });
    }
}
