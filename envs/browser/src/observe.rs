//! Looking: a picture and the elements of the same frame.
//!
//! The frame is drawn first and the elements are read after it, before time goes on, so what the boxes say is what the
//! picture shows. One run of the script serves the top document and the frames of its own site; a frame of another
//! site is asked in its own world, and its elements are put where the frame stands.

use std::sync::Arc;

use glim_env::{Clock, Element, EnvError, Notice, Observation, Screenshot, Scroll, Tab as TabInfo, Viewport};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::env::TextLine;
use crate::tab::Tab;
use crate::world::World;

/// Frames of other sites looked into, all levels together.
const MAX_FRAMES: usize = 30;

/// For how many of the page's milliseconds nothing has changed.
pub(crate) const STILL: &str = "globalThis.__glimQuiet?.still() ?? 1e9";

/// Where an element's mark leads: the frame whose script listed it, and its place in that list.
#[derive(Debug, Clone)]
pub(crate) struct MarkSource {
    pub frame: Option<String>,
    pub index: usize,
}

/// What the script returns for one document.
#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    title: String,
    scroll: Scroll,
    elements: Vec<Value>,
    #[serde(default)]
    lines: Vec<TextLine>,
    #[serde(default)]
    frames: Vec<ForeignFrame>,
}

/// A frame that the script cannot enter.
#[derive(Deserialize)]
struct ForeignFrame {
    /// Its elements go before this one.
    at: usize,
    x: f64,
    y: f64,
    scale: [f64; 2],
    clip: [f64; 4],
    path: Vec<u32>,
}

/// What is found in a page and the frames in it.
#[derive(Default)]
struct Found {
    elements: Vec<(MarkSource, Value)>,
    lines: Vec<TextLine>,
}

/// How each document of a page is looked at.
#[derive(Clone, Copy)]
struct Looking {
    /// Elements listed at the most.
    max: usize,
    /// Whether lines of text are read.
    reads: bool,
}

impl Looking {
    /// Runs the script in one document. Also says for how long nothing has changed there.
    async fn look(self, tab: &Tab, frame: Option<&str>, placed: Value) -> Result<(Seen, f64), EnvError> {
        let mut options = placed;
        options["max"] = self.max.into();
        options["reads"] = self.reads.into();
        let call = format!("[globalThis.__glim?.observe({options})??null,{STILL}]");
        let mut value = tab.evaluate_isolated(frame, &call).await?;
        if value[0].is_null() {
            // A document that was there before us, or that was written over.
            tab.evaluate_isolated(frame, &crate::world::ISOLATED_WORLD).await?;
            value = tab.evaluate_isolated(frame, &call).await?;
        }
        serde_json::from_value(value).map_err(|error| EnvError::Protocol {
            what: "reading what the page shows".to_owned(),
            reason: error.to_string(),
        })
    }
}

impl World {
    /// The screen of the active tab, after it has come to rest if it is to, and the value that the task watches.
    pub async fn observe(&mut self, settle: bool) -> Result<(Observation, Value), EnvError> {
        let (width, height) = (f64::from(self.viewport.width), f64::from(self.viewport.height));
        let watch = format!(
            "(()=>{{let w=null;try{{w=({})}}catch{{}}return[w,globalThis[Symbol.for('glim.world')]?.refused()??[]]}})()",
            self.start.watch.as_deref().unwrap_or("null"),
        );
        let max = self.browser().config().max_elements;
        let looking = Looking { max, reads: self.reads_text };
        let quiet = self.browser().config().settle.quiet.as_secs_f64() * 1000.0;
        let mut granted = 0.0;
        let (mut png, seen, mut watched, settled) = loop {
            let settled = !settle || self.settle(&mut granted).await?;
            let open = &mut self.tabs[self.active];
            let png = open.pace.picture(&open.tab).await?;
            let (looked, watched) = tokio::join!(
                looking.look(&open.tab, None, json!({"top": true, "clip": [0.0, 0.0, width, height]})),
                open.tab.evaluate(&watch),
            );
            let (seen, still) = looked?;
            // The frame of the picture itself may have moved things; then the page is not at rest.
            if settle && settled && still < quiet - 0.5 && open.pace.clock() == Clock::Virtual {
                continue;
            }
            break (png, seen, watched?, settled);
        };
        let open = &mut self.tabs[self.active];
        if self.start.window.is_some() && open.pace.clock() == Clock::Real {
            png = top_left(&png, self.viewport).map_err(|reason| EnvError::Protocol {
                what: "cutting the screen out of the window".to_owned(),
                reason,
            })?;
        }
        open.title = seen.title.chars().take(500).collect();
        let scroll = seen.scroll;
        let mut budget = MAX_FRAMES;
        let mut found = Found::default();
        gather(&open.tab, None, Vec::new(), seen, looking, &mut budget, &mut found).await?;
        found.elements.truncate(max);
        self.lines = found.lines;

        let screen = self.viewport.rect();
        let mut elements = Vec::with_capacity(found.elements.len());
        self.marks.clear();
        for (source, mut value) in found.elements {
            value["mark"] = (elements.len() + 1).into();
            let mut element: Element = serde_json::from_value(value).map_err(|error| EnvError::Protocol {
                what: "reading the elements of the page".to_owned(),
                reason: error.to_string(),
            })?;
            // Edges and lengths are rounded apart, which may put an edge a hundredth beyond the screen.
            element.rect = screen.intersection(&element.rect);
            for fragment in &mut element.fragments {
                *fragment = screen.intersection(fragment);
            }
            elements.push(element);
            self.marks.push(source);
        }

        for at in 0..self.tabs.len() {
            self.tell_of_tab(at);
        }
        let mut notices = std::mem::take(&mut self.notices);
        notices.extend(self.gate.take_notices());
        for open in &self.tabs {
            notices.extend(open.tab.update(|state| std::mem::take(&mut state.notices)));
        }
        for what in watched[1].as_array().into_iter().flatten().filter_map(Value::as_str) {
            notices.push(Notice::Refused { what: what.chars().take(100).collect() });
        }
        let tabs: Vec<TabInfo> = self
            .tabs
            .iter()
            .enumerate()
            .map(|(at, open)| TabInfo {
                url: open.tab.state(|state| state.url.clone()),
                title: open.title.clone(),
                active: at == self.active,
            })
            .collect();
        let observation = Observation {
            screenshot: Screenshot { png },
            viewport: self.viewport,
            url: tabs[self.active].url.clone(),
            title: tabs[self.active].title.clone(),
            tabs,
            scroll,
            elements,
            notices,
            settled,
        };
        Ok((observation, watched[0].take()))
    }

