//! The objects around the ledger: what they look like, and that the seeded company is in them.

use super::kit::*;
use crate::intacct::{Assumptions, Options};

#[test]
fn every_object_answers_a_query_for_all_of_its_fields() {
    let options = Options { multi_entity: true, ..Options::default() };
    let mut gateway = Gateway::with(options, Assumptions::default());
    let listed = gateway.call("<inspect><object>*</object></inspect>");
    let names: Vec<String> =
        listed.split("typename=\"").skip(1).map(|p| p[..p.find('"').unwrap()].to_owned()).collect();
    for object in [
        "GLBATCH",
        "GLENTRY",
        "GLDETAIL",
        "GLACCOUNT",
        "STATACCOUNT",
        "DEPARTMENT",
        "LOCATION",
        "LOCATIONENTITY",
        "PROJECT",
        "CUSTOMER",
        "VENDOR",
        "EMPLOYEE",
        "CLASS",
        "ITEM",
        "TASK",
        "GLJOURNAL",
        "CONTACT",
        "REPORTINGPERIOD",
        "GRANT",
        "EXCHANGERATETYPES",
        "TAXDETAIL",
    ] {
        assert!(names.iter().any(|n| n == object), "{object}");
        let inspected = gateway.call(&format!("<inspect><object>{object}</object></inspect>"));
        let fields = all(&inspected, "Field");
        assert!(fields.contains(&"RECORDNO"), "{object}");
        assert!(fields.iter().all(|f| f.starts_with(|c: char| c.is_ascii_alphabetic())), "{fields:?}");
        let select: String = fields.iter().map(|f| format!("<field>{f}</field>")).collect();
        let rows = gateway.rows(&format!("<object>{object}</object><select>{select}</select>"));
        assert!(!rows.is_empty(), "{object} is empty");
        let looked_up = gateway.call(&format!("<lookup><object>{object}</object></lookup>"));
        assert_eq!(all(&looked_up, "ID").len(), fields.len(), "{object}");
        let read = gateway.call(&format!("<read><object>{object}</object><keys>1</keys><fields>*</fields></read>"));
        assert!(read.contains(&format!("<{object}><RECORDNO>1</RECORDNO>")), "{read}");
    }
    assert!(
        gateway
            .call("<query><object>JOURNAL</object><select><field>SYMBOL</field></select></query>")
            .contains("<JOURNAL><SYMBOL>")
    );
    let flat = Gateway::new().call("<inspect><object>LOCATIONENTITY</object></inspect>");
    assert!(flat.contains("<errorno>WS</errorno>"), "{flat}");
}

#[test]
fn inspect_tells_lengths_that_creates_hold_to() {
    let mut gateway = Gateway::new();
    let detail = "<inspect detail=\"1\"><object>GLBATCH</object></inspect>";
    let length = |reply: &str, field: &str| {
        let from = reply.find(&format!("<Name>{field}</Name>")).unwrap();
        inner(&reply[from..], "maxLength").to_owned()
    };
    let reply = gateway.call(detail);
    assert_eq!(length(&reply, "REFERENCENO"), "20");
    assert_eq!(length(&reply, "BATCH_TITLE"), "80");
    assert!(reply.contains("<Field><Name>RECORDNO</Name><GroupName></GroupName><dataName>Pt_FieldInt</dataName><externalDataName>integer</externalDataName><isRequired>false</isRequired><isReadOnly>true</isReadOnly><maxLength>8</maxLength>"), "{reply}");
    gateway.assume(|a| a.field_lengths = [("GLBATCH.BATCH_TITLE".to_owned(), 3)].into());
    assert_eq!(length(&gateway.call(detail), "BATCH_TITLE"), "3");
    assert!(gateway.call(&entry("R")).contains("The value of BATCH_TITLE is longer than 3 characters"));
}

#[test]
fn the_company_tells_its_set_up() {
    let mut gateway = Gateway::new();
    let setup = gateway.call("<getFinancialSetup/>");
    assert_eq!((inner(&setup, "baseCurrency"), inner(&setup, "multiEntityShared")), ("USD", "false"));
    let closed = gateway.call("<get_closedbooksdate/>");
    assert!(
        closed.contains("<closedbooksdate><year>2026</year><month>9</month><day>30</day></closedbooksdate>"),
        "{closed}"
    );
    let dimensions = gateway.call("<getDimensions/>");
    assert!(dimensions.contains("<dimension><objectName>GRANT</objectName><objectLabel>Grant</objectLabel><termLabel>Grant</termLabel><userDefinedDimension>true</userDefinedDimension><enabledInGL>true</enabledInGL></dimension>"), "{dimensions}");
    let preferences = gateway.call("<get_companyprefs application=\"GL\"/>");
    assert!(
        preferences.contains(
            "<companypref><application>GL</application><preference>BASECURR</preference><prefvalue>USD</prefvalue>"
        ),
        "{preferences}"
    );
}

