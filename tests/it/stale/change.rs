//! What becomes of a table, a view or a function between two calls of the same text.

/// One change. `{t}` in its SQL stands for the object, and for its types.
pub struct Change {
    pub name: &'static str,
    pub object: Object,
    pub before: &'static str,
    pub after: &'static str,
    /// The columns after the change, in order, and what they hold in the row whose `id` is 1.
    pub columns: &'static [(&'static str, &'static str)],
    /// A parameter that finds the row before the change.
    pub held: &'static str,
    /// A parameter that finds the row after the change.
    pub sought: &'static str,
    /// The parameter that the writing statements write, before as after the change.
    pub written: &'static str,
    /// Whether a value is written and compared as itself. A composite is compared as a record, and its
    /// literal lists its fields.
    pub plain: bool,
    /// What that is, as the server writes it after the change.
    pub kept: &'static str,
    /// The parameter as a Rust program has it that was compiled before the change.
    pub strict: Option<Strict>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Object {
    Table,
    View,
    Function,
}

#[derive(Clone, Copy)]
pub enum Strict {
    I32(i32),
    I64(i64),
}

const SOUND: Change = Change {
    name: "",
    object: Object::Table,
    before: "create table s.{t} (id int, x int, y int default 7); insert into s.{t} values (1, 200)",
    after: "",
    columns: &[],
    held: "200",
    sought: "200",
    written: "77",
    plain: true,
    kept: "77",
    strict: None,
};

pub const CHANGES: &[Change] = &[
    Change {
        name: "a column dropped, another added",
        after: "alter table s.{t} drop y, add z int default 9",
        columns: &[("id", "1"), ("x", "200"), ("z", "9")],
        ..SOUND
    },
    Change {
        name: "a column dropped",
        after: "alter table s.{t} drop y",
        columns: &[("id", "1"), ("x", "200")],
        ..SOUND
    },
    Change {
        name: "a column added",
        after: "alter table s.{t} add z int default 9",
        columns: &[("id", "1"), ("x", "200"), ("y", "7"), ("z", "9")],
        ..SOUND
    },
    Change {
        name: "two columns swap their names",
        before: "create table s.{t} (id int, x int default 7, y int default 7);
            insert into s.{t} values (1, 200, 300)",
        after: "alter table s.{t} rename x to w; alter table s.{t} rename y to x; alter table s.{t} rename w to y;
            update s.{t} set y = 7",
        columns: &[("id", "1"), ("y", "7"), ("x", "300")],
        sought: "300",
        ..SOUND
    },
    Change {
        name: "int to bigint",
        after: "alter table s.{t} alter x type bigint",
        columns: &[("id", "1"), ("x", "200"), ("y", "7")],
        strict: Some(Strict::I32(77)),
        ..SOUND
    },
    Change {
        name: "bigint to double precision",
        before: "create table s.{t} (id int, x bigint, y int default 7); insert into s.{t} values (1, 200)",
        after: "alter table s.{t} alter x type double precision",
        columns: &[("id", "1"), ("x", "200"), ("y", "7")],
        strict: Some(Strict::I64(77)),
        ..SOUND
    },
    Change {
        name: "int to text",
        after: "alter table s.{t} alter x type text",
        columns: &[("id", "1"), ("x", "200"), ("y", "7")],
        strict: Some(Strict::I32(77)),
        ..SOUND
    },
    Change {
        name: "an enum recreated",
        before: "create type s.{t}_e as enum ('a', 'b');
            create table s.{t} (id int, x s.{t}_e, y int default 7); insert into s.{t} values (1, 'a')",
        after: "create type s.{t}_f as enum ('b', 'a');
            alter table s.{t} alter x type s.{t}_f using x::text::s.{t}_f;
            drop type s.{t}_e; alter type s.{t}_f rename to {t}_e",
        columns: &[("id", "1"), ("x", "a"), ("y", "7")],
        held: "a",
        sought: "a",
        written: "b",
        kept: "b",
        ..SOUND
    },
    Change {
        name: "a value added to an enum",
        before: "create type s.{t}_e as enum ('a', 'b');
            create table s.{t} (id int, x s.{t}_e, y int default 7); insert into s.{t} values (1, 'a')",
        after: "alter type s.{t}_e add value 'c' before 'a'; commit; update s.{t} set x = 'c'",
        columns: &[("id", "1"), ("x", "c"), ("y", "7")],
        held: "a",
        sought: "c",
        written: "b",
        kept: "b",
        ..SOUND
    },
    Change {
        name: "a composite type altered",
        before: "create type s.{t}_c as (a int, b text);
            create table s.{t} (id int, x s.{t}_c, y int default 7); insert into s.{t} values (1, row(1, 'k'))",
        after: "alter type s.{t}_c add attribute d int",
        columns: &[("id", "1"), ("x", "(1,k,)"), ("y", "7")],
        held: "(1,k)",
        sought: "(1,k)",
        written: "(2,l)",
        plain: false,
        kept: "(2,l,)",
        ..SOUND
    },
    Change {
        name: "a domain recreated",
        before: "create domain s.{t}_d as int;
            create table s.{t} (id int, x s.{t}_d, y int default 7); insert into s.{t} values (1, 200)",
        after: "create domain s.{t}_b as bigint; alter table s.{t} alter x type s.{t}_b;
            drop domain s.{t}_d; alter domain s.{t}_b rename to {t}_d",
        columns: &[("id", "1"), ("x", "200"), ("y", "7")],
        ..SOUND
    },
    Change {
        name: "a view replaced",
        object: Object::View,
        before: "create view s.{t} as select 1 as id, 200 as x",
        after: "drop view s.{t}; create view s.{t} as select 1 as id, 'abcd'::text as x",
        columns: &[("id", "1"), ("x", "abcd")],
        sought: "abcd",
        ..SOUND
    },
    Change {
        name: "a table recreated",
        after: "drop table s.{t}; create table s.{t} (id bigint, x text, y double precision default 7);
            insert into s.{t} values (1, '200')",
        columns: &[("id", "1"), ("x", "200"), ("y", "7")],
        ..SOUND
    },
    Change {
        name: "a function recreated",
        object: Object::Function,
        before: "create function s.{t}(x int default 200) returns table (id int, value int)
            language sql as 'select 1, x'",
        after: "drop function s.{t}; create function s.{t}(x text default 'abcd') returns table (id int, value text)
            language sql as 'select 1, x'",
        columns: &[("id", "1"), ("value", "abcd")],
        sought: "abcd",
        ..SOUND
    },
    Change {
        name: "a numeric's scale changed",
        before: "create table s.{t} (id int, x numeric(10, 2), y int default 7); insert into s.{t} values (1, 200)",
        after: "alter table s.{t} alter x type numeric(12, 4)",
        columns: &[("id", "1"), ("x", "200.0000"), ("y", "7")],
        kept: "77.0000",
        ..SOUND
    },
];
