//! From a passage to the statements in it: sentences, and the lines of lists and tables, which are statements of their own.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;

/// Words after which a full stop ends no sentence.
const SHORT: &[&str] = &[
    "approx.", "art.", "bzw.", "ca.", "cf.", "co.", "dr.", "e.g.", "etc.", "fig.", "i.e.", "inc.", "incl.", "ltd.",
    "max.", "min.", "mr.", "mrs.", "ms.", "no.", "nr.", "p.", "pp.", "resp.", "st.", "str.", "tel.", "u.s.", "vs.",
    "z.b.",
];

/// The statements of a text, by where they stand; nothing but white space lies between them.
pub fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for block in blocks(text) {
        let mut begins = block.start;
        // Inside a block the end of a line ends nothing; a space is as long.
        let unwrapped = text[block.clone()].replace('\n', " ");
        for (at, sentence) in unwrapped.split_sentence_bound_indices() {
            let ends = block.start + at + sentence.len();
            if !ends_short(&text[begins..ends]) {
                push(text, begins..ends, &mut found);
                begins = ends;
            }
        }
        push(text, begins..block.end, &mut found);
    }
    found
}

/// Runs of lines that belong together: a paragraph whose lines were wrapped is one, a line of a list or table is one.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut open = false;
    for line in text.split_inclusive('\n') {
        let (begins, ends) = (at, at + line.len());
        at = ends;
        let trimmed = line.trim();
        if trimmed.is_empty() {
            open = false;
            continue;
        }
        match blocks.last_mut() {
            Some(block) if open && !starts_item(trimmed) => block.end = ends,
            _ => blocks.push(begins..ends),
        }
        // A row of a table goes on nowhere.
        open = !trimmed.starts_with('|');
    }
    blocks
}

fn starts_item(line: &str) -> bool {
    let numbered = line.split_once(['.', ')']).is_some_and(|(number, rest)| {
        !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with(' ')
    });
    numbered || ["- ", "* ", "+ ", "|", "> ", "```"].iter().any(|mark| line.starts_with(mark))
}

fn ends_short(text: &str) -> bool {
    let last = text.split_whitespace().next_back().unwrap_or_default().trim_start_matches(['(', '"']).to_lowercase();
    SHORT.contains(&last.as_str())
}

fn push(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let begins = range.start + (part.len() - part.trim_start().len());
    let ends = range.start + part.trim_end().len();
    // Rules and the line under a table's head say nothing.
    if begins < ends && text[begins..ends].chars().any(char::is_alphanumeric) {
        found.push(begins..ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        assert_eq!(
            of("It takes approx. 3 days, e.g. from Monday. No. 5 is out. Really? Yes! It costs 1,299.00 SEK."),
            [
                "It takes approx. 3 days, e.g. from Monday.",
                "No. 5 is out.",
                "Really?",
                "Yes!",
                "It costs 1,299.00 SEK."
            ]
        );
        assert_eq!(of("One that was\nwrapped. Two.\n\nThree"), ["One that was\nwrapped.", "Two.", "Three"]);
    }

    #[test]
    fn items_and_rows_stand_alone() {
        assert_eq!(of("- one\n- two\n  goes on\n1. three\n"), ["- one", "- two\n  goes on", "1. three"]);
        assert_eq!(of("| a | b |\n|---|---|\n| 1 | 2 |\n"), ["| a | b |", "| 1 | 2 |"]);
    }

    #[test]
    fn nothing_is_lost_and_nothing_panics() {
        for text in ["", " \n", "...", "å\u{301}.\u{a0}x", "a.b.c. D", "```\ncode\n```"] {
            for range in sentences(text) {
                assert_eq!(text[range.clone()].trim(), &text[range]);
            }
        }
    }
}
