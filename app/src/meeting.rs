//! The page of a meeting: what stands before the door, and the room. Made by the server in one, without WASM; what moves in it is `meet/`, which
//! finds its places by the `data-meet-…` attributes here.

use crate::say::say;
use crate::shell::{Nonce, Page, Surface};
use crate::site::SkipLink;
use crate::ui::Brand;
use leptos::prelude::*;
use model::meeting::REACTIONS;
use words::{Text, noted};

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Lobby {
    /// As it stands in the link.
    pub code: String,
    /// Where the form is sent.
    pub join: String,
    /// What the meeting is called.
    pub title: String,
    /// What a member is called, or somebody who has typed it.
    pub name: Option<String>,
    /// Whether that is a member, who need not say who they are.
    pub member: bool,
    /// Whether it takes a passcode.
    pub passcode: bool,
    /// Whether guests wait.
    pub waits: bool,
    /// When it is to begin, where that is to come.
    pub begins: Option<String>,
    /// Where one goes from here; nowhere, in the page of another site.
    pub back: Option<&'static str>,
    /// The code of the page, in this build.
    pub script: Option<String>,
    /// What the code is told, as JSON that is fit for a page: settings, and sentences.
    pub settings: String,
    /// And its sentences.
    pub words: String,
    /// Whether a form was sent, which the page's code would have taken.
    pub without_code: bool,
}

