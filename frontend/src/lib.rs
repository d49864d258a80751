#![doc = include_str!("../README.md")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Room for the bundler: it gives each piece its own constants, beginning at a multiple of eight. In a segment of the length
/// that the linker saw they do not fit, and it would leave all of them to the piece that every page loads.
#[used]
static ROOM: [u8; 1024] = [1; 1024];

/// Takes over what the server rendered. Called once by the page that loads this bundle.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    #[cfg(feature = "dashboard")]
    leptos::mount::hydrate_lazy(app::dashboard::Dashboard);
}
