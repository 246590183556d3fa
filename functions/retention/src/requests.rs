//! What has to happen to a request about one's data: reminders, silence, the end of a proof that did
//! not come, and the end of what is being carried out.
//!
//! Each step is written together with what tells of it, under the version of the request: it happens
//! once, however often the schedule comes round.

use std::time::Duration;

use shared::{
    app::App,
    domain::{
        ExportId, Policy, Timestamp,
        policy::Lens,
        privacy::{DenialReason, Obstacle, RequestKind, RequestStatus, Step},
    },
    store::{
        CommitError, DataKey, Fetched, Key, RootRef, StoreError, TenantKey, Transaction, Unsealed,
        call::CallsGone,
        closing::Closed,
        erasure::{Erasure, Stage},
        export::Export,
        job::JobState,
        keys,
        notice::NoticeKind,
        privacy::{Letter, PrivacyRequest, RequestWords},
        subject::{State, Subject},
    },
};

/// How long one run deletes calls for one request.
const CALLS_BUDGET: Duration = Duration::from_secs(15);

/// Does what is due of a request: the count to add to.
pub async fn settle(
    app: &App,
    place: &Key,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let policy = Policy::platform();
    let lens = Lens {
        now,
        policy: &policy,
    };
    let root = RootRef::of(place);
    let Some((tenant, id)) = root.tenant().zip(root.id().parse().ok()) else {
        return Ok(None);
    };
    let at_words = keys::privacy_words(tenant, id);
    let wanted = vec![
        place.clone(),
        keys::data_key(&root),
        at_words.clone(),
        keys::tenant_key(tenant),
    ];
    let fetched = app.store.batch(wanted).await?;
    let Some(head) = fetched.get::<PrivacyRequest>(place, &Unsealed, lens)? else {
        return Ok(None);
    };
    if head.due_at.is_none_or(|at| at > now) {
        return Ok(None);
    }
    let steps = head.course().due(head.stepped_at, now);
    let mut transaction = Transaction::new(now);
    let mut letters = Vec::new();
    let mut count = None;
    let mut next = PrivacyRequest {
        stepped_at: now,
        ..head
    };
    let mut notice = None;
    for step in steps {
        match step {
            Step::Expire => next = next.over(RequestStatus::Expired, now),
            Step::Escalate => letters.push(Letter::Escalated),
            Step::Remind => {
                notice = notice.or(Some(NoticeKind::PrivacyRequestDue));
                letters.extend(next.workspace().is_none().then_some(Letter::Reminded));
            }
            Step::Overdue => {
                notice = Some(NoticeKind::PrivacyRequestOverdue);
                letters.push(Letter::Overdue);
                count = Some("overdue_requests");
            }
        }
    }
    // Two of the same kind are one letter, if the schedule slept between them.
    letters.dedup();
    if let Some((what, tenant)) = notice.zip(next.workspace()) {
        app.store
            .tell_controller(&mut transaction, tenant.into(), what, now)
            .await?;
    }
    let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
    if next.executing_since.is_some() {
        match left(app, &next, lens).await? {
            Left::Nothing => {
                next = next.over(RequestStatus::Fulfilled, now);
                letters.push(Letter::Fulfilled);
            }
            Left::Something => next.obstacle = None,
            Left::TheirPart(obstacle) => {
                // Once: they hear of it, and whoever looks again says nothing.
                letters.extend((next.obstacle != Some(obstacle)).then_some(Letter::Waiting));
                next.obstacle = Some(obstacle);
            }
            Left::OfCalls(gone) => {
                next.calls_deleted = Some(next.calls_deleted.unwrap_or(0) + gone.deleted);
                next.calls_reached = gone.more_after;
                if !gone.is_cut_off {
                    next = next.over(RequestStatus::Fulfilled, now);
                    letters.push(Letter::Fulfilled);
                }
            }
            // It did not come in its seven days: once more from the beginning.
            Left::TheCopy => next = transaction.copy_for(next, &tenant_key, now)?,
            Left::Nobody => {
                next = PrivacyRequest {
                    reason: Some(DenialReason::NoMatch),
                    ..next.over(RequestStatus::Denied, now)
                };
                letters.push(Letter::Denied);
            }
        }
    }
    let opened = words(&fetched, (place, &at_words), &tenant_key, lens)?;
    let words = opened.as_ref().filter(|_| next.status.is_over());
    let words = words.map(|(words, key)| {
        let words = RequestWords {
            kept_from: now,
            ..words.clone()
        };
        (words, key)
    });
    transaction.change_request(next, words, &letters, now)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(count),
        // Somebody decided meanwhile: the next round looks again.
        Err(CommitError::Refused(_)) => Ok(None),
        Err(CommitError::Store(error)) => Err(error),
    }
}

/// The words of a request, and what seals them.
fn words(
    fetched: &Fetched,
    (place, at_words): (&Key, &Key),
    tenant_key: &TenantKey,
    lens: Lens<'_>,
) -> Result<Option<(RequestWords, DataKey)>, StoreError> {
    let Some(key) = fetched.data_key(place, tenant_key)? else {
        return Ok(None);
    };
    let words = fetched.get::<RequestWords>(at_words, &key, lens)?;
    Ok(words.map(|words| (words, key)))
}

