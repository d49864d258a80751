//! The audit log: what is written down of who did what.

use crate::names::names;
use crate::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use words::{Text, text};

names!(
    /// What was done.
    Act {
        /// A workspace was made.
        WorkspaceCreated = "workspace.created",
        /// A workspace was suspended.
        WorkspaceSuspended = "workspace.suspended",
        /// It was let in again.
        WorkspaceResumed = "workspace.resumed",
        /// Somebody signed in.
        SignedIn = "session.opened",
        /// Somebody ended sessions of their own.
        SessionsEnded = "sessions.ended",
        /// Somebody changed their password.
        PasswordChanged = "password.changed",
        /// Somebody chose a new password by a letter.
        PasswordReset = "password.reset",
        /// Somebody has another address.
        AddressChanged = "address.changed",
        /// Somebody is called something else.
        NameChanged = "name.changed",
        /// Somebody turned a second factor on.
        FactorOn = "second_factor.on",
        /// A second factor was turned off.
        FactorOff = "second_factor.off",
        /// Somebody made new codes for paper.
        CodesRenewed = "second_factor.codes",
        /// Somebody added a passkey.
        PasskeyAdded = "passkey.added",
        /// A passkey was removed.
        PasskeyRemoved = "passkey.removed",
        /// Somebody may sign in by a provider's word from now on.
        ProviderLinked = "provider.linked",
        /// Somebody may not any more.
        ProviderUnlinked = "provider.unlinked",
        /// Somebody was asked to join.
        MemberInvited = "member.invited",
        /// An invitation was taken back.
        InvitationTakenBack = "invitation.taken_back",
        /// Somebody joined.
        MemberJoined = "member.joined",
        /// What a member may do was changed.
        RoleChanged = "member.role_changed",
        /// A member was signed out by somebody who sees to members.
        MemberSignedOut = "member.signed_out",
        /// A member was kept out.
        MemberSuspended = "member.suspended",
        /// A member was let in again.
        MemberResumed = "member.resumed",
        /// A role of the company's own was made.
        RoleCreated = "role.created",
        /// What one may do, or is called, was changed.
        RoleEdited = "role.changed",
        /// One was deleted.
        RoleDeleted = "role.deleted",
        /// A team was made.
        TeamCreated = "team.created",
        /// It is called something else.
        TeamRenamed = "team.renamed",
        /// It was deleted.
        TeamDeleted = "team.deleted",
        /// A member was put into a team.
        TeamMemberAdded = "team.member_added",
        /// A member was taken out of a team.
        TeamMemberRemoved = "team.member_removed",
        /// A member was removed, or left.
        MemberRemoved = "member.removed",
        /// The settings were changed.
        SettingsChanged = "settings.changed",
        /// The company's own provider was set.
        ProviderSet = "sign_on.set",
        /// It was taken away.
        ProviderRemoved = "sign_on.removed",
        /// A domain was named as the company's.
        DomainAdded = "domain.added",
        /// It was proven to be.
        DomainProven = "domain.proven",
        /// It was taken off the list.
        DomainRemoved = "domain.removed",
        /// An API key was made.
        KeyCreated = "key.created",
        /// Another API key was put in the place of one.
        KeyRotated = "key.rotated",
        /// An API key was revoked.
        KeyRevoked = "key.revoked",
        /// What a model is told of the personality in use was changed, by a program.
        AssistantChanged = "assistant.changed",
        /// A personality of the assistant's was made.
        PersonalityCreated = "personality.created",
        /// It is like that from now on.
        PersonalityUsed = "personality.used",
        /// One was changed.
        PersonalityChanged = "personality.changed",
        /// One was deleted.
        PersonalityDeleted = "personality.deleted",
        /// A document was uploaded.
        DocumentUploaded = "document.uploaded",
        /// A document was deleted.
        DocumentDeleted = "document.deleted",
        /// What was asked and not answered needs nobody's look any more.
        QuestionSettled = "question.settled",
        /// A conversation was given to a team, or taken from one.
        ConversationGiven = "conversation.given",
        /// What was remembered of a contact was deleted, or one thing of it.
        FactsForgotten = "facts.forgotten",
        /// A meeting was made.
        MeetingCreated = "meeting.created",
        /// What one is called, when it begins, or who may come in by what, is another now.
        MeetingChanged = "meeting.changed",
        /// One was ended.
        MeetingEnded = "meeting.ended",
        /// Somebody was taken out of one.
        MeetingPersonRemoved = "meeting.person_removed",
        /// Somebody was let into one by a token.
        MeetingTokenMade = "meeting.token_made",
        /// A model was added.
        ModelAdded = "model.added",
        /// One was changed, or has another place.
        ModelChanged = "model.changed",
        /// One was removed.
        ModelRemoved = "model.removed",
        /// A tool was added.
        ToolAdded = "tool.added",
        /// One was changed.
        ToolChanged = "tool.changed",
        /// One was removed.
        ToolRemoved = "tool.removed",
        /// What models may cost was changed.
        BudgetChanged = "budget.changed",
        /// So much was spent of it that somebody is to know.
        BudgetAlerted = "budget.alerted",
        /// The assistant was measured on questions of the company's own.
        EvaluationBegun = "evaluation.begun",
        /// What came of that was deleted.
        EvaluationDeleted = "evaluation.deleted",
    }
);

