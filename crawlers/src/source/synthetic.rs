//! The addresses of pages that are set from text; [`crate::synthetic::Press`] makes what is there.

use glim_data::record::Source;

use super::{Emit, Halt};
use crate::synthetic::OcrRecipe;

/// Names all pages of a source.
pub(super) fn run(recipe: &OcrRecipe, emit: &Emit) -> Result<(), Halt> {
    let source = Source { kind: "synthetic".to_owned(), archive: recipe.name.clone(), ..Source::default() };
    for number in 0..recipe.pages {
        emit.address(&format!("http://{}/{number}", recipe.host(number)), source.clone(), "the synthetic pages")?;
    }
    Ok(())
}
