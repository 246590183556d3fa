//! Who had a conversation until lately.

use crate::domain::{MemberId, Standing, TeamId, Timestamp, personal::Pseudonymous, words::Symbol};

/// Who had a conversation before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loser {
    /// A member, who took care of it.
    Member(MemberId),
    /// A team, that it was put to.
    Team(TeamId),
}

impl Loser {
    /// Whose it was.
    pub const fn standing(self) -> Standing {
        match self {
            Self::Member(member) => Standing {
                assignee: Some(member),
                team: None,
            },
            Self::Team(team) => Standing {
                assignee: None,
                team: Some(team),
            },
        }
    }
}

/// That a member or a team had a conversation, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Who.
    pub loser: Loser,
    /// Until when.
    pub at: Timestamp,
}

impl Symbol for Loss {
    fn symbol(&self) -> String {
        let at = self.at.ms();
        match self.loser {
            Loser::Member(member) => format!("{member}@{at}"),
            Loser::Team(team) => format!("{team}@{at}"),
        }
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (who, at) = text.split_once('@')?;
        let member = who.parse().ok().map(Loser::Member);
        let loser = member.or_else(|| who.parse().ok().map(Loser::Team))?;
        let at = Timestamp::from_ms(at.parse().ok()?);
        Some(Self { loser, at })
    }
}

impl Pseudonymous for Loss {}
