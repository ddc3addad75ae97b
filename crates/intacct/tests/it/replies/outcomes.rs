//! Answers that reached the functions.

use super::{BOTH_POSTED, Case, F1, F2, both, failed, messages};
use crate::gateway::error;

// A table reads best with one case a line.
#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    let good = both(F1, F2);
    let rolled_back =
        error("XL03000009", "The entire transaction in this operation has been rolled back due to an error.");
    let nested = "<error><errorno>BL01001973</errorno><description></description><description2>Taken [Support ID: p5%7Ex]</description2>\
        <correction>Use &amp;#039;another&amp;#039;</correction><additionalinfo><errorid>GL-0493</errorid><category>Duplication Prevention</category>\
        <description><messageid>IA.DUP</messageid><placeholders><placeholder><name>ACCT</name><value>6420</value></placeholder></placeholders></description>\
        </additionalinfo></error>";
    vec![
        ("both posted", 200, good.clone().into(), BOTH_POSTED),
        ("byte order mark", 200, format!("\u{FEFF}{good}").into(), BOTH_POSTED),
        ("no declaration", 200, good.split_once('\n').unwrap().1.into(), BOTH_POSTED),
        ("white space around and between", 200, format!("{}\n \n", good.replace("><", ">\n  <")).into(), BOTH_POSTED),
        ("comment before the root", 200, good.replace("<response>", "<!-- gw 3 --><response>").into(), BOTH_POSTED),
        ("unknown fields in known blocks", 200, good.replace("<userid>", "<clientstatus><a/></clientstatus><userid>").into(), BOTH_POSTED),
        ("CDATA and entities in values", 200, good.replace("6679", "<![CDATA[66]]>&#55;9").into(), BOTH_POSTED),
        ("upper-case object, natural key besides", 200, both(&F1.replace("glbatch", "GLBATCH").replace("<RECORDNO>", "<ID>x</ID><RECORDNO>"), F2).into(), BOTH_POSTED),
        ("declared ISO-8859-1", 200, good.replace("UTF-8", "ISO-8859-1").replace("<userid>u", "<userid>\u{1}").bytes().map(|b| if b == 1 { 0xE9 } else { b }).collect(), BOTH_POSTED),
        ("success without data", 200, both(&failed("f1", "success", ""), F2).into(), "200 control Success, auth Success; f1 Success; f2 Success #6680 x1"),
        ("success with an empty RECORDNO", 200, both(&F1.replace("6679", ""), F2).into(), "200 control Success, auth Success; f1 Success x1; f2 Success #6680 x1"),
        ("two record numbers for one function", 200, both(&F1.replace("</glbatch>", "</glbatch><glbatch><RECORDNO>7</RECORDNO></glbatch>").replace("\"1\"", "\"2\""), F2).into(), "200 control Success, auth Success; f1 Success #6679+#7 x2; f2 Success #6680 x1"),
        ("legacy key", 200, both(&failed("f1", "success", "<key>35</key>"), F2).into(), "200 control Success, auth Success; f1 Success key 35; f2 Success #6680 x1"),
        ("one failure beside a success", 200, both(&failed("f1", "failure", &(messages(&error("BL01001973", "Periods are closed.")) + "<data listtype=\"objects\" count=\"0\"/>")), F2).into(), "200 control Success, auth Success; f1 Failure x0 [BL01001973 Periods are closed.]; f2 Success #6680 x1"),
        ("failure that created something all the same", 200, both(&failed("f1", "failure", &("<data listtype=\"objects\" count=\"1\"><glbatch><RECORDNO>9</RECORDNO></glbatch></data>" .to_owned() + &messages(&error("BL01001973", "Odd")))), F2).into(), "200 control Success, auth Success; f1 Failure #9 x1 [BL01001973 Odd]; f2 Success #6680 x1"),
        ("rollback: aborted and culprit", 200, both(&failed("f1", "aborted", &messages(&rolled_back)), &failed("f2", "failure", &messages(&(error("BL03000018", "Missing") + &rolled_back)))).into(), "200 control Success, auth Success; f1 Aborted [XL03000009 The entire transaction in this operation has been rolled back due to an error.]; f2 Failure [BL03000018 Missing] [XL03000009 The entire transaction in this operation has been rolled back due to an error.]"),
        ("unknown status word", 200, both(&failed("f1", "pending", ""), F2).into(), "200 control Success, auth Success; f1 Other(\"pending\"); f2 Success #6680 x1"),
        ("additional information, support id, doubled escapes", 200, both(&failed("f1", "failure", &messages(nested)), F2).into(), "200 control Success, auth Success; f1 Failure [GL-0493 Taken Use 'another']; f2 Success #6680 x1"),
        ("failure without errors", 200, both(&failed("f1", "failure", ""), F2).into(), "200 control Success, auth Success; f1 Failure; f2 Success #6680 x1"),
        ("errorno that is a sentence", 200, both(&failed("f1", "failure", &messages(&error("Query Failed", "Object definition X not found"))), F2).into(), "200 control Success, auth Success; f1 Failure [Query Failed Object definition X not found]; f2 Success #6680 x1"),
    ]
}
