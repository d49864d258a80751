//! A web page as Markdown: what one reads in it, and nothing of how it is made.
//!
//! Left out: scripts, styles, comments, what is not shown (`hidden`, a style of its own that hides it, what is struck out, and of what is
//! `aria-hidden` the icons and labels within a line), dialogs, and what stands around the text (`<nav>`, `<footer>`). What a visitor opens is
//! read: panels of tabs, and those that something before them says it opens. Where a page has exactly one `<main>`, or else one `<article>`, that
//! alone is read.
//!
//! Tags are read as the HTML standard has it (html5gum); the elements that are open are a list of ours, without a tree: those who build one
//! take the square of the depth for it, and those who walk it the stack. So would html5gum for a tag with very many attributes: that is looked for before.
//!
//! *Guarantees:* the time grows with the length of the page, whatever it holds; so does what comes out of it. The stack does not.

mod spans;
mod writer;

use crate::markdown::BLOCKS;
use crate::reading::normalized;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Token, Tokenizer, naive_next_state};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use writer::Writer;

/// Most elements that are open at once. (Pages that people write have some sixty.)
const MAX_DEPTH: usize = 256;
/// Most attributes between double quotation marks that follow one another. (1,300 take the stack of a thread.)
const MAX_ATTRIBUTES: usize = 250;
/// Most bytes that are kept of the title.
const MAX_TITLE: usize = 4_000;
/// Bytes of a page in which it says its encoding. (Browsers ask for it in the first 1,024, and take it when it comes later.)
const HEAD: usize = 8 * 1024;

/// Elements that have no end.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements of which nothing is told.
const SILENT: &[&str] = &[
    "annotation",
    "annotation-xml",
    "audio",
    "canvas",
    "datalist",
    "del",
    "footer",
    "iframe",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "plaintext",
    "s",
    "script",
    "select",
    "strike",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
];
/// What an element is for (WAI-ARIA) of which nothing is told.
const SILENT_ROLES: &[&str] = &["alertdialog", "contentinfo", "dialog", "navigation", "search"];
/// Elements, besides blocks, that the end of another one does not reach over.
const BOUNDS: &[&str] = &[
    "audio", "body", "canvas", "dialog", "html", "li", "object", "select", "svg", "table", "tbody", "td", "template",
    "tfoot", "th", "thead", "tr", "video",
];
const HEADINGS: &[&str] = &["h1", "h2", "h3", "h4", "h5", "h6"];
/// Attributes that are read.
const ATTRIBUTES: &[&str] = &[
    "alt",
    "aria-controls",
    "aria-expanded",
    "aria-haspopup",
    "aria-hidden",
    "colspan",
    "hidden",
    "href",
    "id",
    "open",
    "role",
    "rowspan",
    "start",
    "style",
    "value",
];

/// A page that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPage {
    /// What it is called; empty where it does not say.
    pub title: String,
    /// What it says.
    pub markdown: String,
}

/// It is no page that anybody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// There are more elements open at once than may be.
    TooDeep,
    /// A tag has more attributes than may be.
    Crowded,
}

/// Why the tags are not just read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    TooDeep,
    /// What would hold text alone has ended with its tag.
    Empty,
}

