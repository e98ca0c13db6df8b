//! Calendars. Days are counted from 1970-01-01 by the usual civil-calendar arithmetic (H. Hinnant, `chrono`-compatible
//! low-level date algorithms), because the goal may name the length of a stay only.

use crate::pages::screen::{Next, Screen, Step, act, click};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(in crate::pages) fn date_picker(screen: &Screen<'_>) -> Step {
    let [label, date, commit] = screen.quotes()?;
    let field = screen.field(label).ok_or(Next::Stuck)?;
    if field.value.as_deref() == Some(date) {
        return screen.press(commit);
    }
    if shown_month(screen).is_none() {
        return act(click(field));
    }
    pick(screen, date)
}

pub(in crate::pages) fn date_range(screen: &Screen<'_>) -> Step {
    let [first] = screen.quotes()?;
    let last = later(first, screen.number_after("lasts")?).ok_or(Next::Stuck)?;
    let value = |label| screen.field(label).and_then(|field| field.value.as_deref()).unwrap_or_default();
    let (arrival, leaving) = (value("Check-in"), value("Check-out"));
    if arrival == first && leaving == last {
        return screen.press("Reserve");
    }
    pick(screen, if arrival == first && leaving.is_empty() { &last } else { first })
}

pub(in crate::pages) fn calendar_event(screen: &Screen<'_>) -> Step {
    let [title, day, hour, length, calendar] = screen.quotes()?;
    if screen.field("Title").is_none() {
        return screen.press(&format!("{day} {hour}"));
    }
    screen.fill("Title", title)?;
    screen.select("Length", length)?;
    screen.select("Calendar", calendar)?;
    screen.press("Save")
}

/// Clicks a day such as `March 4, 2026`, or turns the calendar towards it.
fn pick(screen: &Screen<'_>, date: &str) -> Step {
    if let Some(day) = screen.see("button", date) {
        return act(click(day));
    }
    let (wanted, shown) = (month_of(date).ok_or(Next::Stuck)?, shown_month(screen).ok_or(Next::Stuck)?);
    screen.press(if wanted > shown { "Next month" } else { "Previous month" })
}

/// The month whose name stands alone on the screen.
fn shown_month(screen: &Screen<'_>) -> Option<i64> {
    screen
        .elements
        .iter()
        .filter(|element| element.text.split(' ').count() == 2)
        .find_map(|title| month_of(&title.text))
}

/// Months since year 0 of `March 4, 2026` or `March 2026`.
fn month_of(text: &str) -> Option<i64> {
    let name = text.split(' ').next()?;
    let month = MONTHS.iter().position(|month| *month == name)?;
    let year: i64 = text.rsplit(' ').next()?.parse().ok()?;
    Some(year * 12 + i64::try_from(month).ok()?)
}

/// The date so many days after `March 4, 2026`, in the same words.
fn later(date: &str, days: i64) -> Option<String> {
    let month = month_of(date)?;
    let day: i64 = date.split(' ').nth(1)?.trim_end_matches(',').parse().ok()?;
    let (year, month, day) = civil(day_number(month.div_euclid(12), month.rem_euclid(12) + 1, day) + days);
    Some(format!("{} {day}, {year}", MONTHS[usize::try_from(month - 1).ok()?]))
}

fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(number: i64) -> (i64, i64, i64) {
    let number = number + 719_468;
    let (era, of_era) = (number.div_euclid(146_097), number.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_cross_months_years_and_leap_days() {
        assert_eq!(later("January 30, 2026", 3).as_deref(), Some("February 2, 2026"));
        assert_eq!(later("December 25, 2026", 10).as_deref(), Some("January 4, 2027"));
        assert_eq!(later("February 27, 2028", 2).as_deref(), Some("February 29, 2028"));
        assert_eq!(later("February 27, 2026", 2).as_deref(), Some("March 1, 2026"));
        assert_eq!(day_number(1970, 1, 1), 0);
        for number in (-100_000..100_000).step_by(97) {
            let (year, month, day) = civil(number);
            assert_eq!(day_number(year, month, day), number);
        }
    }

    #[test]
    fn months_are_ordered_over_years() {
        assert!(month_of("January 3, 2027") > month_of("December 2026"));
        assert_eq!(month_of("Desk lamp"), None);
    }
}
