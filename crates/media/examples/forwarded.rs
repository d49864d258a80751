//! Who sends and who receives, for the race `bench/p17-media`: browsers (`str0m`) at the address that it takes. What they shall do it is told by lines of
//! JSON, and answers by lines. How an offer comes to a server and back is the race's business.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the race, not a part of the product")]

use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};

/// How often all is sent that is, and what: a packet of sound, and a picture in two.
const TICK: Duration = Duration::from_millis(20);
const SOUND: usize = 80;
const PICTURE: [usize; 2] = [1_100, 1_000];
/// By which our own packets are known, and where in them it stands with the time at which they were sent.
const MARK: &[u8; 4] = b"p17!";
const AT: usize = 2;
/// How long one may take to be connected, how long it goes on before it counts, and how long what is late is waited for.
const CONNECTS: Duration = Duration::from_secs(30);
const WARM: Duration = Duration::from_secs(2);
const LATE: Duration = Duration::from_millis(500);

/// What is to be done.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Do {
    /// Offers to send, or to receive.
    Offer { sends: bool },
    /// Takes the answer to what was offered last.
    Accept { sdp: String },
    /// Answers an offer, to receive.
    Answer { sdp: String },
    /// Answers another offer to who has answered last.
    Again { sdp: String },
    /// One more who sends and one who receives, without anybody between them: what the load itself takes.
    Pair,
    /// Counts for so long.
    Measure { seconds: u64 },
}

/// What is counted of all. Times are in nanoseconds since the beginning.
struct Counts {
    began: Instant,
    from: AtomicU64,
    to: AtomicU64,
    connected: AtomicUsize,
    sends: AtomicUsize,
    receives: AtomicUsize,
    sent: AtomicU64,
    delays: Mutex<Vec<u64>>,
}

impl Counts {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap()
    }

    /// Whether what was sent then counts.
    fn counts(&self, sent: u64) -> bool {
        (self.from.load(Ordering::Relaxed)..self.to.load(Ordering::Relaxed)).contains(&sent)
    }
}

/// One who sends or receives.
struct Client {
    rtc: Rtc,
    udp: UdpSocket,
    /// What it sends: sound and a picture.
    sends: Option<(Mid, Mid)>,
    /// What it is offered anew, and where it answers.
    offers: mpsc::Receiver<(String, oneshot::Sender<String>)>,
    counts: Arc<Counts>,
}

