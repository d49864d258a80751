//! What is told of web pages, and what is not.

use super::*;
use crate::chunking::MAX_CHUNKS;
use crate::markdown::sections;

/// What a page says, each section with the headings above it.
fn told(html: &str) -> Vec<(String, String)> {
    let page = read(html).unwrap();
    let sections = sections(&page.markdown).unwrap();
    sections.into_iter().map(|section| (section.above.join(" › "), section.text)).collect()
}

/// What a page without headings says.
fn one(html: &str) -> String {
    let mut told = told(html);
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0).1
}

#[test]
fn a_saved_page_of_a_help_centre_is_its_article() {
    let page = read(include_str!("../../tests/support/pages/help-centre.html")).unwrap();
    assert_eq!(page.title, "Returns & refunds – Fjällhus Help Centre");
    let told: Vec<_> = sections(&page.markdown).unwrap().into_iter().map(|s| (s.above.join(" › "), s.text)).collect();
    let want = [
        ("Returns & refunds", "Unused goods may be sent back within 45 days of delivery. See our terms."),
        (
            "Returns & refunds › How to send something back",
            "1. Pack it in its box.\n2. Print the label:\n  - at home, or\n  - in any of our shops.\n3. Leave it at a post office.",
        ),
        (
            "Returns & refunds › What it costs",
            "Goods: Lamps, Country: Sweden, Price: free\n\nGoods: Lamps, Country: Norway, Price: 99 kr\n\n\
             Goods: Sofas, Country: Sweden, Price: 490 kr",
        ),
        (
            "Returns & refunds › Questions",
            "May I return a lamp that I have used?\n\nNo. Unless it is broken.\n\nWrite to us (help@fjallhus.example), \
             or call +46 8 555 01 23.",
        ),
    ];
    assert_eq!(told, want.map(|(above, text)| (above.to_owned(), text.to_owned())));
}

#[test]
fn what_is_not_shown_is_not_told() {
    for (html, want) in [
        ("<p>It costs <!-- 31 for us -->120 euros.", "It costs 120 euros."),
        ("<p>a<script>var price = '<p>31</p>';</script>b<style>p { color: 31 }</style>c", "abc"),
        ("<script><!-- <script>31</script> --></script><p>a", "a"),
        (
            "<template><p>31</template><noscript><p>31</noscript><svg><title>31</title><path/><text>31</text></svg><p>a",
            "a",
        ),
        ("<p hidden>31<p>a", "a"),
        ("<div hidden><span>31</span><div>31</div>31</div>a", "a"),
        ("<span hidden>31<span>31</span>31</span>a", "a"),
        ("<div hidden='until-found'>a</div>", "a"),
        ("<div role=tabpanel hidden aria-hidden=true style='display: none'>a<i hidden>31</i></div>", "a"),
        ("<div style='color: red; DISPLAY : none'>31</div><div style='display:block'>a</div>", "a"),
        ("<div style=visibility:hidden>31</div>a", "a"),
        ("<p>a <i aria-hidden=true>31</i>b<i aria-hidden=false>c</i>", "a bc"),
        ("<p>a <s>31</s><del>31</del> b", "a b"),
        ("<nav>31</nav><footer>31</footer><div role=navigation>31</div><p>a", "a"),
        ("<div role=dialog>31 cookies</div><div role=AlertDialog>31</div>a", "a"),
        ("<dialog>31</dialog><dialog open>a</dialog>", "a"),
        ("<select><option>31<option>31</select><TEXTAREA><p>31</TEXTAREA><iframe><p>31</iframe>a", "a"),
        ("<body style='visibility: hidden'>a", "a"),
        // An element ends with its tag in a drawing alone.
        ("<svg><title/><style/><path/></svg>a", "a"),
        ("<p>a<script src=x /><p>31</p></script><iframe src=y />31</iframe><style/>31</style>", "a"),
        // What nothing closes hides the rest, as it does in a browser.
        ("<p>a</p><!-- 31 <p>31", "a"),
        ("<p>a</p><script>31 <p>31", "a"),
        ("<p>a</p><style>31 <p>31", "a"),
        ("<p>a</p><plaintext>31 <!-- 31 --> <script>31", "a"),
        ("<p>a</p><div title='31 <p>31", "a"),
        // But what is hidden in an element ends with it.
        ("<div><span hidden>31</div>a", "a"),
        ("<ul><li hidden>31<li>a</ul>", "- a"),
        ("<table><tr><td hidden>31<td>a</table>", "a"),
    ] {
        assert_eq!(one(html), want, "{html}");
    }
    for html in ["<script>31</script>", "<!-- 31 -->", "<title>31</title>", "<p hidden>31", "<svg><text>31</svg>"] {
        assert_eq!(read(html).unwrap().markdown, "", "{html}");
    }
}