/// Whether so many attributes between double quotation marks follow one another that reading them would take the stack: the tokenizer reads each within
/// the one before it. Looked for in all of the text, whatever is a tag in it, so that no more than these are found: a quotation mark, a space, a name, `=`, and
/// the next one.
fn crowded(html: &[u8]) -> bool {
    let space = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | b' ');
    let quote = |from: usize| html.get(from..)?.iter().position(|byte| *byte == b'"').map(|at| from + at);
    // How many have ended with the quotation mark that stands there.
    let mut ended: HashMap<usize, usize> = HashMap::new();
    let mut next = quote(0);
    while let Some(at) = next {
        next = quote(at + 1);
        let count = ended.remove(&at).unwrap_or_default() + 1;
        let after = html.get(at + 1..).unwrap_or_default();
        let spaces = after.iter().take_while(|byte| space(byte)).count();
        let named = after.get(spaces..).unwrap_or_default();
        let over = |byte: &u8| space(byte) || matches!(byte, b'/' | b'>' | b'=');
        let name = if spaces == 0 { None } else { named.iter().position(over).filter(|at| *at > 0) };
        let Some(value) = name.and_then(|name| named.get(name..)?.strip_prefix(b"=")) else { continue };
        let value = value.get(value.iter().take_while(|byte| space(byte)).count()..).unwrap_or_default();
        let Some(end) = value.strip_prefix(b"\"").and_then(|value| quote(html.len() - value.len())) else { continue };
        if count >= MAX_ATTRIBUTES {
            return true;
        }
        ended.insert(end, count);
    }
    false
}

/// Reads a page.
///
/// # Errors
/// See [`Unread`].
pub fn read(html: &str) -> Result<WebPage, Unread> {
    if crowded(html.as_bytes()) {
        return Err(Unread::Crowded);
    }
    let mut reader = Reader::new(html.len());
    let deep = {
        let take = |event: CallbackEvent<'_>, _: Span<()>| -> Option<Halt> { reader.take(&event) };
        let mut emitter: CallbackEmitter<_, Halt, ()> = CallbackEmitter::new(take);
        emitter.naively_switch_states(true);
        let mut tags = Tokenizer::new_with_emitter(html, emitter);
        loop {
            match tags.next() {
                None => break false,
                Some(Ok(Halt::TooDeep)) => break true,
                Some(Ok(Halt::Empty)) => tags.set_state(State::Data),
            }
        }
    };
    if deep { Err(Unread::TooDeep) } else { Ok(reader.finish()) }
}

/// The encoding that a page says of itself.
pub fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    // The names are ASCII, whatever the rest is.
    let head: String = bytes.iter().take(HEAD).map(|byte| char::from(*byte)).collect();
    if crowded(head.as_bytes()) {
        return None;
    }
    for Ok(token) in Tokenizer::new(head.as_str()) {
        let Token::StartTag(tag) = token else { continue };
        if tag.name.as_slice() != b"meta" {
            continue;
        }
        let value =
            |name: &str| tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).to_lowercase());
        let typed = || value("content").filter(|_| value("http-equiv").is_some_and(|name| name == "content-type"));
        let label = value("charset").or_else(|| {
            let typed = typed()?;
            let (_, label) = typed.split_once("charset")?;
            let label = label.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
            label.split(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\'')).next().map(str::to_owned)
        });
        if let Some(encoding) = label.and_then(|label| Encoding::for_label_no_replacement(label.as_bytes())) {
            // What could be read so far is not UTF-16 (HTML, "prescan a byte stream").
            return Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding });
        }
    }
    None
}

/// A tag that begins an element.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// Whether the attribute that came last is read.
    reads: bool,
}

