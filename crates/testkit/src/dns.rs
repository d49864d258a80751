//! A name server of one test's own.

use domain::base::iana::{Class, Rcode};
use domain::base::{Message, MessageBuilder, Ttl};
use domain::rdata::Txt;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

type Texts = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// The server. Ends with this value.
#[derive(Debug)]
pub struct Dns {
    /// Where it is.
    pub address: SocketAddr,
    texts: Texts,
    server: JoinHandle<()>,
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Dns {
    /// Starts one that knows nothing.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let texts = Texts::default();
        let server = tokio::spawn(serve(socket, Arc::clone(&texts)));
        Self { address, texts, server }
    }

    /// Puts a record there.
    pub fn says(&self, name: &str, text: &str) {
        self.texts.lock().unwrap().entry(name.to_owned()).or_default().push(text.to_owned());
    }
}

async fn serve(socket: UdpSocket, texts: Texts) {
    let mut bytes = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
        let Ok(asked) = Message::from_octets(bytes[..length].to_vec()) else { continue };
        let Ok(question) = asked.sole_question() else { continue };
        let known = texts.lock().unwrap().get(&question.qname().to_string()).cloned();
        let rcode = if known.is_some() { Rcode::NOERROR } else { Rcode::NXDOMAIN };
        let mut answer = MessageBuilder::new_vec().start_answer(&asked, rcode).unwrap();
        for text in known.unwrap_or_default() {
            let text: Txt<Vec<u8>> = Txt::build_from_slice(text.as_bytes()).unwrap();
            answer.push((question.qname(), Class::IN, Ttl::from_secs(60), text)).unwrap();
        }
        let _ = socket.send_to(&answer.finish(), from).await;
    }
}
