//! `GET /guide` and `GET /guide/{*page}`: the guide to the pages of the dashboard, as it stood in `docs` when the program was built. What it
//! leads to is there, too, where it is for who works with Samtal or writes programs for it.

use crate::failure::Failure;
use crate::pages::render::Render;
use app::site::{Block, Piece, guide};
use axum::{extract::Path, http::StatusCode, response::Response};
use model::Problem;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};
use std::iter::Peekable;

macro_rules! pages {
    ($($name:literal: $file:literal),* $(,)?) => {
        &[$(($name, $file, include_str!(concat!("../../../docs/", $file)))),*]
    };
}

/// By which name each is asked for, where it stands in `docs`, and what it says.
const PAGES: &[(&str, &str, &str)] = pages![
    "": "guide/README.md",
    "home": "guide/home.md",
    "inbox": "guide/inbox.md",
    "knowledge": "guide/knowledge.md",
    "assistant": "guide/assistant.md",
    "meetings": "guide/meetings.md",
    "members": "guide/members.md",
    "roles": "guide/roles.md",
    "teams": "guide/teams.md",
    "api-keys": "guide/api-keys.md",
    "audit-log": "guide/audit-log.md",
    "company-sign-on": "guide/company-sign-on.md",
    "settings": "guide/settings.md",
    "account": "guide/account.md",
    "workspaces": "guide/workspaces.md",
    "permissions": "permissions.md",
    "quick-start": "quick-start.md",
    "idempotency": "idempotency.md",
    "signed-requests": "signed-requests.md",
    "short-lived-tokens": "short-lived-tokens.md",
];

/// A page of the guide.
///
/// # Errors
/// `not_found` for one that there is not.
pub async fn page(render: Render, name: Option<Path<String>>) -> Result<Response, Failure> {
    let name = name.map_or_else(String::new, |Path(name)| name);
    let found = PAGES.iter().find(|(known, ..)| *known == name);
    let (_, file, text) = found.ok_or_else(Problem::not_found)?;
    let all = blocks(&mut read(text), file);
    Ok(render.page(StatusCode::OK, || guide(title(&all), all)))
}

type Events<'t> = Peekable<Parser<'t>>;

fn read(text: &str) -> Events<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES).peekable()
}

/// What stands in the first heading.
fn title(all: &[Block]) -> String {
    let said = all.iter().find_map(|block| match block {
        Block::Heading(_, said) => Some(said),
        _ => None,
    });
    let words = said.into_iter().flatten().map(|piece| match piece {
        Piece::Words(text) | Piece::Code(text) => text.as_str(),
        _ => "",
    });
    words.collect()
}

/// What stands there, to the end of what holds it.
fn blocks(events: &mut Events<'_>, file: &str) -> Vec<Block> {
    let mut all = Vec::new();
    loop {
        let said = pieces(events, file);
        if !said.is_empty() {
            // An item of a list whose items are not apart.
            all.push(Block::Text(said));
        }
        if matches!(events.peek(), None | Some(Event::End(_))) {
            return all;
        }
        let Some(Event::Start(tag)) = events.next() else { continue };
        let block = match tag {
            Tag::Paragraph => Block::Text(pieces(events, file)),
            Tag::Heading { level, .. } => {
                let level = match level {
                    HeadingLevel::H1 => 1,
                    HeadingLevel::H2 => 2,
                    _ => 3,
                };
                Block::Heading(level, pieces(events, file))
            }
            Tag::CodeBlock(_) => Block::Code(lines(events)),
            Tag::List(first) => Block::List(first.is_some(), items(events, file)),
            Tag::Table(_) => Block::Table(rows(events, file)),
            _ => {
                all.extend(blocks(events, file));
                events.next();
                continue;
            }
        };
        all.push(block);
        // Its end.
        events.next();
    }
}

fn items(events: &mut Events<'_>, file: &str) -> Vec<Vec<Block>> {
    let mut all = Vec::new();
    while events.next_if(|event| matches!(event, Event::Start(Tag::Item))).is_some() {
        all.push(blocks(events, file));
        events.next();
    }
    all
}

fn rows(events: &mut Events<'_>, file: &str) -> Vec<Vec<Vec<Piece>>> {
    let mut all = Vec::new();
    while events.next_if(|event| matches!(event, Event::Start(Tag::TableHead | Tag::TableRow))).is_some() {
        let mut row = Vec::new();
        while events.next_if(|event| matches!(event, Event::Start(Tag::TableCell))).is_some() {
            row.push(pieces(events, file));
            events.next();
        }
        all.push(row);
        events.next();
    }
    all
}

