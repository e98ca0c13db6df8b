//! One spelling for the many signs of the same meaning, and an answer without its wrapping.

use crate::text;

/// `text` with one spelling for each sign, without dollars, quotes, emphasis and a full stop around it; `None` where a sign
/// says that the answer is not meant exactly (`≈`, `~`).
pub fn plain(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len() + 8);
    let mut raised = false;
    let latex = text.contains('\\');
    for character in unwrapped(text).chars() {
        // Between a number and its unit LaTeX keeps a line together so; at the front it says that a number is rounded.
        let character = if latex && character == '~' && !plain.is_empty() { ' ' } else { character };
        let superscript = superscript(character);
        if raised && superscript.is_none() {
            plain.push('}');
        }
        if let Some(digit) = superscript {
            plain.push_str(if raised { "" } else { "^{" });
            plain.push(digit);
        }
        raised = superscript.is_some();
        if !raised {
            push(&mut plain, character)?;
        }
    }
    if raised {
        plain.push('}');
    }
    // Narrow spaces group digits.
    if plain.contains('\\') {
        plain = plain.replace("\\,", " ").replace("\\!", "");
    }
    for (spelled, sign) in SPELLED {
        if plain.contains(spelled) {
            plain = plain.replace(spelled, sign);
        }
    }
    Some(plain)
}

/// Names of two words.
const SPELLED: [(&str, &str); 7] = [
    ("degrees Celsius", "°C"),
    ("degree Celsius", "°C"),
    ("deg C", "°C"),
    ("degrees Fahrenheit", "°F"),
    ("degree Fahrenheit", "°F"),
    ("deg F", "°F"),
    ("per cent", "percent"),
];

fn push(plain: &mut String, character: char) -> Option<()> {
    let spelled = match character {
        '×' | '·' | '⋅' | '∙' | '•' | '∗' => "*",
        '÷' | '∕' | '⁄' => "/",
        '−' | '–' | '—' | '﹣' | '－' => "-",
        '℃' => "°C",
        '℉' => "°F",
        '％' | '﹪' => "%",
        '＄' => "$",
        '½' => "\\frac{1}{2}",
        '⅓' => "\\frac{1}{3}",
        '⅔' => "\\frac{2}{3}",
        '¼' => "\\frac{1}{4}",
        '¾' => "\\frac{3}{4}",
        '⅕' => "\\frac{1}{5}",
        '⅖' => "\\frac{2}{5}",
        '⅗' => "\\frac{3}{5}",
        '⅘' => "\\frac{4}{5}",
        '⅙' => "\\frac{1}{6}",
        '⅚' => "\\frac{5}{6}",
        '⅛' => "\\frac{1}{8}",
        '⅜' => "\\frac{3}{8}",
        '⅝' => "\\frac{5}{8}",
        '⅞' => "\\frac{7}{8}",
        '，' => ",",
        '；' => ";",
        '：' | '∶' => ":",
        '≈' | '~' | '～' | '≃' | '≅' => return None,
        _ => {
            let point = u32::from(character);
            if text::is_blank(character) {
                plain.push(' ');
            } else if let Some(digit) = text::digit(character) {
                plain.push(char::from(b'0' + digit));
            } else if (0xFF01..=0xFF5E).contains(&point) {
                // Full-width forms of ASCII.
                plain.push(char::from_u32(point - 0xFEE0)?);
            } else {
                plain.push(character);
            }
            return Some(());
        }
    };
    plain.push_str(spelled);
    Some(())
}

fn superscript(character: char) -> Option<char> {
    Some(match character {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        '⁶' => '6',
        '⁷' => '7',
        '⁸' => '8',
        '⁹' => '9',
        '⁻' => '-',
        '⁺' => '+',
        _ => return None,
    })
}

/// Takes off what stands around an answer and says nothing, from outside in.
fn unwrapped(text: &str) -> String {
    let mut text = text::trim(text);
    loop {
        let before = text;
        text = text.trim_end_matches(['。', '\u{FEFF}', '\u{200B}']).trim_start_matches(['\u{FEFF}', '\u{200B}']);
        if let Some(rest) = text.strip_suffix('.').filter(|rest| !rest.ends_with('.')) {
            text = rest;
        }
        for (open, close) in [
            ("$$", "$$"),
            ("$", "$"),
            ("\\(", "\\)"),
            ("\\[", "\\]"),
            ("**", "**"),
            ("\"", "\""),
            ("“", "”"),
            ("`", "`"),
        ] {
            if let Some(inner) = text.strip_prefix(open).and_then(|text| text.strip_suffix(close)) {
                text = inner;
            }
        }
        text = text::trim(text);
        if text == before {
            break;
        }
    }
    // `$x$ = 5`: pairs of dollars set formulas off, one alone is money.
    if text.matches('$').count().is_multiple_of(2) && !text.contains("\\$") {
        return text.replace('$', "");
    }
    text.to_owned()
}
