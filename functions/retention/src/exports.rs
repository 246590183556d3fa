//! Makes the copies of their data that people asked for.
//!
//! What is read is found by the same lists as an erasure: the partitions of the person, and the
//! edges to their roots. What of it is told stands on the records: the registry tells every field
//! whose declaration says so, so a new field is in the next export without a line here. Every part
//! is a checkpoint: a file first, then the row that names it together with how far the walk is. Files that
//! records tell of follow the part with those records, each a part of its own, one in memory at a time.
//!
//! Two runs may overlap, and the checkpoint of one of them is refused. By then it has written a file, which must not
//! lie where that of the other one does: the names of files bear the run, and the row says which. What nobody's row
//! names goes with the export.

mod left_out;
mod rows;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shared::{
    app::App,
    domain::{
        ContactId, Policy, TenantId, Timestamp, WorkspaceId,
        archive::{
            Entry, FileEntry, LeftOut, Manifest, PART_BYTES, PART_FILES, PART_RECORDS, Part,
            PartEntry,
        },
        policy::Lens,
    },
    store::{
        CommitError, DataKey, Item, Key, Query, Record as _, RootRef, StoreError, Stored,
        SubjectId, Table, TenantKey, Transaction, Unsealed,
        contact::Contact,
        conversation::Conversation,
        db::key_of,
        export::{Checksum, Export, ExportKind, ExportPart, Tally},
        job::{JobState, Mark},
        keys,
        objects::{LINK, ObjectKey},
        query::Listed,
        record::Told,
        registry,
        shelf::CannedReply,
        subject::State,
        workspace::WorkspacePolicy,
    },
};

use left_out::{SKIPPED, TEAMS_OWN};
use walk::Source;

/// How long one run goes on with one export.
const BUDGET: Duration = Duration::from_secs(20);
/// How many items are read at once.
const PAGE: u16 = 100;

/// Whether a run goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    On,
    Off,
}

/// Goes on with an export; true when it is done.
pub async fn go_on(app: &App, head: &Key) -> Result<bool, StoreError> {
    let now = app.clock.now();
    let Some(tenant) = RootRef::of(head).tenant() else {
        return Ok(false);
    };
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let wanted = vec![head.clone(), keys::data_key(&RootRef::of(head))];
    let fetched = app.store.batch(wanted).await?;
    let export = fetched.get::<Export>(head, &Unsealed, lens)?;
    let Some(export) = export.filter(|export| export.export_state != JobState::Done) else {
        return Ok(false);
    };
    let tenant_key = app.store.tenant_key(tenant, now).await?;
    let Some(seal) = fetched.data_key(head, &tenant_key)? else {
        return Ok(false);
    };
    let policy = match tenant {
        TenantId::Platform => platform.clone(),
        TenantId::Workspace(workspace) => {
            let place = keys::policy(workspace);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            match fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)? {
                Some(row) => row.policy(),
                // Nothing is left to be told.
                None => return Ok(false),
            }
        }
    };
    let mut run = Run {
        app,
        number: ExportPart::run()?,
        export,
        seal,
        policy,
        stop_at: now.plus(BUDGET),
        records: Vec::new(),
        files: Vec::new(),
        bytes: 0,
        rows: rows::Rows::default(),
    };
    if run.export.export_state == JobState::Queued {
        run.export.together = run.others(lens).await?;
    }
    run.export.export_state = JobState::Running;
    match run.lists().await? {
        Turn::On => run.finish().await,
        Turn::Off => Ok(false),
    }
}

/// Deletes what links led to, once they are good no more. What is not reached by `stop_at` goes with
/// the next run.
pub async fn end_links(app: &App, stop_at: Timestamp) -> Result<u64, StoreError> {
    let mut ended = 0;
    for version in app.store.objects().versions(&keys::linked_files()).await? {
        if app.clock.now() >= stop_at {
            break;
        }
        if version.at.plus(2 * LINK) <= app.clock.now() {
            app.store.objects().delete_version(&version).await?;
            ended += 1;
        }
    }
    Ok(ended)
}

