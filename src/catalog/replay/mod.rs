//! Reads a schema from SQL files.
