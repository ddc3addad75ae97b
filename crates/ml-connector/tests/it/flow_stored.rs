//! What is stored of a flow document: complete in itself, and told apart by its hash.

use ml_connector::flow::Flow;

use crate::flow::{flows, load};

#[test]
fn the_stored_document_is_complete_and_reads_the_same() {
    for name in ["given.toml", "minimal.toml", "everything.toml"] {
        let flow = load(name);
        let again =
            Flow::parse(&flow.document, name, None).unwrap_or_else(|error| panic!("{error}\n{}", flow.document));
        assert_eq!(again, flow, "{name}");
    }
    let flow = load("everything.toml");
    assert!(flow.document.contains("[categories]\n\"Lodging\" = \"6400\"\n\"Gifts: Clients, \\\"Partners\\\""));
    assert_eq!(load("given.toml").document, std::fs::read_to_string(flows().join("given.toml")).unwrap());
}

#[test]
fn a_file_of_categories_may_stand_in_an_inline_table() {
    let text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    let text = format!("categories = {{ \"file\" = 'categories.csv', Train = \"6415\" }}\n{text}");
    let flow = Flow::parse(&text, "x.toml", Some(&flows())).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(flow.mapping.accounts.categories.len(), 3);
    let again = Flow::parse(&flow.document, "x.toml", None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.mapping, flow.mapping);
    assert!(!flow.document.contains("categories.csv"));
}

#[test]
fn the_hash_tells_documents_apart_also_by_the_file_of_categories() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    std::fs::write(folder.path().join("flow.toml"), format!("{text}\n[categories]\nfile = \"c.csv\"\n")).unwrap();
    let hash_with = |account: &str| {
        std::fs::write(folder.path().join("c.csv"), format!("category,account\r\nTrain,{account}\r\n")).unwrap();
        Flow::load(&folder.path().join("flow.toml")).unwrap_or_else(|error| panic!("{error}")).sha256
    };
    assert_eq!(hash_with("6415"), hash_with("6415"));
    assert_ne!(hash_with("6415"), hash_with("6416"));
}
