//! A template made ready to run fast: the constructs that export templates are made of, with every name resolved.
//!
//! What is beyond them stays in the plan as a mark: a batch that comes to it, or to anything unusual, is left to the
//! engine. A plan therefore never decides what a template means, it only gets there sooner.

use freemarker::core::{CallTarget, Element, ElementKind, Expr, ExprKind, MacroDef, MacroParam, RangeKind, StrPart};
use freemarker::template::Template;
use std::sync::Arc;

/// A step of a template.
#[derive(Debug)]
pub enum Node {
    /// Text as it stands, white space already stripped.
    Text(Box<str>),
    /// An interpolation.
    Print(Ex),
    /// A condition with its two ways.
    If { cond: Ex, then: Vec<Node>, otherwise: Vec<Node> },
    /// A loop; it uses `slot` for the item, and the two after it for the index and for whether more will come.
    List { items: Ex, slot: usize, body: Vec<Node>, otherwise: Vec<Node> },
    /// What stands between two rounds of the loop at `slot`.
    Between { slot: usize, body: Vec<Node> },
    /// A call of a macro, arguments in the order of its parameters.
    Call { callee: usize, args: Vec<Option<Ex>> },
    /// Anything else.
    Beyond,
}

/// An expression.
#[derive(Debug)]
pub enum Ex {
    /// A literal text.
    Text(Arc<str>),
    /// A literal number.
    Number(i64),
    /// A literal boolean.
    Flag(bool),
    /// A variable of the frame.
    Slot(usize),
    /// The list of reports.
    Reports,
    /// Whether this batch is the first.
    AddHeader,
    /// `target.name`.
    Member { target: Box<Ex>, name: Box<str> },
    /// `target[key]`.
    Item { target: Box<Ex>, key: Box<Ex> },
    /// `target!default`; a target in brackets may have absent parents.
    Default { target: Box<Ex>, default: Option<Box<Ex>>, forgiving: bool },
    /// `target??`.
    Exists { target: Box<Ex>, forgiving: bool },
    /// `target?name(args)`.
    BuiltIn { target: Box<Ex>, name: BuiltIn, args: Vec<Ex>, forgiving: bool },
    /// Text put together.
    Join(Vec<Ex>),
    /// Both.
    And(Box<Ex>, Box<Ex>),
    /// Either.
    Or(Box<Ex>, Box<Ex>),
    /// The opposite.
    Not(Box<Ex>),
    /// Equality, or its opposite.
    Equal { sides: Box<(Ex, Ex)>, negated: bool },
    /// A list literal.
    List(Vec<Ex>),
    /// Numbers from the first to the last.
    Range(Box<Ex>, Box<Ex>),
    /// Anything else.
    Beyond,
}

/// The built-ins that a plan knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the built-in of that name")]
pub enum BuiltIn {
    C,
    JsonString,
    HasContent,
    IfExists,
    IsNumber,
    IsBoolean,
    IsString,
    IsHash,
    IsSequence,
    IsDate,
    Keys,
    Replace,
    Size,
    String,
    Then,
}

/// A macro: how many slots it needs, and the default of each parameter.
#[derive(Debug)]
pub struct Macro {
    /// Parameters, in the first slots; `None` where an argument is required.
    pub defaults: Vec<Option<Ex>>,
    /// Slots of a call.
    pub frame: usize,
    /// What it does.
    pub body: Vec<Node>,
}

/// A whole template.
#[derive(Debug)]
pub struct Plan {
    /// What it does.
    pub body: Vec<Node>,
    /// Slots of the template itself.
    pub frame: usize,
    /// Its macros.
    pub macros: Vec<Macro>,
}

impl Plan {
    /// The plan of `template`, as parsed.
    pub fn of(template: &Template) -> Plan {
        let mut names: Vec<&str> = template.macros.keys().map(String::as_str).collect();
        names.sort_unstable();
        let params = |name: &&str| template.macros[*name].params.iter().map(|param| param.name.as_str()).collect();
        let signatures: Vec<Vec<&str>> = names.iter().map(params).collect();
        let macros = names.iter().map(|name| compile_macro(&template.macros[*name], &names, &signatures)).collect();
        let mut scope = Scope { macros: &names, signatures: &signatures, variables: Vec::new(), frame: 0, top: true };
        let body = scope.nodes(&template.root);
        Plan { body, frame: scope.frame, macros }
    }
}

