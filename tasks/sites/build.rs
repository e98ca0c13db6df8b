//! Has the crate built again when a template or static file changes: the macro that embeds them cannot say so itself.

fn main() {
    println!("cargo:rerun-if-changed=templates");
    println!("cargo:rerun-if-changed=static");
}
