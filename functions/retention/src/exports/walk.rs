//! What an export walks, list by list, and what it leaves out.

use serde_json::{Value, json};
use shared::{
    domain::{
        Policy, PseudonymId, TenantId, Timestamp,
        archive::{FileEntry, FileKind},
        attachment::{MediaType, Rendition},
        call::CallState,
        policy::Lens,
    },
    store::{
        Field, Item, Query, StoreError, SubjectId, Table, Unsealed,
        account::Seat,
        db::key_of,
        export::{Export, ExportKind},
        job::Mark,
        keys::{self, CHANGE_SHARDS, HEAD},
        objects::ObjectKey,
        record::{Fields, Told, read_item},
        registry,
        subject::Edge,
    },
};

/// Something to read.
pub enum Source {
    /// Everything in a partition.
    Partition(String),
    /// Everything in the partitions of each entry.
    Entries(Query),
}

/// How many lists lead to what there is of a contact.
const OF_A_CONTACT: u32 = 5;

/// The list that an export walks now; none after the last.
pub fn source(export: &Export) -> Option<Source> {
    use Source::{Entries, Partition};
    let tenant = export.tenant;
    let edges = |subject| Query::partition(keys::subject_partition(tenant, subject));
    let asked = |subject| Query::partition(keys::asked(tenant, subject));
    match (export.export_kind, export.subject, tenant) {
        (ExportKind::Account, SubjectId::Account(account), _) => match export.list {
            0 => Some(Partition(keys::account(account).pk)),
            1 => Some(Partition(keys::sessions(account))),
            2 => Some(Partition(keys::notices(account))),
            3 => Some(Partition(keys::seats(account))),
            4 => Some(Partition(keys::letters(account))),
            5 => Some(Entries(Query::partition(keys::seats(account)))),
            6 => Some(Entries(asked(export.subject))),
            7 => Some(Entries(Query::partition(keys::supported(account)))),
            _ => None,
        },
        (
            ExportKind::Contact | ExportKind::Visitor,
            SubjectId::Contact(contact),
            TenantId::Workspace(workspace),
        ) => {
            // All of them for each contact of the person.
            let mut contacts = std::iter::once(&contact).chain(export.together.iter().flatten());
            let place = usize::try_from(export.list / OF_A_CONTACT).ok()?;
            let contact = *contacts.nth(place)?;
            let subject = SubjectId::Contact(contact);
            match export.list % OF_A_CONTACT {
                0 => Some(Partition(keys::contact(workspace, contact).pk)),
                1 => Some(Partition(keys::visits(workspace, contact))),
                2 => Some(Entries(edges(subject))),
                3 => Some(Entries(asked(subject))),
                _ => Some(Entries(
                    Query::partition(keys::contact(workspace, contact).pk)
                        .between(keys::BEACON_LINK, format!("{}~", keys::BEACON_LINK)),
                )),
            }
        }
        (ExportKind::Disclosure, _, TenantId::Workspace(workspace)) => {
            let list = usize::try_from(export.list).ok()?;
            let conversation = *export.scope.get(list)?;
            Some(Partition(keys::thread(workspace, conversation)))
        }
        (ExportKind::Workspace, _, TenantId::Workspace(workspace)) if export.flat().is_some() => {
            let shard = u8::try_from(export.list).ok()?.checked_sub(1);
            match shard {
                None => Some(Entries(Query::lists(keys::contacts(workspace)))),
                Some(shard) if shard < CHANGE_SHARDS => Some(Entries(Query::changes(
                    keys::change_shard(workspace, shard),
                ))),
                Some(_) => None,
            }
        }
        (ExportKind::Workspace, _, TenantId::Workspace(workspace)) => match export.list {
            0 => Some(Partition(keys::workspace(workspace).pk)),
            1 => Some(Partition(keys::apps(workspace))),
            2 => Some(Partition(keys::teams(workspace))),
            3 => Some(Entries(Query::lists(keys::memberships(workspace)))),
            4 => Some(Entries(Query::lists(keys::contacts(workspace)))),
            5 => Some(Entries(Query::lists(keys::flows(workspace)))),
            6 => Some(Entries(Query::lists(keys::calls(
                workspace,
                CallState::Active,
            )))),
            7 => Some(Entries(Query::lists(keys::calls(
                workspace,
                CallState::Ended,
            )))),
            list => {
                let shard = u8::try_from(list - 8).ok()?;
                match shard.checked_sub(CHANGE_SHARDS) {
                    None => Some(Entries(Query::changes(keys::change_shard(
                        workspace, shard,
                    )))),
                    Some(0) => Some(Partition(keys::webhooks(workspace))),
                    // What each was told, as far as its log goes back.
                    Some(1) => Some(Entries(
                        Query::partition(keys::webhooks(workspace))
                            .between(keys::WEBHOOK, format!("{}~", keys::WEBHOOK)),
                    )),
                    Some(_) => None,
                }
            }
        },
        _ => None,
    }
}