/// What the page's code says, by its names for it. What is filled in, it fills in.
pub const WORDS: &[(&str, &str)] = &[
    (
        "no_webrtc",
        noted!(
            "This browser cannot carry meetings (it has no WebRTC). Open the link in a current Firefox, Chrome, Edge or Safari."
        ),
    ),
    ("insecure", noted!("Browsers give camera and microphone to pages over https alone. Open the link with https://.")),
    (
        "no_media",
        noted!(
            "This server carries no sound and pictures just now. Try again in a minute; if it stays so, tell whoever runs it."
        ),
    ),
    ("permission_microphone", noted!("The microphone is blocked for this page.")),
    ("permission_camera", noted!("The camera is blocked for this page.")),
    (
        "permission_chrome",
        noted!("Click the icon left of the address, allow camera and microphone, then load the page again."),
    ),
    (
        "permission_firefox",
        noted!("Click the crossed-out icon left of the address, remove the block, then load the page again."),
    ),
    (
        "permission_safari",
        noted!(
            "Choose Settings for this website in the menu Safari, allow camera and microphone, then load the page again."
        ),
    ),
    (
        "permission_other",
        noted!("Allow camera and microphone in the browser's settings of this page, then load it again."),
    ),
    (
        "permission_system",
        noted!(
            "The system blocks it for the browser. Allow it in the system's settings of privacy, then load the page again."
        ),
    ),
    (
        "not_lent",
        noted!(
            "The page around this one does not lend it camera or microphone. You can join without; tell whoever runs that page."
        ),
    ),
    ("no_microphone", noted!("No microphone was found. Plug one in; the others can hear you then.")),
    ("no_camera", noted!("No camera was found. You can join without; the others see your name.")),
    ("in_use", noted!("Another program is using it. Close that one, then turn it on again.")),
    ("device_failed", noted!("It could not be turned on. Unplug it and plug it in again, or choose another one.")),
    ("device_lost", noted!("{name} is no longer there. Another device is used instead.")),
    ("device_gone", noted!("{name} is no longer there.")),
    ("screen_refused", noted!("No screen was chosen. Press the button again and choose one.")),
    (
        "screen_system",
        noted!(
            "The system does not let the browser see the screen. Allow it in the system's settings of privacy, then start the browser again."
        ),
    ),
    (
        "screen_not_lent",
        noted!(
            "The page around this one does not lend it the screen. Open the meeting's link by itself to share yours; tell whoever runs that page."
        ),
    ),
    (
        "screen_failed",
        noted!(
            "The screen could not be shared. Choose another screen or window; if none can be, look in the system's settings of privacy whether the browser may see the screen."
        ),
    ),
    ("screen_unable", noted!("This browser cannot share a screen. On a phone, join with a computer as well.")),
    ("screen_other", noted!("{name} is sharing a screen. Ask them to stop first, or share beside them.")),
    ("begins", noted!("Begins {at}.")),
    ("speaker_heard", noted!("Did you hear it? If not, choose another speaker.")),
    ("default_device", noted!("As the system has it")),
    ("unnamed_device", noted!("Device {count}")),
    ("admitted", noted!("You were let in.")),
    ("ask_anew", noted!("You were away for long and are not waiting any more. Press the button to ask again.")),
    ("reconnecting", noted!("The connection was lost. Trying to come back.")),
    ("back_again", noted!("You are back.")),
    (
        "way_closed",
        noted!(
            "No way for sound and pictures could be opened: your network blocks it. Try another network, such as a phone's, or ask whoever runs yours to let UDP or TCP to this server through."
        ),
    ),
    ("way_lost", noted!("Sound and pictures were lost. Trying to bring them back.")),
    ("offline", noted!("You are offline. The page comes back by itself when you are not.")),
    ("locked_out", noted!("The meeting is locked: nobody new comes in. Ask a host to unlock it.")),
    (
        "token_over",
        noted!("What the page around this one had for you is no longer good. Come back, and say who you are."),
    ),
    ("removed_title", noted!("You were taken out of the meeting")),
    ("removed", noted!("A host has taken you out. Ask them, if that was a mistake.")),
    ("refused_title", noted!("You were not let in")),
    ("refused", noted!("A host did not let you in. Ask them, if that was a mistake.")),
    ("ended_title", noted!("The meeting is over")),
    ("ended", noted!("It has ended for everybody. You can close this page.")),
    ("left_title", noted!("You have left the meeting")),
    ("left", noted!("The others are still there. You can come back.")),
    ("left_alone", noted!("You can come back until it is over.")),
    ("elsewhere_title", noted!("You joined on another page")),
    ("elsewhere", noted!("The meeting goes on there. You can bring it back to this one.")),
    ("not_found", noted!("There is no meeting here, or it is over. Ask who sent you the link for a new one.")),
    ("came", noted!("{name} has come.")),
    ("went", noted!("{name} has left.")),
    ("waits", noted!("{name} is waiting to be let in.")),
    ("hand_up", noted!("{name} has raised a hand.")),
    ("muted_by", noted!("{name} has muted you. Turn the microphone on to speak.")),
    ("stopped_by", noted!("{name} has turned your camera off.")),
    ("unshared_by", noted!("{name} has stopped your screen. Nobody sees it any more.")),
    ("shares", noted!("{name} is sharing a screen.")),
    ("speaker_now", noted!("You may speak and be seen now.")),
    ("share_end", noted!("Sharing has ended.")),
    ("you", noted!("You")),
    ("you_share", noted!("You are sharing your screen.")),
    ("you_are_host", noted!("You are a host now.")),
    ("role_host", noted!("Host")),
    ("role_speaker", noted!("Speaker")),
    ("role_viewer", noted!("Viewer")),
    ("viewer_only", noted!("You watch and listen. A host can let you speak.")),
    ("mark_muted", noted!("muted")),
    ("mark_hand", noted!("hand raised")),
    ("mark_away", noted!("reconnecting")),
    ("mark_shares", noted!("sharing")),
    ("mute", noted!("Mute")),
    ("unmute", noted!("Unmute")),
    ("camera_on", noted!("Turn the camera on")),
    ("camera_off", noted!("Turn the camera off")),
    ("share", noted!("Share the screen")),
    ("unshare", noted!("Stop sharing")),
    ("hand_raise", noted!("Raise the hand")),
    ("hand_lower", noted!("Lower the hand")),
    ("pin", noted!("Pin {name}")),
    ("unpin", noted!("Unpin {name}")),
    ("people_count", noted!("{count} here")),
    ("unread", noted!("{count} unread")),
    ("message_from", noted!("{name} wrote a message.")),
    ("message_failed", noted!("This message was not sent. Send it again.")),
    ("message_long", noted!("Use at most 2,000 characters, and send the rest in another message.")),
    ("slow_down", noted!("That was too much at once. Wait a little.")),
    ("try_again", noted!("That did not work. Try again.")),
    ("quality_good", noted!("Connection good")),
    ("quality_fair", noted!("Connection fair")),
    ("quality_poor", noted!("Connection poor")),
    ("sound_only_on", noted!("Pictures are off, to spare the connection.")),
    ("sound_only_off", noted!("Pictures are on again.")),
    ("copied", noted!("The link was copied.")),
    ("copy_failed", noted!("The link could not be copied. Take it from the address bar.")),
    ("picture_unable", noted!("This browser has no small window for it.")),
    ("sound_blocked", noted!("The browser plays no sound before you click. Click anywhere on the page.")),
    ("let_in", noted!("Let in")),
    ("confirm_remove", noted!("Take {name} out of the meeting?")),
    ("comes_of_remove", noted!("They cannot come back by themselves.")),
    ("do_remove", noted!("Take out")),
    ("confirm_end", noted!("End the meeting for everybody?")),
    ("comes_of_end", noted!("Its link opens nothing from then on.")),
    ("do_end", noted!("End for everybody")),
    ("locked", noted!("Locked: nobody new comes in")),
    ("unlocked", noted!("The meeting is open again.")),
    ("screen_of", noted!("Screen of {name}")),
    ("picture_of", noted!("Picture of {name}")),
];

