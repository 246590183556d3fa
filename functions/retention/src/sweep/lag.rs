//! How far the change index is behind the table.
//!
//! An index is written after the table, usually within a tenth of a second, and AWS has no metric for it. Inboxes,
//! `/sync` and search read the change index, so they are as late as it is. The sweep reads the table anyway: of each
//! page it takes the conversation that changed last, and asks the index for it.

use shared::{
    app::App,
    domain::Timestamp,
    lambda::schedule::Report,
    store::{Item, Query, Record as _, StoreError, conversation::Conversation},
};

/// The metric: the longest of a run, in seconds.
pub const LAG: &str = "index_lag_seconds";

/// An entry that the change index should have.
struct Entry<'a> {
    /// Where the conversation lies in the table.
    key: (&'a str, &'a str),
    /// Where it lies in the index.
    index: (&'a str, &'a str),
    /// When it changed, in milliseconds; the sort key of the index opens with it.
    changed_ms: i64,
}

impl<'a> Entry<'a> {
    fn of(item: &'a Item) -> Option<Self> {
        let text = |name: &str| item.get(name)?.as_s().ok().map(String::as_str);
        if text("kind")? != Conversation::DECLARATION.name {
            return None;
        }
        let index = (text("changes_pk")?, text("changes_sk")?);
        Some(Self {
            key: (text("pk")?, text("sk")?),
            index,
            changed_ms: index.1.split('#').next()?.parse().ok()?,
        })
    }

    /// How long the index lacks it, in seconds, when this is what lies in the table now: nothing where it changed
    /// or went since its page was read, for then the index has another entry of it or none.
    fn lag(&self, stands: &[Item], now: Timestamp) -> Option<u64> {
        let same = stands
            .first()
            .and_then(Entry::of)
            .is_some_and(|entry| entry.index == self.index);
        let ms = now.ms().saturating_sub(self.changed_ms);
        same.then(|| u64::try_from(ms / 1000).unwrap_or_default())
    }
}

/// Asks the index for the conversation of a page that changed last.
pub async fn look(app: &App, items: &[Item], report: &mut Report) -> Result<(), StoreError> {
    let entries = items.iter().filter_map(Entry::of);
    let Some(last) = entries.max_by_key(|entry| entry.changed_ms) else {
        return Ok(());
    };
    let (partition, sort) = last.index;
    let listed = Query::changes(partition.to_owned()).between(sort, sort);
    if !app.store.query(listed.limit(1)).await?.is_empty() {
        return Ok(());
    }
    let (partition, sort) = last.key;
    let stands = Query::partition(partition.to_owned()).between(sort, sort);
    let stands = app.store.query(stands.limit(1)).await?;
    if let Some(seconds) = last.lag(&stands, app.clock.now()) {
        report.most(LAG, seconds);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::store::AttributeValue;

    use super::*;

    fn head(changed_ms: i64) -> Item {
        [
            ("kind", "Conversation".to_owned()),
            ("pk", "CONVERSATION#ws_1#cnv_1".to_owned()),
            ("sk", "HEAD".to_owned()),
            ("changes_pk", "CONVERSATION#ws_1#0".to_owned()),
            ("changes_sk", format!("{changed_ms:015}#cnv_1")),
        ]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
        .into()
    }

    #[test]
    fn an_index_is_behind_while_it_lacks_what_lies_in_the_table_unchanged() {
        let (seen, now) = (head(1_000), Timestamp::from_ms(91_500));
        let entry = Entry::of(&seen).expect("an entry");
        assert_eq!(entry.lag(&[head(1_000)], now), Some(90));
        assert_eq!(entry.lag(&[head(2_000)], now), None, "it changed meanwhile");
        assert_eq!(entry.lag(&[], now), None, "it went meanwhile");
        let other = Item::from([("kind".to_owned(), AttributeValue::S("Message".to_owned()))]);
        assert!(Entry::of(&other).is_none());
    }
}
