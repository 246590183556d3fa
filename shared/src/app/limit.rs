//! How often what costs may be done: mails, guesses, new visitors. One table of numbers.
//!
//! A count is an item under a hash that forgets after a day whom it was about; the client's address
//! is never written, not even shortened. When storage fails, so does the request: what is limited is
//! what must not run unlimited.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::App;
use crate::{
    domain::Timestamp,
    store::{StoreError, counter},
};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Make a request about one's data, which mails.
    AskAboutData,
    /// Write to the operator.
    AskSupport,
    /// Write to the operator without an account, which mails an acknowledgement to an address that nobody
    /// has proved.
    AskSupportUnproved,
    /// Have a code mailed to an address.
    AskForCode,
    /// Answer mail about a conversation. Mail has no network that could be known.
    AnswerByMail,
    /// Answer a mailed code. Each code counts its own five tries besides.
    AnswerCode,
    /// Sign in with a password.
    LogIn,
    /// Have a transcript mailed.
    MailTranscript,
    /// Have a link mailed that sets a new password.
    ForgetPassword,
    /// Answer with a second factor. Each challenge counts its own five tries besides, and each
    /// factor its wrong answers in a row.
    SecondFactor,
    /// Prove again who one is, being signed in: a stolen session must not try passwords at leisure.
    ProveAgain,
    /// Invite somebody by mail.
    Invite,
    /// Say something for the figures about use.
    SendBeacon,
    /// Report a child, without saying who one is.
    ReportChild,
    /// Look through conversations or contacts, which reads and opens many of them.
    Search,
    /// Begin a call, as a guest.
    BeginCall,
    /// Begin a call through one app, all its guests together: a public key can be read from the app, and
    /// calls through a relay cost money.
    BeginCallHere,
    /// Let a device into a call.
    JoinCall,
    /// Say how well a call goes.
    TellQuality,
    /// Come as a guest.
    StartGuest,
    /// Begin a session of the widget.
    StartVisit,
    /// Begin or end a sign-in through a team's provider.
    TeamSignIn,
    /// Upload a file, as one person.
    Upload,
    /// Upload a file, into one workspace.
    UploadHere,
    /// Write a mail to this deployment, which answers by mail. Mail has no network that could be known.
    WriteMail,
}

/// Whose counts a limit looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// The client's network: the first 24 bits of an IPv4 address, 48 of an IPv6 one.
    Network,
    /// What the act is about: an address, an account, a workspace or an app.
    Subject,
    /// The two together, so that a stranger elsewhere locks nobody out.
    SubjectAndNetwork,
    /// All together.
    Everybody,
}

/// So often in a window, counted for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its name in `RateLimit-Policy`.
    pub name: &'static str,
    /// Counted for whom.
    pub per: Per,
    /// How often.
    pub quota: u64,
    /// In what time: windows begin at multiples of it. An hour at most, see
    /// [`crate::domain::retention::COUNTER_LIFETIME`].
    pub window: Duration,
}

const MINUTE: Duration = Duration::from_secs(60);
const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

const fn limit(name: &'static str, per: Per, quota: u64, window: Duration) -> Limit {
    Limit {
        name,
        per,
        quota,
        window,
    }
}

/// The cap that the operator gave one app; its number stands with the app.
const CAP: Limit = limit("visits-cap", Per::Subject, 0, MINUTE);

