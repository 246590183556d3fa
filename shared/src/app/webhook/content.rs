//! What a delivery says: ids, and where the customer chose it, what they stand for now. Nothing of that
//! was kept, so what has gone meanwhile is not in it.

use serde_json::{Map, Value, json};

use crate::{
    app::App,
    domain::{TenantId, policy::Lens},
    store::{
        RootRef, StoreError, TenantKey, Unsealed,
        attachment::Upload,
        contact::{Contact, Profile},
        conversation::Conversation,
        keys,
        message::{Audience, Message},
        privacy::PrivacyRequest,
        subject::State,
        webhook::{Delivery, Payload, Webhook},
    },
};

impl App {
    /// What a delivery says under `data`.
    pub(super) async fn content(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Value, StoreError> {
        let mut data = Map::new();
        data.insert("workspace_id".to_owned(), json!(delivery.workspace));
        if let Some(conversation) = delivery.conversation {
            data.insert("conversation_id".to_owned(), json!(conversation));
        }
        if let Some(seq) = delivery.seq {
            data.insert("seq".to_owned(), json!(seq));
        }
        if let Some(contact) = delivery.contact {
            data.insert("contact_id".to_owned(), json!(contact));
        }
        if let Some(attachment) = delivery.attachment {
            data.insert("attachment_id".to_owned(), json!(attachment));
        }
        if let Some(call) = delivery.call {
            data.insert("call_id".to_owned(), json!(call));
        }
        if let Some(flow) = delivery.flow {
            data.insert("flow_id".to_owned(), json!(flow));
        }
        if let Some(request) = delivery.request {
            data.insert("privacy_request_id".to_owned(), json!(request));
        }
        if webhook.payload == Payload::Full {
            let full = self.full(delivery, tenant_key, lens).await?;
            data.extend(full);
        }
        Ok(Value::Object(data))
    }

    async fn full(
        &self,
        delivery: &Delivery,
        tenant_key: &TenantKey,
        lens: Lens<'_>,
    ) -> Result<Map<String, Value>, StoreError> {
        let workspace = delivery.workspace;
        let mut full = Map::new();
        // A call leads to nobody we know, whatever conversation it was offered in: its ids are all.
        if delivery.call.is_some() {
            return Ok(full);
        }
        if let Some(id) = delivery.request {
            let place = keys::privacy_request(TenantId::Workspace(workspace), id);
            let fetched = self.store.batch(vec![place.clone()]).await?;
            let found = fetched.get::<PrivacyRequest>(&place, &Unsealed, lens)?;
            let told = found.map(|found| ("privacy_request".to_owned(), request(&found, lens)));
            full.extend(told);
            return Ok(full);
        }
        if let Some(id) = delivery.conversation {
            let head = keys::conversation(workspace, id);
            let at_message = delivery.seq.map(|seq| keys::message(workspace, id, seq));
            let at_file = delivery
                .attachment
                .map(|file| keys::upload(workspace, id, file));
            let mut wanted = vec![head.clone(), keys::data_key(&RootRef::of(&head))];
            wanted.extend(at_message.clone());
            wanted.extend(at_file.clone());
            let fetched = self.store.batch(wanted).await?;
            let head = fetched
                .get::<Conversation>(&head, &Unsealed, lens)?
                .filter(|head| head.state == State::Live);
            let Some(head) = head else {
                return Ok(full);
            };
            full.insert("conversation".to_owned(), conversation(&head, lens));
            let root = keys::conversation(workspace, id);
            let key = fetched.data_key(&root, tenant_key)?;
            let Some(key) = key else {
                return Ok(full);
            };
            let policy = head.policy(lens);
            let lens = Lens {
                policy: &policy,
                ..lens
            };
            if let Some(at) = at_message {
                let found = fetched.get::<Message>(&at, &key, lens)?;
                full.extend(found.map(|one| ("message".to_owned(), message(&one))));
            }
            if let Some(at) = at_file {
                let found = fetched.get::<Upload>(&at, &key, lens)?;
                full.extend(found.map(|one| ("attachment".to_owned(), attachment(&one))));
            }
            return Ok(full);
        }
        let Some(id) = delivery.contact else {
            return Ok(full);
        };
        let (head, profile) = (keys::contact(workspace, id), keys::profile(workspace, id));
        let wanted = vec![
            head.clone(),
            profile.clone(),
            keys::data_key(&RootRef::of(&head)),
        ];
        let fetched = self.store.batch(wanted).await?;
        let live = fetched
            .get::<Contact>(&head, &Unsealed, lens)?
            .filter(|contact| contact.state == State::Live);
        let Some(contact) = live else {
            return Ok(full);
        };
        let told = match fetched.data_key(&head, tenant_key)? {
            Some(key) => fetched.get::<Profile>(&profile, &key, lens)?,
            None => None,
        };
        full.insert(
            "contact".to_owned(),
            json!({
                "id": contact.id,
                "verified": contact.verified,
                "blocked": contact.blocked,
                "created_at": contact.created_at,
                "name": told.as_ref().and_then(|told| Some(told.name.as_ref()?.reveal().to_owned())),
                "email": told.as_ref().and_then(|told| Some(told.email.as_ref()?.reveal().to_owned())),
                "external_id": told.as_ref().and_then(|told| Some(told.external_id.as_ref()?.reveal().to_owned())),
            }),
        );
        Ok(full)
    }
}

fn conversation(head: &Conversation, lens: Lens<'_>) -> Value {
    json!({
        "id": head.id,
        "contact_id": head.contact,
        "status": head.status_at(lens.now),
        "snoozed_until": head.snoozed_until_at(lens.now),
        "assignee": head.assignee,
        "team_id": head.team,
        "labels": head.labels,
        "seq": head.seq,
        "created_at": head.created_at,
        "last_activity_at": head.last_activity_at,
        "rev": head.rev,
    })
}

fn attachment(upload: &Upload) -> Value {
    json!({
        "id": upload.id,
        "name": upload.name.reveal(),
        "content_type": upload.media,
        "bytes": upload.bytes,
        "state": upload.file_state,
        "author_id": upload.author.to_string(),
    })
}

fn request(head: &PrivacyRequest, lens: Lens<'_>) -> Value {
    json!({
        "id": head.id,
        "type": head.request,
        "made_by": head.made_by,
        "status": head.course().status_at(lens.now),
        "subject_id": head.subject.map(|subject| subject.to_string()),
        "received_at": head.received_at,
        "expected_by": head.expected_by,
    })
}

fn message(message: &Message) -> Value {
    json!({
        "id": message.id,
        "seq": message.seq,
        "kind": message.message_kind,
        "internal": message.audience == Audience::Team,
        "author_id": message.author.map(|author| author.to_string()),
        "text": message.text.as_ref().map(|text| text.reveal()),
        "event": message.event,
        "subject_seq": message.subject_seq,
        "reply_to_seq": message.reply_to_seq,
        "sent_at": message.sent_at,
        "edited_at": message.edited_at,
        "deleted_at": message.deleted_at,
        "rev": message.rev,
    })
}
