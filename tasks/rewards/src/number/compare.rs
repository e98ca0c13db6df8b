//! Whether an answer agrees with the ground truth: [`agree`].

use super::answer::{Answer, Interval, Listing};
use super::expression::{Expression, Operation, Written};
use super::parse::Parsed;
use super::rational::Rational;
use super::sample::proportion;
use super::token::Relation;
use super::unit::Unit;

/// What comparing says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Both say the same.
    Same,
    /// They say different things.
    Different,
    /// It depends on what the question asked for.
    Unknown,
}

impl From<bool> for Agreement {
    fn from(same: bool) -> Self {
        if same { Self::Same } else { Self::Different }
    }
}

/// How near a number has to come.
#[derive(Debug, Clone)]
pub struct Closeness {
    /// `|answer - truth| < relative * (|truth| + floor)`.
    pub relative: Rational,
    /// Keeps the relative rule from asking for the impossible where the truth is 0.
    pub floor: Rational,
    /// Where the truth is smaller than `relative`, the difference itself has to be (the rule of `mmsi`).
    pub absolute_near_zero: bool,
    /// Whole numbers have to be met exactly, and numbers of few digits up to rounding.
    pub by_digits: bool,
    /// The sides of an equation cannot be swapped or multiplied.
    pub directed: bool,
}

/// Numbers of fewer digits are not taken for rounded: the half unit of the last digit would be too wide.
const ROUNDED_DIGITS: usize = 3;

impl Closeness {
    /// Whether `answer` comes near enough to `truth`, as it was written.
    pub fn holds(&self, answer: &Rational, truth: &Rational, written: Option<Written>) -> bool {
        // A tolerance of 0 is met by nothing in the published rule, which asks for less.
        if answer == truth {
            return self.by_digits || !self.relative.is_zero();
        }
        if self.by_digits && written.is_none_or(|written| !written.decimal) && truth.integer().is_some() {
            return false;
        }
        let Some(difference) = answer.subtract(truth).map(|difference| difference.absolute()) else { return false };
        let size = truth.absolute();
        let scale = if self.absolute_near_zero && size < self.relative {
            Some(Rational::whole(1))
        } else {
            size.add(&self.floor)
        };
        let bound = scale.and_then(|scale| scale.multiply(&self.relative));
        bound.is_some_and(|bound| difference < bound) || (self.by_digits && rounds(&difference, written))
    }

    /// The same in doubles, for numbers that are no fractions.
    fn holds_nearly(&self, answer: f64, truth: f64) -> bool {
        let difference = (answer - truth).abs();
        let relative = self.relative.approximate();
        if self.absolute_near_zero && truth.abs() < relative {
            return difference < relative;
        }
        difference < relative * (truth.abs() + self.floor.approximate())
    }
}

/// Whether a number this far from the truth is written like it when rounded to its last digit.
fn rounds(difference: &Rational, written: Option<Written>) -> bool {
    let Some(written) = written.filter(|written| written.decimal && written.significant >= ROUNDED_DIGITS) else {
        return false;
    };
    Rational::scaled("5", 10, written.last - 1).is_some_and(|half| *difference <= half)
}

/// Compares a whole answer with the truth. `ordered`: the question asks for an order.
pub fn agree(answer: &Answer, truth: &Answer, closeness: &Closeness, ordered: bool) -> Agreement {
    if let Some(agreement) = intervals(answer, truth) {
        return agreement;
    }
    match (answer, truth) {
        (Answer::Value(answer), Answer::Value(truth)) => values(answer, truth, closeness),
        (Answer::Quantity(answer, unit, formula), Answer::Quantity(truth, true_unit, true_formula)) => {
            let quantities = quantities((answer, unit), (truth, true_unit), closeness);
            match (formula, true_formula) {
                // Letters for unknowns instead of units: `2 mm` may be `2 m^2`, and anything times 0 is 0.
                (Some(formula), Some(truth)) if quantities != Agreement::Same && !is_zero(answer) => {
                    if formula.expression.same(&truth.expression) { Agreement::Unknown } else { quantities }
                }
                _ => quantities,
            }
        }
        (Answer::Quantity(answer, unit, formula), Answer::Value(truth)) => {
            one_sided(answer, unit, formula.as_ref(), truth, |bare, truth| values(bare, truth, closeness))
        }
        (Answer::Value(answer), Answer::Quantity(truth, unit, formula)) => {
            one_sided(truth, unit, formula.as_ref(), answer, |truth, bare| values(bare, truth, closeness))
        }
        (Answer::Several(listing, items), Answer::Several(true_listing, true_items)) => {
            lists((*listing, items), (*true_listing, true_items), closeness, ordered)
        }
        (Answer::Relation(relation, left, right), Answer::Relation(true_relation, true_left, true_right)) => {
            let sides = ((*relation, left, right), (*true_relation, true_left, true_right));
            if closeness.directed { reactions(sides.0, sides.1) } else { relations(sides.0, sides.1) }
        }
        (Answer::Relation(Relation::Equal, left, right), Answer::Value(_) | Answer::Quantity(..)) => {
            match named(left, right) {
                Some(value) => agree(&Answer::Value(value.clone()), truth, closeness, ordered),
                None => Agreement::Unknown,
            }
        }
        (Answer::Value(_) | Answer::Quantity(..), Answer::Relation(Relation::Equal, left, right)) => {
            match named(left, right) {
                Some(value) => agree(answer, &Answer::Value(value.clone()), closeness, ordered),
                None => Agreement::Unknown,
            }
        }
        // The set of the one solution.
        (Answer::Several(Listing::Set, items), Answer::Value(_) | Answer::Quantity(..)) if items.len() == 1 => {
            agree(&items[0], truth, closeness, ordered)
        }
        (Answer::Several(..) | Answer::Interval(_) | Answer::Union(_), Answer::Value(_) | Answer::Quantity(..)) => {
            Agreement::Different
        }
        _ => Agreement::Unknown,
    }
}