#[test]
fn what_a_visitor_opens_is_told() {
    for (html, want) in [
        ("<details><summary>Returns</summary><p>Within 30 days.</details>", "Returns\n\nWithin 30 days."),
        // Closed for now: seen by no one yet, and by who opens it.
        ("<h3>Returns</h3><div class=panel aria-hidden=true><p>Within 30 days.</div>", "Within 30 days."),
        ("<dl><dt>Returns<dd aria-hidden=true>Within 30 days.</dl>", "Returns\n\nWithin 30 days."),
        // However it is closed, where something that one can press says what it opens.
        (
            "<button aria-expanded=false aria-controls='x p1'>Returns</button><div id=p1 hidden aria-hidden=true \
             style='display:none'>Within 30 days.<i aria-hidden=true>31</i><p hidden>31</div>",
            "Returns\n\nWithin 30 days.",
        ),
        ("<a aria-expanded=false aria-controls=p1>Returns</a><script id=p1>31</script><nav id=p1>31</nav>", "Returns"),
        // What opens a menu, what opens nothing, what is hidden itself, and what comes too late open no text.
        ("<a aria-haspopup=true aria-expanded=false aria-controls=p1>Menu</a><div id=p1 hidden>31</div>", "Menu"),
        ("<a aria-controls=p1>Save</a><div id=p1 hidden>31</div>", "Save"),
        ("<div hidden><a aria-expanded=false aria-controls=p1>31</a></div><div id=p1 hidden>31</div>a", "a"),
        ("<div id=p1 hidden>31</div><a aria-expanded=false aria-controls=p1>a</a>", "a"),
        ("<a aria-expanded=false aria-controls=''>a</a><div id='' hidden>31</div>", "a"),
    ] {
        assert_eq!(one(html), want, "{html}");
    }
}

#[test]
fn words_are_told_to_the_letter() {
    for text in [
        "Dial *123# or ##002#, set _KEY_ and __HOST__, ~5 to 10~, `x`, [1], [^1], a|b, C:\\docs\\*",
        "# 1. no heading #",
        "1. no item",
        "12) no item",
        "- 18 °C or colder",
        "+ 46 8 555 01",
        "> 18 years",
        "=== a",
        "--- a",
        "| a | b |",
        "```",
        ":--- a",
        "<b>no tag</b> & &amp; <!-- no comment --> <script>no script</script>",
        "[a](https://shop.example) ![a](b) <https://shop.example>",
    ] {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        assert_eq!(one(&format!("<p>{escaped}</p>")), text);
        assert_eq!(one(&format!("<p>a<br>{escaped}</p>")), format!("a\n{text}"));
        assert_eq!(one(&format!("<ul><li>{escaped}</ul>")), format!("- {text}"));
        assert_eq!(one(&format!("<table><tr><td>{escaped}</table>")), text);
        assert_eq!(one(&format!("<pre>{escaped}</pre>")), text);
        assert_eq!(told(&format!("<h2>{escaped}</h2>a")), [(text.to_owned(), "a".to_owned())]);
    }
    assert_eq!(
        one("<p>45&nbsp;days &auml; &#x41; &euro;5 de&shy;livery&#1;&#x2028;# a"),
        "45 days ä A €5 delivery # a"
    );
    assert_eq!(one("<p> One\n that   was\twrapped. </p>"), "One that was wrapped.");
    assert_eq!(one("CO<sub>2</sub>, <b>b</b>old, <code>*c*</code>"), "CO2, bold, *c*");
}

