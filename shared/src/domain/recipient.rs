//! Who may get something from us besides AWS: a closed list, which the egress door asks for and the
//! list of subprocessors is rendered from. A kind that is not here can be sent nothing.

use crate::words;

words! {
    /// A kind of recipient outside of AWS.
    pub enum Recipient {
        /// Apple's push service.
        Apple = "apple",
        /// The push service of somebody's browser.
        BrowserPush = "browser_push",
        /// Expo's push service.
        Expo = "expo",
        /// A server that a flow asks, at an address that the team wrote into the flow.
        FlowServer = "flow_server",
        /// Firebase Cloud Messaging, and what gives out tokens for it.
        Google = "google",
        /// The sign-in service of a team, at an address that the owner of a workspace set.
        IdentityProvider = "identity_provider",
        /// A service of a customer that is told what happens, at an address that its team set.
        Webhook = "webhook",
        /// Stripe, where the operator sells plans.
        Stripe = "stripe",
    }
}

/// Who decided that a recipient gets something (GDPR Art. 28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// The customer, who instructs us: it is the customer's recipient and not our subprocessor.
    Customer,
    /// The operator: it is a subprocessor.
    Operator,
}

impl Recipient {
    /// Who chose it.
    pub const fn chosen_by(self) -> ChosenBy {
        match self {
            Self::Apple
            | Self::BrowserPush
            | Self::Expo
            | Self::FlowServer
            | Self::Google
            | Self::IdentityProvider
            | Self::Webhook => ChosenBy::Customer,
            Self::Stripe => ChosenBy::Operator,
        }
    }

    /// What readers of the policy call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FlowServer => "A server of the customer that a flow asks",
            Self::Apple => "Apple (push service)",
            Self::Expo => "Expo (push service)",
            Self::Google => "Google (Firebase Cloud Messaging)",
            Self::BrowserPush => {
                "The push services of browsers (Apple, Google, Microsoft, Mozilla)"
            }
            Self::IdentityProvider => "The identity provider of a team",
            Self::Webhook => "A service of the customer that is told what happens",
            Self::Stripe => "Stripe",
        }
    }

    /// Its hosts, those that begin with a dot with everything below them; none where each customer names its own.
    /// The egress door refuses others.
    pub const fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Apple => &["api.push.apple.com", "api.sandbox.push.apple.com"],
            // Whoever registers a device names the host that we then call, so it is one of these.
            Self::BrowserPush => &[
                "fcm.googleapis.com",
                ".push.services.mozilla.com",
                ".push.apple.com",
                ".notify.windows.com",
            ],
            Self::Expo => &["exp.host"],
            Self::Google => &["fcm.googleapis.com", "oauth2.googleapis.com"],
            Self::Stripe => &["api.stripe.com"],
            Self::FlowServer | Self::IdentityProvider | Self::Webhook => &[],
        }
    }

    /// Whether a host is one of its own.
    pub fn is_at(self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut hosts = self.hosts().iter();
        let of = |known: &&str| match known.starts_with('.') {
            true => host.ends_with(known),
            false => host == *known,
        };
        self.hosts().is_empty() || hosts.any(of)
    }

    /// What it gets, and what for.
    pub const fn gets(self) -> &'static str {
        match self {
            Self::FlowServer => {
                "answers a flow that the team built; gets what the flow puts into its requests, and what is personal of that only where the customer named its host"
            }
            Self::Apple => {
                "brings notifications to iPhones, where the customer switched that on; gets the customer's own token and the device's, opaque ids, and a sentence that says what happened and nothing of what was said"
            }
            Self::Expo => {
                "brings notifications to apps that are built with Expo, where the customer switched that on; gets the device's token, opaque ids, and a sentence that says what happened and nothing of what was said"
            }
            Self::Google => {
                "brings notifications to Android and others, where the customer switched that on; gets the customer's own token and the device's, opaque ids, and a sentence that says what happened and nothing of what was said"
            }
            Self::BrowserPush => {
                "brings notifications to browsers, where the customer switched that on; gets the address of the browser there, and opaque ids that it cannot read"
            }
            Self::IdentityProvider => {
                "signs the team's members in; gets the secrets of that sign-in and no data of anybody"
            }
            Self::Webhook => {
                "is told what happens in the workspace; gets opaque ids, and what they stand for only where the customer chose the full payload"
            }
            Self::Stripe => {
                "takes payments for plans where the operator sells some; gets the id of the workspace, the number of its seats, and what whoever pays types there"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_is_at_its_own_hosts_and_a_customer_names_its_own() {
        assert!(
            Recipient::Stripe.is_at("api.stripe.com") && Recipient::Stripe.is_at("API.stripe.com.")
        );
        assert!(!Recipient::Stripe.is_at("api.stripe.com.example.com"));
        assert!(Recipient::BrowserPush.is_at("updates.push.services.mozilla.com"));
        assert!(!Recipient::BrowserPush.is_at("evilpush.services.mozilla.com"));
        assert!(!Recipient::Apple.is_at("fcm.googleapis.com"));
        assert!(Recipient::Webhook.is_at("hooks.example.com"));
    }
}