impl Client {
    async fn new(ip: IpAddr, counts: &Arc<Counts>) -> (Self, mpsc::Sender<(String, oneshot::Sender<String>)>) {
        let udp = UdpSocket::bind((ip, 0)).await.unwrap();
        let builder = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        let mut rtc = builder.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(udp.local_addr().unwrap(), "udp").unwrap());
        let (offer, offers) = mpsc::channel(1);
        (Self { rtc, udp, sends: None, offers, counts: Arc::clone(counts) }, offer)
    }

    /// Answers an offer.
    fn answer(&mut self, sdp: &str) -> String {
        self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp).unwrap()).unwrap().to_sdp_string()
    }

    /// What it offers; with what each line is that it sends.
    fn offer(&mut self, sends: bool) -> (String, HashMap<String, &'static str>, SdpPendingOffer) {
        let direction = if sends { Direction::SendOnly } else { Direction::RecvOnly };
        let mut change = self.rtc.sdp_api();
        let sound = change.add_media(MediaKind::Audio, direction, None, None, None);
        let picture = change.add_media(MediaKind::Video, direction, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        self.sends = sends.then_some((sound, picture));
        let named = [(sound.to_string(), "microphone"), (picture.to_string(), "camera")];
        (offer.to_sdp_string(), named.into_iter().filter(|_| sends).collect(), pending)
    }

    /// Goes on until the program ends.
    async fn run(mut self) {
        let to = self.udp.local_addr().unwrap();
        let (mut connected, mut buffer) = (false, vec![0; 2_048]);
        let (mut numbers, mut times) = ([100_u64; 2], [1_000_u32; 2]);
        let mut tick = tokio::time::interval(TICK);
        let one = if self.sends.is_some() { &self.counts.sends } else { &self.counts.receives };
        one.fetch_add(1, Ordering::Relaxed);
        loop {
            let due = loop {
                match self.rtc.poll_output().unwrap() {
                    Output::Transmit(sent) => drop(self.udp.try_send_to(&sent.contents, sent.destination)),
                    Output::Event(Event::Connected) => {
                        connected = true;
                        self.counts.connected.fetch_add(1, Ordering::Relaxed);
                    }
                    Output::Event(Event::RtpPacket(packet)) => self.came(&packet.payload),
                    Output::Event(_) => {}
                    Output::Timeout(at) => break at,
                }
            };
            tokio::select! {
                came = self.udp.recv_from(&mut buffer) => {
                    let Ok((length, from)) = came else { continue };
                    if let Ok(received) = Receive::new(Protocol::Udp, from, to, &buffer[..length]) {
                        let input = Input::Receive(Instant::now(), received);
                        if self.rtc.accepts(&input) {
                            self.rtc.handle_input(input).unwrap();
                        }
                    }
                }
                Some((sdp, answered)) = self.offers.recv() => answered.send(self.answer(&sdp)).unwrap(),
                _ = tick.tick(), if self.sends.is_some() => {
                    self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
                    if connected {
                        self.send(&mut numbers, &mut times);
                    }
                }
                () = tokio::time::sleep_until(due.into()) => {
                    self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
                }
            }
        }
    }

    /// A packet of sound, and a picture: each a whole one, so that whoever comes sees it from then on.
    fn send(&mut self, numbers: &mut [u64; 2], times: &mut [u32; 2]) {
        let Some((sound, picture)) = self.sends else { return };
        let payload =
            |codec: Codec| self.rtc.codec_config().params().iter().find(|params| params.spec().codec == codec);
        let kinds = [Codec::Opus, Codec::Vp8].map(|codec| payload(codec).unwrap().pt());
        let sizes: [(usize, usize, bool); 3] = [(0, SOUND, true), (1, PICTURE[0], false), (1, PICTURE[1], true)];
        let now = Instant::now();
        for (place, (line, size, last)) in sizes.into_iter().enumerate() {
            let mut body = vec![0; size];
            // The descriptor of VP8: where a picture begins (and, behind it, that it is a whole one).
            body[0] = if place == 1 { 0x10 } else { 0 };
            let sent = self.counts.now();
            body[AT..AT + 4].copy_from_slice(MARK);
            body[AT + 4..AT + 12].copy_from_slice(&sent.to_be_bytes());
            let mut direct = self.rtc.direct_api();
            let mid = if line == 0 { sound } else { picture };
            let Some(stream) = direct.stream_tx_by_mid(mid, None) else { return };
            let values = ExtensionValues {
                audio_level: (line == 0).then_some(-30),
                voice_activity: (line == 0).then_some(true),
                ..ExtensionValues::default()
            };
            let write = RtpWrite::new(kinds[line], numbers[line].into(), times[line], now, body);
            stream.write_rtp(write.marker(last).ext_vals(values).nackable(line == 1));
            numbers[line] += 1;
            if self.counts.counts(sent) {
                self.counts.sent.fetch_add(1, Ordering::Relaxed);
            }
        }
        *times = [times[0].wrapping_add(960), times[1].wrapping_add(1_800)];
    }

    fn came(&self, payload: &[u8]) {
        let Some(body) = payload.get(AT..AT + 12).filter(|body| body.starts_with(MARK)) else { return };
        let sent = u64::from_be_bytes(body[4..].try_into().unwrap());
        if self.counts.counts(sent) {
            self.counts.delays.lock().unwrap().push(self.counts.now() - sent);
        }
    }
}

