//! How much of a list one reply holds.

use serde::{Deserialize, Deserializer, de::Error as _};

use super::text::Fault;

/// The number of entries in a page: 1 to 100, 25 unless asked otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u16);

impl Limit {
    /// The most entries in a page.
    pub const MAX: u16 = 100;

    /// Entries in a page.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(25)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Query strings carry text.
        let text = String::deserialize(deserializer)?;
        match text.parse::<u16>() {
            Ok(limit) if (1..=Self::MAX).contains(&limit) => Ok(Self(limit)),
            _ => Err(D::Error::custom(Fault::new("out_of_range", "1 to 100"))),
        }
    }
}
