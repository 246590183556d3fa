//! How a workspace pays, as it is read and as it is shown.

use serde::Serialize;
use shared::{
    app::App,
    domain::{
        Permission, Timestamp, WorkspaceId,
        billing::{
            StripeId,
            card::CardDisplay,
            plan::{Limited, Plan, PlanName, Plans},
            standing::{Address, Standing, SubscriptionStatus},
        },
        text::Setting,
    },
    http::{AccessToken, Code, Member, Problem},
    store::{DataKey, Key, RootRef, billing::BillingAccount, keys},
};
use utoipa::ToSchema;

/// What reading it takes, for a batch on entry.
pub fn wanted(workspace: WorkspaceId) -> Vec<Key> {
    let head = keys::workspace(workspace);
    vec![
        keys::billing_account(workspace),
        keys::data_key(&RootRef::of(&head)),
    ]
}

/// A member who may, and how their workspace pays, if it has begun to. One round trip.
///
/// # Errors
/// As [`App::member`].
pub async fn enter<'a>(
    app: &'a App,
    token: &AccessToken,
    workspace: WorkspaceId,
    permission: Permission,
) -> Result<Entered<'a>, Problem> {
    let member = app
        .member(token, workspace, permission, wanted(workspace))
        .await?;
    let plans = app.config.plans.as_ref();
    let key = member.entry.data_key(&keys::workspace(workspace))?;
    let key = key.ok_or_else(|| Problem::internal("a workspace without a key"))?;
    let place = keys::billing_account(workspace);
    let account = member.entry.sealed::<BillingAccount>(&place, &key)?;
    Ok(Entered {
        member,
        plans,
        account,
        key,
    })
}

/// What [`enter`] found.
pub struct Entered<'a> {
    /// Who.
    pub member: Member,
    /// What is sold, if anything is.
    pub plans: Option<&'a Plans>,
    /// How the workspace pays.
    pub account: Option<BillingAccount>,
    /// What that is sealed with.
    pub key: DataKey,
}

impl Entered<'_> {
    /// What is sold.
    ///
    /// # Errors
    /// 403 `billing_off` where nothing is.
    pub fn sold(&self) -> Result<&Plans, Problem> {
        self.plans.ok_or_else(|| Problem::new(Code::BillingOff))
    }

    /// What Stripe calls who pays.
    ///
    /// # Errors
    /// 409 `no_subscription` when nobody ever did.
    pub fn customer(&self) -> Result<&StripeId, Problem> {
        let account = self.account.as_ref();
        let customer = account.map(|account| &account.customer);
        customer.ok_or_else(|| Problem::new(Code::NoSubscription))
    }

    /// The view of it.
    ///
    /// # Errors
    /// When the seats cannot be counted.
    pub async fn view(&self, app: &App) -> Result<BillingView, Problem> {
        let entry = &self.member.entry;
        let used = app.used(entry, Limited::Seats).await?;
        let nothing = Standing::default();
        let standing = self.account.as_ref().map_or(&nothing, |one| &one.standing);
        let subscription = standing.subscription();
        let at = |seconds: Option<i64>| seconds.map(|at| Timestamp::from_ms(at * 1000));
        let granted = entry.policy.plan.as_ref();
        let plans = || self.plans.into_iter().flat_map(Plans::iter);
        let named = |plan: &&Plan| granted.is_some_and(|granted| granted.plan == plan.name);
        let plan = plans().find(named).or_else(|| plans().next());
        Ok(BillingView {
            plan: plan.map(|plan| plan.name.clone()),
            status: subscription.map(|one| one.status),
            seats: Seats {
                used,
                paid: granted.map(|granted| granted.seats),
                most: self
                    .plans
                    .and_then(|plans| plans.most(granted, Limited::Seats)),
            },
            renews: subscription.map(|one| !one.ends_with_period),
            period_ends_at: at(subscription.and_then(|one| one.period_ends_at)),
            trial_ends_at: at(subscription.and_then(|one| one.trial_ends_at)),
            card: standing.card(),
            name: standing.customer().and_then(|one| one.name.clone()),
            email: standing.customer().and_then(|one| one.email.clone()),
            address: standing.customer().and_then(|one| one.address.clone()),
            plans: plans().map(Offer::of).collect(),
        })
    }
}

/// How a workspace pays.
#[derive(Serialize, ToSchema)]
pub struct BillingView {
    /// The plan that it has.
    plan: Option<PlanName>,
    /// How its subscription stands, if it ever had one.
    #[schema(example = "active")]
    status: Option<SubscriptionStatus>,
    /// Its seats.
    seats: Seats,
    /// Whether the subscription goes on after what is paid.
    renews: Option<bool>,
    /// When what is paid ends.
    period_ends_at: Option<Timestamp>,
    /// When the trial ends, or ended.
    trial_ends_at: Option<Timestamp>,
    /// What it is paid with.
    card: Option<CardDisplay>,
    /// Who pays.
    #[schema(example = "Example GmbH")]
    name: Option<String>,
    /// Where invoices are mailed.
    #[schema(example = "books@example.com")]
    email: Option<String>,
    /// Where they are billed.
    address: Option<Address>,
    /// What is offered.
    plans: Vec<Offer>,
}

/// The seats of a workspace: members, and invitations that wait.
#[derive(Serialize, ToSchema)]
pub struct Seats {
    /// How many are used.
    #[schema(example = 3)]
    used: u32,
    /// How many are paid for.
    #[schema(example = 5)]
    paid: Option<u32>,
    /// How many may be used; any number, when absent.
    #[schema(example = 5)]
    most: Option<u32>,
}

/// A plan that is offered.
#[derive(Serialize, ToSchema)]
#[schema(as = OfferedPlan)]
pub struct Offer {
    /// Its name.
    name: PlanName,
    /// Whether it is paid for.
    paid: bool,
    /// The most seats.
    #[schema(example = 50)]
    seats: Option<u32>,
    /// The most apps.
    #[schema(example = 5)]
    apps: Option<u32>,
    /// The most that files of conversations may take up together, in mebibytes.
    #[schema(example = 10240)]
    files_mib: Option<u32>,
    /// Days that it can be tried for.
    #[schema(example = 14)]
    trial_days: u32,
}

impl Offer {
    fn of(plan: &Plan) -> Self {
        Self {
            name: plan.name.clone(),
            paid: plan.price.is_some(),
            seats: plan.seats,
            apps: plan.apps,
            files_mib: plan.files_mib,
            trial_days: plan.trial_days,
        }
    }
}

/// A page of Stripe's that whoever pays is led to.
#[derive(Serialize, ToSchema)]
pub struct HostedPage {
    /// Where it is. It is good for a while and for whoever has it: lead there at once, and keep it nowhere.
    #[schema(example = "https://checkout.stripe.com/c/pay/cs_test_a1b2c3")]
    pub url: String,
}

/// Where Stripe leads back to: `https`, or this machine.
///
/// # Errors
/// 422 for anything else.
pub fn back_to(app: &App, asked: Option<&Setting>) -> Result<String, Problem> {
    let Some(asked) = asked else {
        return Ok(format!("{}/account", app.config.issuer));
    };
    let text = asked.as_str();
    let here = ["http://127.0.0.1:", "http://localhost:"];
    if text.starts_with("https://") || here.iter().any(|begin| text.starts_with(begin)) {
        Ok(text.to_owned())
    } else {
        Err(Problem::invalid(
            "#/return_url",
            "bad_url",
            "an address that opens with https://",
        ))
    }
}
