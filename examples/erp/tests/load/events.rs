//! What happens to the server while companies work.

use tenantry::migrate::{Migrations, Migrator};
use tenantry::policy::manifest::Manifest;
use tokio_postgres::{Config, NoTls};

use crate::parts::database::PASSWORD;
use crate::parts::path;
use crate::world::World;

/// Types of columns that companies read and write meanwhile. Each stands in a file of its own: one that held locks on several tables would stand in
/// a deadlock with whoever reads them in another order.
const MIGRATIONS: [(&str, &str); 3] = [
    ("V7__wider_prices.sql", "ALTER TABLE product ALTER COLUMN price TYPE numeric(16, 2);"),
    ("V8__shorter_tax_numbers.sql", "ALTER TABLE customer ALTER COLUMN tax_number TYPE varchar(40);"),
    ("V9__wider_payments.sql", "ALTER TABLE invoice ALTER COLUMN paid TYPE numeric(16, 2);"),
];

impl World {
    /// Ends every connection of the service.
    pub async fn kill_backends(&self) {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE usename IN ('erp_app', 'erp_system')";
        let admin = self.database.connect().await.unwrap();
        let killed: i64 = admin.query_one(sql, &[]).await.unwrap().get(0);
        assert!(killed > 0);
    }

    /// Gives the role another password, then the service, and ends what was opened with the one before.
    pub async fn rotate_password(&self) {
        let password = "another for this machine alone";
        let admin = self.database.connect().await.unwrap();
        admin.batch_execute(&format!("ALTER ROLE erp_app PASSWORD '{password}'")).await.unwrap();
        let (new, file) = (self.folder.path().join("new"), self.folder.path().join("app-password"));
        std::fs::write(&new, password).unwrap();
        std::fs::rename(new, file).unwrap();
        self.kill_backends().await;
        assert!(self.database.connect_as("erp_app", PASSWORD).await.is_err());
    }

    /// Has the migrator apply further migrations.
    pub async fn migrate(&self) {
        let folder = self.folder.path().join("migrations");
        std::fs::create_dir(&folder).unwrap();
        for entry in std::fs::read_dir(path("migrations")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        for (name, sql) in MIGRATIONS {
            std::fs::write(folder.join(name), sql).unwrap();
        }
        let text = std::fs::read_to_string(path("tenantry.toml")).unwrap();
        let manifest = Manifest::parse(&text).unwrap();
        let config: Config = self.database.url_as("erp_migrator", PASSWORD).parse().unwrap();
        let connect = || async {
            let (client, connection) = config.connect(NoTls).await?;
            tokio::spawn(connection);
            Ok(client)
        };
        let migrations = Migrations::read(&folder).unwrap();
        Migrator::new(manifest, migrations)
            .run(connect)
            .await
            .unwrap_or_else(|stopped| panic!("{stopped:?}"));
        let sql = "SELECT string_agg(format_type(atttypid, atttypmod), ', ' ORDER BY attrelid::regclass::text) FROM pg_attribute
            WHERE (attrelid::regclass::text, attname) IN (('customer', 'tax_number'), ('invoice', 'paid'), ('product', 'price'))";
        let admin = self.database.connect().await.unwrap();
        let types: String = admin.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(types, "character varying(40), numeric(16,2), numeric(16,2)");
    }
}
