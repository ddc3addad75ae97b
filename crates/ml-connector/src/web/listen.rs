//! The listener: where it may listen, how many connections it takes, and how long one may sit there. It knows no route.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use accounting::problem::Code;
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

use super::api::{operator_router, router};
use super::state::State;
use crate::flow::SecretError;
use crate::settings::Web;

/// Connections at once. More wait in the system's queue.
const CONNECTIONS: usize = 1_024;
/// Beyond the time of one request, a connection may be idle for so long.
const IDLE: Duration = Duration::from_secs(45);
/// How long requests that are under way are waited for when the service stops.
const DRAIN: Duration = Duration::from_secs(25);

/// Why the web cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// A setting cannot be used.
    #[error("{key} is '{value}', which cannot be used")]
    Setting {
        /// Which setting.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// A secret of the settings cannot be read.
    #[error("reading the secret of {key}")]
    Secret {
        /// Which setting.
        key: &'static str,
        /// Cause.
        #[source]
        source: SecretError,
    },
    /// Others could reach it without encryption.
    #[error("web.listen is {listen}, which others can reach without encryption")]
    Unsafe {
        /// Where it would listen.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("listening on {listen}")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Cause.
        #[source]
        source: io::Error,
    },
}

impl WebError {
    /// The code under which a person finds cause and remedy.
    pub const fn code(&self) -> Code {
        match self {
            Self::Setting { .. } => Code::FlowInvalid,
            Self::Secret { .. } => Code::SecretMissing,
            Self::Unsafe { .. } => Code::WebUnsafe,
            Self::Listen { .. } => Code::WebAddress,
        }
    }
}

/// Listens where the settings say, unless others could then reach it without encryption.
///
/// # Errors
/// [`WebError`].
pub async fn bind(web: &Web) -> Result<TcpListener, WebError> {
    let setting = || WebError::Setting { key: "web.listen", value: web.listen.clone() };
    let listen: SocketAddr = match web.listen.strip_prefix("localhost:") {
        Some(port) => SocketAddr::from(([127, 0, 0, 1], port.parse().map_err(|_| setting())?)),
        None => web.listen.parse().map_err(|_| setting())?,
    };
    check_public_url(&web.public_url)?;
    let encrypted = web.public_url.starts_with("https://");
    if !listen.ip().is_loopback() && !encrypted && !web.insecure {
        return Err(WebError::Unsafe { listen });
    }
    TcpListener::bind(listen).await.map_err(|source| WebError::Listen { listen, source })
}

/// An origin, perhaps with a slash at its end: a path would need every link and cookie to know it.
pub(super) fn check_public_url(url: &str) -> Result<(), WebError> {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = host.map(|host| host.strip_suffix('/').unwrap_or(host));
    let plain = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', ',']);
    if url.is_empty() || host.is_some_and(plain) {
        return Ok(());
    }
    Err(WebError::Setting { key: "web.public_url", value: url.to_owned() })
}

/// Serves until `shutdown`, then ends what is under way, for at most 25 seconds.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    state: State,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = router(state.clone());
    serve_routes(listener, state, routes, shutdown).await
}

/// Serves health and metrics alone, in a process that has no API; wherever it may listen, nothing else is there.
///
/// # Errors
/// Those of the listener.
pub async fn serve_operator(
    listener: TcpListener,
    state: State,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = operator_router(state.clone());
    serve_routes(listener, state, routes, shutdown).await
}

async fn serve_routes(
    listener: TcpListener,
    state: State,
    routes: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let longest = Duration::from_secs(state.settings.web.request_seconds).saturating_add(IDLE);
    let listener = Doorkeeper { listener, places: Arc::new(Semaphore::new(CONNECTIONS)), longest };
    let service = routes.into_make_service_with_connect_info::<PeerAddress>();
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let signal = async move {
        shutdown.await;
        state.drain();
        // Whoever waits for it is gone only if serving ended already.
        let _ = stopping.send(());
    };
    let serving = async move { axum::serve(listener, service).with_graceful_shutdown(signal).await };
    let overdue = async move {
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
        sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served,
        () = overdue => Ok(()),
    }
}

/// The address of a connection's far end.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerAddress(pub SocketAddr);

impl Connected<IncomingStream<'_, Doorkeeper>> for PeerAddress {
    fn connect_info(stream: IncomingStream<'_, Doorkeeper>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// Takes connections while there is a place for one.
pub(super) struct Doorkeeper {
    listener: TcpListener,
    places: Arc<Semaphore>,
    longest: Duration,
}

impl Listener for Doorkeeper {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Nobody closes the semaphore; without a place, the connection would simply not be counted.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers are small and written whole; failing to say so only delays them.
        let _ = stream.set_nodelay(true);
        let patience = Box::pin(sleep(self.longest));
        (Connection { stream, _place: place, patience, longest: self.longest, reading: false }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when it was idle, or a request was under way, for too long. A sender that trickles its
/// request byte by byte gains nothing: the time runs from the first byte.
pub(super) struct Connection {
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
    patience: Pin<Box<Sleep>>,
    longest: Duration,
    /// Whether something was read since the last time something was written.
    reading: bool,
}

impl Connection {
    fn renew(&mut self) {
        let until = Instant::now() + self.longest;
        self.patience.as_mut().reset(until);
    }

    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        ready!(self.patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn written(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if poll.is_pending() {
            return self.wait(context);
        }
        self.reading = false;
        self.renew();
        poll
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_read(context, buffer);
        if poll.is_pending() {
            return this.wait(context);
        }
        if !this.reading {
            this.reading = true;
            this.renew();
        }
        poll
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.written(context, poll)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let poll = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.written(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