impl Act {
    /// What people call it: who did it stands before.
    pub const fn words(self) -> Text {
        match self {
            Self::WorkspaceCreated => text!("Made the workspace"),
            Self::WorkspaceSuspended => text!("Suspended the workspace"),
            Self::WorkspaceResumed => text!("Let the workspace in again"),
            Self::SignedIn => text!("Signed in"),
            Self::SessionsEnded => text!("Signed out elsewhere"),
            Self::PasswordChanged => text!("Changed the password"),
            Self::PasswordReset => text!("Chose a new password by letter"),
            Self::AddressChanged => text!("Changed the address"),
            Self::NameChanged => text!("Changed the name"),
            Self::FactorOn => text!("Turned a second factor on"),
            Self::FactorOff => text!("Turned a second factor off"),
            Self::CodesRenewed => text!("Made new codes for paper"),
            Self::PasskeyAdded => text!("Added a passkey"),
            Self::PasskeyRemoved => text!("Removed a passkey"),
            Self::ProviderLinked => text!("Linked a sign-in provider"),
            Self::ProviderUnlinked => text!("Unlinked a sign-in provider"),
            Self::MemberInvited => text!("Invited somebody"),
            Self::InvitationTakenBack => text!("Took an invitation back"),
            Self::MemberJoined => text!("Joined"),
            Self::RoleChanged => text!("Changed a role"),
            Self::MemberSignedOut => text!("Signed a member out"),
            Self::MemberSuspended => text!("Suspended a member"),
            Self::MemberResumed => text!("Let a member in again"),
            Self::RoleCreated => text!("Made a role"),
            Self::RoleEdited => text!("Changed what a role may do"),
            Self::RoleDeleted => text!("Deleted a role"),
            Self::TeamCreated => text!("Made a team"),
            Self::TeamRenamed => text!("Renamed a team"),
            Self::TeamDeleted => text!("Deleted a team"),
            Self::TeamMemberAdded => text!("Put a member into a team"),
            Self::TeamMemberRemoved => text!("Took a member out of a team"),
            Self::MemberRemoved => text!("Removed a member"),
            Self::SettingsChanged => text!("Changed the settings"),
            Self::ProviderSet => text!("Set the company's sign-on"),
            Self::ProviderRemoved => text!("Took the company's sign-on away"),
            Self::DomainAdded => text!("Named a domain"),
            Self::DomainProven => text!("Proved a domain"),
            Self::DomainRemoved => text!("Removed a domain"),
            Self::KeyCreated => text!("Made an API key"),
            Self::KeyRotated => text!("Replaced an API key"),
            Self::KeyRevoked => text!("Revoked an API key"),
            Self::AssistantChanged => text!("Changed the assistant's instructions"),
            Self::PersonalityCreated => text!("Made a personality"),
            Self::PersonalityUsed => text!("Chose another personality for the assistant"),
            Self::PersonalityChanged => text!("Changed a personality"),
            Self::PersonalityDeleted => text!("Deleted a personality"),
            Self::DocumentUploaded => text!("Uploaded a document"),
            Self::DocumentDeleted => text!("Deleted a document"),
            Self::QuestionSettled => text!("Settled what was asked and not answered"),
            Self::ConversationGiven => text!("Gave a conversation to a team, or took it from one"),
            Self::FactsForgotten => text!("Deleted what was remembered of a contact"),
            Self::MeetingCreated => text!("Made a meeting"),
            Self::MeetingChanged => text!("Changed a meeting"),
            Self::MeetingEnded => text!("Ended a meeting"),
            Self::MeetingPersonRemoved => text!("Took somebody out of a meeting"),
            Self::MeetingTokenMade => text!("Let somebody into a meeting"),
            Self::ModelAdded => text!("Added a model"),
            Self::ModelChanged => text!("Changed a model"),
            Self::ModelRemoved => text!("Removed a model"),
            Self::ToolAdded => text!("Added a tool"),
            Self::ToolChanged => text!("Changed a tool"),
            Self::ToolRemoved => text!("Removed a tool"),
            Self::BudgetChanged => text!("Changed the budget for models"),
            Self::BudgetAlerted => text!("Spent most of the budget for models"),
            Self::EvaluationBegun => text!("Measured the assistant on questions"),
            Self::EvaluationDeleted => text!("Deleted a measurement of the assistant"),
        }
    }
}

names!(
    /// Who did it.
    ActorKind {
        /// A member.
        Member = "member",
        /// A program with a key.
        Key = "key",
        /// Whoever runs the installation.
        Operator = "operator",
        /// The program itself.
        System = "system",
    }
);

/// What something was, or is: names and values without secrets.
pub type Facts = BTreeMap<String, String>;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its number: without gaps in a workspace.
    pub number: i64,
    /// When.
    pub created_at: Timestamp,
    /// What: the name of an [`Act`], or one that a newer version knows.
    pub act: String,
    /// By what kind of actor.
    pub actor_kind: ActorKind,
    /// The actor's id, where there is one.
    pub actor: Option<String>,
    /// What the actor was called then.
    pub actor_name: String,
    /// The address that it came from.
    pub address: Option<String>,
    /// The request that it was part of.
    pub request: String,
    /// To whom or what, as people call it.
    pub subject: String,
    /// What it was before.
    pub before: Facts,
    /// What it is now.
    pub after: Facts,
}

impl AuditEntry {
    /// What was done, as people call it.
    pub fn words(&self) -> Text {
        Act::from_name(&self.act).map_or_else(|| Text::plain(&self.act), Act::words)
    }
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this act alone.
    pub act: Option<Act>,
    /// By this member alone.
    pub member: Option<MemberId>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}
