//! Templates as a whole: the texts and values that they are made of, `if`, `for` and `set`.
//!
//! One value alone keeps its type, several become one text. Macros, blocks, imports and the like are refused.

use std::collections::HashMap;
use std::rc::Rc;

use minijinja::machinery::ast::{Expr, ForLoop, Stmt};

use super::engine::Engine;
use super::expression;
use super::native::{Marker, Native, Outcome, Scope};
use super::{context, operator};

/// What a template sees while it is walked: its host, and what it has set itself.
pub(super) struct Frame<'e, 'a> {
    pub(super) engine: &'e Engine<'a>,
    pub(super) scope: Scope<'a>,
    /// The names that `set` and `for` gave, the innermost last.
    locals: Vec<HashMap<String, Native<'a>>>,
}

/// The value of a template.
pub(super) fn template<'a>(engine: &Engine<'a>, scope: Scope<'a>, tree: &Stmt<'_>) -> Outcome<'a> {
    let Stmt::Template(template) = tree else { return Err(Marker::broken("it is no template")) };
    let mut frame = Frame { engine, scope, locals: vec![HashMap::new()] };
    let mut made = Vec::new();
    frame.all(&template.children, &mut made)?;
    join(engine, made)
}

/// One value alone is the result, with its type; several are joined to a text.
fn join<'a>(engine: &Engine<'a>, mut made: Vec<Native<'a>>) -> Outcome<'a> {
    if made.len() <= 1 {
        return Ok(made.pop().unwrap_or(Native::None));
    }
    let mut text = String::new();
    for value in made {
        if !matches!(value, Native::Omit) {
            text.push_str(&engine.str(value)?);
            engine.pay(0)?;
        }
    }
    engine.text(text)
}

impl<'a> Frame<'_, 'a> {
    /// The value of a name.
    pub(super) fn lookup(&self, name: &str) -> Native<'a> {
        let own = self.locals.iter().rev().find_map(|names| names.get(name));
        own.cloned().unwrap_or_else(|| context::variable(self.engine, self.scope, name))
    }

    /// Whether a name is set, by the template or the inventory.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.locals.iter().any(|names| names.contains_key(name))
            || context::find(self.engine, self.scope, name).is_some()
    }

    fn all(&mut self, statements: &[Stmt<'_>], made: &mut Vec<Native<'a>>) -> Outcome<'a, ()> {
        statements.iter().try_for_each(|statement| self.one(statement, made))
    }

    fn one(&mut self, statement: &Stmt<'_>, made: &mut Vec<Native<'a>>) -> Outcome<'a, ()> {
        self.engine.pay(1)?;
        match statement {
            Stmt::EmitRaw(raw) if raw.raw.is_empty() => {}
            Stmt::EmitRaw(raw) => made.push(self.engine.text(raw.raw)?),
            Stmt::EmitExpr(emitted) => match expression::value(self, &emitted.expr)? {
                Native::None => {}
                value => made.push(value),
            },
            Stmt::IfCond(branch) => {
                let condition = expression::value(self, &branch.expr)?;
                let chosen =
                    if operator::truth(self.engine, condition)? { &branch.true_body } else { &branch.false_body };
                let engine = self.engine;
                engine.deeper(|| self.all(chosen, made))?;
            }
            Stmt::ForLoop(repeated) => self.repeat(repeated, made)?,
            Stmt::Set(set) => {
                let value = expression::value(self, &set.expr)?;
                self.assign(&set.target, value)?;
            }
            _ => return Err(Marker::broken("it has a statement other than if, for and set")),
        }
        Ok(())
    }

    fn repeat(&mut self, repeated: &ForLoop<'_>, made: &mut Vec<Native<'a>>) -> Outcome<'a, ()> {
        let engine = self.engine;
        if repeated.recursive {
            return Err(Marker::broken("it has a loop that calls itself"));
        }
        let mut items = Vec::new();
        for item in context::items(engine, expression::value(self, &repeated.iter)?)? {
            let item = engine.force(item);
            if self.is_wanted(repeated, &item)? {
                items.push(item);
            }
        }
        if items.is_empty() {
            return engine.deeper(|| self.all(&repeated.else_body, made));
        }
        let count = items.len();
        for (at, item) in items.into_iter().enumerate() {
            self.locals.push(HashMap::from([("loop".to_owned(), position(at, count))]));
            let done =
                self.assign(&repeated.target, item).and_then(|()| engine.deeper(|| self.all(&repeated.body, made)));
            self.locals.pop();
            done?;
        }
        Ok(())
    }

    fn is_wanted(&mut self, repeated: &ForLoop<'_>, item: &Native<'a>) -> Outcome<'a, bool> {
        let Some(condition) = &repeated.filter_expr else { return Ok(true) };
        self.locals.push(HashMap::new());
        let value = self.assign(&repeated.target, item.clone()).and_then(|()| expression::value(self, condition));
        self.locals.pop();
        operator::truth(self.engine, value?)
    }

    fn assign(&mut self, target: &Expr<'_>, value: Native<'a>) -> Outcome<'a, ()> {
        match target {
            Expr::Var(name) => {
                if let Some(names) = self.locals.last_mut() {
                    names.insert(name.id.to_owned(), value);
                }
                Ok(())
            }
            Expr::List(targets) => {
                let items = context::items(self.engine, value)?;
                if items.len() != targets.items.len() {
                    return Err(Marker::broken(format!(
                        "{} items are given {} names",
                        items.len(),
                        targets.items.len()
                    )));
                }
                let mut pairs = targets.items.iter().zip(items);
                pairs.try_for_each(|(target, item)| self.assign(target, self.engine.force(item)))
            }
            _ => Err(Marker::broken("it sets something other than a name")),
        }
    }
}

/// Jinja's `loop`.
fn position<'a>(at: usize, count: usize) -> Native<'a> {
    let number = |number: usize| Native::Int(i128::try_from(number).unwrap_or_default());
    Native::map([
        (Rc::from("index"), number(at + 1)),
        (Rc::from("index0"), number(at)),
        (Rc::from("revindex"), number(count - at)),
        (Rc::from("revindex0"), number(count - at - 1)),
        (Rc::from("first"), Native::Bool(at == 0)),
        (Rc::from("last"), Native::Bool(at + 1 == count)),
        (Rc::from("length"), number(count)),
    ])
}
