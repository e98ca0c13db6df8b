//! Lists of options, sliders, steppers and switches.

use glim_env::{Action, Element, Point};

use crate::pages::screen::{Next, Screen, Step, act, click};

pub(in crate::pages) fn native_select(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    for pair in quoted.chunks_exact(2) {
        screen.select(pair[0], pair[1])?;
    }
    screen.press("Continue")
}

pub(in crate::pages) fn custom_listbox(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    for pair in quoted.chunks_exact(2) {
        let (label, wanted) = (pair[0], pair[1]);
        let list = screen.find("combobox", label)?;
        if shows(list, wanted) {
            continue;
        }
        if list.states.expanded != Some(true) {
            return act(click(list));
        }
        return match screen.see("option", wanted) {
            Some(option) => act(click(option)),
            None => screen.scroll_down(80.0),
        };
    }
    screen.press("Save")
}

fn shows(list: &Element, option: &str) -> bool {
    list.text == option || list.value.as_deref() == Some(option)
}

pub(in crate::pages) fn multi_select(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    let (commit, wanted) = quoted.split_last().ok_or(Next::Stuck)?;
    let chosen = |cross: &Element| cross.name.strip_prefix("Remove ").map(str::to_owned);
    let unwanted = |tag: String| !wanted.contains(&tag.as_str());
    if let Some(cross) = screen.all("button").find(|cross| chosen(cross).is_some_and(unwanted)) {
        return act(click(cross));
    }
    for tag in wanted {
        if screen.see("button", &format!("Remove {tag}")).is_some() {
            continue;
        }
        return match screen.see("option", tag) {
            Some(option) => act(click(option)),
            None => screen.press("Add tag"),
        };
    }
    screen.press(commit)
}

pub(in crate::pages) fn autocomplete(screen: &Screen<'_>) -> Step {
    let [from, to] = screen.quotes()?;
    for (label, place) in [("From", from), ("To", to)] {
        if let Some(option) = screen.see("option", place) {
            return act(click(option));
        }
        screen.fill(label, place)?;
    }
    screen.press("Search")
}

pub(in crate::pages) fn set_slider(screen: &Screen<'_>) -> Step {
    let quoted = screen.quoted();
    for pair in quoted.chunks_exact(2) {
        move_slider(screen, screen.find("slider", pair[0])?, pair[1].parse().map_err(|_| Next::Stuck)?)?;
    }
    screen.press("Apply")
}

/// Clicks where the value should lie between the ends that are written beside the slider, then goes by the arrow keys.
fn move_slider(screen: &Screen<'_>, slider: &Element, wanted: i32) -> Step {
    const THUMB: f64 = 16.0;
    let number = |text: &str| text.parse::<i32>().ok();
    let now = slider.value.as_deref().and_then(number).ok_or(Next::Stuck)?;
    if now == wanted {
        return Ok(());
    }
    if slider.states.focused && (wanted - now).abs() <= 3 {
        let chord = if wanted > now { "ArrowRight" } else { "ArrowLeft" };
        return act(Action::Keys { chord: chord.to_owned() });
    }
    let ends: Vec<f64> = screen
        .row(slider)
        .filter(|each| each.role == "text")
        .filter_map(|each| number(&each.text))
        .map(f64::from)
        .collect();
    let [low, high] = ends[..] else { return Err(Next::Stuck) };
    let share = (f64::from(wanted) - low) / (high - low);
    let x = slider.rect.x + THUMB / 2.0 + share * (slider.rect.width - THUMB);
    act(Action::click(Point::new(x, slider.rect.y + slider.rect.height / 2.0)))
}

pub(in crate::pages) fn shadow_stepper(screen: &Screen<'_>) -> Step {
    for (label, wanted) in screen.quoted_with_numbers() {
        let shown = screen.find("status", &format!("{label} count"))?;
        match shown.text.parse::<i64>().map_err(|_| Next::Stuck)? {
            count if count < wanted => return screen.press(&format!("More {label}")),
            count if count > wanted => return screen.press(&format!("Fewer {label}")),
            _ => {}
        }
    }
    screen.press("Continue")
}

pub(in crate::pages) fn settings(screen: &Screen<'_>) -> Step {
    let wanted: Vec<(&str, bool)> = screen
        .quoted_with_words()
        .into_iter()
        .filter(|(name, _)| *name != "Save")
        .map(|(name, words)| (name, words.trim_start().starts_with("on")))
        .collect();
    // Whatever is in sight is set right before it is scrolled away, so one way down is enough.
    for (name, on) in &wanted {
        if let Some(switch) = screen.see("switch", name)
            && switch.states.checked != Some(*on)
        {
            return act(click(switch));
        }
    }
    let seen = |name: &str| {
        screen.and_before().any(|elements| elements.iter().any(|each| each.role == "switch" && each.name == name))
    };
    if wanted.iter().all(|(name, _)| seen(name)) {
        return screen.press("Save");
    }
    screen.scroll_down(200.0)
}
