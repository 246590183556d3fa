//! Goes on with announcements: a letter for every account that one reaches.
//!
//! The accounts are walked in pages. Letters and the new position are one transaction, so a run that
//! is cut off or doubled writes nothing twice; a letter that is there already, of an earlier walk or
//! another announcement of the same version, is left alone. A change that matters is walked again
//! every day until it takes effect, for those who became owners meanwhile.

use std::{collections::HashMap, time::Duration};

use shared::{
    app::App,
    domain::{
        AccountId, Policy, Profile, Role, TenantId, Timestamp, WorkspaceId,
        announcement::{AnnouncementClass, Recipient},
        policy::Lens,
        time::DAY,
    },
    lambda::schedule::Report,
    store::{
        CommitError, DataKey, Fetched, Key, KeyedHash, Query, RootRef, StoreError, Stored, Table,
        Transaction, Unsealed,
        account::{Account, Seat},
        announcement::{
            Announcement, AnnouncementMode, AnnouncementState, Letter, LetterState, Occasion,
        },
        db::key_of,
        job::Mark,
        keys,
        mail_wish::{self, MailWishRow},
        preferences::Preferences,
        query::Listed,
        record::read_item,
        subject::State,
        workspace::WorkspacePolicy,
    },
};

/// How many accounts lie between two checkpoints: with a letter and a check for each, a page is one
/// transaction.
const PAGE: u16 = 25;
/// How many pages one run of a minute goes on for. Mails leave one after the other in the order of
/// the stream, and the code that somebody waits for stands behind those letters.
const PAGES: u32 = 4;
/// How long one run goes on at most.
const BUDGET: Duration = Duration::from_secs(30);

