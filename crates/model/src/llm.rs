//! What the wire says about a workspace's models: which they are, what they cost and have used, and what is wrong with one. No key is
//! in any of it.

use crate::names::names;
use crate::{ConversationId, ModelId, Timestamp, whole};
use serde::{Deserialize, Serialize};
use std::fmt;
use words::{Text, text};

names!(
    /// How a model is spoken with.
    Wire {
        /// As with OpenAI: chat completions, which most servers of one's own speak as well.
        OpenAi = "openai",
        /// As with Anthropic: messages.
        Anthropic = "anthropic",
        /// As with Google's Gemini.
        Gemini = "gemini",
    }
);

impl Wire {
    /// Where a model is whose address nobody has typed.
    pub const fn address(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
        }
    }

    /// Whether pictures of a kind go over it, as its provider's manual has it.
    pub const fn takes(self, image: ImageType) -> bool {
        !matches!((self, image), (Self::Gemini, ImageType::Gif))
    }

    /// What people choose it by.
    pub fn words(self) -> Text {
        match self {
            Self::OpenAi => {
                text!("OpenAI, or a server that speaks as it does (Azure, Ollama, vLLM, LM Studio and others)")
            }
            Self::Anthropic => Text::plain("Anthropic"),
            Self::Gemini => Text::plain("Google Gemini"),
        }
    }
}

names!(
    /// What kind of picture.
    ImageType {
        /// PNG.
        Png = "image/png",
        /// JPEG.
        Jpeg = "image/jpeg",
        /// WebP.
        Webp = "image/webp",
        /// GIF.
        Gif = "image/gif",
    }
);

names!(
    /// What a model is asked first for.
    Use {
        /// Whatever comes.
        All = "all",
        /// Simple questions; the rest where the models for all of them do not answer.
        Simple = "simple",
        /// What texts mean, for the search: it answers nothing. One of these is on at most.
        Search = "search",
    }
);

/// Money: millionths of a unit of whatever currency the workspace counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Micros(#[serde(deserialize_with = "whole::read")] pub i64);

impl Micros {
    /// More than anybody means: a thousand million units.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// What was typed: units, and up to six digits after a point. Nothing else, so that nobody's comma is taken for another's.
    pub fn parse(text: &str) -> Option<Self> {
        let (units, rest) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let digits =
            |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(units, 10) || !digits(rest, 6) {
            return None;
        }
        let micros = units.parse::<i64>().ok()? * 1_000_000 + format!("{rest:0<6}").parse::<i64>().ok()?;
        Some(Self(micros)).filter(|micros| *micros <= Self::MAX)
    }
}

impl fmt::Display for Micros {
    /// Units with two digits after the point, or as many more as there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, rest) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let rest = format!("{rest:06}");
        let (cents, more) = rest.split_at(2);
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{units}.{cents}{}", more.trim_end_matches('0'))
    }
}

/// What a million tokens cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Prices {
    /// Of what is asked.
    pub input: Micros,
    /// Of that part of it which the provider remembers from before.
    pub cached: Micros,
    /// Of what is answered.
    pub output: Micros,
    /// The day since which it is so, in UTC: `2026-11-21`. Today, where it is empty; a day to come, up to a year ahead.
    #[serde(default)]
    pub since: String,
}

/// A model, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// How it is spoken with.
    pub wire: Wire,
    /// What its provider calls it.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Whether it has a key: the last four characters of it, or nothing of a short one.
    pub key_end: Option<String>,
    /// Whether it is asked.
    pub on: bool,
    /// What it is asked first for.
    pub uses: Use,
    /// Whether it looks at pictures.
    pub images: bool,
    /// Its place in the line: 0 is asked first.
    pub place: u32,
    /// Of one for the search that was tried: how many numbers it makes of a text.
    pub dimensions: Option<u32>,
    /// What it costs today, where that was said.
    pub prices: Option<Prices>,
    /// All that is known of what it costs, the earliest first: what it did, what it does, and what it will.
    pub price_history: Vec<Prices>,
    /// Why it has not answered when it was asked last; nothing, where it has.
    pub fault: Option<Fault>,
    /// Since when it has not, however often it was asked.
    pub failing_since: Option<Timestamp>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

impl Model {
    /// Why it does not answer, and since when, where it is asked and does not.
    pub fn silent(&self) -> Option<(&Fault, Timestamp)> {
        self.fault.as_ref().zip(self.failing_since).filter(|_| self.on)
    }

    /// What it will cost next, where that was said.
    pub fn next_prices(&self) -> Option<&Prices> {
        match &self.prices {
            Some(now) => self.price_history.iter().skip_while(|prices| prices.since != now.since).nth(1),
            // None is there for today, so that all are to come.
            None => self.price_history.first(),
        }
    }
}

