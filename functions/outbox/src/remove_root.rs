//! The head of a root went, deleted by us or by TTL: what belongs to it goes too.
//!
//! Its data key, which makes everything sealed under it unreadable, in backups as well; the edge
//! from its subject; when the root is the subject itself, the subject's fence; and what is left in
//! its partition, of which most went before it. Whatever a handler has removed already is no fault.

use shared::{
    app::App,
    store::{Item, RootRef, Table, db::key_of, remains::left_behind},
};

use crate::failure::Failure;

/// How many pages of a partition are cleared. Children end before their head; what a partition has
/// more than this bears its own end, and the sweep is behind it.
const PAGES: u32 = 5;

/// Removes what a removed head leaves behind.
pub async fn remove(app: &App, head: &Item) -> Result<(), Failure> {
    // A key that stays is a broken promise: whatever the fault, the record comes again, and in the
    // end it lies in the queue that somebody watches.
    let later = |error: shared::store::StoreError| Failure::Later(error.to_string());
    let keys = left_behind(head);
    if keys.is_empty() {
        return Ok(());
    }
    if let Some(key) = key_of(Table::Data, head) {
        let files = app.store.remove_files(&RootRef::of(&key)).await;
        files.map_err(later)?;
    }
    for key in keys {
        app.store.delete(key).await.map_err(later)?;
    }
    if let Some(key) = key_of(Table::Data, head) {
        app.store
            .remove_children(&RootRef::of(&key), PAGES)
            .await
            .map_err(later)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::{
        lambda::stream::{Batch, Change},
        store::{AttributeValue, Key, registry, remains::is_root},
    };

    use super::*;

    const CONVERSATION_EXPIRED: &str =
        include_str!("../../../events/outbox/conversation-expired.json");
    const CHALLENGE_INSERTED: &str = include_str!("../../../events/outbox/challenge-inserted.json");

    fn item(pairs: &[(&str, &str)]) -> Item {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())));
        pairs.collect()
    }

    fn places(keys: &[Key]) -> Vec<(Table, &str, &str)> {
        keys.iter()
            .map(|key| (key.table, key.pk.as_str(), key.sk.as_str()))
            .collect()
    }

    #[test]
    fn the_roots_of_the_registry_are_these() {
        let roots: Vec<&str> = registry::ALL
            .iter()
            .filter(|declaration| is_root(declaration))
            .map(|declaration| declaration.name)
            .collect();
        let expected = [
            "Account",
            "Announcement",
            "BillingPaper",
            "Challenge",
            "Contact",
            "Conversation",
            "Export",
            "Farewell",
            "Flow",
            "Invitation",
            "Membership",
            "PrivacyRequest",
            "ResetLink",
            "SupportThread",
            "Workspace",
        ];
        assert_eq!(roots, expected);
    }

    #[test]
    fn a_conversation_that_ttl_removed_takes_its_key_and_its_edge_along() {
        let batch: Batch = serde_json::from_str(CONVERSATION_EXPIRED).expect("a batch");
        let record = batch.records.first().expect("a record");
        assert_eq!(record.event_name, Change::Remove);
        let keys = left_behind(record.dynamodb.old_image.as_ref().expect("an image"));
        let root = "CONVERSATION#ws_01kf0a1b2c3d4e5f6g7h8j9k0m#cnv_01kf0a1b2c3d4e5f6g7h8j9k0m";
        let subject = "SUBJECT#ws_01kf0a1b2c3d4e5f6g7h8j9k0m#ctc_01kf0a1b2c3d4e5f6g7h8j9k0m";
        let edge = format!("E#{root}");
        assert_eq!(
            places(&keys),
            [
                (Table::Keys, root, "KEY"),
                (Table::Data, subject, edge.as_str())
            ]
        );
    }

    #[test]
    fn an_account_takes_its_fence_along_and_a_challenge_its_key_only() {
        let id = "acc_01kf0a1b2c3d4e5f6g7h8j9k0m";
        let root = format!("ACCOUNT#platform#{id}");
        let account = item(&[
            ("pk", &root),
            ("sk", "HEAD"),
            ("kind", "Account"),
            ("id", id),
        ]);
        let subject = format!("SUBJECT#platform#{id}");
        let edge = format!("E#{root}");
        assert_eq!(
            places(&left_behind(&account)),
            [
                (Table::Keys, root.as_str(), "KEY"),
                (Table::Data, subject.as_str(), edge.as_str()),
                (Table::Data, subject.as_str(), "HEAD"),
            ]
        );
        let batch: Batch = serde_json::from_str(CHALLENGE_INSERTED).expect("a batch");
        let challenge = batch.records[0]
            .dynamodb
            .new_image
            .clone()
            .expect("an image");
        let root = "CHALLENGE#platform#chl_01kf0a1b2c3d4e5f6g7h8j9k0m";
        assert_eq!(
            places(&left_behind(&challenge)),
            [(Table::Keys, root, "KEY")]
        );
    }

    #[test]
    fn what_is_no_head_of_a_root_leaves_nothing_behind() {
        let ws = "ws_01kf0a1b2c3d4e5f6g7h8j9k0m";
        let thread = format!("CONVERSATION#{ws}#cnv_01kf0a1b2c3d4e5f6g7h8j9k0m");
        let message = item(&[("pk", &thread), ("sk", "M#0000000001"), ("kind", "Message")]);
        let fence = item(&[
            ("pk", "SUBJECT#platform#acc_1"),
            ("sk", "HEAD"),
            ("kind", "Subject"),
        ]);
        let address = item(&[
            ("pk", "ADDRESS#platform#x"),
            ("sk", "HEAD"),
            ("kind", "AddressOwner"),
        ]);
        let unknown = item(&[("pk", "X#platform#x"), ("sk", "HEAD"), ("kind", "X")]);
        for item in [message, fence, address, unknown, Item::new()] {
            assert_eq!(left_behind(&item), []);
        }
    }
}
