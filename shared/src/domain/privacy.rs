//! Requests about one's data: what can be asked, by whom, and what has to happen when.
//!
//! States and reasons are those of the Data Rights Protocol 1.0. The clock starts at receipt, not at
//! proof, and is the server's; what has to happen when follows from the request alone, so whoever
//! reads one and the schedule that comes round agree.

use std::time::Duration;

use super::time::{DAY, Timestamp};

crate::words! {
    /// What somebody asks for.
    pub enum RequestKind {
        /// To see what is kept.
        Access = "access",
        /// That the data of a child are here: set aside at once, and decided on within a day (FLOW-61).
        ChildReport = "child_report",
        /// That what is kept about calls goes (CALL-16).
        DeleteCallMetadata = "delete_call_metadata",
        /// To be forgotten.
        Erase = "erase",
        /// To take along what is kept, as JSON.
        Export = "export",
        /// That something is no longer done with what is kept.
        Object = "object",
        /// That no more mail about offers comes (FLOW-52).
        OptOut = "opt_out",
        /// An answer about privacy.
        Question = "question",
        /// That a name or an address is put right.
        Rectify = "rectify",
        /// That what is kept is kept and nothing else is done with it (CALL-34, FLOW-53).
        Restrict = "restrict",
        /// That it is used again.
        Unrestrict = "unrestrict",
    }
}

crate::words! {
    /// Who made a request.
    pub enum Maker {
        /// Who signs in, about their account.
        AccountHolder = "account_holder",
        /// Somebody who did not say who they are: they report a child, and nothing else.
        Anybody = "anybody",
        /// Somebody in a mail that says it comes from the address of an account, or of a contact that was signed
        /// for. What they ask for, they say with the link that goes to that address.
        Mail = "mail",
        /// Somebody in the widget, about themselves.
        Visitor = "visitor",
        /// Who is responsible in the workspace, for a contact.
        Workspace = "workspace",
    }
}

crate::words! {
    /// Where a request stands.
    pub enum RequestStatus {
        /// Refused, with a reason.
        Denied = "denied",
        /// The proof did not come in time.
        Expired = "expired",
        /// Done.
        Fulfilled = "fulfilled",
        /// It waits for a decision, or is being carried out.
        InProgress = "in_progress",
        /// It waits for the link that went to the address on file.
        NeedUserVerification = "need_user_verification",
        /// Taken back by who made it.
        Revoked = "revoked",
    }
}

crate::words! {
    /// What a request waits for that only its person can do.
    pub enum Obstacle {
        /// They are the only owner of a workspace: they hand it over, or delete it.
        SoleOwner = "sole_owner",
    }
}

crate::words! {
    /// Why a request was refused.
    pub enum DenialReason {
        /// The law does not give this right here.
        ClaimNotCovered = "claim_not_covered",
        /// Who asks was not proved well enough.
        InsufficientVerification = "insuf_verification",
        /// Nothing is kept about them.
        NoMatch = "no_match",
        /// What the explanation says.
        Other = "other",
        /// Another law holds.
        OutsideJurisdiction = "outside_jurisdiction",
        /// Somebody pretends to be somebody else.
        SuspectedFraud = "suspected_fraud",
        /// The same was asked again and again.
        TooManyRequests = "too_many_requests",
    }
}

