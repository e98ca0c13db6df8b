use rstest::rstest;

use super::*;

fn read(text: &str) -> Option<Value> {
    super::read(text, Repeats::LastCounts)
}

fn same(one: &str, two: &str) -> bool {
    read(one).unwrap().equals(&read(two).unwrap())
}

#[rstest]
#[case::quotes("'a'", "\"a\"")]
#[case::triple("'''a\r\nb'''", r"'a\nb'")]
#[case::side_by_side("('a' \"b\")", "'ab'")]
#[case::raw(r"r'\n'", r"'\\n'")]
#[case::prefixes("[u'a', f'a']", "['a', 'a']")]
#[case::unknown_escape(r"'\d'", r"'\\d'")]
#[case::octal(r"'\101'", "'A'")]
#[case::wide(r"'\U0001F642'", "'🙂'")]
#[case::pair(r#""\ud83d\ude42""#, "'🙂'")]
#[case::hexadecimal("0x_1F", "31")]
#[case::underscores("1_000", "1000")]
#[case::signs("--5", "5")]
#[case::float("5.", "5")]
#[case::exponent("1e2", "100")]
#[case::zeros("000", "0")]
#[case::constants("[True, None]", "[true, null]")]
#[case::trailing("[1, 2,]", "[1, 2]")]
#[case::brackets("((1))", "1")]
#[case::comment("[1, # one\n2]", "[1, 2]")]
#[case::order("{'a': 1, 'b': 2}", "{\"b\": 2, \"a\": 1}")]
#[case::last_key("{'a': 1, 'a': 2}", "{'a': 2}")]
#[case::negative_zero("-0", "0")]
fn values_that_are_equal(#[case] one: &str, #[case] two: &str) {
    assert!(same(one, two));
}

#[rstest]
#[case::tuple("(1,)", "[1]")]
#[case::bool_is_no_number("1", "True")]
#[case::not_a_number("NaN", "NaN")]
#[case::beyond_doubles("9007199254740993", "9007199254740992.0")]
#[case::two_halves(r"'\ud83d\ude42'", "'🙂'")]
fn values_that_differ(#[case] one: &str, #[case] two: &str) {
    assert!(!same(one, two));
}

#[rstest]
#[case::name("undefined")]
#[case::call("f()")]
#[case::operator("1 + 1")]
#[case::subscript("[1][0]")]
#[case::set("{1, 2}")]
#[case::ellipsis("...")]
#[case::leading_zero("0503")]
#[case::complex("5j")]
#[case::two_commas("[1,,2]")]
#[case::only_comma("[,]")]
#[case::list_as_key("{[1]: 2}")]
#[case::unclosed_list("[1")]
#[case::unclosed_text("'a")]
#[case::unclosed_triple("'''a''")]
#[case::line_break_in_text("'a\nb'")]
#[case::short_escape(r"'\x1'")]
#[case::too_high(r"'\U00110000'")]
#[case::named(r"'\N{BULLET}'")]
#[case::double_underscore("1__0")]
#[case::byte_order_mark("\u{feff}1")]
#[case::curly_quotes("“a”")]
#[case::two_values("1 2")]
#[case::nul("'\0'")]
#[case::empty("")]
fn what_is_no_literal_is_refused(#[case] text: &str) {
    assert!(read(text).is_none());
}

#[rstest]
#[case::json(r#"{"a": 1, "a": 1}"#)]
#[case::python("{'a': 1, 'a': 2}")]
#[case::equal_numbers("{1: 1, 1.0: 2}")]
#[case::within(r#"[{"b": {"a": 1, "a": 2}}]"#)]
fn keys_that_occur_twice_can_be_refused(#[case] text: &str) {
    assert!(super::read(text, Repeats::Refused).is_none());
    assert!(read(text).is_some());
}

#[test]
fn limits_hold() {
    assert!(read(&"[".repeat(DEEPEST + 1)).is_none());
    assert!(read(&format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST))).is_some());
    assert!(read(&format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1))).is_none());
    assert!(read(&"9".repeat(MOST_DIGITS)).is_some());
    assert!(read(&"9".repeat(MOST_DIGITS + 1)).is_none());
    assert!(read(&format!("[{}]", vec!["1"; MOST_VALUES].join(","))).is_none());
    assert!(read(&"a".repeat(LONGEST + 1)).is_none());
}
