//! Documents of payments, as small as the law allows: invoices with what corrected them (FLOW-15).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Stamp, StripeId, standing::Address};
use crate::domain::{Timestamp, personal::Personal};

crate::words! {
    /// How an invoice stands.
    pub enum InvoiceStatus {
        /// It waits for its payment.
        Open = "open",
        /// It was paid.
        Paid = "paid",
        /// Nobody waits for its payment any more.
        Uncollectible = "uncollectible",
        /// It was taken back.
        Void = "void",
    }
}

impl InvoiceStatus {
    /// How far it is: nothing leads back.
    const fn rank(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Uncollectible => 1,
            Self::Paid | Self::Void => 2,
        }
    }
}

crate::words! {
    /// What corrected an invoice.
    pub enum AdjustmentKind {
        /// A document.
        CreditNote = "credit_note",
        /// Money that went back.
        Refund = "refund",
    }
}

/// An invoice. Amounts are in the smallest unit of the currency.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// The number that it bears.
    pub number: Option<String>,
    /// How it stands.
    pub status: InvoiceStatus,
    /// Three letters.
    pub currency: String,
    /// What is to be paid.
    pub total: i64,
    /// What was paid.
    pub paid: i64,
    /// Whom it is made out to.
    pub name: Option<String>,
    /// Where they were billed then; a later address changes no document.
    pub address: Option<Address>,
    /// Their tax numbers.
    pub tax_ids: Vec<String>,
    /// When it got its number, in seconds.
    pub issued_at: i64,
    /// As of when this is so.
    pub stamp: Stamp,
}

/// What corrected an invoice, or a payment without one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// What it is.
    pub kind: AdjustmentKind,
    /// The number that it bears.
    pub number: Option<String>,
    /// Three letters.
    pub currency: String,
    /// How much, in the smallest unit.
    pub amount: i64,
    /// Whether it was taken back.
    pub voided: bool,
    /// When it was made, in seconds.
    pub made_at: i64,
    /// As of when this is so.
    pub stamp: Stamp,
}

macro_rules! hidden {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(**)"))
            }
        }
    )+};
}
hidden! { Invoice Adjustment }

/// One thing that is told of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperFact {
    /// Of which.
    pub paper: StripeId,
    /// The last movement that it tells of, in seconds.
    pub moved_at: i64,
    /// What.
    pub part: Part,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The invoice.
    Invoice(Invoice),
    /// Something that corrected it.
    Adjustment(StripeId, Adjustment),
}

/// A document: a join of what was told of it, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// The invoice, when it has been told of.
    pub invoice: Option<Invoice>,
    /// What corrected it, by id.
    pub adjustments: BTreeMap<StripeId, Adjustment>,
    /// Its last movement, in seconds: the years are counted from here.
    moved_at: i64,
}

impl Paper {
    /// The document with one more fact.
    pub fn hear(mut self, fact: &PaperFact) -> Self {
        self.moved_at = self.moved_at.max(fact.moved_at);
        match &fact.part {
            Part::Invoice(told) => {
                let order = |one: &Invoice| (one.status.rank(), one.stamp.clone());
                let keeps = |present: &Invoice| order(present) >= order(told);
                if !self.invoice.as_ref().is_some_and(keeps) {
                    self.invoice = Some(told.clone());
                }
            }
            Part::Adjustment(id, told) => {
                let order = |one: &Adjustment| (one.voided, one.stamp.clone());
                let keeps = |present: &Adjustment| order(present) >= order(told);
                if !self.adjustments.get(id).is_some_and(keeps) {
                    self.adjustments.insert(id.clone(), told.clone());
                }
            }
        }
        self
    }

    /// When it moved last: a refund of a later year keeps its invoice as long as itself.
    pub const fn moved_at(&self) -> Timestamp {
        Timestamp::from_ms(self.moved_at.saturating_mul(1000))
    }
}

impl Personal for Paper {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        serde_json::from_slice(&bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::billing::{
        event::{Event, Fact},
        kept,
    };

    fn fact(number: usize, kind: &str, at: i64, object: Value) -> PaperFact {
        let event = json!({ "id": format!("evt_{number}"), "type": kind, "created": at,
            "livemode": false, "data": { "object": object } });
        let told = Event::read(event).expect("an event").told().expect("fit");
        match told.expect("a fact").fact {
            Fact::Paper(fact) => *fact,
            _ => panic!("a document"),
        }
    }

    fn random((number, (which, at)): (usize, (usize, i64))) -> PaperFact {
        let kinds = [
            "invoice.finalized",
            "invoice.paid",
            "invoice.voided",
            "invoice.marked_uncollectible",
            "invoice.payment_failed",
        ];
        match kinds.get(which) {
            Some(kind) => fact(
                number,
                kind,
                at,
                json!({
                    "id": "in_1", "customer": "cus_1", "status": "open", "currency": "eur",
                    "total": 1000 + number, "created": 1, "number": "A-1",
                }),
            ),
            None => fact(
                number,
                "charge.refunded",
                at,
                json!({
                    "id": format!("ch_{}", which % 2), "customer": "cus_1", "invoice": "in_1",
                    "currency": "eur", "amount_refunded": number,
                }),
            ),
        }
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_lead_to_the_same_document(
            history in proptest::collection::vec((0usize..8, 1i64..9), 1..16),
            shuffle in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let facts: Vec<PaperFact> = history.into_iter().enumerate().map(random).collect();
            let whole = |facts: &[PaperFact]| facts.iter().fold(Paper::default(), |paper, fact| paper.hear(fact));
            let mut again: Vec<PaperFact> = facts.iter().rev().cloned().collect();
            for index in shuffle {
                let copy = facts[index.index(facts.len())].clone();
                again.insert(index.index(again.len()), copy);
            }
            let once = whole(&facts);
            prop_assert_eq!(&whole(&again), &once);
            prop_assert_eq!(Paper::from_bytes(once.to_bytes()), Some(once));
        }
    }

    /// FLOW-35
    #[test]
    fn a_refund_of_a_later_year_keeps_the_invoice_longer() {
        let (paid_2026, refunded_2028) = (1_768_478_400, 1_835_395_200);
        let object = json!({ "id": "in_1", "customer": "cus_1", "status": "paid", "currency": "eur",
            "total": 1000, "created": paid_2026, "number": "A-1" });
        let paid = fact(1, "invoice.paid", paid_2026, object);
        let refund = json!({ "id": "ch_1", "customer": "cus_1", "invoice": "in_1", "currency": "eur",
            "amount_refunded": 500 });
        let refund = fact(2, "charge.refunded", refunded_2028, refund);
        let end = |paper: &Paper| kept::until(paper.moved_at()).to_string();
        let first = Paper::default().hear(&paid);
        assert_eq!(end(&first), "2034-01-01T00:00:00.000Z");
        let both = first.hear(&refund);
        assert_eq!(end(&both), "2036-01-01T00:00:00.000Z");
        assert_eq!(Paper::default().hear(&refund).hear(&paid), both);
    }

    #[test]
    fn a_payment_that_failed_before_it_came_takes_nothing_back() {
        let object = |status| {
            json!({ "id": "in_1", "customer": "cus_1", "status": status,
            "currency": "eur", "total": 1000, "created": 1 })
        };
        let paid = fact(1, "invoice.paid", 5, object("paid"));
        let failed = fact(2, "invoice.payment_failed", 9, object("open"));
        let paper = Paper::default().hear(&paid).hear(&failed);
        assert_eq!(paper.invoice.expect("one").status, InvoiceStatus::Paid);
    }
}
