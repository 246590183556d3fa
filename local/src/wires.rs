//! The wires of the embedded AWS services: DynamoDB, KMS, SES v2 and S3 on loopback.
//!
//! They run on a thread of their own. The database blocks whatever thread it runs on, for
//! milliseconds when it waits for the disk, and the gateway must not wait with it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;

use crate::account;
use crate::data::Data;
use crate::kms::Kms;
use crate::mail::Mailbox;
use crate::objects::Objects;
use crate::pushes::Pushes;

/// How long requests in flight may take to end when the stack stops.
const GRACE: Duration = Duration::from_secs(2);

/// The running services. They stop when this value goes.
pub struct Wires {
    /// Base URL of the DynamoDB service.
    pub dynamodb: String,
    /// The access key that requests are signed with. The embedded services take any; a DynamoDB elsewhere knows
    /// whose tables are meant by it.
    pub access_key: String,
    /// Base URL of the KMS service.
    pub kms: String,
    /// Base URL of the SES v2 service.
    pub mail: String,
    /// Base URL of the S3 service; buckets are the first part of the path.
    pub objects: String,
    /// Base URL of those who bring notifications.
    pub pushes: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Wires {
    /// Starts the services on free ports.
    ///
    /// # Errors
    /// When the system gives no port or no thread.
    pub fn start(
        data: &Data,
        kms: Kms,
        mailbox: Mailbox,
        objects: Objects,
        pushes: Pushes,
    ) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (data_listener, embedded) = listen()?;
        let (dynamodb, access_key) = match data.served_elsewhere() {
            Some((url, account)) => (url.to_owned(), account.to_owned()),
            None => (embedded, "embedded".to_owned()),
        };
        let (kms_listener, kms_url) = listen()?;
        let (mail_listener, mail) = listen()?;
        let (objects_listener, objects_url) = listen()?;
        let (pushes_listener, pushes_url) = listen()?;
        let database = data.database().clone();
        let objects = objects.router(&access_key);
        let thread = std::thread::Builder::new()
            .name("wires".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let served = runtime.and_then(|runtime| {
                    runtime.block_on(async {
                        let data_listener = tokio::net::TcpListener::from_std(data_listener)?;
                        let data = dynoxide::server::serve_with_shutdown(
                            data_listener,
                            database,
                            until_stopped(stopped.clone()),
                        );
                        let all = async {
                            tokio::join!(
                                async { data.await.map_err(io::Error::other) },
                                serve(kms_listener, kms.router(), stopped.clone()),
                                serve(
                                    mail_listener,
                                    mailbox.router().merge(account::router()),
                                    stopped.clone()
                                ),
                                serve(objects_listener, objects, stopped.clone()),
                                serve(pushes_listener, pushes.router(), stopped.clone()),
                            )
                        };
                        tokio::select! {
                            (data, kms, mail, objects, pushes) = all => {
                                data.and(kms).and(mail).and(objects).and(pushes)
                            },
                            () = grace_over(stopped.clone()) => Ok(()),
                        }
                    })
                });
                if let Err(error) = served {
                    tracing::error!(%error, "the embedded services have stopped");
                }
            })?;
        Ok(Self {
            dynamodb,
            access_key,
            kms: kms_url,
            mail,
            objects: objects_url,
            pushes: pushes_url,
            stop,
            thread: Some(thread),
        })
    }

    /// Stops the services and waits until they have.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
            tracing::debug!(
                clean = joined.is_ok_and(|clean| clean),
                "the services have stopped"
            );
        }
    }
}

/// A listener on a free loopback port, and its base URL.
fn listen() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

async fn serve(
    listener: TcpListener,
    router: Router,
    stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router)
        .with_graceful_shutdown(until_stopped(stopped))
        .await
}