/// The page.
pub fn meet(lobby: Lobby) -> Page {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    let title = t!("{title} · Meeting", title = lobby.title.clone());
    let script = lobby.script.clone();
    let (settings, sentences) = (lobby.settings.clone(), lobby.words.clone());
    let (one, two, three) = (nonce.clone(), nonce.clone(), nonce);
    let without = t!("Meetings need JavaScript. Turn it on for this page, or open the link in another browser.");
    let notice = if lobby.without_code { without.clone() } else { String::new() };
    let silent = notice.is_empty();
    let (back, member) = (lobby.back, lobby.member);
    let (before, waits, inside, after) =
        (lobby_view(&lobby), waiting(&lobby.title), room(&lobby.title), over(back, member));
    let body = view! {
        <SkipLink/>
        <main id="main" tabindex="-1" data-meet="" data-meet-code=lobby.code data-meet-stage="lobby" data-meet-home=back>
            <script type="application/json" data-meet-settings="" nonce=one>{settings}</script>
            <script type="application/json" data-meet-words="" nonce=two>{sentences}</script>
            <p class="meet__notice" role="status" data-meet-notice="" hidden=silent>{notice}</p>
            <div class="meet__faults">
                <p role="alert" data-meet-alert="" hidden=true></p>
                {close("alert")}
            </div>
            <noscript><p class="meet__alert">{without}</p></noscript>
            <p class="meet__alert" data-meet-unable="" hidden=true></p>
            {before}
            {waits}
            {inside}
            {after}
            {confirm()}
            {keys()}
        </main>
        {script.map(|src| view! { <script type="module" src=src nonce=three></script> })}
    };
    Page::new(title, Surface::Meet, body)
}

/// An icon, which the style sheet draws.
fn icon(name: &'static str) -> AnyView {
    view! { <span data-meet-icon=name aria-hidden="true"></span> }.into_any()
}

/// A button that is on or off. Where its word says what a press does next, it is not said to be pressed as well.
fn toggle(what: &'static str, words: String, key: Option<&'static str>) -> AnyView {
    let pressed = (what != "screen").then_some("false");
    view! {
        <button class="meet__button" type="button" data-meet-toggle=what aria-pressed=pressed aria-keyshortcuts=key>
            {icon(what)}<span class="word">{words}</span>
        </button>
    }
    .into_any()
}

/// A choice of devices, which the page's code fills.
fn device(what: &'static str, place: &'static str, words: String) -> AnyView {
    let id = format!("{place}-{what}");
    let label = id.clone();
    view! {
        <div class="field">
            <label class="field__label" for=label>{words}</label>
            <select class="field__input" id=id data-meet-device=what></select>
        </div>
    }
    .into_any()
}

fn devices(place: &'static str) -> AnyView {
    view! {
        {device("microphone", place, t!("Microphone"))}
        {device("camera", place, t!("Camera"))}
        {device("speaker", place, t!("Speaker"))}
    }
    .into_any()
}

/// A field of the form, with the place for what is wrong.
fn wrong(what: &'static str) -> AnyView {
    view! { <p class="field__error" id=format!("{what}-error") data-meet-error=what role="alert" hidden=true></p> }
        .into_any()
}

fn lobby_view(lobby: &Lobby) -> AnyView {
    let begins =
        lobby.begins.clone().map(|at| view! { <p class="lede" data-meet-begins="">{t!("Begins {at}.", at)}</p> });
    let waits =
        lobby.waits.then(|| view! { <p class="field__hint" data-meet-waits="">{t!("A host lets you in.")}</p> });
    view! {
        <section class="meet__lobby" data-meet-section="lobby" aria-labelledby="meet-title">
            {look()}
            <div data-meet-enters="">
                {lobby.back.map(|_| view! { <p><Brand/></p> })}
                <h1 id="meet-title" tabindex="-1">{lobby.title.clone()}</h1>
                {begins}
                {enter(lobby)}
                {waits}
                <details class="more">
                    <summary>{t!("Camera, microphone and speaker")}</summary>
                    {devices("lobby")}
                    <button class="button button--small" type="button" data-meet-test="speaker">{t!("Play a sound")}</button>
                </details>
            </div>
        </section>
    }
    .into_any()
}

