//! How a customer stands: subscriptions, name and address, cards. A join of facts.
//!
//! Of each thing the latest fact holds; what has ended stays ended, whatever comes later. Both are one order
//! on the facts of a thing, and joining takes the greater one: so any order of the same facts, and any number
//! of repetitions, leads to the same standing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Stamp, StripeId,
    card::CardDisplay,
    event::{Fact, text},
};
use crate::domain::personal::Personal;

crate::words! {
    /// How a subscription stands.
    pub enum SubscriptionStatus {
        /// It is paid for.
        Active = "active",
        /// It has ended.
        Canceled = "canceled",
        /// Its first payment is still to come.
        Incomplete = "incomplete",
        /// Its first payment never came.
        IncompleteExpired = "incomplete_expired",
        /// A payment failed, and is tried again.
        PastDue = "past_due",
        /// It rests, because a trial ended without a card.
        Paused = "paused",
        /// It is tried out.
        Trialing = "trialing",
        /// Payments failed, and none is tried any more.
        Unpaid = "unpaid",
    }
}

impl SubscriptionStatus {
    /// Whether nothing leads out of it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Canceled | Self::IncompleteExpired)
    }

    /// Whether its plan may be used. A payment that failed is tried again for days, and nobody loses a plan
    /// meanwhile.
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Active | Self::PastDue | Self::Trialing)
    }
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: StripeId,
    /// The id of its one item, by which seats are changed.
    pub item: Option<StripeId>,
    /// The price, which leads to a plan.
    pub price: StripeId,
    /// How it stands.
    pub status: SubscriptionStatus,
    /// How many seats are paid for.
    pub seats: u32,
    /// Whether it ends with what is paid.
    pub ends_with_period: bool,
    /// When what is paid ends, in seconds.
    pub period_ends_at: Option<i64>,
    /// When the trial ends, in seconds.
    pub trial_ends_at: Option<i64>,
    /// What it is paid with, if it says so itself.
    pub card: Option<StripeId>,
    /// When it began, in seconds.
    pub began_at: i64,
    /// As of when this is so.
    pub stamp: Stamp,
}

/// Where somebody is billed (FLOW-14). Sealed wherever it lies.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = BillingAddress)]
pub struct Address {
    /// Street and number.
    pub line1: Option<String>,
    /// More of it.
    pub line2: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The state or province.
    pub state: Option<String>,
    /// The country, in two letters.
    pub country: Option<String>,
}

impl Address {
    /// What an object of Stripe's says of an address; nothing where it says nothing.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let address = Self {
            line1: text(&value["line1"]),
            line2: text(&value["line2"]),
            postal_code: text(&value["postal_code"]),
            city: text(&value["city"]),
            state: text(&value["state"]),
            country: text(&value["country"]),
        };
        let said = [
            &address.line1,
            &address.postal_code,
            &address.city,
            &address.country,
        ];
        said.iter().any(|part| part.is_some()).then_some(address)
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(**)")
    }
}

/// Who pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Whether Stripe has deleted it.
    pub gone: bool,
    /// What they are called.
    pub name: Option<String>,
    /// Where invoices are mailed.
    pub email: Option<String>,
    /// Where they are billed.
    pub address: Option<Address>,
    /// What they pay with unless a subscription says otherwise.
    pub card: Option<StripeId>,
    /// As of when this is so.
    pub stamp: Stamp,
}

impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer(**)")
    }
}

/// A card that may be paid with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The id of the way to pay.
    pub id: StripeId,
    /// Whether it was taken away.
    pub gone: bool,
    /// What is shown of it.
    pub shown: Option<CardDisplay>,
    /// As of when this is so.
    pub stamp: Stamp,
}

/// How a customer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    subscriptions: BTreeMap<StripeId, Subscription>,
    customer: Option<Customer>,
    cards: BTreeMap<StripeId, Card>,
}

/// The facts of one thing, in their order: what has ended is the greatest.
trait Ordered {
    fn order(&self) -> (bool, &Stamp);
}

impl Ordered for Subscription {
    fn order(&self) -> (bool, &Stamp) {
        (self.status.is_terminal(), &self.stamp)
    }
}

impl Ordered for Customer {
    fn order(&self) -> (bool, &Stamp) {
        (self.gone, &self.stamp)
    }
}

impl Ordered for Card {
    // A card that was taken away may be brought back.
    fn order(&self) -> (bool, &Stamp) {
        (false, &self.stamp)
    }
}

fn greater<T: Ordered>(present: Option<T>, told: T) -> T {
    match present {
        Some(present) if present.order() >= told.order() => present,
        _ => told,
    }
}

