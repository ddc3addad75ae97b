//! Both query languages against the seeded company.

use super::kit::*;
use crate::intacct::{Assumptions, Options, Unordered};

const BY_NUMBER: &str = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>";

fn departments(gateway: &mut Gateway, filter: &str) -> String {
    let query = format!(
        "<object>DEPARTMENT</object><select><field>DEPARTMENTID</field></select><filter>{filter}</filter>{BY_NUMBER}"
    );
    gateway.rows(&query).concat().join(" ")
}

#[test]
fn every_operator_of_a_filter() {
    let one = |name: &str, field: &str, values: &[&str]| {
        let values: String = values.iter().map(|v| format!("<value>{v}</value>")).collect();
        format!("<{name}><field>{field}</field>{values}</{name}>")
    };
    let sales = one("equalto", "TITLE", &["Sales"]);
    let cases = [
        (sales.clone(), "200"),
        (one("equalto", "title", &["Sales"]), "200"),
        (one("equalto", "TITLE", &["sales"]), ""),
        (one("notequalto", "DEPARTMENTID", &["200"]), "100 300 400 500 600 900"),
        (one("lessthan", "RECORDNO", &["3"]), "100 200"),
        (one("lessthanorequalto", "RECORDNO", &["3"]), "100 200 300"),
        (one("greaterthan", "RECORDNO", &["6"]), "900"),
        (one("greaterthanorequalto", "RECORDNO", &["6"]), "600 900"),
        (one("between", "RECORDNO", &["2", "4"]), "200 300 400"),
        (one("in", "DEPARTMENTID", &["100", "900", "x"]), "100 900"),
        (one("notin", "DEPARTMENTID", &["100", "900"]), "200 300 400 500 600"),
        (one("like", "TITLE", &["%e%"]), "200 300 400 500 600 900"),
        (one("like", "TITLE", &["_ales"]), "200"),
        (one("notlike", "TITLE", &["%e%"]), "100"),
        (one("isnull", "PARENTID", &[]), "100 200 300 400 500 600 900"),
        (one("isnotnull", "PARENTID", &[]), ""),
        (one("notequalto", "PARENTID", &["x"]), ""),
        (one("equalto", "STATUS", &["inactive"]), "900"),
        (one("equalto", "STATUS", &["F"]), ""),
        (format!("<or>{sales}{}</or>", one("equalto", "DEPARTMENTID", &["300"])), "200 300"),
        (format!("<and>{sales}{}</and>", one("equalto", "DEPARTMENTID", &["300"])), ""),
        (one("equalto", "TITLE", &["G&amp;A"]), "100"),
    ];
    for (filter, expected) in cases {
        assert_eq!(departments(&mut Gateway::new(), &filter), expected, "{filter}");
    }
}

#[test]
fn case_can_be_ignored() {
    let query = "<object>DEPARTMENT</object><select><field>DEPARTMENTID</field></select><filter><or><equalto><field>TITLE</field><value>SALES</value></equalto><like><field>TITLE</field><value>eng%</value></like></or></filter><orderby><order><field>DEPARTMENTID</field><descending/></order></orderby><options><caseinsensitive>true</caseinsensitive></options>";
    assert_eq!(Gateway::new().rows(query), [["400"], ["200"]]);
}