/// What the others will see.
fn look() -> AnyView {
    view! {
        <div data-meet-look="">
            <video data-meet-preview="" playsinline=true muted=true autoplay=true aria-label=t!("Your picture")></video>
            <p data-meet-preview-off="">{t!("Your camera is off")}</p>
            <div class="meet__toggles">
                {toggle("microphone", t!("Microphone"), None)}
                {toggle("camera", t!("Camera"), None)}
            </div>
            <p class="notice" role="status" data-meet-devices-help="" hidden=true></p>
            <label class="meet__level">
                {t!("Level of the microphone")}
                <meter data-meet-level="" min="0" max="1" value="0"></meter>
            </label>
        </div>
    }
    .into_any()
}

fn enter(lobby: &Lobby) -> AnyView {
    let name = match (&lobby.name, lobby.member) {
        (Some(name), true) => view! { <p>{t!("You join as {name}.", name)}</p> }.into_any(),
        (name, _) => {
            let typed = name.clone().unwrap_or_default();
            view! {
                <div class="field">
                    <label class="field__label" for="name">{t!("Your name")}</label>
                    <input class="field__input" id="name" name="name" value=typed maxlength="80" autocomplete="name" required aria-describedby="name-error"/>
                    {wrong("name")}
                </div>
            }
            .into_any()
        }
    };
    let passcode = (lobby.passcode && !lobby.member).then(|| {
        view! {
            <div class="field">
                <label class="field__label" for="passcode">{t!("Passcode")}</label>
                <input class="field__input" id="passcode" name="passcode" maxlength="64" autocomplete="off" required aria-describedby="passcode-error"/>
                {wrong("passcode")}
            </div>
        }
    });
    view! {
        <form class="form" data-meet-join="" method="post" action=lobby.join.clone()>
            {name}
            {passcode}
            <div class="field">
                <label class="meet__consent">
                    <input type="checkbox" name="consent" value="1" required aria-describedby="consent-error"/>
                    {t!("The others may see and hear me, and what I write is kept with the meeting. Sound and pictures are not recorded.")}
                </label>
                {wrong("consent")}
            </div>
            <button class="button button--primary button--block" type="submit" data-meet-enter="">{t!("Join the meeting")}</button>
        </form>
    }
    .into_any()
}

fn waiting(title: &str) -> AnyView {
    let title = title.to_owned();
    view! {
        <section class="meet__waiting" data-meet-section="waiting" hidden=true>
            <h1 tabindex="-1">{t!("Waiting to be let in")}</h1>
            <p>{title}</p>
            <p>{t!("Somebody will let you in. Stay on this page.")}</p>
            <p class="actions"><button class="button" type="button" data-meet-leave="">{t!("Do not wait")}</button></p>
        </section>
    }
    .into_any()
}

fn room(title: &str) -> AnyView {
    let title = title.to_owned();
    view! {
        <section class="meet__room" data-meet-section="room" hidden=true>
            <header class="meet__head">
                <h1 data-meet-title="" tabindex="-1">{title}</h1>
                <p data-meet-clock=""></p>
                <p data-meet-count=""></p>
                <p data-meet-quality=""></p>
                <p data-meet-locked="" hidden=true></p>
            </header>
            <div data-meet-stage-area="">
                <div data-meet-tiles="" data-meet-layout="grid"></div>
                <div data-meet-self="">
                    <video playsinline=true muted=true autoplay=true aria-label=t!("Your picture")></video>
                    <span data-meet-own="">{t!("You")}</span>
                </div>
                <div data-meet-alone="">
                    <p>{t!("Nobody else is here yet. Send them the link.")}</p>
                    <button class="button button--small" type="button" data-meet-copy="">{icon("copy")}{t!("Copy the link")}</button>
                </div>
                <div data-meet-sounds="" hidden=true></div>
                <div data-meet-reactions="" aria-live="off"></div>
            </div>
            {bar()}
            {chat()}
            {people()}
            {tile()}
        </section>
    }
    .into_any()
}