impl Act {
    /// Every act.
    pub const ALL: &'static [Self] = &[
        Self::AskAboutData,
        Self::AskSupport,
        Self::AskSupportUnproved,
        Self::AskForCode,
        Self::AnswerByMail,
        Self::AnswerCode,
        Self::LogIn,
        Self::MailTranscript,
        Self::ForgetPassword,
        Self::SecondFactor,
        Self::ProveAgain,
        Self::Invite,
        Self::SendBeacon,
        Self::ReportChild,
        Self::Search,
        Self::BeginCall,
        Self::BeginCallHere,
        Self::JoinCall,
        Self::TellQuality,
        Self::StartGuest,
        Self::StartVisit,
        Self::TeamSignIn,
        Self::Upload,
        Self::UploadHere,
        Self::WriteMail,
    ];

    /// The numbers (FLOW-20, CHAT-13). The narrower limit stands
    /// first, so that who is stopped by it uses up nothing of the wider ones.
    pub const fn limits(self) -> &'static [Limit] {
        match self {
            Self::AskAboutData => {
                const {
                    &[
                        limit("requests-network", Per::Network, 30, HOUR),
                        limit("requests-person", Per::Subject, 10, HOUR),
                        limit("requests-all", Per::Everybody, 10_000, HOUR),
                    ]
                }
            }
            Self::AskSupport => {
                const {
                    &[
                        limit("support-network", Per::Network, 60, HOUR),
                        limit("support-person", Per::Subject, 20, HOUR),
                        limit("support-all", Per::Everybody, 10_000, HOUR),
                    ]
                }
            }
            Self::AskSupportUnproved => {
                const {
                    &[
                        limit("acknowledgements-network", Per::Network, 20, HOUR),
                        limit("acknowledgements-address", Per::Subject, 3, HOUR),
                        limit("acknowledgements-all", Per::Everybody, 2000, HOUR),
                    ]
                }
            }
            Self::AskForCode => {
                const {
                    &[
                        limit("codes-network", Per::Network, 60, HOUR),
                        limit("codes-address", Per::Subject, 5, HOUR),
                        limit("codes-all", Per::Everybody, 20_000, HOUR),
                    ]
                }
            }
            Self::AnswerByMail => {
                const {
                    &[
                        limit("replies-thread", Per::Subject, 30, HOUR),
                        limit("replies-all", Per::Everybody, 20_000, HOUR),
                    ]
                }
            }
            Self::AnswerCode => {
                const {
                    &[
                        limit("answers-network", Per::Network, 300, HOUR),
                        limit("answers-all", Per::Everybody, 100_000, HOUR),
                    ]
                }
            }
            Self::LogIn => {
                const {
                    &[
                        limit("logins-network", Per::Network, 100, QUARTER),
                        limit("logins-here", Per::SubjectAndNetwork, 10, QUARTER),
                        limit("logins-address", Per::Subject, 100, HOUR),
                        limit("logins-all", Per::Everybody, 100_000, HOUR),
                    ]
                }
            }
            Self::MailTranscript => {
                const {
                    &[
                        limit("transcripts-network", Per::Network, 120, HOUR),
                        limit("transcripts-reader", Per::Subject, 20, HOUR),
                        limit("transcripts-all", Per::Everybody, 10_000, HOUR),
                    ]
                }
            }
            Self::ForgetPassword => {
                const {
                    &[
                        limit("resets-network", Per::Network, 30, HOUR),
                        limit("resets-address", Per::Subject, 3, HOUR),
                        limit("resets-all", Per::Everybody, 10_000, HOUR),
                    ]
                }
            }
            Self::SecondFactor => const { &[limit("factors-network", Per::Network, 300, HOUR)] },
            Self::ProveAgain => {
                const {
                    &[
                        limit("proofs-network", Per::Network, 300, HOUR),
                        limit("proofs-account", Per::Subject, 20, QUARTER),
                    ]
                }
            }
            Self::Invite => {
                const {
                    &[
                        limit("invitations-workspace", Per::Subject, 100, HOUR),
                        limit("invitations-all", Per::Everybody, 20_000, HOUR),
                    ]
                }
            }
            Self::SendBeacon => {
                const {
                    &[
                        limit("beacons-person", Per::Subject, 60, HOUR),
                        limit("beacons-network", Per::Network, 3000, HOUR),
                    ]
                }
            }
            Self::TeamSignIn => {
                const {
                    &[
                        limit("teams-network", Per::Network, 300, HOUR),
                        limit("teams-workspace", Per::Subject, 6000, HOUR),
                    ]
                }
            }
            Self::Upload => {
                const {
                    &[
                        limit("uploads-author", Per::Subject, 120, HOUR),
                        limit("uploads-network", Per::Network, 600, HOUR),
                    ]
                }
            }
            Self::UploadHere => const { &[limit("uploads-workspace", Per::Subject, 6000, HOUR)] },
            Self::WriteMail => {
                const {
                    &[
                        limit("mails-sender", Per::Subject, 5, HOUR),
                        limit("mails-all", Per::Everybody, 10_000, HOUR),
                    ]
                }
            }
            Self::ReportChild => {
                const {
                    &[
                        limit("reports-network", Per::Network, 10, HOUR),
                        limit("reports-child", Per::Subject, 5, HOUR),
                        limit("reports-all", Per::Everybody, 1000, HOUR),
                    ]
                }
            }
            Self::Search => {
                const {
                    &[
                        limit("searches-person", Per::Subject, 120, MINUTE),
                        limit("searches-network", Per::Network, 600, MINUTE),
                    ]
                }
            }
            Self::BeginCall => {
                const {
                    &[
                        limit("calls-guest", Per::Subject, 3, TEN_MINUTES),
                        limit("calls-network", Per::Network, 60, TEN_MINUTES),
                    ]
                }
            }
            Self::BeginCallHere => const { &[limit("calls-app", Per::Subject, 600, HOUR)] },
            Self::JoinCall => const { &[limit("joins-call", Per::Subject, 20, HOUR)] },
            Self::TellQuality => const { &[limit("qualities-call", Per::Subject, 600, HOUR)] },
            Self::StartGuest => {
                const {
                    &[
                        limit("guests-network", Per::Network, 60, HOUR),
                        limit("guests-way-in", Per::Subject, 3000, HOUR),
                    ]
                }
            }
            Self::StartVisit => {
                const {
                    &[
                        limit("visits-network", Per::Network, 120, MINUTE),
                        limit("visits-app", Per::Subject, 3000, MINUTE),
                    ]
                }
            }
        }
    }
}

