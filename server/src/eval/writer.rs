//! The model that writes answers while they are measured, as the command line names it.

use super::stage::Stage;
use crate::boot::BootError;
use llm::{Key, NewModel};
use model::llm::{Micros, Prices, Use, Wire};
use store::Caller;
use url::{Host, Url};

/// The variable that holds the model's key. (Those that begin with `SAMTAL_` are settings.)
pub const KEY: &str = "EVAL_MODEL_KEY";

/// A model. It does not print: it has a key.
pub struct Writer {
    /// How it is spoken with.
    pub wire: Wire,
    /// What its provider calls it.
    pub name: String,
    /// Where it is; nothing for where its provider is.
    pub address: Option<String>,
    /// What it costs.
    pub prices: Option<Prices>,
    /// Whether it is a program that stands in for one.
    pub simulated: bool,
    key: Key,
}

impl Writer {
    /// What was typed.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn read(
        (wire, name): (&str, &str),
        address: Option<&str>,
        prices: Option<(&str, &str)>,
        simulated: bool,
    ) -> Result<Self, String> {
        let wires = || Wire::ALL.iter().map(|wire| wire.name()).collect::<Vec<_>>().join(", ");
        let known = Wire::from_name(wire).ok_or_else(|| format!("--model: {wire:?} is none of {}.", wires()))?;
        if simulated && !address.is_some_and(here) {
            return Err(
                "--simulated: a program that stands in for a model is on this machine: give its --address.".to_owned()
            );
        }
        let price =
            |typed: &str| Micros::parse(typed).ok_or_else(|| format!("--prices: {typed:?} is no amount like 2.50."));
        let prices = prices.map(|(asked, answered)| {
            let (input, output) = (price(asked)?, price(answered)?);
            Ok::<_, String>(Prices { input, cached: input, output, since: String::new() })
        });
        Ok(Self {
            wire: known,
            name: name.to_owned(),
            address: address.map(str::to_owned),
            prices: prices.transpose()?,
            simulated,
            key: Key::new(&std::env::var(KEY).unwrap_or_default()),
        })
    }

    /// Has a company ask it; `tries` it out as well, since what is wrong with it is wrong for every question.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(super) async fn set_up(&self, stage: &Stage, owner: &Caller, tries: bool) -> Result<(), BootError> {
        let fail = |why: String| BootError::Other(format!("the model {:?} cannot be asked: {why}", self.name));
        let new = NewModel {
            uses: Use::All,
            images: false,
            wire: self.wire,
            name: self.name.clone(),
            address: self.address.clone().unwrap_or_default(),
            key: self.key.clone(),
            on: true,
            prices: self.prices.clone(),
        };
        let llm = &stage.app.capabilities.llm;
        let added = llm.add(owner, new).await.map_err(|error| fail(why(&error)))?;
        if tries {
            let tried = llm.try_out(owner, added.id).await.map_err(|error| fail(why(&error)))?;
            if let Some(fault) = tried.fault {
                return Err(fail(fault.words().to_string()));
            }
        }
        Ok(())
    }
}

/// What people are told of an error: of fields the first sentence.
fn why(error: &llm::LlmError) -> String {
    let problem = model::Fault::problem(error);
    problem.errors.first().map_or_else(|| problem.detail.to_string(), |first| first.message.to_string())
}

/// Whether an address is one of this machine.
fn here(address: &str) -> bool {
    match Url::parse(address).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_refused_with_a_reason() {
        let model = ("openai", "small");
        let local = Some("http://127.0.0.1:1/v1");
        let read = Writer::read(model, local, Some(("0.25", "2")), true).unwrap();
        let prices = read.prices.unwrap();
        assert_eq!((prices.input, prices.output, read.simulated), (Micros(250_000), Micros(2_000_000), true));
        for (wrong, words) in [
            (Writer::read(("own", "small"), None, None, false), "openai, anthropic, gemini"),
            (Writer::read(model, None, None, true), "--address"),
            (Writer::read(model, Some("https://models.example/v1"), None, true), "this machine"),
            (Writer::read(model, Some("no address"), None, true), "this machine"),
            (Writer::read(model, None, Some(("much", "2")), false), "2.50"),
        ] {
            let said = wrong.err().unwrap();
            assert!(said.contains(words), "{said}");
        }
        for address in ["http://localhost:1234/v1", "http://[::1]:1/v1", "http://127.9.9.9/"] {
            assert!(here(address), "{address}");
        }
    }
}
