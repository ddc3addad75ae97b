//! What an operator needs: the log, health and figures, the doctor, backups, keys, and the anchor of the audit.

mod backups;
mod keys;
mod logs;
mod migrations;
