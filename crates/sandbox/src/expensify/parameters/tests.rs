//! Every way in which a known client sends its parameters.

use super::*;

fn request(query: &str, content_type: &str, body: &str) -> Request {
    Request {
        method: "POST".into(),
        query: query.into(),
        content_type: content_type.into(),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

fn both(parameters: &Parameters) -> (&str, &str) {
    (parameters.request_job_description.as_deref().unwrap_or("none"), parameters.template.as_deref().unwrap_or("none"))
}

#[test]
fn an_encoded_form_body() {
    let form = "requestJobDescription=%7B%22a%22%3A%22x+%26+y%2Bz%22%7D&template=%3C%23list+reports%3E";
    let parameters = Parameters::of(&request("", "application/x-www-form-urlencoded", form));
    assert_eq!(both(&parameters), (r#"{"a":"x & y+z"}"#, "<#list reports>"));
    assert!(!parameters.raw);
}

#[test]
fn a_raw_form_body_with_ampersands_percent_signs_and_a_plus() {
    let form = "requestJobDescription={\"a\":\"b&c\"}&template=<#if a && b>100% ${x+y}</#if>\n";
    let parameters = Parameters::of(&request("", "application/x-www-form-urlencoded", form));
    assert_eq!(
        both(&parameters),
        ("{\"a\":\"b&c\"}", "<#if a && b>100% ${x y}</#if>\n"),
        "a plus is a space, as in any form"
    );
    assert!(parameters.raw);
}

#[test]
fn everything_in_the_query_with_a_json_content_type_and_no_body() {
    let query = "requestJobDescription=%7B%7D&template=x%0Ay";
    assert_eq!(both(&Parameters::of(&request(query, "application/json", ""))), ("{}", "x\ny"));
}

#[test]
fn the_description_in_the_query_and_the_template_in_the_body() {
    let parameters = Parameters::of(&request("requestJobDescription={}", "", "template=abc"));
    assert_eq!(both(&parameters), ("{}", "abc"));
}

#[test]
fn a_multipart_body() {
    let body = "--XX\r\nContent-Disposition: form-data; name=\"requestJobDescription\"\r\n\r\n{\"a\":1}\r\n\
                --XX\r\nContent-Disposition: form-data; name=\"template\"; filename=\"t.ftl\"\r\n\r\nline\r\n&+%41\r\n--XX--\r\n";
    let parameters = Parameters::of(&request("", "multipart/form-data; boundary=\"XX\"", body));
    assert_eq!(both(&parameters), ("{\"a\":1}", "line\r\n&+%41"));
}

#[test]
fn a_name_inside_a_value_starts_nothing() {
    let parameters = Parameters::of(&request("", "", "template=my requestJobDescription=1&requestJobDescription={}"));
    assert_eq!(both(&parameters), ("{}", "my requestJobDescription=1"));
}

#[test]
fn nothing_at_all() {
    assert_eq!(Parameters::of(&request("", "", "")), Parameters::default());
    assert_eq!(Parameters::of(&request("x=1", "", "y")), Parameters::default());
    assert_eq!(decode("%zz%4"), "%zz%4");
    assert_eq!(decode("%é"), "%é");
}
