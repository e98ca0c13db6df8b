//! The units that are known, with all their names, and the prefixes.

use num_bigint::BigInt;

use super::rational::Rational;
use super::unit::BASES;

/// The base unit of angle: the degree of arc.
pub const ANGLE: usize = 7;

const M: usize = 0;
const KG: usize = 1;
const S: usize = 2;
const A: usize = 3;
const K: usize = 4;
const MOL: usize = 5;
const CD: usize = 6;
const BIT: usize = 8;
const DOLLAR: usize = 9;
const EURO: usize = 10;
const YUAN: usize = 11;

/// The powers of temperatures.
pub const TEMPERATURE: [i8; BASES] = of(&[(K, 1)]);

/// The powers of electric charges.
pub const CHARGE: [i8; BASES] = of(&[(A, 1), (S, 1)]);

const fn of(powers: &[(usize, i8)]) -> [i8; BASES] {
    let mut all = [0; BASES];
    let mut at = 0;
    while at < powers.len() {
        all[powers[at].0] = powers[at].1;
        at += 1;
    }
    all
}

/// A unit as the table has it; the fields as in [`super::unit::Unit`].
#[allow(missing_docs, reason = "the fields are those of a unit")]
pub struct Entry {
    pub powers: [i8; BASES],
    pub scale: Rational,
    pub per_pi: bool,
    pub offset: Rational,
    pub share: bool,
}

/// One unit: its symbols, which take prefixes where the third field says so, its other names, its powers of base units, and
/// its size in them as digits, a power of ten and a divisor.
type Row = (&'static [&'static str], &'static [&'static str], bool, &'static [(usize, i8)], (&'static str, i64, u32));

