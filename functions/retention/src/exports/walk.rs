//! What an export walks, list by list, and what it leaves out.

use serde_json::{Value, json};
use shared::{
    domain::{
        Policy, PseudonymId, TenantId, Timestamp,
        archive::{FileEntry, FileKind},
        attachment::{MediaType, Rendition},
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

/// Kinds that are in no archive, and why.
pub const SKIPPED: &[(&str, &str)] = &[
    (
        "Erasure",
        "how far an erasure has come, and its receipt, which the person has by mail",
    ),
    (
        "Delivery",
        "that a service of the customer was told of something, by opaque ids, for seven days",
    ),
    ("WebhookHealth", "how an endpoint does, about nobody"),
    (
        "Webhook",
        "a service of the customer, whose team set it up and reads it in the settings",
    ),
    ("MailWanted", "a setting of a workspace, about nobody"),
    (
        "Notification",
        "that somebody was told of something, by opaque ids, for two days",
    ),
    (
        "PushSender",
        "what the team gave us for those who bring notifications, which it has",
    ),
    (
        "FlowServers",
        "hosts and secrets of servers that flows ask, which their team set and reads in the settings",
    ),
    (
        "Farewell",
        "where the last mail goes, when the account is gone already",
    ),
    (
        "Continuity",
        "how far mail about a conversation has got; the messages are in",
    ),
    (
        "ReplyAddress",
        "where an address for replies leads, under its keyed hash, a month at most",
    ),
    ("TeamWait", "when a team is looked at again, about nobody"),
    (
        "LedgerLength",
        "how long the ledger of erasures is, about nobody",
    ),
    (
        "Reached",
        "the address itself is in the profile; this is its keyed hash",
    ),
    (
        "ReachedLink",
        "the address itself is in the profile; this is its keyed hash",
    ),
    ("ReceiptKey", "the key that signs receipts, about nobody"),
    ("ReceiptKeys", "the public keys of receipts, about nobody"),
    (
        "TeamAttempt",
        "a sign-in that was asked for; good for ten minutes, and nobody is named in it",
    ),
    (
        "TeamIdentity",
        "that a team's provider vouched for somebody, under a keyed hash",
    ),
    (
        "TeamSession",
        "that a team's provider has a session of somebody, under a keyed hash",
    ),
    (
        "TeamProvider",
        "the way in of a team; its owner set it up and reads it in the settings",
    ),
    (
        "AnalyticsWeek",
        "counts of a week of a whole workspace, about nobody",
    ),
    (
        "AddressOwner",
        "the address itself is in the account; this is its keyed hash",
    ),
    (
        "ApiKey",
        "a key of a program; its holder has it, we have a hash",
    ),
    (
        "AnnouncedVersions",
        "days of versions of the policy, about nobody",
    ),
    (
        "Announcement",
        "a text of the operator to many, about none of them",
    ),
    (
        "AuditEnd",
        "where the log of a workspace ends, about nobody",
    ),
    (
        "AuditEntry",
        "who did what in a workspace, under keyed hashes; owners read the log itself",
    ),
    (
        "AuditLine",
        "who did what in a workspace, under keyed hashes; owners read the log itself",
    ),
    (
        "BreakGlass",
        "that the operator looked into a workspace, which its owners see there",
    ),
    (
        "DeploymentSettings",
        "settings of the deployment, about nobody",
    ),
    (
        "Invited",
        "that an address was invited, under a keyed hash; gone with the invitation",
    ),
    (
        "OperatorDeed",
        "what was done with the deployment, by opaque ids; operators read the log itself",
    ),
    (
        "OperatorSeat",
        "who operates the deployment, which operators see there",
    ),
    (
        "Challenge",
        "a mailed code that waits for its answer, ten minutes at most",
    ),
    (
        "Counter",
        "a count against abuse, under a hash that nobody can undo after a day",
    ),
    ("DataKeyRow", "a key, which goes with what it seals"),
    (
        "Dedupe",
        "the memory of a message's sending; the message is in",
    ),
    (
        "Disclosure",
        "the register of a workspace names people by keyed hashes; each person's copy has the note of theirs",
    ),
    ("Edge", "a reference to a record that is in"),
    ("Export", "the making of an archive"),
    ("ExportPart", "the making of an archive"),
    (
        "ExternalOwner",
        "the identifier itself is in the profile; this is its keyed hash",
    ),
    (
        "HeardBefore",
        "the memory of something that counts once, under a keyed hash, for a day",
    ),
    (
        "Idempotency",
        "the memory of a request, under keyed hashes, for a day",
    ),
    (
        "Invitation",
        "it belongs to nobody until it is accepted, and ends within fourteen days",
    ),
    (
        "IdleTold",
        "up to when a workspace was told of what is near its end, about nobody",
    ),
    ("Job", "work on a workspace, about nobody"),
    ("Listener", "a live connection, two hours at most"),
    ("Listening", "a live connection, two hours at most"),
    (
        "MailWishRow",
        "the proof of a wish about mail, under a keyed hash of the address",
    ),
    ("OpenJob", "work on a workspace, about nobody"),
    ("OpenWish", "a reference to a request that is in"),
    ("OwnRequest", "a reference to a request that is in"),
    ("OwnSupport", "a reference to a thread that is in"),
    (
        "PasskeyCeremony",
        "a passkey that is asked for, ten minutes at most",
    ),
    ("Password", "a secret that proves who somebody is"),
    (
        "PrivacyLetter",
        "that a mail about a request waits, for a day; the request is in",
    ),
    (
        "PhotoUpload",
        "a photo that was not looked through yet, or was refused; gone after a day",
    ),
    ("PublicKeys", "keys of the deployment, about nobody"),
    (
        "ResetLink",
        "a mailed link that waits to be opened, thirty minutes at most",
    ),
    ("SaltRow", "random numbers of a day, about nobody"),
    (
        "SecondStep",
        "a sign-in that waits for its second factor, ten minutes at most",
    ),
    ("SigningKey", "a key of the deployment, about nobody"),
    ("Socket", "a live connection, two hours at most"),
    ("Subject", "the state of an erasure"),
    (
        "SupportWriter",
        "the address of somebody without an account, who has no archive of one; the operator shows it on request",
    ),
    (
        "Suppression",
        "that mail to an address came back, under a keyed hash that nobody can turn back",
    ),
    ("SweepMark", "a position of the sweep, about nobody"),
    ("TenantKeyRow", "a key, about nobody"),
    (
        "Ticket",
        "what opens one live connection, sixty seconds at most",
    ),
    (
        "Tombstone",
        "says only that something is gone, for seven days",
    ),
    (
        "Upload",
        "a file that nobody has sent yet; gone a day after it was uploaded",
    ),
    (
        "UnsentDraft",
        "a draft that was never sent, and lies under another person's conversation",
    ),
];

/// What the visitor's own archive leaves out besides.
pub const TEAMS_OWN: &[(&str, &str)] = &[
    (
        "DisclosedPart",
        "what was handed over, where the law forbids to tell of it for now",
    ),
    (
        "Attachment",
        "files with notes among the team; ask the team, who decides under Art. 15(4) GDPR",
    ),
    (
        "HoldNote",
        "why the team keeps a conversation; ask the team, who decides under Art. 15(4) GDPR",
    ),
    (
        "Message",
        "notes among the team; ask the team, who decides under Art. 15(4) GDPR",
    ),
];

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
        (ExportKind::Workspace, _, TenantId::Workspace(workspace)) => match export.list {
            0 => Some(Partition(keys::workspace(workspace).pk)),
            1 => Some(Partition(keys::apps(workspace))),
            2 => Some(Partition(keys::teams(workspace))),
            3 => Some(Entries(Query::lists(keys::memberships(workspace)))),
            4 => Some(Entries(Query::lists(keys::contacts(workspace)))),
            5 => Some(Entries(Query::lists(keys::flows(workspace)))),
            list => {
                let shard = u8::try_from(list - 6).ok()?;
                let is_one = shard < CHANGE_SHARDS;
                is_one.then(|| Entries(Query::changes(keys::change_shard(workspace, shard))))
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
        "HoldNote" => visitor || outside,
        // What a member keeps for themselves is in their own copy.
        "CannedReply" => {
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
    use super::*;

    /// What the lists above lead to.
    const WALKED: &[&str] = &[
        "Account",
        "App",
        "Attachment",
        "Availability",
        "Beacon",
        "BeaconLink",
        "BusinessHours",
        "CannedReply",
        "Contact",
        "Conversation",
        "DisclosedPart",
        "Flow",
        "FlowCode",
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