/// What was used, in tokens as the provider counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Usage {
    /// What was asked.
    pub input: u64,
    /// The part of it that the provider remembered.
    pub cached: u64,
    /// What was answered, and thought.
    pub output: u64,
}

names!(
    /// How an answer ended.
    Ended {
        /// It is whole.
        Stop = "stop",
        /// It calls tools, and is none yet.
        Called = "called",
        /// It came to the length that it was asked for.
        Length = "length",
        /// The provider held it back.
        Filtered = "filtered",
    }
);

/// Why a model gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub enum Fault {
    /// The provider does not take the key.
    Key,
    /// The key that is kept cannot be opened: the installation has another one than it was sealed with.
    Lost,
    /// It has no such model.
    Model,
    /// What was paid for is used up.
    Quota,
    /// It takes no more just now, or has a fault of its own.
    Busy {
        /// Seconds that it asks to wait.
        after_s: Option<u32>,
    },
    /// The question or the answer is too long.
    TooLong,
    /// The address leads to nothing that answers questions.
    Address,
    /// It leads into a private network.
    Private,
    /// What answers is no model.
    NotAModel,
    /// What it makes of a text is nothing that a search compares.
    NoVectors,
    /// The answer stopped in the middle, or holds nothing.
    CutOff,
    /// It has thought for as long as an answer may be, and said nothing.
    Thought,
    /// It did not come in time.
    TooSlow,
    /// The provider refused, in its own words, if it has said any.
    Refused(String),
    /// Nobody answers there.
    Unreachable,
}

impl Fault {
    /// Its name in the log, where a provider's words have no place.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Lost => "lost",
            Self::Model => "model",
            Self::Quota => "quota",
            Self::Busy { .. } => "busy",
            Self::TooLong => "too_long",
            Self::Address => "address",
            Self::Private => "private",
            Self::NotAModel => "not_a_model",
            Self::NoVectors => "no_vectors",
            Self::CutOff => "cut_off",
            Self::Thought => "thought",
            Self::TooSlow => "too_slow",
            Self::Refused(_) => "refused",
            Self::Unreachable => "unreachable",
        }
    }

    /// What is wrong and what to do, for who set the model up.
    pub fn words(&self) -> Text {
        match self {
            Self::Key => text!(
                "The provider does not take this key, or not for this model. Make a new one there, and type it here."
            ),
            Self::Lost => text!("The model's key cannot be opened any more. Type it again."),
            Self::Model => text!("The provider has no model of this name. Type it as the provider writes it."),
            Self::Quota => text!("What was paid for at the provider is used up. Add credit there, or raise its limit."),
            Self::Busy { after_s: None } => {
                text!("The provider takes no more just now, or has a fault of its own. Try again in a while.")
            }
            Self::Busy { after_s: Some(seconds) } => text!("The provider asks to wait for {seconds} s.", seconds),
            Self::TooLong => text!(
                "The question, with what it is to be answered from, is too long for this model, or the answer is."
            ),
            Self::Address => text!(
                "Nothing answers questions at this address. It has to end as the provider says, most often with /v1."
            ),
            Self::Private => text!(
                "The address leads into a private network. Whoever runs this installation can allow that (outbound.private_addresses)."
            ),
            Self::NotAModel => {
                text!("What answers at this address is no model: it may be a web page, or speak another way.")
            }
            Self::NoVectors => text!(
                "The model does not make of a text what a search compares: 64 to 2,000 numbers, and always as many. Choose one that is made for that, an embedding model."
            ),
            Self::CutOff => text!("The answer stopped in the middle."),
            Self::Thought => text!(
                "The model thought until no room was left to answer. Switch its thinking off, or choose one that thinks less."
            ),
            Self::TooSlow => text!("No answer came in time."),
            Self::Refused(says) if says.is_empty() => text!("The provider refused, and did not say why."),
            Self::Refused(says) => text!("The provider refused: {says}", says = says.clone()),
            Self::Unreachable => text!("Nobody answers at this address."),
        }
    }
}

/// What came of trying a model out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Tried {
    /// What it said: the beginning of it, in one line.
    pub text: String,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
    /// What was wrong; nothing, where it answers.
    pub fault: Option<Fault>,
}

/// What a month may cost, and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Budget {
    /// What it may cost at most; as much as comes, where nothing was set.
    pub limit: Option<Micros>,
    /// Percent of it at which somebody is told.
    pub alert_at: u8,
    /// What it has cost.
    pub spent: Micros,
    /// What the calls that are under way may cost at most.
    pub reserved: Micros,
    /// The month, in UTC: `2026-11`.
    pub month: String,
    /// Whether somebody was told: so much was spent, or what is left is less than an answer can cost.
    pub alerted: bool,
}

