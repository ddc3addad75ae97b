//! What people type: report names and comments, most of them plain, some of them awkward on purpose.
//!
//! Only words. Which report gets which is decided in `fill` and `expenses`.

/// Report names; `{}` takes the submitter's first name.
pub const REPORT_NAMES: &[&str] = &[
    "Expenses of {}",
    "Client visit, {}",
    "Conference and training",
    "{} - monthly report",
    "Office run",
    "Travel to New York",
    "Project week on site",
    "Team tools and software",
];

/// Report names that break careless programs.
pub const AWKWARD_NAMES: &[&str] = &[
    "Q4 \"offsite\" & more",
    "R&D <prototype> ]]> parts",
    "Reise nach Zürich 🚆",
    "تقرير المصاريف",
    "Line one\nline two",
    "C:\\Receipts\\2026",
    "'; DROP TABLE reports; --",
    "=HYPERLINK(\"x\")",
];

/// Comments.
pub const COMMENTS: &[&str] = &[
    "",
    "",
    "Lunch with client",
    "Return trip",
    "For the new workstation",
    "Monthly subscription",
    "Approved by phone",
    "Shared with the team",
    "See attached receipt",
    "Two nights",
];

/// Comments that break careless programs: quotes, markup, bidirectional marks, control characters, line ends.
pub const AWKWARD_COMMENTS: &[&str] = &[
    "He said \"keep it\", so I did",
    "AT&T <bill> & ]]> the rest",
    "Dinner 🍣🍷 with 山田さん",
    "קבלה \u{202E}reversed\u{202C} text",
    "First line\nsecond line\r\nthird\tcolumn",
    "bell \u{7} unit \u{1F} vertical \u{B} end",
    "\u{FEFF}starts with a byte-order mark",
    "colon\\:escaped and C:\\path",
    "</script><!-- not html -->",
    "combining e\u{301} and family 👨\u{200D}👩\u{200D}👧",
    "line\u{2028}separator and \u{85}next line",
];

/// One more, that very few systems take: it holds a NUL.
pub const NUL_COMMENT: &str = "zero\u{0}byte";

/// A comment as long as the most talkative employee writes: about 1,500 characters.
pub fn long_comment() -> String {
    "The train was cancelled, so we took a taxi; the driver had no card reader, hence the cash receipt. ".repeat(15)
}

/// Values of the report field about the trip's purpose.
pub const PURPOSES: &[&str] = &["Client visit", "Conference", "Recruiting", "Acme & Sons kick-off", ""];
