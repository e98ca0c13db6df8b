//! Places on a screen or a picture: boxes and points on the grid of 0..=999 that the model family writes.

/// A box on the grid, its corners in order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NormBox {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

/// The last column and row of the grid.
pub(crate) const LAST: f64 = 999.0;

/// A box over at least this part of the screen points at nothing.
const WHOLE: f64 = 0.9;

impl NormBox {
    /// A box of left, top, right, bottom; `None` where it leaves the grid or its corners are swapped.
    pub(crate) fn new([left, top, right, bottom]: [f64; 4]) -> Option<Self> {
        let in_place = on_grid((left, top)) && on_grid((right, bottom)) && left <= right && top <= bottom;
        in_place.then_some(Self { left, top, right, bottom })
    }

    pub(crate) fn area(self) -> f64 {
        (self.right - self.left) * (self.bottom - self.top)
    }

    /// Intersection over union; 0 where the union has no area.
    pub(crate) fn overlap(self, other: Self) -> f64 {
        let width = (self.right.min(other.right) - self.left.max(other.left)).max(0.0);
        let height = (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0.0);
        let common = width * height;
        let union = self.area() + other.area() - common;
        if union > 0.0 { (common / union).min(1.0) } else { 0.0 }
    }

    /// Whether the box is as good as the whole screen.
    pub(crate) fn is_whole_screen(self) -> bool {
        self.area() >= WHOLE * LAST * LAST
    }

    pub(crate) fn center(self) -> (f64, f64) {
        (f64::midpoint(self.left, self.right), f64::midpoint(self.top, self.bottom))
    }

    /// How far a point is from the box, 0 inside and on the border.
    pub(crate) fn distance(self, (x, y): (f64, f64)) -> f64 {
        let outside = |value: f64, low: f64, high: f64| (low - value).max(value - high).max(0.0);
        outside(x, self.left, self.right).hypot(outside(y, self.top, self.bottom))
    }

    /// How far a point within the box is from another within it, from 0 there to 1 on the border.
    pub(crate) fn eccentricity(self, (x, y): (f64, f64), (middle_x, middle_y): (f64, f64)) -> f64 {
        let share = |value: f64, middle: f64, low: f64, high: f64| {
            let room = if value < middle { middle - low } else { high - middle };
            if room > 0.0 { (value - middle).abs() / room } else { 0.0 }
        };
        let across = share(x, middle_x, self.left, self.right);
        across.max(share(y, middle_y, self.top, self.bottom)).min(1.0)
    }
}

/// Whether a point lies on the grid.
pub(crate) fn on_grid((x, y): (f64, f64)) -> bool {
    let range = 0.0..=LAST;
    range.contains(&x) && range.contains(&y)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn norm(corners: [f64; 4]) -> NormBox {
        NormBox::new(corners).unwrap()
    }

    #[rstest]
    #[case::swapped([718.0, 702.0, 503.0, 580.0])]
    #[case::beyond([0.0, 0.0, 1000.0, 10.0])]
    #[case::negative([-1.0, 0.0, 10.0, 10.0])]
    #[case::huge([0.0, 0.0, f64::INFINITY, f64::INFINITY])]
    #[case::not_a_number([0.0, 0.0, f64::NAN, 10.0])]
    fn boxes_that_leave_the_grid_are_refused(#[case] corners: [f64; 4]) {
        assert_eq!(NormBox::new(corners), None);
    }

    #[rstest]
    #[case::equal([503.0, 580.0, 718.0, 702.0], [503.0, 580.0, 718.0, 702.0], 1.0)]
    #[case::moved([504.0, 581.0, 719.0, 703.0], [503.0, 580.0, 718.0, 702.0], 0.974_704_509_523_451)]
    #[case::touching([503.0, 702.0, 718.0, 824.0], [503.0, 580.0, 718.0, 702.0], 0.0)]
    #[case::without_area([5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, 5.0], 0.0)]
    fn overlap_is_intersection_over_union(#[case] one: [f64; 4], #[case] two: [f64; 4], #[case] expected: f64) {
        assert!((norm(one).overlap(norm(two)) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_point_is_measured_from_the_border_and_from_the_centre() {
        let target = norm([100.0, 100.0, 200.0, 120.0]);
        assert_eq!(target.distance((150.0, 110.0)), 0.0);
        assert_eq!(target.distance((203.0, 124.0)), 5.0);
        assert_eq!(target.eccentricity((150.0, 110.0), target.center()), 0.0);
        assert_eq!(target.eccentricity((150.0, 120.0), target.center()), 1.0);
        assert_eq!(target.eccentricity((175.0, 110.0), target.center()), 0.5);
        assert_eq!(target.eccentricity((110.0, 110.0), (110.0, 105.0)), 1.0 / 3.0);
    }

    #[test]
    fn the_whole_screen_is_known() {
        assert!(norm([0.0, 0.0, 999.0, 999.0]).is_whole_screen());
        assert!(norm([10.0, 10.0, 990.0, 990.0]).is_whole_screen());
        assert!(!norm([0.0, 0.0, 999.0, 500.0]).is_whole_screen());
    }
}
