//! What can go wrong in identity, and how it looks from outside.

use model::{ErrorCode, Fault, FieldError, Problem};
use sign_on::{SignOnError, Unanswered};
use store::{Denied, StoreError};
use words::{Text, text};

/// A use case that failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Some fields are wrong.
    #[error("{} fields are wrong", .0.len())]
    Invalid(Vec<FieldError>),
    /// The workspace is suspended, or all that they work in are.
    #[error("the workspace is suspended")]
    WorkspaceSuspended,
    /// A token that asks for another one.
    #[error("a token makes no tokens")]
    NoTokenOfToken,
    /// A key of whoever runs the installation that may not do this, and what it would have to have.
    #[error("the operator's key may not {0}")]
    OperatorMayNot(&'static str),
    /// There are as many keys of whoever runs the installation as there may be.
    #[error("there are {0} keys of the operator already")]
    TooManyOperatorKeys(usize),
    /// Somebody works in the workspace already.
    #[error("somebody works there already")]
    HasMembers,
    /// The email or the password is wrong; which one is not said.
    #[error("wrong email or password")]
    WrongCredentials,
    /// Somebody who is signed in and types another password than theirs.
    #[error("not their password")]
    NotThePassword,
    /// The same with a code: what is wrong with it.
    #[error("not their code")]
    NotTheCode(Text),
    /// A sign-in that is no longer open.
    #[error("the sign-in is over")]
    SignInOver,
    /// A link of a letter that opens nothing any more.
    #[error("the link is over")]
    LinkOver,
    /// The account cannot be made; whether the email is taken is not said.
    #[error("the account cannot be made")]
    EmailTaken,
    /// A provider that has vouched for nobody: what people call it, and why.
    #[error("{title}: {error}")]
    Provider {
        /// What people call it.
        title: String,
        /// Why.
        error: SignOnError,
    },
    /// A provider does not say that the address is the person's.
    #[error("{0} does not confirm the address")]
    Unconfirmed(String),
    /// It has to be another address: this one.
    #[error("it has to be another address")]
    OtherAddress(String),
    /// The account there opens another one here, or another one there opens this.
    #[error("{0} is linked to another account")]
    LinkedElsewhere(String),
    /// Their company signs them in by this address.
    #[error("the company signs them in by the address")]
    AddressStays,
    /// Nothing else opens the account.
    #[error("nothing else opens the account")]
    LastWay,
    /// Too many failures lately.
    #[error("too many failed attempts; again in {retry_after} s")]
    TooManyAttempts {
        /// Seconds until the oldest failure no longer counts.
        retry_after: u64,
    },
    /// The threads that hash passwords have as much work queued as they take.
    #[error("the password threads are busy")]
    Busy,
    /// A tenant has sent as many invitations today as it may.
    #[error("the tenant has sent {0} invitations today")]
    TooManyInvitations(usize),
    /// A tenant has as many members as it may have, those who are asked included.
    #[error("the tenant has {0} members")]
    TooManyMembers(usize),
    /// The installation has no name at which browsers know passkeys.
    #[error("no passkeys at this address")]
    NoPasskeys,
    /// A person has as many passkeys as they may have.
    #[error("the person has {0} passkeys")]
    TooManyPasskeys(usize),
    /// The passkey opens an account already.
    #[error("the passkey is there already")]
    PasskeyIsThere,
    /// What a device has made cannot be believed.
    #[error("no passkey was made")]
    NotMade,
    /// A passkey that opens nothing here.
    #[error("a passkey that opens nothing")]
    WrongPasskey,
    /// There is a second factor already.
    #[error("there is a second factor")]
    FactorIsOn,
    /// A workspace of theirs asks for one.
    #[error("a workspace asks for a second factor")]
    FactorIsRequired,
    /// The workspace asks for a second factor, and they have none.
    #[error("a second factor first")]
    FactorFirst,
    /// A company's own provider has vouched for them, and it is another company.
    #[error("another company's word")]
    ProofElsewhere,
    /// A company's own provider has vouched for them, which opens that company, and this would open all of their account.
    #[error("a company's word opens no account")]
    NotByACompany,
    /// They work nowhere in the company whose provider has vouched for them.
    #[error("no member of that company")]
    NotAMember,
    /// They have no password, and it takes one.
    #[error("a password first")]
    PasswordFirst,
    /// The settings are others by now than those that were seen.
    #[error("the settings were changed meanwhile")]
    SettingsChanged,
    /// A tenant has one owner at least.
    #[error("the last owner stays")]
    LastOwner,
    /// A tenant has as many roles of its own as it may have.
    #[error("the tenant has {0} roles of its own")]
    TooManyRoles(usize),
    /// Somebody has the role, or is asked to join with it.
    #[error("the role is in use")]
    RoleInUse,
    /// A tenant has as many teams as it may have.
    #[error("the tenant has {0} teams")]
    TooManyTeams(usize),
    /// A tenant has as many keys as it may have.
    #[error("the tenant has {0} keys already")]
    TooManyKeys(usize),
    /// Another key stands in the place of this one.
    #[error("the key is replaced")]
    KeyIsReplaced,
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored password hash that cannot be read, or a fault of the hash function.
    #[error("password hash: {0}")]
    Hash(String),
}

