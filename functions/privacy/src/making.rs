//! A new request, or the one that the same person waits for already.

use shared::{
    app::App,
    domain::{
        Policy, RequestId, TenantId, Timestamp,
        policy::Lens,
        privacy::{CONFIRM_WITHIN, Maker, RequestKind, RequestStatus},
        text::{Email, Name, Text},
    },
    http::{Code, Problem, actor::Entry, person::Person},
    store::{
        CommitError, SubjectId, Transaction, Unsealed,
        audit::{Deed, Named},
        contact::Contact,
        keys,
        notice::NoticeKind,
        privacy::{Letter, OpenWish, PrivacyRequest, RequestWords, Wish},
        record::read_item,
        subject::State,
    },
};

use crate::request::{self, Desk, PrivacyRequestView};

/// How often a request that meets another one is tried again.
const RACES: u32 = 3;

/// What somebody asks for, in their own words.
#[derive(Clone)]
pub struct Asked {
    /// What.
    pub kind: RequestKind,
    /// What they write with it.
    pub message: Option<Text>,
    /// The name as it should be.
    pub name: Option<Name>,
    /// The address as it should be.
    pub email: Option<Email>,
    /// Where the answer goes, where no address is on file.
    pub reply_to: Option<Email>,
}

/// A request that was made, or found.
pub enum Made {
    /// It is new.
    New(PrivacyRequestView),
    /// The same was asked before and is not answered yet.
    Before(PrivacyRequestView),
}

impl Asked {
    /// Refuses a wish that lacks its words, or brings those of another one.
    ///
    /// # Errors
    /// 422 at the field.
    fn check(&self, made_by: Maker) -> Result<(), Problem> {
        if !self.kind.may_be_made_by(made_by) {
            return Err(Problem::invalid("#/type", "forbidden", "not from here"));
        }
        // The holder of an account says in words what is wrong; the rest they change themselves.
        let in_words = self.kind == RequestKind::Rectify && made_by == Maker::AccountHolder;
        if (self.kind.is_told_in_words() || in_words) && self.message.is_none() {
            return Err(Problem::invalid(
                "#/message",
                "required",
                "what it is about",
            ));
        }
        let rectifies = self.kind == RequestKind::Rectify && !in_words;
        if rectifies && self.name.is_none() && self.email.is_none() {
            return Err(Problem::invalid(
                "#/name",
                "required",
                "a name or an address to put right",
            ));
        }
        for (given, pointer) in [
            (self.name.is_some(), "#/name"),
            (self.email.is_some(), "#/email"),
        ] {
            if given && !rectifies {
                return Err(Problem::invalid(
                    pointer,
                    "forbidden",
                    "only where something is put right",
                ));
            }
        }
        Ok(())
    }

    /// The words of the wish, in a form that is equal for equal wishes.
    fn content(&self) -> String {
        let text = |of: &Option<Text>| of.as_ref().map(|it| it.reveal().to_owned());
        let name = self.name.as_ref().map(|name| name.reveal().to_owned());
        let email = self.email.as_ref().map(Email::identity);
        serde_json::json!([text(&self.message), name, email]).to_string()
    }
}

/// Whose a request is, and how that is known.
pub struct Asking {
    /// Whom it is about, where that was found.
    pub subject: Option<SubjectId>,
    /// Who asks.
    pub made_by: Maker,
    /// The address on file.
    pub on_file: Option<Email>,
    /// Who says who asks.
    pub vouched: Vouched,
}

/// Who says who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// A factor that was proved lately, or the app that signed for its visitor.
    ByProof,
    /// Nobody besides the session.
    ByNobody,
}

impl Asking {
    /// A contact, or who answers for it.
    pub fn contact(person: &Person, made_by: Maker) -> Self {
        Self {
            subject: Some(SubjectId::Contact(person.contact.id)),
            made_by,
            on_file: person.profile.email.clone(),
            vouched: match person.contact.verified {
                true => Vouched::ByProof,
                false => Vouched::ByNobody,
            },
        }
    }

    /// Whether it is answered at once: a copy of their own data for somebody who has proved who they
    /// are, less mail for whoever wants it, and the end of what is known about calls of workspaces that are
    /// theirs to decide about. Nobody has anything to decide there (GDPR, Art. 15, 28(3)(g)): what concerns
    /// others stays out by rule.
    fn is_answered_at_once(&self, kind: RequestKind) -> bool {
        self.made_by != Maker::Workspace
            && self.vouched == Vouched::ByProof
            && (kind.is_answered_by_a_copy() || kind.is_carried_out_at_once())
            && self.is_proved(kind)
    }

