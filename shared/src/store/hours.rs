//! When a team works, and who of it says that they are there.

use shared_derive::Record;

use crate::{
    domain::{
        MemberId, Timestamp, WorkspaceId,
        hours::{BadHours, ExceptionalDay, Hours, WeeklySpan, Zone},
    },
    words,
};

/// When the team of a workspace works. Without it the team has no hours: it is always open.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = business_hours(workspace), tenant = workspace,
    within = Workspace, class = Workspace, anchor = created_at,
)]
pub struct BusinessHours {
    /// Whose.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// By the clock of which zone.
    #[non_personal(reason = "a zone of a closed list", export)]
    pub zone: Zone,
    /// Every week.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub weekly: Vec<WeeklySpan>,
    /// On dates that differ.
    #[non_personal(reason = "a setting of the workspace", export)]
    pub exceptions: Vec<ExceptionalDay>,
    /// When they were set first.
    #[non_personal(reason = "when a setting of the workspace was made")]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl BusinessHours {
    /// The hours as they are asked.
    ///
    /// # Errors
    /// As [`Hours::new`]; what was stored had none of them.
    pub fn hours(&self) -> Result<Hours, BadHours> {
        Hours::new(&self.zone, &self.weekly, &self.exceptions)
    }
}

words! {
    /// What somebody says of themselves.
    pub enum Presence {
        /// There, and not to be given anything new.
        Away = "away",
        /// Not there.
        Offline = "offline",
        /// There.
        Online = "online",
    }
}

/// What a member says: the present state, without a history (CHAT-07).
#[derive(Clone, Debug, PartialEq, Eq, Record)]
#[record(
    table = Data, key = availability(workspace, member), tenant = workspace,
    within = Membership, class = Workspace, anchor = updated_at,
)]
pub struct Availability {
    /// Where.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Who.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub member: MemberId,
    /// What they said.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    presence: Presence,
    /// Until when it holds.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    until: Option<Timestamp>,
    /// What holds after that: what they had said without an end. Online where it says nothing.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    afterwards: Option<Presence>,
    /// When they said it.
    #[personal(category = Pseudonym, purpose = RunWorkspace, erase = Delete, open)]
    pub updated_at: Timestamp,
}

impl Availability {
    /// What `member` says at `now`.
    pub const fn new(
        workspace: WorkspaceId,
        member: MemberId,
        presence: Presence,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            workspace,
            member,
            presence,
            until,
            afterwards: None,
            updated_at: now,
        }
    }

    /// The same, after what they said before: that holds again when this has an end and it has passed.
    pub fn after(self, before: Option<&Self>) -> Self {
        Self {
            afterwards: self.until.and_then(|_| before.map(Self::lasting)),
            ..self
        }
    }

    /// What they say without an end.
    fn lasting(&self) -> Presence {
        match self.until {
            None => self.presence,
            Some(_) => self.afterwards.unwrap_or(Presence::Online),
        }
    }

    /// What holds at `now`: of who said something for a time that is over, what they had said before;
    /// who said nothing is online.
    pub fn presence_at(this: Option<&Self>, now: Timestamp) -> Presence {
        this.map_or(Presence::Online, |said| {
            match said.until.is_some_and(|until| until > now) {
                true => said.presence,
                false => said.lasting(),
            }
        })
    }

    /// Until when that holds, if it ends.
    pub fn until_at(this: Option<&Self>, now: Timestamp) -> Option<Timestamp> {
        this.and_then(|said| said.until.filter(|until| *until > now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_says_for_a_time_is_over_to_the_millisecond() {
        let now = Timestamp::from_ms(1_768_478_400_000);
        let (workspace, member) = (WorkspaceId::new(now), MemberId::new(now));
        assert_eq!(Availability::presence_at(None, now), Presence::Online);
        let until = Timestamp::from_ms(now.ms() + 10);
        let away = Availability::new(workspace, member, Presence::Away, Some(until), now);
        let before = Timestamp::from_ms(until.ms() - 1);
        assert_eq!(
            Availability::presence_at(Some(&away), before),
            Presence::Away
        );
        assert_eq!(Availability::until_at(Some(&away), before), Some(until));
        assert_eq!(
            Availability::presence_at(Some(&away), until),
            Presence::Online
        );
        assert_eq!(Availability::until_at(Some(&away), until), None);
        let always = Availability::new(workspace, member, Presence::Offline, None, now);
        let later = Timestamp::from_ms(now.ms() * 2);
        assert_eq!(
            Availability::presence_at(Some(&always), later),
            Presence::Offline
        );
    }
}
