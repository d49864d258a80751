//! The landing page: what Samtal is, and honestly what works today. No WASM.

use super::SkipLink;
use crate::shell::{Page, Surface};
use crate::ui::{Brand, Languages};
use leptos::prelude::*;
use model::identity::CurrentSession;

/// The landing page, for who is signed in and for who is not.
pub fn landing(session: Option<CurrentSession>) -> Page {
    let inside = session.is_some();
    let body = view! {
        <SkipLink/>
        <Header session=session/>
        <main id="main" tabindex="-1">
            <Hero inside=inside/>
            <div id="what"><Receipt/><Inbox/><Walls/><Binary/><Meeting/></div>
            <Today/>
            <Invite inside=inside/>
        </main>
        <Footer/>
    };
    let description = t!(
        "Samtal holds everything between a company and the people who talk to it: an assistant that answers from your own documents, an inbox where people take over, and meetings a click away."
    );
    let title = t!("Samtal: a good answer, or a person");
    Page::new(title, Surface::Landing, body).described(description)
}

/// The way in: to the dashboard for who is signed in, to the forms for who is not.
#[component]
fn Header(session: Option<CurrentSession>) -> impl IntoView {
    let way_in = match session {
        Some(session) => view! {
            <a class="button button--primary" href="/dashboard">
                {rich!(
                    "Open dashboard {of_whom}",
                    of_whom = view! { <span class="visually-hidden">{t!("of {company}", company = session.tenant.name)}</span> }
                )}
            </a>
        }
        .into_any(),
        None => view! {
            <a class="button button--plain" href="/login">{t!("Sign in")}</a>
            <a class="button button--primary" href="/signup">{t!("Sign up")}</a>
        }
        .into_any(),
    };
    view! {
        <header class="site-header">
            <Brand/>
            <nav class="site-header__links" aria-label=t!("This page")>
                <a href="#what">{t!("What it does")}</a>
                <a href="#today">{t!("What works today")}</a>
                <a href="/demo">{t!("Demo")}</a>
                <a href="/api/docs">{t!("API")}</a>
            </nav>
            <nav aria-label=t!("Account")>{way_in}</nav>
        </header>
    }
}

/// Where one begins, or goes on.
fn begin(inside: bool) -> AnyView {
    if inside {
        view! { <a class="button button--primary" href="/dashboard">{t!("Go to the dashboard")}</a> }.into_any()
    } else {
        view! { <a class="button button--primary" href="/signup">{t!("Create a workspace")}</a> }.into_any()
    }
}