fn lines(events: &mut Events<'_>) -> String {
    let mut all = String::new();
    while let Some(Event::Text(text)) = events.next_if(|event| matches!(event, Event::Text(_))) {
        all.push_str(&text);
    }
    all
}

/// The words that stand there.
fn pieces(events: &mut Events<'_>, file: &str) -> Vec<Piece> {
    let within = |event: &Event<'_>| {
        matches!(
            event,
            Event::Text(_)
                | Event::Code(_)
                | Event::InlineHtml(_)
                | Event::SoftBreak
                | Event::HardBreak
                | Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
        )
    };
    let mut all = Vec::new();
    while let Some(event) = events.next_if(within) {
        all.push(match event {
            Event::Code(text) => Piece::Code(text.to_string()),
            Event::Text(text) | Event::InlineHtml(text) => Piece::Words(text.to_string()),
            Event::Start(tag) => {
                let inside = pieces(events, file);
                events.next();
                match tag {
                    Tag::Strong => Piece::Strong(inside),
                    Tag::Emphasis => Piece::Said(inside),
                    Tag::Link { dest_url, .. } => Piece::Link(named(file, &dest_url), inside),
                    _ => Piece::Link(None, inside),
                }
            }
            _ => Piece::Words(" ".to_owned()),
        });
    }
    all
}

/// The page to which an address leads that stands in a file of `docs`, if it is one of these.
fn named(file: &str, address: &str) -> Option<String> {
    let address = address.split('#').next().unwrap_or_default();
    let to = match (file.rsplit_once('/'), address.strip_prefix("../")) {
        (None, Some(_)) => return None,
        (None, None) => address.to_owned(),
        (Some(_), Some(above)) => above.to_owned(),
        (Some((folder, _)), None) => format!("{folder}/{address}"),
    };
    PAGES.iter().find(|(_, at, _)| *at == to).map(|(name, ..)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Piece {
        Piece::Words(text.to_owned())
    }

    #[test]
    fn what_a_page_holds_is_read() {
        let text = "# A `b`\n\nSee *Members* in [it](members.md), [out](../README.md).\nMore.\n\n- one\n  - two\n- **three**\n\n\
                    1. four\n\n| A | B |\n|---|---|\n| `c` | |\n\n```sh\nrun\nit\n```\n";
        let all = blocks(&mut read(text), "guide/home.md");
        let item = |text: &str| vec![Block::Text(vec![words(text)])];
        let want = vec![
            Block::Heading(1, vec![words("A "), Piece::Code("b".to_owned())]),
            Block::Text(vec![
                words("See "),
                Piece::Said(vec![words("Members")]),
                words(" in "),
                Piece::Link(Some("members".to_owned()), vec![words("it")]),
                words(", "),
                Piece::Link(None, vec![words("out")]),
                words("."),
                words(" "),
                words("More."),
            ]),
            Block::List(
                false,
                vec![
                    vec![Block::Text(vec![words("one")]), Block::List(false, vec![item("two")])],
                    vec![Block::Text(vec![Piece::Strong(vec![words("three")])])],
                ],
            ),
            Block::List(true, vec![item("four")]),
            Block::Table(vec![
                vec![vec![words("A")], vec![words("B")]],
                vec![vec![Piece::Code("c".to_owned())], Vec::new()],
            ]),
            Block::Code("run\nit\n".to_owned()),
        ];
        assert_eq!(all, want);
        assert_eq!(title(&all), "A b");
        assert_eq!(named("guide/home.md", "../permissions.md#x").as_deref(), Some("permissions"));
        assert_eq!(named("permissions.md", "guide/README.md").as_deref(), Some(""));
        assert_eq!(named("guide/settings.md", "../operators/settings.md"), None);
    }

    /// Nothing is left out, and each page begins with what it is called.
    #[test]
    fn every_page_is_read_to_its_end() {
        for (name, file, text) in PAGES {
            let mut events = read(text);
            let all = blocks(&mut events, file);
            assert!(events.next().is_none(), "{file}");
            assert!(matches!(all.first(), Some(Block::Heading(1, _))) && !title(&all).is_empty(), "{file}");
            assert!(!name.contains(['/', '.']), "{name}");
        }
    }
}