/// The partitions that an entry of a list leads to, sorted.
pub fn partitions(export: &Export, item: &Item) -> Vec<String> {
    let Some(key) = key_of(Table::Data, item) else {
        return Vec::new();
    };
    if let Some(request) = keys::request_asked(&key) {
        return vec![request];
    }
    if let Some(thread) = keys::thread_supported(&key) {
        return vec![thread.pk];
    }
    match export.export_kind {
        ExportKind::Account => {
            let platform = Policy::platform();
            let lens = Lens {
                now: Timestamp::from_ms(0),
                policy: &platform,
            };
            match read_item::<Seat>(item, &Unsealed, lens) {
                Ok(Some(seat)) => vec![
                    keys::membership(seat.workspace, seat.member).pk,
                    keys::read_marks(seat.workspace, seat.member),
                    keys::teams_of(seat.workspace, seat.member),
                ],
                _ => Vec::new(),
            }
        }
        ExportKind::Contact | ExportKind::Visitor if key.sk.starts_with(keys::BEACON_LINK) => {
            let pseudonym = PseudonymId::read(item.get("pseudonym"));
            match (export.tenant, pseudonym) {
                (TenantId::Workspace(workspace), Some(pseudonym)) => {
                    vec![keys::beacons(workspace, pseudonym)]
                }
                _ => Vec::new(),
            }
        }
        ExportKind::Contact | ExportKind::Visitor => {
            let root = Edge::root_of(&key.sk).map(|root| root.to_string());
            let conversation = root.filter(|root| root.starts_with("CONVERSATION#"));
            conversation.into_iter().collect()
        }
        ExportKind::Workspace if key.sk.starts_with(keys::WEBHOOK) => {
            let id = key.sk.trim_start_matches(keys::WEBHOOK).parse().ok();
            match (export.tenant, id) {
                (TenantId::Workspace(workspace), Some(id)) => {
                    vec![keys::deliveries(workspace, id)]
                }
                _ => Vec::new(),
            }
        }
        // Tombstones stand in the change index as well.
        ExportKind::Workspace if key.sk == HEAD => {
            let teams = keys::membership_of(&key).map(|(ws, member)| keys::teams_of(ws, member));
            let visits = keys::contact_of(&key).map(|(ws, contact)| keys::visits(ws, contact));
            [Some(key.pk), teams, visits]
                .into_iter()
                .flatten()
                .collect()
        }
        ExportKind::Disclosure | ExportKind::Workspace => Vec::new(),
    }
}

/// Whether what lies in a partition is sealed under a key of its own.
pub fn is_sealed(partition: &str) -> bool {
    let kind = partition.split('#').next().unwrap_or_default();
    [
        "ACCOUNT",
        "CONTACT",
        "CONVERSATION",
        "FLOW",
        "MEMBERSHIP",
        "PRIVACY",
        "SUPPORT",
        "WORKSPACE",
    ]
    .contains(&kind)
}

/// The place of an entry in its list.
pub fn mark(item: &Item) -> Result<Mark, StoreError> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let sort = text("lists_sk").or_else(|| text("changes_sk"));
    Ok(Mark {
        key: key_of(Table::Data, item).ok_or(StoreError::Corrupt("an item without a key"))?,
        index_sort_key: sort.cloned().unwrap_or_default(),
    })
}

/// Whether a record is left out of an export: the team's own from what leaves the team, and what the
/// person may not be told yet from theirs.
pub fn is_left_out(kind: ExportKind, record: &str, fields: &Fields, now: Timestamp) -> bool {
    let (visitor, outside) = (kind == ExportKind::Visitor, kind == ExportKind::Disclosure);
    match record {
        "ContactNote" | "HoldNote" => visitor || outside,
        // What a member keeps for themselves is in their own copy.
        "CannedReply" | "SavedView" => {
            kind == ExportKind::Workspace && fields.get("member") != Some(&Value::Null)
        }
        // Their beacons are in each person's own copy.
        "BeaconLink" => kind == ExportKind::Workspace,
        "Attachment" | "Message" => {
            (visitor || outside) && fields.get("audience") == Some(&json!("team"))
        }
        "DisclosedPart" => visitor && !may_be_told(fields, now),
        _ => false,
    }
}

