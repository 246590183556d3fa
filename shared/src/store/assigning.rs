//! Teams within a workspace, and how a conversation that waits in one finds somebody.
//!
//! A conversation is put to a team by a write of its head, and lies in the queue of the team until a
//! member has it. `outbox` hears of every such write and gives out what waits. What nobody could
//! take leaves a [`TeamWait`], due in a minute or when the team opens: the schedule tries again. So
//! nothing depends on a timer that a crash could lose.
//!
//! Whose turn it is lies with the places of the members, and not in a list that somebody keeps: it is
//! whoever got something longest ago.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

use shared_derive::Record;

use super::{
    app::Label,
    conversation::{Conversation, Status},
    db::{Store, StoreError, key_of},
    hours::{Availability, BusinessHours, Presence},
    keyring::TenantKey,
    keys::{self, Key, Table, Whose},
    message::Event,
    query::Query,
    record::Stored,
    seal::{DataKey, Unsealed},
    socket::Topic,
    subject::{RootRef, SubjectId},
    transaction::{CommitError, Transaction},
    transcript::{Line, Step},
};
use crate::{
    domain::{MemberId, Permission, TeamId, TenantId, Timestamp, WorkspaceId, policy::Lens},
    words,
};

/// How many members a team has at most.
pub const MAX_TEAMMATES: usize = 100;
/// How many teams a workspace has at most.
pub const MAX_TEAMS: u16 = 100;
/// How many conversations are given out at once: the rest wait for the next call.
const AT_ONCE: u16 = 25;
/// When a team is tried again in which nobody could take what waits.
const AGAIN: Duration = Duration::from_secs(60);
/// When a team is tried again whose hours do not open within a year.
const NEVER_OPEN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long what somebody gave away is not given back to them.
const REST: Duration = Duration::from_secs(10 * 60);
/// As far as conversations of a member are counted.
const MOST_COUNTED: u16 = 1000;

words! {
    /// How what waits in a team finds somebody.
    pub enum Assignment {
        /// It goes to the member who has the fewest open conversations.
        LeastBusy = "least_busy",
        /// Members take it, or somebody gives it to them.
        Manual = "manual",
        /// It goes to the member who got something longest ago.
        RoundRobin = "round_robin",
    }
}

impl Assignment {
    /// The line of the transcript that says why somebody got it.
    const fn reason(self) -> Option<Event> {
        match self {
            Self::LeastBusy => Some(Event::AssignedToLeastBusy),
            Self::Manual => None,
            Self::RoundRobin => Some(Event::AssignedInTurn),
        }
    }
}

/// A team of a workspace.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = team(workspace, id), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct Team {
    /// Its id.
    #[non_personal(reason = "the id of a team", export)]
    pub id: TeamId,
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// What the workspace calls it.
    #[non_personal(reason = "the label of a team", export)]
    pub name: Label,
    /// How what waits in it finds somebody.
    #[non_personal(reason = "a setting of the team", export)]
    pub assignment: Assignment,
    /// How many open conversations a member has at most before nothing more is given to them.
    #[non_personal(reason = "a setting of the team", export)]
    pub capacity: Option<u64>,
    /// Since when.
    #[non_personal(reason = "when a team was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// That a member is in a team.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = teammate(workspace, member, team),
    lists = teammate_list(workspace, team, member), tenant = workspace,
    within = Membership, class = Workspace, anchor = joined_at,
)]
pub struct Teammate {
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// In which team.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub team: TeamId,
    /// When the team gave them something last: whose turn it is.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub last_given_at: Option<Timestamp>,
    /// Since when.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub joined_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// That something waits in a team which nobody could take, and when that is tried again.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = team_wait(workspace, team), due = team_wait_due(workspace, try_at),
    tenant = workspace, within = Workspace, class = Workspace, anchor = try_at,
)]
pub struct TeamWait {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Which team.
    #[non_personal(reason = "the id of a team")]
    pub team: TeamId,
    /// When.
    #[non_personal(reason = "when a team is looked at again")]
    pub try_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl TeamWait {
    /// A look at a team at `try_at`, asked for at `now`.
    pub fn new(
        (workspace, team): (WorkspaceId, TeamId),
        try_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            workspace,
            team,
            try_at,
            // Nobody reads it before it is written over: chance tells one from the next, where two
            // clocks may say the same time.
            rev: TeamId::new(now).uuid().as_u64_pair().1 >> 2,
        }
    }
}

