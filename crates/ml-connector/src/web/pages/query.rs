//! What a page's address asks for after its question mark. It decides nothing.

/// A page's query.
pub(in crate::web) struct Query(Vec<(String, String)>);

impl Query {
    /// Of the text after the question mark.
    pub(in crate::web) fn of(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// What was entered, without spaces around it; empty where it is not there.
    pub(in crate::web) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.trim())
    }

    /// The same, where something was entered.
    pub(in crate::web) fn given(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The query of the next page, with these fields as they are.
    pub(in crate::web) fn next(&self, kept: &[&str], after: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in kept.iter().filter(|name| !self.text(name).is_empty()) {
            query.append_pair(name, self.text(name));
        }
        query.append_pair("after", after).finish()
    }
}
