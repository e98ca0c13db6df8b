//! Biology: the same text, or the same genotype in another order, is right; all else is for a judge.
//!
//! The published system has a way to sort genotypes and never uses it.

use std::borrow::Cow;

use super::{Verifier, read_framed, same_text, texts_differ};
use crate::Finding;
use crate::reply::{Boxed, Frame};
use crate::text::{is_blank, trim};

/// See the module.
#[derive(Debug)]
pub(super) struct Biology {
    pub(super) boxed: Boxed,
}

impl Verifier for Biology {
    fn read<'a>(&self, reply: &'a str) -> Result<Cow<'a, str>, Cow<'static, str>> {
        read_framed(reply, Frame::ThinkAnswer, self.boxed)
    }

    fn compare(&self, _question: &str, answer: &str, truth: &str) -> Finding {
        let (answer, truth) = (trim(answer), trim(truth));
        if let Some(same) = same_text(answer, truth) {
            return same;
        }
        match (genotype(answer), genotype(truth)) {
            (Some(answer), Some(truth)) if answer == truth => Finding::decided(1.0, "the same genotype"),
            (Some(_), Some(_)) => Finding::decided(0.0, "another genotype"),
            _ => texts_differ(),
        }
    }
}

/// The genes of a genotype such as `AaBb`, in order: pairs of one letter, in upper or lower case, each gene once, at least
/// one of them with a capital. Words are none, nor are ratios and formulas.
fn genotype(text: &str) -> Option<Vec<[u8; 2]>> {
    if text.len() > 64 || !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let letters: Vec<u8> =
        text.chars().filter(|point| !is_blank(*point)).map(|point| u8::try_from(point).ok()).collect::<Option<_>>()?;
    // `TTAA` may be a strand of DNA, which is not `AATT`.
    if letters.iter().all(|letter| b"ACGTU".contains(letter)) {
        return None;
    }
    let (pairs, rest) = letters.as_chunks::<2>();
    let mut genes = pairs.to_vec();
    genes.iter_mut().for_each(|gene| gene.sort_unstable());
    genes.sort_unstable_by_key(|gene| gene[1].to_ascii_lowercase());
    let paired = genes.iter().all(|[first, second]| first.is_ascii_alphabetic() && first.eq_ignore_ascii_case(second));
    let once = genes.windows(2).all(|two| !two[0][0].eq_ignore_ascii_case(&two[1][0]));
    (rest.is_empty() && !genes.is_empty() && paired && once).then_some(genes)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Biology;
    use crate::reply::Boxed;
    use crate::{Finding, Verifier};

    #[rstest]
    #[case::same("线粒体", "线粒体", Some(1.0))]
    #[case::alleles_swapped("aABb", "AaBb", Some(1.0))]
    #[case::genes_swapped("BbAa", "AaBb", Some(1.0))]
    #[case::spaced("Aa Bb", "AaBb", Some(1.0))]
    #[case::another_genotype("AABb", "AaBb", Some(0.0))]
    #[case::a_gene_less("Aa", "AaBb", Some(0.0))]
    #[case::strand("TTAA", "AATT", None)]
    #[case::not_in_pairs("ABab", "AaBb", None)]
    #[case::without_a_capital("aabb", "bbaa", None)]
    #[case::words("Noon", "noon", None)]
    #[case::acronyms("DNA", "dna", None)]
    fn compares(#[case] answer: &str, #[case] truth: &str, #[case] expected: Option<f64>) {
        let score = match (Biology { boxed: Boxed::Required }).compare("", answer, truth) {
            Finding::Decided { score, .. } => Some(score),
            Finding::Open { .. } => None,
        };
        assert_eq!(score, expected);
    }
}
