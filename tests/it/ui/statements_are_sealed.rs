//! Only text and prepared statements are statements.

struct Mine;

impl tenantry::ToStatement for Mine {}

fn main() {}