/// A member who could take something.
struct Candidate {
    place: Teammate,
    /// How many open conversations they have, where that matters.
    load: u64,
}

/// A conversation that waits, with the key of its transcript.
struct Waiting {
    head: Conversation,
    key: DataKey,
}

impl Store {
    /// Gives out what waits in a team, `also` included, which an index may not show yet. How many
    /// conversations found somebody.
    ///
    /// What waits in a team that is gone goes back to the workspace.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn give_out(
        &self,
        (workspace, team): (WorkspaceId, TeamId),
        also: Option<Key>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let tenant = TenantId::Workspace(workspace);
        let (at_team, at_wait) = (
            keys::team(workspace, team),
            keys::team_wait(workspace, team),
        );
        let at_hours = keys::business_hours(workspace);
        let mut wanted = vec![
            at_team.clone(),
            at_wait.clone(),
            at_hours.clone(),
            keys::policy(workspace),
        ];
        if self.keyring().remembered(tenant, now).is_none() {
            wanted.push(keys::tenant_key(tenant));
        }
        let fetched = self.batch(wanted).await?;
        let Some(policy) = fetched.live_policy(workspace, now)? else {
            return Ok(0);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let tenant_key = self.unwrap_tenant_key(tenant, &fetched, now).await?;
        let settings = fetched.get::<Team>(&at_team, &Unsealed, lens)?;
        let (waiting, more) = self
            .waiting((workspace, team), also, &tenant_key, lens)
            .await?;
        let hours = fetched.get::<BusinessHours>(&at_hours, &Unsealed, lens)?;
        let opens_at = opens_at(hours.as_ref(), now)?;
        let found = waiting.len() as u64;
        let (given, again) = match settings {
            None => {
                self.give_back(waiting, team, lens).await?;
                (0, more.then(|| now.plus(AGAIN)))
            }
            Some(team) => match (team.assignment.reason(), opens_at) {
                (None, _) => (0, None),
                (Some(_), Some(opens_at)) => (0, (found > 0).then_some(opens_at)),
                (Some(reason), None) => {
                    let given = self.give(&team, reason, waiting, lens).await?;
                    let left = given < found || more;
                    (given, left.then(|| now.plus(AGAIN)))
                }
            },
        };
        let before = fetched.get::<TeamWait>(&at_wait, &Unsealed, lens)?;
        self.wait((workspace, team), before, again, lens).await?;
        Ok(given)
    }