/// How long a request may take (FLOW-55; GDPR, Art. 12(3): one month).
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How long the report of a child may take.
pub const CHILD_ANSWER_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before the end of a day somebody is reminded of such a report.
const CHILD_REMINDER: Duration = Duration::from_secs(6 * 60 * 60);
/// How long a restriction lasts at the longest, and keeps its data from ending.
pub const MOST_RESTRICTED_DAYS: u32 = 3650;
/// How much longer it may take, once, with a reason.
pub const MOST_EXTENSION_DAYS: u32 = 60;
/// How long the link to the address on file is good.
pub const CONFIRM_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl RequestKind {
    /// Whether it can be asked for like this: calls belong to who holds an account, or to a workspace,
    /// and a child has no account.
    pub const fn may_be_made_by(self, maker: Maker) -> bool {
        if matches!(maker, Maker::Anybody) {
            return matches!(self, Self::ChildReport);
        }
        match self {
            Self::DeleteCallMetadata => !matches!(maker, Maker::Visitor),
            // Offers go to accounts and to nobody else.
            Self::OptOut => matches!(maker, Maker::AccountHolder),
            Self::ChildReport => !matches!(maker, Maker::AccountHolder | Maker::Mail),
            _ => true,
        }
    }

    /// How long an answer may take.
    pub const fn answer_within(self) -> Duration {
        match self {
            Self::ChildReport => CHILD_ANSWER_WITHIN,
            _ => ANSWER_WITHIN,
        }
    }

    /// Whether its time can be extended: a child does not wait.
    pub const fn may_take_longer(self) -> bool {
        !matches!(self, Self::ChildReport)
    }

    /// Whether it is told in words only.
    pub const fn is_told_in_words(self) -> bool {
        matches!(self, Self::Object | Self::Question)
    }

    /// Whether a copy of what is kept answers it.
    pub const fn is_answered_by_a_copy(self) -> bool {
        matches!(self, Self::Access | Self::Export)
    }

    /// Whether the program does it without a decision, for an account holder who has proved who they are: their
    /// word is all it takes.
    pub const fn is_carried_out_at_once(self) -> bool {
        matches!(self, Self::DeleteCallMetadata | Self::OptOut)
    }

    /// Whether it shows or changes what is kept, so that who asks has to be proved. What the report of
    /// a child does is undone by a decision, and who wants less mail has nothing to prove.
    pub const fn needs_proof(self) -> bool {
        !matches!(self, Self::ChildReport | Self::OptOut | Self::Question)
    }

    /// Whether the same wish, asked twice, is one request. The others are told apart by their words.
    pub const fn is_asked_once(self) -> bool {
        !matches!(self, Self::Object | Self::Question | Self::Rectify)
    }
}

impl RequestStatus {
    /// Whether nothing more happens to it.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::InProgress | Self::NeedUserVerification)
    }
}

/// Who has to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// The operator of the deployment: for accounts.
    Operator,
    /// The workspace: for the people it talks with (CHAT-21).
    Workspace,
}

/// What has to happen at some time of a request that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The operator hears that a workspace says nothing.
    Escalate,
    /// The proof did not come.
    Expire,
    /// The time is over: the controller hears so, and so does the operator.
    Overdue,
    /// The controller is reminded.
    Remind,
}

/// What decides when something has to happen.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// Who answers.
    pub controller: Controller,
    /// Who asked.
    pub made_by: Maker,
    /// How it stands.
    pub status: RequestStatus,
    /// When it was received.
    pub received_at: Timestamp,
    /// Until when it has to be answered.
    pub expected_by: Timestamp,
    /// When it was extended.
    pub extended_at: Option<Timestamp>,
}

impl Course {
    /// Every step of the request with its time, in order.
    fn steps(&self) -> Vec<(Timestamp, Step)> {
        let mut steps = match self.status {
            RequestStatus::NeedUserVerification => {
                vec![(self.received_at.plus(CONFIRM_WITHIN), Step::Expire)]
            }
            status if status.is_over() => Vec::new(),
            _ => vec![
                (self.expected_by.minus(DAY * 10), Step::Remind),
                (self.expected_by.minus(DAY * 3), Step::Remind),
                (self.expected_by, Step::Overdue),
            ],
        };
        if !steps.is_empty() && self.expected_by <= self.received_at.plus(CHILD_ANSWER_WITHIN) {
            steps.push((self.expected_by.minus(CHILD_REMINDER), Step::Remind));
        }
        steps.retain(|(at, _)| *at > self.received_at);
        let silent = self.status == RequestStatus::InProgress
            && self.controller == Controller::Workspace
            && matches!(self.made_by, Maker::Mail | Maker::Visitor)
            && self.extended_at.is_none();
        if silent {
            steps.push((self.received_at.plus(DAY * 14), Step::Escalate));
            steps.push((self.received_at.plus(DAY * 21), Step::Escalate));
        }
        steps.sort();
        steps
    }

