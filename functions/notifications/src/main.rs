//! The function that ends mail.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(notifications::routes())
}
