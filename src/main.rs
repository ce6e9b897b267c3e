//! The tool.

fn main() -> std::process::ExitCode {
    tenantry::cli::main()
}
