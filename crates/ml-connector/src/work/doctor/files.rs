//! Files: whether others of this machine may read the keys, the secrets and the database, and whether there is room
//! where the database lies. It opens none of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use accounting::Code;

use super::Doctor;
use super::findings::Findings;
use crate::work::master_key::key_beside;
use crate::work::start::place;

const MIB: u64 = 1_024 * 1_024;
/// Less room than this is bad, and less than the other is worth a look.
const TOO_LITTLE: u64 = 256 * MIB;
const LITTLE: u64 = 1_024 * MIB;

pub(super) fn examine(doctor: &Doctor<'_>, findings: &mut Findings) {
    let settings = doctor.settings;
    let keys = std::iter::once(&settings.secrets.master_key).chain(&settings.secrets.other_master_keys);
    let mut private: Vec<(String, PathBuf)> = keys
        .filter_map(|reference| Some(("a master key".to_owned(), reference.strip_prefix("file:")?.into())))
        .collect();
    if !settings.metrics.token_file.is_empty() {
        private.push(("the token of the metrics".to_owned(), settings.metrics.token_file.clone().into()));
    }
    let mut folder = PathBuf::from(".");
    if let Some(database) = place(settings).ok().as_ref().and_then(|place| place.file().map(Path::to_owned)) {
        for ending in ["", "-wal", ".installation"] {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            private.push(("the database".to_owned(), name.into()));
        }
        let beside = place(settings).ok().as_ref().and_then(key_beside);
        private.extend(beside.map(|path| ("a master key".to_owned(), path)));
        folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        room(&folder, findings);
    }
    if let Some(path) = doctor.settings_file {
        // A password may stand in the database's address.
        if settings.database.url.contains("://") {
            private.push(("the settings".to_owned(), path.to_owned()));
        } else {
            writable(path, findings);
        }
    }
    let mut closed = 0;
    for (what, path) in private {
        match open_to(&path) {
            None => {}
            Some("") => closed += 1,
            Some(whom) => {
                let detail = format!("{} ({what}) is open to {whom}", path.display());
                findings.look("files", "rights", detail, Code::FileOpenToOthers);
            }
        }
    }
    findings.good("files", "rights", format!("{closed} files are closed to others"));
    anchor(doctor, &folder, findings);
}

/// To whom a file is open beside its owner; `None` where there is no such file.
fn open_to(path: &Path) -> Option<&'static str> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    Some(match (mode & 0o070, mode & 0o007) {
        (0, 0) => "",
        (_, 0) => "its group",
        _ => "everybody",
    })
}

/// Whether others may change the settings, and so where credentials go.
fn writable(path: &Path, findings: &mut Findings) {
    let mode = std::fs::metadata(path).map(|data| data.permissions().mode()).unwrap_or(0);
    if mode & 0o002 != 0 {
        let detail = format!("{} (the settings) can be changed by everybody", path.display());
        findings.bad("files", "rights", detail, Code::FileOpenToOthers);
    }
}

/// An anchor on the database's own disk falls with it.
fn anchor(doctor: &Doctor<'_>, folder: &Path, findings: &mut Findings) {
    use std::os::unix::fs::MetadataExt as _;
    let file = &doctor.settings.audit.anchor_file;
    if file.is_empty() {
        findings.unknown("audit", "anchor", "none is kept; audit.anchor_file names where to");
        return;
    }
    let device = |path: &Path| std::fs::metadata(path).map(|data| data.dev()).ok();
    match std::fs::metadata(file) {
        Err(error) => findings.bad("audit", "anchor", format!("{file}: {error}"), Code::AnchorUnwritten),
        Ok(_) if device(Path::new(file)) == device(folder) => {
            let detail = format!("{file} lies on the database's own disk");
            findings.look("audit", "anchor", detail, Code::AnchorUnwritten);
        }
        Ok(_) => findings.good("audit", "anchor", file.clone()),
    }
}

fn room(folder: &Path, findings: &mut Findings) {
    let Some(free) = free_bytes(folder) else {
        findings.unknown("files", "room on the disk", "df cannot tell");
        return;
    };
    let detail = format!("{} MiB are free at {}", free / MIB, folder.display());
    match free {
        free if free < TOO_LITTLE => findings.bad("files", "room on the disk", detail, Code::DiskAlmostFull),
        free if free < LITTLE => findings.look("files", "room on the disk", detail, Code::DiskAlmostFull),
        _ => findings.good("files", "room on the disk", detail),
    }
}

/// As the system's own tool tells it, in the form that POSIX lays down.
fn free_bytes(folder: &Path) -> Option<u64> {
    let output = std::process::Command::new("df").arg("-Pk").arg(folder).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kib = text.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok()?;
    Some(kib.saturating_mul(1_024))
}
