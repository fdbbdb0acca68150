//! Runs a program on a host of the lab, and other work meanwhile.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
};

use anyhow::{Context as _, anyhow, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::Namespace;

/// The output and the status of a program that has ended.
#[derive(Debug)]
pub struct Finished {
    pub stdout: String,
    pub stderr: String,
    pub status: ExitStatus,
}

/// A program that runs on a host as long as others work.
#[derive(Debug)]
pub struct Job<'a> {
    pub host: &'a Namespace,
    pub command: Command,
    /// A part of the line of its standard error by which it is ready.
    pub ready: &'static str,
}

/// Runs programs one after the other, each once the one before is ready, and `work` while all of them run; then ends them.
/// Returns what they printed, in their order. `on_line` is given the name of the host and each line of standard error.
///
/// # Errors
///
/// A program can't be started, or what `work` returns.
pub fn run_all(
    jobs: &[Job<'_>],
    on_line: &(dyn Fn(&str, &str) + Sync),
    work: impl FnOnce(&[Pid]) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Finished>> {
    let mut finished = Vec::new();
    let mut work: Work<'_> = Some(Box::new(work));
    // Each of them is the child of a thread that waits for it, so they run inside one another.
    run_next(jobs, on_line, &mut Vec::new(), &mut finished, &mut work)?;
    if work.is_some()
        && let Some(first) = finished.first()
    {
        bail!("a program ended before it was ready: {}", first.stderr);
    }
    finished.reverse();
    Ok(finished)
}

type Work<'a> = Option<Box<dyn FnOnce(&[Pid]) -> anyhow::Result<()> + 'a>>;

fn run_next(
    jobs: &[Job<'_>],
    on_line: &(dyn Fn(&str, &str) + Sync),
    pids: &mut Vec<Pid>,
    finished: &mut Vec<Finished>,
    work: &mut Work<'_>,
) -> anyhow::Result<()> {
    let Some((job, rest)) = jobs.split_first() else {
        return work.take().map_or(Ok(()), |work| work(pids));
    };
    let name = job.host.name();
    let ended = run(
        job.host,
        &job.command,
        job.ready,
        &|line| on_line(name, line),
        |pid| {
            pids.push(pid);
            let done = run_next(rest, on_line, pids, finished, work);
            let _gone = kill(pid, Signal::SIGTERM);
            done
        },
    )?;
    finished.push(ended);
    Ok(())
}

/// Runs a program on a host to its end. Once a line of its standard error contains `ready`, `work` runs at the same time.
///
/// The program is the child of a thread that waits for it, and `setpriv` makes the kernel terminate it when that thread
/// ends, so it does not outlive this process. `on_line` is given each line of standard error.
///
/// # Errors
///
/// The program can't be started, or what `work` returns.
pub fn run(
    host: &Namespace,
    command: &Command,
    ready: &str,
    on_line: &(dyn Fn(&str) + Sync),
    work: impl FnOnce(Pid) -> anyhow::Result<()>,
) -> anyhow::Result<Finished> {
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        let running = scope.spawn(move || {
            host.enter(|| {
                let mut child = guarded(command)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .context("cannot run `setpriv`: it comes with util-linux")?;
                let pid = Pid::from_raw(i32::try_from(child.id())?);
                let stderr = child
                    .stderr
                    .take()
                    .ok_or_else(|| anyhow!("no standard error"))?;
                let mut stdout = child
                    .stdout
                    .take()
                    .ok_or_else(|| anyhow!("no standard output"))?;
                let printed = thread::spawn(move || {
                    let mut text = String::new();
                    stdout.read_to_string(&mut text).map(|_| text)
                });
                let mut said = String::new();
                for line in BufReader::new(stderr).lines() {
                    let line = line?;
                    on_line(&line);
                    if line.contains(ready) {
                        // The receiver may be gone already.
                        let _gone = send.send(pid);
                    }
                    said.push_str(&line);
                    said.push('\n');
                }
                let status = child.wait()?;
                let stdout = printed
                    .join()
                    .map_err(|_panic| anyhow!("the reader panicked"))??;
                Ok(Finished {
                    stdout,
                    stderr: said,
                    status,
                })
            })
        });
        let worked = match receive.recv() {
            Ok(pid) => {
                let mut end = EndOnFailure(Some(pid));
                let worked = work(pid);
                if worked.is_ok() {
                    end.0 = None;
                }
                worked
            }
            // The program ended before it was ready; its status says why.
            Err(mpsc::RecvError) => Ok(()),
        };
        let finished = running
            .join()
            .unwrap_or_else(|_| Err(anyhow!("the program's thread panicked")));
        worked.and(finished)
    })
}

/// Terminates a program if the work beside it failed or panicked, so that nothing waits for it to end by itself.
struct EndOnFailure(Option<Pid>);

impl Drop for EndOnFailure {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may have ended by itself.
            let _gone = kill(pid, Signal::SIGTERM);
        }
    }
}

fn guarded(command: &Command) -> Command {
    let mut guarded = Command::new("setpriv");
    guarded
        .args(["--pdeathsig", "TERM"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        guarded.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => guarded.env(name, value),
            None => guarded.env_remove(name),
        };
    }
    guarded
}
