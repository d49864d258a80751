//! The marks in what a model wrote: numbers of passages, and those of lists; and with what a sentence leans on the one before.

use crate::codes::among as listed;
use unicode_segmentation::UnicodeSegmentation as _;

/// Most bytes between the brackets around numbers of passages.
const MARK: usize = 40;

/// The text without the numbers of passages in brackets, and where each stood.
pub(super) fn without_marks(text: &str) -> (String, Vec<(usize, usize)>) {
    let (mut plain, mut marks, mut rest) = (String::with_capacity(text.len()), Vec::new(), text);
    while let Some(at) = rest.find('[') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        match mark(from) {
            Some((numbers, after)) => {
                plain.truncate(plain.trim_end_matches(' ').len());
                marks.extend(numbers.into_iter().map(|number| (plain.len(), number)));
                if !plain.is_empty() && after.starts_with(char::is_alphanumeric) {
                    plain.push(' ');
                }
                rest = after;
            }
            None => {
                plain.push('[');
                rest = &from[1..];
            }
        }
    }
    plain.push_str(rest);
    (plain, marks)
}

/// The numbers in `[1]` or `[1, 2]`, with which a text begins, and what follows.
fn mark(text: &str) -> Option<(Vec<usize>, &str)> {
    let inside = text.strip_prefix('[')?;
    let (end, _) = inside.char_indices().take(MARK).find(|(_, c)| *c == ']')?;
    let (inside, after) = (inside.get(..end)?, inside.get(end + 1..)?);
    let number = |part: &str| {
        let part = part.trim();
        let short = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<usize>().ok().filter(|_| short)
    };
    Some((inside.split(',').map(number).collect::<Option<Vec<usize>>>()?, after))
}

/// A sentence without the marks of lists, whose numbers number nothing but lines.
pub(super) fn without_list_marks(words: &str) -> String {
    let bare = |line: &str| -> String {
        let line = line.trim_start();
        let number = line
            .split_once(['.', ')'])
            .filter(|(number, _)| (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()));
        let line = number.map_or(line, |(_, rest)| if rest.starts_with([' ', '\n']) { rest } else { line });
        line.trim_start_matches(['-', '*', '•', '+', '#', ' ']).to_owned()
    };
    words.lines().map(bare).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Words at the beginning of a sentence that leans on the one before.
const LEANING: &str = "\
    this that these those it they he she such but however otherwise also then therefore so instead except and or both \
    dies diese dieser das sie er es aber jedoch sonst auch dann daher esto eso esta este estos estas pero sino además \
    también entonces ce cela ils elles il elle mais sinon aussi alors det den de dessa denna men annars också sedan";

pub(super) fn leans(words: &str) -> bool {
    let bare = without_list_marks(words);
    bare.unicode_words().next().is_some_and(|word| listed(LEANING, &word.to_lowercase()))
}
