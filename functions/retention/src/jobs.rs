//! Goes on with the jobs that are not done: new stamps, and what members leave behind.
//!
//! A job walks lists: the shards of the change index, then the contacts; or the one conversation
//! that it is about. Every page of a list is a checkpoint. Stamps follow from anchor, policy and
//! hold alone, so whatever was done twice was done once; two runs of one job meet at a checkpoint,
//! where the slower one stops.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        Policy, Timestamp,
        policy::{Hold, Lens},
        receipt::Shortened,
    },
    lambda::schedule::Report,
    store::{
        CommitError, Item, Key, Query, StoreError, Stored, Table, Transaction, Unsealed,
        conversation::Conversation,
        db::key_of,
        job::{Job, JobKind, JobState, Mark, OpenJob},
        keys::{self, HEAD},
        query::Listed,
        record::read_item,
        workspace::WorkspacePolicy,
    },
};

/// How long one run goes on: the next one starts after a minute.
const BUDGET: Duration = Duration::from_secs(45);
/// How many roots lie between two checkpoints.
const PAGE: u16 = 25;
/// The number of the list of contacts, behind the shards of the change index.
const CONTACTS: u32 = keys::CHANGE_SHARDS as u32;
/// How often a conversation is gone over again because its hold was changed meanwhile.
const TURNS: u32 = 3;

/// Goes on with every open job, the oldest first.
pub async fn run(app: &App, report: &mut Report) -> Result<(), StoreError> {
    let started = app.clock.now();
    report.add("handed_over_items", 0);
    report.add("restamped_items", 0);
    let platform = Policy::platform();
    let lens = Lens {
        now: started,
        policy: &platform,
    };
    let items = app
        .store
        .query(Query::partition(keys::open_jobs()).limit(100))
        .await?;
    let mut failed = None;
    for item in &items {
        let Some(open) = read_item::<OpenJob>(item, &Unsealed, lens)? else {
            continue;
        };
        if app.clock.now() >= started.plus(BUDGET) {
            break;
        }
        // One that fails must not hold up the others.
        if let Err(error) = go_on(app, &open, started.plus(BUDGET), report).await {
            tracing::warn!(error = %error, "a job has to wait");
            failed = Some(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// One run of one job.
pub(crate) struct Run<'a> {
    pub(crate) app: &'a App,
    pub(crate) job: Job,
    pub(crate) stop_at: Timestamp,
}

/// Whether a run goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There is more time.
    On,
    /// The time is over, or another run has the job.
    Off,
}

async fn go_on(
    app: &App,
    open: &OpenJob,
    stop_at: Timestamp,
    report: &mut Report,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let platform = Policy::platform();
    let place = keys::job(open.workspace, open.id);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let job = match fetched.get::<Job>(
        &place,
        &Unsealed,
        Lens {
            now,
            policy: &platform,
        },
    )? {
        Some(job) => job,
        None => match begin(app, open, now).await? {
            Some(job) => job,
            None => return Ok(()),
        },
    };
    let (before, kind) = (job.items, job.job_kind);
    let mut run = Run { app, job, stop_at };
    run.job.job_state = JobState::Running;
    let ended = match run.job.job_kind {
        JobKind::Handover | JobKind::Reassign => run.handover().await,
        JobKind::Restamp => match run.remember().await {
            Ok(()) => run.lists().await,
            Err(error) => Err(error),
        },
        JobKind::Hold | JobKind::Release => run.conversation().await,
    };
    let what = match kind {
        JobKind::Handover | JobKind::Reassign => "handed_over_items",
        JobKind::Hold | JobKind::Release | JobKind::Restamp => "restamped_items",
    };
    report.add(what, run.job.items.saturating_sub(before));
    if ended? == Turn::On {
        run.finish().await?;
    }
    Ok(())
}

/// A job that nobody has gone on with for a month has expired, but is still to be done.
async fn begin(app: &App, open: &OpenJob, now: Timestamp) -> Result<Option<Job>, StoreError> {
    let job = Job {
        id: open.id,
        member: open.member,
        heir: open.heir,
        ..Job::new(open.workspace, open.job_kind, open.conversation, now)
    };
    let mut transaction = Transaction::new(now);
    transaction.check_there(keys::open_job(open.id));
    transaction.create(&Stored::new(job.clone(), &Policy::platform()), &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Some(job)),
        // Another run was faster, or has finished it.
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Store(error)) => Err(error),
    }
}

