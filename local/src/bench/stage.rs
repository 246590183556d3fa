//! A stack to measure on.

use std::sync::Arc;

use shared::app::Clock;

use crate::stack::{Events, Stack, StackOptions, Storage};
use crate::template::Template;

/// Starts a stack in which nothing runs by itself.
///
/// # Errors
/// When it does not start, in words.
pub async fn stage(storage: Storage, clock: Clock) -> Result<Stack, String> {
    let template = Template::open(None).map_err(|error| error.to_string())?;
    let stack = Stack::start(StackOptions {
        storage,
        port: 0,
        clock,
        only_services: false,
        background: false,
        events: Events::ToFunctions,
        template: Arc::new(template),
    });
    stack.await.map_err(|error| error.to_string())
}
