//! The functions that the fuzz targets call; see [`targets`].

pub mod targets;
