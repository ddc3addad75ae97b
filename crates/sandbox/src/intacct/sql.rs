//! The query text of `readByQuery`: a condition in the manner of SQL's WHERE.
//!
//! Texts stand in single quotes, an apostrophe inside is `\'`. ORDER BY and ISO dates are refused, as in the field.

use super::error::{GatewayError, processing};
use super::filter::{Scope, negate};
use super::objects::Kind;
use super::predicate::{Pattern, Predicate, Relation, Test, Value};
use super::rows::Path;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Symbol(&'static str),
}

const SYMBOLS: &[&str] = &["<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", ","];
const DEPTH_MAX: usize = 50;

fn tokens(text: &str) -> Result<Vec<Token>, GatewayError> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        if c == '\'' || c == '"' {
            let (value, after) = quoted(&rest[1..], c)?;
            out.push(Token::Text(value));
            rest = after;
        } else if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            out.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(processing(&format!("unexpected character {c} in the query")));
            }
            out.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(out)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | '/' | ':' | '#')
}

fn quoted(text: &str, quote: char) -> Result<(String, &str), GatewayError> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some((_, c)) if c == quote || c == '\\' => value.push(c),
                Some((_, c)) => value.extend(['\\', c]),
                None => break,
            },
            c if c == quote => return Ok((value, &text[i + 1..])),
            c => value.push(c),
        }
    }
    Err(processing("a text in the query is not closed"))
}

/// Reads a query text; empty means every row.
pub(super) fn parse(text: &str, scope: &Scope<'_>) -> Result<Predicate, GatewayError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Predicate::Always);
    }
    let mut parser = Parser { tokens: &tokens, scope };
    let predicate = parser.any(0)?;
    match parser.tokens.first() {
        None => Ok(predicate),
        Some(_) => Err(processing("the query goes on after its end (ORDER BY is not for query texts)")),
    }
}

struct Parser<'t, 's> {
    tokens: &'t [Token],
    scope: &'s Scope<'s>,
}

impl<'t> Parser<'t, '_> {
    fn next(&mut self) -> Option<&'t Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn keyword(&mut self, word: &str) -> bool {
        match self.tokens.first() {
            Some(Token::Word(w)) if w.eq_ignore_ascii_case(word) => {
                self.tokens = &self.tokens[1..];
                true
            }
            _ => false,
        }
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        match self.tokens.first() {
            Some(Token::Symbol(s)) if *s == symbol => {
                self.tokens = &self.tokens[1..];
                true
            }
            _ => false,
        }
    }

    fn any(&mut self, depth: usize) -> Result<Predicate, GatewayError> {
        let mut parts = vec![self.all(depth)?];
        while self.keyword("or") {
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Predicate::Or(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Predicate, GatewayError> {
        let mut parts = vec![self.one(depth)?];
        while self.keyword("and") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Predicate::And(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Predicate, GatewayError> {
        if depth > DEPTH_MAX {
            return Err(processing("the query is nested too deeply"));
        }
        if self.keyword("not") {
            return Ok(Predicate::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.symbol("(") {
            let inner = self.any(depth + 1)?;
            return if self.symbol(")") { Ok(inner) } else { Err(processing("a bracket is not closed")) };
        }
        let Some(Token::Word(name)) = self.next() else { return Err(processing("a field name is missing")) };
        if name.eq_ignore_ascii_case("rownum") {
            let relation = self.relation()?;
            let text = self.literal()?;
            let n = text.parse().map_err(|_| processing("rownum is a number"))?;
            return Ok(Predicate::RowNumber(relation, n));
        }
        let path = self.scope.path(name).ok_or_else(|| processing(&format!("the field {name} does not exist")))?;
        self.test(path)
    }

    fn test(&mut self, path: Path) -> Result<Predicate, GatewayError> {
        if self.keyword("is") {
            let negated = self.keyword("not");
            if !self.keyword("null") {
                return Err(processing("NULL is missing after IS"));
            }
            return Ok(if negated { negate(path, Test::Null) } else { Predicate::Test(path, Test::Null) });
        }
        let negated = self.keyword("not");
        let test = if self.keyword("like") {
            Test::Like(Pattern { text: self.literal()?, fold: self.scope.fold })
        } else if self.keyword("in") {
            Test::In(self.list(&path)?)
        } else if negated {
            return Err(processing("LIKE or IN is missing after NOT"));
        } else if self.keyword("between") {
            let low = self.value(&path)?;
            if !self.keyword("and") {
                return Err(processing("AND is missing in BETWEEN"));
            }
            Test::Between(low, self.value(&path)?)
        } else {
            let relation = self.relation()?;
            Test::Compare(relation, self.value(&path)?)
        };
        Ok(if negated { negate(path, test) } else { Predicate::Test(path, test) })
    }

    fn relation(&mut self) -> Result<Relation, GatewayError> {
        Ok(match self.next() {
            Some(Token::Symbol("=")) => Relation::Equal,
            Some(Token::Symbol("<>" | "!=")) => Relation::NotEqual,
            Some(Token::Symbol("<")) => Relation::Less,
            Some(Token::Symbol("<=")) => Relation::LessOrEqual,
            Some(Token::Symbol(">")) => Relation::Greater,
            Some(Token::Symbol(">=")) => Relation::GreaterOrEqual,
            _ => return Err(processing("a comparison is missing")),
        })
    }

    fn list(&mut self, path: &Path) -> Result<Vec<Value>, GatewayError> {
        let mut values = Vec::new();
        if !self.symbol("(") {
            return Err(processing("a list in brackets is missing after IN"));
        }
        loop {
            values.push(self.value(path)?);
            if self.symbol(")") {
                return Ok(values);
            }
            if !self.symbol(",") {
                return Err(processing("the list after IN is not closed"));
            }
        }
    }

    fn literal(&mut self) -> Result<String, GatewayError> {
        match self.next() {
            Some(Token::Text(text) | Token::Word(text)) => Ok(text.clone()),
            _ => Err(processing("a value is missing")),
        }
    }

    /// A value for a field; of an enumeration the stored letter is meant, not the label (documented).
    fn value(&mut self, path: &Path) -> Result<Value, GatewayError> {
        let text = self.literal()?;
        if let Kind::Enum(letters) = path.kind {
            let label = letters.iter().find(|(letter, _)| *letter == text).map_or("\u{0}", |(_, label)| label);
            return self.scope.value(path, label);
        }
        self.scope.value(path, &text)
    }
}
