//! What a page asks the server for. A resource of Leptos's, of one type for all: the browser has one copy of what fetches,
//! keeps and tells, and not another for every type of answer.

use super::ApiError;
use leptos::prelude::*;
use leptos::serde_json;
use leptos::server::codee::string::FromToStringCodec;
use serde::{Serialize, de::DeserializeOwned};
use std::any::Any;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

/// An answer that comes, for views that wait for it.
pub struct Asked<T> {
    reply: Resource<Reply, FromToStringCodec>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Asked<T> {}

/// What can be an answer.
pub trait Answer: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {}
impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Answer for T {}

#[derive(Clone)]
enum Reply {
    /// An answer as it travels with the page.
    Text(Arc<str>),
    /// An answer as a server function gives it to the browser.
    #[cfg_attr(feature = "ssr", expect(dead_code, reason = "the server sends text"))]
    Value(Arc<dyn Any + Send + Sync>),
    /// None.
    Refused(ApiError),
}

/// Stands before an error; no JSON begins with it.
const REFUSED: char = '!';

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Value(_) => Ok(()),
            Self::Refused(error) => write!(f, "{REFUSED}{}", serde_json::to_string(error).unwrap_or_default()),
        }
    }
}

impl FromStr for Reply {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix(REFUSED) {
            Some(error) => serde_json::from_str(error).map(Self::Refused),
            None => Ok(Self::Text(text.into())),
        }
    }
}

impl Reply {
    fn of<T: Answer>(answer: Result<T, ApiError>) -> Self {
        match answer {
            #[cfg(feature = "ssr")]
            Ok(value) => Self::Text(serde_json::to_string(&value).unwrap_or_default().into()),
            #[cfg(not(feature = "ssr"))]
            Ok(value) => Self::Value(Arc::new(value)),
            Err(error) => Self::Refused(error),
        }
    }

    fn read<T: Answer>(self) -> Result<T, ApiError> {
        match self {
            Self::Text(text) => serde_json::from_str(&text).ok(),
            Self::Value(value) => value.downcast_ref().cloned(),
            Self::Refused(error) => return Err(error),
        }
        .ok_or_else(super::unreadable)
    }
}

type Coming = Pin<Box<dyn Future<Output = Reply> + Send>>;

fn resource(
    about: Box<dyn Fn() -> String + Send + Sync>,
    fetch: Box<dyn Fn(String) -> Coming + Send + Sync>,
    blocking: bool,
) -> Resource<Reply, FromToStringCodec> {
    if blocking { Resource::new_str_blocking(about, fetch) } else { Resource::new_str(about, fetch) }
}

impl<T: Answer> Asked<T> {
    /// Asks once.
    pub fn new<F>(fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        Self::about(String::new, move |_| fetch())
    }

    /// Asks again whenever what it is about changes.
    pub fn about<F>(
        about: impl Fn() -> String + Send + Sync + 'static,
        fetch: impl Fn(String) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        Self { reply: resource(Box::new(about), Self::boxed(fetch), false), of: PhantomData }
    }

    /// Asks once, and nothing of the page goes out before the answer.
    pub fn first<F>(fetch: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        Self { reply: resource(Box::new(String::new), Self::boxed(move |_| fetch()), true), of: PhantomData }
    }

    fn boxed<F>(fetch: impl Fn(String) -> F + Send + Sync + 'static) -> Box<dyn Fn(String) -> Coming + Send + Sync>
    where
        F: Future<Output = Result<T, ApiError>> + Send + 'static,
    {
        Box::new(move |about| {
            let answer = fetch(about);
            Box::pin(async move { Reply::of(answer.await) })
        })
    }

    /// The answer, if it is there.
    pub fn get(&self) -> Option<Result<T, ApiError>> {
        self.reply.get().map(Reply::read)
    }

    /// Asks again.
    pub fn refetch(&self) {
        self.reply.refetch();
    }
}

impl<T: Answer> IntoFuture for Asked<T> {
    type Output = Result<T, ApiError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let reply = self.reply.into_future();
        Box::pin(async move { reply.await.read() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ErrorCode, Problem};

    #[test]
    fn an_answer_travels_as_text() {
        let error = ApiError(Problem::new(ErrorCode::NotFound, "There is no such document!"));
        for answer in [Ok(vec!["!".to_owned()]), Ok(Vec::new()), Err(error)] {
            let text = Reply::of(answer.clone()).to_string();
            assert_eq!(text.parse::<Reply>().unwrap().read(), answer, "{text}");
        }
        assert_eq!(Reply::Text("1".into()).read::<String>(), Err(super::super::unreadable()));
    }
}
