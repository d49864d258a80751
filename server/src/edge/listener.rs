//! Connections: bounded in number, in all and for each address, in the time their headers may take and in the time that
//! nothing goes on, and ended politely. At a signal the server accepts no more, finishes what it works on within a limit,
//! and returns.

use crate::config::Server;
use crate::edge::lingering::{Lingering, Reading};
use crate::edge::patience::{Activity, Watched};
use crate::request::client;
use axum::{Router, body::Body, extract::ConnectInfo};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::{conn::auto, graceful::GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use shares::{Network, Places, Waiting};
use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt as _;

/// Between two requests, a connection of HTTP/2 is kept for so long; of HTTP/1 as long as headers may take, which is counted
/// from the end of the request before.
const IDLE: Duration = Duration::from_secs(60);
/// Bytes that the kernel takes for a reader; by itself it takes megabytes, and whoever asks on many connections for what is
/// large has the others wait while they are copied.
const SEND_BUFFER: usize = 128 * 1024;
/// An answer that nobody takes for so long ends its connection: so much longer than a request may take.
const STUCK: Duration = Duration::from_secs(30);

/// Serves until `stop` is done, then until the work in progress is, at most `settings.shutdown_s`.
pub async fn serve(listener: TcpListener, router: Router, settings: &Server, stop: impl Future<Output = ()>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(settings.header_timeout_s))
        .max_buf_size(64 * 1024);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Duration::from_secs(30)).max_concurrent_streams(64);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(settings.connections));
    let addresses = Places::new(settings.connections, settings.of_one_address(settings.connections), Waiting::NOBODY);
    let proxies: Arc<[IpAddr]> = settings.trusted_proxies.clone().into();
    let reading = Reading::default();
    // Dropped when patience is over, which ends every connection that is left.
    let (going_on, over) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = async {
                // A full house leaves new connections in the kernel's queue.
                let place = Arc::clone(&room).acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        let ((stream, peer), place) = match accepted {
            (Ok(connection), Ok(place)) => (connection, place),
            (Err(e), _) => {
                tracing::warn!(error = %e, "a connection could not be accepted");
                // Out of file descriptors, most likely; accepting again at once would spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            (Ok(_), Err(_)) => break,
        };
        let network = Network::from(peer.ip());
        // Behind a proxy all come from one address.
        let proxied = proxies.iter().any(|proxy| proxy.to_canonical() == peer.ip().to_canonical());
        let share = if proxied { None } else { Some(addresses.try_enter(network)) };
        if matches!(share, Some(None)) {
            tracing::debug!(%network, "a connection more than the share of its address");
            continue;
        }
        let _ = stream.set_nodelay(true);
        // What waits for a reader in the kernel, and is written to it at one go.
        let _ = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER);
        let activity = Arc::new(Activity::default());
        let (seen, reading, router) = (Arc::clone(&activity), reading.clone(), router.clone());
        let proxies = Arc::clone(&proxies);
        let service = tower::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
            let progress = seen.begin();
            request.extensions_mut().insert(ConnectInfo(peer));
            let expects = request.headers().contains_key(http::header::EXPECT);
            let network = Network::from(client(peer.ip(), request.headers(), &proxies));
            let request = request.map(|body| {
                let lingering = Lingering::new(Body::new(body), expects, reading.clone(), network);
                progress.coming(Body::new(lingering))
            });
            let answer = router.clone().oneshot(request);
            async move { answer.await.map(|response| response.map(|body| progress.taken(body))) }
        });
        let connection = builder
            .serve_connection_with_upgrades(
                TokioIo::new(Watched::new(stream, Arc::clone(&activity))),
                TowerToHyperService::new(service),
            )
            .into_owned();
        let connection = graceful.watch(connection);
        let patience = Duration::from_secs(settings.header_timeout_s);
        let stuck = STUCK + Duration::from_secs(settings.request_timeout_s);
        let mut over = over.clone();
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => {
                    // An error here is the client's: gone, slow, or not speaking HTTP.
                    if let Err(e) = ended {
                        tracing::debug!(error = %e, "connection ended");
                    }
                }
                () = activity.ended(patience, IDLE, stuck) => tracing::debug!("connection ended: nothing goes on"),
                _ = over.changed() => {}
            }
            drop((place, share));
        });
    }
    drop(listener);
    tracing::info!("stopping: finishing what is in progress, for {} s at most", settings.shutdown_s);
    let limit = Duration::from_secs(settings.shutdown_s);
    if tokio::time::timeout(limit, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still in progress after {} s; ending them", settings.shutdown_s);
        drop(going_on);
        // Every connection gives back its place.
        let all = u32::try_from(settings.connections).unwrap_or(u32::MAX);
        let _ = room.acquire_many(all).await;
    }
}