impl Standing {
    /// The standing with one more fact; documents change nothing of it.
    pub fn hear(mut self, fact: &Fact) -> Self {
        match fact {
            Fact::Subscription(told) => {
                let present = self.subscriptions.remove(&told.id);
                let joined = greater(present, told.clone());
                self.subscriptions.insert(told.id.clone(), joined);
            }
            Fact::Customer(told) => {
                self.customer = Some(greater(self.customer.take(), told.clone()));
            }
            Fact::Card(told) => {
                let present = self.cards.remove(&told.id);
                let joined = greater(present, told.clone());
                self.cards.insert(told.id.clone(), joined);
            }
            Fact::Paper(_) => {}
        }
        self
    }

    /// What this fact about `customer` and what stands tell two things of, as of which second. Stripe tells
    /// times in seconds, so which of them is the later one only Stripe knows. What has ended is never in doubt.
    pub fn doubt(&self, customer: &StripeId, fact: &Fact) -> Option<(StripeId, i64)> {
        let (id, mine, theirs, is_same) = match fact {
            Fact::Subscription(told) => {
                let present = self.subscriptions.get(&told.id)?;
                if present.status.is_terminal() || told.status.is_terminal() {
                    return None;
                }
                let stamp = present.stamp.clone();
                let is_same = Subscription {
                    stamp,
                    ..told.clone()
                } == *present;
                (&told.id, &told.stamp, &present.stamp, is_same)
            }
            Fact::Customer(told) => {
                let present = self.customer()?;
                let stamp = present.stamp.clone();
                let is_same = told.gone
                    || Customer {
                        stamp,
                        ..told.clone()
                    } == *present;
                (customer, &told.stamp, &present.stamp, is_same)
            }
            Fact::Card(_) | Fact::Paper(_) => return None,
        };
        let in_doubt = !is_same && mine.is_in_doubt_with(theirs);
        in_doubt.then(|| (id.clone(), mine.at))
    }

    /// The subscription that counts: the newest of those that are good, or else of those that have not
    /// ended, or else of all.
    pub fn subscription(&self) -> Option<&Subscription> {
        self.subscriptions.values().max_by_key(|one| {
            let status = one.status;
            (
                status.is_good(),
                !status.is_terminal(),
                one.began_at,
                &one.id,
            )
        })
    }

    /// Every subscription that has not ended.
    pub fn open(&self) -> impl Iterator<Item = &Subscription> {
        let all = self.subscriptions.values();
        all.filter(|one| !one.status.is_terminal())
    }

    /// Who pays, unless Stripe has deleted them.
    pub fn customer(&self) -> Option<&Customer> {
        self.customer.as_ref().filter(|customer| !customer.gone)
    }

    /// The card that is paid with: that of the subscription, or else of the customer, or else the newest.
    pub fn card(&self) -> Option<CardDisplay> {
        let of = |id: &StripeId| self.cards.get(id)?.shown;
        let named = self
            .subscription()
            .and_then(|one| one.card.as_ref()?.into());
        let usual = self.customer().and_then(|customer| customer.card.as_ref());
        let newest = || {
            let cards = self.cards.values().filter(|card| card.shown.is_some());
            cards.max_by_key(|card| &card.stamp)?.shown
        };
        named
            .and_then(of)
            .or_else(|| usual.and_then(of))
            .or_else(newest)
    }
}

impl Personal for Standing {
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
    use serde_json::json;

    use super::*;
    use crate::domain::billing::event::Event;

    /// An event of a random history: a few things, few seconds, so that they meet.
    fn random_event() -> impl Strategy<Value = (u8, usize, i64, u8)> {
        (0u8..3, 0usize..8, 0i64..6, 0u8..4)
    }

    fn event(number: usize, (thing, status, at, which): (u8, usize, i64, u8)) -> Event {
        let statuses = SubscriptionStatus::ALL;
        let (kind, object) = match thing {
            0 => (
                "customer.subscription.updated",
                json!({
                    "id": format!("sub_{}", which % 2), "customer": "cus_1", "created": which,
                    "status": statuses[status % statuses.len()].word(),
                    "items": { "data": [{ "price": { "id": "price_1" }, "quantity": status }] },
                }),
            ),
            1 => (
                ["customer.updated", "customer.deleted"][usize::from(status == 7)],
                json!({ "id": "cus_1", "name": format!("n{status}"),
                    "invoice_settings": { "default_payment_method": format!("pm_{}", which % 2) } }),
            ),
            _ => (
                ["payment_method.attached", "payment_method.detached"][usize::from(status > 5)],
                json!({ "id": format!("pm_{}", which % 2), "customer": "cus_1", "card": {
                    "brand": "visa", "last4": format!("000{status}"), "exp_month": 1, "exp_year": 2030 } }),
            ),
        };
        let event = json!({ "id": format!("evt_{number}"), "type": kind, "created": at,
            "livemode": false, "data": { "object": object } });
        Event::read(event).expect("an event")
    }

    fn stand(events: &[Event]) -> Standing {
        let told = events.iter().map(|event| event.told().expect("fit"));
        told.flatten().fold(Standing::default(), |standing, told| {
            standing.hear(&told.fact)
        })
    }

