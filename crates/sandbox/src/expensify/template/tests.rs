//! The engine against FreeMarker: what FreeMarker 2.3.31 printed when it was run on the same templates.
//!
//! Each expectation was taken from FreeMarker itself, in both of its modes.

use super::{Rules, Sheet, TemplateError};
use crate::expensify::company::Company;
use crate::expensify::{MissingValues, Options, StatusWords};
use std::sync::Arc;

fn rules(missing_values: MissingValues) -> Rules {
    Rules { missing_values, status_words: StatusWords::Classic }
}

fn render(source: &str, missing_values: MissingValues) -> Result<String, TemplateError> {
    let company = Arc::new(Company::new(Options { reports: 1, ..Options::default() }));
    let sheet = Sheet::new(source.to_string(), rules(missing_values))?;
    sheet.render(&company, &[0], true).map(|text| String::from_utf8_lossy(&text).into_owned())
}

/// Variables for the cases: `x` is `a"b`, `n` 1234, `rate` 1.08347, `t` and `f` booleans, `l` a list, `h` a hash; `no`
/// is nowhere.
const PRELUDE: &str = r#"<#assign x = 'a"b' empty = "" n = 1234 zero = 0 neg = -4095 rate = 1.08347 t = true f = false
  d = "2026-11-01 10:11:12" l = ["a", "b", "c"] none = [] h = {"A_b": "v1", "C": "v2"}
  tag = "Venue Smart\\:FIFA KC:Red">"#;

fn case(source: &str, missing_values: MissingValues) -> Result<String, TemplateError> {
    render(&format!("{PRELUDE}{source}"), missing_values)
}

const FAILS: &str = "(fails)";

fn check(cases: &[(&str, &str, &str)]) {
    for (source, strict, classic) in cases {
        for (mode, expected) in [(MissingValues::Strict, strict), (MissingValues::Lenient, classic)] {
            let printed = case(source, mode).unwrap_or_else(|_| FAILS.to_string());
            assert_eq!(printed, *expected, "{source} {mode:?}");
        }
    }
}

#[test]
fn absent_values() {
    check(&[
        ("${no}", FAILS, ""),
        ("${no?c}", FAILS, FAILS),
        ("<#list no as y>${y}</#list>.", FAILS, "."),
        ("${no.b!\"d\"}", FAILS, "d"),
        ("${(no.b)!\"d\"} ${h.zz!\"d\"} ${no!}.", "d d .", "d d ."),
        ("${no?if_exists}${no?if_exists?json_string}${(no.z)?if_exists}.", ".", "."),
        (
            "${no?default(\"x\")} ${no?has_content?c} ${no???c} ${(no.b)???c}",
            "x false false false",
            "x false false false",
        ),
        ("<#if no>y<#else>n</#if>", FAILS, "n"),
        ("<#if no == \"x\">y<#else>n</#if>", FAILS, "n"),
        ("<#if no != \"x\">y<#else>n</#if>", FAILS, "y"),
        ("<#if no == \"\">y<#else>n</#if>", FAILS, "y"),
        ("<#if no gt 5>y<#else>n</#if>", FAILS, "n"),
        ("<#if no?contains(\"a\")>y<#else>n</#if>", FAILS, "n"),
        ("${no?json_string}|${no?trim}|${no?replace(\"a\", \"b\")}", FAILS, "||"),
        ("${no?string(\"a\", \"b\")}", FAILS, FAILS),
        ("${no?size}", FAILS, FAILS),
        ("${no?is_string?c}", FAILS, FAILS),
        ("${no?then(\"a\", \"b\")}", FAILS, "b"),
        ("<#list no![] as y>${y}<#else>none</#list>", "none", "none"),
    ]);
}