    /// Whether nothing more has to be proved. A visitor whose address is on file proves with a link
    /// that goes there; one without has nothing but the session. Who is responsible in the workspace
    /// answers for it themselves, and the holder of an account has proved it with a factor.
    const fn is_proved(&self, kind: RequestKind) -> bool {
        match self.made_by {
            // Who reports a child is asked for nothing.
            Maker::AccountHolder | Maker::Anybody | Maker::Workspace => true,
            // A mail is nobody until the address on file says otherwise.
            Maker::Mail => false,
            Maker::Visitor => self.on_file.is_none() || !kind.needs_proof(),
        }
    }
}

/// Where a request of a contact is made, and by whom.
pub struct Within<'a> {
    /// The workspace as it was entered.
    pub entry: &'a Entry,
    /// Whom it is about.
    pub person: &'a Person,
    /// Who makes it.
    pub actor: Named,
}

impl Within<'_> {
    /// What is done at once: a line for what the team enters; whoever objects is in no figures about
    /// use, from now on and looking back (CALL-33, FLOW-54); and a child is set aside, with every other
    /// contact of the same person. The contact as it is then, if it was.
    fn place(
        &self,
        transaction: &mut Transaction,
        head: &PrivacyRequest,
        (asking, others): (&Asking, &[Person]),
    ) -> Result<Option<Contact>, Problem> {
        let id = self.person.contact.id;
        if head.copy.is_some() {
            let line = self.entry.line(self.actor, Deed::ExportMade);
            transaction.audit(line.about(id).begun())?;
        }
        if asking.made_by == Maker::Workspace {
            let line = self.entry.line(self.actor, Deed::RequestEntered);
            transaction.audit(line.about(id))?;
        }
        if head.request == RequestKind::Object {
            let whole = std::iter::once(self.person).chain(others);
            transaction.out_of_figures(whole.map(|person| &person.contact), self.entry)?;
        }
        if head.request != RequestKind::ChildReport
            || self.person.contact.state == State::Restricted
        {
            return Ok(None);
        }
        let line = self.entry.line(self.actor, Deed::ContactRestricted);
        transaction.audit(line.about(id))?;
        for other in others {
            other.restrict(transaction, self.entry)?;
        }
        self.person.restrict(transaction, self.entry).map(Some)
    }
}

