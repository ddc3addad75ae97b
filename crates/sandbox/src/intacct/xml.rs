//! XML in and out: one pass into a small tree that borrows from the request, and an escaping writer for answers.
//!
//! It refuses document types and knows no entity but the five of XML itself.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;

/// An element with what it holds. Text around child elements is kept, and means nothing to the gateway.
#[derive(Debug, Default)]
pub(super) struct Element<'a> {
    pub name: &'a str,
    pub attributes: Vec<(String, String)>,
    pub text: Cow<'a, str>,
    pub children: Vec<Element<'a>>,
    /// Where it opens, in bytes from the start of the document.
    pub offset: usize,
}

/// Why a document is not XML that the gateway reads, in the parser's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The parser's code.
    pub code: u32,
    pub message: String,
    pub line: usize,
    pub column: usize,
}

const DEPTH_MAX: usize = 64;

impl<'a> Element<'a> {
    /// The first child of that name, in any case of letters.
    pub fn child(&self, name: &str) -> Option<&Element<'a>> {
        self.children.iter().find(|c| c.name.eq_ignore_ascii_case(name))
    }

    /// Text of the first child of that name, trimmed; empty when there is none.
    pub fn child_text(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.trim())
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Line and column of a byte offset, both from 1.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    (line, before.len() - before.rfind('\n').map_or(0, |i| i + 1) + 1)
}

/// Parses a whole document.
pub(super) fn parse(body: &[u8]) -> Result<(&str, Element<'_>), Malformed> {
    let at = |code: u32, message: String| Malformed { code, message, line: 1, column: 1 };
    let text = std::str::from_utf8(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))
        .map_err(|e| at(81, format!("Input is not proper UTF-8, byte {}", e.valid_up_to())))?;
    if let Some(offset) = text.find(|c: char| !legal(c)) {
        let (line, column) = position(text, offset);
        return Err(Malformed { code: 9, message: "PCDATA invalid Char value".into(), line, column });
    }
    Parser { text, reader: Reader::from_str(text), open: Vec::new(), root: None }.run().map(|root| (text, root))
}

fn legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

struct Parser<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    open: Vec<Element<'a>>,
    root: Option<Element<'a>>,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<Element<'a>, Malformed> {
        loop {
            let offset = usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX);
            let event = self.reader.read_event().map_err(|e| self.broken(offset, 76, e.to_string()))?;
            match event {
                Event::Start(start) => {
                    let element = self.element(&start, offset)?;
                    if self.open.len() >= DEPTH_MAX {
                        return Err(self.broken(offset, 1, "Excessive depth in document".into()));
                    }
                    self.open.push(element);
                }
                Event::Empty(start) => {
                    let element = self.element(&start, offset)?;
                    self.close(element, offset)?;
                }
                Event::End(_) => {
                    if let Some(element) = self.open.pop() {
                        self.close(element, offset)?;
                    }
                }
                Event::Text(t) => self.add(t.xml10_content(), offset)?,
                Event::CData(t) => self.add(t.xml10_content(), offset)?,
                Event::GeneralRef(reference) => {
                    let c = match reference.resolve_char_ref() {
                        Ok(Some(c)) if legal(c) => Some(c),
                        Ok(None) => named(&reference),
                        _ => None,
                    };
                    let c =
                        c.ok_or_else(|| self.broken(offset, 26, format!("Entity '{}' not defined", &*reference)))?;
                    self.add(Cow::Owned(c.to_string()), offset)?;
                }
                Event::DocType(_) => return Err(self.broken(offset, 1, "Document type is not allowed".into())),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        if let Some(open) = self.open.last() {
            let message = format!("Premature end of data in tag {}", open.name);
            return Err(self.broken(self.text.len(), 77, message));
        }
        self.root.take().ok_or_else(|| self.broken(0, 4, "Start tag expected, '<' not found".into()))
    }

    fn element(&self, start: &BytesStart<'_>, offset: usize) -> Result<Element<'a>, Malformed> {
        let length = start.name().as_ref().len();
        let name = self.text.get(offset + 1..offset + 1 + length).unwrap_or("");
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| self.broken(offset, 65, e.to_string()))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|e| self.broken(offset, 26, e.to_string()))?;
            attributes.push((attribute_name(&attribute), value.into_owned()));
        }
        Ok(Element { name, attributes, offset, ..Element::default() })
    }

    fn close(&mut self, element: Element<'a>, offset: usize) -> Result<(), Malformed> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if self.root.is_some() => {
                return Err(self.broken(offset, 5, "Extra content at the end of the document".into()));
            }
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn add(&mut self, text: Cow<'a, str>, offset: usize) -> Result<(), Malformed> {
        match self.open.last_mut() {
            Some(parent) if parent.text.is_empty() => parent.text = text,
            Some(parent) => parent.text.to_mut().push_str(&text),
            None if text.trim().is_empty() => {}
            None => return Err(self.broken(offset, 5, "Extra content at the end of the document".into())),
        }
        Ok(())
    }

    fn broken(&self, offset: usize, code: u32, message: String) -> Malformed {
        let (line, column) = position(self.text, offset);
        Malformed { code, message, line, column }
    }
}

fn attribute_name(attribute: &quick_xml::events::attributes::Attribute<'_>) -> String {
    let name: &str = attribute.key.as_ref();
    name.to_owned()
}

fn named(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// Writes elements, indented or in one line.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    pretty: bool,
    depth: usize,
}

impl Writer {
    /// A writer whose first element stands at `depth`.
    pub fn new(pretty: bool, depth: usize) -> Self {
        Writer { out: String::new(), pretty, depth }
    }

    fn line(&mut self) {
        if self.pretty && !self.out.is_empty() {
            self.out.push('\n');
        }
        if self.pretty {
            for _ in 0..self.depth {
                self.out.push_str("    ");
            }
        }
    }

    pub fn open(&mut self, name: &str) {
        self.open_with(name, &[]);
    }

    pub fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.line();
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape_into(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
        self.depth += 1;
    }

    pub fn close(&mut self, name: &str) {
        self.depth -= 1;
        self.line();
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element that holds text alone; an empty one is written with both tags.
    pub fn leaf(&mut self, name: &str, text: &str) {
        self.line();
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        escape_into(text, &mut self.out);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element with attributes that holds text alone.
    pub fn text_with(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open_with(name, attributes);
        self.depth -= 1;
        escape_into(text, &mut self.out);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element without content, with attributes.
    pub fn empty_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.text_with(name, attributes, "");
    }

    /// Elements written by another writer at this depth.
    pub fn fragment(&mut self, xml: &str) {
        if self.pretty && !self.out.is_empty() && !xml.is_empty() {
            self.out.push('\n');
        }
        self.out.push_str(xml);
    }

    pub fn finish(self) -> String {
        self.out
    }
}

fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#039;"),
            // A bare carriage return would be read as a line feed.
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}
