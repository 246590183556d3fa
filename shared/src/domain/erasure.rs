//! Erasures, as far as they need no storage: how far one is, what was counted, what stays, and whom an
//! entry of the ledger means.

use super::{
    AccountId, AppId, ContactId, ErasureId, GuestId, Timestamp, WorkspaceId,
    personal::Pseudonymous,
    receipt::{CallsMeant, Count, Erased, Kept},
    retention::{DATA_PITR_DAYS, erasure_days},
    time::DAY,
    words::Symbol,
};

crate::words! {
    /// One of the two tables.
    pub enum Table {
        /// Everything but keys; backups of 30 days.
        Data = "data",
        /// Keys; backups of 7 days.
        Keys = "keys",
    }
}

crate::words! {
    /// What is erased.
    pub enum ErasureKind {
        /// Somebody who signs in, with their place in every workspace.
        Account = "account",
        /// What is known of calls of a workspace.
        Calls = "calls",
        /// Somebody that a workspace talks with.
        Contact = "contact",
        /// A workspace with everything in it.
        Workspace = "workspace",
    }
}

crate::words! {
    /// How far an erasure is.
    pub enum Stage {
        /// What there is is being counted.
        Counting = "counting",
        /// It is being deleted.
        Deleting = "deleting",
        /// Nothing is left to do.
        Done = "done",
        /// Everything is read once more, strongly.
        Verifying = "verifying",
        /// It waits for the end of a hold.
        Waiting = "waiting",
    }
}

/// What lies outside of our reach, as a receipt of somebody or of a workspace says it.
const OUT_OF_REACH: [&str; 5] = [
    "Mails that were delivered, transcripts among them",
    "Notifications that a push service has taken, on its way and on the device",
    "What services and servers that a workspace chose were told",
    "What somebody downloaded or copied before",
    "Backups of the tables and of files, which without their keys cannot be read any more",
];
/// The same of whoever paid for a workspace.
const OUT_OF_REACH_OF_PAYMENTS: &str =
    "What Stripe keeps of whoever paid for the workspace, as the law has it";
/// The same of calls: they hold ids, times and counts, and no key of their own.
const OUT_OF_REACH_OF_CALLS: [&str; 2] = [
    "What somebody downloaded or copied before",
    "Backups of the tables, until the day that this receipt names",
];

/// How many parts each table is read in.
pub const SEGMENTS: u16 = 4;

/// The part of a table with this number: `data` first, so that keys go last.
pub fn part(number: u32) -> Option<(Table, u16)> {
    let segment = u16::try_from(number % u32::from(SEGMENTS)).ok()?;
    match number / u32::from(SEGMENTS) {
        0 => Some((Table::Data, segment)),
        1 => Some((Table::Keys, segment)),
        _ => None,
    }
}

impl ErasureKind {
    /// From when on no backup can be read of what was gone at `finished_at`: its keys are in none of them
    /// any more, or it is itself in none.
    pub fn unreadable_after(self, finished_at: Timestamp) -> Timestamp {
        let days = match self {
            Self::Calls => DATA_PITR_DAYS,
            Self::Account | Self::Contact | Self::Workspace => erasure_days::KEYS_PITR,
        };
        finished_at.plus(DAY * days)
    }

    /// What lies outside of our reach.
    pub fn out_of_reach(self) -> Vec<String> {
        let all: &[&str] = match self {
            Self::Calls => &OUT_OF_REACH_OF_CALLS,
            Self::Account | Self::Contact | Self::Workspace => &OUT_OF_REACH,
        };
        let more = (self == Self::Workspace).then_some(OUT_OF_REACH_OF_PAYMENTS);
        let all = all.iter().copied().chain(more);
        all.map(str::to_owned).collect()
    }

