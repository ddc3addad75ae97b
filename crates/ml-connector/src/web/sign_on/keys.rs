//! A provider's published keys, and the check of a signature with one of them: RS256 and ES256, which providers use.
//! The arithmetic is that of the TLS library; here only the forms are brought together.

use data_encoding::BASE64URL_NOPAD;
use rustls::SignatureScheme;
use serde::Deserialize;

/// A set of keys (RFC 7517).
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<PublishedKey>,
}

/// A key, as far as it matters here. Keys of other kinds are passed over.
#[derive(Debug, Deserialize)]
struct PublishedKey {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A token's header (RFC 7515).
#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood: none is.
    crit: Option<serde_json::Value>,
}

/// The ways of signing that are taken. "none" and those with a shared secret are not among them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    const fn scheme(self) -> SignatureScheme {
        match self {
            Self::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
            Self::Es256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        }
    }
}

impl KeySet {
    /// Whether a key fits the header of a token; not yet whether it signed it.
    pub fn has_key_of(&self, token: &str) -> bool {
        parts(token).is_some_and(|parts| self.fitting(&parts).next().is_some())
    }

    /// The text that was signed, where one of the keys signed the token.
    ///
    /// # Errors
    /// What is wrong.
    pub fn verified(&self, token: &str) -> Result<Vec<u8>, &'static str> {
        let parts = parts(token).ok_or("the token has another form")?;
        let signature = match parts.algorithm {
            Algorithm::Rs256 => parts.signature.clone(),
            Algorithm::Es256 => ecdsa_signature(&parts.signature).ok_or("the signature has another form")?,
        };
        let provider = rustls::crypto::ring::default_provider();
        let mapping = provider.signature_verification_algorithms.mapping;
        let algorithms = mapping.iter().find(|(scheme, _)| *scheme == parts.algorithm.scheme());
        let (_, algorithms) = algorithms.ok_or("the TLS library lacks the algorithm")?;
        let signed = parts.signed.as_bytes();
        let mut keys = self.fitting(&parts).filter_map(|key| key.subject_public_key(parts.algorithm));
        let by_one = keys
            .any(|key| algorithms.iter().any(|algorithm| algorithm.verify_signature(&key, signed, &signature).is_ok()));
        drop(keys);
        if by_one { Ok(parts.text) } else { Err("no key of the provider signed the token") }
    }

    fn fitting<'a>(&'a self, parts: &'a Parts<'_>) -> impl Iterator<Item = &'a PublishedKey> {
        self.keys.iter().filter(move |key| {
            let kind = match parts.algorithm {
                Algorithm::Rs256 => key.kty == "RSA",
                Algorithm::Es256 => key.kty == "EC" && key.crv.as_deref() == Some("P-256"),
            };
            kind && (parts.kid.is_none() || key.kid == parts.kid)
                && key.r#use.as_deref().is_none_or(|purpose| purpose == "sig")
                && key.alg.as_deref().is_none_or(|alg| alg == parts.algorithm.name())
        })
    }
}

impl PublishedKey {
    /// The key in the form of a certificate's subject public key.
    fn subject_public_key(&self, algorithm: Algorithm) -> Option<Vec<u8>> {
        let number = |text: &Option<String>| BASE64URL_NOPAD.decode(text.as_ref()?.as_bytes()).ok();
        match algorithm {
            Algorithm::Rs256 => Some(sequence(&[integer(&number(&self.n)?), integer(&number(&self.e)?)])),
            Algorithm::Es256 => {
                let (x, y) = (number(&self.x)?, number(&self.y)?);
                (x.len() == 32 && y.len() == 32).then(|| [&[4], x.as_slice(), &y].concat())
            }
        }
    }
}

/// A token, taken apart.
struct Parts<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    signed: &'a str,
    text: Vec<u8>,
    signature: Vec<u8>,
}

fn parts(token: &str) -> Option<Parts<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, text) = signed.split_once('.')?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
    let header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    if header.crit.is_some() {
        return None;
    }
    let algorithm = Algorithm::parse(&header.alg)?;
    Some(Parts { algorithm, kid: header.kid, signed, text: decode(text)?, signature: decode(signature)? })
}

/// The two numbers side by side that RFC 7518 has, as the sequence of two that everybody else has.
fn ecdsa_signature(raw: &[u8]) -> Option<Vec<u8>> {
    (raw.len() == 64).then(|| sequence(&[integer(&raw[..32]), integer(&raw[32..])]))
}

/// A DER INTEGER of a number that is not negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let mut content = bytes[first..].to_vec();
    if content.first().is_none_or(|byte| *byte >= 0x80) {
        content.insert(0, 0);
    }
    tagged(0x02, &content)
}

/// A DER SEQUENCE.
fn sequence(items: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &items.concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
    let mut encoded = vec![tag];
    match significant {
        [one] if *one < 0x80 => encoded.push(*one),
        // A length has eight bytes at most, which fits the low bits.
        more => {
            encoded.push(0x80 | u8::try_from(more.len()).unwrap_or(0x7F));
            encoded.extend_from_slice(more);
        }
    }
    encoded.extend_from_slice(content);
    encoded
}
