mod assignments;
mod groups;
mod script;
mod settings;

use crate::backend::{BackendError, Executed, Receipt};

/// The outcome as text, for comparing.
fn said(result: Result<Receipt, BackendError>) -> String {
    match result {
        Ok(Receipt { executed: Executed::Done, .. }) => "done".to_owned(),
        Ok(Receipt { executed: Executed::AlreadySo, .. }) => "so already".to_owned(),
        Ok(Receipt { executed: Executed::Created(id), .. }) => format!("created {id}"),
        Err(BackendError::Conflict { what }) => format!("conflict: {what}"),
        Err(BackendError::NotFound { what }) => format!("not found: {what}"),
        Err(error) => format!("error: {error}"),
    }
}
