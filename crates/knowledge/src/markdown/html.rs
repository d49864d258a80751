//! HTML in Markdown: its words, without comments and tags. Rows of its tables say their heads as those of Markdown do.

use super::Page;
use crate::markdown::table::Table;

/// Elements whose content is not shown.
const SILENT: &[&str] = &["script", "style", "template"];
/// Elements that stand on lines of their own.
pub(crate) const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "caption",
    "center",
    "details",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "legend",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "ul",
];

impl Page<'_> {
    /// Says the words of a piece of HTML, which ends there in the source.
    pub(super) fn markup(&mut self, html: &str, end: usize) {
        let mut rest = html;
        while let Some((words, marks)) = rest.find('<').and_then(|at| rest.split_at_checked(at)) {
            self.words(words);
            rest = marks;
            if let Some(comment) = rest.strip_prefix("<!")
                && comment.starts_with("--")
            {
                // From the first of the two lines on, since `<!-->` is a whole comment.
                let Some((_, after)) = comment.split_once("-->") else {
                    // It goes on after an empty line, or after the paragraph.
                    let after = self.source.get(end..).unwrap_or_default();
                    self.hidden = after.find("-->").map_or(self.source.len(), |to| end + to + "-->".len());
                    return;
                };
                rest = after;
                continue;
            }
            let Some((mark, after)) = Mark::first_of(rest) else {
                self.words("<");
                rest = rest.strip_prefix('<').unwrap_or_default();
                continue;
            };
            rest = after;
            if !mark.closes && SILENT.contains(&mark.name.as_str()) {
                let Some(after) = after_element(rest, &mark.name) else {
                    let after = self.source.get(end..).unwrap_or_default();
                    let left = after_element(after, &mark.name).map_or(0, str::len);
                    self.hidden = self.source.len() - left;
                    return;
                };
                rest = after;
                continue;
            }
            self.mark(&mark);
        }
        self.words(rest);
    }

    /// Says words, in which white space is white space, and entities are letters.
    fn words(&mut self, html: &str) {
        let mut text = String::with_capacity(html.len());
        for c in html_escape::decode_html_entities(html).chars() {
            if !c.is_whitespace() {
                text.push(c);
            } else if !text.ends_with(' ') {
                text.push(' ');
            }
        }
        self.say(&text);
    }

    fn mark(&mut self, mark: &Mark) {
        match (mark.name.as_str(), mark.closes) {
            ("br", _) => self.line(1),
            ("s" | "strike" | "del", false) => self.struck += 1,
            ("s" | "strike" | "del", true) => self.struck = self.struck.saturating_sub(1),
            ("table", false) => self.open_table(),
            ("table", true) => self.close_table(),
            ("tr" | "thead" | "tbody" | "tfoot", _) => self.end_row(),
            (name @ ("td" | "th"), false) => {
                self.struck = 0;
                match &mut self.table {
                    Some(table) => table.cell(Some(name == "th")),
                    None => self.say(" "),
                }
            }
            ("td" | "th", true) => {
                self.struck = 0;
                if let Some(table) = &mut self.table {
                    table.end_cell();
                }
            }
            ("li", closes) => {
                self.line(1);
                // In a heading or a cell there are no lines that could begin with it.
                let lines = self.heading.is_none() && self.table.as_ref().and_then(Table::cell_so_far).is_none();
                self.marker = if lines && !closes { "- ".to_owned() } else { String::new() };
            }
            (name, _) if BLOCKS.contains(&name) => {
                self.marker.clear();
                self.block();
            }
            _ => {}
        }
    }
}

/// A tag.
struct Mark {
    /// In small letters; empty where it is a declaration.
    name: String,
    closes: bool,
}

impl Mark {
    /// The tag with which a text begins, and what follows it. A sign `<` that begins none is one of the words.
    fn first_of(text: &str) -> Option<(Self, &str)> {
        let inside = text.strip_prefix('<')?;
        let closes = inside.starts_with('/');
        let named = inside.strip_prefix('/').unwrap_or(inside);
        if !named.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?')) {
            return None;
        }
        let name = named
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        // Inside of quotation marks around a value a tag does not end. Where another begins, this is none.
        let (mut quoted, mut before) = (None, b' ');
        for (at, byte) in inside.bytes().enumerate() {
            match (quoted, byte) {
                (Some(mark), byte) if mark == byte => quoted = None,
                (None, b'"' | b'\'') if before == b'=' => quoted = Some(byte),
                (None, b'>') => return Some((Self { name, closes }, inside.get(at + 1..)?)),
                (None, b'<') => return None,
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                before = byte;
            }
        }
        None
    }
}

/// What follows an element that is open, by its closing tag.
fn after_element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.match_indices("</").find_map(|(at, mark)| {
        let (found, after) = text.get(at + mark.len()..)?.split_at_checked(name.len())?;
        found.eq_ignore_ascii_case(name).then(|| after.split_once('>').map_or("", |(_, after)| after))
    })
}
