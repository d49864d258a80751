//! What can happen, by name: what webhooks, the record of who did what, figures and bills speak of.

use crate::names::names;

names!(
    /// A kind of event. Each says what its subject is.
    EventKind {
        /// A conversation began: the conversation.
        ConversationCreated = "conversation.created",
        /// A person was asked for: the conversation.
        ConversationHandedOff = "conversation.handed_off",
        /// A person joined: the conversation.
        ConversationTakenOver = "conversation.taken_over",
        /// The assistant answers again: the conversation.
        ConversationHandedBack = "conversation.handed_back",
        /// It was settled: the conversation.
        ConversationResolved = "conversation.resolved",
        /// A meeting that was made from it began or ended: the conversation.
        ConversationMeeting = "conversation.meeting",
        /// Something was said: the message.
        MessageCreated = "message.created",
        /// A document was uploaded: the document.
        DocumentUploaded = "document.uploaded",
        /// It was read and can be searched: the document.
        DocumentRead = "document.read",
        /// It could not be read: the document.
        DocumentFailed = "document.failed",
        /// It was deleted: the document.
        DocumentDeleted = "document.deleted",
        /// Somebody was asked to join: the invitation.
        MemberInvited = "member.invited",
        /// What a member may do was changed: the member.
        MemberChanged = "member.changed",
        /// A member left or was removed: the member.
        MemberRemoved = "member.removed",
        /// An API key was made: the key.
        KeyCreated = "key.created",
        /// It was revoked: the key.
        KeyRevoked = "key.revoked",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
        }
    }
}
