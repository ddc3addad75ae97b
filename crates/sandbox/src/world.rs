//! The facts of the seeded company that both vendors know: who works there, what may be booked where.
//!
//! Only names and ids live here. What a vendor makes of them is in `expensify` and `intacct`, which do not see
//! each other; this file is what a real company's people would have typed into both.

/// A GL account of the company, as its controller set it up.
#[derive(Debug, Clone, Copy)]
pub struct AccountFact {
    /// Account number.
    pub number: &'static str,
    /// Title.
    pub title: &'static str,
    /// `true` for a balance sheet account, `false` for an income statement account.
    pub balance_sheet: bool,
    /// Dimensions that a posting to it must name, in Intacct's field words (`DEPARTMENT`, `PROJECT`, ...).
    pub requires: &'static [&'static str],
    /// Inactive accounts exist and refuse postings.
    pub active: bool,
}

const fn account(number: &'static str, title: &'static str, balance_sheet: bool) -> AccountFact {
    AccountFact { number, title, balance_sheet, requires: &[], active: true }
}

const fn expense(number: &'static str, title: &'static str) -> AccountFact {
    AccountFact { number, title, balance_sheet: false, requires: &["DEPARTMENT", "LOCATION"], active: true }
}

/// The chart of accounts.
pub const ACCOUNTS: &[AccountFact] = &[
    account("1000", "Cash - Operating", true),
    account("1200", "Accounts Receivable", true),
    account("1500", "Computer Equipment", true),
    account("2000", "Accounts Payable", true),
    account("2010", "Accrued Employee Expenses", true),
    account("2050", "Company Card Clearing", true),
    account("2051", "Company Card Clearing - Executives", true),
    account("3000", "Retained Earnings", true),
    account("4000", "Services Revenue", false),
    expense("6100", "Office Supplies"),
    expense("6110", "Postage & Shipping"),
    expense("6120", "Printing"),
    expense("6200", "Software & Subscriptions"),
    expense("6210", "Hosting"),
    expense("6220", "Small Equipment"),
    expense("6300", "Telephone"),
    expense("6310", "Internet"),
    expense("6400", "Travel - Lodging"),
    expense("6410", "Travel - Airfare"),
    expense("6415", "Travel - Ground"),
    expense("6416", "Travel - Mileage"),
    expense("6417", "Travel - Parking & Tolls"),
    expense("6420", "Meals"),
    expense("6425", "Meals - Sales"),
    expense("6430", "Entertainment"),
    expense("6500", "Professional Fees"),
    expense("6510", "Recruiting"),
    expense("6520", "Training"),
    expense("6530", "Dues & Memberships"),
    expense("6600", "Advertising"),
    expense("6610", "Trade Shows"),
    expense("6700", "Bank & Card Fees"),
    expense("6800", "Gifts"),
    AccountFact {
        number: "6900",
        title: "Client Project Costs",
        balance_sheet: false,
        requires: &["DEPARTMENT", "LOCATION", "PROJECT"],
        active: true,
    },
    AccountFact { number: "6990", title: "Old Travel", balance_sheet: false, requires: &[], active: false },
];

/// A category of the expense workspace and the account its GL code names.
#[derive(Debug, Clone, Copy)]
pub struct CategoryFact {
    /// Name as shown to employees.
    pub name: &'static str,
    /// GL code kept beside it in the workspace; empty where nobody typed one.
    pub gl_code: &'static str,
    /// How often it is used, relative to the others; 0 means that no generated expense uses it by chance.
    pub weight: u32,
    /// Usual amounts in minor units: lowest and highest.
    pub range_minor: (i64, i64),
}

const fn category(name: &'static str, gl_code: &'static str, weight: u32, low: i64, high: i64) -> CategoryFact {
    CategoryFact { name, gl_code, weight, range_minor: (low, high) }
}

