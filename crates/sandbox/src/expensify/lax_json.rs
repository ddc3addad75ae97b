//! A JSON parser as forgiving as the vendor's: single quotes, bare words, trailing commas, Python's `True` and `None`.
//!
//! Third-party clients rely on each of these. It forgives form, not nonsense: what it cannot read is an error.

use serde_json::{Map, Number, Value};

const DEEPEST: usize = 64;

/// Reads `text` as one object.
///
/// # Errors
/// What is wrong, and at which byte.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    if reader.peek() != Some('{') {
        return Err(reader.wrong("A JSONObject text must begin with '{'"));
    }
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.wrong("Expected the end of the text"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, what: &str) -> String {
        format!("{what} at character {}", self.at)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|c| c.is_whitespace() || c == '\u{feff}') {
            self.take();
        }
    }

    fn take_if(&mut self, wanted: char) -> bool {
        self.skip_space();
        let found = self.peek() == Some(wanted);
        if found {
            self.take();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(self.wrong("Nested too deeply"));
        }
        self.skip_space();
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Value::String),
            Some(_) => self.bare(),
            None => Err(self.wrong("Missing value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.take();
        let mut object = Map::new();
        loop {
            if self.take_if('}') {
                return Ok(Value::Object(object));
            }
            self.skip_space();
            let key = match self.peek() {
                Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
                _ => self.word(),
            };
            if key.is_empty() || !self.take_if(':') {
                return Err(self.wrong("Expected a key and a ':'"));
            }
            let value = self.value(depth + 1)?;
            object.insert(key, value);
            if !self.take_if(',') && self.peek() != Some('}') {
                return Err(self.wrong("Expected a ',' or '}'"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.take();
        let mut items = Vec::new();
        loop {
            if self.take_if(']') {
                return Ok(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            if !self.take_if(',') && self.peek() != Some(']') {
                return Err(self.wrong("Expected a ',' or ']'"));
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(self.wrong("Unterminated string")),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(c) => text.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.take() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('u') => {
                let high = self.unit()?;
                if !(0xD800..0xDC00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or('\u{fffd}'));
                }
                if !self.text[self.at..].starts_with("\\u") {
                    return Ok('\u{fffd}');
                }
                self.at += 2;
                let low = self.unit()?;
                let code = 0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF);
                Ok(char::from_u32(code).unwrap_or('\u{fffd}'))
            }
            Some(c) => Ok(c),
            None => Err(self.wrong("Unterminated string")),
        }
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(|| self.wrong("Illegal escape"))?;
        let unit = u32::from_str_radix(digits, 16).map_err(|_| self.wrong("Illegal escape"))?;
        self.at += 4;
        Ok(unit)
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| !c.is_whitespace() && !",:]}/\\\"[{;=#'".contains(c)) {
            self.take();
        }
        self.text[start..self.at].to_string()
    }

    fn bare(&mut self) -> Result<Value, String> {
        let word = self.word();
        Ok(match word.as_str() {
            "" => return Err(self.wrong("Missing value")),
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" => Value::Null,
            _ => word.parse::<Number>().map_or(Value::String(word), Value::Number),
        })
    }
}

#[cfg(test)]
mod tests;
