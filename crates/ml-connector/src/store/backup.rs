//! Copies of a database file, and putting one back. A copy is made while the service runs, holds everything but the
//! master key, and is checked before it counts. A copy that is put back is marked, so that the next start knows it for
//! what it is and nothing is posted before the ledger was read. A server's database has tools of its own.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::place::{Kind, Place};
use super::{Access, Ids, Store, schema, sqlite};

/// What stands in the file of the installation after a restore: no incarnation ever looks like it.
const MARK: &str = "restored from a backup\n";
/// A database is more than one file while it is open, or after its process died.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// A copy that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its size, in bytes.
    pub bytes: u64,
    /// Its schema.
    pub schema: i64,
    /// Audit chains that were verified from its start, and entries of those chains; `None` where an older
    /// program wrote the database, whose chains only that program reads.
    pub audit: Option<(u64, u64)>,
}

/// Copies a database file to `to`, which must not exist. Others may write it meanwhile: the copy holds what was
/// committed when it began.
///
/// # Errors
/// [`StoreError::OfServer`] for a server, [`StoreError::InTheWay`], [`StoreError::SchemaNewer`],
/// [`StoreError::CopyWrong`] where the copy does not pass its check; it is then removed.
pub async fn back_up(from: &Place, to: &Path, at_ms: i64) -> Result<Checked, StoreError> {
    let path = file_of(from)?;
    let state = from.schema().await?;
    if state.found > state.known {
        return Err(StoreError::SchemaNewer { found: state.found, known: state.known });
    }
    if to.exists() {
        return Err(StoreError::InTheWay { path: to.to_owned() });
    }
    let partial = sqlite::beside(to, "partial");
    create(&partial)?;
    let checked = async {
        sqlite::copy(path, &partial).await?;
        sync(&partial)?;
        check_copy(&partial, at_ms).await
    };
    match checked.await {
        Ok(checked) => {
            rename(&partial, to)?;
            Ok(checked)
        }
        Err(error) => {
            let _ = std::fs::remove_file(&partial);
            Err(error)
        }
    }
}

/// Checks a copy: that it opens, that every page and reference is whole, and that every audit chain holds together.
///
/// # Errors
/// [`StoreError::CopyWrong`] with what was found, [`StoreError::SchemaNewer`].
pub async fn check_copy(path: &Path, at_ms: i64) -> Result<Checked, StoreError> {
    let wrong = |source: StoreError| StoreError::CopyWrong { path: path.to_owned(), source: Box::new(source) };
    let reading = |source| StoreError::File { doing: "reading", path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(reading)?.len();
    let place = Place::from(path);
    let state = place.schema().await.map_err(wrong)?;
    if state.found > state.known {
        return Err(StoreError::SchemaNewer { found: state.found, known: state.known });
    }
    if state.found == 0 {
        return Err(wrong(StoreError::Damaged { found: "it is no database of this program".to_owned() }));
    }
    if state.found < schema::newest() {
        sqlite::check_file(path).await.map_err(wrong)?;
        return Ok(Checked { bytes, schema: state.found, audit: None });
    }
    let store = Store::open(place, Access::Read, None, Ids::system(), at_ms).await.map_err(wrong)?;
    let verified = verify(&store).await;
    store.close().await;
    Ok(Checked { bytes, schema: state.found, audit: Some(verified.map_err(wrong)?) })
}

async fn verify(store: &Store) -> Result<(u64, u64), StoreError> {
    store.check_integrity().await?;
    let (mut chains, mut entries) = (0, 0);
    for chain in store.audit_chains().await? {
        chains += 1;
        entries += chain.verify_audit(true).await?.entries;
    }
    Ok((chains, entries))
}

/// Puts a copy in the place of a database file. A database that is there already is kept beside it, under the name that
/// is returned.
///
/// # Errors
/// [`StoreError::Locked`] while a process works on the database, [`StoreError::InTheWay`] where one is there and
/// `replace` is not said, [`StoreError::CopyWrong`], [`StoreError::OfServer`], [`StoreError::File`]. Nothing was changed
/// then, except where a rename failed: the old database then stands under its kept name.
pub async fn restore(
    from: &Path,
    to: &Place,
    replace: bool,
    at_ms: i64,
) -> Result<(Checked, Option<PathBuf>), StoreError> {
    let path = file_of(to)?;
    let _lock = sqlite::lock(path)?;
    let there = path.exists();
    if there && !replace {
        return Err(StoreError::InTheWay { path: path.to_owned() });
    }
    let checked = check_copy(from, at_ms).await?;
    let restoring = sqlite::beside(path, "restoring");
    let copying = |source| StoreError::File { doing: "copying to", path: restoring.clone(), source };
    std::fs::copy(from, &restoring).map_err(copying)?;
    std::fs::set_permissions(&restoring, std::fs::Permissions::from_mode(0o600)).map_err(copying)?;
    sync(&restoring)?;
    // Before the databases change places: whatever happens next, the next start is careful.
    let mark = sqlite::beside(path, "installation");
    let marking = |source| StoreError::File { doing: "marking the restore in", path: mark.clone(), source };
    std::fs::write(&mark, MARK).map_err(marking)?;
    sync(&mark)?;
    if there {
        // What only stands in its log is then in the file itself. One that is damaged is kept as it is.
        let _ = sqlite::write_back(path).await;
    }
    let kept = sqlite::beside(path, &format!("before-{at_ms}"));
    for part in PARTS {
        let (old, kept) = (with(path, part), with(&kept, part));
        if old.exists() {
            rename(&old, &kept)?;
        }
    }
    rename(&restoring, path)?;
    Ok((checked, there.then_some(kept)))
}

fn file_of(place: &Place) -> Result<&Path, StoreError> {
    match &place.0 {
        Kind::File(path) => Ok(path),
        Kind::Server(_) => Err(StoreError::OfServer),
    }
}

fn create(path: &Path) -> Result<(), StoreError> {
    let creating = |source| StoreError::File { doing: "creating", path: path.to_owned(), source };
    // Left by a copy that was broken off.
    if path.exists() {
        std::fs::remove_file(path).map_err(creating)?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(creating)?;
    Ok(())
}

fn sync(path: &Path) -> Result<(), StoreError> {
    let syncing = |source| StoreError::File { doing: "writing to the disk", path: path.to_owned(), source };
    File::open(path).and_then(|file| file.sync_all()).map_err(syncing)
}

/// Renames, and waits until the folder knows.
fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    let renaming = |source| StoreError::File { doing: "renaming", path: from.to_owned(), source };
    std::fs::rename(from, to).map_err(renaming)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync(folder)
}

fn with(path: &Path, part: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(part);
    PathBuf::from(name)
}
