//! Documents: uploaded, read, found, read again, deleted; and never another tenant's.

use crate::stage::{Stage, file};
use knowledge::reading::Wanted;
use knowledge::{KnowledgeError, NewDocument};
use model::knowledge::{DocumentKind, DocumentState};
use time::Duration;

const RETURNS: &str =
    "# Returns\n\nYou may send goods back within 60 days.\n\n## Gift cards\n\nGift cards are never taken back.\n";

#[tokio::test]
async fn uploaded_read_found_and_forgotten() {
    let stage = Stage::new().await;
    let (aurora, borealis) = (&stage.two.aurora.owner, &stage.two.borealis.owner);
    let queued = stage.knowledge.upload(aurora, file("folder/returns.md", RETURNS)).await.unwrap();
    assert_eq!((queued.state, queued.chunk_count, queued.kind), (DocumentState::Queued, 0, DocumentKind::Text));
    assert_eq!((queued.title.as_str(), queued.file_name.as_str()), ("returns", "returns.md"));
    assert!(stage.knowledge.search(aurora, "send goods back", None).await.unwrap().is_empty());

    stage.do_jobs().await;
    let id = queued.id;
    let ready = stage.knowledge.get_document(aurora, id).await.unwrap();
    assert_eq!((ready.state, ready.chunk_count, ready.by_meaning), (DocumentState::Ready, 2, true));
    let found = stage.knowledge.search(aurora, "do you take gift cards back?", Some(1)).await.unwrap();
    assert_eq!(
        (found[0].title.as_str(), found[0].text.trim()),
        ("returns › Gift cards", "Gift cards are never taken back.")
    );
    assert!(stage.knowledge.search(borealis, "gift cards", None).await.unwrap().is_empty());

    // Read again, it is the same.
    stage.knowledge.reindex_document(aurora, id).await.unwrap();
    stage.do_jobs().await;
    assert_eq!(stage.knowledge.search(aurora, "gift cards", None).await.unwrap().len(), 2);

    stage.knowledge.delete_document(aurora, id).await.unwrap();
    assert!(stage.knowledge.search(aurora, "gift cards", None).await.unwrap().is_empty());
    let mut behind = stage.db.superuser().await;
    for table in ["documents", "document_texts", "chunks", "chunk_terms", "chunk_vectors", "jobs"] {
        let count = format!("select count(*) from app.{table}");
        let left: i64 = sqlx::query_scalar(testkit::sql(count)).fetch_one(&mut behind).await.unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn foreign_and_unknown_ids_get_one_answer() {
    let stage = Stage::with(None).await;
    let foreign = stage.add(&stage.two.borealis.owner, "returns.md", RETURNS).await.id;
    let unknown = format!("doc_{}", "0".repeat(32)).parse().unwrap();
    for id in [foreign, unknown] {
        let caller = &stage.two.aurora.owner;
        assert!(matches!(stage.knowledge.get_document(caller, id).await, Err(KnowledgeError::NotFound)), "{id}");
        assert!(matches!(stage.knowledge.reindex_document(caller, id).await, Err(KnowledgeError::NotFound)), "{id}");
        assert!(matches!(stage.knowledge.delete_document(caller, id).await, Err(KnowledgeError::NotFound)), "{id}");
    }
    assert!(stage.knowledge.get_document(&stage.two.borealis.owner, foreign).await.is_ok());
}

#[tokio::test]
async fn lists_go_page_by_page_the_newest_first() {
    let stage = Stage::with(None).await;
    stage.db.leaves_waiting_jobs();
    let caller = &stage.two.aurora.owner;
    for name in ["one.txt", "two.txt", "three.txt"] {
        stage.db.clock.advance(Duration::milliseconds(1));
        stage.knowledge.upload(caller, file(name, name)).await.unwrap();
    }
    let first = stage.knowledge.list_documents(caller, Some(2), None, None).await.unwrap();
    let titles: Vec<_> = first.data.iter().map(|d| d.title.as_str()).collect();
    assert_eq!(titles, ["three", "two"]);
    let rest = stage.knowledge.list_documents(caller, Some(2), first.next_cursor.as_deref(), None).await.unwrap();
    assert_eq!((rest.data.len(), rest.data[0].title.as_str(), rest.next_cursor), (1, "one", None));
    assert!(stage.knowledge.list_documents(&stage.two.borealis.owner, None, None, None).await.unwrap().data.is_empty());
    for (limit, cursor) in [(Some(0), None), (Some(201), None), (None, Some("x"))] {
        assert!(matches!(
            stage.knowledge.list_documents(caller, limit, cursor, None).await,
            Err(KnowledgeError::Invalid { field: "limit" | "cursor", .. })
        ));
    }
}

#[tokio::test]
async fn documents_are_found_by_a_part_of_their_title_or_file_name_page_by_page() {
    let stage = Stage::with(None).await;
    stage.db.leaves_waiting_jobs();
    let caller = &stage.two.aurora.owner;
    for (name, title) in [
        ("lamps.md", ""),
        ("Größen.md", "Sizes of LAMPS"),
        ("100%_wool.txt", "Rugs"),
        ("1000 wools.txt", "Yarn"),
        ("\u{39f}\u{394}\u{39f}\u{3a3}.md", "Streets"),
        ("Nordlampa.csv", "Prices"),
    ] {
        stage.db.clock.advance(Duration::milliseconds(1));
        let new = NewDocument { title: title.to_owned(), ..file(name, name) };
        stage.knowledge.upload(caller, new).await.unwrap();
    }
    stage.knowledge.upload(&stage.two.borealis.owner, file("lamps.md", "Lamps")).await.unwrap();
    let page = async |name: &str, cursor: Option<&str>| {
        let page = stage.knowledge.list_documents(caller, Some(2), cursor, Some(name)).await.unwrap();
        (page.data.into_iter().map(|document| document.title).collect::<Vec<_>>(), page.next_cursor)
    };
    let (first, next) = page(" LAMP ", None).await;
    assert_eq!(first, ["Prices", "Sizes of LAMPS"]);
    assert_eq!(page("lamp", next.as_deref()).await, (vec!["lamps".to_owned()], None));
    for (name, found) in [
        ("GRO\u{308}\u{df}EN", &["Sizes of LAMPS"][..]),
        ("gro\u{308}ss", &[]),
        // A letter that is another small one at the end of a word.
        ("\u{39f}\u{394}\u{39f}\u{3a3}", &["Streets"]),
        // Signs that stand for others elsewhere mean themselves.
        ("100%_w", &["Rugs"]),
        ("100_", &[]),
        ("'; --", &[]),
        ("\\", &[]),
        (".csv", &["Prices"]),
    ] {
        assert_eq!(page(name, None).await.0, found, "{name}");
    }
    assert_eq!(page("  ", None).await.0.len(), 2, "nothing is looked for");
    for bad in ["x".repeat(201), "a\0b".to_owned()] {
        let listed = stage.knowledge.list_documents(caller, None, None, Some(&bad)).await;
        assert!(matches!(listed, Err(KnowledgeError::Invalid { field: "name", .. })), "{listed:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_not_kept() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let mut titled = file("a.txt", "text");
    titled.title = "two\nlines".into();
    let mut pairs = file("a.csv", "name,price\nx,1\n");
    pairs.kind = Wanted::Kind(DocumentKind::Qa);
    for (new, wrong) in [
        (file("a.txt", ""), "file"),
        (file("a.pdf", "%PDF-1.7"), "file"),
        (file("a.txt", b"Gr\xF6\xDFe".to_vec()), "file"),
        (file("a.html", "<title>text</title><script>text</script><!-- text --><p hidden>text"), "file"),
        (file("a.html", "<div>".repeat(100_000) + "text"), "file"),
        (file("a.html", b"<meta charset=utf-8>Gr\xF6\xDFe".to_vec()), "file"),
        (file("a.rtf", "text"), "file"),
        // Nothing of it would be told.
        (file("a.md", "---\ntitle: x\n---\n<!-- text -->\n"), "file"),
        // More than 10,000 pieces.
        (file("a.txt", "x".repeat(5_100_000)), "file"),
        (file("a.md", "# A fact.\n".repeat(10_001)), "file"),
        (file("a.csv", "question,answer\na,\n"), "file"),
        (file("", "text"), "file"),
        // Turned around, it would look like another name.
        (file("a\u{202e}dm.txt", "text"), "file"),
        (file(&"x".repeat(201), "text"), "file"),
        (titled, "title"),
        (pairs, "file"),
    ] {
        match stage.knowledge.upload(caller, new).await {
            Err(KnowledgeError::Invalid { field, message }) => {
                assert_eq!(field, wrong);
                assert!(message.to_string().ends_with('.'), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(stage.knowledge.list_documents(caller, None, None, None).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn a_saved_page_is_found_by_what_one_reads_in_it_and_by_its_own_title() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let page = include_str!("../support/pages/help-centre.html");
    let document = stage.add(caller, "Returns.htm", page).await;
    assert_eq!(
        (document.title.as_str(), document.file_name.as_str(), document.kind, document.state),
        ("Returns & refunds – Fjällhus Help Centre", "Returns.htm", DocumentKind::Text, DocumentState::Ready)
    );
    let found = async |query: &str| stage.knowledge.search(caller, query, Some(1)).await.unwrap();
    let title = "Returns & refunds – Fjällhus Help Centre › Returns & refunds";
    for (query, under, says) in [
        ("unused goods", "", "within 45 days of delivery"),
        ("print the label", " › How to send something back", "\n  - at home, or\n"),
        ("lamps to Norway", " › What it costs", "Goods: Lamps, Country: Norway, Price: 99 kr"),
    ] {
        let found = found(query).await;
        assert_eq!(found[0].title, format!("{title}{under}"), "{found:?}");
        assert!(found[0].text.contains(says), "{found:?}");
    }
    // Scripts, styles, comments, what is hidden, menus.
    for left_out in ["margin", "opacity", "legal", "cookies", "sale", "31", "pixel", "tracked", "690"] {
        assert!(found(left_out).await.is_empty(), "{left_out}");
    }
    // A title that is given counts, and one that is none does not.
    let titled = NewDocument { title: "Our returns".into(), ..file("b.html", format!("{page}<!-- b -->")) };
    assert_eq!(stage.knowledge.upload(caller, titled).await.unwrap().title, "Our returns");
    for (name, html, title) in [
        ("c.html", format!("<title>{}</title>Lamps.", "ä".repeat(300)), format!("{}…", "ä".repeat(199))),
        ("d.html", "<title>Turned \u{202e}around</title>Lamps.".to_owned(), "d".to_owned()),
        ("e.html", "<title> </title>Lamps".to_owned(), "e".to_owned()),
    ] {
        assert_eq!(stage.knowledge.upload(caller, file(name, html)).await.unwrap().title, title);
    }
    stage.do_jobs().await;
}

#[tokio::test]
async fn names_and_questions_have_one_form() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    // As some systems write it: a letter and its dots apart, a mark of an encoding, a space that does not break.
    let mut new = file("Gro\u{308}ßen\u{a0}1\u{feff}.txt", "Die Gro\u{308}ße der Zelte.");
    new.title = "\u{feff}".into();
    let id = stage.knowledge.upload(caller, new).await.unwrap().id;
    stage.do_jobs().await;
    let document = stage.knowledge.get_document(caller, id).await.unwrap();
    assert_eq!((document.title.as_str(), document.file_name.as_str()), ("Größen 1", "Größen 1.txt"));
    let found = stage.knowledge.search(caller, "Gro\u{308}\u{ad}ße", None).await.unwrap();
    assert_eq!(found[0].text, "Die Größe der Zelte.");
}

#[tokio::test]
async fn the_end_of_a_long_answer_is_found_and_a_long_question_is_told_whole() {
    let stage = Stage::new().await;
    let caller = &stage.two.aurora.owner;
    let door = include_bytes!("../support/inputs/30-qa-answer-longer-than-the-model-reads.csv");
    let document = stage.add(caller, "door.csv", *door).await;
    assert!(document.chunk_count > 5, "{document:?}");
    let found = stage.knowledge.search(caller, "tighten screw number 50", Some(3)).await.unwrap();
    assert!(found.iter().all(|passage| passage.title == "How do I install the door?"), "{found:?}");
    assert!(found.iter().any(|passage| passage.text.contains("screw number 50 ")), "{found:?}");

    let question = format!("{}and does it fit the quoffle?", "Is the frame made of oak, ".repeat(37));
    assert!(question.chars().count() > 980);
    stage.add(caller, "frame.csv", format!("question,answer\n\"{question}\",It does.\n")).await;
    let found = stage.knowledge.search(caller, "quoffle", Some(1)).await.unwrap();
    assert_eq!((found[0].title.as_str(), found[0].text.as_str()), (question.as_str(), "It does."));
}

#[tokio::test]
async fn a_file_that_is_there_is_named_and_one_of_the_same_name_is_replaced_by_choice() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let upload = async |text: &str, replace| {
        let new = NewDocument { replace, ..file("returns.md", text.to_owned()) };
        stage.knowledge.upload(caller, new).await
    };
    let found = async || -> Vec<String> {
        stage.do_jobs().await;
        let found = stage.knowledge.search(caller, "quoffle", None).await.unwrap();
        found.into_iter().map(|passage| passage.text).collect()
    };
    upload("Quoffle within 30 days.", None).await.unwrap();
    for replace in [None, Some(false), Some(true)] {
        let twice = upload("Quoffle within 30 days.", replace).await;
        assert!(matches!(&twice, Err(KnowledgeError::There(title)) if title == "returns"), "{twice:?}");
    }
    let refused = upload("Quoffle within 60 days.", Some(false)).await;
    assert!(matches!(&refused, Err(KnowledgeError::SameName(title)) if title == "returns"), "{refused:?}");
    assert_eq!(found().await, ["Quoffle within 30 days."]);
    upload("Quoffle within 60 days.", Some(true)).await.unwrap();
    assert_eq!(found().await, ["Quoffle within 60 days."]);
    upload("Quoffle within 90 days.", None).await.unwrap();
    assert_eq!(found().await.len(), 2);
    // Another company's is nobody's business.
    let new = file("returns.md", "Quoffle within 60 days.".to_owned());
    stage.knowledge.upload(&stage.two.borealis.owner, new).await.unwrap();
    stage.do_jobs().await;
}

#[tokio::test]
async fn the_same_text_is_found_once_and_others_take_its_place() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    for copy in 0..25 {
        // The same, spaced in another way.
        let text = format!("Quoffle lamps{}come back.", " ".repeat(copy + 1));
        stage.knowledge.upload(caller, file(&format!("copy {copy}.txt"), text)).await.unwrap();
    }
    for other in ["One", "Two", "Three", "Four"] {
        let text = format!("{other} of the chairs that quoffle, of which there are many, stays where it is.");
        stage.knowledge.upload(caller, file("other.txt", text)).await.unwrap();
    }
    stage.do_jobs().await;
    let texts = async |limit| -> Vec<String> {
        let found = stage.knowledge.search(caller, "quoffle", Some(limit)).await.unwrap();
        found.iter().map(|passage| passage.text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let five = texts(5).await;
    assert_eq!(five.len(), 5);
    assert_eq!(five.iter().filter(|text| *text == "Quoffle lamps come back.").count(), 1, "{five:?}");
    assert_eq!(texts(50).await.len(), 5);
    // Two questions may have one answer.
    stage.add(caller, "faq.csv", "question,answer\nIs it zibbly?,Yes.\nIs it still zibbly?,Yes.\n").await;
    assert_eq!(stage.knowledge.search(caller, "zibbly", None).await.unwrap().len(), 2);
}

#[tokio::test]
async fn words_are_found_without_the_model_in_the_language_of_the_text() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let german = "Die Rückgabe ist innerhalb von sechzig Tagen möglich. Wir erstatten den vollen Preis, wenn die Lampen \
                  unbenutzt sind und in der Verpackung zurückgeschickt werden. Gutscheine werden nicht erstattet.";
    let document = stage.add(caller, "rueckgabe.txt", german).await;
    assert!(!document.by_meaning);
    // Another form of the word.
    let found = stage.knowledge.search(caller, "Gutschein", None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(stage.knowledge.search(caller, "zzz", None).await.unwrap().is_empty());
    // What looks like syntax is only words.
    for odd in ["a & b | !c", "'; drop table app.chunks; --", "\\", "gutschein:*", "%", "🙂"] {
        stage.knowledge.search(caller, odd, None).await.unwrap();
    }
    for bad in ["", "  ", &"x".repeat(1_001), "a\0b"] {
        assert!(matches!(
            stage.knowledge.search(caller, bad, None).await,
            Err(KnowledgeError::Invalid { field: "query", .. })
        ));
    }
}

/// Who asks uses the words of questions: they weigh more than those of answers.
#[tokio::test]
async fn of_pairs_the_question_weighs_more_than_the_answer() {
    let stage = Stage::with(None).await;
    let caller = &stage.two.aurora.owner;
    let pairs = "question,answer\nWhat of the parcel and its road?,The zibbly is on its way.\n\
                 What of the zibbly and its road?,The parcel is on its way.\n";
    stage.add(caller, "faq.csv", pairs).await;
    for (word, question) in
        [("zibbly", "What of the zibbly and its road?"), ("parcel", "What of the parcel and its road?")]
    {
        let found = stage.knowledge.search(caller, word, Some(2)).await.unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].title, question, "{found:?}");
    }
}
