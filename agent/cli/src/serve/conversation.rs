//! The messages of a request, as chat templates read them, and their pictures.

use glim_processor::{Content, Message, Options, Processor};
use serde_json::{Map, Value, json};

use super::fields::{Fields, wrong};
use super::picture;
use super::refusal::Refusal;

/// Pictures of one request at the most. The context is shorter still for all but small ones.
pub(crate) const PICTURES: usize = 64;

/// What is to be continued.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation {
    /// What was said; pictures are encoded still.
    pub messages: Vec<Message>,
    /// Where in the request each picture stands, in their order.
    pub places: Vec<String>,
    /// Tools, and further variables of the template.
    pub options: Options,
}

impl Conversation {
    /// Takes `messages`, `tools`, `tool_choice` and `chat_template_kwargs` from a request.
    ///
    /// # Errors
    /// If they are not of the protocol, or ask for what is not done here.
    pub fn take(fields: &mut Fields) -> Result<Conversation, Refusal> {
        let messages = fields.list("messages")?.unwrap_or_default();
        if messages.is_empty() {
            return Err(Refusal::invalid("`messages` must hold at least one message").param("messages"));
        }
        let mut conversation = Conversation::default();
        for (index, message) in messages.into_iter().enumerate() {
            let message = conversation.message(message, &format!("messages[{index}]"))?;
            conversation.messages.push(message);
        }
        let variables = fields.object("chat_template_kwargs")?.unwrap_or_default();
        for ours in ["messages", "tools", "add_generation_prompt"] {
            if variables.contains_key(ours) {
                let message = format!("`{ours}` of the template is set by the server");
                return Err(Refusal::invalid(message).param(format!("chat_template_kwargs.{ours}")));
            }
        }
        conversation.options = Options { tools: tools(fields)?, variables, ..Options::default() };
        Ok(conversation)
    }

    /// Where the first picture stands that `processor` does not take, once it has refused the whole.
    pub fn culprit(&self, processor: &Processor) -> Option<&str> {
        let parts = self.messages.iter().flat_map(|message| &message.content);
        let files = parts.filter_map(|part| if let Content::Image(file) = part { Some(file) } else { None });
        files.zip(&self.places).find(|(file, _)| processor.image(file).is_err()).map(|(_, place)| place.as_str())
    }

    fn message(&mut self, message: Value, place: &str) -> Result<Message, Refusal> {
        let mut fields = Fields::of(message, place)?;
        let role = fields.text("role")?.unwrap_or_default();
        let role = match role.as_str() {
            // Later models of OpenAI call it so.
            "developer" | "system" => "system",
            "user" | "assistant" | "tool" => role.as_str(),
            _ => {
                let message =
                    format!("`{place}.role` must be system, developer, user, assistant or tool, not `{role}`");
                return Err(Refusal::invalid(message).param(format!("{place}.role")));
            }
        };
        let mut read = Message::new(role, []);
        let content = fields.take("content");
        if role == "assistant" {
            if let Some(thought) = fields.text("reasoning_content")? {
                read.fields.insert("reasoning_content".to_owned(), thought.into());
            }
            let calls = fields.list("tool_calls")?.unwrap_or_default();
            if content.is_none() && calls.is_empty() {
                let message = format!("`{place}` has neither `content` nor `tool_calls`");
                return Err(Refusal::invalid(message).param(format!("{place}.content")));
            }
            if let Some(content) = content {
                read.content = self.content(content, place, false)?;
            }
            if !calls.is_empty() {
                let calls = calls.into_iter().enumerate();
                let calls: Result<Vec<Value>, Refusal> =
                    calls.map(|(index, call)| tool_call(call, &format!("{place}.tool_calls[{index}]"))).collect();
                read.fields.insert("tool_calls".to_owned(), calls?.into());
            }
        } else {
            // A tool may answer with a screenshot.
            read.content = self.content(content.unwrap_or(Value::Null), place, role != "system")?;
            if let Some(id) = fields.text("tool_call_id")? {
                read.fields.insert("tool_call_id".to_owned(), id.into());
            }
        }
        Ok(read)
    }