#[test]
fn blocks_stand_apart_and_lines_end() {
    for (html, want) in [
        ("a<div>b</div>c<section>d</section>", "a\n\nb\n\nc\n\nd"),
        ("a</p>b</br>c", "a\n\nb\nc"),
        ("<p>a<p>b</p><div><p>c</div>", "a\n\nb\n\nc"),
        ("Dock 4<br>Ume\u{e5}<br>\n<br>Sweden<br>", "Dock 4\nUme\u{e5}\n\nSweden"),
        ("<details><summary>Why?</summary>So.</details>", "Why?\n\nSo."),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", "a\n\nb\n\nc\n\nd"),
        ("<button>Yes</button><button>No</button>.", "Yes No ."),
        ("<img src=x alt='Our shop'>, <img src=y>open", "Our shop, open"),
        ("<p>Pay by <img alt=Visa><img alt=Klarna>.", "Pay by Visa Klarna."),
        ("<ruby>\u{6f22}<rp>(<rt>kan<rp>)</ruby>a", "\u{6f22}(kan)a"),
        ("<a href='https://shop.example/a'>terms</a>, <a href=b>b</a>", "terms, b"),
        (
            "<a href='mailto:help@shop.example?subject=x'>Write</a>, <a href='tel:+46855'>+46855</a>",
            "Write (help@shop.example), +46855",
        ),
        ("<pre>\nif a:\n    b &lt; c\n\n```\n</pre>after", "if a:\n    b < c\n\n```\n\nafter"),
    ] {
        assert_eq!(one(html), want, "{html}");
    }
}

#[test]
fn lists_keep_their_marks_and_numbers() {
    for (html, want) in [
        ("<ul><li>a<li>b<p>c</p></ul>after", "- a\n- b\n  c\n\nafter"),
        ("<ol start=3><li>a<li>b<ul><li>c</ul><li value=9>d</ol>", "3. a\n4. b\n  - c\n\n9. d"),
        ("<ol><li>a</ol><ol><li>b</ol>", "1. a\n\n1. b"),
        ("<ul><li><ul><li>a</ul><li><li>b</ul>", "- a\n- b"),
        ("<ul><li></li>a</ul>", "a"),
        ("<ul><li>a</li><ul><li>b</ul></ul>", "- a\n  - b"),
        ("<ol><li>a<pre>b\n  c</pre></ol>", "1. a\n  b\n  c"),
    ] {
        assert_eq!(one(html), want, "{html}");
    }
    // However deep; each item is told.
    let deep = format!("{}a{}", "<ul><li>x".repeat(40), "</ul>".repeat(40));
    assert_eq!(one(&deep).matches("- x").count(), 40, "{}", one(&deep));
}

#[test]
fn headings_hold_what_is_below_them_wherever_they_stand() {
    let of = |some: &[(&str, &str)]| -> Vec<(String, String)> {
        some.iter().map(|(above, text)| ((*above).to_owned(), (*text).to_owned())).collect()
    };
    for (html, want) in [
        (
            "<h1>A</h1>a<h2><span>B</span> <div>c</div></h2>b<h1>C</h1>c",
            of(&[("A", "a"), ("A › B c", "b"), ("C", "c")]),
        ),
        ("<ul><li><h2>A</h2>a</li><li><h2>B</h2><p>b</p></li></ul>", of(&[("A", "a"), ("B", "b")])),
        ("<table><tr><td>a<td><h2>B</h2><p>b<p>c</table>", of(&[("", "a"), ("B", "b\n\nc")])),
        ("<h2>A<br>b</h3>c<h2></h2><h2>D", of(&[("A b", "c"), ("", "D")])),
        ("<header><h1>A</h1></header>a", of(&[("A", "a")])),
    ] {
        assert_eq!(told(html), want, "{html}");
    }
}

#[test]
fn rows_say_their_heads() {
    for (html, want) in [
        ("<table><thead><tr><th>Store<th>Open</thead><tr><td>Alvik<td>10-14</table>", "Store: Alvik, Open: 10-14"),
        ("<table><caption>Shops</caption><tr><th>Alvik<td>10-14</table>", "Shops\n\nAlvik, 10-14"),
        (
            "<table><tr><th>Plan<th>Month<th>Year<tr><td>Solo<td colspan=2>free<tr><td rowspan=2>Team<td>9<td>90<tr><td>8<td>80</table>",
            "Plan: Solo, Month: free\n\nPlan: Team, Month: 9, Year: 90\n\nPlan: Team, Month: 8, Year: 80",
        ),
        ("<table><tr><th>A<th>B<tr><td>1<td rowspan=2>x<tr><td>2</table>", "A: 1, B: x\n\nA: 2, B: x"),
        ("<table><tr><td><p>a</p><ul><li>b</ul></td></tr></table>after", "a b\n\nafter"),
        ("<table role=presentation><tr><td>a<td>b</table>", "a\n\nb"),
        ("<table><tr><td>a<table><tr><th>B<tr><td>c</table>d</table>", "a\n\nB: c\n\nd"),
        ("<table></table><table><tr></table>a", "a"),
    ] {
        assert_eq!(one(html), want, "{html}");
    }
    // Also below a cell that goes on for longer than it can be said again.
    let long = format!("<td rowspan=300>{}<td>c", "x".repeat(290));
    let told = one(&format!("<table><tr><th>A<th>B<tr>{long}{}</table>", "<tr><td>c".repeat(299)));
    assert_eq!(told.matches("B: c").count(), 300, "{told}");
}

