//! Turns a vendor's page of required ports into a matrix of rules that people review and keep.
//!
//! Data flows in one direction: a page in one of five formats to rows ([`document`]), rows to rules, and rules to and from a
//! TOML file ([`matrix`]). Nothing here reads a file, a clock or a socket: text and bytes come in, text goes out.
//!
//! ```
//! use auditor_matrix::{
//!     document::{self, Format},
//!     matrix,
//! };
//!
//! let page = "## Store\n\n\
//!             | Port | Protocol | Source | Purpose |\n\
//!             |------|----------|--------|---------|\n\
//!             | 443  | TCP      | Web    | HTTPS   |\n\
//!             | n/a  | TCP      | Web    | Backup  |\n";
//! let document = document::read("shop.md", page, Format::Markdown);
//! let derived = matrix::derive(std::slice::from_ref(&document), "Shop");
//!
//! let toml = derived.matrix.to_toml()?;
//! assert!(toml.contains("client = [\"Web\"]"), "{toml}");
//! // What could not be understood is said with its file and line, and made no rule.
//! assert_eq!(document.problems.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod document;
pub mod file;
pub mod hidden;
pub mod length;
pub mod matrix;
pub mod nearest;
pub mod port;
pub mod role;
pub mod transport;
