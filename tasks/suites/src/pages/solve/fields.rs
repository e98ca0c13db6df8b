//! Forms.

use crate::pages::screen::{Next, Screen, Step, set_checked};

pub(in crate::pages) fn enter_text(screen: &Screen<'_>) -> Step {
    let [first, text, second, other, commit] = screen.quotes()?;
    screen.fill(first, text)?;
    screen.fill(second, other)?;
    screen.press(commit)
}

pub(in crate::pages) fn login_form(screen: &Screen<'_>) -> Step {
    let [user, password, stay] = screen.quotes()?;
    screen.fill("User name", user)?;
    screen.fill_hidden("Password", password)?;
    set_checked(screen.find("checkbox", stay)?, !screen.goal.contains("without staying"))?;
    screen.press("Sign in")
}

pub(in crate::pages) fn fill_form(screen: &Screen<'_>) -> Step {
    let [name, guests, city, room, notes, commit] = screen.quotes()?;
    screen.fill("Name", name)?;
    screen.fill("Guests", guests)?;
    screen.select("City", city)?;
    set_checked(screen.find("radio", room)?, true)?;
    screen.fill("Notes", notes)?;
    set_checked(screen.find("checkbox", "Send an invoice")?, screen.goal.contains(" with an invoice"))?;
    screen.press(commit)
}

pub(in crate::pages) fn password_rules(screen: &Screen<'_>) -> Step {
    let [start, end, digits, commit] = screen.quotes()?;
    let length = usize::try_from(screen.number_after("exactly")?).map_err(|_| Next::Stuck)?;
    let given = start.len() + digits.len() + end.len();
    let password = format!("{start}{digits}{}{end}", "x".repeat(length.saturating_sub(given)));
    screen.fill_hidden("Password", &password)?;
    screen.fill_hidden("Repeat password", &password)?;
    screen.press(commit)
}

pub(in crate::pages) fn iframe_form(screen: &Screen<'_>) -> Step {
    let [owner, number, month, year, commit] = screen.quotes()?;
    screen.fill("Card holder", owner)?;
    screen.fill("Card number", number)?;
    screen.select("Month", month)?;
    screen.select("Year", year)?;
    screen.press(commit)
}

pub(in crate::pages) fn copy_value(screen: &Screen<'_>) -> Step {
    let [from, to, commit] = screen.quotes()?;
    let receiver = screen.find("cell", from)?;
    let code = screen.row(receiver).find(|cell| cell.role == "cell").ok_or(Next::Stuck)?;
    screen.fill("Code", &code.text)?;
    screen.select("Hand over to", to)?;
    screen.press(commit)
}

#[cfg(test)]
mod tests {
    use glim_env::Action;

    use super::*;
    use crate::pages::screen::tests::{element, screen};

    #[test]
    fn a_password_keeps_every_rule() {
        let goal = r#"Create a password of exactly 12 characters that begins with "Elm", ends with "%" and holds the
            digits "62" side by side, and no other digit or blank. Type it twice and press "Create"."#;
        let elements =
            [element(1, "textbox", "Password", 0.0, 0.0), element(2, "textbox", "Repeat password", 0.0, 30.0)];
        let Err(Next::Act(Action::Type { text, .. })) = password_rules(&screen(goal, &elements)) else {
            panic!("the password is typed first");
        };
        assert_eq!(text, "Elm62xxxxxx%");
        assert_eq!(text.len(), 12);
    }
}
