//! Sealed secrets and the master key.

use accounting::problem::Code;
use ml_connector::store::{Access, Ids, MasterKey, Store, StoreError};
use secrecy::ExposeSecret;

use super::facts::{NOW_MS, World, event, world_in};
use crate::both;
use crate::databases::TestDatabase;

both!(
    a_secret_opens_again_in_its_newest_version,
    a_sealed_text_moved_elsewhere_does_not_open,
    the_wrong_key_is_refused_and_a_missing_one_opens_nothing,
    another_master_key_takes_over_all_data_keys,
    a_customer_made_before_the_key_gets_a_data_key_with_the_first_secret,
);

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const CANARY: &str = "canary-7f3a-password";

fn key(text: &str) -> Option<MasterKey> {
    Some(MasterKey::parse(text).unwrap())
}

async fn open(path: &std::path::Path, key: Option<MasterKey>) -> Result<Store, StoreError> {
    Store::open(path, Access::Write, key, Ids::system(), NOW_MS).await
}

async fn seal(world: &World, name: &str, value: &str) -> i64 {
    let mut tx = world.customer.begin().await.unwrap();
    let version = tx.seal_secret(name, &value.to_owned().into(), "test", NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("secret.sealed", name)]).await.unwrap();
    version
}

async fn a_secret_opens_again_in_its_newest_version(database: TestDatabase) {
    let world = world_in(database.open(Access::Write, key(KEY)).await.unwrap()).await;
    assert_eq!(seal(&world, "user_password", "first").await, 1);
    assert_eq!(seal(&world, "user_password", CANARY).await, 2);
    assert_eq!(world.customer.open_secret("user_password").await.unwrap().expose_secret(), CANARY);

    let shown = world.customer.secrets().await.unwrap();
    assert_eq!(shown.len(), 2);
    assert_ne!(shown[0].fingerprint, shown[1].fingerprint);
    assert!(!format!("{shown:?}").contains(CANARY));

    let mut tx = world.customer.begin().await.unwrap();
    tx.erase_older_secrets("user_password", 2).await.unwrap();
    tx.commit(NOW_MS, vec![event("secret.erased", "user_password")]).await.unwrap();
    assert_eq!(world.customer.secrets().await.unwrap().len(), 1);
    assert_eq!(world.customer.open_secret("user_password").await.unwrap().expose_secret(), CANARY);

    let missing = world.customer.open_secret("no such").await.err().unwrap();
    assert!(matches!(missing, StoreError::SecretMissing { .. }));
}

#[tokio::test]
async fn no_plain_text_reaches_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sealed.db");
    let world = world_in(open(&path, key(KEY)).await.unwrap()).await;
    seal(&world, "user_password", CANARY).await;
    world.store.clone().close().await;
    drop(world);
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.windows(13).any(|window| window == b"user_password"), "the name is there");
    assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
}

async fn a_sealed_text_moved_elsewhere_does_not_open(database: TestDatabase) {
    let world = world_in(database.open(Access::Write, key(KEY)).await.unwrap()).await;
    let other = world.store.create_customer("other", "test", NOW_MS).await.unwrap();
    seal(&world, "user_password", CANARY).await;
    seal(&world, "sender_password", "another").await;
    let mut tx = other.begin().await.unwrap();
    tx.seal_secret("user_password", &"theirs".to_owned().into(), "test", NOW_MS).await.unwrap();
    tx.commit(NOW_MS, vec![event("secret.sealed", "user_password")]).await.unwrap();

    let from = world.customer.id();
    for (target, name) in [(other.id(), "user_password"), (world.customer.id(), "sender_password")] {
        let moving = format!(
            "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE customer_id = '{from}' \
             AND name = 'user_password') WHERE customer_id = '{target}' AND name = '{name}' RETURNING name"
        );
        assert_eq!(database.by_hand(moving).await.unwrap(), [name]);
    }
    for (customer, name) in [(&other, "user_password"), (&world.customer, "sender_password")] {
        let error = customer.open_secret(name).await.err().unwrap();
        assert!(matches!(error, StoreError::SecretDamaged { .. }), "{error}");
        assert_eq!(error.code(), Some(Code::SecretMissing));
    }
    assert_eq!(world.customer.open_secret("user_password").await.unwrap().expose_secret(), CANARY);

    // Nor does it open with the whole data key moved along with it.
    let steal = format!(
        "UPDATE customers SET wrapped_key = (SELECT wrapped_key FROM customers WHERE id = '{from}') WHERE id = '{}'",
        other.id()
    );
    database.by_hand(steal).await.unwrap();
    let error = other.open_secret("user_password").await.err().unwrap();
    assert!(matches!(error, StoreError::MasterKeyWrong { .. }), "{error}");
}

