//! Policies (workspaces) and their settings, as the `get` jobs answer. It must not choose between shapes silently:
//! both shapes of tags become levels.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// One policy of the list \[observed\].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicySummary {
    /// Policy id.
    pub id: String,
    /// Name.
    #[serde(default)]
    pub name: String,
    /// E-mail of the owner.
    #[serde(default, deserialize_with = "text")]
    pub owner: Option<String>,
    /// Our role in it: `user`, `auditor`, `admin`; an open set.
    #[serde(default, deserialize_with = "text")]
    pub role: Option<String>,
    /// Currency of its reports.
    #[serde(default, deserialize_with = "text")]
    pub output_currency: Option<String>,
    /// `team`, `corporate`, `free`, `control`, `personalPolicy`; an open set.
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub policy_type: Option<String>,
}

/// A section of a policy's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyField {
    /// Categories.
    Categories,
    /// Report fields.
    ReportFields,
    /// Tags.
    Tags,
    /// Taxes.
    Tax,
    /// Employees.
    Employees,
}

/// Settings of one policy; a section not asked for is `None` \[observed\].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyDetails {
    /// Categories.
    #[serde(default)]
    pub categories: Option<Vec<Category>>,
    /// Tags, by level; a policy with plain tags has one level without a name.
    #[serde(default, deserialize_with = "tag_levels")]
    pub tags: Option<Vec<TagLevel>>,
    /// Report fields.
    #[serde(default)]
    pub report_fields: Option<Vec<ReportField>>,
    /// Taxes; `None` also where the policy tracks none.
    #[serde(default, deserialize_with = "tax")]
    pub tax: Option<PolicyTax>,
    /// Employees.
    #[serde(default)]
    pub employees: Option<Vec<Employee>>,
}

/// A category.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Category {
    /// Name.
    pub name: String,
    /// Whether it may be chosen; true where the vendor does not say.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// GL code of the workspace.
    #[serde(default, deserialize_with = "text")]
    pub gl_code: Option<String>,
    /// Payroll code of the workspace.
    #[serde(default, deserialize_with = "text")]
    pub payroll_code: Option<String>,
}

/// One level of a policy's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TagLevel {
    /// Name of the level; `None` for plain tags.
    pub name: Option<String>,
    /// Its tags.
    pub tags: Vec<PolicyTag>,
}

/// A tag that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyTag {
    /// Name.
    pub name: String,
    /// Whether it may be chosen; true where the vendor does not say.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// GL code of the workspace.
    #[serde(default, deserialize_with = "text")]
    pub gl_code: Option<String>,
}

/// A report field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReportField {
    /// Name; in reports every character but letters and digits is `_`.
    pub name: String,
    /// `formula`, `text`, `dropdown`, `date`; an open set.
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub field_type: Option<String>,
    /// Values of a dropdown.
    #[serde(default)]
    pub values: Vec<String>,
}

/// Taxes of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyTax {
    /// Name of the tax.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// Id of the default rate.
    #[serde(default, deserialize_with = "text")]
    pub default: Option<String>,
    /// Rates.
    #[serde(default)]
    pub rates: Vec<TaxRate>,
}

/// A tax rate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct TaxRate {
    /// Name.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// Percent, a decimal as text, never through a float.
    #[serde(default, deserialize_with = "text")]
    pub rate: Option<String>,
    /// Id, like `id_TAX_OPTION_16` or `4`.
    #[serde(default, rename = "rateID", deserialize_with = "text")]
    pub rate_id: Option<String>,
}

/// A member of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Employee {
    /// E-mail.
    pub email: String,
    /// Role; an open set.
    #[serde(default, deserialize_with = "text")]
    pub role: Option<String>,
    /// Whom they submit to.
    #[serde(default, deserialize_with = "text")]
    pub submits_to: Option<String>,
    /// `employeeID`.
    #[serde(default, rename = "employeeID", deserialize_with = "text")]
    pub employee_id: Option<String>,
    /// `customField1`.
    #[serde(default, deserialize_with = "text")]
    pub custom_field1: Option<String>,
    /// `customField2`.
    #[serde(default, deserialize_with = "text")]
    pub custom_field2: Option<String>,
}

/// Reply of the policy list.
#[derive(Deserialize)]
pub(crate) struct PolicyListReply {
    #[serde(rename = "policyList")]
    pub(crate) policies: Vec<PolicySummary>,
}

/// Reply of the policy getter.
#[derive(Deserialize)]
pub(crate) struct PolicyReply {
    #[serde(rename = "policyInfo")]
    pub(crate) policies: BTreeMap<String, PolicyDetails>,
}

fn yes() -> bool {
    true
}

/// A text, or a number as its digits; empty and null are `None`.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = Option::<&'de RawValue>::deserialize(deserializer)?;
    crate::field::text("", raw).map_err(|flaw| serde::de::Error::custom(flaw.fault))
}

/// `{}` where there is none \[documented\].
fn tax<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PolicyTax>, D::Error> {
    let tax = Option::<PolicyTax>::deserialize(deserializer)?;
    Ok(tax.filter(|tax| tax.name.is_some() || tax.default.is_some() || !tax.rates.is_empty()))
}

/// Both shapes, which may stand in one list: a plain tag, or a level that has tags.
fn tag_levels<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<TagLevel>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Entry {
        name: String,
        #[serde(default = "yes")]
        enabled: bool,
        #[serde(default, deserialize_with = "text")]
        gl_code: Option<String>,
        tags: Option<Vec<PolicyTag>>,
    }
    let Some(entries) = Option::<Vec<Entry>>::deserialize(deserializer)? else { return Ok(None) };
    let mut levels = Vec::new();
    let mut plain = Vec::new();
    for Entry { name, enabled, gl_code, tags } in entries {
        match tags {
            Some(tags) => levels.push(TagLevel { name: Some(name), tags }),
            None => plain.push(PolicyTag { name, enabled, gl_code }),
        }
    }
    if !plain.is_empty() {
        levels.insert(0, TagLevel { name: None, tags: plain });
    }
    Ok(Some(levels))
}
