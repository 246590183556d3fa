//! Calls whose deletion somebody asked for, as the holder of an account or through the team that knows them
//! (CALL-16): what is known of them goes with the request and not with a click in the product.

use super::Call;
use crate::{
    domain::{
        AccountId, CallId, ContactId, Permission, Policy, TenantId, Timestamp, WorkspaceId,
        call::CallState, policy::Lens, receipt::CallsMeant, text::ExternalId,
    },
    store::{
        KeyedHash, Query, RootRef, TenantKey,
        account::Seat,
        audit::{Deed, Line},
        contact::{Contact, Profile},
        db::{Store, StoreError, key_of},
        erasing::{CallDeletion, meant},
        keyring::Use,
        keys::{self, Table},
        query::Listed,
        record::read_item,
        seal::Unsealed,
        workspace::WorkspacePolicy,
    },
};

/// How many calls, or seats, are read at once.
const PAGE: u16 = 100;

/// How calls recognise a reference of the workspace's; contacts of the inbox are recognised otherwise,
/// so the two are not joined where they lie.
pub fn recognise(tenant_key: &TenantKey, reference: &ExternalId) -> KeyedHash {
    let named = format!("reference {}", reference.reveal());
    tenant_key.hash(Use::Call, &named)
}

/// How far a deletion has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallsGone {
    /// How many calls went in this run.
    pub deleted: u64,
    /// The last call that is over that was looked at, when there is more behind it.
    pub more_after: Option<CallId>,
    /// Whether time ran out.
    pub is_cut_off: bool,
}

