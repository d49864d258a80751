//! The forwarding unit at work: threads, each with its own rooms, its own socket and nothing that it shares with the others.
//!
//! *Guarantees:* a room lives on one thread, so that forwarding takes no lock. Rooms have an owner, and of all who are in rooms one owner has no more than a
//! share, so that others find places whatever it does. What is asked of a thread waits in a queue with an end. Who lets go of a
//! [`Membership`] is out, also where the thread has much to do. A connection that does not take what it is sent loses it; nobody waits for it. What
//! panics on a thread ends who is there, who are told nothing more and come anew; the thread goes on.

use crate::batch;
use crate::limits::{Limits, MOST_TOLD};
use crate::peer::{Offer, PeerId, Publishes, Source, Told, Wanted};
use crate::rooms::{Datagram, MediaError, Proto, RoomId, Rooms};
use shares::{Network, Place, Places, Waiting};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Most that is asked of a thread and not done yet, and most frames of connections that wait for it.
const QUEUE: usize = 1_024;
/// The largest datagram that is looked at.
const LARGEST: usize = 2_048;
/// Most datagrams that are taken at once before time goes on.
const AT_ONCE: usize = 64;
/// Most connections of a thread, most of them from one address, and frames that wait to be sent over one.
const CONNECTIONS: usize = 512;
const OF_ONE: usize = 128;
const FRAMES: usize = 512;
/// How long a connection may be silent, and how long it may take to say something first.
const IDLE: Duration = Duration::from_secs(30);
const FIRST: Duration = Duration::from_secs(5);
/// How long nothing is accepted, or begun anew, after that has failed.
const RESTS: Duration = Duration::from_millis(10);

/// Whose a room is, as whoever keeps the list of them says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner(pub Uuid);

/// How media is carried.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Where it listens: at this port, and the next ones, one a thread; datagrams and connections alike. With port 0 at any that are free.
    pub listen: SocketAddr,
    /// What browsers are told to reach it at, instead: what a router in between is called outside.
    pub announce: Vec<IpAddr>,
    /// How many threads.
    pub threads: usize,
    /// Bounds.
    pub limits: Limits,
}

enum Command {
    Join(Box<Join>),
    Offer(PeerId, Offer, oneshot::Sender<Result<String, MediaError>>),
    Want(PeerId, Vec<Wanted>),
    Allow(PeerId, Publishes),
    Hush(PeerId, Source, bool),
    Listen(PeerId, mpsc::Sender<Told>, oneshot::Sender<Result<(), MediaError>>),
    Leave(PeerId),
    #[cfg(test)]
    Panic,
}

struct Join {
    room: RoomId,
    peer: PeerId,
    may: Publishes,
    offer: Offer,
    told: mpsc::Sender<Told>,
    answer: oneshot::Sender<Result<String, MediaError>>,
}

/// The threads. With the last copy of it they end.
#[derive(Debug, Clone)]
pub struct MediaServer {
    threads: Arc<[mpsc::Sender<Command>]>,
    people: Places<Owner>,
    hasher: RandomState,
    next: Arc<AtomicU64>,
}

/// One's place in a room. Let go of, one is out.
#[derive(Debug)]
pub struct Membership {
    peer: PeerId,
    thread: mpsc::Sender<Command>,
    _place: Place<Owner>,
}

impl MediaServer {
    /// Begins to listen.
    ///
    /// # Errors
    /// Where it cannot: the port is taken, or the address is not this machine's.
    pub async fn start(settings: &MediaSettings) -> io::Result<Self> {
        let mut threads = Vec::new();
        for place in 0..settings.threads.max(1) {
            let mut at = settings.listen;
            if at.port() != 0 {
                let port = u16::try_from(place).ok().and_then(|place| at.port().checked_add(place));
                at.set_port(port.ok_or_else(|| io::Error::other("there are not so many ports"))?);
            }
            let udp = std::net::UdpSocket::bind(at)?;
            let at = udp.local_addr()?;
            let tcp = std::net::TcpListener::bind(at)?;
            udp.set_nonblocking(true)?;
            tcp.set_nonblocking(true)?;
            let reached: Vec<SocketAddr> = match settings.announce.is_empty() {
                true => vec![at],
                false => settings.announce.iter().map(|ip| SocketAddr::new(*ip, at.port())).collect(),
            };
            let (commands, queue) = mpsc::channel(QUEUE);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let limits = settings.limits;
            let work = move || serve(&runtime, limits, &reached, &(udp, tcp), queue);
            std::thread::Builder::new().name(format!("media-{place}")).spawn(work)?;
            threads.push(commands);
        }
        Ok(Self {
            threads: threads.into(),
            people: Places::new(settings.limits.people, settings.limits.people_of_one, Waiting::NOBODY),
            hasher: RandomState::new(),
            next: Arc::new(AtomicU64::new(1)),
        })
    }