#[test]
fn the_precedence_trap_and_numbers() {
    check(&[
        ("${x!\"\"?json_string} ${(x!\"\")?json_string}", "a\"b a\\\"b", "a\"b a\\\"b"),
        ("${n!\"\"?c} ${(n!0)?c}", "1,234 1234", "1,234 1234"),
        ("${(x!\"\")?c}", FAILS, FAILS),
        ("${(no!\"\")?c}", FAILS, FAILS),
        (
            "${zero?has_content?c} ${f?has_content?c} ${empty?has_content?c} ${none?has_content?c}",
            "true true false false",
            "true true false false",
        ),
        ("${n} ${rate} ${neg} ${123456?json_string}", "1,234 1.083 -4,095 123,456", "1,234 1.083 -4,095 123,456"),
        ("${n?c} ${rate?c} ${neg?c}", "1234 1.08347 -4095", "1234 1.08347 -4095"),
        (
            "${(n / 100)?string(\"0.00\")} ${(neg / 100)?string(\"#,##0.00\")} ${n / 100}",
            "12.34 -40.95 12.34",
            "12.34 -40.95 12.34",
        ),
        ("${n?string.computer} <#setting number_format=\"computer\">${n}", "1234 1234", "1234 1234"),
        ("<#if n == \"1,234\">y<#else>n</#if>", FAILS, "y"),
    ]);
}

#[test]
fn booleans() {
    check(&[
        ("${t}", FAILS, "true"),
        ("${f}.", FAILS, "."),
        (
            "${t?c} ${t?string} ${t?string(\"yes\", \"no\")} ${f?then(\"a\", \"b\")}",
            "true true yes b",
            "true true yes b",
        ),
        ("${f?json_string}.${t?json_string}", FAILS, ".true"),
    ]);
}

#[test]
fn text_and_lists() {
    let tags = "${tag?replace(\"\\\\:\", \":\")}|${tag?json_string}|${tag?split(\":\")?size}";
    check(&[
        (
            tags,
            "Venue Smart:FIFA KC:Red|Venue Smart\\\\:FIFA KC:Red|3",
            "Venue Smart:FIFA KC:Red|Venue Smart\\\\:FIFA KC:Red|3",
        ),
        (
            "<#list l as e>${e}<#sep>,</#list> <#list l as e>${e}<#if e_has_next>;</#if></#list>",
            "a,b,c a;b;c",
            "a,b,c a;b;c",
        ),
        ("<#list l as e>${e?index}${e?counter}<#if e?has_next>,</#if></#list>", "01,12,23", "01,12,23"),
        (
            "${l?join(\"+\")} ${l?take_while(e -> e != \"b\")?join(\"\")} ${x?contains(\"a\")?c}",
            "a+b+c a true",
            "a+b+c a true",
        ),
        (
            "<#list h?keys as k>${k}=${h[k]};</#list><#list h as k, v>${k}=${v};</#list>",
            "A_b=v1;C=v2;A_b=v1;C=v2;",
            "A_b=v1;C=v2;A_b=v1;C=v2;",
        ),
        (
            "${d?date(\"yyyy-MM-dd\")?string(\"MM/dd/yyyy\")} ${d?datetime(\"yyyy-MM-dd HH:mm:ss\")?string(\"yyyyMMdd\")}",
            "11/01/2026 20261101",
            "11/01/2026 20261101",
        ),
        ("${x?date(\"yyyy-MM-dd\")}", FAILS, FAILS),
        ("a <#t>\n b <#lt>\n c <#rt>\n d", "a b \n c  d", "a b \n c  d"),
        ("<#escape z as z?json_string>${x}</#escape>", "a\\\"b", "a\\\"b"),
        ("<#-- gone --><#noparse>${x}</#noparse>", "${x}", "${x}"),
        ("${\"\\u0041\"}", FAILS, FAILS),
        ("\\u0041 ${\"\\x41\"} ${r\"\\u\"}", "\\u0041 A \\u", "\\u0041 A \\u"),
    ]);
}

