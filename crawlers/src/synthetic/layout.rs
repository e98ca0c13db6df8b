//! The ways in which pages are laid out. Each writes more than fits; the page itself takes away the rest.

use std::fmt::Write as _;

use super::ground::{self, Ground};
use super::setting::Setter;

/// Opens a box for the page's content, sometimes a panel with a ground of its own.
fn page(setter: &mut Setter<'_>) {
    let (width, height) = (f64::from(setter.view.width), f64::from(setter.view.height));
    let margin = |setter: &mut Setter<'_>, side: f64| side * (0.015 + 0.07 * setter.chance.unit());
    let [top, right, bottom, left] = [height, width, height, width].map(|side| margin(setter, side));
    let gap = setter.size * (0.4 + 0.8 * setter.chance.unit());
    let _ = write!(
        setter.html,
        "<div class=\"page\" style=\"inset:{top:.0}px {right:.0}px {bottom:.0}px {left:.0}px;gap:{gap:.0}px;"
    );
    if setter.maybe(0.25) {
        let panel = ground::plain(&mut setter.chance);
        let ink = setter.ink(&panel);
        let padding = setter.size * (1.0 + setter.chance.unit());
        let round = setter.chance.below(16);
        let _ =
            write!(setter.html, "background:{};color:{ink};padding:{padding:.0}px;border-radius:{round}px;", panel.css);
    }
    setter.html.push_str("\">");
}

fn heading(setter: &mut Setter<'_>, tag: &str, class: &str, times: f64) {
    let Some(mut text) = setter.words(2, 7) else { return };
    if setter.maybe(0.15) {
        let upper = text.to_uppercase();
        if setter.head.covers(&upper) {
            text = upper;
        }
    }
    let weight = *setter.chance.choose(&[400, 600, 700, 700, 800]);
    let slope = if setter.maybe(0.1) { "italic" } else { "normal" };
    let align = *setter.chance.choose(&["start", "start", "center"]);
    let size = setter.size * times;
    let family = setter.head.family.clone();
    let style = format!("font:{slope} {weight} {size:.1}px/1.35 '{family}';text-align:{align}");
    setter.next_group();
    setter.item(tag, class, &style, &text);
}

fn paragraph(setter: &mut Setter<'_>, most: usize) {
    let Some(text) = setter.prose(most) else { return };
    let slope = if setter.maybe(0.08) { "italic" } else { "normal" };
    let weight = if setter.maybe(0.08) { 700 } else { 400 };
    setter.next_group();
    setter.item("p", "", &format!("font-style:{slope};font-weight:{weight}"), &text);
}

fn list(setter: &mut Setter<'_>, most: usize) {
    let sign = setter.sign(&["•", "–", "*", "▪", "→"]);
    let numbered = sign.is_empty() || setter.maybe(0.4);
    setter.next_group();
    setter.html.push_str("<div class=\"rows\">");
    for nth in 1..=2 + setter.chance.below(5) {
        let Some(text) = (if setter.maybe(0.5) { setter.words(2, 8) } else { setter.prose(most / 2) }) else {
            continue;
        };
        let text = if numbered { format!("{nth}. {text}") } else { format!("{sign} {text}") };
        setter.row += 1;
        setter.item("div", "item", "", &text);
    }
    setter.html.push_str("</div>");
}

