#![doc = include_str!("../README.md")]

mod aside;
mod line;
mod network;
mod places;
mod rates;

pub use aside::{AsideError, aside, step_back};
pub use line::{Line, Served, Taken, line};
pub use network::Network;
pub use places::{Full, Place, Places, Waiting};
pub use rates::{Left, Rate, Rates, Wait};
