//! What waits, on every page of the dashboard: a number beside the inbox and in the title, and, where one wants them in this browser, a notice of
//! the desktop and a sound when somebody waits or answers while one looks at something else.
//!
//! Each page has a socket of its own. Of several that are not looked at one tells, and says so to the others; where one is looked at, none does. Without
//! JavaScript the number is the one from when the page was made.

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
            data-said=say_waiting()
        >
            <span>{shown}</span><span class="visually-hidden">{if waiting > 0 { say_waiting() } else { String::new() }}</span>
        </span>
    }
    .into_any()
}

/// What is read out behind the number.
fn say_waiting() -> String {
    format!(" {}", t!("need a person"))
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
    const count = document.getElementById('nav-waiting'), { me, waits, visitor, said } = count.dataset, [number, words] = count.children, told = new Map(), known = new Set();\
    const show = (n) => {\
      number.textContent = n > 99 ? '99+' : n || '';\
      words.textContent = n ? said : '';\
      count.hidden = !n;\
      if (!document.querySelector('.inbox')) document.title = (n ? `(${number.textContent}) ` : '') + document.title.replace(/^\\(\\d+\\+?\\) /, '');\
    };\
    const sound = () => {\
      const audio = new AudioContext(), tone = audio.createOscillator(), volume = audio.createGain();\
      if (audio.state !== 'running') return audio.close();\
      volume.gain.setValueAtTime(0.1, 0);\
      volume.gain.exponentialRampToValueAtTime(0.001, 0.4);\
      tone.connect(volume).connect(audio.destination);\
      tone.start();\
      tone.stop(0.4);\
      tone.onended = () => audio.close();\
    };\
    let socket, beat, heard, wait = 1000;\
    const tell = ({ id, contact, assignee, last_from, last_text, waiting_since }) => {\
      const mine = assignee?.id === me && last_from === 'contact', was = told.get(id);\
      if (told.size > 500) told.clear(), known.clear();\
      told.set(id, { since: waiting_since, text: last_text });\
      if (mine ? was?.text === last_text : !waiting_since || was?.since === waiting_since) return;\
      const what = id + (mine ? last_text : waiting_since), say = () => { known.add(what); others.postMessage(what); };\
      if (!document.hidden) return say();\
      setTimeout(() => {\
        if (known.has(what) || !document.hidden) return;\
        say();\
        const wishes = JSON.parse(localStorage.getItem('samtal.notices') ?? '{}'), name = contact.name ?? visitor;\
        if (wishes.sound) sound();\
        if (wishes.notice && globalThis.Notification?.permission === 'granted') try {\
          const notice = new Notification(mine ? name : waits.replace('{name}', () => name), { body: last_text ?? '', tag: id });\
          notice.onclick = () => { notice.close(); open(`/dashboard/inbox/${id}`); };\
        } catch {}\
      }, 200 + 600 * Math.random());\
    };\
    const others = new BroadcastChannel('samtal.told:' + me);\
    others.onmessage = ({ data }) => known.add(data);\
    const listen = () => {\
      const mine = socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');\
      heard = Date.now();\
      beat = setInterval(() => {\
        if (Date.now() - heard > 75000) mine.close();\
        else if (mine.readyState === 1) mine.send('{\"type\":\"ping\"}');\
      }, 30000);\
      mine.onopen = () => mine.send('{\"type\":\"hello\"}');\
      mine.onmessage = ({ data }) => {\
        const { type, line, waiting = line?.waiting } = JSON.parse(data);\
        heard = Date.now();\
        if (type === 'welcome') wait = 1000;\
        if (waiting !== undefined) show(waiting);\
        if (line) tell(line.conversation);\
        else if (type === 'changed' && waiting === undefined) mine.close();\
      };\
      mine.onclose = ({ code }) => {\
        if (mine !== socket) return;\
        clearInterval(beat);\
        if (code !== 1008) setTimeout(listen, wait = Math.min(2 * wait, 60000));\
      };\
    };\
    listen();\
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
    notice.checked = kept.notice && globalThis.Notification?.permission === 'granted';\
    sound.checked = kept.sound;\
    form.hidden = false;\
    document.getElementById('notices-off').hidden = true;\
    form.addEventListener('change', async () => {\
      if (notice.checked && await globalThis.Notification?.requestPermission() !== 'granted') notice.checked = false, denied.hidden = false;\
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
                <p id="notices-off">{t!("It takes JavaScript.")}</p>
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
