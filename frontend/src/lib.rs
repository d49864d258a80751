#![doc = include_str!("../README.md")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes over what the server rendered. Called once by the page that loads this bundle.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    #[cfg(feature = "dashboard")]
    leptos::mount::hydrate_lazy(app::dashboard::Dashboard);
}