#[test]
fn wrong_queries_fail_with_their_numbers() {
    let select = "<select><field>DEPARTMENTID</field></select>";
    let filter = |f: &str| format!("<object>DEPARTMENT</object>{select}<filter>{f}</filter>");
    let cases = [
        ("<object>VENDOR9</object><select><field>X</field></select>".to_owned(), "Query Failed"),
        ("<object>CLASS</object><select><field>NAME</field><field>MOOD</field></select>".to_owned(), "XL03000006"),
        (filter("<equalto><field>MOOD</field><value>x</value></equalto>"), "XL03000010"),
        (filter("<equalto><field>RECORDNO</field><value>x</value></equalto>"), "DL02000001"),
        (filter("<equalto><field>TITLE</field></equalto>"), "XL03000003"),
        (filter("<and><isnull><field>TITLE</field></isnull></and>"), "XL03000003"),
        (filter("<sounds><field>TITLE</field></sounds>"), "XL03000003"),
        (format!("<object>CLASS</object>{}", "<select/>"), "XL03000003"),
        (format!("<object>DEPARTMENT</object>{select}<pagesize>2001</pagesize>"), "XL03000003"),
        (format!("<object>DEPARTMENT</object>{select}<pagesize>0</pagesize>"), "XL03000003"),
        ("<object>DEPARTMENT</object><select><sum>TITLE</sum></select>".to_owned(), "XL03000003"),
    ];
    for (query, errorno) in cases {
        let reply = Gateway::new().call(&format!("<query>{query}</query>"));
        assert!(reply.contains("<result><status>failure"), "{query}\n{reply}");
        assert_eq!(inner(&reply, "errorno"), errorno, "{query}\n{reply}");
    }
    let mut gateway = Gateway::new();
    gateway.assume(|a| a.unqueryable.push("GLENTRY.DOCUMENT".into()));
    let reply = gateway.call("<query><object>GLENTRY</object><select><field>DOCUMENT</field></select></query>");
    assert!(reply.contains("The following fields cannot be queried: DOCUMENT"), "{reply}");
    let two = "<query><object>CLASS</object><select><field>MOOD</field><field>NAME</field><field>HUE</field></select></query>";
    let texts = gateway.call(two);
    assert!(all(&texts, "description2")[1].ends_with("HUE") && all(&texts, "errorno").len() == 2, "{texts}");
    gateway.assume(|a| a.denied_objects.push("VENDOR".into()));
    let reply = gateway.call("<readByQuery><object>VENDOR</object><query/></readByQuery>");
    assert!(reply.contains("API operation READ_BY_QUERY on objects of type vendor"), "{reply}");
}

#[test]
fn relations_are_followed_by_dots() {
    let mut gateway = Gateway::new();
    let query = "<object>GLBATCH</object><select><field>RECORDNO</field><field>JOURNAL.TITLE</field></select><filter><equalto><field>JOURNAL.SYMBOL</field><value>EXP</value></equalto></filter>";
    assert_eq!(gateway.rows(query), [["2", "Employee Expenses"]]);
    let reply = gateway.call(&format!("<query>{query}</query>"));
    assert!(reply.contains("<JOURNAL.TITLE>Employee Expenses</JOURNAL.TITLE>"), "{reply}");
    let lines = "<object>GLENTRY</object><select><field>GLBATCH.REFERENCENO</field><field>GLBATCH.JOURNAL.SYMBOL</field><field>ACCOUNTNO</field></select><filter><equalto><field>BATCHNO</field><value>3</value></equalto></filter><orderby><order><field>LINE_NO</field><ascending/></order></orderby>";
    assert_eq!(gateway.rows(lines), [["OPEN-CC", "CC", "1000"], ["OPEN-CC", "CC", "3000"]]);
    let people = "<object>EMPLOYEE</object><select><field>CONTACT.LASTNAME</field><field>DEPARTMENT.TITLE</field></select><filter><equalto><field>EMPLOYEEID</field><value>E001</value></equalto></filter>";
    assert_eq!(gateway.rows(people), [["O&#039;Brien", "G&amp;A"]]);
}

#[test]
fn aggregates_count_and_add_up() {
    let mut gateway = Gateway::new();
    gateway.call(&entry("R-1"));
    let query = |select: &str| format!("<object>GLENTRY</object><select>{select}</select>");
    let all = "<count>RECORDNO</count><sum>AMOUNT</sum><min>AMOUNT</min><max>AMOUNT</max><avg>AMOUNT</avg>";
    assert_eq!(gateway.rows(&query(all)), [["8", "624.6", "12.30", "100.00", "78.075"]]);
    let reply = gateway.call(&format!("<query>{}</query>", query(all)));
    assert!(reply.contains("<COUNT.RECORDNO>8</COUNT.RECORDNO><AMOUNT>624.6</AMOUNT><MIN.AMOUNT>"), "{reply}");
    let groups = gateway.rows(&query("<field>ACCOUNTNO</field><count>RECORDNO</count>"));
    assert_eq!(groups, [["1000", "3"], ["2010", "1"], ["3000", "3"], ["6420", "1"]]);
    let none = "<object>GLENTRY</object><select><count>RECORDNO</count><max>AMOUNT</max></select><filter><equalto><field>BATCHNO</field><value>99</value></equalto></filter>";
    assert_eq!(gateway.rows(none), [["0", ""]]);
}