/// What Samtal is, and a conversation as it is meant to be.
#[component]
fn Hero(
    /// Whether one is signed in.
    inside: bool,
) -> impl IntoView {
    view! {
        <section class="hero" aria-labelledby="hero-title">
            <h1 class="hero__title" id="hero-title"><span>{t!("A good answer,")}</span>" "<em>{t!("or a person.")}</em></h1>
            <div class="hero__body">
                <div class="hero__say">
                    <p class="lede">
                        {t!("Samtal holds everything between a company and the people who talk to it: an assistant that answers from your own documents and shows where it read it, an inbox where people take over, and meetings a click away. On your own machine, in your own hands.")}
                    </p>
                    <div class="actions">
                        {begin(inside)}
                        <a class="button" href="#today">{t!("What works today")}</a>
                    </div>
                </div>
                <figure class="transcript">
                    <div class="transcript__head">
                        <span>{t!("Maja, on the web chat of a lamp shop")}</span>
                        " "
                        <span class="badge">{t!("With {name}", name = "Astrid")}</span>
                    </div>
                    <ol role="list">
                        <li class="turn turn--contact">
                            <p class="turn__who"><b>"Maja"</b>" "<time>"14:02"</time></p>
                            <p class="turn__say turn__text">
                                {t!("Hi! The lamp is too tall for our hall. How long do I have to send it back?")}
                            </p>
                        </li>
                        <li class="turn turn--assistant">
                            <p class="turn__who"><b>{t!("Assistant")}</b>" "<time>"14:02"</time></p>
                            <div class="turn__say">
                                <p class="turn__text">
                                    {t!("60 days from the day it was delivered. It has to be unused, but you may have opened the box.")}
                                </p>
                                <figure class="source">
                                    <blockquote>
                                        {t!("Goods may be returned unused within 60 days of delivery, in opened or unopened packaging.")}
                                    </blockquote>
                                    <figcaption>
                                        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                                            <path d="M5 2.500h6.500L15 6v11.500H5Z M11.500 2.500V6H15M7.500 10h5M7.500 13.500h5"/>
                                        </svg>
                                        <cite>{t!("Returns and refunds")}</cite>
                                    </figcaption>
                                </figure>
                            </div>
                            <p class="turn__note">{t!("Every answer shows the passage it rests on.")}</p>
                        </li>
                        <li class="turn turn--contact">
                            <p class="turn__who"><b>"Maja"</b>" "<time>"14:04"</time></p>
                            <p class="turn__say turn__text">
                                {t!("It was a present, so I have no order number. Does it work anyway?")}
                            </p>
                        </li>
                        <li class="turn turn--assistant">
                            <p class="turn__who"><b>{t!("Assistant")}</b>" "<time>"14:04"</time></p>
                            <p class="turn__say turn__text">
                                {t!("The documents do not say, so I will not guess. I have asked a person to join us.")}
                            </p>
                            <p class="turn__note">{t!("Nothing found, nothing made up.")}</p>
                        </li>
                        <li class="turn turn--takeover"><p>{t!("Astrid took over. The assistant is silent.")}</p></li>
                        <li class="turn turn--person">
                            <p class="turn__who"><b>"Astrid"</b>" "<time>"14:06"</time></p>
                            <p class="turn__say turn__text">
                                {t!("Hi Maja, Astrid here. The name of whoever gave it to you is enough. I will find it.")}
                            </p>
                            <p class="turn__note">{t!("From here on, only Astrid writes.")}</p>
                        </li>
                    </ol>
                    <figcaption class="caption">{t!("A made-up conversation, drawn for this page.")}</figcaption>
                </figure>
            </div>
        </section>
    }
}

/// Answers that show where they come from.
#[component]
fn Receipt() -> impl IntoView {
    view! {
        <section class="feature" aria-labelledby="f-receipt">
            <div class="feature__text">
                <p class="state state--done">{t!("Works today")}</p>
                <h2 id="f-receipt">{t!("Answers that show their source")}</h2>
                <p>
                    {t!("The assistant answers from the documents you give it and quotes the passage. When they do not say, it says so. What it searches with comes built in, so it works without a key and without a network.")}
                </p>
                <p>
                    {t!("Whoever asks sees which document an answer comes from and what stands there, word for word. So does whoever takes over.")}
                </p>
            </div>
            <div class="feature__picture">
                <div class="receipt">
                    <p class="receipt__title">{t!("Receipt for an answer")}<br/>{t!("14:02, web chat")}</p>
                    <dl>
                        <div><dt>{t!("Asked")}</dt><dd>{t!("How long do I have to send it back?")}</dd></div>
                        <div><dt>{t!("Read")}</dt><dd>{t!("5 passages in 3 documents")}</dd></div>
                        <div><dt>{t!("Quoted")}</dt><dd>{t!("Returns and refunds")}</dd></div>
                        <div><dt>{t!("Written by")}</dt><dd>{t!("built-in answerer")}</dd></div>
                    </dl>
                </div>
            </div>
        </section>
    }
}

