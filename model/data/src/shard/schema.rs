//! The columns of a shard.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};

/// The column with the picture.
pub(super) const PICTURE: &str = "image";

/// The key of the schema that Hugging Face `datasets` reads, and what it is told. Other columns speak for themselves.
const HUGGINGFACE: (&str, &str) = ("huggingface", r#"{"info": {"features": {"image": {"_type": "Image"}}}}"#);

/// The picture and the record.
pub(super) fn whole() -> SchemaRef {
    let picture = Field::new(PICTURE, DataType::Struct(picture_fields()), true);
    let fields: Fields = std::iter::once(Arc::new(picture)).chain(record().fields().iter().cloned()).collect();
    Arc::new(Schema::new_with_metadata(fields, [HUGGINGFACE]))
}

/// `bytes` and `path`, as `datasets` has them.
pub(super) fn picture_fields() -> Fields {
    vec![field("bytes", DataType::Binary), text("path")].into()
}

/// The fields of [`crate::Screen`], in its order. Columns may be null for other writers' sake; ours are not.
pub(super) fn record() -> SchemaRef {
    let mut fields = vec![field("schema_version", DataType::UInt32)];
    fields.extend(["screen_id", "page_id", "url", "final_url", "site", "fetched_at"].map(text));
    fields.push(field("status", DataType::UInt16));
    fields.push(structure("source", source()));
    fields.extend(["license", "lang", "title", "heading"].map(text));
    fields.push(structure("view", view()));
    fields.push(numbers("scroll"));
    fields.push(structures("trail", trail()));
    fields.push(text("browser"));
    fields.push(structure("image_info", image_info()));
    fields.push(structures("elements", element()));
    fields.push(structures("lines", line()));
    fields.push(structures("questions", question()));
    fields.push(text("html"));
    Arc::new(Schema::new(fields))
}

fn source() -> Vec<Field> {
    let long = |name| field(name, DataType::UInt64);
    vec![text("kind"), text("archive"), long("offset"), long("length"), text("digest")]
}

fn view() -> Vec<Field> {
    let scale = field("scale", DataType::Float32);
    vec![text("name"), count("width"), count("height"), scale, flag("mobile"), flag("dark"), text("locale")]
}

fn trail() -> Vec<Field> {
    let mut fields = ["action", "argument", "role", "name", "screen_id"].map(text).to_vec();
    fields.extend([count("element"), numbers("box_px")]);
    fields
}

fn image_info() -> Vec<Field> {
    vec![text("sha256"), text("phash"), count("width"), count("height"), text("format")]
}

fn element() -> Vec<Field> {
    let mut fields = vec![count("id")];
    fields.extend(["role", "tag", "text", "text_source", "name", "value", "kind", "input_type"].map(text));
    fields.push(list("states", DataType::Utf8));
    fields.extend([numbers("box_px"), places("fragments_px"), numbers("point_px")]);
    fields.push(field("visible", DataType::Float32));
    fields.push(field("shown", DataType::Float32));
    fields.extend(["clickable", "editable", "scrollable"].map(flag));
    fields.push(count("n_same_text"));
    fields.extend([list("reject", DataType::Utf8), list("frame", DataType::UInt32)]);
    fields
}

fn line() -> Vec<Field> {
    let angle = field("angle", DataType::Float32);
    let words = structures("words", vec![text("text"), numbers("box_px")]);
    vec![text("text"), numbers("box_px"), angle, count("block"), words]
}

fn question() -> Vec<Field> {
    let mut fields = ["id", "task", "kind", "template", "expression", "prompt", "answer"].map(text).to_vec();
    fields.extend([list("targets", DataType::UInt32), places("boxes_px"), places("points_px")]);
    fields
}

fn field(name: &str, of: DataType) -> Field {
    Field::new(name, of, true)
}

fn text(name: &str) -> Field {
    field(name, DataType::Utf8)
}

fn count(name: &str) -> Field {
    field(name, DataType::UInt32)
}

fn flag(name: &str) -> Field {
    field(name, DataType::Boolean)
}

fn list(name: &str, of: DataType) -> Field {
    field(name, DataType::List(Arc::new(Field::new("item", of, true))))
}

/// A box or a point. Lists of a fixed size would say more, but readers stumble over them inside lists of structs.
fn numbers(name: &str) -> Field {
    list(name, DataType::Float32)
}

fn places(name: &str) -> Field {
    list(name, numbers("item").data_type().clone())
}

fn structure(name: &str, of: Vec<Field>) -> Field {
    field(name, DataType::Struct(of.into()))
}

fn structures(name: &str, of: Vec<Field>) -> Field {
    list(name, DataType::Struct(of.into()))
}
