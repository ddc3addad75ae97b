//! Makes the template engine behave as FreeMarker 2.3.31 did when it was run side by side with it.
//!
//! The engine follows 2.3.34 and knows classic-compatible mode only in part. Where it differs, the parsed template is
//! changed before it runs: an expression is wrapped in one of the `methods`, or the construct is refused by name.

use super::methods;
use freemarker::Template;
use freemarker::core::{Element, ElementKind, Expr, ExprKind, StrPart};

/// Built-ins that read their left side as text; in classic-compatible mode an absent value is the empty text to them.
const TEXT_BUILT_INS: &[&str] = &[
    "cap_first",
    "capitalize",
    "chop_linebreak",
    "contains",
    "ends_with",
    "ensure_ends_with",
    "ensure_starts_with",
    "html",
    "index_of",
    "j_string",
    "js_string",
    "json_string",
    "keep_after",
    "keep_after_last",
    "keep_before",
    "keep_before_last",
    "last_index_of",
    "left_pad",
    "length",
    "lower_case",
    "matches",
    "remove_beginning",
    "remove_ending",
    "replace",
    "right_pad",
    "rtf",
    "split",
    "starts_with",
    "substring",
    "trim",
    "truncate",
    "uncap_first",
    "upper_case",
    "url",
    "url_path",
    "word_list",
    "xhtml",
    "xml",
];

/// Built-ins that the engine lacks or that differ from the vendor's engine beyond repair.
const REFUSED_BUILT_INS: &[&str] = &["api", "esc", "interpret", "markup_string", "new", "no_esc"];

/// What went over the template, and the first construct in it that is not simulated.
pub struct Dialect {
    classic: bool,
    refused: Option<String>,
}

impl Dialect {
    /// Changes `template` in place.
    ///
    /// # Errors
    /// The name of a construct that the sandbox cannot evaluate as the vendor would.
    pub fn adapt(template: &mut Template, classic: bool) -> Result<(), String> {
        let mut dialect = Dialect { classic, refused: None };
        dialect.elements(&mut template.root);
        for definition in template.macros.values_mut() {
            dialect.elements(&mut definition.body);
        }
        dialect.refused.map_or(Ok(()), Err)
    }

    fn refuse(&mut self, construct: &str) {
        self.refused.get_or_insert_with(|| construct.to_string());
    }

    fn elements(&mut self, elements: &mut [Element]) {
        for element in elements {
            self.element(element);
        }
    }

    fn element(&mut self, element: &mut Element) {
        use ElementKind as K;
        match &mut element.kind {
            K::OutputFormat { .. } => self.refuse("<#outputformat>"),
            K::AutoEsc(_) | K::NoAutoEsc(_) => self.refuse("<#autoesc>"),
            K::Include { .. } => self.refuse("<#include>"),
            K::Import { .. } => self.refuse("<#import>"),
            K::Transform { .. } => self.refuse("<#transform>"),
            K::Visit { .. } | K::Recurse { .. } | K::Fallback => self.refuse("<#visit> and <#recurse>"),
            _ => self.blocks(element),
        }
    }

    /// Goes down into everything that an element holds.
    fn blocks(&mut self, element: &mut Element) {
        use ElementKind as K;
        match &mut element.kind {
            K::Interpolation { expr, .. } | K::Setting { value: expr, .. } | K::Assign { expr, .. } => {
                self.expression(expr)
            }
            K::If { cond, then, else_ } => {
                self.expression(cond);
                self.elements(then);
                self.elements(else_.as_deref_mut().unwrap_or_default());
            }
            K::List { seq, body, else_, .. } => {
                self.expression(seq);
                self.elements(body);
                self.elements(else_.as_deref_mut().unwrap_or_default());
            }
            K::Items { body, .. }
            | K::Sep { body }
            | K::BlockAssign { body, .. }
            | K::Assignments(body)
            | K::Trim(body)
            | K::NoEscape(body)
            | K::Compress(body) => self.elements(body),
            // The engine finds the variable of an escape by the names in its expression: no other may be put there.
            K::Escape { body, .. } => self.elements(body),
            K::On { expr, body } => {
                self.expression(expr);
                self.elements(body);
            }
            K::Global { expr, body, .. } | K::Local { expr, body, .. } => {
                self.expressions(expr.as_mut_slice());
                self.elements(body.as_deref_mut().unwrap_or_default());
            }
            K::Macro { def } => self.elements(&mut def.body),
            K::Attempt { try_, recover } => {
                self.elements(try_);
                self.elements(recover);
            }
            K::Return { expr } | K::Stop { msg: expr } => self.expressions(expr.as_mut_slice()),
            _ => self.calls_and_switches(element),
        }
    }

