//! A pull reader with limits: elements and their text, and nothing else XML could hold.
//!
//! DOCTYPE, processing instructions, comments inside the document, namespaces, unknown entities and illegal code
//! points are refused, so that what remains can only mean one thing. It knows no element name.

use std::borrow::Cow;
use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::text;

/// Deepest nesting taken.
pub const MAX_DEPTH: usize = 64;
/// Most elements and texts taken.
pub const MAX_NODES: usize = 1_000_000;
/// Longest attribute text of one element, in bytes.
pub const MAX_ATTRIBUTE_BYTES: usize = 64 * 1024;

/// Why a body is not the XML an answer must be.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Malformed {
    /// An encoding that is not taken.
    #[error("encoding {declared:?}")]
    Encoding {
        /// As declared.
        declared: String,
    },
    /// Bytes that are not UTF-8.
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// A document type declaration.
    #[error("a DOCTYPE")]
    Doctype,
    /// A processing instruction, or an XML declaration out of place.
    #[error("a processing instruction")]
    ProcessingInstruction,
    /// A comment inside the document.
    #[error("a comment")]
    Comment,
    /// Nested deeper than 64.
    #[error("nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// More than a million elements and texts.
    #[error("more than {MAX_NODES} nodes")]
    TooManyNodes,
    /// Attributes of more than 64 KiB.
    #[error("attributes of more than {MAX_ATTRIBUTE_BYTES} bytes")]
    AttributeTooLong,
    /// Not well-formed.
    #[error("not well-formed")]
    Syntax(#[source] Arc<quick_xml::Error>),
    /// Attributes that are not well-formed.
    #[error("attributes of {element} not well-formed")]
    Attributes {
        /// The element.
        element: String,
    },
    /// A name with a namespace, or one that is no plain name.
    #[error("the name {name:?}")]
    Name {
        /// The name.
        name: String,
    },
    /// An entity other than the five of XML.
    #[error("the entity {name:?}")]
    Entity {
        /// Its name.
        name: String,
    },
    /// A code point XML 1.0 can not hold.
    #[error("an illegal code point")]
    IllegalCodePoint,
    /// The document ends before its root is closed.
    #[error("it ends too early")]
    Truncated,
    /// Something after the root element.
    #[error("something after the end")]
    Trailing,
    /// Another root than `response`.
    #[error("root element {found:?}")]
    Root {
        /// The root.
        found: String,
    },
    /// An element that has no place there.
    #[error("{element} inside {parent}")]
    UnexpectedElement {
        /// Where.
        parent: String,
        /// Which.
        element: String,
    },
    /// An element that may stand once and stands twice.
    #[error("a second {element} inside {parent}")]
    Duplicate {
        /// Where.
        parent: &'static str,
        /// Which.
        element: &'static str,
    },
    /// An element that must stand and does not.
    #[error("no {element} inside {parent}")]
    Missing {
        /// Where.
        parent: &'static str,
        /// Which.
        element: &'static str,
    },
    /// Text where only elements may stand.
    #[error("text inside {parent}")]
    UnexpectedText {
        /// Where.
        parent: String,
    },
    /// A number that is none.
    #[error("{name}={value:?}")]
    Number {
        /// Of which attribute.
        name: &'static str,
        /// As written.
        value: String,
    },
}

/// One step of the document.
pub(crate) enum Token<'a> {
    /// An element begins.
    Open(Open<'a>),
    /// Text, entities resolved.
    Text(Cow<'a, str>),
    /// The innermost open element ends.
    Close,
    /// The document is over.
    End,
}

/// The start of an element.
pub(crate) struct Open<'a> {
    start: BytesStart<'a>,
}

impl Open<'_> {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        self.start.name().into_inner()
    }

    /// Its attributes, decoded.
    pub(crate) fn attributes(&self) -> Result<Vec<(String, String)>, Malformed> {
        let wrong = || Malformed::Attributes { element: self.name().to_owned() };
        let mut found = Vec::new();
        for attribute in self.start.attributes() {
            let attribute = attribute.map_err(|_| wrong())?;
            let name = attribute.key.into_inner().to_owned();
            if !text::is_name(&name) || name == "xmlns" || attribute.value.contains('<') {
                return Err(wrong());
            }
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| wrong())?;
            if !value.chars().all(text::is_legal) {
                return Err(Malformed::IllegalCodePoint);
            }
            found.push((name, value.into_owned()));
        }
        Ok(found)
    }
}

/// The reader.
pub(crate) struct Pull<'a> {
    reader: Reader<&'a [u8]>,
    depth: usize,
    nodes: usize,
    started: bool,
    at_start: bool,
}