fn table(setter: &mut Setter<'_>, on: &Ground, columns: usize, rows: usize) {
    let nth = setter.items.iter().filter_map(|item| item.cell).map(|(table, ..)| table + 1).max().unwrap_or(0);
    let numeric: Vec<bool> = (0..columns).map(|column| column > 0 && setter.maybe(0.5)).collect();
    let align: Vec<&str> =
        numeric.iter().map(|&number| if number && setter.maybe(0.7) { "end" } else { "start" }).collect();
    let mut cells: Vec<Vec<String>> = Vec::new();
    for row in 0..=rows {
        let texts = numeric.iter().map(|&number| match (row, number) {
            (1.., true) => Some(setter.number()),
            _ => setter.words(1, if columns > 4 { 2 } else { 3 }),
        });
        let Some(texts) = texts.collect::<Option<Vec<String>>>() else { return };
        cells.push(texts);
    }
    setter.next_group();
    let rule = setter.ink(on);
    let border = match setter.chance.below(4) {
        0 => String::new(),
        1 => format!("border:1px solid {rule}"),
        2 => format!("border-bottom:1px solid {rule}"),
        _ => format!("border-bottom:2px dotted {rule}"),
    };
    let head = ground::plain(&mut setter.chance);
    let head_style =
        if setter.maybe(0.5) { format!("background:{};color:{}", head.css, setter.ink(&head)) } else { String::new() };
    let width = if setter.maybe(0.5) { "width:100%" } else { "" };
    let _ = write!(setter.html, "<table style=\"{width}\">");
    for (row, texts) in cells.iter().enumerate() {
        setter.row = row as u32;
        setter.html.push_str("<tr>");
        for (column, text) in texts.iter().enumerate() {
            let (tag, more) = if row == 0 { ("th", head_style.as_str()) } else { ("td", "") };
            setter.item(tag, "", &format!("{border};text-align:{};{more}", align[column]), text);
            if let Some(item) = setter.items.last_mut() {
                item.cell = Some((nth, row, column));
            }
        }
        setter.html.push_str("</tr>");
    }
    setter.html.push_str("</table>");
}

/// Title, headings, paragraphs, lists and now and then a table, in columns.
pub(super) fn article(setter: &mut Setter<'_>, on: &Ground) {
    let width = f64::from(setter.view.width);
    let columns = (1 + setter.chance.below(3)).min((width / (setter.size * 16.0)) as usize).max(1);
    page(setter);
    if setter.maybe(0.75) {
        let times = 1.4 + setter.chance.unit();
        heading(setter, "h1", "head", times);
    }
    let gap = setter.size * (1.5 + setter.chance.unit());
    let _ = write!(setter.html, "<div class=\"columns\" style=\"gap:{gap:.0}px\">");
    let justify = columns < 3 && width / columns as f64 > setter.size * 28.0 && setter.maybe(0.4);
    let align = if justify { "text-align:justify" } else { "" };
    let letters = (width / columns as f64 / (setter.size * 0.5)) as usize;
    // Lines on the screen, whatever stands on them.
    let lines = (f64::from(setter.view.height) / (setter.size * 1.4)) as usize;
    for _ in 0..columns {
        let _ = write!(setter.html, "<div class=\"fit\" style=\"{align}\">");
        let mut left = lines as isize;
        while left > 0 {
            let before = setter.items.len();
            match setter.chance.below(12) {
                0 | 1 => {
                    let times = 1.1 + 0.4 * setter.chance.unit();
                    heading(setter, "h2", "", times);
                }
                2 => list(setter, letters * 4),
                3 if columns < 3 => table(setter, on, 2 + letters / 60, 3),
                _ => {
                    let most = letters * (2 + setter.chance.below(7));
                    paragraph(setter, most.max(60));
                }
            }
            let written: usize =
                setter.items[before..].iter().map(|item| item.text.chars().count() / letters.max(1) + 1).sum();
            left -= written.max(1) as isize;
        }
        setter.html.push_str("</div>");
    }
    setter.html.push_str("</div></div>");
}

/// Tables, each under its caption.
pub(super) fn table_page(setter: &mut Setter<'_>, on: &Ground) {
    page(setter);
    setter.html.push_str("<div class=\"columns\"><div class=\"fit\">");
    let letters = (f64::from(setter.view.width) / (setter.size * 0.5)) as usize;
    for _ in 0..1 + setter.chance.below(2) {
        heading(setter, "h3", "", 1.3);
        if setter.maybe(0.4) {
            paragraph(setter, letters * 2);
        }
        let columns = 2 + setter.chance.below((letters / 22).clamp(1, 5));
        let lines = (f64::from(setter.view.height) / (setter.size * 2.1)) as usize;
        let rows = 2 + setter.chance.below(lines.saturating_sub(8).clamp(2, 14));
        table(setter, on, columns, rows);
    }
    setter.html.push_str("</div></div></div>");
}

