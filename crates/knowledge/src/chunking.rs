//! From text to pieces: small enough to be read as an answer, cut where the text itself has a seam.
//!
//! A document is cut at its headings first, so that no piece speaks of two things, then at paragraphs, sentences and
//! words as far as needed. Markdown is made text on the way; other text stays as it is. Each piece knows the headings above it
//! and where it stands in the document.

use crate::markdown::sections;
use crate::pairs::{MAX_QUESTION, rendered_pairs};
use model::knowledge::DocumentKind;
use std::ops::Range;
use text_splitter::{Characters, ChunkConfig, TextSplitter};
use words::noted;

/// Characters of a piece: as many as fit, from the lower bound on. Little more than what is quoted in an answer; longer
/// ones (500 to 900) were found no better on the part `tune` of the test set. The model reads some 1,000 characters.
const CAPACITY: Range<usize> = 300..500;
/// Most pieces of a document.
pub const MAX_CHUNKS: usize = 10_000;
/// Most characters of all pieces of a document.
pub(crate) const MAX_CHARACTERS: usize = MAX_CHUNKS * CAPACITY.end;
/// Most characters of the headings above a piece.
const MAX_TITLE: usize = 300;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The document's title and the headings above, or the question that this answers.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where it stands in the document, in bytes; of Markdown the section that it is from.
    pub range: Range<usize>,
}

/// There are more pieces than a document may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

/// What is said of [`TooMany`].
pub(crate) const TOO_MANY: &str = noted!("The document has more than 10,000 pieces. Split it and upload the parts.");
/// What is said of a document without a piece.
pub(crate) const NOTHING: &str =
    noted!("There is nothing to tell in the file: comments, tags and front matter are left out. Add text to it.");

/// Cuts a text.
///
/// # Errors
/// [`TooMany`].
pub fn chunks(title: &str, kind: DocumentKind, markdown: bool, text: &str) -> Result<Vec<Chunk>, TooMany> {
    let mut found = Vec::new();
    let mut add = |title: &str, text: &str, range: Range<usize>| {
        found.push(Chunk { title: title.to_owned(), text: text.to_owned(), range });
        if found.len() > MAX_CHUNKS { Err(TooMany) } else { Ok(()) }
    };
    if kind == DocumentKind::Qa {
        for (question, begins, answer) in rendered_pairs(text) {
            let title: String = question.chars().take(MAX_QUESTION).collect();
            // Written as one, told as one, as long as it fits.
            let fits = answer.chars().count() <= CAPACITY.end;
            let pieces = if fits { std::iter::once(0..answer.len()).collect() } else { pieces(answer)? };
            for piece in pieces {
                add(&title, &answer[piece.clone()], begins + piece.start..begins + piece.end)?;
            }
        }
    } else if markdown {
        for section in sections(text).ok_or(TooMany)? {
            let title = path(title, &section.above);
            for piece in pieces(&section.text)? {
                add(&title, &section.text[piece], section.range.clone())?;
            }
        }
    } else {
        for piece in pieces(text)? {
            add(&bounded(title), &text[piece.clone()], piece)?;
        }
    }
    Ok(found)
}

/// A text in pieces, by where they stand, with nothing but white space between them.
fn pieces(text: &str) -> Result<Vec<Range<usize>>, TooMany> {
    // Known before anything is cut: of five megabytes nothing else would come.
    if text.chars().filter(|c| !c.is_whitespace()).count() > MAX_CHARACTERS {
        return Err(TooMany);
    }
    let splitter = TextSplitter::new(ChunkConfig::<Characters>::from(CAPACITY.start..CAPACITY.end));
    let mut found = Vec::new();
    for block in blocks(text) {
        let pieces = splitter.chunk_indices(&text[block.clone()]).filter(|(_, piece)| !piece.trim().is_empty());
        found.extend(pieces.map(|(at, piece)| block.start + at..block.start + at + piece.len()));
        if found.len() > MAX_CHUNKS {
            return Err(TooMany);
        }
    }
    Ok(found)
}

/// Bytes of a text that are cut into pieces together: the cutter reads all that is left for each piece where it finds no
/// seam, which takes the square of the length.
const BLOCK: usize = 8 * 1024;

