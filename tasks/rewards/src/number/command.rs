//! Commands of LaTeX, as far as answers use them.

use super::expression::Function;
use super::parse::GREEK;
use super::school::{Scanner, scan};
use super::token::{Bracket, Relation, Token, function};

/// Reads the command at which `scanner` stands; `None` for one that is not known.
pub fn read(scanner: &mut Scanner<'_, '_>) -> Option<()> {
    let text = &scanner.rest[1..];
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 0 {
        return escaped(scanner, text.chars().next()?);
    }
    let name = &text[..letters];
    scanner.rest = &text[letters..];
    match name {
        "left" | "right" | "big" | "Big" | "bigl" | "bigr" | "Bigl" | "Bigr" => {
            scanner.rest = scanner.rest.strip_prefix('.').unwrap_or(scanner.rest);
        }
        "displaystyle" | "textstyle" | "limits" | "quad" | "qquad" | "rm" | "bf" => {}
        "text" | "mathrm" | "mathbf" | "textbf" | "operatorname" | "mathit" | "mbox" | "textrm" | "mathsf"
        | "boxed" | "bm" | "boldsymbol" => {
            let argument = argument(scanner)?;
            scan(argument, scanner.tokens, scanner.commas, scanner.depth + 1)?;
        }
        "frac" | "dfrac" | "tfrac" | "cfrac" => fraction(scanner)?,
        "sqrt" => root(scanner)?,
        "log" => logarithm(scanner)?,
        "lg" => {
            scanner.tokens.push(Token::Logarithm(true));
            scanner.group("10")?;
        }
        "lbrace" => scanner.bracket('{')?,
        "rbrace" => scanner.bracket('}')?,
        "lbrack" => scanner.bracket('[')?,
        "rbrack" => scanner.bracket(']')?,
        _ => {
            if name == "pi" || GREEK.contains(&name) {
                return scanner.name(name, 0);
            }
            scanner.tokens.push(simple(name)?);
        }
    }
    Some(())
}

/// The commands that stand for one token.
fn simple(name: &str) -> Option<Token> {
    Some(match name {
        "cdot" | "times" | "ast" => Token::Star,
        "div" => Token::Slash,
        "pm" => Token::PlusMinus,
        "le" | "leq" | "leqslant" => Token::Relation(Relation::LessOrEqual),
        "ge" | "geq" | "geqslant" => Token::Relation(Relation::GreaterOrEqual),
        "lt" => Token::Relation(Relation::Less),
        "gt" => Token::Relation(Relation::Greater),
        "ne" | "neq" => Token::Relation(Relation::Unequal),
        "in" => Token::In,
        "cup" => Token::Union,
        "infty" => Token::Name("infty".into()),
        "degree" | "circ" => Token::Degree,
        "prime" => Token::Prime(false),
        "mid" | "vert" | "lvert" | "rvert" => Token::Bar,
        "percent" => Token::Percent,
        _ => Token::Function(function(name)?),
    })
}

fn escaped(scanner: &mut Scanner<'_, '_>, sign: char) -> Option<()> {
    let length = 1 + sign.len_utf8();
    match sign {
        ',' | ';' | '!' | ':' | ' ' => scanner.rest = &scanner.rest[length..],
        '{' | '}' => {
            scanner.rest = &scanner.rest[length..];
            scanner.bracket(sign)?;
        }
        '%' => scanner.push(Token::Percent, length),
        '$' => scanner.push(Token::Name("$".into()), length),
        _ => return None,
    }
    Some(())
}

/// The argument that follows: a group in braces without them, a command, or one character.
pub fn argument<'a>(scanner: &mut Scanner<'a, '_>) -> Option<&'a str> {
    let text = scanner.rest.trim_start_matches(' ');
    let first = text.chars().next()?;
    let (argument, end) = match first {
        '{' => {
            let end = closing(text)?;
            (&text[1..end], end + 1)
        }
        '\\' => {
            let end = 1 + text[1..].bytes().take_while(u8::is_ascii_alphabetic).count();
            (&text[..end], end)
        }
        _ => (&text[..first.len_utf8()], first.len_utf8()),
    };
    scanner.rest = &text[end..];
    Some(argument)
}

/// The place of the brace that closes the one at the start.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => {
                escaped = false;
                continue;
            }
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        escaped = byte == b'\\';
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn fraction(scanner: &mut Scanner<'_, '_>) -> Option<()> {
    let numerator = argument(scanner)?;
    let denominator = argument(scanner)?;
    scanner.tokens.push(Token::Open(Bracket::Round));
    scanner.group(numerator)?;
    scanner.tokens.push(Token::Slash);
    scanner.group(denominator)?;
    scanner.tokens.push(Token::Close(Bracket::Round));
    Some(())
}

fn root(scanner: &mut Scanner<'_, '_>) -> Option<()> {
    if let Some(rest) = scanner.rest.strip_prefix('[') {
        let end = rest.find(']')?;
        scanner.rest = &rest[end + 1..];
        scanner.tokens.push(Token::Root);
        scanner.group(&rest[..end])?;
    } else {
        scanner.tokens.push(Token::Function(Function::Sqrt));
    }
    let radicand = argument(scanner)?;
    scanner.group(radicand)
}

/// A logarithm after its name, with its base where one is written.
pub fn logarithm(scanner: &mut Scanner<'_, '_>) -> Option<()> {
    let Some(rest) = scanner.rest.strip_prefix('_') else {
        scanner.tokens.push(Token::Logarithm(false));
        return Some(());
    };
    scanner.rest = rest;
    let base = argument(scanner)?;
    scanner.tokens.push(Token::Logarithm(true));
    scanner.group(base)
}
