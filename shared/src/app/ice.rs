//! Where two devices of a call learn how they look from outside (STUN), and who passes packets on
//! where there is no other way (TURN).
//!
//! Credentials for the relay are made, not stored: a name that holds its own end, and an HMAC of it
//! under a secret that we share with the relay (draft-uberti-behave-turn-rest-00; coturn's
//! `use-auth-secret`). The relay sees ciphertext and opaque names.

use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::BASE64;

use super::config::Relay;
use crate::domain::{CallId, Timestamp, call::Side};

/// How long credentials are good: longer than a part of a call goes through one socket.
pub const CREDENTIALS_FOR: Duration = Duration::from_secs(2 * 60 * 60);

/// One server, and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// A name and what proves it, where it asks for them.
    pub credentials: Option<(String, String)>,
}

/// The servers for one side of a call. None, where none was set up: then only devices that reach
/// each other directly get through.
pub fn servers(relay: &Relay, call: CallId, side: Side, now: Timestamp) -> Vec<IceServer> {
    let mut servers = Vec::new();
    if !relay.stun_urls.is_empty() {
        servers.push(IceServer {
            urls: relay.stun_urls.clone(),
            credentials: None,
        });
    }
    if let Some(secret) = relay
        .turn_secret
        .as_deref()
        .filter(|_| !relay.turn_urls.is_empty())
    {
        let ends = now.plus(CREDENTIALS_FOR).seconds();
        let name = format!("{ends}:{call}-{}", side.word());
        // The one hash that the relay knows; nothing is stored under it, and it ends by itself.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let proof = BASE64.encode(hmac::sign(&key, name.as_bytes()).as_ref());
        servers.push(IceServer {
            urls: relay.turn_urls.clone(),
            credentials: Some((name, proof)),
        });
    }
    servers
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn credentials_hold_their_own_end_and_prove_nothing_but_their_name() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let call = CallId::from_uuid(Uuid::from_u128(7));
        let mut relay = Relay {
            stun_urls: vec!["stun:turn.example.com".to_owned()],
            turn_urls: vec!["turns:turn.example.com:443".to_owned()],
            turn_secret: Some("north".to_owned()),
        };
        let found = servers(&relay, call, Side::Guest, now);
        assert_eq!((found.len(), &found[0].credentials), (2, &None));
        let (name, proof) = found[1].credentials.clone().expect("credentials");
        assert_eq!(name, "1768485600:call_00000000000000000000000007-guest");
        // printf %s "$name" | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(proof, "sm13m5i/Q+cloJMuSEGNFaE3Dn8=");
        assert_ne!(
            servers(&relay, call, Side::Agent, now)[1].credentials,
            found[1].credentials
        );
        relay.turn_secret = None;
        assert_eq!(servers(&relay, call, Side::Guest, now).len(), 1);
    }
}
