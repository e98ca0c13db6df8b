//! What a person can see and use of a document, as a list in reading order (the composed tree's order).
//!
//! A script of several files, evaluated once per document in an isolated world; it installs `globalThis.__glim`. It only
//! reads the page, except for `locate` (may scroll), `select`, `fill` and `clear`, which do what they say.
//!
//! Visibility is found by hit-testing a grid of points, not from style. Two departures from a plain hit test: text and
//! what lets the pointer through (`pointer-events: none`, `inert`) count as seen where nothing that paints lies above
//! them; and a control that is styled away in favour of its label is reported with the box of that label.
//!
//! A page is hostile: forms and documents let their named children shadow properties (`<input name=parentNode>`), so
//! generic code reads through accessors taken from the prototypes. Nothing recurses over the depth of the page. Work is
//! bounded by counts and not by a clock, which stands still in virtual time.

/// The script: one function, whose body the files are, so that they share one scope and the world sees none of it.
pub(crate) const SOURCE: &str = concat!(
    "(() => {\n'use strict';\nif (globalThis.__glim) return;\n",
    include_str!("visible_elements/limits.js"),
    include_str!("visible_elements/dom.js"),
    include_str!("visible_elements/geometry.js"),
    include_str!("visible_elements/roles.js"),
    include_str!("visible_elements/styles.js"),
    include_str!("visible_elements/text.js"),
    include_str!("visible_elements/names.js"),
    include_str!("visible_elements/states.js"),
    include_str!("visible_elements/controls.js"),
    include_str!("visible_elements/kinds.js"),
    include_str!("visible_elements/hits.js"),
    include_str!("visible_elements/image_maps.js"),
    include_str!("visible_elements/lines.js"),
    include_str!("visible_elements/observer.js"),
    include_str!("visible_elements/actions.js"),
    include_str!("visible_elements/api.js"),
    "})()"
);
