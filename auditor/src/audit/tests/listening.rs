//! Which sockets listen for a rule.

use super::*;

/// Whether a socket at this address and device listens for a rule of these clients and servers, on which nothing was seen.
#[track_caller]
fn check(roles: [&str; 2], socket: (&str, u32), expected: bool) {
    let [client, server] = roles;
    let matrix = "name = \"M\"\n[[rule]]\nid = \"r\"\nclient = [\"c\"]\nserver = [\"s\"]\ntransport = \"tcp\"\nports = \"5432\"\n";
    let matrix = Matrix::parse(Path::new("m.toml"), matrix).unwrap();
    let deployment = format!("matrix = \"m.toml\"\n[roles]\nc = [{client}]\ns = [{server}]\n");
    let deployment = Deployment::parse(Path::new("a.toml"), &deployment).unwrap();
    let mut observed = observed(&[]);
    let own = ["10.0.0.10", "10.9.0.10", "fd00::10"];
    observed
        .host
        .addresses
        .extend(own.map(|one| one.parse::<IpAddr>().unwrap()));
    observed.host.apart = [3].into();
    let (address, device) = socket;
    observed.host.listeners = [Listener {
        transport: Transport::Tcp,
        port: 5432,
        address: address.parse().unwrap(),
        device,
    }]
    .into();
    let mut lookup = |_: &str| Ok(Vec::new());
    let policy = Policy::new(
        &[matrix],
        Some(&deployment),
        &[],
        &observed.host,
        &mut lookup,
    );
    let found = judge(&policy.unwrap(), &observed).rules.remove(0);
    assert_eq!(found.verdict.name(), "missing");
    assert_eq!(found.listening, Some(expected), "{roles:?} {socket:?}");
}

#[test]
fn what_listens_elsewhere_does_not_listen() {
    let four = ["\"10.0.0.20\"", "\"10.0.0.10\""];
    check(four, ("0.0.0.0", 0), true);
    check(four, ("10.0.0.10", 0), true);
    check(four, ("127.0.0.1", 0), false);
    // Of another network, in which the rule's servers are not.
    check(four, ("10.9.0.10", 0), false);
    check(four, ("::", 0), false);
    check(four, ("fd00::10", 0), false);
    // Bound to an interface that is watched, and to one that is not.
    check(four, ("0.0.0.0", 2), true);
    check(four, ("0.0.0.0", 3), false);
    let six = ["\"fd00::20\"", "\"fd00::10\", \"10.0.0.10\""];
    check(six, ("0.0.0.0", 0), false);
    check(six, ("10.0.0.10", 0), false);
    check(six, ("::", 0), true);
    check(["\"any\"", "\"10.0.0.10\""], ("0.0.0.0", 0), true);
}