    fn content(&mut self, content: Value, place: &str, pictures: bool) -> Result<Vec<Content>, Refusal> {
        let place = format!("{place}.content");
        match content {
            Value::String(text) => Ok(vec![text.into()]),
            Value::Array(parts) => {
                let parts = parts.into_iter().enumerate();
                parts.map(|(index, part)| self.part(part, &format!("{place}[{index}]"), pictures)).collect()
            }
            other => Err(wrong(&place, "a string or a list of parts", &other)),
        }
    }

    fn part(&mut self, part: Value, place: &str, pictures: bool) -> Result<Content, Refusal> {
        let mut fields = Fields::of(part, place)?;
        let kind = fields.text("type")?.unwrap_or_default();
        let lacks = |field: &str| Refusal::invalid(format!("`{place}` has no `{field}`")).param(place);
        match kind.as_str() {
            "text" => Ok(fields.text("text")?.ok_or_else(|| lacks("text"))?.into()),
            "refusal" => Ok(fields.text("refusal")?.ok_or_else(|| lacks("refusal"))?.into()),
            "image_url" if pictures => {
                let url = match fields.take("image_url").ok_or_else(|| lacks("image_url"))? {
                    Value::String(url) => url,
                    // `detail` has no meaning here: the model sees each picture as it is, up to its own limit.
                    object => Fields::of(object, &fields.name("image_url"))?
                        .text("url")?
                        .ok_or_else(|| lacks("image_url.url"))?,
                };
                if self.places.len() == PICTURES {
                    let message = format!("a request may hold {PICTURES} pictures at the most");
                    return Err(Refusal::invalid(message).param(place).code("too_many_images"));
                }
                let place = format!("{place}.image_url.url");
                let file = picture::from_url(&url, &place)?;
                self.places.push(place);
                Ok(Content::Image(file.into()))
            }
            "image_url" => {
                Err(Refusal::invalid("pictures may stand in messages of the roles user and tool").param(place))
            }
            other => {
                let message = format!("parts of the type `{other}` are not read; `text` and `image_url` are");
                Err(Refusal::invalid(message).param(format!("{place}.type")))
            }
        }
    }
}

/// A call of an earlier reply. Templates want its arguments as an object, the protocol has them as text.
fn tool_call(call: Value, place: &str) -> Result<Value, Refusal> {
    let mut fields = Fields::of(call, place)?;
    let id = fields.text("id")?;
    let place = format!("{place}.function");
    let function = fields.take("function");
    let mut function =
        Fields::of(function.ok_or_else(|| Refusal::invalid(format!("`{place}` is missing")).param(&place))?, &place)?;
    let name = function.text("name")?;
    let name = name.ok_or_else(|| Refusal::invalid(format!("`{place}.name` is missing")).param(&place))?;
    let arguments = match function.take("arguments") {
        None => Map::new(),
        Some(Value::Object(arguments)) => arguments,
        Some(Value::String(text)) if text.trim().is_empty() => Map::new(),
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|error| {
            let message = format!("`{place}.arguments` is not the text of a JSON object: {error}");
            Refusal::invalid(message).param(format!("{place}.arguments"))
        })?,
        Some(other) => return Err(wrong(&format!("{place}.arguments"), "the text of a JSON object", &other)),
    };
    Ok(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}))
}

