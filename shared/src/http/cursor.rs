//! Pages of lists. A cursor is signed and bound to its principal, its list and a day: it cannot be
//! made up, taken to another list, or kept.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Code, Problem};
use crate::{
    domain::{Timestamp, page::Limit},
    store::{Item, Key, Query, Store, TenantKey, keyring::Use},
};

/// How long a cursor is good.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of the signature.
const SIGNATURE: usize = 16;

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    pub limit: Limit,
    /// Where an earlier page of the same list said it goes on.
    pub cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// Where the list goes on.
    pub page: PageInfo,
}

/// Where a list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageInfo {
    /// For `?cursor=`, when there is more.
    pub next_cursor: Option<String>,
    /// Whether there is more.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A page with, perhaps, a way to the next.
    pub fn new(data: Vec<T>, next_cursor: Option<String>) -> Self {
        let has_more = next_cursor.is_some();
        Self {
            data,
            page: PageInfo {
                next_cursor,
                has_more,
            },
        }
    }
}

/// What a cursor says: where the list goes on, and until when one may ask.
#[derive(Serialize, Deserialize)]
struct Content<T> {
    at: T,
    until: i64,
}

/// A list of one principal, by a name that holds its filters too.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// Signs.
    pub key: &'a TenantKey,
    /// Who reads the list.
    pub principal: &'a str,
    /// Which list, with its filters.
    pub name: &'a str,
}

impl List<'_> {
    /// The ids on a page of this list, in the order of the query, and the cursor that goes on. `place` says
    /// where an id lies in the query, `id` which one an item of it is. One query.
    ///
    /// # Errors
    /// 400 `cursor_invalid`.
    pub async fn ids<I: Copy + Serialize + DeserializeOwned>(
        &self,
        store: &Store,
        (query, paging, now): (Query, &Paging, Timestamp),
        place: impl Fn(I) -> (Key, String),
        id: impl Fn(&Item) -> Option<I>,
    ) -> Result<(Vec<I>, Option<String>), Problem> {
        let limit = paging.limit.get();
        // One more than asked tells whether there is more.
        let mut query = query.limit(limit + 1);
        if let Some(cursor) = &paging.cursor {
            let (key, sort_key) = place(self.read(cursor, now)?);
            query = query.after(key, sort_key);
        }
        let items = store.query(query).await?;
        let more = items.len() > usize::from(limit);
        let mut ids: Vec<I> = items.iter().filter_map(id).collect();
        ids.truncate(usize::from(limit));
        let next = match ids.last().filter(|_| more) {
            Some(last) => Some(self.cursor(*last, now)?),
            None => None,
        };
        Ok((ids, next))
    }

    fn bound(&self, content: &[u8]) -> Vec<u8> {
        let mut bound = format!("{}\u{1}{}\u{1}", self.principal, self.name).into_bytes();
        bound.extend_from_slice(content);
        bound
    }

    /// The cursor that goes on at `at`.
    pub fn cursor<T: Serialize>(&self, at: T, now: Timestamp) -> Result<String, Problem> {
        self.seal(&Content {
            at,
            until: now.plus(LIFETIME).ms(),
        })
    }

    /// A cursor that says `content`, for lists that decide themselves how long it is good.
    pub fn seal<T: Serialize>(&self, content: &T) -> Result<String, Problem> {
        let content = serde_json::to_vec(content).map_err(|_| Problem::internal("a cursor"))?;
        let mut cursor = self.key.sign(Use::Cursor, &self.bound(&content));
        cursor.extend_from_slice(&content);
        Ok(BASE64URL_NOPAD.encode(&cursor))
    }

    /// Where a cursor of this list goes on.
    pub fn read<T: for<'de> Deserialize<'de>>(
        &self,
        cursor: &str,
        now: Timestamp,
    ) -> Result<T, Problem> {
        let content: Content<T> = self.open(cursor)?;
        if content.until <= now.ms() {
            Err(Problem::new(Code::CursorInvalid))
        } else {
            Ok(content.at)
        }
    }

    /// What [`List::seal`] was given.
    pub fn open<T: for<'de> Deserialize<'de>>(&self, cursor: &str) -> Result<T, Problem> {
        let bad = || Problem::new(Code::CursorInvalid);
        let bytes = BASE64URL_NOPAD
            .decode(cursor.as_bytes())
            .map_err(|_| bad())?;
        let (signature, content) = bytes.split_at_checked(SIGNATURE).ok_or_else(bad)?;
        if !self
            .key
            .verify(Use::Cursor, &self.bound(content), signature)
        {
            return Err(bad());
        }
        serde_json::from_slice(content).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::TenantId;

    proptest! {
        /// A cursor is good where it was made and for whom, and no other text is any.
        #[test]
        fn only_a_cursor_of_this_list_for_this_reader_is_read(
            at in ".{0,20}", text in ".{0,80}", place in any::<prop::sample::Index>(), by in 1..=255_u8,
        ) {
            let now = Timestamp::from_ms(1_768_478_400_000);
            let key = TenantKey::of_bytes(TenantId::Platform, [7; 32]);
            let list = List { key: &key, principal: "mbr_1", name: "conversations" };
            let Ok(cursor) = list.cursor(at.clone(), now) else { panic!("a cursor") };
            let read = |list: List<'_>, cursor: &str, now| list.read::<String>(cursor, now).ok();
            prop_assert_eq!(read(list, &cursor, now), Some(at));
            prop_assert_eq!(read(list, &text, now), None);
            prop_assert_eq!(read(List { principal: "mbr_2", ..list }, &cursor, now), None);
            prop_assert_eq!(read(List { name: "members", ..list }, &cursor, now), None);
            prop_assert_eq!(read(list, &cursor, now.plus(LIFETIME)), None);
            let mut bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).expect("base64");
            let place = place.index(bytes.len());
            bytes[place] ^= by;
            prop_assert_eq!(read(list, &BASE64URL_NOPAD.encode(&bytes), now), None);
        }
    }
}
