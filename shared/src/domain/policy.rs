//! What a workspace promises: its profile, its modules and how long it keeps conversations.

use std::time::Duration;

use super::{
    TeamId,
    billing::plan::Granted,
    time::{DAY, Timestamp},
    words::Symbol,
};

crate::words! {
    /// Which family of promises a workspace made (docs/promises.md).
    pub enum Profile {
        /// An SDK backend for in-app video calls: no conversation content is kept.
        Calls = "calls",
        /// A conversational flow builder: no personal names, conversations for 90 days.
        Flows = "flows",
        /// A live-chat team inbox.
        Inbox = "inbox",
    }
}

crate::words! {
    /// A capability of a workspace. A profile starts with its own. Flows come with conversations, billing and
    /// support with the deployment: those three are told, and decide nothing.
    pub enum Module {
        /// Person-free counters about use.
        Analytics = "analytics",
        /// Files in conversations.
        Attachments = "attachments",
        /// Plans, invoices and payment.
        Billing = "billing",
        /// Threads between visitors and a team.
        Conversations = "conversations",
        /// Conversational flows.
        Flows = "flows",
        /// Notifications to devices.
        Push = "push",
        /// Live calls.
        Sessions = "sessions",
        /// Help from the operator.
        Support = "support",
    }
}

crate::words! {
    /// Why the operator suspended a workspace.
    pub enum SuspensionReason {
        /// It was used against others.
        Abuse = "abuse",
        /// A law or an authority asks for it.
        Legal = "legal",
        /// It is not paid for.
        Payment = "payment",
        /// Its owner asked for it.
        Request = "request",
        /// Somebody may have broken into it.
        Security = "security",
    }
}

crate::words! {
    /// Which ways in are open to the members of a workspace that has a team sign-in.
    pub enum WayIn {
        /// The team's provider, and the account's own ways.
        Any = "any",
        /// The team's provider only; owners come in by their accounts too, so that a provider that
        /// fails shuts nobody out for good.
        Team = "team",
    }
}

crate::words! {
    /// What of a conversation is mailed to a visitor who is away.
    pub enum VisitorMail {
        /// What the team wrote.
        Messages = "messages",
        /// That the team wrote.
        Notice = "notice",
        /// Nothing.
        Off = "off",
    }
}

/// The sign-in of a team through its own provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamSignIn {
    /// Since when it is this provider: sessions that began before are good no more.
    pub since: Timestamp,
    /// Which other ways in there are.
    pub ways: WayIn,
}

/// Whether a profile asks for the name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// The field must be absent: FLOW-02.
    Forbidden,
    /// The field must be present: CALL-09, CHAT-02.
    Required,
}

impl Profile {
    /// The capabilities a new workspace of this profile has.
    pub const fn modules(self) -> &'static [Module] {
        match self {
            Self::Calls => &[Module::Sessions, Module::Billing, Module::Support],
            Self::Flows => &[
                Module::Flows,
                Module::Conversations,
                Module::Billing,
                Module::Analytics,
                Module::Support,
            ],
            Self::Inbox => &[
                Module::Conversations,
                Module::Attachments,
                Module::Push,
                Module::Support,
                Module::Billing,
            ],
        }
    }

    /// Whether members have names here.
    pub const fn member_name(self) -> NameRule {
        match self {
            Self::Flows => NameRule::Forbidden,
            Self::Calls | Self::Inbox => NameRule::Required,
        }
    }

    /// Whether members need a second factor here whatever the workspace says (FLOW-26).
    pub const fn second_factor_required(self) -> bool {
        matches!(self, Self::Flows)
    }

    /// What is mailed to visitors who are away unless the workspace says otherwise: an inbox goes on by
    /// mail, the others do not by themselves.
    pub const fn visitor_mail(self) -> VisitorMail {
        match self {
            Self::Calls | Self::Flows => VisitorMail::Off,
            Self::Inbox => VisitorMail::Messages,
        }
    }

    /// Whether those who ask for it may get mail about offers (FLOW-43).
    pub const fn allows_offers(self) -> bool {
        matches!(self, Self::Flows)
    }

    /// How long a beacon about use is kept before it goes, counted or not: in `flows`
    /// twelve months (FLOW-36), elsewhere what reliability needs.
    pub const fn analytics_life(self) -> Duration {
        let days = match self {
            Self::Calls => 30,
            Self::Flows => 365,
            Self::Inbox => 90,
        };
        Duration::from_secs(days * 24 * 60 * 60)
    }

    /// Days that conversations are kept unless the workspace says otherwise.
    ///
    /// `flows`: 90 (FLOW-33). `inbox`: "as long as needed", made finite as 24 months without
    /// activity and 30 days of notice (CHAT-18). `calls` keeps no conversations; the number is
    /// what a workspace gets that adds the module, and the stricter rule applies.
    pub const fn conversation_days(self) -> u32 {
        match self {
            Self::Calls | Self::Flows => 90,
            Self::Inbox => 760,
        }
    }
}