/// Ends when the stack stops, or when its handle is dropped.
async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: then there is nothing left to serve either.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn grace_over(stopped: watch::Receiver<bool>) {
    until_stopped(stopped).await;
    tokio::time::sleep(GRACE).await;
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_sdk_kms::primitives::Blob;
    use aws_sdk_kms::types::DataKeySpec;
    use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
    use shared::app::Clock;

    use super::*;

    const KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/Key";

    fn start(mailbox: Mailbox) -> Wires {
        let data = Data::ephemeral(&Clock::system()).expect("memory");
        let kms = Kms::ephemeral(vec![KEY.into()]).expect("a key");
        let objects = Objects::ephemeral(Vec::new(), Clock::system());
        Wires::start(&data, kms, mailbox, objects, Pushes::new(Clock::system())).expect("ports")
    }

    macro_rules! client {
        ($sdk:ident, $url:expr) => {
            $sdk::Client::from_conf(
                $sdk::Config::builder()
                    .behavior_version($sdk::config::BehaviorVersion::latest())
                    .region($sdk::config::Region::from_static(crate::REGION))
                    .credentials_provider(Credentials::from_keys("embedded", "embedded", None))
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .endpoint_url($url)
                    .build(),
            )
        };
    }

    #[tokio::test]
    async fn a_data_key_opens_again_under_the_same_context_only() {
        let wires = start(Mailbox::new(Clock::system()));
        let kms = client!(aws_sdk_kms, &wires.kms);
        let made = kms
            .generate_data_key()
            .key_id(KEY)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("tenant", "ws_1")
            .send()
            .await
            .expect("a data key");
        let wrapped = made.ciphertext_blob().expect("wrapped").clone();
        let open = |context: &str, blob: Blob| {
            kms.decrypt()
                .ciphertext_blob(blob)
                .encryption_context("tenant", context)
                .send()
        };
        let opened = open("ws_1", wrapped.clone())
            .await
            .expect("the same context");
        assert_eq!(opened.plaintext(), made.plaintext());
        let refused = open("ws_2", wrapped).await.expect_err("another context");
        assert!(
            refused
                .into_service_error()
                .is_invalid_ciphertext_exception()
        );
        let unknown = kms
            .encrypt()
            .key_id("none")
            .plaintext(Blob::new("x"))
            .send()
            .await;
        assert!(
            unknown
                .expect_err("no such key")
                .into_service_error()
                .is_not_found_exception()
        );
        wires.stop().await;
    }

    #[tokio::test]
    async fn mail_is_caught_and_limits_are_kept() {
        let mailbox = Mailbox::new(Clock::system());
        let wires = start(mailbox.clone());
        let ses = client!(aws_sdk_sesv2, &wires.mail);
        let part = |text: &str| Content::builder().data(text).build().expect("content");
        let send = |recipients: Vec<String>| {
            let message = Message::builder()
                .subject(part("Your code"))
                .body(
                    Body::builder()
                        .text(part("12345678"))
                        .html(part("<b>12345678</b>"))
                        .build(),
                )
                .build();
            ses.send_email()
                .from_email_address("sotto@example.com")
                .destination(
                    Destination::builder()
                        .set_to_addresses(Some(recipients))
                        .build(),
                )
                .content(EmailContent::builder().simple(message).build())
                .send()
        };
        let sent = send(vec!["ada@example.com".into()]).await.expect("sent");
        assert!(sent.message_id().is_some());
        let mail = mailbox.to("Ada@example.com").pop().expect("caught");
        assert_eq!(
            (mail.subject.as_str(), mail.text.as_str()),
            ("Your code", "12345678")
        );
        assert_eq!(mail.html.as_deref(), Some("<b>12345678</b>"));
        assert!(
            !format!("{mail:?}").contains("ada"),
            "a mail must not print its address"
        );

        let many = vec!["ada@example.com".to_owned(); crate::mail::MOST_RECIPIENTS + 1];
        let refused = send(many).await.expect_err("too many").into_service_error();
        assert!(refused.is_bad_request_exception());
        wires.stop().await;
    }
}
