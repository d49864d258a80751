//! A release carries its bundles inside; without them the build stops and names the command.
use std::path::Path;

fn main() {
    let manifest = Path::new("../target/bundle/manifest.json");
    println!("cargo:rerun-if-changed={}", manifest.display());
    println!("cargo:rerun-if-changed=build.rs");
    let embeds = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if embeds && !manifest.exists() {
        println!("cargo::error=the bundles are missing: run `scripts/cargo xtask bundle --release` first");
    }
}
