//! The jobs we may ask for, and their JSON. It must not be able to express a job that changes anything at Expensify:
//! there is no type here for one, no `onFinish`, and no `test` flag that could make one look harmless.

use std::fmt;

use secrecy::ExposeSecret;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::credentials::Credentials;
use crate::policy::PolicyField;
use crate::query::{Anchor, ReportQuery};

/// Which job an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobName {
    /// Render reports into a file on the server.
    Export,
    /// Fetch that file.
    Download,
    /// List the policies.
    PolicyList,
    /// Read the settings of policies.
    PolicyDetails,
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Export => "export",
            Self::Download => "download",
            Self::PolicyList => "policy list",
            Self::PolicyDetails => "policy details",
        })
    }
}

/// A read-only job, as it goes out.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum Job<'a> {
    /// `file`: the report exporter.
    File { on_receive: OnReceive, input_settings: ExportInput, output_settings: OutputSettings },
    /// `download`: its arguments stand at the top level \[documented\].
    Download { file_name: &'a str, file_system: &'static str },
    /// `get`: the policy getters.
    Get { input_settings: GetInput<'a> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnReceive {
    immediate_response: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutputSettings {
    file_extension: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportInput {
    r#type: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    report_state: String,
    /// An integer as a string \[documented\].
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    filters: Filters,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Filters {
    #[serde(rename = "reportIDList", skip_serializing_if = "Option::is_none")]
    report_ids: Option<String>,
    #[serde(rename = "policyIDList", skip_serializing_if = "Option::is_none")]
    policy_ids: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_after: Option<String>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(crate) enum GetInput<'a> {
    PolicyList,
    Policy {
        /// A JSON array here, a comma string in the exporter \[documented\].
        #[serde(rename = "policyIDList")]
        policy_ids: &'a [String],
        fields: &'a [PolicyField],
    },
}

impl<'a> Job<'a> {
    pub(crate) fn export(query: &ReportQuery) -> Self {
        let mut filters = Filters::default();
        match &query.anchor {
            Anchor::ReportIds(ids) => filters.report_ids = Some(ids.join(",")),
            Anchor::ApprovedAfter { date, end } => {
                filters.approved_after = Some(date.to_string());
                filters.end_date = end.map(|end| end.to_string());
            }
            Anchor::Submitted { start, end } => {
                filters.start_date = Some(start.to_string());
                filters.end_date = Some(end.to_string());
            }
        }
        filters.policy_ids = (!query.policy_ids.is_empty()).then(|| query.policy_ids.join(","));
        let states: Vec<_> = query.states.iter().map(|state| state.as_str()).collect();
        Self::File {
            on_receive: OnReceive { immediate_response: ["returnRandomFileName"] },
            input_settings: ExportInput {
                r#type: "combinedReportData",
                report_state: states.join(","),
                limit: query.limit.map(|limit| limit.to_string()),
                filters,
            },
            output_settings: OutputSettings { file_extension: "json" },
        }
    }

    pub(crate) fn download(file_name: &'a str) -> Self {
        Self::Download { file_name, file_system: "integrationServer" }
    }

    pub(crate) fn name(&self) -> JobName {
        match self {
            Self::File { .. } => JobName::Export,
            Self::Download { .. } => JobName::Download,
            Self::Get { input_settings: GetInput::PolicyList } => JobName::PolicyList,
            Self::Get { input_settings: GetInput::Policy { .. } } => JobName::PolicyDetails,
        }
    }

    /// The `requestJobDescription`, credentials included: secret from here on.
    pub(crate) fn describe(&self, credentials: &Credentials) -> serde_json::Result<Zeroizing<String>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Pair<'a> {
            #[serde(rename = "partnerUserID")]
            id: &'a str,
            #[serde(rename = "partnerUserSecret")]
            secret: &'a str,
        }
        #[derive(Serialize)]
        struct Description<'a> {
            credentials: Pair<'a>,
            #[serde(flatten)]
            job: &'a Job<'a>,
        }
        let pair = Pair { id: &credentials.partner_user_id, secret: credentials.partner_user_secret.expose_secret() };
        serde_json::to_string(&Description { credentials: pair, job: self }).map(Zeroizing::new)
    }
}
