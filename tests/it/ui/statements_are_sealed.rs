//! Only text and prepared statements are statements.

// Without a size, so that no trait that some dependency implements for every type is named.
struct Mine(str);

impl tenantry::ToStatement for Mine {}

fn main() {}
