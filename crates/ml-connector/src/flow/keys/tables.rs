//! The keys themselves, table by table. Plain data.

use super::Absent::{Default, Means, Required};
use super::{Key, Table};

/// All tables, in the order of the reference page.
pub const TABLES: &[&Table] = &[
    &ROOT,
    &SOURCE,
    &EXPENSIFY,
    &STATES,
    &CONDITION,
    &SELECTION,
    &DESTINATION,
    &INTACCT,
    &SCHEDULE,
    &CONTROL,
    &NOTIFY,
    &POSTING,
    &JOURNAL,
    &OFFSETS,
    &OFFSET,
    &CATEGORIES,
    &RULE,
    &DIMENSION,
];

/// `path`, then for each key `name: absent, values; meaning`.
macro_rules! table {
    ($path:literal $($name:ident: $absent:expr, $values:expr; $($meaning:literal)+)*) => {
        Table {
            path: $path,
            keys: &[$(Key {
                name: stringify!($name),
                meaning: concat!($($meaning),+),
                values: $values,
                absent: $absent,
            },)*],
        }
    };
}

const REFERENCE: &str = "`env:NAME`, `file:PATH`, `sealed` or `sealed:NAME`";
const IDENTIFIER: &str = "the id itself, or a reference as for a secret";
const STATE_LIST: &str = "list of `APPROVED`, `REIMBURSED`, `ARCHIVED`; `[]` takes nothing";
const TEXT_TABLE: &str = "table: text = account number";
const BOTH_STATES: &str = "[\"APPROVED\", \"REIMBURSED\"]";

/// The document itself.
pub const ROOT: Table = table! { ""
    name: Required, "text";
        "Name of the flow, as shown."
    customer: Default("\"default\""), "text";
        "Customer it belongs to."
    mode: Default("\"rehearsal\""), "`rehearsal`, `post`";
        "Whether entries are posted; a rehearsal does everything but the post."
    use_expensify_gl_codes: Default("false"), "`true`, `false`";
        "Whether the GL code that Expensify keeps beside a category stands in where neither a rule nor "
        "`categories` has an account."
    suspense_account: Means("none: an unmapped category holds the report"), "account number";
        "Account for categories that have none; every use of it is shown."
    source: Required, "table";
        "Where reports come from."
    selection: Means("its defaults"), "table";
        "What is left out besides `skip`."
    destination: Required, "table";
        "Where entries go."
    schedule: Means("its defaults"), "table";
        "When things are done."
    control: Means("its defaults"), "table";
        "What a person must agree to, and what is watched."
    notify: Means("nobody is told"), "list of tables, `[[notify]]`";
        "Who is told, and about what."
    posting: Required, "table";
        "How entries are cut, dated and worded."
    offsets: Required, "table";
        "The other side of the entries."
    categories: Means("no categories are mapped"), "table";
        "Account by category."
    rules: Means("no rules"), "list of tables, `[[rules]]`";
        "Accounts by condition. The rule with the most conditions that hold wins; order breaks ties. Rules come "
        "before `categories`."
    dimensions: Means("lines carry no dimension"), "table of tables, `[dimensions.NAME]`";
        "Where each dimension comes from. NAME: `department`, `location`, `class`, `project`, `task`, "
        "`cost_type`, `customer`, `vendor`, `employee`, `item`, `contract`, `warehouse`, or `\"custom.NAME\"` "
        "(in quotes) for a dimension of the company's own."
};

/// `[source]`.
pub const SOURCE: Table = table! { "source"
    expensify: Required, "table";
        "The account at Expensify."
};

