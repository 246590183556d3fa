//! The signing key of access tokens, read once per environment.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use shared::{
    app::{App, tokens::Signer},
    domain::Timestamp,
    http::Problem,
    store::StoreError,
};

/// The signer: read from storage by the first request, remembered with the app.
///
/// Ask for it before anything is written: a sign-in must not use up a code and then fail.
pub async fn of(app: &App, now: Timestamp) -> Result<&Signer, Problem> {
    app.signer.get_or_try_init(|| load(app, now)).await
}

async fn load(app: &App, now: Timestamp) -> Result<Signer, Problem> {
    let pkcs8 = app.store.signing_key(now).await?;
    let pair = Ed25519KeyPair::from_pkcs8(&pkcs8)
        .map_err(|_| StoreError::Corrupt("a signing key that does not read"))?;
    Ok(Signer::new(&pkcs8, pair.public_key().as_ref()))
}
