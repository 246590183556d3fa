//! What ends, physically: new stamps, and the removal of what is over with all that belongs to it.
//!
//! Here stand the only calls that look at items without the read filter, because they decide what
//! the filter hides for good.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::scan::builders::ScanFluentBuilder,
    types::{AttributeValue, ReturnConsumedCapacity},
};

use super::{
    analytics::BeaconLink,
    call::CallQuality,
    contact_note::ContactNote,
    continuity::ReplyAddress,
    conversation::{Mention, ReadMark, Tombstone, UnsentDraft},
    db::{Fetched, Store, StoreError, key_of, units},
    field::Field,
    flow::{FlowPiece, FlowTests, FlowVersion},
    hold::HoldNote,
    keyring::DataKeyRow,
    keys::{self, HEAD, Key, Table},
    notification::News,
    query::{Listed, Query},
    reached::{self, Reached, ReachedLink},
    record::{Decision, Declaration, Form, Item, Owner, Record, borne, is_expired, stamp},
    registry,
    subject::{Edge, RootRef, State, Subject, SubjectId},
    support::SupportWriter,
    team::{TeamIdentity, TeamSession},
};
use crate::domain::{
    ConversationId, Timestamp, WorkspaceId, policy::Lens, retention::Class, words::Symbol,
};

/// How many items one page of a partition, or of a scan, holds.
const PAGE: u16 = 100;

/// How many items the erasure of a workspace looks at with one read, of every tenant.
const SCANNED: u16 = 1000;

/// What one page of new stamps did.
#[derive(Debug)]
pub struct Restamped {
    /// How many items were changed.
    pub changed: u64,
    /// The last item of the page, when the partition goes on behind it.
    pub next: Option<Key>,
}

/// What one item of a scan is to the sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It lives, or its end is that of something else.
    Stays,
    /// It has ended, since this instant.
    Over(Timestamp),
    /// What it belongs to is gone.
    Orphan,
}

/// A page of a scan.
#[derive(Debug)]
pub struct Scanned {
    /// The items.
    pub items: Vec<Item>,
    /// Where to go on, if the segment goes on.
    pub next: Option<Key>,
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The declaration of an item.
pub fn declaration_of(item: &Item) -> Option<&'static Declaration> {
    registry::declaration(text(item, "kind")?)
}

/// The workspace whose policy decides about an item; none for the platform's.
pub fn workspace_of(item: &Item) -> Option<WorkspaceId> {
    text(item, "pk")?.split('#').nth(1)?.parse().ok()
}

/// Whether heads of this kind have a data key of their own: roots of a subject, and what is
/// nobody's but seals something, in itself or beside itself.
pub fn is_root(declaration: &Declaration) -> bool {
    let seals = |declaration: &Declaration| {
        let mut decisions = declaration.fields.iter().map(|field| field.decision);
        decisions.any(|decision| {
            matches!(
                decision,
                Decision::Personal {
                    form: Form::Sealed,
                    ..
                }
            )
        })
    };
    match declaration.owner {
        Owner::Subject(_) => true,
        Owner::Within(_) => false,
        Owner::Nobody(_) => {
            let within = Owner::Within(declaration.name);
            let mut beside = registry::ALL.iter().filter(|one| one.owner == within);
            seals(declaration) || beside.any(|one| seals(one))
        }
    }
}

/// What a removed head leaves behind outside of its partition: its data key, the edge from its
/// subject, and the subject's fence when the root is the subject itself. Nothing, for what is no
/// head of a root.
pub fn left_behind(item: &Item) -> Vec<Key> {
    let Some(head) = key_of(Table::Data, item).filter(|key| key.sk == HEAD) else {
        return Vec::new();
    };
    let Some(declaration) = declaration_of(item).filter(|declaration| is_root(declaration)) else {
        return Vec::new();
    };
    let root = RootRef::of(&head);
    let mut keys = vec![keys::data_key(&root)];
    let Owner::Subject(field) = declaration.owner else {
        return keys;
    };
    let subject = text(item, field).and_then(SubjectId::from_symbol);
    let (Some(tenant), Some(subject)) = (root.tenant(), subject) else {
        tracing::error!(kind = declaration.name, "a head that names no subject");
        return keys;
    };
    keys.push(keys::edge(tenant, subject, root));
    if field == "id" {
        keys.push(keys::subject(tenant, subject));
    }
    keys
}

