//! Pictures in a request: data URLs only. A server of ours fetches nothing, so that nobody can make it ask for what only
//! it can reach.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::refusal::Refusal;

/// Some clients leave the padding out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The file in a data URL, whatever it holds. `place` names the field of the request.
///
/// # Errors
/// If it is another kind of URL, or not base64.
pub(crate) fn from_url(url: &str, place: &str) -> Result<Vec<u8>, Refusal> {
    let bad = |message: String| Refusal::invalid(message).param(place).code("invalid_image_url");
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    if !scheme.eq_ignore_ascii_case("data") {
        let shown: String = url.chars().take(80).collect();
        return Err(bad(format!(
            "`{shown}` would have to be fetched, which this server never does; send the picture itself as \
             `data:image/png;base64,...`"
        )));
    }
    let (kind, data) = url[5..]
        .split_once(',')
        .ok_or_else(|| bad("the data URL has no comma between its kind and its data".to_owned()))?;
    if !kind.split(';').skip(1).any(|word| word.trim().eq_ignore_ascii_case("base64")) {
        return Err(bad("the data URL is not in base64; write it as `data:image/png;base64,...`".to_owned()));
    }
    let file = LENIENT.decode(data.trim_ascii().as_bytes());
    file.map_err(|error| bad(format!("the data URL is not proper base64: {error}")))
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::engine::general_purpose::STANDARD;
    use image::{ImageEncoder, RgbImage};

    use super::*;

    /// A grey PNG.
    pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_pixel(width, height, image::Rgb([90, 90, 90]));
        let mut file = Vec::new();
        image::codecs::png::PngEncoder::new(&mut file)
            .write_image(&picture, width, height, image::ExtendedColorType::Rgb8)
            .expect("a picture can be encoded");
        file
    }

    pub(crate) fn data_url(file: &[u8]) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(file))
    }

    #[test]
    fn data_urls_are_read_however_they_are_padded() {
        let file = png(7, 5);
        let url = data_url(&file);
        assert_eq!(from_url(&url, "u"), Ok(file.clone()));
        assert_eq!(from_url(url.trim_end_matches('='), "u"), Ok(file.clone()));
        assert_eq!(from_url(&url.replacen("data:", "DATA:", 1), "u"), Ok(file.clone()));
        // What counts is the file, not what it is called.
        assert_eq!(from_url(&url.replacen("image/png", "image/webp;name=x", 1), "u"), Ok(file));
    }

    #[test]
    fn whatever_else_is_refused_with_a_reason() {
        for (url, says) in [
            ("https://example.org/cat.png", "never does"),
            ("file:///etc/passwd", "never does"),
            ("cat.png", "never does"),
            ("data:image/png;base64", "no comma"),
            ("data:image/png,abc", "not in base64"),
            ("data:image/png;base64,@@@", "not proper base64"),
        ] {
            let error = from_url(url, "messages[0].content[1].image_url.url").expect_err(says).body()["error"].take();
            assert!(error["message"].as_str().expect("it is text").contains(says), "{error}");
            assert_eq!(error["param"], "messages[0].content[1].image_url.url");
        }
    }
}
