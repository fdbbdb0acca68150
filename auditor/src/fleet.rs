//! Many hosts judged as one: what each of them says of itself, to one verdict for all.
//!
//! A host publishes its state, not its events: [`message`] says what is in it, [`wire`] how it is written. [`state`] holds the
//! states of all hosts, [`conversation`] joins what both ends of a conversation saw, and [`verdict`] has the audit judge that,
//! from the viewpoint of all hosts at once. Here is neither a network nor a clock.

pub mod conversation;
pub mod course;
mod explain;
mod finding;
mod html;

pub mod message;
pub mod publication;
pub mod pushed;
mod report;
pub mod schema;
mod sentence;

pub mod shard;
pub mod state;
mod text;
mod told;

pub mod verdict;
pub mod wire;

pub use explain::explain;
pub use told::{judged_as_one, told};

#[cfg(test)]
mod tests;
