//! Runs the tests, each on a thread of its own, and says of those that can't run here what they lack.
//!
//! Each file of tests lists them with what they need, and `main` lists the files: a test that is in no list is dead code,
//! which does not compile. A need that is not met makes a test ignored, with the reason; where the environment says that
//! everything must be there, it makes the test fail.

use std::{
    any::Any,
    collections::BTreeMap,
    env,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    thread,
};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use crate::fixture::auditor::repository;

/// With `1` in it, what needs a kernel runs, and a missing privilege or program is a failure.
const KERNEL_TESTS: &str = "AUDITOR_KERNEL_TESTS";
/// With `1` in it, references that are not beside the repository are a failure.
const SHARED_TESTS: &str = "AUDITOR_SHARED_TESTS";

/// A test and what it needs.
#[derive(Debug)]
pub(crate) struct Test {
    /// Its path in this crate, the crate's name included.
    pub(crate) path: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: fn(),
}

/// What a test can't do without.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// Root, on a kernel that loads programs and makes namespaces.
    Kernel,
    /// A program of others.
    Program(&'static str),
    /// References in a directory of `../shared`, which is no part of the repository.
    Shared(&'static str),
}

/// Lists the tests of a file, as `name: [needs],`.
macro_rules! tests {
    ($($name:ident: [$($need:expr),*],)+) => {
        pub(crate) const TESTS: &[$crate::harness::Test] = &[
            $($crate::harness::Test {
                path: concat!(module_path!(), "::", stringify!($name)),
                needs: &[$($need),*],
                run: $name,
            },)+
        ];
    };
}
pub(crate) use tests;

/// Why a test can't run here.
struct Lack {
    reason: String,
    /// The environment says that nothing may be missing.
    is_failure: bool,
}

impl Test {
    /// Its name as filters see it: the file and the function.
    fn name(&self) -> &'static str {
        self.path
            .split_once("::")
            .map_or(self.path, |(_, name)| name)
    }

    /// What is missing of its needs; a failure before everything else.
    fn lack(&self) -> Option<Lack> {
        let lacks = self.needs.iter().filter_map(|need| need.lack());
        lacks.min_by_key(|lack| !lack.is_failure)
    }

    /// Runs it on a thread of its own: some change their thread's network namespace or keep it on one CPU.
    fn run(&self) -> Result<(), Failed> {
        let thread = thread::Builder::new()
            .name(self.name().to_owned())
            .spawn(self.run)?;
        thread.join().map_err(|panic| message(&*panic).into())
    }
}

impl Need {
    fn lack(self) -> Option<Lack> {
        let is_kernel_demanded = is_demanded(KERNEL_TESTS);
        let (reason, is_failure) = match self {
            Self::Kernel if !is_kernel_demanded => (
                format!("needs root and {KERNEL_TESTS}=1, as in `cargo xtask test`"),
                false,
            ),
            Self::Kernel if !nix::unistd::geteuid().is_root() => (
                format!("needs root, which {KERNEL_TESTS}=1 says is there"),
                true,
            ),
            Self::Program(name) if !is_on_path(name) => (
                format!("needs `{name}`, which `cargo xtask test` installs"),
                is_kernel_demanded,
            ),
            Self::Shared(directory) if !shared(directory).is_dir() => (
                format!("needs ../shared/{directory} beside the repository"),
                is_demanded(SHARED_TESTS),
            ),
            Self::Kernel | Self::Program(_) | Self::Shared(_) => return None,
        };
        Some(Lack { reason, is_failure })
    }
}

/// A directory of references beside the repository.
pub(crate) fn shared(directory: &str) -> PathBuf {
    repository().join("../shared").join(directory)
}

fn is_demanded(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| value == "1")
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // The administrator's programs are not on everybody's path.
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .any(|directory| directory.join(program).is_file())
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}

/// Runs the tests of all files as the command line says.
pub(crate) fn run(files: &[&'static [Test]]) -> ExitCode {
    let (arguments, filters) = arguments();
    let (mut trials, mut ignored) = (Vec::new(), BTreeMap::<String, usize>::new());
    for test in files.iter().copied().flatten() {
        let name = test.name();
        let is_meant = |filter: &String| {
            if arguments.exact {
                name == filter
            } else {
                name.contains(filter.as_str())
            }
        };
        if !filters.is_empty() && !filters.iter().any(is_meant) {
            continue;
        }
        // Ignored tests that are demanded run, whatever is missing.
        let runs_ignored = arguments.ignored || arguments.include_ignored;
        let lack = test.lack();
        let is_ignored = lack.as_ref().is_some_and(|lack| !lack.is_failure);
        let run = move || match lack {
            Some(lack) if lack.is_failure => Err(lack.reason.into()),
            Some(lack) if !runs_ignored => Ok(Completion::ignored_with(lack.reason)),
            _ => test.run().map(|()| Completion::Completed),
        };
        // The flag has lists name a test as ignored; a reason is shown only without it.
        let trial = Trial::ignorable_test(name, run)
            .with_ignored_flag(is_ignored && (arguments.list || runs_ignored));
        if is_ignored && !runs_ignored && !arguments.is_filtered_out(&trial) {
            let reason = test.lack().map(|lack| lack.reason);
            *ignored.entry(reason.unwrap_or_default()).or_default() += 1;
        }
        trials.push(trial);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for (reason, n_tests) in ignored {
        // A closed standard error loses only this.
        let _closed = writeln!(
            io::stderr().lock(),
            "not run, {n_tests} of these tests: {reason}"
        );
    }
    conclusion.exit_code()
}

/// Options of the command line that are followed by a value.
const VALUED: [&str; 6] = [
    "--test-threads",
    "--logfile",
    "--skip",
    "--color",
    "--format",
    "-Z",
];

/// The options, and the filters: `libtest_mimic` takes one, and cargo's own harness several.
fn arguments() -> (Arguments, Vec<String>) {
    let mut given = env::args();
    let (mut options, mut filters) = (Vec::from_iter(given.next()), Vec::new());
    while let Some(argument) = given.next() {
        if !argument.starts_with('-') {
            filters.push(argument);
            continue;
        }
        let has_value = VALUED.contains(&argument.as_str());
        options.push(argument);
        if has_value {
            options.extend(given.next());
        }
    }
    (Arguments::from_iter(options), filters)
}
