//! Every request the client can send, walked against the table of what may be sent.

use intacct::schema::{self, FUNCTIONS, Inside, Occurs};
use intacct::{
    Config, CreateFunction, CreateReply, EnvelopeError, Filter, NotSentCause, Order, Query, ReadByQuery,
    ReferenceSearch, RequestKind, Select, render_gl_batch,
};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::gateway::{Gateway, client, client_with, function, page, success, xml};
use crate::rendering::{full, simple};

/// Children of each open element, checked when it closes.
fn walk(request: &str) {
    let mut reader = Reader::from_str(request);
    let mut open: Vec<(String, Vec<String>, bool)> = vec![(String::new(), Vec::new(), false)];
    loop {
        let event = reader.read_event().unwrap();
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.name().into_inner().to_owned();
                open.last_mut().unwrap().1.push(name.clone());
                open.push((name, Vec::new(), false));
                if is_empty {
                    close(&mut open);
                }
            }
            Event::End(_) => close(&mut open),
            Event::Text(_) | Event::GeneralRef(_) => open.last_mut().unwrap().2 = true,
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(open, [(String::new(), vec!["request".to_owned()], false)]);
}

fn close(open: &mut Vec<(String, Vec<String>, bool)>) {
    let (name, children, has_text) = open.pop().unwrap();
    let parent = &open.last().unwrap().0;
    let names: Vec<&str> = children.iter().map(String::as_str).collect();
    let inside = schema::inside(parent, &name);
    assert!(!has_text || inside == Inside::Text, "text inside {name}");
    match inside {
        Inside::Text | Inside::Empty => assert!(names.is_empty(), "{name} holds {names:?}"),
        Inside::Sequence(wanted) => sequence(&name, wanted, &names),
        Inside::Choice(choices) => assert!(names.len() == 1 && choices.contains(&names[0]), "{name} holds {names:?}"),
        Inside::Filters => {
            assert!(names.len() >= 2 && names.iter().all(|n| schema::OPERATORS.contains(n)), "{name}: {names:?}")
        }
        Inside::Fields(known) => {
            let mut last = 0;
            for place in names.iter().filter_map(|name| known.iter().position(|known| known == name)) {
                assert!(place >= last, "{name} holds {names:?}");
                last = place;
            }
        }
    }
}

fn sequence(name: &str, wanted: &[(&str, Occurs)], found: &[&str]) {
    let mut rest = found;
    for (child, occurs) in wanted {
        let count = rest.iter().take_while(|found| *found == child).count();
        let right = match occurs {
            Occurs::One => count == 1,
            Occurs::Optional => count <= 1,
            Occurs::Many => count >= 1,
            Occurs::Any => true,
        };
        assert!(right, "{count} {child} inside {name}: {found:?}");
        rest = &rest[count..];
    }
    assert!(rest.is_empty(), "{rest:?} inside {name}");
}

fn every_operator() -> Filter {
    let (f, v) = (|| "A&B".to_owned(), || "<x>'\"&".to_owned());
    Filter::And(vec![
        Filter::EqualTo(f(), v()),
        Filter::NotEqualTo(f(), v()),
        Filter::LessThan(f(), v()),
        Filter::LessThanOrEqualTo(f(), v()),
        Filter::GreaterThan(f(), v()),
        Filter::GreaterThanOrEqualTo(f(), v()),
        Filter::Between(f(), v(), v()),
        Filter::Or(vec![Filter::In(f(), vec![v(), v()]), Filter::NotIn(f(), vec![v()])]),
        Filter::Or(vec![Filter::Like(f(), v())]),
        Filter::NotLike(f(), v()),
        Filter::IsNull(f()),
        Filter::IsNotNull(f()),
    ])
}

/// Makes the client send everything it can.
async fn everything(config: Config) -> Vec<crate::gateway::Seen> {
    let gateway = Gateway::new(|seen| {
        Ok(xml(match seen.function() {
            "query" | "readByQuery" | "readMore" => page(seen, "X", &[], 0),
            _ => success(seen, "<data/>"),
        }))
    });
    let client = client_with(&gateway, config);
    let mut query = Query::new("GLBATCH", ["RECORDNO", "JOURNAL.SYMBOL"]).filter(every_operator()).show_private();
    query.case_insensitive = true;
    query.select.extend(["A"].map(|f| Select::Count(f.into())));
    query.select.extend([
        Select::Sum("A".into()),
        Select::Min("A".into()),
        Select::Max("A".into()),
        Select::Avg("A".into()),
    ]);
    let query = query.order_by("A", Order::Descending).order_by("B", Order::Ascending);
    client.query(&query).await.unwrap();
    client.query(&Query::new("X", ["A"])).await.unwrap();
    let read =
        ReadByQuery { object: "X".into(), fields: Vec::new(), query: "A = 'b\\'c' AND D < 3".into(), page_size: 100 };
    client.read_by_query(&read).await.unwrap();
    client.read_more("a&b").await.unwrap();
    client.inspect("GLBATCH").await.unwrap();
    client.dimensions().await.unwrap();
    client.financial_setup().await.unwrap();
    client.closed_books_date().await.unwrap();
    client.accounts(&["REQUIREGLDIMGRANT"]).await.unwrap();
    client.employees().await.unwrap();
    client.read_entry_lines(&["1".into(), "2".into()], intacct::LINE_FIELDS).await.unwrap();
    let search =
        ReferenceSearch { prefixes: vec!["MLCA".into()], control_record_nos: vec!["1".into()], ..Default::default() };
    client.find_by_reference(&search).await.unwrap();
    client.in_entity(Some("West")).session().await.unwrap();
    let payload = |batch| render_gl_batch(&batch).unwrap().into();
    let functions = [
        CreateFunction { control_id: "mlc1-a-k0".into(), payload: payload(full()) },
        CreateFunction { control_id: "<&\"'>".into(), payload: payload(simple()) },
    ];
    for transaction in [false, true] {
        let reply = client.create("R & 1", &functions, transaction).await;
        assert!(!matches!(reply, CreateReply::NotSent(_)), "{reply:?}");
    }
    gateway.seen()
}

