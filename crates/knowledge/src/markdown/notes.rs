//! Footnotes that can be told where they are referred to.

use super::{OPTIONS, clean, squeezed};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};

/// Most characters of such a footnote. A longer one is a paragraph where it stands.
const MAX_NOTE: usize = 300;

/// The footnotes of a page that are short, simple and referred to, by their names.
pub fn short(source: &str) -> BTreeMap<String, String> {
    let (mut notes, mut wanted) = (BTreeMap::new(), BTreeSet::new());
    if !source.contains("[^") {
        return notes;
    }
    let mut open: Option<(String, String)> = None;
    // Inside of what is bounded or left out.
    let mut apart = 0_usize;
    for event in Parser::new_ext(source, OPTIONS) {
        match event {
            Event::Start(Tag::FootnoteDefinition(label)) => open = Some((label.to_lowercase(), String::new())),
            Event::End(TagEnd::FootnoteDefinition) => {
                if let Some((label, text)) = open.take() {
                    let text = squeezed(&clean(&text));
                    if (1..=MAX_NOTE).contains(&text.chars().count()) {
                        notes.entry(label).or_insert(text);
                    }
                }
            }
            // Not so simple.
            Event::Start(
                Tag::CodeBlock(_)
                | Tag::HtmlBlock
                | Tag::List(_)
                | Tag::Table(_)
                | Tag::BlockQuote(_)
                | Tag::Link { .. },
            )
            | Event::FootnoteReference(_)
            | Event::InlineHtml(_)
                if open.is_some() =>
            {
                open = None;
            }
            Event::FootnoteReference(label) if apart == 0 => {
                wanted.insert(label.to_lowercase());
            }
            Event::Start(Tag::Heading { .. } | Tag::TableHead | Tag::Strikethrough) => {
                open = None;
                apart += 1;
            }
            Event::End(TagEnd::Heading(_) | TagEnd::TableHead | TagEnd::Strikethrough) => {
                apart = apart.saturating_sub(1);
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, said)) = open.as_mut().filter(|(_, said)| said.len() <= 4 * MAX_NOTE) {
                    said.push_str(&text);
                }
            }
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph) => {
                if let Some((_, said)) = &mut open {
                    said.push(' ');
                }
            }
            _ => {}
        }
    }
    notes.retain(|label, _| wanted.contains(label));
    notes
}