/// One inbox, and one voice at a time.
#[component]
fn Inbox() -> impl IntoView {
    view! {
        <section class="feature" aria-labelledby="f-inbox">
            <div class="feature__text">
                <p class="state state--done">{t!("Works today")}</p>
                <h2 id="f-inbox">{t!("One inbox, and never two voices")}</h2>
                <p>
                    {t!("What visitors ask arrives in one place. When a person takes a conversation, the assistant falls silent in that same moment. Who has the word is settled by the database, so the two can never talk over each other.")}
                </p>
                <p>{t!("When the person is done, they hand it back.")}</p>
            </div>
            <div class="feature__picture">
                <ul class="queue" role="list">
                    <li>
                        <span class="avatar" aria-hidden="true">"MB"</span>
                        <p><b>"Maja Berg"</b><span>{t!("It was a present, so I have no order number")}</span></p>
                        <span class="badge badge--attention">{t!("Needs a person")}</span>
                    </li>
                    <li>
                        <span class="avatar" aria-hidden="true">"JO"</span>
                        <p><b>"Jonas Olsen"</b><span>{t!("Are you open on Ascension Day?")}</span></p>
                        <span class="badge badge--accent">{t!("Assistant")}</span>
                    </li>
                    <li>
                        <span class="avatar" aria-hidden="true">"LK"</span>
                        <p><b>"Lena Kaya"</b><span>{t!("The invoice has the old address on it")}</span></p>
                        <span class="badge">{t!("With {name}", name = "Astrid")}</span>
                    </li>
                </ul>
            </div>
        </section>
    }
}

/// What keeps tenants apart.
#[component]
fn Walls() -> impl IntoView {
    view! {
        <section class="feature" aria-labelledby="f-walls">
            <div class="feature__text">
                <p class="state state--done">{t!("Works today")}</p>
                <h2 id="f-walls">{t!("Walls that the database holds")}</h2>
                <p>
                    {t!("Many companies can share one installation. What keeps them apart is not a line of code that somebody has to remember: PostgreSQL itself refuses to hand out a row of another workspace.")}
                </p>
                <p>{t!("Samtal checks every table each time it starts. If one is open, it does not run.")}</p>
            </div>
            <div class="feature__picture">
                <svg class="walls" viewBox="0 0 400 236" role="img" aria-labelledby="walls-title">
                    <title id="walls-title">
                        {t!("A request signed in at Fjällhus reaches the rows of Fjällhus. The way to the rows of Nordlampa ends at a wall.")}
                    </title>
                    <text x="0" y="14">
                        {rich!(
                            "A request {place}",
                            place = view! { <tspan class="walls__small">{t!("signed in at Fjällhus")}</tspan> }
                        )}
                    </text>
                    <path class="walls__no" d="M95 30c0 34 40 36 120 34 60-1 90-2 90 24"/>
                    <path class="walls__yes" d="M95 28v70m-6-8 6 8 6-8"/>
                    <path class="walls__wall" d="M269 94h72"/>
                    <rect class="walls__room" x=".5" y="106.5" width="189" height="129" rx="6"/>
                    <rect class="walls__room" x="210.5" y="106.5" width="189" height="129" rx="6"/>
                    <text x="20" y="138">"Fjällhus"</text>
                    <text class="walls__small" x="230" y="138">"Nordlampa"</text>
                    <path class="walls__row walls__yes" d="M23 164h140M23 186h96M23 208h120"/>
                    <path class="walls__row" d="M233 164h110M233 186h144M233 208h80"/>
                </svg>
            </div>
        </section>
    }
}

/// How it is run.
#[component]
fn Binary() -> impl IntoView {
    view! {
        <section class="feature" aria-labelledby="f-binary">
            <div class="feature__text">
                <p class="state state--done">{t!("Works today")}</p>
                <h2 id="f-binary">{t!("One program on your machine")}</h2>
                <p>
                    {t!("The server, its pages and its database start with one command. There is nothing else to install and nothing to sign up for. When you outgrow one machine, point it at your own PostgreSQL.")}
                </p>
            </div>
            <div class="feature__picture">
                <figure class="code">
                    <figcaption>{t!("In a terminal")}</figcaption>
                    <pre tabindex="0" role="region" aria-label=t!("Starting Samtal")>
                        <code>
                            <i>"$"</i>
                            " "
                            <b>"samtal serve"</b> // lint:allow(said) a command
                            "\n"
                            <i>"INFO"</i>
                            " starting PostgreSQL\n"
                            <i>"INFO"</i>
                            " PostgreSQL runs\n"
                            "Samtal is at http://127.0.0.1:3000"
                        </code>
                    </pre>
                </figure>
            </div>
        </section>
    }
}