/// A row of two: what is on the left, and what is on the right.
fn pair(setter: &mut Setter<'_>, left: &str, right: &str, style: &str) {
    setter.row += 1;
    let _ = write!(setter.html, "<div class=\"side\" style=\"{style}\">");
    setter.item("div", "", "", left);
    setter.item("div", "", "", right);
    setter.html.push_str("</div>");
}

/// A slip of paper from a shop.
pub(super) fn receipt(setter: &mut Setter<'_>) {
    let paper = ground::plain(&mut setter.chance);
    let ink = setter.ink(&paper);
    let (width, height) = (f64::from(setter.view.width), f64::from(setter.view.height));
    let size = setter.size.min(width / 24.0);
    let wide = (size * (18.0 + 12.0 * setter.chance.unit())).min(width * 0.94);
    let left = (width - wide) * setter.chance.unit();
    let tall = height * (0.75 + 0.22 * setter.chance.unit());
    let top = (height - tall) * setter.chance.unit();
    let _ = write!(
        setter.html,
        "<div class=\"page\" style=\"left:{left:.0}px;top:{top:.0}px;width:{wide:.0}px;height:{tall:.0}px;font-size:{size:.1}px;\
         padding:{size:.0}px;background:{};color:{ink}\"><div class=\"fit\">",
        paper.css
    );
    heading(setter, "h2", "", 1.25);
    if let Some(line) = setter.words(2, 4) {
        setter.next_group();
        setter.item("div", "", "text-align:center", &line);
    }
    setter.next_group();
    let coin = setter.sign(&["€", "$", "£", ""]);
    let rule = *setter.chance.choose(&["dashed", "solid", "dotted"]);
    let price =
        |cents: usize| format!("{}.{:02}{}{coin}", cents / 100, cents % 100, if coin.is_empty() { "" } else { " " });
    let _ = write!(
        setter.html,
        "<div class=\"rows\" style=\"border-top:1px {rule};border-bottom:1px {rule};padding:.5em 0\">"
    );
    let mut sum = 0;
    let most = ((tall / (size * 1.8)) as usize).saturating_sub(9).clamp(2, 18);
    for _ in 0..2 + setter.chance.below(most) {
        let Some(name) = setter.words(1, 3) else { continue };
        let cents = 50 + setter.chance.below(9950);
        let count = 1 + setter.chance.below(3);
        sum += cents * count;
        let name = if count > 1 { format!("{count} x {name}") } else { name };
        pair(setter, &name, &price(cents * count), "");
    }
    setter.html.push_str("</div>");
    setter.next_group();
    if let Some(name) = setter.words(1, 1) {
        pair(setter, &name, &price(sum), "font-weight:700;font-size:1.15em");
    }
    if let Some(line) = setter.words(2, 5) {
        setter.next_group();
        setter.item("div", "", "text-align:center", &line);
    }
    setter.html.push_str("</div></div>");
}

