#![doc = include_str!("../README.md")]

mod address;
mod names;

pub use address::is_public;
pub use names::{Names, NamesError};

use bytes::Bytes;
use http::{Request, Response};
use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long a whole answer may take.
pub const PATIENCE: Duration = Duration::from_secs(8);
/// How long it may take to be connected.
const CONNECTING: Duration = Duration::from_secs(4);

/// How long an answer may take that comes in pieces.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until it begins, and from one piece to the next.
    pub idle: Duration,
    /// From the request to the end.
    pub whole: Duration,
}

/// Who has typed an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Whoever runs the installation.
    Operator,
    /// Somebody of a tenant.
    Tenant,
}

/// A request that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// What was typed is no address that is asked.
    #[error("the address must begin with https://")]
    Address,
    /// The name leads into a private network.
    #[error("{0} leads into a private network")]
    Private(String),
    /// Nobody answers there.
    #[error("{0} does not answer")]
    Unreachable(String),
    /// The answer did not come in time.
    #[error("{0} took too long")]
    TooSlow(String),
    /// The answer is longer than it may be.
    #[error("the answer of {0} is too long")]
    TooLong(String),
    /// The server's certificates cannot be read.
    #[error("no secure connection can be made: {0}")]
    Setup(String),
}

/// What makes requests. A copy is the same one.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Leads anywhere.
    open: Client,
    /// Leads to public addresses alone.
    guarded: Client,
    private: bool,
    patience: Duration,
}

/// The body of an answer, piece by piece. Dropped before its end it closes the connection: who sends sees that nobody reads on.
#[derive(Debug)]
pub struct Pieces {
    answer: reqwest::Response,
    host: String,
    idle: Duration,
    /// Bytes that may still come.
    left: usize,
}

impl Pieces {
    /// The next piece; none at the end.
    ///
    /// # Errors
    /// [`OutboundError::TooSlow`], [`OutboundError::TooLong`], or [`OutboundError::Unreachable`] for a connection that ended in between.
    pub async fn next(&mut self) -> Result<Option<Bytes>, OutboundError> {
        let came = tokio::time::timeout(self.idle, self.answer.chunk()).await;
        let piece =
            came.map_err(|_| OutboundError::TooSlow(self.host.clone()))?.map_err(|e| failure(&e, &self.host))?;
        if let Some(piece) = &piece {
            let left = self.left.checked_sub(piece.len());
            self.left = left.ok_or_else(|| OutboundError::TooLong(self.host.clone()))?;
        }
        Ok(piece)
    }
}

/// Looks names up and leaves out what is in private networks.
#[derive(Debug)]
struct Public;

