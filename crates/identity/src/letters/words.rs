//! What letters say.

use super::LetterKind;
use mail::{Letter, Link};

/// A letter of this kind. `token` is what stands in its link, if it has one.
pub(super) fn letter(kind: LetterKind, name: String, to: String, address: &str, token: &str) -> Letter {
    let link = |label: &str, path: String| Some(Link { label: label.to_owned(), url: format!("{address}{path}") });
    let (subject, before, link, after) = match kind {
        LetterKind::Confirm => (
            "Confirm your address",
            "You have made a workspace. Confirm that this address is yours, and it is open to you.",
            link("Confirm my address", format!("/confirm/{token}")),
            "The link is good for a day. If it was not you who made the workspace, do nothing: without this it stays closed.",
        ),
        LetterKind::Reset => (
            "Choose a new password",
            "Somebody, most likely you, asked for a new password.",
            link("Choose a new password", format!("/reset/{token}")),
            "The link is good for an hour and works once. If it was not you, do nothing: your password stays as it is.",
        ),
        LetterKind::Known => (
            "You have an account already",
            "Somebody, most likely you, wanted to make a workspace with this address. It has an account already: sign in with \
             it. If you do not know the password any more, the same page leads to a new one.",
            link("Sign in", "/login".to_owned()),
            "If it was not you, do nothing: nothing was changed.",
        ),
        LetterKind::Changed => (
            "Your password was changed",
            "The password of your account was changed just now, and everybody who was signed in to it has been signed out.",
            link("Sign in", "/login".to_owned()),
            "If it was not you, choose a new password at once: the page to sign in leads there. And look after your mailbox, \
             which somebody else may read.",
        ),
    };
    let (subject, before, after) = (subject.to_owned(), vec![before.to_owned()], vec![after.to_owned()]);
    Letter { to, name, subject, before, link, after }
}
