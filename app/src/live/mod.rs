//! What happens elsewhere, as it happens, and what the browser asks by itself. The server never runs any of it.

pub mod ask;
mod socket;

pub use model::live::Frame;
pub use socket::{Link, Live};

use leptos::prelude::{document, window};
use web_sys::Element;
use web_sys::js_sys::{Function, Reflect};
use web_sys::wasm_bindgen::{JsCast as _, JsValue};

/// Whether this is the browser's part, and not the server's.
pub const IN_BROWSER: bool = !cfg!(feature = "ssr");

/// To be said first by an island: that it is what the server made, so that the code finds what it looks for (`shell::as_made`).
pub fn take_over() {
    if IN_BROWSER {
        let put_back = Reflect::get(&window(), &"takeOver".into()).ok().and_then(|f| f.dyn_into::<Function>().ok());
        // An error says that there is nothing to put back.
        let _ = put_back.map(|put_back| put_back.call0(&JsValue::NULL));
    }
}

/// The part of the page with that id.
pub fn part(id: &str) -> Option<Element> {
    document().get_element_by_id(id)
}
