//! Decoding and resampling.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use glim_processor::{Picture, ProcessorError};
use image::{ExtendedColorType, ImageEncoder};
use serde::Deserialize;

use crate::{fnv, golden, picture, read};

const LIMIT: usize = 1 << 20;

#[test]
fn resampling_is_torchvisions_to_the_byte() {
    let rows: Vec<(usize, usize, usize, usize, String)> = read(&golden("resample.json"));
    assert_eq!(rows.len(), 12);
    for (width, height, to_width, to_height, hash) in rows {
        let resized = picture(width, height, (width * 7 + height) as u32).resized(to_width, to_height).unwrap();
        let ours = fnv(resized.pixels().iter().copied());
        assert_eq!(ours, hash, "{width}x{height} to {to_width}x{to_height}");
    }
}

#[derive(Deserialize)]
struct Encoded {
    name: String,
    width: usize,
    height: usize,
    file: String,
    rgb: String,
}

#[test]
fn files_decode_as_pillow_converts_them() {
    let rows: Vec<Encoded> = read(&golden("decode.json"));
    assert_eq!(rows.len(), 19);
    for row in rows {
        let file = STANDARD.decode(row.file).unwrap();
        let expected = STANDARD.decode(row.rgb).unwrap();
        let decoded = Picture::decode(&file, LIMIT).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        assert_eq!((decoded.width(), decoded.height()), (row.width, row.height), "{}", row.name);
        let worst = decoded.pixels().iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        // JPEG leaves the inverse transform and the interpolation of colour to the decoder.
        let allowed = match row.name.as_str() {
            "half_colour.jpg" => 2,
            "full_colour.jpg" => 1,
            _ => 0,
        };
        assert!(worst <= Some(allowed), "{} is off by {worst:?}", row.name);
    }
}

#[test]
fn sixteen_bits_of_grey_keep_their_high_byte() {
    let mut file = Vec::new();
    let values = [0u16, 0x12FF, 0x8000, 0xFFFF].map(u16::to_ne_bytes).concat();
    image::codecs::png::PngEncoder::new(&mut file).write_image(&values, 4, 1, ExtendedColorType::L16).unwrap();
    let grey = [0, 0x12, 0x80, 0xFF].map(|value| [value; 3]).concat();
    assert_eq!(Picture::decode(&file, LIMIT).unwrap().pixels(), grey);
}

/// A header that promises 20,000 x 20,000 pixels, and nothing behind it.
fn bomb() -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut file);
    encoder.write_image(&[0; 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
    let side = 20_000u32.to_be_bytes();
    file[16..20].copy_from_slice(&side);
    file[20..24].copy_from_slice(&side);
    let check = crc32(&file[12..29]).to_be_bytes();
    file[29..33].copy_from_slice(&check);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    let error = Picture::decode(&bomb(), 8192 * 8192).unwrap_err();
    assert_eq!(error.to_string(), "picture of 20000x20000 pixels is over the limit of 67108864 pixels");
}

#[test]
fn broken_files_are_refused() {
    let rows: Vec<Encoded> = read(&golden("decode.json"));
    for row in rows {
        let file = STANDARD.decode(row.file).unwrap();
        // Cut anywhere, a file is an error or, where its end says nothing, a picture; never a panic.
        for end in (0..file.len()).step_by(7) {
            if let Err(error) = Picture::decode(&file[..end], LIMIT) {
                assert!(matches!(error, ProcessorError::Undecodable { .. }), "{}: {error}", row.name);
            }
        }
        if row.name.ends_with(".png") {
            assert!(Picture::decode(&file[..file.len() / 2], LIMIT).is_err(), "half of {}", row.name);
        }
    }
    let error = Picture::decode(b"not a picture", LIMIT).unwrap_err();
    assert_eq!(error.to_string(), "picture of 13 bytes cannot be decoded: neither PNG, JPEG, WebP nor GIF");
}