struct Run<'a> {
    app: &'a App,
    /// What the names of its files bear.
    number: u64,
    export: Export,
    seal: DataKey,
    policy: Policy,
    stop_at: Timestamp,
    /// What waits for the next part.
    records: Vec<Entry>,
    /// Their files.
    files: Vec<Waiting>,
    bytes: usize,
    /// What waits for the next flat files, where that is the form.
    rows: rows::Rows,
}

/// A file that a record of the next part tells of.
struct Waiting {
    entry: FileEntry,
    name: ObjectKey,
    seal: Arc<DataKey>,
}

impl Run<'_> {
    /// The other contacts of the person that a copy is about, as the team has it when the copy begins.
    async fn others(&self, lens: Lens<'_>) -> Result<Option<Vec<ContactId>>, StoreError> {
        let person = match (
            self.export.export_kind,
            self.export.subject,
            self.export.tenant,
        ) {
            (
                ExportKind::Contact | ExportKind::Visitor,
                SubjectId::Contact(contact),
                TenantId::Workspace(workspace),
            ) => keys::contact(workspace, contact),
            _ => return Ok(None),
        };
        let fetched = self.app.store.batch(vec![person.clone()]).await?;
        let head = fetched.get::<Contact>(&person, &Unsealed, lens)?;
        Ok(head
            .filter(|head| head.same_person.is_some())
            .map(|head| head.others().collect()))
    }

    async fn lists(&mut self) -> Result<Turn, StoreError> {
        while let Some(source) = walk::source(&self.export) {
            let turn = match source {
                Source::Partition(partition) => {
                    let done = self.partition(&partition).await?;
                    self.export.within = None;
                    done
                }
                Source::Entries(query) => self.entries(query).await?,
            };
            if turn == Turn::Off {
                return Ok(Turn::Off);
            }
            self.export.list += 1;
            self.export.after = None;
        }
        Ok(Turn::On)
    }

    /// Every root that a list names.
    async fn entries(&mut self, query: Query) -> Result<Turn, StoreError> {
        loop {
            let mut page = query.clone().limit(PAGE);
            if let Some(mark) = &self.export.after {
                page = page.after(mark.key.clone(), mark.index_sort_key.clone());
            }
            let Listed { items, more } = self.app.store.page(page).await?;
            for item in &items {
                let all = walk::partitions(&self.export, item);
                let own = key_of(Table::Data, item).map(|key| key.pk);
                // Tables tell of what lies beside the head.
                let flat = self.export.flat().is_some();
                for partition in all
                    .into_iter()
                    .filter(|one| !flat || Some(one) == own.as_ref())
                {
                    if self.partition(&partition).await? == Turn::Off {
                        return Ok(Turn::Off);
                    }
                }
                self.export.within = None;
                self.export.after = Some(walk::mark(item)?);
            }
            if !more {
                return Ok(Turn::On);
            }
        }
    }

    /// Everything in a partition, from where an earlier run was cut off.
    async fn partition(&mut self, partition: &str) -> Result<Turn, StoreError> {
        let now = self.app.clock.now();
        let root = RootRef::from_partition(partition);
        let mut after = match &self.export.within {
            // An earlier partition of the same entry: it is done.
            Some(mark) if mark.key.pk.as_str() > partition => return Ok(Turn::On),
            Some(mark) if mark.key.pk == partition => Some(mark.key.clone()),
            _ => None,
        };
        let person = keys::contact_of(&root.head());
        let person = person.map(|(workspace, contact)| keys::contact(workspace, contact));
        let mut wanted = vec![root.head()];
        // Beside a contact's visits, whose partition has no head.
        wanted.extend(person.clone().filter(|head| *head != root.head()));
        let sealed = walk::is_sealed(partition);
        if sealed {
            wanted.push(keys::data_key(&root));
        }
        let fetched = self.app.store.batch(wanted).await?;
        let own = Lens {
            now,
            policy: &self.policy,
        };
        // Who is being erased is told of no more.
        if let Some(head) = person.filter(|_| self.export.export_kind == ExportKind::Workspace) {
            let contact = fetched.get::<Contact>(&head, &Unsealed, own)?;
            if contact.is_none_or(|contact| contact.state != State::Live) {
                return Ok(Turn::On);
            }
        }
        let mut policy = self.policy.clone();
        if partition.starts_with("CONVERSATION#") {
            match fetched.get::<Conversation>(&root.head(), &Unsealed, own)? {
                Some(head) if head.state != State::Erasing => policy = head.policy(own),
                // It has ended, or is being erased.
                _ => return Ok(Turn::On),
            }
        }
        let lens = Lens {
            now,
            policy: &policy,
        };
        // What a team keeps at hand has no key of its own.
        let shelf = partition.starts_with("TEAM#") || partition.starts_with("TEAMMATE#");
        let tenant_key = match root.tenant() {
            Some(tenant) if sealed || shelf => Some(self.app.store.tenant_key(tenant, now).await?),
            _ => None,
        };
        let seal = match &tenant_key {
            Some(tenant_key) if sealed => fetched.data_key(&root.head(), tenant_key)?.map(Arc::new),
            _ => None,
        };
        loop {
            let mut query = Query::partition(partition.to_owned()).limit(PAGE);
            if let Some(after) = after.take() {
                query = query.after(after, String::new());
            }
            let Listed { items, more } = self.app.store.page(query).await?;
            for item in &items {
                self.tell(item, (seal.as_ref(), tenant_key.as_ref()), lens)?;
                self.export.within = key_of(Table::Data, item).map(|key| Mark {
                    key,
                    index_sort_key: String::new(),
                });
                if self.is_full() {
                    let is_over = self.flush().await? == Turn::Off;
                    if is_over || self.app.clock.now() >= self.stop_at {
                        return Ok(Turn::Off);
                    }
                }
            }
            let last = items.last().and_then(|item| key_of(Table::Data, item));
            if self.app.clock.now() >= self.stop_at {
                self.flush().await?;
                return Ok(Turn::Off);
            }
            match last {
                Some(key) if more => after = Some(key),
                _ => return Ok(Turn::On),
            }
        }
    }

    fn tell(
        &mut self,
        item: &Item,
        (seal, tenant_key): (Option<&Arc<DataKey>>, Option<&TenantKey>),
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        let kind = item.get("kind").and_then(|kind| kind.as_s().ok());
        let kind = kind.ok_or(StoreError::Corrupt("an item of no kind"))?;
        if SKIPPED.iter().any(|(name, _)| name == kind) {
            return Ok(());
        }
        let Some(fields) = registry::tell(item, seal.map(AsRef::as_ref), lens)? else {
            return Ok(());
        };
        let fields = match tenant_key.filter(|_| kind == CannedReply::DECLARATION.name) {
            Some(tenant_key) => CannedReply::tell_text(item, fields, tenant_key, lens)?,
            None => fields,
        };
        if walk::is_left_out(self.export.export_kind, kind, &fields, lens.now) {
            return Ok(());
        }
        if self.export.flat().is_some() {
            self.rows.take(kind, fields);
            return Ok(());
        }
        if let Some(seal) = seal {
            let files = walk::files(kind, item, &fields).into_iter();
            self.files.extend(files.map(|(entry, name)| Waiting {
                entry,
                name,
                seal: seal.clone(),
            }));
        }
        let entry = Entry {
            kind: kind.clone(),
            fields,
        };
        // About: the exact size follows when the part is written.
        self.bytes += 64
            + entry
                .fields
                .iter()
                .map(|(k, v)| k.len() + v.to_string().len() + 16)
                .sum::<usize>();
        self.records.push(entry);
        Ok(())
    }

    const fn is_full(&self) -> bool {
        self.bytes >= PART_BYTES
            || self.records.len() >= PART_RECORDS
            || self.files.len() >= PART_FILES
            || self.rows.is_full()
    }

    /// Writes down what waits as a part, its files after it, and how far the walk is.
    async fn flush(&mut self) -> Result<Turn, StoreError> {
        let now = self.app.clock.now();
        let mut transaction = Transaction::new(now);
        if !self.records.is_empty() {
            let number = self.export.parts + 1;
            let records = std::mem::take(&mut self.records);
            self.bytes = 0;
            let mut tallies = BTreeMap::<String, u64>::new();
            for entry in &records {
                *tallies.entry(entry.kind.clone()).or_default() += 1;
            }
            let written = Part::new(number, records).document();
            let (bytes, entry) = written.map_err(|_| StoreError::Corrupt("a part"))?;
            self.export.parts = number;
            self.export.records += entry.records;
            self.put(number, &bytes).await?;
            transaction.overwrite(&self.row(&entry, tallies), &Unsealed)?;
        }
        if let Some(format) = self.export.flat() {
            for (table, entry, bytes) in self.rows.files(format, self.export.parts) {
                self.export.parts = entry.number;
                self.export.records += entry.records;
                self.put(entry.number, &bytes).await?;
                let tallies = BTreeMap::from([(table.word().to_owned(), entry.records)]);
                transaction.overwrite(&self.row(&entry, tallies), &Unsealed)?;
            }
        }
        for file in std::mem::take(&mut self.files) {
            let read = self.app.store.objects().get(&file.name, &file.seal).await?;
            // It has ended since its record was read.
            let Some(bytes) = read else { continue };
            let number = self.export.parts + 1;
            let entry = PartEntry::of_file(number, file.entry, &bytes);
            self.put(number, &bytes).await?;
            self.export.parts = number;
            transaction.overwrite(&self.row(&entry, BTreeMap::new()), &Unsealed)?;
        }
        self.checkpoint(transaction).await
    }

    async fn put(&self, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let run = Some(self.number);
        let name = keys::export_part(self.export.tenant, self.export.id, number, run);
        self.app.store.objects().put(&name, &self.seal, bytes).await
    }

    fn row(&self, entry: &PartEntry, tallies: BTreeMap<String, u64>) -> Stored<ExportPart> {
        let tallies = tallies.into_iter();
        let row = ExportPart {
            export: self.export.id,
            tenant: self.export.tenant,
            number: entry.number,
            sha256: Checksum(entry.sha256.clone()),
            bytes: entry.bytes,
            tallies: tallies.map(|(kind, count)| Tally { kind, count }).collect(),
            file: entry.file.clone(),
            run: Some(self.number),
            downloads: 0,
            created_at: self.export.created_at,
            rev: 1,
        };
        Stored::new(row, &Policy::platform())
    }

    /// The head as it is now, if nobody else went on with it and its subject may still be told of.
    async fn checkpoint(&mut self, mut transaction: Transaction) -> Result<Turn, StoreError> {
        let next = Stored::next(self.export.clone(), &Policy::platform());
        transaction.replace(&next, &Unsealed)?;
        transaction.check_live(keys::subject(self.export.tenant, self.export.subject));
        match self.app.store.commit(transaction).await {
            Ok(()) => {
                self.export = next.into_record();
                Ok(Turn::On)
            }
            Err(CommitError::Refused(_)) => {
                // Should it have been ended while this run wrote a file.
                let head = keys::export(self.export.tenant, self.export.id);
                self.app.store.remove_lost_files(&head).await?;
                Ok(Turn::Off)
            }
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// The last part, and the manifest over all of them.
    async fn finish(&mut self) -> Result<bool, StoreError> {
        if self.flush().await? == Turn::Off {
            return Ok(false);
        }
        let now = self.app.clock.now();
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let (partition, opening) = keys::export_part_rows(self.export.tenant, self.export.id);
        let rows =
            Query::partition(partition).between(format!("{opening}000001"), format!("{opening}~"));
        let (mut parts, mut counts) = (Vec::new(), BTreeMap::<String, u64>::new());
        let mut tables = Vec::new();
        let mut after: Option<Key> = None;
        loop {
            let mut page = rows.clone().limit(PAGE);
            if let Some(after) = after.take() {
                page = page.after(after, String::new());
            }
            let Listed { items, more } = self.app.store.page(page).await?;
            for item in &items {
                let row = shared::store::record::read_item::<ExportPart>(item, &Unsealed, lens)?;
                let Some(row) = row else { continue };
                let records = row.tallies.iter().map(|tally| tally.count).sum();
                tables.push(row.tallies.first().map(|tally| tally.kind.clone()));
                for tally in row.tallies {
                    *counts.entry(tally.kind).or_default() += tally.count;
                }
                parts.push(PartEntry {
                    number: row.number,
                    sha256: row.sha256.0,
                    bytes: row.bytes,
                    records,
                    file: row.file,
                });
            }
            after = items.last().and_then(|item| key_of(Table::Data, item));
            if !more {
                break;
            }
        }
        let bytes = match self.export.flat() {
            Some(format) => {
                let tables = tables.into_iter().map(Option::unwrap_or_default);
                let of = (self.workspace(), self.export.created_at);
                rows::manifest(format, of, tables.zip(parts).collect(), counts)?
            }
            None => {
                let manifest = self.manifest(parts, counts).document();
                manifest.map_err(|_| StoreError::Corrupt("a manifest"))?
            }
        };
        let entry = PartEntry {
            number: 0,
            sha256: shared::domain::archive::checksum(&bytes),
            bytes: bytes.len() as u64,
            records: 0,
            file: None,
        };
        self.put(0, &bytes).await?;
        let mut transaction = Transaction::new(now);
        transaction.overwrite(&self.row(&entry, BTreeMap::new()), &Unsealed)?;
        self.export.export_state = JobState::Done;
        self.export.finished_at = Some(now);
        (self.export.after, self.export.within) = (None, None);
        Ok(self.checkpoint(transaction).await? == Turn::On)
    }

    const fn workspace(&self) -> Option<WorkspaceId> {
        match self.export.tenant {
            TenantId::Platform => None,
            TenantId::Workspace(workspace) => Some(workspace),
        }
    }

    fn manifest(&self, parts: Vec<PartEntry>, counts: BTreeMap<String, u64>) -> Manifest {
        let mut left_out = Vec::new();
        for declaration in registry::ALL.iter().filter(|d| counts.contains_key(d.name)) {
            for field in declaration.fields {
                if let Told::LeftOut(reason) = field.told {
                    left_out.push(LeftOut {
                        kind: declaration.name.to_owned(),
                        field: Some(field.name.to_owned()),
                        reason: reason.to_owned(),
                    });
                }
            }
        }
        let whole = |(kind, reason): &(&str, &str)| LeftOut {
            kind: (*kind).to_owned(),
            field: None,
            reason: (*reason).to_owned(),
        };
        left_out.extend(SKIPPED.iter().map(whole));
        if matches!(
            self.export.export_kind,
            ExportKind::Disclosure | ExportKind::Visitor
        ) {
            left_out.extend(TEAMS_OWN.iter().map(whole));
        }
        Manifest {
            format: shared::domain::archive::FORMAT.to_owned(),
            version: shared::domain::archive::VERSION,
            about: self.export.export_kind.word().to_owned(),
            subject: self.export.subject.to_string(),
            workspace: self.workspace(),
            generated_at: self.export.created_at,
            schema: walk::schema(counts.keys().map(String::as_str)),
            parts,
            counts,
            left_out,
        }
    }
}
