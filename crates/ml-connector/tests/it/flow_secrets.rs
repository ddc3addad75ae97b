//! Reading what a document refers to: from the environment and from files, and never shown.

use std::ffi::OsString;

use accounting::problem::Code;
use ml_connector::flow::{Identifier, SecretError, SecretRef};
use secrecy::ExposeSecret as _;

fn variable(name: &str) -> Option<OsString> {
    match name {
        "GOOD" => Some(" s3cret\n".into()),
        "BLANK" => Some(" ".into()),
        _ => None,
    }
}

#[test]
fn a_variable_is_read_as_it_is() {
    let secret = SecretRef::Env("GOOD".to_owned()).read_with(variable).unwrap();
    assert_eq!(secret.expose_secret(), " s3cret\n");
    assert!(!format!("{secret:?}").contains("s3cret"));
    let id = Identifier::Reference(SecretRef::Env("GOOD".to_owned()));
    assert_eq!(id.read_with(variable).unwrap(), "s3cret");
    assert_eq!(Identifier::Literal("acme".to_owned()).read_with(variable).unwrap(), "acme");
}

#[test]
fn the_environment_of_the_process_is_used() {
    // Cargo sets this one for every test.
    let name = SecretRef::Env("CARGO_PKG_NAME".to_owned()).read().unwrap();
    assert_eq!(name.expose_secret(), "ml-connector");
}

#[test]
fn a_missing_or_blank_variable_is_named() {
    for (name, message) in [("ABSENT", "the environment variable ABSENT is not set"), ("BLANK", "env:BLANK is empty")] {
        let error = SecretRef::Env(name.to_owned()).read_with(variable).expect_err(name);
        assert_eq!((error.to_string().as_str(), error.code()), (message, Code::SecretMissing));
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_not_repeated() {
    use std::os::unix::ffi::OsStringExt as _;
    let odd = |_: &str| Some(OsString::from_vec(b"s3cret\xFF".to_vec()));
    let error = SecretRef::Env("ODD".to_owned()).read_with(odd).expect_err("no UTF-8");
    assert!(matches!(error, SecretError::NotText(_)));
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[test]
fn a_file_loses_one_line_break_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let reference = SecretRef::File(path.clone());
    for (written, read) in [("a b", "a b"), ("ab\n", "ab"), ("ab\r\n", "ab"), ("ab\n\n", "ab\n"), (" ab", " ab")] {
        std::fs::write(&path, written).unwrap();
        assert_eq!(reference.read().unwrap().expose_secret(), read, "{written:?}");
    }
}

#[test]
fn a_file_without_a_secret_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    let reference = SecretRef::File(path.clone());
    let message = |reference: &SecretRef| reference.read().expect_err("no secret").to_string();
    let error = reference.read().expect_err("absent");
    assert_eq!(error.to_string(), format!("reading the secret from {reference}"));
    assert!(std::error::Error::source(&error).is_some());
    std::fs::write(&path, "\n").unwrap();
    assert_eq!(message(&reference), format!("{reference} is empty"));
    std::fs::write(&path, [0xFF]).unwrap();
    assert_eq!(message(&reference), format!("{reference} is not UTF-8 text"));
    std::fs::write(&path, vec![b'x'; 64 * 1024 + 1]).unwrap();
    assert_eq!(message(&reference), format!("{reference} is longer than 64 KiB"));
}

#[test]
fn a_sealed_secret_is_left_to_the_store() {
    let error = SecretRef::Sealed("destination.intacct.user_password".to_owned()).read().expect_err("sealed");
    assert!(matches!(error, SecretError::Sealed(name) if name == "destination.intacct.user_password"));
}