impl Tag {
    fn new(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), attributes: Vec::new(), reads: false }
    }

    /// An attribute begins. Of several of one name the first one counts.
    fn attribute(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name);
        self.reads = ATTRIBUTES.contains(&&*name) && self.get(&name).is_none();
        if self.reads {
            self.attributes.push((name.into_owned(), String::new()));
        }
    }

    fn value(&mut self, value: &[u8]) {
        if let Some((_, last)) = self.attributes.last_mut()
            && self.reads
        {
            last.push_str(&String::from_utf8_lossy(value));
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| one == name).map(|(_, value)| value.trim())
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.get(name)?.parse().ok()
    }

    fn role(&self) -> String {
        self.get("role").unwrap_or_default().to_ascii_lowercase()
    }

    /// The elements that this one opens and closes, by their ids; those of a menu are no text.
    fn opens(&self) -> impl Iterator<Item = &str> {
        let menu = self.get("aria-haspopup").is_some_and(|value| !value.eq_ignore_ascii_case("false"));
        let ids = self.get("aria-controls").filter(|_| !menu && self.get("aria-expanded").is_some());
        ids.unwrap_or_default().split_whitespace()
    }

    /// Whether nothing of the element is told. `opened` are the ids of what a visitor can open.
    fn hides(&self, opened: &HashSet<String>) -> bool {
        // A page that is shown by a script is shown.
        if matches!(self.name.as_str(), "html" | "body") {
            return false;
        }
        let style = || {
            let style: String = self.get("style").unwrap_or_default().split_whitespace().collect();
            let style = style.to_ascii_lowercase();
            style.contains("display:none") || style.contains("visibility:hidden")
        };
        let role = self.role();
        SILENT.contains(&self.name.as_str())
            || SILENT_ROLES.contains(&role.as_str())
            || (self.name == "dialog" && self.get("open").is_none())
            // Of several panels one is seen at a time, and each is there to be read.
            || (role != "tabpanel"
                && !self.get("id").is_some_and(|id| opened.contains(id))
                // What is hidden until it is looked for is there to be found.
                && (self.get("hidden").is_some_and(|value| !value.eq_ignore_ascii_case("until-found"))
                    // Not read aloud is an icon, or what is said twice; a block of it is seen, or closed for now.
                    || (self.get("aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true"))
                        && !BLOCKS.contains(&self.name.as_str()))
                    || style()))
    }

    /// The address that is told beside the text of a link: one that is no page.
    fn address(&self) -> Option<String> {
        let to = self.get("href")?;
        let (scheme, address) = to.split_once(':')?;
        let known = ["mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let address = address.split('?').next().unwrap_or_default().trim();
        (known && !address.is_empty()).then(|| address.to_owned())
    }
}

/// What ends with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    Nothing,
    Block,
    Heading,
    List,
    Item,
    Table,
    Cell,
    Code,
    Link,
    Main,
    Article,
}

/// An element that is open.
#[derive(Debug)]
struct Open {
    name: String,
    /// Whether the end of another element does not reach over it.
    bounds: bool,
    ends: Ends,
}

impl Open {
    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }
}

/// A part of the page that may be all that is read.
#[derive(Debug, Default)]
struct Part {
    count: usize,
    range: Range<usize>,
}

impl Part {
    fn begins(&mut self, at: usize) {
        self.count += 1;
        if self.count == 1 {
            self.range = at..at;
        }
    }

    fn ends(&mut self, at: usize) {
        if self.count == 1 {
            self.range.end = at;
        }
    }

    /// What it says, if it is the only one and says something.
    fn alone<'t>(&self, whole: &'t str) -> Option<&'t str> {
        let text = whole.get(self.range.clone()).filter(|_| self.count == 1);
        text.filter(|text| text.contains(char::is_alphanumeric))
    }
}

/// A page while it is read.
#[derive(Debug)]
struct Reader {
    writer: Writer,
    open: Vec<Open>,
    tag: Option<Tag>,
    /// Which of the open elements hides what is in it: the outermost.
    hidden: Option<usize>,
    /// The ids of what a visitor can open by something that has come.
    opened: HashSet<String>,
    title: String,
    /// Whether the title has come.
    titled: bool,
    /// Whether it is being read.
    titles: bool,
    main: Part,
    article: Part,
}

/// Whether the end of another element does not reach over this one.
fn bounds(name: &str) -> bool {
    BLOCKS.contains(&name) || BOUNDS.contains(&name)
}

impl Reader {
    fn new(length: usize) -> Self {
        Self {
            writer: Writer::new(length),
            open: Vec::new(),
            tag: None,
            hidden: None,
            opened: HashSet::new(),
            title: String::new(),
            titled: false,
            titles: false,
            main: Part::default(),
            article: Part::default(),
        }
    }

