//! Trying a model out: one short question, with a small picture where it looks at such, and a sentence for what is wrong.

use crate::ask::{Ask, Miss, Speaker, Turn};
use crate::models::Which;
use crate::thinking::Weighed;
use crate::wire::Asked;
use crate::{Image, Llm, LlmError, fault};
use model::ModelId;
use model::llm::{Fault, ImageType, Tried};
use model::permission::ManageAssistant;
use std::time::{Duration, Instant};
use store::Caller;

/// Tokens of the answer.
const MOST: u32 = 256;
/// How long it may take in all, with the wait for a place: who has asked for it ends after `server.request_timeout_s`.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// A picture of 32 pixels by 32: a chequered board.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 \0\0\0 \x01\0\0\0\0[\x01GY\0\0\0\x14IDATx\xdac`\xf8\x0f\x84D\x10D*c\xa0\xb2y\0\xed\xbd?\xc1N\x91\xef\x1c\0\0\0\0IEND\xaeB`\x82";

impl Llm {
    /// Asks a model something short, also one that is not on, or left alone. It costs what such a question costs. Of one for the search it is told how
    /// what it makes of a text begins, and how many numbers that has.
    ///
    /// # Errors
    /// [`LlmError::Denied`], [`LlmError::NotFound`], [`LlmError::Budget`], [`LlmError::Busy`], or the database's. What is wrong with the
    /// model itself stands in what is given.
    #[tracing::instrument(name = "http.model.try", skip_all)]
    pub async fn try_out(&self, caller: &Caller, id: ModelId) -> Result<Tried, LlmError> {
        let right = caller.may(ManageAssistant)?;
        let tenant = right.scope().tenant();
        let mut link = self.links(right.scope(), Which::One(id)).await?.pop().ok_or(LlmError::NotFound)?;
        if link.search {
            let began = Instant::now();
            let made = self.tried_with(caller, &link).await?;
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (text, fault) = match made {
                Ok(vector) if link.set.is_none_or(|set| set.dimensions == vector.len()) => (begins(&vector), None),
                Ok(vector) => (begins(&vector), Some(Fault::NoVectors)),
                Err(fault) => (String::new(), Some(fault)),
            };
            if fault.is_none() {
                self.breaker.forget((tenant, id));
            }
            self.noted(right.scope(), &link, fault.as_ref()).await;
            return Ok(Tried { text, took_ms, fault });
        }
        let until = tokio::time::Instant::now() + self.patience.whole.min(self.tried_within);
        let place = tokio::time::timeout_at(until, self.enter(tenant)).await.map_err(|_| LlmError::Busy)??;
        let picture = Image::read(ImageType::Png, PICTURE).ok().filter(|_| link.images);
        let turns =
            [Turn { images: picture.into_iter().collect(), ..Turn::said(Speaker::Contact, "Hello! Who are you?") }];
        let ask = Ask {
            system: "Answer in one short sentence.",
            turns: &turns,
            most: MOST,
            within: self.tried_within,
            ..Ask::default()
        };
        let asked = Asked::of(&ask)?;
        let began = Instant::now();
        let (mut call, fault) = loop {
            let mut call = self.begin(caller, &link, &asked, &place).await.map_err(missed)?;
            let heard = tokio::time::timeout_at(until, self.hear(&link, &asked, None, &mut call)).await;
            let fault = match heard {
                Ok(Ok(ended)) => match self.weigh(&mut link, ended, &call.heard, false) {
                    Weighed::Answer => None,
                    Weighed::Nothing(fault) => Some(fault),
                    Weighed::Again => {
                        call.end(true).await;
                        continue;
                    }
                },
                Ok(Err(Miss::Fault(fault))) => Some(fault),
                Ok(Err(miss)) => return Err(missed(miss)),
                Err(_) => Some(Fault::TooSlow),
            };
            break (call, fault);
        };
        call.end(fault.is_some()).await;
        if fault.is_none() {
            self.breaker.forget((tenant, id));
        }
        self.noted(right.scope(), &link, fault.as_ref()).await;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A server may say more than it was asked for, and the key that it was sent.
        Ok(Tried { text: fault::shown(&call.heard.text, link.key.as_ref()), took_ms, fault })
    }
}

/// How a vector begins, and its length: the same in every language.
fn begins(vector: &[f32]) -> String {
    let first: Vec<String> = vector.iter().take(3).map(|number| format!("{number:.3}")).collect();
    format!("[{}, …] ({})", first.join(", "), vector.len())
}

fn missed(miss: Miss) -> LlmError {
    match miss {
        Miss::Fault(_) | Miss::Gone => LlmError::Gone,
        Miss::Budget => LlmError::Budget,
        Miss::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_picture_is_one() {
        assert_eq!(format!("{:?}", Image::read(ImageType::Png, PICTURE).unwrap()), "Image(image/png, 32 × 32)");
    }
}