/// Where a client is, as far as limits care. Never stored, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Network(String);

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network(**)")
    }
}

impl Network {
    /// The network of an address; none for loopback, where there is only the embedded stack and
    /// everybody is the same one.
    pub fn of(address: IpAddr) -> Option<Self> {
        match address {
            _ if address.is_loopback() => None,
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Some(Self(format!("{a}.{b}.{c}.0/24")))
            }
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => Self::of(IpAddr::V4(v4)),
                None => {
                    let [a, b, c, ..] = v6.segments();
                    let prefix = Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0);
                    Some(Self(format!("{prefix}/48")))
                }
            },
        }
    }
}

/// Where somebody stands after a try: what `RateLimit` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub limit: Limit,
    /// How often more in this window.
    pub remaining: u64,
    /// Seconds until the next window; at least one.
    pub reset_seconds: u64,
}

/// What the limits say to one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may go on. The standing is that of the tightest limit of the caller's own: how near others
    /// have brought an address to its limit is not told.
    Go(Option<Standing>),
    /// This limit has been reached.
    Stop(Standing),
}

/// The salt of the day, once it has been read.
#[derive(Default)]
pub struct Remembered(Mutex<Option<counter::Salt>>);

impl App {
    /// Counts a try of `act` by somebody in `network`, about `subject`. One round trip for each
    /// limit of the act; the first try of a day in an environment reads the salt before.
    ///
    /// # Errors
    /// When storage fails: then it is not known, and the caller refuses.
    pub async fn try_act(
        &self,
        act: Act,
        network: Option<&Network>,
        subject: &str,
    ) -> Result<Verdict, StoreError> {
        let now = self.clock.now();
        let salt = self.salt(now).await?;
        let mut tightest: Option<Standing> = None;
        for limit in act.limits() {
            let network = network.map(|network| network.0.as_str());
            let whose = match (limit.per, network) {
                (Per::Network | Per::SubjectAndNetwork, None) => continue,
                (Per::Network, Some(network)) => [network, ""],
                (Per::SubjectAndNetwork, Some(network)) => [network, subject],
                (Per::Subject, _) => ["", subject],
                (Per::Everybody, _) => ["", ""],
            };
            let since = counter::window_start(now, limit.window);
            let window = since.ms().to_string();
            let of = salt.hash(&[limit.name, &window, whose[0], whose[1]]);
            let count = self.store.count_up(of, since).await?;
            let standing = Standing::new(*limit, count, since, now);
            if count > limit.quota {
                return Ok(Verdict::Stop(standing));
            }
            let own = limit.per == Per::Network;
            if own && tightest.is_none_or(|other| standing.remaining < other.remaining) {
                tightest = Some(standing);
            }
        }
        Ok(Verdict::Go(tightest))
    }

