//! Boxes and digits on a picture.

use image::RgbImage;

use super::ink::brightness;

/// Width of a digit in dots.
pub(super) const GLYPH_WIDTH: i32 = 6;
/// Height of a digit in dots.
pub(super) const GLYPH_HEIGHT: i32 = 9;

/// Digits, one byte a row, the leftmost dot in bit 5. Strokes are two dots wide: they stay readable when a model's
/// processor shrinks the picture.
const DIGITS: [[u8; GLYPH_HEIGHT as usize]; 10] = [
    [0b011110, 0b110011, 0b110011, 0b110011, 0b110011, 0b110011, 0b110011, 0b110011, 0b011110],
    [0b001100, 0b011100, 0b111100, 0b001100, 0b001100, 0b001100, 0b001100, 0b001100, 0b111111],
    [0b011110, 0b110011, 0b000011, 0b000011, 0b000110, 0b001100, 0b011000, 0b110000, 0b111111],
    [0b011110, 0b110011, 0b000011, 0b000011, 0b001110, 0b000011, 0b000011, 0b110011, 0b011110],
    [0b000110, 0b001110, 0b011110, 0b110110, 0b110110, 0b111111, 0b000110, 0b000110, 0b000110],
    [0b111111, 0b110000, 0b110000, 0b111110, 0b000011, 0b000011, 0b000011, 0b110011, 0b011110],
    [0b001110, 0b011000, 0b110000, 0b110000, 0b111110, 0b110011, 0b110011, 0b110011, 0b011110],
    [0b111111, 0b000011, 0b000011, 0b000110, 0b000110, 0b001100, 0b001100, 0b011000, 0b011000],
    [0b011110, 0b110011, 0b110011, 0b110011, 0b011110, 0b110011, 0b110011, 0b110011, 0b011110],
    [0b011110, 0b110011, 0b110011, 0b110011, 0b011111, 0b000011, 0b000011, 0b000110, 0b011100],
];

/// A rectangle of whole pixels; `right` and `bottom` are not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) right: i32,
    pub(super) bottom: i32,
}

impl Area {
    /// Pixels in it.
    pub(super) fn size(&self) -> i64 {
        i64::from((self.right - self.left).max(0)) * i64::from((self.bottom - self.top).max(0))
    }

    /// Pixels that two areas share.
    pub(super) fn shared(&self, other: &Area) -> i32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0) * height.max(0)
    }

    /// Whether the other lies in it.
    pub(super) fn encloses(&self, other: &Area) -> bool {
        self.left <= other.left && self.top <= other.top && self.right >= other.right && self.bottom >= other.bottom
    }

    /// Larger by so many pixels on each side.
    pub(super) fn grown(&self, by: i32) -> Area {
        Area { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }

    /// Moved so that it lies in a picture, if it fits there.
    pub(super) fn moved_into(&self, width: i32, height: i32) -> Area {
        let right = (self.right.min(width) - self.right) + (-self.left).max(0);
        let down = (self.bottom.min(height) - self.bottom) + (-self.top).max(0);
        Area { left: self.left + right, top: self.top + down, right: self.right + right, bottom: self.bottom + down }
    }
}

/// A colour for a box, and one for the digits on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour {
    fill: [u8; 3],
    digits: [u8; 3],
}

impl Colour {
    /// The `turn`th colour that stands out against that brightness, 0..=255. Neighbouring turns differ in hue.
    pub(super) fn against(background: u8, turn: usize) -> Colour {
        const DARK: [[u8; 3]; 7] =
            [[200, 0, 0], [0, 70, 190], [120, 0, 150], [0, 105, 45], [180, 60, 0], [0, 95, 115], [165, 0, 90]];
        const BRIGHT: [[u8; 3]; 7] = [
            [255, 225, 60],
            [110, 235, 255],
            [255, 160, 210],
            [140, 255, 140],
            [255, 180, 90],
            [200, 190, 255],
            [230, 255, 150],
        ];
        match background {
            0..110 => Colour { fill: BRIGHT[turn % BRIGHT.len()], digits: [0, 0, 0] },
            _ => Colour { fill: DARK[turn % DARK.len()], digits: [255, 255, 255] },
        }
    }
}

/// A picture that is drawn on.
pub(super) struct Canvas<'a> {
    picture: &'a mut RgbImage,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(picture: &'a mut RgbImage) -> Canvas<'a> {
        Canvas { picture }
    }

    /// Mean brightness just outside an area, 0..=255, from samples along its edges.
    pub(super) fn brightness_around(&self, area: &Area) -> u8 {
        let (width, height) = (self.picture.width() as i32, self.picture.height() as i32);
        if width == 0 || height == 0 {
            return 255;
        }
        let outside = area.grown(1);
        let (mut sum, mut count) = (0_u32, 0_u32);
        for step in 0..=8 {
            let x = outside.left + (outside.right - outside.left) * step / 8;
            let y = outside.top + (outside.bottom - outside.top) * step / 8;
            for (x, y) in [(x, outside.top), (x, outside.bottom), (outside.left, y), (outside.right, y)] {
                let (x, y) = (x.clamp(0, width - 1) as u32, y.clamp(0, height - 1) as u32);
                sum += u32::from(brightness(&self.picture.get_pixel(x, y).0));
                count += 1;
            }
        }
        (sum / count) as u8
    }

    /// The outline of an area, so many pixels wide, inside of it.
    pub(super) fn frame(&mut self, area: &Area, wide: i32, colour: Colour) {
        let Area { left, top, right, bottom } = *area;
        self.fill(&Area { bottom: top + wide, ..*area }, colour.fill);
        self.fill(&Area { top: bottom - wide, ..*area }, colour.fill);
        self.fill(&Area { right: left + wide, ..*area }, colour.fill);
        self.fill(&Area { left: right - wide, ..*area }, colour.fill);
    }

    /// A number on a filled area, with a thin edge in the colour of its digits, so that labels side by side stay apart.
    pub(super) fn label(&mut self, area: &Area, number: u32, scale: i32, colour: Colour) {
        self.fill(area, colour.digits);
        self.fill(&area.grown(-scale.min(1)), colour.fill);
        let mut left = area.left + 2 * scale;
        for digit in number.to_string().bytes() {
            for (y, row) in DIGITS[usize::from(digit - b'0')].iter().enumerate() {
                for x in (0..GLYPH_WIDTH).filter(|x| row >> (GLYPH_WIDTH - 1 - x) & 1 == 1) {
                    let (dot_x, dot_y) = (left + x * scale, area.top + (2 + y as i32) * scale);
                    let dot = Area { left: dot_x, top: dot_y, right: dot_x + scale, bottom: dot_y + scale };
                    self.fill(&dot, colour.digits);
                }
            }
            left += (GLYPH_WIDTH + 1) * scale;
        }
    }

    fn fill(&mut self, area: &Area, colour: [u8; 3]) {
        let (width, height) = (self.picture.width() as i32, self.picture.height() as i32);
        let (left, right) = (area.left.clamp(0, width) as usize, area.right.clamp(0, width) as usize);
        if left >= right {
            return;
        }
        let row_bytes = 3 * width as usize;
        let raw: &mut [u8] = self.picture;
        for y in area.top.clamp(0, height)..area.bottom.clamp(0, height) {
            let from = y as usize * row_bytes;
            for pixel in raw[from + 3 * left..from + 3 * right].chunks_exact_mut(3) {
                pixel.copy_from_slice(&colour);
            }
        }
    }
}
