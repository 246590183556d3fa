//! An event of Stripe's: its envelope, and the facts in it that we keep.
//!
//! Of the envelope six fields are read, and of an object only what we keep, wherever the present version of
//! Stripe's API puts it. So a field that is new, gone or of another shape fails nothing that does not need it.

use serde_json::Value;

use super::{
    Stamp, StripeId,
    card::CardDisplay,
    paper::{Adjustment, AdjustmentKind, Invoice, InvoiceStatus, PaperFact, Part},
    standing::{Address, Card, Customer, Subscription, SubscriptionStatus},
};
use crate::domain::card_number::masked;

crate::words! {
    /// What happened, among what we listen to.
    pub enum EventKind {
        /// A charge went back, in whole or in part.
        ChargeRefunded = "charge.refunded",
        /// A checkout was gone through.
        CheckoutCompleted = "checkout.session.completed",
        /// An invoice was corrected.
        CreditNoteCreated = "credit_note.created",
        /// A correction was changed.
        CreditNoteUpdated = "credit_note.updated",
        /// A correction was taken back.
        CreditNoteVoided = "credit_note.voided",
        /// A customer was made.
        CustomerCreated = "customer.created",
        /// A customer was deleted.
        CustomerDeleted = "customer.deleted",
        /// What a customer is called, or where, was changed.
        CustomerUpdated = "customer.updated",
        /// A subscription began.
        SubscriptionCreated = "customer.subscription.created",
        /// A subscription ended.
        SubscriptionDeleted = "customer.subscription.deleted",
        /// A subscription rests.
        SubscriptionPaused = "customer.subscription.paused",
        /// A subscription goes on.
        SubscriptionResumed = "customer.subscription.resumed",
        /// A trial ends in three days.
        TrialWillEnd = "customer.subscription.trial_will_end",
        /// A subscription was changed.
        SubscriptionUpdated = "customer.subscription.updated",
        /// An invoice got its number.
        InvoiceFinalized = "invoice.finalized",
        /// An invoice will not be paid any more.
        InvoiceUncollectible = "invoice.marked_uncollectible",
        /// An invoice was paid.
        InvoicePaid = "invoice.paid",
        /// A payment failed.
        InvoicePaymentFailed = "invoice.payment_failed",
        /// An invoice was changed.
        InvoiceUpdated = "invoice.updated",
        /// An invoice was taken back.
        InvoiceVoided = "invoice.voided",
        /// A card belongs to a customer from now on.
        CardAttached = "payment_method.attached",
        /// A bank told of a new card in the place of an old one.
        CardRenewed = "payment_method.automatically_updated",
        /// A card belongs to a customer no longer.
        CardDetached = "payment_method.detached",
        /// A card was changed.
        CardUpdated = "payment_method.updated",
        /// Anything else.
        Other = "other",
    }
}

/// Why bytes are no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnEvent(
    /// What an event would have.
    pub &'static str,
);

/// What an object of a kind lacks that we cannot do without: the event waits for somebody to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit(
    /// The field.
    pub &'static str,
);

/// An event of Stripe's.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: StripeId,
    /// What happened.
    pub kind: EventKind,
    /// When, in seconds since the epoch.
    pub created: i64,
    /// Whether it is about money, or about a test.
    pub livemode: bool,
    /// The connected account that it is about; none when it is about the account itself.
    pub account: Option<String>,
    /// What it happened to.
    object: Value,
    /// What was there before, of what changed.
    previous: Value,
}

/// What an event tells of a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Whom it is about.
    pub customer: StripeId,
    /// What it is.
    pub fact: Fact,
}

