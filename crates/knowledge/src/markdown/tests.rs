//! What is told of Markdown, and what is not.

use super::*;

/// What a page says, section by section.
fn said(source: &str) -> Vec<String> {
    sections(source).unwrap().into_iter().map(|section| section.text).collect()
}

/// What a page of one section says.
fn one(source: &str) -> String {
    let mut said = said(source);
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0)
}

#[test]
fn comments_are_never_told() {
    let file = include_str!("../../tests/support/inputs/05-html-comment-is-told-to-visitors.md");
    assert_eq!(one(file), "The lamp costs 120 euros.\n\nThe chair costs 80 euros.");
    for (source, want) in [
        ("It costs <!-- 31 for us --> 120 euros.", "It costs 120 euros."),
        ("It costs <!-- 31\nfor us --> 120 euros.", "It costs 120 euros."),
        // Over an empty line it is no comment to Markdown, but it is one to whoever wrote it.
        ("It costs <!-- 31\n\nfor us --> 120 euros.", "It costs\n\n120 euros."),
        ("<div>\n<!-- 31\n\nfor us -->\n</div>\nIt costs 120.", "It costs 120."),
        ("<!-- 31\n\n# for us\n-->\nIt costs 120.", "It costs 120."),
        ("- a\n- b <!-- 31 -->\n- <!-- 31 --> c", "- a\n- b\n- c"),
        ("| a | b |\n|---|---|\n| c <!-- 31 --> | d |", "a: c, b: d"),
        // One that nothing closes hides its paragraph, or as much as a browser would.
        ("It costs 120. <!-- 31 for us\n\nIt is red.", "It costs 120.\n\nIt is red."),
        ("It costs 120.\n\n<!-- 31 for us\n\nIt is red.", "It costs 120."),
        ("<!-->It costs 120.", "It costs 120."),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
    assert!(said("<!-- 31 -->\n").is_empty());
}

#[test]
fn code_is_told_to_the_letter() {
    for (source, want) in [
        ("Dial `*123#`, set `_KEY_` and `<!-- x -->`.", "Dial *123#, set _KEY_ and <!-- x -->."),
        (
            "Do:\n\n```sh\n# no heading\n  <b>*a*</b> &amp;\n\n<!-- x -->\n```\n\nThen go.",
            "Do:\n\n# no heading\n  <b>*a*</b> &amp;\n\n<!-- x -->\n\nThen go.",
        ),
        ("Do:\n\n    ~~a~~ | b", "Do:\n\n~~a~~ | b"),
        (r"Write \<!-- and \*a\* and 2 * 3 * 4, a_b_c.", "Write <!-- and *a* and 2 * 3 * 4, a_b_c."),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
}

#[test]
fn marks_are_left_out_and_entities_are_letters() {
    for (source, want) in [
        ("Within **60 _days_** of <b>delivery</b>.", "Within 60 days of delivery."),
        ("45&nbsp;days &lt; 60&#44; de&shy;livery &Auml;&#x1e;", "45 days < 60, delivery Ä"),
        ("It costs ~~100~~ 120 euros.", "It costs 120 euros."),
        ("From ~10 to 20~ days, ~5 or 5~10.", "From ~10 to 20~ days, ~5 or 5~10."),
        ("It costs <del>100</del> <s>110</s> 120 euros.", "It costs 120 euros."),
        ("It costs <del>100 euros.\n\nIt is red.", "It costs\n\nIt is red."),
        ("Dock 4  \nUmeå\\\nSweden<br>Europe", "Dock 4\nUmeå\nSweden\nEurope"),
        ("One that\nwas wrapped.", "One that was wrapped."),
        ("> One that\n> was quoted.\n>\n> Two.", "One that was quoted.\n\nTwo."),
        ("> [!NOTE]\n> Closed in May.", "Closed in May."),
        ("One.\n\n---\n\nTwo.", "One.\n\nTwo."),
        ("![Our shop](shop.png)", "Our shop"),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
}

#[test]
fn items_keep_their_marks() {
    for (source, want) in [
        ("Take:\n\n* a\n+ b", "Take:\n\n- a\n\n- b"),
        ("* a\n* b\n  1. c\n  2. d\n\n7) e\n8) f", "- a\n- b\n  1. c\n  2. d\n\n7. e\n8. f"),
        ("- a\n\n  goes on\n\n- b", "- a\n  goes on\n- b"),
        ("- 18 °C or colder", "- 18 °C or colder"),
        ("-\n- b\n\nAfter.", "- b\n\nAfter."),
        ("<ul><li>a</li><li>b</li></ul>After.", "- a\n- b\n\nAfter."),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
}

#[test]
fn links_say_where_they_lead() {
    for (source, want) in [
        ("[Fill in the form](https://shop.example/w2).", "Fill in the form (https://shop.example/w2)."),
        (
            "[Write](mailto:help@shop.example?subject=x) or [call](tel:+4685550123).",
            "Write (help@shop.example) or call (+4685550123).",
        ),
        (
            "See <https://shop.example>, [shop.example](https://shop.example/).",
            "See https://shop.example, shop.example.",
        ),
        ("See [returns](returns.md), [above](#above) and [none].", "See returns, above and [none]."),
        ("See [it][1].\n\n[1]: https://shop.example 'Shop'", "See it (https://shop.example)."),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
    let long = format!("[a](https://shop.example/{})", "x".repeat(MAX_ADDRESS));
    assert_eq!(one(&long), "a");
}

#[test]
fn a_short_footnote_is_told_where_it_is_referred_to() {
    for (source, want) in [
        ("60 days.[^1] Again.[^1]\n\n[^1]: Not *mattresses*.\n", "60 days. (Not mattresses.) Again."),
        ("[^1]: Not mattresses.\n\n60 days.[^1]", "60 days. (Not mattresses.)"),
        ("60 days.[^1]\n\n[^1]: Not:\n\n    - mattresses\n    - lamps\n", "60 days.\n\nNot:\n\n- mattresses\n- lamps"),
        ("60 days.\n\n[^1]: Not mattresses.\n", "60 days.\n\nNot mattresses."),
        ("60 days.[^2]", "60 days.[^2]"),
        ("| a[^1] |\n|---|\n| b |\n\n[^1]: Not c.", "a: b\n\nNot c."),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
    let long = "word ".repeat(100);
    assert_eq!(one(&format!("60 days.[^1]\n\n[^1]: {long}")), format!("60 days.\n\n{}", long.trim()));
}

#[test]
fn each_row_of_a_table_says_its_heads() {
    let file = include_str!("../../tests/support/inputs/33-long-table-header-lost.md");
    let text = one(file);
    let rows: Vec<&str> = text.split("\n\n").skip(1).collect();
    assert_eq!(rows.len(), 12);
    assert!(rows.iter().all(|row| row.starts_with("Store: ") && row.contains(", Saturdays: ")), "{rows:?}");
    assert!(rows.contains(&"Store: Kivik, Weekdays: 11:00-20:00, Saturdays: 11:00-18:00, Parking: by the harbour"));
    for (source, want) in [
        (
            "| Code | What to do |\n|---|---|\n| **E14** | Let it `cool` |\n| E17 | |",
            "Code: E14, What to do: Let it cool\n\nCode: E17",
        ),
        ("Hours | |\n---|---\nMonday | closed", "Hours: Monday, closed"),
        ("| Monday | closed |\n|---|---|\n\nAfter.", "Monday, closed\n\nAfter."),
        (
            "<table>\n<thead><tr><th>Store</th><th>Saturdays</th></tr></thead>\n<tr><td>Alvik<td>10&ndash;14</tr>\n</table>\nAfter.",
            "Store: Alvik, Saturdays: 10–14\n\nAfter.",
        ),
        ("<table><tr><td>Alvik</td><td>10-14</td></tr></table>", "Alvik, 10-14"),
        ("<table><tr><td>\n\n**Alvik**\n\n</td></tr></table>", "Alvik"),
        // Never closed.
        ("<table><tr><td>Alvik\n\nAfter.", "Alvik After."),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
}

#[test]
fn html_is_told_by_its_words() {
    for (source, want) in [
        (
            "<p align=\"center\">Within 45&nbsp;days\nof <i>delivery</i>.</p>\n\nAfter.",
            "Within 45 days of delivery.\n\nAfter.",
        ),
        ("<div>One.</div><div title='a > b'>Two.</div>", "One.\n\nTwo."),
        ("<script>\nlet price = 31;\n\nlet x;\n</script>\nAfter.", "After."),
        ("<div><style>\np {}\n\nq {}\n</style>\n\nAfter.</div>", "After."),
        ("Up <script>31</script> to 120.", "Up to 120."),
        ("<div>\n1 < 2 and a<b\n</div>", "1 < 2 and a<b"),
        ("CO<sub>2</sub>", "CO2"),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
}

#[test]
fn front_matter_is_neither_text_nor_title() {
    let file = include_str!("../../tests/support/inputs/10-front-matter-becomes-a-title.md");
    let got = sections(file).unwrap();
    assert_eq!(
        got.iter().map(|section| section.text.as_str()).collect::<Vec<_>>(),
        ["You can send goods back within 45 days of delivery.", "Sofas are collected at your home for 49 euros."]
    );
    assert_eq!(got[1].above, ["Sofas"]);
    assert!(got.iter().all(|section| file[section.range.clone()].contains(&section.text)), "{got:?}");
    for (source, want) in [
        ("+++\ntitle = \"x\"\n[more]\nlist = [\n  1,\n]\n+++\nText.", "Text."),
        ("---\ntitle: x\ntags:\n- a\nmore: |\n  words\n\n  and more\n...\nText.", "Text."),
        // Rules, and what looks like front matter somewhere else.
        ("---\n\nText.\n\n---\n", "Text."),
        ("---\nText: that is all we say.\nIt goes on.\n\n---\n", "Text: that is all we say. It goes on."),
        ("Text.\n\n***\n\nname: x\n\n***", "Text.\n\nname: x"),
        ("---\ntitle: x\n", "title: x"),
    ] {
        assert_eq!(one(source), want, "{source:?}");
    }
    assert!(said("---\ntitle: x\n---\n").is_empty());
}

#[test]
fn a_heading_holds_until_the_next_and_is_told_where_nothing_stands_under_it() {
    let of = |source: &str| -> Vec<(String, String)> {
        sections(source).unwrap().into_iter().map(|section| (section.above.join(" › "), section.text)).collect()
    };
    let want = |some: &[(&str, &str)]| -> Vec<(String, String)> {
        some.iter().map(|(above, text)| ((*above).to_owned(), (*text).to_owned())).collect()
    };
    assert_eq!(
        of("Before.\n\n# A\n\n## B `c` &amp; *d*\n\n### E\n\nText.\n\n## F\n## G\n\n# H\n\nMore.\n\nI\n===\n"),
        want(&[("", "Before."), ("A › B c & d › E", "Text."), ("A", "F"), ("A", "G"), ("H", "More."), ("", "I"),])
    );
    // A heading without words is none, and what is hidden stands nowhere.
    assert_eq!(of("# A\n##\n<!-- x -->\n##\n"), want(&[("", "A")]));
    // Told whole, however long; above others it is bounded.
    let long = "word ".repeat(200);
    let got = sections(&format!("# {long}\n\n# {long}\n\nText.\n")).unwrap();
    assert_eq!(got[0].text, long.trim());
    assert!(got[1].above[0].chars().count() == MAX_HEADING && got[1].text == "Text.");
}

/// Files of marks: the work must not grow by the square of their length, nor what comes out beyond its bound.
#[test]
fn a_file_of_marks_costs_no_more_than_its_length() {
    const LENGTH: usize = 300_000;
    for mark in [
        ">",
        "> ",
        "- ",
        "* ",
        "1. ",
        "#",
        "##\n",
        "# a\n",
        "*",
        "_",
        "~~a",
        "~",
        "`",
        "[",
        "]",
        "[a](",
        "![",
        "<",
        "<a ",
        "<a b=\"",
        "</",
        "<!--",
        "<!--\n\n",
        "a <!-- b\n\n",
        "-->",
        "<!-- -->",
        "<script>",
        "<div><script>\n\n",
        "<div>\n<del>\n\n",
        "<td>",
        "<li>",
        "&",
        "&amp;",
        "[^1]",
        "[^1]: a\n\n",
        "[^1]:",
        "|",
        "|a",
        "\\",
        "---\n",
        "+++\n",
        "a: b\n",
        "\n",
        " ",
        "\t",
        "    a\n",
        "```\n",
        "<table><tr><td>",
    ] {
        let source = format!("a\n\n{}", mark.repeat(LENGTH / mark.len()));
        if let Some(sections) = sections(&source) {
            assert!(sections.len() <= MAX_CHUNKS, "{mark:?}");
        }
        sections(&mark.repeat(LENGTH / mark.len()));
    }
    let heads = format!("|{}\n|{}\n", "a|".repeat(2_000), "-|".repeat(2_000));
    sections(&format!("{heads}{}", "|x\n".repeat(LENGTH / 3)));
    // Heads that are said again for each of very many cells.
    let wide = format!("|{}|b|\n|-|-|\n{}", "h".repeat(80), "|x|y|\n".repeat(300_000));
    assert_eq!(sections(&wide), None);
}
