//! How many samples one thread prepares: `cargo run --release -p glim-data --example preparing`.
//!
//! Screens of made-up words, as small and as large as they come, kept in memory and read from the disk. Times are those
//! of the processor (this process, all threads), so that they hold on a busy machine.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glim_data::coordinates::{answer_boxes, norm_box};
use glim_data::record::{Element, ImageInfo, Line, Question, SCHEMA_VERSION, Screen, Word};
use glim_data::shard::{ShardOptions, ShardWriter};
use glim_data::training::{Cursor, DataRecipe, Loader};
use glim_data::{DataError, Row};
use glim_processor::{DEFAULT_TEMPLATE, Family, Processor, Settings, Template, Training};

/// A screen with a word in each cell of a grid, and a question about each of the first 16.
fn row(number: usize, width: u32, height: u32, across: u32, down: u32) -> Row {
    let mut pixels = vec![250_u8; (width * height * 3) as usize];
    let (mut elements, mut lines, mut questions) = (Vec::new(), Vec::new(), Vec::new());
    let (cell_width, cell_height) = (width / across, height / down);
    for at in 0..across * down {
        let (left, top) = (at % across * cell_width + 3, at / across * cell_height + 3);
        let (right, bottom) = (left + cell_width * 3 / 4, top + (cell_height / 2).min(14));
        for y in top..bottom {
            for x in left..right {
                // Strokes that no compression finds dull.
                let ink = (x * 7 + y * 13 + at * 31 + number as u32 * 17) % 11 < 4;
                let place = 3 * (y * width + x) as usize;
                pixels[place..place + 3].fill(if ink { 30 } else { 240 });
            }
        }
        let of = [left as f32, top as f32, right as f32, bottom as f32];
        let text = format!("word{} {}", at, number % 97);
        elements.push(Element {
            id: at + 1,
            role: "button".to_owned(),
            tag: "button".to_owned(),
            text: text.clone(),
            text_source: "painted".to_owned(),
            name: text.clone(),
            box_px: of,
            ..Element::default()
        });
        let words = text.split(' ').map(|word| Word { text: word.to_owned(), box_px: of }).collect();
        lines.push(Line { text: text.clone(), box_px: of, words, ..Line::default() });
        if at < 16 {
            questions.push(Question {
                id: format!("{number}-{at}"),
                task: "comprehension".to_owned(),
                prompt: format!("Where is the button “{text}”? Give the bounding box."),
                answer: answer_boxes(&[norm_box(of, width, height)]),
                targets: vec![at + 1],
                boxes_px: vec![of],
                ..Question::default()
            });
        }
    }
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("memory is written");
    writer.write_image_data(&pixels).expect("memory is written");
    writer.finish().expect("memory is written");
    let screen = Screen {
        schema_version: SCHEMA_VERSION,
        screen_id: format!("s{number}"),
        page_id: format!("p{number}"),
        site: "a.test".to_owned(),
        image: ImageInfo { width, height, format: "png".to_owned(), ..ImageInfo::default() },
        elements,
        lines,
        questions,
        ..Screen::default()
    };
    Row { screen, picture }
}

/// Processor time of this process.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    // Linux counts in hundredths of a second for programs.
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

fn measure(path: &Path, budget: usize, memory_mb: u64, seconds: f64) -> Result<String, DataError> {
    let training = Training { vocabulary: 1000, min_frequency: 1, single_digits: false };
    let text = "Where is the button “word”? Give the bounding box. 0 1 2 3 4 5 6 7 8 9".to_owned();
    let tokenizer = training.train([text]).expect("there is room for the special tokens");
    let template = Template::new("default.jinja", DEFAULT_TEMPLATE).expect("it is our own");
    let settings = (Settings::default(), Settings::video());
    let processor = Arc::new(Processor::new(tokenizer, Some(template), Family::Glm4v, settings.0, settings.1));
    let recipe = serde_json::json!({
        "token_budget": budget, "window": 8, "workers": 1, "ahead": 1, "memory_mb": memory_mb,
        "sources": [{"kind": "screens", "name": "pages", "path": path, "coordinate_step": 10}],
    });
    let recipe: DataRecipe = serde_json::from_value(recipe).expect("the fields are the struct's");
    let opened = Instant::now();
    let mut loader = Loader::open(&recipe, processor, 1, Cursor::default())?;
    let opened = opened.elapsed();
    // Once around, so that what is kept is there.
    let screens = loader.sizes()[0];
    let mut samples = 0;
    while samples < screens {
        samples += loader.next()?.samples.len();
    }
    let (begin, before) = (Instant::now(), processor_time());
    let (mut samples, mut tokens) = (0, 0);
    while begin.elapsed().as_secs_f64() < seconds {
        let batch = loader.next()?;
        samples += batch.samples.len();
        tokens += batch.tokens;
    }
    let (wall, processor) = (begin.elapsed().as_secs_f64(), (processor_time() - before).as_secs_f64());
    Ok(format!(
        "opened in {:.0} ms; {:.1} samples/s, {:.1} samples and {:.0} tokens per processor second, fill {:.3}",
        opened.as_secs_f64() * 1e3,
        samples as f64 / wall,
        samples as f64 / processor,
        tokens as f64 / processor,
        loader.statistics().fill(),
    ))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut report = String::new();
    for (width, height, across, down, count, budget) in [(168, 224, 2, 4, 600, 2048), (1280, 720, 10, 15, 120, 8192)] {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("train-00000.parquet");
        let mut writer = ShardWriter::create(&path, &ShardOptions::default())?;
        for number in 0..count {
            writer.push(row(number, width, height, across, down))?;
        }
        writer.finish()?;
        for (kept, memory_mb) in [("memory", 4096), ("disk", 0)] {
            let line = measure(&path, budget, memory_mb, 6.0)?;
            report.push_str(&format!("{width}x{height}, {} elements, from {kept}: {line}\n", across * down));
        }
    }
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    Ok(())
}
