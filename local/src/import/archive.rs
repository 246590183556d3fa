//! An archive in a folder: the manifest and the parts, as they were downloaded.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use shared::domain::{
    AttachmentId,
    archive::{ArchiveFault, FileKind, Manifest, Part, PartEntry},
    attachment::Rendition,
};

use super::ImportError;

/// How the file of a manifest ends.
const MANIFEST: &str = "manifest.json";
/// Whose archives are taken over.
const ABOUT: [&str; 2] = ["workspace", "contact"];

/// An archive whose manifest was read.
pub struct Archive {
    manifest: Manifest,
    files: Vec<(PathBuf, PartEntry)>,
    /// Where in that list a file is.
    places: HashMap<Which, usize>,
}

/// A form of a file of a record.
type Which = (FileKind, AttachmentId, Rendition);

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
            let fits = |name: &&String| match ending.strip_suffix('.') {
                // However it is called: the manifest says what it is.
                Some(part) => name
                    .rsplit_once('.')
                    .is_some_and(|(stem, _)| stem.ends_with(part)),
                None => name.ends_with(ending),
            };
            let mut found = names.iter().filter(fits);
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
        let files = parts.map(|part| Ok((one(&format!("-{:06}.", part.number))?, part.clone())));
        let files = files.collect::<Result<Vec<_>, ImportError>>()?;
        let mut places = HashMap::new();
        for (at, (_, part)) in files.iter().enumerate() {
            if let Some(file) = &part.file {
                places.insert((file.kind, file.id, file.rendition), at);
            }
        }
        Ok(Self {
            manifest,
            files,
            places,
        })
    }

    /// How many documents of records it has.
    pub fn len(&self) -> usize {
        self.documents().count()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many files it has, small pictures of others not counted.
    pub fn files(&self) -> usize {
        let of_files = self.files.iter().filter_map(|(_, part)| part.file.as_ref());
        let whole = of_files.filter(|file| file.rendition == Rendition::Content);
        whole.count()
    }

    /// The number of its last part.
    pub fn last(&self) -> u32 {
        self.files.last().map_or(0, |(_, part)| part.number)
    }

    fn documents(&self) -> impl Iterator<Item = &(PathBuf, PartEntry)> {
        self.files.iter().filter(|(_, part)| part.file.is_none())
    }

    /// Whether the file of a message is in it.
    pub fn has(&self, id: AttachmentId) -> bool {
        let whole = (FileKind::Attachment, id, Rendition::Content);
        self.place(whole).is_some()
    }

    fn place(&self, which: Which) -> Option<&(PathBuf, PartEntry)> {
        self.places.get(&which).and_then(|at| self.files.get(*at))
    }

    /// A form of a file, if it has one, held against the manifest.
    ///
    /// # Errors
    /// When it cannot be read, or is another one.
    pub fn file(
        &self,
        kind: FileKind,
        id: AttachmentId,
        rendition: Rendition,
    ) -> Result<Option<Vec<u8>>, ImportError> {
        match self.place((kind, id, rendition)) {
            Some((path, part)) => bytes_of(path, part).map(Some),
            None => Ok(None),
        }
    }

    /// Whether every file is the one that the manifest names.
    ///
    /// # Errors
    /// When one cannot be read, or is another one.
    pub fn check_files(&self) -> Result<(), ImportError> {
        let files = self.files.iter().filter(|(_, part)| part.file.is_some());
        for (path, part) in files {
            bytes_of(path, part)?;
        }
        Ok(())
    }

    /// How many records it has.
    pub fn records(&self) -> u64 {
        self.manifest.counts.values().sum()
    }

    /// Its documents in order, each read when it is asked for and held against the manifest.
    pub fn parts(&self) -> impl Iterator<Item = Result<Part, ImportError>> {
        self.documents().map(|(path, entry)| {
            Part::parse(&read(path)?, entry).map_err(|fault| named(path, fault))
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ImportError> {
    fs::read(path).map_err(|error| ImportError::File(format!("{}: {error}", path.display())))
}

fn bytes_of(path: &Path, part: &PartEntry) -> Result<Vec<u8>, ImportError> {
    let bytes = read(path)?;
    part.check(&bytes).map_err(|fault| named(path, fault))?;
    Ok(bytes)
}

fn named(path: &Path, fault: ArchiveFault) -> ImportError {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    ImportError::Archive(name.unwrap_or_default(), fault)
}
