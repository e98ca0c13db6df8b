//! Places on a screen or a picture: boxes and points on the grid of 0..=999 that the model family writes.

/// A box on the grid, its corners in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NormBox {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

/// The last column and row of the grid.
pub(crate) const LAST: i32 = 999;

/// A box over at least this part of the screen points at nothing.
const WHOLE: f64 = 0.9;

impl NormBox {
    /// A box of left, top, right, bottom; `None` where it leaves the grid or its corners are swapped.
    pub(crate) fn new([left, top, right, bottom]: [i64; 4]) -> Option<Self> {
        let on_grid = |value: i64| i32::try_from(value).ok().filter(|value| (0..=LAST).contains(value));
        let (left, top, right, bottom) = (on_grid(left)?, on_grid(top)?, on_grid(right)?, on_grid(bottom)?);
        (left <= right && top <= bottom).then_some(Self { left, top, right, bottom })
    }

    pub(crate) fn area(self) -> i32 {
        (self.right - self.left) * (self.bottom - self.top)
    }

    /// Intersection over union; 0 where the union has no area.
    pub(crate) fn overlap(self, other: Self) -> f64 {
        let width = (self.right.min(other.right) - self.left.max(other.left)).max(0);
        let height = (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0);
        let common = width * height;
        let union = self.area() + other.area() - common;
        if union == 0 { 0.0 } else { f64::from(common) / f64::from(union) }
    }

    /// Whether the box is as good as the whole screen.
    pub(crate) fn is_whole_screen(self) -> bool {
        f64::from(self.area()) >= WHOLE * f64::from(LAST * LAST)
    }

    pub(crate) fn center(self) -> (f64, f64) {
        (f64::from(self.left + self.right) / 2.0, f64::from(self.top + self.bottom) / 2.0)
    }

    /// How far a point is from the box, 0 inside and on the border.
    pub(crate) fn distance(self, (x, y): (f64, f64)) -> f64 {
        let outside = |value: f64, low: i32, high: i32| (f64::from(low) - value).max(value - f64::from(high)).max(0.0);
        outside(x, self.left, self.right).hypot(outside(y, self.top, self.bottom))
    }

    /// How far a point within the box is from its centre, from 0 there to 1 on the border.
    pub(crate) fn eccentricity(self, (x, y): (f64, f64)) -> f64 {
        let (middle_x, middle_y) = self.center();
        let share = |distance: f64, size: i32| if size == 0 { 0.0 } else { 2.0 * distance.abs() / f64::from(size) };
        let across = share(x - middle_x, self.right - self.left);
        across.max(share(y - middle_y, self.bottom - self.top)).min(1.0)
    }
}

/// Whether a point lies on the grid.
pub(crate) fn on_grid((x, y): (f64, f64)) -> bool {
    let range = 0.0..=f64::from(LAST);
    range.contains(&x) && range.contains(&y)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn norm(corners: [i64; 4]) -> NormBox {
        NormBox::new(corners).unwrap()
    }

    #[rstest]
    #[case::swapped([718, 702, 503, 580])]
    #[case::beyond([0, 0, 1000, 10])]
    #[case::negative([-1, 0, 10, 10])]
    #[case::huge([0, 0, i64::MAX, i64::MAX])]
    fn boxes_that_leave_the_grid_are_refused(#[case] corners: [i64; 4]) {
        assert_eq!(NormBox::new(corners), None);
    }

    #[rstest]
    #[case::equal([503, 580, 718, 702], [503, 580, 718, 702], 1.0)]
    #[case::moved([504, 581, 719, 703], [503, 580, 718, 702], 0.974_704_509_523_451)]
    #[case::touching([503, 702, 718, 824], [503, 580, 718, 702], 0.0)]
    #[case::without_area([5, 5, 5, 5], [5, 5, 5, 5], 0.0)]
    fn overlap_is_intersection_over_union(#[case] one: [i64; 4], #[case] two: [i64; 4], #[case] expected: f64) {
        assert!((norm(one).overlap(norm(two)) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_point_is_measured_from_the_border_and_from_the_centre() {
        let target = norm([100, 100, 200, 120]);
        assert_eq!(target.distance((150.0, 110.0)), 0.0);
        assert_eq!(target.distance((203.0, 124.0)), 5.0);
        assert_eq!(target.eccentricity((150.0, 110.0)), 0.0);
        assert_eq!(target.eccentricity((150.0, 120.0)), 1.0);
        assert_eq!(target.eccentricity((175.0, 110.0)), 0.5);
    }

    #[test]
    fn the_whole_screen_is_known() {
        assert!(norm([0, 0, 999, 999]).is_whole_screen());
        assert!(norm([10, 10, 990, 990]).is_whole_screen());
        assert!(!norm([0, 0, 999, 500]).is_whole_screen());
    }
}
