//! From tokens to an [`Expression`], by recursive descent with bounds on depth and size.

use super::expression::{Constant, Expression, Function, Operation};
use super::rational::Rational;
use super::token::{Bracket, Token};

/// No formula is nested deeper.
const MAX_DEPTH: usize = 48;

/// No formula has more tokens.
pub const MAX_TOKENS: usize = 512;

/// Runs of letters up to this length are products of unknowns where multiplication may be left out.
const MAX_PRODUCT: usize = 3;

/// A formula read from tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// What it says.
    pub expression: Expression,
    /// A run of letters was taken for a product, which may have been a word.
    pub doubtful: bool,
    /// Such a run is as long as a word, or in letters that unknowns are rarely written in.
    pub wordy: bool,
}

/// Reads all of `tokens` as one formula. `implicit`: a multiplication sign may be left out, as in mathematics and unlike in
/// programs.
pub fn formula(tokens: &[Token], implicit: bool) -> Option<Parsed> {
    if tokens.is_empty() || tokens.len() > MAX_TOKENS {
        return None;
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, implicit, doubtful: false, wordy: false };
    let expression = parser.sum()?;
    (parser.at == tokens.len()).then_some(Parsed { expression, doubtful: parser.doubtful, wordy: parser.wordy })
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    implicit: bool,
    doubtful: bool,
    wordy: bool,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut sum = self.product()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Plus) => Operation::Add,
                Some(Token::Minus) => Operation::Subtract,
                _ => break,
            };
            self.at += 1;
            sum = Expression::binary(operation, sum, self.product()?);
        }
        self.depth -= 1;
        Some(sum)
    }

    fn product(&mut self) -> Option<Expression> {
        let mut product = self.signed()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Star) => Operation::Multiply,
                Some(Token::Slash) => Operation::Divide,
                Some(token) if self.implicit && starts_factor(token) => {
                    product = Expression::binary(Operation::Multiply, product, self.power()?);
                    continue;
                }
                _ => break,
            };
            self.at += 1;
            product = Expression::binary(operation, product, self.signed()?);
        }
        Some(product)
    }

    fn signed(&mut self) -> Option<Expression> {
        let mut negative = false;
        loop {
            match self.peek() {
                Some(Token::Minus) => negative = !negative,
                Some(Token::Plus) => {}
                _ => break,
            }
            self.at += 1;
        }
        let value = self.power()?;
        Some(if negative { value.negated() } else { value })
    }

    fn power(&mut self) -> Option<Expression> {
        let base = self.factor()?;
        if !self.take(&Token::Caret) {
            return Some(base);
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let exponent = self.signed()?;
        self.depth -= 1;
        Some(Expression::binary(Operation::Power, base, exponent))
    }

    fn factor(&mut self) -> Option<Expression> {
        let mut factor = self.atom()?;
        loop {
            match self.peek() {
                Some(Token::Bang) => factor = Expression::call(Function::Factorial, factor),
                Some(Token::Degree) => factor = degrees(factor),
                _ => return Some(factor),
            }
            self.at += 1;
        }
    }

    fn atom(&mut self) -> Option<Expression> {
        let token = self.peek()?;
        self.at += 1;
        match token {
            Token::Number(value, written) => Some(Expression::Number(value.clone(), Some(*written))),
            Token::Name(name) => self.name(name),
            Token::Function(function) => self.call(*function),
            Token::Root => {
                let degree = self.group()?;
                Some(Expression::binary(Operation::Root, degree, self.group()?))
            }
            Token::Logarithm(has_base) => self.logarithm(*has_base),
            Token::Open(Bracket::Round) => self.closed(&Token::Close(Bracket::Round)),
            Token::Open(Bracket::Square) if self.implicit => self.closed(&Token::Close(Bracket::Square)),
            Token::Open(Bracket::Curly) if self.implicit => self.closed(&Token::Close(Bracket::Curly)),
            Token::Bar if self.implicit => Some(Expression::call(Function::Absolute, self.closed(&Token::Bar)?)),
            _ => None,
        }
    }

    fn closed(&mut self, close: &Token) -> Option<Expression> {
        let inner = self.sum()?;
        self.take(close).then_some(inner)
    }

    fn group(&mut self) -> Option<Expression> {
        let close = match self.peek()? {
            Token::Open(Bracket::Round) => Token::Close(Bracket::Round),
            Token::Open(Bracket::Curly) => Token::Close(Bracket::Curly),
            _ => return None,
        };
        self.at += 1;
        self.closed(&close)
    }

    /// A function's argument: in brackets, or in mathematics the product that follows (`sin 2x`).
    fn call(&mut self, function: Function) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        // sin^2 x is the square of sin x.
        let power = if self.implicit && self.take(&Token::Caret) { Some(self.factor()?) } else { None };
        let argument = self.argument(function == Function::Sqrt)?;
        self.depth -= 1;
        if let (Some(power), Some(inverse)) = (&power, function.inverse())
            && power.exact() == Some(Rational::whole(-1))
        {
            return Some(Expression::call(inverse, argument));
        }
        let value = Expression::call(function, argument);
        Some(match power {
            Some(power) => Expression::binary(Operation::Power, value, power),
            None => value,
        })
    }

    fn argument(&mut self, narrow: bool) -> Option<Expression> {
        if let Some(Token::Open(Bracket::Round | Bracket::Curly)) = self.peek() {
            return self.group();
        }
        if !self.implicit {
            return None;
        }
        if narrow {
            return self.factor();
        }
        let mut argument = self.power()?;
        while self.peek().is_some_and(|token| matches!(token, Token::Name(_))) {
            argument = Expression::binary(Operation::Multiply, argument, self.power()?);
        }
        Some(argument)
    }

    fn logarithm(&mut self, has_base: bool) -> Option<Expression> {
        if has_base {
            let base = self.group()?;
            return Some(Expression::binary(Operation::Logarithm, base, self.argument(false)?));
        }
        if self.implicit {
            // In school mathematics `log` alone has base 10, in programs it is the natural one.
            let ten = Expression::whole(10);
            return Some(Expression::binary(Operation::Logarithm, ten, self.argument(false)?));
        }
        if !self.take(&Token::Open(Bracket::Round)) {
            return None;
        }
        let of = self.sum()?;
        if self.take(&Token::Comma) {
            let base = self.sum()?;
            return self
                .take(&Token::Close(Bracket::Round))
                .then(|| Expression::binary(Operation::Logarithm, base, of));
        }
        self.take(&Token::Close(Bracket::Round)).then(|| Expression::call(Function::Ln, of))
    }

    fn name(&mut self, name: &str) -> Option<Expression> {
        if let Some(constant) = constant(name, self.implicit) {
            return Some(Expression::Constant(constant));
        }
        let letters = name.chars().count();
        // A letter of another script is more often a word than an unknown.
        self.doubtful |= !name.is_ascii();
        self.wordy |= !name.is_ascii();
        if letters == 1 || !self.implicit || name.contains('_') || GREEK.contains(&name) {
            return Some(Expression::Symbol(name.into()));
        }
        // A word alone is a word.
        if letters > MAX_PRODUCT || self.tokens.len() == 1 || !name.is_ascii() {
            return None;
        }
        self.doubtful = true;
        self.wordy |= letters == MAX_PRODUCT;
        let mut factors = name.chars().map(|letter| {
            let mut buffer = [0; 4];
            let letter = &*letter.encode_utf8(&mut buffer);
            constant(letter, true).map_or_else(|| Expression::Symbol(letter.into()), Expression::Constant)
        });
        let first = factors.next()?;
        Some(factors.fold(first, |product, factor| Expression::binary(Operation::Multiply, product, factor)))
    }
}

