//! A client of the WebSocket API: it sends frames, and waits for those that must come.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a frame may take. Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long silence has to last to be one.
const SILENCE: Duration = Duration::from_millis(150);

/// An open socket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket that must open.
    pub async fn open(url: &str) -> Self {
        match connect_async(url).await {
            Ok((stream, _)) => Self(stream),
            Err(error) => panic!("the handshake failed: {error}"),
        }
    }

    /// Opens a socket that must be refused; the status of the handshake.
    pub async fn refused(url: &str) -> u16 {
        match connect_async(url).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("the handshake failed: {error}"),
            Ok(_) => panic!("the handshake was not refused"),
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        // A socket that closes meanwhile is for `closed` to find.
        let _ = self.0.send(Message::text(text)).await;
    }

    /// Sends bytes.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) {
        let _ = self.0.send(Message::binary(bytes)).await;
    }

    /// Sends a frame and takes the next one that comes.
    pub async fn ask(&mut self, frame: Value) -> Value {
        self.send(frame).await;
        self.next().await
    }

    /// Listens to a topic.
    pub async fn sub(&mut self, topic: &str) -> Value {
        let answer = self.ask(json!({ "t": "sub", "topic": topic })).await;
        assert_eq!(
            (&answer["t"], &answer["topic"]),
            (&json!("subbed"), &json!(topic))
        );
        answer
    }

    /// The next frame, which must come.
    pub async fn next(&mut self) -> Value {
        match tokio::time::timeout(PATIENCE, self.0.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => serde_json::from_str(&text).expect("a JSON frame"),
            Ok(other) => panic!("no frame but {other:?}"),
            Err(_) => panic!("no frame came"),
        }
    }

    /// Every frame that has come, until there is silence.
    pub async fn heard(&mut self) -> Vec<Value> {
        let mut heard = Vec::new();
        while let Ok(Some(Ok(frame))) = tokio::time::timeout(SILENCE, self.0.next()).await {
            if let Message::Text(text) = frame {
                heard.push(serde_json::from_str(&text).expect("a JSON frame"));
            }
        }
        heard
    }

    /// The frames until it closes, which it must, and the status of the end.
    pub async fn closed(&mut self) -> (Vec<Value>, u16) {
        let mut heard = Vec::new();
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    heard.push(serde_json::from_str(&text).expect("a JSON frame"));
                }
                Ok(Some(Ok(Message::Close(frame)))) => {
                    let code = frame.map_or(CloseCode::Status, |frame| frame.code);
                    return (heard, code.into());
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(_)) | None) => return (heard, 1006),
                Err(_) => panic!("it did not close; it said {heard:?}"),
            }
        }
    }

    /// Closes it.
    pub async fn close(mut self) {
        let _ = self.0.close(None).await;
        // The other side answers; then it knows.
        while let Ok(Some(Ok(_))) = tokio::time::timeout(PATIENCE, self.0.next()).await {}
    }
}
