//! What third-party clients send for JSON, and what is not JSON by any reading.

use super::parse;
use serde_json::json;

#[test]
fn forgives_what_known_clients_send() {
    let cases = [
        (r#"{"type":"file","n":12,"x":null,"b":true}"#, json!({"type":"file","n":12,"x":null,"b":true})),
        (
            "{'type': 'get', 'adminOnly': True, 'x': False, 'y': None}",
            json!({"type":"get","adminOnly":true,"x":false,"y":null}),
        ),
        ("{\"a\":[1,2,],\"b\":{\"c\":\"d\",},}", json!({"a":[1,2],"b":{"c":"d"}})),
        ("{type:file, limit:'10'}", json!({"type":"file","limit":"10"})),
        ("  {}\n", json!({})),
        (r#"{"a":"\u00e9\ud83c\udf63\n\/\"'"}"#, json!({"a":"é🍣\n/\"'"})),
        ("{'it': 'd\\'accord'}", json!({"it":"d'accord"})),
        ("{\"a\":\"line\nbreak\"}", json!({"a":"line\nbreak"})),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_what_is_not_json_at_all() {
    for text in
        ["", "{", "{\"a\"", "{\"a\":}", "{\"a\":1 \"b\":2}", "{} x", "[1", "{\"a\":\"b", "{\"a\":\"\\u12\"}", "<html>"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse(&"[".repeat(100_000)).is_err(), "depth is bounded");
}