/// A long text in blocks, cut at the best seam in the last quarter of each: between paragraphs, lines, sentences, words,
/// letters.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut blocks = Vec::new();
    let mut begins = 0;
    while text.len() - begins > BLOCK {
        let end = text.floor_char_boundary(begins + BLOCK);
        let from = text.floor_char_boundary(begins + BLOCK * 3 / 4);
        let last = &text[from..end];
        let seam = ["\n\n", "\n", ". ", " "].iter().find_map(|seam| last.rfind(seam).map(|at| from + at + seam.len()));
        let ends = seam.unwrap_or(end);
        blocks.push(begins..ends);
        begins = ends;
    }
    blocks.push(begins..text.len());
    blocks
}

/// The title and the headings, without one that says the title again.
fn path(title: &str, above: &[String]) -> String {
    let other = |text: &&String| !text.trim().eq_ignore_ascii_case(title.trim());
    let headings = above.iter().filter(other).map(String::as_str);
    bounded(&std::iter::once(title).chain(headings).collect::<Vec<_>>().join(" › "))
}

fn bounded(title: &str) -> String {
    title.chars().take(MAX_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::{Pair, render};

    fn cut(title: &str, markdown: bool, text: &str) -> Vec<Chunk> {
        chunks(title, DocumentKind::Text, markdown, text).unwrap()
    }

    fn texts(chunks: &[Chunk]) -> Vec<(&str, &str)> {
        chunks.iter().map(|chunk| (chunk.title.as_str(), chunk.text.as_str())).collect()
    }

    #[test]
    fn cut_at_headings_which_stay_in_the_title() {
        let text = "# Returns\n\nHow it works.\n\n## Goods\n\n60 days.\n\n### Sofas\n\nWe fetch them.\n\n## Gift cards\n\nNever.\n";
        let got = cut("Returns", true, text);
        let want = [
            ("Returns", "How it works."),
            ("Returns › Goods", "60 days."),
            ("Returns › Goods › Sofas", "We fetch them."),
            ("Returns › Gift cards", "Never."),
        ];
        assert_eq!(texts(&got), want);
        assert!(got.iter().all(|chunk| text[chunk.range.clone()].contains(&chunk.text)), "{got:?}");
    }

    /// The facts of many a page stand in its headings.
    #[test]
    fn a_heading_under_which_nothing_stands_is_a_piece() {
        let facts = include_str!("../tests/support/inputs/08-headings-that-hold-the-facts.md");
        assert_eq!(
            texts(&cut("Shop", true, facts)),
            [
                ("Shop › Shipping", "We do not ship to Norway"),
                ("Shop › Shipping", "Parcels to Denmark cost 59 kronor"),
                ("Shop › Shipping › Tracking", "A link comes by e-mail."),
            ]
        );
        let alone = include_str!("../tests/support/inputs/09-only-headings-ready-with-0-pieces.md");
        let got = cut("Shop", true, alone);
        let want = ["Phone 08-555 01 23", "E-mail help at shop.example", "Open Monday to Friday 9 to 17"];
        assert_eq!(texts(&got), want.map(|text| ("Shop › Contact", text)));
        assert!(got.iter().all(|chunk| alone[chunk.range.clone()].contains(&chunk.text)), "{got:?}");
    }

    #[test]
    fn text_stays_as_it_is() {
        let text = include_str!("../tests/support/inputs/04-plain-eats-characters.txt");
        assert_eq!(texts(&cut("Balance", false, text)), [("Balance", text.trim())]);
        let marks = "# no heading\n- 18 °C, _KEY_, <b>, &amp;, `x`\n| a | b |";
        assert_eq!(texts(&cut("Marks", false, marks)), [("Marks", marks)]);
    }

    #[test]
    fn a_long_answer_is_cut_under_its_question() {
        let steps: String =
            (1..=60).map(|n| format!("Step {n}: tighten screw number {n} by hand, then look. ")).collect();
        let question = format!("How do I install the door{}?", ", the frame".repeat(80));
        let pair = |question: &str, answer: &str| Pair { question: question.into(), answer: answer.trim().into() };
        let text = render(&[pair(&question, &steps), pair("Is it heavy?", "No.\n\nYou can carry it alone.")]);
        let got = chunks("Doors", DocumentKind::Qa, false, &text).unwrap();
        assert!(got.iter().all(|chunk| text[chunk.range.clone()] == chunk.text));
        let (last, of_steps) = got.split_last().unwrap();
        assert_eq!((last.title.as_str(), last.text.as_str()), ("Is it heavy?", "No.\n\nYou can carry it alone."));
        assert!(of_steps.len() > 5);
        for chunk in of_steps {
            assert_eq!(chunk.title, question);
            assert!(chunk.text.chars().count() <= CAPACITY.end);
        }
        let joined: Vec<&str> = of_steps.iter().map(|chunk| chunk.text.as_str()).collect();
        assert_eq!(joined.join(" "), steps.trim());
    }

    #[test]
    fn long_text_is_cut_where_sentences_end() {
        let sentence = "This is the sentence with number seventy-seven, and it is not a very short one either. ";
        let text = sentence.repeat(60);
        for markdown in [false, true] {
            let got = cut("Long", markdown, &text);
            assert!(got.len() > 5);
            for Chunk { text: piece, .. } in &got {
                assert!(piece.chars().count() <= CAPACITY.end, "{piece}");
                assert!(piece.starts_with("This") && piece.ends_with("either."), "{piece}");
            }
        }
    }

    #[test]
    fn blocks_are_cut_at_seams_and_lose_nothing() {
        let paragraphs = "A line of words, and then another one of them.\n\n".repeat(2_000);
        let text = format!("{paragraphs}{}", "ก".repeat(30_000));
        let got = blocks(&text);
        assert_eq!(got.iter().map(|block| &text[block.clone()]).collect::<String>(), text);
        assert!(got.iter().all(|block| block.len() <= BLOCK && !block.is_empty()), "{got:?}");
        let seams = got.iter().filter(|block| text[(*block).clone()].ends_with("\n\n")).count();
        assert!(seams > 8, "{seams}");
    }

    /// A long heading above very many without words: what is kept is what has words.
    #[test]
    fn headings_without_words_cost_nothing() {
        let text = format!("# {}\n{}Words.\n", "ก".repeat(100_000), "##\n".repeat(300_000));
        let got = cut("Wall", true, &text);
        assert_eq!(got.len(), 1);
        assert!(got[0].title.chars().count() <= MAX_TITLE && got[0].text == "Words.");
    }

    /// Five megabytes without a seam: what is read for each piece does not grow with the text. (The square of it took minutes.)
    #[test]
    fn the_largest_text_without_a_seam_is_cut_as_fast_as_any() {
        for markdown in [false, true] {
            let most = "ก".repeat(5 * 1024 * 1024 / "ก".len());
            assert!(cut("Wall", markdown, &most).len() > 3_000);
            let more = "x".repeat(5 * 1024 * 1024);
            assert_eq!(chunks("Wall", DocumentKind::Text, markdown, &more), Err(TooMany));
        }
    }

    #[test]
    fn more_pieces_than_a_document_may_have_are_told() {
        let headings = |count: usize| "# A fact.\n".repeat(count);
        assert_eq!(cut("Facts", true, &headings(MAX_CHUNKS)).len(), MAX_CHUNKS);
        assert_eq!(chunks("Facts", DocumentKind::Text, true, &headings(MAX_CHUNKS + 1)), Err(TooMany));
        let pairs = |length: usize| {
            let pair = Pair { question: "How?".into(), answer: "x".repeat(length) };
            chunks("Pairs", DocumentKind::Qa, false, &render(&vec![pair; 1_000]))
        };
        assert_eq!(pairs(CAPACITY.end).unwrap().len(), 1_000);
        assert_eq!(pairs(11 * CAPACITY.end), Err(TooMany));
    }

    #[test]
    fn a_wall_of_letters_is_cut_all_the_same_and_loses_nothing() {
        for markdown in [false, true] {
            let text = "å".repeat(5_000);
            let got = cut("Wall", markdown, &text);
            assert_eq!(got.iter().map(|chunk| chunk.text.as_str()).collect::<String>(), text);
            assert!(got.iter().all(|chunk| chunk.text.chars().count() <= CAPACITY.end));
        }
    }
}
