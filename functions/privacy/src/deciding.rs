//! What a decision does: an answer, a refusal with its reason, or more time, once, with a reason.
//!
//! What the program can do itself it does in the transaction of the decision: a name or an address is
//! put right, a contact is fenced, so that it is gone for everybody, a copy is begun. `retention` sees to
//! the rest and ends the request when nothing is left, or when the copy is there.

use std::time::Duration;

use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        ContactId, RequestId, Timestamp,
        privacy::{DenialReason, MOST_EXTENSION_DAYS, RequestKind, RequestStatus},
        text::Text,
    },
    http::{
        Code, Member, Operator, Problem,
        actor::Entry,
        person::{self, Person},
    },
    store::{
        CommitError, Fetched, TenantKey, Transaction, Unsealed,
        audit::Deed,
        contact::Contact,
        keys,
        operator::{OperatorAct, OperatorDeed},
        privacy::{Letter, PrivacyRequest, RequestWords},
    },
    words,
};
use utoipa::ToSchema;

use crate::request::{self, Desk, Found, PrivacyRequestView};

/// How often a decision that lost a race is tried again.
const RACES: u32 = 3;

words! {
    /// What is decided.
    pub enum Verdict {
        /// It is refused.
        Deny = "deny",
        /// It takes longer.
        Extend = "extend",
        /// It is done, or is done with this decision.
        Fulfil = "fulfil",
    }
}

/// A decision about a request.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// What is decided.
    #[schema(example = "fulfil")]
    decision: Verdict,
    /// Why it is refused: with `deny` only.
    #[schema(example = json!(null))]
    reason: Option<DenialReason>,
    /// What the person is told: the answer, or why. Only a request that answers itself may go without.
    explanation: Option<Text>,
    /// How many days more than thirty it takes, 60 at most: with `extend` only.
    #[schema(minimum = 1, maximum = 60, example = json!(null))]
    days: Option<u32>,
}

/// A decision that says what its kind has to say.
#[derive(Clone)]
pub enum Decision {
    /// It is refused.
    Deny(DenialReason, Text),
    /// It takes so many days longer.
    Extend(u32, Text),
    /// It is done, or is done now.
    Fulfil(Option<Text>),
}

impl Decision {
    const fn act(&self) -> OperatorAct {
        match self {
            Self::Deny(..) => OperatorAct::RequestRefused,
            Self::Extend(..) => OperatorAct::RequestExtended,
            Self::Fulfil(_) => OperatorAct::RequestAnswered,
        }
    }

    const fn deed(&self) -> Deed {
        match self {
            Self::Deny(..) => Deed::RequestRefused,
            Self::Extend(..) => Deed::RequestExtended,
            Self::Fulfil(_) => Deed::RequestAnswered,
        }
    }
}

impl Decide {
    /// The decision, if it is whole.
    ///
    /// # Errors
    /// 422 at what is missing or does not belong.
    pub fn parse(self) -> Result<Decision, Problem> {
        let missing = |pointer| Problem::invalid(pointer, "required", "with this decision");
        let stray = |pointer| Problem::invalid(pointer, "forbidden", "not with this decision");
        if self.reason.is_some() && self.decision != Verdict::Deny {
            return Err(stray("#/reason"));
        }
        if self.days.is_some() && self.decision != Verdict::Extend {
            return Err(stray("#/days"));
        }
        let explanation = self.explanation;
        Ok(match self.decision {
            Verdict::Fulfil => Decision::Fulfil(explanation),
            Verdict::Deny => Decision::Deny(
                self.reason.ok_or_else(|| missing("#/reason"))?,
                explanation.ok_or_else(|| missing("#/explanation"))?,
            ),
            Verdict::Extend => {
                let days = self.days.ok_or_else(|| missing("#/days"))?;
                if !(1..=MOST_EXTENSION_DAYS).contains(&days) {
                    return Err(Problem::invalid("#/days", "out_of_range", "1 to 60 days"));
                }
                Decision::Extend(days, explanation.ok_or_else(|| missing("#/explanation"))?)
            }
        })
    }
}

