//! What sentences want of the traffic that they name.

use super::{Stance, stance};
use crate::document::prose::words::words;

#[test]
fn stances() {
    use Stance::{Forbidden, Unclear, Unneeded, Wanted};
    for (sentence, expected) in [
        ("Agents connect to the Core on port 443.", Wanted),
        ("Port 443 must not be blocked.", Wanted),
        (
            "Make sure that port 443 is not blocked by a firewall.",
            Wanted,
        ),
        ("Do not block port 443.", Wanted),
        ("Port 443 is open and cannot be changed.", Wanted),
        ("Not only agents connect on port 443.", Wanted),
        ("Port 80 is deprecated.", Wanted),
        (
            "Agents no longer connect to the Gateway on port 5000.",
            Unneeded,
        ),
        (
            "Clients do not need to reach the Broker on port 7171.",
            Unneeded,
        ),
        (
            "Clients don't have to reach the Broker on port 7171.",
            Unneeded,
        ),
        ("You need not open port 7171.", Unneeded),
        ("There is no need to open port 7171.", Unneeded),
        ("Port 5000 is not used any more.", Unneeded),
        ("Port 5000 is not required.", Unneeded),
        ("Port 5000 was removed in version 4.", Unneeded),
        ("The Core does not listen on port 80.", Unneeded),
        ("Connections to port 4508/TCP must be blocked.", Forbidden),
        (
            "Never allow guests to reach the Store on port 5432/TCP.",
            Forbidden,
        ),
        ("Port 5432 must not be exposed to the Internet.", Forbidden),
        ("Port 5432 should never be open to the Internet.", Forbidden),
        ("Do not open port 23.", Forbidden),
        ("Don\u{2019}t expose port 23.", Forbidden),
        (
            "Guests may not connect to the Store on port 5432.",
            Forbidden,
        ),
        (
            "Guests are not allowed to reach the Store on port 5432.",
            Forbidden,
        ),
        ("Access from guests on port 5432 is prohibited.", Forbidden),
        ("Deny port 23.", Forbidden),
        (
            "The Store is not reachable from the Internet on port 5432.",
            Forbidden,
        ),
        ("All ports except 22 are open.", Unclear),
        ("Use port 443 instead of port 80.", Unclear),
        ("SNMP traps are sent by the switches on UDP 162.", Wanted),
        ("In version 2 port 8080 was used.", Unneeded),
        ("Port 80 has been replaced by port 443.", Unclear),
        ("Guests must never have access to port 3306.", Forbidden),
        ("Guests should not have to use port 3306.", Unneeded),
        ("Without port 443 open, updates will not work.", Unclear),
        (
            "Otherwise replication on port 5432 will not start.",
            Unclear,
        ),
        // What others must leave free is for what the page is about.
        (
            "These ports cannot be in use by another service: 80, 443.",
            Wanted,
        ),
        ("Port 443 must not be used by another process.", Wanted),
        (
            "Make sure no other program is listening on port 443.",
            Wanted,
        ),
        ("Port 443 must not be used by other hosts.", Unclear),
        (
            "Although there is no firewall, port 443 is still required.",
            Wanted,
        ),
        (
            "A common cause is that port 443 is blocked by a firewall.",
            Wanted,
        ),
        ("Port 443 is blocked by the firewall.", Unclear),
        ("Port 443 is blocked by default.", Unclear),
        (
            "The reason for this is that port 443 must be closed.",
            Forbidden,
        ),
        (
            "Although we do not recommend it, you can open port 443.",
            Unneeded,
        ),
        ("Port 443 must be blocked by the firewall.", Forbidden),
        ("Port 6001 is reserved for future use.", Unneeded),
        (
            "Clients that don't use TLS connect to the Core on port 80.",
            Wanted,
        ),
        ("Open port 80 (we don't recommend clear text).", Wanted),
        ("Open port 80 (you don't need it for TLS).", Unneeded),
        ("We previously recommended blocking port 389.", Unclear),
        ("We recommend blocking port 389.", Forbidden),
        ("Used by clients without and with TLS on port 5671.", Wanted),
        ("Without port 443 nothing is replicated.", Unclear),
        ("Closing port 389 breaks the login.", Unclear),
        ("Port 389 may be blocked by a firewall.", Unclear),
        ("Agents cannot connect to the Core on port 389.", Unclear),
        ("By default the firewall blocks port 8443.", Unclear),
        (
            "The Internet must not be able to access port 8096 on the Core.",
            Forbidden,
        ),
        (
            "Open port 443 on the Core, otherwise connections are blocked.",
            Wanted,
        ),
        ("Open port 443, or the agents will be denied.", Wanted),
        ("Open port 443 or else requests are refused.", Wanted),
        (
            "Port 23 must be blocked, otherwise guests reach the Core.",
            Forbidden,
        ),
        ("Otherwise, block port 23.", Forbidden),
        (
            "Tills have stopped talking to the Core on port 6020.",
            Unneeded,
        ),
        ("Tills ceased to use port 6020.", Unneeded),
        ("Tills used to connect to the Core on port 6020.", Unneeded),
        ("The tills formerly connected to port 6020.", Unneeded),
        (
            "Previously tills connected to the Core on port 6020.",
            Unneeded,
        ),
        ("If the Core is to be stopped, open port 6020.", Wanted),
        ("Stop the Core and open port 6020.", Wanted),
        (
            "Tills never stop talking to the Core on port 6020.",
            Unclear,
        ),
        ("Port 6020 is used to connect to the Core.", Wanted),
        (
            "TCP ports 6020 and 6021 used to connect to the Core.",
            Wanted,
        ),
    ] {
        assert_eq!(stance(&words(sentence)), expected, "{sentence}");
    }
}
