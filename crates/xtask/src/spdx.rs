//! Licence expressions (SPDX), as far as packages use them.

/// An expression, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A licence by its identifier, an exception included: `Apache-2.0 WITH LLVM-exception`.
    Licence(String),
    /// Both apply.
    Both(Box<Expression>, Box<Expression>),
    /// The user chooses.
    Either(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Takes `text` apart; `None` if it is not an expression. A slash is the old way to write OR.
    pub(crate) fn parse(text: &str) -> Option<Expression> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let tokens: Vec<&str> = spaced.split_whitespace().collect();
        let (expression, rest) = either(&tokens)?;
        rest.is_empty().then_some(expression)
    }

    /// Whether the licences for which `allowed` is true are enough to use the package.
    pub(crate) fn is_met(&self, allowed: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Expression::Licence(identifier) => allowed(identifier),
            Expression::Both(left, right) => left.is_met(allowed) && right.is_met(allowed),
            Expression::Either(left, right) => left.is_met(allowed) || right.is_met(allowed),
        }
    }
}

type Parsed<'a, 'b> = Option<(Expression, &'a [&'b str])>;

fn either<'a, 'b>(tokens: &'a [&'b str]) -> Parsed<'a, 'b> {
    let (left, rest) = both(tokens)?;
    match rest {
        ["OR", rest @ ..] => {
            let (right, rest) = either(rest)?;
            Some((Expression::Either(Box::new(left), Box::new(right)), rest))
        }
        _ => Some((left, rest)),
    }
}

fn both<'a, 'b>(tokens: &'a [&'b str]) -> Parsed<'a, 'b> {
    let (left, rest) = single(tokens)?;
    match rest {
        ["AND", rest @ ..] => {
            let (right, rest) = both(rest)?;
            Some((Expression::Both(Box::new(left), Box::new(right)), rest))
        }
        _ => Some((left, rest)),
    }
}

fn single<'a, 'b>(tokens: &'a [&'b str]) -> Parsed<'a, 'b> {
    match tokens {
        ["(", rest @ ..] => match either(rest)? {
            (inner, [")", rest @ ..]) => Some((inner, rest)),
            _ => None,
        },
        [")" | "AND" | "OR" | "WITH", ..] | [] => None,
        [licence, "WITH", exception, rest @ ..] => {
            Some((Expression::Licence(format!("{licence} WITH {exception}")), rest))
        }
        [licence, rest @ ..] => Some((Expression::Licence((*licence).to_owned()), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_met(text: &str) -> Option<bool> {
        let allowed = |licence: &str| ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].contains(&licence);
        Some(Expression::parse(text)?.is_met(&allowed))
    }

    #[test]
    fn expressions_are_judged() {
        for good in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-3.0", "MIT AND Zlib", "(GPL-3.0 OR MIT) AND Zlib"] {
            assert_eq!(is_met(good), Some(true), "{good}");
        }
        assert_eq!(is_met("Apache-2.0 WITH LLVM-exception"), Some(true));
        for bad in ["GPL-3.0", "Apache-2.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-3.0", "mit"] {
            assert_eq!(is_met(bad), Some(false), "{bad}");
        }
        // AND binds closer than OR.
        assert_eq!(is_met("MIT OR GPL-3.0 AND BSD-4-Clause"), Some(true));
        assert_eq!(is_met("GPL-3.0 AND MIT OR BSD-4-Clause"), Some(false));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "()", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT Zlib", "MIT WITH"] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
    }
}
