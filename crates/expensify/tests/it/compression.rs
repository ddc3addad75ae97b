//! Compressed replies are read, and limits count what they unfold to.

use expensify::Error;

use crate::refusals::query;
use crate::server::{Answer, Server};

const GZIP: &str = "content-encoding: gzip\r\n";
const GZIP_HEADER: [u8; 10] = [31, 139, 8, 0, 0, 0, 0, 0, 2, 255];

/// `export1.json`, compressed.
const NAME: [u8; 32] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 173, 40, 200, 47, 42, 49, 212, 203, 42, 206, 207, 3, 0, 205, 120, 144, 247,
    12, 0, 0, 0,
];

/// A gzip body that unfolds to 258 times `repeats` zeros: one literal, then "258 bytes, from 1 back" in 13 bits each.
fn bomb(repeats: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false]; // last block, fixed codes
    bits.extend([false, false, true, true, false, false, false, false]); // literal 0
    for _ in 0..repeats {
        bits.extend([true, true, false, false, false, true, false, true]); // length 258
        bits.extend([false; 5]); // distance 1
    }
    let byte = |bits: &[bool]| bits.iter().rev().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit));
    GZIP_HEADER.into_iter().chain(bits.chunks(8).map(byte)).collect()
}

#[tokio::test]
async fn gzip_is_read_and_bounded_by_what_it_unfolds_to() {
    let body = bomb(40_000);
    assert!(body.len() < 70_000, "10 MB in {}", body.len());
    let server = Server::start(vec![Answer::Http(200, GZIP, NAME.to_vec()), Answer::Http(200, GZIP, body)]).await;
    let client = server.client_with(|config| config.max_reply_bytes = 1_000_000);
    assert_eq!(client.export_reports(&query()).await.unwrap().name(), "export1.json");
    let error = client.export_reports(&query()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit_bytes: 1_000_000, .. }), "{error:?}");
    assert!(server.requests()[0].head.contains("accept-encoding: gzip"));
}
