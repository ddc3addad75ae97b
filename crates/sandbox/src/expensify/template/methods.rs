//! Methods that the `dialect` calls inside a template; their names cannot be written in one.
//!
//! Each takes evaluated values; an absent one comes as the engine's "nothing".

use freemarker::core::{CmpOp, Environment, coerce_to_string, compare_models};
use freemarker::template::{Configuration, TModel, TemplateMethodModelEx};
use freemarker::{Result, TemplateError};

/// Passes numbers and booleans, refuses text: `?c` printed text from 2.3.34 on, and failed on it before.
pub const NUMBER_OR_BOOLEAN: &str = "\u{1}number";
/// Passes whatever is there, refuses an absent value.
pub const PRESENT: &str = "\u{1}present";
/// The beginning of a text, as long as the second argument: dates were parsed from the beginning of a text.
pub const HEAD: &str = "\u{1}head";
/// An absent value and `false` as the empty text.
pub const CLASSIC_TEXT: &str = "\u{1}text";
/// What counts as true in classic-compatible mode.
pub const TRUTH: &str = "\u{1}truth";
/// Comparison in classic-compatible mode.
pub const COMPARE: &str = "\u{1}compare";

type Function = fn(&mut Environment, &[TModel]) -> Result<TModel>;

struct Method(Function);

impl TemplateMethodModelEx for Method {
    fn exec(&self, env: &mut Environment, args: Vec<TModel>) -> Result<TModel> {
        (self.0)(env, &args)
    }
}

/// Makes the methods known to the templates of `configuration`.
pub fn register(configuration: &mut Configuration) {
    let methods: [(&str, Function); 6] = [
        (NUMBER_OR_BOOLEAN, number_or_boolean),
        (PRESENT, present),
        (HEAD, head),
        (CLASSIC_TEXT, classic_text),
        (TRUTH, truth),
        (COMPARE, compare),
    ];
    for (name, function) in methods {
        configuration.set_shared_variable(name, TModel::from_method(Method(function)));
    }
}

/// How long a text that fits a date pattern is; `None` where the pattern's fields have no fixed length.
pub fn fixed_length(pattern: &str) -> Option<usize> {
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let run_fits = match first {
            'y' => run == 4 || run == 2,
            'M' | 'd' | 'H' | 'm' | 's' => run == 2,
            _ => !first.is_alphabetic() && first != '\'',
        };
        if !run_fits {
            return None;
        }
        rest = &rest[run..];
    }
    Some(pattern.chars().count())
}

fn first(args: &[TModel]) -> TModel {
    args.first().cloned().unwrap_or_else(TModel::nothing)
}

fn number_or_boolean(_env: &mut Environment, args: &[TModel]) -> Result<TModel> {
    let value = first(args);
    if value.is_number() || value.is_boolean() || value.is_nothing() {
        return Ok(value);
    }
    Err(TemplateError::misc(format!(
        "For \"?c\" left-hand operand: Expected a number or boolean, but this has evaluated to a {}",
        value.type_name
    )))
}

fn present(_env: &mut Environment, args: &[TModel]) -> Result<TModel> {
    match first(args) {
        value if value.is_nothing() => Err(TemplateError::misc("The following has evaluated to null or missing")),
        value => Ok(value),
    }
}

fn head(_env: &mut Environment, args: &[TModel]) -> Result<TModel> {
    let value = first(args);
    match (value.is_scalar(), args.get(1)) {
        (true, Some(length)) => {
            let length = length.get_scalar()?.len();
            Ok(TModel::from_scalar(value.get_scalar()?.chars().take(length).collect()))
        }
        _ => Ok(value),
    }
}

fn classic_text(_env: &mut Environment, args: &[TModel]) -> Result<TModel> {
    let value = first(args);
    if value.is_nothing() || (!value.is_scalar() && value.is_boolean()) {
        return Ok(TModel::from_scalar(text_of_boolean(&value)?));
    }
    Ok(value)
}

fn text_of_boolean(value: &TModel) -> Result<String> {
    let is_true = value.is_boolean() && value.get_boolean()?;
    Ok(if is_true { "true".into() } else { String::new() })
}

fn truth(_env: &mut Environment, args: &[TModel]) -> Result<TModel> {
    let value = first(args);
    let is_true = if value.is_boolean() { value.get_boolean()? } else { value.has_content()? };
    Ok(TModel::from_boolean(is_true))
}

fn compare(env: &mut Environment, args: &[TModel]) -> Result<TModel> {
    let [operator, left, right] = args else {
        return Err(TemplateError::misc("a comparison has two sides"));
    };
    let operator = operator.get_scalar()?;
    let kinds: [fn(&TModel) -> bool; 4] = [TModel::is_number, TModel::is_scalar, TModel::is_boolean, TModel::is_date];
    if kinds.iter().any(|is_kind| is_kind(left) && is_kind(right)) {
        return compare_models(env, left, right, operation(&operator)).map(TModel::from_boolean);
    }
    let left = classic_string(env, left)?;
    let right = classic_string(env, right)?;
    Ok(TModel::from_boolean(match operation(&operator) {
        CmpOp::Eq => left == right,
        CmpOp::NotEq => left != right,
        CmpOp::Gt => left > right,
        CmpOp::Gte => left >= right,
        CmpOp::Lt => left < right,
        CmpOp::Lte => left <= right,
    }))
}

fn operation(text: &str) -> CmpOp {
    match text {
        "==" => CmpOp::Eq,
        "!=" => CmpOp::NotEq,
        ">" => CmpOp::Gt,
        ">=" => CmpOp::Gte,
        "<" => CmpOp::Lt,
        _ => CmpOp::Lte,
    }
}

fn classic_string(env: &mut Environment, value: &TModel) -> Result<String> {
    if value.is_nothing() || value.is_boolean() { text_of_boolean(value) } else { coerce_to_string(env, value) }
}