/// A picture of somebody, which the page's code copies.
fn tile() -> AnyView {
    view! {
        <template data-meet-tile="">
            <figure data-meet-person="">
                <video playsinline=true muted=true autoplay=true></video>
                <span data-meet-initials="" aria-hidden="true"></span>
                <figcaption>
                    <span data-meet-name=""></span>
                    <span data-meet-muted="" hidden=true>{t!("muted")}</span>
                    <span data-meet-hand="" hidden=true>{t!("hand raised")}</span>
                    <span data-meet-paused="" hidden=true>{t!("paused: the connection is too weak for it just now")}</span>
                </figcaption>
                <button class="meet__pin" type="button" data-meet-pin="" aria-pressed="false">
                    {icon("pin")}<span class="word">{t!("Pin")}</span>
                </button>
            </figure>
        </template>
    }
    .into_any()
}

fn bar() -> AnyView {
    view! {
        <div class="meet__bar" role="toolbar" data-meet-bar="" aria-label=t!("In the meeting")>
            {toggle("microphone", t!("Microphone"), Some("m"))}
            {toggle("camera", t!("Camera"), Some("v"))}
            {toggle("screen", t!("Share the screen"), Some("s"))}
            {toggle("hand", t!("Raise the hand"), Some("h"))}
            {reactions()}
            {toggle("chat", t!("Chat"), Some("c"))}
            {toggle("people", t!("People"), None)}
            {more()}
            <button class="meet__button meet__button--leave" type="button" data-meet-leave="">
                {icon("leave")}<span class="word">{t!("Leave")}</span>
            </button>
        </div>
    }
    .into_any()
}

/// What one may react with: in a menu of its own, and where that has no room under *More*.
fn reaction_list() -> AnyView {
    let one = |emoji: &'static str| {
        view! { <button class="menu__item" type="button" data-meet-react=emoji>{emoji}</button> }
    };
    REACTIONS.into_iter().map(one).collect_view().into_any()
}

fn reactions() -> AnyView {
    view! {
        <div data-meet-holds="">
            <button class="meet__button" type="button" data-meet-menu="reactions" aria-expanded="false">
                {icon("reactions")}<span class="word">{t!("React")}</span>
            </button>
            <div data-meet-reaction-list="" hidden=true>{reaction_list()}</div>
        </div>
    }
    .into_any()
}

fn more() -> AnyView {
    view! {
        <div data-meet-holds="">
            <button class="meet__button" type="button" data-meet-menu="more" aria-expanded="false">
                {icon("more")}<span class="word">{t!("More")}</span>
            </button>
            <div data-meet-more="" hidden=true>
                {toggle("hand", t!("Raise the hand"), Some("h"))}
                <div data-meet-react-here="" role="group" aria-label=t!("React")>{reaction_list()}</div>
                {toggle("layout", t!("Whoever speaks, large"), None)}
                {toggle("sound_only", t!("Sound only"), None)}
                <button class="menu__item" type="button" data-meet-picture="">{icon("picture")}<span class="word">{t!("Picture in picture")}</span></button>
                <button class="menu__item" type="button" data-meet-copy="">{icon("copy")}<span class="word">{t!("Copy the link")}</span></button>
                <button class="menu__item" type="button" data-meet-keys="">{icon("keys")}<span class="word">{t!("Keyboard shortcuts")}</span></button>
                {devices("room")}
                {hosts()}
            </div>
        </div>
    }
    .into_any()
}

/// What hosts alone may.
fn hosts() -> AnyView {
    view! {
        <div data-meet-host="" hidden=true>
            <button class="menu__item" type="button" data-meet-lock="" aria-pressed="false">{icon("lock")}<span class="word">{t!("Lock the meeting")}</span></button>
            <button class="menu__item" type="button" data-meet-end="">{icon("end")}<span class="word">{t!("End for everybody")}</span></button>
        </div>
    }
    .into_any()
}

fn close(what: &'static str) -> AnyView {
    view! {
        <button class="button button--plain button--square" type="button" data-meet-close=what aria-label=t!("Close")>{icon("close")}</button>
    }
    .into_any()
}

