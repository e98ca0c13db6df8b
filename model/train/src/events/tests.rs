//! What the real TensorBoard makes of our files.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::*;
use crate::metrics::{ACCURACY, GRADIENT_NORM, LOSS};

/// As `scripts/setup --test` installs it.
const PACKAGE: &str = "tensorboard-2.21.0";

const NOTE: &str = "a **spike**: `loss` 9.5, ünïcode ✓";

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..width * height).map(|pixel| (pixel * 7 % 251) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn train(step: u64, loss: f64) -> Line {
    let numbers = [(LOSS, loss), ("loss/grounding", loss / 2.0), (GRADIENT_NORM, f64::NAN)];
    Line { time: 1_764_000_000.25 + step as f64, ..Line::new(step, Kind::Train, numbers) }
}

/// A run that was killed after step 4 and resumed from step 2.
fn run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut events = Events::create(folder.path(), None).unwrap();
    (1..=4).for_each(|step| events.line(&train(step, 100.0 + step as f64)).unwrap());
    drop(events);
    let mut events = Events::create(folder.path(), Some(2)).unwrap();
    events.line(&train(3, 1.0 / 3.0)).unwrap();
    events.line(&Line { time: 1_764_000_003.5, ..Line::new(300, Kind::Eval, [(ACCURACY, 0.75)]) }).unwrap();
    events.line(&Line { time: 1_764_000_003.5, ..Line::note(300, NOTE) }).unwrap();
    events.picture(300, 1_764_000_004.0, "predictions/1", &png(300, 40)).unwrap();
    // A disk that was full tore the last event.
    let torn = frame::record(&proto::version(0.0));
    events.file.write_all(&torn[..torn.len() - 3]).unwrap();
    folder
}

fn read(scenario: &str, folder: &Path) -> Value {
    let mut command = Command::new("python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/events/read.py")).arg(scenario).arg(folder);
    let output = command
        .env("PYTHONPATH", package())
        .output()
        .unwrap_or_else(|error| panic!("python3 does not run: {error}; scripts/setup --test"));
    assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn package() -> PathBuf {
    let folder = std::env::var_os("GLIM_TENSORBOARD").map(PathBuf::from).unwrap_or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
        cache.or_else(home).unwrap().join("glim").join(PACKAGE)
    });
    assert!(
        folder.join("tensorboard").is_dir(),
        "the Python package tensorboard is not in `{}`: install it with scripts/setup --test, or name a folder that has it \
         with GLIM_TENSORBOARD",
        folder.display()
    );
    folder
}

/// The numbers of a tag as step, time and the value as Python prints it.
fn scalars(read: &Value, tag: &str) -> Vec<(u64, f64, f32)> {
    let points = read["scalars"][tag].as_array().unwrap_or_else(|| panic!("no {tag} in {read}"));
    points
        .iter()
        .map(|point| {
            (point[0].as_u64().unwrap(), point[1].as_f64().unwrap(), point[2].as_str().unwrap().parse().unwrap())
        })
        .collect()
}

#[test]
fn tensorboard_reads_all_values_and_forgets_what_a_resumed_run_overtook() {
    let folder = run();
    let read = read("files", folder.path());
    let time = |step: u64| 1_764_000_000.25 + step as f64;
    let loss = [(1, time(1), 101.0), (2, time(2), 102.0), (3, time(3), 1.0_f32 / 3.0)];
    assert_eq!(scalars(&read, "train/loss"), loss);
    assert_eq!(scalars(&read, "train/loss/grounding"), loss.map(|(step, time, loss)| (step, time, loss / 2.0)));
    assert!(scalars(&read, "train/gradient_norm").iter().all(|(.., value)| value.is_nan()));
    assert_eq!(scalars(&read, "eval/accuracy"), [(300, 1_764_000_003.5, 0.75)]);
    assert_eq!(read["scalars"].as_object().unwrap().len(), 4);
    assert_eq!(read["texts"], json!({"note": [[300, NOTE]]}));
    assert_eq!(read["pictures"], json!({"predictions/1": [[300, 300, 40, BASE64.encode(png(300, 40))]]}));
}

#[test]
fn tensorboard_shows_them_in_a_browser() {
    let folder = run();
    let read = read("server", folder.path());
    assert_eq!(read["scalars"]["eval/accuracy"], json!([[1_764_000_003.5, 300, 0.75]]));
    let steps: Vec<&Value> = read["scalars"]["train/loss"].as_array().unwrap().iter().map(|point| &point[1]).collect();
    assert_eq!(steps, [1, 2, 3]);
    let text = read["texts"]["note"][0]["text"].as_str().unwrap();
    assert!(text.contains("<strong>spike</strong>") && text.contains("ünïcode ✓"), "{text}");
    assert_eq!(read["picture"], BASE64.encode(png(300, 40)));
}

#[test]
fn what_is_no_picture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = Events::create(folder.path(), None).unwrap();
    let whole = png(3, 2);
    assert_eq!(png_size(&whole), Some((3, 2)));
    for bytes in [&whole[..23], b"", b"\xff\xd8\xff\xe0", &png(3, 2)[1..]] {
        let error = events.picture(1, 0.0, "predictions/1", bytes).unwrap_err();
        assert_eq!(error.to_string(), "the picture `predictions/1` is no PNG");
    }
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let said = Events::create(&file, None).unwrap_err().to_string();
    assert!(said.starts_with(&format!("`{}` cannot be written: ", file.display())), "{said}");
}
