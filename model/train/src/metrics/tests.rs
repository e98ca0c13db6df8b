use std::fs;

use super::*;

fn record() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    (folder, path)
}

fn steps(path: &Path) -> Vec<u64> {
    read(path).unwrap().iter().map(|line| line.step).collect()
}

#[test]
fn a_line_looks_as_it_always_did() {
    let (_folder, path) = record();
    let mut metrics = Metrics::create(&path).unwrap();
    let numbers = [(LOSS, 1.234), ("loss/grounding", 0.1)];
    metrics.write(&Line { time: 1_764_000_000.5, ..Line::new(120, Kind::Train, numbers) }).unwrap();
    let text = r#"{"step":120,"time":1764000000.5,"kind":"train","numbers":{"loss":1.234,"loss/grounding":0.1}}"#;
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{text}\n"));
}

#[test]
fn what_is_written_is_read() {
    let (_folder, path) = record();
    let mut metrics = Metrics::create(&path).unwrap();
    let written = [
        Line::new(1, Kind::Train, [(LOSS, 0.1 + 0.2), (LEARNING_RATE, 5e-324)]),
        Line::new(1, Kind::Eval, [(ACCURACY, 1.0 / 3.0)]),
        Line::note(1, "a spike of\nthe loss: skipped"),
    ];
    written.iter().for_each(|line| metrics.write(line).unwrap());
    metrics.sync().unwrap();
    assert_eq!(read(&path).unwrap(), written);
    assert!((written[0].time - now()).abs() < 60.0);
}

#[test]
fn what_is_no_number_is_null_and_said() {
    let (_folder, path) = record();
    let mut metrics = Metrics::create(&path).unwrap();
    let numbers = [(LOSS, f64::NAN), (GRADIENT_NORM, f64::INFINITY), (LEARNING_RATE, 1.0)];
    metrics.write(&Line { note: Some("skipped".into()), ..Line::new(7, Kind::Train, numbers) }).unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains(r#""loss":null"#));
    let line = read(&path).unwrap().remove(0);
    assert!(line.numbers[LOSS].is_nan() && line.numbers[GRADIENT_NORM].is_nan());
    assert_eq!(line.numbers[LEARNING_RATE], 1.0);
    assert_eq!(line.note.as_deref(), Some("skipped; `gradient_norm` is inf; `loss` is NaN"));
}

#[test]
fn a_resumed_run_tells_the_same_as_an_uninterrupted_one() {
    let (_folder, path) = record();
    let line = |step: u64| Line { time: step as f64, ..Line::new(step, Kind::Train, [(LOSS, 1.0 / step as f64)]) };
    let mut metrics = Metrics::create(&path).unwrap();
    (1..=9).for_each(|step| metrics.write(&line(step)).unwrap());
    let uninterrupted = fs::read(&path).unwrap();
    // Killed in the middle of a line, at each byte of the file; the last checkpoint is after step 4.
    let kept: usize = uninterrupted.split_inclusive(|byte| *byte == b'\n').take(4).map(<[u8]>::len).sum();
    for cut in kept..=uninterrupted.len() {
        fs::write(&path, &uninterrupted[..cut]).unwrap();
        let mut metrics = Metrics::resume(&path, 4).unwrap();
        assert_eq!(steps(&path), [1, 2, 3, 4]);
        (5..=9).for_each(|step| metrics.write(&line(step)).unwrap());
        assert_eq!(fs::read(&path).unwrap(), uninterrupted);
    }
}

#[test]
fn a_record_that_is_missing_is_begun_and_a_torn_line_is_not_read() {
    let (_folder, path) = record();
    Metrics::resume(&path, 3).unwrap().write(&Line::note(4, "begun")).unwrap();
    let mut text = fs::read(&path).unwrap();
    text.extend_from_slice(br#"{"step":5,"time":1"#);
    fs::write(&path, &text).unwrap();
    assert_eq!(steps(&path), [4]);
    Metrics::create(&path).unwrap();
    assert_eq!(steps(&path), [0; 0]);
}

#[test]
fn what_is_broken_is_named() {
    let (folder, path) = record();
    fs::write(&path, "{\"step\":1,\"time\":0,\"kind\":\"note\",\"numbers\":{}}\nnonsense\n").unwrap();
    for error in [read(&path).unwrap_err(), Metrics::resume(&path, 9).unwrap_err()] {
        let said = error.to_string();
        assert!(said.starts_with("line 2 of `") && said.contains(FILE), "{said}");
    }
    let said = Metrics::create(&folder.path().join("none/metrics.jsonl")).unwrap_err().to_string();
    assert!(said.contains("none/metrics.jsonl` cannot be written"), "{said}");
    let said = read(&folder.path().join("none")).unwrap_err().to_string();
    assert!(said.contains("none` cannot be read"), "{said}");
}

/// A disk that is full.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_that_names_the_file() {
    let mut metrics = Metrics::create(Path::new("/dev/full")).unwrap();
    let said = metrics.write(&Line::note(1, "x")).unwrap_err().to_string();
    assert!(said.starts_with("`/dev/full` cannot be written: "), "{said}");
}
