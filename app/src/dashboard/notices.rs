//! What waits, on every page of the dashboard: a number beside the inbox and in the title, and, where one wants them in this browser, a notice of
//! the desktop and a sound when somebody waits or answers while one looks at something else.
//!
//! One page of the browser at a time holds the connection, and tells the others; the inbox has its own besides. A page that one leaves lets go of
//! everything, so that browsers may keep it for who comes back. Without JavaScript the number is the one from when the page was made.

use super::Frame;
use crate::shell::Nonce;
use leptos::prelude::*;

/// The number beside the inbox. With what the script knows the member, and says, by.
pub(super) fn count(frame: &Frame, waiting: u32) -> AnyView {
    let shown = said(waiting);
    view! {
        <span
            class="nav__count"
            id="nav-waiting"
            hidden=waiting == 0
            data-me=frame.session.member.id.to_string()
            data-waits=t!("{name} waits for a person", name = "{name}")
            data-visitor=t!("A visitor")
        >
            {shown}
        </span>
    }
    .into_any()
}

/// The number, as it is said.
fn said(waiting: u32) -> String {
    match waiting {
        0 => String::new(),
        1..100 => waiting.to_string(),
        _ => "99+".to_owned(),
    }
}

/// A title, with the number before it.
pub(super) fn title(frame: &Frame, title: String) -> String {
    match frame.waiting.map(said) {
        Some(waiting) if !waiting.is_empty() => format!("({waiting}) {title}"),
        _ => title,
    }
}

/// Keeps the number as it is, and tells of what comes.
const LISTEN: &str = "{\
    const count = document.getElementById('nav-waiting'), { me, waits, visitor } = count.dataset, told = new Map(), { locks } = navigator;\
    const show = (n) => {\
      count.textContent = n > 99 ? '99+' : n || '';\
      count.hidden = !n;\
      if (!document.querySelector('.inbox')) document.title = (n ? `(${count.textContent}) ` : '') + document.title.replace(/^\\(\\d+\\+?\\) /, '');\
    };\
    const tell = async ({ id, contact, assignee, last_from, last_text, waiting_since }) => {\
      const mine = assignee?.id === me && last_from === 'contact', was = told.get(id);\
      if (told.size > 500) told.clear();\
      told.set(id, { since: waiting_since, text: last_text });\
      if (mine ? was?.text === last_text : !waiting_since || was?.since === waiting_since) return;\
      const wishes = JSON.parse(localStorage.getItem('samtal.notices') ?? '{}'), { held } = await locks.query();\
      if (held.some(({ name }) => name === 'samtal.looked-at')) return;\
      const name = contact.name ?? visitor;\
      if (wishes.notice && Notification.permission === 'granted') {\
        const notice = new Notification(mine ? name : waits.replace('{name}', () => name), { body: last_text ?? '', tag: id });\
        notice.onclick = () => { focus(); location.assign(`/dashboard/inbox/${id}`); };\
      }\
      if (wishes.sound) {\
        const audio = new AudioContext(), tone = audio.createOscillator(), volume = audio.createGain();\
        volume.gain.setValueAtTime(0.1, 0);\
        volume.gain.exponentialRampToValueAtTime(0.001, 0.4);\
        tone.connect(volume).connect(audio.destination);\
        tone.start();\
        tone.stop(0.4);\
        tone.onended = () => audio.close();\
      }\
    };\
    const looked = () => document.hidden || locks.request('samtal.looked-at', { mode: 'shared' },\
      () => new Promise((over) => document.addEventListener('visibilitychange', over, { once: true })));\
    let end;\
    const begin = () => {\
      const others = new BroadcastChannel('samtal.waiting:' + me), ended = new AbortController(), { signal } = ended;\
      others.onmessage = ({ data }) => show(data);\
      end = () => { ended.abort(); others.close(); };\
      const listen = (over) => {\
        let wait = 1000, socket;\
        const open = () => {\
          if (signal.aborted) return;\
          socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');\
          socket.onopen = () => socket.send('{\"type\":\"hello\"}');\
          socket.onmessage = ({ data }) => {\
            const { type, line } = JSON.parse(data);\
            if (type === 'welcome') wait = 1000;\
            if (type !== 'changed' || !line || signal.aborted) return;\
            show(line.waiting);\
            others.postMessage(line.waiting);\
            tell(line.conversation);\
          };\
          socket.onclose = ({ code }) => code === 1008 ? over() : setTimeout(open, wait = Math.min(2 * wait, 60000));\
        };\
        signal.addEventListener('abort', () => { over(); socket.close(); });\
        open();\
      };\
      locks.request('samtal.listens:' + me, { signal }, () => new Promise(listen)).catch(() => {});\
    };\
    if (locks) {\
      looked();\
      document.addEventListener('visibilitychange', looked);\
      begin();\
      addEventListener('pagehide', () => end());\
      addEventListener('pageshow', ({ persisted }) => persisted && begin());\
    }\
  }";

/// What listens.
pub(super) fn listen() -> AnyView {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    view! { <script nonce=nonce>{LISTEN}</script> }.into_any()
}

/// What one wishes in this browser: kept there, since another one may stand where a sound disturbs.
const WISH: &str = "{\
    const form = document.currentScript.previousElementSibling, { notice, sound } = form.elements, denied = form.querySelector('[role=alert]');\
    const kept = JSON.parse(localStorage.getItem('samtal.notices') ?? '{}');\
    notice.checked = kept.notice && Notification.permission === 'granted';\
    sound.checked = kept.sound;\
    form.hidden = !navigator.locks;\
    document.getElementById('notices-off').hidden = !form.hidden;\
    form.addEventListener('change', async () => {\
      if (notice.checked && await Notification.requestPermission() !== 'granted') notice.checked = false, denied.hidden = false;\
      else denied.hidden = true;\
      localStorage.setItem('samtal.notices', JSON.stringify({ notice: notice.checked, sound: sound.checked }));\
    });\
  }";

/// The part of one's account where that is chosen.
pub(super) fn wishes() -> AnyView {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    view! {
        <section class="section" aria-labelledby="notices-head">
            <div class="section__head"><div class="section__text">
                <h2 id="notices-head">{t!("Notices in this browser")}</h2>
                <p>{t!("When somebody waits for a person, or answers you, while you look at something else. A page of the dashboard has to be open.")}</p>
                <p id="notices-off">{t!("It takes JavaScript, and an address with https.")}</p>
            </div></div>
            <form class="form form--narrow" hidden>
                <label class="check"><input type="checkbox" name="notice"/><span>{t!("Show a notice on the desktop")}</span></label>
                <label class="check"><input type="checkbox" name="sound"/><span>{t!("Play a sound")}</span></label>
                <p class="field__error" role="alert" hidden>{t!("The browser does not allow notices of this page. Its settings can change that.")}</p>
            </form>
            <script nonce=nonce>{WISH}</script>
        </section>
    }
    .into_any()
}
