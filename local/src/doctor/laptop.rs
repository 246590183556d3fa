//! What `sotto serve` needs on this machine.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use shared::domain::Timestamp;

use super::{Finding, report};
use crate::kms::KEY_FILE;
use crate::template::Template;

/// Where to look.
pub struct Laptop<'a> {
    /// The folder that keeps the data.
    pub data: &'a Path,
    /// The port of the API.
    pub port: u16,
    /// The template, if one was named.
    pub template: Option<&'a Path>,
    /// The time.
    pub now: Timestamp,
}

/// Looks at this machine.
pub fn laptop(place: &Laptop<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let template = Template::open(place.template);
    findings.push(match &template {
        Ok(template) => Finding::good(
            "template",
            format!(
                "{} functions, {} routes, {} tables",
                template.functions.len(),
                template.routes.len(),
                template.tables.len()
            ),
        ),
        Err(error) => Finding::bad("template", error.to_string()),
    });
    findings.push(folder(place.data));
    findings.push(port(place.port));
    if let Ok(template) = &template {
        findings.push(report::newest(template, place.now));
    }
    findings
}

/// The data folder: there or not, whole, and this user's alone.
fn folder(path: &Path) -> Finding {
    const WHAT: &str = "data folder";
    if !path.exists() {
        return Finding::good(
            WHAT,
            format!("{} is made by the first start", path.display()),
        );
    }
    if !path.is_dir() {
        return Finding::bad(WHAT, format!("{} is no folder", path.display()));
    }
    if let Some(open) = open_to_others(path) {
        let advice = format!(
            "others may read it ({open:o}): chmod -R go= {}",
            path.display()
        );
        return Finding::bad(WHAT, advice);
    }
    match fs::metadata(path.join(KEY_FILE)) {
        Ok(_) => Finding::good(WHAT, path.display().to_string()),
        // Without it nothing in the folder can be read, and another one is never made beside data.
        Err(_) => Finding::bad(
            WHAT,
            format!("{KEY_FILE} is missing: bring it back, or choose another folder with --data"),
        ),
    }
}

/// The rights that others have to a folder, if they have any.
#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

fn port(port: u16) -> Finding {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Finding::good("port", format!("{port} is free")),
        Err(error) => Finding::warning(
            "port",
            format!("{port} is taken ({error}), by another sotto perhaps: choose one with --port"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[cfg(unix)]
    #[test]
    fn a_data_folder_is_whole_and_this_users_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().expect("a folder");
        let data = root.path().join("data");
        assert_eq!(folder(&data).state, State::Good);
        fs::create_dir(&data).expect("a folder");
        let allow = |mode| fs::set_permissions(&data, fs::Permissions::from_mode(mode));
        allow(0o700).expect("rights");
        assert!(folder(&data).says.contains(KEY_FILE));
        fs::write(data.join(KEY_FILE), [0; 32]).expect("a file");
        assert_eq!(folder(&data).state, State::Good);
        allow(0o750).expect("rights");
        assert_eq!(folder(&data).state, State::Bad);
    }

    #[test]
    fn a_taken_port_is_said() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let number = taken.local_addr().expect("an address").port();
        assert_eq!(port(number).state, State::Warning);
        drop(taken);
        assert_eq!(port(number).state, State::Good);
    }
}