    /// The subject of an erasure, as its kind writes it.
    pub fn subject(self, id: ErasureId) -> String {
        let uuid = id.uuid();
        match self {
            Self::Account => AccountId::from_uuid(uuid).to_string(),
            Self::Calls => id.to_string(),
            Self::Contact => ContactId::from_uuid(uuid).to_string(),
            Self::Workspace => WorkspaceId::from_uuid(uuid).to_string(),
        }
    }

    /// What stays after it.
    pub fn keeps(self) -> Vec<Kept> {
        let kept = |what: &str, why: &str, until: &str| Kept {
            what: what.to_owned(),
            why: why.to_owned(),
            until: until.to_owned(),
        };
        let mut all = vec![kept(
            "This receipt: counts, opaque ids and keyed hashes",
            "To show that the erasure was carried out, and to repeat it on a restored backup",
            "36 months; in the ledger for as long as there are backups of it",
        )];
        if matches!(self, Self::Account | Self::Contact) {
            all.push(kept(
                "What was asked about one's own data, and how it was answered",
                "To show that requests were answered as the law wants it",
                "36 months under opaque ids; the words and the address of a request 60 days after its end",
            ));
        }
        all.extend(match self {
            Self::Account => vec![
                kept(
                    "What was written in conversations of workspaces, under an opaque id",
                    "It belongs to those it was written to",
                    "as long as those conversations are kept",
                ),
                kept(
                    "That mail to the address came back or was not wanted, under a keyed hash of it",
                    "So that nobody is mailed against their will",
                    "a year",
                ),
                kept(
                    "The address, for one last mail",
                    "So that its holder learns that it is done",
                    "the mail, and two days at most",
                ),
            ],
            Self::Calls => vec![
                kept(
                    "That calls were deleted, in the audit log of the workspace",
                    "So that its owners see who deleted them",
                    "as long as the audit log is kept",
                ),
                kept(
                    "That two spoke or somebody was missed, in a conversation that a call was offered in",
                    "It is a line of the conversation, and names no call",
                    "as long as the conversation is kept",
                ),
            ],
            Self::Contact => vec![
                kept(
                    "Marks that say only that a conversation is gone",
                    "So that clients that were offline learn of it",
                    "7 days",
                ),
                kept(
                    "That services which the workspace chose were told of something, by opaque ids",
                    "So that each is told once, and those that keep a copy hear that it has to go",
                    "7 days",
                ),
                kept(
                    "That devices were told of something, by opaque ids",
                    "So that each is told once",
                    "2 days",
                ),
                kept(
                    "Calls that somebody made as a guest whom no app named as it names this contact, under ids that lead to nobody",
                    "They are kept until the workspace asks for their deletion, of one person or of all",
                    "that request",
                ),
            ],
            Self::Workspace => vec![
                kept(
                    "Invoices, credit notes and refunds, where a plan was paid for, under ids that name the workspace nowhere",
                    "The law has the operator keep its books",
                    "7 years from the end of the year of their last movement",
                ),
                kept(
                    "A notice to each of its owners, which names the workspace by its id",
                    "So that they learn that it is done",
                    "24 hours",
                ),
            ],
        });
        all
    }
}

impl CallsMeant {
    /// Whether anything says which calls: without that one is meant, by the erasure's own id.
    pub const fn is_any(&self) -> bool {
        self.app.is_some()
            || self.guest.is_some()
            || self.user_ref.is_some()
            || self.before.is_some()
    }
}

impl Symbol for CallsMeant {
    fn symbol(&self) -> String {
        let all = [
            self.app.map(|id| format!("app={id}")),
            self.guest.map(|id| format!("guest={id}")),
            self.user_ref.as_ref().map(|hash| format!("user={hash}")),
            self.before.map(|at| format!("before={}", at.ms())),
        ];
        let all: Vec<String> = all.into_iter().flatten().collect();
        all.join(" ")
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let mut meant = Self::default();
        for part in text.split(' ').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            match name {
                "app" => meant.app = Some(value.parse::<AppId>().ok()?),
                "guest" => meant.guest = Some(value.parse::<GuestId>().ok()?),
                "user" => meant.user_ref = Some(value.to_owned()),
                "before" => meant.before = Some(Timestamp::from_ms(value.parse().ok()?)),
                _ => return None,
            }
        }
        Some(meant)
    }
}

