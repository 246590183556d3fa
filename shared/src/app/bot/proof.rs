//! Proving an address of mail within a flow: the visitor says the address, a code goes there, the visitor says
//! the code. The code is computed and stands nowhere but in the mail.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Standing;
use crate::{
    domain::{
        Timestamp,
        retention::CHALLENGE_LIFETIME,
        text::{Email, Text},
    },
    store::{
        StoreError, TenantKey,
        flow_run::{FlowCode, FlowRun, FlowTurn, Said, Then},
        message::Draft,
    },
};

/// How many codes one question mails at most.
const MOST_CODES: u8 = 5;
/// How many answers to one code are looked at.
const TRIES: u8 = 5;
/// How many digits a code has.
const DIGITS: usize = 8;

/// An address that is being proved, as the run keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Proof {
    address: String,
    code: Uuid,
    asked_at: Timestamp,
    tries: u8,
    /// Codes that this question has mailed.
    codes: u8,
}

/// What a message is where an address is to be proved.
pub enum Proving {
    /// The right code: the address is proved.
    Proven(String),
    /// An address, to which a code goes.
    Asked(Box<FlowTurn>),
    /// A code that is none, for the flow to say so; the run counts it.
    Wrong(FlowRun),
}

/// What a message is, if the run waits for an address to be proved.
///
/// # Errors
/// When the run does not read, or the machine has no chance.
pub fn proving(
    run: &FlowRun,
    draft: &Draft,
    tenant_key: &TenantKey,
    now: Timestamp,
) -> Result<Option<Proving>, StoreError> {
    let mut standing = Standing::of(run)?;
    let awaits = standing.awaits.as_ref();
    if awaits.is_none_or(|awaits| awaits["input"]["kind"] != "otp_email") {
        return Ok(None);
    }
    let said = draft.text.as_ref().map_or("", Text::reveal).trim();
    let mut proof = standing.proof.take();
    let mailed = proof.as_ref().map_or(0, |proof| proof.codes);
    let is_code = said.len() == DIGITS && said.bytes().all(|byte| byte.is_ascii_digit());
    if is_code && let Some(proof) = &mut proof {
        let in_time = now < proof.asked_at.plus(CHALLENGE_LIFETIME);
        let right = tenant_key.mailed_code(&proof.code.to_string()) == said;
        if proof.tries < TRIES && in_time && right {
            return Ok(Some(Proving::Proven(proof.address.clone())));
        }
        proof.tries = proof.tries.saturating_add(1);
    }
    let address = Email::parse(said).ok().filter(|_| mailed < MOST_CODES);
    let Some(address) = address else {
        standing.proof = proof;
        return Ok(Some(Proving::Wrong(standing.put(run.clone())?)));
    };
    let code = FlowCode::new(run, address.clone(), now)?;
    standing.proof = Some(Proof {
        address: address.reveal().to_owned(),
        code: code.id,
        asked_at: now,
        tries: 0,
        codes: mailed + 1,
    });
    let words = "A code of eight digits is on its way to this address. Please write it here.";
    let text = Text::parse(words).map_err(|_| StoreError::Corrupt("words of ours"))?;
    let id = super::message_id(run.conversation, &format!("code.{}", code.id), now);
    Ok(Some(Proving::Asked(Box::new(FlowTurn {
        run: standing.put(run.clone())?,
        said: vec![Said { id, text }],
        labels: Vec::new(),
        priority: None,
        team: None,
        marks: Vec::new(),
        code: Some(code),
        deeds: Vec::new(),
        asks: None,
        answers: None,
        then: Then::Flow,
    }))))
}
