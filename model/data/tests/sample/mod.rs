//! Made-up screens with every field filled, for the tests of this crate.

use glim_data::coordinates::{answer_boxes, answer_points, norm_box, norm_point};
use glim_data::record::{
    BoxPx, Element, ImageInfo, Line, Question, SCHEMA_VERSION, Screen, Source, TrailStep, View, Word,
};

/// The size of every picture, in pixels.
pub const SIZE: (u32, u32) = (200, 120);

/// Where the link of every screen is.
pub const LINK: BoxPx = [18.0, 9.5, 92.0, 27.25];

/// Where its button is.
pub const BUTTON: BoxPx = [120.0, 60.0, 180.0, 90.0];

/// The id of a page of a site.
pub fn page_id(site: &str, page: usize) -> String {
    format!("{}-{page}", site.replace(|char: char| !char.is_ascii_alphanumeric(), "~"))
}

/// A page with so many screens, as a writer takes it.
pub fn page(site: &str, page: usize, screens: usize) -> Vec<(Screen, Vec<u8>)> {
    (0..screens).map(|at| (screen(site, page, at), picture(page * 100 + at))).collect()
}

/// One screen of a page, with every field filled.
pub fn screen(site: &str, page: usize, at: usize) -> Screen {
    let page_id = page_id(site, page);
    let screen_id = format!("{page_id}-s{at}");
    Screen {
        schema_version: SCHEMA_VERSION,
        url: format!("http://{site}/{page}?q=\"ü\""),
        final_url: format!("http://{site}/{page}/"),
        site: site.to_owned(),
        fetched_at: "2026-01-02T03:04:05Z".to_owned(),
        status: 200,
        source: Source {
            kind: "warc".to_owned(),
            archive: "a.warc.gz".to_owned(),
            offset: u64::MAX,
            length: 1 << 40,
            digest: "sha1:ABC".to_owned(),
        },
        license: "CC-BY-SA-4.0".to_owned(),
        lang: "en".to_owned(),
        title: "A page\n<image> of </script> things \u{1f600}".to_owned(),
        heading: "Things".to_owned(),
        view: View {
            name: ["laptop", "phone"][at % 2].to_owned(),
            width: SIZE.0,
            height: SIZE.1,
            scale: 1.5,
            mobile: at % 2 == 1,
            dark: true,
            locale: "en-GB".to_owned(),
        },
        scroll: [0.0, 40.5, 200.0, 1000.0],
        trail: vec![TrailStep {
            action: "click".to_owned(),
            argument: "1".to_owned(),
            role: "button".to_owned(),
            name: "Menu".to_owned(),
            screen_id: format!("{page_id}-s9"),
            element: 3,
            box_px: BUTTON,
        }],
        browser: "HeadlessChrome/1".to_owned(),
        image: ImageInfo {
            sha256: glim_data::sha256(&picture(page * 100 + at)),
            phash: "00ff00ff00ff00ff".to_owned(),
            width: SIZE.0,
            height: SIZE.1,
            format: "png".to_owned(),
        },
        elements: elements(),
        lines: vec![Line {
            text: "Download now".to_owned(),
            box_px: LINK,
            angle: 0.25,
            block: 1,
            words: vec![
                Word { text: "Download".to_owned(), box_px: [18.0, 9.5, 70.0, 27.25] },
                Word { text: "now".to_owned(), box_px: [72.0, 9.5, 92.0, 27.25] },
            ],
        }],
        questions: questions(&screen_id),
        html: "<p>Things</p>".to_owned(),
        page_id,
        screen_id,
    }
}

fn elements() -> Vec<Element> {
    let link = Element {
        id: 1,
        role: "link".to_owned(),
        tag: "a".to_owned(),
        text: "Download now".to_owned(),
        text_source: "painted".to_owned(),
        name: "Download now".to_owned(),
        value: "v".to_owned(),
        kind: "text".to_owned(),
        input_type: "text".to_owned(),
        states: vec!["focused".to_owned()],
        box_px: LINK,
        fragments_px: vec![LINK, BUTTON],
        point_px: [50.25, 18.0],
        visible: 0.875,
        shown: 0.5,
        clickable: true,
        editable: true,
        scrollable: true,
        n_same_text: 1,
        reject: vec![],
        frame: vec![1, 2],
    };
    let button = Element {
        id: 2,
        role: "button".to_owned(),
        tag: "button".to_owned(),
        text: "Search".to_owned(),
        kind: "icon".to_owned(),
        box_px: BUTTON,
        point_px: [150.0, 75.0],
        visible: 1.0,
        shown: 1.0,
        clickable: true,
        n_same_text: 1,
        ..Element::default()
    };
    let dot = Element {
        id: 3,
        role: "image".to_owned(),
        text: "Search".to_owned(),
        box_px: [1.0, 1.0, 3.0, 3.0],
        reject: vec!["small".to_owned()],
        ..Element::default()
    };
    vec![link, button, dot]
}

fn questions(screen_id: &str) -> Vec<Question> {
    let cells = |of: BoxPx| norm_box(of, SIZE.0, SIZE.1);
    let question = |at: usize, task: &str, kind: &str| Question {
        id: format!("{screen_id}-q{at}"),
        task: task.to_owned(),
        kind: kind.to_owned(),
        template: format!("{task}/{at}"),
        ..Question::default()
    };
    vec![
        Question {
            expression: "the link “Download now”".to_owned(),
            prompt: "Where is the link “Download now”?".to_owned(),
            answer: answer_boxes(&[cells(LINK)]),
            targets: vec![1],
            boxes_px: vec![LINK],
            ..question(0, "comprehension", "name")
        },
        Question {
            expression: "all controls".to_owned(),
            prompt: "Locate all controls.".to_owned(),
            answer: answer_boxes(&[cells(LINK), cells(BUTTON)]),
            targets: vec![1, 2],
            boxes_px: vec![LINK, BUTTON],
            ..question(1, "comprehension", "several")
        },
        Question {
            expression: "the search button".to_owned(),
            prompt: format!("What is at {}?", answer_boxes(&[cells(BUTTON)])),
            answer: "A <image> button to search".to_owned(),
            targets: vec![2],
            boxes_px: vec![BUTTON],
            ..question(2, "generation", "icon")
        },
        Question {
            expression: "the search button".to_owned(),
            prompt: "Click the search button.".to_owned(),
            answer: answer_points(&[norm_point([150.0, 75.0], SIZE.0, SIZE.1)]),
            targets: vec![2],
            points_px: vec![[150.0, 75.0]],
            ..question(3, "action", "name")
        },
        Question {
            expression: "the login field".to_owned(),
            prompt: "Where is the login field?".to_owned(),
            answer: "It is not on this screen.".to_owned(),
            ..question(4, "refusal", "name")
        },
    ]
}

/// A PNG that differs for every number: its colour is one of 256 by 256.
pub fn picture(number: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("memory is written");
    let color = [(number % 256) as u8, (number / 256 % 256) as u8, 200];
    writer.write_image_data(&color.repeat((SIZE.0 * SIZE.1) as usize)).expect("memory is written");
    writer.finish().expect("memory is written");
    file
}
