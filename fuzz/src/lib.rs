//! The functions that the fuzz targets call; see [`targets`], [`wire`] and [`pow`].

pub mod pow;
pub mod targets;
pub mod wire;
