//! Buttons, links, boxes, stars, swatches, shapes.

use crate::pages::screen::{Next, Screen, Step, act, click, set_checked};

pub(in crate::pages) fn click_button(screen: &Screen<'_>) -> Step {
    let [first, second] = screen.quotes()?;
    screen.press(if screen.says(&format!("Last pressed: {first}")) { second } else { first })
}

pub(in crate::pages) fn click_link(screen: &Screen<'_>) -> Step {
    let [first, second] = screen.quotes()?;
    screen.click("link", if screen.says(&format!("About the {first}")) { second } else { first })
}

pub(in crate::pages) fn click_checkboxes(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    let (commit, wanted) = quoted.split_last().ok_or(Next::Stuck)?;
    for checkbox in screen.all("checkbox") {
        set_checked(checkbox, wanted.contains(&checkbox.name.as_str()))?;
    }
    screen.press(commit)
}

pub(in crate::pages) fn click_radio(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    for pair in quoted.chunks_exact(2) {
        set_checked(screen.in_row(screen.text(pair[1])?, "radio", pair[0])?, true)?;
    }
    screen.press("Order")
}

pub(in crate::pages) fn star_rating(screen: &Screen<'_>) -> Step {
    for (aspect, stars) in screen.quoted_with_numbers() {
        let name = if stars == 1 { "1 star".to_owned() } else { format!("{stars} stars") };
        set_checked(screen.in_row(screen.text(aspect)?, "radio", &name)?, true)?;
    }
    screen.press("Send")
}

pub(in crate::pages) fn colour_swatches(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    for pair in quoted.chunks_exact(2) {
        set_checked(screen.in_row(screen.text(pair[0])?, "radio", pair[1])?, true)?;
    }
    screen.press("Apply")
}

pub(in crate::pages) fn svg_shapes(screen: &Screen<'_>) -> Step {
    let [kind, commit] = screen.quotes()?;
    for shape in screen.all("button").filter(|shape| shape.name == kind) {
        set_checked(shape, true)?;
    }
    screen.press(commit)
}

pub(in crate::pages) fn wizard(screen: &Screen<'_>) -> Step {
    let wanted: [&str; 3] = screen.quotes()?;
    let steps = ["Step 1 of 4: Base", "Step 2 of 4: Sauce", "Step 3 of 4: Topping"];
    let Some(at) = steps.iter().position(|step| screen.says(step)) else {
        return screen.press("Order");
    };
    let option = screen.find("radio", wanted[at])?;
    if option.states.checked != Some(true) {
        return act(click(option));
    }
    screen.press("Next")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::screen::tests::{element, screen};

    #[test]
    fn boxes_that_are_not_wanted_are_unticked_before_committing() {
        let goal = r#"Tick "Olives, black" and nothing else, then press "Submit"."#;
        let mut elements = [
            element(1, "checkbox", "Olives, green", 0.0, 0.0),
            element(2, "checkbox", "Olives, black", 0.0, 30.0),
            element(3, "button", "Submit", 0.0, 60.0),
        ];
        elements[0].states.checked = Some(true);
        elements[1].states.checked = Some(false);
        for expected in [1, 2, 3] {
            let next = click_checkboxes(&screen(goal, &elements)).unwrap_err();
            assert_eq!(next, Next::Act(click(&elements[expected - 1])));
            let states = &mut elements[expected - 1].states;
            states.checked = states.checked.map(|checked| !checked);
        }
    }

    #[test]
    fn a_screen_that_lacks_what_is_asked_leaves_the_solution_stuck() {
        let elements = [element(1, "button", "Save", 0.0, 0.0)];
        let goal = r#"Press the button "Save as", then the button "Save"."#;
        assert_eq!(click_button(&screen(goal, &elements)), Err(Next::Stuck));
    }
}
