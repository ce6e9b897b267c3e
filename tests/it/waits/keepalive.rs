//! TCP notices a connection that has gone silent.

use tenantry::{Config, TenantPool};

use crate::support::erp::{Erp, tenant};

/// When the kernel next asks the other side of each connection to a port, in hundredths of a second, off its own
/// table, see `Documentation/networking/proc_net_tcp.rst` of Linux.
#[cfg(target_os = "linux")]
fn keepalives(port: u16) -> Vec<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let to_port = format!(":{port:04X}");
    let established = rows.filter(|row| row[2].ends_with(&to_port) && row[3] == "01");
    // A timer of another kind runs while something is unconfirmed.
    let keeping = established.filter_map(|row| row[5].strip_prefix("02:"));
    keeping.map(|when| u64::from_str_radix(when, 16).unwrap()).collect()
}

/// By name, by address, and with several hosts, which the crate goes through itself.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_tcp_connection_is_asked_whether_it_is_there() {
    let erp = Erp::new().await;
    let given: Config = erp.app_url().parse().unwrap();
    let routes: [&dyn Fn(&mut Config); 3] = [
        &|config| _ = config.host("localhost"),
        &|config| _ = config.hostaddr([127, 0, 0, 1].into()),
        &|config| _ = config.host_path("/nowhere").host("127.0.0.1"),
    ];
    for route in routes {
        for (set, longest) in [(None, 3_000), (Some(400), 40_000)] {
            let proxy = crate::support::swallower::Swallower::start(erp.address()).await;
            let mut config = Config::new();
            config.user(given.get_user().unwrap()).password(given.get_password().unwrap());
            config.dbname(given.get_dbname().unwrap()).port(proxy.port());
            route(&mut config);
            if let Some(idle) = set {
                config.keepalives_idle(std::time::Duration::from_secs(idle));
            }
            let pool = TenantPool::builder_from_config(config).max_size(1).build().await.unwrap();
            pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();
            crate::support::eventually("a timer of the kernel's", || async {
                let timers = keepalives(proxy.port());
                timers.len() == 1 && timers[0] <= longest && (set.is_none() || timers[0] > 3_000)
            })
            .await;
            drop(pool);
        }
    }
}
