//! The rules of the chapter, on more than their examples.

mod shapes;
mod variants;
