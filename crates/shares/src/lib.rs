#![doc = include_str!("../README.md")]

mod network;
mod places;
mod rates;

pub use network::Network;
pub use places::{Full, Place, Places, Waiting};
pub use rates::{Left, Rate, Rates, Wait};
