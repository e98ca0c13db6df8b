use std::fs;

use super::*;
use crate::dataset::{DatasetWriter, WriterOptions};
use crate::sample;

fn dataset(root: &Path, change: fn(&mut Screen)) {
    let mut writer = DatasetWriter::open(root, WriterOptions::default()).unwrap();
    for (site, pages) in [("a.test", 3), ("b.test", 1)] {
        for at in 0..pages {
            let mut page = sample::page(site, at, 2);
            page.iter_mut().for_each(|(screen, _)| change(screen));
            writer.add_page(&sample::page_id(site, at), page).unwrap();
        }
    }
    writer.finish().unwrap();
}

/// The block of data in a page.
fn data(html: &str) -> serde_json::Value {
    let (_, rest) = html.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn samples_and_their_pictures_lie_beside_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("set");
    dataset(&root, |_| {});
    let path = write(&root, &root, &GalleryOptions { samples: 12, ..GalleryOptions::default() }).unwrap();
    assert_eq!(path, root.join("gallery.html"));
    let page = data(&fs::read_to_string(&path).unwrap());
    assert_eq!((page["dataset"].as_str(), page["samples"].as_array().unwrap().len()), (Some("set"), 12));
    let kinds: BTreeSet<_> =
        page["samples"].as_array().unwrap().iter().map(|of| of["task"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["action", "comprehension", "generation", "refusal"].into());
    for screen in page["screens"].as_array().unwrap() {
        let picture = fs::read(root.join(screen["picture"].as_str().unwrap())).unwrap();
        assert_eq!(&picture[..4], b"\x89PNG");
    }
    assert!(page["samples"].as_array().unwrap().iter().all(|of| of["warnings"].as_array().unwrap().is_empty()));
    // Again with fewer samples: the pictures of the others are gone, and the dataset is still one.
    let options = GalleryOptions { samples: 2, seed: 1, tasks: ["refusal".to_owned()].into() };
    let page = data(&fs::read_to_string(write(&root, &root, &options).unwrap()).unwrap());
    assert!(page["samples"].as_array().unwrap().iter().all(|of| of["task"] == "refusal"));
    let left = fs::read_dir(root.join(PICTURES)).unwrap().count();
    assert_eq!(left, page["screens"].as_array().unwrap().len());
    DatasetWriter::open(&root, WriterOptions::default()).unwrap();
}

#[test]
fn pages_cannot_break_out_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("set");
    dataset(&root, |screen| {
        let evil = "</script><script>alert(1)</script><!--{{script}}\u{2028}\"'&".to_owned();
        screen.title.clone_from(&evil);
        screen.view.name.clone_from(&evil);
        screen.final_url = "javascript:alert(1)".to_owned();
        screen.elements.iter_mut().for_each(|element| element.text.clone_from(&evil));
        screen.questions.iter_mut().for_each(|question| question.prompt.push_str(&evil));
    });
    let html = fs::read_to_string(write(&root, folder.path(), &GalleryOptions::default()).unwrap()).unwrap();
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script>").count(), 2);
    assert!(!html.contains("<!--"));
    let page = data(&html);
    assert!(page["screens"][0]["title"].as_str().unwrap().starts_with("</script><script>"));
    let hash = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, SCRIPT.as_bytes()));
    assert!(html.contains(&format!("script-src 'sha256-{hash}'")));
    // Nothing in the script turns text into markup or code, or an address into a link.
    for unsafe_call in
        ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function", "url;", ".cssText"]
    {
        assert!(!SCRIPT.contains(unsafe_call), "{unsafe_call}");
    }
}

#[test]
fn what_a_person_would_not_see_is_said() {
    let mut screen = sample::screen("a.test", 1, 1);
    screen.questions[0].boxes_px[0] = [100.0, 90.0, 100.0, 130.0];
    screen.questions[0].targets = vec![77];
    assert_eq!(
        warnings(&screen, &screen.questions[0]),
        [
            "neither prompt nor answer has the box that is drawn, [500,750,500,999]",
            "the box [100.0, 90.0, 100.0, 130.0] is empty or not on the picture",
            "there is no element 77",
        ]
    );
}
