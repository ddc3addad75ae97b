//! The company's first records, out of the facts that both vendors know.
//!
//! It adds what Intacct alone would hold: journals, reporting periods, rate types, tax details, opening entries.

use super::books::{BASE_CURRENCY, Books, Entry, Line, Origin};
use super::names::Sym;
use super::when::{us_date, us_datetime};
use crate::world;
use jiff::civil::Date;

fn status(active: bool) -> &'static str {
    if active { "active" } else { "inactive" }
}

fn flag(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

impl Books {
    fn add(&mut self, object: &str, pairs: &[(&str, &str)]) {
        let Some(super::books::Object::Table(place)) = self.object(object) else { return };
        let stamp = self.names.text(self.seeded).to_owned();
        let stamps =
            [("WHENCREATED", stamp.as_str()), ("WHENMODIFIED", &stamp), ("CREATEDBY", "1"), ("MODIFIEDBY", "1")];
        let fields = self.intern_fields(pairs.iter().copied().chain(stamps));
        self.insert_row(place, fields);
    }

    /// Fills empty books; `extra_rows` more rows go into every object that a client pages through.
    pub fn seed(&mut self, now_ms: u64, extra_rows: usize) {
        self.seeded = self.names.intern(&us_datetime(now_ms));
        self.seed_accounts();
        self.seed_dimensions();
        self.seed_people();
        self.seed_setup();
        self.seed_extra(extra_rows);
        for (place, (symbol, _)) in world::JOURNALS.iter().enumerate() {
            self.opening_entry(now_ms, place as u64 + 1, symbol);
        }
        self.names.share();
    }

    fn seed_accounts(&mut self) {
        for fact in world::ACCOUNTS {
            let requires = |dimension| flag(fact.requires.contains(&dimension));
            self.add(
                "GLACCOUNT",
                &[
                    ("ACCOUNTNO", fact.number),
                    ("TITLE", fact.title),
                    ("ACCOUNTTYPE", if fact.balance_sheet { "balancesheet" } else { "incomestatement" }),
                    ("NORMALBALANCE", if fact.number.starts_with(['2', '3', '4']) { "credit" } else { "debit" }),
                    ("CLOSINGTYPE", if fact.balance_sheet { "non-closing account" } else { "closing account" }),
                    ("STATUS", status(fact.active)),
                    ("ALTERNATIVEACCOUNT", "None"),
                    ("TAXABLE", "false"),
                    ("REQUIREDEPT", requires("DEPARTMENT")),
                    ("REQUIRELOC", requires("LOCATION")),
                    ("REQUIREPROJECT", requires("PROJECT")),
                    ("REQUIRETASK", requires("TASK")),
                    ("REQUIRECUSTOMER", requires("CUSTOMER")),
                    ("REQUIREVENDOR", requires("VENDOR")),
                    ("REQUIREEMPLOYEE", requires("EMPLOYEE")),
                    ("REQUIREITEM", requires("ITEM")),
                    ("REQUIRECLASS", requires("CLASS")),
                    ("REQUIRECONTRACT", "false"),
                    ("REQUIREWAREHOUSE", "false"),
                    ("REQUIREGLDIMGRANT", "false"),
                ],
            );
        }
        for (number, title) in [("S100", "Headcount"), ("S200", "Billable hours")] {
            let pairs = [("ACCOUNTNO", number), ("TITLE", title), ("ACCOUNTTYPE", "forperiod"), ("STATUS", "active")];
            self.add("STATACCOUNT", &pairs);
        }
    }

    fn seed_dimensions(&mut self) {
        for (id, title, active) in world::DEPARTMENTS {
            self.add("DEPARTMENT", &[("DEPARTMENTID", id), ("TITLE", title), ("STATUS", status(*active))]);
        }
        for (id, name, parent, active) in world::LOCATIONS {
            let pairs = [("LOCATIONID", *id), ("NAME", name), ("PARENTID", parent), ("STATUS", status(*active))];
            self.add("LOCATION", &[&pairs[..], &[("CURRENCY", BASE_CURRENCY)]].concat());
            if parent.is_empty() {
                let more = [("CURRENCY", BASE_CURRENCY), ("FIRSTMONTH", "1"), ("HAS_IE_RELATION", "true")];
                self.add("LOCATIONENTITY", &[&[pairs[0], pairs[1], pairs[3]][..], &more[..]].concat());
            }
        }
        for (id, name) in world::CUSTOMERS {
            self.add("CUSTOMER", &[("CUSTOMERID", id), ("NAME", name), ("STATUS", "active"), ("ONHOLD", "false")]);
        }
        for (id, name, customer, active) in world::PROJECTS {
            let pairs = [
                ("PROJECTID", *id),
                ("NAME", name),
                ("CUSTOMERID", customer),
                ("STATUS", status(*active)),
                ("PROJECTCATEGORY", "Contract"),
                ("PROJECTSTATUS", if *active { "In Progress" } else { "Completed" }),
                ("CURRENCY", BASE_CURRENCY),
            ];
            self.add("PROJECT", &pairs);
        }
        for (id, name) in world::CLASSES {
            self.add("CLASS", &[("CLASSID", id), ("NAME", name), ("STATUS", "active")]);
        }
        for (id, name) in world::VENDORS {
            self.add("VENDOR", &[("VENDORID", id), ("NAME", name), ("STATUS", "active")]);
        }
        for (id, name) in world::ITEMS {
            self.add("ITEM", &[("ITEMID", id), ("NAME", name), ("STATUS", "active"), ("ITEMTYPE", "Non-Inventory")]);
        }
        for (name, active) in world::GRANTS {
            self.add("GRANT", &[("NAME", name), ("STATUS", status(*active))]);
        }
        let task = [("NAME", "Workshop"), ("PROJECTID", "P-1001"), ("TASKSTATUS", "In Progress"), ("STATUS", "active")];
        self.add("TASK", &[&[("TASKID", "T-1")][..], &task[..]].concat());
        let cost = [("COSTTYPEID", "LAB"), ("NAME", "Labour"), ("PROJECTID", "P-1001"), ("TASKID", "T-1")];
        self.add("COSTTYPE", &[&cost[..], &[("STATUS", "active")]].concat());
        self.add("CONTRACT", &[("CONTRACTID", "K-1"), ("NAME", "Acme retainer"), ("CUSTOMERID", "C-100")]);
        self.add("WAREHOUSE", &[("WAREHOUSEID", "W-NY"), ("NAME", "New York store"), ("STATUS", "active")]);
    }

    fn seed_people(&mut self) {
        for fact in (0..world::EMPLOYEES).map(world::employee) {
            let contact = format!("{}, {}", fact.last, fact.first);
            let print_as = format!("{} {}", fact.first, fact.last);
            let name = [("FIRSTNAME", fact.first), ("LASTNAME", fact.last), ("EMAIL1", fact.email.as_str())];
            let own = [("CONTACTNAME", contact.as_str()), ("PRINTAS", &print_as), ("STATUS", "active")];
            // Two people of one name share the contact's name but not the record.
            self.add("CONTACT", &[&own[..], &name[..]].concat());
            let pairs = [
                ("EMPLOYEEID", fact.id.as_str()),
                ("LOCATIONID", fact.location),
                ("DEPARTMENTID", fact.department),
                ("STATUS", "active"),
                ("PERSONALINFO.CONTACTNAME", &contact),
                ("CONTACT.CONTACTNAME", &contact),
                ("CONTACT.PRINTAS", &print_as),
                ("CONTACT.FIRSTNAME", fact.first),
                ("CONTACT.LASTNAME", fact.last),
                ("CONTACT.EMAIL1", &fact.email),
            ];
            self.add("EMPLOYEE", &pairs);
        }
    }

    fn seed_setup(&mut self) {
        for (symbol, title) in world::JOURNALS.iter().chain(&[("STJ", "Statistical Journal")]) {
            let statistical = flag(*symbol == "STJ");
            let pairs = [("SYMBOL", *symbol), ("TITLE", title), ("STATUS", "active"), ("STATISTICAL", statistical)];
            self.add("GLJOURNAL", &[&pairs[..], &[("ADJ", "false"), ("BOOKID", "ACCRUAL")]].concat());
        }
        let (year, month, day) = world::BOOKS_START;
        let mut month_start = Date::new(year, month, day).unwrap_or(self.today);
        while month_start.year() <= self.today.year() + 1 {
            let name = format!("Month Ended {}", month_start.strftime("%B %Y"));
            let (start, end) = (us_date(month_start), us_date(month_start.last_of_month()));
            let pairs = [("NAME", name.as_str()), ("START_DATE", &start), ("END_DATE", &end), ("BUDGETING", "true")];
            self.add("REPORTINGPERIOD", &[&pairs[..], &[("STATUS", "active")]].concat());
            let Ok(next) = month_start.last_of_month().tomorrow() else { break };
            month_start = next;
        }
        for (id, name, default) in [("1", "Month Average", "true"), ("2", "Expense Rate", "false")] {
            self.add("EXCHANGERATETYPES", &[("ID", id), ("NAME", name), ("ISDEFAULT", default)]);
        }
        let solution = "United States - Avalara";
        self.add("TAXSOLUTION", &[("SOLUTIONID", solution), ("TYPE", "Avalara"), ("STATUS", "active")]);
        for (id, value) in [("NY Sales Tax", "8.875"), ("CA Sales Tax", "7.25")] {
            let pairs = [("DETAILID", id), ("VALUE", value), ("TAXTYPE", "Purchase"), ("STATUS", "active")];
            self.add("TAXDETAIL", &[&pairs[..], &[("TAXSOLUTIONID", solution), ("REVERSECHARGE", "false")]].concat());
        }
    }

    fn seed_extra(&mut self, rows: usize) {
        let objects = [
            ("GLACCOUNT", "ACCOUNTNO", "TITLE", "8"),
            ("DEPARTMENT", "DEPARTMENTID", "TITLE", "X-"),
            ("PROJECT", "PROJECTID", "NAME", "X-"),
            ("CUSTOMER", "CUSTOMERID", "NAME", "X-"),
            ("VENDOR", "VENDORID", "NAME", "X-"),
            ("EMPLOYEE", "EMPLOYEEID", "CONTACT.PRINTAS", "X-"),
            ("CLASS", "CLASSID", "NAME", "X-"),
            ("ITEM", "ITEMID", "NAME", "X-"),
        ];
        for (object, key, name, prefix) in objects {
            for n in 0..rows {
                let (id, title) = (format!("{prefix}{n:06}"), format!("Extra {} {n}", object.to_lowercase()));
                self.add(object, &[(key, &id), (name, &title), ("STATUS", "active")]);
            }
        }
    }

    /// An entry that a person booked before anything came through the gateway, so that a read has something to find.
    fn opening_entry(&mut self, now_ms: u64, batch_no: u64, symbol: &str) {
        let (record_no, first) = self.ledger.next_numbers(2);
        let date = self.today;
        let title = format!("Opening entry {symbol}");
        let header = self.intern_fields([
            ("JOURNAL", symbol),
            ("BATCH_DATE", us_date(date).as_str()),
            ("BATCH_TITLE", &title),
            ("REFERENCENO", &format!("OPEN-{symbol}")),
            ("STATE", "Posted"),
        ]);
        let mut line = |n: u64, account: &str| Line {
            record_no: first + n,
            debit: n == 0,
            amount_minor: 10_000,
            base_minor: 10_000,
            fields: self.intern_fields([
                ("ACCOUNTNO", account),
                ("CURRENCY", BASE_CURRENCY),
                ("LOCATION", "NY"),
                ("DESCRIPTION", &title),
            ]),
        };
        let lines = Box::new([line(0, "1000"), line(1, "3000")]);
        let entry = Entry {
            record_no,
            batch_no,
            created_ms: now_ms,
            modified_ms: now_ms,
            owner: Sym::EMPTY,
            origin: Origin::Opening,
            control_id: "".into(),
            date,
            header,
            lines,
        };
        self.put_entry(record_no, Some(entry));
    }
}
