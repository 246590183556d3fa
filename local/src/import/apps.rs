//! What an archive tells of apps: their settings. Keys and secrets are of the place that an app was made in, so
//! here each has new ones, which whoever embeds it has to be given.

use shared::{
    domain::{AppId, Timestamp, WorkspaceId, text::Name},
    store::{
        CommitError, Record as _, Stored, Transaction, Unsealed,
        app::{App, Identity, Label, Platform},
        field::Bytes,
        keys,
        record::Fields,
    },
};

use super::{ImportError, Run};

/// An app, as an entry tells of it, without a secret.
pub fn app(
    fields: &Fields,
    workspace: WorkspaceId,
    now: Timestamp,
    blank: &Name,
) -> Result<App, &'static str> {
    let mut app = App {
        id: AppId::new(now),
        workspace,
        name: Label::new(blank),
        platform: Platform::Web,
        origins: Vec::new(),
        bundle_id: None,
        identity: Identity::Off,
        team: None,
        asks_rating: None,
        relay_only: None,
        mails_offline: None,
        identity_secret: Bytes(Vec::new()),
        previous_secret: None,
        secret_rotated_at: None,
        key_salt: None,
        previous_key_salt: None,
        key_rotated_at: None,
        disabled_at: None,
        sessions_per_minute: None,
        created_at: now,
        rev: 1,
    };
    app.retell(fields)?;
    Ok(app)
}

impl Run<'_> {
    /// Writes the apps, once the teams are here that they give conversations to.
    pub(super) async fn write_apps(&mut self) -> Result<(), ImportError> {
        for told in std::mem::take(&mut self.apps) {
            let place = keys::app(self.workspace, told.id);
            let at_team = told.team.map(|team| keys::team(self.workspace, team));
            let wanted = std::iter::once(place.clone()).chain(at_team.clone());
            let there = self.app.store.there(wanted.collect()).await?;
            if there.contains(&place) {
                self.report.there += 1;
                continue;
            }
            let secret = App::new_identity_secret(&self.tenant_key, self.workspace, told.id)?;
            let app = App {
                identity_secret: secret,
                team: told
                    .team
                    .filter(|_| at_team.is_some_and(|team| there.contains(&team))),
                ..told
            };
            let mut transaction = Transaction::new(self.now);
            transaction.create(&Stored::new(app, &self.policy), &Unsealed)?;
            match self.app.store.commit(transaction).await {
                Ok(()) => self.report.came(App::DECLARATION.name),
                Err(CommitError::Refused(_)) => self.report.there += 1,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
