//! What is said in which language.

use crate::Language::{self, Accented, English, Mirrored, Spanish};
use crate::{Text, given, text};

#[test]
fn a_sentence_is_said_as_translators_have_it() {
    let sign_in = text!("Sign in");
    assert_eq!((sign_in.say(English), sign_in.say(Spanish)), ("Sign in".into(), "Iniciar sesión".into()));
    assert_eq!(sign_in.say(Accented), "[Sígñ íñ ~~~]");
    assert_eq!(sign_in.to_string(), "Sign in");
    assert_eq!(Text::kept("Sign in".to_owned()).say(Spanish), "Iniciar sesión");
    // What nobody has translated is said in English, and what is no sentence of ours as it is.
    let unknown = text!("No page says this {thing}.", thing = "once");
    assert!(Language::ALL.iter().all(|language| unknown.say(*language) == "No page says this once."));
    assert_eq!(Text::plain("Sign in").say(Spanish), "Sign in");
}

#[test]
fn what_is_filled_in_stays_as_it_is() {
    let writes = |name: &str| text!("{name} is writing…", name);
    assert_eq!(writes("{name}").say(English), "{name} is writing…");
    assert_eq!(writes("Åsa <b>").say(Spanish), "Åsa <b> está escribiendo…");
    assert!(writes("Åsa").say(Mirrored).starts_with("Åsa"));
    let mut said = writes("Åsa");
    said.said(Spanish);
    assert_eq!(said.say(English), "Åsa está escribiendo…");
}

#[test]
fn one_and_several_are_told_apart() {
    let sources = |n: usize| text!("{n} source", "{n} sources", n);
    for (n, english, spanish) in
        [(0, "0 sources", "0 fuentes"), (1, "1 source", "1 fuente"), (2, "2 sources", "2 fuentes")]
    {
        assert_eq!((sources(n).say(English), sources(n).say(Spanish)), (english.into(), spanish.into()));
    }
}

#[test]
fn a_page_brings_the_sentences_of_its_islands_alone() {
    let sources = ["app/src/dashboard/inbox/"];
    assert_eq!(given(English, &sources), None);
    let brought = given(Spanish, &sources).unwrap();
    assert!(brought.lines().any(|line| line == "{n} source\t{n} fuente\t{n} fuentes"), "{brought}");
    assert!(!brought.contains("Sign in through your company") && brought.lines().count() > 30, "{brought}");
    assert_eq!(given(Accented, &sources).unwrap().lines().count(), brought.lines().count());
    assert_eq!(given(Spanish, &["app/src/nowhere/"]).unwrap(), "");
}

#[test]
fn languages_go_by_their_tags() {
    for language in Language::ALL {
        assert_eq!(Language::from_tag(language.tag()), Some(language));
        assert_eq!(language.direction(), if language == Mirrored { "rtl" } else { "ltr" });
    }
    assert_eq!((English.name(), Spanish.name(), Language::from_tag("tlh")), ("English", "Español", None));
    // From outside those alone that people choose from.
    let read = |tag: &str| serde_json::from_str::<Language>(&format!("\"{tag}\"")).ok();
    assert_eq!([read("en"), read("es"), read("en-XA"), read("ES")], [Some(English), Some(Spanish), None, None]);
    assert_eq!(serde_json::to_string(&Spanish).unwrap(), "\"es\"");
}
