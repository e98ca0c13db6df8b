//! What text is set on: plain colours, gradients, stripes, dots, noise, shapes, pictures. Each knows the span of colours that
//! it may show, so that ink can be chosen to be read everywhere on it.

use std::fmt::Write as _;

use glim_env::SplitMix;

use super::colour::{Colour, Span};

/// A background.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// The value of the CSS property `background`.
    pub css: String,
    /// All that it may show.
    pub span: Span,
}

/// A colour to begin with: light most of the time, or dark, or any.
fn base(chance: &mut SplitMix) -> Colour {
    match chance.below(10) {
        0..5 => Colour([(); 3].map(|()| 205 + chance.below(51) as u8)),
        5 => Colour::WHITE,
        6..8 => Colour([(); 3].map(|()| chance.below(60) as u8)),
        _ => Colour::any(chance),
    }
}

/// A plain colour.
pub fn plain(chance: &mut SplitMix) -> Ground {
    let colour = base(chance);
    Ground { css: colour.to_string(), span: Span::of(&[colour]) }
}

/// A pattern of our own in colours that are near to each other.
pub fn pattern(chance: &mut SplitMix) -> Ground {
    let one = base(chance);
    let (two, three) = (one.near(24, chance), one.near(24, chance));
    let span = Span::of(&[one, two, three]);
    let angle = chance.below(360);
    let step = 4 + chance.below(60);
    let css = match chance.below(7) {
        0 => return plain(chance),
        1 => format!("linear-gradient({angle}deg, {one}, {two}, {three})"),
        2 => format!("radial-gradient(circle at {}% {}%, {one}, {two}, {three})", chance.below(101), chance.below(101)),
        3 => format!("repeating-linear-gradient({angle}deg, {one} 0 {step}px, {two} {step}px {}px)", 2 * step),
        4 => format!(
            "radial-gradient({two} {}px, transparent {}px) 0 0/{step}px {step}px, {one}",
            step / 4,
            step / 4 + 1
        ),
        5 => {
            let opacity = 0.04 + 0.1 * chance.unit();
            let frequency = 0.01 + 0.8 * chance.unit() * chance.unit();
            let seed = chance.below(1000);
            let noise = format!(
                "<svg xmlns='http://www.w3.org/2000/svg' width='300' height='300'><filter id='n'>\
                 <feTurbulence type='fractalNoise' baseFrequency='{frequency:.3}' numOctaves='3' seed='{seed}' stitchTiles='stitch'/>\
                 </filter><rect width='300' height='300' filter='url(#n)' opacity='{opacity:.3}'/></svg>"
            );
            let ends = [one.under(Colour::BLACK, opacity), one.under(Colour::WHITE, opacity)];
            return Ground { css: format!("{}, {one}", data_url(&noise)), span: Span::of(&ends) };
        }
        _ => {
            let mut shapes = String::from(
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 100' preserveAspectRatio='none'>",
            );
            for _ in 0..4 + chance.below(12) {
                let fill = if chance.below(2) == 0 { two } else { three };
                let (x, y, size) = (chance.below(100), chance.below(100), 4 + chance.below(36));
                let _ = match chance.below(3) {
                    0 => write!(shapes, "<circle cx='{x}' cy='{y}' r='{size}' fill='{fill}'/>"),
                    1 => {
                        write!(shapes, "<rect x='{x}' y='{y}' width='{size}' height='{}' fill='{fill}'/>", size / 2 + 1)
                    }
                    _ => write!(shapes, "<path d='M{x} {y}l{size} {}l-{} {size}z' fill='{fill}'/>", size / 3, size / 2),
                };
            }
            shapes.push_str("</svg>");
            return Ground { css: format!("{} 0 0/100% 100%, {one}", data_url(&shapes)), span };
        }
    };
    Ground { css, span }
}

/// A picture under a coat that leaves enough of a difference to some ink.
pub fn picture(url: &str, min_contrast: f64, chance: &mut SplitMix) -> Ground {
    let coat = if chance.below(2) == 0 { Colour::BLACK.near(40, chance) } else { Colour::WHITE.near(40, chance) };
    let mut opacity = 0.35 + 0.3 * chance.unit();
    loop {
        let span = Span::of(&[Colour::BLACK.under(coat, opacity), Colour::WHITE.under(coat, opacity)]);
        if span.contrast(Colour::BLACK).max(span.contrast(Colour::WHITE)) >= min_contrast || opacity >= 1.0 {
            let [red, green, blue] = coat.0;
            let coat = format!("rgb({red} {green} {blue} / {opacity:.2})");
            return Ground { css: format!("linear-gradient({coat}, {coat}), url('{url}') center/cover"), span };
        }
        opacity = (opacity + 0.05).min(1.0);
    }
}

fn data_url(svg: &str) -> String {
    let escaped = svg.replace('%', "%25").replace('#', "%23").replace('<', "%3C").replace('>', "%3E");
    format!("url(\"data:image/svg+xml,{escaped}\")")
}

#[cfg(test)]
mod tests {
    use super::*;
    use glim_env::Seed;

    #[test]
    fn some_ink_is_read_on_every_ground() {
        let mut chance = Seed(1).generator();
        for nth in 0..500 {
            let ground = if nth % 3 == 0 { picture("/p", 4.5, &mut chance) } else { pattern(&mut chance) };
            let ink = ground.span.ink(3.0, &mut chance);
            assert!(ground.span.contrast(ink) >= 2.9, "{ink} on {ground:?}");
            assert!(!ground.css.contains('<') && !ground.css.contains("#n"), "{}", ground.css);
        }
    }
}