/// The categories. `Team Offsite` has no account anywhere: a missing mapping that a person has to decide.
/// `Legacy Travel` names an account that Intacct holds inactive.
pub const CATEGORIES: &[CategoryFact] = &[
    category("Airfare", "6410", 60, 12_000, 148_000),
    category("Lodging", "6400", 60, 9_900, 96_000),
    category("Taxi & Rideshare", "6415", 90, 650, 9_800),
    category("Car Rental", "6415", 15, 4_500, 41_000),
    category("Train", "6415", 20, 1_200, 23_000),
    category("Mileage", "6416", 25, 320, 14_000),
    category("Parking & Tolls", "6417", 40, 200, 5_500),
    category("Meals & Entertainment", "6420", 140, 480, 28_000),
    category("Client Entertainment", "6430", 20, 3_000, 62_000),
    category("Office Supplies", "6100", 40, 300, 19_000),
    category("Postage", "6110", 10, 150, 6_000),
    category("Printing", "6120", 8, 500, 12_000),
    category("Software", "6200", 45, 900, 120_000),
    category("Hosting", "6210", 10, 2_000, 88_000),
    category("Small Equipment", "6220", 15, 2_900, 98_000),
    category("Telephone", "6300", 25, 1_500, 14_000),
    category("Internet", "6310", 20, 2_500, 9_000),
    category("Professional Fees", "6500", 5, 20_000, 240_000),
    category("Recruiting", "6510", 4, 5_000, 90_000),
    category("Training & Conferences", "6520", 15, 4_900, 199_000),
    category("Dues & Memberships", "6530", 10, 2_000, 60_000),
    category("Advertising", "6600", 8, 5_000, 180_000),
    category("Gifts: Clients \\ Partners", "6800", 6, 1_500, 25_000),
    category("Client Project Costs", "6900", 12, 5_000, 140_000),
    category("Bank Fees", "6700", 8, 50, 4_500),
    category("Team Offsite", "", 0, 20_000, 180_000),
    category("Legacy Travel", "6990", 0, 5_000, 40_000),
];

/// Departments: id, title, active. Level 1 of the workspace's tags carries the titles.
pub const DEPARTMENTS: &[(&str, &str, bool)] = &[
    ("100", "G&A", true),
    ("200", "Sales", true),
    ("300", "Delivery", true),
    ("400", "Engineering", true),
    ("500", "Marketing", true),
    ("600", "People \"& Culture\"", true),
    ("900", "Field Ops (closed)", false),
];

/// Locations: id, name, id of the parent or empty, active. `US` and `UK` are entities.
pub const LOCATIONS: &[(&str, &str, &str, bool)] = &[
    ("US", "Example Services US", "", true),
    ("NY", "New York", "US", true),
    ("SF", "San Francisco", "US", true),
    ("UK", "Example Services UK", "", true),
    ("LON", "London", "UK", true),
    ("BOS", "Boston (closed)", "US", false),
];

/// Customers: id and name.
pub const CUSTOMERS: &[(&str, &str)] = &[
    ("C-100", "Acme & Sons"),
    ("C-200", "Globex \"International\""),
    ("C-300", "Initech <Holding>"),
    ("C-400", "Soylent: Foods"),
];

/// Projects: id, name, customer id, active. Level 2 of the workspace's tags carries the names, with the id as GL code.
pub const PROJECTS: &[(&str, &str, &str, bool)] = &[
    ("P-1001", "Acme Rollout", "C-100", true),
    ("P-1002", "Acme Support", "C-100", true),
    ("P-2001", "Globex: Phase 2", "C-200", true),
    ("P-3001", "Initech R&D ]]>", "C-300", true),
    ("P-4001", "Soylent Audit", "C-400", true),
    ("P-9001", "Old Portal", "C-400", false),
];

/// Classes: id and name.
pub const CLASSES: &[(&str, &str)] = &[("B", "Billable"), ("N", "Non-billable")];

/// Vendors: id and name.
pub const VENDORS: &[(&str, &str)] = &[("V-CARD", "Example Card Bank"), ("V-AIR", "Example Airways")];

