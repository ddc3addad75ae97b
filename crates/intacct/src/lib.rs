//! Client of Sage Intacct's XML gateway, in Intacct's words.