// Opaque ids, a time and a keyed hash.
impl Pseudonymous for CallsMeant {}

/// How many items of a kind there were in a table, and how many there are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// In which table.
    pub table: Table,
    /// Of which kind: the name of a record.
    pub kind: String,
    /// How many there were.
    pub before: u64,
    /// How many there are.
    pub after: u64,
}

impl Tally {
    /// What a receipt says of it.
    pub fn counted(&self) -> Count {
        let method = match self.table {
            Table::Data => "deleted",
            Table::Keys => "key_deleted",
        };
        Count {
            store: self.table.word().to_owned(),
            kind: self.kind.clone(),
            before: self.before,
            deleted: self.before.saturating_sub(self.after),
            after: self.after,
            method: method.to_owned(),
        }
    }
}

impl Symbol for Tally {
    fn symbol(&self) -> String {
        let Self {
            kind,
            before,
            after,
            ..
        } = self;
        format!("{} {kind} {before} {after}", self.table.word())
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [table, kind, before, after] = parts[..] else {
            return None;
        };
        Some(Self {
            table: Table::parse(table)?,
            kind: kind.to_owned(),
            before: before.parse().ok()?,
            after: after.parse().ok()?,
        })
    }
}

/// The count of a kind in a table; a new one where there is none yet.
pub fn tally<'a>(tallies: &'a mut Vec<Tally>, table: Table, kind: &str) -> &'a mut Tally {
    let found = |tally: &Tally| tally.table == table && tally.kind == kind;
    let place = tallies.iter().position(found).unwrap_or_else(|| {
        tallies.push(Tally {
            table,
            kind: kind.to_owned(),
            before: 0,
            after: 0,
        });
        tallies.len() - 1
    });
    &mut tallies[place]
}

/// How many items there were, and how many there are.
pub fn totals(tallies: &[Tally]) -> (u64, u64) {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum();
    (sum(|tally| tally.before), sum(|tally| tally.after))
}

/// Whom an entry of the ledger erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gone {
    /// Somebody who signed in.
    Account(AccountId),
    /// Somebody that a workspace talked with.
    Contact(WorkspaceId, ContactId),
    /// A workspace with everything in it.
    Workspace(WorkspaceId),
}

impl Gone {
    /// Whom a receipt is about; none when it says what this program does not know.
    pub fn of(erased: &Erased) -> Option<Self> {
        let uuid = erased.erasure.uuid();
        match (ErasureKind::parse(&erased.kind)?, &*erased.tenant) {
            (ErasureKind::Account, "platform") => Some(Self::Account(AccountId::from_uuid(uuid))),
            (ErasureKind::Contact, workspace) => Some(Self::Contact(
                workspace.parse().ok()?,
                ContactId::from_uuid(uuid),
            )),
            (ErasureKind::Workspace, _) => Some(Self::Workspace(WorkspaceId::from_uuid(uuid))),
            // Nobody is gone by it.
            (ErasureKind::Account | ErasureKind::Calls, _) => None,
        }
    }

