//! Other people's applications, with schemas that nobody here has made.

mod tryton;
