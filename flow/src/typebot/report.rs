//! What came of an import, and what was lost on the way.

use serde::Serialize;

use crate::document::Document;

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Imported {
    /// The flow.
    pub document: Document,
    /// What was lost or changed.
    pub report: Vec<Loss>,
    /// Blocks that there were.
    pub blocks: usize,
    /// Blocks that came over, whole or in part.
    pub blocks_mapped: usize,
}

/// How much was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All of it.
    Dropped,
    /// A part of it.
    Partly,
    /// Nothing, but it works otherwise here.
    Changed,
    /// It was broken there.
    Broken,
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// How much was lost.
    pub extent: Extent,
    /// The block, by its id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// Its type there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The title of its group there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What was lost.
    pub message: String,
}

/// Why nothing could be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoImport {
    /// It is not JSON.
    #[error("the file is not JSON")]
    NotJson,
    /// It is JSON, and no export of Typebot.
    #[error("the file is no export of Typebot: it has no groups")]
    NotTypebot,
    /// It is too large.
    #[error("the file is many times larger than what a flow can hold")]
    TooLarge,
}
