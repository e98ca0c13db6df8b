//! The families of the suite and the tasks that they make.

use std::sync::Arc;

use glim_env::{Action, Episode, Evidence, Query, Seed, StartState};
use serde_json::Value;

use super::screen::{Screen, Step};
use super::solve::{apps, choices, dates, fields, menus, pointer, tables, text, widgets};
use super::{HOST, VIEWPORT};
use crate::{Goal, PageServer, Situation, Stage, StageError, Task, TaskFamily, Verdict, wob};

/// One family: its page, how it is solved and what it asks of an agent.
#[derive(Debug)]
pub struct Family {
    /// Suite and family: `pages/click-button`. The page is the second part with `.html`.
    pub name: &'static str,
    /// What it exercises, for looking at results: `pointer`, `forms`, `reading`, ...
    pub skill: &'static str,
    /// How many turns an agent gets: about twice what the scripted solution takes at most.
    pub turn_budget: usize,
    solve: fn(&Screen<'_>) -> Step,
}

const fn family(name: &'static str, skill: &'static str, turn_budget: usize, solve: fn(&Screen<'_>) -> Step) -> Family {
    Family { name, skill, turn_budget, solve }
}

/// Every family, in the order in which a report lists them.
pub static FAMILIES: &[Family] = &[
    family("pages/click-button", "clicking", 8, choices::click_button),
    family("pages/click-link", "clicking", 8, choices::click_link),
    family("pages/click-checkboxes", "choices", 26, choices::click_checkboxes),
    family("pages/click-radio", "choices", 14, choices::click_radio),
    family("pages/star-rating", "choices", 14, choices::star_rating),
    family("pages/colour-swatches", "choices", 12, choices::colour_swatches),
    family("pages/svg-shapes", "choices", 12, choices::svg_shapes),
    family("pages/wizard", "choices", 18, choices::wizard),
    family("pages/enter-text", "forms", 12, fields::enter_text),
    family("pages/login-form", "forms", 12, fields::login_form),
    family("pages/fill-form", "forms", 20, fields::fill_form),
    family("pages/password-rules", "forms", 12, fields::password_rules),
    family("pages/iframe-form", "forms", 14, fields::iframe_form),
    family("pages/copy-value", "forms", 12, fields::copy_value),
    family("pages/native-select", "widgets", 14, widgets::native_select),
    family("pages/custom-listbox", "widgets", 34, widgets::custom_listbox),
    family("pages/multi-select", "widgets", 28, widgets::multi_select),
    family("pages/autocomplete", "widgets", 14, widgets::autocomplete),
    family("pages/set-slider", "widgets", 40, widgets::set_slider),
    family("pages/shadow-stepper", "widgets", 50, widgets::shadow_stepper),
    family("pages/settings", "widgets", 34, widgets::settings),
    family("pages/date-picker", "dates", 24, dates::date_picker),
    family("pages/date-range", "dates", 24, dates::date_range),
    family("pages/calendar-event", "dates", 14, dates::calendar_event),
    family("pages/sort-table", "tables", 10, tables::sort_table),
    family("pages/filter-table", "tables", 10, tables::filter_table),
    family("pages/paginate-table", "tables", 20, tables::paginate_table),
    family("pages/table-sum", "tables", 8, tables::table_sum),
    family("pages/spreadsheet", "tables", 14, tables::spreadsheet),
    family("pages/tabs", "menus", 16, menus::tabs),
    family("pages/accordion", "menus", 12, menus::accordion),
    family("pages/nested-menu", "menus", 12, menus::nested_menu),
    family("pages/context-menu", "menus", 12, menus::context_menu),
    family("pages/tree-view", "menus", 12, menus::tree_view),
    family("pages/confirm-dialog", "menus", 10, menus::confirm_dialog),
    family("pages/drag-to-bin", "pointer", 14, pointer::drag_to_bin),
    family("pages/reorder-list", "pointer", 14, pointer::reorder_list),
    family("pages/scroll-list", "pointer", 40, pointer::scroll_list),
    family("pages/format-text", "text", 10, text::format_text),
    family("pages/replace-word", "text", 12, text::replace_word),
    family("pages/rename-file", "text", 8, text::rename_file),
    family("pages/keyboard-shortcuts", "text", 10, text::keyboard_shortcuts),
    family("pages/search-results", "apps", 14, apps::search_results),
    family("pages/inbox-sort", "apps", 10, apps::inbox_sort),
    family("pages/inbox-reply", "apps", 12, apps::inbox_reply),
    family("pages/shopping-cart", "apps", 24, apps::shopping_cart),
];

pub(super) struct PageFamily {
    spec: &'static Family,
    server: Arc<PageServer>,
}

impl PageFamily {
    pub(super) fn new(spec: &'static Family, server: Arc<PageServer>) -> PageFamily {
        PageFamily { spec, server }
    }
}

impl TaskFamily for PageFamily {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn instantiate(&self, seed: Seed) -> Arc<dyn Task> {
        Arc::new(PageTask { spec: self.spec, server: Arc::clone(&self.server), seed })
    }
}

struct PageTask {
    spec: &'static Family,
    server: Arc<PageServer>,
    seed: Seed,
}

impl Task for PageTask {
    fn goal(&self) -> Goal {
        wob::goal()
    }

    fn stage(&self) -> Result<Stage, StageError> {
        let start = wob::start(&page_url(self.spec), VIEWPORT, self.seed, wob::NO_TIME_LIMIT_MS);
        Ok(StartState::Web(start.route(HOST, self.server.addr())).into())
    }

    fn queries(&self, _episode: &Episode) -> Vec<Query> {
        wob::queries()
    }

    fn judge(&self, _episode: &Episode, evidence: &[Evidence]) -> Verdict {
        wob::judge(evidence)
    }

    fn solve(&self, situation: &Situation<'_>) -> Option<Action> {
        (self.spec.solve)(&Screen::of(situation)).err()?.action()
    }

    fn is_over(&self, signal: &Value) -> bool {
        wob::is_over(signal)
    }

    fn turn_budget(&self) -> usize {
        self.spec.turn_budget
    }

    fn tags(&self) -> Vec<String> {
        vec![self.spec.skill.to_owned()]
    }
}

fn page_url(spec: &Family) -> String {
    let page = spec.name.strip_prefix("pages/").expect("every family of this suite is named `pages/...`");
    format!("http://{HOST}/{page}.html")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::pages::FILES;

    #[test]
    fn every_family_has_a_page_and_every_page_a_family() {
        let named: BTreeSet<String> =
            FAMILIES.iter().map(|family| format!("{}.html", family.name.strip_prefix("pages/").unwrap())).collect();
        let present: BTreeSet<String> = FILES.files().map(|file| file.path().display().to_string()).collect();
        assert_eq!(named.len(), FAMILIES.len(), "names are unique");
        assert_eq!(named, present);
        assert!(named.len() >= 26);
    }

    #[test]
    fn pages_load_nothing_but_the_shared_files() {
        for file in FILES.files() {
            let text = file.contents_utf8().expect("pages are UTF-8");
            for (shared, count) in
                [("lib/style.css", 1), ("lib/core.js", 1), ("lib/kit.js", 1), ("src=", 2), ("href=\"", 1)]
            {
                assert_eq!(text.matches(shared).count(), count, "{}: {shared}", file.path().display());
            }
            // What a page shows may depend on its seed only.
            for clock in ["Date.now", "new Date()", "performance.", "crypto.", "fetch(", "localStorage"] {
                assert!(!text.contains(clock), "{} uses {clock}", file.path().display());
            }
        }
        for name in ["lib/style.css", "lib/core.js", "lib/kit.js"] {
            assert!(FILES.get_file(name).is_some(), "{name}");
        }
    }

    #[tokio::test]
    async fn a_task_starts_its_page_on_its_own_server_with_its_own_seed() {
        let suite = crate::pages::start().unwrap();
        assert_eq!(suite.families.len(), FAMILIES.len());
        for (family, spec) in suite.families.iter().zip(FAMILIES) {
            let task = family.instantiate(Seed(11));
            let StartState::Web(start) = task.stage().unwrap().start else { panic!("a page is a web start") };
            assert_eq!(start.url, page_url(spec));
            assert!(start.begin.unwrap().contains("Math.seedrandom(11)"));
            assert!(start.routes[HOST].ip().is_loopback());
            assert!(start.allow.is_empty(), "pages reach nothing but their server");
            assert_eq!(task.queries(&empty_episode()).len(), 1);
            assert!((6..=60).contains(&task.turn_budget()), "{}", spec.name);
        }
    }

    fn empty_episode() -> Episode {
        Episode {
            task: String::new(),
            seed: Seed(0),
            goal: String::new(),
            agent: String::new(),
            turns: Vec::new(),
            last: None,
            end: None,
        }
    }
}
