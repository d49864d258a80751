//! What stands under a name in the DNS, asked of the resolver of this machine, or of one that is set.

use crate::PATIENCE;
use domain::base::iana::Rcode;
use domain::base::{Name, Rtype};
use domain::rdata::Txt;
use domain::resolv::StubResolver;
use domain::resolv::stub::conf::{ResolvConf, ServerConf, Transport};
use std::net::SocketAddr;

/// A question that has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// It is no name.
    #[error("it is no name")]
    Name,
    /// Nobody answers.
    #[error("no answer from the DNS")]
    Silent,
}

/// Asks the DNS.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names {
    server: Option<SocketAddr>,
}

impl Names {
    /// By this resolver, or by those of the machine.
    pub fn by(server: Option<SocketAddr>) -> Self {
        Self { server }
    }

    /// The texts under a name (RFC 1035, section 3.3.14), 100 at most; none where there is no such name.
    ///
    /// # Errors
    /// See [`NamesError`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, NamesError> {
        let name = Name::<Vec<u8>>::vec_from_str(name).map_err(|_| NamesError::Name)?;
        let conf = match self.server {
            Some(server) => ResolvConf {
                servers: vec![ServerConf::new(server, Transport::UdpTcp)],
                options: ResolvConf::default().options,
            },
            None => ResolvConf::default(),
        };
        let resolver = StubResolver::from_conf(conf);
        let asked = tokio::time::timeout(PATIENCE, resolver.query((name, Rtype::TXT))).await;
        let answer = asked.map_err(|_| NamesError::Silent)?.map_err(|_| NamesError::Silent)?.into_message();
        let known = matches!(answer.header().rcode(), Rcode::NOERROR | Rcode::NXDOMAIN);
        let Some(Ok(section)) = known.then(|| answer.answer()) else { return Err(NamesError::Silent) };
        let texts = section.limit_to::<Txt<_>>().filter_map(Result::ok).take(100);
        Ok(texts.map(|record| String::from_utf8_lossy(&record.data().text::<Vec<u8>>()).into_owned()).collect())
    }
}