/// No address of a name is public.
#[derive(Debug, thiserror::Error)]
#[error("leads into a private network")]
struct Hidden;

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let some = !found.is_empty();
            let public: Vec<SocketAddr> = found.into_iter().filter(|a| is_public(a.ip())).collect();
            if some && public.is_empty() {
                return Err(Hidden.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl Outbound {
    /// `private`: whether what a tenant has typed may lead into private networks, and be `http://`.
    ///
    /// # Errors
    /// [`OutboundError::Setup`].
    pub fn new(private: bool) -> Result<Self, OutboundError> {
        Self::within(private, PATIENCE)
    }

    /// The same, with another end to its patience.
    ///
    /// # Errors
    /// [`OutboundError::Setup`].
    pub fn within(private: bool, patience: Duration) -> Result<Self, OutboundError> {
        let setup = |e: &dyn std::fmt::Display| OutboundError::Setup(e.to_string());
        // Those that everybody trusts, and those of this machine, which may know a company's own.
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| setup(&e))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let begun = || {
            let builder = Client::builder().tls_backend_preconfigured(tls.clone()).redirect(Policy::none()).no_proxy();
            builder.user_agent("Samtal").connect_timeout(CONNECTING)
        };
        Ok(Self {
            open: begun().build().map_err(|e| setup(&e))?,
            guarded: begun().dns_resolver(Arc::new(Public)).build().map_err(|e| setup(&e))?,
            private,
            patience,
        })
    }

    /// Whether an address could be asked. Looks up nothing.
    ///
    /// # Errors
    /// [`OutboundError::Address`] for what is none, or not `https://`; [`OutboundError::Private`] for a number in a private network.
    pub fn check(&self, whose: Whose, address: &str) -> Result<(), OutboundError> {
        let url = reqwest::Url::parse(address).map_err(|_| OutboundError::Address)?;
        let free = whose == Whose::Operator || self.private;
        let scheme = url.scheme() == "https" || (free && url.scheme() == "http");
        let Some(host) = url.host_str().filter(|_| scheme && url.username().is_empty() && url.password().is_none())
        else {
            return Err(OutboundError::Address);
        };
        let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match number {
            Ok(ip) if !free && !is_public(ip) => Err(OutboundError::Private(host.to_owned())),
            _ => Ok(()),
        }
    }

    /// Makes a request, whose answer has at most so many bytes.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn ask(
        &self,
        whose: Whose,
        request: Request<Vec<u8>>,
        most: usize,
    ) -> Result<Response<Vec<u8>>, OutboundError> {
        let patience = Patience { idle: self.patience, whole: self.patience };
        let (head, mut pieces) = self.begin(whose, request, patience, most).await?.into_parts();
        let mut body = Vec::new();
        while let Some(piece) = pieces.next().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Response::from_parts(head, body))
    }

    /// Makes a request whose answer is read as it comes, so many bytes of it at most.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn begin(
        &self,
        whose: Whose,
        request: Request<Vec<u8>>,
        patience: Patience,
        most: usize,
    ) -> Result<Response<Pieces>, OutboundError> {
        self.check(whose, &request.uri().to_string())?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let client = if whose == Whose::Operator || self.private { &self.open } else { &self.guarded };
        let mut request = reqwest::Request::try_from(request).map_err(|_| OutboundError::Address)?;
        *request.timeout_mut() = Some(patience.whole);
        let answer = tokio::time::timeout(patience.idle, client.execute(request)).await;
        let answer = answer.map_err(|_| OutboundError::TooSlow(host.clone()))?.map_err(|e| failure(&e, &host))?;
        let mut made = Response::builder().status(answer.status());
        if let Some(headers) = made.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let pieces = Pieces { answer, host: host.clone(), idle: patience.idle, left: most };
        made.body(pieces).map_err(|_| OutboundError::Unreachable(host))
    }
}

fn failure(error: &reqwest::Error, host: &str) -> OutboundError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<Hidden>() {
            return OutboundError::Private(host.to_owned());
        }
        source = cause.source();
    }
    // Where no connection came about in time, nobody was asked.
    if error.is_timeout() && !error.is_connect() {
        OutboundError::TooSlow(host.to_owned())
    } else {
        OutboundError::Unreachable(host.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(address: &str) -> Request<Vec<u8>> {
        Request::get(address).body(Vec::new()).unwrap_or_default()
    }

    #[tokio::test]
    async fn what_a_tenant_types_leads_to_public_addresses_alone() -> Result<(), OutboundError> {
        let (guarded, free) = (Outbound::new(false)?, Outbound::new(true)?);
        for bad in
            ["", "x", "ftp://example.com/", "http://example.com/", "https://u:p@example.com/", "file:///etc/passwd"]
        {
            assert_eq!(guarded.check(Whose::Tenant, bad), Err(OutboundError::Address), "{bad}");
        }
        for private in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://2130706433/",
            "https://0x7f.1/",
        ] {
            let refused = guarded.check(Whose::Tenant, private);
            assert!(matches!(refused, Err(OutboundError::Private(_))), "{private}: {refused:?}");
            assert_eq!(free.check(Whose::Tenant, private), Ok(()));
            assert_eq!(guarded.check(Whose::Operator, private), Ok(()));
        }
        // By name as well, when it is looked up.
        let named = guarded.ask(Whose::Tenant, get("https://localhost:1/"), 10).await.map(|_| ());
        assert_eq!(named, Err(OutboundError::Private("localhost".into())));
        let free = free.ask(Whose::Tenant, get("http://localhost:1/"), 10).await.map(|_| ());
        assert_eq!(free, Err(OutboundError::Unreachable("localhost".into())));
        Ok(())
    }
}
