//! Markdown as text: what one reads on the page, and nothing of how it is written.
//!
//! Comments, tags and what is struck out are left out, entities are the letters that they stand for, code stays as it is. Each
//! row of a table says the heads of its columns, and a short footnote stands where it is referred to, so that a piece can stand
//! alone.
//!
//! *Guarantees:* the time grows with the length of the source, whatever it holds; so does what comes out of it, to a bound.

mod html;
mod notes;
mod table;

pub(crate) use html::BLOCKS;

use crate::chunking::{MAX_CHARACTERS, MAX_CHUNKS};
use crate::reading::{normalized, odd};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use table::Table;

/// What is read beyond CommonMark.
const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_GFM);
/// Most characters of a heading as it stands above other text.
const MAX_HEADING: usize = 300;
/// Most characters of an address that is told beside the text of its link.
const MAX_ADDRESS: usize = 300;
/// Most levels by which a list is indented.
const MAX_INDENT: usize = 4;

/// What stands under a heading, up to the next one; or a heading under which nothing stands, whose words are all there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The headings above, the outermost first.
    pub above: Vec<String>,
    /// What it says.
    pub text: String,
    /// Where it stands in the source, in bytes.
    pub range: Range<usize>,
}

/// The sections of a page; `None` where they are more than a document may have, or say more.
pub fn sections(source: &str) -> Option<Vec<Section>> {
    let from = front_matter(source);
    let source = source.get(from..).unwrap_or_default();
    let mut page = Page::new(source, from);
    for (event, range) in Parser::new_ext(source, OPTIONS).into_offset_iter() {
        page.read(event, &range);
        if page.full() {
            return None;
        }
    }
    page.end()
}

/// A heading.
struct Heading {
    level: HeadingLevel,
    text: String,
    range: Range<usize>,
    /// Whether anything stands under it.
    stands: bool,
}

/// A page while it is read.
struct Page<'s> {
    source: &'s str,
    /// How much of the file was before it.
    from: usize,
    sections: Vec<Section>,
    /// Bytes that they say.
    size: usize,
    /// The headings that hold here.
    above: Vec<Heading>,
    /// Where this section begins.
    begins: usize,
    /// What it says so far.
    said: String,
    /// Ends of lines that come before what is said next.
    due: Option<usize>,
    /// The mark of an item, which comes before what is said next.
    marker: String,
    /// The lists that are open, those with numbers with the next one.
    lists: Vec<Option<u64>>,
    /// The heading that is being read, and where it begins.
    heading: Option<(String, usize)>,
    table: Option<Table>,
    /// The links that are open: where they lead, and how much had been said before.
    links: Vec<(String, usize)>,
    /// Whether each of the open pairs of tildes strikes out.
    tildes: Vec<bool>,
    /// Open marks and tags that strike out.
    struck: usize,
    code: bool,
    /// A block of HTML that is being read.
    html: Option<String>,
    /// Up to here the source is hidden: in a comment, or in an element that shows nothing.
    hidden: usize,
    /// Where the last comment ends.
    comments: usize,
    /// Footnotes that are told where they are referred to, and have not been.
    notes: BTreeMap<String, String>,
    /// The names of all such.
    noted: BTreeSet<String>,
    /// Open footnotes that are told elsewhere.
    elsewhere: usize,
}

impl<'s> Page<'s> {
    fn new(source: &'s str, from: usize) -> Self {
        let notes = notes::short(source);
        Self {
            source,
            from,
            sections: Vec::new(),
            size: 0,
            above: Vec::new(),
            begins: 0,
            said: String::new(),
            due: Some(0),
            marker: String::new(),
            lists: Vec::new(),
            heading: None,
            table: None,
            links: Vec::new(),
            tildes: Vec::new(),
            struck: 0,
            code: false,
            html: None,
            hidden: 0,
            comments: source.rfind("-->").unwrap_or_default(),
            noted: notes.keys().cloned().collect(),
            notes,
            elsewhere: 0,
        }
    }

    /// Whether it is more than a document may have. (A character has at most four bytes.)
    fn full(&self) -> bool {
        self.sections.len() > MAX_CHUNKS || self.size + self.said.len() > 4 * MAX_CHARACTERS
    }

