//! Codes: words of letters and digits, such as `E14` or `FH-3318`. Each means itself alone, and a model of meanings
//! takes one for another.

use std::collections::BTreeSet;

/// A code, without its hyphens and in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// The letters that it begins with: codes of one kind have the same.
    pub kind: String,
    rest: String,
}

/// The codes in a text.
pub fn codes(text: &str) -> BTreeSet<Code> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    words
        .filter_map(|word| {
            let word: String = word.replace('-', "").to_lowercase();
            let digits = word.find(|c: char| c.is_numeric()).filter(|at| *at > 0)?;
            Some(Code { kind: word[..digits].to_owned(), rest: word[digits..].to_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_letters_and_then_digits() {
        let of = |text: &str| codes(text).into_iter().map(|c| format!("{} {}", c.kind, c.rest)).collect::<Vec<_>>();
        assert_eq!(of("FH-3318, (E14) or **P-062**; r20418?"), ["e 14", "fh 3318", "p 062", "r 20418"]);
        assert!(of("the 25th, 2.4 GHz, 60 days, 10:00\u{2013}19:00, pick-up - and 3-seat").is_empty());
        assert_eq!(codes("FH3318"), codes("fh-3318"));
    }
}
