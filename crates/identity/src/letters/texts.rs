//! What letters say.

use super::LetterKind;
use mail::{Letter, Link};
use words::{Language, Text, text};

/// A letter of this kind to somebody who works for a company. `token` is what stands in its link, if it has one.
pub(super) fn letter(
    kind: LetterKind,
    language: Language,
    (name, to): (String, String),
    company: &str,
    address: &str,
    token: &str,
) -> Letter {
    let say = |text: Text| text.say(language);
    let link = |label: Text, path: String| Some(Link { label: say(label), url: format!("{address}{path}") });
    let (subject, before, link, after) = match kind {
        LetterKind::Confirm => (
            text!("Confirm your address"),
            text!(
                "Somebody, most likely you, has made a workspace with this address. Open the link and give the password that you \
             chose, and the workspace is open to you."
            ),
            link(text!("Confirm my address"), format!("/confirm/{token}")),
            text!(
                "The link is good for a day. If it was not you who made the workspace, do nothing: without this it stays closed."
            ),
        ),
        LetterKind::Reset => (
            text!("Choose a new password"),
            text!("Somebody, most likely you, asked for a new password."),
            link(text!("Choose a new password"), format!("/reset/{token}")),
            text!(
                "The link is good for an hour and works once. If it was not you, do nothing: your password stays as it is."
            ),
        ),
        LetterKind::Claim => (
            text!("Your workspace waits for you"),
            text!(
                "Somebody, most likely you, wanted to make a workspace with this address. There is one that nobody has confirmed \
             yet. Choose a password for it, and it is yours, whoever made it."
            ),
            link(text!("Choose a password"), format!("/reset/{token}")),
            text!(
                "The link is good for a day and works once. If it was not you, do nothing: without this the workspace stays closed."
            ),
        ),
        LetterKind::Known => (
            text!("You have an account already"),
            text!(
                "Somebody, most likely you, wanted to make a workspace with this address. It has an account already: sign in with \
             it. If you do not know the password any more, the same page leads to a new one."
            ),
            link(text!("Sign in"), "/login".to_owned()),
            text!("If it was not you, do nothing: nothing was changed."),
        ),
        LetterKind::Changed => (
            text!("Your password was changed"),
            text!(
                "The password of your account was changed just now, and everybody who was signed in to it has been signed out."
            ),
            link(text!("Sign in"), "/login".to_owned()),
            text!(
                "If it was not you, choose a new password at once: the page to sign in leads there. And look after your mailbox, \
             which somebody else may read."
            ),
        ),
        LetterKind::FactorOn => (
            text!("Signing in takes a code now"),
            text!(
                "A second factor was turned on for your account just now: to sign in takes your password, and a code of the app on \
             your phone. Everywhere else you have been signed out."
            ),
            link(text!("Look at your account"), "/dashboard/account".to_owned()),
            text!(
                "If it was not you, somebody has your password: choose a new one at once, and ask whoever runs this installation to \
             take the second factor away."
            ),
        ),
        LetterKind::FactorOff => (
            text!("Signing in takes no code any more"),
            text!("The second factor of your account was turned off just now: to sign in takes your password alone."),
            link(text!("Look at your account"), "/dashboard/account".to_owned()),
            text!("If it was not you, choose a new password at once, and turn it on again."),
        ),
        LetterKind::NewCodes => (
            text!("There are new codes on paper"),
            text!(
                "Ten new codes for when your phone is gone were made for your account just now. Those from before open nothing any \
             more."
            ),
            link(text!("Look at your account"), "/dashboard/account".to_owned()),
            text!("If it was not you, choose a new password at once, turn the second factor off, and set up another."),
        ),
        LetterKind::Address => (
            text!("Is this your address?"),
            text!(
                "Somebody, most likely you, wants to sign in with this address from now on. Open the link, and it is done."
            ),
            link(text!("This is my address"), format!("/address/{token}")),
            text!(
                "The link is good for an hour and works once. If it was not you, do nothing: nothing is changed without it."
            ),
        ),
        LetterKind::Moved => (
            text!("Your account has another address"),
            text!("Your account has another address since just now: to sign in takes that one, and letters go there."),
            None,
            text!(
                "If it was not you, somebody has your password: ask whoever runs this installation, or an owner of your workspace, for \
             help at once."
            ),
        ),
        LetterKind::Linked => (
            text!("There is another way into your account"),
            text!(
                "An account elsewhere with this address was linked to yours just now: whoever is signed in there can sign in here."
            ),
            link(text!("Look at your account"), "/dashboard/account".to_owned()),
            text!(
                "If it was not you, sign in, unlink it, and choose a new password. And look after your mailbox, which somebody else \
             may read."
            ),
        ),
        LetterKind::Unlinked => (
            text!("A way into your account is gone"),
            text!(
                "An account elsewhere that was linked to yours opens it no more. Everywhere else you have been signed out."
            ),
            link(text!("Look at your account"), "/dashboard/account".to_owned()),
            text!("If it was not you, choose a new password at once."),
        ),
        LetterKind::PasskeyAdded => (
            text!("A passkey was added to your account"),
            text!(
                "A passkey was added to your account just now: whoever can unlock the device that it is on can sign in here."
            ),
            link(text!("Look at your account"), "/dashboard/account/passkeys".to_owned()),
            text!("If it was not you, sign in, remove it, and choose a new password at once."),
        ),
        LetterKind::PasskeyRemoved => (
            text!("A passkey was removed from your account"),
            text!(
                "A passkey of your account was removed just now, and opens it no more. Everywhere else you have been signed out."
            ),
            link(text!("Look at your account"), "/dashboard/account/passkeys".to_owned()),
            text!("If it was not you, choose a new password at once."),
        ),
        LetterKind::CodeUsed => (
            text!("A code on paper was used"),
            text!("One of the ten codes that you keep for when your phone is gone was used just now."),
            link(text!("Look at your account"), "/dashboard/account".to_owned()),
            text!("If it was not you, choose a new password at once, and make new codes."),
        ),
        LetterKind::Budget => (
            text!("Most of this month's budget for models is spent"),
            text!(
                "{company} has spent most of what models may cost this month, or what is left is less than an answer can cost. \
             When models can no longer be asked, the built-in answerer answers until the next month.",
                company = plain(company).map_or_else(|| say(text!("Your workspace")), str::to_owned)
            ),
            link(text!("Look at what was spent"), "/dashboard/assistant/usage".to_owned()),
            text!("Owners and admins are told once a month."),
        ),
    };
    // Where nobody has confirmed the address, the name is what a stranger typed.
    let name = if matches!(kind, LetterKind::Confirm | LetterKind::Claim | LetterKind::Address) {
        String::new()
    } else {
        name
    };
    Letter { language, to, name, subject: say(subject), before: vec![say(before)], link, after: vec![say(after)] }
}

