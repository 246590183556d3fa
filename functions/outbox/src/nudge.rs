//! A conversation changed: those who listen to it hear that it did, and how far it is. Contacts were found to be
//! one person: the team hears that.
//!
//! Hints only, without a word of what was written, and never a reason for a batch to come again:
//! whoever misses one learns the same from `/sync`. Of several changes in one batch only the last
//! is told.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    time::Duration,
};

use serde::Serialize;
use shared::{
    app::App,
    domain::{ContactId, ConversationId, Standing, WorkspaceId},
    lambda::stream::{Change, Record as Changed},
    store::{
        Field, Item, Record as _, StoreError,
        contact::Contact,
        conversation::Conversation,
        keys::HEAD,
        socket::{Listener, Topic},
        subject::State,
    },
};

use crate::image;

/// How long nudges may take together: mail waits for nobody's socket.
const BUDGET: Duration = Duration::from_secs(8);

/// How far a conversation is, or that it is gone.
#[derive(Debug, Serialize)]
struct Nudge {
    t: &'static str,
    cnv: ConversationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gone: Option<bool>,
}

/// That the team said that some contacts are one person.
#[derive(Debug, Serialize)]
struct Merged {
    t: &'static str,
    contacts: Vec<ContactId>,
}

/// What happened to a conversation in a batch.
#[derive(Debug, PartialEq, Eq)]
struct Happened {
    /// Its number and version; none when it is gone.
    stands: Option<(u64, u64)>,
    /// Whose it was at any time of the batch.
    standings: Vec<Standing>,
}

/// Tells of every conversation that changed in a batch.
pub async fn tell(app: &App, records: &[Changed]) {
    let changed = last_changes(records);
    let merged = merges(records);
    if changed.is_empty() && merged.is_empty() {
        return;
    }
    match tokio::time::timeout(BUDGET, tell_all(app, changed, merged)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(cause = %error, "a nudge was lost"),
        Err(_) => tracing::warn!("nudges took too long"),
    }
}

async fn tell_all(
    app: &App,
    changed: BTreeMap<(WorkspaceId, ConversationId), Happened>,
    merged: BTreeSet<(WorkspaceId, Vec<ContactId>)>,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    // The team, and nobody else: to a visitor a merge changes nothing.
    for (workspace, contacts) in merged {
        let to = app.store.listeners(workspace, Topic::Inbox, now).await?;
        let t = "contact.merged";
        app.nudge(to, &Merged { t, contacts }).await?;
    }
    let mut inboxes: BTreeMap<WorkspaceId, Vec<Listener>> = BTreeMap::new();
    for ((workspace, cnv), happened) in changed {
        let inbox = match inboxes.entry(workspace) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                unknown.insert(app.store.listeners(workspace, Topic::Inbox, now).await?)
            }
        };
        let mut to = app
            .store
            .listeners(workspace, Topic::Conversation(cnv), now)
            .await?;
        for listener in inbox.iter() {
            // One frame a socket, whatever it listens to.
            if to
                .iter()
                .all(|known| known.connection != listener.connection)
            {
                to.push(listener.clone());
            }
        }
        to.retain(|listener| happened.concerns(listener));
        let (seq, rev) = happened.stands.unzip();
        let gone = happened.stands.is_none().then_some(true);
        app.nudge(
            to,
            &Nudge {
                t: "cnv.changed",
                cnv,
                seq,
                rev,
                gone,
            },
        )
        .await?;
    }
    Ok(())
}

impl Happened {
    fn concerns(&self, listener: &Listener) -> bool {
        self.standings
            .iter()
            .any(|standing| listener.is_told_of(*standing))
    }
}

/// The persons of a batch that the team put together, each with all of their contacts: every one of those
/// has the same list on its head.
fn merges(records: &[Changed]) -> BTreeSet<(WorkspaceId, Vec<ContactId>)> {
    let merge = |record: &Changed| {
        let (new, old) = (&record.dynamodb.new_image, &record.dynamodb.old_image);
        let (new, old) = (new.as_ref()?, old.as_ref()?);
        let is_contact = image::kind(new) == Some(Contact::DECLARATION.name);
        let contacts = field::<Vec<ContactId>>(new, "same_person").filter(|_| is_contact)?;
        let is_new = new.get("same_person") != old.get("same_person");
        is_new.then_some((field(new, "workspace")?, contacts))
    };
    records.iter().filter_map(merge).collect()
}

