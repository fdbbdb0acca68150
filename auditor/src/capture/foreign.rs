//! What is known of programs of others: their names, who holds them, and whether they are those of another auditor, which pass
//! everything on.
//!
//! A watch may not open programs of others, but may read what procfs says of the files that processes have open.

use std::{collections::BTreeSet, fs, path::Path};

use aya::programs::{ProgramInfo, loaded_programs};

/// A program of somebody else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Foreign {
    /// Its id, with what is known of it.
    pub(super) text: String,
    /// It is one of an auditor like this one.
    pub(super) is_alike: bool,
}

/// Looks up a program by its id. `own` are the tags of this auditor's programs: the kernel's hash of their instructions.
pub(super) fn look_up(program: u32, own: &BTreeSet<String>) -> Foreign {
    let opened = loaded_programs()
        .map_while(Result::ok)
        .find(|one| one.id() == program);
    let holder = holder(program);
    let tags = [
        opened.as_ref().map(tag),
        holder.as_ref().map(|holder| holder.tag.clone()),
    ];
    let name = opened
        .as_ref()
        .and_then(|one| one.name_as_str().map(str::to_owned))
        .filter(|name| !name.is_empty());
    let known: Vec<String> = name
        .into_iter()
        .chain(holder.iter().map(|holder| format!("of {}", holder.process)))
        .collect();
    let text = if known.is_empty() {
        format!("program {program}")
    } else {
        format!("program {program} ({})", known.join(" "))
    };
    Foreign {
        text,
        is_alike: tags.iter().flatten().any(|tag| own.contains(tag)),
    }
}

/// The tag of a program, as procfs has it.
pub(super) fn tag(program: &ProgramInfo) -> String {
    format!("{:016x}", program.tag())
}

/// Whether a process has a program, or a link to it, open, as far as procfs shows processes.
pub(super) fn is_held(program: u32) -> bool {
    holder(program).is_some()
}

struct Holder {
    tag: String,
    process: String,
}

/// A process that has a program or a link to it open, with the program's tag.
fn holder(program: u32) -> Option<Holder> {
    let id = program.to_string();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let processes = processes.filter(|entry| {
        let name = entry.file_name();
        name.to_str()
            .is_some_and(|name| name.parse::<u32>().is_ok())
    });
    for process in processes.map(|entry| entry.path()) {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten();
        for file in files.flatten().filter(|file| is_bpf(&file.path())) {
            let info = process.join("fdinfo").join(file.file_name());
            let text = fs::read_to_string(info).unwrap_or_default();
            if field(&text, "prog_id") == Some(&id) {
                let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
                return Some(Holder {
                    tag: field(&text, "prog_tag").unwrap_or_default().to_owned(),
                    process: name.trim().to_owned(),
                });
            }
        }
    }
    None
}

/// Whether an open file is a program, or a link of one.
fn is_bpf(file: &Path) -> bool {
    let link = fs::read_link(file).unwrap_or_default();
    link.to_str()
        .is_some_and(|text| text.starts_with("anon_inode:") && text.contains("bpf"))
}

/// A field of what procfs says of an open file: `prog_tag:` and a tab before its value.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.strip_prefix(':')?.trim())
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn what_procfs_says_of_a_program() {
        let text = "pos:\t0\nflags:\t02000002\nprog_type:\t3\nprog_jited:\t1\nprog_tag:\t0f59ce3e8a6cd7fb\nmemlock:\t4096\nprog_id:\t34\n";
        assert_eq!(field(text, "prog_tag"), Some("0f59ce3e8a6cd7fb"));
        assert_eq!(field(text, "prog_id"), Some("34"));
        assert_eq!(field(text, "link_id"), None);
    }
}