#[test]
fn json_string_escapes_as_freemarker_does() {
    let odd = "\"\\ / </x> ]]> <!-- \u{0}\u{1}\t\u{7f}\u{85}\u{2028} é 🍣 \u{fffe}\u{feff}\u{202e}'";
    let expected =
        "\\\"\\\\ / <\\/x> ]]\\u003E \\u003C!-- \\u0000\\u0001\\t\\u007F\\u0085\\u2028 é 🍣 \u{fffe}\u{feff}\u{202e}'";
    let source = format!("<#assign odd>{odd}</#assign>${{odd?json_string}}");
    assert_eq!(render(&source, MissingValues::Strict).unwrap(), expected);
}

#[test]
fn what_is_not_simulated_is_named() {
    let cases = [
        ("<#include \"x\">", "<#include>"),
        ("<#outputformat \"HTML\">x</#outputformat>", "<#outputformat>"),
        ("${\"x\"?new()}", "?new"),
        ("<#list reports as r>${r?api}</#list>", "?api"),
    ];
    for (source, name) in cases {
        let error = render(source, MissingValues::Lenient).unwrap_err();
        assert_eq!(error, TemplateError::Unsupported(name.into()), "{source}");
    }
    for source in ["${", "<#if t>", "<#nosuch>", "${x?nosuch}", "<#list reports as r>"] {
        assert!(matches!(render(source, MissingValues::Lenient), Err(TemplateError::Syntax(_))), "{source}");
    }
}

/// The plan must print what the engine prints, or leave it to the engine; here it has to do it itself.
#[test]
fn a_plan_prints_what_the_engine_prints() {
    let company = Arc::new(Company::new(Options { reports: 120, ..Options::default() }));
    let numbers: Vec<u32> = company.numbers().collect();
    let careful = include_str!("../../../tests/it/expensify/golden/careful.ftl");
    let lines = include_str!("../../../tests/it/expensify/golden/lines.ftl");
    let macros = "<#macro value of><#if of?is_number || of?is_boolean>${of?c}<#elseif of?is_string>\"${of?json_string}\"\
        <#elseif of?is_sequence>[<#list of as part><@value of=part/><#sep>,</#list>]<#else>{}</#if></#macro>\
        <#macro one name of quote=\"'\">${quote}${name}${quote}:<@value of=of/>;</#macro>\
        <#list reports as report><@one \"id\" report.reportID/><@one name=\"total\" of=(report.total)!\"\" quote=\"~\"/>\
        <#list report.transactionList as e><#list [\"amount\", \"tag\", \"comment\", \"units\", \"attendees\", \"currencyConversionRate\"] as name>\
        <@one name=name of=(e[name])!\"\"/></#list><#list 1..3 as n>${(e[\"ntag\" + n?c])!\"-\"}</#list> ${e.amount} <#if e.tag?? && !(e.billable && e.reimbursable)>*</#if></#list>\n</#list>";
    for source in [careful, lines, macros] {
        for mode in [MissingValues::Lenient, MissingValues::Strict, MissingValues::EmptyText] {
            let sheet = Sheet::new(source.to_string(), rules(mode)).unwrap();
            let quick = super::run::run(&sheet.plan, &company, &numbers, true, rules(mode));
            let slow = sheet.render_by_engine(&company, &numbers, true).unwrap();
            let quick = String::from_utf8(quick.unwrap_or_else(|stop| panic!("{stop:?} {mode:?} {source}"))).unwrap();
            assert_eq!(quick, String::from_utf8(slow).unwrap());
        }
    }
}

#[test]
fn a_field_without_value_is_absent_or_empty_by_the_rules() {
    let source = "<#list reports as r><#list r.transactionList as e>[${e.modifiedMerchant}]<#break></#list></#list>";
    assert!(render(source, MissingValues::Strict).is_err());
    assert_eq!(render(source, MissingValues::Lenient).unwrap(), "[]");
    assert_eq!(render(source, MissingValues::EmptyText).unwrap(), "[]");
}