    fn calls_and_switches(&mut self, element: &mut Element) {
        match &mut element.kind {
            ElementKind::Call { args, body, .. } => {
                for (_, argument) in args {
                    self.expression(argument);
                }
                self.elements(body.as_deref_mut().unwrap_or_default());
            }
            ElementKind::Nested { args, body } => {
                self.expressions(args);
                self.elements(body.as_deref_mut().unwrap_or_default());
            }
            ElementKind::Switch { expr, cases, default, .. } => {
                self.expression(expr);
                for case in cases {
                    self.expression(&mut case.value);
                    self.elements(&mut case.body);
                }
                self.elements(default.as_deref_mut().unwrap_or_default());
            }
            _ => {}
        }
    }

    fn expressions(&mut self, expressions: &mut [Expr]) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    /// Children first, then the expression itself.
    fn expression(&mut self, expression: &mut Expr) {
        use ExprKind as E;
        match &mut expression.kind {
            E::InterpStr(parts) => {
                for part in parts {
                    if let StrPart::Interp(inner) = part {
                        self.expression(inner);
                    }
                }
            }
            E::Dot { target: one, .. } | E::UnaryMinus(one) | E::Not(one) | E::Exists(one) | E::Paren(one) => {
                self.expression(one)
            }
            E::Lambda { body, .. } => self.expression(body),
            E::Add(a, b) | E::Sub(a, b) | E::Mul(a, b) | E::Div(a, b) | E::Mod(a, b) | E::And(a, b) | E::Or(a, b) => {
                self.expression(a);
                self.expression(b);
            }
            E::Eq(a, b) | E::NotEq(a, b) | E::Gt(a, b) | E::Gte(a, b) | E::Lt(a, b) | E::Lte(a, b) => {
                self.expression(a);
                self.expression(b);
                self.comparison(expression);
            }
            E::DynKey { target, key } => {
                self.expression(target);
                self.expression(key);
            }
            E::Call { callee, args } => {
                self.expression(callee);
                self.expressions(args);
            }
            E::Range { start, end, .. } | E::Default { target: start, default: end } => {
                self.expression(start);
                if let Some(end) = end {
                    self.expression(end);
                }
            }
            E::BuiltIn { target, args, .. } => {
                self.expression(target);
                self.expressions(args.as_deref_mut().unwrap_or_default());
                self.built_in(expression);
            }
            E::ListLit(items) => self.expressions(items),
            E::HashLit(pairs) => {
                for (key, value) in pairs {
                    self.expression(key);
                    self.expression(value);
                }
            }
            _ => {}
        }
    }

    fn built_in(&mut self, expression: &mut Expr) {
        let ExprKind::BuiltIn { target, name, args } = &mut expression.kind else { return };
        let pattern = match args.as_deref() {
            Some([Expr { kind: ExprKind::Str(pattern), .. }]) => Some(pattern.as_str()),
            _ => None,
        };
        match name.as_str() {
            "c" => wrap(target, methods::NUMBER_OR_BOOLEAN, Vec::new()),
            "date" | "datetime" | "time" => {
                if let Some(length) = pattern.and_then(methods::fixed_length) {
                    wrap(target, methods::HEAD, vec![ExprKind::Str("x".repeat(length))]);
                }
            }
            "then" if self.classic => wrap(target, methods::TRUTH, Vec::new()),
            name if name.starts_with("is_") => wrap(target, methods::PRESENT, Vec::new()),
            name if self.classic && TEXT_BUILT_INS.contains(&name) => wrap(target, methods::CLASSIC_TEXT, Vec::new()),
            name if REFUSED_BUILT_INS.contains(&name) => {
                let construct = format!("?{name}");
                self.refuse(&construct);
            }
            _ => {}
        }
    }

    /// In classic-compatible mode an absent side counts as an empty text, and sides of two kinds are compared as texts.
    fn comparison(&mut self, expression: &mut Expr) {
        if !self.classic {
            return;
        }
        let span = expression.span;
        let (operator, sides) = match std::mem::replace(&mut expression.kind, ExprKind::Bool(false)) {
            ExprKind::Eq(a, b) => ("==", [a, b]),
            ExprKind::NotEq(a, b) => ("!=", [a, b]),
            ExprKind::Gt(a, b) => (">", [a, b]),
            ExprKind::Gte(a, b) => (">=", [a, b]),
            ExprKind::Lt(a, b) => ("<", [a, b]),
            ExprKind::Lte(a, b) => ("<=", [a, b]),
            other => {
                expression.kind = other;
                return;
            }
        };
        let callee = Box::new(Expr::new(ExprKind::Ident(methods::COMPARE.into()), span));
        let mut args = vec![Expr::new(ExprKind::Str(operator.into()), span)];
        args.extend(sides.into_iter().map(|side| *side));
        expression.kind = ExprKind::Call { callee, args };
    }
}

/// Puts a call of `method` around `target`, with more arguments behind it.
fn wrap(target: &mut Expr, method: &str, more: Vec<ExprKind>) {
    let span = target.span;
    let callee = Box::new(Expr::new(ExprKind::Ident(method.into()), span));
    let inner = std::mem::replace(target, Expr::new(ExprKind::Bool(false), span));
    let mut args = vec![inner];
    args.extend(more.into_iter().map(|kind| Expr::new(kind, span)));
    target.kind = ExprKind::Call { callee, args };
}
