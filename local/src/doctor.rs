//! `sotto doctor`: is this machine, or this deployment, in order? Looks and changes nothing.
//!
//! | room | looks at |
//! |---|---|
//! | `laptop` | what `sotto serve` needs on this machine |
//! | `account` | what is the account's and no stack's: Lambda's quota, mail that comes in |
//! | `report` | the weekly look at security |
//! | `deployment` | tables, bucket, keys, ledger and mail of a deployment, over the wires that its functions use |

mod account;
mod deployment;
mod laptop;
mod report;

use std::fmt;

pub use account::{RuleSet, activate_mail, active_rules};
pub use deployment::{Clients, deployment, first_day};
pub use laptop::{Laptop, laptop};

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it has to be.
    Good,
    /// Could not be looked at from here.
    Unseen,
    /// It works, and somebody should do something about it.
    Warning,
    /// It does not work, or a promise is not kept.
    Bad,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unseen => "not seen",
            Self::Warning => "warning",
            Self::Bad => "BAD",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub what: String,
    /// How it is.
    pub state: State,
    /// What was seen and, unless it is good, what to do.
    pub says: String,
}

impl Finding {
    fn new(what: &str, state: State, says: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            state,
            says: says.into(),
        }
    }

    fn good(what: &str, says: impl Into<String>) -> Self {
        Self::new(what, State::Good, says)
    }

    fn warning(what: &str, says: impl Into<String>) -> Self {
        Self::new(what, State::Warning, says)
    }

    fn bad(what: &str, says: impl Into<String>) -> Self {
        Self::new(what, State::Bad, says)
    }

    fn unseen(what: &str, says: impl Into<String>) -> Self {
        Self::new(what, State::Unseen, says)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} {}: {}", self.state.word(), self.what, self.says)
    }
}

/// The worst of what was found; good of nothing.
pub fn worst(findings: &[Finding]) -> State {
    let states = findings.iter().map(|finding| finding.state);
    states.max().unwrap_or(State::Good)
}

/// The last line of a report.
pub fn verdict(findings: &[Finding]) -> String {
    let count = |state: State| {
        let of = findings.iter().filter(|finding| finding.state == state);
        of.count()
    };
    format!(
        "{} good, {} not seen, {} warnings, {} bad.\n",
        count(State::Good),
        count(State::Unseen),
        count(State::Warning),
        count(State::Bad)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_and_every_state_is_counted() {
        assert_eq!(worst(&[]), State::Good);
        let all = [
            Finding::good("a", "x"),
            Finding::unseen("b", "x"),
            Finding::warning("c", "x"),
        ];
        assert_eq!(worst(&all), State::Warning);
        assert_eq!(verdict(&all), "1 good, 1 not seen, 1 warnings, 0 bad.\n");
        assert_eq!(worst(&[Finding::bad("d", "x")]), State::Bad);
        assert_eq!(Finding::bad("d", "x").to_string(), "BAD       d: x");
    }
}
