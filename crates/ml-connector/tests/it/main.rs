//! Integration tests of the service, one module a subject.

mod flow;
mod flow_docs;
mod flow_errors;
mod flow_secrets;
