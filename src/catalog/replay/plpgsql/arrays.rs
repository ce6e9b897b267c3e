//! The server's functions of arrays, as far as they are computed here.

use super::value::{HOLE, Value, equal};

const NAMES: [&str; 9] = [
    "array_append",
    "array_cat",
    "array_length",
    "array_lower",
    "array_position",
    "array_prepend",
    "array_remove",
    "array_upper",
    "cardinality",
];

/// A value as what takes an array sees it: the text of one is that array.
pub(super) fn listed(value: &Value) -> Value {
    let Value::Text(text) = value else { return value.clone() };
    elements(text).map_or_else(|| value.clone(), Value::List)
}

/// The elements of `{a,"b c",NULL}`; nothing of what is no array of one dimension, or not known.
fn elements(text: &str) -> Option<Vec<Value>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inner.trim().is_empty() {
        return Some(Vec::new());
    }
    let (mut found, mut chars) = (Vec::new(), inner.chars().peekable());
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut element = String::new();
        let is_quoted = chars.next_if_eq(&'"').is_some();
        loop {
            match chars.peek().copied() {
                Some('"') if is_quoted => break,
                Some(',') | None if !is_quoted => break,
                Some('"' | '{' | '}') if !is_quoted => return None,
                Some('\\') => {
                    chars.next();
                    element.push(chars.next()?);
                }
                Some(HOLE) | None => return None,
                Some(c) => {
                    chars.next();
                    element.push(c);
                }
            }
        }
        if is_quoted {
            chars.next();
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
            found.push(Value::Text(element));
        } else if element.trim().eq_ignore_ascii_case("null") {
            found.push(Value::Null);
        } else if element.trim().is_empty() {
            return None;
        } else {
            found.push(Value::text(element.trim_end()));
        }
        match chars.next() {
            Some(',') => {}
            Some(_) => return None,
            None => return Some(found),
        }
    }
}

/// What a function of arrays gives, if it is one that is known here; of an array that is not known, nothing that is.
pub(super) fn of_arrays(name: &str, values: &[Value]) -> Option<Value> {
    if !NAMES.contains(&name) {
        return None;
    }
    let (first, last) = match name {
        "array_prepend" => (false, true),
        "array_cat" => (true, true),
        _ => (true, false),
    };
    let taken = |(at, value): (usize, &Value)| match at {
        0 if first => listed(value),
        1 if last => listed(value),
        _ => value.clone(),
    };
    let values: Vec<Value> = values.iter().enumerate().map(taken).collect();
    let dimension = matches!(name, "array_length" | "array_upper" | "array_lower");
    Some(match (name, &values[..]) {
        // Only arrays of one dimension are followed, which all begin with 1.
        (_, [Value::List(values), Value::Int(1)]) if dimension && values.is_empty() => Value::Null,
        ("array_lower", [Value::List(_), Value::Int(1)]) => Value::Int(1),
        (_, [Value::List(values), Value::Int(1)]) if dimension => count(values.len()),
        ("cardinality", [Value::List(values)]) => count(values.len()),
        (_, [Value::Null, ..]) if dimension || name == "cardinality" => Value::Null,
        ("array_append", [Value::List(values), one]) => joined(values, std::slice::from_ref(one)),
        ("array_append", [Value::Null, one]) => joined(&[], std::slice::from_ref(one)),
        ("array_prepend", [one, Value::List(values)]) => joined(std::slice::from_ref(one), values),
        ("array_prepend", [one, Value::Null]) => joined(std::slice::from_ref(one), &[]),
        ("array_cat", [Value::List(one), Value::List(other)]) => joined(one, other),
        ("array_cat", [Value::Null, value @ Value::List(_)] | [value @ Value::List(_), Value::Null]) => {
            value.clone()
        }
        ("array_remove", [Value::List(values), one]) => match places(values, one) {
            Some(places) => {
                let kept = values.iter().zip(places).filter(|(_, is_it)| !is_it);
                Value::List(kept.map(|(value, _)| value.clone()).collect())
            }
            None => Value::Unknown,
        },
        ("array_position", [Value::List(values), one]) => match places(values, one) {
            Some(places) => places.iter().position(|is_it| *is_it).map_or(Value::Null, |at| count(at + 1)),
            None => Value::Unknown,
        },
        _ => Value::Unknown,
    })
}

fn count(count: usize) -> Value {
    i64::try_from(count).map_or(Value::Unknown, Value::Int)
}

fn joined(one: &[Value], other: &[Value]) -> Value {
    Value::List(one.iter().chain(other).cloned().collect())
}

/// Which elements are a value, by IS NOT DISTINCT FROM; nothing where that is not known of one.
fn places(values: &[Value], one: &Value) -> Option<Vec<bool>> {
    let is_it = |value: &Value| match (value, one) {
        (Value::Null, Value::Null) => Some(true),
        (Value::Null, other) | (other, Value::Null) => other.is_known().then_some(false),
        _ => equal(value, one).holds(),
    };
    values.iter().map(is_it).collect()
}

#[cfg(test)]
mod tests {
    use super::super::value::{HOLE, Value};
    use super::{elements, of_arrays};

    #[test]
    fn the_text_of_an_array_is_read_as_the_server_reads_it() {
        let texts = |texts: &[&str]| Some(texts.iter().map(|text| Value::text(*text)).collect::<Vec<_>>());
        assert_eq!(elements("{}"), Some(Vec::new()));
        assert_eq!(elements(" { a , b c } "), texts(&["a", "b c"]));
        assert_eq!(elements(r#"{"a,b", "c\"d" ,e\,f}"#), texts(&["a,b", "c\"d", "e,f"]));
        assert_eq!(elements(r#"{NULL,"NULL"}"#), Some(vec![Value::Null, Value::text("NULL")]));
        for text in ["", "{", "{a,}", "{,a}", "{{a}}", r#"{"a}"#, r#"{"a"b}"#, r#"{a"b"}"#] {
            assert_eq!(elements(text), None, "{text}");
        }
        assert_eq!(elements(&format!("{{a,{HOLE}}}")), None);
    }

    #[test]
    fn what_is_not_known_of_an_array_gives_nothing_that_is() {
        let list = Value::List(vec![Value::text("a"), Value::Unknown]);
        assert_eq!(of_arrays("array_position", &[list.clone(), Value::text("a")]), Some(Value::Unknown));
        assert_eq!(of_arrays("array_upper", &[list, Value::Int(1)]), Some(Value::Int(2)));
        assert_eq!(of_arrays("array_sort", &[Value::Unknown]), None);
    }
}
