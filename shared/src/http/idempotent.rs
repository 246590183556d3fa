//! `Idempotency-Key`: a repeated request makes one thing.
//!
//! The memory of the key is written in the effect's own transaction and holds the id of what was
//! made, never a reply; a replay reads the thing and answers again.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::problem::{Code, Problem};
use crate::{
    domain::{
        Timestamp,
        policy::{Lens, Policy},
    },
    store::{
        Refusal, Slot, Stored, SubjectId, TenantKey, Transaction, Unsealed,
        idempotency::{Idempotency, ResourceId},
        keyring::Use,
        record::read_item,
    },
};

/// The longest key, in characters.
const MAX_LENGTH: usize = 255;

/// The client's key, when it sent one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        match value.to_str() {
            Ok(key) if !key.is_empty() && key.len() <= MAX_LENGTH => Ok(Self(Some(key.to_owned()))),
            _ => Err(Problem::invalid(
                "Idempotency-Key",
                "bad_key",
                "1 to 255 visible characters",
            )),
        }
    }
}

/// Who asks, what for, and with which content.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Hashes the key and the content.
    pub tenant_key: &'a TenantKey,
    /// Who asks.
    pub principal: SubjectId,
    /// The operation.
    pub operation: &'a str,
    /// What the request says, in a form that is equal for equal requests.
    pub content: &'a str,
    /// The request's time.
    pub now: Timestamp,
}

impl IdempotencyKey {
    /// A key that is part of the request itself, such as a client's id.
    pub fn natural(key: impl std::fmt::Display) -> Self {
        Self(Some(key.to_string()))
    }

    /// Puts the memory of the key into the effect's transaction.
    pub fn remember(
        &self,
        transaction: &mut Transaction,
        ask: Ask<'_>,
        resource: impl std::fmt::Display,
    ) -> Result<Option<Slot>, Problem> {
        let Some(key) = &self.0 else { return Ok(None) };
        let row = Idempotency {
            tenant: ask.tenant_key.tenant(),
            principal: ask.principal,
            request: ask
                .tenant_key
                .hash(Use::Idempotency, &format!("{}\u{1}{key}", ask.operation)),
            content: ask.tenant_key.hash(Use::Idempotency, ask.content),
            resource: ResourceId::of(resource),
            created_at: ask.now,
        };
        let stored = Stored::new(row, &Policy::platform());
        Ok(Some(transaction.create(&stored, &Unsealed)?))
    }

    /// The id of what the same request made before, when that is why a transaction was refused.
    ///
    /// # Errors
    /// 422 when the key was used with another content.
    pub fn replayed<T: std::str::FromStr>(
        refusal: &Refusal,
        slot: Option<Slot>,
        ask: Ask<'_>,
    ) -> Result<Option<T>, Problem> {
        let Some(found) = slot.and_then(|slot| refusal.found(slot)) else {
            return Ok(None);
        };
        let policy = Policy::platform();
        let lens = Lens {
            now: ask.now,
            policy: &policy,
        };
        let Some(row) = read_item::<Idempotency>(found, &Unsealed, lens)? else {
            return Ok(None);
        };
        if row.content != ask.tenant_key.hash(Use::Idempotency, ask.content) {
            return Err(Problem::new(Code::IdempotencyKeyReused));
        }
        Ok(row.resource.parse())
    }
}