#[test]
fn accounts_say_what_they_require() {
    let mut gateway = Gateway::new();
    let query = "<object>GLACCOUNT</object><select><field>REQUIREDEPT</field><field>REQUIREPROJECT</field><field>ACCOUNTTYPE</field><field>STATUS</field></select><filter><equalto><field>ACCOUNTNO</field><value>6900</value></equalto></filter>";
    assert_eq!(gateway.rows(query), [["true", "true", "incomestatement", "active"]]);
}

#[test]
fn simple_objects_are_made_changed_and_deleted() {
    let mut gateway = Gateway::new();
    for (object, create, key) in [
        (
            "VENDOR",
            "<VENDORID>V-9</VENDORID><NAME>Nine</NAME><DISPLAYCONTACT><PRINTAS>Nine Ltd</PRINTAS></DISPLAYCONTACT>",
            "V-9",
        ),
        ("CUSTOMER", "<NAME>Ten</NAME>", "C-5"),
        ("PROJECT", "<PROJECTID>P-9</PROJECTID><NAME>Nine</NAME><PROJECTCATEGORY>Contract</PROJECTCATEGORY>", "P-9"),
        (
            "GLACCOUNT",
            "<ACCOUNTNO>6999</ACCOUNTNO><TITLE>More</TITLE><ACCOUNTTYPE>incomestatement</ACCOUNTTYPE>",
            "6999",
        ),
        ("LOCATION", "<LOCATIONID>LA</LOCATIONID><NAME>Los Angeles</NAME>", "LA"),
        ("EMPLOYEE", "<EMPLOYEEID>E900</EMPLOYEEID><PERSONALINFO><CONTACTNAME>X</CONTACTNAME></PERSONALINFO>", "E900"),
        ("ITEM", "<ITEMID>I-9</ITEMID><NAME>Nine</NAME><ITEMTYPE>Inventory</ITEMTYPE>", "I-9"),
        (
            "CONTACT",
            "<CONTACTNAME>Somebody New</CONTACTNAME><MAILADDRESS><CITY>Ulm</CITY></MAILADDRESS>",
            "Somebody New",
        ),
    ] {
        let reply = gateway.call(&format!("<create><{object}>{create}</{object}></create>"));
        assert!(reply.contains("<result><status>success") && reply.contains(&format!(">{key}<")), "{reply}");
        let number = inner(&reply, "RECORDNO").to_owned();
        let again =
            format!("<update><{object}><RECORDNO>{number}</RECORDNO><STATUS>inactive</STATUS></{object}></update>");
        assert!(gateway.call(&again).contains("<result><status>success"), "{object}");
        let read = gateway.call(&format!("<readByName><object>{object}</object><keys>{key}</keys></readByName>"));
        assert!(read.contains("<STATUS>inactive</STATUS>"), "{read}");
        let delete = format!("<delete><object>{object}</object><keys>{number}</keys></delete>");
        assert!(gateway.call(&delete).contains("<result><status>success"), "{object}");
        assert!(gateway.call(&delete).contains("to delete."), "{object}");
    }
    let duplicate = gateway.call("<create><GLACCOUNT><ACCOUNTNO>6420</ACCOUNTNO><TITLE>x</TITLE></GLACCOUNT></create>");
    assert!(duplicate.contains("The account number &#039;6420&#039; already exists"), "{duplicate}");
    let missing = gateway.call("<create><CLASS><CLASSID>Q</CLASSID></CLASS></create>");
    assert!(missing.contains("BL03000018") && missing.contains("Could not create Class record."), "{missing}");
    let unknown = gateway.call("<create><SPACESHIP/></create>");
    assert!(unknown.contains("<errorno>WS</errorno>"), "{unknown}");
}

#[test]
fn attachments_come_before_the_entries_that_name_them() {
    let mut gateway = Gateway::new();
    let document = "<create_supdoc><supdocid>A-1</supdocid><supdocfoldername>F</supdocfoldername></create_supdoc>";
    assert!(gateway.call(document).contains("does not exist"));
    gateway.call("<create_supdocfolder><supdocfoldername>F</supdocfoldername></create_supdocfolder>");
    assert!(gateway.call(document).contains("<key>1</key>"));
    let with = entry("R").replace("<REFERENCENO>", "<SUPDOCID>A-1</SUPDOCID><REFERENCENO>");
    assert!(gateway.call(&with).contains("<glbatch>"));
}

#[test]
fn statistical_journals_take_one_line_and_no_balance() {
    let mut gateway = Gateway::new();
    let body = create("", &line("S100", "1", "5", "")).replace("EXP", "STJ");
    assert!(gateway.call(&body).contains("<glbatch>"));
    assert!(gateway.call(&body.replace("S100", "6420")).contains("Account 6420 is not valid"));
}