impl Run<'_> {
    /// The present policy; none when the workspace is gone.
    pub(crate) async fn policy(&self) -> Result<Option<Policy>, StoreError> {
        let place = keys::policy(self.job.workspace);
        let platform = Policy::platform();
        let lens = Lens {
            now: self.app.clock.now(),
            policy: &platform,
        };
        let fetched = self.app.store.batch(vec![place.clone()]).await?;
        Ok(fetched
            .get::<WorkspacePolicy>(&place, &Unsealed, lens)?
            .map(|row| row.policy()))
    }

    /// Writes a shorter retention into the ledger before the first row is changed, so that it holds
    /// for a backup that is restored as well.
    async fn remember(&self) -> Result<(), StoreError> {
        if self.job.list > 0 || self.job.after.is_some() || self.job.roots > 0 {
            return Ok(());
        }
        let Some(policy) = self.policy().await? else {
            return Ok(());
        };
        let shortened = Shortened {
            workspace: self.job.workspace,
            conversation_days: policy.conversation_days,
        };
        let now = self.app.clock.now();
        self.app.store.append_shortened(shortened, now).await
    }

    /// Everything in a workspace, list by list.
    async fn lists(&mut self) -> Result<Turn, StoreError> {
        while self.job.list <= CONTACTS {
            let Some(policy) = self.policy().await? else {
                return Ok(Turn::On);
            };
            let Listed { items, more } = self.app.store.page(self.query()).await?;
            for item in &items {
                if self.entry(item, &policy).await? == Turn::Off {
                    self.checkpoint().await?;
                    return Ok(Turn::Off);
                }
            }
            if !more {
                self.job.list += 1;
                self.job.after = None;
            }
            if self.checkpoint().await? == Turn::Off {
                return Ok(Turn::Off);
            }
        }
        Ok(Turn::On)
    }

    fn query(&self) -> Query {
        let workspace = self.job.workspace;
        let query = match u8::try_from(self.job.list) {
            Ok(shard) if self.job.list < CONTACTS => {
                Query::changes(keys::change_shard(workspace, shard))
            }
            _ => Query::lists(keys::contacts(workspace)),
        };
        let query = query.limit(PAGE);
        match &self.job.after {
            Some(mark) => query.after(mark.key.clone(), mark.index_sort_key.clone()),
            None => query,
        }
    }

    /// One entry of a list.
    async fn entry(&mut self, item: &Item, policy: &Policy) -> Result<Turn, StoreError> {
        let index = if self.job.list < CONTACTS {
            "changes_sk"
        } else {
            "lists_sk"
        };
        let index_sort_key = item.get(index).and_then(|value| value.as_s().ok());
        let (Some(key), Some(index_sort_key)) = (key_of(Table::Data, item), index_sort_key) else {
            return Err(StoreError::Corrupt("an index entry without its keys"));
        };
        // Tombstones stand in the change index as well, and have their own end.
        if key.sk == HEAD {
            let done = if self.job.list < CONTACTS {
                self.thread(&key, policy).await?
            } else {
                self.contact(&key, policy).await?
            };
            if done == Turn::Off {
                return Ok(Turn::Off);
            }
            self.job.roots += 1;
        }
        self.job.within = None;
        self.job.after = Some(Mark {
            key,
            index_sort_key: index_sort_key.clone(),
        });
        Ok(Turn::On)
    }

    /// The one conversation that the job is about.
    async fn conversation(&mut self) -> Result<Turn, StoreError> {
        let (Some(id), Some(policy)) = (self.job.conversation, self.policy().await?) else {
            return Ok(Turn::On);
        };
        let head = keys::conversation(self.job.workspace, id);
        let done = self.thread(&head, &policy).await?;
        match done {
            Turn::On => self.job.roots += 1,
            Turn::Off => {
                self.checkpoint().await?;
            }
        }
        Ok(done)
    }

    /// A conversation under its hold. A hold that came or went meanwhile is what counts.
    async fn thread(&mut self, head: &Key, policy: &Policy) -> Result<Turn, StoreError> {
        let mut hold = self.hold(head, policy).await?;
        for _ in 0..TURNS {
            if self.partition(&head.pk, &policy.under(hold)).await? == Turn::Off {
                return Ok(Turn::Off);
            }
            let now = self.hold(head, policy).await?;
            if now == hold {
                break;
            }
            hold = now;
        }
        Ok(Turn::On)
    }

    async fn hold(&self, head: &Key, policy: &Policy) -> Result<Option<Hold>, StoreError> {
        let now = self.app.clock.now();
        let fetched = self.app.store.batch(vec![head.clone()]).await?;
        let found = fetched.get::<Conversation>(head, &Unsealed, Lens { now, policy })?;
        Ok(found.and_then(|head| head.hold_at(now)))
    }

    async fn contact(&mut self, head: &Key, policy: &Policy) -> Result<Turn, StoreError> {
        for partition in keys::of_contact(head) {
            if self.partition(&partition, policy).await? == Turn::Off {
                return Ok(Turn::Off);
            }
        }
        Ok(Turn::On)
    }

    /// One partition, page by page, from where an earlier run was cut off: the items that end first
    /// come first.
    async fn partition(&mut self, partition: &str, policy: &Policy) -> Result<Turn, StoreError> {
        let mut after = self
            .job
            .within
            .take()
            .map(|mark| mark.key)
            .filter(|key| key.pk == partition);
        loop {
            let now = self.app.clock.now();
            let done = self
                .app
                .store
                .restamp(partition, after.as_ref(), Lens { now, policy })
                .await?;
            self.job.items += done.changed;
            let Some(next) = done.next else {
                return Ok(Turn::On);
            };
            if self.app.clock.now() >= self.stop_at {
                self.job.within = Some(Mark {
                    key: next,
                    index_sort_key: String::new(),
                });
                return Ok(Turn::Off);
            }
            after = Some(next);
        }
    }

    /// Writes down how far the job is.
    pub(crate) async fn checkpoint(&mut self) -> Result<Turn, StoreError> {
        let now = self.app.clock.now();
        let turn = self.write(Transaction::new(now), now).await?;
        Ok(if now >= self.stop_at { Turn::Off } else { turn })
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        self.job.job_state = JobState::Done;
        self.job.finished_at = Some(now);
        (self.job.after, self.job.within) = (None, None);
        let mut transaction = Transaction::new(now);
        transaction.consume(keys::open_job(self.job.id));
        self.write(transaction, now).await.map(|_| ())
    }

    async fn write(
        &mut self,
        mut transaction: Transaction,
        now: Timestamp,
    ) -> Result<Turn, StoreError> {
        self.job.updated_at = now;
        let next = Stored::next(self.job.clone(), &Policy::platform());
        transaction.replace(&next, &Unsealed)?;
        match self.app.store.commit(transaction).await {
            Ok(()) => {
                self.job = next.into_record();
                Ok(Turn::On)
            }
            Err(CommitError::Refused(_)) => Ok(Turn::Off),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}
