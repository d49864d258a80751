//! Receives the body of a request before work on it begins: at a pace, so many at once. What is larger than a form waits on
//! disk, not in memory.

use crate::auth::{ApiCaller, Visitor, signature};
use crate::config::Config;
use crate::failure::Failure;
use crate::limits::places::{Pictured, full};
use crate::request::RequestInfo;
use crate::state::App;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::{
    Extension,
    body::{Body, Bytes, HttpBody as _},
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, Limited, StreamBody};
use hyper::body::Frame;
use model::{ErrorCode, Problem};
use sha2::{Digest as _, Sha256};
use std::future::{Ready, ready};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};
use words::{Text, text};

/// Bytes of a body that are kept in memory; the rest goes to a file.
const IN_MEMORY: usize = 256 * 1024;
/// Where files are while they are received, in the data folder: temporary folders are often in memory.
pub const RECEIVING: &str = "receiving";
/// Bytes that are read from the file at once.
const PIECE: usize = 64 * 1024;

/// Receives a form or a JSON document; addresses have their shares of the room for it.
pub async fn small(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
    next: Next,
) -> Response {
    if !expected(&request) {
        return empty(request, next).await;
    }
    let Some(place) = app.receiving.try_enter(info.network()) else { return full(&app.receiving, info.network()) };
    match received(request, &app.config).await {
        Ok(request) => {
            drop(place);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

/// Receives a JSON document that may have pictures in it: as any other up to the length of those. What is longer says so before it comes, and then
/// it is known who sends it: companies and addresses have their shares of the room.
pub async fn pictured(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(Pictured::default());
    let most = app.config.server.body_bytes;
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length <= most) {
        let request = request.map(|body| Body::new(Limited::new(body, most)));
        return small(State(app), Extension(info), request, next).await;
    }
    let caller = request.extensions().get::<ApiCaller>().map(|ApiCaller(caller)| caller.scope().tenant());
    let Some(tenant) = caller.filter(|_| expected(&request)) else {
        return empty(request, next).await;
    };
    let Some(place) = app.pictures.try_enter(tenant) else { return full(&app.pictures, tenant) };
    let Some(of_address) = app.sending_pictures.try_enter(info.network()) else {
        return full(&app.sending_pictures, info.network());
    };
    request.extensions_mut().insert(Pictured::with(place, of_address));
    match received(request, &app.config).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// Receives files. Who sends them is known by now: companies and addresses have their shares of the room, until what stands
/// on disk has been read.
pub async fn files(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    request: Request,
    next: Next,
) -> Response {
    let caller = match (request.extensions().get::<ApiCaller>(), request.extensions().get::<Visitor>()) {
        (Some(ApiCaller(caller)), _) | (None, Some(Visitor(Ok(Some(caller))))) => Some(caller),
        _ => None,
    };
    let Some(tenant) = caller.map(|caller| caller.scope().tenant()).filter(|_| expected(&request)) else {
        return empty(request, next).await;
    };
    let Some(_place) = app.receiving_files.try_enter(tenant) else { return full(&app.receiving_files, tenant) };
    let Some(_of_address) = app.sending_files.try_enter(info.network()) else {
        return full(&app.sending_files, info.network());
    };
    match received(request, &app.config).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// Where files are taken: says of what is too large what may be sent, whichever layer has refused it.
pub fn too_large(detail: Text) -> impl Fn(Response) -> Ready<Response> + Clone + Send + Sync + 'static {
    move |response: Response| {
        ready(if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Failure(Problem::new(ErrorCode::TooLarge, detail.clone())).into_response()
        } else {
            response
        })
    }
}

/// What has no body, or nobody who may send one, has no other digest than nothing has.
async fn empty(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match Digest::of(&head).compare(0) {
        Err(failure) if body.is_end_stream() => failure.into_response(),
        _ => next.run(Request::from_parts(head, body)).await,
    }
}

/// What a body is to be, by its header Content-Digest.
struct Digest {
    wanted: Option<(Vec<u8>, Sha256)>,
    /// Whether it has to be said.
    signed: bool,
}

impl Digest {
    fn of(head: &Parts) -> Self {
        let wanted = signature::digest(&head.headers).map(|digest| (digest, Sha256::new()));
        Self { wanted, signed: head.uri.path().starts_with("/api/") && signature::is_signed(&head.headers) }
    }

    fn update(&mut self, data: &[u8]) {
        if let Some((_, hash)) = &mut self.wanted {
            hash.update(data);
        }
    }

    /// With all of the body, which is so long.
    fn compare(self, bytes: u64) -> Result<(), Failure> {
        let refused = |code, text| Err(Failure(Problem::new(code, text)));
        match self.wanted.map(|(digest, hash)| *hash.finalize() == *digest) {
            Some(false) => refused(
                ErrorCode::InvalidRequest,
                text!("The body is another one than the header Content-Digest says, so nothing was changed."),
            ),
            None if self.signed && bytes > 0 => refused(
                ErrorCode::Unauthenticated,
                text!(
                    "A request with a body is signed with its digest: send Content-Digest with sha-256, and sign it."
                ),
            ),
            _ => Ok(()),
        }
    }
}

/// Whether there is a body, and anybody to read it.
fn expected(request: &Request) -> bool {
    request.extensions().get::<MatchedPath>().is_some() && !request.body().is_end_stream()
}

/// How fast a body must come: so many bytes a second on average, after a while of grace.
#[derive(Clone, Copy)]
struct Pace {
    begun: Instant,
    grace: Duration,
    rate: u64,
}

impl Pace {
    /// When more than so many bytes must be there.
    fn due(self, bytes: u64) -> Instant {
        self.begun + self.grace + Duration::from_secs(bytes / self.rate.max(1))
    }
}

async fn received(request: Request, config: &Config) -> Result<Request, Failure> {
    let server = &config.server;
    let pace = Pace { begun: Instant::now(), grace: Duration::from_secs(server.body_grace_s), rate: server.body_rate };
    let (head, body) = request.into_parts();
    let digest = Digest::of(&head);
    Ok(Request::from_parts(head, kept(body, digest, pace, &config.data_dir.join(RECEIVING)).await?))
}

/// The body, in memory or in a file, if it is the one of this digest.
async fn kept(mut body: Body, mut digest: Digest, pace: Pace, folder: &Path) -> Result<Body, Failure> {
    let (mut memory, mut file, mut bytes) = (Vec::new(), None, 0_u64);
    loop {
        let Ok(frame) = timeout_at(pace.due(bytes), body.frame()).await else {
            return Err(Failure(Problem::new(
                ErrorCode::Timeout,
                text!("The body came too slowly. Nothing was changed; send it again over a better line, or in parts."),
            )));
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(unreadable)?;
        let Some(data) = frame.data_ref() else { continue };
        bytes += data.len() as u64;
        digest.update(data);
        if file.is_none() && memory.len() + data.len() <= IN_MEMORY {
            memory.extend_from_slice(data);
            continue;
        }
        let to = match &mut file {
            Some(file) => file,
            none => none.insert(
                spooled(std::mem::take(&mut memory), folder.to_owned()).await.map_err(|error| no_room(&error))?,
            ),
        };
        to.write_all(data).await.map_err(|error| no_room(&error))?;
    }
    digest.compare(bytes)?;
    let Some(mut file) = file else { return Ok(Body::from(memory)) };
    let begin = async {
        file.flush().await?;
        file.rewind().await
    };
    begin.await.map_err(|error| no_room(&error))?;
    Ok(Body::new(StreamBody::new(futures_util::stream::unfold(Some(file), piece))))
}

/// A file without a name that holds this already: it is gone as soon as nobody has it open.
async fn spooled(begin: Vec<u8>, folder: PathBuf) -> io::Result<File> {
    let make = move || {
        std::fs::create_dir_all(&folder)?;
        let name = folder.join(format!("{:032x}", rand::random::<u128>()));
        let mut options = std::fs::OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(options.read(true).write(true).create_new(true), 0o600);
        let mut file = options.open(&name)?;
        std::fs::remove_file(&name)?;
        file.write_all(&begin)?;
        Ok(File::from_std(file))
    };
    tokio::task::spawn_blocking(make).await.map_err(io::Error::other)?
}

async fn piece(file: Option<File>) -> Option<(io::Result<Frame<Bytes>>, Option<File>)> {
    let mut file = file?;
    let mut piece = vec![0; PIECE];
    match file.read(&mut piece).await {
        Ok(0) => None,
        Ok(read) => {
            piece.truncate(read);
            Some((Ok(Frame::data(piece.into())), Some(file)))
        }
        Err(error) => Some((Err(error), None)),
    }
}

/// Too large, or cut off.
fn unreadable(error: axum::Error) -> Failure {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return Failure(Problem::new(ErrorCode::TooLarge, text!("Nothing was changed. Send less at once.")));
        }
        source = error.source();
    }
    Failure(Problem::new(ErrorCode::InvalidRequest, text!("The body ended before its end. Nothing was changed.")))
}

fn no_room(error: &io::Error) -> Failure {
    tracing::error!(%error, "a body could not be kept while it was received");
    let detail = text!("The server has no room for it just now. Try again in a few seconds.");
    let mut problem = Problem::new(ErrorCode::Unavailable, detail);
    problem.retry_after = Some(5);
    Failure(problem)
}
