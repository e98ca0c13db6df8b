//! Observations and turns for tests.

use glim_env::{
    Action, Completion, Css, Element, Observation, Outcome, Rect, Screenshot, Scroll, States, Timings, Turn, Viewport,
};

/// A button.
pub(crate) fn element(mark: u32, rect: Rect<Css>) -> Element {
    Element {
        mark,
        role: "button".to_owned(),
        tag: "button".to_owned(),
        name: String::new(),
        text: String::new(),
        value: None,
        input_type: String::new(),
        states: States::default(),
        rect,
        point: rect.center(),
        visible: 1.0,
        shown: 1.0,
        central: true,
        fragments: Vec::new(),
        clickable: true,
        editable: false,
        scrollable: false,
        options: Vec::new(),
        frame: Vec::new(),
    }
}

/// A screen with these elements and no picture.
pub(crate) fn screen(viewport: Viewport, elements: Vec<Element>) -> Observation {
    Observation {
        screenshot: Screenshot::default(),
        viewport,
        url: "http://shop.test/".to_owned(),
        title: "Shop".to_owned(),
        tabs: Vec::new(),
        scroll: Scroll::default(),
        elements,
        notices: Vec::new(),
        settled: true,
    }
}

/// A white picture of the viewport's size, with one dot whose place depends on `which`.
pub(crate) fn painted(observation: Observation, which: u32) -> Observation {
    let Viewport { width, height, .. } = observation.viewport;
    let mut picture = image::RgbImage::from_pixel(width, height, image::Rgb([255, 255, 255]));
    picture.put_pixel(which % width, 0, image::Rgb([0, 0, 0]));
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Png).expect("a picture can be encoded");
    Observation { screenshot: Screenshot { png: file.into_inner().into() }, ..observation }
}

/// A turn in which `said` was read as `action`.
pub(crate) fn turn(observation: &Observation, said: &str, action: Option<Action>, outcome: Outcome) -> Turn {
    Turn {
        observation: observation.clone(),
        prompt: String::new(),
        completion: Completion { text: said.to_owned(), ..Completion::default() },
        action,
        outcome,
        timings: Timings::default(),
    }
}
