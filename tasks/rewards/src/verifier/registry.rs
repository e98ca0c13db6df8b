//! The verifiers by name.

use super::biology::Biology;
use super::general::General;
use super::geography::Geography;
use super::geoguess::GeoGuess;
use super::language_mix::LanguageMix;
use super::liberal_arts::LiberalArts;
use super::long_document::LongDocument;
use super::multi_image::MultiImage;
use super::ocr::Ocr;
use super::vqa::Vqa;
use super::{Settings, Verifier};
use crate::reply::{Boxed, Pattern};

/// The verifier of a name, with settings; `None` if there is no such verifier, or it cannot be made with these settings.
pub fn named(name: &str, settings: &Settings) -> Option<Box<dyn Verifier>> {
    let boxed = if settings.box_required { Boxed::Required } else { Boxed::Optional };
    Some(match name {
        "biology" => Box::new(Biology { boxed }),
        "general" => {
            let pattern = settings.answer_pattern.as_deref().map(Pattern::new).transpose().ok()?;
            Box::new(General { pattern })
        }
        "geography" => Box::new(Geography { boxed }),
        "geoquest" => Box::new(GeoGuess { boxed }),
        "language_mix" => Box::new(LanguageMix),
        "liberal_arts" => Box::new(LiberalArts { boxed }),
        "long_doc" => Box::new(LongDocument { boxed }),
        "multi_image" => Box::new(MultiImage { boxed }),
        "ocr" => Box::new(Ocr {
            boxed,
            ignore_case: settings.ignore_case,
            full_from: settings.full_from,
            none_up_to: settings.none_up_to,
        }),
        "vqa" => Box::new(Vqa { boxed }),
        _ => return None,
    })
}
