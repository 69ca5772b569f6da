//! The value of an expression.
//!
//! What is not there is a value of its own until an operator looks at it; filters hand it on, `default` replaces it.

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, IfExpr, UnaryOpKind};
use minijinja::value::{Value as Constant, ValueKind};

use super::argument::Arguments;
use super::context;
use super::native::{Marker, Native, Outcome};
use super::statement::Frame;
use super::{filter, function, method, operator, test};

/// Evaluates an expression; an operator that met a marker is an error, a marker as such is a value.
pub(super) fn value<'a>(frame: &mut Frame<'_, 'a>, expression: &Expr<'_>) -> Outcome<'a> {
    let engine = frame.engine;
    engine.pay(1)?;
    engine.deeper(|| one(frame, expression))
}

fn one<'a>(frame: &mut Frame<'_, 'a>, expression: &Expr<'_>) -> Outcome<'a> {
    let engine = frame.engine;
    match expression {
        Expr::Var(name) if name.id == "omit" && !frame.knows("omit") => Ok(Native::Omit),
        Expr::Var(name) => Ok(frame.lookup(name.id)),
        Expr::Const(constant) => literal(&constant.value),
        Expr::List(list) => sequence(frame, &list.items),
        Expr::Tuple(tuple) => sequence(frame, &tuple.items),
        Expr::Map(map) => mapping(frame, &map.keys, &map.values),
        Expr::GetAttr(got) => {
            let from = value(frame, &got.expr)?;
            method::refuse(&from, got.name)?;
            context::item(engine, from, &Native::text(got.name))
        }
        Expr::GetItem(got) => {
            let from = value(frame, &got.expr)?;
            let key = value(frame, &got.subscript_expr)?;
            if matches!(from, Native::Marker(_)) { Ok(from) } else { context::item(engine, from, &key.trip()?) }
        }
        Expr::Slice(slice) => {
            let from = value(frame, &slice.expr)?.trip()?;
            let mut bound = |part: &Option<Expr<'_>>| part.as_ref().map(|part| value(frame, part)?.trip()).transpose();
            let bounds = [bound(&slice.start)?, bound(&slice.stop)?, bound(&slice.step)?];
            operator::slice(engine, from, bounds)
        }
        Expr::UnaryOp(unary) => {
            let operand = value(frame, &unary.expr)?;
            match unary.op {
                UnaryOpKind::Not => Ok(Native::Bool(!operator::truth(engine, operand)?)),
                UnaryOpKind::Neg => operator::negate(&operand.trip()?),
            }
        }
        Expr::BinOp(binary) => both(frame, binary.op, &binary.left, &binary.right),
        Expr::Compare(compared) => {
            let mut left = value(frame, &compared.expr)?;
            for next in &compared.ops {
                let right = value(frame, &next.expr)?;
                if !compare(frame, next.op, left, right.clone())? {
                    return Ok(Native::Bool(false));
                }
                left = right;
            }
            Ok(Native::Bool(true))
        }
        Expr::IfExpr(choice) => choose(frame, choice),
        Expr::Filter(filtered) => {
            let from = filtered.expr.as_ref().ok_or_else(|| Marker::broken("it filters a block"))?;
            let from = value(frame, from)?;
            let arguments = arguments(frame, &filtered.args)?;
            Ok(filter::apply(engine, filtered.name, from, arguments))
        }
        Expr::Test(tested) => {
            let from = value(frame, &tested.expr)?;
            let arguments = arguments(frame, &tested.args)?;
            Ok(Native::of(test::perform(engine, tested.name, from, arguments).map(Native::Bool)))
        }
        Expr::Call(call) => called(frame, &call.expr, &call.args),
    }
}

fn called<'a>(frame: &mut Frame<'_, 'a>, what: &Expr<'_>, given: &[CallArg<'_>]) -> Outcome<'a> {
    match what {
        Expr::Var(name) if frame.knows(name.id) => Err(Marker::broken(format!("{} is no function", name.id))),
        Expr::Var(name) => {
            let arguments = arguments(frame, given)?;
            Ok(Native::of(function::call(frame, name.id, arguments)))
        }
        Expr::GetAttr(got) => {
            let on = value(frame, &got.expr)?.trip()?;
            let arguments = arguments(frame, given)?;
            Ok(Native::of(match arguments.marker() {
                Some(marker) => Err(marker),
                None => method::call(frame.engine, on, got.name, arguments),
            }))
        }
        _ => Err(Marker::broken("it calls something that is no function")),
    }
}

fn sequence<'a>(frame: &mut Frame<'_, 'a>, items: &[Expr<'_>]) -> Outcome<'a> {
    let items = items.iter().map(|item| value(frame, item)).collect::<Result<_, _>>()?;
    frame.engine.list(items)
}

