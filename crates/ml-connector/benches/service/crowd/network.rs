//! The hosts of a crowd: network namespaces of their own with a bridge between them, where this machine permits that;
//! else addresses of the loopback with cables that can be cut. Whatever it made is gone with it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use super::super::process::Sandbox;
use super::cable::{Cable, Target};

/// The network of this process's hosts: the bridge is .1, the first host .2.
fn prefix() -> String {
    format!("10.231.{}", std::process::id() % 256)
}

/// How workers reach the database and the vendors.
pub struct Network {
    hosts: Vec<Host>,
    /// The machine's end of the hosts' network.
    bridge: Option<String>,
    /// Where the vendors are reached over the bridge, and the cable behind it once they are there.
    vendors: Option<(TcpListener, SocketAddr)>,
    vendors_cable: Mutex<Option<Cable>>,
}

struct Host {
    database: Cable,
    /// Its network namespace and the machine's end of its link.
    link: Option<(String, String)>,
    /// Where it reaches the vendors, without a namespace.
    vendors: Mutex<Option<Cable>>,
}

impl Network {
    /// Lays the network of so many hosts to a database's socket.
    pub fn lay(hosts: usize, socket: PathBuf) -> Self {
        let mut network = Self { hosts: Vec::new(), bridge: None, vendors: None, vendors_cable: Mutex::default() };
        if hosts == 0 {
            return network;
        }
        let bridge = format!("mlc{}", std::process::id() % 100_000);
        let namespaces = network.lay_bridge(&bridge);
        for number in 0..hosts {
            let link = namespaces.then(|| host_of(&bridge, number));
            let address = if namespaces { format!("{}.1:0", prefix()) } else { format!("127.0.0.{}:0", number + 2) };
            let database = Cable::lay(TcpListener::bind(address).unwrap(), Target::Socket(socket.clone()));
            network.hosts.push(Host { database, link, vendors: Mutex::default() });
        }
        network
    }

    /// Whether the machine let us make one.
    fn lay_bridge(&mut self, bridge: &str) -> bool {
        let made = ip(&["link", "add", bridge, "type", "bridge"]);
        if !made {
            return false;
        }
        self.bridge = Some(bridge.to_owned());
        let up =
            ip(&["addr", "add", &format!("{}.1/24", prefix()), "dev", bridge]) && ip(&["link", "set", bridge, "up"]);
        let listener = TcpListener::bind(format!("{}.1:0", prefix())).ok().filter(|_| up);
        self.vendors = listener.map(|listener| {
            let address = listener.local_addr().unwrap();
            (listener, address)
        });
        self.vendors.is_some()
    }

    /// What the hosts are, in words.
    pub fn kind(&self) -> &'static str {
        match (&self.bridge, self.hosts.len()) {
            (_, 0) => "one host",
            (Some(_), _) => "hosts in network namespaces of their own",
            (None, _) => "hosts on loopback addresses, since no network namespace may be made here",
        }
    }

    /// How the vendors' gateway is called within the network, where it has a name of its own there.
    pub fn gateway_url(&self) -> Option<String> {
        self.vendors.as_ref().map(|(_, address)| format!("http://{address}/ia/xml/xmlgw.phtml"))
    }

    /// Connects the hosts with the vendors.
    pub fn lead_to_sandbox(&self, sandbox: &Sandbox) {
        let target = Target::Address(address_of(sandbox.url("intacct")));
        match &self.vendors {
            Some((listener, _)) => {
                let cable = Cable::lay(listener.try_clone().unwrap(), target);
                *self.vendors_cable.lock().unwrap() = Some(cable);
            }
            None => {
                for (number, host) in self.hosts.iter().enumerate() {
                    let listener = TcpListener::bind(format!("127.0.0.{}:0", number + 2)).unwrap();
                    *host.vendors.lock().unwrap() = Some(Cable::lay(listener, target.clone()));
                }
            }
        }
    }

    /// A vendor's address as a host sees it.
    pub fn seen_from(&self, host: usize, url: &str) -> String {
        let own = || self.hosts.get(host)?.vendors.lock().unwrap().as_ref().map(|cable| cable.address);
        let seen = self.vendors.as_ref().map(|(_, address)| *address).or_else(own);
        seen.map_or_else(|| url.to_owned(), |seen| url.replace(&address_of(url).to_string(), &seen.to_string()))
    }

    /// Where a host finds the database.
    pub fn database_of(&self, host: usize) -> SocketAddr {
        self.hosts[host].database.address
    }

    /// The words before a program that runs on a host.
    pub fn words_of(&self, host: usize) -> Vec<String> {
        let namespace = self.hosts.get(host).and_then(|host| host.link.as_ref());
        let words = namespace.map(|(namespace, _)| ["ip", "netns", "exec", namespace].map(str::to_owned).to_vec());
        words.unwrap_or_default()
    }

    /// A host loses its link.
    pub fn cut(&self, host: usize) {
        self.switch(host, "down");
    }

    /// It has its link again.
    pub fn mend(&self, host: usize) {
        self.switch(host, "up");
    }

    fn switch(&self, number: usize, to: &str) {
        let host = &self.hosts[number];
        if let Some((_, link)) = &host.link {
            assert!(ip(&["link", "set", link, to]), "the link of a host cannot be set {to}");
            return;
        }
        let vendors = host.vendors.lock().unwrap();
        for cable in [Some(&host.database), vendors.as_ref()].into_iter().flatten() {
            if to == "up" { cable.mend() } else { cable.cut() }
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for (namespace, _) in self.hosts.iter().filter_map(|host| host.link.as_ref()) {
            // Its end of the link goes with it, and the machine's with that.
            ip(&["netns", "del", namespace]);
        }
        if let Some(bridge) = &self.bridge {
            ip(&["link", "del", bridge]);
        }
    }
}

/// Makes a host: its namespace, and a link from there to the bridge.
fn host_of(bridge: &str, number: usize) -> (String, String) {
    let namespace = format!("{bridge}-{number}");
    let (here, there) = (format!("{bridge}h{number}"), format!("{bridge}n{number}"));
    let address = format!("{}.{}/24", prefix(), number + 2);
    let steps: [&[&str]; 7] = [
        &["netns", "add", &namespace],
        &["link", "add", &here, "type", "veth", "peer", "name", &there],
        &["link", "set", &there, "netns", &namespace],
        &["link", "set", &here, "master", bridge, "up"],
        &["-n", &namespace, "addr", "add", &address, "dev", &there],
        &["-n", &namespace, "link", "set", &there, "up"],
        &["-n", &namespace, "link", "set", "lo", "up"],
    ];
    for step in steps {
        assert!(ip(step), "ip {}", step.join(" "));
    }
    (namespace, here)
}

/// Whether a step of the network's set-up went well.
fn ip(words: &[&str]) -> bool {
    let ran = Command::new("ip").args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ran.is_ok_and(|status| status.success())
}

fn address_of(url: &str) -> SocketAddr {
    url.strip_prefix("http://").unwrap().split('/').next().unwrap().parse().unwrap()
}