    /// What waits in a team, the most urgent first, then the longest, and whether there may be more. The index may still list
    /// what has found somebody: a full page says "more", however little of it waits.
    async fn waiting(
        &self,
        (workspace, team): (WorkspaceId, TeamId),
        also: Option<Key>,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<(Vec<Waiting>, bool), StoreError> {
        let queue = keys::queue(workspace, Whose::Team(team), Status::Open);
        let queue = Query::lists(queue)
            .between("0", keys::until(lens.now))
            .limit(AT_ONCE);
        let items = self.query(queue).await?;
        let more = items.len() >= usize::from(AT_ONCE);
        let listed = items.iter().filter_map(|item| key_of(Table::Data, item));
        let places: BTreeSet<Key> = listed.chain(also).collect();
        let mut wanted: Vec<Key> = places.iter().cloned().collect();
        wanted.extend(
            places
                .iter()
                .map(|place| keys::data_key(&RootRef::of(place))),
        );
        if wanted.is_empty() {
            return Ok((Vec::new(), more));
        }
        let fetched = self.batch_all(wanted).await?;
        let mut waiting = Vec::with_capacity(places.len());
        for place in &places {
            let head = fetched.get::<Conversation>(place, &Unsealed, lens)?;
            let head = head.filter(|head| head.waits_in(lens.now) == Some(team));
            let (Some(head), Some(key)) = (head, fetched.data_key(place, tenant_key)?) else {
                continue;
            };
            waiting.push(Waiting { head, key });
        }
        waiting.sort_by_key(|waiting| {
            let head = &waiting.head;
            (Reverse(head.priority().rank()), head.queued_at(), head.id)
        });
        Ok((waiting, more))
    }

    /// Puts what waits in a team that is gone to the workspace.
    async fn give_back(
        &self,
        waiting: Vec<Waiting>,
        team: TeamId,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        for Waiting { head, key } in waiting {
            let step = |head: &Conversation| {
                let step = (head.waits_in(lens.now) == Some(team)).then(|| {
                    let mut step = Step::on(head, lens.now);
                    step.head.leave_team(lens.now);
                    step.line(Line::new(Event::TakenFromTeam, None).team(Some(team)));
                    step
                });
                Ok::<_, StoreError>(step)
            };
            self.change(head, &key, lens, None, step).await?;
        }
        Ok(())
    }

    /// Gives what waits to those whose turn it is, as long as there is somebody.
    async fn give(
        &self,
        team: &Team,
        reason: Event,
        waiting: Vec<Waiting>,
        lens: Lens<'_>,
    ) -> Result<u64, StoreError> {
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut candidates = self.candidates(team, lens).await?;
        let mut given = 0;
        for Waiting { head, key } in waiting {
            let Some(next) = next(&mut candidates, team, just_left(&head, lens.now)) else {
                continue;
            };
            let member = next.place.member;
            let mut step = Step::on(&head, lens.now);
            step.head.hand_over(Some(member), lens.now);
            step.line(
                Line::new(reason, None)
                    .member(Some(member))
                    .team(Some(team.id)),
            );
            let mut place = next.place.clone();
            // Two of one moment keep their order.
            let after = place
                .last_given_at
                .map(|at| at.plus(Duration::from_millis(1)));
            place.last_given_at = Some(after.map_or(lens.now, |after| after.max(lens.now)));
            let place = Stored::next(place, lens.policy);
            let mut transaction = Transaction::new(lens.now);
            step.write(&mut transaction, &key, lens)?;
            transaction.check_live(keys::membership(team.workspace, member));
            transaction.replace(&place, &Unsealed)?;
            match self.commit(transaction).await {
                Ok(()) => {
                    next.place = place.into_record();
                    next.load += 1;
                    given += 1;
                }
                Err(CommitError::Store(error)) => return Err(error),
                // Somebody was faster, or the member has gone: the next try sees how it stands.
                Err(CommitError::Refused(_)) => {}
            }
        }
        Ok(given)
    }

    /// The members of a team who could take something: connected, online, and allowed to answer.
    async fn candidates(&self, team: &Team, lens: Lens<'_>) -> Result<Vec<Candidate>, StoreError> {
        let workspace = team.workspace;
        let listeners = self.listeners(workspace, Topic::Inbox, lens.now).await?;
        let listening: BTreeSet<MemberId> = listeners
            .iter()
            .filter_map(|listener| match listener.who {
                SubjectId::Member(member) => Some(member),
                SubjectId::Account(_)
                | SubjectId::Contact(_)
                | SubjectId::Flow(_)
                | SubjectId::Guest(_)
                | SubjectId::Key(_) => None,
            })
            .collect();
        if listening.is_empty() {
            return Ok(Vec::new());
        }
        let there: Vec<MemberId> = self
            .teammates(workspace, team.id)
            .await?
            .into_iter()
            .filter(|member| listening.contains(member))
            .collect();
        let at = |member: &MemberId| {
            [
                keys::teammate(workspace, *member, team.id),
                keys::availability(workspace, *member),
            ]
        };
        let fetched = self.batch_all(there.iter().flat_map(&at).collect()).await?;
        let mut online: Vec<Teammate> = Vec::new();
        for member in &there {
            let [at_place, at_said] = at(member);
            let said = fetched.get::<Availability>(&at_said, &Unsealed, lens)?;
            if Availability::presence_at(said.as_ref(), lens.now) == Presence::Online {
                online.extend(fetched.get::<Teammate>(&at_place, &Unsealed, lens)?);
            }
        }
        let members: Vec<MemberId> = online.iter().map(|place| place.member).collect();
        let seats = self.seats_of(workspace, &members, lens.now).await?;
        let counted = team.capacity.is_some() || team.assignment == Assignment::LeastBusy;
        let mut candidates = Vec::with_capacity(online.len());
        for place in online {
            let seat = seats.get(&place.member);
            let able = seat.is_some_and(|seat| seat.role.may(Permission::ConversationsWrite));
            if !able {
                continue;
            }
            let load = match counted {
                true => self.load(workspace, place.member, lens.now).await?,
                false => 0,
            };
            candidates.push(Candidate { place, load });
        }
        Ok(candidates)
    }

    /// How many open conversations a member has.
    async fn load(
        &self,
        workspace: WorkspaceId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let queue = keys::queue(workspace, Whose::Member(member), Status::Open);
        let queue = Query::lists(queue)
            .between("0", keys::until(now))
            .limit(MOST_COUNTED);
        self.count(queue).await
    }

    /// The members of a team, by id. One query.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn teammates(
        &self,
        workspace: WorkspaceId,
        team: TeamId,
    ) -> Result<Vec<MemberId>, StoreError> {
        // More than fit, because an index may still show who has gone.
        let list = Query::lists(keys::teammates(workspace, team)).limit(2 * MAX_TEAMMATES as u16);
        let items = self.query(list).await?;
        let members = items.iter().filter_map(|item| {
            let member = item.get("lists_sk")?.as_s().ok()?;
            member.parse().ok()
        });
        Ok(members.collect())
    }