/// `[source.expensify]`.
pub const EXPENSIFY: Table = table! { "source.expensify"
    partner_user_id: Required, IDENTIFIER;
        "Partner user id of the Integration Server."
    partner_user_secret: Required, REFERENCE;
        "Secret of the partner user id."
    policies: Default("\"all\""), "`\"all\"`, or a list of ids";
        "Workspaces whose reports are taken."
    states: Means("its defaults"), "table";
        "States in which a report is taken, by fund source."
    cut_over: Required, "day, `\"2026-11-01\"`";
        "Reports approved before this day are never taken, except by a backfill; in workspaces without approval "
        "the day of submission counts."
    skip: Default("[]"), "list of conditions";
        "Expenses that are left out, each with the condition as its reason."
};

/// `states` of `[source.expensify]`.
pub const STATES: Table = table! { "source.expensify.states"
    reimbursable: Default(BOTH_STATES), STATE_LIST;
        "For expenses that the employee paid."
    company_card: Default(BOTH_STATES), STATE_LIST;
        "For expenses on a card of the company."
    other: Means("as `company_card`"), STATE_LIST;
        "For expenses that are neither."
};

/// A condition: an element of `skip`, or `when` of a rule.
pub const CONDITION: Table = table! { "condition"
    category: Means("any"), "text";
        "Category."
    tag_N: Means("any"), "text";
        "Tag of level N, `tag_1` to `tag_20`."
    policy: Means("any"), "text";
        "Workspace, by id or name."
    fund_source: Means("any"), "`reimbursable`, `company_card`, `other`";
        "Fund source."
    entity: Means("any"), "text";
        "Entity."
    card: Means("any"), "text";
        "Card, by last four digits, name or feed."
    employee: Means("any"), "text";
        "Employee, by e-mail, id or name."
    fields: Means("any"), "table: field = text";
        "Fields of the report; `fields.Region = \"West\"` is the same as `fields = { Region = \"West\" }`."
    amount_at_least: Means("any"), "amount, `\"100.00 USD\"`";
        "Smallest amount, inclusive; other currencies do not match."
    amount_at_most: Means("any"), "amount, `\"100.00 USD\"`";
        "Largest amount, inclusive; other currencies do not match."
};

/// `[selection]`.
pub const SELECTION: Table = table! { "selection"
    zero_amounts: Default("\"skip\""), "`skip`, `block`";
        "Whether an expense of zero is left out, on record, or holds the report."
};

/// `[destination]`.
pub const DESTINATION: Table = table! { "destination"
    intacct: Required, "table";
        "The company at Sage Intacct."
};

/// `[destination.intacct]`.
pub const INTACCT: Table = table! { "destination.intacct"
    sender_id: Required, IDENTIFIER;
        "Web Services sender id."
    sender_password: Required, REFERENCE;
        "Password of the sender id."
    company_id: Required, IDENTIFIER;
        "Company id."
    user_id: Required, IDENTIFIER;
        "Web Services user."
    user_password: Required, REFERENCE;
        "Password of the user."
    entity: Default("\"\""), "location id of an entity; empty is the top level";
        "Entity to log in to."
    concurrency: Default("2"), "1 to 20";
        "Most requests in flight for the company; its performance tier sets what it allows."
};

const CADENCE: &str = "schedule, `\"every 15 minutes\"` or a cron expression";

/// `[schedule]`.
pub const SCHEDULE: Table = table! { "schedule"
    time_zone: Default("\"UTC\""), "IANA name, `America/New_York`";
        "Zone of the schedules below, and of \"today\"."
    poll: Default("\"*/15 * * * *\""), CADENCE;
        "When Expensify is asked for reports."
    refresh: Default("\"0 5 * * *\""), CADENCE;
        "When Intacct's accounts, dimensions and periods are read again."
    sweep: Default("\"0 2 * * *\""), CADENCE;
        "When the last 45 days are read again, for edits after approval."
    reconcile: Default("\"daily at 03:00\""), CADENCE;
        "When what was approved, planned and posted is compared with what Intacct's ledger holds."
    blackout: Default("[]"),
        "list of days `\"2026-12-31\"`, spans of days `\"2026-12-24..2027-01-02\"`, daily hours `\"22:00-06:00\"`";
        "Times in which nothing is posted. The last day of a span is part of it, the last minute of the hours is "
        "not."
    freeze: Default("[]"),
        "`\"last 3 days of the month\"`, `\"first 5 weekdays of the month\"`, or a list of these, of days and of spans";
        "Days around the close of a month in which nothing is posted. Weekdays are Monday to Friday; a weekend "
        "between frozen weekdays, or between them and the end of the month, is frozen too."
    chart_max_age_hours: Default("24"), "1 to 720";
        "Above this age, Intacct's accounts, dimensions and periods are read again before anything is posted."
};

