//! Who asks whom where a page tells who must let what pass.

use super::{marked_ends::derived, tables::check};
use crate::document::Format;

#[track_caller]
fn markdown(page: &str, expected: &[&str]) {
    check(&derived(page, Format::Markdown), expected);
}

#[track_caller]
fn sentence(text: &str, expected: &[&str]) {
    markdown(&format!("# Firewall\n\n{text}\n"), expected);
}

#[test]
fn who_lets_something_pass_is_an_end_unless_it_stands_between() {
    for subject in [
        "Endpoints",
        "The console",
        "Each appliance",
        "Your scanners",
    ] {
        let name = subject
            .trim_start_matches("The ")
            .trim_start_matches("Each ")
            .trim_start_matches("Your ");
        let inbound = format!("branch offices -> {name} tcp/7001");
        for says in [
            "must allow inbound TCP 7001 from the branch offices.",
            "must accept connections from the branch offices on TCP port 7001.",
            "should permit incoming traffic on TCP 7001 from the branch offices.",
            "on TCP 7001 must be reachable from the branch offices.",
        ] {
            sentence(&format!("{subject} {says}"), &[&inbound]);
        }
        sentence(
            &format!("{subject} must permit outbound TCP 7001 to the branch offices."),
            &[&format!("{name} -> branch offices tcp/7001")],
        );
    }
    for between in [
        "The firewall",
        "Your network",
        "The security group",
        "A router",
    ] {
        sentence(
            &format!("{between} must allow inbound TCP 7001 from the branch offices."),
            &["branch offices -> hosts tcp/7001"],
        );
        sentence(
            &format!("{between} must let the branch offices through to the console on TCP 7001."),
            &["branch offices -> console tcp/7001"],
        );
    }
}

#[test]
fn what_follows_says_who_reaches_it() {
    sentence(
        "TCP 7001 must be open on the ledger so that the branch offices can reach it.",
        &["branch offices -> ledger tcp/7001"],
    );
    sentence(
        "Make sure that no firewall blocks TCP 7001 from the branch offices to the ledger.",
        &["branch offices -> ledger tcp/7001"],
    );
    sentence(
        "Open TCP 7001 on the ledger for the branch offices.",
        &["branch offices -> ledger tcp/7001"],
    );
    // What a port is for is nobody.
    sentence(
        "Open TCP 7001 on the Ledger for statistics.",
        &["clients -> Ledger tcp/7001"],
    );
}

#[test]
fn who_asks_is_said_by_the_sentence_behind() {
    sentence(
        "The till listens on TCP 7001. Only the update server needs to reach this port.",
        &["update server -> till tcp/7001"],
    );
    sentence(
        "The Store listens on TCP 7001. Users must be able to access it.",
        &["Users -> Store tcp/7001"],
    );
    // Whom the Gate reaches says nothing of who reaches the Gate.
    sentence(
        "The Gate listens on TCP 7001. The Gate needs to reach the Store.",
        &["clients -> Gate tcp/7001"],
    );
    sentence(
        "The Gate listens on TCP 7001. Tills must not reach this port.",
        &["Tills -> Gate tcp/7001", "clients -> Gate tcp/7001"],
    );
}

#[test]
fn who_opens_is_the_client() {
    for opens in ["initiated", "opened", "established"] {
        sentence(
            &format!("Between the probes and the core, TCP 7001 is {opens} by the core."),
            &["core -> probes tcp/7001"],
        );
    }
}

#[test]
fn who_initiates_below_its_own_heading_asks_others() {
    let item = |says: &str| {
        format!(
            "# Ports used by the Ledger\n\n## Communication with Agents\n\n- TCP 7001: {says}\n"
        )
    };
    markdown(
        &item("initiated by the agent, check-in"),
        &["Agents -> servers tcp/7001"],
    );
    markdown(
        &item("initiated by the core, remote control"),
        &["core -> Agents tcp/7001"],
    );
    // Who opens a port or starts a program asks nobody.
    for says in ["opened by the installer", "started by the service manager"] {
        markdown(&item(says), &["clients -> Agents tcp/7001"]);
    }
}

#[test]
fn what_is_nobody_stays_nobody() {
    for what in ["Docker", "Zookeeper", "Borealis", "updates"] {
        sentence(
            &format!("Open TCP 7001 on the Core for {what}."),
            &["clients -> Core tcp/7001"],
        );
    }
    for who in ["Administrators", "Your organization", "The site operators"] {
        sentence(
            &format!("{who} must allow inbound TCP 7001 from the Gate."),
            &["Gate -> hosts tcp/7001"],
        );
    }
    // Under a condition somebody else asks, too.
    sentence(
        "The till listens on TCP 7001. If guests need to reach it, a proxy is needed.",
        &["clients -> till tcp/7001"],
    );
}

