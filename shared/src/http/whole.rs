//! A person as a whole: every contact that the team said is them.
//!
//! The list of a person's contacts stands on each of their heads (`Contact::same_person`), and whoever
//! changes something about the person changes the versions of all of them in one transaction. So of a
//! merge and an erasure at once one is refused, and looks again at what the other has left.

use super::{
    actor::Entry,
    person::{self, Person, recognise},
    problem::Problem,
};
use crate::{
    app::App,
    domain::MemberId,
    store::{Stored, Transaction, Unsealed, audit::Deed, contact::Contact},
};

/// A person with all of their contacts that are kept: first the one that was asked for.
pub struct Whole {
    /// That one.
    pub asked: Person,
    /// The others.
    pub others: Vec<Person>,
}

impl App {
    /// The whole person that a contact is. No read for who has only one.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn whole(&self, entry: &Entry, asked: Person) -> Result<Whole, Problem> {
        let others = self.others(entry, &asked.contact).await?;
        Ok(Whole { asked, others })
    }

    /// The other contacts of the same person, those that are kept.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn others(&self, entry: &Entry, contact: &Contact) -> Result<Vec<Person>, Problem> {
        let wanted = contact
            .others()
            .flat_map(|id| person::wanted(entry.workspace, id));
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let fetched = self.store.batch(wanted).await?;
        let mut others = Vec::new();
        for id in contact.others() {
            others.extend(person::open_kept(&fetched, entry, id)?);
        }
        Ok(others)
    }
}

impl Whole {
    /// Every contact, the one that was asked for first.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        std::iter::once(&self.asked).chain(&self.others)
    }

    /// As [`Whole::persons`], to be changed.
    pub fn persons_mut(&mut self) -> impl Iterator<Item = &mut Person> {
        std::iter::once(&mut self.asked).chain(&mut self.others)
    }

    /// Fences the whole person, with a line for each contact.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn fence(
        self,
        transaction: &mut Transaction,
        entry: &Entry,
        by: MemberId,
    ) -> Result<(), Problem> {
        for person in std::iter::once(self.asked).chain(self.others) {
            let external = person.profile.external_id.as_ref();
            let external = external.map(|external| recognise(entry, external));
            let line = entry.line(by, Deed::ContactErased).about(person.contact.id);
            transaction.audit(line.begun())?;
            transaction.fence_contact(person.contact, external, entry.lens())?;
        }
        Ok(())
    }

    /// Sets the whole person aside: the contacts as they will be then, without those that were before.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn restrict(
        &self,
        transaction: &mut Transaction,
        entry: &Entry,
    ) -> Result<Vec<Contact>, Problem> {
        let persons = self.persons();
        persons
            .map(|person| person.restrict(transaction, entry))
            .collect()
    }

    /// Uses the whole person again: the contacts as they will be then.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn unrestrict(
        &self,
        transaction: &mut Transaction,
        entry: &Entry,
    ) -> Result<Vec<Contact>, Problem> {
        let persons = self.persons();
        persons
            .map(|person| person.unrestrict(transaction, entry))
            .collect()
    }
}

impl Transaction {
    /// Takes contacts of a person out of figures about use, those that are still in them.
    ///
    /// # Errors
    /// When the records cannot be written.
    pub fn out_of_figures<'a>(
        &mut self,
        contacts: impl Iterator<Item = &'a Contact>,
        entry: &Entry,
    ) -> Result<(), Problem> {
        for contact in contacts.filter(|contact| contact.figures_refused_at.is_none()) {
            let refuses = contact.clone().out_of_figures(entry.now);
            self.replace(&Stored::next(refuses, &entry.policy), &Unsealed)?;
        }
        Ok(())
    }
}
