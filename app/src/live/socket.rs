//! The socket of a page: opened, said hello on, kept alive, opened again. It gives every frame to whoever opened it and
//! keeps nothing of what was said.

use leptos::leptos_dom::helpers::IntervalHandle;
use leptos::prelude::*;
use leptos::serde_json;
use model::live::Frame;
use std::rc::Rc;
use std::time::Duration;
use web_sys::js_sys::{Function, Math};
use web_sys::wasm_bindgen::{JsCast as _, closure::Closure};
use web_sys::{CloseEvent, Event, MessageEvent, WebSocket};

/// How often silence is looked at.
const BEAT: Duration = Duration::from_secs(10);
/// Beats of silence after which the server is asked whether it is there; one more, and it is not.
const SILENT: u32 = 3;
/// Shortest and longest wait before the socket is opened again, in milliseconds.
const SOON: u32 = 500;
const LATE: u32 = 30_000;
/// The shortest wait when the server has too much to do.
const CROWDED: u32 = 5_000;

/// How the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Not there yet.
    Idle,
    /// There.
    Open,
    /// Gone; it is tried again.
    Lost,
    /// Gone, and signing in is needed.
    SignedOut,
}

/// A socket. A copy is the same one.
#[derive(Debug, Clone, Copy)]
pub struct Live {
    link: RwSignal<Link>,
    /// Not on the server, which renders in several threads.
    inner: Option<StoredValue<Inner, LocalStorage>>,
}

#[derive(Default)]
struct Inner {
    socket: Option<WebSocket>,
    hear: Option<Rc<dyn Fn(Frame)>>,
    beat: Option<IntervalHandle>,
    tries: u32,
    silent: u32,
}

impl Default for Live {
    fn default() -> Self {
        let inner = super::IN_BROWSER.then(|| StoredValue::new_local(Inner::default()));
        Self { link: RwSignal::new(Link::Idle), inner }
    }
}

impl Live {
    /// How the connection is.
    pub fn link(self) -> Link {
        self.link.get()
    }

    /// Whether it is there.
    pub fn is_open(self) -> bool {
        self.link.get_untracked() == Link::Open
    }

    /// Opens the socket and keeps it open. `hear` gets every frame.
    pub fn open(self, hear: impl Fn(Frame) + 'static) {
        let beat = set_interval_with_handle(move || self.beat(), BEAT).ok();
        self.with(move |inner| {
            inner.hear = Some(Rc::new(hear));
            inner.beat = beat;
        });
        self.connect();
    }

    /// Ends it for good.
    pub fn close(self) {
        self.leave();
        self.with(|inner| {
            inner.hear = None;
            if let Some(beat) = inner.beat.take() {
                beat.clear();
            }
        });
    }

    /// Sends a frame, if the socket is open; what matters is sent again after `welcome`.
    pub fn send(self, frame: &str) {
        self.with(|inner| {
            if let Some(socket) = inner.socket.as_ref().filter(|s| s.ready_state() == WebSocket::OPEN) {
                // An error says that it is closing; then `close` comes next.
                let _ = socket.send_with_str(frame);
            }
        });
    }

    /// Nothing, once the page is gone.
    fn with<T>(self, change: impl FnOnce(&mut Inner) -> T) -> Option<T> {
        self.inner?.try_update_value(change)
    }

    fn connect(self) {
        if self.with(|inner| inner.hear.is_none()).unwrap_or(true) {
            return;
        }
        // http: becomes ws:, and https: wss:.
        let origin = window().location().origin().unwrap_or_default();
        let Ok(socket) = WebSocket::new(&format!("ws{}/ws", origin.trim_start_matches("http"))) else { return };
        socket.set_onopen(Some(&on(move |_| self.send(r#"{"type":"hello"}"#))));
        socket.set_onmessage(Some(&on(move |event| {
            if let Some(text) = event.unchecked_into::<MessageEvent>().data().as_string() {
                self.hear(text);
            }
        })));
        socket.set_onclose(Some(&on(move |event| self.closed(event.unchecked_into::<CloseEvent>().code()))));
        self.with(move |inner| {
            inner.silent = 0;
            inner.socket = Some(socket);
        });
    }

    /// Lets go of the socket, whatever it still has to say.
    fn leave(self) {
        if let Some(socket) = self.with(|inner| inner.socket.take()).flatten() {
            socket.set_onmessage(None);
            socket.set_onclose(None);
            // One that is closed before it is open, browsers call an error.
            if socket.ready_state() == WebSocket::CONNECTING {
                let coming = socket.clone();
                socket.set_onopen(Some(&on(move |_| {
                    let _ = coming.close();
                })));
            } else {
                let _ = socket.close();
            }
        }
    }

    fn hear(self, text: String) {
        let Ok(frame) = serde_json::from_str::<Frame>(&text) else { return };
        let welcome = frame.r#type == "welcome";
        let hear = self.with(|inner| {
            inner.silent = 0;
            if welcome {
                inner.tries = 0;
            }
            inner.hear.clone()
        });
        if welcome {
            self.link.set(Link::Open);
        }
        if frame.code.as_deref() == Some("unauthenticated") {
            self.closed(1008);
        } else if let Some(hear) = hear.flatten() {
            hear(frame);
        }
    }

    fn closed(self, code: u16) {
        self.leave();
        if code == 1008 {
            self.link.set(Link::SignedOut);
            return;
        }
        self.link.set(Link::Lost);
        let tries = self.with(|inner| {
            inner.tries += 1;
            inner.tries - 1
        });
        let first = if code == 1013 { CROWDED } else { SOON };
        let wait = (first << tries.unwrap_or_default().min(6)).min(LATE);
        let wait = f64::from(wait) * (1.0 + Math::random() / 2.0);
        set_timeout(move || self.connect(), Duration::from_millis(wait as u64));
    }

    fn beat(self) {
        let silent = self.with(|inner| {
            inner.silent += u32::from(inner.socket.is_some());
            inner.silent
        });
        match silent {
            Some(SILENT) => self.send(r#"{"type":"ping"}"#),
            Some(silent) if silent > SILENT => {
                self.with(|inner| inner.silent = 0);
                self.closed(1006);
            }
            _ => {}
        }
    }
}

/// A function for the browser. All are of one kind, so that there is one in the bundle.
fn on(what: impl Fn(Event) + 'static) -> Function {
    Closure::<dyn Fn(Event)>::new(what).into_js_value().unchecked_into()
}
