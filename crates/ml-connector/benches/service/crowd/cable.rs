//! A way to a server that can be cut: what is on it then stays where it is, nothing is refused and nothing closed, as
//! with a switch that has lost its power. It carries bytes and understands none of them.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

/// Where a cable leads.
#[derive(Clone)]
pub enum Target {
    Socket(PathBuf),
    Address(SocketAddr),
}

/// A cable, gone with this value.
pub struct Cable {
    pub address: SocketAddr,
    cut: watch::Sender<bool>,
}

impl Cable {
    /// Lays one between a listener and a server, carried by a thread of its own: whoever cuts it may be busy.
    pub fn lay(listener: TcpListener, to: Target) -> Self {
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let (cut, whole) = watch::channel(false);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(carry(listener, to, whole));
        });
        Self { address, cut }
    }

    /// One on this machine alone.
    pub fn local(to: Target) -> Self {
        Self::lay(TcpListener::bind("127.0.0.1:0").unwrap(), to)
    }

    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    pub fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn carry(listener: TcpListener, to: Target, mut whole: watch::Receiver<bool>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(tokio::spawn(join(client, to.clone(), whole.clone()))),
                Err(_) => return,
            },
            changed = whole.changed() => if changed.is_err() { return },
        }
    }
}

async fn join(client: TcpStream, to: Target, mut whole: watch::Receiver<bool>) {
    if whole.wait_for(|cut| !cut).await.is_err() {
        return;
    }
    let (from_client, to_client) = client.into_split();
    // A server that is not there any more refuses by closing.
    match to {
        Target::Socket(path) => {
            let Ok(server) = UnixStream::connect(path).await else { return };
            let (from_server, to_server) = server.into_split();
            tokio::join!(pass(from_client, to_server, whole.clone()), pass(from_server, to_client, whole));
        }
        Target::Address(address) => {
            let Ok(server) = TcpStream::connect(address).await else { return };
            let (from_server, to_server) = server.into_split();
            tokio::join!(pass(from_client, to_server, whole.clone()), pass(from_server, to_client, whole));
        }
    }
}

/// One direction, to its end; the other end hears of that only over a whole cable.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut whole: watch::Receiver<bool>) {
    let mut bytes = vec![0; 65_536];
    loop {
        let count = from.read(&mut bytes).await.unwrap_or(0);
        if whole.wait_for(|cut| !cut).await.is_err() || count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
