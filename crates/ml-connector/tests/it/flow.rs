//! Flow documents that are sound: every option reaches the value it stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use accounting::mapping::{
    AccountRule, AccountRules, ClosedPeriod, Condition, CreditLines, DimensionRule, Future, Group, Lines, Matching,
    Missing, Offset, OffsetDimensions, Offsets, PostingDate, PostingRules, Selection, ValueSource, ZeroAmounts,
};
use accounting::template::Template;
use accounting::{Amount, Currency, Dimension, EntryState, FundSource, ReportState};
use jiff::civil::date;
use ml_connector::flow::{Destination, ExpensifySource, Flow, Identifier, IntacctDestination, Mode, SecretRef, Source};

/// The folder of the test's documents.
pub fn flows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows")
}

/// One of them, which must be sound.
pub fn load(name: &str) -> Flow {
    Flow::load(&flows().join(name)).unwrap_or_else(|error| panic!("{error}"))
}

fn env(name: &str) -> SecretRef {
    SecretRef::Env(name.to_owned())
}

fn texts(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn amount(figure: &str, code: &str) -> Amount {
    Amount::parse(figure, Currency::parse(code).unwrap()).unwrap()
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

/// The rules of `minimal.toml`: all defaults.
fn default_posting() -> PostingRules {
    PostingRules {
        journal: [FundSource::Reimbursable, FundSource::CompanyCard].map(|source| (source, "EXP".to_owned())).into(),
        date: PostingDate::Approved,
        closed_period: ClosedPeriod::Hold,
        future: Future::Hold,
        state: EntryState::Posted,
        group: Group::ReportAndFundSource,
        lines: Lines::PerExpense,
        credit_lines: CreditLines::PerReport,
        max_lines: 500,
        title: template("Expensify {report_number} {employee_name} {approved}"),
        memo: template("{employee_name} - {merchant} - {category} - {comment}"),
        document: template("{key}"),
        ceiling_entry: Some(amount("50000.00", "USD")),
        rounding_tolerance_minor: 1,
    }
}

#[test]
fn the_given_document_parses() {
    let flow = load("given.toml");
    assert_eq!(
        (flow.name.as_str(), flow.customer.as_str(), flow.mode),
        ("Expenses to the ledger", "default", Mode::Rehearsal)
    );
    let journal = [(FundSource::Reimbursable, "EXP".to_owned()), (FundSource::CompanyCard, "CC".to_owned())].into();
    assert_eq!(flow.mapping.posting, PostingRules { journal, ..default_posting() });
    assert_eq!(flow.mapping.selection.skip[0].category.as_deref(), Some("Personal"));
    assert_eq!(flow.mapping.accounts.categories, texts(&[("Airfare", "6410"), ("Meals & Entertainment", "6420")]));
    assert_eq!(flow.mapping.accounts.rules[0].when.tags[&1], "Sales");
    assert_eq!(
        flow.mapping.dimensions[&Dimension::Department],
        DimensionRule {
            from: ValueSource::Tag(1),
            matching: Matching::Table,
            values: texts(&[("Sales", "200"), ("Delivery", "300")]),
            fallback: vec![ValueSource::Employee, ValueSource::Constant("100".to_owned())],
            missing: Missing::Hold,
        }
    );
    assert_eq!(flow.mapping.dimensions[&Dimension::Project].matching, Matching::Id);
    assert_eq!(flow.mapping.dimensions[&Dimension::Location].from, ValueSource::Policy);
    assert_eq!(flow.mapping.offsets.by_fund_source[&FundSource::CompanyCard].cards, texts(&[("1234", "2051")]));
    assert_eq!(flow.schedule.time_zone, "America/New_York");
}

#[test]
fn what_is_absent_has_its_default() {
    let flow = load("minimal.toml");
    let both = BTreeSet::from([ReportState::Approved, ReportState::Reimbursed]);
    assert_eq!(flow.customer, "default");
    assert_eq!(flow.mode, Mode::Rehearsal);
    assert_eq!(
        flow.mapping.selection,
        Selection {
            policies: None,
            states: FundSource::ALL.map(|source| (source, both.clone())).into(),
            cut_over: date(2026, 11, 1),
            backfills: Vec::new(),
            skip: Vec::new(),
            zero_amounts: ZeroAmounts::Skip,
        }
    );
    assert_eq!(flow.mapping.posting, default_posting());
    assert_eq!(flow.mapping.accounts, AccountRules::default());
    assert!(flow.mapping.dimensions.is_empty());
    let Destination::Intacct(destination) = flow.destination;
    assert_eq!((destination.entity, destination.concurrency), (None, 2));
}

#[test]
fn settings_beside_the_mapping_are_read() {
    let flow = load("everything.toml");
    assert_eq!((flow.name.as_str(), flow.customer.as_str(), flow.mode), ("Everything", "acme-eu", Mode::Post));
    let Source::Expensify(source) = &flow.source;
    let expected = ExpensifySource {
        partner_user_id: Identifier::Reference(SecretRef::File("/run/secrets/partner_user_id".into())),
        partner_user_secret: SecretRef::File("/run/secrets/partner_user_secret".into()),
    };
    assert_eq!(*source, expected);
    let Destination::Intacct(destination) = &flow.destination;
    let expected = IntacctDestination {
        sender_id: Identifier::Reference(env("INTACCT_SENDER_ID")),
        sender_password: SecretRef::Sealed("destination.intacct.sender_password".to_owned()),
        company_id: Identifier::Reference(SecretRef::Sealed("company".to_owned())),
        user_id: Identifier::Literal("xml_gateway".to_owned()),
        user_password: SecretRef::Sealed("intacct.user".to_owned()),
        entity: Some("US".to_owned()),
        concurrency: 8,
    };
    assert_eq!(*destination, expected);
    let keys: Vec<&str> = flow.references().iter().map(|(key, _)| *key).collect();
    assert_eq!(
        keys,
        [
            "source.expensify.partner_user_id",
            "destination.intacct.sender_id",
            "destination.intacct.company_id",
            "source.expensify.partner_user_secret",
            "destination.intacct.sender_password",
            "destination.intacct.user_password",
            "notify.secret",
            "notify.to",
        ]
    );
}

#[test]
fn every_option_of_selection_and_accounts_is_read() {
    let mapping = load("everything.toml").mapping;
    let states = [
        (FundSource::Reimbursable, BTreeSet::from([ReportState::Reimbursed])),
        (FundSource::CompanyCard, BTreeSet::from([ReportState::Approved, ReportState::Archived])),
    ];
    let text = |text: &str| Some(text.to_owned());
    let skip = vec![
        Condition { category: text("Personal"), fund_source: Some(FundSource::CompanyCard), ..Condition::default() },
        Condition {
            tags: [(1, "Sales".to_owned()), (20, "Deep".to_owned())].into(),
            policy: text("Acme US"),
            entity: text("US"),
            card: text("1234"),
            employee: text("ada@example.com"),
            ..Condition::default()
        },
        Condition {
            fields: texts(&[("Region", "West"), ("Cost centre", "12")]),
            amount_at_least: Some(amount("-5.00", "USD")),
            amount_at_most: Some(amount("100.00", "USD")),
            ..Condition::default()
        },
    ];
    let expected = Selection {
        policies: Some(BTreeSet::from(["POLICY1".to_owned(), "POLICY2".to_owned()])),
        states: states.into(),
        cut_over: date(2025, 1, 31),
        backfills: Vec::new(),
        skip,
        zero_amounts: ZeroAmounts::Block,
    };
    assert_eq!(mapping.selection, expected);

    let meals = Condition {
        category: text("Meals & Entertainment"),
        tags: [(1, "Sales".to_owned())].into(),
        ..Condition::default()
    };
    let west = Condition { fields: texts(&[("Region", "West")]), ..Condition::default() };
    let expected = AccountRules {
        categories: texts(&[
            ("Meals & Entertainment", "6420"),
            ("Airfare", "6410"),
            ("Lodging", "6400"),
            ("Gifts: Clients, \"Partners\" \\ Friends", "6800"),
        ]),
        rules: vec![
            AccountRule { when: meals, account: "6425".to_owned() },
            AccountRule { when: west, account: "6426".to_owned() },
        ],
        use_source_codes: true,
        suspense: text("6999"),
    };
    assert_eq!(mapping.accounts, expected);
}

#[test]
fn every_option_of_dimensions_is_read() {
    let mapping = load("everything.toml").mapping;
    let department = DimensionRule {
        from: ValueSource::Tag(1),
        matching: Matching::Name,
        values: texts(&[("Sales", "200")]),
        fallback: vec![
            ValueSource::ReportField("Cost centre".to_owned()),
            ValueSource::Category,
            ValueSource::Policy,
            ValueSource::Employee,
            ValueSource::Card,
            ValueSource::Constant("100".to_owned()),
        ],
        missing: Missing::Blank,
    };
    let fund = DimensionRule {
        from: ValueSource::Constant("F:1".to_owned()),
        matching: Matching::Id,
        values: BTreeMap::new(),
        fallback: Vec::new(),
        missing: Missing::Hold,
    };
    let own = Dimension::UserDefined("Fund".to_owned());
    assert_eq!(mapping.dimensions, [(Dimension::Department, department), (own, fund)].into());
}

#[test]
fn every_option_of_offsets_is_read() {
    let mapping = load("everything.toml").mapping;
    let own = Dimension::UserDefined("Fund".to_owned());
    let reimbursable = Offset {
        account: "2010".to_owned(),
        kinds: texts(&[("mileage", "2011")]),
        dimensions: OffsetDimensions::Copy,
        ..Offset::default()
    };
    let company_card = Offset {
        account: "2050".to_owned(),
        cards: texts(&[("1234", "2051")]),
        cardholders: texts(&[("ada@example.com", "2052")]),
        feeds: texts(&[("Example Bank", "2053")]),
        dimensions: OffsetDimensions::Chosen([(Dimension::Location, "US".to_owned()), (own, "F1".to_owned())].into()),
        ..Offset::default()
    };
    let other = Offset { account: "2060".to_owned(), ..Offset::default() };
    let by_fund_source =
        [(FundSource::Reimbursable, reimbursable), (FundSource::CompanyCard, company_card), (FundSource::Other, other)];
    assert_eq!(mapping.offsets, Offsets { by_fund_source: by_fund_source.into() });
}

#[test]
fn every_option_of_posting_is_read() {
    let mapping = load("everything.toml").mapping;
    let journal = [(FundSource::Reimbursable, "EXP"), (FundSource::CompanyCard, "CC"), (FundSource::Other, "GJ")];
    let expected = PostingRules {
        journal: journal.map(|(source, symbol)| (source, symbol.to_owned())).into(),
        date: PostingDate::LastExpense,
        closed_period: ClosedPeriod::NextOpenDay,
        future: Future::Allow,
        state: EntryState::Draft,
        group: Group::Report,
        lines: Lines::Summarised,
        credit_lines: CreditLines::PerCard,
        max_lines: 250,
        title: template("{report_name}"),
        memo: template("{merchant}"),
        document: template("{report_id}"),
        ceiling_entry: Some(amount("1000000", "JPY")),
        rounding_tolerance_minor: 50,
    };
    assert_eq!(mapping.posting, expected);
}

/// Reads `minimal.toml` with one line of `[posting]` added.
fn with_posting(line: &str) -> PostingRules {
    let text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    let text = text.replace("[posting]\n", &format!("[posting]\n{line}\n"));
    Flow::parse(&text, "minimal.toml", None).unwrap_or_else(|error| panic!("{error}")).mapping.posting
}

#[test]
fn every_word_of_posting_is_known() {
    let dates = [
        ("approved", PostingDate::Approved),
        ("last_expense", PostingDate::LastExpense),
        ("submitted", PostingDate::Submitted),
        ("export", PostingDate::Export),
        ("expense", PostingDate::Expense),
        ("reimbursed", PostingDate::Reimbursed),
        ("card_posted", PostingDate::CardPosted),
    ];
    for (word, value) in dates {
        assert_eq!(with_posting(&format!("date = \"{word}\"")).date, value);
    }
    let closed = [
        ("hold", ClosedPeriod::Hold),
        ("next_open_day", ClosedPeriod::NextOpenDay),
        ("next_open_period", ClosedPeriod::NextOpenPeriod),
        ("draft", ClosedPeriod::Draft),
    ];
    for (word, value) in closed {
        assert_eq!(with_posting(&format!("closed_period = \"{word}\"")).closed_period, value);
    }
    let groups = [
        ("report_and_fund_source", Group::ReportAndFundSource),
        ("report", Group::Report),
        ("expense", Group::Expense),
    ];
    for (word, value) in groups {
        assert_eq!(with_posting(&format!("group = \"{word}\"")).group, value);
    }
    let credits = [
        ("per_report", CreditLines::PerReport),
        ("per_expense", CreditLines::PerExpense),
        ("per_employee", CreditLines::PerEmployee),
        ("per_card", CreditLines::PerCard),
    ];
    for (word, value) in credits {
        assert_eq!(with_posting(&format!("credit_lines = \"{word}\"")).credit_lines, value);
    }
    assert_eq!(with_posting("ceiling_entry = \"none\"").ceiling_entry, None);
    assert_eq!(with_posting("rounding_tolerance = \"0\"").rounding_tolerance_minor, 0);
    assert_eq!(with_posting("rounding_tolerance = \"1.00\"").rounding_tolerance_minor, 100);
}

#[test]
fn a_fund_source_that_is_not_taken_needs_no_journal_and_no_offset() {
    let text = std::fs::read_to_string(flows().join("minimal.toml")).unwrap();
    let text = text
        .replace("cut_over", "states = { company_card = [] }\ncut_over")
        .replace("journal = \"EXP\"", "journal = { reimbursable = \"EXP\" }")
        .replace("company_card = { account = \"2050\" }\n", "");
    let mapping = Flow::parse(&text, "x.toml", None).unwrap_or_else(|error| panic!("{error}")).mapping;
    assert_eq!(mapping.selection.states.keys().collect::<Vec<_>>(), [&FundSource::Reimbursable]);
    assert_eq!(mapping.offsets.by_fund_source.len(), 1);
}

#[test]
fn the_version_is_set_later() {
    let flow = load("minimal.toml");
    assert_eq!(flow.mapping.version, 0);
    assert_eq!(flow.with_version(7).mapping.version, 7);
}
