//! Read-only client of Expensify's Integration Server, in Expensify's words.
