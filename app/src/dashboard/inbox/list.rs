//! The list: filters, and a line for each conversation.

use super::{address, name_of};
use crate::ui::live;
use leptos::prelude::*;
use model::Timestamp;
use model::conversation::{Author, Conversation, ConversationState, Handler, InboxFilter};

/// The filters: what they are called.
const FILTERS: [(InboxFilter, &str); 4] = [
    (InboxFilter::Open, "Open"),
    (InboxFilter::Waiting, "Waiting"),
    (InboxFilter::Mine, "Mine"),
    (InboxFilter::Resolved, "Resolved"),
];

/// The filters, as links.
pub(super) fn filters(show: Memo<InboxFilter>, waiting: RwSignal<u32>) -> AnyView {
    let link = move |(filter, name): (InboxFilter, &'static str)| {
        let number = live(move || {
            let waiting = waiting.get();
            (filter == InboxFilter::Waiting && waiting > 0)
                .then(|| view! { <span class="inbox__number">{waiting.to_string()}</span> }.into_any())
                .into_any()
        });
        let current = move || (show.get() == filter).then_some("page");
        view! { <li><a href=address("", filter) aria-current=current>{name}{number}</a></li> }.into_any()
    };
    view! {
        <nav class="inbox__filters" aria-label="Which conversations">
            <ul role="list">{FILTERS.into_iter().map(link).collect_view()}</ul>
        </nav>
    }
    .into_any()
}

/// Who has the conversation, in words.
pub(super) fn badge(conversation: &Conversation) -> AnyView {
    let (class, words) = match (conversation.state, conversation.handler, &conversation.assignee) {
        (ConversationState::Resolved, ..) => ("badge", "Resolved".to_owned()),
        (_, Handler::Assistant, _) => ("badge badge--accent", "Assistant".to_owned()),
        (_, Handler::People, None) => ("badge badge--attention", "Needs a person".to_owned()),
        (_, Handler::People, Some(member)) => ("badge", format!("With {}", member.name)),
    };
    view! { <span class=class><span>{words}</span></span> }.into_any()
}

/// The conversations.
pub(super) fn entries(
    found: Vec<Conversation>,
    now: Timestamp,
    show: InboxFilter,
    open: Memo<Option<String>>,
) -> AnyView {
    let entry = |conversation: Conversation| {
        let id = conversation.id.to_string();
        let who = match conversation.last_from {
            Some(Author::Assistant) => "Assistant: ",
            Some(Author::Agent) => "Team: ",
            _ => "",
        };
        let at = conversation.updated_at;
        let href = address(&id, show);
        let current = move || (open.get().as_deref() == Some(&id)).then_some("page");
        view! {
            <li>
                <a class="talk" href=href aria-current=current>
                    <span class="talk__name">{name_of(&conversation.contact)}</span>
                    <time class="talk__time" datetime=at.to_string()>{at.ago(now)}</time>
                    <span class="talk__last">{who}{conversation.last_text.clone().unwrap_or_else(|| "Nothing said yet".to_owned())}</span>
                    {badge(&conversation)}
                </a>
            </li>
        }
        .into_any()
    };
    view! { <ul class="talks" role="list">{found.into_iter().map(entry).collect_view()}</ul> }.into_any()
}

/// Where the list is empty, though there are conversations.
pub(super) fn nothing(show: InboxFilter) -> AnyView {
    let (title, text) = match show {
        InboxFilter::Waiting => {
            ("Nobody waits", "Who asks for a person, and whom the assistant cannot help, stands here.")
        }
        InboxFilter::Mine => {
            ("Nothing of yours", "Conversations that you take over stand here until they are resolved.")
        }
        InboxFilter::Open => ("All is settled", "A new message opens a conversation, or opens it again."),
        InboxFilter::Resolved => ("Nothing is resolved yet", "What has been settled stands here, to be looked up."),
    };
    view! { <div class="inbox__empty"><h2>{title}</h2><p>{text}</p></div> }.into_any()
}
