//! What a member leaves behind: conversations go to somebody else or to nobody, read marks,
//! drafts and places in teams go.
//!
//! The queues of the member are walked twice: an index may lag, and what was assigned in the last
//! moment shows in the second walk. What is not theirs any more is left alone, so a page may be
//! walked as often as it takes.
//!
//! Who stays, and says that they are away, may give back what they have open: that is the same walk over one
//! of the queues, and nothing else of theirs is touched.

use shared::{
    domain::{MemberId, Policy, TenantId, policy::Lens},
    store::{
        Item, Key, Query, RootRef, StoreError, Table, Unsealed,
        conversation::{Conversation, Status},
        db::key_of,
        job::{JobKind, Mark},
        keys::{self, Whose},
        message::Event,
        query::Listed,
        subject::State,
        transcript::{Changed, Line, Step},
    },
};

use crate::jobs::{Run, Turn};

/// How many roots lie between two checkpoints.
const PAGE: u16 = 25;

/// One of the lists that a member leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Snoozed conversations lie with the open ones.
    Queue(Status),
    ReadMarks,
    Drafts,
    Teams,
}

/// What who goes leaves behind. A job that is under way knows its list by the number: new ones come last.
const LEFT_BEHIND: [Left; 11] = [
    Left::Queue(Status::Open),
    Left::Queue(Status::Closed),
    Left::Queue(Status::Spam),
    Left::Queue(Status::Open),
    Left::Queue(Status::Closed),
    Left::Queue(Status::Spam),
    Left::ReadMarks,
    Left::Drafts,
    Left::Teams,
    // A flow asks in the name of nobody: what it ends is somebody's again.
    Left::Queue(Status::Bot),
    Left::Queue(Status::Bot),
];

/// What who is away gives back.
const GIVEN_BACK: [Left; 2] = [Left::Queue(Status::Open); 2];

/// The lists in the order they are walked.
fn list(kind: JobKind, number: u32) -> Option<Left> {
    let lists: &[Left] = match kind {
        JobKind::Reassign => &GIVEN_BACK,
        _ => &LEFT_BEHIND,
    };
    lists.get(number as usize).copied()
}

impl Run<'_> {
    /// Everything that the member of the job leaves behind, list by list.
    pub(crate) async fn handover(&mut self) -> Result<Turn, StoreError> {
        let Some(member) = self.job.member else {
            return Ok(Turn::On);
        };
        while let Some(left) = list(self.job.job_kind, self.job.list) {
            let Some(policy) = self.policy().await? else {
                return Ok(Turn::On);
            };
            let Listed { items, more } = self.app.store.page(self.left(member, &left)).await?;
            for item in &items {
                let key = key_of(Table::Data, item)
                    .ok_or(StoreError::Corrupt("an item without a key"))?;
                match left {
                    Left::Queue(_) => self.hand_over(member, &key, &policy).await?,
                    Left::ReadMarks | Left::Drafts | Left::Teams => {
                        self.app.store.delete(key.clone()).await?;
                        self.job.items += 1;
                    }
                }
                self.job.after = Some(mark(key, item));
                if self.app.clock.now() >= self.stop_at {
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

    fn left(&self, member: MemberId, left: &Left) -> Query {
        let workspace = self.job.workspace;
        let query = match left {
            Left::Queue(status) => {
                Query::lists(keys::queue(workspace, Whose::Member(member), *status))
            }
            Left::ReadMarks => Query::partition(keys::read_marks(workspace, member)),
            Left::Drafts => Query::partition(keys::drafts(workspace, member)),
            Left::Teams => Query::partition(keys::teams_of(workspace, member)),
        };
        let query = query.limit(PAGE);
        match &self.job.after {
            Some(mark) => query.after(mark.key.clone(), mark.index_sort_key.clone()),
            None => query,
        }
    }

    /// Gives one conversation to the heir, or to nobody where there is none any more.
    async fn hand_over(
        &mut self,
        member: MemberId,
        at_head: &Key,
        policy: &Policy,
    ) -> Result<(), StoreError> {
        let (workspace, now) = (self.job.workspace, self.app.clock.now());
        let tenant = TenantId::Workspace(workspace);
        let wanted = vec![
            at_head.clone(),
            keys::data_key(&RootRef::of(at_head)),
            keys::tenant_key(tenant),
        ];
        let store = &self.app.store;
        let fetched = store.batch(wanted).await?;
        let lens = Lens { now, policy };
        let head = fetched.get::<Conversation>(at_head, &Unsealed, lens)?;
        let Some(head) = head.filter(|head| head.state == State::Live) else {
            return Ok(());
        };
        let tenant_key = store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(key) = fetched.data_key(at_head, &tenant_key)? else {
            return Ok(());
        };
        let stays = self.job.job_kind == JobKind::Reassign;
        let is_theirs =
            |head: &Conversation| head.assignee == Some(member) && (!stays || is_open(head, lens));
        for heir in [self.job.heir, None] {
            let live = heir.map(|heir| keys::membership(workspace, heir));
            let step = |head: &Conversation| {
                let step = is_theirs(head).then(|| step(head, member, heir, lens));
                Ok::<_, StoreError>(step)
            };
            match store.change(head.clone(), &key, lens, live, step).await? {
                Changed::Done(_) => {
                    self.job.roots += 1;
                    self.job.items += 1;
                    return Ok(());
                }
                Changed::Unchanged(_) | Changed::Gone => return Ok(()),
                // The heir has gone as well.
                Changed::Missing => {}
            }
        }
        Ok(())
    }
}

/// The transcript of what goes on tells so. What is closed stays as it is: a line would keep it
/// longer.
fn step(head: &Conversation, member: MemberId, heir: Option<MemberId>, lens: Lens<'_>) -> Step {
    let mut step = Step::on(head, lens.now);
    step.head.hand_over(heir, lens.now);
    if is_open(head, lens) || head.status_at(lens.now) == Status::Bot {
        step.line(match heir {
            Some(heir) => Line::new(Event::Assigned, None).member(Some(heir)),
            None => Line::new(Event::Unassigned, None).member(Some(member)),
        });
    }
    step
}

/// Whether somebody has to see to it, now or later.
fn is_open(head: &Conversation, lens: Lens<'_>) -> bool {
    matches!(head.status_at(lens.now), Status::Open | Status::Snoozed)
}

fn mark(key: Key, item: &Item) -> Mark {
    let sort_key = item.get("lists_sk").and_then(|value| value.as_s().ok());
    Mark {
        key,
        index_sort_key: sort_key.cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_is_walked_twice() {
        for status in [Status::Open, Status::Closed, Status::Spam, Status::Bot] {
            let walks = LEFT_BEHIND.iter();
            let walks = walks.filter(|left| **left == Left::Queue(status));
            assert_eq!(walks.count(), 2, "{status:?}");
        }
    }
}
