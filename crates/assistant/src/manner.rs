//! What the assistant is like in an answer, and what it says by itself: to a greeting, to thanks and to what asks nothing more, where the documents do not say, and above
//! what is nearest. The words of the personality come first; the product's own are said in the language of the question, if it speaks that.

use crate::answer::{NEAREST, REFUSAL};
use crate::check;
use crate::codes::among;
use crate::reply::asks;
use crate::{Assistant, Models};
use conversations::words_of;
use knowledge::KnowledgeError;
use model::PersonalityId;
use model::knowledge::{Answer, Outcome};
use model::permission::ReadDocuments;
use model::personality::{Grounding, Personality, Speaks};
use sqlx::types::Json;
use store::Caller;
use whatlang::Lang;
use words::{Language, noted, sentence};

/// What is said to a greeting, to thanks, and to what asks nothing more ("ok").
const GREETING: &str = noted!("Hello! What would you like to know?");
const THANKS: &str = noted!("You are welcome.");
const ASSENT: &str = noted!("All right. Ask again whenever you like.");
/// Words that thank; those by which something is found good or is over; those that answer a question; and what stands between such. What has no other word
/// asks nothing. (Of Spanish those that English has not, too.)
const THANKING: &str = "thanks thank thx ty cheers gracias danke merci tack";
const ASSENTING: &str = "\
    ok okay okey k great perfect perfectly cool nice good fine alright right awesome super excellent wonderful lovely brilliant amazing understood clear \
    got bye goodbye works worked solved done wow vale perfecto genial bien bueno entendido estupendo listo adiós adios claro";
const REPLYING: &str = "yes yeah yep yup no nope sure please sí si por favor";
const BETWEEN: &str = "a lot so very much you many for your that this it is all and now again really me i my the day have one mucho mucha muchas muchos muchísimas muy todo ya es";
/// Most words of a text that asks nothing.
const POLITE: usize = 8;
/// Of these words, those that are Spanish.
const SPANISH_POLITE: &str =
    "gracias vale perfecto genial bien bueno entendido estupendo listo adiós adios claro sí si favor";
/// Words of Spanish that English has not, for questions that are too short to be told otherwise.
const SPANISH: &str = "\
    abren acepta algún alguna aquí ayuda buenas buenos busco cambiar cancelar comprar cuando cuándo cuanta cuánta cuanto cuánto cuesta cuestan \
    cómo devolver dónde donde envío envían estoy está están garantía gracias hacen hacer hacéis hola horario mañana muchas necesito \
    ofrecen opinas pagar pedido precio puedo qué quiero quién quiénes tengo tenéis tiempo tienda tiene tienen tienes tarda trabajo ustedes \
    venden";
/// Words of English that hardly any other language has.
const ENGLISH: &str = "\
    any are can cannot could does doesn how like my need please should that the there these they this those want what when where which who why \
    would you your";

/// What the assistant is like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manner {
    /// Which personality that is, and which version of it; none where none was made.
    pub of: Option<(PersonalityId, i32)>,
    pub personality: Personality,
}

/// What is said when that is all that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Courtesy {
    Greeting,
    Thanks,
    /// That something is good, or over: "ok", "perfect", a thumb.
    Assent,
    /// "Yes" or "no": it may answer a question, if one was asked.
    Reply,
}

/// Courtesies, and in which of the product's languages they are returned.
const COURTESIES: [(Courtesy, Language, &[&str]); 4] = [
    (
        Courtesy::Greeting,
        Language::Spanish,
        &[
            "hola",
            "buenas",
            "buenos dias",
            "buenos días",
            "buenas tardes",
            "buenas noches",
            "hola buenos días",
            "hola buenas",
        ],
    ),
    (
        Courtesy::Greeting,
        Language::English,
        &[
            "hello",
            "hi",
            "hey",
            "hello there",
            "hi there",
            "good morning",
            "good afternoon",
            "good evening",
            "hallo",
            "guten tag",
            "guten morgen",
            "moin",
            "bonjour",
            "bonsoir",
            "salut",
            "hej",
            "hejsan",
            "god dag",
            "ciao",
            "ola",
            "olá",
        ],
    ),
    (
        Courtesy::Thanks,
        Language::Spanish,
        &["gracias", "muchas gracias", "muchísimas gracias", "mil gracias", "vale gracias", "ok gracias"],
    ),
    (
        Courtesy::Thanks,
        Language::English,
        &[
            "thanks",
            "thank you",
            "thank you very much",
            "thanks a lot",
            "many thanks",
            "ok thanks",
            "okay thanks",
            "great thanks",
            "thx",
            "danke",
            "danke schön",
            "vielen dank",
            "merci",
            "merci beaucoup",
            "tack",
            "tack så mycket",
        ],
    ),
];