    fn read(&mut self, event: Event<'_>, range: &Range<usize>) {
        if self.elsewhere > 0 {
            match event {
                Event::Start(Tag::FootnoteDefinition(_)) => self.elsewhere += 1,
                Event::End(TagEnd::FootnoteDefinition) => self.elsewhere -= 1,
                _ => {}
            }
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.finish(tag, range),
            Event::Text(text) => self.text(&text, range),
            Event::Html(line) => {
                let line = self.shown(&line, range).to_owned();
                match &mut self.html {
                    Some(block) => block.push_str(&line),
                    None => self.markup(&line, range.end),
                }
            }
            _ if range.start < self.hidden => {}
            Event::InlineHtml(tag) => self.markup(&tag, range.end),
            Event::Code(code) => self.say(&code),
            Event::FootnoteReference(label) => self.note(&label),
            Event::SoftBreak => self.say(" "),
            Event::HardBreak => self.line(1),
            Event::Rule => self.line(2),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Heading { .. } => {
                self.close(range.start);
                self.heading = Some((String::new(), range.start));
            }
            Tag::Paragraph | Tag::BlockQuote(_) => self.block(),
            Tag::CodeBlock(_) => {
                self.block();
                self.code = true;
            }
            Tag::HtmlBlock => self.html = Some(String::new()),
            Tag::List(first) => {
                self.block();
                self.lists.push(first);
            }
            Tag::Item => {
                self.line(1);
                self.marker = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let marker = format!("{number}. ");
                        *number = number.saturating_add(1);
                        marker
                    }
                    _ => "- ".to_owned(),
                };
            }
            Tag::FootnoteDefinition(label) if self.noted.contains(&label.to_lowercase()) => self.elsewhere = 1,
            Tag::FootnoteDefinition(_) => self.block(),
            Tag::Table(_) => self.open_table(),
            Tag::TableHead => {
                if let Some(table) = &mut self.table {
                    table.heads();
                }
            }
            Tag::TableCell => {
                if let Some(table) = &mut self.table {
                    table.cell(None);
                }
            }
            Tag::Strikethrough => {
                // One tilde is as often a range, or an "about": told as it stands.
                let strikes = self.source.get(range.start..).is_some_and(|from| from.starts_with("~~"));
                if !strikes {
                    self.say("~");
                }
                self.struck += usize::from(strikes);
                self.tildes.push(strikes);
            }
            Tag::Link { dest_url, .. } => {
                let before = self.target().len();
                self.links.push((dest_url.into_string(), before));
            }
            _ => {}
        }
    }

    fn finish(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Heading(level) => self.headed(level, range.end),
            TagEnd::Paragraph => {
                // What a tag strikes out ends with the paragraph, if nothing says where.
                self.struck = 0;
                self.block();
            }
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.block(),
            TagEnd::CodeBlock => {
                self.code = false;
                self.said.truncate(self.said.trim_end_matches('\n').len());
                self.block();
            }
            TagEnd::HtmlBlock => {
                if let Some(block) = self.html.take() {
                    self.block();
                    self.markup(&block, range.end);
                    self.struck = 0;
                    self.block();
                }
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.block();
            }
            TagEnd::Item => {
                self.marker.clear();
                self.line(1);
            }
            TagEnd::Table => self.close_table(),
            TagEnd::TableHead | TagEnd::TableRow => self.end_row(),
            TagEnd::TableCell => {
                self.struck = 0;
                if let Some(table) = &mut self.table {
                    table.end_cell();
                }
            }
            TagEnd::Strikethrough => match self.tildes.pop() {
                Some(true) => self.struck = self.struck.saturating_sub(1),
                Some(false) => self.say("~"),
                None => {}
            },
            TagEnd::Link => self.end_link(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, range: &Range<usize>) {
        if let Some(block) = &mut self.html {
            block.push_str(text);
            return;
        }
        let text = self.shown(text, range);
        if self.code {
            self.literally(text);
        } else if range.start >= self.hidden && self.begins_comment(range.start) {
            self.hide_comment(range.start);
        } else {
            self.say(text);
        }
    }

    /// What of a part of the source is not hidden.
    fn shown<'t>(&self, text: &'t str, range: &Range<usize>) -> &'t str {
        match self.hidden.checked_sub(range.start) {
            None | Some(0) => text,
            // Where it stands as it is written, the rest of it can be told.
            Some(hidden) if text.len() == range.len() => text.get(hidden..).unwrap_or_default(),
            Some(_) if range.end <= self.hidden => "",
            Some(_) => text,
        }
    }

    /// Whether a comment begins in what is text to Markdown: one that goes on after an empty line.
    fn begins_comment(&self, at: usize) -> bool {
        let (before, after) = self.source.split_at_checked(at).unwrap_or_default();
        after.starts_with("<!--") && !before.ends_with('\\')
    }

    fn hide_comment(&mut self, at: usize) {
        let after = self.source.get(at..).unwrap_or_default();
        let closes = if at < self.comments { after.find("-->").map(|to| to + "-->".len()) } else { None };
        // One that nothing closes hides no more than its paragraph.
        let closes = closes.or_else(|| after.find("\n\n")).unwrap_or(after.len());
        self.hidden = at + closes;
    }

    /// Says something where words go just now.
    fn say(&mut self, text: &str) {
        if self.struck > 0 {
            return;
        }
        if let Some((heading, _)) = &mut self.heading {
            heading.push_str(text);
        } else if let Some(cell) = self.table.as_mut().and_then(Table::open_cell) {
            cell.push_str(text);
        } else {
            let fresh = self.due.is_some() || self.said.ends_with([' ', '\n']);
            self.literally(if fresh { text.trim_start_matches(' ') } else { text });
        }
    }

    /// Says something as it is, in the text of the section.
    fn literally(&mut self, text: &str) {
        // One block of HTML may say many times what it holds.
        if text.is_empty() || self.struck > 0 || self.full() {
            return;
        }
        if let Some(lines) = self.due.take() {
            self.said.truncate(self.said.trim_end_matches(' ').len());
            if !self.said.is_empty() {
                self.said.extend(std::iter::repeat_n('\n', lines));
            }
            let marked = usize::from(!self.marker.is_empty());
            let indent = self.lists.len().saturating_sub(marked).min(MAX_INDENT);
            self.said.extend(std::iter::repeat_n("  ", indent));
            self.said.push_str(&self.marker);
            self.marker.clear();
        }
        self.said.push_str(text);
    }

    /// Where words go just now.
    fn target(&self) -> &str {
        match (&self.heading, &self.table) {
            (Some((heading, _)), _) => heading,
            (None, Some(table)) => table.cell_so_far().unwrap_or(&self.said),
            (None, None) => &self.said,
        }
    }

    /// What is said next begins on a line of its own, after so many ends of lines; in a heading or a cell, after a space.
    fn line(&mut self, ends: usize) {
        if self.heading.is_some() || self.table.as_mut().and_then(Table::open_cell).is_some() {
            self.say(" ");
        } else {
            self.due = Some(self.due.unwrap_or_default().max(ends));
        }
    }

    /// What is said next is a paragraph of its own.
    fn block(&mut self) {
        self.line(if self.lists.is_empty() { 2 } else { 1 });
    }

    fn open_table(&mut self) {
        self.close_table();
        self.block();
        self.table = Some(Table::default());
    }

    fn end_row(&mut self) {
        let lines = self.table.as_mut().map(Table::end_row).unwrap_or_default();
        self.rows(lines);
    }

    fn close_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.rows(table.close());
            self.block();
        }
    }

    fn rows(&mut self, lines: Vec<String>) {
        self.struck = 0;
        for line in lines {
            // Apart, as sentences are: each is a statement of its own.
            self.due = Some(2);
            self.literally(&line);
        }
    }

    fn end_link(&mut self) {
        let Some((to, before)) = self.links.pop() else { return };
        let mail = to.strip_prefix("mailto:").map(|to| to.split('?').next().unwrap_or_default());
        let web = Some(to.as_str()).filter(|to| ["https://", "http://"].iter().any(|scheme| to.starts_with(scheme)));
        let Some(address) = mail.or(to.strip_prefix("tel:")).or(web) else { return };
        let bare = address.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
        let said = self.target().get(before..).unwrap_or_default();
        if self.heading.is_none() && !said.contains(bare) && address.chars().count() <= MAX_ADDRESS {
            self.say(&format!(" ({address})"));
        }
    }

    /// A footnote is told where it is first referred to. Titles, and the heads of tables, stand above other text and are
    /// bounded.
    fn note(&mut self, label: &str) {
        if self.heading.is_some() || self.table.as_ref().is_some_and(Table::is_in_head) || self.struck > 0 {
            return;
        }
        if let Some(note) = self.notes.remove(&label.to_lowercase()) {
            self.say(&format!(" ({note})"));
        }
    }

    /// A section ends.
    fn close(&mut self, end: usize) {
        self.close_table();
        self.struck = 0;
        self.marker.clear();
        self.due = Some(0);
        let text = clean(&std::mem::take(&mut self.said));
        if !text.is_empty() {
            if let Some(heading) = self.above.last_mut() {
                heading.stands = true;
            }
            self.push(text, self.begins..end);
        }
        self.begins = end;
    }

    /// A heading ends.
    fn headed(&mut self, level: HeadingLevel, end: usize) {
        let Some((text, begins)) = self.heading.take() else { return };
        self.leave(level);
        let text = squeezed(&clean(&text));
        // One without words ends what was above, and is nothing itself: there may be millions.
        if !text.is_empty() {
            if let Some(outer) = self.above.last_mut() {
                outer.stands = true;
            }
            self.above.push(Heading { level, text, range: begins..end, stands: false });
        }
        self.begins = end;
    }

    /// Headings of this level and below hold no more. What has nothing under it is all that is said there.
    fn leave(&mut self, level: HeadingLevel) {
        while let Some(heading) = self.above.pop_if(|heading| heading.level >= level) {
            if !heading.stands {
                self.push(heading.text, heading.range);
            }
        }
    }

    fn push(&mut self, text: String, range: Range<usize>) {
        self.size += text.len();
        let above = self.above.iter().map(|heading| heading.text.chars().take(MAX_HEADING).collect()).collect();
        let range = self.from + range.start..self.from + range.end;
        self.sections.push(Section { above, text, range });
    }

    fn end(mut self) -> Option<Vec<Section>> {
        // Referred to from nowhere that is told.
        for note in std::mem::take(&mut self.notes).into_values() {
            self.line(2);
            self.say(&note);
        }
        self.close(self.source.len());
        self.leave(HeadingLevel::H1);
        (!self.full()).then_some(self.sections)
    }
}