    /// Notes when a team is tried again, or that it need not be.
    async fn wait(
        &self,
        (workspace, team): (WorkspaceId, TeamId),
        before: Option<TeamWait>,
        again: Option<Timestamp>,
        lens: Lens<'_>,
    ) -> Result<(), StoreError> {
        let mut transaction = Transaction::new(lens.now);
        match (again, before) {
            (Some(try_at), _) => {
                let wait = TeamWait::new((workspace, team), try_at, lens.now);
                transaction.overwrite(&Stored::new(wait, lens.policy), &Unsealed)?;
            }
            // Unless somebody else found something that waits.
            (None, Some(before)) => {
                transaction.consume_version(keys::team_wait(workspace, team), before.rev);
            }
            (None, None) => return Ok(()),
        }
        match self.commit(transaction).await {
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// When a team opens that is closed.
fn opens_at(
    hours: Option<&BusinessHours>,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let Some(hours) = hours else {
        return Ok(None);
    };
    let hours = hours
        .hours()
        .map_err(|_| StoreError::Corrupt("hours that were not checked"))?;
    if hours.is_open(now) {
        return Ok(None);
    }
    Ok(Some(
        hours.opens_at(now).unwrap_or_else(|| now.plus(NEVER_OPEN)),
    ))
}

/// Who has just given it away: it does not come back to them at once.
fn just_left(head: &Conversation, now: Timestamp) -> Option<MemberId> {
    let (member, at) = head.left_by()?;
    (at.plus(REST) > now).then_some(member)
}

/// Whose turn it is, among those who have room, but for one.
fn next<'c>(
    candidates: &'c mut [Candidate],
    team: &Team,
    but: Option<MemberId>,
) -> Option<&'c mut Candidate> {
    let by_load = team.assignment == Assignment::LeastBusy;
    candidates
        .iter_mut()
        .filter(|one| Some(one.place.member) != but)
        .filter(|one| team.capacity.is_none_or(|most| one.load < most))
        .min_by_key(|one| {
            let load = if by_load { one.load } else { 0 };
            (load, one.place.last_given_at, one.place.member)
        })
}

#[cfg(test)]
mod tests;
