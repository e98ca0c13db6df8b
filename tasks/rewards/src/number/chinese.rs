//! Chinese numerals: 一百二十三, 二〇二四, 三点一四, 百分之五, 三分之二, 一又二分之一.

use num_bigint::BigInt;

use super::rational::Rational;

/// Digits and multipliers longer than this are no number that anybody writes.
const MAX_CHARACTERS: usize = 40;

/// The number that all of `text` says.
pub fn read(text: &str) -> Option<Rational> {
    if text.is_empty() || text.chars().take(MAX_CHARACTERS + 1).count() > MAX_CHARACTERS {
        return None;
    }
    if let Some(rest) = text.strip_prefix('负') {
        return Some(positive(rest)?.negate());
    }
    positive(text)
}

/// Whether a character may stand in a numeral.
pub fn is_numeral(character: char) -> bool {
    digit(character).is_some() || multiplier(character).is_some() || "点分之又半负".contains(character)
}

fn positive(text: &str) -> Option<Rational> {
    if text == "半" {
        return Rational::whole(1).divide(&Rational::whole(2));
    }
    if let Some((whole, fraction)) = text.split_once('又') {
        return decimal(whole)?.add(&share(fraction)?);
    }
    if text.contains('分') { share(text) } else { decimal(text) }
}

/// 三分之二 is 2/3, 百分之五 is 5/100.
fn share(text: &str) -> Option<Rational> {
    let (denominator, numerator) = text.split_once("分之")?;
    let denominator = match denominator {
        "百" => Rational::whole(100),
        "千" => Rational::whole(1000),
        other => decimal(other)?,
    };
    decimal(numerator)?.divide(&denominator)
}

fn decimal(text: &str) -> Option<Rational> {
    let Some((before, after)) = text.split_once('点') else { return whole(text) };
    let digits = digits(after)?;
    let last = -i64::try_from(digits.len()).ok()?;
    whole(before)?.add(&Rational::scaled(&digits, 10, last)?)
}

fn whole(text: &str) -> Option<Rational> {
    if text.is_empty() {
        return None;
    }
    if let Some(digits) = digits(text) {
        // Two digits or more are read one by one (二〇二四); one alone is itself.
        return Rational::scaled(&digits, 10, 0);
    }
    let value = sections(text)?;
    Rational::ratio(value, BigInt::from(1))
}

/// Digits alone.
fn digits(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    text.chars().map(|character| Some(char::from(b'0' + digit(character)?))).collect()
}

/// 三万二千一百: multipliers up to a thousand within sections, each section times 万 or 亿.
fn sections(text: &str) -> Option<BigInt> {
    let mut total = BigInt::from(0);
    let mut section = 0u64;
    let mut pending: Option<u64> = None;
    let mut last_multiplier = u64::MAX;
    let mut after_zero = false;
    for character in text.chars() {
        if let Some(digit) = digit(character) {
            // Two digits in a row only with a zero before: 一百零三.
            if pending.is_some_and(|digit| digit != 0) {
                return None;
            }
            after_zero = pending == Some(0);
            pending = Some(u64::from(digit));
        } else {
            let multiplier = multiplier(character)?;
            if multiplier >= 10_000 {
                section += pending.take().unwrap_or(0);
                if section == 0 && total == BigInt::from(0) {
                    return None;
                }
                total = if section == 0 || multiplier > 10_000 {
                    (total + section) * multiplier
                } else {
                    total + BigInt::from(section) * multiplier
                };
                section = 0;
                last_multiplier = multiplier;
            } else {
                // 十二 is 12: the one before ten may be left out at the start of a section.
                let digit = match pending.take() {
                    Some(digit) if digit > 0 => digit,
                    Some(_) | None if multiplier == 10 => 1,
                    _ => return None,
                };
                if section > 0 && multiplier >= last_multiplier {
                    return None;
                }
                section += digit * multiplier;
                last_multiplier = multiplier;
            }
        }
    }
    // 三百五 is 350 and 一万五 is 15000: a last digit without a zero before it counts the next lower place.
    let colloquial = last_multiplier != u64::MAX && last_multiplier > 10 && pending.is_some() && !after_zero;
    let last = pending.unwrap_or(0) * if colloquial { last_multiplier / 10 } else { 1 };
    Some(total + section + last)
}

fn digit(character: char) -> Option<u8> {
    Some(match character {
        '〇' | '零' | '○' => 0,
        '一' | '壹' | '壱' => 1,
        '二' | '贰' | '貳' | '两' | '兩' => 2,
        '三' | '叁' | '參' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// The multiplier of a character.
pub fn multiplier(character: char) -> Option<u64> {
    Some(match character {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '万' | '萬' => 10_000,
        '亿' | '億' => 100_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("一百二十三", 123, 1)]
    #[case("十二", 12, 1)]
    #[case("四十二", 42, 1)]
    #[case("二〇二四", 2024, 1)]
    #[case("一百零三", 103, 1)]
    #[case("两千", 2000, 1)]
    #[case("三万二千一百", 32_100, 1)]
    #[case("一亿二千万", 120_000_000, 1)]
    #[case("三点一四", 314, 100)]
    #[case("百分之五", 5, 100)]
    #[case("三分之二", 2, 3)]
    #[case("一又二分之一", 3, 2)]
    #[case("负五", -5, 1)]
    #[case("半", 1, 2)]
    #[case("零", 0, 1)]
    #[case("一万五", 15_000, 1)]
    #[case("三百五", 350, 1)]
    #[case("两千三", 2_300, 1)]
    #[case("一百一", 110, 1)]
    #[case("一万零五", 10_005, 1)]
    #[case("一百一十", 110, 1)]
    #[case("壹佰", 100, 1)]
    fn reads(#[case] text: &str, #[case] numerator: i64, #[case] denominator: i64) {
        let expected = Rational::ratio(BigInt::from(numerator), BigInt::from(denominator));
        assert_eq!(read(text), expected);
    }

    #[rstest]
    #[case("")]
    #[case("万")]
    #[case("一二百")]
    #[case("五分之零分")]
    #[case("零分之一十百")]
    #[case("三分之")]
    #[case("四十二个")]
    #[case("百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百百")]
    fn refuses(#[case] text: &str) {
        assert_eq!(read(text), None);
    }
}
