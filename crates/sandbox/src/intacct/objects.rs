//! The objects of the company: their fields, lengths, keys and relations, one line each.
//!
//! Field lists follow the fact sheet; every length is a guess (assumed) that `inspect` reports and creates hold to.

use super::names::{Names, Sym};

/// What a field holds, which decides how it is compared and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Decimal,
    Date,
    DateTime,
    Boolean,
    /// Shown as a label, stored as a letter.
    Enum(&'static [(&'static str, &'static str)]),
}

/// Letters and labels of GLBATCH/STATE (documented).
pub(super) const STATES: &[(&str, &str)] = &[
    ("I", "Draft"),
    ("S", "Submitted"),
    ("X", "Partially approved"),
    ("A", "Approved"),
    ("P", "Posted"),
    ("R", "Declined"),
    ("L", "Reversal pending"),
    ("Z", "Reversed"),
];
const STATUS: &[(&str, &str)] = &[("T", "active"), ("F", "inactive")];
const ACCOUNT_TYPES: &[(&str, &str)] = &[("I", "incomestatement"), ("N", "balancesheet")];

/// One field.
#[derive(Debug, Clone)]
pub(super) struct FieldDef {
    pub name: Sym,
    pub text: &'static str,
    pub kind: Kind,
    pub max_length: usize,
    pub required: bool,
    pub read_only: bool,
}

/// A to-one relation: `PATH.FIELD` reads `FIELD` of the `target` whose key is this record's `local`.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub path: &'static str,
    pub local: Sym,
    pub target: &'static str,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct ObjectDef {
    pub name: &'static str,
    pub singular: &'static str,
    pub plural: &'static str,
    /// The natural key.
    pub key: Sym,
    pub fields: Vec<FieldDef>,
    pub relations: Vec<Relation>,
}

impl ObjectDef {
    pub fn field(&self, name: Sym) -> Option<&FieldDef> {
        self.fields.iter().find(|f| f.name == name)
    }

    pub fn relation(&self, path: &str) -> Option<&Relation> {
        self.relations.iter().find(|r| r.path == path)
    }
}

/// Name, singular, plural, natural key, fields, relations. A field is a name and its kind: a number is a text of so
/// many characters, `!` required, `i` integer, `n` decimal, `d` date, `t` date and time, `b` boolean, `s` status,
/// `a` account type, `e` state of a batch; `-` read only. A relation is `PATH=LOCAL>TARGET`.
type Spec = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

const DIMENSIONS: &str = "DEPARTMENT 20; LOCATION 20; PROJECTID 20; TASKID 20; COSTTYPEID 20; CUSTOMERID 20; \
     VENDORID 20; EMPLOYEEID 20; ITEMID 30; CLASSID 20; CONTRACTID 20; WAREHOUSEID 20; GLDIMGRANT 20";

const LINE_RELATIONS: &str = "GLBATCH=BATCHNO>GLBATCH; GLACCOUNT=ACCOUNTNO>GLACCOUNT; DEPT=DEPARTMENT>DEPARTMENT; \
     LOC=LOCATION>LOCATION; PROJECT=PROJECTID>PROJECT; CUSTOMER=CUSTOMERID>CUSTOMER; VENDOR=VENDORID>VENDOR; \
     EMPLOYEE=EMPLOYEEID>EMPLOYEE; CLASS=CLASSID>CLASS; ITEM=ITEMID>ITEM";

const REQUIRES: &str = "REQUIREDEPT b; REQUIRELOC b; REQUIREPROJECT b; REQUIRETASK b; REQUIRECUSTOMER b; \
     REQUIREVENDOR b; REQUIREEMPLOYEE b; REQUIREITEM b; REQUIRECLASS b; REQUIRECONTRACT b; REQUIREWAREHOUSE b; \
     REQUIREGLDIMGRANT b";

/// Fields that every stored object has besides its own.
const COMMON: &str = "WHENCREATED t-; WHENMODIFIED t-; MEGAENTITYID 20-; RECORD_URL 200-";

