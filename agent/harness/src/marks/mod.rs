//! Set-of-marks: numbered boxes drawn on a screenshot, so that a model can name an element by its number.
//!
//! After Yang et al., 2023 (set-of-mark prompting), in the form of the web agents of GLM-4.1V. **How we differ**: a label
//! is placed where it hides least. Of twelve places around and inside its box it takes the one with the least ink below it
//! (text and edges of the page), the least overlap with labels that stand already, and the least with boxes that are not
//! its own; the top left corner, where models expect it, wins a tie. Colours contrast with what is below.

use glim_env::{Element, Observation, Viewport};
use image::RgbImage;

use self::canvas::{Area, Canvas, Colour, GLYPH_HEIGHT, GLYPH_WIDTH};
use self::ink::Ink;

mod canvas;
mod ink;

/// Elements that get a mark: those that can be operated, each place once.
///
/// Of two that a click reaches at the same point and whose boxes are the same, the smaller is marked.
pub fn marked(observation: &Observation) -> Vec<&Element> {
    let operable = |element: &&Element| {
        !element.states.disabled
            && (element.clickable || element.editable || element.scrollable || !element.options.is_empty())
    };
    let mut kept: Vec<&Element> = Vec::new();
    for element in observation.elements.iter().filter(operable) {
        let double = kept.iter().position(|other| {
            (element.point.x - other.point.x).abs() < 2.0
                && (element.point.y - other.point.y).abs() < 2.0
                && element.rect.iou(&other.rect) > 0.9
        });
        match double {
            Some(at) if element.rect.area() < kept[at].rect.area() => kept[at] = element,
            Some(_) => {}
            None => kept.push(element),
        }
    }
    kept.sort_by_key(|element| element.mark);
    kept
}

/// Draws boxes and numbers of `elements` on a screenshot of `viewport`.
pub fn draw(screenshot: &mut RgbImage, viewport: Viewport, elements: &[&Element]) {
    let ink = Ink::of(screenshot);
    let mut canvas = Canvas::new(screenshot);
    let scale = (viewport.scale.round() as i32).max(1);
    let boxes: Vec<Area> = elements
        .iter()
        .map(|element| {
            let rect = viewport.rect_to_image(&element.rect);
            Area {
                left: rect.x.floor() as i32,
                top: rect.y.floor() as i32,
                right: (rect.x + rect.width).ceil() as i32,
                bottom: (rect.y + rect.height).ceil() as i32,
            }
        })
        .collect();
    let colours: Vec<Colour> = elements
        .iter()
        .zip(&boxes)
        .map(|(element, area)| Colour::against(canvas.brightness_around(area), element.mark as usize))
        .collect();
    for (area, colour) in boxes.iter().zip(&colours) {
        canvas.frame(&area.grown(scale), scale, *colour);
    }
    // The smallest first: they have the fewest places where their number still belongs to them.
    let mut order: Vec<usize> = (0..elements.len()).collect();
    order.sort_by_key(|&at| (boxes[at].size(), at));
    let mut placed: Vec<(usize, Area)> = Vec::with_capacity(elements.len());
    for at in order {
        let label = best_place(elements[at], &boxes[at], &boxes, &placed, &ink, scale);
        placed.push((at, label));
    }
    for (at, area) in &placed {
        canvas.label(area, elements[*at].mark, scale, colours[*at]);
    }
}

/// Width and height of a label.
fn label_size(mark: u32, scale: i32) -> (i32, i32) {
    let digits = mark.checked_ilog10().unwrap_or(0) as i32 + 1;
    ((digits * (GLYPH_WIDTH + 1) + 3) * scale, (GLYPH_HEIGHT + 4) * scale)
}

fn best_place(element: &Element, own: &Area, boxes: &[Area], placed: &[(usize, Area)], ink: &Ink, scale: i32) -> Area {
    let (width, height) = label_size(element.mark, scale);
    let (middle_x, middle_y) = ((own.left + own.right - width) / 2, (own.top + own.bottom - height) / 2);
    // Corners of the label, from the place that models expect to the ones that are harder to attribute.
    let corners = [
        (own.left, own.top - height),
        (own.left - width, own.top),
        (own.left - width, middle_y),
        (own.left, own.top),
        (own.right - width, own.top - height),
        (own.right, own.top),
        (own.right, middle_y),
        (own.left, own.bottom),
        (own.right - width, own.top),
        (own.right - width, own.bottom),
        (own.left, own.bottom - height),
        (middle_x, own.bottom - height),
    ];
    let place = corners.iter().enumerate().map(|(order, &(left, top))| {
        let area = Area { left, top, right: left + width, bottom: top + height }.moved_into(ink.width(), ink.height());
        let mut cost = 3.0 * f64::from(ink.in_area(&area)) + 6.0 * order as f64 * f64::from(scale);
        for (_, other) in placed {
            cost += 12.0 * f64::from(area.shared(other));
        }
        for other in boxes {
            // Lying in a box that encloses its own tells nothing wrong; lying in a neighbour's does.
            if !other.encloses(own) {
                cost += 0.5 * f64::from(area.shared(other));
            }
        }
        (cost, area)
    });
    let best = place.min_by(|a, b| a.0.total_cmp(&b.0));
    best.expect("there are places to choose from").1
}

#[cfg(test)]
mod tests;
