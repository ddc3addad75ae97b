//! Forgers who know the format: the hash is computed here a second time, from its description alone, so that a chain
//! can be edited and hashed anew. What still gives them away is the link to the next entry, and the numbers.

use data_encoding::HEXLOWER;
use ml_connector::store::{AuditFilter, StoreError, verify_export};
use sha2::{Digest, Sha256};

use super::facts::{NOW_MS, event, world};

type Line = serde_json::Map<String, serde_json::Value>;

async fn export(entries: usize) -> Vec<Line> {
    let world = world().await;
    let events = (2..entries).map(|index| event("test.step", &format!("thing {index}"))).collect();
    world.customer.begin().await.unwrap().commit(NOW_MS, events).await.unwrap();
    let mut export = Vec::new();
    world.customer.export_audit(&mut export).await.unwrap();
    let stored = world.customer.list_audit(&AuditFilter::default(), 0, 1_000).await.unwrap();
    let lines: Vec<Line> =
        String::from_utf8(export).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().zip(&stored).all(|(line, entry)| line["hash"] == *entry.hash));
    lines
}

/// As the description has it: each field after its length.
fn hash(line: &Line) -> String {
    let text = |name: &str| line[name].as_str().unwrap().as_bytes().to_vec();
    let number = |name: &str| line[name].as_i64().unwrap().to_be_bytes().to_vec();
    let fields = [
        b"mlc-audit-1".to_vec(),
        text("customer"),
        number("seq"),
        number("at_ms"),
        text("actor"),
        text("action"),
        text("subject"),
        text("detail"),
        HEXLOWER.decode(&text("prev_hash")).unwrap(),
    ];
    let mut hasher = Sha256::new();
    for field in fields {
        hasher.update(u64::try_from(field.len()).unwrap().to_be_bytes());
        hasher.update(field);
    }
    HEXLOWER.encode(&hasher.finalize())
}

fn broken_at(lines: &[Line]) -> Option<i64> {
    let text: Vec<String> = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    match verify_export(text.join("\n").as_bytes()) {
        Ok(_) => None,
        Err(StoreError::AuditBroken { seq, .. }) => Some(seq),
        Err(other) => panic!("{other}"),
    }
}

/// Hashes every entry from `index` on anew, each linked to the one before it.
fn chain_anew(lines: &mut [Line], index: usize) {
    for position in index..lines.len() {
        if position > 0 {
            lines[position]["prev_hash"] = lines[position - 1]["hash"].clone();
        }
        lines[position]["hash"] = hash(&lines[position]).into();
    }
}

#[tokio::test]
async fn the_description_of_the_hash_is_true() {
    let lines = export(5).await;
    assert_eq!(broken_at(&lines), None);
    assert!(lines.iter().all(|line| line["hash"] == hash(line)));
    assert_eq!(lines[0]["prev_hash"], "0".repeat(64));
}

#[tokio::test]
async fn an_entry_hashed_anew_does_not_link_to_the_next() {
    let mut lines = export(20).await;
    lines[9]["actor"] = "somebody".into();
    lines[9]["hash"] = hash(&lines[9]).into();
    assert_eq!(broken_at(&lines), Some(11));
}

#[tokio::test]
async fn a_chain_made_anew_shows_its_gap() {
    let mut lines = export(20).await;
    lines.remove(9);
    chain_anew(&mut lines, 9);
    assert_eq!(broken_at(&lines), Some(10));
    let mut lines = export(20).await;
    lines.remove(0);
    lines[0]["prev_hash"] = "0".repeat(64).into();
    chain_anew(&mut lines, 0);
    assert_eq!(broken_at(&lines), Some(1));
}

#[tokio::test]
async fn entries_of_another_customer_do_not_fit() {
    let mut lines = export(5).await;
    lines[3]["customer"] = "cus_00000000000000000000000000".into();
    chain_anew(&mut lines, 3);
    assert_eq!(broken_at(&lines), Some(4));
}