/// The tools that may be called; none if the choice is `none`.
fn tools(fields: &mut Fields) -> Result<Vec<Value>, Refusal> {
    let tools = fields.list("tools")?.unwrap_or_default();
    for (index, tool) in tools.iter().enumerate() {
        let place = format!("tools[{index}]");
        if tool.get("type").and_then(Value::as_str) != Some("function") {
            return Err(Refusal::invalid(format!("`{place}.type` must be `function`")).param(place));
        }
        if tool.pointer("/function/name").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refusal::invalid(format!("`{place}.function.name` is missing")).param(place));
        }
    }
    match fields.take("tool_choice") {
        None => Ok(tools),
        Some(Value::String(choice)) if choice == "auto" => Ok(tools),
        Some(Value::String(choice)) if choice == "none" => Ok(Vec::new()),
        Some(_) => {
            let message = "`tool_choice` may be `auto` or `none`: this server cannot make the model call a tool";
            Err(Refusal::invalid(message).param("tool_choice").code("unsupported_value"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::{data_url, png};
    use super::*;

    fn take(request: Value) -> Result<Conversation, Refusal> {
        Conversation::take(&mut Fields::of_request(request).expect("it is an object"))
    }

    #[test]
    fn pictures_keep_their_order() {
        let (first, second) = (png(2, 3), png(4, 5));
        let read = take(json!({"messages": [
            {"role": "developer", "content": "Be short."},
            {"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": data_url(&first), "detail": "high"}},
                {"type": "text", "text": "and"},
                {"type": "image_url", "image_url": data_url(&second)},
            ]},
        ]}))
        .expect("it is of the protocol");
        assert_eq!(read.places, ["messages[1].content[0].image_url.url", "messages[1].content[2].image_url.url"]);
        assert_eq!((read.messages[0].role.as_str(), read.messages[1].role.as_str()), ("system", "user"));
        let Content::Text(words) = &read.messages[0].content[0] else { panic!("words are words") };
        assert_eq!(words, "Be short.");
        let [Content::Image(one), Content::Text(and), Content::Image(other)] = &read.messages[1].content[..] else {
            panic!("{:?}", read.messages[1]);
        };
        assert_eq!((&one[..], and.as_str(), &other[..]), (&first[..], "and", &second[..]));
    }

    #[test]
    fn calls_of_earlier_replies_get_their_arguments_as_objects() {
        let call = json!({"name": "weather", "arguments": "{\"city\":\"Rome\"}"});
        let read = take(json!({
            "messages": [
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "content": null, "reasoning_content": "Ask.", "tool_calls": [
                    {"id": "call_1", "type": "function", "function": call},
                ]},
                {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
            ],
            "tools": [{"type": "function", "function": {"name": "weather"}}],
            "chat_template_kwargs": {"enable_thinking": false},
        }))
        .expect("it is of the protocol");
        let [_, asked, told] = &read.messages[..] else { panic!("{:?}", read.messages) };
        assert_eq!(asked.fields["tool_calls"][0]["function"]["arguments"]["city"], "Rome");
        assert!(asked.content.is_empty() && asked.fields["reasoning_content"] == "Ask.");
        assert_eq!(told.fields["tool_call_id"], "call_1");
        assert_eq!((read.options.tools.len(), &read.options.variables["enable_thinking"]), (1, &json!(false)));
        assert!(read.options.add_generation_prompt);
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused_where_it_stands() {
        let one = |message: Value| json!({"messages": [message]});
        let many: Vec<_> =
            (0..=PICTURES).map(|_| json!({"type": "image_url", "image_url": {"url": data_url(&png(1, 1))}})).collect();
        for (request, param) in [
            (json!({}), "messages"),
            (json!({"messages": "hello"}), "messages"),
            (json!({"messages": ["hello"]}), "messages[0]"),
            (one(json!({"role": "robot", "content": "x"})), "messages[0].role"),
            (one(json!({"role": "user"})), "messages[0].content"),
            (one(json!({"role": "user", "content": 3})), "messages[0].content"),
            (one(json!({"role": "assistant"})), "messages[0].content"),
            (one(json!({"role": "user", "content": [{"type": "video_url"}]})), "messages[0].content[0].type"),
            (one(json!({"role": "user", "content": [{"type": "text"}]})), "messages[0].content[0]"),
            (one(json!({"role": "system", "content": [{"type": "image_url"}]})), "messages[0].content[0]"),
            (one(json!({"role": "user", "content": many})), "messages[0].content[64]"),
            (
                one(json!({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]})),
                "messages[0].tool_calls[0].function.arguments",
            ),
            (json!({"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function"}]}), "tools[0]"),
            (json!({"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}), "tool_choice"),
            (
                json!({"messages": [{"role": "user", "content": "x"}], "chat_template_kwargs": {"messages": []}}),
                "chat_template_kwargs.messages",
            ),
        ] {
            let refusal = take(request).expect_err(param);
            assert_eq!(refusal.body()["error"]["param"], param, "{refusal:?}");
        }
    }
}
