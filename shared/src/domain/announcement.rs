//! Mail to many at once: its classes, and whom each of them reaches.
//!
//! The class decides, and nobody who writes an announcement can decide otherwise: offers reach only
//! those who asked for them and whose profile allows them, news of the service those who have not
//! refused them, and a change that matters reaches every owner, whatever they refused.

use super::{Role, policy::Profile};

crate::words! {
    /// What an announcement is about.
    pub enum AnnouncementClass {
        /// An offer.
        Marketing = "marketing",
        /// A change of the policy that matters.
        MaterialChange = "material_change",
        /// A change of the service.
        Service = "service",
    }
}

crate::words! {
    /// Mail that somebody may ask for or refuse.
    pub enum MailKind {
        /// About offers.
        Marketing = "marketing",
        /// About changes of the service.
        Service = "service",
    }
}

crate::words! {
    /// What somebody said about a kind of mail.
    pub enum MailWish {
        /// It may come.
        Granted = "granted",
        /// It must not.
        Refused = "refused",
    }
}

crate::words! {
    /// How somebody said it.
    pub enum MailWishSource {
        /// With the link of a mail, without signing in.
        OneClick = "one_click",
        /// With a request about one's data.
        Request = "request",
        /// In the settings of the account.
        Settings = "settings",
    }
}

/// Which sentence somebody agrees to who asks for offers. Another sentence is another number, so
/// that a record always says what it agreed to.
///
/// 1: "Send me mail about offers. I can stop it at any time, with one click in every such mail."
pub const CONSENT_VERSION: u32 = 1;

/// What decides whether an announcement reaches an account.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// Whether its settings say yes to news of the service; `None` where nothing was ever set.
    pub service: Option<bool>,
    /// Whether its settings say yes to offers.
    pub marketing: bool,
    /// What is on record for its address about the kind of mail in question.
    pub on_record: Option<MailWish>,
    /// Its places in workspaces that are alive.
    pub places: &'a [(Role, Profile)],
}

impl AnnouncementClass {
    /// The kind of mail that refusing it stops; none where nobody can refuse.
    pub const fn kind(self) -> Option<MailKind> {
        match self {
            Self::Marketing => Some(MailKind::Marketing),
            Self::Service => Some(MailKind::Service),
            Self::MaterialChange => None,
        }
    }

    /// Whether it depends on where somebody is a member.
    pub const fn asks_for_places(self) -> bool {
        !matches!(self, Self::Service)
    }

    /// Whether the wish of an account and of its address lets it through.
    pub fn is_wanted(self, recipient: &Recipient<'_>) -> bool {
        match self {
            Self::MaterialChange => true,
            // Without a grant on record there is no proof, and without proof no mail.
            Self::Marketing => {
                recipient.marketing && recipient.on_record == Some(MailWish::Granted)
            }
            // What an address refused outlives its account; whoever has set it since, decides.
            Self::Service => match recipient.service {
                Some(wish) => wish,
                None => recipient.on_record != Some(MailWish::Refused),
            },
        }
    }

    /// Whether it reaches an account. A change that matters concerns the profiles that are given.
    pub fn reaches(self, recipient: &Recipient<'_>, concerned: &[Profile]) -> bool {
        let mut places = recipient.places.iter();
        let placed = match self {
            Self::Service => true,
            // One workspace that promised "never" is enough.
            Self::Marketing => {
                !recipient.places.is_empty() && places.all(|(_, profile)| profile.allows_offers())
            }
            Self::MaterialChange => {
                places.any(|(role, profile)| *role == Role::Owner && concerned.contains(profile))
            }
        };
        placed && self.is_wanted(recipient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Recipient<'_> = Recipient {
        service: None,
        marketing: false,
        on_record: None,
        places: &[],
    };

    #[test]
    fn offers_reach_only_who_asked_on_record_and_whose_every_workspace_allows_them() {
        let class = AnnouncementClass::Marketing;
        let flows = [(Role::Agent, Profile::Flows)];
        let both = [(Role::Owner, Profile::Flows), (Role::Agent, Profile::Inbox)];
        for (marketing, on_record, places, reached) in [
            (true, Some(MailWish::Granted), &flows[..], true),
            (false, Some(MailWish::Granted), &flows, false),
            (true, None, &flows, false),
            (true, Some(MailWish::Refused), &flows, false),
            (true, Some(MailWish::Granted), &[], false),
            (true, Some(MailWish::Granted), &both, false),
        ] {
            let recipient = Recipient {
                marketing,
                on_record,
                places,
                ..NOBODY
            };
            assert_eq!(class.reaches(&recipient, &[]), reached, "{recipient:?}");
        }
    }

    #[test]
    fn a_change_that_matters_reaches_owners_whatever_they_refused_and_nobody_else() {
        let class = AnnouncementClass::MaterialChange;
        for role in Role::ALL {
            let places = [(*role, Profile::Inbox)];
            let refusing = Recipient {
                service: Some(false),
                on_record: Some(MailWish::Refused),
                places: &places,
                ..NOBODY
            };
            let reached = class.reaches(&refusing, &[Profile::Inbox]);
            assert_eq!(reached, *role == Role::Owner);
            assert!(!class.reaches(&refusing, &[Profile::Calls]));
        }
        assert_eq!(class.kind(), None);
    }

    #[test]
    fn a_refusal_of_news_outlives_its_account_until_somebody_sets_it_anew() {
        let class = AnnouncementClass::Service;
        assert!(class.reaches(&NOBODY, &[]));
        for (service, on_record, reached) in [
            (None, Some(MailWish::Refused), false),
            (None, Some(MailWish::Granted), true),
            (Some(true), Some(MailWish::Refused), true),
            (Some(false), None, false),
        ] {
            let recipient = Recipient {
                service,
                on_record,
                ..NOBODY
            };
            assert_eq!(class.reaches(&recipient, &[]), reached);
        }
    }
}
