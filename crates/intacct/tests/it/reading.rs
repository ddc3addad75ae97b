//! Reads: pages put together whole or not at all, and every failure of a read by name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use intacct::{Client, Error, Filter, Query, QueryError, ReadByQuery, ReferenceSearch, Refusal, Row, Select};

use crate::gateway::{
    Gateway, Seen, authentication_failure, between, client, error, function_failure, http, page, success, xml,
};

fn numbered(record_nos: impl IntoIterator<Item = usize>) -> Vec<String> {
    record_nos.into_iter().map(|no| format!("<RECORDNO>{no}</RECORDNO><NAME>n{no}</NAME>")).collect()
}

fn offset(seen: &Seen) -> usize {
    between(&seen.body, "<offset>", "</offset>").unwrap().parse().unwrap()
}

async fn all(client: &Client) -> (Vec<u64>, Result<intacct::Count, Error>) {
    let mut found = Vec::new();
    let query = Query::new("VENDOR", ["NAME"]).page_size(10);
    let outcome = client.query_all(&query, |row| found.push(row.get("recordno").unwrap().parse().unwrap())).await;
    (found, outcome)
}

#[tokio::test]
async fn all_pages_come_in_order_and_whole() {
    let gateway = Gateway::new(|seen| {
        let from = offset(seen) + 1;
        Ok(xml(page(seen, "VENDOR", &numbered(from..=(from + 9).min(25)), 25)))
    });
    let (found, count) = all(&client(&gateway)).await;
    let count = count.unwrap();
    assert_eq!(found, (1..=25).collect::<Vec<_>>());
    assert_eq!((count.rows, count.pages), (25, 3));
    for seen in gateway.seen().iter().filter(|seen| !seen.is_login()) {
        assert!(seen.body.contains("<orderby><order><field>RECORDNO</field><ascending/></order></orderby>"));
        assert!(seen.body.contains("<select><field>NAME</field><field>RECORDNO</field></select>"));
    }
}

#[tokio::test]
async fn a_short_page_is_followed_by_the_rest() {
    let gateway = Gateway::new(|seen| {
        let rows = match offset(seen) {
            0 => numbered(1..=4),
            4 => numbered(5..=12),
            offset => panic!("offset {offset}"),
        };
        Ok(xml(page(seen, "VENDOR", &rows, 12)))
    });
    assert_eq!(all(&client(&gateway)).await.1.unwrap().rows, 12);
}

#[tokio::test]
async fn pages_that_shift_are_noticed() {
    type Pages = fn(usize) -> (Vec<String>, usize);
    let cases: [(&str, Pages); 5] = [
        ("a row twice", |offset| if offset == 0 { (numbered(1..=10), 20) } else { (numbered(10..=19), 20) }),
        ("rows out of order", |_| (numbered([3, 2]), 2)),
        ("the total changes", |offset| if offset == 0 { (numbered(1..=10), 20) } else { (numbered(11..=20), 21) }),
        ("a page is missing", |offset| if offset == 0 { (numbered(1..=10), 20) } else { (Vec::new(), 20) }),
        ("more rows than promised", |_| (numbered(1..=10), 5)),
    ];
    for (name, pages) in cases {
        let gateway = Gateway::new(move |seen| {
            let (rows, total) = pages(offset(seen));
            Ok(xml(page(seen, "VENDOR", &rows, total)))
        });
        let (_, outcome) = all(&client(&gateway)).await;
        assert!(matches!(outcome, Err(Error::PagesShifted { .. })), "{name}: {outcome:?}");
        assert!(outcome.unwrap_err().is_retryable());
    }
}

#[tokio::test]
async fn lost_rows_do_not_look_like_no_rows() {
    let bodies = [
        "",
        "<data/>",
        "<data listtype=\"VENDOR\" totalcount=\"3\"/>",
        "<data listtype=\"VENDOR\" count=\"1\" totalcount=\"1\"/>",
        "<data listtype=\"VENDOR\" count=\"1\"><VENDOR><RECORDNO>1</RECORDNO></VENDOR></data>",
        "<data listtype=\"VENDOR\" count=\"1\" totalcount=\"1\"><VENDOR><NAME>x</NAME></VENDOR></data>",
    ];
    for body in bodies {
        let gateway = Gateway::new(move |seen| Ok(xml(success(seen, body))));
        let (_, outcome) = all(&client(&gateway)).await;
        assert!(matches!(outcome, Err(Error::Incomplete { .. })), "{body}: {outcome:?}");
    }
    let gateway = Gateway::new(|seen| {
        Ok(xml(success(seen, "<data count=\"1\" numremaining=\"0\"><VENDOR><RECORDNO>1</RECORDNO></VENDOR></data>")))
    });
    assert_eq!(all(&client(&gateway)).await.1.unwrap().rows, 1, "the rest tells the total too");
}

