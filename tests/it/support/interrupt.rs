//! Processes that Ctrl-C ends, however the tests were started.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// A command whose process ends at SIGINT, even where the tests run with SIGINT ignored, as they do under `nohup`
/// or behind `&` of a script: what is ignored stays so in the processes that are started, and a shell cannot change it.
pub fn interruptible(program: impl AsRef<OsStr>) -> Command {
    let mut command = if resets_by_env() {
        let mut env = Command::new("/usr/bin/env");
        env.arg("--default-signal=INT");
        env
    } else {
        // Not GNU's `env`.
        let mut perl = Command::new("/usr/bin/perl");
        perl.args(["-e", "$SIG{INT} = 'DEFAULT'; exec { $ARGV[0] } @ARGV or die"]);
        perl
    };
    command.arg(program);
    command
}

fn resets_by_env() -> bool {
    let mut env = Command::new("/usr/bin/env");
    env.args(["--default-signal=INT", "true"]).stderr(Stdio::null());
    env.status().is_ok_and(|status| status.success())
}
