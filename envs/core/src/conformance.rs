//! Checks that every environment must pass, whatever world it opens.

use crate::{Action, EnvError, Environment, Observation, Outcome, Point, Query, Seed, StartState, Target};

/// What was found wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The world broke while it was checked.
    #[error("the environment failed while it {doing}")]
    Broke {
        /// What was being checked.
        doing: &'static str,
        /// The failure.
        #[source]
        error: EnvError,
    },
    /// A promise of [`Environment`] is not kept.
    #[error("{promise}: {found}")]
    Broken {
        /// The promise.
        promise: &'static str,
        /// What was found instead.
        found: String,
    },
}

fn promise(kept: bool, promise: &'static str, found: impl FnOnce() -> String) -> Result<(), Violation> {
    if kept { Ok(()) } else { Err(Violation::Broken { promise, found: found() }) }
}

fn broke(doing: &'static str) -> impl FnOnce(EnvError) -> Violation {
    move |error| Violation::Broke { doing, error }
}

/// Runs an environment through its promises, with `actions` as a script that its start state allows.
///
/// # Errors
/// The first promise that is not kept.
pub async fn check<E: Environment>(
    env: &mut E,
    start: &StartState,
    seed: Seed,
    actions: &[Action],
) -> Result<(), Violation> {
    let first = play(env, start, seed, actions).await?;
    let second = play(env, start, seed, actions).await?;
    promise(first.len() == second.len(), "equal seeds give episodes of equal length", || {
        format!("{} and {} observations", first.len(), second.len())
    })?;
    for (turn, (a, b)) in first.iter().zip(&second).enumerate() {
        promise(a.screenshot == b.screenshot, "equal seeds give equal screenshots", || {
            format!("they differ at turn {turn}, after {:?}", turn.checked_sub(1).map(|at| &actions[at]))
        })?;
        promise(a.elements == b.elements, "equal seeds give equal elements", || {
            let differing = a.elements.iter().zip(&b.elements).find(|(a, b)| a != b);
            format!("they differ at turn {turn}: {differing:?}, {} and {}", a.elements.len(), b.elements.len())
        })?;
    }

    let before = first.last().cloned();
    env.probe(&Query::Url).await.map_err(broke("answered a query"))?;
    let after = env.step(&Action::Wait { ms: 0 }).await.map_err(broke("waited"))?.observation;
    promise(before.is_some_and(|before| before.url == after.url), "a probe leaves the world unchanged", || {
        format!("the address is now {}", after.url)
    })?;

    for action in [
        Action::click(Target::Mark(u32::MAX)),
        Action::click(Point::new(-5.0, 1e7)),
        Action::SwitchTab { index: 10_000 },
        Action::Keys { chord: "NoSuchKey+x".to_owned() },
        Action::click(Point::new(f64::NAN, 0.0)),
    ] {
        let step = env.step(&action).await.map_err(broke("was given an impossible action"))?;
        promise(
            matches!(step.outcome, Outcome::Rejected { .. }),
            "an impossible action is rejected with a reason",
            || format!("{action:?} gave {:?}", step.outcome),
        )?;
        well_formed(&step.observation)?;
    }
    Ok(())
}

/// Resets, then plays `actions`; every observation on the way, each checked.
async fn play<E: Environment>(
    env: &mut E,
    start: &StartState,
    seed: Seed,
    actions: &[Action],
) -> Result<Vec<Observation>, Violation> {
    let mut seen = vec![env.reset(start, seed).await.map_err(broke("was reset"))?];
    well_formed(&seen[0])?;
    for action in actions {
        promise(env.accepts().contains(&action.kind()), "the script uses only actions that are accepted", || {
            format!("{:?}", action.kind())
        })?;
        let step = env.step(action).await.map_err(broke("was stepped"))?;
        promise(step.outcome == Outcome::Done, "a possible action is done", || {
            format!("{action:?} gave {:?}", step.outcome)
        })?;
        well_formed(&step.observation)?;
        seen.push(step.observation);
    }
    Ok(seen)
}

/// Checks one observation by itself.
///
/// # Errors
/// The first promise that is not kept.
pub fn well_formed(observation: &Observation) -> Result<(), Violation> {
    let viewport = observation.viewport;
    let (width, height) = png_size(&observation.screenshot.png).ok_or_else(|| Violation::Broken {
        promise: "the screenshot is a PNG file",
        found: format!("{} bytes that are not", observation.screenshot.png.len()),
    })?;
    let expected = |css: u32| (f64::from(css) * viewport.scale).round() as u32;
    promise(
        (width, height) == (expected(viewport.width), expected(viewport.height)),
        "the screenshot shows the whole viewport at its scale",
        || format!("{width}x{height} for {viewport:?}"),
    )?;
    for (at, element) in observation.elements.iter().enumerate() {
        promise(element.mark as usize == at + 1, "marks count from 1 in order", || format!("{element:?}"))?;
        promise(
            viewport.rect().intersection(&element.rect).area() >= element.rect.area() - 1e-6,
            "boxes lie in the viewport",
            || format!("{element:?}"),
        )?;
        promise(element.visible > 0.0 && element.visible <= 1.0, "elements are visible", || format!("{element:?}"))?;
        promise(viewport.rect().contains(element.point), "a click point lies on the screen", || {
            format!("{element:?}")
        })?;
    }
    Ok(())
}

/// Width and height from the header of a PNG file.
fn png_size(file: &[u8]) -> Option<(u32, u32)> {
    let header = file.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")?;
    let number = |at: usize| Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?));
    Some((number(0)?, number(4)?))
}
