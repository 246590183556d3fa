//! What a flow does besides leading a thread, as a turn asks for it: `outbox` does it.

use std::collections::BTreeMap;

use flow::node::ContactField;

use crate::{
    domain::{Timestamp, text::Email},
    store::{
        StoreError,
        flow_deed::{Deed, FlowDeed},
        flow_run::FlowRun,
    },
};

/// How many mails one run sends at most.
const MOST_MAILS: u8 = 5;
/// How many proved addresses of a run are remembered.
const MOST_PROVED: usize = 3;
/// The most characters of a subject.
const SUBJECT_CHARS: usize = 150;
/// The most characters of a text.
const TEXT_CHARS: usize = 10_000;
/// The most characters of what is noted.
const VALUE_CHARS: usize = 1_000;

/// What a turn does besides.
pub(super) struct Deeds<'r> {
    run: &'r FlowRun,
    now: Timestamp,
    /// Addresses that the visitor has proved to this run.
    pub proved: Vec<String>,
    /// Mails of this run so far.
    pub mails: u8,
    sent: Vec<FlowDeed>,
    noted: BTreeMap<ContactField, (String, String)>,
}

impl<'r> Deeds<'r> {
    pub fn new(run: &'r FlowRun, now: Timestamp, proved: Vec<String>, mails: u8) -> Self {
        Self {
            run,
            now,
            proved,
            mails,
            sent: Vec::new(),
            noted: BTreeMap::new(),
        }
    }

    /// The visitor has proved an address.
    pub fn proves(&mut self, address: &str) {
        self.proved.retain(|known| known != address);
        self.proved.push(address.to_owned());
        let above = self.proved.len().saturating_sub(MOST_PROVED);
        self.proved.drain(..above);
    }

    /// The flow mails the visitor; not more often than a run may, and not without words.
    pub fn mail(
        &mut self,
        key: &str,
        to: Option<String>,
        (subject, text): (&str, &str),
    ) -> Result<(), StoreError> {
        let line = subject.split(|c: char| c.is_control() || c.is_whitespace());
        let line: Vec<&str> = line.filter(|word| !word.is_empty()).collect();
        let subject: String = line.join(" ").chars().take(SUBJECT_CHARS).collect();
        let text: String = text.trim().chars().take(TEXT_CHARS).collect();
        if subject.is_empty() || text.is_empty() || self.mails >= MOST_MAILS {
            return Ok(());
        }
        self.mails += 1;
        let deed = Deed::Mail {
            to: to.filter(|to| !to.trim().is_empty()),
            proved: self.proved.clone(),
            subject,
            text,
        };
        let deed = FlowDeed::new(self.run, key, &deed, self.now)?;
        self.sent.push(deed);
        Ok(())
    }

    /// The flow notes something; the last word of a turn counts. Nothing takes nothing away.
    pub fn note(&mut self, key: String, field: ContactField, value: &str) {
        let value: String = value.trim().chars().take(VALUE_CHARS).collect();
        if !value.is_empty() {
            self.noted.insert(field, (key, value));
        }
    }

    /// Everything, to be written with the turn: what is noted first, so that a mail finds it.
    pub fn written(self) -> Result<Vec<FlowDeed>, StoreError> {
        let Self {
            run,
            now,
            proved,
            sent,
            noted,
            ..
        } = self;
        let mut all = Vec::with_capacity(noted.len() + sent.len());
        for (field, (key, value)) in noted {
            let deed = Deed::Note {
                field,
                value,
                proved: proved.clone(),
            };
            all.push(FlowDeed::new(run, &key, &deed, now)?);
        }
        all.extend(sent);
        Ok(all)
    }
}

/// Whether an address is one of those that were proved: what tells addresses apart does not tell their case.
pub fn is_proved(address: &Email, proved: &[String]) -> bool {
    let identity = address.identity();
    let known = proved.iter().filter_map(|known| Email::parse(known).ok());
    known.into_iter().any(|known| known.identity() == identity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_proved_in_any_case_and_no_other_is() {
        let proved = ["Ada@Example.com".to_owned()];
        let parse = |text: &str| Email::parse(text).expect("an address");
        assert!(is_proved(&parse("ada@example.com"), &proved));
        assert!(!is_proved(&parse("eve@example.com"), &proved));
        assert!(!is_proved(&parse("ada@example.com"), &[]));
    }
}