    /// The id that items name it by.
    pub fn id(&self) -> String {
        match self {
            Self::Account(id) => id.to_string(),
            Self::Contact(_, id) => id.to_string(),
            Self::Workspace(id) => id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::receipt::NOTHING;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    proptest! {
        #[test]
        fn a_tally_reads_as_it_was_written(before: u64, after: u64, keys: bool) {
            let table = if keys { Table::Keys } else { Table::Data };
            let tally = Tally { table, kind: "Message".to_owned(), before, after };
            prop_assert_eq!(Tally::from_symbol(&tally.symbol()), Some(tally));
        }
    }

    #[test]
    fn what_calls_are_meant_reads_as_it_was_written() {
        let all = CallsMeant {
            app: Some(AppId::new(AT)),
            guest: Some(GuestId::new(AT)),
            user_ref: Some("n4bqgyhmfwwal7mk2fi7xjbbmr2kmpwl".to_owned()),
            before: Some(AT),
        };
        for meant in [
            all.clone(),
            CallsMeant {
                app: None,
                before: None,
                ..all.clone()
            },
            CallsMeant {
                guest: None,
                user_ref: None,
                ..all
            },
        ] {
            assert!(meant.is_any());
            assert_eq!(CallsMeant::from_symbol(&meant.symbol()), Some(meant));
        }
        let one = CallsMeant::default();
        assert!(!one.is_any());
        assert_eq!(CallsMeant::from_symbol(&one.symbol()), Some(one));
        for bad in ["app", "app=x", "before=soon", "team=tm_1", "guest="] {
            assert_eq!(CallsMeant::from_symbol(bad), None, "{bad}");
        }
    }

    #[test]
    fn backups_hold_calls_as_long_as_they_hold_anything() {
        let until = ErasureKind::Calls.unreadable_after(AT);
        assert_eq!(until.ms() - AT.ms(), 30 * 24 * 60 * 60 * 1000);
        let told = |kind: ErasureKind| kind.out_of_reach().join(" ");
        assert!(told(ErasureKind::Contact).contains("without their keys"));
        assert!(!told(ErasureKind::Calls).contains("keys"));
    }

    #[test]
    fn counts_are_kept_by_table_and_kind() {
        let mut tallies = Vec::new();
        tally(&mut tallies, Table::Data, "Message").before += 3;
        tally(&mut tallies, Table::Keys, "Message").before += 1;
        tally(&mut tallies, Table::Data, "Visit").before += 5;
        tally(&mut tallies, Table::Data, "Message").before += 2;
        tally(&mut tallies, Table::Data, "Message").after += 1;
        let told: Vec<String> = tallies.iter().map(Symbol::symbol).collect();
        assert_eq!(
            told,
            ["data Message 5 1", "keys Message 1 0", "data Visit 5 0"]
        );
        assert_eq!(totals(&tallies), (11, 1));
    }

    #[test]
    fn a_receipt_says_what_was_deleted_and_what_is_left_of_each_kind() {
        let tally = |table, before, after| Tally {
            table,
            kind: "Message".to_owned(),
            before,
            after,
        };
        let count = tally(Table::Data, 5, 2).counted();
        assert_eq!(
            (count.store.as_str(), count.kind.as_str()),
            ("data", "Message")
        );
        assert_eq!((count.before, count.deleted, count.after), (5, 3, 2));
        assert_eq!(count.method, "deleted");
        // A key that is gone makes every copy unreadable, so it is told apart.
        let keys = tally(Table::Keys, 1, 0).counted();
        assert_eq!(
            (keys.store.as_str(), keys.method.as_str()),
            ("keys", "key_deleted")
        );
        // What came behind the count was deleted by nobody.
        assert_eq!(tally(Table::Data, 1, 3).counted().deleted, 0);
    }

    #[test]
    fn a_receipt_names_what_stays_why_and_until_when_for_every_kind() {
        let told = |kind: ErasureKind| {
            let kept = kind.keeps();
            for one in &kept {
                assert!(
                    ![&one.what, &one.why, &one.until]
                        .iter()
                        .any(|text| text.is_empty())
                );
            }
            kept.into_iter().map(|one| one.what).collect::<Vec<_>>()
        };
        let requests = "What was asked about one's own data, and how it was answered";
        let receipt = "This receipt: counts, opaque ids and keyed hashes";
        let account = told(ErasureKind::Account);
        assert_eq!(account.len(), 5);
        assert_eq!(account[..2], [receipt, requests]);
        assert!(account.contains(&"The address, for one last mail".to_owned()));
        let contact = told(ErasureKind::Contact);
        let marks = "Marks that say only that a conversation is gone";
        assert_eq!(contact[..3], [receipt, requests, marks]);
        assert_eq!(contact.len(), 6, "services, devices and calls besides");
        // The requests of a workspace's people go with it.
        let workspace = told(ErasureKind::Workspace);
        let notice = "A notice to each of its owners, which names the workspace by its id";
        let books = "Invoices, credit notes and refunds, where a plan was paid for, under ids that name the workspace nowhere";
        assert_eq!(workspace, [receipt, books, notice]);
    }

    #[test]
    fn a_receipt_names_whoever_else_may_have_a_copy() {
        let away = |kind: ErasureKind, words: &str| {
            let lines = kind.out_of_reach();
            lines.iter().any(|line| line.contains(words))
        };
        let people = [
            ErasureKind::Account,
            ErasureKind::Contact,
            ErasureKind::Workspace,
        ];
        for kind in people {
            for words in ["Mails", "push service", "servers", "downloaded", "Backups"] {
                assert!(away(kind, words), "{kind:?}: {words}");
            }
            let pays = kind == ErasureKind::Workspace;
            assert_eq!(away(kind, "Stripe"), pays, "{kind:?}");
        }
        assert!(!away(ErasureKind::Calls, "Mails"));
    }

    #[test]
    fn keys_are_read_after_everything_else() {
        let parts: Vec<(Table, u16)> = (0..).map_while(part).collect();
        let expected = [Table::Data, Table::Keys]
            .into_iter()
            .flat_map(|table| (0..SEGMENTS).map(move |segment| (table, segment)));
        assert_eq!(parts, expected.collect::<Vec<_>>());
    }

    #[test]
    fn backups_are_unreadable_when_those_of_the_keys_have_rolled() {
        let until = ErasureKind::Contact.unreadable_after(AT);
        assert_eq!(until.ms() - AT.ms(), 7 * 24 * 60 * 60 * 1000);
    }

    /// A receipt of this kind, under the keys of `tenant`.
    fn erased(id: ErasureId, kind: &str, tenant: &str) -> Erased {
        Erased {
            erasure: id,
            kind: kind.to_owned(),
            calls: None,
            tenant: tenant.to_owned(),
            subject: NOTHING.to_owned(),
            registry: NOTHING.to_owned(),
            started_at: AT,
            finished_at: AT,
            counts: Vec::new(),
            kept: Vec::new(),
            out_of_reach: Vec::new(),
            backup_unreadable_at: AT,
        }
    }

    #[test]
    fn a_receipt_leads_back_to_whom_it_erased_and_to_nobody_else() {
        let id = ErasureId::new(AT);
        let workspace = WorkspaceId::new(AT);
        let of = |kind: &str, tenant: &str| Gone::of(&erased(id, kind, tenant));
        let account = Gone::Account(AccountId::from_uuid(id.uuid()));
        let contact = Gone::Contact(workspace, ContactId::from_uuid(id.uuid()));
        let whole = Gone::Workspace(WorkspaceId::from_uuid(id.uuid()));
        assert_eq!(of("account", "platform"), Some(account));
        assert_eq!(of("contact", &workspace.to_string()), Some(contact));
        assert_eq!(of("workspace", "platform"), Some(whole));
        assert_eq!(of("workspace", &workspace.to_string()), Some(whole));
        // What cannot be is not acted upon: a restore says so instead.
        assert_eq!(of("account", &workspace.to_string()), None);
        assert_eq!(of("contact", "platform"), None);
        assert_eq!(of("visitor", "platform"), None);
        for (gone, kind) in [
            (account, ErasureKind::Account),
            (contact, ErasureKind::Contact),
            (whole, ErasureKind::Workspace),
        ] {
            assert_eq!(gone.id(), kind.subject(id));
        }
        assert!(account.id().starts_with("acc_"), "{}", account.id());
    }
}