/// The value in `x = value`.
fn named<'a>(left: &'a Parsed, right: &'a Parsed) -> Option<&'a Parsed> {
    match (left.expression.symbol(), right.expression.symbol()) {
        (Some(_), _) => Some(right),
        (None, Some(_)) => Some(left),
        (None, None) => None,
    }
}

fn values(answer: &Parsed, truth: &Parsed, closeness: &Closeness) -> Agreement {
    if !answer.expression.has_symbol() && !truth.expression.has_symbol() {
        return numbers(&answer.expression, &truth.expression, closeness);
    }
    if answer.expression.same(&truth.expression) {
        // A run of letters may be a word, and a word is no product: 0 am and 0 pm are not both nothing.
        let zero = Expression::whole(0);
        let nothing = (answer.doubtful || truth.doubtful) && answer.expression.same(&zero);
        let words = answer.wordy || truth.wordy || nothing;
        return if words && answer.expression != truth.expression { Agreement::Unknown } else { Agreement::Same };
    }
    let option = |parsed: &Parsed| parsed.expression.symbol().is_some_and(|name| matches!(name, "A" | "B" | "C" | "D"));
    let mut names = (Vec::new(), Vec::new());
    gather(&answer.expression, &mut names.0);
    gather(&truth.expression, &mut names.1);
    // Other letters may name the same thing, and a run of letters may be a word.
    let settled = names.0 == names.1 || (option(answer) && option(truth)) || names.1.is_empty();
    if settled && !answer.doubtful && !truth.doubtful { Agreement::Different } else { Agreement::Unknown }
}

/// The names of the unknowns, sorted, each once.
fn gather<'a>(expression: &'a Expression, names: &mut Vec<&'a str>) {
    match expression {
        Expression::Symbol(name) => {
            if let Err(place) = names.binary_search(&&**name) {
                names.insert(place, name);
            }
        }
        Expression::Number(..) | Expression::Constant(_) => {}
        Expression::Negate(of) | Expression::Call(_, of) => gather(of, names),
        Expression::Binary(_, left, right) => {
            gather(left, names);
            gather(right, names);
        }
    }
}

/// Two formulas without unknowns.
fn numbers(answer: &Expression, truth: &Expression, closeness: &Closeness) -> Agreement {
    if let (Some(answer), Some(exact)) = (answer.exact(), truth.exact()) {
        return closeness.holds(&answer, &exact, truth.written()).into();
    }
    if answer.same(truth) {
        return Agreement::Same;
    }
    let (Some(left), Some(right)) = (answer.real(), truth.real()) else {
        // Infinite, complex or not computed: only the same formula is the same.
        let told = answer.infinite().is_some() || truth.infinite().is_some();
        return if told { Agreement::Different } else { Agreement::Unknown };
    };
    let whole = truth.exact().is_some_and(|truth| truth.integer().is_some());
    let exactly = closeness.by_digits && whole && truth.written().is_none_or(|written| !written.decimal);
    if exactly {
        return Agreement::Different;
    }
    let near = closeness.holds_nearly(left, right)
        || (closeness.by_digits
            && truth.written().is_some_and(|written| {
                written.decimal
                    && written.significant >= ROUNDED_DIGITS
                    && (left - right).abs() <= 0.5 * 10f64.powi(i32::try_from(written.last).unwrap_or(i32::MIN))
            }));
    near.into()
}

