//! `cargo xtask`: everything that a person types in this repository.

mod bench;
mod cases;
mod demo;
mod fuzz;
mod kernels;
mod package;
mod picture;
mod setup;
mod shell;
mod siege;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what is missing: rust-src, bpf-linker, the packages of demo and tests
    Setup,
    /// Watch the auditor at work on a small cluster of network namespaces
    Demo(demo::Demo),
    /// Draw the demo's last report for the README
    Picture,
    /// Measure what reading pages and counting packets cost
    Bench(bench::Bench),
    /// Let a fuzzer write pages, format by format, packets, requests and files
    Fuzz(fuzz::Fuzz),
    /// Attack a watched host in network namespaces, and measure what that costs
    Siege(siege::Siege),
    /// Make packages for others: .deb, .rpm and a tarball
    Package(package::Package),
    /// Make an image for containers, of nothing but the static program
    Image(package::image::Image),
    /// Run every test, the end-to-end ones included
    Test(test::Test),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Setup => setup::run(),
        Command::Demo(demo) => demo::run(&demo),
        Command::Picture => picture::run(),
        Command::Bench(bench) => bench::run(&bench),
        Command::Fuzz(fuzz) => fuzz::run(&fuzz),
        Command::Siege(siege) => siege::run(&siege),
        Command::Package(package) => package::run(&package),
        Command::Image(image) => package::image::run(&image),
        Command::Test(test) => test::run(&test),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
