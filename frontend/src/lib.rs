#![doc = include_str!("../README.md")]

// The islands are exported by the crate that they stand in.
pub use app;
use wasm_bindgen::prelude::wasm_bindgen;

/// Room for the bundler: it gives each piece its own constants, beginning at a multiple of eight. In a segment of the length
/// that the linker saw they do not fit, and it would leave all of them to the piece that every page loads.
#[used]
static ROOM: [u8; 1024] = [1; 1024];

/// Makes ready for islands. Called once by a page that has some.
#[wasm_bindgen]
pub fn start() {
    console_error_panic_hook::set_once();
    app::say::bring();
    leptos::mount::hydrate_islands();
}