#[test]
fn pages_cover_all_rows_once_when_ordered() {
    let options = Options { extra_rows: 2_400, ..Options::default() };
    let mut gateway = Gateway::with(options, Assumptions::default());
    let page = |gateway: &mut Gateway, order: &str, offset: usize| {
        let query = format!(
            "<object>CUSTOMER</object><select><field>RECORDNO</field></select>{order}<pagesize>2000</pagesize><offset>{offset}</offset>"
        );
        gateway.rows(&query).concat()
    };
    let mut ordered = page(&mut gateway, BY_NUMBER, 0);
    ordered.extend(page(&mut gateway, BY_NUMBER, 2_000));
    let expected: Vec<String> = (1..=2_404).map(|n| n.to_string()).collect();
    assert_eq!(ordered, expected);
    let scrambled = page(&mut gateway, "", 0);
    assert_ne!(scrambled, expected[..2_000], "without an order it is not the key's");
    gateway.assume(|a| a.unordered = Unordered::Shifting);
    let mut shifting = page(&mut gateway, "", 0);
    shifting.extend(page(&mut gateway, "", 2_000));
    shifting.sort();
    shifting.dedup();
    assert!(shifting.len() < 2_404, "unordered pages repeat and miss rows");
}

#[test]
fn bare_formats_drop_the_envelope() {
    let mut gateway = Gateway::new();
    let query = |format: &str| {
        format!(
            "<query><object>CLASS</object><select><field>CLASSID</field><field>NAME</field></select>{BY_NUMBER}<options><returnformat>{format}</returnformat></options></query>"
        )
    };
    assert_eq!(gateway.call(&query("csv")), "\"CLASSID\",\"NAME\"\n\"B\",\"Billable\"\n\"N\",\"Non-billable\"\n");
    let json: serde_json::Value = serde_json::from_str(&gateway.call(&query("json"))).unwrap();
    assert_eq!(json[1]["NAME"], "Non-billable");
}

#[test]
fn query_texts_are_really_evaluated() {
    let cases = [
        ("", "100 200 300 400 500 600 900"),
        ("DEPARTMENTID = '200'", "200"),
        ("departmentid = '200' OR TITLE = 'Delivery'", "200 300"),
        ("DEPARTMENTID > '200' AND DEPARTMENTID <= '400'", "300 400"),
        ("NOT (DEPARTMENTID = '200' OR DEPARTMENTID = '300')", "100 400 500 600 900"),
        ("TITLE like 'E%' or TITLE like '%ales'", "200 400"),
        ("TITLE not like '%e%'", "100"),
        ("DEPARTMENTID in ('100', '600')", "100 600"),
        ("DEPARTMENTID not in ('100','200','300','400','500')", "600 900"),
        ("PARENTID is null and STATUS = 'F'", "900"),
        ("PARENTID IS NOT NULL", ""),
        ("STATUS = 'inactive'", ""),
        ("STATUS = 'T' and rownum <= 2", "100 200"),
        ("RECORDNO between 2 and 3", "200 300"),
        ("RECORDNO <> 1 AND RECORDNO < 3", "200"),
        ("TITLE = 'People \"&amp; Culture\"'", "600"),
    ];
    for (query, expected) in cases {
        let mut gateway = Gateway::new();
        gateway.assume(|a| a.unordered = Unordered::RecordNo);
        let reply = gateway.call(&format!(
            "<readByQuery><object>DEPARTMENT</object><fields>DEPARTMENTID</fields><query>{}</query></readByQuery>",
            query.replace('<', "&lt;")
        ));
        assert!(reply.contains("<result><status>success"), "{query}: {reply}");
        assert_eq!(all(&reply, "DEPARTMENTID").join(" "), expected, "{query}");
    }
    let mut gateway = Gateway::new();
    let reply = gateway.call("<readByQuery><object>EMPLOYEE</object><fields>EMPLOYEEID</fields><query>CONTACT.LASTNAME = 'O\\'Brien' AND EMPLOYEEID = 'E001'</query></readByQuery>");
    assert_eq!(all(&reply, "EMPLOYEEID"), ["E001"], "{reply}");
}