/// The head that an item ends with, for items that have no end of their own and for what lies
/// elsewhere about a conversation: with a member, or under an address.
pub fn head_behind(item: &Item) -> Option<Key> {
    let kind = text(item, "kind")?;
    let pk = text(item, "pk")?;
    if kind == DataKeyRow::DECLARATION.name {
        return Some(RootRef::from_partition(pk).head());
    }
    if kind == Edge::DECLARATION.name {
        return Some(Edge::root_of(text(item, "sk")?)?.head());
    }
    let of_flow = [
        FlowPiece::DECLARATION.name,
        FlowTests::DECLARATION.name,
        FlowVersion::DECLARATION.name,
    ];
    let of_root = [
        CallQuality::DECLARATION.name,
        HoldNote::DECLARATION.name,
        SupportWriter::DECLARATION.name,
    ];
    let of_contact = [
        BeaconLink::DECLARATION.name,
        ContactNote::DECLARATION.name,
        ReachedLink::DECLARATION.name,
    ];
    let of_partition = [&of_root[..], &of_flow[..], &of_contact[..]];
    if of_partition.concat().contains(&kind) {
        return Some(RootRef::from_partition(pk).head());
    }
    if kind == Reached::DECLARATION.name {
        let (workspace, contact) = keys::whom_reached(&key_of(Table::Data, item)?)?;
        return Some(keys::contact(workspace, contact));
    }
    if kind == ReadMark::DECLARATION.name || kind == UnsentDraft::DECLARATION.name {
        let conversation = text(item, "sk")?.parse::<ConversationId>().ok()?;
        return Some(keys::conversation(workspace_of(item)?, conversation));
    }
    let elsewhere = [
        Mention::DECLARATION.name,
        News::DECLARATION.name,
        ReplyAddress::DECLARATION.name,
    ];
    if elsewhere.contains(&kind) {
        let conversation = text(item, "conversation")?.parse().ok()?;
        return Some(keys::conversation(workspace_of(item)?, conversation));
    }
    if kind == TeamIdentity::DECLARATION.name || kind == TeamSession::DECLARATION.name {
        return Some(keys::account(text(item, "account")?.parse().ok()?));
    }
    if kind == Subject::DECLARATION.name {
        let workspace = workspace_of(item);
        return match SubjectId::from_symbol(text(item, "subject")?)? {
            SubjectId::Account(account) => Some(keys::account(account)),
            SubjectId::Contact(contact) => Some(keys::contact(workspace?, contact)),
            // They are nobody: they have no fence.
            SubjectId::Flow(_) | SubjectId::Guest(_) | SubjectId::Key(_) => None,
            SubjectId::Member(member) => Some(keys::membership(workspace?, member)),
        };
    }
    None
}

/// The head whose hold decides about an item: content of a conversation, its head aside.
fn held_by(item: &Item, declaration: &Declaration) -> Option<Key> {
    let key = key_of(declaration.table, item)?;
    let content = declaration.class == Class::Conversation && key.sk != HEAD;
    (content && key.pk.starts_with("CONVERSATION#")).then(|| RootRef::of(&key).head())
}

/// The heads that must be read before [`judge`] can be asked about these items.
pub fn heads_to_read(items: &[Item]) -> Vec<Key> {
    let mut heads: Vec<Key> = items
        .iter()
        .flat_map(|item| {
            let held = declaration_of(item).and_then(|declaration| held_by(item, declaration));
            [held, head_behind(item)].into_iter().flatten()
        })
        .collect();
    heads.sort();
    heads.dedup();
    heads
}

