//! A real TURN server (Debian's coturn) believes the names that this installation gives, as long as they are good, and nothing else.
//!
//! What is said to it (STUN, RFC 8489; TURN, RFC 8656) is written by hand: the browser says it otherwise.
#![allow(clippy::print_stderr, reason = "a test that has not run says so")]

use super::Ice;
use ring::hmac;
use std::collections::HashMap;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::services::{Clock as _, SystemClock};

const SECRET: &str = "north of the fjord";
const ALLOCATE: u16 = 0x0003;
const ALLOCATED: u16 = 0x0103;
const NOT_ALLOCATED: u16 = 0x0113;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const REQUESTED_TRANSPORT: u16 = 0x0019;

/// One on a port of its own. Ends with this value.
struct Turn {
    folder: PathBuf,
    process: Child,
    at: SocketAddr,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// An answer: its type and its attributes.
struct Answer(u16, HashMap<u16, Vec<u8>>);

impl Answer {
    /// Why not, as a number.
    fn error(&self) -> Option<u16> {
        let code = self.1.get(&ERROR_CODE)?;
        Some(u16::from(code[2] & 7) * 100 + u16::from(code[3]))
    }
}

fn message(number: [u8; 12], attributes: &[(u16, &[u8])], key: Option<&[u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        body.extend_from_slice(value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let proof = if key.is_some() { 24 } else { 0 };
    let mut bytes = ALLOCATE.to_be_bytes().to_vec();
    bytes.extend(u16::try_from(body.len() + proof).unwrap().to_be_bytes());
    bytes.extend(0x2112_a442_u32.to_be_bytes());
    bytes.extend(number);
    bytes.extend(body);
    if let Some(key) = key {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
        let sum = hmac::sign(&key, &bytes);
        bytes.extend(MESSAGE_INTEGRITY.to_be_bytes());
        bytes.extend(20_u16.to_be_bytes());
        bytes.extend_from_slice(sum.as_ref());
    }
    bytes
}

fn answer(bytes: &[u8]) -> Answer {
    let number = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    let (mut attributes, mut at) = (HashMap::new(), 20);
    while at + 4 <= bytes.len() {
        let length = usize::from(number(at + 2));
        attributes.insert(number(at), bytes[at + 4..at + 4 + length].to_vec());
        at += 4 + length.next_multiple_of(4);
    }
    Answer(number(0), attributes)
}

/// With which keys of names and passwords are made (RFC 8489, section 9.2.2; MD5, RFC 1321).
fn md5(bytes: &[u8]) -> [u8; 16] {
    const TURNS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((bytes.len() as u64 * 8).to_le_bytes());
    for block in padded.chunks(64) {
        let words: Vec<u32> = block.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64_usize {
            let (mixed, word) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), (5 * step + 1) % 16),
                2 => (b ^ c ^ d, (3 * step + 5) % 16),
                _ => (c ^ (b | !d), 7 * step % 16),
            };
            let sine = ((step as f64 + 1.0).sin().abs() * 4_294_967_296.0) as u32;
            let sum = a.wrapping_add(mixed).wrapping_add(sine).wrapping_add(words[word]);
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(TURNS[step / 16][step % 4])));
        }
        for (kept, new) in state.iter_mut().zip([a, b, c, d]) {
            *kept = kept.wrapping_add(new);
        }
    }
    let mut sum = [0; 16];
    for (place, word) in sum.chunks_mut(4).zip(state) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    sum
}

impl Turn {
    /// Nothing where it is not installed.
    fn start() -> Option<Self> {
        let programs = ["/usr/bin/turnserver", "/usr/sbin/turnserver", "/usr/local/bin/turnserver"];
        let program = programs.map(Path::new).into_iter().find(|path| path.exists())?;
        let folder = std::env::temp_dir().join(format!("samtal-turn-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        // A port that is free; nobody else takes one just now.
        let at = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let in_folder = |option: &str, name: &str| format!("--{option}={}", folder.join(name).display());
        let process = Command::new(program)
            .args(["-n", "--use-auth-secret", "--realm=turn.example", "--no-tls", "--no-dtls", "--no-tcp", "--no-cli"])
            .arg(format!("--static-auth-secret={SECRET}"))
            .args(["--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--simple-log"])
            .arg(format!("--listening-port={}", at.port()))
            .args([in_folder("log-file", "log"), in_folder("pidfile", "pid"), in_folder("userdb", "db")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { folder, process, at })
    }

    /// Says something until it is answered, as one does where packets are lost.
    fn says(&mut self, socket: &UdpSocket, bytes: &[u8]) -> Answer {
        let mut buffer = [0; 2_048];
        for _ in 0..200 {
            // Before it listens, this may be an error.
            let _ = socket.send_to(bytes, self.at);
            if let Ok((length, _)) = socket.recv_from(&mut buffer)
                && length >= 20
                && buffer[8..20] == bytes[8..20]
            {
                return answer(&buffer[..length]);
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                panic!("turnserver ended, {status}: {log}");
            }
        }
        panic!("turnserver says nothing: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Asks for an address that it carries for; with the number of its refusal.
    fn allocate(&mut self, name: &str, proof: &str) -> Result<(), u16> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let transport = (REQUESTED_TRANSPORT, &[17, 0, 0, 0][..]);
        let first = self.says(&socket, &message([1; 12], &[transport], None));
        assert_eq!((first.0, first.error()), (NOT_ALLOCATED, Some(401)), "who says no name is asked for one");
        let (realm, nonce) = (first.1[&REALM].as_slice(), first.1[&NONCE].as_slice());
        assert_eq!(realm, b"turn.example");
        let key = md5(&[name.as_bytes(), realm, proof.as_bytes()].join(&b':'));
        let attributes = [transport, (USERNAME, name.as_bytes()), (REALM, realm), (NONCE, nonce)];
        let second = self.says(&socket, &message([2; 12], &attributes, Some(&key)));
        match second.0 {
            ALLOCATED => Ok(()),
            _ => Err(second.error().unwrap()),
        }
    }
}

#[test]
fn a_real_turn_server_believes_names_that_are_good_and_no_others() {
    let empty: String = md5(b"").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(empty, "d41d8cd98f00b204e9800998ecf8427e");
    let Some(mut turn) = Turn::start() else {
        eprintln!("not run: coturn is not installed; scripts/setup --tests does");
        return;
    };
    let ice = |secret: &str| Ice {
        stun: Vec::new(),
        turn: vec![format!("turn:{}", turn.at)],
        turn_secret: Some(secret.to_owned()),
    };
    let named = |ice: &Ice, now| {
        let server = ice.servers(now).pop().unwrap();
        (server.username.unwrap(), server.credential.unwrap())
    };
    let (ours, others, now) = (ice(SECRET), ice("south of it"), SystemClock.now());
    let good = named(&ours, now);
    let old = named(&ours, now - super::GOOD - time::Duration::MINUTE);
    let foreign = named(&others, now);
    // What was given for one name is good for no other, and so for no longer.
    let longer = (named(&ours, now + time::Duration::DAY).0, good.1.clone());
    assert_eq!(turn.allocate(&good.0, &good.1), Ok(()));
    for (what, (name, proof)) in [("old", old), ("of another secret", foreign), ("for longer", longer)] {
        assert_eq!(turn.allocate(&name, &proof), Err(401), "{what}");
    }
    // It is believed again, by whoever has it, until its time is over.
    assert_eq!(turn.allocate(&good.0, &good.1), Ok(()));
}
