//! From messages to the text of a prompt, through the checkpoint's own template.
//!
//! A template is Jinja as Hugging Face runs it: blocks trimmed, Python's methods of strings, lists and mappings, loop
//! controls, `raise_exception`, `strftime_now`, `tojson` as Python writes JSON, `{% generation %}` ignored.
//!
//! ```text
//! {{ '[gMASK]<sop>' }}{%- for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{%- endfor %}<|assistant|>\n
//! ```

mod json;

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Value as Jinja};
use serde_json::{Map, Value};

use crate::ProcessorError;
use crate::settings::read_json;

/// A template of our own in GLM's dialect, for models trained from nothing.
pub const DEFAULT_TEMPLATE: &str = include_str!("template/default.jinja");

/// A chat template.
#[derive(Debug, Clone)]
pub struct Template {
    environment: Environment<'static>,
    name: String,
}

/// What a prompt is rendered with besides its messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Tools the model may call, as JSON schemas in OpenAI's form.
    pub tools: Vec<Value>,
    /// Whether the prompt ends where the assistant's reply begins.
    pub add_generation_prompt: bool,
    /// Anything else the template reads, such as `enable_thinking`.
    pub variables: Map<String, Value>,
}

impl Default for Options {
    fn default() -> Self {
        Self { tools: Vec::new(), add_generation_prompt: true, variables: Map::new() }
    }
}

impl Template {
    /// A template from its source. `name` is for errors.
    ///
    /// # Errors
    /// [`ProcessorError::Template`] if it does not parse.
    pub fn new(name: &str, source: &str) -> Result<Self, ProcessorError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|error| described(name, &error))?);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment.add_filter("tojson", json::tojson);
        let source = without_generation_tags(source);
        environment.add_template_owned(name.to_owned(), source).map_err(|error| described(name, &error))?;
        Ok(Self { environment, name: name.into() })
    }

    /// That of a checkpoint's folder: `chat_template.jinja`, else `chat_template` in `chat_template.json` or
    /// `tokenizer_config.json`. None if there is none.
    ///
    /// # Errors
    /// [`ProcessorError::Io`], [`ProcessorError::File`], [`ProcessorError::Template`].
    pub fn open(dir: &Path) -> Result<Option<Self>, ProcessorError> {
        let path = dir.join("chat_template.jinja");
        match std::fs::read_to_string(&path) {
            Ok(source) => return Self::new("chat_template.jinja", &source).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ProcessorError::io(path, error)),
        }
        for file in ["chat_template.json", "tokenizer_config.json"] {
            let Some(json) = read_json(&dir.join(file))? else { continue };
            if let Some(source) = chosen(&json["chat_template"]) {
                return Self::new(&format!("chat_template of {file}"), source).map(Some);
            }
        }
        Ok(None)
    }

    /// The prompt's text. `messages` are as the template reads them: `{"role": ..., "content": ...}`.
    ///
    /// # Errors
    /// [`ProcessorError::Template`] with the line, if it fails or itself objects to the messages.
    pub fn render(
        &self,
        messages: &[Value],
        options: &Options,
        special_tokens: &Map<String, Value>,
    ) -> Result<String, ProcessorError> {
        let mut context = special_tokens.clone();
        context.insert("messages".into(), messages.into());
        let tools = if options.tools.is_empty() { Value::Null } else { options.tools.clone().into() };
        context.insert("tools".into(), tools);
        context.insert("documents".into(), Value::Null);
        context.insert("add_generation_prompt".into(), options.add_generation_prompt.into());
        context.extend(options.variables.clone());
        let template = self.environment.get_template(&self.name).map_err(|error| described(&self.name, &error))?;
        template.render(Jinja::from(Serde(&context))).map_err(|error| described(&self.name, &error))
    }
}

/// One template, or a list of named ones of which `default` counts.
fn chosen(templates: &Value) -> Option<&str> {
    let named = || templates.as_array()?.iter().find(|one| one["name"] == "default")?["template"].as_str();
    templates.as_str().or_else(named)
}

fn raise_exception(message: String) -> Result<Jinja, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn strftime_now(format: String) -> Result<String, Error> {
    let now = jiff::Zoned::now();
    jiff::fmt::strtime::format(&format, &now)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

fn described(template: &str, error: &Error) -> ProcessorError {
    let mut reason = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        reason = format!("{reason}: {source}");
        cause = source.source();
    }
    ProcessorError::Template { template: template.into(), line: error.line().unwrap_or_default(), reason }
}

/// `{% generation %}` marks what is trained on, and changes nothing in the text; here it becomes `{% if true %}`.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(end) = rest[start..].find("%}").map(|length| start + length) else { break };
        let inside = &rest[start + 2..end];
        let name = inside.trim_matches(|edge: char| edge.is_whitespace() || edge == '-' || edge == '+');
        let instead = match name {
            "generation" => Some("if true"),
            "endgeneration" => Some("endif"),
            _ => None,
        };
        out.push_str(&rest[..start + 2]);
        match instead {
            Some(instead) => out.push_str(&inside.replace(name, instead)),
            None => out.push_str(inside),
        }
        out.push_str("%}");
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(source: &str, messages: &[Value]) -> Result<String, ProcessorError> {
        Template::new("t.jinja", source)?.render(messages, &Options::default(), &Map::new())
    }

    #[test]
    fn an_objection_names_template_and_line() {
        let source = "{% if messages %}\n{{ raise_exception('no system message, please') }}\n{% endif %}";
        let error = render(source, &[json!({})]).unwrap_err();
        assert_eq!(error.to_string(), "template t.jinja, line 2: no system message, please");
    }

    #[test]
    fn a_mistake_names_template_and_line() {
        let error = Template::new("t.jinja", "a\nb\n{% for %}").unwrap_err();
        assert!(error.to_string().starts_with("template t.jinja, line 3: "), "{error}");
        let error = render("x\n{{ messages[0].a.b }}", &[json!({})]).unwrap_err();
        assert!(error.to_string().starts_with("template t.jinja, line 2: "), "{error}");
    }

    #[test]
    fn generation_tags_change_nothing() {
        let source = "a {%- generation -%} b {%- endgeneration %} c{% generation %}d{% endgeneration %}";
        assert_eq!(render(source, &[]).unwrap(), "ab cd");
    }

    #[test]
    fn the_date_is_known() {
        let year = render("{{ strftime_now('%Y') }}", &[]).unwrap();
        assert!(year.len() == 4 && year.parse::<u32>().unwrap() > 2000);
        assert!(render("{{ strftime_now('%!') }}", &[]).is_err());
    }

    #[test]
    fn the_default_speaks_the_dialect() {
        let messages = [
            json!({"role": "system", "content": "Be brief."}),
            json!({"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}),
        ];
        assert_eq!(
            render(DEFAULT_TEMPLATE, &messages).unwrap(),
            "[gMASK]<sop><|system|>\nBe brief.<|user|>\n<|begin_of_image|><|image|><|end_of_image|>What is it?<|assistant|>\n"
        );
    }
}