/// Whether as much of a limit is spent as somebody wants to hear of, in percent.
pub fn reached(spent: Micros, limit: Micros, alert_at: impl Into<i128>) -> bool {
    i128::from(spent.0) * 100 >= i128::from(limit.0) * alert_at.into()
}

/// What a model has used on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UsageDay {
    /// The day, in UTC: `2026-11-21`.
    pub day: String,
    /// The model, which may be gone.
    pub model: ModelId,
    /// What its provider called it.
    pub name: String,
    /// Who that was: the host of its address. Nothing for days before that was kept.
    pub provider: Option<String>,
    /// How often it was asked.
    pub calls: u64,
    /// How often it gave no answer.
    pub failures: u64,
    /// What it was asked, and answered.
    pub used: Usage,
    /// What that cost; nothing is known of it without prices.
    pub cost: Option<Micros>,
}

/// What models have used for a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ConversationUsage {
    /// The conversation.
    pub conversation_id: ConversationId,
    /// How often a model was asked.
    pub calls: u64,
    /// What it was asked, and answered.
    pub used: Usage,
    /// What that cost; nothing is known of it without prices.
    pub cost: Option<Micros>,
}

/// Who made the answers of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares {
    /// A model wrote so many.
    pub by_model: u64,
    /// The built-in answerer told so many.
    pub built_in: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_told_at_the_percent_and_not_before() {
        let reached = |spent, limit, alert_at: u8| reached(Micros(spent), Micros(limit), alert_at);
        assert!(!reached(799, 1_000, 80) && reached(800, 1_000, 80));
        // A month that may cost nothing.
        assert!(reached(0, 0, 80));
        assert!(reached(i64::MAX, i64::MAX, 100));
    }

    #[test]
    fn what_a_model_will_cost_next_is_what_follows_on_today() {
        let prices =
            |since: &str| Prices { input: Micros(1), cached: Micros(1), output: Micros(1), since: since.to_owned() };
        let model = |now: Option<&str>, all: &[&str]| Model {
            id: ModelId::from_uuid(uuid::Uuid::nil()),
            wire: Wire::OpenAi,
            name: String::new(),
            address: String::new(),
            key_end: None,
            on: true,
            uses: Use::All,
            images: false,
            place: 0,
            dimensions: None,
            prices: now.map(prices),
            price_history: all.iter().map(|since| prices(since)).collect(),
            fault: None,
            failing_since: None,
            created_at: Timestamp::from_millis(0),
            changed_at: Timestamp::from_millis(0),
        };
        let next = |now, all: &[&str]| model(now, all).next_prices().map(|prices| prices.since.clone());
        assert_eq!(next(None, &[]), None);
        assert_eq!(next(Some("2026-11-01"), &["2026-01-01", "2026-11-01"]), None);
        let all = ["2026-01-01", "2026-11-01", "2027-01-01", "2027-02-01"];
        assert_eq!(next(Some("2026-11-01"), &all).as_deref(), Some("2027-01-01"));
        assert_eq!(next(None, &["2027-01-01"]).as_deref(), Some("2027-01-01"));
    }

    #[test]
    fn money_is_read_as_it_is_written() {
        for (typed, shown) in [
            ("0", "0.00"),
            ("2.5", "2.50"),
            (" 12.00 ", "12.00"),
            ("0.000001", "0.000001"),
            ("0.075", "0.075"),
            ("1000000000", "1000000000.00"),
        ] {
            assert_eq!(Micros::parse(typed).map(|micros| micros.to_string()).as_deref(), Some(shown), "{typed}");
        }
        for bad in ["", ".", "1.", ".5", "-1", "1,5", "1.000.000", "1.0000001", "1e3", "1000000001", "99999999999"] {
            assert_eq!(Micros::parse(bad), None, "{bad}");
        }
        assert_eq!(Micros(-1_500_000).to_string(), "-1.50");
    }

    #[test]
    fn each_wire_takes_the_pictures_that_its_manual_has() {
        let none: Vec<_> = Wire::ALL
            .iter()
            .flat_map(|wire| ImageType::ALL.iter().map(move |image| (*wire, *image)))
            .filter(|(wire, image)| !wire.takes(*image))
            .collect();
        assert_eq!(none, [(Wire::Gemini, ImageType::Gif)]);
    }

    #[test]
    fn a_fault_goes_over_the_wire_by_its_name() -> Result<(), serde_json::Error> {
        for fault in [Fault::Key, Fault::NotAModel, Fault::Busy { after_s: Some(3) }, Fault::Refused("No.".into())] {
            let json = serde_json::to_string(&fault)?;
            assert!(json.contains(&format!("\"{}\"", fault.name())), "{json}");
            assert_eq!(serde_json::from_str::<Fault>(&json)?, fault);
        }
        Ok(())
    }
}
