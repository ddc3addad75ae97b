//! The table of all problem codes: `1xx` translation, `2xx` source, `3xx` destination, `4xx` this service. A code's
//! number never changes its meaning and is never used again.

use std::fmt;

// Each hands its rows on to the next, so that one table comes of them.
#[macro_use]
mod translation;
#[macro_use]
mod source;
#[macro_use]
mod destination;

/// Who can mend a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The employee who submitted the report.
    Submitter,
    /// Whoever keeps the mapping.
    Mapper,
    /// The administrator of the expense system.
    SourceAdmin,
    /// The administrator of the ledger.
    LedgerAdmin,
    /// Whoever runs this service.
    Operator,
    /// Whoever approves what is posted.
    Approver,
    /// Whoever gives roles: the customer's admin, or the installation's administrator.
    Administrator,
    /// Whoever sent the request.
    Caller,
}

impl Owner {
    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitter => "the employee",
            Self::Mapper => "the mapping's editor",
            Self::SourceAdmin => "the Expensify administrator",
            Self::LedgerAdmin => "the Intacct administrator",
            Self::Operator => "the operator",
            Self::Approver => "an approver",
            Self::Administrator => "the customer's or the installation's administrator",
            Self::Caller => "whoever sent the request",
        }
    }
}

macro_rules! codes {
    (; $($number:literal $name:ident $owner:ident $title:literal $cause:literal $remedy:literal)*) => {
        /// A stable problem code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $title] $name = $number,)* }

        impl Code {
            /// All codes in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// A title in the trade's words.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }

            /// What brings it about.
            pub const fn cause(self) -> &'static str { match self { $(Self::$name => $cause,)* } }

            /// What mends it.
            pub const fn remedy(self) -> &'static str { match self { $(Self::$name => $remedy,)* } }

            /// Who can mend it.
            pub const fn owner(self) -> Owner { match self { $(Self::$name => Owner::$owner,)* } }
        }
    };
}