/// Goes on with every announcement that is not done, the oldest first.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    report.add("letters", 0);
    let stop_at = app.clock.now().plus(BUDGET);
    let open = Query::lists(keys::open_announcements()).limit(100);
    let mut pages = PAGES;
    let mut failed = None;
    for item in app.store.query(open).await? {
        let Some(head) = key_of(Table::Data, &item) else {
            continue;
        };
        match go_on(app, head, (stop_at, &mut pages), report).await {
            Ok(()) => {}
            // One that fails must not hold up the others.
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// One announcement, as far as the pages and the time of this run go.
async fn go_on(
    app: &App,
    head: Key,
    (stop_at, pages): (Timestamp, &mut u32),
    report: &mut Report,
) -> Result<(), StoreError> {
    let (now, policy) = (app.clock.now(), Policy::platform());
    let lens = Lens {
        now,
        policy: &policy,
    };
    let tenant_key = app.store.tenant_key(TenantId::Platform, now).await?;
    let wanted = vec![head.clone(), keys::data_key(&RootRef::of(&head))];
    let fetched = app.store.batch(wanted).await?;
    let Some(key) = fetched.data_key(&head, &tenant_key)? else {
        return Ok(());
    };
    let found = fetched.get::<Announcement>(&head, &key, lens)?;
    let mut next = match found {
        Some(found) if found.announcement_state != AnnouncementState::Done => found,
        _ => return Ok(()),
    };
    while *pages > 0 && app.clock.now() < stop_at {
        if next.again_at.is_some_and(|at| at > now) {
            return Ok(());
        }
        *pages -= 1;
        let walk = Walk {
            app,
            lens,
            announcement: &next,
        };
        let page = walk.page().await?;
        let letters = page.letters.len() as u64;
        let after = page.after(next, now);
        let written = match after.mode {
            AnnouncementMode::Send => letters,
            AnnouncementMode::Rehearse => 0,
        };
        let Some(stored) = commit(app, after, &key, page.letters, now).await? else {
            // Another run has the page, or an account on it has just changed: in a minute again.
            return Ok(());
        };
        report.add("letters", written);
        if stored.announcement_state == AnnouncementState::Done {
            return Ok(());
        }
        next = stored;
    }
    Ok(())
}

/// Writes a page: its letters and the position behind it. `None` when somebody else was faster.
async fn commit(
    app: &App,
    next: Announcement,
    key: &DataKey,
    letters: Vec<Letter>,
    now: Timestamp,
) -> Result<Option<Announcement>, StoreError> {
    let policy = Policy::platform();
    let sends = next.mode == AnnouncementMode::Send;
    let stored = Stored::next(next, &policy);
    let mut transaction = Transaction::new(now);
    transaction.replace(&stored, key)?;
    for letter in letters.into_iter().filter(|_| sends) {
        // Nobody writes to an account that is being erased.
        transaction.check_live(keys::account(letter.account));
        transaction.create(&Stored::new(letter, &policy), &Unsealed)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Some(stored.into_record())),
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// The page of accounts at the position of an announcement.
struct Walk<'a> {
    app: &'a App,
    lens: Lens<'a>,
    announcement: &'a Announcement,
}

/// What a page brought.
struct Page {
    /// For whom a letter is to be written.
    letters: Vec<Letter>,
    accounts: u64,
    last: Option<Mark>,
    more: bool,
}

impl Page {
    /// The announcement behind this page.
    fn after(&self, before: Announcement, now: Timestamp) -> Announcement {
        let begins = before.again_at.is_some();
        let looked_at = if begins { 0 } else { before.looked_at };
        let mut next = Announcement {
            announcement_state: AnnouncementState::Running,
            after: self.last.clone(),
            again_at: None,
            looked_at: looked_at + self.accounts,
            letters: before.letters + self.letters.len() as u64,
            updated_at: now,
            ..before
        };
        if self.more {
            return next;
        }
        next.list += 1;
        next.after = None;
        if next.list < u32::from(keys::ACCOUNT_SHARDS) {
            return next;
        }
        next.list = 0;
        next.finished_at = next.finished_at.or(Some(now));
        let tomorrow = now.plus(DAY);
        let goes_on = next.announcement_class == AnnouncementClass::MaterialChange
            && next.mode == AnnouncementMode::Send
            && next.effective_at.is_some_and(|at| tomorrow < at);
        if goes_on {
            next.again_at = Some(tomorrow);
        } else {
            next.announcement_state = AnnouncementState::Done;
        }
        next
    }
}

/// An account that may get a letter.
struct Candidate {
    account: Account,
    preferences: Option<Preferences>,
    address: KeyedHash,
}

impl Walk<'_> {
    async fn page(&self) -> Result<Page, StoreError> {
        let shard = u8::try_from(self.announcement.list).unwrap_or_default();
        let query = Query::lists(keys::accounts(shard)).limit(PAGE);
        let query = match &self.announcement.after {
            Some(mark) => query.after(mark.key.clone(), mark.index_sort_key.clone()),
            None => query,
        };
        let Listed { items, more } = self.app.store.page(query).await?;
        let mut accounts = Vec::new();
        let mut last = None;
        for item in &items {
            let key =
                key_of(Table::Data, item).ok_or(StoreError::Corrupt("a list without keys"))?;
            accounts.extend(RootRef::of(&key).id().parse::<AccountId>());
            let sort_key = item.get("lists_sk").and_then(|value| value.as_s().ok());
            last = Some(Mark {
                key,
                index_sort_key: sort_key.cloned().unwrap_or_default(),
            });
        }
        let letters = self.letters(&accounts).await?;
        Ok(Page {
            letters,
            accounts: accounts.len() as u64,
            last,
            more,
        })
    }

    /// The letters that are still to be written to these accounts.
    async fn letters(&self, accounts: &[AccountId]) -> Result<Vec<Letter>, StoreError> {
        let candidates = self.candidates(accounts).await?;
        let occasion = self.announcement.occasion();
        let kind = self.announcement.announcement_class.kind();
        let mut wanted = Vec::new();
        for candidate in &candidates {
            wanted.push(keys::letter(candidate.account.id, occasion));
            wanted.extend(kind.map(|kind| keys::mail_wish(candidate.address, kind)));
        }
        let known = self.app.store.batch_all(wanted).await?;
        let mut letters = Vec::new();
        for candidate in candidates {
            let at_letter = keys::letter(candidate.account.id, occasion);
            if known
                .get::<Letter>(&at_letter, &Unsealed, self.lens)?
                .is_some()
            {
                continue;
            }
            if self.reaches(&candidate, &known).await? {
                letters.push(self.letter(candidate.account.id, occasion));
            }
        }
        Ok(letters)
    }

    /// Those of the accounts that are alive, with what they set.
    async fn candidates(&self, accounts: &[AccountId]) -> Result<Vec<Candidate>, StoreError> {
        let mut wanted = Vec::new();
        for account in accounts {
            let head = keys::account(*account);
            wanted.push(keys::data_key(&RootRef::of(&head)));
            wanted.extend([head, keys::preferences(*account)]);
        }
        let fetched = self.app.store.batch_all(wanted).await?;
        let store = &self.app.store;
        let tenant_key = store.tenant_key(TenantId::Platform, self.lens.now).await?;
        let mut candidates = Vec::new();
        for id in accounts {
            let head = keys::account(*id);
            let Some(key) = fetched.data_key(&head, &tenant_key)? else {
                continue;
            };
            let account = fetched.get::<Account>(&head, &key, self.lens)?;
            let Some(account) = account.filter(|account| account.state == State::Live) else {
                continue;
            };
            let preferences =
                fetched.get::<Preferences>(&keys::preferences(*id), &key, self.lens)?;
            candidates.push(Candidate {
                address: mail_wish::hash_of(&tenant_key, &account.email),
                preferences,
                account,
            });
        }
        Ok(candidates)
    }

    async fn reaches(&self, candidate: &Candidate, known: &Fetched) -> Result<bool, StoreError> {
        let class = self.announcement.announcement_class;
        let places = self.places(candidate.account.id).await?;
        let only = &self.announcement.workspaces;
        let is_named = only.is_empty() || places.keys().any(|place| only.contains(place));
        let places: Vec<(Role, Profile)> = places.into_values().collect();
        let on_record = match class.kind() {
            None => None,
            Some(kind) => {
                let place = keys::mail_wish(candidate.address, kind);
                let row = known.get::<MailWishRow>(&place, &Unsealed, self.lens)?;
                row.map(|row| row.wish)
            }
        };
        let preferences = candidate.preferences.as_ref();
        let recipient = Recipient {
            service: preferences.map(|set| set.service_mail),
            marketing: preferences.is_some_and(|set| set.marketing_mail),
            on_record,
            places: &places,
        };
        Ok(is_named && class.reaches(&recipient, &self.announcement.profiles))
    }

    /// Where somebody is a member, of workspaces that are alive and that nobody ends. Not asked for
    /// where nothing depends on it.
    async fn places(
        &self,
        account: AccountId,
    ) -> Result<HashMap<WorkspaceId, (Role, Profile)>, StoreError> {
        let asked = self.announcement.announcement_class.asks_for_places();
        if !asked && self.announcement.workspaces.is_empty() {
            return Ok(HashMap::new());
        }
        let all = Query::partition(keys::seats(account)).limit(100);
        let mut seats = Vec::new();
        for item in self.app.store.query(all).await? {
            seats.extend(read_item::<Seat>(&item, &Unsealed, self.lens)?);
        }
        let wanted = seats.iter().map(|seat| keys::policy(seat.workspace));
        let fetched = self.app.store.batch_all(wanted.collect()).await?;
        let mut places = HashMap::new();
        for seat in seats {
            let place = keys::policy(seat.workspace);
            let row = fetched.get::<WorkspacePolicy>(&place, &Unsealed, self.lens)?;
            if let Some(row) = row.filter(|row| row.state == State::Live && row.closes_at.is_none())
            {
                places.insert(seat.workspace, (seat.role, row.profile));
            }
        }
        Ok(places)
    }

    const fn letter(&self, account: AccountId, occasion: Occasion) -> Letter {
        Letter {
            account,
            occasion,
            announcement: self.announcement.id,
            letter_state: LetterState::Queued,
            created_at: self.lens.now,
            settled_at: None,
            rev: 1,
        }
    }
}
