//! Requests to servers of the customer: where they go, and what they may take along.

use http::Uri;

use super::texts::Check;
use super::{Code, Secret, Surroundings};
use crate::nodes::{Http, Kind};
use crate::templates::Template;

impl Check<'_, '_> {
    pub(super) fn http(&mut self, http: &Http, around: &Surroundings) {
        let at = self.at.clone();
        let near = server_of(&http.url).filter(|server| around.servers.contains(server));
        let host = match (near, public_host(&http.url)) {
            (Some(_), _) => host_of(&http.url),
            (None, Ok(host)) => Some(host),
            (None, Err(reason)) => {
                self.say(Code::E132, &at.field("url"), reason);
                None
            }
        };
        if !(100..=30_000).contains(&http.timeout_ms) {
            self.say(
                Code::E140,
                &at.field("timeout_ms"),
                "A try takes 100 to 30,000 milliseconds.",
            );
        }
        if http.retries > 5 {
            self.say(
                Code::E140,
                &at.field("retries"),
                "It is tried five times more at most.",
            );
        }
        if http.headers.len() > 30 || http.map.len() > 50 {
            self.say(
                Code::E140,
                &at,
                "A request has 30 headers and keeps 50 values at most.",
            );
        }
        for (n, header) in http.headers.iter().enumerate() {
            let at = at.field("headers").item(n);
            let name = http::HeaderName::from_bytes(header.k.as_bytes());
            let reserved = [
                "host",
                "content-length",
                "connection",
                "transfer-encoding",
                "upgrade",
                "te",
                "trailer",
            ];
            if name.is_err() || reserved.contains(&header.k.to_ascii_lowercase().as_str()) {
                self.say(
                    Code::E111,
                    &at.field("k"),
                    "No request has a header of this name.",
                );
            }
            match (&header.v, &header.secret) {
                (Some(_), None) => {}
                (None, Some(secret)) => {
                    let known = around.secrets.iter().find(|known| known.id == *secret);
                    let is_for =
                        |known: &Secret| host.as_deref().is_none_or(|host| known.is_for(host));
                    let (what, fix) = match known {
                        None => (
                            "There is no such secret.",
                            "Add the secret to the workspace.",
                        ),
                        Some(known) if !is_for(known) => (
                            "This secret is not for that host.",
                            "Set the secret with this host among its hosts.",
                        ),
                        Some(_) => continue,
                    };
                    self.say(Code::E131, &at.field("secret"), what).fix = Some(fix.to_owned());
                }
                _ => {
                    self.say(Code::E100, &at, "A header has a value or a secret.");
                }
            }
        }
        for (n, mapping) in http.map.iter().enumerate() {
            let path = &mapping.path;
            if !(path.is_empty() || path.starts_with('/') || path == "#status") {
                let at = at.field("map").item(n).field("path");
                let fix = "Write /a/b for what is b in a.".to_owned();
                self.say(Code::E111, &at, "This is no JSON Pointer.").fix = Some(fix);
            }
        }
        let Some(host) = host.filter(|host| !around.hosts.contains(host)) else {
            return;
        };
        let kind = Kind::Http(http.clone());
        for (inner, source) in &kind.uses().templates {
            let Ok(template) = Template::read(source, self.index) else {
                continue;
            };
            let personal = |name: &&str| {
                self.index
                    .names
                    .get(*name)
                    .is_some_and(|variable| variable.pii)
            };
            if let Some(name) = template.names().into_iter().find(personal) {
                let message =
                    format!("{name} is personal, and {host} is not on the list of hosts for that.");
                let at = self.below(inner);
                self.say(Code::E150, &at, message).fix =
                    Some("Put the host on the list.".to_owned());
            }
        }
    }
}

/// Where the server of an address is: the address up to its path. None where variables are in that.
pub fn server_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let plain = !authority.is_empty() && !authority.contains(['{', '@', '\\']);
    plain.then(|| format!("{scheme}://{authority}").to_ascii_lowercase())
}

/// The host of an address, with its port where that is not the usual one: what lists of hosts name.
pub fn host_of(url: &str) -> Option<String> {
    let server = server_of(url)?;
    let (_, host) = server.split_once("://")?;
    let host = host.strip_suffix(":443").unwrap_or(host);
    Some(host.trim_end_matches('.').to_owned())
}

/// The host of an address that a server is asked at; it is written out, and public as far as its
/// name says. What it resolves to is looked at when it is asked.
fn public_host(url: &str) -> Result<String, &'static str> {
    let Some(rest) = url.strip_prefix("https://") else {
        return Err("Servers are asked over https.");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains("{{") {
        return Err("The host is written out; variables can stand in the path.");
    }
    let uri: Uri = format!("https://{host}/")
        .parse()
        .map_err(|_| "This is no address.")?;
    let name = uri.host().unwrap_or_default().to_ascii_lowercase();
    if host.contains('@') || uri.port().is_some_and(|port| port.as_u16() != 443) {
        return Err("An address has no user and no other port than 443.");
    }
    let private = [
        "localhost",
        "local",
        "internal",
        "lan",
        "home",
        "corp",
        "invalid",
        "arpa",
    ];
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric = last.is_empty()
        || last.starts_with(|c: char| c.is_ascii_digit())
        || name.contains([':', '[']);
    if numeric || !name.contains('.') || private.contains(&last) {
        return Err("This is not a public host.");
    }
    Ok(name)
}