/// What is left of what a request being carried out has to do.
enum Left {
    /// Nothing: it is done.
    Nothing,
    /// Calls, if there are more; how many went.
    OfCalls(CallsGone),
    /// Whoever asked is being erased, or was: there is nobody to do it for.
    Nobody,
    /// It goes on by itself.
    Something,
    /// What only whoever asked can do.
    TheirPart(Obstacle),
    /// The copy, which is gone: it has to be begun anew.
    TheCopy,
}

/// What is left. A head goes last: that it is there, over or not, says that something is left.
async fn left(app: &App, head: &PrivacyRequest, lens: Lens<'_>) -> Result<Left, StoreError> {
    if let Some(copy) = head.copy {
        return of_the_copy(app, head, copy, lens).await;
    }
    // It was done before the request was written down.
    if head.request == RequestKind::OptOut {
        return Ok(Left::Nothing);
    }
    if head.request == RequestKind::DeleteCallMetadata {
        return of_calls(app, head, lens.now).await;
    }
    let set = match head.request {
        RequestKind::Restrict => Some(State::Restricted),
        RequestKind::Unrestrict => Some(State::Live),
        _ => None,
    };
    if let Some((account, state)) = head.account().zip(set) {
        return Ok(match app.store.set_account(account, state, lens).await? {
            true => Left::Nothing,
            false => Left::Nobody,
        });
    }
    let Some(erasure) = head.erasure_asked() else {
        return Ok(Left::Something);
    };
    let place = match (head.workspace(), head.contact(), head.account()) {
        (Some(workspace), Some(contact), _) => keys::contact(workspace, contact),
        (None, _, Some(account)) => keys::account(account),
        _ => return Ok(Left::Something),
    };
    let at_erasure = keys::erasure(erasure);
    let fetched = app
        .store
        .batch(vec![place.clone(), at_erasure.clone()])
        .await?;
    let erasure = fetched.get::<Erasure>(&at_erasure, &Unsealed, lens)?;
    let is_signed = |erasure: Option<&Erasure>| erasure.is_none_or(|it| it.stage == Stage::Done);
    if !fetched.holds(&place) && is_signed(erasure.as_ref()) {
        // Every other contact of the person has its own receipt.
        let together = erasure.and_then(|erasure| erasure.together);
        let others: Vec<Key> = together
            .iter()
            .flatten()
            .map(|id| keys::erasure(*id))
            .collect();
        let fetched = app.store.batch(others.clone()).await?;
        for other in others {
            if !is_signed(fetched.get::<Erasure>(&other, &Unsealed, lens)?.as_ref()) {
                return Ok(Left::Something);
            }
        }
        return Ok(Left::Nothing);
    }
    let Some(account) = head.account() else {
        return Ok(Left::Something);
    };
    Ok(match app.store.close_account(account, lens.now).await? {
        Closed::Going => Left::Something,
        Closed::SoleOwner(_) => Left::TheirPart(Obstacle::SoleOwner),
    })
}

/// What is left of a request that calls are deleted for, after some more of them went.
async fn of_calls(app: &App, head: &PrivacyRequest, now: Timestamp) -> Result<Left, StoreError> {
    let stop_at = now.plus(CALLS_BUDGET);
    let has_time = || app.clock.now() < stop_at;
    let store = &app.store;
    let (asked_at, from) = (head.received_at, head.calls_reached);
    let gone = match (head.account(), head.workspace().zip(head.contact())) {
        (Some(account), _) => {
            store
                .delete_calls_for_account(account, asked_at, has_time, now)
                .await?
        }
        (None, Some(contact)) => {
            store
                .delete_calls_of_contact(contact, asked_at, from, (has_time, now))
                .await?
        }
        (None, None) => CallsGone::default(),
    };
    Ok(Left::OfCalls(gone))
}

/// What is left of a request that a copy answers. One that is not done is tried again every minute by
/// whoever makes copies.
async fn of_the_copy(
    app: &App,
    head: &PrivacyRequest,
    copy: ExportId,
    lens: Lens<'_>,
) -> Result<Left, StoreError> {
    let Some(subject) = head.subject else {
        return Ok(Left::Nobody);
    };
    let place = keys::export(head.tenant, copy);
    let fence = keys::subject(head.tenant, subject);
    let fetched = app.store.batch(vec![place.clone(), fence.clone()]).await?;
    let fence = fetched.get::<Subject>(&fence, &Unsealed, lens)?;
    if fence.is_none_or(|fence| fence.state != State::Live) {
        return Ok(Left::Nobody);
    }
    let export = fetched.get::<Export>(&place, &Unsealed, lens)?;
    Ok(match export {
        None => Left::TheCopy,
        Some(export) if export.export_state == JobState::Done => Left::Nothing,
        Some(_) => Left::Something,
    })
}