    /// A name for somebody who is about to come in.
    pub fn new_peer(&self) -> PeerId {
        PeerId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Brings somebody into a room of that owner's; with the answer to their offer (SDP), and what they are told from then on.
    ///
    /// # Errors
    /// [`MediaError::ShareTaken`], [`MediaError::AllTaken`], what [`Rooms::join`] says, or [`MediaError::Unavailable`].
    pub async fn join(
        &self,
        owner: Owner,
        room: RoomId,
        peer: PeerId,
        may: Publishes,
        offer: Offer,
    ) -> Result<(Membership, String, mpsc::Receiver<Told>), MediaError> {
        let at = usize::try_from(self.hasher.hash_one(room) % self.threads.len().max(1) as u64).unwrap_or_default();
        let thread = self.threads.get(at).ok_or(MediaError::Unavailable)?;
        let Some(place) = self.people.try_enter(owner) else {
            return Err(match self.people.has_its_share(owner) {
                true => MediaError::ShareTaken,
                false => MediaError::AllTaken,
            });
        };
        let (told, tells) = mpsc::channel(MOST_TOLD);
        let (answer, answered) = oneshot::channel();
        let join = Join { room, peer, may, offer, told, answer };
        thread.try_send(Command::Join(Box::new(join))).map_err(|_| MediaError::Unavailable)?;
        // Whoever does not wait for the answer has left.
        let membership = Membership { peer, thread: thread.clone(), _place: place };
        let answer = answered.await.map_err(|_| MediaError::Unavailable)??;
        Ok((membership, answer, tells))
    }
}

impl Membership {
    /// Who it is.
    pub fn peer(&self) -> PeerId {
        self.peer
    }

    fn ask(&self, command: Command) -> Result<(), MediaError> {
        self.thread.try_send(command).map_err(|_| MediaError::Unavailable)
    }

    /// Offers anew; with the answer.
    ///
    /// # Errors
    /// What [`Rooms::offer`] says, or [`MediaError::Unavailable`].
    pub async fn offer(&self, offer: Offer) -> Result<String, MediaError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Command::Offer(self.peer, offer, answer))?;
        answered.await.map_err(|_| MediaError::Unavailable)?
    }

    /// See [`Rooms::want`].
    ///
    /// # Errors
    /// [`MediaError::Unavailable`], as for all that follow.
    pub fn want(&self, wanted: Vec<Wanted>) -> Result<(), MediaError> {
        self.ask(Command::Want(self.peer, wanted))
    }

    /// See [`Rooms::allow`].
    ///
    /// # Errors
    /// [`MediaError::Unavailable`].
    pub fn allow(&self, may: Publishes) -> Result<(), MediaError> {
        self.ask(Command::Allow(self.peer, may))
    }

    /// See [`Rooms::hush`].
    ///
    /// # Errors
    /// [`MediaError::Unavailable`].
    pub fn hush(&self, source: Source, hushed: bool) -> Result<(), MediaError> {
        self.ask(Command::Hush(self.peer, source, hushed))
    }

    /// Somebody else listens from now on to what they are told, or they themselves anew, and whoever did before hears nothing more. All that is shown, and how
    /// much the line carries, is told again.
    ///
    /// # Errors
    /// [`MediaError::Nobody`] where they are out already, or [`MediaError::Unavailable`].
    pub async fn listen(&self) -> Result<mpsc::Receiver<Told>, MediaError> {
        let (told, tells) = mpsc::channel(MOST_TOLD);
        let (answer, answered) = oneshot::channel();
        self.ask(Command::Listen(self.peer, told, answer))?;
        answered.await.map_err(|_| MediaError::Unavailable)??;
        Ok(tells)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let Err(TrySendError::Full(leave)) = self.thread.try_send(Command::Leave(self.peer)) else { return };
        // It waits for its turn: who was taken out, and goes on sending, would be there still.
        if let Ok(runtime) = Handle::try_current() {
            let thread = self.thread.clone();
            runtime.spawn(async move {
                let _ = thread.send(leave).await;
            });
        }
    }
}