    proptest! {
        #[test]
        fn any_order_and_any_repetition_of_a_history_lead_to_the_same_standing(
            history in proptest::collection::vec(random_event(), 1..25),
            shuffle in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        ) {
            let events: Vec<Event> =
                history.into_iter().enumerate().map(|(number, one)| event(number, one)).collect();
            let once = stand(&events);
            let mut again: Vec<Event> = events.iter().rev().cloned().collect();
            for index in shuffle {
                let copy = events[index.index(events.len())].clone();
                again.insert(index.index(again.len()), copy);
            }
            prop_assert_eq!(&stand(&again), &once);
            let kept = Standing::from_bytes(once.to_bytes());
            prop_assert_eq!(kept, Some(once));
        }

        #[test]
        fn what_has_ended_stays_ended(
            history in proptest::collection::vec(random_event(), 1..25), end in 0i64..6,
        ) {
            let ended = event(1000, (0, 1, end, 0));
            let mut events = vec![ended];
            events.extend(history.into_iter().enumerate().map(|(number, one)| event(number, one)));
            let standing = stand(&events);
            prop_assert!(standing.open().all(|one| one.id.as_str() != "sub_0"));
        }
    }

    #[test]
    fn two_things_told_of_one_second_are_in_doubt_until_stripe_was_asked() {
        let customer = StripeId::parse("cus_1").expect("an id");
        let doubt = |events: &[Event], then: &Event| {
            let told = then.told().expect("fit").expect("a fact");
            stand(events).doubt(&customer, &told.fact)
        };
        let first = event(1, (0, 0, 4, 0));
        let other = event(2, (0, 6, 4, 0));
        let in_doubt = doubt(std::slice::from_ref(&first), &other);
        let (about, at) = in_doubt.expect("a doubt");
        assert_eq!((about.as_str(), at), ("sub_0", 4));
        // The same again, the same told by another event, a later second, an end: nothing to ask.
        for clear in [
            first.clone(),
            event(3, (0, 0, 4, 0)),
            event(4, (0, 6, 5, 0)),
            event(5, (0, 1, 4, 0)),
        ] {
            assert_eq!(
                doubt(std::slice::from_ref(&first), &clear),
                None,
                "{clear:?}"
            );
        }
        // What was seen counts more than any event of that second, and less than any of a later one.
        let shown = json!({ "id": "sub_0", "object": "subscription", "customer": "cus_1", "created": 0,
            "status": "active", "items": { "data": [{ "price": { "id": "price_1" }, "quantity": 77 }] } });
        let seen = Event::seen(shown, Stamp::seen(&about, at).expect("a stamp"), false);
        let seats = |events: &[Event]| stand(events).subscription().expect("one").seats;
        assert_eq!(seats(&[seen.clone(), first.clone(), other.clone()]), 77);
        assert_eq!(seats(&[first.clone(), other.clone(), seen.clone()]), 77);
        assert_eq!(seats(&[event(6, (0, 0, 5, 0)), seen.clone()]), 0);
        assert_eq!(doubt(&[first, seen], &other), None);
    }

    #[test]
    fn two_names_of_one_second_are_in_doubt_as_well() {
        let customer = StripeId::parse("cus_1").expect("an id");
        let first = event(1, (1, 1, 4, 0));
        let told = event(2, (1, 2, 4, 0)).told().expect("fit").expect("a fact");
        let doubt = stand(std::slice::from_ref(&first)).doubt(&customer, &told.fact);
        assert_eq!(doubt, Some((customer.clone(), 4)));
        let gone = event(3, (1, 7, 4, 0)).told().expect("fit").expect("a fact");
        assert_eq!(stand(&[first]).doubt(&customer, &gone.fact), None);
    }

    #[test]
    fn a_try_that_came_to_nothing_does_not_hide_the_plan_that_is_paid() {
        let paid = event(1, (0, 0, 1, 0));
        let failed = event(2, (0, 3, 5, 1));
        let standing = stand(&[failed, paid]);
        let counts = standing.subscription().expect("one");
        assert_eq!(
            (counts.id.as_str(), counts.status),
            ("sub_0", SubscriptionStatus::Active)
        );
    }

    #[test]
    fn the_card_that_is_shown_is_the_one_that_is_paid_with() {
        let first = event(1, (2, 1, 1, 0));
        let second = event(2, (2, 2, 2, 1));
        assert_eq!(
            stand(&[first.clone(), second.clone()])
                .card()
                .expect("a card")
                .last4
                .text(),
            "0002"
        );
        let usual = event(3, (1, 0, 3, 0));
        let events = [first, second, usual];
        assert_eq!(stand(&events).card().expect("a card").last4.text(), "0001");
        let gone = event(4, (2, 6, 4, 0));
        let events = [events.to_vec(), vec![gone]].concat();
        assert_eq!(stand(&events).card().expect("a card").last4.text(), "0002");
    }
}
