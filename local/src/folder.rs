//! The data folder: who may use it, and how small files in it survive a kill at any moment.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Serialize, de::DeserializeOwned};

/// Why the data folder cannot be used; one line.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another program holds it.
    #[error("the data folder {} is in use by another sotto", .0.display())]
    InUse(PathBuf),
    /// A file in it is not what this program wrote.
    #[error(
        "the data folder is damaged: {}: {reason}; \
         move the folder away or choose another with --data",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refuses.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
}

/// An opened data folder. Held as long as the stack runs; the lock goes with the process, so a
/// killed program never leaves a stale one.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, creates it for this user alone when it is absent, and locks it.
    ///
    /// # Errors
    /// When another program holds the folder, or the system refuses.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let io_error = |cause| FolderError::Io {
            path: path.to_owned(),
            cause,
        };
        create_private(path).map_err(io_error)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(io_error)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(path.to_owned())),
            Err(TryLockError::Error(cause)) => Err(io_error(cause)),
        }
    }

    /// The path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The content of a file; none when it is absent.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, FolderError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(FolderError::Io { path, cause }),
        }
    }

    /// Replaces a file: after a kill or a power cut either the old content stands or the new.
    /// Readable by this user alone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        let path = self.file(name);
        let write = || -> io::Result<()> {
            let beside = self.file(&format!("{name}.new"));
            let mut file = private_file(&beside)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            // The new name is durable once the folder is.
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|cause| FolderError::Io {
            path: path.clone(),
            cause,
        })
    }

    /// As [`Self::read`], parsed.
    ///
    /// # Errors
    /// Also when the file does not hold a `T`.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FolderError> {
        let Some(bytes) = self.read(name)? else {
            return Ok(None);
        };
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Some)
            .map_err(|error| self.damaged(name, error.to_string()))
    }

    /// As [`Self::write`], as JSON.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), FolderError> {
        let bytes = serde_json::to_vec(value).map_err(|error| FolderError::Io {
            path: self.file(name),
            cause: error.into(),
        })?;
        self.write(name, &bytes)
    }

    /// The error of a file that is not what this program wrote.
    pub fn damaged(&self, name: &str, reason: impl Into<String>) -> FolderError {
        FolderError::Damaged {
            path: self.file(name),
            reason: reason.into(),
        }
    }
}

pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_programs_cannot_share_a_folder() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let path = parent.path().join("data");
        let first = DataFolder::open(&path).expect("the first");
        assert!(matches!(
            DataFolder::open(&path),
            Err(FolderError::InUse(_))
        ));
        drop(first);
        DataFolder::open(&path).expect("free again");
    }

    #[test]
    fn a_file_of_something_else_is_one_clear_line() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let folder = DataFolder::open(parent.path()).expect("open");
        folder.write_json("ids.json", &["a"]).expect("write");
        assert_eq!(
            folder.read_json::<Vec<String>>("ids.json").expect("read"),
            Some(vec!["a".into()])
        );
        folder.write("ids.json", b"{{").expect("write");
        let error = folder
            .read_json::<Vec<String>>("ids.json")
            .expect_err("damaged")
            .to_string();
        assert!(
            error.contains("ids.json") && !error.contains('\n'),
            "{error}"
        );
    }
}
