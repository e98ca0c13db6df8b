//! Charts as drawings of their own, for pages that are not a report of training.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::curves::charts;
use super::plot::Plot;
use super::{ReportData, TINTS};

const TEMPLATE: &str = include_str!("figure.svg");

/// What is shown first, by the titles of the charts.
const TELLING: [&str; 2] = ["Loss", "Grounding accuracy"];

/// Names of curves up to so many characters stand two in a row.
const SHORT: usize = 16;

/// The charts that say most about a run, the loss and the accuracy of what was measured: for each a title, in plain text,
/// and an `<svg>` element to be put into a page as it is. Names of sources are escaped in it. It is as wide as its place,
/// has its own colours for light and dark, and takes those of the reports' stylesheet where that is.
pub fn figures(data: &ReportData) -> Vec<(String, String)> {
    let telling = charts(data).into_iter().filter(|chart| TELLING.contains(&chart.title.as_str()));
    telling
        .map(|chart| {
            let title = match chart.unit {
                "" => format!("{} by step", chart.title),
                unit => format!("{} by step, {unit}", chart.title),
            };
            let columns = if chart.series.iter().all(|it| it.name.chars().count() <= SHORT) { 2 } else { 1 };
            let svg = svg(&title, &Plot::of(&chart), columns);
            (title, svg)
        })
        .collect()
}

fn svg(title: &str, plot: &Plot, columns: usize) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .render_str(
            TEMPLATE,
            context! {
                title,
                columns,
                plot => Value::from(Serde(plot)),
                tints => Value::from_safe_string(TINTS.to_owned()),
            },
        )
        .expect("the template is fixed and a test renders every branch of it")
}