#[test]
fn articles_in_lists_of_names() {
    let table = |from: &str| {
        format!("# Ports\n\n| From | To | Port |\n|--|--|--|\n| {from} | Store | 7001/tcp |\n")
    };
    markdown(
        &table("Tills and the Gate"),
        &["Tills+Gate -> Store tcp/7001"],
    );
    markdown(
        &table("Tills, the Desk and the Gate"),
        &["Tills+Desk+Gate -> Store tcp/7001"],
    );
    // What explains a name is none.
    markdown(
        &table("Core, the central server"),
        &["Core, the central server -> Store tcp/7001"],
    );
}

#[test]
fn lists_that_say_to_whom_they_are_open() {
    markdown(
        "# Firewall\n\nThe following ports must be opened for intra-cluster communication (they do not need to be exposed to guests, \
         only to other tills in the cluster and the Gate node):\n\n* 7001 - ledger\n",
        &["other tills in the cluster+Gate node+cluster nodes -> cluster nodes tcp/7001"],
    );
    markdown(
        "# Firewall\n\nOpen these ports to administrators or users monitoring the system:\n\n* 7001\n",
        &["administrators+users -> hosts tcp/7001"],
    );
    markdown(
        "# Firewall\n\nTill nodes from/to manager:\n\n- 7001 (node-to-node)\n\nManager to/from drawers:\n\n- 7002\n",
        &[
            "Till nodes -> manager tcp/7001",
            "manager -> Till nodes tcp/7001",
            "Manager -> drawers tcp/7002",
            "drawers -> Manager tcp/7002",
        ],
    );
}

#[test]
fn whose_ports_a_title_or_a_sentence_announces() {
    let table = "\n\n| Source | Port |\n|--|--|\n| Internal | 7001/tcp |\n";
    markdown(
        &format!("# Ports and port ranges used by Acme Store Software{table}"),
        &["Internal -> Acme Store Software tcp/7001"],
    );
    markdown(
        &format!("# Ports\n\nThe current Borealis release uses the following ports:{table}"),
        &["Internal -> Borealis tcp/7001"],
    );
    markdown(
        "# Outbound ports\n\nThis table lists the outbound ports that are required for Acme tills to fully function.\n\n| Target | Port |\n|--|--|\n| Store | 7001/tcp |\n",
        &["Acme tills -> Store tcp/7001"],
    );
}

#[test]
fn conditions_behind_a_label() {
    for label in [
        "*Note:* This port is required",
        "Note: Needed",
        "**Important:** Required",
        "Only needed",
    ] {
        for joint in ["only if", "if", "when"] {
            markdown(
                &format!(
                    "# Ports\n\n| From | To | Port | Notes |\n|--|--|--|--|\n| Tills | Store | 7001/tcp | {label} {joint} mail export is enabled. |\n"
                ),
                &["Tills -> Store tcp/7001 [mail-export-enabled]"],
            );
        }
    }
    // What comes of a port that is shut is no condition of its traffic.
    for says in [
        "Note: If you close port 7001, users lose access.",
        "If this port is blocked, mail is lost.",
    ] {
        markdown(
            &format!(
                "# Ports\n\n| From | To | Port | Notes |\n|--|--|--|--|\n| Tills | Store | 7001/tcp | {says} |\n"
            ),
            &["Tills -> Store tcp/7001"],
        );
    }
    // A state of the deployment at the end of a longer sentence is one.
    markdown(
        "# Ports\n\n| From | To | Port | Notes |\n|--|--|--|--|\n| Tills | Store | 7001/tcp | Used by tills connecting to the directory of the site if single sign-on is enabled. |\n",
        &["Tills -> Store tcp/7001 [single-sign-on-enabled]"],
    );
}

#[test]
fn a_condition_that_was_not_read_is_said() {
    let remarks = |notes: &str| {
        let page = format!(
            "# Ports\n\n| From | To | Port | Notes |\n|--|--|--|--|\n| Tills | Store | 7001/tcp | {notes} |\n"
        );
        derived(&page, Format::Markdown)
            .problems
            .iter()
            .any(|problem| problem.message.contains("under which condition"))
    };
    assert!(remarks(
        "Tills of a site ask for prices unless the site has a copy of its own."
    ));
    assert!(remarks(
        "Prices, in case somebody has changed them at night."
    ));
    assert!(!remarks("Prices of the day."));
    assert!(!remarks("Required only if prices are shared."));
}
