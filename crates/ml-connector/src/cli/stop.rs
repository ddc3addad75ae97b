//! The two ways in which a process is told to stop: by whoever started it at a terminal, and by the system.

use tokio::signal::unix::{SignalKind, signal};

/// Ends when the process is told to stop.
pub async fn stop() {
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(interrupted.await),
    }
}