/// Objects whose records are rows of a table. (GLBATCH, GLENTRY and GLDETAIL are the ledger.)
const TABLES: &[Spec] = &[
    (
        "GLACCOUNT",
        "GL account",
        "GL accounts",
        "ACCOUNTNO",
        "ACCOUNTNO 24!; TITLE 80!; ACCOUNTTYPE a; NORMALBALANCE 10; CLOSINGTYPE 30; STATUS s; CATEGORY 80; ALTERNATIVEACCOUNT 30; TAXABLE b",
        "",
    ),
    (
        "STATACCOUNT",
        "Statistical account",
        "Statistical accounts",
        "ACCOUNTNO",
        "ACCOUNTNO 24!; TITLE 80!; ACCOUNTTYPE 20; STATUS s; CATEGORY 80",
        "",
    ),
    (
        "DEPARTMENT",
        "Department",
        "Departments",
        "DEPARTMENTID",
        "DEPARTMENTID 20!; TITLE 80!; PARENTKEY i; PARENTID 20; SUPERVISORID 20; STATUS s; CUSTTITLE 100",
        "PARENT=PARENTID>DEPARTMENT",
    ),
    (
        "LOCATION",
        "Location",
        "Locations",
        "LOCATIONID",
        "LOCATIONID 20!; NAME 80!; PARENTID 20; SUPERVISORID 20; STATUS s; CURRENCY 3; CUSTTITLE 100",
        "PARENT=PARENTID>LOCATION",
    ),
    (
        "LOCATIONENTITY",
        "Entity",
        "Entities",
        "LOCATIONID",
        "LOCATIONID 20!; NAME 80!; FIRSTMONTH i; STARTDATE d; ENDDATE d; STATUS s; CURRENCY 3; HAS_IE_RELATION b; OPCOUNTRY 60",
        "",
    ),
    (
        "PROJECT",
        "Project",
        "Projects",
        "PROJECTID",
        "PROJECTID 20; NAME 80!; DESCRIPTION 500; CURRENCY 3; PROJECTCATEGORY 30; PROJECTSTATUS 30; STATUS s; CUSTOMERID 20; CUSTOMERNAME 100; PROJECTTYPE 30; LOCATIONID 20; PARENTID 20; MANAGERID 20; DEPARTMENTID 20",
        "CUSTOMER=CUSTOMERID>CUSTOMER; PARENT=PARENTID>PROJECT; LOCATION=LOCATIONID>LOCATION",
    ),
    (
        "TASK",
        "Task",
        "Tasks",
        "TASKID",
        "TASKID 20; NAME 80!; PROJECTID 20; PROJECTNAME 80; ITEMID 30; TASKSTATUS 30; BILLABLE b; STATUS s",
        "PROJECT=PROJECTID>PROJECT",
    ),
    (
        "COSTTYPE",
        "Cost type",
        "Cost types",
        "COSTTYPEID",
        "COSTTYPEID 20!; NAME 80!; PROJECTID 20; TASKID 20; STATUS s",
        "PROJECT=PROJECTID>PROJECT; TASK=TASKID>TASK",
    ),
    (
        "CUSTOMER",
        "Customer",
        "Customers",
        "CUSTOMERID",
        "CUSTOMERID 20; NAME 100!; STATUS s; PARENTID 20; ONHOLD b; CUSTTYPE 30; TERMNAME 40; COMMENTS 500; DISPLAYCONTACT.PRINTAS 200; DISPLAYCONTACT.EMAIL1 200; DISPLAYCONTACT.FIRSTNAME 40; DISPLAYCONTACT.LASTNAME 40; DISPLAYCONTACT.COMPANYNAME 100",
        "PARENT=PARENTID>CUSTOMER",
    ),
    (
        "VENDOR",
        "Vendor",
        "Vendors",
        "VENDORID",
        "VENDORID 20; NAME 100!; STATUS s; PARENTID 20; VENDTYPE 30; TERMNAME 40; COMMENTS 500; TAXID 20; DISPLAYCONTACT.PRINTAS 200; DISPLAYCONTACT.EMAIL1 200; DISPLAYCONTACT.FIRSTNAME 40; DISPLAYCONTACT.LASTNAME 40; DISPLAYCONTACT.COMPANYNAME 100",
        "PARENT=PARENTID>VENDOR",
    ),
    (
        "EMPLOYEE",
        "Employee",
        "Employees",
        "EMPLOYEEID",
        "EMPLOYEEID 20; TITLE 80; LOCATIONID 20; DEPARTMENTID 20; STATUS s; SUPERVISORID 20; PERSONALINFO.CONTACTNAME 200; CONTACT.CONTACTNAME 200; CONTACT.PRINTAS 200; CONTACT.FIRSTNAME 40; CONTACT.LASTNAME 40; CONTACT.EMAIL1 200",
        "DEPARTMENT=DEPARTMENTID>DEPARTMENT; LOCATION=LOCATIONID>LOCATION",
    ),
    (
        "CLASS",
        "Class",
        "Classes",
        "CLASSID",
        "CLASSID 20!; NAME 80!; DESCRIPTION 500; STATUS s; PARENTID 20",
        "PARENT=PARENTID>CLASS",
    ),
    (
        "ITEM",
        "Item",
        "Items",
        "ITEMID",
        "ITEMID 30!; NAME 100!; STATUS s; ITEMTYPE 30; GLGROUP 40; PRODUCTLINEID 20; EXTENDED_DESCRIPTION 500",
        "",
    ),
    (
        "CONTRACT",
        "Contract",
        "Contracts",
        "CONTRACTID",
        "CONTRACTID 20!; NAME 100!; CUSTOMERID 20; STATUS s",
        "CUSTOMER=CUSTOMERID>CUSTOMER",
    ),
    ("WAREHOUSE", "Warehouse", "Warehouses", "WAREHOUSEID", "WAREHOUSEID 20!; NAME 80!; LOCATIONID 20; STATUS s", ""),
    (
        "CONTACT",
        "Contact",
        "Contacts",
        "CONTACTNAME",
        "CONTACTNAME 200!; PRINTAS 200; FIRSTNAME 40; LASTNAME 40; COMPANYNAME 100; EMAIL1 200; PHONE1 30; STATUS s; MAILADDRESS.ADDRESS1 80; MAILADDRESS.CITY 80; MAILADDRESS.STATE 40; MAILADDRESS.ZIP 30; MAILADDRESS.COUNTRY 60",
        "",
    ),
    (
        "GLJOURNAL",
        "Journal",
        "Journals",
        "SYMBOL",
        "SYMBOL 4!; TITLE 80!; STATUS s; ADJ b; STATISTICAL b; BOOKID 40; START_DATE d",
        "",
    ),
    (
        "REPORTINGPERIOD",
        "Reporting period",
        "Reporting periods",
        "NAME",
        "NAME 40!; HEADER1 20; HEADER2 20; START_DATE d; END_DATE d; BUDGETING b; STATUS s",
        "",
    ),
    ("EXCHANGERATETYPES", "Exchange rate type", "Exchange rate types", "NAME", "ID i; NAME 40!; ISDEFAULT b", ""),
    (
        "TAXDETAIL",
        "Tax detail",
        "Tax details",
        "DETAILID",
        "DETAILID 40!; TAXUID 40; DESCRIPTION 100; TAXTYPE 20; VALUE n; STATUS s; REVERSECHARGE b; TAXRATE 20; TAXSOLUTIONID 40",
        "",
    ),
    (
        "TAXSOLUTION",
        "Tax solution",
        "Tax solutions",
        "SOLUTIONID",
        "SOLUTIONID 40!; DESCRIPTION 100; TYPE 20; STATUS s",
        "",
    ),
    (
        "SUPDOC",
        "Attachment",
        "Attachments",
        "SUPDOCID",
        "SUPDOCID 20!; SUPDOCNAME 80; SUPDOCFOLDERNAME 80; SUPDOCDESCRIPTION 200",
        "",
    ),
    (
        "SUPDOCFOLDER",
        "Attachment folder",
        "Attachment folders",
        "NAME",
        "NAME 80!; DESCRIPTION 200; PARENTFOLDER 80",
        "",
    ),
    ("GRANT", "Grant", "Grants", "NAME", "ID i-; NAME 80!; STATUS s", ""),
];

