//! The export template. It must stay a constant: no text of a user, a customer or a report is ever put into it, since
//! whatever stands in a template is a program to the vendor's engine.

/// FreeMarker source sent with every export; what it prints is explained in its own comment.
pub const TEMPLATE: &str = include_str!("template.ftl");
