//! `sotto verify-receipt`: checks a receipt of an erasure without asking anybody.

use std::fs;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;
use shared::domain::receipt::{Flaw, Signed, read_ledger};

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receipt holds; what it says.
    Holds(String),
    /// It does not; why.
    Fails(String),
    /// It could not be checked; why.
    Unchecked(String),
}

/// Checks the receipt in `file` with the keys in `key`, and against a copy of the ledger.
pub fn verify(file: &Path, key: &Path, ledger: Option<&Path>) -> Verdict {
    match check(file, key, ledger) {
        Ok(text) => Verdict::Holds(text),
        Err(Fault::Flaw(reason)) => Verdict::Fails(reason),
        Err(Fault::Input(reason)) => Verdict::Unchecked(reason),
    }
}

enum Fault {
    Flaw(String),
    Input(String),
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw.to_string())
    }
}

fn check(file: &Path, key: &Path, ledger: Option<&Path>) -> Result<String, Fault> {
    let keys = keys(key)?;
    let signed = receipt(&read(file)?)?;
    signed.verify(&keys)?;
    let Some(erased) = signed.erased() else {
        let reason = "this entry of the ledger is no receipt of an erasure".to_owned();
        return Err(Fault::Flaw(reason));
    };
    let (before, after) = erased.counts.iter().fold((0, 0), |(before, after), count| {
        (before + count.before, after + count.after)
    });
    let mut text = format!(
        "The receipt holds: entry {} of the ledger, signed with key {}.\n\
         {} {} of {}, from {} to {}: {before} items there were, {after} are left.\n\
         Backups of it cannot be read from {} on.\n",
        signed.entry.number,
        signed.key,
        erased.kind,
        erased.erasure,
        erased.tenant,
        erased.started_at,
        erased.finished_at,
        erased.backup_unreadable_at,
    );
    match ledger {
        None => text.push_str("Not compared with a ledger: give --ledger DIR for that.\n"),
        Some(folder) => {
            let entries = entries(folder, &keys)?;
            let number = usize::try_from(signed.entry.number).unwrap_or(usize::MAX);
            if entries.get(number) != Some(&signed) {
                return Err(Flaw::NotInLedger(signed.entry.number).into());
            }
            text.push_str(&format!(
                "It stands in the ledger, whose {} entries follow each other.\n",
                entries.len()
            ));
        }
    }
    Ok(text)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    fs::read(path).map_err(|error| Fault::Input(format!("{}: {error}", path.display())))
}

/// The receipt in these bytes: the file of the ledger, or what the API shows, in whatever form a
/// program has written it. The signature is of the canonical form.
fn receipt(bytes: &[u8]) -> Result<Signed, Fault> {
    let flaw = |error: serde_json::Error| Flaw::Unreadable(error.to_string());
    let mut value: Value = serde_json::from_slice(bytes).map_err(flaw)?;
    if let Some(inner) = value.get_mut("receipt") {
        value = inner.take();
    }
    let signed: Signed = serde_json::from_value(value).map_err(flaw)?;
    Ok(Signed::from_bytes(&signed.to_bytes()?)?)
}

/// The public keys of a file like `/.well-known/erasure-keys.json`.
fn keys(path: &Path) -> Result<Vec<Vec<u8>>, Fault> {
    let none = || {
        let form = "no set of Ed25519 keys like /.well-known/erasure-keys.json";
        Fault::Input(format!("{}: {form}", path.display()))
    };
    let set: Value = serde_json::from_slice(&read(path)?).map_err(|_| none())?;
    let all = set["keys"].as_array().ok_or_else(none)?;
    let key = |key: &Value| BASE64URL_NOPAD.decode(key["x"].as_str()?.as_bytes()).ok();
    let keys: Vec<Vec<u8>> = all.iter().filter_map(key).collect();
    if keys.is_empty() {
        return Err(none());
    }
    Ok(keys)
}

/// The entries of a copy of the ledger: one file each, named by its number.
fn entries(folder: &Path, keys: &[Vec<u8>]) -> Result<Vec<Signed>, Fault> {
    let unreadable = |error: std::io::Error| Fault::Input(format!("{}: {error}", folder.display()));
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.path());
    }
    names.sort();
    let mut files = Vec::with_capacity(names.len());
    for (expected, path) in (0u64..).zip(&names) {
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.trim_end_matches(".json").parse::<u64>().ok());
        match number {
            Some(number) if number == expected => files.push(read(path)?),
            Some(_) => return Err(Flaw::Missing(expected).into()),
            None => {
                let reason = format!("{}: no entry of a ledger", path.display());
                return Err(Fault::Input(reason));
            }
        }
    }
    read_ledger(&files, keys)
        .map_err(|(number, flaw)| Fault::Flaw(format!("entry {number} of the ledger: {flaw}")))
}
