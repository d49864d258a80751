//! A LiveKit server of one test's own: the real one, which `scripts/setup --tests` builds where Go is there.

use crate::cluster::workspace;
use std::net::{TcpListener, UdpSocket};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// So long that only a server that never starts is caught by it.
const NEVER: Duration = Duration::from_secs(60);

/// The LiveKit server. Ends with this value.
#[derive(Debug)]
pub struct LiveKitServer {
    /// Where it is, without a scheme.
    pub address: String,
    _server: Child,
}

/// A port that nobody has just now.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl LiveKitServer {
    /// The name of its key.
    pub const KEY: &str = "devkey";
    /// What the key signs with.
    pub const SECRET: &str = "north-north-north-north-north-north";

    /// Starts one that tells of what happens at this address; none where it was not built.
    pub async fn start(tells: &str) -> Option<Self> {
        let program = workspace().join(".tools/livekit/livekit-server");
        if !program.exists() {
            return None;
        }
        let (port, tcp) = (free(), free());
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "port: {port}\nbind_addresses: [127.0.0.1]\nrtc: {{tcp_port: {tcp}, udp_port: {udp}, node_ip: 127.0.0.1, \
             use_external_ip: false, enable_loopback_candidate: true}}\nkeys: {{{}: {}}}\n\
             webhook: {{api_key: {}, urls: ['{tells}']}}\n",
            Self::KEY,
            Self::SECRET,
            Self::KEY,
        );
        let server = Command::new(program)
            .arg("--config-body")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let address = format!("127.0.0.1:{port}");
        let client = crate::client().build().unwrap();
        let starts = async {
            while client.get(format!("http://{address}/")).send().await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(NEVER, starts).await.expect("LiveKit starts");
        Some(Self { address, _server: server })
    }
}
