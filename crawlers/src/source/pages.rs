//! The pages of an archive that is replayed.

use crate::archive::Archive;

use super::{Emit, Halt};

/// Lists the pages of some of an archive's files, in their order.
pub(super) fn run(archive: &Archive, files: std::ops::Range<usize>, emit: &Emit) -> Result<(), Halt> {
    for file in files {
        for page in archive.pages(file) {
            let name = page.source.archive.clone();
            emit.address(&page.url, page.source, &name)?;
        }
    }
    Ok(())
}
