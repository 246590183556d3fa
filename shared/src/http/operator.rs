//! Who is an operator.
//!
//! The first is the account whose address the deployment names, from its first call with both
//! factors on; others are seated by an operator. From then on the seat decides, and the address does
//! not: whoever was unseated does not come back by it.

use super::{
    bearer::AccessToken,
    problem::{Code, Problem},
};
use crate::{
    app::App,
    domain::{AccountId, Policy, TenantId, Timestamp, WorkspaceId, policy::Lens, text::Email},
    store::{
        CommitError, Fetched, Key, Query, Record, RootRef, Stored, TenantKey, Transaction,
        Unsealed,
        account::{Account, LoginSession},
        audit::{Deed, Line, Named},
        keys,
        operator::{OperatorAct, OperatorDeed, OperatorSeat},
        subject::State,
    },
};

/// An operator, and what was read with their call.
#[derive(Debug)]
pub struct Operator {
    /// Who.
    pub account: AccountId,
    /// The key of the platform: it hashes their name in audit logs.
    pub platform_key: TenantKey,
    /// The server's time for the whole request.
    pub now: Timestamp,
    /// What the operation asked for.
    pub fetched: Fetched,
    policy: Policy,
    session: LoginSession,
}

impl Operator {
    /// What reads are filtered by.
    pub const fn lens(&self) -> Lens<'_> {
        Lens {
            now: self.now,
            policy: &self.policy,
        }
    }

    /// A record that seals nothing, from what was read with the call.
    pub fn open<R: Record<Seal = Unsealed>>(&self, key: &Key) -> Result<Option<R>, Problem> {
        Ok(self.fetched.get(key, &Unsealed, self.lens())?)
    }

    /// Refuses unless they proved a factor in the last ten minutes.
    ///
    /// # Errors
    /// 403 `step_up_required`.
    pub fn proved(&self) -> Result<(), Problem> {
        match self.session.is_proved(self.now) {
            true => Ok(()),
            false => Err(Problem::new(Code::StepUpRequired)),
        }
    }

    /// A line for the operators' own log, to go into the transaction of the act.
    pub fn deed(&self, act: OperatorAct) -> OperatorDeed {
        OperatorDeed::new(self.account, act, self.now)
    }

    /// A line for the audit log of a workspace.
    pub fn line(&self, workspace: WorkspaceId, deed: Deed) -> Line<'_> {
        let operator = Named::Operator(self.account);
        Line::new(&self.platform_key, workspace, operator, deed, self.now)
    }
}

impl App {
    /// An operator, and what lies at the keys of `more`. One read; one more and one write at the very first call.
    ///
    /// # Errors
    /// 403 for everybody who is none, before anything is told; 403 `second_factor_required` without a
    /// second factor.
    pub async fn operator(&self, token: &AccessToken, more: Vec<Key>) -> Result<Operator, Problem> {
        let now = self.clock.now();
        let (head, seat) = (
            keys::account(token.account()),
            keys::operator_seat(token.account()),
        );
        let mut wanted = more;
        wanted.extend([
            head.clone(),
            keys::data_key(&RootRef::of(&head)),
            seat.clone(),
        ]);
        let tenant = TenantId::Platform;
        if self.store.keyring().remembered(tenant, now).is_none() {
            wanted.push(keys::tenant_key(tenant));
        }
        let signed_in = self.signed_in(token, wanted).await?;
        let fetched = signed_in.fetched;
        let platform_key = self.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let operator = Operator {
            account: signed_in.account,
            platform_key,
            now,
            policy: signed_in.policy,
            session: signed_in.session,
            fetched,
        };
        let seated = operator.open::<OperatorSeat>(&seat)?.is_some();
        let may_sit = seated || (is_named(self, &operator, &head)? && is_free(self).await?);
        if !may_sit {
            return Err(Problem::new(Code::Forbidden));
        }
        if operator.session.second_factor_at.is_none() {
            return Err(Problem::new(Code::SecondFactorRequired));
        }
        if !seated {
            sit_down(self, &operator).await?;
        }
        Ok(operator)
    }
}

/// Whether nobody is an operator yet.
async fn is_free(app: &App) -> Result<bool, Problem> {
    let seats = Query::partition(keys::operator_seats()).limit(1);
    Ok(app.store.query(seats).await?.is_empty())
}

/// Writes the first seat.
async fn sit_down(app: &App, operator: &Operator) -> Result<(), Problem> {
    let seat = OperatorSeat {
        account: operator.account,
        seated_by: None,
        seated_at: operator.now,
        rev: 1,
    };
    let mut transaction = Transaction::new(operator.now);
    transaction.create(&Stored::new(seat, &operator.policy), &Unsealed)?;
    transaction.check_live(keys::account(operator.account));
    transaction.deed(OperatorDeed {
        account: Some(operator.account),
        ..operator.deed(OperatorAct::OperatorSeated)
    })?;
    match app.store.commit(transaction).await {
        // Their other call was faster.
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Whether the account has the address that the deployment names.
fn is_named(app: &App, operator: &Operator, head: &Key) -> Result<bool, Problem> {
    let Some(key) = operator.fetched.data_key(head, &operator.platform_key)? else {
        return Ok(false);
    };
    let account = operator
        .fetched
        .get::<Account>(head, &key, operator.lens())?;
    let named = app.config.operator_email.as_deref();
    Ok(account
        .filter(|account| account.state == State::Live)
        .is_some_and(|account| names(&account.email, named)))
}

/// Whether an address is the one that the deployment names; none is when it names none.
fn names(address: &Email, named: Option<&str>) -> bool {
    let named = named.and_then(|named| Email::parse(named).ok());
    named.is_some_and(|named| named.identity() == address.identity())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_that_the_deployment_names_is_the_operators() {
        let address = Email::parse("Ada@example.com").expect("an address");
        assert!(names(&address, Some("ada@example.com")));
        for other in [None, Some(""), Some("ada"), Some("ada@example.org")] {
            assert!(!names(&address, other), "{other:?}");
        }
    }
}
