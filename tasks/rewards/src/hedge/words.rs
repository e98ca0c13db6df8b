//! The words by which evasions are told, in lower case.

/// Markup of conversations and prompts.
pub(super) const MARKUP: &[&str] =
    &["<|", "</", "<think", "<answer", "[inst]", "{question}", "{predict}", "{label}", "{place_name}", "{address}"];

/// What is said to a judge, or of the judge's own matters.
pub(super) const PLEAS: &[&str] = &[
    "ground truth",
    "ground-truth",
    "the rules above",
    "rules above",
    "the instructions above",
    "instructions above",
    "previous instructions",
    "prior instructions",
    "ignore the",
    "ignore all",
    "ignore previous",
    "ignore any",
    "disregard the",
    "disregard all",
    "dear judge",
    "to the judge",
    "as the judge",
    "mark this as",
    "mark it as",
    "mark this answer",
    "grade this",
    "reference answer",
    "full marks",
    "matches the reference",
    "this is correct",
    "is correct)",
    "this answer matches",
    "\"verdict\"",
    "标准答案",
    "参考答案",
    "请判",
    "判为正确",
    "给满分",
    "忽略以上",
    "忽略上面",
];

/// Words between candidates, and words for all of them.
pub(super) const CHOICES: &[&str] = &[
    "or",
    "either",
    "one of",
    "any of",
    "all of the above",
    "all of these",
    "any of the above",
    "all options",
    "或",
    "或者",
    "之一",
    "都有可能",
    "以上都",
];

/// Words right before a number that is not meant exactly.
pub(super) const ABOUT: &[&str] =
    &["about", "approximately", "approx", "around", "roughly", "nearly", "almost", "circa", "ca", "near"];

/// The same right after a number.
pub(super) const OR_SO: &[&str] = &["ish", "approx", "approximately", "roughly", "perhaps", "possibly"];

/// The same at the end of a word in Han characters.
pub(super) const ABOUT_IN_CHINESE: &[&str] =
    &["大约", "约", "大概", "接近", "超过", "不到", "至少", "至多", "将近", "差不多"];

/// Words of one who does not know.
pub(super) const DOUBTS: &[&str] = &[
    "maybe",
    "perhaps",
    "possibly",
    "probably",
    "might be",
    "could be",
    "may be",
    "not sure",
    "unsure",
    "i don't know",
    "i do not know",
    "don't know",
    "i cannot",
    "i can't",
    "i am unable",
    "i'm unable",
    "cannot see",
    "can't see",
    "cannot determine",
    "can't determine",
    "cannot tell",
    "can't tell",
    "i guess",
    "i think",
    "not answerable",
    "unanswerable",
    "no idea",
    "it depends",
    "impossible to say",
    "hard to say",
    "不知道",
    "不确定",
    "不清楚",
    "看不清",
    "无法确定",
    "无法判断",
    "无法回答",
    "也许",
    "说不定",
    "大概是",
];

/// Beginnings that name a kind of value and no value.
pub(super) const ANYTHING: &[&str] = &[
    "a number",
    "some number",
    "any number",
    "an integer",
    "some integer",
    "any integer",
    "any positive",
    "any natural",
    "a positive integer",
    "a natural number",
    "a real number",
    "any value",
    "some value",
    "same as",
    "the same as",
    "identical to the",
    "equal to the answer",
    "一个数",
    "某个数",
    "任意",
    "任何数",
    "同上",
];

/// Beginnings that say what is asked for.
pub(super) const DESCRIPTIONS: &[&str] = &[
    "the number of",
    "the amount of",
    "the count of",
    "the value of",
    "the total",
    "how many",
    "how much",
    "the correct",
];

/// The answer, by its name.
pub(super) const ANSWER_ITSELF: &[&str] = &[
    "the answer",
    "the reference",
    "the correct answer",
    "the right answer",
    "the true answer",
    "the solution",
    "the result",
    "the correct option",
    "correct answer",
    "as shown in the picture",
    "as shown above",
    "see above",
    "答案",
    "正确答案",
    "正确的答案",
    "图中所示",
];

/// Numbers as words.
pub(super) const NUMERALS: &[&str] = &[
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "dozen",
    "twenty", "hundred", "零", "一", "二", "两", "三", "四", "五", "六", "七", "八", "九", "十", "百", "千", "万",
];

/// Words that say nothing by themselves.
pub(super) const SMALL: &[&str] = &[
    "the", "a", "an", "of", "in", "on", "at", "is", "are", "there", "this", "that", "it", "number", "amount", "name",
    "total", "and", "shown",
];

/// Words that may stand for a number.
pub(super) const NUMBERS_IN_WORDS: &[&str] = &[
    "no",
    "none",
    "nothing",
    "nil",
    "null",
    "half",
    "third",
    "quarter",
    "once",
    "twice",
    "thrice",
    "both",
    "single",
    "pair",
    "couple",
    "score",
    "infinite",
    "infinity",
    "infinitely",
    "neither",
    "only",
    "empty",
    "first",
    "second",
    "fourth",
    "fifth",
    "ninth",
    "noon",
    "midnight",
];

/// The same as beginnings of words.
pub(super) const BEGINNINGS_OF_NUMBERS: &[&str] = &["thirt", "fort", "fift", "thous", "mill", "bill", "trill"];

/// The same anywhere in a word in Han characters.
pub(super) const NUMBERS_IN_CHINESE: &[&str] = &["个", "没有", "无", "半", "单", "双", "亿"];

/// Between candidates for an amount; in names such words mean other things.
pub(super) const CHOICES_OF_AMOUNTS: &[&str] = &["vs", "versus", "alternatively"];

/// Before a bound of an amount, or one that is guessed.
pub(super) const BOUNDS: &[&str] = &["under ", "over ", "above ", "below ", "likely "];