fn literal<'a>(constant: &Constant) -> Outcome<'a> {
    Ok(match constant.kind() {
        ValueKind::None => Native::None,
        ValueKind::Bool => Native::Bool(constant.is_true()),
        ValueKind::String => Native::text(constant.as_str().unwrap_or_default()),
        ValueKind::Number if constant.is_integer() => {
            let whole = i128::try_from(constant.clone());
            Native::Int(whole.map_err(|_| Marker::broken("it has a number that is too large"))?)
        }
        _ => Native::Float(f64::try_from(constant.clone()).map_err(|error| Marker::broken(error.to_string()))?),
    })
}

fn mapping<'a>(frame: &mut Frame<'_, 'a>, keys: &[Expr<'_>], values: &[Expr<'_>]) -> Outcome<'a> {
    let mut entries = Vec::with_capacity(keys.len());
    for (key, item) in keys.iter().zip(values) {
        let Native::Text(key) = value(frame, key)?.trip()? else {
            return Err(Marker::broken("it has a mapping with a key that is not text"));
        };
        entries.push((key, value(frame, item)?));
    }
    Ok(Native::map(entries))
}

fn choose<'a>(frame: &mut Frame<'_, 'a>, choice: &IfExpr<'_>) -> Outcome<'a> {
    let condition = value(frame, &choice.test_expr)?;
    if operator::truth(frame.engine, condition)? {
        return value(frame, &choice.true_expr);
    }
    match &choice.false_expr {
        Some(otherwise) => value(frame, otherwise),
        None => Err(Marker::broken("its `if` is false and has no `else`")),
    }
}

fn both<'a>(frame: &mut Frame<'_, 'a>, kind: BinOpKind, left: &Expr<'_>, right: &Expr<'_>) -> Outcome<'a> {
    let left = value(frame, left)?;
    let is_decided = match kind {
        BinOpKind::ScAnd => Some(!operator::truth(frame.engine, left.clone())?),
        BinOpKind::ScOr => Some(operator::truth(frame.engine, left.clone())?),
        _ => None,
    };
    if is_decided == Some(true) {
        return Ok(left);
    }
    let right = value(frame, right)?;
    if is_decided == Some(false) {
        return Ok(right);
    }
    let compared = match kind {
        BinOpKind::Eq => CompareOpKind::Eq,
        BinOpKind::Ne => CompareOpKind::Ne,
        BinOpKind::Lt => CompareOpKind::Lt,
        BinOpKind::Lte => CompareOpKind::Lte,
        BinOpKind::Gt => CompareOpKind::Gt,
        BinOpKind::Gte => CompareOpKind::Gte,
        BinOpKind::In => CompareOpKind::In,
        _ => return operator::compute(frame.engine, kind, left.trip()?, right.trip()?),
    };
    compare(frame, compared, left, right).map(Native::Bool)
}

fn compare<'a>(frame: &Frame<'_, 'a>, kind: CompareOpKind, left: Native<'a>, right: Native<'a>) -> Outcome<'a, bool> {
    operator::compare(frame.engine, kind, left.trip()?, right.trip()?)
}

fn arguments<'a>(frame: &mut Frame<'_, 'a>, given: &[CallArg<'_>]) -> Outcome<'a, Arguments<'a>> {
    let mut arguments = Arguments::default();
    for argument in given {
        match argument {
            CallArg::Pos(expression) => arguments.positional.push(value(frame, expression)?),
            CallArg::Kwarg(name, expression) => arguments.named.push(((*name).to_owned(), value(frame, expression)?)),
            CallArg::PosSplat(expression) => {
                let items = value(frame, expression)?;
                arguments.positional.extend(context::items(frame.engine, items)?);
            }
            CallArg::KwargSplat(expression) => match value(frame, expression)?.trip()? {
                Native::Map(entries) => {
                    arguments.named.extend(entries.iter().map(|(key, value)| (key.to_string(), value.clone())));
                }
                _ => return Err(Marker::broken("** takes a mapping")),
            },
        }
    }
    Ok(arguments)
}
