//! Places as models of the GLM-4.1V family read and write them: integers 0..=999 over the width and the height.

use crate::record::{BoxPx, PointPx};

/// What an answer's span begins with.
pub const BEGIN_OF_BOX: &str = "<|begin_of_box|>";

/// What an answer's span ends with.
pub const END_OF_BOX: &str = "<|end_of_box|>";

/// The largest coordinate.
pub const LARGEST: u32 = 999;

/// The cell 0..=999 that a position along a side of `size` pixels lies in, as `glim_env::Viewport::to_norm` counts them;
/// places outside are moved to the edge.
pub fn norm(at: f32, size: u32) -> u32 {
    let share = f64::from(at) / f64::from(size.max(1));
    (share * f64::from(LARGEST + 1)).floor().clamp(0.0, f64::from(LARGEST)) as u32
}

/// A box as integers 0..=999: left, top, right, bottom.
pub fn norm_box(of: BoxPx, width: u32, height: u32) -> [u32; 4] {
    [norm(of[0], width), norm(of[1], height), norm(of[2], width), norm(of[3], height)]
}

/// A point as integers 0..=999.
pub fn norm_point(of: PointPx, width: u32, height: u32) -> [u32; 2] {
    [norm(of[0], width), norm(of[1], height)]
}

/// `[[x1,y1,x2,y2],…]`, the paper's form, inside the span marks.
pub fn answer_boxes(boxes: &[[u32; 4]]) -> String {
    let listed: Vec<String> = boxes.iter().map(|b| format!("[{},{},{},{}]", b[0], b[1], b[2], b[3])).collect();
    format!("{BEGIN_OF_BOX}[{}]{END_OF_BOX}", listed.join(","))
}

/// `[[x,y],…]` inside the span marks.
pub fn answer_points(points: &[[u32; 2]]) -> String {
    let listed: Vec<String> = points.iter().map(|p| format!("[{},{}]", p[0], p[1])).collect();
    format!("{BEGIN_OF_BOX}[{}]{END_OF_BOX}", listed.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_integers_from_0_to_999() {
        assert_eq!(norm_box([0.0, 360.0, 1280.0, 720.0], 1280, 720), [0, 500, 999, 999]);
        assert_eq!(norm(-3.0, 100), 0);
        assert_eq!(norm(5000.0, 100), 999);
        assert_eq!(norm(0.0, 0), 0);
        assert_eq!(answer_boxes(&[[1, 2, 3, 4], [5, 6, 7, 8]]), "<|begin_of_box|>[[1,2,3,4],[5,6,7,8]]<|end_of_box|>");
        assert_eq!(answer_points(&[[1, 2]]), "<|begin_of_box|>[[1,2]]<|end_of_box|>");
    }
}
