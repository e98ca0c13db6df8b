//! Numbers in English words: `twenty-one`, `one hundred and five`, `a dozen`, `two thirds`, `three and a half`.

use super::rational::Rational;

/// More words than this are no number that anybody writes.
const MAX_WORDS: usize = 24;

/// The number in words at the start of `text`, and how many bytes it takes.
pub fn read(text: &str) -> Option<(Rational, usize)> {
    let words = words(text);
    let mut best = None;
    let mut reader = Reader::default();
    for (word, end) in words {
        if !reader.take(&word) {
            break;
        }
        if let Some(value) = reader.value() {
            best = Some((value, end));
        }
    }
    best
}

/// The leading words in lower case, each with the place where it ends; hyphens separate like blanks.
fn words(text: &str) -> Vec<(String, usize)> {
    let mut words = Vec::new();
    let mut at = 0;
    for piece in text.split_inclusive([' ', '-']).take(MAX_WORDS) {
        let word = piece.trim_end_matches([' ', '-']);
        if !word.is_empty() {
            words.push((word.to_ascii_lowercase(), at + word.len()));
        }
        at += piece.len();
    }
    words
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    negative: bool,
    /// Thousands, millions and so on.
    total: i64,
    /// Below a thousand.
    section: i64,
    /// The last word, to know what may follow.
    last: Last,
    /// The share that ends the number.
    share: Option<Rational>,
    /// The last multiplier of a thousand or more; they have to fall.
    scale: Option<i64>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    #[default]
    Nothing,
    Sign,
    Article,
    Unit,
    Ten,
    Hundred,
    Scale,
    And,
    AndShare,
    AndArticle,
    Share,
}

impl Reader {
    /// Takes one word; whether it fits.
    fn take(&mut self, word: &str) -> bool {
        let start = matches!(self.last, Last::Nothing | Last::Sign);
        let open = start || matches!(self.last, Last::Hundred | Last::Scale | Last::And);
        let next = match word {
            "minus" | "negative" if self.last == Last::Nothing => {
                self.negative = true;
                Last::Sign
            }
            "a" | "an" if start => Last::Article,
            "a" | "an" if matches!(self.last, Last::And | Last::AndShare) => Last::AndArticle,
            "and" if matches!(self.last, Last::Hundred | Last::Scale) => Last::And,
            // `five and six` are two numbers, `five and a half` is one.
            "and" if matches!(self.last, Last::Unit | Last::Ten) => Last::AndShare,
            "of" => return false,
            _ => {
                if let Some(value) = unit(word) {
                    if !(open || (self.last == Last::Ten && (1..10).contains(&value))) {
                        return false;
                    }
                    self.section += value;
                    Last::Unit
                } else if let Some(value) = ten(word) {
                    if !open {
                        return false;
                    }
                    self.section += value;
                    Last::Ten
                } else if let Some(value) = scale(word) {
                    return self.take_scale(value);
                } else if let Some(denominator) = share(word) {
                    return self.take_share(denominator);
                } else {
                    return false;
                }
            }
        };
        self.last = next;
        true
    }

    fn take_scale(&mut self, value: i64) -> bool {
        let counted = match self.last {
            Last::Nothing | Last::Article if value == 12 => 1,
            Last::Article => 1,
            Last::Unit | Last::Ten | Last::Hundred => self.section,
            _ => return false,
        };
        if value <= 100 {
            // `two hundred`, `three dozen`.
            let Some(section) = counted.checked_mul(value).filter(|section| *section < 10_000) else { return false };
            self.section = section;
            self.last = if value == 100 { Last::Hundred } else { Last::Unit };
            return true;
        }
        if self.scale.is_some_and(|before| before <= value) {
            return false;
        }
        let Some(total) = counted.checked_mul(value).and_then(|more| self.total.checked_add(more)) else {
            return false;
        };
        self.total = total;
        self.section = 0;
        self.scale = Some(value);
        self.last = Last::Scale;
        true
    }

    fn take_share(&mut self, denominator: i64) -> bool {
        let (whole, numerator) = match self.last {
            Last::Nothing | Last::Sign if denominator == 2 => (0, 1),
            Last::Article => (0, 1),
            Last::AndArticle => (self.total + self.section, 1),
            Last::Unit if self.total == 0 => (0, self.section),
            _ => return false,
        };
        let share = Rational::whole(numerator).divide(&Rational::whole(denominator));
        self.share = share.and_then(|share| share.add(&Rational::whole(whole)));
        self.last = Last::Share;
        self.share.is_some()
    }

    fn value(&self) -> Option<Rational> {
        let value = match self.last {
            Last::Share => self.share.clone()?,
            Last::Unit | Last::Ten | Last::Hundred | Last::Scale => {
                Rational::whole(self.total.checked_add(self.section)?)
            }
            _ => return None,
        };
        Some(if self.negative { value.negate() } else { value })
    }
}

fn unit(word: &str) -> Option<i64> {
    const WORDS: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    WORDS.iter().position(|name| *name == word).and_then(|place| i64::try_from(place).ok())
}

fn ten(word: &str) -> Option<i64> {
    const WORDS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    WORDS.iter().position(|name| *name == word).and_then(|place| i64::try_from(place * 10 + 20).ok())
}

fn scale(word: &str) -> Option<i64> {
    Some(match word {
        "dozen" => 12,
        "hundred" => 100,
        "thousand" => 1_000,
        "million" => 1_000_000,
        "billion" => 1_000_000_000,
        "trillion" => 1_000_000_000_000,
        _ => return None,
    })
}

/// What a word divides by.
fn share(word: &str) -> Option<i64> {
    Some(match word {
        "half" | "halves" => 2,
        "third" | "thirds" => 3,
        "quarter" | "quarters" | "fourth" | "fourths" => 4,
        "fifth" | "fifths" => 5,
        "sixth" | "sixths" => 6,
        "seventh" | "sevenths" => 7,
        "eighth" | "eighths" => 8,
        "ninth" | "ninths" => 9,
        "tenth" | "tenths" => 10,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("five", 5, 1)]
    #[case("Twenty-one", 21, 1)]
    #[case("one hundred and five", 105, 1)]
    #[case("two thousand three hundred", 2300, 1)]
    #[case("three million", 3_000_000, 1)]
    #[case("a dozen", 12, 1)]
    #[case("dozen", 12, 1)]
    #[case("two dozen", 24, 1)]
    #[case("half", 1, 2)]
    #[case("two thirds", 2, 3)]
    #[case("a third", 1, 3)]
    #[case("three quarters", 3, 4)]
    #[case("two and a half", 5, 2)]
    #[case("minus five", -5, 1)]
    #[case("zero", 0, 1)]
    fn reads(#[case] text: &str, #[case] numerator: i64, #[case] denominator: i64) {
        let expected = Rational::ratio(BigInt::from(numerator), BigInt::from(denominator)).unwrap();
        assert_eq!(read(text), Some((expected, text.len())));
    }

    #[rstest]
    #[case("five apples", 4)]
    #[case("five and six", 4)]
    #[case("one of five", 3)]
    #[case("twenty twenty", 6)]
    fn stops(#[case] text: &str, #[case] end: usize) {
        assert_eq!(read(text).map(|(_, end)| end), Some(end));
    }

    #[rstest]
    #[case("")]
    #[case("a")]
    #[case("and")]
    #[case("tennis")]
    #[case("trillion trillion")]
    fn refuses(#[case] text: &str) {
        assert_eq!(read(text), None);
    }
}
