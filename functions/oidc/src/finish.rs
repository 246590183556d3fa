//! `POST /v1/auth/oidc/{workspace}/finish`: what the provider sent back becomes a login session.
//!
//! Good once: the sign-in is used up before the provider is asked anything, so that a crash, a repetition
//! or a second bearer of the code never leads to two exchanges.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    app::{App, limit::Act},
    domain::{
        AccountId, ChallengeId, Timestamp, WorkspaceId, device::Device,
        retention::CHALLENGE_LIFETIME,
    },
    http::{Allowance, Client, Json, Path, Problem, Problems},
};
use utoipa::ToSchema;

use crate::{
    attempt::{self, Proof, Returned, failed, told},
    identity::{self, Person, SecondFactorSeen, Signed},
    provider::{self, NamesItself},
    token::{self, Fault},
};

/// What a provider sent back, and the proof of who began the sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishTeamSignIn {
    /// Of the reply to `start`.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "oh_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA"
    )]
    sign_in: String,
    /// The code that the provider added to the address.
    #[schema(min_length = 1, max_length = 4096, example = "SplxlOBeZQQYbYS6WxSbIA")]
    code: String,
    /// The `state` that came with it.
    #[schema(
        min_length = 1,
        max_length = 200,
        example = "os_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA"
    )]
    state: String,
    /// The `iss` that came with it, if one did.
    #[schema(max_length = 500, example = "https://id.example.com")]
    iss: Option<String>,
}

/// What a sign-in through a team leads to.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum TeamSignInReply {
    /// Signed in, into the one workspace.
    SignedIn(TeamSignedIn),
    /// The account has a second factor of its own: `POST /v1/auth/second-factor` is next.
    Halfway(TeamHalfway),
}

/// Signed in, into the one workspace.
#[derive(Serialize, ToSchema)]
pub struct TeamSignedIn {
    /// `POST /v1/auth/refresh` gives the first access token for it.
    #[schema(example = "rt_agnlhm7kc57htgv5tmvzx3xqaamoj5oypksxilfrmv2m5qjlbhjfm.dGhlIHNlY3JldA")]
    refresh_token: String,
    /// Whose session it is.
    account: AccountId,
    /// What it is good for.
    workspace: WorkspaceId,
}

/// Half signed in.
#[derive(Serialize, ToSchema)]
pub struct TeamHalfway {
    /// What is asked for.
    second_factor: TeamFactorAsked,
}

/// What proves the second factor, and until when.
#[derive(Serialize, ToSchema)]
pub struct TeamFactorAsked {
    /// To be sent back with the code.
    challenge_id: ChallengeId,
    /// Until when.
    expires_at: Timestamp,
}

impl IntoResponse for TeamSignInReply {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "no-store")], Json(self)).into_response()
    }
}

/// Finish a sign-in through the team.
///
/// The session is good for this workspace and for nothing else.
#[utoipa::path(
    post,
    path = "/v1/auth/oidc/{workspace}/finish",
    operation_id = "finish_team_sign_in",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = FinishTeamSignIn,
    responses((status = 200, description = "Signed in, or asked for the account's own second factor.", body = TeamSignInReply), Problems),
    security(()),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    device: Device,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<FinishTeamSignIn>,
) -> Result<(Allowance, TeamSignInReply), Problem> {
    let allowed = admit(&app, &client, workspace).await?;
    let answer = Answer {
        code: body.code,
        state: body.state,
        iss: body.iss,
    };
    let proof = Proof::Handle(body.sign_in);
    let signed = finish(&app, &allowed, workspace, answer, &proof, device).await?;
    let reply = match signed {
        Signed::In {
            account,
            refresh_token,
        } => TeamSignInReply::SignedIn(TeamSignedIn {
            refresh_token,
            account,
            workspace,
        }),
        Signed::Halfway(challenge_id) => TeamSignInReply::Halfway(TeamHalfway {
            second_factor: TeamFactorAsked {
                challenge_id,
                expires_at: app.clock.now().plus(CHALLENGE_LIFETIME),
            },
        }),
    };
    Ok((allowed, reply))
}

/// Counts that somebody begins or ends a sign-in.
pub async fn admit(
    app: &App,
    client: &Client,
    workspace: WorkspaceId,
) -> Result<Allowance, Problem> {
    app.admit(client, Act::TeamSignIn, &workspace.to_string())
        .await
}

/// What a provider added to the address that it led back to.
pub struct Answer {
    /// To be exchanged.
    pub code: String,
    /// Which sign-in it answers.
    pub state: String,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
}

/// Finishes a sign-in, for whoever asks.
pub async fn finish(
    app: &App,
    allowed: &Allowance,
    workspace: WorkspaceId,
    answer: Answer,
    proof: &Proof,
    device: Device,
) -> Result<Signed, Problem> {
    debug_assert_eq!(allowed.act(), Act::TeamSignIn);
    let returned = attempt::take(app, workspace, &answer.state, proof, Vec::new()).await?;
    let person = person(app, &returned, &answer).await?;
    identity::sign_in(app, &returned, person, device).await
}

/// Who somebody is, by the provider's word: up to three calls to it.
async fn person(app: &App, returned: &Returned, answer: &Answer) -> Result<Person, Problem> {
    let Returned {
        attempt,
        provider,
        entry,
    } = returned;
    let key = &entry.tenant_key;
    let mut description = provider::known(app, provider).await.map_err(told)?;
    // An answer of another provider must not reach this one's token endpoint (RFC 9700, 4.4).
    match &answer.iss {
        Some(iss) if iss != provider.issuer.as_str() => {
            return Err(failed("an answer of another provider"));
        }
        None if description.names_itself == NamesItself::Always => {
            return Err(failed("an answer of nobody"));
        }
        _ => {}
    }
    let granted = description
        .exchange(app, provider, attempt, key, &answer.code)
        .await
        .map_err(told)?;
    let nonce = provider::nonce(attempt, key);
    let now = entry.now;
    let mut read = token::identity(&granted.id_token, provider, &description, &nonce, now);
    if matches!(read, Err(Fault::UnknownKey)) {
        description = provider::known_again(app, provider).await.map_err(told)?;
        read = token::identity(&granted.id_token, provider, &description, &nonce, now);
    }
    let claims = read.map_err(|fault| {
        tracing::info!(?fault, "an ID token was refused");
        failed("an ID token that is none")
    })?;
    if !claims.is_fresh_for(attempt, now) {
        return Err(failed("a proof at the provider that is too old"));
    }
    let (email, name) = match &claims.email {
        Some(email) => {
            let verified = claims.email_verified.as_ref();
            let email = identity::vouched(Some(email), verified, provider)?;
            (email, claims.name.clone())
        }
        None => {
            let described = description.describe(app, &granted, &claims.sub).await;
            let described = described.map_err(told)?;
            let verified = described.email_verified.as_ref();
            let email = identity::vouched(described.email.as_deref(), verified, provider)?;
            (email, described.name)
        }
    };
    Ok(Person {
        proved_at: claims.proved_at(now),
        second_factor: match claims.saw_second_factor(provider) {
            true => SecondFactorSeen::There,
            false => SecondFactorSeen::NotThere,
        },
        subject: claims.sub,
        session: claims.sid,
        email,
        name,
    })
}
