//! Where a picture has something to see: edges, summed so that any rectangle is asked in constant time.

use image::RgbImage;

use super::canvas::Area;

/// Least step in brightness between neighbours that counts as an edge, of 255.
const STEP: u8 = 20;

/// Edges of a picture as an integral image.
pub(super) struct Ink {
    width: i32,
    height: i32,
    /// Edges above and left of each corner of a pixel; `width + 1` a row.
    sums: Vec<u32>,
}

impl Ink {
    /// One pass over the picture.
    pub(super) fn of(picture: &RgbImage) -> Ink {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut sums = vec![0_u32; (width + 1) * (height + 1)];
        let mut above = vec![0_u8; width];
        for (y, row) in picture.as_raw().chunks_exact((3 * width).max(1)).take(height).enumerate() {
            let (done, current) = sums.split_at_mut((y + 1) * (width + 1));
            let previous = &done[y * (width + 1)..];
            let (mut sum, mut left) = (0_u32, None);
            for (x, pixel) in row.chunks_exact(3).enumerate() {
                let bright = brightness(pixel);
                let up = if y == 0 { bright } else { above[x] };
                let edge = bright.abs_diff(left.unwrap_or(bright)) > STEP || bright.abs_diff(up) > STEP;
                sum += u32::from(edge);
                current[x + 1] = previous[x + 1] + sum;
                above[x] = bright;
                left = Some(bright);
            }
        }
        Ink { width: width as i32, height: height as i32, sums }
    }

    pub(super) fn width(&self) -> i32 {
        self.width
    }

    pub(super) fn height(&self) -> i32 {
        self.height
    }

    /// Edges in an area.
    pub(super) fn in_area(&self, area: &Area) -> u32 {
        let at = |x: i32, y: i32| {
            let (x, y) = (x.clamp(0, self.width), y.clamp(0, self.height));
            self.sums[y as usize * (self.width as usize + 1) + x as usize]
        };
        let whole = at(area.right, area.bottom) + at(area.left, area.top);
        whole.saturating_sub(at(area.left, area.bottom) + at(area.right, area.top))
    }
}

/// Brightness of a pixel, 0..=255, by the weights of the eye.
pub(super) fn brightness(pixel: &[u8]) -> u8 {
    ((u32::from(pixel[0]) * 77 + u32::from(pixel[1]) * 150 + u32::from(pixel[2]) * 29) >> 8) as u8
}