    /// Whether equal seeds give equal pixels here.
    pub fn is_deterministic(&self) -> bool {
        self.tabs[self.active].pace.clock() == Clock::Virtual
    }
}

/// The part of a picture of the window that the agent is to see.
fn top_left(picture: &[u8], screen: Viewport) -> Result<Arc<[u8]>, String> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("the picture is too large")?];
    let frame = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    let scaled = |css: u32| (f64::from(css) * screen.scale).round() as u32;
    let (width, height) = (scaled(screen.width).min(frame.width), scaled(screen.height).min(frame.height));
    let bytes_per_pixel = frame.color_type.samples();
    let row = width as usize * bytes_per_pixel;
    let cut: Vec<u8> =
        pixels.chunks(frame.line_size).take(height as usize).flat_map(|line| &line[..row]).copied().collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(frame.color_type);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(&cut).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(file.into())
}

/// Puts what is found in a document and in the foreign frames in it into reading order.
async fn gather(
    tab: &Tab,
    frame: Option<String>,
    path: Vec<u32>,
    seen: Seen,
    looking: Looking,
    budget: &mut usize,
    into: &mut Found,
) -> Result<(), EnvError> {
    let blocks = into.lines.iter().map(|line| line.block).max().unwrap_or(0);
    into.lines.extend(seen.lines.into_iter().map(|line| TextLine { block: line.block + blocks, ..line }));
    let mut foreign = seen.frames.into_iter().enumerate().peekable();
    let count = seen.elements.len();
    for (index, value) in seen.elements.into_iter().map(Some).chain([None]).enumerate() {
        while let Some((nth, inner)) = foreign.next_if(|(_, inner)| inner.at <= index || index == count) {
            if *budget == 0 || into.elements.len() >= looking.max {
                break;
            }
            *budget -= 1;
            let named = tab.frame_of(frame.as_deref(), &format!("__glim.frame({nth})")).await;
            let Ok(Some(id)) = named else { continue };
            let placed = json!({"x": inner.x, "y": inner.y, "scale": inner.scale, "clip": inner.clip});
            match looking.look(tab, Some(&id), placed).await {
                Ok((seen, _)) => {
                    let mut path = path.clone();
                    path.extend(&inner.path);
                    Box::pin(gather(tab, Some(id), path, seen, looking, budget, into)).await?;
                }
                // A frame that goes while it is looked at shows nothing; one that hangs is the world's failure.
                Err(EnvError::Protocol { what, reason }) => tracing::debug!(what, reason, "a frame was left out"),
                Err(error) => return Err(error),
            }
        }
        if let Some(mut value) = value {
            if !path.is_empty() {
                let inner = value["frame"].as_array().cloned().unwrap_or_default();
                value["frame"] = path.iter().map(|&at| Value::from(at)).chain(inner).collect();
            }
            into.elements.push((MarkSource { frame: frame.clone(), index }, value));
        }
    }
    Ok(())
}