/// What the sweep has to do with an item. `heads` holds those of [`heads_to_read`]; `policed` is
/// false where the tenant's policy is not there: then the item's own stamp decides alone.
///
/// # Errors
/// When the item does not say when it ends.
pub fn judge(
    item: &Item,
    heads: &Fetched,
    lens: Lens<'_>,
    policed: bool,
) -> Result<Verdict, StoreError> {
    let declaration =
        declaration_of(item).ok_or(StoreError::Corrupt("an item of an unknown kind"))?;
    if let Some(head) = head_behind(item) {
        let gone = match heads.raw(&head) {
            None => true,
            // Keys and edges go with their head; what lies with a member goes when it is hidden.
            Some(head) => {
                matches!(declaration.owner, Owner::Within("Membership"))
                    && policed
                    && is_expired(head, Class::Conversation, lens)?
            }
        };
        if gone {
            return Ok(Verdict::Orphan);
        }
    }
    let hold = held_by(item, declaration).and_then(|head| hold_of(heads.raw(&head)?, lens.now));
    let policy = lens.policy.under(hold);
    let lens = Lens {
        policy: &policy,
        ..lens
    };
    let stamped = stamp(item).flatten();
    if !policed {
        return Ok(match stamped.filter(|end| *end <= lens.now) {
            Some(end) => Verdict::Over(end),
            None => Verdict::Stays,
        });
    }
    let over = borne(item)?.over_since(declaration.class, lens);
    Ok(over.map_or(Verdict::Stays, Verdict::Over))
}

/// The hold that a head bears at `now`.
pub(super) fn hold_of(head: &Item, now: Timestamp) -> Option<crate::domain::policy::Hold> {
    let time = |name: &str| Timestamp::read(head.get(name));
    let hold = crate::domain::policy::Hold {
        since: time("held_at")?,
        until: time("held_until")?,
        lapsed: time("held_lapsed")?,
    };
    (hold.until > now).then_some(hold)
}

fn milliseconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.ms().to_string())
}

/// Until when the team itself has a conversation on hold at `now`: that it is set aside with its
/// contact keeps it, and does not keep it from being erased.
pub(super) fn hold_of_team(head: &Item, now: Timestamp) -> Option<Timestamp> {
    let restricted = State::read(head.get("state")) == Some(State::Restricted);
    let name = if restricted {
        "held_by_team"
    } else {
        "held_until"
    };
    Timestamp::read(head.get(name)).filter(|until| *until > now)
}

/// Whether the condition of a write held.
fn held<T, E, R>(answer: Result<T, SdkError<E, R>>) -> Result<bool, StoreError>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(StoreError::dynamodb(&error)),
    }
}

impl Store {
    /// Gives one page of a partition the ends that the policy says now: shorter ones after a
    /// shortened retention, longer ones under a hold. What has ended keeps its stamp.
    ///
    /// Idempotent: an item that bears its end already is not written. An item that was written
    /// meanwhile has its end from its writer.
    pub async fn restamp(
        &self,
        partition: &str,
        after: Option<&Key>,
        lens: Lens<'_>,
    ) -> Result<Restamped, StoreError> {
        let mut query = Query::partition(partition.to_owned()).limit(PAGE);
        if let Some(after) = after {
            query = query.after(after.clone(), String::new());
        }
        let Listed { items, more } = self.page(query).await?;
        let mut changed = 0;
        for item in &items {
            if let Some(end) = other_end(item, lens)? {
                changed += u64::from(self.stamp(item, end, lens.policy.version).await?);
            }
        }
        let next = items
            .last()
            .and_then(|item| key_of(Table::Data, item))
            .filter(|_| more);
        Ok(Restamped { changed, next })
    }

    /// Writes another end on an item, if it is as it was read.
    async fn stamp(&self, item: &Item, end: Timestamp, version: u64) -> Result<bool, StoreError> {
        let key = key_of(Table::Data, item).ok_or(StoreError::Corrupt("an item without a key"))?;
        let old = |name: &str| {
            item.get(name)
                .cloned()
                .ok_or(StoreError::Corrupt("an item without a stamp"))
        };
        let begun = self.meter.begin("UpdateItem");
        let answer = self
            .client
            .update_item()
            .table_name(self.table(Table::Data))
            .set_key(Some(key.into_attributes()))
            .update_expression("SET #exp = :end, #ttl = :ttl, #pol = :pol")
            .condition_expression("#exp = :exp AND #anchor = :anchor")
            .expression_attribute_names("#exp", "exp")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#pol", "pol")
            .expression_attribute_names("#anchor", "anchor")
            .expression_attribute_values(":end", milliseconds(end))
            .expression_attribute_values(":ttl", AttributeValue::N(end.ttl_seconds().to_string()))
            .expression_attribute_values(":pol", AttributeValue::N(version.to_string()))
            .expression_attribute_values(":exp", old("exp")?)
            .expression_attribute_values(":anchor", old("anchor")?)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let consumed = answer.as_ref().ok();
        let consumed = consumed.and_then(|answer| answer.consumed_capacity());
        self.meter.end_write(begun, consumed);
        held(answer)
    }

