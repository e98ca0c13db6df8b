//! The messages of an event file, in the wire format of protocol buffers: a key (number and type) before each field.

/// `DataClass` of TensorBoard for texts.
const TENSOR: u64 = 2;
/// `DataType` of TensorFlow for texts.
const DT_STRING: u64 = 7;
/// `SessionLog.SessionStatus`.
const START: u64 = 1;

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.0.push(value.to_le_bytes()[0]);
    }

    fn number(mut self, field: u64, value: u64) -> Message {
        self.key(field, 0);
        self.varint(value);
        self
    }

    fn double(mut self, field: u64, value: f64) -> Message {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn float(mut self, field: u64, value: f32) -> Message {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Message {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn message(self, field: u64, message: &Message) -> Message {
        self.bytes(field, &message.0)
    }
}

fn event(time: f64, step: u64) -> Message {
    Message::default().double(1, time).number(2, step)
}

/// `Event { file_version }`, the first of a file.
pub(super) fn version(time: f64) -> Vec<u8> {
    event(time, 0).bytes(3, b"brain.Event:2").0
}

/// `Event { session_log { status: START } }`: earlier files say nothing of `step` and later ones.
pub(super) fn start(time: f64, step: u64) -> Vec<u8> {
    event(time, step).message(7, &Message::default().number(1, START)).0
}

/// `Event { summary { value } }`.
pub(super) fn summary(time: f64, step: u64, values: impl IntoIterator<Item = Value>) -> Vec<u8> {
    let summary = values.into_iter().fold(Message::default(), |summary, value| summary.message(1, &value.0));
    event(time, step).message(5, &summary).0
}

/// `Summary.Value`.
pub(super) struct Value(Message);

/// `Value { tag, simple_value }`.
pub(super) fn scalar(tag: &str, value: f32) -> Value {
    Value(tagged(tag).float(2, value))
}

/// `Value { tag, metadata { plugin_data { "text" } }, tensor { text } }`.
pub(super) fn text(tag: &str, text: &str) -> Value {
    let plugin = Message::default().bytes(1, b"text");
    let metadata = Message::default().message(1, &plugin).number(4, TENSOR);
    // A shape without sides: one text, and not a table of them.
    let shape = Message::default();
    let tensor = Message::default().number(1, DT_STRING).message(2, &shape).bytes(8, text.as_bytes());
    Value(tagged(tag).message(8, &tensor).message(9, &metadata))
}

/// `Value { tag, image { height, width, colorspace, encoded_image_string } }`.
pub(super) fn picture(tag: &str, width: u32, height: u32, png: &[u8]) -> Value {
    // Colours as the file has them; 3 is what all writers say.
    let image = Message::default().number(1, height.into()).number(2, width.into()).number(3, 3).bytes(4, png);
    Value(tagged(tag).message(4, &image))
}

fn tagged(tag: &str) -> Message {
    Message::default().bytes(1, tag.as_bytes())
}