fn compile_macro(definition: &MacroDef, names: &[&str], signatures: &[Vec<&str>]) -> Macro {
    let mut scope = Scope { macros: names, signatures, variables: Vec::new(), frame: 0, top: false };
    for param in &definition.params {
        scope.declare(&param.name, false, 1);
    }
    let compile = |param: &MacroParam| param.default.as_ref().map(|default| scope.expression(default));
    let defaults = definition.params.iter().map(compile).collect();
    let simple = !definition.is_function && !definition.params.iter().any(|param| param.catch_all);
    let body = if simple { scope.nodes(&definition.body) } else { vec![Node::Beyond] };
    Macro { defaults, frame: scope.frame, body }
}

/// The names that are known where the compiler stands.
struct Scope<'a> {
    macros: &'a [&'a str],
    signatures: &'a [Vec<&'a str>],
    /// Name, slot, whether it is a loop's.
    variables: Vec<(String, usize, bool)>,
    frame: usize,
    top: bool,
}

impl Scope<'_> {
    fn declare(&mut self, name: &str, is_loop: bool, slots: usize) -> usize {
        let slot = self.frame;
        self.frame += slots;
        self.variables.push((name.to_string(), slot, is_loop));
        slot
    }

    fn find(&self, name: &str) -> Option<(usize, bool)> {
        let found = self.variables.iter().rev().find(|(known, ..)| known == name);
        found.map(|(_, slot, is_loop)| (*slot, *is_loop))
    }

    fn nodes(&mut self, elements: &[Element]) -> Vec<Node> {
        elements.iter().filter_map(|element| self.node(element)).collect()
    }

    /// Nodes of an inner block: what is declared there is not known outside.
    fn block(&mut self, elements: &[Element]) -> Vec<Node> {
        let (known, top) = (self.variables.len(), std::mem::replace(&mut self.top, false));
        let nodes = self.nodes(elements);
        self.variables.truncate(known);
        self.top = top;
        nodes
    }

    /// `None` for what does nothing.
    fn node(&mut self, element: &Element) -> Option<Node> {
        use ElementKind as K;
        Some(match &element.kind {
            K::Text { text, strip_before, strip_after, .. } | K::NoParse { text, strip_before, strip_after, .. } => {
                Node::Text(stripped(text, *strip_before, *strip_after).into())
            }
            K::RawText(text) => Node::Text(text.as_str().into()),
            K::Comment { .. } | K::TrimLineStart | K::NoTrimLineStart | K::TrimLineEnd | K::LeftTrimLine => {
                return None;
            }
            K::Macro { .. } if self.top => return None,
            K::Interpolation { expr, legacy_min_frac: None, .. } => Node::Print(self.expression(expr)),
            K::If { cond, then, else_ } => Node::If {
                cond: self.expression(cond),
                then: self.block(then),
                otherwise: self.block(else_.as_deref().unwrap_or_default()),
            },
            K::List { seq, var, var2: None, body, else_ } if !var.is_empty() => {
                let items = self.expression(seq);
                let otherwise = self.block(else_.as_deref().unwrap_or_default());
                let known = self.variables.len();
                let slot = self.declare(var, true, 3);
                let body = self.block(body);
                self.variables.truncate(known);
                Node::List { items, slot, body, otherwise }
            }
            K::Sep { body } => match self.variables.iter().rev().find(|(.., is_loop)| *is_loop) {
                Some((_, slot, _)) => Node::Between { slot: *slot, body: self.block(body) },
                None => Node::Beyond,
            },
            K::Call { callee: CallTarget::Name(name), args, body: None, body_params } if body_params.is_empty() => {
                self.call(name, args).unwrap_or(Node::Beyond)
            }
            _ => Node::Beyond,
        })
    }

    fn call(&self, name: &str, args: &[(String, Expr)]) -> Option<Node> {
        if self.find(name).is_some() {
            return None;
        }
        let callee = self.macros.iter().position(|known| *known == name)?;
        let params = &self.signatures[callee];
        let mut given: Vec<Option<Ex>> = params.iter().map(|_| None).collect();
        for (position, (name, value)) in args.iter().enumerate() {
            let index = if name.is_empty() { position } else { params.iter().position(|param| param == name)? };
            *given.get_mut(index)? = Some(self.expression(value));
        }
        Some(Node::Call { callee, args: given })
    }

    fn boxed(&self, expression: &Expr) -> Box<Ex> {
        Box::new(self.expression(expression))
    }

    fn all(&self, expressions: &[Expr]) -> Vec<Ex> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn expression(&self, expression: &Expr) -> Ex {
        use ExprKind as E;
        match &expression.kind {
            E::Str(text) => Ex::Text(text.as_str().into()),
            E::InterpStr(parts) => {
                let part = |part: &StrPart| match part {
                    StrPart::Text(text) => Ex::Text(text.as_str().into()),
                    StrPart::Interp(inner) => self.expression(inner),
                };
                Ex::Join(parts.iter().map(part).collect())
            }
            E::Num(number) => number.as_i64().filter(|_| number.is_integer()).map_or(Ex::Beyond, Ex::Number),
            E::Bool(flag) => Ex::Flag(*flag),
            E::Ident(name) => self.name(name),
            E::Paren(inner) => self.expression(inner),
            E::Dot { target, name } => Ex::Member { target: self.boxed(target), name: name.as_str().into() },
            E::DynKey { target, key } => Ex::Item { target: self.boxed(target), key: self.boxed(key) },
            E::Default { target, default } => Ex::Default {
                target: self.boxed(target),
                default: default.as_ref().map(|default| self.boxed(default)),
                forgiving: forgiving(target),
            },
            E::Exists(target) => Ex::Exists { target: self.boxed(target), forgiving: forgiving(target) },
            E::BuiltIn { target, name, args } => self.built_in(target, name, args.as_deref().unwrap_or_default()),
            E::Add(a, b) => Ex::Join(vec![self.expression(a), self.expression(b)]),
            E::And(a, b) => Ex::And(self.boxed(a), self.boxed(b)),
            E::Or(a, b) => Ex::Or(self.boxed(a), self.boxed(b)),
            E::Not(inner) => Ex::Not(self.boxed(inner)),
            E::Eq(a, b) => Ex::Equal { sides: Box::new((self.expression(a), self.expression(b))), negated: false },
            E::NotEq(a, b) => Ex::Equal { sides: Box::new((self.expression(a), self.expression(b))), negated: true },
            E::ListLit(items) => Ex::List(self.all(items)),
            E::Range { start, end: Some(end), kind: RangeKind::Inclusive } => {
                Ex::Range(self.boxed(start), self.boxed(end))
            }
            _ => Ex::Beyond,
        }
    }

    fn name(&self, name: &str) -> Ex {
        if let Some((slot, _)) = self.find(name) {
            return Ex::Slot(slot);
        }
        // What a loop called `x` knows is also called `x_index` and `x_has_next`.
        for (suffix, offset) in [("_index", 1), ("_has_next", 2)] {
            if let Some((slot, true)) = name.strip_suffix(suffix).and_then(|base| self.find(base)) {
                return Ex::Slot(slot + offset);
            }
        }
        match name {
            "reports" => Ex::Reports,
            "addHeader" => Ex::AddHeader,
            _ => Ex::Beyond,
        }
    }

    fn built_in(&self, target: &Expr, name: &str, args: &[Expr]) -> Ex {
        if let ("has_next" | "index", ExprKind::Ident(variable), []) = (name, &target.kind, args) {
            let offset = if name == "index" { 1 } else { 2 };
            return match self.find(variable) {
                Some((slot, true)) => Ex::Slot(slot + offset),
                _ => Ex::Beyond,
            };
        }
        let known = match (name, args.len()) {
            ("c", 0) => BuiltIn::C,
            ("json_string", 0) => BuiltIn::JsonString,
            ("has_content", 0) => BuiltIn::HasContent,
            ("if_exists", 0) => BuiltIn::IfExists,
            ("is_number", 0) => BuiltIn::IsNumber,
            ("is_boolean", 0) => BuiltIn::IsBoolean,
            ("is_string", 0) => BuiltIn::IsString,
            ("is_hash" | "is_hash_ex", 0) => BuiltIn::IsHash,
            ("is_sequence" | "is_enumerable" | "is_indexable", 0) => BuiltIn::IsSequence,
            ("is_date" | "is_date_like" | "is_time" | "is_datetime", 0) => BuiltIn::IsDate,
            ("keys", 0) => BuiltIn::Keys,
            ("replace", 2) => BuiltIn::Replace,
            ("size", 0) => BuiltIn::Size,
            ("string", 2) => BuiltIn::String,
            ("then", 2) => BuiltIn::Then,
            _ => return Ex::Beyond,
        };
        let forgiving = forgiving(target);
        Ex::BuiltIn { target: self.boxed(target), name: known, args: self.all(args), forgiving }
    }
}

/// Brackets make `!`, `??` and the like forgive an absent parent.
fn forgiving(target: &Expr) -> bool {
    matches!(target.kind, ExprKind::Paren(_))
}

/// White space that stripping marked at parse time: the first line's end and what is before it, the last line's start.
fn stripped(text: &str, before: bool, after: bool) -> &str {
    let begin = if before { text.find('\n').map_or(text.len(), |at| at + 1) } else { 0 };
    let end = match (after, text.rfind('\n')) {
        (true, Some(at)) => at + 1,
        (true, None) => 0,
        (false, _) => text.len(),
    };
    &text[begin.min(end)..end]
}