    /// How many messages of a conversation have their anchor after `low` and not after `high`, and
    /// have not ended by their own stamp.
    pub async fn count_messages(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
        (low, high): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut start = None;
        let mut count = 0;
        loop {
            let begun = self.meter.begin("Query");
            let answer = self
                .client
                .query()
                .table_name(self.table(Table::Data))
                .select(aws_sdk_dynamodb::types::Select::Count)
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :message)")
                .filter_expression("#anchor > :low AND #anchor <= :high AND #exp > :now")
                .expression_attribute_names("#pk", "pk")
                .expression_attribute_names("#sk", "sk")
                .expression_attribute_names("#anchor", "anchor")
                .expression_attribute_names("#exp", "exp")
                .expression_attribute_values(
                    ":pk",
                    AttributeValue::S(keys::thread(workspace, conversation)),
                )
                .expression_attribute_values(":message", AttributeValue::S("M#".to_owned()))
                .expression_attribute_values(":low", milliseconds(low))
                .expression_attribute_values(":high", milliseconds(high))
                .expression_attribute_values(":now", milliseconds(now))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            let capacity = answer
                .as_ref()
                .ok()
                .and_then(|answer| answer.consumed_capacity());
            let read = capacity.map_or(0.0, |capacity| units(std::slice::from_ref(capacity)));
            self.meter.end(begun, true, read, 0.0);
            let answer = answer.map_err(|error| StoreError::dynamodb(&error))?;
            count += u64::try_from(answer.count).unwrap_or(0);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    /// Reads a page of one of `segments` parts of a table, of every tenant: only the sweep may.
    pub async fn scan(
        &self,
        table: Table,
        part: (u16, u16),
        after: Option<Key>,
    ) -> Result<Scanned, StoreError> {
        let page = self.segment(table, part, after).limit(i32::from(PAGE));
        self.scanned(table, page).await
    }

    /// Reads a page of one of `segments` parts of a table, strongly, and keeps what names a workspace:
    /// in its key, or in the attribute `workspace`. Only the erasure of a workspace may.
    pub async fn scan_workspace(
        &self,
        table: Table,
        part: (u16, u16),
        after: Option<Key>,
        workspace: WorkspaceId,
    ) -> Result<Scanned, StoreError> {
        let page = self
            .segment(table, part, after)
            .limit(i32::from(SCANNED))
            .consistent_read(true)
            .filter_expression(
                "contains(#pk, :workspace) OR contains(#sk, :workspace) OR #workspace = :workspace",
            )
            .expression_attribute_names("#pk", "pk")
            .expression_attribute_names("#sk", "sk")
            .expression_attribute_names("#workspace", "workspace")
            .expression_attribute_values(":workspace", AttributeValue::S(workspace.to_string()));
        self.scanned(table, page).await
    }

    /// A scan of one part of a table, from behind a key on.
    pub(super) fn segment(
        &self,
        table: Table,
        (segment, segments): (u16, u16),
        after: Option<Key>,
    ) -> ScanFluentBuilder {
        self.client
            .scan()
            .table_name(self.table(table))
            .segment(i32::from(segment))
            .total_segments(i32::from(segments))
            .set_exclusive_start_key(after.map(Key::into_attributes))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    pub(super) async fn scanned(
        &self,
        table: Table,
        page: ScanFluentBuilder,
    ) -> Result<Scanned, StoreError> {
        let strong = page.get_consistent_read().unwrap_or(false);
        let begun = self.meter.begin("Scan");
        let answer = page.send().await;
        let capacity = answer
            .as_ref()
            .ok()
            .and_then(|answer| answer.consumed_capacity());
        let read = capacity.map_or(0.0, |capacity| units(std::slice::from_ref(capacity)));
        self.meter.end(begun, strong, read, 0.0);
        let answer = answer.map_err(|error| StoreError::dynamodb(&error))?;
        let next = answer
            .last_evaluated_key
            .and_then(|key| key_of(table, &key));
        Ok(Scanned {
            items: answer.items.unwrap_or_default(),
            next,
        })
    }

    /// Deletes an item that is over, if it still is: by its stamp, or, when the policy ended it, as
    /// long as nobody has written it since it was read.
    pub async fn delete_over(
        &self,
        table: Table,
        item: &Item,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = key_of(table, item).ok_or(StoreError::Corrupt("an item without a key"))?;
        let request = self
            .client
            .delete_item()
            .table_name(self.table(table))
            .set_key(Some(key.into_attributes()))
            .expression_attribute_names("#exp", "exp")
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let request = match stamp(item).flatten() {
            Some(end) if end <= now => request
                .condition_expression("#exp <= :now")
                .expression_attribute_values(":now", milliseconds(now)),
            Some(end) => {
                let anchor = Timestamp::read(item.get("anchor"));
                let anchor = anchor.ok_or(StoreError::Corrupt("an item without an anchor"))?;
                request
                    .condition_expression("#exp = :exp AND #anchor = :anchor AND (attribute_not_exists(#held) OR #held <= :now)")
                    .expression_attribute_values(":now", milliseconds(now))
                    .expression_attribute_names("#anchor", "anchor")
                    .expression_attribute_names("#held", "held_until")
                    .expression_attribute_values(":exp", milliseconds(end))
                    .expression_attribute_values(":anchor", milliseconds(anchor))
            }
            None => return Err(StoreError::Corrupt("an item that is over and has no stamp")),
        };
        let begun = self.meter.begin("DeleteItem");
        let answer = request.send().await;
        let consumed = answer.as_ref().ok();
        let consumed = consumed.and_then(|answer| answer.consumed_capacity());
        self.meter.end_write(begun, consumed);
        held(answer)
    }

    /// Deletes what lies in a root's partition beside its head; tombstones stay for their week.
    /// At most `pages` pages of it; says how many went.
    pub async fn remove_children(&self, root: &RootRef, pages: u32) -> Result<u64, StoreError> {
        let mut after: Option<Key> = None;
        let mut removed = 0;
        for _ in 0..pages {
            let mut query = Query::partition(root.to_string()).limit(PAGE);
            if let Some(after) = after.take() {
                query = query.after(after, String::new());
            }
            let Listed { items, more } = self.page(query).await?;
            for item in &items {
                let Some(key) = key_of(Table::Data, item).filter(|key| key.sk != HEAD) else {
                    continue;
                };
                if text(item, "kind") != Some(Tombstone::DECLARATION.name) {
                    if let Some(row) = reached::row_behind(item) {
                        self.delete(row).await?;
                    }
                    self.delete(key).await?;
                    removed += 1;
                }
            }
            after = items.last().and_then(|item| key_of(Table::Data, item));
            if !more {
                break;
            }
        }
        Ok(removed)
    }

    /// Deletes a root that is over: children before the head, and its key, so that a crash on the
    /// way leaves the head, which leads here again.
    pub async fn remove_root(&self, head: &Item, now: Timestamp) -> Result<u64, StoreError> {
        let key = key_of(Table::Data, head).ok_or(StoreError::Corrupt("an item without a key"))?;
        let root = RootRef::of(&key);
        let mut removed = self.remove_files(&root).await?;
        removed += self.remove_children(&root, u32::MAX).await?;
        for key in left_behind(head) {
            self.delete(key).await?;
            removed += 1;
        }
        Ok(removed + u64::from(self.delete_over(Table::Data, head, now).await?))
    }
}

/// The end that an item should bear, if it bears another one and has not ended.
fn other_end(item: &Item, lens: Lens<'_>) -> Result<Option<Timestamp>, StoreError> {
    let Some(declaration) = declaration_of(item) else {
        return Ok(None);
    };
    Ok(borne(item)?.other_end(declaration.class, lens))
}