/// A meeting inside a conversation.
#[component]
fn Meeting() -> impl IntoView {
    view! {
        <section class="feature" aria-labelledby="f-meeting">
            <div class="feature__text">
                <p class="state state--done">{t!("Works today")}</p>
                <h2 id="f-meeting">{t!("A meeting is part of the talk")}</h2>
                <p>
                    {t!("Some things are quicker face to face. One click turns a conversation into a meeting, with the same people and the same history, and afterwards the outcome stands in the conversation where everyone will look for it.")}
                </p>
            </div>
            <div class="feature__picture">
                <ol class="queue" role="list">
                    <li>
                        <span class="avatar" aria-hidden="true">"A"</span>
                        <p><b>"Astrid"</b><span>{t!("Shall I show you how the shade comes off?")}</span></p>
                        <time>"14:09"</time>
                    </li>
                    <li>
                        <span class="avatar avatar--company">
                            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                                <path d="M3 6h9.5v8H3ZM12.500 9 17 6.500v7L12.500 11"/>
                            </svg>
                        </span>
                        <p><b>{t!("Meeting")}</b><span>{t!("Astrid and Maja, 6 minutes")}</span></p>
                        <time>"14:10"</time>
                    </li>
                    <li>
                        <span class="avatar" aria-hidden="true">"M"</span>
                        <p><b>"Maja"</b><span>{t!("It fits now. Thank you, I am keeping it!")}</span></p>
                        <time>"14:17"</time>
                    </li>
                </ol>
            </div>
        </section>
    }
}

/// What works, what is next, what is planned.
#[component]
fn Today() -> impl IntoView {
    view! {
        <section class="today" id="today" aria-labelledby="today-title">
            <h2 id="today-title">{t!("What works today")}</h2>
            <div class="today__lists">
                <div>
                    <h3 class="state state--done">{t!("Works")}</h3>
                    <ul role="list">
                        <li>{t!("Workspaces, each behind its own walls")}</li>
                        <li>{t!("Signing up, signing in, signing out")}</li>
                        <li>{t!("Second factor, passkeys, sign-on with your provider")}</li>
                        <li>{t!("Invitations, roles, and who did what")}</li>
                        <li>{t!("Keys for the API")}</li>
                        <li>{t!("Documents, found by meaning and by words")}</li>
                        <li>{t!("Answers quoted from them, or refused")}</li>
                        <li>{t!("Answers by a language model of your choice")}</li>
                        <li>{t!("The chat for your own site")}</li>
                        <li>{t!("The inbox, where people take over")}</li>
                        <li>{t!("Meetings")}</li>
                        <li>{t!("Start with one command, database included")}</li>
                    </ul>
                </div>
                <div>
                    <h3 class="state state--doing">{t!("Next")}</h3>
                    <ul role="list">
                        <li>{t!("Email, WhatsApp, phone and other channels")}</li>
                    </ul>
                </div>
                <div>
                    <h3 class="state state--planned">{t!("Planned")}</h3>
                    <ul role="list">
                        <li>{t!("Figures: volumes, waiting times, cost")}</li>
                    </ul>
                </div>
            </div>
        </section>
    }
}

/// The end of the page.
#[component]
fn Invite(
    /// Whether one is signed in.
    inside: bool,
) -> impl IntoView {
    view! {
        <section class="invite" aria-labelledby="invite-title">
            <div>
                <h2 id="invite-title">{t!("Shall we talk?")}</h2>
                <p>
                    {rich!(
                        "{samtal} is Swedish for a talk between people.",
                        samtal = view! { <span lang="sv">"Samtal"</span> }
                    )}
                </p>
            </div>
            <div class="actions">
                {begin(inside)}
                {(!inside).then(|| view! { " "<a class="button" href="/login">{t!("Sign in")}</a> })}
            </div>
        </section>
    }
}

/// Below everything.
#[component]
fn Footer() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <Brand/>
            <ul role="list">
                <li><a href="#what">{t!("What it does")}</a></li>
                <li><a href="#today">{t!("What works today")}</a></li>
                <li><a href="/api/openapi.json">{t!("API")}</a></li>
            </ul>
            <p>{t!("Open source, MIT or Apache 2.0")}</p>
            <Languages/>
        </footer>
    }
}