/// Does the work of a thread until nobody is left to serve.
fn serve(
    runtime: &Runtime,
    limits: Limits,
    reached: &[SocketAddr],
    (udp, tcp): &(std::net::UdpSocket, std::net::TcpListener),
    mut commands: mpsc::Receiver<Command>,
) {
    loop {
        let rooms = Rooms::new(reached.to_vec(), reached.to_vec(), limits);
        let work = async {
            let sockets = (UdpSocket::from_std(udp.try_clone()?)?, TcpListener::from_std(tcp.try_clone()?)?);
            Thread::run(rooms, reached.to_vec(), sockets, &mut commands).await
        };
        match catch_unwind(AssertUnwindSafe(|| runtime.block_on(work))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!(%error, "a media thread has failed; all who were on it come anew"),
            Err(_) => tracing::error!("a media thread has panicked; all who were on it come anew"),
        }
        std::thread::sleep(RESTS);
    }
}

/// A frame that came over a connection, or that one has ended (nothing).
type Frame = (SocketAddr, Option<Vec<u8>>);

struct Thread {
    rooms: Rooms,
    udp: UdpSocket,
    /// What it is reached at: a packet has come to one of these, whatever the machine calls that.
    reached: Vec<SocketAddr>,
    told: HashMap<PeerId, mpsc::Sender<Told>>,
    connections: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>,
    frames: mpsc::Sender<Frame>,
}

