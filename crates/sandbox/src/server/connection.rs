//! Connections that a handler can cut: closed without one more byte, as when a network fails.
//!
//! It knows nothing of HTTP beyond that.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// The switch of one connection, and where the connection comes from.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut {
    cut: Arc<AtomicBool>,
    peer: Option<IpAddr>,
}

impl Cut {
    /// From now on nothing is written any more; what the handler answers next closes the connection instead.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Where the connection comes from.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.peer.map(|peer| peer.to_canonical())
    }

    /// Whether the other end is a program on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.peer().is_some_and(|peer| peer.is_loopback())
    }

    fn check(&self) -> io::Result<()> {
        if self.cut.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

/// A listener whose connections can be cut.
#[derive(Debug)]
pub(super) struct CuttingListener(pub(super) TcpListener);

/// A connection with its switch.
#[derive(Debug)]
pub(super) struct CuttingStream {
    tcp: TcpStream,
    cut: Cut,
}

impl Listener for CuttingListener {
    type Io = CuttingStream;
    type Addr = Cut;

    async fn accept(&mut self) -> (CuttingStream, Cut) {
        let (tcp, peer) = Listener::accept(&mut self.0).await;
        // Small answers go out at once; without it they would wait for the client's acknowledgement.
        let _ = tcp.set_nodelay(true);
        let cut = Cut { peer: Some(peer.ip()), ..Cut::default() };
        (CuttingStream { tcp, cut: cut.clone() }, cut)
    }

    fn local_addr(&self) -> io::Result<Cut> {
        Ok(Cut::default())
    }
}

impl Connected<IncomingStream<'_, CuttingListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttingListener>) -> Self {
        stream.remote_addr().clone()
    }
}

impl AsyncRead for CuttingStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttingStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