    /// Counts a widget session of an app that has a cap of its own.
    ///
    /// # Errors
    /// When storage fails: then it is not known, and the caller refuses.
    pub async fn try_visit_under(&self, cap: u64, app: &str) -> Result<Verdict, StoreError> {
        let now = self.clock.now();
        let salt = self.salt(now).await?;
        let limit = Limit { quota: cap, ..CAP };
        let since = counter::window_start(now, limit.window);
        let window = since.ms().to_string();
        let of = salt.hash(&[limit.name, &window, "", app]);
        let count = self.store.count_up(of, since).await?;
        let standing = Standing::new(limit, count, since, now);
        Ok(match count > cap {
            true => Verdict::Stop(standing),
            false => Verdict::Go(Some(standing)),
        })
    }

    async fn salt(&self, now: Timestamp) -> Result<counter::Salt, StoreError> {
        let lock = || self.limits.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().clone().filter(|salt| salt.is_of(now));
        if let Some(salt) = known {
            return Ok(salt);
        }
        let salt = self.store.salt(now).await?;
        *lock() = Some(salt.clone());
        Ok(salt)
    }
}

impl Standing {
    fn new(limit: Limit, count: u64, since: Timestamp, now: Timestamp) -> Self {
        let left_ms = since.plus(limit.window).ms() - now.ms();
        Self {
            limit,
            remaining: limit.quota.saturating_sub(count),
            reset_seconds: u64::try_from(left_ms).unwrap_or(0).div_ceil(1000).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retention::COUNTER_LIFETIME;

    #[test]
    fn no_window_outlives_its_count_and_no_name_stands_twice() {
        let mut names = Vec::new();
        for act in Act::ALL {
            for limit in act.limits() {
                assert!(limit.window <= COUNTER_LIFETIME, "{}", limit.name);
                assert!(limit.quota > 0 && !names.contains(&limit.name));
                names.push(limit.name);
            }
        }
    }

    #[test]
    fn what_mails_has_an_end_for_an_address_and_for_all_together() {
        for act in [
            Act::AskAboutData,
            Act::AskSupport,
            Act::AskForCode,
            Act::ForgetPassword,
            Act::Invite,
            Act::MailTranscript,
            Act::WriteMail,
        ] {
            for per in [Per::Subject, Per::Everybody] {
                assert!(act.limits().iter().any(|limit| limit.per == per), "{act:?}");
            }
        }
    }

    #[test]
    fn neighbours_share_a_network_and_strangers_do_not() {
        let of = |text: &str| Network::of(text.parse().expect("an address"));
        assert_eq!(of("203.0.113.7"), of("203.0.113.250"));
        assert_eq!(of("203.0.113.7"), of("::ffff:203.0.113.9"));
        assert_ne!(of("203.0.113.7"), of("203.0.114.7"));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:ffff::1"));
        assert_ne!(of("2001:db8:1::"), of("2001:db8:2::"));
        assert_eq!((of("127.0.0.1"), of("::1")), (None, None));
        let shown = format!("{:?}", of("203.0.113.7"));
        assert!(!shown.contains("203"), "{shown}");
    }

    #[test]
    fn a_standing_counts_down_to_zero_and_to_the_next_window() {
        let limit = limit("x", Per::Network, 2, HOUR);
        let since = Timestamp::from_ms(0);
        let at = |count, ms| Standing::new(limit, count, since, Timestamp::from_ms(ms));
        assert_eq!((at(1, 0).remaining, at(1, 0).reset_seconds), (1, 3600));
        assert_eq!((at(9, 1).remaining, at(9, 3_599_999).reset_seconds), (0, 1));
    }
}
