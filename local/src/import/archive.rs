//! An archive in a folder: the manifest and the parts, as they were downloaded.

use std::fs;
use std::path::{Path, PathBuf};

use shared::domain::archive::{ArchiveFault, Manifest, Part, PartEntry};

use super::ImportError;

/// How the file of a manifest ends.
const MANIFEST: &str = "manifest.json";
/// Whose archives are taken over.
const ABOUT: [&str; 2] = ["workspace", "contact"];

/// An archive whose manifest was read.
pub struct Archive {
    manifest: Manifest,
    files: Vec<(PathBuf, PartEntry)>,
}

impl Archive {
    /// The archive in a folder, if all of its parts are there.
    ///
    /// # Errors
    /// When one is missing, or the manifest cannot be read.
    pub fn open(folder: &Path) -> Result<Self, ImportError> {
        let unreadable =
            |error: std::io::Error| ImportError::File(format!("{}: {error}", folder.display()));
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            names.extend(name.into_string().ok());
        }
        names.sort();
        let one = |ending: &str| {
            let mut found = names.iter().filter(|name| name.ends_with(ending));
            match (found.next(), found.next()) {
                (Some(name), None) => Ok(folder.join(name)),
                (None, _) => Err(ImportError::File(format!(
                    "{}: no file …{ending}",
                    folder.display()
                ))),
                (Some(_), Some(_)) => Err(ImportError::File(format!(
                    "{}: more than one file …{ending}; one archive, one folder",
                    folder.display()
                ))),
            }
        };
        let path = one(MANIFEST)?;
        let manifest = Manifest::parse(&read(&path)?).map_err(|fault| named(&path, fault))?;
        if !ABOUT.contains(&manifest.about.as_str()) {
            return Err(ImportError::About(manifest.about));
        }
        let parts = manifest.parts.iter();
        let files =
            parts.map(|part| Ok((one(&format!("-{:06}.json", part.number))?, part.clone())));
        let files = files.collect::<Result<_, ImportError>>()?;
        Ok(Self { manifest, files })
    }

    /// How many parts it has.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.manifest.counts.values().sum()
    }

    /// Its parts in order, each read when it is asked for and held against the manifest.
    pub fn parts(&self) -> impl Iterator<Item = Result<Part, ImportError>> {
        self.files.iter().map(|(path, entry)| {
            Part::parse(&read(path)?, entry).map_err(|fault| named(path, fault))
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ImportError> {
    fs::read(path).map_err(|error| ImportError::File(format!("{}: {error}", path.display())))
}

fn named(path: &Path, fault: ArchiveFault) -> ImportError {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    ImportError::Archive(name.unwrap_or_default(), fault)
}