fn quantities(answer: (&Expression, &Unit), truth: (&Expression, &Unit), closeness: &Closeness) -> Agreement {
    if answer.1.powers != truth.1.powers {
        // `25 C` may be meant as degrees.
        let degrees = answer.1.is_coulomb() && truth.1.is_temperature();
        return if degrees { Agreement::Unknown } else { Agreement::Different };
    }
    // Written in the same unit the digits speak for themselves.
    if answer.1 == truth.1 {
        return numbers(answer.0, truth.0, closeness);
    }
    // The answer is converted into the unit of the truth, so that the truth keeps its digits.
    let base = answer.1.in_base_units(answer.0);
    let number = |value: &Rational| Expression::Number(value.clone(), None);
    let mut converted = Expression::binary(Operation::Subtract, base, number(&truth.1.offset));
    converted = Expression::binary(Operation::Divide, converted, number(&truth.1.scale));
    if truth.1.per_pi {
        let pi = Expression::Constant(super::expression::Constant::Pi);
        converted = Expression::binary(Operation::Multiply, converted, pi);
    }
    match numbers(&converted, truth.0, closeness) {
        Agreement::Different if closeness.by_digits => match rounded(&converted, truth, answer) {
            // A rise of 10 °C is one of 10 K.
            Agreement::Different if is_rise(answer, truth, closeness) => Agreement::Unknown,
            other => other,
        },
        other => other,
    }
}

/// Whether two temperatures are the same as differences of temperatures.
fn is_rise(answer: (&Expression, &Unit), truth: (&Expression, &Unit), closeness: &Closeness) -> bool {
    if answer.1.offset == truth.1.offset || is_zero(answer.0) {
        return false;
    }
    let scaled = |side: (&Expression, &Unit)| {
        Expression::binary(Operation::Multiply, side.0.clone(), Expression::Number(side.1.scale.clone(), None))
    };
    numbers(&scaled(answer), &scaled(truth), closeness) == Agreement::Same
}

/// A converted number is held to the digits of the truth and of the answer, whole ones too: 25 °C is 298 K, and 300.4 m are
/// not 300 m, in whatever unit.
fn rounded(converted: &Expression, truth: (&Expression, &Unit), answer: (&Expression, &Unit)) -> Agreement {
    let (Some(true_written), Some(written)) = (truth.0.written(), answer.0.written()) else {
        return Agreement::Different;
    };
    let (Some(left), Some(right)) = (converted.real(), truth.0.real()) else { return Agreement::Different };
    let half = |written: Written| 0.5 * 10f64.powi(i32::try_from(written.last).unwrap_or(i32::MIN));
    let ratio = answer.1.scale.approximate() / truth.1.scale.approximate();
    let digits = true_written.significant.max(written.significant);
    // A hair more, since sums of tenths are not exact.
    let bound = half(true_written).min(half(written) * ratio.abs()) * (1.0 + 1e-9);
    (digits >= ROUNDED_DIGITS && (left - right).abs() <= bound).into()
}

/// A number with a unit against one without.
fn one_sided(
    value: &Expression,
    unit: &Unit,
    formula: Option<&Parsed>,
    other: &Parsed,
    compare: impl Fn(&Parsed, &Parsed) -> Agreement,
) -> Agreement {
    let plain = |expression: Expression| Parsed { expression, doubtful: false, wordy: false };
    // 50 % is 0.5, and 90° is π/2.
    let converted = if unit.is_angle() {
        let pi = Expression::Constant(super::expression::Constant::Pi);
        let degrees = Expression::binary(Operation::Multiply, unit.in_base_units(value), pi);
        Some(Expression::binary(Operation::Divide, degrees, Expression::whole(180)))
    } else if unit.powers == Unit::none().powers {
        Some(unit.in_base_units(value))
    } else {
        None
    };
    let unitless = converted.map(|converted| compare(&plain(converted), other));
    if unitless == Some(Agreement::Same) {
        return Agreement::Same;
    }
    if formula.is_some_and(|formula| !unit.share && compare(formula, other) == Agreement::Same) {
        return Agreement::Same;
    }
    // A share against a number that it is not, in whichever way it may be meant.
    if unit.share && compare(&plain(value.clone()), other) == Agreement::Different {
        return Agreement::Different;
    }
    Agreement::Unknown
}

