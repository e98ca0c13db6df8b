//! Finding the pages in the folder that a user names.

use std::io;
use std::path::{Path, PathBuf};

use super::{Page, catalog};

const HOW_TO_GET_THEM: &str = "get them with `pip download --no-deps miniwob==1.1.0` and \
     `unzip miniwob-1.1.0-py3-none-any.whl 'miniwob/html/*'`, then name the folder `miniwob`";

/// The pages could not be found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The folder holds something else.
    #[error("`{}` does not hold the pages of MiniWoB++: there is no `{missing}`; {HOW_TO_GET_THEM}", path.display())]
    NotMiniwob {
        /// The folder as it was named.
        path: PathBuf,
        /// A file that the package has, below `html`.
        missing: &'static str,
    },
    /// The folder could not be listed.
    #[error("`{}` could not be listed: {source}", path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The package's folder `html`: `root` itself, inside of it, or around it.
pub(super) fn find(root: &Path) -> Result<PathBuf, FolderError> {
    const CORE: &str = "core/core.js";
    const PAGE: &str = "miniwob/click-test.html";
    let candidates = ["", "html", "miniwob/html", ".."].map(|below| root.join(below));
    let complete = candidates.iter().find(|html| html.join(CORE).is_file() && html.join(PAGE).is_file());
    match complete {
        Some(html) => html.canonicalize().map_err(|source| FolderError::List { path: html.clone(), source }),
        None => {
            let missing = if candidates.iter().any(|html| html.join(PAGE).is_file()) { CORE } else { PAGE };
            Err(FolderError::NotMiniwob { path: root.to_owned(), missing })
        }
    }
}

/// The tasks in the folder `html`, by name: first the pages of MiniWoB++, then the flight sites.
pub(super) fn pages(html: &Path) -> Result<Vec<Page>, FolderError> {
    let mut pages: Vec<Page> = names(&html.join("miniwob"))?
        .into_iter()
        .filter_map(|file| file.strip_suffix(".html").map(str::to_owned))
        .map(|name| Page { path: format!("miniwob/{name}.html"), name })
        .collect();
    if html.join("flight").is_dir() {
        let sites = names(&html.join("flight"))?;
        pages.extend(
            sites
                .into_iter()
                .map(|site| Page { name: format!("flight.{site}"), path: format!("flight/{site}/wrapper.html") })
                .filter(|page| html.join(&page.path).is_file()),
        );
    }
    pages.retain(|page| catalog::is_task(&page.name));
    Ok(pages)
}

fn names(folder: &Path) -> Result<Vec<String>, FolderError> {
    let failed = |source| FolderError::List { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The package's folder with a few empty pages.
    struct Package(PathBuf);

    impl Package {
        fn with(files: &[&str]) -> Package {
            use std::sync::atomic::{AtomicU32, Ordering};
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name = format!("glim-miniwob-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let package = Package(std::env::temp_dir().join(name).join("miniwob"));
            for file in files {
                let path = package.0.join("html").join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            package
        }
    }

    impl Drop for Package {
        fn drop(&mut self) {
            fs::remove_dir_all(self.0.parent().unwrap()).unwrap();
        }
    }

    const FILES: &[&str] = &[
        "core/core.js",
        "miniwob/click-test.html",
        "miniwob/hover-shape.html",
        "miniwob/book-flight.html",
        "miniwob/images",
        "flight/AA/wrapper.html",
        "flight/flight-common/wrapper.js",
    ];

    #[test]
    fn the_pages_are_found_from_any_folder_of_the_package() {
        let package = Package::with(FILES);
        let html = package.0.join("html").canonicalize().unwrap();
        for named in [package.0.parent().unwrap(), &package.0, &package.0.join("html"), &package.0.join("html/miniwob")]
        {
            assert_eq!(find(named).unwrap(), html, "{}", named.display());
        }
        let pages = pages(&html).unwrap();
        let names: Vec<_> = pages.iter().map(|page| (page.name.as_str(), page.path.as_str())).collect();
        assert_eq!(
            names,
            [
                ("book-flight", "miniwob/book-flight.html"),
                ("click-test", "miniwob/click-test.html"),
                ("flight.AA", "flight/AA/wrapper.html"),
            ]
        );
    }

    #[test]
    fn another_folder_is_refused_with_the_way_to_the_pages() {
        let error = find(Path::new("/no/such/folder")).unwrap_err().to_string();
        assert!(error.starts_with("`/no/such/folder` does not hold the pages"), "{error}");
        assert!(error.contains("`miniwob/click-test.html`") && error.contains("pip download --no-deps"), "{error}");

        let incomplete = Package::with(&["miniwob/click-test.html"]);
        let error = find(&incomplete.0).unwrap_err().to_string();
        assert!(error.contains("there is no `core/core.js`"), "{error}");
    }
}
