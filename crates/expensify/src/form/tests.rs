//! Form encoding.

use super::encode;

#[test]
fn everything_a_server_could_misread_is_escaped() {
    let body = encode(&[("a", "x&y=z +%\"{}"), ("b", "é\n~"), ("c", "")]);
    assert_eq!(std::str::from_utf8(&body).unwrap(), "a=x%26y%3Dz+%2B%25%22%7B%7D&b=%C3%A9%0A%7E&c=");
    assert!(body.capacity() >= body.len() && encode(&[]).is_empty());
}
