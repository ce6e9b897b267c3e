//! Words for messages.

const SHOWN: usize = 3;

/// Names in a row, the first few of them if there are many.
pub(super) fn list(names: impl IntoIterator<Item = String>) -> String {
    let mut names: Vec<String> = names.into_iter().collect();
    if names.len() > SHOWN + 1 {
        let more = names.len() - SHOWN;
        names.truncate(SHOWN);
        return format!("{} and {more} more", names.join(", "));
    }
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[test]
fn many_names_are_counted() {
    let of = |count: usize| list((1..=count).map(|number| number.to_string()));
    assert_eq!([of(0), of(1), of(2), of(4)], ["", "1", "1 and 2", "1, 2, 3 and 4"]);
    assert_eq!(of(9), "1, 2, 3 and 6 more");
}
