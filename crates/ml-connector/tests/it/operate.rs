//! What an operator needs: the log, health and figures, the doctor, backups, keys, and the anchor of the audit.

mod anchors;
mod backups;
mod deploying;
mod doctors;
mod dumps;
mod health;
mod keys;
mod logs;
mod migrations;
mod traces;
