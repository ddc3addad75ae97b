//! Sessions and the company's set-up: getAPISession, getFinancialSetup, get_closedbooksdate, get_companyprefs.

use super::{Call, Outcome};
use crate::intacct::books::BASE_CURRENCY;
use crate::intacct::error::GatewayError;
use crate::intacct::xml::Element;

impl Call<'_> {
    /// Opens a session at the entity asked for; an empty `<locationid/>` asks for the top level, none for the
    /// caller's own.
    pub(super) fn api_session(&mut self, body: &Element<'_>) -> Result<Outcome, GatewayError> {
        let location = match body.child("locationid") {
            Some(asked) => asked.text.trim().to_owned(),
            None => self.books.names.text(self.entity).to_owned(),
        };
        let id = self.sessions.open(self.now_ms, &location, self.books)?;
        let mut writer = self.writer();
        writer.open("data");
        writer.open("api");
        writer.leaf("sessionid", &id);
        writer.leaf("endpoint", self.endpoint);
        writer.leaf("locationid", &location);
        writer.close("api");
        writer.close("data");
        Ok(Outcome::data(writer.finish()))
    }

    pub(super) fn financial_setup(&self) -> Outcome {
        let flag = |on: bool| if on { "true" } else { "false" };
        let mut writer = self.writer();
        writer.open("data");
        writer.open("financialSetup");
        writer.leaf("baseCurrency", BASE_CURRENCY);
        writer.leaf("defaultBook", "ACCRUAL");
        writer.leaf("firstFiscalMonth", "1");
        writer.leaf("multiBaseCurrency", "false");
        writer.leaf("multiBook", "false");
        writer.leaf("multiCurrency", flag(self.books.multi_currency));
        writer.leaf("multiEntityShared", flag(self.books.multi_entity));
        writer.close("financialSetup");
        writer.close("data");
        Outcome::data(writer.finish())
    }

    /// The last closed day. (Whether an entity can have its own is not public; here it cannot.)
    pub(super) fn closed_books_date(&self) -> Outcome {
        let date = self.books.closed_until;
        let mut writer = self.writer();
        writer.open("data");
        writer.open("closedbooksdate");
        writer.leaf("year", &date.year().to_string());
        writer.leaf("month", &date.month().to_string());
        writer.leaf("day", &date.day().to_string());
        writer.close("closedbooksdate");
        writer.close("data");
        Outcome::data(writer.finish())
    }

    /// A few preferences of the general ledger.
    pub(super) fn company_preferences(&self, body: &Element<'_>) -> Outcome {
        let application = body.attribute("application").unwrap_or("GL");
        let preferences = [
            ("BASECURR", BASE_CURRENCY),
            ("ENABLEAPPROVAL", if self.assumptions.approval_required { "T" } else { "F" }),
            ("MULTICURRENCY", if self.books.multi_currency { "T" } else { "F" }),
        ];
        let mut writer = self.writer();
        writer.open("data");
        for (name, value) in preferences {
            writer.open("companypref");
            writer.leaf("application", application);
            writer.leaf("preference", name);
            writer.leaf("prefvalue", value);
            writer.close("companypref");
        }
        writer.close("data");
        Outcome { list: Some((0, 2, 3, "companyprefs".into())), ..Outcome::data(writer.finish()) }
    }
}
