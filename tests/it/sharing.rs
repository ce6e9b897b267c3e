//! Statements that follow each other on one connection: each gets its own answer, as its own tenant, whatever becomes of
//! the others.

mod alone;
mod apart;
mod company;
mod fair;
mod options;
