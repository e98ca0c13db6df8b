//! Suites by name.

use anyhow::{Context, Result, bail};
use glim_tasks::{Suite, basics, grounding, miniwob, pages, webvoyager};

use crate::arguments::Eval;

/// The suites that need no files.
pub(crate) fn bundled() -> Result<Vec<Suite>> {
    let mut suites = vec![pages::start()?];
    suites.extend(glim_sites::suites());
    Ok(suites)
}

/// The suites that are asked for, with the tasks that are asked for.
pub(crate) fn chosen(eval: &Eval) -> Result<Vec<Suite>> {
    let bundled = bundled()?;
    let mut suites: Vec<Suite> = Vec::new();
    for name in &eval.suite {
        match name.as_str() {
            "all" => suites.extend(bundled.clone()),
            "miniwob" => {
                let root = eval.suite_root.as_ref().context(
                    "say where the pages of MiniWoB++ lie with --suite-root; `scripts/setup --miniwob` fetches them",
                )?;
                let load = if eval.time_limit { miniwob::suite_with_time_limits } else { miniwob::suite };
                suites.push(load(root)?);
            }
            "webvoyager" => {
                let data =
                    eval.suite_root.as_ref().context("say where WebVoyager_data.jsonl lies with --suite-root")?;
                suites.push(webvoyager::suite(data, eval.references.as_deref())?);
            }
            "screenspot" | "refcoco" => {
                let root = eval.suite_root.as_ref().with_context(|| {
                    format!("say where the pictures and annotations of {name} lie with --suite-root")
                })?;
                let load = if name == "refcoco" { grounding::refcoco } else { grounding::screenspot };
                suites.push(load(root, eval.episodes)?);
            }
            "basics" => suites.push(basics::start()?),
            name => match bundled.iter().find(|suite| suite.name == name) {
                Some(suite) => suites.push(suite.clone()),
                None => {
                    let names: Vec<_> = bundled.iter().map(|suite| suite.name.as_str()).collect();
                    bail!(
                        "there is no suite `{name}`; there are {}, basics, miniwob, webvoyager, screenspot, refcoco and all",
                        names.join(", ")
                    );
                }
            },
        }
    }
    if !eval.task.is_empty() {
        for suite in &mut suites {
            suite.families.retain(|family| eval.task.iter().any(|text| family.name().contains(text.as_str())));
        }
        suites.retain(|suite| !suite.families.is_empty());
        if suites.is_empty() {
            bail!("no task of {} has `{}` in its name", eval.suite.join(", "), eval.task.join("` or `"));
        }
    }
    Ok(suites)
}