const LEDGER: &[Spec] = &[
    (
        "GLBATCH",
        "Journal entry",
        "Journal entries",
        "RECORDNO",
        "BATCHNO i-; BATCH_TITLE 80!; BALANCE n-; JOURNAL 4!; JOURNALKEY i-; ADJ 10-; BATCH_DATE d!; MODULE 20-; REFERENCENO 20; REVERSED d-; REVERSEDKEY i-; REVERSEDFROM d-; REVERSEDATE d; MODIFIED t-; BASELOCATION_NO 20; STATE e; SUPDOCID 20; HISTORY_COMMENT 500; CREATEDBY i-; MODIFIEDBY i-; TRANSACTIONSOURCE 20; TAXIMPLICATIONS 20; TAXSOLUTIONID 40; VATVENDORID 20; VATCUSTOMERID 20; VATCONTACTID 200; EXPENSE_REPORT 40",
        "JOURNAL=JOURNAL>GLJOURNAL",
    ),
    (
        "GLENTRY",
        "Journal entry line",
        "Journal entry lines",
        "RECORDNO",
        "BATCHNO i-; BATCH_NUMBER i-; LINE_NO i-; ENTRY_DATE d-; TR_TYPE i!; AMOUNT n; TRX_AMOUNT n; ACCOUNTNO 24!; CURRENCY 3; BASECURR 3-; EXCH_RATE_DATE d; EXCH_RATE_TYPE_ID 40; EXCHANGE_RATE n; DESCRIPTION 1000; DOCUMENT 30; ALLOCATION 50; BILLABLE b; STATE e-; EXPENSE_ID 40",
        LINE_RELATIONS,
    ),
    (
        "GLDETAIL",
        "GL detail",
        "GL details",
        "RECORDNO",
        "BATCHKEY i-; BATCH_DATE d-; BATCH_NO i-; BATCH_TITLE 80-; SYMBOL 4-; REFERENCENO 20-; LINE_NO i-; ENTRY_DATE d-; TR_TYPE i-; ACCOUNTNO 24-; AMOUNT n-; TRX_AMOUNT n-; DEBITAMOUNT n-; CREDITAMOUNT n-; TRX_DEBITAMOUNT n-; TRX_CREDITAMOUNT n-; CURRENCY 3-; BASECURR 3-; DESCRIPTION 1000-; DOCUMENT 30-; DEPARTMENTID 20-; LOCATIONID 20-",
        LINE_RELATIONS,
    ),
];