#[tokio::test]
async fn each_failure_of_a_read_has_a_name() {
    type Make = fn(&Seen) -> intacct::Incoming;
    let cases: [(&str, Make); 17] = [
        ("Permission", |s| {
            xml(function_failure(
                s,
                &error("PL04000005", "You do not have permission for API operation QUERY on objects of type vendor"),
            ))
        }),
        ("UnknownObject", |s| xml(function_failure(s, &error("Query Failed", "Object definition VENDOR9 not found")))),
        ("UnknownObject", |s| xml(function_failure(s, &error("WS", "Object definition X not found")))),
        ("UnknownFields", |s| {
            xml(function_failure(s, &error("XL03000006", "The following fields cannot be queried: MEGA")))
        }),
        ("UnknownFields", |s| xml(function_failure(s, &error("XL03000010", "")))),
        ("UnknownFields", |s| xml(function_failure(s, &error("Invalid fields list x", "")))),
        ("Function", |s| xml(function_failure(s, &error("DL02000001", "There was an error processing the request.")))),
        ("RateLimited", |s| xml(function_failure(s, &error("", "API rate limit exceeded")))),
        ("RateLimited", |_| http(200, "API rate limit exceeded")),
        ("RateLimited", |_| {
            http(
                429,
                "<response><control><status>failure</status></control><errormessage><error><errorno>GW-0010</errorno></error></errormessage></response>",
            )
        }),
        ("Unavailable", |_| {
            http(
                503,
                "<response><control><status>failure</status></control><errormessage><error><errorno>GW-0001</errorno></error></errormessage></response>",
            )
        }),
        ("Unavailable", |s| xml(function_failure(s, &error("", "The Service is Temporarily Off-line")))),
        ("Html", |_| http(200, "<html>Sign in</html>")),
        ("NotXml", |_| http(502, "bad gateway")),
        ("Malformed", |_| http(200, "<!DOCTYPE response [<!ENTITY a \"b\">]><response/>")),
        ("Redirected", |_| http(302, "")),
        ("Foreign", |s| xml(success(s, "<data/>").replace(&s.control_id, "other"))),
    ];
    for (expected, make) in cases {
        let gateway = Gateway::new(move |seen| Ok(make(seen)));
        let error = client(&gateway).query(&Query::new("VENDOR", ["NAME"])).await.unwrap_err();
        let name = format!("{error:?}").split([' ', '(']).next().unwrap().to_owned();
        assert_eq!(name, expected, "{error:?}");
        assert_eq!(gateway.seen().len(), 2, "{expected}: one login, one read");
    }
}

