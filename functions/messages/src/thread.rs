//! What sending and reading have in common: which part of a thread, which files, and the reply.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    domain::{
        AttachmentId, ConversationId, WorkspaceId,
        attachment::{FileState, Files, MAX_FILES},
        page::Limit,
        policy::{Lens, Module},
        text::Text,
    },
    http::{Code, Json, Problem, actor::Entry, view::MessageView},
    store::{
        Key, SubjectId,
        attachment::{Attachment, Upload},
        keys,
        message::{Appended, Span},
    },
};

pub use shared::http::thread::{Thread, own, seen, wanted};

/// The reply to a send: 201, or 200 when the same message had arrived before.
pub fn answer(appended: Appended, entry: &Entry) -> Result<Response, Problem> {
    let (status, message, policy) = match appended {
        Appended::New(message, head) => (StatusCode::CREATED, message, head.policy(entry.lens())),
        Appended::Replayed(message) => (StatusCode::OK, message, entry.policy.clone()),
        Appended::OtherContent => return Err(Problem::new(Code::MessageIdReused)),
        Appended::FilesGone(at) => return Err(unknown_file(at)),
        Appended::Gone => return Err(Problem::not_found()),
        Appended::Turned | Appended::OtherTurn => return Err(Problem::new(Code::Unavailable)),
    };
    Ok((status, Json(MessageView::new(&message, &policy))).into_response())
}

/// What a message consists of besides its sender: a text, files, or both.
pub struct Content {
    pub text: Option<Text>,
    pub files: Vec<AttachmentId>,
}

impl Content {
    /// Refuses a message of nothing, and too many files or one twice.
    pub fn check(text: Option<Text>, files: Vec<AttachmentId>) -> Result<Self, Problem> {
        if text.is_none() && files.is_empty() {
            return Err(Problem::invalid(
                "#/text",
                "required",
                "a text, or files in attachments",
            ));
        }
        let twice = |(at, id): (usize, &AttachmentId)| files[..at].contains(id);
        if files.len() > MAX_FILES || files.iter().enumerate().any(twice) {
            let detail = format!("at most {MAX_FILES} files, each once");
            return Err(Problem::invalid("#/attachments", "out_of_range", &detail));
        }
        Ok(Self { text, files })
    }

    /// What entering the thread reads: its files too, whether they wait or were sent before by the
    /// same request.
    pub fn wanted(&self, workspace: WorkspaceId, conversation: ConversationId) -> Vec<Key> {
        let mut all = wanted(workspace, conversation);
        for id in &self.files {
            all.push(keys::upload(workspace, conversation, *id));
            all.push(keys::attachment(workspace, conversation, *id));
        }
        all
    }

    /// The files, if they are the author's, of this thread, and clean.
    pub fn files(
        &self,
        entry: &Entry,
        thread: &Thread,
        author: SubjectId,
    ) -> Result<Files, Problem> {
        if self.files.is_empty() {
            return Ok(Files::default());
        }
        entry.require(Module::Attachments)?;
        let (workspace, conversation) = (entry.workspace, thread.head.id);
        let policy = thread.head.policy(entry.lens());
        let lens = Lens {
            policy: &policy,
            ..entry.lens()
        };
        let mut files = Vec::new();
        for (at, id) in self.files.iter().enumerate() {
            let waits = keys::upload(workspace, conversation, *id);
            let waits = entry.fetched().get::<Upload>(&waits, &thread.key, lens)?;
            if let Some(upload) = waits.filter(|upload| upload.author == author) {
                match upload.file_state {
                    FileState::Clean => files.push(upload.file()),
                    FileState::Pending | FileState::Scanning => {
                        return Err(Problem::new(Code::ScanPending));
                    }
                    FileState::Infected => return Err(Problem::new(Code::Infected)),
                    FileState::Refused | FileState::Unscannable => {
                        return Err(Problem::new(Code::FileRefused));
                    }
                }
                continue;
            }
            // Sent before, by an earlier try of this request or with another message: which of the
            // two, the transaction finds out.
            let sent = keys::attachment(workspace, conversation, *id);
            let sent = entry
                .fetched()
                .get::<Attachment>(&sent, &thread.key, lens)?;
            let sent = sent.filter(|sent| sent.author == author);
            files.push(sent.ok_or_else(|| unknown_file(at))?.file());
        }
        Ok(Files::new(files))
    }
}

fn unknown_file(at: usize) -> Problem {
    Problem::invalid(
        &format!("#/attachments/{at}"),
        "unknown_file",
        "a file that its sender uploaded to this conversation, for one message, within a day",
    )
}

/// Which part of a thread to list: at most one of the three; without any, the newest.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// Messages after this number, oldest first: how a client catches up.
    after_seq: Option<u64>,
    /// The nearest messages before this number: how a client scrolls back.
    before_seq: Option<u64>,
    /// Messages on both sides of this number: how a client opens a link to a message.
    around_seq: Option<u64>,
    /// How many: 1 to 100, 25 unless asked otherwise.
    #[serde(default)]
    #[param(value_type = u16, minimum = 1, maximum = 100)]
    pub limit: Limit,
}

impl Part {
    /// The part as storage takes it.
    pub fn span(&self) -> Result<Span, Problem> {
        match (self.after_seq, self.before_seq, self.around_seq) {
            (None, None, None) => Ok(Span::Newest),
            (Some(seq), None, None) => Ok(Span::After(seq)),
            (None, Some(seq), None) => Ok(Span::Before(seq)),
            (None, None, Some(seq)) => Ok(Span::Around(seq)),
            _ => Err(Problem::invalid(
                "?after_seq",
                "ambiguous",
                "only one of after_seq, before_seq and around_seq",
            )),
        }
    }
}