/// Makes a request.
///
/// # Errors
/// 422 for a wish that says too little or too much.
pub async fn make(
    app: &App,
    desk: Desk<'_>,
    asking: Asking,
    asked: Asked,
    within: Option<Within<'_>>,
) -> Result<Made, Problem> {
    asked.check(asking.made_by)?;
    let proved = asking.is_proved(asked.kind);
    let others = match &within {
        Some(Within { entry, person, .. }) => app.others(entry, &person.contact).await?,
        None => Vec::new(),
    };
    for _ in 0..RACES {
        let mut transaction = Transaction::new(desk.now);
        let head = new(desk, &asking, proved, &asked);
        let at_once = asking.is_answered_at_once(asked.kind);
        let head = match at_once {
            true if asked.kind.is_carried_out_at_once() => head.executing(desk.now),
            true => transaction.copy_for(head, desk.key, desk.now)?,
            false => head,
        };
        let words = said(&head, &asking, proved, &asked);
        let mut letters: Vec<Letter> = match (&words.reply_to, proved) {
            (None, _) => Vec::new(),
            (Some(_), true) => vec![Letter::Acknowledged],
            (Some(_), false) => vec![Letter::Confirm],
        };
        // What answers itself is not the operator's to answer.
        if desk.tenant == TenantId::Platform && !at_once {
            letters.push(Letter::Received);
        }
        let place = keys::privacy_request(head.tenant, head.id);
        let data_key = desk.key.new_data_key(&place, desk.now)?;
        let shown = words.clone();
        let (head, slot) = transaction.make_request(head, words, &data_key, &letters)?;
        let set_aside = match &within {
            Some(within) => within.place(&mut transaction, &head, (&asking, &others))?,
            None => None,
        };
        if proved {
            let notice = match asked.kind {
                RequestKind::ChildReport => NoticeKind::ChildReported,
                _ => NoticeKind::PrivacyRequestMade,
            };
            app.store
                .tell_controller(&mut transaction, desk.tenant, notice, desk.now)
                .await?;
        }
        match app.store.commit(transaction).await {
            Ok(()) => {
                if let Some((contact, within)) = set_aside.zip(within.as_ref()) {
                    // What fails here the schedule of the minute finds.
                    app.store.follow(&contact, within.entry.lens()).await?;
                }
                let view = PrivacyRequestView::new(&head, Some(&shown), desk.now);
                return Ok(Made::New(view));
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                let found = slot.and_then(|slot| refusal.found(slot));
                let Some(found) = found else { continue };
                let policy = Policy::platform();
                let lens = Lens {
                    now: desk.now,
                    policy: &policy,
                };
                let Some(wish) = read_item::<OpenWish>(found, &Unsealed, lens)? else {
                    continue;
                };
                if let Some(view) = before(app, desk, wish.request).await? {
                    return Ok(Made::Before(view));
                }
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// Makes a request of a report that names nobody who can be found: the operator looks. The same words are
/// one report for a day.
///
/// # Errors
/// 422 for a report without words; 409 `conflict` never, but for a lost transaction.
pub async fn report(app: &App, desk: Desk<'_>, asked: Asked) -> Result<(), Problem> {
    let asking = Asking {
        subject: None,
        made_by: Maker::Anybody,
        on_file: None,
        vouched: Vouched::ByNobody,
    };
    asked.check(asking.made_by)?;
    let head = new(desk, &asking, true, &asked);
    let words = said(&head, &asking, true, &asked);
    let place = keys::privacy_request(head.tenant, head.id);
    let data_key = desk.key.new_data_key(&place, desk.now)?;
    let mut transaction = Transaction::new(desk.now);
    transaction.make_request(head, words, &data_key, &[Letter::Received])?;
    let what = format!("report {}", asked.content());
    let heard = transaction.hear_once(desk.key, &what, desk.now)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) if refusal.failed(heard) => Ok(()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// What was said in a request.
fn said(head: &PrivacyRequest, asking: &Asking, proved: bool, asked: &Asked) -> RequestWords {
    RequestWords {
        request: head.id,
        tenant: head.tenant,
        // An address on file is not turned away from by whoever sits at the browser.
        reply_to: asking.on_file.clone().or_else(|| asked.reply_to.clone()),
        message: asked.message.clone(),
        name: asked.name.clone(),
        email: asked.email.clone(),
        answer: None,
        kept_from: match proved {
            true => head.expected_by,
            false => head.received_at.plus(CONFIRM_WITHIN),
        },
        rev: 1,
    }
}

fn new(desk: Desk<'_>, asking: &Asking, proved: bool, asked: &Asked) -> PrivacyRequest {
    let now = desk.now;
    PrivacyRequest {
        id: RequestId::new(now),
        tenant: desk.tenant,
        subject: asking.subject,
        request: asked.kind,
        made_by: asking.made_by,
        wish: Wish::new(asked.kind, &asked.content(), desk.key),
        status: match proved {
            true => RequestStatus::InProgress,
            false => RequestStatus::NeedUserVerification,
        },
        reason: None,
        received_at: now,
        expected_by: now.plus(asked.kind.answer_within()),
        extended_at: None,
        executing_since: None,
        copy: None,
        obstacle: None,
        calls_deleted: None,
        calls_reached: None,
        ended_at: None,
        stepped_at: now,
        due_at: None,
        kept_from: now,
        rev: 1,
    }
}

/// The request that waits already; one whose proof did not come in time is ended first, and none is
/// waited for then.
async fn before(
    app: &App,
    desk: Desk<'_>,
    id: RequestId,
) -> Result<Option<PrivacyRequestView>, Problem> {
    let fetched = app
        .store
        .batch(request::wanted(desk.tenant, id).to_vec())
        .await?;
    let Some(found) = request::open(&fetched, desk, id)? else {
        return Ok(None);
    };
    let status = found.head.course().status_at(desk.now);
    if !status.is_over() {
        return Ok(Some(PrivacyRequestView::of(&found, desk.now)));
    }
    if !found.head.status.is_over() {
        end(app, desk.now, found, status).await?;
    }
    Ok(None)
}

/// Ends a request as `status`, without a letter.
///
/// # Errors
/// 409 `conflict` when somebody changed it meanwhile.
pub async fn end(
    app: &App,
    now: Timestamp,
    found: request::Found,
    status: RequestStatus,
) -> Result<PrivacyRequestView, Problem> {
    let request::Found { head, words, key } = found;
    let words = words.map(|words| RequestWords {
        kept_from: now,
        ..words
    });
    let mut transaction = Transaction::new(now);
    let shown = words.clone();
    let words = words.map(|words| (words, &key));
    let head = transaction.change_request(head.over(status, now), words, &[], now)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(PrivacyRequestView::new(&head, shown.as_ref(), now)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// Ends a request that whoever made it takes back.
///
/// # Errors
/// 409 `not_changeable` when it is over or is being carried out, or somebody else made it: what the
/// team entered for a contact is the team's to end.
pub async fn revoke(
    app: &App,
    now: Timestamp,
    found: request::Found,
    who: Maker,
) -> Result<PrivacyRequestView, Problem> {
    let status = found.head.course().status_at(now);
    if status == RequestStatus::Revoked {
        return Ok(PrivacyRequestView::of(&found, now));
    }
    // What only they can do they need not do.
    let begun = found.head.executing_since.is_some() && found.head.obstacle.is_none();
    if status.is_over() || begun || found.head.made_by != who {
        return Err(Problem::new(Code::NotChangeable));
    }
    end(app, now, found, RequestStatus::Revoked).await
}
