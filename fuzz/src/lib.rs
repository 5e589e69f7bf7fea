//! The functions that the fuzz targets call; see [`targets`] and [`wire`].

pub mod targets;
pub mod wire;