/// `[control]`.
pub const CONTROL: Table = table! { "control"
    hand_over: Default("\"ask\""), "`ask`, `off`";
        "Whether the ledger is searched, before the flow's first post, for entries that look like reports about to "
        "be posted; such reports are held with the question."
    review_first: Default("10"), "0 to 10000";
        "How many of the first entries wait for a person's review."
    two_person: Default("false"), "`true`, `false`";
        "Whether every entry waits for the approval of a second person."
    approve_above: Default("\"none\""), "amount, or `\"none\"`";
        "Entries above it wait for an approval."
    ceiling_day: Default("\"none\""), "amount, or `\"none\"`";
        "Most that is posted in a day; what is above waits. The ceiling of one entry is `posting.ceiling_entry`."
    auto_release: Default("true"), "`true`, `false`";
        "Whether a held report is posted by itself once its cause is mended; otherwise a person releases it."
    watch_days: Default("60"), "0 to 730";
        "How many days a posted report is read again, for changes at the source and in the ledger."
    silence_days: Means("no alarm"), "1 to 366";
        "After so many days without any report an alarm is raised."
};

/// `[[notify]]`.
pub const NOTIFY: Table = table! { "notify"
    to: Required,
        "`\"mailto:ADDRESS\"`, `\"webhook:URL\"`, `\"chat:URL\"`; in place of a URL also `env:NAME`, `file:PATH` or \
         `sealed:NAME`";
        "Who is told. A URL is `https`."
    about: Default("[\"held\", \"authentication\", \"closed_period\", \"drift\", \"approval\", \"digest\", \"silence\", \"all_clear\"]"),
        "list of `held`, `authentication`, `closed_period`, `drift`, `approval`, `digest`, `silence`, `all_clear`";
        "What about."
    secret: Means("refused for a webhook"), "`env:NAME`, `file:PATH` or `sealed:NAME`";
        "Signs what is sent to a webhook; only there."
    digest: Default("\"daily at 08:00\""), CADENCE;
        "When the digest is sent."
};

/// `[posting]`.
pub const POSTING: Table = table! { "posting"
    journal: Required, "journal symbol, or a table by fund source";
        "Journal of the entries."
    date: Default("\"approved\""),
        "`approved`, `last_expense`, `submitted`, `export`, `expense`, `reimbursed`, `card_posted`";
        "Which date an entry carries. `expense` and `card_posted` make one entry a day."
    closed_period: Default("\"hold\""), "`hold`, `next_open_day`, `next_open_period`, `draft`";
        "What happens when that date is in closed books. The original date stays on record."
    future: Default("\"hold\""), "`hold`, `allow`";
        "What happens when that date is after today."
    state: Default("\"posted\""), "`posted`, `draft`";
        "State of the entries in Intacct; a draft is posted there by a person."
    group: Default("\"report_and_fund_source\""), "`report_and_fund_source`, `report`, `expense`";
        "What goes into one entry."
    lines: Default("\"per_expense\""), "`per_expense`, `summarised`";
        "One line an expense, or one for each account and set of dimensions."
    credit_lines: Default("\"per_report\""), "`per_report`, `per_expense`, `per_employee`, `per_card`";
        "How the offset lines are cut; each is for one offset account (and entity)."
    max_lines: Default("500"), "2 to 500";
        "Most lines of an entry; longer ones are cut into balanced parts."
    title: Default("\"Expensify {report_number} {employee_name} {approved}\""), "text with tokens";
        "Title of an entry."
    memo: Default("\"{employee_name} - {merchant} - {category} - {comment}\""), "text with tokens";
        "Memo of a line."
    document: Default("\"{key}\""), "text with tokens";
        "Document number of a line; by default the entry's own reference, by which it is found again."
    ceiling_entry: Default("\"50000.00 USD\""), "amount, or `\"none\"`";
        "Entries above it are held."
    rounding_tolerance: Default("\"0.01\""), "hundredths, `\"0.00\"` to `\"1.00\"`";
        "How far the expenses and the report's total may differ. A hundredth is one minor unit of the report's "
        "currency."
};

