//! A network that swallows everything between us and the server: no refusal, no reset, nothing. It is found out within
//! a bound, and work goes on by itself when the network is there again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use accounting::problem::Code;
use ml_connector::store::{Access, Ids, Place, Store};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};

use super::facts::{NOW_MS, reports, world_in};
use crate::databases::{self, ROLE};

/// A way to the server's socket that can be cut. Gives its port.
async fn cable(socket: std::path::PathBuf, cut: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(&socket).await.unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(pass(from_client, to_server, cut.clone()));
            tokio::spawn(pass(from_server, to_client, cut.clone()));
        }
    });
    port
}

/// While the cable is cut, what comes is lost and nothing is closed.
async fn pass(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    cut: Arc<AtomicBool>,
) {
    let mut bytes = vec![0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !cut.load(Ordering::SeqCst) && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_silent_network_is_found_out_and_work_goes_on_after_it() {
    let Some(database) = databases::postgres().await else { return };
    let socket = databases::server().await.unwrap().home.join(".s.PGSQL.5432");
    let cut = Arc::new(AtomicBool::new(false));
    let port = cable(socket, cut.clone()).await;
    let url = format!("postgres://{ROLE}@127.0.0.1:{port}/{}?sslmode=disable", database.name());
    let store = Store::open(Place::parse(&url, 2).unwrap(), Access::Write, None, Ids::system(), NOW_MS).await.unwrap();
    let world = world_in(store).await;
    let tx = world.customer.begin().await.unwrap();
    drop(tx);

    cut.store(true, Ordering::SeqCst);
    let began = Instant::now();
    // More often than there are connections: none of them is waited for twice.
    let (read, written, again) = tokio::join!(world.customer.flows(), world.customer.begin(), world.customer.flows());
    for error in [read.err().unwrap(), written.err().unwrap(), again.err().unwrap()] {
        assert_eq!(error.code(), Some(Code::DatabaseAway), "{error:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(40), "it took {:?}", began.elapsed());

    cut.store(false, Ordering::SeqCst);
    assert_eq!(world.customer.flows().await.unwrap().len(), 1);
    world.put(&reports(0..3), NOW_MS).await;
    assert_eq!(world.customer.verify_audit(true).await.unwrap().entries, 3);
}
