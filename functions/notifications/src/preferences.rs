//! What a member wants to be told, as they say and see it.

use serde::{Deserialize, Serialize};
use shared::{
    app::App,
    domain::{
        hours::{Minute, Weekday, Zone},
        push::{NotifyEvent, QuietHours},
        text::TimeZone,
    },
    http::{Problem, actor::Member},
    store::{DataKey, keys, notification::NotifyWishes},
};
use utoipa::ToSchema;

use crate::device;

/// When a member is left alone by their devices.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// By the clock of which zone.
    pub time_zone: Zone,
    /// On which days it begins.
    #[schema(min_items = 1, max_items = 7)]
    pub days: Vec<Weekday>,
    /// From when.
    #[schema(example = "22:00")]
    pub from: Minute,
    /// Until when; of the next day where that is not later.
    #[schema(example = "07:00")]
    pub to: Minute,
}

impl Quiet {
    /// As it is kept.
    pub fn parse(self) -> Result<(QuietHours, TimeZone), Problem> {
        let hours = QuietHours::new(self.days, self.from, self.to);
        let hours =
            hours.map_err(|fault| Problem::invalid("#/quiet_hours", &fault.code, &fault.detail))?;
        let zone = TimeZone::parse(self.time_zone.as_str());
        let zone = zone.map_err(|fault| {
            Problem::invalid("#/quiet_hours/time_zone", &fault.code, &fault.detail)
        })?;
        Ok((hours, zone))
    }

    fn of(wishes: &NotifyWishes) -> Option<Self> {
        let hours = wishes.quiet_hours.as_ref()?;
        let zone = Zone::parse(wishes.time_zone.as_ref()?.reveal()).ok()?;
        Some(Self {
            time_zone: zone,
            days: hours.days().to_vec(),
            from: hours.from(),
            to: hours.to(),
        })
    }
}

/// What a member is told, by each way.
#[derive(Serialize, ToSchema)]
pub struct WishesView {
    /// Of what by mail.
    email: Vec<NotifyEvent>,
    /// Of what in the product.
    in_app: Vec<NotifyEvent>,
    /// Of what on their devices.
    push: Vec<NotifyEvent>,
    /// When they are left alone by their devices; mail comes all the same.
    quiet_hours: Option<Quiet>,
}

impl WishesView {
    /// The view of what somebody wants.
    pub fn new(wishes: &NotifyWishes) -> Self {
        Self {
            email: wishes.email.clone(),
            in_app: wishes.in_app.clone(),
            push: wishes.push.clone(),
            quiet_hours: Quiet::of(wishes),
        }
    }
}

/// What a member wants, as it is kept, and what it is sealed with.
pub async fn found(app: &App, member: &Member) -> Result<(NotifyWishes, DataKey), Problem> {
    let entry = &member.entry;
    let head = keys::membership(entry.workspace, member.id);
    let place = keys::notify_wishes(entry.workspace, member.id);
    let mut wanted = device::of_owner(&head);
    wanted.push(place.clone());
    let fetched = app.store.batch(wanted).await?;
    let key = fetched.data_key(&head, &entry.tenant_key)?;
    let key = key.ok_or_else(Problem::not_found)?;
    let wishes = fetched.get::<NotifyWishes>(&place, &key, entry.lens())?;
    let unset = || NotifyWishes::unset(entry.workspace, member.id, entry.now);
    Ok((wishes.unwrap_or_else(unset), key))
}