async fn measure(counts: &Counts, clients: usize, seconds: u64) {
    let since = Instant::now();
    while counts.connected.load(Ordering::Relaxed) < clients {
        if since.elapsed() > CONNECTS {
            let connected = counts.connected.load(Ordering::Relaxed);
            println!("{}", json!({ "error": format!("{connected} of {clients} are connected") }));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(WARM).await;
    // The race reads the server's time on the processor at these two words.
    counts.to.store(u64::MAX, Ordering::Relaxed);
    counts.from.store(counts.now(), Ordering::Relaxed);
    println!("{}", json!({ "said": "begins" }));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    println!("{}", json!({ "said": "ends" }));
    counts.to.store(counts.now(), Ordering::Relaxed);
    tokio::time::sleep(LATE).await;
    let mut delays = std::mem::take(&mut *counts.delays.lock().unwrap());
    delays.sort_unstable();
    let part = |of: usize| delays.get((delays.len() * of / 1_000).min(delays.len().saturating_sub(1))).copied();
    let millis = |of: usize| part(of).map(|nanos| nanos as f64 / 1e6);
    // What one sends goes to all who receive; of pairs, to one each.
    let [sends, receives] = [&counts.sends, &counts.receives].map(|count| count.load(Ordering::Relaxed) as u64);
    let due = counts.sent.load(Ordering::Relaxed) * receives / sends;
    println!("{}", json!({ "due": due, "came": delays.len(), "p50": millis(500), "p99": millis(990) }));
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let ip: IpAddr = std::env::args().nth(1).unwrap().parse().unwrap();
    let counts = Arc::new(Counts {
        began: Instant::now(),
        from: AtomicU64::new(u64::MAX),
        to: AtomicU64::new(0),
        connected: AtomicUsize::new(0),
        sends: AtomicUsize::new(0),
        receives: AtomicUsize::new(0),
        sent: AtomicU64::new(0),
        delays: Mutex::new(Vec::new()),
    });
    let (mut clients, mut offered, mut answers) = (0, None, None);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line).unwrap() {
            Do::Offer { sends } => {
                let (mut client, _) = Client::new(ip, &counts).await;
                let (sdp, sources, pending) = client.offer(sends);
                offered = Some((client, pending));
                println!("{}", json!({ "sdp": sdp, "sources": sources }));
            }
            Do::Accept { sdp } => {
                let (mut client, pending) = offered.take().unwrap();
                let answer = SdpAnswer::from_sdp_string(&sdp).unwrap();
                client.rtc.sdp_api().accept_answer(pending, answer).unwrap();
                clients += 1;
                tokio::spawn(client.run());
                println!("{}", json!({ "said": "accepted" }));
            }
            Do::Answer { sdp } => {
                let (mut client, offer) = Client::new(ip, &counts).await;
                println!("{}", json!({ "sdp": client.answer(&sdp) }));
                clients += 1;
                answers = Some(offer);
                tokio::spawn(client.run());
            }
            Do::Again { sdp } => {
                let (answered, answer) = oneshot::channel();
                answers.as_ref().unwrap().send((sdp, answered)).await.unwrap();
                println!("{}", json!({ "sdp": answer.await.unwrap() }));
            }
            Do::Pair => {
                let ((mut sender, _), (mut receiver, _)) =
                    (Client::new(ip, &counts).await, Client::new(ip, &counts).await);
                let (offer, _, pending) = sender.offer(true);
                let answer = SdpAnswer::from_sdp_string(&receiver.answer(&offer)).unwrap();
                sender.rtc.sdp_api().accept_answer(pending, answer).unwrap();
                clients += 2;
                tokio::spawn(sender.run());
                tokio::spawn(receiver.run());
                println!("{}", json!({ "said": "connects" }));
            }
            Do::Measure { seconds } => measure(&counts, clients, seconds).await,
        }
    }
}