/// A courtesy, where a text is nothing else, and in which language it is returned.
pub(crate) fn courtesy(said: &str) -> Option<(Courtesy, Language)> {
    let words = words_of(said);
    let joined = words.join(" ");
    let known = COURTESIES.iter().find(|(_, _, ways)| ways.contains(&joined.as_str()));
    known.map(|(courtesy, language, _)| (*courtesy, *language)).or_else(|| polite(said, &words))
}

/// The same by single words: "cool, thanks a lot", "perfect", a smile.
fn polite(said: &str, words: &[String]) -> Option<(Courtesy, Language)> {
    if asks(said) || said.contains('¿') || words.len() > POLITE {
        return None;
    }
    if words.is_empty() {
        // Signs and pictures alone.
        return (!said.trim().is_empty()).then_some((Courtesy::Assent, Language::English));
    }
    let some = |list: &str| words.iter().any(|word| among(list, word));
    let all = [THANKING, ASSENTING, REPLYING, BETWEEN];
    if !words.iter().all(|word| all.iter().any(|list| among(list, word))) {
        return None;
    }
    let language = if some(SPANISH_POLITE) { Language::Spanish } else { Language::English };
    let kind = match () {
        () if some(THANKING) => Courtesy::Thanks,
        () if some(REPLYING) => Courtesy::Reply,
        () if some(ASSENTING) => Courtesy::Assent,
        () => return None,
    };
    Some((kind, language))
}

/// In which of the product's languages this is to be answered.
pub(crate) fn spoken(text: &str) -> Language {
    let spanish = match check::language(text) {
        Some(language) => language == Lang::Spa,
        None => text.contains(['¿', '¡']) || words_of(text).iter().any(|word| among(SPANISH, word)),
    };
    if spanish { Language::Spanish } else { Language::English }
}

/// Whether a text is in English for certain, however short it is.
pub(crate) fn english(text: &str) -> bool {
    matches!(check::language(text), None | Some(Lang::Eng))
        && spoken(text) == Language::English
        && words_of(text).iter().any(|word| among(ENGLISH, word))
}

impl Manner {
    /// Whether quotes alone are told.
    pub fn quotes_only(&self) -> bool {
        self.personality.grounding == Grounding::QuotesOnly
    }

    /// Its own words; those of the product, where it has none.
    pub fn says<'a>(&self, own: &'a str, words: &'static str, asked: Language) -> &'a str {
        if !own.is_empty() {
            return own;
        }
        let language = match self.personality.language {
            Speaks::AsAsked => asked,
            Speaks::Spanish => Language::Spanish,
            _ => Language::English,
        };
        sentence(language, words)
    }

    /// What it says to a courtesy. That asks nothing, so it is no answer of the documents'.
    pub fn returned(&self, (courtesy, language): (Courtesy, Language)) -> Answer {
        let (own, words) = match courtesy {
            Courtesy::Greeting => (self.personality.greeting.as_str(), GREETING),
            Courtesy::Thanks => (self.personality.thanks.as_str(), THANKS),
            Courtesy::Assent | Courtesy::Reply => ("", ASSENT),
        };
        let answer = Answer::told(Outcome::Answer, self.says(own, words, language), Vec::new());
        Answer { grounded: false, ..answer }
    }

    /// What is no answer, in its words.
    pub fn worded(&self, answer: Answer, question: &str) -> Answer {
        let (own, words) = match answer.outcome {
            Outcome::Answer => return answer,
            Outcome::Passages => (&self.personality.nearest, NEAREST),
            Outcome::Refused => (&self.personality.refusal, REFUSAL),
        };
        Answer { answer: self.says(own, words, spoken(question)).to_owned(), ..answer }
    }
}