async fn the_wrong_key_is_refused_and_a_missing_one_opens_nothing(database: TestDatabase) {
    let world = world_in(database.open(Access::Write, key(KEY)).await.unwrap()).await;
    seal(&world, "user_password", CANARY).await;
    world.store.clone().close().await;
    drop(world);

    let wrong = database.open(Access::Write, key(OTHER)).await.err().unwrap();
    assert!(matches!(wrong, StoreError::MasterKeyWrong { .. }), "{wrong}");
    assert_eq!(wrong.code(), Some(Code::MasterKeyMissing));

    let store = database.open(Access::Write, None).await.unwrap();
    assert!(matches!(store.require_master_key().await, Err(StoreError::MasterKeyMissing)));
    let customer = store.customer_named("default").await.unwrap().unwrap();
    let missing = customer.open_secret("user_password").await.err().unwrap();
    assert!(matches!(missing, StoreError::MasterKeyMissing));
    let mut tx = customer.begin().await.unwrap();
    let refused = tx.seal_secret("user_password", &"plain".to_owned().into(), "test", NOW_MS).await;
    assert!(matches!(refused, Err(StoreError::MasterKeyMissing)));
}

async fn another_master_key_takes_over_all_data_keys(database: TestDatabase) {
    let world = world_in(database.open(Access::Write, key(KEY)).await.unwrap()).await;
    world.store.require_master_key().await.unwrap();
    world.store.create_customer("other", "test", NOW_MS).await.unwrap();
    seal(&world, "user_password", CANARY).await;
    world.store.rewrap(&MasterKey::parse(OTHER).unwrap(), "test", NOW_MS).await.unwrap();
    world.store.clone().close().await;
    drop(world);
    assert!(database.open(Access::Write, key(KEY)).await.is_err());
    let store = database.open(Access::Write, key(OTHER)).await.unwrap();
    let customer = store.customer_named("default").await.unwrap().unwrap();
    assert_eq!(customer.open_secret("user_password").await.unwrap().expose_secret(), CANARY);
}

async fn a_customer_made_before_the_key_gets_a_data_key_with_the_first_secret(database: TestDatabase) {
    world_in(database.store().await).await.store.close().await;
    let world = world_in(database.open(Access::Write, key(KEY)).await.unwrap()).await;
    seal(&world, "user_password", CANARY).await;
    assert_eq!(world.customer.open_secret("user_password").await.unwrap().expose_secret(), CANARY);
}

#[test]
fn a_master_key_is_read_in_its_two_forms_and_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let bytes: Vec<u8> = (0..32).collect();
    let text = MasterKey::read(&file("text", format!("{KEY}\n").as_bytes())).unwrap();
    let raw = MasterKey::read(&file("raw", &bytes)).unwrap();
    assert_eq!(text.to_text().expose_secret(), KEY);
    assert_eq!(raw.to_text().expose_secret(), KEY);
    assert_eq!(format!("{raw:?}"), "MasterKey(***)");
    for (name, content) in [("short", "abcd"), ("letters", "not a key"), ("long", &format!("{KEY}{KEY}"))] {
        let error = MasterKey::read(&file(name, content.as_bytes())).err().unwrap();
        assert!(!error.to_string().contains(content), "{error}");
    }
    assert!(MasterKey::read(&directory.path().join("none")).is_err());
    assert_ne!(
        MasterKey::generate().unwrap().to_text().expose_secret(),
        MasterKey::generate().unwrap().to_text().expose_secret()
    );
}
