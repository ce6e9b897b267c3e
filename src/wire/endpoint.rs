//! The hosts of a configuration, one by one.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
#[cfg(unix)]
use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host as ConfigHost, LoadBalanceHosts};

const DEFAULT_PORT: u16 = 5432;

/// One place to connect to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: Host,
    port: u16,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// A host by name, whose address may be given too.
    Name { name: String, address: Option<IpAddr> },
    /// A host by its address alone.
    Address(IpAddr),
    #[cfg(unix)]
    Socket(PathBuf),
}

/// The places that a configuration names, in the order in which they are to be tried.
pub(super) fn endpoints(config: &Config) -> Vec<Endpoint> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let mut endpoints: Vec<Endpoint> = (0..hosts.len().max(addresses.len()))
        .filter_map(|n| {
            let port = ports.get(n).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
            let host = match (hosts.get(n), addresses.get(n)) {
                (Some(ConfigHost::Tcp(name)), address) => {
                    Host::Name { name: name.clone(), address: address.copied() }
                }
                (_, Some(address)) => Host::Address(*address),
                #[cfg(unix)]
                (Some(ConfigHost::Unix(folder)), None) => {
                    Host::Socket(folder.join(format!(".s.PGSQL.{port}")))
                }
                (None, None) => return None,
            };
            Some(Endpoint { host, port })
        })
        .collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random && !endpoints.is_empty() {
        // The standard library seeds each hasher at random.
        let start = RandomState::new().hash_one(0_u8) % endpoints.len() as u64;
        endpoints.rotate_left(usize::try_from(start).unwrap_or(0));
    }
    endpoints
}

impl Endpoint {
    /// The same configuration with this host alone. A host without a name goes by its address,
    /// which is then what a certificate has to be for.
    pub(super) fn alone(&self, from: &Config) -> Config {
        let mut config = Config::new();
        match &self.host {
            Host::Name { name, address } => {
                config.host(name);
                if let Some(address) = address {
                    config.hostaddr(*address);
                }
            }
            Host::Address(address) => {
                config.host(address.to_string()).hostaddr(*address);
            }
            #[cfg(unix)]
            Host::Socket(path) => {
                config.host_path(path.parent().unwrap_or(path));
            }
        }
        config
            .port(self.port)
            .ssl_mode(from.get_ssl_mode())
            .ssl_negotiation(from.get_ssl_negotiation())
            .channel_binding(from.get_channel_binding())
            .target_session_attrs(from.get_target_session_attrs())
            .keepalives(from.get_keepalives())
            .keepalives_idle(from.get_keepalives_idle());
        if let Some(user) = from.get_user() {
            config.user(user);
        }
        if let Some(password) = from.get_password() {
            config.password(password);
        }
        if let Some(name) = from.get_dbname() {
            config.dbname(name);
        }
        if let Some(options) = from.get_options() {
            config.options(options);
        }
        if let Some(name) = from.get_application_name() {
            config.application_name(name);
        }
        if let Some(limit) = from.get_connect_timeout() {
            config.connect_timeout(*limit);
        }
        if let Some(limit) = from.get_tcp_user_timeout() {
            config.tcp_user_timeout(*limit);
        }
        if let Some(interval) = from.get_keepalives_interval() {
            config.keepalives_interval(interval);
        }
        if let Some(retries) = from.get_keepalives_retries() {
            config.keepalives_retries(retries);
        }
        config
    }
}

#[cfg(test)]
mod tests {
    use super::{Host, endpoints};

    #[test]
    fn hosts_ports_and_addresses_go_together() {
        let config = "host=a,/run/postgresql,c hostaddr= port=1,2,3".parse::<tokio_postgres::Config>();
        let config = config.or_else(|_| "host=a,/run/postgresql,c port=1,2,3".parse()).unwrap();
        let found = endpoints(&config);
        assert_eq!(found.iter().map(|endpoint| endpoint.port).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(found[0].host, Host::Name { name: "a".to_owned(), address: None });
        assert_eq!(found[1].host, Host::Socket("/run/postgresql/.s.PGSQL.2".into()));
        assert_eq!(found[2].host, Host::Name { name: "c".to_owned(), address: None });
    }

    #[test]
    fn a_host_alone_keeps_everything_else() {
        let text = "hostaddr=127.0.0.1 port=7 user=u password=p dbname=d options='-c a.b=c' application_name=n \
            sslmode=require sslnegotiation=direct channel_binding=require target_session_attrs=read-write \
            connect_timeout=3 tcp_user_timeout=4 keepalives=0 keepalives_idle=5 keepalives_interval=6 keepalives_retries=7";
        let config: tokio_postgres::Config = text.parse().unwrap();
        let found = endpoints(&config);
        assert_eq!(found[0].host, Host::Address([127, 0, 0, 1].into()));
        let mut expected = config.clone();
        expected.host("127.0.0.1");
        assert_eq!(found[0].alone(&config), expected);
    }
}
