//! The chart and the set-up of a company, as rows become plain structs.

use intacct::{Error, Query, Reading};
use jiff::civil::date;

use crate::gateway::{Gateway, Seen, client, error, function_failure, page, success, xml};

#[tokio::test]
async fn accounts_carry_every_requirement() {
    let gateway = Gateway::new(|seen| {
        let row = "<RECORDNO>7</RECORDNO><ACCOUNTNO>6420</ACCOUNTNO><TITLE>Meals &amp; more</TITLE><ACCOUNTTYPE>incomestatement</ACCOUNTTYPE>\
            <STATUS>active</STATUS><NORMALBALANCE>debit</NORMALBALANCE><CLOSINGTYPE>closing account</CLOSINGTYPE><CATEGORY></CATEGORY>\
            <REQUIREDEPT>true</REQUIREDEPT><REQUIRELOC>false</REQUIRELOC><REQUIREGLDIMGRANT>True</REQUIREGLDIMGRANT>";
        Ok(xml(page(seen, "GLACCOUNT", &[row.to_owned()], 1)))
    });
    let reading = client(&gateway).accounts(&["REQUIREGLDIMGRANT"]).await.unwrap();
    let Reading::Rows { rows, left_out } = reading else { panic!("{reading:?}") };
    assert!(left_out.is_empty());
    let account = &rows[0];
    assert_eq!((account.account_no.as_str(), account.title.as_str()), ("6420", "Meals & more"));
    assert_eq!(account.requires, ["REQUIREDEPT", "REQUIREGLDIMGRANT"]);
    assert_eq!((account.category.as_deref(), account.normal_balance.as_deref()), (None, Some("debit")));
    assert!(gateway.last().body.contains("<field>REQUIREWAREHOUSE</field><field>REQUIREGLDIMGRANT</field>"));
}

#[tokio::test]
async fn a_field_that_can_not_be_queried_is_left_out() {
    fn refuse(seen: &Seen) -> String {
        let unknown: Vec<_> = ["PARENTID", "MEGAENTITYID"]
            .into_iter()
            .filter(|field| seen.body.contains(&format!("<field>{field}</field>")))
            .map(|field| error("XL03000006", &format!("The following fields cannot be queried [{field}].")))
            .collect();
        match unknown.is_empty() {
            true => page(seen, "CLASS", &["<RECORDNO>1</RECORDNO><CLASSID>C</CLASSID><NAME>N</NAME><STATUS>active</STATUS><DESCRIPTION>d</DESCRIPTION>".to_owned()], 1),
            false => function_failure(seen, &unknown.concat()),
        }
    }
    let gateway = Gateway::new(|seen| Ok(xml(refuse(seen))));
    let reading = client(&gateway).classes().await.unwrap();
    let Reading::Rows { rows, left_out } = reading else { panic!("{reading:?}") };
    assert_eq!(left_out, ["PARENTID", "MEGAENTITYID"]);
    assert_eq!((rows[0].class_id.as_str(), rows[0].description.as_deref()), ("C", Some("d")));
    assert_eq!(gateway.seen().len(), 3, "a login, a refusal, the rows");
}

#[tokio::test]
async fn errors_that_name_no_field_leave_out_all_that_may_be() {
    let gateway = Gateway::new(|seen| {
        Ok(xml(if seen.body.contains("<field>PARENTID</field>") {
            function_failure(seen, &error("XL03000010", "no such field"))
        } else {
            page(seen, "DEPARTMENT", &[], 0)
        }))
    });
    let reading = client(&gateway).departments().await.unwrap();
    assert_eq!(reading, Reading::Rows { rows: Vec::new(), left_out: vec!["PARENTID".into()] });
}

#[tokio::test]
async fn a_field_that_must_be_there_is_an_error() {
    let gateway = Gateway::new(|seen| Ok(xml(function_failure(seen, &error("XL03000010", "no such field")))));
    let failed = client(&gateway).departments().await;
    assert!(matches!(failed, Err(Error::UnknownFields { .. })), "{failed:?}");
    assert_eq!(gateway.seen().len(), 3, "it gives up once nothing can be left out");
}

#[tokio::test]
async fn an_object_that_is_not_there_is_a_fact() {
    for (errorno, text) in
        [("Query Failed", "Object definition COSTTYPE not found"), ("PL04000005", "You do not have permission")]
    {
        let gateway = Gateway::new(move |seen| Ok(xml(function_failure(seen, &error(errorno, text)))));
        let reading = client(&gateway).cost_types().await.unwrap();
        let Reading::Unavailable { errors } = &reading else { panic!("{reading:?}") };
        assert_eq!(errors[0].description2, text);
        assert!(reading.into_rows().is_empty());
    }
}

#[tokio::test]
async fn dotted_and_nested_fields_are_read_alike() {
    for contact in ["<CONTACT.EMAIL1>a@b.c</CONTACT.EMAIL1>", "<CONTACT><PHONE/><EMAIL1>a@b.c</EMAIL1></CONTACT>"] {
        let gateway = Gateway::new(move |seen| {
            let row = format!(
                "<RECORDNO>1</RECORDNO><EMPLOYEEID>E1</EMPLOYEEID><STATUS>active</STATUS>{contact}<TITLE>t</TITLE>"
            );
            Ok(xml(page(seen, "EMPLOYEE", &[row], 1)))
        });
        let employee = client(&gateway).employees().await.unwrap().into_rows().remove(0);
        assert_eq!((employee.email.as_deref(), employee.title.as_deref()), (Some("a@b.c"), Some("t")));
    }
}