/// Items: id and name.
pub const ITEMS: &[(&str, &str)] = &[("I-EXP", "Reimbursable expense"), ("I-TRAVEL", "Travel recharge")];

/// Journals: symbol and title.
pub const JOURNALS: &[(&str, &str)] =
    &[("GJ", "General Journal"), ("EXP", "Employee Expenses"), ("CC", "Company Cards")];

/// Merchants, some of them awkward on purpose.
pub const MERCHANTS: &[&str] = &[
    "Delta Air Lines",
    "Hilton Garden Inn",
    "Uber",
    "Lyft",
    "Amtrak",
    "Starbucks",
    "Café Crème & Fils",
    "O'Reilly's \"Pub\"",
    "AT&T",
    "Office Depot",
    "FedEx",
    "GitHub",
    "Amazon Web Services",
    "B&H <Photo>",
    "寿司 🍣 Tokyo",
    "Zürich Versicherung",
    "Marks & Spencer",
    "CDATA ]]> Books",
    "Trader Joe's",
    "7-Eleven\tStore 12",
    "Ελληνικό Καφενείο",
    "=SUM(Deli)",
];

/// First and last names from which the employees are made.
pub const FIRST_NAMES: &[&str] = &[
    "Ada", "Ben", "Chloé", "David", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jürgen", "Kofi", "Lucía", "Mei",
    "Noah", "Olga", "Priya", "Quentin", "Rosa", "Sven", "Tariq",
];
/// Last names.
pub const LAST_NAMES: &[&str] = &[
    "O'Brien",
    "Smith",
    "García",
    "Müller",
    "Nguyễn",
    "Okafor",
    "Rossi",
    "Van der Berg",
    "Ivanova",
    "D'Angelo",
    "Tanaka",
    "Brown-Jones",
    "Łukasiewicz",
    "de Souza",
    "Kim",
    "Haddad",
    "Larsson",
    "Patel",
    "Fontaine",
    "Walker",
];

/// How many people the company employs.
pub const EMPLOYEES: usize = 60;

/// One employee.
#[derive(Debug, Clone)]
pub struct EmployeeFact {
    /// Employee id in Intacct and payroll id in Expensify.
    pub id: String,
    /// First name.
    pub first: &'static str,
    /// Last name.
    pub last: &'static str,
    /// Work e-mail.
    pub email: String,
    /// Department id.
    pub department: &'static str,
    /// Location id.
    pub location: &'static str,
}

/// The employee with number `n` (0-based); the same person for every seed.
pub fn employee(n: usize) -> EmployeeFact {
    let n = n % EMPLOYEES;
    let first = FIRST_NAMES[n % FIRST_NAMES.len()];
    let last = LAST_NAMES[(n * 7 + n / FIRST_NAMES.len()) % LAST_NAMES.len()];
    let ascii: String = format!("{first}.{last}")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect::<String>()
        .to_lowercase();
    EmployeeFact {
        id: format!("E{:03}", n + 1),
        first,
        last,
        email: format!("{ascii}{}@example.com", n + 1),
        department: DEPARTMENTS[n % 6].0,
        location: ["NY", "SF", "LON"][n % 3],
    }
}

/// The last day whose books are closed: the end of the month before the one that `today` minus 35 days lies in.
///
/// So a report approved in the last 35 days always meets an open period, and one approved 67 days ago never does.
pub fn books_closed_until(today: jiff::civil::Date) -> jiff::civil::Date {
    let back = today.checked_sub(jiff::Span::new().days(35)).unwrap_or(today);
    back.first_of_month().yesterday().unwrap_or(back)
}

/// First day of the books: year, month, day. Nothing can be dated before it.
pub const BOOKS_START: (i16, i8, i8) = (2024, 1, 1);

/// Values of the user-defined dimension `GRANT`: name and whether it is active.
pub const GRANTS: &[(&str, bool)] = &[("City Arts Fund", true), ("Health & Safety", true), ("Closed Programme", false)];
