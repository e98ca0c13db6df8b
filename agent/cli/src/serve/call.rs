//! Calls of tools in the form that GLM writes them:
//! `<tool_call>name<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>`.

use serde_json::{Map, Value};

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The tool.
    pub name: String,
    /// Its arguments by name.
    pub arguments: Map<String, Value>,
}

/// Reads what stands between `<tool_call>` and `</tool_call>`; None if it is not of that form.
///
/// A value is a string where the tool's schema says so, and otherwise JSON if it reads as JSON.
pub(crate) fn read(text: &str, tools: &[Value]) -> Option<Call> {
    let (name, mut rest) = match text.find("<arg_key>") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let name = name.trim();
    if name.is_empty() || name.contains(['<', '>']) {
        return None;
    }
    let schema = tools.iter().filter_map(|tool| tool.get("function"));
    let schema = schema.into_iter().find(|function| function.get("name").and_then(Value::as_str) == Some(name));
    let properties = schema.and_then(|function| function.pointer("/parameters/properties"));
    let mut arguments = Map::new();
    while let Some(after) = rest.trim_start().strip_prefix("<arg_key>") {
        let (key, after) = after.split_once("</arg_key>")?;
        let (value, after) = after.trim_start().strip_prefix("<arg_value>")?.split_once("</arg_value>")?;
        let kind = properties.and_then(|properties| properties.get(key.trim())?.get("type"));
        arguments.insert(key.trim().to_owned(), argument(value, kind));
        rest = after;
    }
    rest.trim().is_empty().then(|| Call { name: name.to_owned(), arguments })
}

fn argument(text: &str, kind: Option<&Value>) -> Value {
    let as_text = || Value::String(text.to_owned());
    if kind.and_then(Value::as_str) == Some("string") {
        return as_text();
    }
    serde_json::from_str(text).unwrap_or_else(|_| as_text())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_typed_by_the_schema_or_by_their_looks() {
        let tools =
            [json!({"type": "function", "function": {"name": "book", "parameters": {"type": "object", "properties": {
                "room": {"type": "string"}, "nights": {"type": "integer"},
            }}}})];
        let text = "book\n<arg_key>room</arg_key>\n<arg_value>12</arg_value>\n<arg_key>nights</arg_key><arg_value>2</arg_value>\
                    <arg_key>extras</arg_key><arg_value>[\"bed\"]</arg_value><arg_key>note</arg_key><arg_value>by the \
                    sea</arg_value>\n";
        let call = read(text, &tools).expect("it is a call");
        assert_eq!(call.name, "book");
        assert_eq!(
            Value::from(call.arguments).to_string(),
            r#"{"room":"12","nights":2,"extras":["bed"],"note":"by the sea"}"#
        );
    }

    #[test]
    fn a_call_may_have_no_arguments_but_must_have_a_name_and_be_whole() {
        assert_eq!(read(" look \n", &[]), Some(Call { name: "look".to_owned(), arguments: Map::new() }));
        for broken in [
            "",
            "<arg_key>k</arg_key><arg_value>v</arg_value>",
            "f<arg_key>k</arg_key>",
            "f<arg_key>k</arg_key><arg_value>v",
            "f<arg_key>k</arg_key><arg_value>v</arg_value> and more",
            "f</arg_value>",
        ] {
            assert_eq!(read(broken, &[]), None, "{broken}");
        }
    }
}