/// The files of a record, and where they lie.
pub fn files(record: &str, item: &Item, fields: &Fields) -> Vec<(FileEntry, ObjectKey)> {
    let told = |name: &str| fields.get(name).and_then(Value::as_str);
    let (kind, content_type) = match FileKind::parse(record) {
        Some(FileKind::Attachment) => {
            let media = told("media").and_then(MediaType::parse);
            (FileKind::Attachment, media)
        }
        Some(FileKind::Photo) => (FileKind::Photo, Some(MediaType::Jpeg)),
        None => return Vec::new(),
    };
    let file = key_of(Table::Data, item).and_then(|key| keys::file_of_row(&key));
    let (Some(content_type), Some(file)) = (content_type, file) else {
        return Vec::new();
    };
    let is_small = fields.get("thumbnail") == Some(&json!(true));
    let small = is_small.then_some((Rendition::Thumbnail, MediaType::Jpeg));
    let forms = [Some((Rendition::Content, content_type)), small];
    let forms = forms
        .into_iter()
        .flatten()
        .map(|(rendition, content_type)| {
            let entry = FileEntry {
                kind,
                id: file.id,
                rendition,
                content_type,
            };
            (entry, keys::rendition(file, rendition))
        });
    forms.collect()
}

/// Whether a note of a disclosure may be told: it happened, and no law forbids it any more.
fn may_be_told(fields: &Fields, now: Timestamp) -> bool {
    let at = |name: &str| {
        let told = fields.get(name).cloned();
        told.and_then(|told| serde_json::from_value::<Timestamp>(told).ok())
    };
    at("approved_at").is_some() && at("silent_until").is_none_or(|until| until <= now)
}

/// JSON Schema of a part that holds records of these kinds.
pub fn schema<'a>(kinds: impl Iterator<Item = &'a str>) -> Value {
    let record = |kind: &str| {
        let fields = registry::declaration(kind).map_or(&[][..], |found| found.fields);
        let told = fields.iter().filter(|field| field.told == Told::Exported);
        let names: Vec<&str> = told.map(|field| field.name).collect();
        let types = json!({ "type": ["string", "integer", "boolean", "array", "null"] });
        let properties: Fields = names
            .iter()
            .map(|name| ((*name).to_owned(), types.clone()))
            .collect();
        json!({
            "type": "object",
            "properties": {
                "kind": { "const": kind },
                "fields": {
                    "type": "object", "properties": properties, "required": names,
                    "additionalProperties": false,
                },
            },
            "required": ["kind", "fields"],
            "additionalProperties": false,
        })
    };
    let records: Vec<Value> = kinds.map(record).collect();
    let items = match records.is_empty() {
        true => json!(false),
        false => json!({ "oneOf": records }),
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "format": { "const": shared::domain::archive::FORMAT },
            "version": { "const": shared::domain::archive::VERSION },
            "part": { "type": "integer", "minimum": 1 },
            "records": { "type": "array", "items": items },
        },
        "required": ["format", "version", "part", "records"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::left_out::SKIPPED;
    use super::*;

    /// What the lists above lead to.
    const WALKED: &[&str] = &[
        "Account",
        "AddressProof",
        "App",
        "Attachment",
        "Availability",
        "Beacon",
        "BeaconLink",
        "BillingAccount",
        "BusinessHours",
        "CannedReply",
        "Call",
        "CallQuality",
        "Contact",
        "ContactNote",
        "Conversation",
        "Delivery",
        "DisclosedPart",
        "Flow",
        "FlowCode",
        "FlowDeed",
        "FlowPiece",
        "FlowRequest",
        "FlowRun",
        "FlowSums",
        "FlowTests",
        "FlowTick",
        "FlowVersion",
        "HoldNote",
        "Letter",
        "LoginSession",
        "Membership",
        "Mention",
        "Message",
        "News",
        "Notice",
        "NotifyWishes",
        "Photo",
        "PolicyAcceptance",
        "Preferences",
        "PrivacyRequest",
        "Profile",
        "PushDevice",
        "ReadMark",
        "RequestWords",
        "SavedView",
        "Seat",
        "SecondFactor",
        "SupportMessage",
        "SupportThread",
        "Team",
        "Teammate",
        "Transfer",
        "Visit",
        "VisitorContext",
        "VisitorDevice",
        "Webhook",
        "Workspace",
        "WorkspacePolicy",
    ];

    #[test]
    fn every_record_of_the_registry_is_walked_or_left_out_for_a_reason() {
        for declaration in registry::ALL {
            let name = declaration.name;
            let walked = WALKED.contains(&name);
            let skipped = SKIPPED.iter().any(|(kind, _)| *kind == name);
            assert!(
                walked != skipped,
                "{name}: name a list of `source` that leads to it, or say in SKIPPED why not"
            );
        }
    }

    #[test]
    fn no_secret_is_told_of_and_no_personal_field_is_left_out_silently() {
        for declaration in registry::ALL.iter().filter(|d| WALKED.contains(&d.name)) {
            for field in declaration.fields {
                match field.told {
                    Told::Exported => {
                        let secret = ["hash", "seed", "token", "secret", "recovery_codes", "salt"];
                        assert!(
                            !secret.iter().any(|word| field.name.ends_with(word)),
                            "{}.{} would be in an archive",
                            declaration.name,
                            field.name
                        );
                    }
                    Told::LeftOut(reason) => assert!(reason.len() > 8, "{}", field.name),
                }
            }
        }
    }
}