/// The last change of every conversation in a batch.
fn last_changes(records: &[Changed]) -> BTreeMap<(WorkspaceId, ConversationId), Happened> {
    let mut changed: BTreeMap<(WorkspaceId, ConversationId), Happened> = BTreeMap::new();
    for record in records {
        let (new, old) = (&record.dynamodb.new_image, &record.dynamodb.old_image);
        let Some(head) = new.as_ref().or(old.as_ref()).filter(|item| is_head(item)) else {
            continue;
        };
        let (Some(workspace), Some(id)) = (field(head, "workspace"), field(head, "id")) else {
            continue;
        };
        let stands = match (record.event_name, new) {
            (Change::Insert | Change::Modify, Some(head)) => stands(head),
            _ => None,
        };
        let happened = changed.entry((workspace, id)).or_insert(Happened {
            stands: None,
            standings: Vec::new(),
        });
        // Batches may come twice or late: the highest version is the last one.
        happened.stands = match (happened.stands, stands) {
            (Some(known), Some(new)) => Some(if known.1 > new.1 { known } else { new }),
            (_, stands) => stands,
        };
        let standings = [new, old].into_iter().flatten().map(|item| Standing {
            assignee: field(item, "assignee"),
            team: field(item, "team"),
        });
        happened.standings.extend(standings);
    }
    changed
}

fn is_head(item: &Item) -> bool {
    image::kind(item) == Some(Conversation::DECLARATION.name)
        && image::text(item, "sk") == Some(HEAD)
}

fn stands(head: &Item) -> Option<(u64, u64)> {
    let live = field::<State>(head, "state") == Some(State::Live);
    Some((field(head, "seq")?, field(head, "rev")?)).filter(|_| live)
}

fn field<T: Field>(item: &Item, name: &str) -> Option<T> {
    T::read(item.get(name))
}

#[cfg(test)]
mod tests {
    use shared::lambda::stream::Batch;

    use super::*;

    fn batch(records: &[serde_json::Value]) -> Batch {
        serde_json::from_value(serde_json::json!({ "Records": records })).expect("a batch")
    }

    fn change(name: &str, rev: u64, state: &str) -> serde_json::Value {
        let image = serde_json::json!({
            "pk": { "S": "CONVERSATION#ws_01kf0a1b2c3d4e5f6g7h8j9k0m#cnv_01kf0a1b2c3d4e5f6g7h8j9k0m" },
            "sk": { "S": "HEAD" }, "kind": { "S": "Conversation" },
            "workspace": { "S": "ws_01kf0a1b2c3d4e5f6g7h8j9k0m" },
            "id": { "S": "cnv_01kf0a1b2c3d4e5f6g7h8j9k0m" },
            "seq": { "N": "7" }, "rev": { "N": rev.to_string() }, "state": { "S": state },
        });
        let which = if name == "REMOVE" {
            "OldImage"
        } else {
            "NewImage"
        };
        let images = serde_json::json!({ "SequenceNumber": rev.to_string(), which: image });
        serde_json::json!({ "eventName": name, "dynamodb": images })
    }

    fn stands_after(records: &[serde_json::Value]) -> Option<(u64, u64)> {
        let changed = last_changes(&batch(records).records);
        assert_eq!(changed.len(), 1);
        changed
            .into_values()
            .next()
            .and_then(|happened| happened.stands)
    }

    #[test]
    fn of_many_changes_the_last_is_told_whatever_their_order() {
        let (one, two) = (change("INSERT", 1, "live"), change("MODIFY", 2, "live"));
        assert_eq!(stands_after(&[one.clone(), two.clone()]), Some((7, 2)));
        assert_eq!(stands_after(&[two.clone(), one.clone(), one]), Some((7, 2)));
        assert_eq!(
            stands_after(&[two.clone(), change("MODIFY", 3, "erasing")]),
            None
        );
        assert_eq!(stands_after(&[two, change("REMOVE", 2, "live")]), None);
    }

    #[test]
    fn what_is_no_head_wakes_nobody() {
        let mut message = change("INSERT", 1, "live");
        message["dynamodb"]["NewImage"]["sk"] = serde_json::json!({ "S": "M#0000000001" });
        assert!(last_changes(&batch(&[message]).records).is_empty());
    }
}