/// The present policy of a tenant, as every read needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The family of promises.
    pub profile: Profile,
    /// What the workspace can do.
    pub modules: Vec<Module>,
    /// Whether members come in with a second factor only.
    pub second_factor_required: bool,
    /// What is mailed to visitors who are away.
    pub visitor_mail: VisitorMail,
    /// The team that gets what visitors begin where no app names another.
    pub default_team: Option<TeamId>,
    /// Whether devices of every call speak through a relay only, whatever its app says.
    pub calls_relay_only: bool,
    /// How members sign in through their team's provider, if it has one.
    pub team_sign_in: Option<TeamSignIn>,
    /// When the workspace will be erased, if its owner ended it: until then nothing opens it.
    pub closes_at: Option<Timestamp>,
    /// Whether the operator suspended it: members may read, visitors stay outside.
    pub suspended: bool,
    /// The plan that is paid for, if one is. What it allows, the deployment says.
    pub plan: Option<Granted>,
    /// How long a message, and a thread after its last activity, is kept, in days.
    pub conversation_days: u32,
    /// Fewer days that still hold for what is older than a lengthening, oldest step first.
    pub steps: Vec<Step>,
    /// Counts changes of the policy; every item says under which one it was stamped.
    pub version: u64,
    /// The hold of the conversation that is being read or written; none outside of one.
    pub hold: Option<Hold>,
}

/// What a lengthening leaves as it was: a promise made to older content is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Anchors before this instant ...
    pub until: Timestamp,
    /// ... are kept no longer than this, whatever came later.
    pub days: u32,
}

impl Symbol for Step {
    fn symbol(&self) -> String {
        format!("{}:{}", self.until.ms(), self.days)
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (until, days) = text.split_once(':')?;
        Some(Self {
            until: Timestamp::from_ms(until.parse().ok()?),
            days: days.parse().ok()?,
        })
    }
}

/// A conversation that must not expire until a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// From when on. What had expired by then stays expired.
    pub since: Timestamp,
    /// Until when, at the longest.
    pub until: Timestamp,
    /// The newest anchor that had expired at `since`, by the policy of that moment: a retention
    /// that is shortened under a hold takes nothing from it.
    pub lapsed: Timestamp,
}

/// How long a lapsed step is remembered: longer than the sweep needs to take what it ended.
const STEP_MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The most steps that are remembered at once; the policy is read with every request.
pub const MOST_STEPS: usize = 24;

/// There were too many lengthenings, each of which still holds for older content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManySteps;

impl Policy {
    /// The policy a new workspace of `profile` begins with.
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            modules: profile.modules().to_vec(),
            second_factor_required: profile.second_factor_required(),
            visitor_mail: profile.visitor_mail(),
            default_team: None,
            calls_relay_only: false,
            team_sign_in: None,
            closes_at: None,
            suspended: false,
            plan: None,
            conversation_days: profile.conversation_days(),
            steps: Vec::new(),
            version: 1,
            hold: None,
        }
    }

    /// The operator's own policy: accounts and login sessions, no conversations.
    pub fn platform() -> Self {
        Self {
            modules: Vec::new(),
            conversation_days: 1,
            ..Self::of(Profile::Calls)
        }
    }

    /// How long conversation content of `anchor` is kept: the shortest of all retentions that the
    /// workspace has had since then. Shorter holds at once, longer only for what comes after.
    pub fn conversation_lifetime(&self, anchor: Timestamp) -> Duration {
        let steps = self.steps.iter().filter(|step| anchor < step.until);
        let days = steps
            .map(|step| step.days)
            .fold(self.conversation_days, u32::min);
        DAY * days
    }

    /// The same policy with another retention from `now` on.
    ///
    /// # Errors
    /// When there are [`MOST_STEPS`] lengthenings already that still matter.
    pub fn with_days(&self, days: u32, now: Timestamp) -> Result<Self, TooManySteps> {
        let mut next = Self {
            conversation_days: days,
            version: self.version + 1,
            ..self.clone()
        };
        // Whatever a step left longer than this, this cuts; a lapsed one has done its work.
        next.steps.retain(|step| {
            step.days < days && step.until.plus(DAY * step.days).plus(STEP_MEMORY) > now
        });
        if days > self.conversation_days {
            if next.steps.len() >= MOST_STEPS {
                return Err(TooManySteps);
            }
            next.steps.push(Step {
                until: now,
                days: self.conversation_days,
            });
        }
        Ok(next)
    }

    /// The policy inside of a conversation that is on hold.
    pub fn under(&self, hold: Option<Hold>) -> Self {
        Self {
            hold,
            ..self.clone()
        }
    }

    /// Whether the workspace has a capability.
    pub fn has(&self, module: Module) -> bool {
        self.modules.contains(&module)
    }
}