/// A text without what no text has: entities may stand for anything.
fn clean(text: &str) -> String {
    let text: String = normalized(text).chars().filter(|c| !odd(*c)).collect();
    text.trim().to_owned()
}

/// A text on one line.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How long the front matter is, at the very beginning of a file: YAML between lines of `---`, TOML between lines of `+++`. It is
/// about the page, and not on it. (A line `---` alone is a rule; what follows must look like names and values.)
fn front_matter(source: &str) -> usize {
    let mut lines = source.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let (ends, between): (&[&str], char) = match first.trim_end() {
        "---" => (&["---", "..."], ':'),
        "+++" => (&["+++"], '='),
        _ => return 0,
    };
    let mut length = first.len();
    let mut named = false;
    for line in lines {
        length += line.len();
        let trimmed = line.trim_end();
        if ends.contains(&trimmed) {
            return if named { length } else { 0 };
        }
        let name = trimmed.split_once(between).is_some_and(|(name, value)| {
            !name.trim().is_empty() && (between == '=' || value.is_empty() || value.starts_with(' '))
        });
        let goes_on = trimmed.is_empty() || trimmed.starts_with([' ', '\t', '#', '-', '[', ']', '{', '}', '"', '\'']);
        // The first thing is a name; of TOML, whose marks mean nothing else, that is enough.
        if !(name || (goes_on && (named || trimmed.starts_with(['#', '[']))) || (named && between == '=')) {
            return 0;
        }
        named |= name;
    }
    0
}

#[cfg(test)]
mod tests;
