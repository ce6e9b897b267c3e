//! Law 14: a plan, a fix or an adoption leaves nobody with less than there was, unless it says so.
//!
//! Whoever applies one in a test applies it here, so that all of them are held to the law.

use std::collections::BTreeSet;

use tenantry::plan::Plan;
use tenantry::{Result, migrate};
use tokio_postgres::{Client, NoTls};

/// What a role may do and what rows have to be like.
#[derive(Clone, Debug)]
pub struct Held(BTreeSet<Fact>);

/// One right, or one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    kind: String,
    /// The object that it is about, as plans write it.
    pub object: String,
    /// The privilege, the constraint, or the pairs of columns of a reference.
    pub what: String,
    /// The role, or what else a reference says.
    whose: String,
    /// The table that it is a partition of.
    root: Option<String>,
}

impl Held {
    /// What the app role and PUBLIC may do now, and what is refused.
    pub async fn of(client: &Client, app: &str) -> Self {
        let rows = client.query(include_str!("kept.sql"), &[&app]).await.unwrap();
        let fact = |row: &tokio_postgres::Row| Fact {
            kind: row.get(0),
            object: row.get(1),
            what: row.get::<_, Option<String>>(2).unwrap_or_default(),
            whose: row.get(3),
            root: row.get(4),
        };
        Self(rows.iter().map(fact).collect())
    }

    /// The same, for a test that does not wait.
    pub fn of_database(url: &str, app: &str) -> Self {
        let (url, app) = (url.to_owned(), app.to_owned());
        let reading = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
                let connection = tokio::spawn(connection);
                let held = Self::of(&client, &app).await;
                drop(client);
                connection.await.unwrap().unwrap();
                held
            })
        });
        reading.join().unwrap()
    }

    /// What there was before and is no more, and that nobody said.
    pub fn lost(&self, after: &Self, is_told: impl Fn(&Fact) -> bool) -> Vec<String> {
        let lost = self.0.iter().filter(|fact| !after.has(fact) && !is_told(fact));
        lost.map(|fact| format!("{fact:?}")).collect()
    }

    /// Fails if a plan has taken something away without saying so.
    #[track_caller]
    pub fn kept_by(&self, after: &Self, plan: &Plan) {
        let lost = self.lost(after, |fact| fact.is_told(plan));
        assert!(lost.is_empty(), "the plan takes away, without saying so: {lost:#?}");
    }

    fn has(&self, fact: &Fact) -> bool {
        self.0.contains(fact)
            || match fact.kind.as_str() {
                // What holds for the table holds for the column.
                "column" => {
                    let table = fact.object.rsplit_once('.').map(|(table, _)| table.to_owned()).unwrap();
                    self.0.contains(&Fact { kind: "right".to_owned(), object: table, ..fact.clone() })
                }
                // A reference may ask for more columns than before, and of rows of which it did not ask.
                "reference" => self.0.iter().any(|other| {
                    let pairs: BTreeSet<&str> = other.what.split(',').collect();
                    (&other.kind, &other.object) == (&fact.kind, &fact.object)
                        && fact.what.split(',').all(|pair| pairs.contains(pair))
                        && is_as_strong(&other.whose, &fact.whose)
                }),
                // An adoption that is gone on with puts the one in the place of the other.
                "rule" => {
                    successor(&fact.what).is_some_and(|what| self.0.contains(&Fact { what, ..fact.clone() }))
                }
                _ => false,
            }
    }
}

/// What says the same as a check that a column is not null, or as a unique index.
fn successor(rule: &str) -> Option<String> {
    if let Some(index) = rule.strip_prefix("CREATE UNIQUE INDEX ON ") {
        return Some(format!("UNIQUE {}", index.split_once(" USING btree ")?.1));
    }
    let column =
        rule.trim_end_matches(" NOT VALID").strip_prefix("CHECK ((")?.strip_suffix(" IS NOT NULL))")?;
    Some(format!("{column} NOT NULL"))
}

/// Whether a reference says at least what another one did.
fn is_as_strong(now: &str, before: &str) -> bool {
    let mut reached = vec![now.to_owned()];
    for (strong, weak) in [("valid=true", "valid=false"), ("enforced=true", "enforced=false")] {
        let weaker: Vec<String> = reached.iter().map(|of| of.replace(strong, weak)).collect();
        reached.extend(weaker);
    }
    reached.iter().any(|of| of == before)
}

impl Fact {
    /// Whether it is a unique rule.
    pub fn is_unique(&self) -> bool {
        self.kind == "rule" && (self.what.starts_with("UNIQUE") || self.what.starts_with("CREATE UNIQUE"))
    }

    /// Whether it is a right that an owner has and that is not for services. UPDATE of a sequence is `setval`.
    pub fn is_an_owners(&self) -> bool {
        let of_owners = ["TRUNCATE", "REFERENCES", "TRIGGER", "CREATE"];
        match self.kind.as_str() {
            "right" | "column" => of_owners.contains(&self.what.as_str()),
            "sequence" => self.what == "UPDATE",
            _ => false,
        }
    }

    /// Whether it is a right of the role, or of PUBLIC, and these words take it away.
    fn is_taken(&self, object: &str, what: &str) -> bool {
        let table =
            if self.kind == "column" { self.object.rsplit_once('.').map(|(table, _)| table) } else { None };
        let of_partition = self.root.as_deref() == Some(object) && what.contains("on each of them");
        let is_it = of_partition || object == table.unwrap_or(&self.object);
        let role = what.contains(&self.whose) || what.contains("PUBLIC");
        is_it && role && what.contains(&self.what) && (what.starts_with("no ") || what.contains("it loses "))
    }

    /// Whether a report says that it goes, in a line with the object's name.
    pub fn is_said(&self, report: &str) -> bool {
        report.lines().any(|line| {
            line.contains(&self.object)
                && line.contains(&self.what)
                && (line.contains("no ") || line.contains("it loses "))
        })
    }

    /// Whether a plan says that it goes.
    fn is_told(&self, plan: &Plan) -> bool {
        let by_step = plan.steps.iter().any(|step| self.is_taken(&step.object, &step.what));
        let by_remark = plan.remarks.iter().any(|remark| self.is_taken(&remark.object, &remark.what));
        let role = format!("role {}", self.whose);
        let gives_up =
            plan.remarks.iter().any(|remark| remark.object == role && remark.what.contains("gives up"));
        by_step || by_remark || (gives_up && self.is_an_owners())
    }
}

/// Applies a plan, which leaves the app role nothing less than it had.
pub async fn apply(client: &mut Client, app: &str, plan: &Plan) -> Result<()> {
    let before = Held::of(client, app).await;
    migrate::apply(client, &plan.up()?).await?;
    before.kept_by(&Held::of(client, app).await, plan);
    Ok(())
}
