//! From text to pieces: small enough to be read as an answer, cut where the text itself has a seam.
//!
//! A document is cut at its headings first, so that no piece speaks of two things, then at paragraphs, sentences and
//! words as far as needed. Each piece knows the headings above it and where it stands in the text.

use crate::pairs::{MAX_QUESTION, rendered_pairs};
use model::knowledge::DocumentKind;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::ops::Range;
use text_splitter::{Characters, ChunkConfig, MarkdownSplitter, TextSplitter};

/// Characters of a piece: as many as fit, from the lower bound on. Little more than what is quoted in an answer; longer
/// ones (500 to 900) were found no better on the part `tune` of the test set. The model reads some 1,000 characters.
const CAPACITY: Range<usize> = 300..500;
/// Most pieces of a document.
pub const MAX_CHUNKS: usize = 10_000;
/// Most characters of the headings above a piece.
const MAX_TITLE: usize = 300;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The document's title and the headings above, or the question that this answers.
    pub title: String,
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
}

/// Cuts a text.
pub fn chunks(title: &str, kind: DocumentKind, markdown: bool, text: &str) -> Vec<Chunk> {
    if kind == DocumentKind::Qa {
        return of_pairs(text);
    }
    let mut found = Vec::new();
    for section in sections(title, markdown, text) {
        let begins = section.range.start;
        let pieces = pieces(&text[section.range], markdown);
        let chunk = |piece: Range<usize>| Chunk {
            title: section.title.clone(),
            range: begins + piece.start..begins + piece.end,
        };
        found.extend(pieces.into_iter().map(chunk));
        if found.len() > MAX_CHUNKS {
            break;
        }
    }
    found
}

/// Pairs: each in one piece where it fits, otherwise in several, each under the question.
fn of_pairs(text: &str) -> Vec<Chunk> {
    let mut found = Vec::new();
    for (question, begins, answer) in rendered_pairs(text) {
        let title: String = question.chars().take(MAX_QUESTION).collect();
        let fits = answer.chars().count() <= CAPACITY.end;
        let pieces = if fits { std::iter::once(0..answer.len()).collect() } else { pieces(answer, false) };
        let chunk =
            |piece: Range<usize>| Chunk { title: title.clone(), range: begins + piece.start..begins + piece.end };
        found.extend(pieces.into_iter().map(chunk));
        if found.len() > MAX_CHUNKS {
            break;
        }
    }
    found
}

/// A text in pieces, by where they stand, with nothing but white space between them; of more than a document may have, no
/// more than it takes to refuse it.
fn pieces(text: &str, markdown: bool) -> Vec<Range<usize>> {
    let config = || ChunkConfig::<Characters>::from(CAPACITY.start..CAPACITY.end);
    let mut found = Vec::new();
    for block in blocks(text) {
        let body = &text[block.clone()];
        let pieces: Vec<(usize, &str)> = if markdown {
            MarkdownSplitter::new(config()).chunk_indices(body).collect()
        } else {
            TextSplitter::new(config()).chunk_indices(body).collect()
        };
        let some = pieces.into_iter().filter(|(_, piece)| !piece.trim().is_empty());
        found.extend(some.map(|(at, piece)| block.start + at..block.start + at + piece.len()));
        if found.len() > MAX_CHUNKS {
            break;
        }
    }
    found
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

/// The text between two headings, without them.
fn sections(title: &str, markdown: bool, text: &str) -> Vec<Chunk> {
    if !markdown {
        return vec![Chunk { title: bounded(title), range: 0..text.len() }];
    }
    let mut sections = Vec::new();
    // Of headings without words below them nothing is kept: there may be millions.
    let mut push = |range: Range<usize>, above: &[(HeadingLevel, String)]| {
        // One more than a document may have is enough to refuse it.
        if sections.len() <= MAX_CHUNKS && !text[range.clone()].trim().is_empty() {
            sections.push(Chunk { title: path(title, above), range });
        }
    };
    // The headings that hold here, outermost first.
    let mut above: Vec<(HeadingLevel, String)> = Vec::new();
    let mut heading: Option<(HeadingLevel, String)> = None;
    let mut begins = 0;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                push(begins..range.start, &above);
                heading = Some((level, String::new()));
            }
            Event::Text(words) | Event::Code(words) => {
                // No title shows more of it.
                if let Some((_, text)) = heading.as_mut()
                    && text.len() < MAX_TITLE * 4
                {
                    text.extend(words.chars().take(MAX_TITLE));
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(done) = heading.take() {
                    above.retain(|(level, _)| *level < done.0);
                    above.push(done);
                }
                begins = range.end;
            }
            _ => {}
        }
    }
    push(begins..text.len(), &above);
    sections
}

