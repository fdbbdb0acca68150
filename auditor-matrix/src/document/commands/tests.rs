use super::{Direction, read};

/// Each command as `source -> destination transports ports`, or what keeps it from being a row.
fn shown(code: &str) -> Vec<String> {
    read(code)
        .iter()
        .flat_map(|read| match &read.outcome {
            Err(problem) => vec![format!("{}: {problem}", read.n_lines_before)],
            Ok(commands) => commands
                .iter()
                .map(|command| {
                    let ports: Vec<String> = command
                        .ports
                        .iter()
                        .flat_map(|group| group.ranges.iter().map(ToString::to_string))
                        .collect();
                    let transports: Vec<&str> =
                        command.transports.iter().map(|one| one.name()).collect();
                    let mut text = format!(
                        "{}: {} -> {} {} {}",
                        read.n_lines_before,
                        command.source.as_deref().unwrap_or("?"),
                        command.destination.as_deref().unwrap_or("?"),
                        transports.join("+"),
                        ports.join(",")
                    );
                    if command.direction == Some(Direction::Outbound) {
                        text.push_str(" out");
                    }
                    if command.is_denied {
                        text.push_str(" denied");
                    }
                    if command.is_loopback {
                        text.push_str(" loopback");
                    }
                    if let Some(service) = &command.service {
                        text.extend([" (", service, ")"]);
                    }
                    text
                })
                .collect(),
        })
        .collect()
}

#[track_caller]
fn check(code: &str, expected: &[&str]) {
    assert_eq!(shown(code), expected, "{code}");
}

#[test]
fn firewalld() {
    check(
        "sudo firewall-cmd --permanent --zone=public --add-port=8443/tcp --add-port 514/udp\nfirewall-cmd --reload",
        &["0: ? -> ? tcp 8443", "0: ? -> ? udp 514"],
    );
    check(
        "firewall-cmd --add-port={80/tcp,443/tcp} # web",
        &["0: ? -> ? tcp 80 (web)", "0: ? -> ? tcp 443 (web)"],
    );
    check(
        "firewall-cmd --add-service=https",
        &["0: ? -> ? tcp 443 (https)"],
    );
    check(
        "firewall-cmd --add-service=frobnicate",
        &[
            "0: the ports of the service `frobnicate` are not known here, so no rule was made of this command",
        ],
    );
    check(
        "firewall-cmd --add-rich-rule='rule family=\"ipv4\" source address=\"10.0.0.0/8\" port port=\"5432\" protocol=\"tcp\" accept'",
        &["0: 10.0.0.0/8 -> ? tcp 5432"],
    );
    check(
        "firewall-cmd --remove-port=23/tcp",
        &["0: this command takes a rule away, so no rule was made of it"],
    );
    check(
        "firewall-cmd --add-forward-port=port=80:proto=tcp:toport=8080",
        &[
            "0: this command is not understood at `--add-forward-port=port=80:proto=tcp:toport=8080`, so no rule was made of it; add one by hand if it opens a port",
        ],
    );
}

#[test]
fn ufw() {
    check("$ sudo ufw allow 6379/tcp", &["0: ? -> ? tcp 6379"]);
    check("ufw deny 23", &["0: ? -> ? tcp+udp 23 denied"]);
    check(
        "ufw allow from 10.0.0.0/8 to any port 5432 proto tcp comment 'store'",
        &["0: 10.0.0.0/8 -> ? tcp 5432 (store)"],
    );
    check(
        "ufw allow proto udp from any to 10.1.1.1 port 6000:6010",
        &["0: ? -> 10.1.1.1 udp 6000-6010"],
    );
    check("ufw allow out 53/udp", &["0: ? -> ? udp 53 out"]);
    check("ufw allow ssh", &["0: ? -> ? tcp 22"]);
    check(
        "ufw allow in on lo to any port 8080 proto tcp",
        &["0: ? -> ? tcp 8080 loopback"],
    );
    check("ufw enable\nufw default deny incoming\nufw status", &[]);
    check(
        "ufw delete allow 80/tcp",
        &["0: this command takes a rule away, so no rule was made of it"],
    );
    check(
        "ufw allow \"Nginx Full\"",
        &[
            "0: the ports of the service `Nginx Full` are not known here, so no rule was made of this command",
        ],
    );
}