/// `posting.journal` as a table.
pub const JOURNAL: Table = table! { "posting.journal"
    reimbursable: Means("refused, unless its `states` are empty"), "journal symbol";
        "For expenses that the employee paid."
    company_card: Means("refused, unless its `states` are empty"), "journal symbol";
        "For expenses on a card of the company."
    other: Means("as `company_card`"), "journal symbol";
        "For expenses that are neither."
};

/// `[offsets]`.
pub const OFFSETS: Table = table! { "offsets"
    reimbursable: Means("refused, unless its `states` are empty"), "table";
        "What the company owes its employees."
    company_card: Means("refused, unless its `states` are empty"), "table";
        "What the company owes its card's bank."
    other: Means("as `company_card`"), "table";
        "For expenses that are neither."
};

/// `[offsets.FUND_SOURCE]`.
pub const OFFSET: Table = table! { "offsets.FUND_SOURCE"
    account: Required, "account number";
        "The offset account. The first exception that fits comes before it, in this order: `cards`, "
        "`cardholders`, `feeds`, `kinds`."
    cards: Default("{}"), TEXT_TABLE;
        "By a card's last four digits or name."
    cardholders: Default("{}"), TEXT_TABLE;
        "By the employee's e-mail."
    feeds: Default("{}"), TEXT_TABLE;
        "By bank or feed."
    kinds: Default("{}"), TEXT_TABLE;
        "By kind of expense, such as mileage or per diem."
    dimensions: Default("\"required\""), "`required`, `copy`, or a table: dimension = value";
        "Dimensions of the offset lines: the location plus what the account requires, those of the debits, or "
        "these."
};

/// `[categories]`.
pub const CATEGORIES: Table = table! { "categories"
    file: Means("no file"), "name of a CSV file beside the flow file";
        "File with the columns `category,account`. A category that is called `file` can stand only there."
    CATEGORY: Means("not mapped"), "account number";
        "Account of the category; upper and lower case and white space around it do not matter."
};

/// `[[rules]]`.
pub const RULE: Table = table! { "rules"
    when: Required, "condition";
        "When the rule holds."
    account: Required, "account number";
        "Where it books."
};

const SOURCES: &str = "`tag N`, `report_field:NAME`, `category`, `policy`, `employee`, `card`, `constant:VALUE`";

/// `[dimensions.NAME]`.
pub const DIMENSION: Table = table! { "dimensions.NAME"
    from: Required, SOURCES;
        "First place to look. `employee` is the employee's record in Intacct: its id for the employee dimension, "
        "its department and location for those."
    match: Default("\"table\""), "`table`, `id`, `name`";
        "How the text found becomes a value: by `values` alone; else as the id (its GL code or the text itself); "
        "else as the name of exactly one active value."
    values: Default("{}"), "table: text = value id";
        "Values by the text found; upper and lower case and white space around it do not matter."
    fallback: Default("[]"), "list, as `from`";
        "Further places, in order."
    missing: Default("\"hold\""), "`hold`, `blank`";
        "What happens when no place gives a value: the report is held, or the line goes without."
};
