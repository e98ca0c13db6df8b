//! What is known of the pages by name.

/// Pages that are no task, because nothing that an agent does ends them or is paid.
const NO_TASK: &[&str] = &["hover-shape"];

/// Pages that the package ships but does not register as environments.
const UNREGISTERED: &[&str] =
    &["button-delay", "chase-circle", "flight.Alaska-auto-medium", "moving-items", "simon-says"];

/// Pages on which an episode begun after another one differs from one in a page just loaded, for equal seeds: they keep
/// scroll positions, error marks, open widgets, the order of what was dragged, or timers that still run. Those that the
/// package itself calls nondeterministic across resets, and those on which the test of the whole suite saw it.
const KEEPS_STATE: &[&str] = &[
    "book-flight",
    "book-flight-nodelay",
    "chase-circle",
    "choose-date",
    "choose-date-easy",
    "choose-date-medium",
    "choose-date-nodelay",
    "click-collapsible-2",
    "click-collapsible-2-nodelay",
    "click-dialog",
    "click-dialog-2",
    "click-pie",
    "click-pie-nodelay",
    "click-scroll-list",
    "click-tab",
    "click-tab-2",
    "click-tab-2-easy",
    "click-tab-2-hard",
    "click-tab-2-medium",
    "copy-paste",
    "copy-paste-2",
    "drag-cube",
    "drag-items",
    "drag-sort-numbers",
    "form-sequence",
    "moving-items",
    "multi-layouts",
    "scroll-text",
    "scroll-text-2",
    "search-engine",
    "simon-says",
    "social-media",
    "social-media-all",
    "social-media-some",
    "stock-market",
    "terminal",
    "use-colorwheel",
    "use-colorwheel-2",
    "use-slider",
    "use-slider-2",
];

/// Whether the page with this name is a task.
pub(super) fn is_task(name: &str) -> bool {
    !NO_TASK.contains(&name)
}

/// Whether the page has to be loaded again for each episode.
pub(super) fn keeps_state(name: &str) -> bool {
    name.starts_with("flight.") || KEEPS_STATE.contains(&name)
}

/// Which lists the task is on: `registered` (the package's environments) or `unregistered`, `browsergym`, `flight`.
pub(super) fn tags(name: &str) -> Vec<String> {
    let (flight, registered) = (name.starts_with("flight."), !UNREGISTERED.contains(&name));
    let tags = [
        (registered, "registered"),
        (!registered, "unregistered"),
        (registered && !flight, "browsergym"),
        (flight, "flight"),
    ];
    tags.into_iter().filter(|(applies, _)| *applies).map(|(_, tag)| tag.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_begin_afresh_are_used_again() {
        assert!(!keeps_state("click-test") && keeps_state("choose-date") && keeps_state("flight.AA"));
    }

    #[test]
    fn tags_say_whose_list_a_task_is_on() {
        assert_eq!(tags("click-test"), ["registered", "browsergym"]);
        assert_eq!(tags("flight.AA"), ["registered", "flight"]);
        assert_eq!(tags("flight.Alaska-auto-medium"), ["unregistered", "flight"]);
        assert_eq!(tags("chase-circle"), ["unregistered"]);
    }
}