/// One thing that is so, as of its stamp.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// How a subscription stands.
    Subscription(Subscription),
    /// What a customer is called and where.
    Customer(Customer),
    /// That a card may be paid with, or may not any more.
    Card(Card),
    /// A document.
    Paper(Box<PaperFact>),
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// What it would need to be one.
    pub fn parse(body: &[u8]) -> Result<Self, NotAnEvent> {
        let value = serde_json::from_slice(body).map_err(|_| NotAnEvent("JSON"))?;
        Self::read(value)
    }

    /// Reads an event that has been parsed already.
    ///
    /// # Errors
    /// As [`Event::parse`].
    pub fn read(mut value: Value) -> Result<Self, NotAnEvent> {
        let id = value["id"].as_str().and_then(|id| StripeId::parse(id).ok());
        let kind = value["type"].as_str().ok_or(NotAnEvent("a type"))?;
        let kind = EventKind::parse(kind).unwrap_or(EventKind::Other);
        let data = value.get_mut("data").map(Value::take).unwrap_or_default();
        let part = |name: &str| data.get(name).cloned().unwrap_or_default();
        Ok(Self {
            id: id
                .filter(|id| id.as_str().starts_with("evt_"))
                .ok_or(NotAnEvent("an id"))?,
            kind,
            created: value["created"].as_i64().ok_or(NotAnEvent("a time"))?,
            livemode: value["livemode"].as_bool().ok_or(NotAnEvent("a mode"))?,
            account: value["account"].as_str().map(str::to_owned),
            object: part("object"),
            previous: part("previous_attributes"),
        })
    }

    /// What Stripe shows of a subscription or a customer, when it is asked, as an event of the stamp.
    pub fn seen(object: Value, stamp: Stamp, livemode: bool) -> Self {
        let kind = match (object["object"].as_str(), &object["deleted"]) {
            (Some("customer"), Value::Bool(true)) => EventKind::CustomerDeleted,
            (Some("customer"), _) => EventKind::CustomerUpdated,
            (Some("subscription"), _) => EventKind::SubscriptionUpdated,
            _ => EventKind::Other,
        };
        Self {
            id: stamp.event,
            kind,
            created: stamp.at,
            livemode,
            account: None,
            object,
            previous: Value::Null,
        }
    }

    /// The id of what it happened to, if it says one.
    pub fn object_id(&self) -> Option<StripeId> {
        id(&self.object["id"])
    }

    /// Its place among what is told of one thing.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            at: self.created,
            event: self.id.clone(),
        }
    }

    /// What it tells that we keep; nothing for kinds that we only know.
    ///
    /// # Errors
    /// The field that an object of this kind would have.
    pub fn told(&self) -> Result<Option<Told>, Unfit> {
        use EventKind as E;
        let object = &self.object;
        let (customer, fact) = match self.kind {
            E::CheckoutCompleted | E::Other => return Ok(None),
            E::CustomerCreated | E::CustomerUpdated | E::CustomerDeleted => {
                let customer = id(&object["id"]).ok_or(Unfit("id"))?;
                (customer, Fact::Customer(self.customer()))
            }
            E::SubscriptionCreated
            | E::SubscriptionDeleted
            | E::SubscriptionPaused
            | E::SubscriptionResumed
            | E::SubscriptionUpdated
            | E::TrialWillEnd => {
                let fact = Fact::Subscription(self.subscription()?);
                (reference(&object["customer"])?, fact)
            }
            E::CardAttached | E::CardDetached | E::CardRenewed | E::CardUpdated => {
                let before = &self.previous["customer"];
                let customer = reference(&object["customer"]).or_else(|_| reference(before))?;
                (customer, Fact::Card(self.card()?))
            }
            E::InvoiceFinalized
            | E::InvoicePaid
            | E::InvoicePaymentFailed
            | E::InvoiceUncollectible
            | E::InvoiceUpdated
            | E::InvoiceVoided => match self.invoice()? {
                Some(fact) => (reference(&object["customer"])?, Fact::Paper(Box::new(fact))),
                // What is not final has no number and is nobody's document yet.
                None => return Ok(None),
            },
            E::CreditNoteCreated
            | E::CreditNoteUpdated
            | E::CreditNoteVoided
            | E::ChargeRefunded => {
                // Whoever is charged without being a customer has no plan here.
                if object["customer"].is_null() {
                    return Ok(None);
                }
                let fact = Fact::Paper(Box::new(self.adjustment()?));
                (reference(&object["customer"])?, fact)
            }
        };
        Ok(Some(Told { customer, fact }))
    }

    fn customer(&self) -> Customer {
        let object = &self.object;
        let gone = self.kind == EventKind::CustomerDeleted || object["deleted"] == true;
        let unless_gone = |value: &Value| text(value).filter(|_| !gone);
        Customer {
            gone,
            name: unless_gone(&object["name"]),
            email: unless_gone(&object["email"]),
            address: Address::read(&object["address"]).filter(|_| !gone),
            card: reference(&object["invoice_settings"]["default_payment_method"]).ok(),
            stamp: self.stamp(),
        }
    }

    fn subscription(&self) -> Result<Subscription, Unfit> {
        let object = &self.object;
        let status = object["status"]
            .as_str()
            .and_then(SubscriptionStatus::parse);
        let status = match self.kind {
            EventKind::SubscriptionDeleted => SubscriptionStatus::Canceled,
            _ => status.ok_or(Unfit("status"))?,
        };
        let item = &object["items"]["data"][0];
        let price = id(&item["price"]["id"]).or_else(|| id(&object["plan"]["id"]));
        let seconds = |value: &Value| value.as_i64();
        Ok(Subscription {
            id: id(&object["id"]).ok_or(Unfit("id"))?,
            item: id(&item["id"]),
            price: price.ok_or(Unfit("items.data.price"))?,
            status,
            seats: item["quantity"]
                .as_u64()
                .or_else(|| object["quantity"].as_u64())
                .and_then(|seats| u32::try_from(seats).ok())
                .unwrap_or(1),
            ends_with_period: object["cancel_at_period_end"] == true
                || seconds(&object["cancel_at"]).is_some(),
            // Since 2025 it stands with the item.
            period_ends_at: seconds(&item["current_period_end"])
                .or_else(|| seconds(&object["current_period_end"])),
            trial_ends_at: seconds(&object["trial_end"]),
            card: reference(&object["default_payment_method"]).ok(),
            began_at: seconds(&object["created"]).unwrap_or(self.created),
            stamp: self.stamp(),
        })
    }

    fn card(&self) -> Result<Card, Unfit> {
        let gone = self.kind == EventKind::CardDetached;
        Ok(Card {
            id: id(&self.object["id"]).ok_or(Unfit("id"))?,
            gone,
            // Other ways to pay have nothing that is shown.
            shown: CardDisplay::read(&self.object["card"]).filter(|_| !gone),
            stamp: self.stamp(),
        })
    }

    fn invoice(&self) -> Result<Option<PaperFact>, Unfit> {
        let object = &self.object;
        let status = object["status"].as_str();
        let status = match self.kind {
            EventKind::InvoicePaid => InvoiceStatus::Paid,
            EventKind::InvoiceVoided => InvoiceStatus::Void,
            EventKind::InvoiceUncollectible => InvoiceStatus::Uncollectible,
            _ if status == Some("draft") => return Ok(None),
            _ => status
                .and_then(InvoiceStatus::parse)
                .ok_or(Unfit("status"))?,
        };
        let moved = &object["status_transitions"];
        let issued_at = moved["finalized_at"]
            .as_i64()
            .or_else(|| object["created"].as_i64())
            .ok_or(Unfit("created"))?;
        let amount = |name: &str| object[name].as_i64();
        let tax_ids = object["customer_tax_ids"].as_array();
        let tax_ids = tax_ids
            .into_iter()
            .flatten()
            .filter_map(|one| text(&one["value"]));
        let invoice = Invoice {
            number: text(&object["number"]),
            status,
            currency: currency(object)?,
            total: amount("total").ok_or(Unfit("total"))?,
            paid: amount("amount_paid").unwrap_or(0),
            name: text(&object["customer_name"]),
            address: Address::read(&object["customer_address"]),
            tax_ids: tax_ids.take(10).collect(),
            issued_at,
            stamp: self.stamp(),
        };
        let last = [issued_at, self.created].into_iter().max();
        Ok(Some(PaperFact {
            paper: id(&object["id"]).ok_or(Unfit("id"))?,
            moved_at: last.unwrap_or(issued_at),
            part: Part::Invoice(invoice),
        }))
    }

    fn adjustment(&self) -> Result<PaperFact, Unfit> {
        let object = &self.object;
        let own = id(&object["id"]).ok_or(Unfit("id"))?;
        let (kind, amount) = match self.kind {
            EventKind::ChargeRefunded => (AdjustmentKind::Refund, &object["amount_refunded"]),
            _ => (AdjustmentKind::CreditNote, &object["amount"]),
        };
        let voided = self.kind == EventKind::CreditNoteVoided || object["status"] == "void";
        let adjustment = Adjustment {
            kind,
            number: text(&object["number"]),
            currency: currency(object)?,
            amount: amount.as_i64().ok_or(Unfit("amount"))?,
            voided,
            made_at: object["created"].as_i64().unwrap_or(self.created),
            stamp: self.stamp(),
        };
        Ok(PaperFact {
            // One that names no invoice is a document of its own.
            paper: reference(&object["invoice"]).unwrap_or_else(|_| own.clone()),
            moved_at: self.created,
            part: Part::Adjustment(own, adjustment),
        })
    }
}

