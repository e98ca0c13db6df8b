//! What is known of the pages by name.

/// Pages that are no task, because nothing that an agent does ends them or is paid.
const NO_TASK: &[&str] = &["hover-shape"];

/// Pages that the package ships but does not register as environments.
const UNREGISTERED: &[&str] =
    &["button-delay", "chase-circle", "flight.Alaska-auto-medium", "moving-items", "simon-says"];

/// Pages on which an episode begun after another one differs from one in a page just loaded, for equal seeds: they keep
/// scroll positions, error marks, open widgets or running animations. Found with `scripts/miniwob_restart.py`.
const KEEPS_STATE: &[&str] = &[];

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
    fn tags_say_whose_list_a_task_is_on() {
        assert_eq!(tags("click-test"), ["registered", "browsergym"]);
        assert_eq!(tags("flight.AA"), ["registered", "flight"]);
        assert_eq!(tags("flight.Alaska-auto-medium"), ["unregistered", "flight"]);
        assert_eq!(tags("chase-circle"), ["unregistered"]);
    }
}