#[tokio::test]
async fn refusals_of_a_read_say_which() {
    let cases = [
        ("Sign-in information is incorrect", Some(Refusal::Login)),
        (
            "The sender ID 'x' is not authorized to make Web Services requests to company ID 'y'.",
            Some(Refusal::SenderNotAuthorised),
        ),
        (
            "This company is not authorized for XML transactions. Please subscribe to the XML Gateway.",
            Some(Refusal::SubscriptionOff),
        ),
        ("This company is a demo company and has expired.", None),
    ];
    for (text, expected) in cases {
        let gateway = Gateway::new(move |seen| Ok(xml(authentication_failure(seen, &error("XL03000006", text)))));
        let failed = client(&gateway).query(&Query::new("VENDOR", ["NAME"])).await.unwrap_err();
        let found = match &failed {
            Error::Refused { refusal, .. } => Some(*refusal),
            Error::Request { .. } => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
        assert!(!failed.is_retryable());
        assert!(failed.to_string().contains(text), "{failed}");
    }
}

#[tokio::test]
async fn a_query_that_can_not_be_written_is_not_sent() {
    let gateway = Gateway::new(|_| Ok(http(200, "")));
    let base = || Query::new("VENDOR", ["NAME"]);
    let many = |n: usize| Filter::any_of("NAME", (0..n).map(|i| i.to_string()));
    let deep = (0..20).fold(Filter::IsNull("A".into()), |inner, _| Filter::And(vec![inner]));
    let cases = [
        (base().page_size(0), QueryError::PageSize(0)),
        (base().page_size(2_001), QueryError::PageSize(2_001)),
        (base().filter(many(0)), QueryError::ListLength(0)),
        (base().filter(many(1_001)), QueryError::ListLength(1_001)),
        (base().filter(Filter::Or(Vec::new())), QueryError::EmptyGroup),
        (Query { select: Vec::<Select>::new(), ..base() }, QueryError::NothingSelected),
        (base().filter(deep), QueryError::TooDeep),
    ];
    let client = client(&gateway);
    for (query, expected) in cases {
        let failed = client.query(&query).await;
        assert!(matches!(&failed, Err(Error::InvalidQuery { cause, .. }) if *cause == expected), "{failed:?}");
    }
    assert!(gateway.seen().is_empty());
}

#[tokio::test]
async fn read_by_query_and_read_more() {
    let gateway = Gateway::new(|seen| {
        let more = seen.function() == "readMore";
        let rows = if more {
            "<project><RECORDNO>2</RECORDNO></project>"
        } else {
            "<project><RECORDNO>1</RECORDNO></project>"
        };
        let left = u8::from(!more);
        let data = format!(
            "<data listtype=\"project\" count=\"1\" totalcount=\"2\" numremaining=\"{left}\" resultId=\"r 7\">{rows}</data>"
        );
        Ok(xml(success(seen, &data)))
    });
    let client = client(&gateway);
    let read = ReadByQuery {
        object: "PROJECT".into(),
        fields: vec!["RECORDNO".into()],
        query: "STATUS = 'T'".into(),
        page_size: 1,
    };
    let first = client.read_by_query(&read).await.unwrap();
    assert_eq!(first.num_remaining, Some(1));
    assert_eq!(&*first.rows[0].object, "project");
    let second = client.read_more(&first.result_id.unwrap()).await.unwrap();
    assert_eq!((second.rows[0].get("RECORDNO"), second.num_remaining), (Some("2"), Some(0)));
    assert!(gateway.last().body.contains("<readMore><resultId>r 7</resultId></readMore>"));
}

#[test]
fn a_row_is_read_by_name_in_any_case() {
    let row = Row::new("GLBATCH", [("RECORDNO", "1".to_owned()), ("STATE", String::new())]);
    assert_eq!((row.get("recordno"), row.get("State"), row.get("X")), (Some("1"), Some(""), None));
    assert_eq!((row.filled("STATE"), row.filled("RECORDNO")), (None, Some("1")));
}

fn batch(record_no: usize, reference: &str) -> String {
    format!(
        "<RECORDNO>{record_no}</RECORDNO><BATCHNO>9</BATCHNO><REFERENCENO>{reference}</REFERENCENO><JOURNAL>EXPJ</JOURNAL><STATE>Posted</STATE>"
    )
}

#[tokio::test]
async fn entries_are_found_by_reference_with_a_positive_control() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    let gateway = Gateway::new(move |seen| {
        let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
        let rows = if first { vec![batch(1, "OPENING"), batch(5, "mlcABC-e1")] } else { vec![batch(5, "mlcABC-e1")] };
        Ok(xml(page(seen, "GLBATCH", &rows, rows.len())))
    });
    let client = client(&gateway);
    let prefixes = (0..150).map(|n| format!("MLCABC{}", if n == 0 { String::new() } else { n.to_string() })).collect();
    let search = ReferenceSearch {
        prefixes,
        references: vec!["X".into()],
        journal: Some("EXPJ".into()),
        control_record_nos: vec!["1".into()],
    };
    let hits = client.find_by_reference(&search).await.unwrap();
    assert_eq!(requests.load(Ordering::SeqCst), 2, "151 references, 100 a request");
    let found: Vec<_> =
        hits.batches.iter().map(|batch| (batch.record_no.as_str(), batch.reference_no.as_str())).collect();
    assert_eq!(found, [("5", "mlcABC-e1")], "the control is no hit, and nothing comes twice");
    assert!(hits.controls_seen.is_empty(), "the second request did not see it");
    let body = gateway.last().body;
    assert!(body.contains("<showprivate>true</showprivate>"));
    assert!(body.contains("<filter><and><equalto><field>JOURNAL</field><value>EXPJ</value></equalto><or><like>"));
    assert!(body.contains("<equalto><field>RECORDNO</field><value>1</value></equalto></or></and></filter>"));

    for prefix in ["", "%", "MLC_", "a%b"] {
        let search = ReferenceSearch { prefixes: vec![prefix.into()], ..ReferenceSearch::default() };
        assert!(matches!(client.find_by_reference(&search).await, Err(Error::InvalidQuery { .. })), "{prefix:?}");
    }
    assert!(client.find_by_reference(&ReferenceSearch::default()).await.is_err());
}

#[tokio::test]
async fn entries_of_a_period_are_paged_behind_a_number() {
    let gateway = Gateway::new(|seen| Ok(xml(page(seen, "GLBATCH", &[batch(7, "BY HAND")], 1))));
    let client = client(&gateway);
    let (from, to) = (jiff::civil::date(2026, 8, 1), jiff::civil::date(2026, 9, 30));
    let found = client.entries_between(from, to, Some("5"), 500).await.unwrap();
    assert_eq!((found.len(), found[0].record_no.as_str()), (1, "7"));
    let body = gateway.last().body;
    assert!(body.contains("<greaterthanorequalto><field>BATCH_DATE</field><value>08/01/2026</value>"), "{body}");
    assert!(body.contains("<lessthanorequalto><field>BATCH_DATE</field><value>09/30/2026</value>"));
    assert!(body.contains("<greaterthan><field>RECORDNO</field><value>5</value></greaterthan>"));
    assert!(body.contains("<pagesize>500</pagesize><offset>0</offset>"));
    client.entries_between(from, to, None, 500).await.unwrap();
    assert!(!gateway.last().body.contains("<greaterthan>"));
}