#[test]
fn one_main_part_is_read_alone_and_several_are_not() {
    for (html, want) in [
        ("a<main>b<article>c</article></main>d", "b\n\nc"),
        ("a<div role=main>b</div>c", "b"),
        ("a<article>b</article>c", "b"),
        ("a<article>b</article><article>c</article>", "a\n\nb\n\nc"),
        ("a<article>b<article>c</article></article>", "a\n\nb\n\nc"),
        ("a<main>b</main><main>c</main>", "a\n\nb\n\nc"),
        ("a<main hidden>b</main><main>c</main>d", "c"),
        ("a<main></main>", "a"),
        ("a<main> <script>b</script></main><article>c</article>", "c"),
        ("a<ul><li>b<main><p>c<ul><li>d</ul></main></ul>", "c\n\n- d"),
        ("a<main>b", "b"),
    ] {
        assert_eq!(one(html), want, "{html}");
    }
}

#[test]
fn the_title_is_what_the_page_says() {
    for (html, want) in [
        ("<title> Returns\n &amp; more </title>", "Returns & more"),
        ("<title>A</title><title>B</title>", "A"),
        ("<svg><title>A</title></svg><p>a", ""),
        ("<title></title><p>a", ""),
    ] {
        assert_eq!(read(html).unwrap().title, want, "{html}");
    }
    let long = read(&format!("<title>{}</title>", "ä".repeat(1_000_000))).unwrap().title;
    assert!((1_000..=MAX_TITLE).contains(&long.chars().count()), "{}", long.len());
}

#[test]
fn the_encoding_is_what_the_page_says() {
    let name = |html: &str| declared(html.as_bytes()).map(Encoding::name);
    for (html, want) in [
        ("<meta charset=\"Latin1\">", Some("windows-1252")),
        ("<META HTTP-EQUIV=content-type CONTENT='text/html;charset = \"shift_jis\"'>", Some("Shift_JIS")),
        ("<meta name=description content='charset=latin1'><meta charset=utf-8>", Some("UTF-8")),
        ("<!-- <meta charset=latin1> --><p>", None),
        ("<meta charset=what>", None),
        ("<meta http-equiv=content-type content=charset>", None),
    ] {
        assert_eq!(name(html), want, "{html}");
    }
    assert_eq!(name(&format!("{}<meta charset=latin1>", " ".repeat(HEAD))), None);
}

#[test]
fn what_is_nested_too_deeply_is_refused() {
    assert_eq!(one(&format!("{}a", "<div>".repeat(MAX_DEPTH))), "a");
    for mark in ["<div>", "<div hidden>", "<span hidden>", "<ul><li>", "<table><tr><td>", "<blockquote>", "<svg><g>"] {
        assert_eq!(read(&mark.repeat(100_000)), Err(Unread::TooDeep), "{mark}");
    }
    // What has no end, or none that matters, is not deep.
    for mark in ["<b>a", "<p>a", "<br>a", "<td>a", "<font>a", "<a href=mailto:b>a", "<svg/>a", "<img>a"] {
        assert!(read(&mark.repeat(20_000)).is_ok(), "{mark}");
    }
    for mark in ["<li>a", "<tr><td>a", "<tbody><tr><th>a", "<dt>a<dd>b", "<option>a"] {
        assert!(read(&format!("<table><ul><dl>{}", mark.repeat(20_000))).is_ok(), "{mark}");
    }
    assert_eq!(one(&format!("<select>{}</select>a", "<option>31".repeat(20_000))), "a");
}