impl<'a> Pull<'a> {
    pub(crate) fn new(document: &'a str) -> Self {
        let mut reader = Reader::from_str(document);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = true;
        config.check_comments = true;
        Self { reader, depth: 0, nodes: 0, started: false, at_start: true }
    }

    /// The next step.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, Malformed> {
        loop {
            let event = self.reader.read_event().map_err(|cause| self.syntax(cause))?;
            let at_start = std::mem::replace(&mut self.at_start, false);
            match event {
                // Empty elements are expanded into a start and an end; one that were not would be left open and refused.
                Event::Start(start) | Event::Empty(start) => return self.open(start),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Token::Close);
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if self.depth > 0 {
                        return self.text(text);
                    }
                    if !text.chars().all(|ch| matches!(ch, ' ' | '\t' | '\r' | '\n')) {
                        return Err(self.outside());
                    }
                }
                Event::CData(text) if self.depth > 0 => return self.text(text.xml10_content()),
                Event::GeneralRef(reference) if self.depth > 0 => {
                    let ch = resolve(&reference)?;
                    return self.text(Cow::Owned(ch.to_string()));
                }
                Event::CData(_) | Event::GeneralRef(_) => return Err(self.outside()),
                Event::Comment(_) if self.depth > 0 => return Err(Malformed::Comment),
                Event::Comment(_) => self.count()?,
                Event::Decl(_) if at_start => {}
                Event::Decl(_) | Event::PI(_) => return Err(Malformed::ProcessingInstruction),
                Event::DocType(_) => return Err(Malformed::Doctype),
                Event::Eof if self.depth > 0 || !self.started => return Err(Malformed::Truncated),
                Event::Eof => return Ok(Token::End),
            }
        }
    }

    fn open(&mut self, start: BytesStart<'a>) -> Result<Token<'a>, Malformed> {
        if self.depth == 0 && self.started {
            return Err(Malformed::Trailing);
        }
        self.started = true;
        self.depth += 1;
        self.count()?;
        if self.depth > MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        if start.attributes_raw().len() > MAX_ATTRIBUTE_BYTES {
            return Err(Malformed::AttributeTooLong);
        }
        let open = Open { start };
        if !text::is_name(open.name()) {
            return Err(Malformed::Name { name: open.name().chars().take(80).collect() });
        }
        if !open.start.attributes_raw().is_empty() {
            open.attributes()?;
        }
        Ok(Token::Open(open))
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<Token<'a>, Malformed> {
        self.count()?;
        if text.chars().all(text::is_legal) { Ok(Token::Text(text)) } else { Err(Malformed::IllegalCodePoint) }
    }

    fn count(&mut self) -> Result<(), Malformed> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(Malformed::TooManyNodes) } else { Ok(()) }
    }

    fn outside(&self) -> Malformed {
        if self.started { Malformed::Trailing } else { Malformed::UnexpectedText { parent: "document".to_owned() } }
    }

    fn syntax(&self, cause: quick_xml::Error) -> Malformed {
        match cause {
            quick_xml::Error::Syntax(_) => Malformed::Truncated,
            other => Malformed::Syntax(Arc::new(other)),
        }
    }

    /// The next child element of an element that holds elements only; `None` at its end.
    pub(crate) fn child(&mut self, parent: &str) -> Result<Option<Open<'a>>, Malformed> {
        loop {
            match self.next()? {
                Token::Open(open) => return Ok(Some(open)),
                Token::Close => return Ok(None),
                Token::Text(text) if text.trim_ascii().is_empty() => {}
                Token::Text(_) => return Err(Malformed::UnexpectedText { parent: parent.to_owned() }),
                Token::End => return Err(Malformed::Truncated),
            }
        }
    }

    /// The text of an element that holds text only, to its end.
    pub(crate) fn leaf(&mut self, parent: &str) -> Result<String, Malformed> {
        let mut value = String::new();
        loop {
            match self.next()? {
                Token::Text(text) if value.is_empty() => value = text.into_owned(),
                Token::Text(text) => value.push_str(&text),
                Token::Close => return Ok(value),
                Token::Open(open) => {
                    return Err(Malformed::UnexpectedElement {
                        parent: parent.to_owned(),
                        element: open.name().to_owned(),
                    });
                }
                Token::End => return Err(Malformed::Truncated),
            }
        }
    }

    /// Passes over the rest of the element that was just opened.
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, Malformed> {
    let unknown = || Malformed::Entity { name: reference.chars().take(80).collect() };
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten().ok_or_else(unknown);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(unknown()),
    }
}
