//! Reads a schema from a server.
