use std::time::Instant;

use glim_env::{Point, Rect, Seed, States};

use super::*;
use crate::sample::{element, screen};

fn labels(picture: &RgbImage, elements: &[&Element], scale: i32) -> Vec<(usize, Area)> {
    let ink = Ink::of(picture);
    let boxes: Vec<Area> = elements
        .iter()
        .map(|element| Area {
            left: element.rect.x as i32,
            top: element.rect.y as i32,
            right: (element.rect.x + element.rect.width) as i32,
            bottom: (element.rect.y + element.rect.height) as i32,
        })
        .collect();
    let mut placed = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        let place = best_place(element, &boxes[at], &boxes, &placed, &ink, scale);
        placed.push((at, place));
    }
    placed
}

#[test]
fn what_cannot_be_operated_and_doubles_get_no_mark() {
    let rect = Rect::new(10.0, 10.0, 100.0, 40.0);
    let plain = Element { clickable: false, ..element(1, rect) };
    let off = Element { states: States { disabled: true, ..States::default() }, ..element(2, rect) };
    let outer = element(3, rect);
    let inner = element(4, Rect::new(11.0, 11.0, 98.0, 38.0));
    let other = element(5, Rect::new(300.0, 10.0, 100.0, 40.0));
    let observation = screen(Viewport::default(), vec![plain, off, outer, inner, other]);
    let marks: Vec<u32> = marked(&observation).iter().map(|element| element.mark).collect();
    assert_eq!(marks, [4, 5]);
}

#[test]
fn a_label_stands_at_the_top_left_where_that_is_free() {
    let white = RgbImage::from_pixel(400, 200, image::Rgb([255, 255, 255]));
    let one = element(7, Rect::new(100.0, 100.0, 80.0, 30.0));
    let (width, height) = label_size(7, 1);
    let expected = Area { left: 100, top: 100 - height, right: 100 + width, bottom: 100 };
    assert_eq!(labels(&white, &[&one], 1), [(0, expected)]);
}

#[test]
fn a_label_avoids_text_and_other_labels_and_stays_on_the_picture() {
    let mut page = RgbImage::from_pixel(600, 300, image::Rgb([255, 255, 255]));
    // Lines of text above and inside of the box.
    for y in [70..98, 102..128] {
        for (x, y) in (90..300).flat_map(|x| y.clone().map(move |y| (x, y))).filter(|(x, y)| (x / 2 + y / 3) % 2 == 0) {
            page.put_pixel(x, y, image::Rgb([0, 0, 0]));
        }
    }
    let busy = element(12, Rect::new(95.0, 100.0, 200.0, 30.0));
    let corner = element(13, Rect::new(0.0, 0.0, 20.0, 10.0));
    let below = element(14, Rect::new(2.0, 12.0, 20.0, 10.0));
    let placed = labels(&page, &[&busy, &corner, &below], 1);
    let ink = Ink::of(&page);
    assert_eq!(ink.in_area(&placed[0].1), 0, "{placed:?} hides text");
    for (at, (_, area)) in placed.iter().enumerate() {
        assert!(Area { left: 0, top: 0, right: 600, bottom: 300 }.encloses(area), "{area:?} leaves the picture");
        assert!(placed[..at].iter().all(|(_, other)| other.shared(area) == 0), "{placed:?} overlap");
    }
}

#[test]
fn ink_counts_edges() {
    let mut picture = RgbImage::from_pixel(10, 10, image::Rgb([255, 255, 255]));
    picture.put_pixel(5, 5, image::Rgb([0, 0, 0]));
    let ink = Ink::of(&picture);
    // The dot, the pixel to its right and the one below it differ from a neighbour.
    assert_eq!(ink.in_area(&Area { left: 0, top: 0, right: 10, bottom: 10 }), 3);
    assert_eq!(ink.in_area(&Area { left: 0, top: 0, right: 5, bottom: 10 }), 0);
    assert_eq!(ink.in_area(&Area { left: -9, top: -9, right: 99, bottom: 99 }), 3);
}

#[test]
fn the_digits_of_a_label_can_be_read_back() {
    let mut picture = RgbImage::from_pixel(200, 40, image::Rgb([255, 255, 255]));
    let area = Area { left: 4, top: 4, right: 4 + 7 * 10 + 3, bottom: 4 + 13 };
    Canvas::new(&mut picture).label(&area, 1_234_567_890, 1, Colour::against(255, 0));
    let mut drawn = String::new();
    for y in 5..17 {
        for x in 4..78 {
            drawn.push(if picture.get_pixel(x, y).0 == [255, 255, 255] { '#' } else { ' ' });
        }
        drawn = drawn.trim_end().to_owned();
        drawn.push('\n');
    }
    insta::assert_snapshot!(drawn, @r#"
    #                                                                       ##
    #   ##    ####   ####     ##  ######   ###  ######  ####   ####   ####  ##
    #  ###   ##  ## ##  ##   ###  ##      ##        ## ##  ## ##  ## ##  ## ##
    # ####       ##     ##  ####  ##     ##         ## ##  ## ##  ## ##  ## ##
    #   ##       ##     ## ## ##  #####  ##        ##  ##  ## ##  ## ##  ## ##
    #   ##      ##    ###  ## ##      ## #####     ##   ####   ##### ##  ## ##
    #   ##     ##       ## ######     ## ##  ##   ##   ##  ##     ## ##  ## ##
    #   ##    ##        ##    ##      ## ##  ##   ##   ##  ##     ## ##  ## ##
    #   ##   ##     ##  ##    ##  ##  ## ##  ##  ##    ##  ##    ##  ##  ## ##
    # ###### ######  ####     ##   ####   ####   ##     ####   ###    ####  ##
    #                                                                       ##
    ##########################################################################
    "#);
}

#[test]
fn a_crowded_page_is_marked_fast_and_in_the_picture() {
    let mut generator = Seed(3).generator();
    let mut page = RgbImage::from_fn(1280, 720, |x, y| image::Rgb([((x * y) % 251) as u8, 200, 200]));
    let elements: Vec<Element> = (1..=150)
        .map(|mark| {
            let at = |generator: &mut glim_env::SplitMix, most: f64| generator.unit() * most;
            let corner: Point<glim_env::Css> = Point::new(at(&mut generator, 1270.0), at(&mut generator, 710.0));
            element(mark, Rect::new(corner.x, corner.y, at(&mut generator, 200.0), at(&mut generator, 40.0)))
        })
        .collect();
    let all: Vec<&Element> = elements.iter().collect();
    let before = page.clone();
    let started = Instant::now();
    draw(&mut page, Viewport::default(), &all);
    // Without optimisation; a quadratic slip would take seconds.
    assert!(started.elapsed().as_millis() < 2000, "{:?}", started.elapsed());
    assert_ne!(before, page);
    for scale in [0.5, 1.0, 2.0, 3.0] {
        draw(&mut page.clone(), Viewport { scale, ..Viewport::default() }, &all);
    }
    draw(&mut RgbImage::new(0, 0), Viewport::default(), &all);
}