const ONE: (&str, i64, u32) = ("1", 0, 1);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Length, area, volume.
    (&["m"], &["meter", "meters", "metre", "metres", "米"], true, &[(M, 1)], ONE),
    (&["km"], &["kilometer", "kilometers", "kilometre", "kilometres", "千米", "公里"], false, &[(M, 1)], ("1", 3, 1)),
    (&["cm"], &["centimeter", "centimeters", "centimetre", "centimetres", "厘米"], false, &[(M, 1)], ("1", -2, 1)),
    (&["mm"], &["millimeter", "millimeters", "millimetre", "millimetres", "毫米"], false, &[(M, 1)], ("1", -3, 1)),
    (&["dm"], &["分米"], false, &[(M, 1)], ("1", -1, 1)),
    (&["um"], &["micrometer", "micrometers", "微米"], false, &[(M, 1)], ("1", -6, 1)),
    (&["nm"], &["nanometer", "nanometers", "纳米"], false, &[(M, 1)], ("1", -9, 1)),
    (&["Å"], &["angstrom", "angstroms"], false, &[(M, 1)], ("1", -10, 1)),
    (&["in"], &["inch", "inches"], false, &[(M, 1)], ("254", -4, 1)),
    (&["ft"], &["foot", "feet"], false, &[(M, 1)], ("3048", -4, 1)),
    (&["yd"], &["yard", "yards"], false, &[(M, 1)], ("9144", -4, 1)),
    (&["mi"], &["mile", "miles"], false, &[(M, 1)], ("1609344", -3, 1)),
    (&["ly"], &["光年"], false, &[(M, 1)], ("94607304725808", 2, 1)),
    (&[], &["平方米"], false, &[(M, 2)], ONE),
    (&[], &["平方厘米"], false, &[(M, 2)], ("1", -4, 1)),
    (&[], &["平方千米", "平方公里"], false, &[(M, 2)], ("1", 6, 1)),
    (&["ha"], &["hectare", "hectares", "公顷"], false, &[(M, 2)], ("1", 4, 1)),
    (&[], &["立方米"], false, &[(M, 3)], ONE),
    (&[], &["立方厘米", "cc"], false, &[(M, 3)], ("1", -6, 1)),
    (&["L", "l", "ℓ"], &["liter", "liters", "litre", "litres", "升"], true, &[(M, 3)], ("1", -3, 1)),
    (&[], &["milliliter", "milliliters", "millilitre", "millilitres", "毫升"], false, &[(M, 3)], ("1", -6, 1)),
    // Mass.
    (&["g"], &["gram", "grams", "克"], true, &[(KG, 1)], ("1", -3, 1)),
    (&["kg"], &["kilogram", "kilograms", "千克", "公斤"], false, &[(KG, 1)], ONE),
    (&[], &["milligram", "milligrams", "毫克"], false, &[(KG, 1)], ("1", -6, 1)),
    (&["t"], &["ton", "tons", "tonne", "tonnes", "吨"], false, &[(KG, 1)], ("1", 3, 1)),
    (&["u", "Da", "amu"], &[], false, &[(KG, 1)], ("166053906660", -38, 1)),
    (&["lb", "lbs"], &["pound", "pounds"], false, &[(KG, 1)], ("45359237", -8, 1)),
    (&["oz"], &["ounce", "ounces"], false, &[(KG, 1)], ("28349523125", -12, 1)),
    // Time, frequency, speed.
    (&["s", "sec"], &["second", "seconds", "秒"], true, &[(S, 1)], ONE),
    (&[], &["millisecond", "milliseconds", "毫秒"], false, &[(S, 1)], ("1", -3, 1)),
    (&["min"], &["mins", "minute", "minutes", "分钟"], false, &[(S, 1)], ("60", 0, 1)),
    (&["h", "hr", "hrs"], &["hour", "hours", "小时", "时"], false, &[(S, 1)], ("3600", 0, 1)),
    (&["d"], &["day", "days", "天"], false, &[(S, 1)], ("86400", 0, 1)),
    (&["yr"], &["year", "years", "年"], false, &[(S, 1)], ("31557600", 0, 1)),
    (&["Hz"], &["hertz", "赫兹", "赫"], true, &[(S, -1)], ONE),
    (&["Bq"], &["becquerel"], true, &[(S, -1)], ONE),
    (&["mph"], &[], false, &[(M, 1), (S, -1)], ("44704", -5, 1)),
    (&["kmh", "kph"], &[], false, &[(M, 1), (S, -1)], ("10", 0, 36)),
    // Mechanics.
    (&["N"], &["newton", "newtons", "牛顿", "牛"], true, &[(KG, 1), (M, 1), (S, -2)], ONE),
    (&["J"], &["joule", "joules", "焦耳", "焦"], true, &[(KG, 1), (M, 2), (S, -2)], ONE),
    (&[], &["kilojoule", "kilojoules", "千焦"], false, &[(KG, 1), (M, 2), (S, -2)], ("1", 3, 1)),
    (&["cal"], &["calorie", "calories", "卡"], true, &[(KG, 1), (M, 2), (S, -2)], ("4184", -3, 1)),
    (&["eV"], &["电子伏特", "电子伏"], true, &[(KG, 1), (M, 2), (S, -2)], ("1602176634", -28, 1)),
    (&["Wh"], &[], true, &[(KG, 1), (M, 2), (S, -2)], ("3600", 0, 1)),
    (&["W"], &["watt", "watts", "瓦特", "瓦"], true, &[(KG, 1), (M, 2), (S, -3)], ONE),
    (&[], &["千瓦"], false, &[(KG, 1), (M, 2), (S, -3)], ("1", 3, 1)),
    (&["Pa"], &["pascal", "pascals", "帕斯卡", "帕"], true, &[(KG, 1), (M, -1), (S, -2)], ONE),
    (&[], &["千帕"], false, &[(KG, 1), (M, -1), (S, -2)], ("1", 3, 1)),
    (&["bar"], &[], true, &[(KG, 1), (M, -1), (S, -2)], ("1", 5, 1)),
    (&["atm"], &["atmosphere", "atmospheres", "标准大气压", "大气压"], false, &[(KG, 1), (M, -1), (S, -2)], ("101325", 0, 1)),
    (&["mmHg", "torr", "Torr"], &[], false, &[(KG, 1), (M, -1), (S, -2)], ("101325", 0, 760)),
    // Electricity.
    (&["A"], &["amp", "amps", "ampere", "amperes", "安培", "安"], true, &[(A, 1)], ONE),
    (&[], &["毫安"], false, &[(A, 1)], ("1", -3, 1)),
    (&["C"], &["coulomb", "coulombs", "库仑", "库"], true, &[(A, 1), (S, 1)], ONE),
    (&["Ah"], &[], true, &[(A, 1), (S, 1)], ("3600", 0, 1)),
    (&["V"], &["volt", "volts", "伏特", "伏"], true, &[(KG, 1), (M, 2), (S, -3), (A, -1)], ONE),
    (&["Ω", "Omega"], &["ohm", "ohms", "Ohm", "Ohms", "欧姆", "欧"], true, &[(KG, 1), (M, 2), (S, -3), (A, -2)], ONE),
    (&["F"], &["farad", "farads", "法拉"], true, &[(KG, -1), (M, -2), (S, 4), (A, 2)], ONE),
    (&["H"], &["henry", "henries", "亨利"], true, &[(KG, 1), (M, 2), (S, -2), (A, -2)], ONE),
    (&["T"], &["tesla", "teslas", "特斯拉"], true, &[(KG, 1), (S, -2), (A, -1)], ONE),
    (&["Wb"], &["weber", "webers", "韦伯"], true, &[(KG, 1), (M, 2), (S, -2), (A, -1)], ONE),
    (&["S"], &["siemens"], true, &[(KG, -1), (M, -2), (S, 3), (A, 2)], ONE),
    // Heat, amount, light.
    (&["K"], &["kelvin", "kelvins", "开尔文", "开"], true, &[(K, 1)], ONE),
    (&["mol"], &["mole", "moles", "摩尔"], true, &[(MOL, 1)], ONE),
    (&["M"], &["molar"], true, &[(MOL, 1), (M, -3)], ("1", 3, 1)),
    (&["cd"], &["candela"], false, &[(CD, 1)], ONE),
    // Angle, information, money.
    (&["deg"], &["degree", "degrees", "度"], false, &[(ANGLE, 1)], ONE),
    (&[], &["arcminute", "arcminutes"], false, &[(ANGLE, 1)], ("1", 0, 60)),
    (&[], &["arcsecond", "arcseconds"], false, &[(ANGLE, 1)], ("1", 0, 3600)),
    (&["bit"], &["bits"], false, &[(BIT, 1)], ONE),
    (&["B"], &["byte", "bytes", "字节"], true, &[(BIT, 1)], ("8", 0, 1)),
    (&["$", "USD"], &["dollar", "dollars", "美元"], false, &[(DOLLAR, 1)], ONE),
    (&["€", "EUR"], &["euro", "euros", "欧元"], false, &[(EURO, 1)], ONE),
    (&["¥", "￥", "RMB", "CNY"], &["yuan", "元", "人民币"], false, &[(YUAN, 1)], ONE),
    // Shares.
    (&["%"], &["percent", "per cent"], false, &[], ("1", -2, 1)),
    (&["ppm"], &[], false, &[], ("1", -6, 1)),
    (&["ppb"], &[], false, &[], ("1", -9, 1)),
];