impl IdentityError {
    /// A provider that has vouched for nobody.
    pub(crate) fn provider(title: &str, error: SignOnError) -> Self {
        // As it would be written in code: whatever a provider says stays on its line.
        tracing::warn!(target: "security", provider = title, ?error, "nobody was vouched for");
        Self::Provider { title: title.to_owned(), error }
    }

    /// One field is wrong.
    pub fn field(field: &str, message: Text) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), message }])
    }
}

impl Fault for IdentityError {
    fn problem(&self) -> Problem {
        match self {
            Self::Invalid(errors) => Problem::invalid(errors.clone()),
            Self::WorkspaceSuspended => Problem::new(
                ErrorCode::Invalid,
                text!("This workspace is suspended. Ask whoever runs this installation."),
            ),
            Self::NoTokenOfToken => Problem::new(
                ErrorCode::Forbidden,
                text!("A short-lived token makes no tokens. Ask with the key that has made it."),
            ),
            Self::OperatorMayNot(permission) => Problem::new(
                ErrorCode::Forbidden,
                text!("This key may not do this. It takes one that was made with {permission}.", permission),
            ),
            Self::TooManyOperatorKeys(most) => Problem::new(
                ErrorCode::Conflict,
                text!("There can be {most} working keys of the operator. Revoke one that is no longer used.", most),
            ),
            Self::HasMembers => Problem::new(
                ErrorCode::Conflict,
                text!("Somebody works in this workspace already. Its owners invite others."),
            ),
            Self::WrongCredentials => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "The email address or the password is not right. Check both and try again. If you have just signed \
                     up, open the link in your mail first."
                ),
            ),
            Self::NotThePassword => Problem::new(
                ErrorCode::Invalid,
                text!("This is not your password, so nothing was changed. Type the one that you sign in with."),
            ),
            Self::NotTheCode(message) => Problem::new(ErrorCode::Invalid, message.clone()),
            Self::SignInOver => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "This sign-in is no longer open: it took too long, or it was finished in another window. Sign in \
                     again."
                ),
            ),
            Self::LinkOver => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "This link is no longer good: it has been used, or it is too old. If you have just used it, sign \
                     in."
                ),
            ),
            Self::Provider { title, error } => provider(title, error),
            Self::Unconfirmed(title) => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "{title} does not say that the address of your account there is yours. Confirm it there, or go on here with \
                     a password.",
                    title
                ),
            ),
            Self::OtherAddress(email) => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "This is for {email}. Choose the account there that has this address; if you are not asked, sign out there \
                     first.",
                    email
                ),
            ),
            Self::LinkedElsewhere(title) => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "Another account at {title} opens this one, or this one there opens another one here. Sign in as you did \
                     until now, and look at your account.",
                    title
                ),
            ),
            Self::AddressStays => Problem::new(
                ErrorCode::Conflict,
                text!("Your company signs you in by this address, so it stays. Ask an owner of the workspace."),
            ),
            Self::LastWay => Problem::new(
                ErrorCode::Conflict,
                text!("Nothing else opens your account. Choose a password first: the page to sign in leads to one."),
            ),
            Self::EmailTaken => Problem::new(
                ErrorCode::Invalid,
                text!("We could not make an account with these details. If you already have one, sign in instead."),
            ),
            Self::TooManyAttempts { retry_after } => {
                let minutes = retry_after.div_ceil(60).max(1);
                let mut problem = Problem::new(
                    ErrorCode::RateLimited,
                    text!(
                        "There were too many attempts that did not work. Try again in {n} minute.",
                        "There were too many attempts that did not work. Try again in {n} minutes.",
                        n = minutes
                    ),
                );
                problem.retry_after = Some(*retry_after);
                problem
            }
            Self::Busy => {
                let mut problem = Problem::new(
                    ErrorCode::Unavailable,
                    text!("Many people are signing in just now. Nothing was changed; try again in a few seconds."),
                );
                problem.retry_after = Some(5);
                problem
            }
            Self::TooManyRoles(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can have {most} roles of its own. Delete one that nobody has.", most),
            ),
            Self::RoleInUse => Problem::new(
                ErrorCode::Conflict,
                text!("Somebody has this role, or is asked to join with it. Give them another one first."),
            ),
            Self::TooManyTeams(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can have {most} teams. Delete one that is no longer needed.", most),
            ),
            Self::TooManyKeys(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can have {most} working keys. Revoke one that is no longer used.", most),
            ),
            Self::TooManyInvitations(most) => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace can send {most} invitations a day. Go on tomorrow.", most),
            ),
            Self::TooManyMembers(most) => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "A workspace can have {most} members, those who are asked included. Take an invitation back first.",
                    most
                ),
            ),
            Self::LastOwner => Problem::new(
                ErrorCode::Conflict,
                text!("A workspace needs an owner. Make somebody else an owner first."),
            ),
            Self::NoPasskeys => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "Passkeys take an address with a name, and this installation is reached by a number. Sign in \
                     another way, or ask whoever runs it."
                ),
            ),
            Self::TooManyPasskeys(most) => Problem::new(
                ErrorCode::Conflict,
                text!("An account can have {most} passkeys. Remove one that is no longer used.", most),
            ),
            Self::PasskeyIsThere => {
                Problem::new(ErrorCode::Conflict, text!("This passkey opens an account already. Make another one."))
            }
            Self::NotMade => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "What your device has made could not be checked, so it was not added. Try again, or use another \
                     device."
                ),
            ),
            Self::WrongPasskey => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "This passkey opens nothing here: it may have been removed from the account, or it is another \
                     account's. Choose another one, or sign in another way."
                ),
            ),
            Self::FactorIsOn => Problem::new(
                ErrorCode::Conflict,
                text!("Your account has a second factor already. Turn it off first, and set up another."),
            ),
            Self::FactorIsRequired => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "A workspace of yours asks its members for a second factor, so it stays on. Is the phone gone? \
                     Sign in with a code on paper, and ask an owner of the workspace."
                ),
            ),
            Self::FactorFirst => Problem::new(
                ErrorCode::Invalid,
                text!("This workspace asks for a second factor. Set one up in your account, and go there then."),
            ),
            Self::ProofElsewhere => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "You are signed in by your company's own sign-in, which opens this workspace alone. To go \
                     elsewhere, sign out and sign in there."
                ),
            ),
            Self::NotByACompany => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "You are signed in by your company's own sign-in, which opens this workspace alone, and this is \
                     about your whole account. Sign in by your password first; the page to sign in leads to one."
                ),
            ),
            Self::NotAMember => Problem::new(
                ErrorCode::Invalid,
                text!(
                    "This is a company's own sign-in, and you are no member of its workspace. Ask one of its owners to \
                     invite you."
                ),
            ),
            Self::PasswordFirst => Problem::new(
                ErrorCode::Conflict,
                text!("That takes a password, and you have none. Choose one first: the page to sign in leads to one."),
            ),
            Self::SettingsChanged => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "Somebody has changed the settings meanwhile. Look at what they are now, and change them once \
                     more."
                ),
            ),
            Self::KeyIsReplaced => Problem::new(
                ErrorCode::Conflict,
                text!(
                    "This key has been replaced already: the new one stands in the list. Replace that one, or make \
                     another."
                ),
            ),
            Self::NotFound => Problem::not_found(),
            Self::Denied(_) => Problem::new(
                ErrorCode::Forbidden,
                text!("What you may do in this workspace does not include this. Ask one of its owners."),
            ),
            Self::Store(error) => error.problem(),
            Self::Hash(_) => Problem::new(ErrorCode::Internal, text!("Nothing was changed. Try again.")),
        }
    }
}

/// What a person is told when a provider has vouched for nobody.
fn provider(title: &str, error: &SignOnError) -> Problem {
    let (code, what) = match error.unanswered() {
        Some(Unanswered::Silent) => (
            ErrorCode::Unavailable,
            text!("{title} does not answer just now. Sign in another way, or try again in a minute.", title),
        ),
        Some(Unanswered::Slow) => (
            ErrorCode::Unavailable,
            text!("{title} takes too long to answer. Sign in another way, or try again in a minute.", title),
        ),
        Some(Unanswered::Busy) => (
            ErrorCode::Unavailable,
            text!("Many people sign in by {title} just now. Sign in another way, or try again in a minute.", title),
        ),
        Some(Unanswered::Refused) => (
            ErrorCode::Invalid,
            text!(
                "{title} has sent you back without saying who you are. Sign in another way, or try again in a minute.",
                title
            ),
        ),
        None => (
            ErrorCode::Invalid,
            text!(
                "What {title} has answered cannot be trusted, so nobody was signed in. Sign in another way, or try again in a \
                 minute.",
                title
            ),
        ),
    };
    let mut problem = Problem::new(code, what);
    problem.retry_after = (code == ErrorCode::Unavailable).then_some(60);
    problem
}
