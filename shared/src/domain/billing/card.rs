//! What is shown of a card: four digits, the scheme, the month it ends in (FLOW-13).

use serde::{Deserialize, Serialize};

crate::words! {
    /// The scheme of a card.
    pub enum CardBrand {
        /// American Express.
        Amex = "amex",
        /// Cartes Bancaires.
        CartesBancaires = "cartes_bancaires",
        /// Diners Club.
        Diners = "diners",
        /// Discover.
        Discover = "discover",
        /// EFTPOS Australia.
        Eftpos = "eftpos_au",
        /// JCB.
        Jcb = "jcb",
        /// Mastercard.
        Mastercard = "mastercard",
        /// UnionPay.
        UnionPay = "unionpay",
        /// Visa.
        Visa = "visa",
        /// Another one, or none that Stripe knows.
        Other = "other",
    }
}

/// The last digits of a number: four, and there is no room for a fifth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LastFour([u8; 4]);

impl LastFour {
    /// Four ASCII digits, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 4] = text.as_bytes().try_into().ok()?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then_some(Self(digits))
    }

    /// The four digits.
    pub fn text(self) -> String {
        self.0.iter().copied().map(char::from).collect()
    }
}

impl std::fmt::Debug for LastFour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LastFour(**)")
    }
}

impl Serialize for LastFour {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for LastFour {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("four digits"))
    }
}

impl utoipa::PartialSchema for LastFour {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9]{4}$"))
            .examples([serde_json::json!("4242")])
            .into()
    }
}

impl utoipa::ToSchema for LastFour {}

/// A card as it is shown to whoever pays with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CardDisplay {
    /// The scheme.
    pub brand: CardBrand,
    /// The last four digits.
    pub last4: LastFour,
    /// The month it ends in, 1 to 12.
    #[schema(example = 12)]
    pub exp_month: u8,
    /// The year of that month.
    #[schema(example = 2030)]
    pub exp_year: u16,
}

impl CardDisplay {
    /// What an object of Stripe's says of a card; nothing where it says less than a card has. Neither the
    /// fingerprint nor the country is looked at.
    pub fn read(card: &serde_json::Value) -> Option<Self> {
        let brand = card["brand"].as_str().and_then(CardBrand::parse);
        let exp_month = u8::try_from(card["exp_month"].as_u64()?).ok()?;
        Some(Self {
            brand: brand.unwrap_or(CardBrand::Other),
            last4: LastFour::parse(card["last4"].as_str()?)?,
            exp_month: Some(exp_month).filter(|month| (1..=12).contains(month))?,
            exp_year: u16::try_from(card["exp_year"].as_u64()?).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// FLOW-13
    #[test]
    fn a_card_keeps_four_digits_its_brand_and_its_end_and_nothing_else() {
        let told = json!({
            "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030,
            "number": "4242424242424242", "fingerprint": "Xt5EWLLDS7FJjR1c", "country": "DE",
        });
        let card = CardDisplay::read(&told).expect("a card");
        let kept = serde_json::to_value(card).expect("json");
        let expected =
            json!({ "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030 });
        assert_eq!(kept, expected);
        assert_eq!(format!("{:?}", card.last4), "LastFour(**)");
    }

    proptest! {
        #[test]
        fn five_digits_have_no_room(text in "[0-9]{0,20}|.{0,8}") {
            let four = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert_eq!(LastFour::parse(&text).is_some(), four);
            let card = json!({ "brand": "x", "last4": text, "exp_month": 1, "exp_year": 2030 });
            prop_assert_eq!(CardDisplay::read(&card).is_some(), four);
        }
    }
}
