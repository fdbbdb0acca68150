use std::path::Path;

use super::{ColumnChoice, ColumnMeaning, Profile};

const PROFILE: &str = "\
[columns]
\"Source / Target\" = \"peer\"
\"**Opened by**\" = \"source\"

[roles]
\"Core  Server\" = \"Core\"

[sections]
leave_out = [\"Upgrading\", \"Either / or\"]
";

fn parse(text: &str) -> Result<Profile, String> {
    Profile::parse(Path::new("m.import.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn what_a_profile_says() {
    let profile = parse(PROFILE).unwrap();
    assert_eq!(
        profile.column("source /  TARGET"),
        Some(ColumnMeaning::Peer)
    );
    assert_eq!(profile.column("Opened by:"), Some(ColumnMeaning::Source));
    assert_eq!(profile.column("Source"), None);
    assert_eq!(profile.role("core server"), Some("Core"));
    assert_eq!(profile.role("Core"), None);
    assert!(profile.leaves_out("Ports / Upgrading / From 1.0"));
    assert!(profile.leaves_out("upgrading"));
    assert!(profile.leaves_out("Ports / Either / or"));
    assert!(!profile.leaves_out("Ports / Upgrading the Core"));
    assert!(!profile.leaves_out("Ports / or"));
    assert_eq!(parse("").unwrap(), Profile::default());
}

#[test]
fn the_command_line_prevails() {
    let mut profile = parse(PROFILE).unwrap();
    let choice: ColumnChoice = " Source / Target = destination ".parse().unwrap();
    profile.choose(&choice);
    assert_eq!(
        profile.column("Source / Target"),
        Some(ColumnMeaning::Destination)
    );
    let choice: ColumnChoice = "a=b=port".parse().unwrap();
    assert_eq!(
        (choice.heading.as_str(), choice.meaning),
        ("a=b", ColumnMeaning::Port)
    );
}

#[test]
fn what_is_wrong_is_said_with_line_and_key() {
    let choices = ColumnMeaning::choices();
    check(
        "[columns]\n\n\"Who\" = \"pear\"\n",
        &format!(
            "m.import.toml:3: columns.\"Who\": `pear` is no meaning of a column: expected {choices}"
        ),
    );
    check(
        "[columns]\n\"Who\" = 3\n",
        &format!("m.import.toml:2: columns.\"Who\": expected {choices} as a string"),
    );
    check(
        "columns = 3\n",
        "m.import.toml:1: columns: expected a table of \"heading\" = \"meaning\"",
    );
    check(
        "[columns]\n\"Who\" = \"peer\"\n\"WHO\" = \"role\"\n",
        "m.import.toml:2: columns.\"Who\": stands twice with different values, since letter case and white space make no difference: expected it once",
    );
    check(
        "[roles]\na = \" \"\n",
        "m.import.toml:2: roles.\"a\": expected the name of a role as a string",
    );
    check(
        "roles = []\n",
        "m.import.toml:1: roles: expected a table of \"alias\" = \"role\"",
    );
    check(
        "[sections]\nleave_out = \"Upgrading\"\n",
        "m.import.toml:2: sections.leave_out: expected a list of headings, such as [\"Upgrading\"]",
    );
    check(
        "[sections]\nleave_out = [\n  \"a\",\n  3,\n]\n",
        "m.import.toml:4: sections.leave_out: expected headings of sections as strings",
    );
    check(
        "[colums]\na = \"port\"\n",
        "m.import.toml:1: unknown field `colums`, expected one of `columns`, `roles`, `sections`",
    );
}

#[track_caller]
fn check(text: &str, said: &str) {
    assert_eq!(parse(text).unwrap_err(), said);
}

#[test]
fn choices_that_are_none() {
    let wrong = |text: &str| text.parse::<ColumnChoice>().unwrap_err().to_string();
    assert!(wrong("Source").contains("expected a heading, `=` and a meaning"));
    assert!(wrong(" =peer").contains("expected a heading"));
    assert!(wrong("Source=pear").starts_with("`pear` is no meaning of a column: expected port, "));
}

#[test]
fn every_meaning_is_read_back() {
    for meaning in ColumnMeaning::ALL {
        assert_eq!(meaning.name().parse(), Ok(meaning));
    }
}