/// What every read needs to tell a living item from an expired one: the instant and the policy.
#[derive(Clone, Copy, Debug)]
pub struct Lens<'a> {
    /// The server's time.
    pub now: Timestamp,
    /// The present policy of the tenant.
    pub policy: &'a Policy,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u32) -> Timestamp {
        Timestamp::from_ms(1_768_478_400_000).plus(DAY * day)
    }

    fn a_moment_before(at: Timestamp) -> Timestamp {
        Timestamp::from_ms(at.ms() - 1)
    }

    #[test]
    fn flows_ask_for_a_second_factor_whatever_the_workspace_says_and_the_others_do_not() {
        let asks = |profile: &&Profile| profile.second_factor_required();
        let asking: Vec<&Profile> = Profile::ALL.iter().filter(asks).collect();
        assert_eq!(asking, [&Profile::Flows]);
    }

    #[test]
    fn a_workspace_has_the_capabilities_of_its_profile_and_no_other() {
        let policy = Policy::of(Profile::Inbox);
        assert!(policy.has(Module::Attachments));
        assert!(!policy.has(Module::Flows));
    }

    #[test]
    fn the_operator_has_no_capabilities_and_keeps_no_conversations() {
        let policy = Policy::platform();
        assert!(Module::ALL.iter().all(|module| !policy.has(*module)));
        assert_eq!(policy.conversation_lifetime(at(0)), DAY);
    }

    #[test]
    fn a_step_reads_as_it_was_written() {
        let step = Step {
            until: at(3),
            days: 30,
        };
        assert_eq!(step.symbol(), "1768737600000:30");
        assert_eq!(Step::from_symbol(&step.symbol()), Some(step));
        for text in ["", "30", "1768737600000:", ":30", "1768737600000:-1"] {
            assert_eq!(Step::from_symbol(text), None, "{text}");
        }
    }

    #[test]
    fn a_change_to_the_same_days_leaves_nothing_to_remember() {
        let policy = Policy::of(Profile::Flows);
        let same = policy.with_days(90, at(0)).expect("a change");
        assert!(same.steps.is_empty());
        assert_eq!((same.conversation_days, same.version), (90, 2));
    }

    #[test]
    fn back_at_the_days_of_a_step_the_step_is_forgotten() {
        let long = Policy::of(Profile::Flows).with_days(100, at(0));
        let long = long.expect("a lengthening");
        assert_eq!(long.steps.len(), 1);
        let back = long.with_days(90, at(1)).expect("a shortening");
        assert!(back.steps.is_empty());
    }

    #[test]
    fn a_step_is_remembered_until_a_week_after_the_last_of_what_it_ends() {
        let long = Policy::of(Profile::Flows).with_days(100, at(10));
        let long = long.expect("a lengthening");
        // What was written before day 10 is over by day 100, and swept by day 107.
        let still = long.with_days(101, a_moment_before(at(107)));
        let days = |policy: Policy| {
            policy
                .steps
                .iter()
                .map(|step| step.days)
                .collect::<Vec<_>>()
        };
        assert_eq!(days(still.expect("a change")), [90, 100]);
        let lapsed = long.with_days(101, at(107));
        assert_eq!(days(lapsed.expect("a change")), [100]);
    }

    #[test]
    fn the_most_steps_are_remembered_and_then_nobody_lengthens_any_more() {
        let mut policy = Policy::of(Profile::Flows);
        for days in (91..).take(MOST_STEPS) {
            policy = policy.with_days(days, at(0)).expect("room for a step");
        }
        assert_eq!(policy.steps.len(), MOST_STEPS);
        assert_eq!(policy.with_days(3650, at(0)), Err(TooManySteps));
        // Shortening needs no room.
        assert!(policy.with_days(1, at(0)).is_ok());
    }
}
