//! Parse, run, exit.

fn main() -> std::process::ExitCode {
    infra_verify::cli::main()
}
