//! The language of a text.

use crate::codes::among as listed;
use unicode_segmentation::UnicodeSegmentation as _;
use whatlang::Lang;

/// What stands in nearly every text of the languages that are known best.
const COMMON: [(Lang, &str); 5] = [
    (Lang::Eng, "the of and to is are be in it you for with not may can within your from this that on at or if"),
    (Lang::Spa, "el la los las de del que en un una es se por para con no su al como desde son puede"),
    (Lang::Deu, "der die das und ist nicht ein eine mit für von zu den im sie wir auf werden kann innerhalb"),
    (Lang::Fra, "le la les de des du et est en un une que pour dans pas vous sur avec peut ne au"),
    (Lang::Swe, "och att det är en ett som på av för med inte den till kan inom du vi från om"),
];
/// Characters from which the language of a text that is none of these can be told.
const TELLING: usize = 60;

/// The language of a text, where that can be told.
pub(crate) fn language(text: &str) -> Option<Lang> {
    let words: Vec<String> = text.unicode_words().map(str::to_lowercase).collect();
    let mut known = COMMON.map(|(lang, common)| (words.iter().filter(|word| listed(common, word)).count(), lang));
    known.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let [(most, lang), (next, _), ..] = known;
    if most >= 2 && most > next {
        return Some(lang);
    }
    let found = whatlang::detect(text).filter(|_| text.chars().count() >= TELLING);
    found.filter(whatlang::Info::is_reliable).map(|found| found.lang())
}