/// Who decides.
#[derive(Clone, Copy)]
pub enum Side<'a> {
    /// An operator, about accounts.
    Operator(&'a Operator),
    /// Who answers in a workspace, about the people it talks with.
    Workspace(&'a Member),
}

/// Decides about a request at a desk, which is in `fetched`.
///
/// # Errors
/// 404 when there is none; 409 `not_changeable` when it is over, is being carried out, waits for its
/// proof, or was extended before; 422 when an answer is missing.
pub async fn decide(
    app: &App,
    desk: Desk<'_>,
    side: Side<'_>,
    fetched: &Fetched,
    (id, decision): (RequestId, Decision),
) -> Result<PrivacyRequestView, Problem> {
    let mut read_again = None;
    for _ in 0..RACES {
        let fetched = read_again.as_ref().unwrap_or(fetched);
        let found = request::open(fetched, desk, id)?.ok_or_else(Problem::not_found)?;
        let mut transaction = Transaction::new(desk.now);
        let decided = place(app, &mut transaction, side, found, (decision.clone(), desk));
        let decided = decided.await?;
        match app.store.commit(transaction).await {
            Ok(()) => {
                if let (Side::Workspace(member), Some(contact)) = (side, decided.contact()) {
                    follow(app, member, contact).await?;
                }
                return Ok(decided);
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                read_again = Some(
                    app.store
                        .batch(request::wanted(desk.tenant, id).to_vec())
                        .await?,
                );
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}

async fn place(
    app: &App,
    transaction: &mut Transaction,
    side: Side<'_>,
    found: Found,
    (decision, desk): (Decision, Desk<'_>),
) -> Result<PrivacyRequestView, Problem> {
    let now = desk.now;
    let Found { head, words, key } = found;
    open_to_decisions(&head, now)?;
    // An open request has its words; they end sixty days after its time at the earliest.
    let mut words = words.ok_or_else(|| Problem::new(Code::NotChangeable))?;
    note(transaction, side, &head, &decision)?;
    let (head, letter) = match decision {
        Decision::Extend(days, why) => {
            if !head.request.may_take_longer() {
                let problem = Problem::new(Code::NotChangeable);
                return Err(problem.with_detail("a child does not wait"));
            }
            if head.extended_at.is_some() {
                return Err(Problem::new(Code::NotChangeable).with_detail("it was extended before"));
            }
            let longer = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
            let head = PrivacyRequest {
                extended_at: Some(now),
                expected_by: head.expected_by.plus(longer),
                stepped_at: now,
                ..head
            };
            words.kept_from = head.expected_by;
            words.answer = Some(why);
            (head, Some(Letter::Extended))
        }
        Decision::Deny(reason, why) => {
            if let (RequestKind::ChildReport, Side::Workspace(member)) = (head.request, side) {
                lift(app, transaction, member, &head).await?;
            }
            let head = PrivacyRequest {
                reason: Some(reason),
                ..head.over(RequestStatus::Denied, now)
            };
            words.kept_from = now;
            words.answer = Some(why);
            (head, Some(Letter::Denied))
        }
        Decision::Fulfil(answer) => {
            words.answer = answer.or(words.answer);
            let head = carry_out(app, transaction, side, head, (&mut words, desk.key, now)).await?;
            let done = head.status.is_over().then_some(Letter::Fulfilled);
            (head, done)
        }
    };
    let letters: Vec<Letter> = letter
        .filter(|_| words.reply_to.is_some())
        .into_iter()
        .collect();
    let shown = words.clone();
    let head = transaction.change_request(head, Some((words, &key)), &letters, now)?;
    Ok(PrivacyRequestView::new(&head, Some(&shown), now))
}

/// Writes a line for the owners of a workspace, or for the other operators.
fn note(
    transaction: &mut Transaction,
    side: Side<'_>,
    head: &PrivacyRequest,
    decision: &Decision,
) -> Result<(), Problem> {
    match side {
        Side::Operator(operator) => {
            transaction.deed(OperatorDeed {
                request: Some(head.id),
                ..operator.deed(decision.act())
            })?;
        }
        Side::Workspace(member) => {
            let line = member.entry.line(member.id, decision.deed());
            let line = match head.contact() {
                Some(contact) => line.about(contact),
                None => line,
            };
            transaction.audit(line)?;
        }
    }
    Ok(())
}

fn open_to_decisions(head: &PrivacyRequest, now: Timestamp) -> Result<(), Problem> {
    let detail = match head.course().status_at(now) {
        RequestStatus::InProgress if head.executing_since.is_some() => "it is being carried out",
        RequestStatus::InProgress => return Ok(()),
        RequestStatus::NeedUserVerification => "it waits for its proof",
        _ => "it is over",
    };
    Err(Problem::new(Code::NotChangeable).with_detail(detail))
}

/// Does what was asked, as far as the program can; the rest was done by who answers.
async fn carry_out(
    app: &App,
    transaction: &mut Transaction,
    side: Side<'_>,
    head: PrivacyRequest,
    (words, key, now): (&mut RequestWords, &TenantKey, Timestamp),
) -> Result<PrivacyRequest, Problem> {
    match (head.request, side) {
        (RequestKind::Access | RequestKind::Export, side) => {
            if let Side::Workspace(member) = side {
                let person = kept(app, &member.entry, &head).await?;
                let line = member.entry.line(member.id, Deed::ExportMade);
                transaction.audit(line.about(person.contact.id).begun())?;
            }
            return Ok(transaction.copy_for(head, key, now)?);
        }
        (RequestKind::Restrict, Side::Workspace(member)) => {
            let person = kept(app, &member.entry, &head).await?;
            let line = member.entry.line(member.id, Deed::ContactRestricted);
            transaction.audit(line.about(person.contact.id))?;
            let whole = app.whole(&member.entry, person).await?;
            whole.restrict(transaction, &member.entry)?;
        }
        (RequestKind::Unrestrict, Side::Workspace(member)) => {
            let person = kept(app, &member.entry, &head).await?;
            let line = member.entry.line(member.id, Deed::ContactUnrestricted);
            transaction.audit(line.about(person.contact.id))?;
            let whole = app.whole(&member.entry, person).await?;
            whole.unrestrict(transaction, &member.entry)?;
        }
        (RequestKind::ChildReport | RequestKind::Erase, Side::Workspace(member)) => {
            let entry = &member.entry;
            if let Some(person) = subject(app, entry, &head).await? {
                let whole = app.whole(entry, person).await?;
                whole.fence(transaction, entry, member.id)?;
            }
            return Ok(head.executing(now));
        }
        // The minute does it, and says when it is done: calls are deleted, an account is erased, set aside, or
        // used again.
        (RequestKind::DeleteCallMetadata, _) => return Ok(head.executing(now)),
        (
            RequestKind::Erase | RequestKind::Restrict | RequestKind::Unrestrict,
            Side::Operator(_),
        ) => return Ok(head.executing(now)),
        (RequestKind::Rectify, Side::Workspace(member)) => {
            let entry = &member.entry;
            let mut person = kept(app, entry, &head).await?;
            // What came by mail says in words what is wrong: somebody has put it right, and says so.
            if words.name.is_none() && words.email.is_none() && words.answer.is_none() {
                return Err(Problem::invalid("#/explanation", "required", "the answer"));
            }
            if let Some(name) = words.name.clone() {
                person.profile.name = Some(name);
            }
            if let Some(email) = words.email.clone() {
                person.profile.email = Some(email);
            }
            person.place(transaction, entry)?;
        }
        _ => {
            if words.answer.is_none() {
                return Err(Problem::invalid("#/explanation", "required", "the answer"));
            }
        }
    }
    words.kept_from = now;
    Ok(head.over(RequestStatus::Fulfilled, now))
}

/// The person that a request is about, who is still there.
async fn kept(app: &App, entry: &Entry, head: &PrivacyRequest) -> Result<Person, Problem> {
    let person = subject(app, entry, head).await?;
    person.ok_or_else(|| {
        Problem::new(Code::NotChangeable).with_detail("nothing is kept about this person")
    })
}

/// Uses somebody again whom this very request set aside.
async fn lift(
    app: &App,
    transaction: &mut Transaction,
    member: &Member,
    head: &PrivacyRequest,
) -> Result<(), Problem> {
    let entry = &member.entry;
    let Some(person) = subject(app, entry, head).await? else {
        return Ok(());
    };
    if person.contact.restricted_at != Some(head.received_at) {
        return Ok(());
    }
    let line = entry.line(member.id, Deed::ContactUnrestricted);
    transaction.audit(line.about(person.contact.id))?;
    app.whole(entry, person)
        .await?
        .unrestrict(transaction, entry)?;
    Ok(())
}

/// Brings the conversations of a person to where a decision has put them. The other contacts' heads
/// are looked at by the minute.
async fn follow(app: &App, member: &Member, contact: ContactId) -> Result<(), Problem> {
    let entry = &member.entry;
    let place = keys::contact(entry.workspace, contact);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let head = fetched.get::<Contact>(&place, &Unsealed, entry.lens())?;
    if let Some(head) = head.filter(|head| head.is_kept() && head.follow_at.is_some()) {
        app.store.follow(&head, entry.lens()).await?;
    }
    Ok(())
}

/// The person that a request is about, if anything is still kept about them.
async fn subject(
    app: &App,
    entry: &Entry,
    head: &PrivacyRequest,
) -> Result<Option<Person>, Problem> {
    let Some(contact) = head.contact() else {
        return Ok(None);
    };
    let wanted = person::wanted(entry.workspace, contact).to_vec();
    let fetched = app.store.batch(wanted).await?;
    person::open_kept(&fetched, entry, contact)
}
