#![doc = include_str!("../README.md")]

#[cfg(feature = "server")]
mod catalogue;
mod language;
#[cfg(not(feature = "server"))]
mod page;
mod sentence;
#[cfg(feature = "server")]
mod text;
mod wire;

#[cfg(all(test, feature = "server"))]
mod tests;

#[cfg(feature = "server")]
pub use catalogue::given;
pub use language::Language;
#[cfg(not(feature = "server"))]
pub use page::{Text, given, take};
pub use sentence::{Piece, Values, pieces, say, sentence};
#[cfg(feature = "server")]
pub use text::Text;

#[cfg(feature = "server")]
use catalogue::{kept, template};
#[cfg(not(feature = "server"))]
use page::template;