fn starts_factor(token: &Token) -> bool {
    matches!(token, Token::Name(_) | Token::Function(_) | Token::Root | Token::Logarithm(_) | Token::Open(_))
}

fn degrees(of: Expression) -> Expression {
    let radians = Expression::binary(Operation::Multiply, of, Expression::Constant(Constant::Pi));
    Expression::binary(Operation::Divide, radians, Expression::Number(Rational::whole(180), None))
}

/// The constant of a name: sympy's names in programs, the usual letters in mathematics.
fn constant(name: &str, implicit: bool) -> Option<Constant> {
    match name {
        "pi" => Some(Constant::Pi),
        "oo" => Some(Constant::Infinity),
        "E" | "I" if !implicit => Some(if name == "E" { Constant::E } else { Constant::I }),
        "e" | "i" if implicit => Some(if name == "e" { Constant::E } else { Constant::I }),
        "inf" | "infty" | "infinity" if implicit => Some(Constant::Infinity),
        _ => None,
    }
}

/// The Greek letters by their names in LaTeX; π is a constant.
pub const GREEK: [&str; 34] = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "varepsilon",
    "zeta",
    "eta",
    "theta",
    "vartheta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "omicron",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "varphi",
    "chi",
    "psi",
    "omega",
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Sigma",
    "Phi",
    "Psi",
    "Omega",
];
