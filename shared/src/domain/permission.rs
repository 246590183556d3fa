//! Who may do what in a workspace: one matrix, default deny. And which conversations they see.

use super::id::{MemberId, TeamId};

crate::words! {
    /// The role of a member.
    pub enum Role {
        /// Everything but what is the owner's alone.
        Admin = "admin",
        /// Answers visitors.
        Agent = "agent",
        /// Sees plans and invoices, no conversations.
        Billing = "billing",
        /// Everything; the last one cannot leave.
        Owner = "owner",
        /// Reads conversations, with personal data masked.
        Viewer = "viewer",
    }
}

crate::words! {
    /// Something a route does; each member route names exactly one.
    pub enum Permission {
        /// Make and revoke keys of the API.
        ApiKeysManage = "api_keys.manage",
        /// Create and change apps.
        AppsManage = "apps.manage",
        /// See apps.
        AppsRead = "apps.read",
        /// Buy a plan, change or end it, and what it is paid with.
        BillingManage = "billing.manage",
        /// See plan, seats, card and invoices.
        BillingRead = "billing.read",
        /// Read who did what in the workspace.
        AuditRead = "audit.read",
        /// Delete what is known of calls.
        CallsDelete = "calls.delete",
        /// See calls: when, how long and how well, and nothing of what was said.
        CallsRead = "calls.read",
        /// Call and be called.
        CallsTake = "calls.take",
        /// Erase contacts with everything they wrote.
        ContactsDelete = "contacts.delete",
        /// Change and block contacts.
        ContactsManage = "contacts.manage",
        /// See contacts.
        ContactsRead = "contacts.read",
        /// Put conversations on hold, and release them.
        ConversationsHold = "conversations.hold",
        /// Delete conversations, and messages of others.
        ConversationsDelete = "conversations.delete",
        /// See conversations and their messages.
        ConversationsRead = "conversations.read",
        /// Start conversations, write messages and notes.
        ConversationsWrite = "conversations.write",
        /// Make and fetch copies of what is kept about a contact.
        DataExport = "data.export",
        /// Build flows, publish them and take them into use.
        FlowsManage = "flows.manage",
        /// See flows.
        FlowsRead = "flows.read",
        /// Invite members and change their roles.
        MembersManage = "members.manage",
        /// See members.
        MembersRead = "members.read",
        /// See names and addresses of contacts; without it they are masked.
        PersonalDataRead = "personal_data.read",
        /// See and answer requests of people about their data.
        PrivacyManage = "privacy.manage",
        /// Change how long conversations are kept.
        RetentionManage = "retention.manage",
        /// See figures about use.
        UsageRead = "usage.read",
        /// Change the settings of the workspace.
        WorkspaceManage = "workspace.manage",
        /// Give the ownership away, end the workspace and undo that: owners only.
        WorkspaceOwn = "workspace.own",
        /// See the workspace itself.
        WorkspaceRead = "workspace.read",
    }
}

crate::words! {
    /// Which conversations a member sees, among those that the role allows at all.
    pub enum Visibility {
        /// Every one of the workspace.
        All = "all",
        /// Those that are assigned to them.
        Assigned = "assigned",
        /// Those, and whatever was put to a team that they are in.
        Team = "team",
    }
}

/// Whose a conversation is: what decides who of the team sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Who takes care of it.
    pub assignee: Option<MemberId>,
    /// The team that it was put to.
    pub team: Option<TeamId>,
}

impl Standing {
    /// That of a conversation which nobody has.
    pub const NOBODYS: Self = Self {
        assignee: None,
        team: None,
    };
}

/// Which conversations somebody of the team sees. Every way to learn of one asks this, and nothing
/// else: lists, threads, files, sync, sockets, and what is sent out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Which of them.
    pub visibility: Visibility,
    /// As which member; an API key is none.
    pub member: Option<MemberId>,
    /// The teams that they are in.
    pub teams: Vec<TeamId>,
}

impl Sight {
    /// Everything: what a key of the API sees.
    pub const fn everything() -> Self {
        Self {
            visibility: Visibility::All,
            member: None,
            teams: Vec::new(),
        }
    }

    /// Whether a conversation that stands like this is seen.
    pub fn sees(&self, standing: Standing) -> bool {
        let own = standing.assignee.is_some() && standing.assignee == self.member;
        match self.visibility {
            Visibility::All => true,
            Visibility::Assigned => own,
            Visibility::Team => own || standing.team.is_some_and(|team| self.teams.contains(&team)),
        }
    }
}

impl Permission {
    /// Whether it only looks: that is left of a workspace that is suspended. And the rights of the
    /// people it talks with, which do not rest.
    pub const fn only_reads(self) -> bool {
        matches!(
            self,
            Self::AppsRead
                | Self::AuditRead
                // Whoever is suspended because nothing was paid has to be able to pay.
                | Self::BillingManage
                | Self::BillingRead
                | Self::CallsRead
                | Self::ContactsRead
                | Self::ConversationsRead
                | Self::FlowsRead
                | Self::MembersRead
                | Self::PersonalDataRead
                | Self::PrivacyManage
                | Self::UsageRead
                | Self::WorkspaceRead
        )
    }
}

impl Role {
    /// Whether the role may do it. Every pair that is not listed is denied.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(permission, P::WorkspaceOwn),
            Self::Agent => matches!(
                permission,
                P::AppsRead
                    | P::CallsRead
                    | P::CallsTake
                    | P::ContactsManage
                    | P::ContactsRead
                    | P::ConversationsRead
                    | P::ConversationsWrite
                    | P::FlowsRead
                    | P::MembersRead
                    | P::PersonalDataRead
                    | P::WorkspaceRead
            ),
            Self::Viewer => matches!(
                permission,
                P::CallsRead
                    | P::ContactsRead
                    | P::ConversationsRead
                    | P::MembersRead
                    | P::WorkspaceRead
            ),
            Self::Billing => matches!(
                permission,
                P::BillingManage | P::BillingRead | P::MembersRead | P::WorkspaceRead
            ),
        }
    }

    /// Whether a member of this role may give or take away `other`.
    pub const fn may_grant(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(other, Self::Owner),
            Self::Agent | Self::Billing | Self::Viewer => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_below_owner_can_make_an_owner() {
        for role in Role::ALL {
            assert_eq!(role.may_grant(Role::Owner), *role == Role::Owner);
        }
    }

    #[test]
    fn billing_sees_no_conversation_and_no_contact() {
        for permission in Permission::ALL {
            let allowed = Role::Billing.may(*permission);
            assert!(!allowed || !permission.word().contains("conversations"));
            assert!(!allowed || !permission.word().contains("contacts"));
        }
    }
}
