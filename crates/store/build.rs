//! A changed migration rebuilds this crate, which embeds them.
fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