impl Thread {
    async fn run(
        rooms: Rooms,
        reached: Vec<SocketAddr>,
        (udp, tcp): (UdpSocket, TcpListener),
        commands: &mut mpsc::Receiver<Command>,
    ) -> io::Result<()> {
        let mut accepts_from = Instant::now();
        let (frames, mut came) = mpsc::channel(QUEUE);
        let mut thread = Self { rooms, udp, reached, told: HashMap::new(), connections: HashMap::new(), frames };
        let mut buffer = vec![0; LARGEST];
        loop {
            let next = thread.rooms.next(Instant::now());
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => thread.obey(command),
                    // Nobody is left to serve.
                    None => return Ok(()),
                },
                ready = thread.udp.readable() => {
                    ready?;
                    thread.take(&mut buffer);
                }
                Some(frame) = came.recv() => thread.frame(frame),
                accepted = tcp.accept(), if accepts_from <= Instant::now() => match accepted {
                    Ok((stream, from)) => thread.accept(stream, from),
                    // As when there are no descriptors left: not at once again, and nobody else waits for it.
                    Err(_) => accepts_from = Instant::now() + RESTS,
                },
                () = tokio::time::sleep_until(next.into()) => {}
            }
            let now = Instant::now();
            thread.rooms.tick(now);
            thread.send();
            thread.tell();
        }
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::Join(join) => {
                let Join { room, peer, may, offer, told, answer } = *join;
                let joined = self.rooms.join(room, peer, may, &offer, now);
                if joined.is_ok() {
                    self.told.insert(peer, told);
                }
                let _ = answer.send(joined);
            }
            Command::Offer(peer, offer, answer) => {
                let _ = answer.send(self.rooms.offer(peer, &offer, now));
            }
            Command::Want(peer, wanted) => self.rooms.want(peer, wanted),
            Command::Allow(peer, may) => self.rooms.allow(peer, may),
            Command::Hush(peer, source, hushed) => self.rooms.hush(peer, source, hushed),
            Command::Listen(peer, told, answer) => {
                let listens = self.rooms.tell_anew(peer);
                if listens.is_ok() {
                    self.told.insert(peer, told);
                }
                let _ = answer.send(listens);
            }
            Command::Leave(peer) => self.rooms.leave(peer),
            #[cfg(test)]
            Command::Panic => std::panic::resume_unwind(Box::new(())),
        }
    }

    /// Takes the datagrams that are there.
    fn take(&mut self, buffer: &mut [u8]) {
        for _ in 0..AT_ONCE {
            match self.udp.try_recv_from(buffer) {
                Ok((length, from)) => {
                    if let Some(bytes) = buffer.get(..length) {
                        let at = at(&self.reached, from);
                        self.rooms.receive(Proto::Udp, from, at, bytes, Instant::now());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // What an earlier datagram met: the next one may be well.
                Err(_) => {}
            }
        }
    }

    fn frame(&mut self, (from, bytes): Frame) {
        match bytes {
            Some(bytes) => {
                let at = at(&self.reached, from);
                // One that says what is nobody's takes a place from others.
                if !self.rooms.receive(Proto::Tcp, from, at, &bytes, Instant::now()) {
                    self.connections.remove(&from);
                }
            }
            None => {
                self.connections.remove(&from);
            }
        }
    }

    fn accept(&mut self, stream: TcpStream, from: SocketAddr) {
        let whose = Network::from(from.ip());
        let of_one = self.connections.keys().filter(|one| Network::from(one.ip()) == whose).count();
        if self.connections.len() >= CONNECTIONS || of_one >= OF_ONE {
            return;
        }
        let (sends, sent) = mpsc::channel(FRAMES);
        self.connections.insert(from, sends);
        tokio::spawn(connection(stream, from, self.frames.clone(), sent));
    }

    fn send(&mut self) {
        let mut datagrams = Vec::new();
        for Datagram { proto, to, bytes } in self.rooms.sends() {
            match proto {
                Proto::Udp => datagrams.push((to, bytes)),
                Proto::Tcp => {
                    if let Some(connection) = self.connections.get(&to) {
                        let _ = connection.try_send(bytes);
                    }
                }
            }
        }
        batch::send(&self.udp, &datagrams);
    }

    fn tell(&mut self) {
        for (peer, told) in self.rooms.tells() {
            let last = matches!(told, Told::Gone { .. });
            if let Some(tells) = self.told.get(&peer) {
                match tells.try_send(told) {
                    // Who does not take what they are told is out.
                    Err(TrySendError::Full(_)) if !last => self.rooms.leave(peer),
                    // Nobody listens just now: that is for whoever has the membership.
                    Err(TrySendError::Closed(_)) => drop(self.told.remove(&peer)),
                    _ => {}
                }
            }
            if last {
                self.told.remove(&peer);
            }
        }
    }
}

/// At which of its addresses a server was reached from there.
fn at(reached: &[SocketAddr], from: SocketAddr) -> SocketAddr {
    let alike = reached.iter().find(|at| at.is_ipv4() == from.is_ipv4());
    alike.or(reached.first()).copied().unwrap_or(from)
}

/// A connection: frames, each with its length before it (RFC 4571).
async fn connection(
    stream: TcpStream,
    from: SocketAddr,
    frames: mpsc::Sender<Frame>,
    mut sent: mpsc::Receiver<Vec<u8>>,
) {
    let _ = stream.set_nodelay(true);
    let (mut reads, mut writes) = stream.into_split();
    let reading = async {
        let mut patience = FIRST;
        loop {
            let Ok(Ok(length)) = tokio::time::timeout(patience, reads.read_u16()).await else { return };
            let length = usize::from(length);
            // Before there is room for it.
            if length > LARGEST {
                return;
            }
            let mut bytes = vec![0; length];
            let whole = tokio::time::timeout(patience, reads.read_exact(&mut bytes)).await;
            if !matches!(whole, Ok(Ok(_))) || frames.send((from, Some(bytes))).await.is_err() {
                return;
            }
            patience = IDLE;
        }
    };
    let writing = async {
        while let Some(bytes) = sent.recv().await {
            let Ok(length) = u16::try_from(bytes.len()) else { continue };
            let both = async {
                writes.write_u16(length).await?;
                writes.write_all(&bytes).await
            };
            if !matches!(tokio::time::timeout(IDLE, both).await, Ok(Ok(()))) {
                return;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = writing => {}
    }
    let _ = frames.send((from, None)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Owner = Owner(Uuid::nil());

    async fn server_with(limits: Limits) -> MediaServer {
        let listen = "127.0.0.1:0".parse().unwrap();
        MediaServer::start(&MediaSettings { listen, announce: Vec::new(), threads: 1, limits }).await.unwrap()
    }

    async fn server() -> MediaServer {
        server_with(Limits::default()).await
    }

    fn join(server: &MediaServer) -> impl Future<Output = Result<(), MediaError>> {
        let offer = Offer { sdp: "v=0".to_owned(), sources: HashMap::new() };
        let (server, peer) = (server.clone(), server.new_peer());
        async move { server.join(OWNER, RoomId(Uuid::nil()), peer, Publishes::ALL, offer).await.map(drop) }
    }

    #[tokio::test]
    async fn one_owner_takes_no_more_than_its_share_and_another_finds_its_own() {
        let server = server_with(Limits { people: 5, people_of_one: 3, ..Limits::default() }).await;
        let mut browser = str0m::Rtc::new(Instant::now());
        let mut change = browser.sdp_api();
        change.add_media(str0m::media::MediaKind::Audio, str0m::media::Direction::SendOnly, None, None, None);
        let (offer, _) = change.apply().unwrap();
        let offer = Offer { sdp: offer.to_sdp_string(), sources: HashMap::new() };
        let (greedy, other) = (Owner(Uuid::from_u128(1)), Owner(Uuid::from_u128(2)));
        let join = async |owner, room| {
            let joined =
                server.join(owner, RoomId(Uuid::from_u128(room)), server.new_peer(), Publishes::ALL, offer.clone());
            joined.await.map(|(membership, ..)| membership)
        };
        // What cannot be answered takes no place.
        let bad = Offer { sdp: "v=0".to_owned(), sources: HashMap::new() };
        let refused = server.join(greedy, RoomId(Uuid::from_u128(1)), server.new_peer(), Publishes::ALL, bad).await;
        assert!(matches!(refused, Err(MediaError::Offer(_))));
        let mut taken = Vec::new();
        for room in [1, 1, 2] {
            taken.push(join(greedy, room).await.unwrap());
        }
        // In whatever room.
        for room in [1, 3] {
            assert_eq!(join(greedy, room).await.map(drop), Err(MediaError::ShareTaken));
        }
        let theirs = [join(other, 4).await.unwrap(), join(other, 5).await.unwrap()];
        assert_eq!(join(other, 4).await.map(drop), Err(MediaError::AllTaken));
        // Who goes makes room at once.
        taken.pop();
        assert!(join(other, 4).await.is_ok());
        drop(theirs);
        taken.push(join(greedy, 3).await.unwrap());
        assert_eq!(join(greedy, 3).await.map(drop), Err(MediaError::ShareTaken));
    }

    #[tokio::test]
    async fn a_thread_that_panics_goes_on() {
        let server = server().await;
        assert!(matches!(join(&server).await, Err(MediaError::Offer(_))));
        for _ in 0..2 {
            server.threads[0].send(Command::Panic).await.unwrap();
            assert!(matches!(join(&server).await, Err(MediaError::Offer(_))));
        }
    }

    #[tokio::test]
    async fn who_leaves_is_out_also_where_there_is_much_to_do() {
        let (thread, mut queue) = mpsc::channel(1);
        let places = Places::new(1, 1, Waiting::NOBODY);
        let membership =
            Membership { peer: PeerId(1), thread: thread.clone(), _place: places.try_enter(OWNER).unwrap() };
        thread.try_send(Command::Leave(PeerId(2))).map_err(drop).unwrap();
        drop(membership);
        for expected in [PeerId(2), PeerId(1)] {
            assert!(matches!(queue.recv().await, Some(Command::Leave(peer)) if peer == expected));
        }
    }

    #[tokio::test]
    async fn a_connection_that_is_nobody_s_ends() {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let reached = vec![tcp.local_addr().unwrap()];
        let (_commands, mut queue) = mpsc::channel(1);
        let rooms = Rooms::new(reached.clone(), reached.clone(), Limits::default());
        let at = reached[0];
        let client = async {
            // What is nobody's; and what would be too long, before it has come.
            for said in [&[0, 4, 1, 2, 3, 4][..], &[0xff, 0xff][..]] {
                let mut stream = TcpStream::connect(at).await.unwrap();
                stream.write_all(said).await.unwrap();
                let ended = tokio::time::timeout(Duration::from_secs(3), stream.read(&mut [0; 8])).await;
                assert!(!matches!(ended.unwrap(), Ok(1..)));
            }
        };
        tokio::select! {
            ended = Thread::run(rooms, reached, (udp, tcp), &mut queue) => panic!("{ended:?}"),
            () = client => {}
        }
    }
}
