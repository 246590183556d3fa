//! What an archive tells of the choices of a workspace: how long it keeps conversations, what it mails to visitors,
//! who gets what they begin, and where its members work.
//!
//! What is chosen here already stays; what stays is told line by line.

use shared::{
    domain::{
        Policy, TeamId,
        policy::{Lens, Module, Profile, VisitorMail},
        text::{Locale, TimeZone},
    },
    store::{
        Query, Record, RootRef, Stored, Transaction, Unsealed,
        audit::{Deed, Line},
        job::{Job, JobKind},
        keys,
        workspace::{Workspace, WorkspacePolicy},
    },
};

use super::{ImportError, Run, committed};

/// What a workspace chose, where the archive comes from.
pub struct Chosen {
    /// Its family of promises.
    pub profile: Profile,
    /// What it can do.
    pub modules: Vec<Module>,
    /// Days that conversations are kept.
    pub conversation_days: u32,
    /// Whether every member came in with a second factor.
    pub second_factor_required: Option<bool>,
    /// What was mailed to visitors who were away.
    pub visitor_mail: Option<VisitorMail>,
    /// Who got what visitors began.
    pub default_team: Option<TeamId>,
    /// Whether devices of calls spoke through a relay only.
    pub calls_relay_only: Option<bool>,
}

/// Where the members of a workspace work, and in which language. Its name stays: it has one here.
pub struct WorkingPlace {
    /// The language.
    pub locale: Option<Locale>,
    /// The time zone.
    pub time_zone: Option<TimeZone>,
}

