//! The guide to the pages of the dashboard: what stands in `docs/guide`, where one works. It is in English.

use super::SkipLink;
use crate::shell::{Page, Surface};
use crate::ui::Brand;
use leptos::prelude::*;

/// A part of a page of the guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading of this level, 1 the highest.
    Heading(u8, Vec<Piece>),
    /// A paragraph.
    Text(Vec<Piece>),
    /// Lines that stand as they are.
    Code(String),
    /// Items, numbered or not.
    List(bool, Vec<Vec<Block>>),
    /// Rows of cells; the first are the heads.
    Table(Vec<Vec<Vec<Piece>>>),
}

/// Some of its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Words(String),
    /// Words as a program has them.
    Code(String),
    /// What weighs more.
    Strong(Vec<Piece>),
    /// What a page says.
    Said(Vec<Piece>),
    /// What leads to another page of the guide, by its name; empty for the first one. None leads nowhere here.
    Link(Option<String>, Vec<Piece>),
}

/// The page.
pub fn guide(title: String, blocks: Vec<Block>) -> Page {
    let body = view! {
        <SkipLink/>
        <header class="api-head">
            <Brand/>
            <nav aria-label=t!("This page")><a href="/guide">{t!("Guide")}</a>" "<a href="/dashboard">{t!("Dashboard")}</a></nav>
        </header>
        <main class="api guide" id="main" tabindex="-1" lang="en">{all(blocks)}</main>
    };
    Page::new(t!("{title} · Guide · Samtal", title), Surface::Api, body)
}

fn all(blocks: Vec<Block>) -> AnyView {
    blocks.into_iter().map(block).collect_view().into_any()
}

fn block(block: Block) -> AnyView {
    match block {
        Block::Heading(1, said) => view! { <h1>{words(said)}</h1> }.into_any(),
        Block::Heading(2, said) => view! { <h2>{words(said)}</h2> }.into_any(),
        Block::Heading(_, said) => view! { <h3>{words(said)}</h3> }.into_any(),
        Block::Text(said) => view! { <p>{words(said)}</p> }.into_any(),
        Block::Code(lines) => view! { <pre><code>{lines}</code></pre> }.into_any(),
        Block::List(numbered, items) => {
            let items = items.into_iter().map(|item| view! { <li>{all(item)}</li> }).collect_view();
            if numbered { view! { <ol>{items}</ol> }.into_any() } else { view! { <ul>{items}</ul> }.into_any() }
        }
        Block::Table(rows) => {
            let mut rows = rows.into_iter();
            let heads = rows.next().unwrap_or_default();
            let heads = heads.into_iter().map(|head| view! { <th scope="col">{words(head)}</th> }).collect_view();
            let row = |cells: Vec<Vec<Piece>>| {
                let cells = cells.into_iter().map(|cell| view! { <td>{words(cell)}</td> }).collect_view();
                view! { <tr>{cells}</tr> }
            };
            let rows = rows.map(row).collect_view();
            view! { <table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table> }.into_any()
        }
    }
}

fn words(pieces: Vec<Piece>) -> AnyView {
    let piece = |piece: Piece| match piece {
        Piece::Words(text) => text.into_any(),
        Piece::Code(text) => view! { <code>{text}</code> }.into_any(),
        Piece::Strong(inside) => view! { <strong>{words(inside)}</strong> }.into_any(),
        Piece::Said(inside) => view! { <em>{words(inside)}</em> }.into_any(),
        Piece::Link(None, inside) => words(inside),
        Piece::Link(Some(name), inside) => {
            let to = if name.is_empty() { "/guide".to_owned() } else { format!("/guide/{name}") };
            view! { <a href=to>{words(inside)}</a> }.into_any()
        }
    };
    pieces.into_iter().map(piece).collect_view().into_any()
}
