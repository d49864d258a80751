//! The program `samtal`: the command line of the library, with the files of the bundle inside. Nothing else stands here, so
//! that a new bundle costs a second and not the server.

use server::files::Files;
use std::process::ExitCode;

/// The bundle of a release. Missing? Run `scripts/cargo xtask bundle --release` first.
#[cfg(not(debug_assertions))]
mod bundle {
    /// What every bundle has; a new one has another.
    const _: &str = include_str!("../../target/bundle/manifest.json");

    #[derive(rust_embed::RustEmbed)]
    #[folder = "../target/bundle"]
    #[allow_missing = true]
    pub struct Files;
}

#[cfg(not(debug_assertions))]
const FILES: Files = Files(|place| bundle::Files::get(place).map(|file| file.data));
#[cfg(debug_assertions)]
const FILES: Files = Files::ON_DISK;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::commands::main(FILES)
}
