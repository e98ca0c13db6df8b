use std::path::PathBuf;

use glim_env::{PictureStart, WebStart, conformance};
use image::{ImageFormat, Rgb, RgbImage};
use tempfile::TempDir;

use super::*;

fn picture(format: ImageFormat) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    // The name says nothing of the format, as in sets that were renamed.
    let path = folder.path().join("screen.dat");
    let picture = RgbImage::from_fn(40, 30, |x, y| Rgb([(x * 6) as u8, (y * 8) as u8, 90]));
    picture.save_with_format(&path, format).expect("it can be written");
    (folder, path)
}

fn start(path: PathBuf) -> StartState {
    StartState::Picture(PictureStart { path })
}

#[rstest::rstest]
#[case::png(ImageFormat::Png)]
#[case::jpeg(ImageFormat::Jpeg)]
#[case::webp(ImageFormat::WebP)]
#[tokio::test]
async fn it_keeps_the_promises_of_every_environment(#[case] format: ImageFormat) {
    let (_folder, path) = picture(format);
    let actions = [
        Action::click(Point::new(20.0, 10.0)),
        Action::Drag { from: Point::new(1.0, 1.0).into(), to: Point::new(39.0, 29.0).into() },
    ];
    conformance::check(&mut PictureEnv::new(), &start(path), Seed(1), &actions).await.expect("it keeps them");
}

#[tokio::test]
async fn the_first_action_ends_it_whatever_it_is() {
    let (_folder, path) = picture(ImageFormat::Png);
    let mut env = PictureEnv::new();
    let shown = env.reset(&start(path.clone()), Seed(0)).await.expect("it is shown");
    assert_eq!(&*shown.screenshot.png, std::fs::read(&path).expect("it is there"), "a PNG is shown as it is");
    assert_eq!((shown.viewport.width, shown.viewport.height), (40, 30));
    assert!(!format!("{shown:?}").contains("screen.dat"), "the name of the file is not told");
    let step = env.step(&Action::Scroll { target: None, dx: 0.0, dy: 10.0 }).await.expect("it answers");
    assert_eq!(step.signal, Value::Bool(true));
    assert!(matches!(step.outcome, Outcome::Rejected { reason } if reason.contains("still picture")));
    let step = env.step(&Action::click(Target::Mark(1))).await.expect("it answers");
    assert!(matches!(step.outcome, Outcome::Rejected { reason } if reason.contains("[1]")));
}

#[tokio::test]
async fn what_cannot_be_shown_is_a_broken_world_that_can_be_reset() {
    let (folder, path) = picture(ImageFormat::Png);
    let whole = std::fs::read(&path).expect("it is there");
    let torn = folder.path().join("torn.png");
    std::fs::write(&torn, &whole[..whole.len() / 2]).expect("it can be written");
    let text = folder.path().join("text.png");
    std::fs::write(&text, "no picture").expect("it can be written");
    let mut env = PictureEnv::new();
    for broken in [folder.path().join("missing.png"), torn, text] {
        let error = env.reset(&start(broken.clone()), Seed(0)).await.expect_err("it cannot be shown");
        assert!(matches!(&error, EnvError::Unreachable { url, .. } if *url == broken.display().to_string()), "{error}");
        assert!(env.step(&Action::click(Point::new(1.0, 1.0))).await.is_err(), "nothing is shown");
    }
    let page = StartState::Web(WebStart::live("https://example.org"));
    assert!(matches!(env.reset(&page, Seed(0)).await, Err(EnvError::Unsupported { .. })));
    env.reset(&start(path), Seed(0)).await.expect("it can be used again");
}
