//! A shop that carries the widget, to try it as a visitor would. No WASM.

use super::SkipLink;
use crate::say::say;
use crate::shell::{Nonce, Page, Surface};
use leptos::prelude::*;
use model::WidgetId;
use words::{Text, noted};

/// What the shop sells: name, what it is, price, and its picture as a path of 200 by 150.
const GOODS: [(&str, &str, &str, &str); 3] = [
    (
        noted!("Tarn tent"),
        noted!("Two people, three seasons, 2.1 kg"),
        "4 290 kr",
        "M20 120 100 28l80 92Z M100 28v92 M100 64l28 56H72Z M12 120h176",
    ),
    (
        noted!("Ridge pack"),
        noted!("38 litres, sits close to the back"),
        "1 690 kr",
        "M66 128V62c0-20 14-34 34-34s34 14 34 34v66Z M66 84h68 M84 28v-8h32v8 M82 100h36v28H82Z",
    ),
    (
        noted!("Ember stove"),
        noted!("Boils a litre in four minutes"),
        "890 kr",
        "M62 120h76 M74 120l8-34h36l8 34 M82 86c-6-20 10-26 12-46 14 10 26 24 14 46 M66 74h68",
    ),
];

/// The page, with a widget if there is one for it.
pub fn demo(widget: Option<WidgetId>) -> Page {
    let nonce = use_context::<Nonce>().map(|nonce| nonce.0);
    let body = view! {
        <SkipLink/>
        <header class="shop__head">
            <p class="shop__name">"Fjord & Fell"</p>
            <p class="shop__note">{t!("A demo shop. Nothing here is for sale.")}</p>
        </header>
        <main id="main" tabindex="-1">
            <section class="shop__hero" aria-labelledby="shop-title">
                <h1 id="shop-title">{t!("Out early, home late.")}</h1>
                <p>{t!("Tents, packs and stoves that have been carried up a hill before they were put on a shelf.")}</p>
            </section>
            <ul class="shop__goods" role="list">
                {GOODS.into_iter().map(|(name, what, price, picture)| view! {
                    <li>
                        <svg viewBox="0 0 200 150" aria-hidden="true"><path d=picture/></svg>
                        <h2>{say(&Text::of(name))}</h2>
                        <p>{say(&Text::of(what))}</p>
                        <p class="shop__price">{price}</p>
                    </li>
                }).collect_view()}
            </ul>
            {match &widget {
                Some(_) => view! {
                    <section class="shop__try" aria-labelledby="try-title">
                        <h2 id="try-title">{t!("Ask the shop something")}</h2>
                        <p>
                            {t!("The button in the corner is Samtal’s widget. It answers from the documents of the workspace that it belongs to, and says so when they do not say. Write “talk to a person” to be handed over.")}
                        </p>
                        <p>
                            {rich!(
                                "To see the other side, open {inbox} in another window; to change what it knows, {documents}.",
                                inbox = view! { <a href="/dashboard/inbox">{t!("the inbox")}</a> },
                                documents = view! { <a href="/dashboard/knowledge">{t!("the documents")}</a> }
                            )}
                        </p>
                    </section>
                }.into_any(),
                None => view! {
                    <section class="shop__try" aria-labelledby="try-title">
                        <h2 id="try-title">{t!("No widget here yet")}</h2>
                        <p>
                            {rich!(
                                "This page shows the widget of the workspace that you are signed in to. {link}, then come back.",
                                link = view! { <a href="/login?next=/demo">{t!("Sign in")}</a> }
                            )}
                        </p>
                    </section>
                }.into_any(),
            }}
        </main>
        <footer class="shop__foot">
            <p>{rich!("Fjord & Fell Outdoor is made up. {samtal} is not.", samtal = view! { <a href="/">"Samtal"</a> })}</p>
        </footer>
        {widget.map(|widget| view! {
            <script src="/widget/v1/widget.js" data-widget=widget.to_string() nonce=nonce r#async="true"></script>
        })}
    };
    Page::new(t!("Fjord & Fell Outdoor · a demo of Samtal"), Surface::Demo, body).described(t!(
        "A made-up shop with the chat on it, to try how an answer comes about, and how a person takes over."
    ))
}