/// Pages of marks: the work must not grow by the square of their length, nor what comes out beyond its bound.
#[test]
fn a_page_of_marks_costs_no_more_than_its_length() {
    const LENGTH: usize = 40_000;
    let deep = "<b hidden>".repeat(MAX_DEPTH - 10);
    let deeper = "<ol start=9999><li>".repeat(50);
    for mark in [
        "<",
        "</",
        "<!",
        "<!--",
        "-->",
        "<!-- -->",
        "<?",
        "<a",
        "<a ",
        "<a b",
        "<a b=",
        "<a b='",
        "<a b='c' ",
        "&",
        "&amp;",
        "&a",
        "&#",
        "<p>",
        "</p>",
        "<p>a",
        "<br>",
        "a<br>",
        "<br>a ",
        "<li>a",
        "</li>",
        "<ul>a</ul>",
        "<td>a",
        "<table>",
        "<table>a",
        "<tr>",
        "<th>a",
        "<h1>",
        "<h1>a",
        "</h1>",
        "<main>",
        "</main>",
        "<article>a</article>",
        "<pre>",
        "<pre>\n",
        "<pre>`</pre>",
        "`",
        "*",
        "\\",
        "#",
        "\n",
        "<title>",
        "<script>",
        "</script>",
        "<style>",
        "<plaintext>",
        "<TEXTAREA>",
        "<xmp>",
        "<noscript>",
        "<b>",
        "</b>",
        "<i></b>",
        "<nobr>",
        "<a href=mailto:a>",
        "<a href=mailto:a>b</a>",
        "<img alt=a>",
        "<td colspan=99 rowspan=99>a",
        "<tr><td colspan=99><td>a",
        "<svg>a</svg>",
        "<svg><title/>",
        "<title/>",
        "<p hidden>",
        "<![CDATA[",
        "]]>",
        "\u{301}",
        "a\u{301}",
    ] {
        for page in [
            mark.repeat(LENGTH / mark.len()),
            format!("{deep}{}", mark.repeat(LENGTH / mark.len())),
            format!("{deeper}<pre>{}", mark.repeat(LENGTH / mark.len())),
            format!("<table><tr><td rowspan=99999 colspan=99>a{}", mark.repeat(LENGTH / mark.len())),
        ] {
            if let Ok(page) = read(&page) {
                assert!(page.markdown.len() <= 40 * LENGTH, "{mark:?}: {}", page.markdown.len());
                if let Some(sections) = sections(&page.markdown) {
                    assert!(sections.len() <= MAX_CHUNKS, "{mark:?}");
                }
            }
        }
    }
    // Five megabytes of one attribute, and of one word.
    let long = "a".repeat(5_000_000);
    assert_eq!(one(&format!("<p title='{long}' hidden='{long}' style='{long}'>x</p>b")), "b");
    assert!(read(&long).is_ok_and(|page| page.markdown.len() == long.len()));
}

/// Each way in which tags may go on for long, on the stack of a thread like that on which files are read.
#[test]
fn no_tag_takes_the_stack() {
    let most = 1024 * 1024;
    let filled = |begin: &str, part: &str, end: &str| {
        [begin, &part.repeat((most - begin.len() - end.len()) / part.len()), end].concat()
    };
    for (part, crowds) in [
        (" a=\"\"", true),
        ("\r\na1=\"\"", true),
        ("\n a1 = \"\"", false),
        (" a=\"x y='>'\"", true),
        (" \"a=\"\"", true),
        (" a=''", false),
        (" a=b", false),
        (" a", false),
        ("/", false),
        (" =\"\"", false),
        (" a=\"&amp;\"", true),
        ("\"", false),
        ("\" ", false),
    ] {
        for begin in ["<!doctype html><p", "<!-- <x y='--><p", "<!doctype html></p", "<script><p", "<title>\"<p"] {
            let page = filled(begin, part, ">hello");
            assert_eq!(super::read(&page) == Err(Unread::Crowded), crowds, "{begin}{part}");
            let _ = super::declared(page.as_bytes());
        }
    }
    for part in [
        "<",
        "</",
        "<!",
        "<!--",
        "<a ",
        "<a b=",
        "<a b=\"",
        "&",
        "&#",
        "<![CDATA[",
        "<?",
        "]]>",
        "<script>",
        "<p>",
        "<a b='",
    ] {
        let _ = super::read(&filled("<!doctype html>", part, ""));
    }
    // As many as there may be are read.
    let page = format!("<!doctype html><p{}>hello", " a=\"\"".repeat(200));
    assert_eq!(super::read(&page).unwrap().markdown.trim(), "hello");
}