impl Store {
    /// Deletes what was known of the calls of every workspace whose calls an account may delete, as far as
    /// they were made before `asked_at`. Safe to repeat, and a run that was cut off is gone on with by
    /// calling it again.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn delete_calls_for_account(
        &self,
        account: AccountId,
        asked_at: Timestamp,
        has_time: impl Fn() -> bool,
        now: Timestamp,
    ) -> Result<CallsGone, StoreError> {
        let mut gone = CallsGone::default();
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let mut after = None;
        loop {
            let mut seats = Query::partition(keys::seats(account)).limit(PAGE);
            if let Some(after) = after.take() {
                seats = seats.after(after, String::new());
            }
            let Listed { items, more } = self.page(seats).await?;
            for item in &items {
                let seat = read_item::<Seat>(item, &Unsealed, lens)?;
                let may = |seat: &Seat| seat.role.may(Permission::CallsDelete);
                let Some(seat) = seat.filter(may) else {
                    continue;
                };
                let all = CallsMeant {
                    before: Some(asked_at),
                    ..CallsMeant::default()
                };
                let all = vec![(CallDeletion::of(seat.workspace, all), None)];
                let of_one = self
                    .walk_calls(seat.workspace, all, None, (&has_time, now))
                    .await?;
                gone.deleted += of_one.deleted;
                if of_one.is_cut_off {
                    gone.is_cut_off = true;
                    return Ok(gone);
                }
            }
            after = items.last().and_then(|item| key_of(Table::Data, item));
            if !more || after.is_none() {
                return Ok(gone);
            }
        }
    }

    /// Deletes what was known of the calls of a contact, and of the others of the same person: of guests whom
    /// an app named, and signed for, as it names the contact. Goes on after `from`.
    ///
    /// # Errors
    /// When storage fails; the next call goes on.
    pub async fn delete_calls_of_contact(
        &self,
        (workspace, contact): (WorkspaceId, ContactId),
        asked_at: Timestamp,
        from: Option<CallId>,
        (has_time, now): (impl Fn() -> bool, Timestamp),
    ) -> Result<CallsGone, StoreError> {
        let named = self.references((workspace, contact), now).await?;
        if named.is_empty() {
            return Ok(CallsGone::default());
        }
        let of_one = |named: KeyedHash| {
            let meant = CallsMeant {
                user_ref: Some(named.to_string()),
                before: Some(asked_at),
                ..CallsMeant::default()
            };
            (CallDeletion::of(workspace, meant), Some(named))
        };
        let all = named.into_iter().map(of_one).collect();
        self.walk_calls(workspace, all, from, (&has_time, now))
            .await
    }

    /// How calls recognise a contact and the others of the same person.
    async fn references(
        &self,
        (workspace, contact): (WorkspaceId, ContactId),
        now: Timestamp,
    ) -> Result<Vec<KeyedHash>, StoreError> {
        let at_head = keys::contact(workspace, contact);
        let at_policy = keys::policy(workspace);
        let fetched = self.batch(vec![at_head.clone(), at_policy.clone()]).await?;
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let row = fetched.get::<WorkspacePolicy>(&at_policy, &Unsealed, lens)?;
        let Some(policy) = row.map(|row| row.policy()) else {
            return Ok(Vec::new());
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let Some(head) = fetched.get::<Contact>(&at_head, &Unsealed, lens)? else {
            return Ok(Vec::new());
        };
        let tenant_key = self.tenant_key(workspace.into(), now).await?;
        let mut found = Vec::new();
        for id in std::iter::once(contact).chain(head.others()) {
            let (place, at_profile) = (keys::contact(workspace, id), keys::profile(workspace, id));
            let wanted = vec![at_profile.clone(), keys::data_key(&RootRef::of(&place))];
            let fetched = self.batch(wanted).await?;
            let Some(key) = fetched.data_key(&place, &tenant_key)? else {
                continue;
            };
            let profile = fetched.get::<Profile>(&at_profile, &key, lens)?;
            let named = profile.and_then(|profile| profile.external_id);
            found.extend(named.map(|named| recognise(&tenant_key, &named)));
        }
        Ok(found)
    }

    /// Deletes the calls of a workspace that are meant: those that go on, which are over with it, and those that
    /// are over, the oldest first; a block goes with all of whom it is about. A line of the audit log says that it was done, and each deletion gets a receipt;
    /// one that is cut off has one of what went, and the next run one of the rest.
    async fn walk_calls(
        &self,
        workspace: WorkspaceId,
        mut all: Vec<(CallDeletion, Option<KeyedHash>)>,
        from: Option<CallId>,
        (has_time, now): (&impl Fn() -> bool, Timestamp),
    ) -> Result<CallsGone, StoreError> {
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let tenant_key = self.tenant_key(TenantId::Workspace(workspace), now).await?;
        let mut gone = CallsGone::default();
        'lists: for state in [CallState::Active, CallState::Ended] {
            let mut after = from.filter(|_| state == CallState::Ended);
            loop {
                let mut query = Query::lists(keys::calls(workspace, state)).limit(PAGE);
                if let Some(after) = after {
                    let place = keys::call_list(workspace, state, after);
                    query = query.after(keys::call(workspace, after), place.sk);
                }
                let items = self.query(query).await?;
                let ids = items
                    .iter()
                    .filter_map(|item| item.get("lists_sk")?.as_s().ok()?.parse().ok());
                let ids: Vec<CallId> = ids.collect();
                let places = ids.iter().map(|id| keys::call(workspace, *id));
                let places: Vec<_> = places.collect();
                let fetched = self.batch_all(places.clone()).await?;
                for (one, _) in &mut all {
                    let mut going = Vec::new();
                    for place in &places {
                        let call = fetched.get::<Call>(place, &Unsealed, lens)?;
                        let call = call.filter(|call| meant(one.meant(), call));
                        going.extend(call.map(|call| call.id));
                    }
                    // Each deletion has a line of its own.
                    let line = Line::of_the_system(&tenant_key, workspace, Deed::CallsDeleted, now);
                    self.delete_calls_of(one, &going, &line, now).await?;
                }
                if ids.len() < usize::from(PAGE) {
                    break;
                }
                after = ids.last().copied();
                if !has_time() {
                    gone.more_after = match state {
                        CallState::Ended => after,
                        // Those that go on are walked anew, and those that are over from where they were left.
                        _ => from,
                    };
                    gone.is_cut_off = true;
                    break 'lists;
                }
            }
        }
        for (mut one, whose) in all {
            if let Some(whose) = whose {
                let line = Line::of_the_system(&tenant_key, workspace, Deed::CallsDeleted, now);
                self.delete_block(&mut one, whose, &line, lens).await?;
            }
            gone.deleted += one.deleted();
            self.end_deletion_of_calls(&mut one, now).await?;
        }
        Ok(gone)
    }
}