#[tokio::test]
async fn values_of_a_user_defined_dimension() {
    let gateway = Gateway::new(|seen| {
        Ok(xml(page(seen, "GRANT", &["<RECORDNO>10001</RECORDNO><NAME>Horizon</NAME>".to_owned()], 1)))
    });
    let values = client(&gateway).user_defined_values("GRANT", &[]).await.unwrap().into_rows();
    assert_eq!((values[0].record_no.as_str(), values[0].name.as_deref()), ("10001", Some("Horizon")));
}

#[tokio::test]
async fn lines_of_entries() {
    let gateway = Gateway::new(|seen| {
        let row = "<RECORDNO>3</RECORDNO><BATCHNO>5</BATCHNO><LINE_NO>1</LINE_NO><ACCOUNTNO>6420</ACCOUNTNO><TR_TYPE>-1</TR_TYPE>\
            <TRX_AMOUNT>1.50</TRX_AMOUNT><GLDIMGRANT>7</GLDIMGRANT>";
        Ok(xml(page(seen, "GLENTRY", &[row.to_owned()], 1)))
    });
    let reading = client(&gateway).read_entry_lines(&["5".into()], &["GLDIMGRANT"]).await.unwrap();
    let line = &reading.into_rows()[0];
    assert_eq!(
        (line.tr_type.as_str(), line.trx_amount.as_str(), line.row.get("GLDIMGRANT")),
        ("-1", "1.50", Some("7"))
    );
    assert!(gateway.last().body.contains("<in><field>BATCHNO</field><value>5</value></in>"));
}

#[tokio::test]
async fn dimensions_and_fields() {
    let gateway = Gateway::new(|seen| {
        Ok(xml(success(
            seen,
            match seen.function() {
                "getDimensions" => {
                    "<data><dimensions><dimension><objectName>GRANT</objectName><objectLabel>Grant</objectLabel><termLabel>Award</termLabel>\
                     <userDefinedDimension>true</userDefinedDimension><enabledInGL>true</enabledInGL></dimension></dimensions></data>"
                }
                "inspect" => {
                    "<data listtype=\"All\" count=\"1\"><Type Name=\"GLBATCH\"><Attributes><SingularName>Entry</SingularName></Attributes><Fields>\
                     <Field><Name>BATCH_TITLE</Name><GroupName></GroupName><externalDataName>string</externalDataName><isRequired>true</isRequired>\
                     <isReadOnly>false</isReadOnly><maxLength>80</maxLength><DisplayLabel>Description</DisplayLabel></Field>\
                     <Field><Name>STATE</Name><maxLength>0</maxLength></Field></Fields></Type></data>"
                }
                _ => {
                    "<data><financialSetup><baseCurrency>USD</baseCurrency><firstFiscalMonth>1</firstFiscalMonth><multiCurrency>false</multiCurrency>\
                     <multiEntityShared>true</multiEntityShared></financialSetup></data>"
                }
            },
        )))
    });
    let client = client(&gateway);
    let dimension = client.dimensions().await.unwrap().remove(0);
    assert_eq!((dimension.object_name.as_str(), dimension.term_label.as_str()), ("GRANT", "Award"));
    assert!(dimension.user_defined && dimension.enabled_in_gl);
    let fields = client.inspect("GLBATCH").await.unwrap();
    assert_eq!(
        (fields[0].max_length, fields[0].is_required, fields[0].label.as_str()),
        (Some(80), true, "Description")
    );
    assert_eq!((fields[1].max_length, fields[1].name.as_str()), (None, "STATE"));
    let setup = client.financial_setup().await.unwrap();
    assert_eq!(
        (setup.base_currency.as_deref(), setup.multi_currency, setup.multi_base_currency),
        (Some("USD"), Some(false), None)
    );
    assert_eq!(setup.multi_entity_shared, Some(true));
}

#[tokio::test]
async fn the_day_the_books_are_closed_to() {
    let cases = [
        (
            "<closedbooksdate><year>2026</year><month>09</month><day>30</day></closedbooksdate>",
            Some(Some(date(2026, 9, 30))),
        ),
        ("<closedbooksdate><year></year><month></month><day></day></closedbooksdate>", Some(None)),
        ("<closedbooksdate/>", Some(None)),
        ("", Some(None)),
        ("<closedbooksdate><year>2026</year><month>13</month><day>1</day></closedbooksdate>", None),
        ("<closedbooksdate><year>2026</year><month></month><day>1</day></closedbooksdate>", None),
    ];
    for (data, expected) in cases {
        let gateway = Gateway::new(move |seen| Ok(xml(success(seen, &format!("<data>{data}</data>")))));
        assert_eq!(client(&gateway).closed_books_date().await.ok(), expected, "{data}");
    }
}

#[tokio::test]
async fn thousands_of_rows_come_in_pages_of_two_thousand() {
    let gateway = Gateway::new(|seen| {
        let offset: usize = crate::gateway::between(&seen.body, "<offset>", "</offset>").unwrap().parse().unwrap();
        let rows: Vec<_> =
            (offset + 1..=(offset + 2_000).min(4_500)).map(|no| format!("<RECORDNO>{no}</RECORDNO>")).collect();
        Ok(xml(page(seen, "CUSTOMER", &rows, 4_500)))
    });
    let mut rows = 0;
    let count = client(&gateway).query_all(&Query::new("CUSTOMER", ["RECORDNO"]), |_| rows += 1).await.unwrap();
    assert_eq!((rows, count.rows, count.pages), (4_500, 4_500, 3));
}
