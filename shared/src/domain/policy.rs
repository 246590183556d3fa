//! What a workspace promises: its profile, its modules and how long it keeps conversations.

use std::time::Duration;

use super::time::{DAY, Timestamp};

crate::words! {
    /// Which family of promises a workspace made (`docs`: privacy, table A3).
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
    /// A capability of a workspace. A profile starts with its own.
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

/// Whether a profile asks for the name of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// The field must be absent: FLOW-02.
    Forbidden,
    /// The field must be present: CALL-09, CHAT-02.
    Required,
}

impl Profile {
    /// The capabilities a new workspace of this profile has (privacy.md A3).
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
    /// How long a message, and a thread after its last activity, is kept, in days.
    pub conversation_days: u32,
}

impl Policy {
    /// The policy a new workspace of `profile` begins with.
    pub fn of(profile: Profile) -> Self {
        Self {
            profile,
            modules: profile.modules().to_vec(),
            conversation_days: profile.conversation_days(),
        }
    }

    /// The operator's own policy: accounts and login sessions, no conversations.
    pub fn platform() -> Self {
        Self {
            profile: Profile::Calls,
            modules: Vec::new(),
            conversation_days: 1,
        }
    }

    /// How long conversation content is kept.
    pub fn conversation_lifetime(&self) -> Duration {
        DAY * self.conversation_days
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
