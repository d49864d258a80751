//! The files of the bundle: those of the program, or those on disk. The files themselves are the program's (`main.rs`), so
//! that everything here compiles while they are made.

use std::borrow::Cow;
use std::path::Component;

/// Gives a file of the bundle by its place there.
#[derive(Debug, Clone, Copy)]
pub struct Files(pub fn(&str) -> Option<Cow<'static, [u8]>>);

impl Files {
    /// For commands that serve nothing.
    pub const NONE: Self = Self(|_| None);
    /// Those in `target/bundle` as they are at the moment: for development and tests.
    pub const ON_DISK: Self = Self(|place| {
        let inside = std::path::Path::new(place).components().all(|part| matches!(part, Component::Normal(_)));
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bundle/");
        inside.then(|| std::fs::read(format!("{file}{place}")).ok())?.map(Cow::Owned)
    });

    /// The file at a place.
    pub fn get(self, place: &str) -> Option<Cow<'static, [u8]>> {
        (self.0)(place)
    }
}
