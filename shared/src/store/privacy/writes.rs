//! What is written when a request is made, changed, answered or over.

use super::{Letter, OwnRequest, PrivacyRequest, RequestWords, Wish};
use crate::{
    domain::{Permission, Policy, TenantId, Timestamp, privacy::RequestKind},
    store::{
        db::{Store, StoreError},
        export::Export,
        keyring::{NewDataKey, TenantKey},
        keys,
        notice::{Notice, NoticeKind},
        record::Stored,
        seal::{DataKey, Unsealed},
        transaction::{Slot, Transaction},
    },
};

/// How many people one step is told to: a transaction has room for a hundred writes.
const MOST_TOLD: usize = 50;

impl Store {
    /// Adds a notice to everybody in the workspace who answers requests; of a request to the operator
    /// a letter tells.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn tell_controller(
        &self,
        transaction: &mut Transaction,
        tenant: TenantId,
        what: NoticeKind,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let TenantId::Workspace(workspace) = tenant else {
            return Ok(());
        };
        let accounts = self
            .accounts_that_may(workspace, Permission::PrivacyManage, now)
            .await?;
        for account in accounts.into_iter().take(MOST_TOLD) {
            transaction.notify(Notice::new(account, what, now).in_workspace(workspace))?;
        }
        Ok(())
    }
}

impl Transaction {
    /// Makes a request. The slot fails when the same person waits for the same thing already.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn make_request(
        &mut self,
        head: PrivacyRequest,
        words: RequestWords,
        data_key: &NewDataKey,
        letters: &[Letter],
    ) -> Result<(PrivacyRequest, Option<Slot>), StoreError> {
        let policy = Policy::platform();
        let now = head.received_at;
        let head = Stored::new(head.planned(), &policy);
        self.create_root(&head, &Unsealed, data_key)?;
        let head = head.into_record();
        self.create(&Stored::new(words, &policy), &data_key.key)?;
        let mut slot = None;
        if let Some(wish) = head.open_wish() {
            let own = OwnRequest {
                tenant: wish.tenant,
                subject: wish.subject,
                request: wish.request,
                received_at: wish.received_at,
            };
            slot = Some(self.create(&Stored::new(wish, &policy), &Unsealed)?);
            self.create(&Stored::new(own, &policy), &Unsealed)?;
        }
        for letter in letters {
            let letter = head.letter(*letter, now);
            self.create(&Stored::new(letter, &policy), &Unsealed)?;
        }
        Ok((head, slot))
    }

    /// Begins the copy that answers a request, which waits for it from then on. Whom it is about has to
    /// be there.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn copy_for(
        &mut self,
        head: PrivacyRequest,
        tenant_key: &TenantKey,
        now: Timestamp,
    ) -> Result<PrivacyRequest, StoreError> {
        let subject = head.subject;
        let subject = subject.ok_or(StoreError::Corrupt("a request about nobody"))?;
        let export = Export::for_request(head.tenant, subject, head.id, now);
        let copy = Some(export.id);
        self.begin_export(export, tenant_key)?;
        Ok(PrivacyRequest {
            copy,
            ..head.executing(now)
        })
    }

    /// Has a request ask for something else than it did: its place among the open ones moves. The
    /// transaction fails when somebody waits for that already.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn change_wish(
        &mut self,
        head: PrivacyRequest,
        request: RequestKind,
        wish: Wish,
    ) -> Result<PrivacyRequest, StoreError> {
        if head.wish == wish {
            return Ok(head);
        }
        if let Some(subject) = head.subject {
            self.remove(keys::open_wish(head.tenant, subject, head.wish.clone()));
        }
        let expected_by = head.received_at.plus(request.answer_within());
        let head = PrivacyRequest {
            request,
            wish,
            expected_by,
            ..head
        };
        if let Some(wish) = head.open_wish() {
            self.create(&Stored::new(wish, &Policy::platform()), &Unsealed)?;
        }
        Ok(head)
    }

    /// Puts the next version of a request, with its words where they change, and what tells of it. A
    /// request that is over gives its place among the open ones free.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn change_request(
        &mut self,
        head: PrivacyRequest,
        words: Option<(RequestWords, &DataKey)>,
        letters: &[Letter],
        now: Timestamp,
    ) -> Result<PrivacyRequest, StoreError> {
        let policy = Policy::platform();
        let head = Stored::next(head.planned(), &policy);
        self.replace(&head, &Unsealed)?;
        let head = head.into_record();
        if let Some((words, key)) = words {
            self.replace(&Stored::next(words, &policy), key)?;
        }
        if let Some(subject) = head.subject.filter(|_| head.status.is_over()) {
            self.remove(keys::open_wish(head.tenant, subject, head.wish.clone()));
        }
        for letter in letters {
            let letter = head.letter(*letter, now);
            self.create(&Stored::new(letter, &policy), &Unsealed)?;
        }
        Ok(head)
    }
}