#[test]
fn iptables() {
    check(
        "iptables -A INPUT -p tcp -m multiport --dports 80,443 -s 10.0.0.0/8 -j ACCEPT\n\
         ip6tables -I INPUT 3 -p udp --dport 514 -j ACCEPT\n\
         iptables -A INPUT -p tcp --dport 23 -j DROP\n\
         iptables -A OUTPUT -p tcp -d 192.0.2.1 --dport=443 -m state --state NEW,ESTABLISHED -j ACCEPT\n\
         iptables -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n\
         iptables -P INPUT DROP",
        &[
            "0: 10.0.0.0/8 -> ? tcp 80,443",
            "1: ? -> ? udp 514",
            "2: ? -> ? tcp 23 denied",
            "3: ? -> 192.0.2.1 tcp 443 out",
        ],
    );
    check(
        "iptables -A INPUT \\\n  -p tcp --dport 8000:8010 \\\n  -j ACCEPT\n-A RH-Firewall-1-INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
        &["0: ? -> ? tcp 8000-8010", "3: ? -> ? tcp 22"],
    );
    check(
        "iptables -A INPUT -i lo -p tcp --dport 2380 -j ACCEPT",
        &["0: ? -> ? tcp 2380 loopback"],
    );
    for (code, at) in [
        ("iptables -A FORWARD -p tcp --dport 80 -j ACCEPT", "FORWARD"),
        (
            "iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT",
            "nat",
        ),
        ("iptables -A INPUT -p tcp ! --dport 80 -j ACCEPT", "!"),
        ("iptables -A INPUT -p tcp --sport 80 -j ACCEPT", "--sport"),
        ("iptables -A INPUT -p tcp --dport 99999 -j ACCEPT", "99999"),
    ] {
        let expected = format!(
            "0: this command is not understood at `{at}`, so no rule was made of it; add one by hand if it opens a port"
        );
        check(code, &[&expected]);
    }
}

#[test]
fn nftables() {
    check(
        "nft add rule inet filter input udp dport 8089 accept\n\
         nft add rule ip filter input ip saddr 10.0.0.0/8 tcp dport { 80, 443 } counter accept\n\
         nft add rule inet filter input tcp dport \\{ 22,23 \\} drop\n\
         nft 'add rule filter output tcp dport 8000-8010 accept'",
        &[
            "0: ? -> ? udp 8089",
            "1: 10.0.0.0/8 -> ? tcp 80,443",
            "2: ? -> ? tcp 22,23 denied",
            "3: ? -> ? tcp 8000-8010 out",
        ],
    );
    check(
        "table inet filter {\n  chain input {\n    type filter hook input priority 0;\n    tcp dport 22 accept\n    tcp dport {80,443} ct state new accept;\n  }\n}",
        &["3: ? -> ? tcp 22", "4: ? -> ? tcp 80,443"],
    );
    check("tcp dport 22 accept", &[]);
}

#[test]
fn windows() {
    check(
        "netsh advfirewall firewall add rule name=\"Web UI\" dir=in action=allow protocol=TCP localport=443,8443",
        &["0: ? -> ? tcp 443,8443 (Web UI)"],
    );
    check(
        "New-NetFirewallRule -DisplayName \"Agents\" -Direction Inbound -Action Allow -Protocol TCP -LocalPort 80, 443 -RemoteAddress 10.0.0.0/8",
        &["0: 10.0.0.0/8 -> ? tcp 80,443 (Agents)"],
    );
    check(
        "PS C:\\> New-NetFirewallRule -DisplayName Telnet `\n  -Direction Inbound -LocalPort 23 -Protocol TCP -Action Block",
        &["0: ? -> ? tcp 23 denied (Telnet)"],
    );
    check(
        "New-NetFirewallRule -Name x -Direction Outbound -RemotePort 1433 -Protocol TCP -Action Allow",
        &["0: ? -> ? tcp 1433 out (x)"],
    );
}

#[test]
fn security_groups() {
    check(
        "aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 --cidr 203.0.113.0/24",
        &["0: 203.0.113.0/24 -> ? tcp 22"],
    );
    check("aws s3 ls", &[]);
}

#[test]
fn variables_and_loops() {
    check(
        "for p in 80 443; do firewall-cmd --add-port=$p/tcp; done\necho 5000",
        &[
            "0: this command is not understood at `for`, so no rule was made of it; add one by hand if it opens a port",
            "0: the value of `--add-port=$p/tcp` is not known, so no rule was made of this command",
        ],
    );
    check(
        "ufw allow from <jump host> to any port 22 proto tcp",
        &[
            "0: this command is not understood at `host>`, so no rule was made of it; add one by hand if it opens a port",
        ],
    );
}

proptest::proptest! {
    #[test]
    fn any_code_is_read(code in "((ufw|iptables|nft|firewall-cmd|netsh|aws ec2|allow|add rule|-A INPUT|-p tcp|--dport|80,|443|--add-port=|\\{|\\}|'|\"|\\\\|#|\\$|;|from|to|port|proto|\n|tcp dport|chain input|accept) ?){0,24}") {
        let _commands = read(&code);
        let _is_command = super::is_command(&code);
    }
}

#[test]
fn commented_out() {
    const COMMENT: &str = "this command is commented out, so no rule was made of it";
    check(
        "ufw allow 443/tcp\n# ufw allow 8080/tcp",
        &["0: ? -> ? tcp 443", &format!("1: {COMMENT}")],
    );
    check(
        "  # -A INPUT -p tcp --dport 389 -j ACCEPT",
        &[&format!("0: {COMMENT}")],
    );
    // A prompt, where each command has it.
    check(
        "# ufw allow 443/tcp\nRule added\n# ufw allow 8080/tcp",
        &["0: ? -> ? tcp 443", "2: ? -> ? tcp 8080"],
    );
}
