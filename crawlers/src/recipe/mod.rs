//! What a crawl is told to do, as it stands in a recipe.

pub mod source;