impl Assistant {
    /// What the assistant is like; or what it would be like with this personality.
    ///
    /// # Errors
    /// [`KnowledgeError::Denied`], [`KnowledgeError::NotFound`] for a personality that there is not, or the database's.
    #[tracing::instrument(name = "db.assistant.manner", skip_all)]
    pub(crate) async fn manner(&self, caller: &Caller, which: Option<PersonalityId>) -> Result<Manner, KnowledgeError> {
        let Some(Models { services, .. }) = &self.models else { return Ok(Manner::default()) };
        let right = caller.may(ReadDocuments)?;
        let mut tx = services.store.tenant(right.scope()).await?;
        let row = sqlx::query!(
            r#"select p.personality_id, p.version, v.personality as "personality: Json<Personality>"
               from app.personalities p
               join app.personality_versions v
                 on v.tenant_id = p.tenant_id and v.personality_id = p.personality_id and v.version = p.version
               where p.personality_id = $1 or ($1::uuid is null and p.in_use)"#,
            which.map(PersonalityId::uuid)
        );
        match row.fetch_optional(&mut tx).await? {
            Some(row) => {
                let of = Some((PersonalityId::from_uuid(row.personality_id), row.version));
                Ok(Manner { of, personality: row.personality.0 })
            }
            None if which.is_some() => Err(KnowledgeError::NotFound),
            None => Ok(Manner::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_nothing_is_known_by_its_words() {
        for (said, kind) in [
            ("ok", Courtesy::Assent),
            ("Great!", Courtesy::Assent),
            ("perfect, that works now", Courtesy::Assent),
            ("got it", Courtesy::Assent),
            ("👍", Courtesy::Assent),
            ("🙂🙂", Courtesy::Assent),
            ("...", Courtesy::Assent),
            ("Vale, perfecto", Courtesy::Assent),
            ("cool thanks a lot!", Courtesy::Thanks),
            ("no thanks, all good", Courtesy::Thanks),
            ("yes", Courtesy::Reply),
            ("No.", Courtesy::Reply),
            ("yes please", Courtesy::Reply),
        ] {
            assert_eq!(courtesy(said).map(|(kind, _)| kind), Some(kind), "{said}");
        }
        assert_eq!(courtesy("perfecto, muchas gracias"), Some((Courtesy::Thanks, Language::Spanish)));
        for said in [
            "",
            "?",
            "??",
            "ok?",
            "a",
            "it is",
            "not good",
            "no refund",
            "is it clear",
            "returns",
            "the lot",
            "no it does not work",
        ] {
            assert_eq!(courtesy(said), None, "{said}");
        }
    }

    #[test]
    fn courtesies_are_known_when_they_are_all() {
        for said in ["Hello", "hi!", "Thanks.", "Thank you very much!", "Tack"] {
            assert_eq!(courtesy(said).map(|(_, language)| language), Some(Language::English), "{said}");
        }
        for said in ["Hola", "¡Hola!", "Buenos días", "muchas gracias"] {
            assert_eq!(courtesy(said).map(|(_, language)| language), Some(Language::Spanish), "{said}");
        }
        for said in ["Hello, may I return a lamp?", "", "?", "Thanks to whom is it?", "hi-fi"] {
            assert_eq!(courtesy(said), None, "{said}");
        }
    }

    #[test]
    fn the_product_speaks_as_it_is_spoken_to() {
        for spanish in [
            "¿Cuánto cuesta?",
            "cuanto cuesta una lampara",
            "Quiero devolver un producto",
            "tienen tienda en Madrid",
            "¿Me dan un recibo?",
            "Me gustaría saber si las lámparas que vendéis se pueden devolver sin el recibo.",
        ] {
            assert_eq!((spoken(spanish), english(spanish)), (Language::Spanish, false), "{spanish}");
        }
        for other in ["How much is it?", "returns", "Wie lange kann ich Waren zurückgeben?", "", "F04", "可以吗？"]
        {
            assert_eq!(spoken(other), Language::English, "{other}");
        }
        for (text, is) in [
            ("Can I sue you?", true),
            ("any discount codes?", true),
            ("discount", false),
            ("Wie lange kann ich Waren zurückgeben?", false),
            ("Hur länge kan jag lämna tillbaka varor?", false),
        ] {
            assert_eq!(english(text), is, "{text}");
        }
    }

    #[test]
    fn its_own_words_come_first() {
        let told = |personality: Personality, outcome, question| {
            let answer = Answer::told(outcome, "As it was.", Vec::new());
            Manner { of: None, personality }.worded(answer, question).answer
        };
        let plain = Personality::default;
        assert_eq!(told(plain(), Outcome::Answer, "Why?"), "As it was.");
        assert_eq!(told(plain(), Outcome::Refused, "Why?"), REFUSAL);
        assert_eq!(told(plain(), Outcome::Passages, "Why?"), NEAREST);
        let spanish = told(plain(), Outcome::Refused, "¿Por qué?");
        assert_ne!(spanish, REFUSAL);
        let always = Personality { language: Speaks::Spanish, ..plain() };
        assert_eq!(told(always, Outcome::Refused, "Why?"), spanish);
        let never = Personality { language: Speaks::English, ..plain() };
        assert_eq!(told(never, Outcome::Refused, "¿Por qué?"), REFUSAL);
        let own = Personality { refusal: "Ask Astrid.".into(), nearest: "Perhaps:".into(), ..plain() };
        assert_eq!(told(own.clone(), Outcome::Refused, "¿Por qué?"), "Ask Astrid.");
        assert_eq!(told(own, Outcome::Passages, "Why?"), "Perhaps:");
        let greets = Manner { of: None, personality: Personality { greeting: "Moin!".into(), ..plain() } };
        let returned = |said| greets.returned(courtesy(said).unwrap());
        assert_eq!((returned("Hello").answer.as_str(), returned("thanks").answer.as_str()), ("Moin!", THANKS));
        assert!(!returned("Hola").grounded);
    }
}
