//! The recipes under `deploy` and the page for operators: scripts parse, the package holds what it must, and every name
//! of a metric and of a setting that the page mentions exists.

use std::path::{Path, PathBuf};
use std::process::Command;

use ml_connector::settings::Settings;

use crate::program::bare;
use crate::stories::proxy::client;
use crate::web::site::Site;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/operate.md")).unwrap()
}

#[test]
fn the_scripts_parse() {
    for script in ["deploy/build-deb.sh", "deploy/debian/postinst", "deploy/debian/prerm", "deploy/debian/postrm"] {
        let checked = Command::new("bash").arg("-n").arg(root().join(script)).output().unwrap();
        assert!(checked.status.success(), "{script}: {checked:?}");
    }
}

#[test]
fn the_package_holds_the_program_its_units_its_settings_and_its_pages() {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        println!("dpkg-deb is not here: no package is made");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let built = Command::new("bash")
        .arg(root().join("deploy/build-deb.sh"))
        .args(["--binary", "/bin/true", "--out"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    let package = String::from_utf8(built.stdout).unwrap();
    let listed = Command::new("dpkg-deb").args(["-c", package.trim()]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for file in [
        "-rwxr-xr-x root/root",
        " ./usr/bin/ml-connector\n",
        " ./usr/lib/systemd/system/ml-connector.service\n",
        " ./usr/lib/systemd/system/ml-connector-worker.service\n",
        " ./etc/ml-connector/ml-connector.toml\n",
        " ./usr/share/doc/ml-connector/operate.md\n",
    ] {
        assert!(listed.contains(file), "{file} is not in {listed}");
    }
    let control = Command::new("dpkg-deb").args(["-f", package.trim()]).output().unwrap();
    let control = String::from_utf8(control.stdout).unwrap();
    assert!(control.contains(&format!("Version: {}\n", env!("CARGO_PKG_VERSION"))), "{control}");
    assert!(control.contains("libc6 (>= "), "{control}");
}

#[test]
fn the_settings_of_the_package_are_settings() {
    Settings::load(Some(&root().join("deploy/debian/ml-connector.toml")), &[]).unwrap();
}

#[test]
fn the_units_start_what_there_is() {
    for (unit, command) in [("ml-connector.service", "serve"), ("ml-connector-worker.service", "worker")] {
        let text = std::fs::read_to_string(root().join("deploy").join(unit)).unwrap();
        let start = text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/ml-connector ")).unwrap();
        assert!(start.starts_with(command), "{start}");
        let arguments: Vec<&str> = start.split(' ').filter(|argument| !argument.contains("/etc/")).collect();
        let arguments: Vec<&str> = arguments.into_iter().filter(|argument| *argument != "--config").collect();
        let help = bare(&[arguments.as_slice(), &["--help"]].concat()).output();
        assert!(help.status.success(), "{help:?}");
        assert!(text.contains("TimeoutStopSec=35\n") && text.contains("\nNoNewPrivileges=true\n"), "{unit}");
    }
}

#[tokio::test]
async fn every_metric_of_the_page_exists_and_every_one_that_exists_is_on_it() {
    let site = Site::with(&["expensify.outgoing_address=office"]).await;
    site.state.figures.turned(site.now_ms());
    site.state.figures.anchored(site.now_ms());
    let shown = client().get(format!("{}/metrics", site.origin)).send().await.unwrap().text().await.unwrap();
    let families: Vec<&str> =
        shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(families.len() > 25, "{families:?}");
    let page = page();
    let named = page.match_indices("ml_connector_").filter_map(|(at, _)| {
        let name: String = page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        (name.len() > "ml_connector_".len()).then_some(name)
    });
    for name in named {
        let family = name.trim_end_matches("_bucket");
        assert!(families.contains(&family), "docs/operate.md names {name}, which /metrics does not have");
    }
    for family in families {
        assert!(page.contains(family), "docs/operate.md does not name {family}");
    }
}

#[test]
fn every_setting_of_the_page_exists() {
    let defaults: toml::Table = ml_connector::settings::DEFAULTS.parse().unwrap();
    let page = page();
    let mut seen = 0;
    for piece in page.split('`').skip(1).step_by(2) {
        let piece = piece.split(['=', ' ']).next().unwrap();
        let Some((section, key)) = piece.split_once('.') else { continue };
        if let Some(section) = defaults.get(section).and_then(toml::Value::as_table) {
            assert!(section.contains_key(key), "docs/operate.md names {piece}, which is no setting");
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} settings were found");
}

#[test]
fn health_asks_whoever_listens() {
    let nobody = bare(&["health", "--at", "127.0.0.1:1"]).output();
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn health_of_a_service() {
    let site = Site::start().await;
    let at = site.origin.strip_prefix("http://").unwrap().to_owned();
    let ask = |at: String| async move {
        tokio::task::spawn_blocking(move || bare(&["health", "--at", &at]).output()).await.unwrap()
    };
    assert_eq!(ask(at.clone()).await.stdout, b"up\n");
    site.state.drain();
    let draining = ask(at).await;
    assert_eq!((draining.status.code(), draining.stdout.as_slice()), (Some(1), b"down\n".as_slice()));
}