    fn take(&mut self, event: &CallbackEvent<'_>) -> Option<Halt> {
        match event {
            CallbackEvent::OpenStartTag { name } => self.tag = Some(Tag::new(name)),
            CallbackEvent::AttributeName { name } => {
                if let Some(tag) = &mut self.tag {
                    tag.attribute(name);
                }
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some(tag) = &mut self.tag {
                    tag.value(value);
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = self.tag.take()?;
                return self.begins(&tag, *self_closing);
            }
            CallbackEvent::EndTag { name } => self.ends(&String::from_utf8_lossy(name)),
            CallbackEvent::String { value } => self.says(&String::from_utf8_lossy(value)),
            _ => {}
        }
        None
    }

    fn says(&mut self, text: &str) {
        if self.hidden.is_none() {
            self.writer.say(text);
        } else if self.titles && self.title.len() < MAX_TITLE {
            self.title.extend(text.chars().take(MAX_TITLE));
        }
    }

    fn begins(&mut self, tag: &Tag, self_closing: bool) -> Option<Halt> {
        let name = tag.name.as_str();
        self.end_before(name);
        let hides = self.hidden.is_none() && tag.hides(&self.opened);
        let shown = self.hidden.is_none() && !hides;
        if shown {
            self.opened.extend(tag.opens().map(str::to_owned));
        }
        if VOID.contains(&name) {
            match name {
                "br" if shown => self.writer.line(),
                "hr" if shown => self.writer.block(),
                "img" if shown => {
                    if let Some(alt) = tag.get("alt").filter(|alt| !alt.is_empty()) {
                        self.writer.space();
                        self.writer.say(alt);
                    }
                }
                _ => {}
            }
            return None;
        }
        // As drawings end, and what is in them. Elsewhere what holds text alone has only begun.
        if self_closing && !shown && (name == "svg" || !bounds(name)) {
            naive_next_state(name.as_bytes())?;
            if self.open.iter().any(|open| open.name == "svg") {
                return Some(Halt::Empty);
            }
        }
        let ends = if shown { self.open_element(tag) } else { Ends::Nothing };
        // Of what is shown and changes nothing, the end changes nothing either.
        if shown && ends == Ends::Nothing && !bounds(name) {
            return None;
        }
        if self.open.len() == MAX_DEPTH {
            return Some(Halt::TooDeep);
        }
        if hides {
            self.hidden = Some(self.open.len());
            self.titles = name == "title" && !self.titled;
            self.titled |= self.titles;
        }
        self.open.push(Open { name: name.to_owned(), bounds: bounds(name), ends });
        None
    }

    /// An element begins that is shown.
    fn open_element(&mut self, tag: &Tag) -> Ends {
        let writer = &mut self.writer;
        let name = tag.name.as_str();
        if name == "main" || tag.role() == "main" {
            writer.apart();
            self.main.begins(writer.length());
            return Ends::Main;
        }
        match name {
            "article" => {
                writer.apart();
                self.article.begins(writer.length());
                Ends::Article
            }
            "ol" => {
                writer.open_list(Some(tag.number("start").unwrap_or(1)));
                Ends::List
            }
            "ul" | "menu" | "dir" => {
                writer.open_list(None);
                Ends::List
            }
            "li" => {
                writer.open_item(tag.number("value"));
                Ends::Item
            }
            "table" => {
                writer.open_table(matches!(tag.role().as_str(), "none" | "presentation"));
                Ends::Table
            }
            "tr" => {
                writer.row();
                Ends::Nothing
            }
            "td" | "th" => {
                let spans = |name: &str| tag.number::<usize>(name).unwrap_or(1);
                writer.open_cell(name == "th", spans("colspan"), spans("rowspan"));
                Ends::Cell
            }
            "pre" | "listing" | "xmp" if writer.open_code() => Ends::Code,
            "button" => {
                writer.space();
                Ends::Nothing
            }
            "a" => match tag.address() {
                Some(address) => {
                    writer.open_link(address);
                    Ends::Link
                }
                None => Ends::Nothing,
            },
            name => match HEADINGS.iter().position(|heading| *heading == name) {
                Some(at) => {
                    writer.open_heading(at + 1);
                    Ends::Heading
                }
                None if BLOCKS.contains(&name) => {
                    writer.block();
                    Ends::Block
                }
                None => Ends::Nothing,
            },
        }
    }

    /// What ends because this begins, without a tag that says so (HTML, "tree construction").
    fn end_before(&mut self, name: &str) {
        match name {
            "li" => self.close(&["li"], |open| open.bounds && !open.is(&["address", "div", "p"])),
            "dt" | "dd" => self.close(&["dt", "dd"], |open| open.bounds && !open.is(&["address", "div", "p"])),
            "td" | "th" => self.close(&["td", "th"], |open| open.is(&["tr", "table"])),
            "tr" => self.close(&["tr"], |open| open.is(&["table"])),
            "thead" | "tbody" | "tfoot" => {
                self.close(&["tr"], |open| open.is(&["table"]));
                self.close(&["thead", "tbody", "tfoot"], |open| open.is(&["table"]));
            }
            "a" => self.close(&["a"], |open| open.bounds),
            "option" | "optgroup" => self.close(&["option"], |open| open.bounds),
            name if HEADINGS.contains(&name) => self.close(HEADINGS, |open| open.bounds),
            _ => {}
        }
        if BLOCKS.contains(&name) || matches!(name, "li" | "table") {
            self.close(&["p"], |open| open.bounds);
        }
    }

    fn ends(&mut self, name: &str) {
        match name {
            // What follows still belongs to the page.
            "body" | "html" | "head" => {}
            "button" if self.hidden.is_none() => self.writer.space(),
            "br" if self.hidden.is_none() => self.writer.line(),
            "li" => self.close(&["li"], |open| open.is(&["ul", "ol", "menu", "dir", "td", "th", "table"])),
            "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" | "caption" => {
                self.close(&[name], |open| open.is(&["table"]));
            }
            name if HEADINGS.contains(&name) => self.close(HEADINGS, |open| open.is(&["td", "th", "table"])),
            name if bounds(name) => self.close(&[name], |open| open.is(&["td", "th", "table", "caption", "template"])),
            name => self.close(&[name], |open| open.bounds),
        }
        // One that ends nothing is an empty one.
        if name == "p" && self.hidden.is_none() {
            self.writer.block();
        }
    }

    /// Closes the innermost open element of these names, with all in it, if none that stops that is open in it.
    fn close(&mut self, names: &[&str], stops: impl Fn(&Open) -> bool) {
        let mut innermost = self.open.iter().enumerate().rev();
        if let Some((at, open)) = innermost.find(|&(_, open)| open.is(names) || stops(open))
            && open.is(names)
        {
            self.close_to(at);
        }
    }

    /// Closes all but so many.
    fn close_to(&mut self, left: usize) {
        while self.open.len() > left {
            let Some(open) = self.open.pop() else { return };
            let writer = &mut self.writer;
            match open.ends {
                Ends::Nothing => {}
                Ends::Block => writer.block(),
                Ends::Heading => writer.close_heading(),
                Ends::List => writer.close_list(),
                Ends::Item => writer.close_item(),
                Ends::Table => writer.close_table(),
                Ends::Cell => writer.close_cell(),
                Ends::Code => writer.close_code(),
                Ends::Link => writer.close_link(),
                Ends::Main => {
                    writer.block();
                    self.main.ends(writer.length());
                }
                Ends::Article => {
                    writer.block();
                    self.article.ends(writer.length());
                }
            }
        }
        if self.hidden.is_some_and(|hidden| hidden >= left) {
            self.hidden = None;
            self.titles = false;
        }
    }

    fn finish(mut self) -> WebPage {
        self.close_to(0);
        let whole = self.writer.finish();
        let text = self.main.alone(&whole).or_else(|| self.article.alone(&whole)).unwrap_or(&whole);
        let title = normalized(&self.title).split_whitespace().collect::<Vec<_>>().join(" ");
        WebPage { title, markdown: text.trim().to_owned() }
    }
}

#[cfg(test)]
mod tests;
