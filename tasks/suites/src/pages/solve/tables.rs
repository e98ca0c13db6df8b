//! Tables and sheets.

use glim_env::Button;

use crate::pages::screen::{Next, Screen, Step, act, click, click_with, write_and_submit};

pub(in crate::pages) fn sort_table(screen: &Screen<'_>) -> Step {
    let [key] = screen.quotes()?;
    let sorted = format!("{key} {}", if screen.goal.contains("highest") { '▼' } else { '▲' });
    if screen.see("button", &sorted).is_some() {
        return screen.press("Open"); // the first one
    }
    let heading = screen.all("button").find(|button| button.name.split(' ').next() == Some(key)).ok_or(Next::Stuck)?;
    act(click(heading))
}

pub(in crate::pages) fn filter_table(screen: &Screen<'_>) -> Step {
    let [team, city] = screen.quotes()?;
    screen.select("Team", team)?;
    screen.select("City", city)?;
    screen.press("Message")
}

pub(in crate::pages) fn paginate_table(screen: &Screen<'_>) -> Step {
    let [invoice] = screen.quotes()?;
    match screen.see("cell", invoice) {
        Some(cell) => act(click(screen.in_row(cell, "button", "Pay")?)),
        None => screen.press("Next"),
    }
}

pub(in crate::pages) fn table_sum(screen: &Screen<'_>) -> Step {
    let [label, city, commit] = screen.quotes()?;
    let mut total = 0;
    for cell in screen.all("cell").filter(|cell| cell.text == city) {
        let pieces = screen.row(cell).last().ok_or(Next::Stuck)?;
        total += pieces.text.parse::<i64>().map_err(|_| Next::Stuck)?;
    }
    screen.fill(label, &total.to_string())?;
    screen.press(commit)
}

pub(in crate::pages) fn spreadsheet(screen: &Screen<'_>) -> Step {
    let [first, first_cell, second, second_cell, commit] = screen.quotes()?;
    for (value, name) in [(first, first_cell), (second, second_cell)] {
        if let Some(field) = screen.field(&format!("Edit {name}")) {
            return act(write_and_submit(field, value));
        }
        let cell = screen.find("gridcell", name)?;
        if cell.text != value {
            return act(click_with(cell, Button::Left, 2));
        }
    }
    screen.press(commit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::screen::tests::{element, screen};

    #[test]
    fn a_sum_takes_the_rows_of_the_place_only() {
        let mut elements = Vec::new();
        for (at, (city, pieces)) in [("Oslo", "9"), ("Cairo", "20"), ("Oslo", "16")].into_iter().enumerate() {
            let (mark, y) = (10 * (at as u32 + 1), 30.0 * at as f64);
            elements.push(element(mark, "cell", "Desk lamp", 0.0, y));
            elements.push(element(mark + 1, "cell", city, 100.0, y));
            elements.push(element(mark + 2, "cell", pieces, 200.0, y));
        }
        let mut field = element(99, "spinbutton", "Total", 0.0, 200.0);
        field.value = Some("25".into());
        elements.extend([field, element(100, "button", "Submit", 100.0, 200.0)]);
        let goal = r#"Enter as "Total" how many pieces are stored in "Oslo" in all, and press "Submit"."#;
        assert_eq!(table_sum(&screen(goal, &elements)), act(click(&elements[10])));
    }

    #[test]
    fn a_table_is_sorted_the_right_way_round_first() {
        let goal = r#"Open the order with the highest "Total" of all 48."#;
        let row = element(9, "button", "Open", 0.0, 50.0);
        for (heading, expected) in [("Total", 1), ("Total ▲", 1), ("Total ▼", 9)] {
            let elements = [element(1, "button", heading, 0.0, 0.0), row.clone()];
            let target = elements.iter().find(|element| element.mark == expected).unwrap();
            assert_eq!(sort_table(&screen(goal, &elements)), act(click(target)));
        }
    }
}
