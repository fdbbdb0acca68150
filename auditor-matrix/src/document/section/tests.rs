use super::{Names, Section, machines, section};
use crate::transport::Transport;

#[test]
fn sections() {
    let names = Names::default();
    let section = |heading| section(heading, &names);
    let none = Section::default();
    assert_eq!(
        section("TCP ports"),
        Section {
            transport: Some(Transport::Tcp),
            ..none.clone()
        }
    );
    assert_eq!(
        section("All nodes"),
        Section {
            role: Some("All nodes".to_owned()),
            ..none.clone()
        }
    );
    assert_eq!(
        section("Firewall for Machines Running Netagent")
            .role
            .as_deref(),
        Some("Machines Running Netagent")
    );
    assert_eq!(
        section("Between Cluster Nodes"),
        Section {
            role: Some("cluster nodes".to_owned()),
            is_within_role: true,
            ..none.clone()
        }
    );
    assert_eq!(
        section("Ports used for communication between nodes")
            .role
            .as_deref(),
        Some("nodes")
    );
    assert_eq!(section("Required ports for intracluster operation"), none);
    assert_eq!(section("External Connectivity"), none);
    let endpoints = |heading| {
        let ends = section(heading).endpoints?;
        Some((ends.source, ends.destination))
    };
    let both = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
    assert_eq!(
        endpoints("Ports used for all-machine to control plane communications"),
        both("all-machine", "control plane")
    );
    assert_eq!(
        endpoints("From the web servers to the store"),
        both("web servers", "store")
    );
    assert_eq!(endpoints("Inbound from Edge to Core"), both("Edge", "Core"));
    assert_eq!(endpoints("How to open ports"), None);
    assert_eq!(
        endpoints("Shop server access to stock (ACME) databases:"),
        both("Shop server", "stock databases")
    );
    assert_eq!(
        endpoints("Server to server access"),
        both("Server", "server")
    );
    assert_eq!(endpoints("Remote access to servers"), None);
    assert_eq!(
        section("Stock nodes access to each other:"),
        Section {
            role: Some("Stock nodes".to_owned()),
            is_within_role: true,
            ..none.clone()
        }
    );
    assert_eq!(endpoints("Introduction to Networking"), None);
    assert_eq!(
        endpoints("Web nodes to database servers"),
        both("Web nodes", "database servers")
    );
}

#[test]
fn a_role_is_a_noun() {
    let names = Names::default();
    let machines = |heading| machines(heading, &names);
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(machines("Install Control Plane"), some("Control Plane"));
    assert_eq!(
        machines("Requirements to install Acme Server"),
        some("Acme Server")
    );
    assert_eq!(machines("Table 1. Web nodes"), some("Web nodes"));
    assert_eq!(machines("2.1 Web nodes"), some("Web nodes"));
    assert_eq!(machines("A.1 Web nodes"), some("Web nodes"));
    assert_eq!(machines("Table A1. Web nodes"), some("Web nodes"));
    assert_eq!(machines("S3 Gateway (S3G)"), some("S3 Gateway"));
    assert_eq!(machines("Web nodes"), some("Web nodes"));
    assert_eq!(machines("Store"), some("Store"));
    assert!(super::names_machines("Mail Role", &names));
    assert!(!super::names_machines("IAM role", &names) && !super::names_machines("Role", &names));
    assert_eq!(machines("Before you begin"), None);
    assert_eq!(machines("Network requirements"), None);
    assert_eq!(machines("Ports with each of those rules"), None);
}
