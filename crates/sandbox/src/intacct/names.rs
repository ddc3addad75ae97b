//! Every text of the company once: fields, ids and memos are kept as small numbers.
//!
//! A quarter of a million journal lines repeat the same few thousand words; this is what keeps them small.

use std::collections::HashMap;
use std::sync::Arc;

/// A text that [`Names`] knows. The default is the empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Sym(u32);

impl Sym {
    /// The empty text.
    pub const EMPTY: Sym = Sym(0);

    pub fn is_empty(self) -> bool {
        self == Sym::EMPTY
    }
}

macro_rules! well_known {
    ($($name:ident),* $(,)?) => {
        /// Field names that the code itself speaks of.
        #[allow(clippy::upper_case_acronyms, non_camel_case_types, reason = "the vendor's own words")]
        enum Order { $($name),* }
        /// Symbols of the field names that the code itself speaks of.
        pub(super) mod field {
            use super::{Order, Sym};
            $(pub const $name: Sym = Sym(Order::$name as u32 + 1);)*
        }
        const WELL_KNOWN: &[&str] = &["", $(stringify!($name)),*];
    };
}

well_known! {
    RECORDNO, STATUS, WHENCREATED, WHENMODIFIED, RECORD_URL,
    JOURNAL, JOURNALKEY, BATCHNO, BATCH_NUMBER, BATCH_DATE, BATCH_TITLE, BALANCE, ADJ, MODULE, REFERENCENO,
    REVERSEDATE, MODIFIED, BASELOCATION_NO, STATE, SUPDOCID, HISTORY_COMMENT,
    CREATEDBY, MODIFIEDBY, MEGAENTITYID,
    LINE_NO, ENTRY_DATE, TR_TYPE, AMOUNT, TRX_AMOUNT, ACCOUNTNO, CURRENCY, BASECURR,
    EXCH_RATE_TYPE_ID, EXCHANGE_RATE, DESCRIPTION, DOCUMENT, DEPARTMENT, LOCATION, PROJECTID, TASKID, COSTTYPEID,
    CUSTOMERID, VENDORID, EMPLOYEEID, ITEMID, CLASSID, CONTRACTID, WAREHOUSEID, GLDIMGRANT, ALLOCATION, SPLIT,
    BILLABLE, TAXENTRIES,
    BATCHKEY, BATCH_NO, SYMBOL, DEBITAMOUNT, CREDITAMOUNT, TRX_DEBITAMOUNT, TRX_CREDITAMOUNT, DEPARTMENTID, LOCATIONID,
    PARENTID, ID,
    REQUIREDEPT, REQUIRELOC, REQUIREPROJECT, REQUIRETASK, REQUIRECUSTOMER, REQUIREVENDOR, REQUIREEMPLOYEE, REQUIREITEM,
    REQUIRECLASS, REQUIRECONTRACT, REQUIREWAREHOUSE, REQUIREGLDIMGRANT, REQUIRECOSTTYPE,
}

/// All texts, each once. Companies that began alike share the texts they began with.
#[derive(Debug, Clone)]
pub(super) struct Names {
    shared: Arc<Texts>,
    own: Texts,
}

#[derive(Debug, Clone, Default)]
struct Texts {
    by_text: HashMap<Arc<str>, Sym>,
    in_order: Vec<Arc<str>>,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names { shared: Arc::default(), own: Texts::default() };
        for text in WELL_KNOWN {
            names.intern(text);
        }
        names
    }
}

impl Names {
    /// The symbol of a text, new or known.
    pub fn intern(&mut self, text: &str) -> Sym {
        if let Some(sym) = self.find(text) {
            return sym;
        }
        let place = self.shared.in_order.len() + self.own.in_order.len();
        let sym = Sym(u32::try_from(place).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.own.in_order.push(text.clone());
        self.own.by_text.insert(text, sym);
        sym
    }

    /// From here on copies share all texts known so far.
    pub fn share(&mut self) {
        let mut all = Texts::clone(&self.shared);
        let own = std::mem::take(&mut self.own);
        all.by_text.extend(own.by_text);
        all.in_order.extend(own.in_order);
        self.shared = Arc::new(all);
    }

    /// The symbol of a text that is known.
    pub fn find(&self, text: &str) -> Option<Sym> {
        self.shared.by_text.get(text).or_else(|| self.own.by_text.get(text)).copied()
    }

    /// The symbol of a field's name, given in any case of letters.
    pub fn find_upper(&self, name: &str) -> Option<Sym> {
        match name.bytes().any(|b| b.is_ascii_lowercase()) {
            true => self.find(&name.to_ascii_uppercase()),
            false => self.find(name),
        }
    }

    /// The text of a symbol.
    pub fn text(&self, sym: Sym) -> &str {
        let place = sym.0 as usize;
        let shared = &self.shared.in_order;
        shared.get(place).or_else(|| self.own.in_order.get(place - shared.len())).map_or("", |t| t)
    }
}

/// Field values of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Box<[(Sym, Sym)]>);

impl Fields {
    /// The value of a field; empty where there is none.
    pub fn get(&self, name: Sym) -> Sym {
        self.0.iter().find(|(n, _)| *n == name).map_or(Sym::EMPTY, |(_, v)| *v)
    }

    /// Sets one field.
    pub fn set(&mut self, name: Sym, value: Sym) {
        if let Some(pair) = self.0.iter_mut().find(|(n, _)| *n == name) {
            pair.1 = value;
            return;
        }
        let mut pairs = std::mem::take(&mut self.0).into_vec();
        pairs.push((name, value));
        self.0 = pairs.into_boxed_slice();
    }

    pub fn iter(&self) -> impl Iterator<Item = (Sym, Sym)> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<(Sym, Sym)> for Fields {
    fn from_iter<I: IntoIterator<Item = (Sym, Sym)>>(pairs: I) -> Self {
        Fields(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect())
    }
}