/// Prefixes, with their powers of ten.
const PREFIXES: [(&str, i64); 21] = [
    ("da", 1),
    ("Y", 24),
    ("Z", 21),
    ("E", 18),
    ("P", 15),
    ("T", 12),
    ("G", 9),
    ("M", 6),
    ("k", 3),
    ("h", 2),
    ("d", -1),
    ("c", -2),
    ("m", -3),
    ("mu", -6),
    ("μ", -6),
    ("u", -6),
    ("n", -9),
    ("p", -12),
    ("f", -15),
    ("a", -18),
    ("z", -21),
];

/// The unit of a name, with a prefix or without.
pub fn find(name: &str) -> Option<Entry> {
    match name {
        "rad" | "radian" | "radians" | "弧度" => {
            return Some(Entry { per_pi: true, scale: Rational::whole(180), ..entry(&[(ANGLE, 1)], ONE, 0)? });
        }
        "celsius" | "摄氏度" => {
            return Some(Entry { offset: Rational::scaled("27315", 10, -2)?, ..entry(&[(K, 1)], ONE, 0)? });
        }
        "fahrenheit" | "华氏度" => {
            let offset = Rational::ratio(BigInt::from(45_967), BigInt::from(180))?;
            return Some(Entry { offset, ..entry(&[(K, 1)], ("5", 0, 9), 0)? });
        }
        _ => {}
    }
    // The longest name has ten letters or so: no search for what cannot be one.
    if name.len() > 24 {
        return None;
    }
    if let Some(row) = ROWS.iter().find(|row| row.0.contains(&name) || row.1.contains(&name)) {
        return entry(row.3, row.4, 0);
    }
    PREFIXES.iter().find_map(|(prefix, power)| {
        let symbol = name.strip_prefix(prefix)?;
        let row = ROWS.iter().find(|row| row.2 && row.0.contains(&symbol))?;
        entry(row.3, row.4, *power)
    })
}

/// Whether the unit is written before its number.
pub fn is_currency_sign(name: &str) -> bool {
    matches!(name, "$" | "€" | "¥" | "￥")
}

/// Whether `text` begins with the name of a unit in Chinese; its length in bytes.
pub fn chinese_prefix(text: &str) -> Option<usize> {
    let names = ROWS.iter().flat_map(|row| row.1).copied().chain(["摄氏度", "华氏度", "弧度"]);
    names.filter(|name| !name.is_ascii() && text.starts_with(name)).map(str::len).max()
}

fn entry(powers: &[(usize, i8)], scale: (&str, i64, u32), prefix: i64) -> Option<Entry> {
    let mut all = [0; BASES];
    for (base, power) in powers {
        all[*base] = *power;
    }
    let (digits, exponent, divisor) = scale;
    Some(Entry {
        powers: all,
        scale: Rational::scaled(digits, 10, exponent + prefix)?.divide(&Rational::whole(i64::from(divisor)))?,
        per_pi: false,
        offset: Rational::whole(0),
        share: powers.is_empty(),
    })
}