/// All objects: those of tables, then those of the ledger. LOCATIONENTITY is left out of a company without entities.
pub(super) fn definitions(names: &mut Names, multi_entity: bool) -> (Vec<ObjectDef>, Vec<ObjectDef>) {
    let tables = TABLES.iter().filter(|spec| multi_entity || spec.0 != "LOCATIONENTITY");
    let tables = tables
        .map(|spec| define(names, spec, if matches!(spec.0, "GLACCOUNT" | "STATACCOUNT") { REQUIRES } else { "" }))
        .collect();
    let ledger = LEDGER.iter().map(|spec| define(names, spec, if spec.0 == "GLBATCH" { "" } else { DIMENSIONS }));
    (tables, ledger.collect())
}

fn parts(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(';').map(str::trim).filter(|p| !p.is_empty())
}

fn define(names: &mut Names, spec: &Spec, more: &'static str) -> ObjectDef {
    let (name, singular, plural, key, own, relations) = *spec;
    let mut fields: Vec<FieldDef> = Vec::new();
    let all = std::iter::once("RECORDNO i-").chain(parts(own)).chain(parts(more)).chain(parts(COMMON));
    for field in all.map(|text| field(names, text)) {
        if fields.iter().all(|f| f.name != field.name) {
            fields.push(field);
        }
    }
    let relations = parts(relations).filter_map(|text| {
        let (path, rest) = text.split_once('=')?;
        let (local, target) = rest.split_once('>')?;
        Some(Relation { path, local: names.intern(local), target })
    });
    let relations = relations.collect();
    ObjectDef { name, singular, plural, key: names.intern(key), fields, relations }
}

fn field(names: &mut Names, text: &'static str) -> FieldDef {
    let (name, form) = text.split_once(' ').unwrap_or((text, "100"));
    let kind = match form.chars().next() {
        Some('i') => Kind::Integer,
        Some('n') => Kind::Decimal,
        Some('d') => Kind::Date,
        Some('t') => Kind::DateTime,
        Some('b') => Kind::Boolean,
        Some('s') => Kind::Enum(STATUS),
        Some('a') => Kind::Enum(ACCOUNT_TYPES),
        Some('e') => Kind::Enum(STATES),
        _ => Kind::Text,
    };
    let digits: String = form.chars().take_while(char::is_ascii_digit).collect();
    FieldDef {
        name: names.intern(name),
        text: name,
        kind,
        max_length: digits.parse().unwrap_or(match kind {
            Kind::Integer => 8,
            Kind::Decimal => 38,
            Kind::Date => 10,
            Kind::DateTime => 22,
            _ => 30,
        }),
        required: form.contains('!'),
        read_only: form.contains('-'),
    }
}
