//! Steps of the schema, shown and applied; a newer schema is refused with words.

use sqlx::ConnectOptions as _;

use crate::program::{bare, err, json as shown, out};

#[tokio::test]
async fn steps_are_shown_and_applied_and_a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    let database = format!("sqlite:{}", path.display());
    let migrate = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["migrate", "--database", &database].into_iter().chain(arguments.iter().copied()).collect();
        bare(&all).output()
    };
    let dry = migrate(&["--dry-run", "--json"]);
    assert_eq!(dry.status.code(), Some(3));
    let steps = shown(&dry);
    assert_eq!((&steps["found"], &steps["applied"]), (&0.into(), &false.into()));
    assert!(steps["steps"].as_array().unwrap().len() >= 5 && !path.exists(), "a dry run makes nothing");
    let applied = migrate(&[]);
    assert!(applied.status.success() && out(&applied).contains("applied   1  0001_start.sql"), "{applied:?}");
    let none = migrate(&["--dry-run"]);
    assert!(none.status.success() && out(&none).contains("nothing is to be done"), "{none:?}");

    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::query("INSERT INTO schema_versions VALUES (9999, 0)").execute(&mut connection).await.unwrap();
    drop(connection);
    for arguments in [&["--dry-run"][..], &[]] {
        let newer = migrate(arguments);
        assert_eq!(newer.status.code(), Some(1));
        assert!(err(&newer).contains("MLC-405") && err(&newer).contains("9999"), "{newer:?}");
    }
}
