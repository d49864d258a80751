//! What the wire says about a workspace's models: which they are, what they cost and have used, and what is wrong with one. No key is
//! in any of it.

use crate::names::names;
use crate::{ModelId, Timestamp, whole};
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
    /// The day since which it is so: `2026-11-21`. Today, where it is empty.
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
    /// Its place in the line: 0 is asked first.
    pub place: u32,
    /// What it costs, where that was said.
    pub prices: Option<Prices>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
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
    /// The answer stopped in the middle, or holds nothing.
    CutOff,
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
            Self::Model => "model",
            Self::Quota => "quota",
            Self::Busy { .. } => "busy",
            Self::TooLong => "too_long",
            Self::Address => "address",
            Self::Private => "private",
            Self::NotAModel => "not_a_model",
            Self::CutOff => "cut_off",
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
            Self::CutOff => text!("The answer stopped in the middle."),
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
    /// Whether so much was spent that somebody was told.
    pub alerted: bool,
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
    /// How often it was asked.
    pub calls: u64,
    /// How often it gave no answer.
    pub failures: u64,
    /// What it was asked, and answered.
    pub used: Usage,
    /// What that cost; nothing is known of it without prices.
    pub cost: Option<Micros>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_fault_goes_over_the_wire_by_its_name() -> Result<(), serde_json::Error> {
        for fault in [Fault::Key, Fault::NotAModel, Fault::Busy { after_s: Some(3) }, Fault::Refused("No.".into())] {
            let json = serde_json::to_string(&fault)?;
            assert!(json.contains(&format!("\"{}\"", fault.name())), "{json}");
            assert_eq!(serde_json::from_str::<Fault>(&json)?, fault);
        }
        Ok(())
    }
}