    /// What had to happen after `since`, up to and with `now`.
    pub fn due(&self, since: Timestamp, now: Timestamp) -> Vec<Step> {
        let steps = self.steps().into_iter();
        let due = steps.filter(|(at, _)| *at > since && *at <= now);
        due.map(|(_, step)| step).collect()
    }

    /// When something has to happen next, after `since`.
    pub fn next(&self, since: Timestamp) -> Option<Timestamp> {
        let steps = self.steps().into_iter().map(|(at, _)| at);
        steps.filter(|at| *at > since).min()
    }

    /// Where it stands at `now`: a proof that did not come in time is not waited for, whether or not
    /// somebody has written that down.
    pub fn status_at(&self, now: Timestamp) -> RequestStatus {
        match self.status {
            RequestStatus::NeedUserVerification if now >= self.received_at.plus(CONFIRM_WITHIN) => {
                RequestStatus::Expired
            }
            status => status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    #[test]
    fn who_may_ask_for_what_is_what_the_table_says() {
        let makers = |kind: RequestKind| {
            let may = |maker: &&Maker| kind.may_be_made_by(**maker);
            Maker::ALL.iter().filter(may).copied().collect::<Vec<_>>()
        };
        let but = |left_out: &[Maker]| {
            let stays = |maker: &&Maker| !left_out.contains(*maker);
            Maker::ALL.iter().filter(stays).copied().collect::<Vec<_>>()
        };
        for kind in RequestKind::ALL {
            let expected = match kind {
                // Whoever does not say who they are can report a child, and nothing else.
                RequestKind::ChildReport => but(&[Maker::AccountHolder, Maker::Mail]),
                RequestKind::DeleteCallMetadata => but(&[Maker::Anybody, Maker::Visitor]),
                RequestKind::OptOut => vec![Maker::AccountHolder],
                _ => but(&[Maker::Anybody]),
            };
            assert_eq!(makers(*kind), expected, "{kind:?}");
        }
    }

    #[test]
    fn what_each_kind_of_request_needs_is_what_the_table_says() {
        let of = |is: fn(RequestKind) -> bool| {
            let kinds = RequestKind::ALL.iter().filter(|kind| is(**kind));
            kinds.map(|kind| kind.word()).collect::<Vec<_>>()
        };
        assert_eq!(of(|kind| !kind.may_take_longer()), ["child_report"]);
        assert_eq!(of(RequestKind::is_told_in_words), ["object", "question"]);
        assert_eq!(of(RequestKind::is_answered_by_a_copy), ["access", "export"]);
        assert_eq!(
            of(RequestKind::is_carried_out_at_once),
            ["delete_call_metadata", "opt_out"]
        );
        assert_eq!(
            of(|kind| !kind.needs_proof()),
            ["child_report", "opt_out", "question"]
        );
        assert_eq!(
            of(|kind| !kind.is_asked_once()),
            ["object", "question", "rectify"]
        );
    }

    #[test]
    fn what_is_answered_taken_back_or_run_out_is_over_and_nothing_else() {
        let over = RequestStatus::ALL.iter().filter(|status| status.is_over());
        let over: Vec<&str> = over.map(|status| status.word()).collect();
        assert_eq!(over, ["denied", "expired", "fulfilled", "revoked"]);
    }

    fn course(made_by: Maker) -> Course {
        Course {
            controller: Controller::Workspace,
            made_by,
            status: RequestStatus::InProgress,
            received_at: AT,
            expected_by: AT.plus(ANSWER_WITHIN),
            extended_at: None,
        }
    }

    fn days(course: &Course) -> Vec<(i64, Step)> {
        let day = |at: Timestamp| (at.ms() - AT.ms()) / 86_400_000;
        let steps = course.steps().into_iter();
        steps.map(|(at, step)| (day(at), step)).collect()
    }

    #[test]
    fn a_controller_is_reminded_on_day_20_and_27_and_its_silence_escalated_on_14_and_21() {
        use Step::{Escalate, Overdue, Remind};
        let visitors = days(&course(Maker::Visitor));
        let all = [
            (14, Escalate),
            (20, Remind),
            (21, Escalate),
            (27, Remind),
            (30, Overdue),
        ];
        assert_eq!(visitors, all);
        let own = days(&course(Maker::Workspace));
        assert_eq!(own, [(20, Remind), (27, Remind), (30, Overdue)]);
    }

    #[test]
    fn whoever_extends_is_not_silent_and_is_reminded_before_the_new_end() {
        let extended = Course {
            extended_at: Some(AT.plus(DAY * 5)),
            expected_by: AT.plus(DAY * 60),
            ..course(Maker::Visitor)
        };
        let steps = days(&extended);
        assert_eq!(
            steps,
            [(50, Step::Remind), (57, Step::Remind), (60, Step::Overdue)]
        );
    }

    #[test]
    fn a_proof_is_waited_for_seven_days_and_nothing_follows_an_end() {
        let waiting = Course {
            status: RequestStatus::NeedUserVerification,
            ..course(Maker::Visitor)
        };
        assert_eq!(days(&waiting), [(7, Step::Expire)]);
        let end = AT.plus(CONFIRM_WITHIN);
        let before = Timestamp::from_ms(end.ms() - 1);
        assert_eq!(waiting.status_at(before), waiting.status);
        assert_eq!(waiting.status_at(end), RequestStatus::Expired);
        for status in RequestStatus::ALL.iter().filter(|status| status.is_over()) {
            let over = Course {
                status: *status,
                ..course(Maker::Visitor)
            };
            assert_eq!(over.next(AT), None);
        }
    }

    #[test]
    fn a_report_of_a_child_is_reminded_of_within_its_day_and_waits_for_no_proof() {
        let report = Course {
            expected_by: AT.plus(RequestKind::ChildReport.answer_within()),
            ..course(Maker::Workspace)
        };
        let hours = |at: Timestamp| (at.ms() - AT.ms()) / 3_600_000;
        let steps: Vec<(i64, Step)> = report
            .steps()
            .iter()
            .map(|(at, s)| (hours(*at), *s))
            .collect();
        assert_eq!(steps, [(18, Step::Remind), (24, Step::Overdue)]);
        assert!(!RequestKind::ChildReport.needs_proof());
        assert!(!RequestKind::ChildReport.may_take_longer());
    }

    #[test]
    fn a_step_belongs_to_its_own_millisecond_and_to_no_look_after_it() {
        let course = course(Maker::Visitor);
        let day = |day: u32| AT.plus(DAY * day);
        let before = Timestamp::from_ms(day(14).ms() - 1);
        assert_eq!(course.due(AT, before), []);
        assert_eq!(course.due(before, day(14)), [Step::Escalate]);
        assert_eq!(course.due(day(14), day(14)), [], "it was seen then");
        assert_eq!(course.due(day(14), day(20)), [Step::Remind]);
        assert_eq!(course.next(before), Some(day(14)));
        assert_eq!(course.next(day(14)), Some(day(20)));
        // Nobody is reminded in the moment in which they are told that it came.
        let short = Course {
            expected_by: day(10),
            ..course
        };
        let own = days(&Course {
            made_by: Maker::Workspace,
            ..short
        });
        assert_eq!(own, [(7, Step::Remind), (10, Step::Overdue)]);
    }

    #[test]
    fn each_step_is_due_once_however_late_somebody_looks() {
        let course = course(Maker::Visitor);
        let late = AT.plus(DAY * 22);
        assert_eq!(
            course.due(AT, late),
            [Step::Escalate, Step::Remind, Step::Escalate]
        );
        assert_eq!(course.due(late, late.plus(DAY)), []);
        assert_eq!(course.next(late), Some(AT.plus(DAY * 27)));
    }
}
