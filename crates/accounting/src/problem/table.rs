//! The table of all problem codes: `1xx` translation, `2xx` source, `3xx` destination, `4xx` this service. A code's
//! number never changes its meaning and is never used again.

use std::fmt;

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
        }
    }
}

macro_rules! codes {
    ($($number:literal $name:ident $owner:ident $title:literal $cause:literal $remedy:literal)*) => {
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

codes! {
    101 CategoryUnmapped Mapper "Category has no account"
        "No rule and no row of the mapping gives this category an account."
        "Add the category to [categories], or a rule for it; held reports are then released."
    102 CategoryMissing Submitter "Expense has no category"
        "The category is blank or 'Uncategorized'."
        "Choose a category for the expense in Expensify; or map it by a rule on tag, merchant card or workspace."
    103 AccountUnknown Mapper "Account does not exist in the ledger"
        "The mapping names an account number that Intacct's chart does not have."
        "Correct the account number in the mapping, or create the account in Intacct and refresh."
    104 AccountInactive Mapper "Account is inactive"
        "The mapping names an account that is inactive in Intacct."
        "Map to an active account, or reactivate this one in Intacct and refresh."
    105 DimensionUnmapped Mapper "Value has no counterpart in the ledger"
        "The text found for a dimension is neither in its table nor matched otherwise, and no fallback gave a value."
        "Add the text to the dimension's values, or give the dimension a fallback."
    106 DimensionMissing Submitter "Dimension has no value"
        "The place a dimension is read from is blank, and no fallback gave a value."
        "Fill in the tag or field in Expensify, or give the dimension a fallback or missing = \"blank\"."
    107 DimensionUnknown Mapper "Dimension value does not exist in the ledger"
        "The mapping leads to a value that Intacct does not have."
        "Correct the value in the mapping, or create it in Intacct and refresh."
    108 DimensionInactive Mapper "Dimension value is inactive"
        "The mapping leads to a value that is inactive in Intacct."
        "Map to an active value, or reactivate this one in Intacct and refresh."
    109 DimensionRequired Mapper "Account requires a dimension"
        "The account demands a dimension that the line does not have."
        "Give the dimension a source or a fallback in the mapping, or lift the requirement in Intacct."
    110 DimensionNotInUse Mapper "Dimension is not in use in the ledger"
        "The mapping sets a dimension that the company does not use in its general ledger."
        "Remove the dimension from the mapping, or enable it in Intacct and refresh."
    111 OffsetUnmapped Mapper "Fund source has no offset account"
        "No offset account is configured for the fund source of these expenses."
        "Add the fund source to [offsets]."
    112 JournalUnmapped Mapper "Fund source has no journal"
        "No journal is configured for the fund source of these expenses."
        "Add the fund source to posting.journal."
    113 JournalUnknown Mapper "Journal does not exist or is inactive"
        "The mapping names a journal that Intacct does not have or has set inactive."
        "Correct the journal's symbol, or create or reactivate the journal in Intacct and refresh."
    114 AmountNotExact SourceAdmin "Amount has no exact minor unit"
        "The figure is finer than its currency's minor unit, so booking it would round money."
        "Correct the amount in Expensify."
    115 AmountMissing SourceAdmin "Amount is missing"
        "The expense carries no amount in the report's currency."
        "Open the expense in Expensify so that it is converted again, or enter the amount."
    116 CurrencyUnknown SourceAdmin "Currency is missing or unknown"
        "The report or the expense names no currency of ISO 4217."
        "Correct the currency in Expensify."
    117 CurrencyNotBase Mapper "Report currency is not the company's"
        "The report is settled in a currency other than the company's base currency."
        "Post such reports from a workspace in the company's currency; entries in foreign currencies are not posted."
    118 TotalMismatch SourceAdmin "Expenses do not add up to the report's total"
        "The sum of the expenses and the total that the report states differ by more than the tolerance."
        "Reopen and resubmit the report in Expensify so that its total is computed again."
    119 AmountOutOfRange SourceAdmin "Amount is out of range"
        "An amount or a sum leaves the range of 64-bit minor units."
        "Correct the amount in Expensify."
    120 ZeroAmount Submitter "Expense of zero"
        "The expense is zero and the flow is set to hold such expenses."
        "Remove the expense in Expensify, or set zero_amounts = \"skip\"."
    121 PostingDateMissing SourceAdmin "Posting date is missing"
        "The report lacks the date that the flow books by."
        "Choose another posting date in the flow, or complete the report in Expensify."
    122 PeriodClosed LedgerAdmin "Period is closed"
        "The posting date lies in books that are closed in Intacct."
        "Reopen the period in Intacct and refresh, or choose a closed_period rule in the flow."
    123 DateInFuture SourceAdmin "Posting date is in the future"
        "The posting date lies after today."
        "Wait for the day, or set future = \"allow\" in the flow."
    124 AboveCeiling Mapper "Entry is above the ceiling"
        "The entry's total is above posting.ceiling_entry."
        "Check the report; raise the ceiling if it is right."
    125 EntityAmbiguous Mapper "Lines of several entities"
        "The lines belong to several entities of the company; entries between entities are not posted."
        "Map the report's locations to one entity."
    126 ExpenseDuplicated SourceAdmin "Expense stands twice in the report"
        "Two lines of the report carry the same id."
        "Reopen the report in Expensify; if it looks right there, report this."
    127 TooManyParts Mapper "Report makes too many entries"
        "The report makes more entries than a reference can number."
        "Choose a coarser group in [posting]."
    128 ReportUnreadable SourceAdmin "Report cannot be read"
        "A field of the report has a form that is not understood."
        "See the detail; correct the field in Expensify."
    129 NoLongerApproved Submitter "Report is no longer approved"
        "The report was taken back or deleted before it was posted."
        "Approve it again in Expensify; it is then read again."
    130 ContentChanged Mapper "Report changed after it was frozen or posted"
        "The report's content differs from what was frozen for posting or posted."
        "Compare the two versions; correct the ledger or the report."
    131 UnbalancedEntry Operator "Entry would not balance"
        "The lines made from the report do not balance."
        "Report this with the report's id: no rule should be able to bring it about."
    132 ApprovalDateMissing SourceAdmin "Day of approval is missing"
        "The report is approved and carries no day of approval (of submission, where the workspace has no approval), so it cannot be told whether it lies before the cut-over."
        "Approve the report again in Expensify; or book it by hand and leave it out by a skip rule."
    133 DimensionConflict Mapper "Dimension values contradict each other"
        "A task is booked with a project that it does not belong to."
        "Correct the tag in Expensify or the dimension's values in the mapping."
    140 PostingPaused Operator "Posting is paused"
        "The flow is paused, or its schedule lets nothing be posted now: a blackout, or the freeze of a close."
        "Nothing: it is posted by itself when the pause ends. Resume the flow or change [schedule] to post sooner."
    141 CeilingOfDay Operator "Ceiling of the day is reached"
        "With this report, the flow would post more today than control.ceiling_day allows."
        "Nothing: it is posted by itself on a day with room for it. Raise the ceiling if it is too low."
    142 ReviewAwaited Approver "Waits for review"
        "The first postings of a flow (control.review_first) are reviewed by a person before they go out."
        "Look at the entry and approve or reject it."
    143 ApprovalAwaited Approver "Waits for approval"
        "The flow asks for the approval of such an entry, by persons who did not write the mapping that made it."
        "Look at the entry and approve or reject it."
    144 HandOverUnconfirmed Approver "Hand-over is not confirmed"
        "Before a flow's first posting the ledger is searched for what was booked already; what was found waits for an answer."
        "Look at what the check has found, answer for each report, and confirm the hand-over."
    145 LooksBooked Approver "Looks already booked"
        "The ledger holds an entry that looks like this report."
        "Compare the two: say that it is the same, and the report is left alone, or that it is another one, and it is posted."
    146 PostingRejected Approver "Rejected by an approver"
        "A person looked at the entry and rejected it."
        "Mend what the note names; it is asked for approval again when its content changes or somebody releases it."
    150 ReportUnapproved LedgerAdmin "Posted report is no longer approved"
        "The report was posted, and Expensify now shows it in a state that the flow does not take."
        "Decide the case: reverse the entry, or accept it with a note."
    151 ReportDeleted LedgerAdmin "Posted report is gone at its source"
        "The report was posted, and Expensify no longer shows it."
        "Decide the case: reverse the entry, or accept it with a note."
    152 EntryUnknown LedgerAdmin "Entry in the ledger is unknown here"
        "An entry carries a reference or document number of ours, and this database did not post it."
        "Find out where it comes from (another installation, a lost database, a copy by hand); reverse it in Intacct if it is one too many."
    153 EntryGone LedgerAdmin "Posted entry is gone from the ledger"
        "An entry that was posted is not found in Intacct any more."
        "Find out who deleted it; enter it again in Intacct, or accept the difference with a note."
    154 EntryEdited LedgerAdmin "Posted entry was changed in the ledger"
        "An entry that was posted has other lines, another date or another journal in Intacct now."
        "Put it back in Intacct, or accept the difference with a note."
    155 ReportNeverRead Operator "Approved report was never read"
        "Expensify shows an approved report that the flow takes, and no poll has brought it here."
        "Let the flow poll or sweep the period; report this if it stays."
    156 EntryWaitsLong Operator "Planned entry is not acknowledged"
        "An entry was frozen more than a day ago and the ledger has not acknowledged it."
        "See the posting's problem: a gate, a refusal, or an unknown outcome."
    157 SourceDiffers Operator "Expensify's amount is not what was planned"
        "What Expensify shows for a report, less what was left out or held, is not what was planned for posting."
        "Let the flow sweep the period: a report that changed becomes a case to decide."
    158 HandledElsewhere LedgerAdmin "Report was handled elsewhere"
        "A person said that the report is booked by other means."
        "Nothing: nothing of it will be posted."
    159 DecisionFailed LedgerAdmin "Decision could not be carried out"
        "What was decided is not possible as things stand; nothing was sent for it, or what was sent is on record."
        "See the detail, and decide the case again."
    160 EntryCopied LedgerAdmin "Entry stands in the ledger once more"
        "Beside the entry that was posted, Intacct holds another one with its reference or document number."
        "Reverse or delete the copy in Intacct if it is one; else accept it with a note."
    161 EntryNotInBooks LedgerAdmin "Entry is in the ledger but not in the books"
        "Intacct holds the entry in a state that does not count, such as a draft, submitted or declined."
        "Post or approve it in Intacct."
    170 WaitsForRelease Mapper "Mended, waits for release"
        "The report was held and is right now, and the flow does not release such reports by itself."
        "Release it, or all reports of its cause; or set auto_release = true in [control]."
    171 ReferenceDrift Mapper "Ledger withdrew what the mapping refers to"
        "An account, a dimension value, a journal or a period that the mapping or a waiting report needs became inactive, vanished, closed or newly requires something."
        "Lead the mapping elsewhere, or restore it in Intacct and refresh; the reports named will be held until then."
    172 FlowChanged Mapper "Flow was changed meanwhile"
        "Somebody else kept a newer version of the flow's document than the one that was edited."
        "Read the newest version, make the change there, and keep it again."
    173 SecretNotSealed Mapper "Reference to a secret is not allowed here"
        "A document that comes over the network names a variable or a file of the service's machine."
        "Seal the secret for the customer, and write sealed in its place."
    174 TableUnreadable Mapper "Table of the mapping cannot be read"
        "A CSV file of categories or values is no UTF-8 text, too long, or has rows that cannot be understood."
        "See the line and the message; save it as CSV UTF-8 with its header."
    201 SourceCredentials SourceAdmin "Expensify refuses the credentials"
        "The partner user id and secret are wrong or revoked."
        "Create new credentials at expensify.com/tools/integrations and put them into the flow's references."
    202 SourcePermission SourceAdmin "Expensify refuses access"
        "The credentials may not see what was asked for."
        "Make the credentials' owner an administrator of the workspace."
    203 SourceRateLimited Operator "Expensify's rate limit was reached"
        "More requests were made with these credentials than Expensify allows, perhaps by another program."
        "Wait; the next run tries again. Give this connector credentials of its own."
    204 SourceUnreachable Operator "Expensify cannot be reached"
        "Name resolution, connection or TLS failed."
        "Check the machine's network, firewall and clock; the next run tries again."
    205 SourceRefused Operator "Expensify refuses the request"
        "Expensify found the request invalid."
        "See the detail; report this if the flow's settings look right."
    206 SourceFault Operator "Expensify has a fault"
        "Expensify answered with an error of its own or a page instead of data."
        "Wait; the next run tries again."
    207 ExportTruncated Operator "Export is incomplete"
        "The file ended before its last report was whole, or its header is missing."
        "Nothing after the break was read; the next run reads it again."
    208 ExportNotReady Operator "Export is not ready"
        "Expensify did not finish the file in time."
        "Wait; the next run asks again."
    209 PolicyUnknown SourceAdmin "Workspace is not visible"
        "A workspace that the flow names is not among those the credentials see."
        "Correct the id, or give the credentials' owner access to it."
    301 SenderRefused Operator "Intacct refuses the sender"
        "The Web Services sender id or its password is wrong."
        "Correct the sender id and password (case matters)."
    302 SenderNotAuthorised LedgerAdmin "Sender is not authorised for the company"
        "The sender id is not on the company's Web Services authorisation list."
        "In Intacct: Company > Setup > Company > Security > Web Services authorizations: add the sender id."
    303 LoginRefused LedgerAdmin "Intacct refuses the login"
        "Company id, user id, password or entity is wrong, or the user is locked."
        "Correct them; posting for this company stays off until then, so that the user is not locked out."
    304 WebServicesOff LedgerAdmin "Company has no Web Services"
        "The company is not subscribed to Web Services."
        "In Intacct: subscribe to Web Services under Company > Admin > Subscriptions."
    305 LedgerPermission LedgerAdmin "Intacct user lacks a permission"
        "The user's role does not allow the operation on the object."
        "Give the role the permission named in the detail."
    306 LedgerRateLimited Operator "Intacct's rate limit was reached"
        "More requests were under way for the company than its tier allows."
        "Wait; the run slows down by itself. Lower concurrency in the flow if it happens often."
    307 LedgerUnreachable Operator "Intacct cannot be reached"
        "Name resolution, connection or TLS failed before anything was sent."
        "Check the machine's network, firewall and clock; the next run tries again."
    308 LedgerFault Operator "Intacct has a fault"
        "Intacct answered with an error of its own, or with a page instead of XML."
        "Wait; the next run tries again."
    309 EndpointRefused Operator "Endpoint is not allowed"
        "The session names an endpoint that is not https at *.intacct.com."
        "Nothing was sent there. Check the network for interception; report it to Sage."
    310 LedgerRejected LedgerAdmin "Intacct refuses the entry"
        "Intacct validated the entry and refused it."
        "See Intacct's words in the detail; mend the value there or in the mapping."
    311 OutcomeUnknown Operator "Outcome is not known yet"
        "The entry was sent and no clear answer came back."
        "Nothing: the ledger is read until the outcome is proven. Do not enter it by hand meanwhile."
    312 OutcomeUndecidable LedgerAdmin "Outcome cannot be proven"
        "The entry was not found, and no other entry of the journal is visible to prove that it would be."
        "Look for the reference in Intacct's journal and say whether it is there."
    313 EntryDiffers LedgerAdmin "Entry in the ledger differs"
        "An entry with our reference exists and its lines are not those that were sent."
        "Compare them; posting for this company waits until a person has decided."
    314 EntryDoubled LedgerAdmin "Entry stands twice in the ledger"
        "More than one entry carries the same reference."
        "Reverse one of them; posting for this company waits until a person has decided."
    315 PostedElsewhere LedgerAdmin "Report was posted by another installation"
        "The ledger holds an entry for this report that this database does not know."
        "It was taken over as posted if its lines agree; else decide which one stands."
    316 ClockSkew Operator "Clock is off"
        "This machine's clock and the vendor's differ by more than five minutes."
        "Set the clock; posting waits until it agrees."
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
}

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