/// An invitation to join a company. Its reader may have no account, and so no name.
pub(crate) fn invitation(language: Language, to: String, inviter: Option<&str>, company: &str, url: String) -> Letter {
    let say = |text: Text| text.say(language);
    let who = inviter.and_then(plain).map_or_else(|| say(text!("Somebody")), str::to_owned);
    let company = plain(company).map_or_else(|| say(text!("a company")), str::to_owned);
    Letter {
        language,
        to,
        name: String::new(),
        subject: say(text!("Join {company}", company)),
        before: vec![say(text!(
            "{who} asks you to join {company}, to answer the people who write to it.",
            who,
            company
        ))],
        link: Some(Link { label: say(text!("Join")), url }),
        after: vec![say(text!("The link is good for a week and works once. If you know nobody there, do nothing."))],
    }
}

/// A name that is no address: mail programs make links of those, and letters are no place for other people's.
fn plain(name: &str) -> Option<&str> {
    let leads = |word: &str| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_punctuation());
        word.contains([':', '/', '@'])
            || word.split_once('.').is_some_and(|(before, after)| before.len() > 1 && after.len() > 1)
    };
    (!name.split_whitespace().any(leads)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_somewhere_are_left_out() {
        for name in ["Fjällhus AB", "Astrid Lund", "J. R. Ewing", "Smith & Co.", "St. Olav's", "A.B. Volvo", "日本"]
        {
            assert_eq!(plain(name), Some(name));
        }
        for name in
            ["Verify at https://evil.example/x", "evil.example", "www.evil.example now", "a@b.example", "Call evil.io!"]
        {
            assert_eq!(plain(name), None, "{name}");
        }
    }
}
