//! What the wire says about conversations: who talks, what was said, and who may speak.

#[cfg(feature = "ssr")]
use crate::TeamId;
use crate::knowledge::{Citation, Outcome};
use crate::names::names;
use crate::{ContactId, ConversationId, FactId, MemberId, MessageId, Page, Timestamp, WidgetId};
use serde::{Deserialize, Serialize};

names!(
    /// Who said something.
    Author {
        /// The contact.
        Contact = "contact",
        /// A person of the company's, or a program on its behalf.
        Agent = "agent",
        /// The assistant.
        Assistant = "assistant",
        /// Nobody: something happened.
        System = "system",
    }
);
names!(
    /// What happened, in a message of nobody's.
    Event {
        /// A person was asked for.
        HandedOff = "handed_off",
        /// A person has joined.
        TakenOver = "taken_over",
        /// The assistant answers again.
        HandedBack = "handed_back",
        /// It is settled; a new message opens it again.
        Resolved = "resolved",
        /// A meeting was asked for, began, or ended.
        Meeting = "meeting",
    }
);
names!(
    /// How far a conversation is.
    ConversationState {
        /// Something may be left to do.
        Open = "open",
        /// Settled.
        Resolved = "resolved",
    }
);
names!(
    /// Who may speak for the company.
    Handler {
        /// The assistant.
        Assistant = "assistant",
        /// People; the assistant is silent.
        People = "people",
    }
);
names!(
    /// By which way a conversation came. Each has a permission of its own (`permission::CHANNELS`).
    Channel {
        /// A visitor began it in the widget.
        Widget = "widget",
        /// A program began it, on behalf of a contact.
        Api = "api",
    }
);
names!(
    /// What an inbox shows.
    InboxFilter {
        /// Open, with people, and nobody has taken it.
        Waiting = "waiting",
        /// Open, and taken by whoever asks.
        Mine = "mine",
        /// Open.
        Open = "open",
        /// Resolved.
        Resolved = "resolved",
    }
);

names!(
    /// What a member does with a conversation.
    Step {
        /// Answers itself; the assistant is silent.
        TakeOver = "take-over",
        /// Lets the assistant answer again.
        HandBack = "hand-back",
        /// Calls it settled.
        Resolve = "resolve",
    }
);

/// Somebody who talks to the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Contact {
    /// The contact's id.
    pub id: ContactId,
    /// The name, where it is known.
    pub name: Option<String>,
    /// The address, where it is known.
    pub email: Option<String>,
}

/// Something that a contact has said of themself, which the assistant remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ContactFact {
    /// Its id.
    pub id: FactId,
    /// It, in the contact's words: 200 characters at most.
    pub text: String,
    /// The conversation in which it was said.
    pub conversation_id: ConversationId,
    /// The number of the message there.
    pub seq: u64,
    /// Since when it is remembered.
    pub created_at: Timestamp,
}

/// The member who has taken a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Assignee {
    /// The membership.
    pub id: MemberId,
    /// The member's name.
    pub name: String,
}

/// A conversation, without its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// With whom.
    pub contact: Contact,
    /// How far it is.
    pub state: ConversationState,
    /// Who may speak for the company.
    pub handler: Handler,
    /// Who has taken it, when `handler` is `people`.
    pub assignee: Option<Assignee>,
    /// The team that it was given to. (Like `channel` it is told to programs alone: the browser's part shows neither, and is smaller so.)
    #[cfg(feature = "ssr")]
    pub team_id: Option<TeamId>,
    /// By which way it came.
    #[cfg(feature = "ssr")]
    pub channel: Channel,
    /// The number of its last message; 0 when there is none.
    pub last_seq: u64,
    /// Who said the last thing.
    pub last_from: Option<Author>,
    /// The beginning of it.
    pub last_text: Option<String>,
    /// Since when it waits for a person, if it does.
    pub waiting_since: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When something was last said or done.
    pub updated_at: Timestamp,
}

/// A message, or something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where it was said.
    pub conversation_id: ConversationId,
    /// Its number in the conversation: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// Who said it.
    pub from: Author,
    /// The name of the member, when `from` is `agent`; what the assistant is called, when it is `assistant` and has a name.
    pub name: Option<String>,
    /// The words.
    pub text: String,
    /// What happened, when `from` is `system`.
    pub event: Option<Event>,
    /// Whether the assistant found no answer in the documents.
    pub refused: bool,
    /// What an answer of the assistant's is, if this is one.
    pub outcome: Option<Outcome>,
    /// Where an answer stands.
    pub citations: Vec<Citation>,
    /// What its sender knows it by.
    pub client_id: Option<String>,
    /// When it was kept.
    pub created_at: Timestamp,
}

/// A way in from a web page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Widget {
    /// What the page names it by.
    pub id: WidgetId,
}

impl InboxFilter {
    /// Whether this is among what the inbox shows to this member.
    pub fn shows(self, conversation: &Conversation, me: Option<MemberId>) -> bool {
        let open = conversation.state == ConversationState::Open;
        match self {
            Self::Waiting => conversation.waiting_since.is_some(),
            Self::Mine => {
                let assignee = conversation.assignee.as_ref().filter(|_| conversation.handler == Handler::People);
                open && assignee.is_some_and(|assignee| Some(assignee.id) == me)
            }
            Self::Open => open,
            Self::Resolved => !open,
        }
    }

    /// Whether one stands before the other: the latest first, but those that wait the longest first.
    pub fn puts_before(self, one: &Conversation, other: &Conversation) -> bool {
        if self == Self::Waiting {
            (one.waiting_since, one.id) < (other.waiting_since, other.id)
        } else {
            (one.updated_at, one.id) > (other.updated_at, other.id)
        }
    }
}

/// What the inbox shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxView {
    /// The conversations.
    pub data: Vec<Conversation>,
    /// Where the next page begins; none after the last one.
    pub next_cursor: Option<String>,
    /// How many wait for a person; 100 stands for more.
    pub waiting: u32,
    /// The one that is open on the page, as it is now.
    pub open: Option<Conversation>,
    /// The way in, as long as nobody has ever come.
    pub nobody_yet: Option<WidgetId>,
    /// When this was so.
    pub now: Timestamp,
}

/// A conversation as a page of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The conversation.
    pub conversation: Conversation,
    /// Some of its messages.
    pub messages: Page<Message>,
    /// A client id that nobody has used, for what is said next.
    pub draft: String,
}

/// The way in from the company's own pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WidgetInstall {
    /// What the page names it by.
    pub widget: WidgetId,
    /// Whether there is any conversation.
    pub used: bool,
}
