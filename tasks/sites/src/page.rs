//! Pages: templates to responses, and failures to something that can be shown.

use std::sync::LazyLock;

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use include_dir::{Dir, include_dir};
use minijinja::{Environment, ErrorKind, Value, context};

use crate::App;
use crate::clock;
use crate::session::Session;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// All templates of all sites. Everything printed in them is escaped, since all their names end in `.html`.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
    environment.set_loader(|name| {
        let Some(file) = TEMPLATES.get_file(name) else { return Ok(None) };
        let text = file.contents_utf8();
        text.map(|text| Some(text.to_owned()))
            .ok_or_else(|| minijinja::Error::new(ErrorKind::InvalidOperation, format!("`{name}` is not UTF-8")))
    });
    environment.add_filter("money", money);
    environment.add_filter("date", |day: String| clock::long(&day));
    environment.add_filter("short_date", |day: String| clock::short(&day));
    environment.add_filter("plural", plural);
    environment
});

/// What a template is given, from names in scope (`content! { order }`), values (`content! { order => first }`) and other
/// content (`..more`). Whatever can be serialised will do.
#[macro_export]
macro_rules! content {
    (@value $name:ident) => { minijinja::Value::from(minijinja::value::Serde(&$name)) };
    (@value $name:ident => $value:expr) => { minijinja::Value::from(minijinja::value::Serde(&$value)) };
    ($($name:ident $(=> $value:expr)?),* $(, ..$rest:expr)? $(,)?) => {
        minijinja::context! { $($name => $crate::content!(@value $name $(=> $value)?)),* $(, ..$rest)? }
    };
}

/// What handlers return.
pub type Page = Result<Response, PageError>;

/// Why there is no page.
#[derive(Debug)]
pub enum PageError {
    /// Nothing lives at this address: a 404 page.
    NotFound,
    /// The visitor may not do this: a 403 page.
    Forbidden,
    /// The site is broken: a 500 page, and the episode's backend refuses to answer from now on.
    Broken(String),
}

/// Marks a response whose cause is a fault of ours.
#[derive(Debug, Clone)]
pub(crate) struct Broken(pub(crate) String);

impl From<rusqlite::Error> for PageError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => PageError::NotFound,
            other => PageError::Broken(format!("database: {other}")),
        }
    }
}

impl From<minijinja::Error> for PageError {
    fn from(error: minijinja::Error) -> Self {
        PageError::Broken(format!("template: {error:#}"))
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            PageError::NotFound => StatusCode::NOT_FOUND.into_response(),
            PageError::Forbidden => StatusCode::FORBIDDEN.into_response(),
            PageError::Broken(why) => (StatusCode::INTERNAL_SERVER_ERROR, Extension(Broken(why))).into_response(),
        }
    }
}

impl App {
    /// A page from a template, with the frame that all pages of the site share.
    ///
    /// # Errors
    /// If the template or the frame's statements are wrong.
    pub fn page(&self, session: &Session, template: &str, content: Value) -> Page {
        self.page_with(StatusCode::OK, session, template, content)
    }

    /// The same with another status, for forms that come back with messages.
    ///
    /// # Errors
    /// If the template or the frame's statements are wrong.
    pub fn page_with(&self, status: StatusCode, session: &Session, template: &str, content: Value) -> Page {
        // Only a page that will be seen takes the notice.
        let (frame, notice) =
            self.db.write(|db| Ok::<_, rusqlite::Error>(((self.frame)(db, session)?, session.take_notice(db)?)))?;
        let html = ENVIRONMENT.get_template(template)?.render(context! {
            site => self.name, site_title => self.title, today => clock::TODAY.to_string(), me => frame, notice, ..content
        })?;
        Ok((status, Html(html)).into_response())
    }

    /// The page for a status that has no page of its own; bare if even that fails.
    pub(crate) fn error_page(&self, session: Option<&Session>, status: StatusCode) -> Response {
        let (title, text) = match status {
            StatusCode::NOT_FOUND => {
                ("Page not found", "There is nothing at this address. It may have moved or been removed.")
            }
            StatusCode::FORBIDDEN => ("Not allowed", "You do not have permission to see this page or to do this."),
            _ if status.is_client_error() => {
                ("That did not work", "The request could not be understood. Go back and try again.")
            }
            _ => ("Something went wrong", "The site could not answer. The problem has been recorded."),
        };
        let frame = session.map(|session| self.db.read(|db| (self.frame)(db, session)));
        let frame = frame.and_then(Result::ok).unwrap_or_else(|| context! {});
        let html = ENVIRONMENT.get_template("error.html").and_then(|template| {
            template.render(context! {
                site => self.name, site_title => self.title, today => clock::TODAY.to_string(), me => frame,
                title, text, status => status.as_u16(),
            })
        });
        html.map_or_else(|_| title.into_response(), |html| Html(html).into_response())
    }
}

/// Sends the browser on to another page of the site after a form was taken.
pub fn redirect(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Cents as `€1,234.50`.
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "−" } else { "" };
    let whole = (cents.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}€{grouped}.{:02}", cents.unsigned_abs() % 100)
}

/// `1 night`, `2 nights`.
fn plural(count: i64, noun: &str) -> String {
    if count == 1 { format!("{count} {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_with_separators_and_two_decimals() {
        assert_eq!(money(5), "€0.05");
        assert_eq!(money(123_450), "€1,234.50");
        assert_eq!(money(-100_000_000), "−€1,000,000.00");
    }
}
