//! What has to happen to a request about one's data: reminders, silence, the end of a proof that did
//! not come, and the end of what is being carried out.
//!
//! Each step is written together with what tells of it, under the version of the request: it happens
//! once, however often the schedule comes round.

use shared::{
    app::App,
    domain::{
        Policy, TenantId, Timestamp,
        policy::Lens,
        privacy::{RequestKind, RequestStatus, Step},
    },
    store::{
        CommitError, DataKey, Fetched, Key, RootRef, StoreError, Transaction, Unsealed, keys,
        notice::NoticeKind,
        privacy::{Letter, PrivacyRequest, RequestWords},
    },
};

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
    if next.executing_since.is_some() && is_done(app, &next).await? {
        next = next.over(RequestStatus::Fulfilled, now);
        letters.push(Letter::Fulfilled);
    }
    let opened = words(app, &fetched, (place, &at_words), tenant, lens).await?;
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
async fn words(
    app: &App,
    fetched: &Fetched,
    (place, at_words): (&Key, &Key),
    tenant: TenantId,
    lens: Lens<'_>,
) -> Result<Option<(RequestWords, DataKey)>, StoreError> {
    let tenant_key = app
        .store
        .unwrap_tenant_key(tenant, fetched, lens.now)
        .await?;
    let Some(key) = fetched.data_key(place, &tenant_key)? else {
        return Ok(None);
    };
    let words = fetched.get::<RequestWords>(at_words, &key, lens)?;
    Ok(words.map(|words| (words, key)))
}

/// Whether nothing is left of what a request being carried out has to do. A head goes last: that it is
/// there, over or not, says that something is left.
async fn is_done(app: &App, head: &PrivacyRequest) -> Result<bool, StoreError> {
    let place = match (
        head.request,
        head.workspace(),
        head.contact(),
        head.account(),
    ) {
        (RequestKind::ChildReport | RequestKind::Erase, Some(workspace), Some(contact), _) => {
            keys::contact(workspace, contact)
        }
        (RequestKind::Erase, None, _, Some(account)) => keys::account(account),
        _ => return Ok(false),
    };
    let fetched = app.store.batch(vec![place.clone()]).await?;
    Ok(!fetched.holds(&place))
}