fn chat() -> AnyView {
    view! {
        <aside class="meet__side" data-meet-side="chat" aria-labelledby="meet-chat" hidden=true>
            <header><h2 id="meet-chat" tabindex="-1">{t!("Chat")}</h2>{close("chat")}</header>
            <div data-meet-log="" role="log" tabindex="0" aria-label=t!("Messages")><ol role="list" data-meet-messages=""></ol></div>
            <form class="form" data-meet-say="">
                <div class="field">
                    <label class="field__label" for="meet-text">{t!("Message to everybody")}</label>
                    <textarea class="field__input" id="meet-text" name="text" rows="2" maxlength="2000" required></textarea> // lint:allow(textarea) it is empty
                </div>
                <button class="button button--primary" type="submit">{t!("Send")}</button>
            </form>
            <template data-meet-message="">
                <li><p><strong data-meet-who=""></strong>" "<time></time></p><p data-meet-text=""></p></li>
            </template>
        </aside>
    }
    .into_any()
}

fn people() -> AnyView {
    const DOES: [(&str, &str); 9] = [
        ("admit", noted!("Let in")),
        ("refuse", noted!("Do not let in")),
        ("mute", noted!("Mute")),
        ("stop_video", noted!("Turn the camera off")),
        ("stop_screen", noted!("Stop the screen")),
        ("host", noted!("Make a host")),
        ("speaker", noted!("Let speak")),
        ("viewer", noted!("Let only watch")),
        ("remove", noted!("Take out")),
    ];
    let does = DOES.into_iter().map(|(what, words)| {
        let words = say(&Text::of(words));
        let class = if what == "admit" { "button button--small button--primary" } else { "button button--small" };
        view! { <button class=class type="button" data-meet-do=what>{words}</button> }
    });
    view! {
        <aside class="meet__side" data-meet-side="people" aria-labelledby="meet-people" hidden=true>
            <header><h2 id="meet-people" tabindex="-1">{t!("People")}</h2>{close("people")}</header>
            <section data-meet-waiting-people="" aria-labelledby="meet-waiting" hidden=true>
                <h3 id="meet-waiting">{t!("Waiting to be let in")}</h3>
                <ul role="list" data-meet-waiting-list=""></ul>
            </section>
            <ul role="list" data-meet-people=""></ul>
            <template data-meet-row="">
                <li data-meet-person="">
                    <span data-meet-name=""></span>
                    <span data-meet-marks=""></span>
                    <div data-meet-host="" hidden=true>{does.collect_view()}</div>
                </li>
            </template>
        </aside>
    }
    .into_any()
}

fn over(back: Option<&'static str>, member: bool) -> AnyView {
    let to = if member { t!("Back to meetings") } else { t!("Go on") };
    view! {
        <section class="meet__over" data-meet-section="over" hidden=true>
            <h1 data-meet-over-title="" tabindex="-1">{t!("The meeting is over")}</h1>
            <p data-meet-over=""></p>
            <p class="actions">
                <button class="button button--primary" type="button" data-meet-again="" hidden=true>{t!("Come back")}</button>
                {back.map(|back| view! { <a class="button" data-meet-back="" href=back>{to}</a> })}
            </p>
        </section>
    }
    .into_any()
}

fn confirm() -> AnyView {
    view! {
        <dialog class="dialog" data-meet-confirm="" aria-labelledby="meet-question" aria-describedby="meet-comes">
            <div class="dialog__head">
                <h2 id="meet-question" data-meet-question=""></h2>
                <p id="meet-comes" data-meet-comes=""></p>
            </div>
            <form class="dialog__actions" method="dialog">
                <button class="button" value="no">{t!("Cancel")}</button>
                <button class="button button--danger" value="yes"></button>
            </form>
        </dialog>
    }
    .into_any()
}

fn keys() -> AnyView {
    const KEYS: [(&str, &str); 6] = [
        ("M", noted!("Microphone on and off")),
        ("V", noted!("Camera on and off")),
        ("S", noted!("Share the screen, and stop")),
        ("H", noted!("Raise the hand, and lower it")),
        ("C", noted!("Open the chat, and close it")),
        ("Esc", noted!("Close what is open")),
    ];
    let one = |(key, words): (&'static str, &'static str)| {
        view! { <dt><kbd>{key}</kbd></dt><dd>{say(&Text::of(words))}</dd> }
    };
    view! {
        <dialog class="dialog" data-meet-keys-list="" aria-labelledby="meet-keys">
            <h2 id="meet-keys">{t!("Keyboard shortcuts")}</h2>
            <dl>{KEYS.into_iter().map(one).collect_view()}</dl>
            <label class="check">
                <input type="checkbox" data-meet-keys-use="" checked=true/>
                " "{t!("These keys work in this browser")}
            </label>
            <form class="dialog__actions" method="dialog"><button class="button">{t!("Close")}</button></form>
        </dialog>
    }
    .into_any()
}