/// The title and the headings, without one that says the title again.
fn path(title: &str, above: &[(HeadingLevel, String)]) -> String {
    let same = |text: &str| text.trim().eq_ignore_ascii_case(title.trim());
    let headings = above.iter().map(|(_, text)| text.trim()).filter(|text| !text.is_empty() && !same(text));
    bounded(&std::iter::once(title).chain(headings).collect::<Vec<_>>().join(" › "))
}

fn bounded(title: &str) -> String {
    title.chars().take(MAX_TITLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::{Pair, render};

    fn texts<'t>(text: &'t str, chunks: &[Chunk]) -> Vec<(String, &'t str)> {
        chunks.iter().map(|c| (c.title.clone(), text[c.range.clone()].trim())).collect()
    }

    #[test]
    fn cut_at_headings_which_stay_in_the_title() {
        let text = "# Returns\n\nHow it works.\n\n## Goods\n\n60 days.\n\n### Sofas\n\nWe fetch them.\n\n## Gift cards\n\nNever.\n";
        let got = chunks("Returns", DocumentKind::Text, true, text);
        let want = [
            ("Returns", "How it works."),
            ("Returns › Goods", "60 days."),
            ("Returns › Goods › Sofas", "We fetch them."),
            ("Returns › Gift cards", "Never."),
        ];
        assert_eq!(texts(text, &got), want.map(|(title, body)| (title.to_owned(), body)));
    }

    #[test]
    fn a_long_answer_is_cut_under_its_question() {
        let steps: String =
            (1..=60).map(|n| format!("Step {n}: tighten screw number {n} by hand, then look. ")).collect();
        let question = format!("How do I install the door{}?", ", the frame".repeat(80));
        let pair = |question: &str, answer: &str| Pair { question: question.into(), answer: answer.trim().into() };
        let text = render(&[pair(&question, &steps), pair("Is it heavy?", "No.\n\nYou can carry it alone.")]);
        let got = chunks("Doors", DocumentKind::Qa, false, &text);
        let (last, of_steps) = got.split_last().unwrap();
        assert_eq!(
            (last.title.as_str(), &text[last.range.clone()]),
            ("Is it heavy?", "No.\n\nYou can carry it alone.")
        );
        assert!(of_steps.len() > 5);
        for chunk in of_steps {
            assert_eq!(chunk.title, question);
            assert!(text[chunk.range.clone()].chars().count() <= CAPACITY.end);
        }
        let joined: Vec<&str> = of_steps.iter().map(|chunk| &text[chunk.range.clone()]).collect();
        assert_eq!(joined.join(" "), steps.trim());
    }

    #[test]
    fn long_text_is_cut_where_sentences_end() {
        let sentence = "This is the sentence with number seventy-seven, and it is not a very short one either. ";
        let text = sentence.repeat(60);
        let got = chunks("Long", DocumentKind::Text, false, &text);
        assert!(got.len() > 5);
        for chunk in &got {
            let piece = &text[chunk.range.clone()];
            assert!(piece.chars().count() <= CAPACITY.end, "{piece}");
            assert!(piece.trim().starts_with("This") && piece.trim().ends_with("either."), "{piece}");
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
        let got = chunks("Wall", DocumentKind::Text, true, &text);
        assert_eq!(got.len(), 1);
        assert!(got[0].title.chars().count() <= MAX_TITLE && text[got[0].range.clone()].contains("Words."));
    }

    /// Five megabytes without a seam: what is read for each piece does not grow with the text. (The square of it took minutes.)
    #[test]
    fn the_largest_text_without_a_seam_is_cut_as_fast_as_any() {
        for (letter, pieces) in [("ก", 3_000), ("x", MAX_CHUNKS)] {
            let text = letter.repeat(5 * 1024 * 1024 / letter.len());
            assert!(chunks("Wall", DocumentKind::Text, false, &text).len() > pieces);
        }
    }

    #[test]
    fn a_wall_of_letters_is_cut_all_the_same_and_loses_nothing() {
        for markdown in [false, true] {
            let text = "å".repeat(5_000);
            let got = chunks("Wall", DocumentKind::Text, markdown, &text);
            let joined: String = got.iter().map(|c| &text[c.range.clone()]).collect();
            assert_eq!(joined, text);
            assert!(got.iter().all(|c| c.range.len() <= 2 * CAPACITY.end));
        }
    }
}