fn currency(object: &Value) -> Result<String, Unfit> {
    let code = object["currency"].as_str().unwrap_or_default();
    let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    match fits {
        true => Ok(code.to_ascii_lowercase()),
        false => Err(Unfit("currency")),
    }
}

fn id(value: &Value) -> Option<StripeId> {
    StripeId::parse(value.as_str()?).ok()
}

/// What an object leads to: its id, or itself where Stripe was asked to put it there.
fn reference(value: &Value) -> Result<StripeId, Unfit> {
    id(value)
        .or_else(|| id(&value["id"]))
        .ok_or(Unfit("customer"))
}

/// A text of somebody's, as long as such texts are, without what controls a terminal and without cards.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    let text: String = text.chars().filter(|char| !char.is_control()).collect();
    let text = masked(text).chars().take(200).collect::<String>();
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event(kind: &str, object: Value) -> Value {
        json!({
            "id": "evt_1", "object": "event", "type": kind, "created": 1_768_478_400, "livemode": false,
            "api_version": "2030-01-01.later", "data": { "object": object },
        })
    }

    fn subscription() -> Value {
        json!({
            "id": "sub_1", "customer": "cus_1", "status": "active", "created": 1_768_478_000,
            "items": { "data": [{ "id": "si_1", "price": { "id": "price_1" }, "quantity": 3,
                "current_period_end": 1_771_156_800 }] },
        })
    }

    fn told(value: Value) -> Result<Option<Told>, Unfit> {
        Event::read(value).expect("an event").told()
    }

    #[test]
    fn an_envelope_needs_six_fields_and_minds_no_others() {
        let good = event("customer.subscription.updated", subscription());
        let read = Event::read(good.clone()).expect("an event");
        assert_eq!(read.kind, EventKind::SubscriptionUpdated);
        for name in ["id", "type", "created", "livemode"] {
            let mut bad = good.clone();
            bad.as_object_mut().expect("an object").remove(name);
            assert!(Event::read(bad).is_err(), "{name}");
        }
        for body in ["", "{", "[]", "null", "\"evt_1\"", "{\"id\":5}"] {
            assert!(Event::parse(body.as_bytes()).is_err(), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(
            Event::parse(deep.as_bytes()).err(),
            Some(NotAnEvent("JSON"))
        );
    }

    #[test]
    fn what_we_do_not_listen_to_tells_nothing_and_fails_nothing() {
        for kind in ["entitlements.active_entitlement_summary.updated", "x", ""] {
            assert_eq!(told(event(kind, json!({ "id": 5 }))), Ok(None), "{kind}");
        }
        assert_eq!(
            told(event("checkout.session.completed", json!([]))),
            Ok(None)
        );
    }

    #[test]
    fn a_shape_that_we_cannot_use_names_the_field_and_is_no_panic() {
        let mut sub = subscription();
        sub["status"] = json!("brand_new");
        assert_eq!(
            told(event("customer.subscription.updated", sub)),
            Err(Unfit("status"))
        );
        let kinds = EventKind::ALL.iter().map(|kind| kind.word());
        for kind in kinds {
            for object in [json!(null), json!(7), json!([]), json!({}), json!("sub_1")] {
                let _ = told(event(kind, object));
            }
        }
    }

    #[test]
    fn older_and_newer_shapes_of_one_subscription_tell_the_same() {
        let newer = told(event("customer.subscription.updated", subscription()));
        let mut older = subscription();
        older["current_period_end"] = json!(1_771_156_800);
        older["items"]["data"][0]
            .as_object_mut()
            .expect("an item")
            .remove("current_period_end");
        older["customer"] = json!({ "id": "cus_1", "object": "customer" });
        assert_eq!(told(event("customer.subscription.updated", older)), newer);
    }

    /// CALL-12, FLOW-12
    #[test]
    fn a_card_that_somebody_typed_into_a_form_of_stripe_is_masked() {
        let customer = json!({ "id": "cus_1", "name": "Ada 4242 4242 4242 4242",
            "address": { "line1": "5555555555554444" } });
        let told = told(event("customer.updated", customer))
            .expect("fit")
            .expect("a fact");
        let shown = format!(
            "{:?}",
            serde_json::to_string(match &told.fact {
                Fact::Customer(customer) => customer,
                _ => panic!("a customer"),
            })
        );
        assert!(
            !shown.contains("4242 4242") && !shown.contains("55555555"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>, text in "\\PC{0,300}") {
            let _ = Event::parse(&body);
            let _ = Event::parse(text.as_bytes());
        }
    }
}