macro_rules! service {
    ($next:ident ; $($rows:tt)*) => { $next! { ; $($rows)*
    401 FlowInvalid Mapper "Flow file is not valid"
        "The file has an unknown key, a wrong type or a value out of range."
        "See line and column; the message names what is allowed."
    402 SecretMissing Operator "Secret cannot be read"
        "A reference to a secret names a variable or file that does not exist or is empty."
        "Set the environment variable or the file that the reference names."
    403 MasterKeyMissing Operator "Master key is missing or wrong"
        "Sealed credentials exist and the key that opens them was not given or does not fit."
        "Give the master key by its file or variable; nothing is read or sent without it."
    404 DatabaseBusy Operator "Another process is using the database"
        "Only one process may write the embedded database at a time; on PostgreSQL a statement waited too long for another."
        "Wait for the other process, or use another database. Work that met this on PostgreSQL is done again by itself."
    405 DatabaseDamaged Operator "Database failed its check"
        "The database's integrity, schema or audit chain is not as it should be."
        "Posting is off. Restore a backup, or ask for help with the message."
    406 DatabaseRestored Operator "Database looks restored from a backup"
        "The database disagrees with the file beside it, or on PostgreSQL with its server, about which installation this is."
        "Posting waits until the ledger has been read for what was posted since."
    407 AuditBroken Operator "Audit chain is broken"
        "An audit entry's hash does not follow from the one before it."
        "Keep the database as evidence; compare with an exported audit."
    408 DatabaseUnusable Operator "Database cannot be opened or written"
        "The file or its folder does not exist, the disk is full, or this user may not read or write there."
        "Check the path given with --database and the rights on its folder; the first run creates the file. On a server, make room on its disk."
    409 DatabaseAddress Operator "Database address is not valid"
        "The address given with --database or as database.url is neither a file nor a PostgreSQL database."
        "Give sqlite:PATH, or postgres://USER@HOST/DATABASE with special characters of a password as %40 and the like."
    410 DatabaseAway Operator "Database server does not answer"
        "Nothing answers at the server's address, the connection was lost, or the server is starting or stopping."
        "See that PostgreSQL runs there and takes connections from here; workers go on by themselves when it answers."
    411 DatabaseSignIn Operator "Database server refuses the sign-in"
        "The role, its password or the database does not exist on this server, or its pg_hba.conf lets nobody in from here."
        "Make them: CREATE ROLE ml_connector LOGIN PASSWORD '...'; CREATE DATABASE ml_connector OWNER ml_connector."
    412 DatabaseUnfit Operator "Database server is not set up as it must be"
        "The role has too many rights or too few, commits are not kept over a crash, or the server is too old."
        "Do what the message says, and start again."
    413 DatabaseCrowded Operator "Database server has no connection left"
        "All connections that the server or the role may have are taken."
        "Lower database.connections, run fewer processes, or raise max_connections on the server."
    414 DatabaseReadOnly Operator "Database takes no writes"
        "The server is a standby, or the database or role was made read-only."
        "Give the address of the primary, or of a proxy that leads to it."
    420 NotSignedIn Caller "Not signed in"
        "The request carries no session and no token, or one that has ended."
        "Sign in again, or send a token that is neither revoked nor lapsed as 'Authorization: Bearer'."
    421 NotAllowed Administrator "Not allowed"
        "The role that this needs was not given for this customer, or the token does not reach so far."
        "Ask for the role that the message names, or use a token that has the right."
    422 NotFound Caller "There is nothing here"
        "Nothing has this address or id, or nothing that the caller may know of."
        "Check the address and the id, and for which customer the role was given."
    423 RequestInvalid Caller "Request cannot be read"
        "The body is no JSON, a field is unknown or missing, or a value is out of its range."
        "Correct the field that the message names; unknown fields are refused."
    424 StateConflict Caller "Request does not fit the present state"
        "What is asked for exists already, or has changed meanwhile."
        "Read it again, and ask for what still makes sense."
    425 TooManyAttempts Caller "Too many attempts"
        "Signing in failed several times for this account or from this address."
        "Wait for the time that the answer names; nobody is locked out for longer."
    426 RequestTooLarge Caller "Request is too large"
        "The body exceeds what this address takes."
        "Send less at a time."
    427 OtherOrigin Caller "Request comes from another site"
        "A browser sent this on behalf of a page that is not this service's own."
        "Use this service's own pages or a token; check web.public_url if this is its own page."
    428 KeyReused Caller "Idempotency key was used for another request"
        "The same key came before with another method, address or body."
        "Use a new key for each new request."
    429 LinkSpent Administrator "Link works no more"
        "A link works once and for 24 hours, and only the newest of a person does."
        "Ask for a new link; for the first administrator, start the service again."
    430 MethodUnknown Caller "Address does not take this method"
        "The address exists and answers to other methods."
        "Use one of those that the Allow header names."
    431 ContentTypeWrong Caller "Content type is not taken"
        "The body is of another kind than this address takes."
        "Send JSON as application/json, unless the description of the address says otherwise."
    432 RequestSlow Operator "Request took too long"
        "It was not done within web.request_seconds; it may still have been carried out."
        "Read what it was to change before sending it again; with an Idempotency-Key it can be sent again safely."
    433 RolesConflict Administrator "Roles must not be held together"
        "Who maps or gives roles must not approve, and who audits must not change anything."
        "Give the role to somebody else, or take the other role away first."
    434 SignInRefused Caller "E-mail or password is wrong"
        "No account that may sign in has this e-mail and this password."
        "Check both; an administrator can make a link to set a new password."
    435 RequestRunning Caller "The same request is under way"
        "A request with this idempotency key has not ended, or ended without its outcome being known."
        "Send it again later; if it stays so, read what it was to change, then use a new key."
    436 WebUnsafe Operator "Address would be open without encryption"
        "web.listen is reachable by others, and web.public_url does not begin with https://."
        "Listen on 127.0.0.1 behind a proxy that encrypts and set web.public_url, or set web.insecure = true."
    437 WebAddress Operator "Address cannot be listened on"
        "The address of web.listen is in use, does not exist here, or needs more rights."
        "Choose another address or port, or end the program that uses it."
    438 ServiceBusy Operator "Service is busy"
        "More requests of this kind are waiting than the service takes."
        "Try again shortly."
    439 ServiceFailed Operator "Service failed"
        "Something went wrong inside; the log has it under the request's id."
        "Try again; if it stays so, look for the request's id in the log."
    440 WhatIfRunning Caller "Comparison is running already"
        "What a change would do is worked out over months of reports; only one such comparison runs for a customer, and a few in all."
        "Wait until the other one has ended, and ask again."
    445 SignOnFailed Caller "Single sign-on failed"
        "The identity provider did not vouch for an address that somebody here has, or did not answer as it should."
        "Begin again; an administrator can make the account or check [oidc]. A password works as well."
    450 BackupFailed Operator "Backup failed its check"
        "The copy does not open, is damaged, is incomplete, or its audit chain does not hold together."
        "Do not rely on it. Check the disk that it was written to, run doctor, and make another one."
    451 BackupByServer Operator "PostgreSQL makes its own backups"
        "The database is on a PostgreSQL server; a file written by this program would be no backup of it."
        "Use pg_dump or continuous archiving, as docs/operate.md shows. A restore is noticed by the server's identity and timeline."
    452 FileInTheWay Operator "A file is in the way"
        "A file of that name exists, and this program overwrites neither databases, nor backups, nor keys."
        "Choose another name; or, for a restore, say --replace, which keeps the old database beside the new one."
    453 AuditCut Operator "End of an audit chain is missing"
        "The anchor file holds an entry that the audit does not have any more: the chain was cut off, or the database is older than the anchor."
        "If the database was restored, this is what the backup did not hold. Otherwise keep the database and the anchor file as evidence."
    454 AnchorUnwritten Operator "Anchor of the audit is not written"
        "The file named by audit.anchor_file cannot be written, or was not written for more than an hour."
        "Make its folder writable for the service, on another disk than the database's."
    455 RestoreUnnoticed Operator "A restore would not be noticed"
        "The database server does not tell this role who it is, so a database that was put back to an earlier state looks as if nothing had happened."
        "GRANT EXECUTE ON FUNCTION pg_control_system() TO the role. After a restore by hand, search the ledger before posting."
    456 DurabilityWeak Operator "A crash could take back commits"
        "The database is set so that a power loss or crash can lose what was committed before an entry was sent."
        "Set fsync and full_page_writes on for the server; keep a file on a local disk, not on a network share."
    457 FileOpenToOthers Operator "File is open to others"
        "Other users of this machine may read or change a key, a secret, the settings or the database."
        "Take their rights away: chmod 600 the file, and let the service's user own it."
    458 DiskAlmostFull Operator "Disk is almost full"
        "Little room is left where the database lies. When it is full nothing is recorded, so nothing is posted."
        "Make room, or move the database to a larger disk."
    459 BudgetTooSmall Operator "Vendors' limits do not carry the schedule"
        "More polls are scheduled than Expensify's rate limits, or the flows worked on at once, allow."
        "Poll less often, give customers credentials of their own, let requests leave from more addresses, or raise service.flows_at_once."
    460 KeysMixed Operator "Data keys lie under two master keys"
        "A change of the master key has not ended: some data keys are sealed under the old one, some under the new one."
        "Run keys rotate with the new key again; both keys must be known until it has ended."
    461 OldSecretKept Operator "Replaced secret is still kept"
        "An older version of a sealed secret was not erased after its successor was in use for a day."
        "Once the new version works, erase the old one: ml-connector secret erase-old."
    462 PlainListening Operator "Service is reachable without TLS"
        "The address it listens on is not this machine's own, and it speaks plain HTTP."
        "Listen on 127.0.0.1 and put a TLS proxy in front, as docs/operate.md shows."
    463 SchemaPending Operator "Schema is older than the program"
        "The database was last used by an older program; a step of the schema is still to be made."
        "Make a backup, then run migrate, or start the service: it does the same."
    464 RowSecurityOff Operator "Customers' rows are not kept apart"
        "A table of customers' data has no forced row-level security on the server."
        "Start the service once with this program's version: it binds the tables again. Find out who took the policy away."
    465 WorkBehind Operator "Work is behind"
        "Flows have been due for longer than fifteen minutes and no worker took them."
        "See that a worker runs and what keeps it busy; start another, or raise service.flows_at_once."
    466 WorkerStill Operator "Worker does not move"
        "The loop that takes up what is due has not come round for a minute."
        "Look at the log for what the database said; restart the process if it stays."
    467 FlowFailing Operator "Flow keeps failing"
        "The last passes over the flow failed one after the other."
        "See the flow's last pass for its problem, and mend that."
    468 MetricsRefused Operator "Metrics are not for this caller"
        "Figures are shown on the machine's own address, or to a bearer token that may see the installation."
        "Scrape them from this machine, or send the token of the file that metrics.token_file names."
    469 ClockOfDatabase Operator "Clocks of the database and this machine differ"
        "The database server's clock and this machine's are more than a minute apart."
        "Let both keep time by NTP. Leases run on the server's clock, schedules on this machine's."
    470 DemonstrationOver Operator "Demonstration is over"
        "The sandbox that stood in for both vendors lived in the memory of an earlier run of the service, or of another process."
        "Make a new demonstration customer. What this one booked can still be looked at."
    480 MessageUndelivered Operator "Message was not delivered"
        "A mail server, webhook or chat did not take a message for a day."
        "The list of messages says what it answered. See to [smtp], or to the receiver's address in the flow's document."
} };
}

translation! { source destination service codes ; }

impl Code {
    /// The number.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.number() == number)
    }

    /// Reads back what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_number(text.strip_prefix("MLC-")?.parse().ok()?)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MLC-{}", self.number())
    }
}
