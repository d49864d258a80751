//! What a sentence names: people and things by a capital letter, and addresses.

use crate::codes::stem;
use std::collections::BTreeSet;
use unicode_segmentation::UnicodeSegmentation as _;

/// A name in a sentence that does not stand there: a word with a capital letter that does not begin anything.
pub(super) fn missing_name(sentence: &str, there: &str) -> Option<String> {
    let bare = |word: &str| {
        let small = word.to_lowercase();
        stem(small.strip_suffix("'s").or_else(|| small.strip_suffix("\u{2019}s")).unwrap_or(&small))
    };
    let known: BTreeSet<String> = there.unicode_words().map(bare).collect();
    let mut ended = 0;
    for (at, word) in sentence.unicode_word_indices() {
        let between = sentence.get(ended..at).unwrap_or_default();
        let begins = ended == 0 || between.contains(['.', ':', '!', '?', '\n', '\u{201c}', '"']);
        ended = at + word.len();
        let me = word.starts_with("I'") || word.starts_with("I\u{2019}");
        let capital = word.chars().next().is_some_and(char::is_uppercase) && word.chars().nth(1).is_some() && !me;
        if capital && !begins && !known.contains(&bare(word)) {
            return Some(word.to_owned());
        }
    }
    None
}

/// Addresses in a text: of pages, mailboxes, hosts, and whatever else a browser might follow.
pub(super) fn addresses(text: &str) -> BTreeSet<String> {
    let parts = text.split(|c: char| {
        c.is_whitespace()
            || matches!(c, '<' | '>' | '"' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '`' | '*')
            || matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}' | '«' | '»' | '「' | '」' | '（' | '）')
    });
    let parts = parts.map(|part| {
        part.trim_matches(|c: char| {
            matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '\u{2019}' | '…' | '/' | '_')
        })
    });
    parts.map(str::to_lowercase).filter(|part| is_address(part)).collect()
}

fn is_address(part: &str) -> bool {
    let schemes = ["www.", "mailto:", "javascript:", "data:", "tel:", "sms:", "ftp:"];
    if part.contains("://") || part.contains('@') || schemes.iter().any(|scheme| part.starts_with(scheme)) {
        return true;
    }
    let host = part.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let label = |label: &&str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let ending =
        labels.last().is_some_and(|last| last.chars().all(char::is_alphabetic) && last.chars().nth(1).is_some());
    labels.len() >= 2 && labels.iter().all(label) && ending
}