#[tokio::test]
async fn every_request_follows_the_table() {
    for additional_error_info in [true, false] {
        let seen = everything(Config { additional_error_info, ..Config::default() }).await;
        let mut unused: Vec<&str> = FUNCTIONS.to_vec();
        let mut control_ids = Vec::new();
        for seen in &seen {
            walk(&seen.body);
            let name = seen.function().to_owned();
            unused.retain(|function| *function != name);
            let is_create = name == "create";
            assert_eq!(seen.kind, if is_create { RequestKind::Create } else { RequestKind::Read });
            assert!(seen.body.contains(&format!("<uniqueid>{is_create}</uniqueid>")), "{name}");
            assert_eq!(seen.body.contains("<showadditionalerrorinfo>true<"), additional_error_info);
            assert!(seen.body.contains("<includewhitespace>false</includewhitespace>"));
            if !is_create {
                control_ids.push(seen.control_id.clone());
                assert!(!control_ids[..control_ids.len() - 1].contains(&seen.control_id), "{}", seen.control_id);
            }
        }
        assert!(unused.is_empty(), "never sent: {unused:?}");
    }
}

#[tokio::test]
async fn payloads_go_out_byte_for_byte() {
    let gateway = Gateway::new(|seen| Ok(xml(success(seen, ""))));
    let payload = render_gl_batch(&full()).unwrap();
    let function = CreateFunction { control_id: "f1".into(), payload: payload.clone().into() };
    client(&gateway).create("R1", &[function], false).await;
    let wrapped = format!("<function controlid=\"f1\">{}</function></content>", String::from_utf8(payload).unwrap());
    assert!(gateway.last().body.contains(&wrapped));
}

#[tokio::test]
async fn a_create_that_breaks_the_envelope_is_not_sent() {
    let gateway = Gateway::new(|seen| Ok(xml(success(seen, ""))));
    let client = client(&gateway);
    let with =
        |payload: &str| CreateFunction { control_id: "f1".into(), payload: payload.to_owned().into_bytes().into() };
    let mut cases: Vec<(String, Vec<CreateFunction>)> = vec![
        ("R1".into(), Vec::new()),
        ("R1".into(), vec![function("f1"), function("f1")]),
        (String::new(), vec![function("f1")]),
        ("R".repeat(257), vec![function("f1")]),
        (" R1".into(), vec![function("f1")]),
        ("R\n1".into(), vec![function("f1")]),
        ("R1".into(), vec![CreateFunction { control_id: String::new(), ..function("f1") }]),
        ("R1".into(), vec![CreateFunction { control_id: "é".repeat(257), ..function("f1") }]),
    ];
    for payload in [
        "",
        "<create>",
        "<delete></delete>",
        "<create></create><create></create>",
        "<create><a></create>",
        "<create></create></function><function controlid=\"x\"><create></create>",
        "<create><function controlid=\"x\"></function></create>",
        "<create><function/></create>",
        "<create><!-- --></create>",
        "<create><![CDATA[x]]></create>",
        "<create><?x ?></create>",
        " <create></create>",
        "<create/>",
        "<create a=\"1\"></create>",
        "<create><a b=\"1\"></a></create>",
        "<create><a></b></create>",
        "<create><a>&x;</a></create>",
        "<create><a>&</a></create>",
        "<create><a>&#;</a></create>",
        "<create><a",
        "<create></create>x",
        "<create></create></create>",
        "<create><Function></Function></create>",
    ] {
        cases.push(("R1".into(), vec![with(payload)]));
    }
    for (request_id, functions) in cases {
        let reply = client.create(&request_id, &functions, false).await;
        let refused = matches!(
            &reply,
            CreateReply::NotSent(NotSentCause::Invalid(
                EnvelopeError::ControlId { .. }
                    | EnvelopeError::ControlIdTwice { .. }
                    | EnvelopeError::NoFunction
                    | EnvelopeError::Payload { .. }
            ))
        );
        assert!(refused, "{request_id:?} {functions:?}: {reply:?}");
    }
    assert_eq!(gateway.seen().len(), 1, "the login alone");
    let longest = function(&"é".repeat(256));
    assert!(matches!(client.create(&"R".repeat(256), &[longest], false).await, CreateReply::Answered(_)));
}