impl Run<'_> {
    /// Takes over what nobody has chosen here yet, as long as nobody is here: elsewhere whoever owns the
    /// workspace decides.
    pub(super) async fn choose(&mut self, chosen: &Chosen) -> Result<(), ImportError> {
        for module in &chosen.modules {
            if !self.policy.has(*module) {
                let line = format!("The module {} is not on here.", module.word());
                self.report.stays.push(line);
            }
        }
        let demanded = chosen.second_factor_required == Some(true);
        if demanded && !self.policy.second_factor_required {
            // Whoever owns this workspace might shut themselves out.
            let line = "Every member needed a second factor there, and does not here: an owner who has one asks for it in the settings.";
            self.report.stays.push(line.to_owned());
        }
        if chosen.calls_relay_only == Some(true) && !self.policy.calls_relay_only {
            // Where this deployment has no relay, no call would get through.
            let line = "Devices of calls spoke through a relay only there, and may speak to each other here: an owner asks for a relay in the settings.";
            self.report.stays.push(line.to_owned());
        }
        let people = Query::lists(keys::contacts(self.workspace)).limit(1);
        let is_empty = self.app.store.count(people).await? == 0;
        self.choose_days(chosen, is_empty).await?;
        self.choose_mail(chosen, is_empty).await?;
        self.default_team = chosen.default_team;
        Ok(())
    }

    /// How long conversations are kept.
    async fn choose_days(&mut self, chosen: &Chosen, is_empty: bool) -> Result<(), ImportError> {
        if chosen.conversation_days == self.policy.conversation_days {
            return Ok(());
        }
        let row = self.row().await?;
        let may = is_empty
            && row.retention_changed_at.is_none()
            && row.profile == chosen.profile
            && row.conversation_days == self.policy.conversation_days;
        let next = self.policy.with_days(chosen.conversation_days, self.now);
        let (true, Ok(next)) = (may, next) else {
            self.report.stays.push(format!(
                "Conversations are kept for {} days here and were for {} there: whoever owns the workspace decides.",
                self.policy.conversation_days, chosen.conversation_days
            ));
            return Ok(());
        };
        let shorter = next.conversation_days < self.policy.conversation_days;
        let row = Stored::next(row.with_retention(&next, self.now), &next);
        let mut transaction = Transaction::new(self.now);
        transaction.replace(&row, &Unsealed)?;
        let line = Line::of_the_system(
            &self.tenant_key,
            self.workspace,
            Deed::RetentionChanged,
            self.now,
        );
        transaction.audit(if shorter { line.begun() } else { line })?;
        if shorter {
            // It writes the ledger as well, so that a restored backup keeps nothing longer.
            let job = Job::new(self.workspace, JobKind::Restamp, None, self.now);
            transaction.create(&Stored::new(job.opened(), &next), &Unsealed)?;
            transaction.create(&Stored::new(job, &next), &Unsealed)?;
        }
        committed(self.app.store.commit(transaction).await)?;
        self.policy = row.record().policy();
        self.report.came(WorkspacePolicy::DECLARATION.name);
        Ok(())
    }

    /// What of a conversation is mailed to visitors who are away.
    async fn choose_mail(&mut self, chosen: &Chosen, is_empty: bool) -> Result<(), ImportError> {
        let Some(there) = chosen.visitor_mail else {
            return Ok(());
        };
        let here = self.policy.visitor_mail;
        if there == here {
            return Ok(());
        }
        let row = self.row().await?;
        if !is_empty || row.visitor_mail.is_some() {
            self.report.stays.push(format!(
                "Visitors who are away are mailed \"{}\" here and were mailed \"{}\" there: whoever owns the workspace decides.",
                here.word(),
                there.word()
            ));
            return Ok(());
        }
        let row = WorkspacePolicy {
            visitor_mail: Some(there),
            ..row
        };
        self.write_row(row).await?;
        self.report.came("visitor_mail");
        Ok(())
    }

    /// Who gets what visitors begin, once the teams are here.
    pub(super) async fn choose_team(&mut self) -> Result<(), ImportError> {
        let Some(team) = self.default_team.take() else {
            return Ok(());
        };
        let row = self.row().await?;
        if row.default_team == Some(team) {
            return Ok(());
        }
        let place = keys::team(self.workspace, team);
        let there = self.app.store.there(vec![place.clone()]).await?;
        if row.default_team.is_some() || !there.contains(&place) {
            let line = "Another team, or none, gets what visitors begin here: whoever owns the workspace decides.";
            self.report.stays.push(line.to_owned());
            return Ok(());
        }
        let row = WorkspacePolicy {
            default_team: Some(team),
            ..row
        };
        self.write_row(row).await?;
        self.report.came("default_team");
        Ok(())
    }

    /// Where members work and in which language, where nobody has said so here.
    pub(super) async fn settle_in(&mut self, told: WorkingPlace) -> Result<(), ImportError> {
        let place = keys::workspace(self.workspace);
        let wanted = vec![place.clone(), keys::data_key(&RootRef::of(&place))];
        let fetched = self.app.store.batch(wanted).await?;
        let platform = Policy::platform();
        let lens = Lens {
            now: self.now,
            policy: &platform,
        };
        let Some(key) = fetched.data_key(&place, &self.tenant_key)? else {
            return Err(ImportError::Workspace(self.workspace));
        };
        let Some(head) = fetched.get::<Workspace>(&place, &key, lens)? else {
            return Err(ImportError::Workspace(self.workspace));
        };
        self.report
            .stays
            .push("The workspace keeps the name that it has here.".to_owned());
        let comes = (head.locale.is_none() && told.locale.is_some())
            || (head.time_zone.is_none() && told.time_zone.is_some());
        if !comes {
            return Ok(());
        }
        let head = Workspace {
            locale: head.locale.clone().or(told.locale),
            time_zone: head.time_zone.clone().or(told.time_zone),
            ..head
        };
        let mut transaction = Transaction::new(self.now);
        transaction.replace(&Stored::next(head, &self.policy), &key)?;
        committed(self.app.store.commit(transaction).await)?;
        self.report.came(Workspace::DECLARATION.name);
        Ok(())
    }

    async fn write_row(&mut self, row: WorkspacePolicy) -> Result<(), ImportError> {
        let row = Stored::next(row, &self.policy);
        let mut transaction = Transaction::new(self.now);
        transaction.replace(&row, &Unsealed)?;
        committed(self.app.store.commit(transaction).await)?;
        self.policy = row.record().policy();
        Ok(())
    }
}