#[test]
fn wrong_query_texts_are_processing_errors() {
    for query in [
        "TITLE = 'x' ORDER BY TITLE",
        "WHENCREATED > '2026-11-01'",
        "MOOD = 'x'",
        "TITLE = ",
        "TITLE 'x'",
        "(TITLE = 'x'",
        "TITLE in 'x'",
        "TITLE = 'x",
        "TITLE = 'x' AND",
        "RECORDNO = 'x'",
        "; drop",
    ] {
        let reply = Gateway::new().call(
            &format!("<readByQuery><object>DEPARTMENT</object><query>{query}</query></readByQuery>")
                .replace(" > ", " &gt; "),
        );
        assert!(reply.contains("<errorno>DL02000001</errorno>"), "{query}: {reply}");
    }
    let deep = format!("{}TITLE = 'x'{}", "(".repeat(5_000), ")".repeat(5_000));
    let reply =
        Gateway::new().call(&format!("<readByQuery><object>DEPARTMENT</object><query>{deep}</query></readByQuery>"));
    assert!(reply.contains("DL02000001"), "{reply}");
}

#[test]
fn read_more_goes_on_to_the_end() {
    let mut gateway = Gateway::new();
    let mut reply = gateway.call("<readByQuery><object>EMPLOYEE</object><fields>EMPLOYEEID</fields><query></query><pagesize>25</pagesize></readByQuery>");
    assert!(
        reply.contains(
            "listtype=\"employee\" count=\"25\" totalcount=\"60\" numremaining=\"35\" resultId=\"sandbox-result-1\""
        ),
        "{reply}"
    );
    let mut seen: Vec<String> = all(&reply, "EMPLOYEEID").into_iter().map(str::to_owned).collect();
    reply = gateway.call("<readMore><resultId>sandbox-result-1</resultId></readMore>");
    seen.extend(all(&reply, "EMPLOYEEID").into_iter().map(str::to_owned));
    reply = gateway.call("<readMore><object>EMPLOYEE</object></readMore>");
    seen.extend(all(&reply, "EMPLOYEEID").into_iter().map(str::to_owned));
    assert!(reply.contains("numremaining=\"0\" resultId=\"\""), "{reply}");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 60);
    for wrong in ["<readMore><resultId>sandbox-result-1</resultId></readMore>", "<readMore/>"] {
        assert!(gateway.call(wrong).contains("<result><status>failure"), "{wrong}");
    }
}

#[test]
fn references_are_found_by_many_prefixes() {
    let mut gateway = Gateway::new();
    for n in 0..30 {
        gateway.call(&entry(&format!("MLC{n:02}-A")));
    }
    let like = |n: usize| format!("<like><field>REFERENCENO</field><value>MLC{n:02}%</value></like>");
    let likes: String = (5..25).map(like).collect();
    let query = format!(
        "<object>GLBATCH</object><select><field>REFERENCENO</field></select><filter><and><or>{likes}</or><equalto><field>JOURNAL</field><value>EXP</value></equalto></and></filter>{BY_NUMBER}"
    );
    let found = gateway.rows(&query).concat();
    assert_eq!(found, (5..25).map(|n| format!("MLC{n:02}-A")).collect::<Vec<_>>());
}

#[test]
fn staleness_and_entities_hide_rows() {
    let count = "<object>GLBATCH</object><select><count>RECORDNO</count></select>";
    let mut gateway = Gateway::new();
    gateway.assume(|a| a.query_staleness_ms = 5_000);
    gateway.call(&entry("R-1"));
    assert_eq!(gateway.rows(count), [["3"]], "only what was there before");
    gateway.now_ms += 5_000;
    assert_eq!(gateway.rows(count), [["4"]]);

    let options = Options { multi_entity: true, ..Options::default() };
    let mut gateway = Gateway::with(options, Assumptions { entity_hides_rows: true, ..Assumptions::default() });
    let top = gateway.session.clone();
    let entity = gateway.sign_in("<getAPISession><locationid>US</locationid></getAPISession>");
    gateway.session = entity.clone();
    gateway.call(
        &entry("R-1").replace("<ACCOUNTNO>2010</ACCOUNTNO>", "<ACCOUNTNO>2010</ACCOUNTNO><LOCATION>NY</LOCATION>"),
    );
    assert_eq!(gateway.rows(count), [["1"]], "its own");
    gateway.session = top;
    assert_eq!(gateway.rows(count), [["3"]]);
    let private = format!("{count}<options><showprivate>true</showprivate></options>");
    assert_eq!(gateway.rows(&private), [["4"]]);
}
