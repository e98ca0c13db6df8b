//! The verifiers by name.

use super::biology::Biology;
use super::chart::Chart;
use super::chemistry::Chemistry;
use super::counting::Counting;
use super::general::General;
use super::geography::Geography;
use super::geoguess::GeoGuess;
use super::language_mix::LanguageMix;
use super::liberal_arts::LiberalArts;
use super::long_document::LongDocument;
use super::math::Math;
use super::multi_image::MultiImage;
use super::ocr::Ocr;
use super::physics::Physics;
use super::spatial::Spatial;
use super::vqa::Vqa;
use super::{Settings, Verifier};
use crate::grounding::{Boxes, Points};
use crate::gui::{Android, OsWorld, Terms, WebVoyager};
use crate::number::NumberSettings;
use crate::reply::{Boxed, Pattern};
use crate::video::{Choice, Exact, Moments};

/// The verifier of a name, with settings; `None` if there is no such verifier, or it cannot be made with these settings.
pub fn named(name: &str, settings: &Settings) -> Option<Box<dyn Verifier>> {
    let boxed = if settings.box_required { Boxed::Required } else { Boxed::Optional };
    let numbers = NumberSettings {
        tolerance: settings.tolerance.unwrap_or(NumberSettings::default().tolerance),
        boxed,
        reach: settings.reach,
    };
    let terms = if settings.published_terms { Terms::Published } else { Terms::Strict };
    Some(match name {
        "androidworld" => Box::new(Android { terms }),
        "osworld" => Box::new(OsWorld { terms }),
        "webvoyager" => Box::new(WebVoyager { terms }),
        "grounding" => Box::new(Boxes { threshold: settings.overlap.unwrap_or(Boxes::default().threshold) }),
        "grounding_points" => Box::new(Points::default()),
        "video" => Box::new(Exact),
        "video_choice" => Box::new(Choice),
        "video_moments" => {
            Box::new(Moments { least_overlap: settings.overlap.unwrap_or(Moments::default().least_overlap) })
        }
        "biology" => Box::new(Biology { boxed }),
        "chart" => Box::new(Chart::new(numbers, pattern(settings)?)),
        "chemistry" => Box::new(Chemistry::new(numbers)),
        "counting" => Box::new(Counting::new(numbers)),
        "general" => Box::new(General { pattern: pattern(settings)?, reach: settings.reach }),
        "geography" => Box::new(Geography::new(numbers)),
        "geoquest" => Box::new(GeoGuess { boxed }),
        "language_mix" => Box::new(LanguageMix),
        "liberal_arts" => Box::new(LiberalArts { boxed }),
        "long_doc" => Box::new(LongDocument { boxed }),
        "math" => Box::new(Math::new(numbers)),
        "mmsi" => Box::new(Spatial::new(numbers)),
        "multi_image" => Box::new(MultiImage::new(numbers)),
        "ocr" => Box::new(Ocr {
            boxed,
            ignore_case: settings.ignore_case,
            full_from: settings.full_from,
            none_up_to: settings.none_up_to,
        }),
        "physics" => Box::new(Physics::new(numbers)),
        "vqa" => Box::new(Vqa { boxed }),
        _ => return None,
    })
}

/// The pattern of the settings; an empty one is none.
fn pattern(settings: &Settings) -> Option<Option<Pattern>> {
    settings.answer_pattern.as_deref().filter(|pattern| !pattern.is_empty()).map(Pattern::new).transpose().ok()
}
