//! Colours and how well one is read on another (WCAG 2, relative luminance and contrast ratio).

use std::fmt;

use glim_env::SplitMix;

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// Black.
    pub const BLACK: Colour = Colour([0; 3]);
    /// White.
    pub const WHITE: Colour = Colour([255; 3]);

    /// Any colour.
    pub fn any(chance: &mut SplitMix) -> Colour {
        Colour([(); 3].map(|()| chance.below(256) as u8))
    }

    /// A colour whose channels differ by `most` or less.
    pub fn near(self, most: usize, chance: &mut SplitMix) -> Colour {
        Colour(
            self.0
                .map(|channel| (usize::from(channel) + chance.below(2 * most + 1)).saturating_sub(most).min(255) as u8),
        )
    }

    /// This colour under a coat of another, `opacity` 0..=1.
    pub fn under(self, coat: Colour, opacity: f64) -> Colour {
        let mix =
            |below: u8, above: u8| (f64::from(below) * (1.0 - opacity) + f64::from(above) * opacity).round() as u8;
        Colour([0, 1, 2].map(|channel| mix(self.0[channel], coat.0[channel])))
    }

    /// 0 (black) to 1 (white).
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// 1 (none) to 21 (black on white).
pub fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (a.luminance() + 0.05, b.luminance() + 0.05);
    a.max(b) / a.min(b)
}

/// All colours between a darkest and a lightest, channel by channel. Any mixture of colours in it is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its darkest.
    pub low: Colour,
    /// Its lightest.
    pub high: Colour,
}

impl Span {
    /// The smallest span with these colours.
    pub fn of(colours: &[Colour]) -> Span {
        let over = |pick: fn(u8, u8) -> u8, from: u8| {
            Colour([0, 1, 2].map(|channel| colours.iter().fold(from, |best, colour| pick(best, colour.0[channel]))))
        };
        Span { low: over(u8::min, 255), high: over(u8::max, 0) }
    }

    /// The least contrast of a colour with any of the span; 1 if it is as light as one of them.
    pub fn contrast(self, with: Colour) -> f64 {
        let (own, low, high) = (with.luminance(), self.low.luminance(), self.high.luminance());
        if own < low {
            contrast(with, self.low)
        } else if own > high {
            contrast(with, self.high)
        } else {
            1.0
        }
    }

    /// A colour of chance that is read on all of the span; black or white, whichever is better, where none is found.
    pub fn ink(self, min_contrast: f64, chance: &mut SplitMix) -> Colour {
        for _ in 0..12 {
            let colour = Colour::any(chance);
            if self.contrast(colour) >= min_contrast {
                return colour;
            }
        }
        let best = |a: Colour, b: Colour| if self.contrast(a) >= self.contrast(b) { a } else { b };
        best(Colour::BLACK, Colour::WHITE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glim_env::Seed;

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((contrast(Colour::BLACK, Colour::WHITE) - 21.0).abs() < 1e-9);
        // The example that everybody quotes: this grey on white is just 4.54.
        assert!((contrast(Colour([0x76; 3]), Colour::WHITE) - 4.54).abs() < 0.01);
        assert_eq!(Colour([1, 171, 255]).to_string(), "#01abff");
        assert_eq!(Colour::BLACK.under(Colour::WHITE, 0.5), Colour([128; 3]));
    }

    #[test]
    fn ink_is_read_on_every_mixture_of_a_span() {
        let mut chance = Seed(3).generator();
        for _ in 0..300 {
            let one = Colour::any(&mut chance);
            let other = one.near(20, &mut chance);
            let span = Span::of(&[one, other]);
            let ink = span.ink(3.0, &mut chance);
            for step in 0..=10 {
                let mixed = one.under(other, f64::from(step) / 10.0);
                assert!(contrast(ink, mixed) >= span.contrast(ink) - 0.02, "{ink} on {mixed}");
            }
            assert!(span.contrast(ink) >= 3.0, "{ink} on {one} to {other}");
        }
    }
}
