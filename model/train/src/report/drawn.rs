//! A prediction drawn into its picture, for viewers that show nothing but pictures: TensorBoard.

use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};

use super::{Answer, Prediction};

const WHITE: [u8; 3] = [255, 255, 255];
/// As in the page.
const TARGET: [u8; 3] = [0x2f, 0x5b, 0xea];
const RIGHT: [u8; 3] = [0x0d, 0x9a, 0x55];
const WRONG: [u8; 3] = [0xe0, 0x23, 0x1a];

/// Pixels of a picture that is taken; a larger one would need gigabytes.
const LARGEST: u64 = 1 << 26;

/// The screenshot with the outline of what was meant in blue, and the answer in green or red, as a PNG file. None if the
/// screenshot is no PNG that can be read, or of more than 2^26 pixels.
pub fn drawn(prediction: &Prediction) -> Option<Vec<u8>> {
    let mut canvas = Canvas::read(&prediction.picture)?;
    let color = if prediction.right { RIGHT } else { WRONG };
    canvas.outline(prediction.target, TARGET);
    match prediction.answer {
        Some(Answer::Box(of)) => canvas.outline(of, color),
        Some(Answer::Point([x, y])) => {
            let arm = 4.0 * canvas.line;
            canvas.outline([x - arm, y - arm, x + arm, y + arm], color);
            let dot = canvas.line;
            canvas.fill([x - dot, y - dot, x + dot, y + dot], color);
        }
        None => {}
    }
    canvas.write()
}

/// A picture of red, green and blue.
struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 3]>,
    /// How thick lines are, in pixels.
    line: f64,
}

impl Canvas {
    fn read(file: &[u8]) -> Option<Canvas> {
        let mut decoder = Decoder::new(Cursor::new(file));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().ok()?;
        let (width, height) = reader.info().size();
        if u64::from(width) * u64::from(height) > LARGEST {
            return None;
        }
        let mut bytes = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut bytes).ok()?;
        let bytes = &bytes[..frame.buffer_size()];
        let pixels = match frame.color_type {
            ColorType::Grayscale => bytes.iter().map(|gray| [*gray; 3]).collect(),
            ColorType::GrayscaleAlpha => bytes.chunks_exact(2).map(|it| [it[0]; 3]).collect(),
            ColorType::Rgb => bytes.chunks_exact(3).map(|it| [it[0], it[1], it[2]]).collect(),
            ColorType::Rgba => bytes.chunks_exact(4).map(|it| [it[0], it[1], it[2]]).collect(),
            ColorType::Indexed => return None,
        };
        let line = (f64::from(width.max(height)) / 350.0).round().max(1.0);
        Some(Canvas { width: width as usize, height: height as usize, pixels, line })
    }

    /// A frame around a box, with a white one around itself, so that it is seen on any page.
    fn outline(&mut self, of: [f64; 4], color: [u8; 3]) {
        let line = self.line;
        self.frame(of, 2.0 * line, WHITE);
        self.frame(of, line, color);
    }

    /// A frame that reaches outwards from the edges of a box.
    fn frame(&mut self, [left, top, right, bottom]: [f64; 4], thick: f64, color: [u8; 3]) {
        for edge in [
            [left - thick, top - thick, right + thick, top],
            [left - thick, bottom, right + thick, bottom + thick],
            [left - thick, top, left, bottom],
            [right, top, right + thick, bottom],
        ] {
            self.fill(edge, color);
        }
    }

    /// Paints what of a box lies on the picture. One whose numbers are none has no pixels.
    fn fill(&mut self, [left, top, right, bottom]: [f64; 4], color: [u8; 3]) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture; NaN is 0")]
        let within = |edge: f64, size: usize| edge.round().clamp(0.0, size as f64) as usize;
        let columns = within(left, self.width)..within(right, self.width).max(within(left, self.width));
        for row in within(top, self.height)..within(bottom, self.height) {
            self.pixels[row * self.width..][columns.clone()].fill(color);
        }
    }

    fn write(&self) -> Option<Vec<u8>> {
        let mut file = Vec::new();
        let (width, height) = (u32::try_from(self.width).ok()?, u32::try_from(self.height).ok()?);
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(self.pixels.as_flattened()).ok()?;
        writer.finish().ok()?;
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, height: u32) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_color(ColorType::GrayscaleAlpha);
        encoder.write_header().unwrap().write_image_data(&vec![100; (2 * width * height) as usize]).unwrap();
        file
    }

    fn prediction(target: [f64; 4], answer: Option<Answer>, right: bool) -> Prediction {
        let (source, question, reply) = Default::default();
        Prediction { source, question, reply, picture: gray(30, 20), target, answer, right }
    }

    fn pixels(prediction: &Prediction) -> impl Fn(usize, usize) -> [u8; 3] + use<> {
        let canvas = Canvas::read(&drawn(prediction).unwrap()).unwrap();
        assert_eq!((canvas.width, canvas.height), (30, 20));
        move |x, y| canvas.pixels[y * canvas.width + x]
    }

    #[test]
    fn frames_lie_around_their_boxes() {
        let at = pixels(&prediction([5.0, 6.0, 12.0, 9.0], Some(Answer::Box([20.0, 6.0, 25.0, 9.0])), true));
        for (x, y, color) in [
            (4, 5, TARGET),
            (12, 9, TARGET),
            (3, 4, WHITE),
            (13, 10, WHITE),
            (2, 4, [100; 3]),
            (5, 6, [100; 3]),
            (11, 8, [100; 3]),
            (19, 7, RIGHT),
            (25, 7, RIGHT),
            (24, 8, [100; 3]),
        ] {
            assert_eq!(at(x, y), color, "at {x}, {y}");
        }
    }

    #[test]
    fn a_point_is_a_dot_in_a_frame_and_what_is_off_the_picture_is_left_out() {
        let at = pixels(&prediction([-9.0, -9.0, 99.0, 99.0], Some(Answer::Point([28.0, 10.0])), false));
        assert_eq!([at(28, 10), at(23, 10), at(25, 10), at(0, 0)], [WRONG, WRONG, [100; 3], [100; 3]]);
        for edge in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300] {
            drawn(&prediction([edge, 3.0, 1.0, edge], Some(Answer::Point([edge, edge])), true)).unwrap();
        }
    }

    #[test]
    fn what_is_no_picture_is_not_drawn() {
        let whole = prediction([0.0; 4], None, true);
        for bytes in [b"".to_vec(), b"GIF89a".to_vec(), whole.picture[..40].to_vec()] {
            assert!(drawn(&Prediction { picture: bytes, ..whole.clone() }).is_none());
        }
    }
}
