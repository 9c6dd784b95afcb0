//! Small repositories with something planted in them.

mod circles;
mod layers;
mod paths;
mod places;
mod repository;
