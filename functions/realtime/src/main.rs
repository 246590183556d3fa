//! The bootstrap of the `realtime` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let sockets = realtime::Sockets::default();
    shared::lambda::live(realtime::routes(), async |app, event| {
        sockets.handle(app, event).await
    })
}
