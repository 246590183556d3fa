//! Plans: what a deployment offers, what each allows, and which one a workspace has.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{StripeId, standing::Standing};
use crate::domain::{text::Fault, words::Symbol};

/// The most plans of a deployment.
const MOST_PLANS: usize = 20;
/// The longest trial, in days (Stripe's own limit is two years).
const MOST_TRIAL_DAYS: u32 = 730;

/// The name of a plan: 1 to 40 of `a` to `z`, `0` to `9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanName(String);

impl PlanName {
    /// Parses one.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=40).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Fault::new("bad_plan", "the name of a plan, such as team"))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Symbol for PlanName {
    fn symbol(&self) -> String {
        self.0.clone()
    }

    fn from_symbol(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Serialize for PlanName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PlanName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl utoipa::PartialSchema for PlanName {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[a-z0-9-]{1,40}$"))
            .examples([serde_json::json!("team")])
            .into()
    }
}

impl utoipa::ToSchema for PlanName {}

/// A plan that a deployment offers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// The price at Stripe, per seat; none for the plan of those who do not pay.
    pub price: Option<StripeId>,
    /// The most members; of a plan with a price, the most that can be bought.
    pub seats: Option<u32>,
    /// The most apps.
    pub apps: Option<u32>,
    /// The most that the files of its conversations may take up together, in mebibytes.
    pub files_mib: Option<u32>,
    /// Days that it can be tried for.
    #[serde(default)]
    pub trial_days: u32,
}

/// The plans of a deployment. The first one is that of those who do not pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plans(Vec<Plan>);

/// What a plan limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// Ways in for visitors.
    Apps,
    /// Members, and invitations that wait.
    Seats,
}

/// The plan that a workspace has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Which.
    pub plan: PlanName,
    /// How many seats are paid for.
    pub seats: u32,
}

impl Symbol for Granted {
    fn symbol(&self) -> String {
        format!("{}:{}", self.plan.0, self.seats)
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let (plan, seats) = text.split_once(':')?;
        Some(Self {
            plan: PlanName::from_symbol(plan)?,
            seats: seats.parse().ok()?,
        })
    }
}

impl Plans {
    /// Reads the setting of a deployment: a list in JSON.
    ///
    /// # Errors
    /// One line that says what it would have to be.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let plans: Vec<Plan> = serde_json::from_str(text)
            .map_err(|_| "a list in JSON: [{\"name\":\"free\",\"seats\":2},{\"name\":\"team\",\"price\":\"price_1\"}]")?;
        let free = plans.first().is_some_and(|first| first.price.is_none());
        if !free || plans.len() > MOST_PLANS {
            return Err("one plan without a price, which comes first, and 19 others at most");
        }
        let mut rest = plans.iter().skip(1);
        if rest.any(|plan| plan.price.is_none() || plan.trial_days > MOST_TRIAL_DAYS) {
            return Err("a price with every other plan, and trials of 730 days at most");
        }
        for (place, plan) in plans.iter().enumerate() {
            let twice = |other: &Plan| other.name == plan.name || other.price == plan.price;
            if plans.iter().skip(place + 1).any(twice) {
                return Err("each name and each price once");
            }
        }
        Ok(Self(plans))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Plan> {
        self.0.iter()
    }

    /// The plan of this name.
    pub fn named(&self, name: &PlanName) -> Option<&Plan> {
        self.0.iter().find(|plan| plan.name == *name)
    }

    /// The plan that a standing leads to; nothing where nobody pays, or for a price that is no longer
    /// offered under any name.
    pub fn granted(&self, standing: &Standing) -> Option<Granted> {
        let subscription = standing.subscription().filter(|one| one.status.is_good())?;
        let mut plans = self.0.iter();
        let plan = plans.find(|plan| plan.price.as_ref() == Some(&subscription.price))?;
        Some(Granted {
            plan: plan.name.clone(),
            seats: subscription.seats,
        })
    }

    /// The most that the files of a workspace with this plan may take up, in mebibytes; without an answer
    /// the plan does not say.
    pub fn most_file_mebibytes(&self, granted: Option<&Granted>) -> Option<u32> {
        let paid = granted.and_then(|granted| self.named(&granted.plan));
        paid.or_else(|| self.0.first())?.files_mib
    }

    /// The most of something that a workspace with this plan may have; without an answer it may have any
    /// number. A plan that is no longer offered is that of those who do not pay.
    pub fn most(&self, granted: Option<&Granted>, what: Limited) -> Option<u32> {
        let paid = granted.and_then(|granted| Some((self.named(&granted.plan)?, granted.seats)));
        match (paid, what) {
            (Some((_, seats)), Limited::Seats) => Some(seats),
            (Some((plan, _)), Limited::Apps) => plan.apps,
            (None, Limited::Seats) => self.0.first()?.seats,
            (None, Limited::Apps) => self.0.first()?.apps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANS: &str = r#"[{"name":"free","seats":2,"apps":1,"files_mib":50},
        {"name":"team","price":"price_team","seats":50,"trial_days":14}]"#;

    #[test]
    fn plans_are_read_and_everything_that_is_none_is_refused_in_words() {
        let plans = Plans::parse(PLANS).expect("plans");
        assert_eq!(plans.iter().count(), 2);
        for bad in [
            "",
            "{}",
            "[]",
            r#"[{"name":"team","price":"price_1"}]"#,
            r#"[{"name":"free"},{"name":"free2"}]"#,
            r#"[{"name":"free"},{"name":"free","price":"price_1"}]"#,
            r#"[{"name":"free"},{"name":"a","price":"price_1"},{"name":"b","price":"price_1"}]"#,
            r#"[{"name":"Free"}]"#,
            r#"[{"name":"free","seets":2}]"#,
            r#"[{"name":"free"},{"name":"a","price":"price_1","trial_days":731}]"#,
        ] {
            assert!(Plans::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plan_allows_what_was_bought_and_no_plan_what_costs_nothing() {
        let plans = Plans::parse(PLANS).expect("plans");
        let team = Granted {
            plan: PlanName::parse("team").expect("a name"),
            seats: 7,
        };
        assert_eq!(Granted::from_symbol(&team.symbol()), Some(team.clone()));
        assert_eq!(plans.most(None, Limited::Seats), Some(2));
        assert_eq!(plans.most(None, Limited::Apps), Some(1));
        assert_eq!(plans.most(Some(&team), Limited::Seats), Some(7));
        assert_eq!(plans.most(Some(&team), Limited::Apps), None);
        let gone = Granted {
            plan: PlanName::parse("old").expect("a name"),
            seats: 7,
        };
        assert_eq!(plans.most(Some(&gone), Limited::Seats), Some(2));
        assert_eq!(plans.most_file_mebibytes(None), Some(50));
        assert_eq!(plans.most_file_mebibytes(Some(&gone)), Some(50));
        assert_eq!(plans.most_file_mebibytes(Some(&team)), None);
    }
}
