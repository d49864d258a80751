//! How far a model of the workspace's own is that reads its documents for the search, and why it does not go on: made with the page.

use crate::say::say;
use leptos::prelude::*;
use model::knowledge::{SearchFault, SearchProgress};
use words::Text;

/// The part of the page, where a model is chosen.
pub(super) fn section(progress: SearchProgress) -> Option<AnyView> {
    let SearchProgress { model, read, all, reading, asking } = progress;
    let model = model?;
    let far = if read >= all {
        t!("It has read all {all} pieces of your documents.", all)
    } else {
        t!("It has read {read} of {all} pieces of your documents. Load the page again to see how far it is.", read, all)
    };
    let fault = |title: String, text: String, SearchFault { why, at }: SearchFault| {
        view! {
            <div class="notice notice--attention" role="status">
                <h3 class="notice__title">{title}</h3>
                <p>{say(&Text::kept(why))}" "<time datetime=at.to_string()>{say(&at.day())}</time></p>
                <p>{text}</p>
            </div>
        }
    };
    let stopped = reading.map(|why| {
        let text = t!("It is tried again by itself. Until then what it has not read is found as without it.");
        fault(t!("It does not read on"), text, why)
    });
    let silent = asking.map(|why| {
        let text = t!("What was asked then was searched without it.");
        fault(t!("It did not answer a question"), text, why)
    });
    let name = view! { <b>{model}</b> };
    let view = view! {
        <section class="section" aria-labelledby="search-model">
            <div class="section__head"><div class="section__text">
                <h2 id="search-model">{t!("Search model")}</h2>
                <p>{rich!("Beside the search of the house: {name}.", name = name)}" "{far}</p>
            </div></div>
            {stopped}
            {silent}
        </section>
    };
    Some(view.into_any())
}
