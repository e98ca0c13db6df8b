//! The sites' time: it stands still, so that equal seeds give equal pages.

use jiff::civil::{Date, date};

/// The day on which all sites live; the browser's clock is reset to the same day.
pub const TODAY: Date = date(2026, 1, 15);

/// `15 January 2026`, or the text itself if it is no date.
pub fn long(day: &str) -> String {
    written(day, "%-d %B %Y")
}

/// `Thu 15 Jan`, or the text itself if it is no date.
pub fn short(day: &str) -> String {
    written(day, "%a %-d %b")
}

fn written(day: &str, format: &str) -> String {
    let digits = day.get(..10).unwrap_or(day);
    digits.parse::<Date>().map_or_else(|_| day.to_owned(), |day| day.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_out() {
        assert_eq!(long("2026-01-15"), "15 January 2026");
        assert_eq!(short("2026-03-01T10:00"), "Sun 1 Mar");
        assert_eq!(long("soon"), "soon");
    }
}