/// Labels with what is filled in, beside or below them.
pub(super) fn form(setter: &mut Setter<'_>, on: &Ground) {
    page(setter);
    heading(setter, "h2", "head", 1.5);
    let columns = if f64::from(setter.view.width) > setter.size * 44.0 { 1 + setter.chance.below(2) } else { 1 };
    let beside = setter.maybe(0.5);
    let rule = setter.ink(on);
    let frame = match setter.chance.below(3) {
        0 => format!("border:1px solid {rule};padding:.3em .5em"),
        1 => format!("border-bottom:1px solid {rule};padding-bottom:.15em"),
        _ => String::new(),
    };
    let rows = (f64::from(setter.view.height) / (setter.size * 3.2)) as usize;
    let _ = write!(setter.html, "<div class=\"columns\" style=\"gap:2em\">");
    for _ in 0..columns {
        setter.html.push_str("<div class=\"fit\">");
        setter.next_group();
        for _ in 0..3 + setter.chance.below(rows.max(1)) {
            let (Some(label), Some(value)) = (setter.words(1, 3), setter.words(1, 5)) else { continue };
            let value = if setter.maybe(0.35) { setter.number() } else { value };
            let label = if setter.maybe(0.6) { format!("{label}:") } else { label };
            setter.row += 1;
            let place =
                if beside { "display:grid;grid-template-columns:35% 1fr;gap:.6em;align-items:baseline" } else { "" };
            let _ = write!(setter.html, "<div style=\"{place}\">");
            setter.item("div", "", "font-weight:700", &label);
            if !beside {
                setter.row += 1;
            }
            setter.item("div", "", &frame, &value);
            setter.html.push_str("</div>");
        }
        setter.html.push_str("</div>");
    }
    setter.html.push_str("</div></div>");
}

/// Captions in cells that no two share, some of them turned.
pub(super) fn scattered(setter: &mut Setter<'_>, on: &Ground) {
    let (width, height) = (f64::from(setter.view.width), f64::from(setter.view.height));
    let rows = 2 + setter.chance.below((height / (setter.size * 9.0)) as usize % 6 + 1);
    let mut top = 0.0;
    for row in 0..rows {
        let tall = (height - top) / (rows - row) as f64 * (0.8 + 0.4 * setter.chance.unit());
        let tall = tall.min(height - top);
        let columns = 1 + setter.chance.below(((width / (setter.size * 14.0)) as usize).clamp(1, 4));
        let mut left = 0.0;
        for column in 0..columns {
            let wide = (width - left) / (columns - column) as f64 * (0.75 + 0.5 * setter.chance.unit());
            let wide = wide.min(width - left);
            if !setter.maybe(0.15) {
                caption(setter, on, [left, top, wide, tall]);
            }
            left += wide;
        }
        top += tall;
    }
}

fn caption(setter: &mut Setter<'_>, on: &Ground, [left, top, wide, tall]: [f64; 4]) {
    let angle = if setter.maybe(setter.material.recipe.turned_share) {
        match setter.chance.below(8) {
            0 => 90.0,
            1 => -90.0,
            2 => 180.0,
            _ => (setter.chance.unit() * 90.0 - 45.0).round(),
        }
    } else {
        0.0
    };
    let mut lines = Vec::new();
    for _ in 0..1 + setter.chance.below(3) {
        lines.extend(setter.words(1, 5));
    }
    if lines.is_empty() {
        return;
    }
    let family = if setter.maybe(0.5) { setter.head.family.clone() } else { setter.font.family.clone() };
    let weight = *setter.chance.choose(&[400, 400, 600, 700, 800]);
    let slope = if setter.maybe(0.15) { "italic" } else { "normal" };
    let size = setter.size * (1.0 + 2.0 * setter.chance.unit());
    let align = *setter.chance.choose(&["start", "center", "end"]);
    let (ink, plate) = if setter.maybe(0.35) {
        let plate = ground::plain(&mut setter.chance);
        (
            setter.ink(&plate),
            format!("background:{};padding:.2em .5em;border-radius:{}px", plate.css, setter.chance.below(14)),
        )
    } else {
        (setter.ink(on), String::new())
    };
    let [across, down] = [(); 2].map(|()| *setter.chance.choose(&["start", "center", "end"]));
    let _ = write!(
        setter.html,
        "<div class=\"cell\" style=\"left:{:.0}px;top:{:.0}px;width:{:.0}px;height:{:.0}px;justify-content:{across};align-items:{down}\">",
        left + 6.0,
        top + 4.0,
        (wide - 12.0).max(1.0),
        (tall - 8.0).max(1.0)
    );
    setter.next_group();
    let style = format!("font:{slope} {weight} {size:.1}px/1.35 '{family}';color:{ink};text-align:{align};{plate}");
    setter.lines(&style, lines, angle);
    setter.html.push_str("</div>");
}