fn lists(answer: (Listing, &[Answer]), truth: (Listing, &[Answer]), closeness: &Closeness, ordered: bool) -> Agreement {
    let kept = match (answer.0, truth.0) {
        (Listing::Bare | Listing::Set, Listing::Set) | (Listing::Set, Listing::Bare) => false,
        (Listing::Bare, Listing::Bare) => ordered,
        (Listing::Bare, Listing::Ordered(..)) | (Listing::Ordered(..), Listing::Bare) => true,
        (one, other) if one == other => true,
        _ => return Agreement::Different,
    };
    if answer.1.len() != truth.1.len() {
        return Agreement::Different;
    }
    let sorted = if kept { by_name(answer.1, truth.1) } else { None };
    let answer = (answer.0, sorted.as_deref().unwrap_or(answer.1));
    let mut unknown = false;
    let mut compare = |answer: &Answer, truth: &Answer| {
        let agreement = agree(answer, truth, closeness, ordered);
        unknown |= agreement == Agreement::Unknown;
        agreement == Agreement::Same
    };
    let same = if kept {
        answer.1.iter().zip(truth.1).all(|(answer, truth)| compare(answer, truth))
    } else {
        // Each item of the truth takes one of the answer; repeats count.
        let mut left: Vec<&Answer> = answer.1.iter().collect();
        truth.1.iter().all(|truth| {
            let place = left.iter().position(|answer| compare(answer, truth));
            place.map(|place| left.swap_remove(place)).is_some()
        })
    };
    match (same, unknown) {
        (true, _) => Agreement::Same,
        (false, true) => Agreement::Unknown,
        (false, false) => Agreement::Different,
    }
}

/// `y = 1, x = 2` in the order of its names, where the truth is `(2, 1)` without any.
fn by_name(answer: &[Answer], truth: &[Answer]) -> Option<Vec<Answer>> {
    let name = |item: &Answer| match item {
        Answer::Relation(Relation::Equal, left, right) => {
            left.expression.symbol().or(right.expression.symbol()).map(str::to_owned)
        }
        _ => None,
    };
    if truth.iter().any(|item| name(item).is_some()) {
        return None;
    }
    let mut named = answer.iter().map(|item| Some((name(item)?, item.clone()))).collect::<Option<Vec<_>>>()?;
    named.sort_by(|one, other| one.0.cmp(&other.0));
    Some(named.into_iter().map(|(_, item)| item).collect())
}

/// Equations of reactions: the same sides, each in any order.
fn reactions(answer: (Relation, &Parsed, &Parsed), truth: (Relation, &Parsed, &Parsed)) -> Agreement {
    let same = answer.0 == truth.0
        && answer.1.expression.same(&truth.1.expression)
        && answer.2.expression.same(&truth.2.expression);
    if same { Agreement::Same } else { Agreement::Unknown }
}

fn is_zero(expression: &Expression) -> bool {
    expression.exact().is_some_and(|value| value.is_zero())
}

fn relations(answer: (Relation, &Parsed, &Parsed), truth: (Relation, &Parsed, &Parsed)) -> Agreement {
    let difference = |side: (Relation, &Parsed, &Parsed)| {
        Expression::binary(Operation::Subtract, side.1.expression.clone(), side.2.expression.clone())
    };
    let Some(factor) = proportion(&difference(answer), &difference(truth)) else {
        let names = |side: (Relation, &Parsed, &Parsed)| {
            let mut names = Vec::new();
            gather(&side.1.expression, &mut names);
            gather(&side.2.expression, &mut names);
            names.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        // Other letters may name the same thing.
        return if names(answer) == names(truth) { Agreement::Different } else { Agreement::Unknown };
    };
    let relation = if factor < 0.0 { answer.0.swapped() } else { answer.0 };
    (relation == truth.0).into()
}

/// Intervals and unions of them, however written; `None` where neither side speaks of an interval.
fn intervals(answer: &Answer, truth: &Answer) -> Option<Agreement> {
    let plain = |side: &Answer| !matches!(side, Answer::Interval(_) | Answer::Union(_));
    let relation = |side: &Answer| matches!(side, Answer::Relation(..));
    let parts = |side: &Answer| match side {
        Answer::Union(parts) => Some(parts.clone()),
        other => other.interval().map(|one| vec![one]),
    };
    // `(1, 2)` against `(1, 2)` may be points, `x > 1` against `1 < x` relations: both are compared as such.
    let lists = |side: &Answer| matches!(side, Answer::Several(..));
    if plain(answer) && plain(truth) && (relation(answer) == relation(truth) || !(lists(answer) || lists(truth))) {
        return None;
    }
    let (answer, truth) = (parts(answer)?, parts(truth)?);
    let same = |one: &Interval, other: &Interval| {
        one.low.1 == other.low.1
            && one.high.1 == other.high.1
            && one.low.0.same(&other.low.0)
            && one.high.0.same(&other.high.0)
    };
    let matched = answer.len() == truth.len()
        && answer.iter().all(|one| truth.iter().any(|other| same(one, other)))
        && truth.iter().all(|one| answer.iter().any(|other| same(one, other)));
    Some(matched.into())
}
