//! A company: what it has, what it asks for, and what must stand in each answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::books::{Books, Outcome};
use crate::client::{Answer, Client};
use crate::parts::keys::SignIn;
use crate::tally::Tally;

/// What an invoice is paid with each time.
pub const PAID: &str = "1.00";

/// How many of what a company was told of are asked for again.
const RECENT: usize = 20;

pub struct Company {
    pub id: String,
    /// Stands in the name of each of its customers and products, and in no other company's.
    pub marker: String,
    token: String,
    customers: Vec<i64>,
    products: Vec<i64>,
    /// Each request that writes has a number: an invoice as the quantity on its first line, a payment in its key.
    written: AtomicU64,
    books: Mutex<Books>,
}

impl Company {
    /// Makes one, with two customers and two products.
    pub async fn make(client: &Client, sign_in: &SignIn, number: usize) -> Self {
        let marker = format!("company-{number:02}");
        let subject = format!("owner of {marker}");
        let body = json!({ "name": marker, "host": format!("{marker}.erp.example"), "subject": subject, "person": "Rahima" });
        let operator = sign_in.operator().unwrap();
        let made = client.post(&operator, "/companies", &body).await;
        let id = made.json()["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
        let token = sign_in.member(&id, &subject).unwrap();
        let add = async |path: &str, body: Value| {
            let made = client.post(&token, path, &body).await;
            made.json()["id"].as_i64().unwrap_or_else(|| panic!("{path}: {made:?}"))
        };
        let (mut customers, mut products) = (Vec::new(), Vec::new());
        for which in ["first", "second"] {
            customers.push(add("/customers", json!({ "name": format!("{which} of {marker}") })).await);
            let name = format!("{which} of {marker}");
            products.push(add("/products", json!({ "sku": which, "name": name, "price": "100.00" })).await);
        }
        Self {
            id,
            marker,
            token,
            customers,
            products,
            written: AtomicU64::new(1),
            books: Mutex::new(Books::default()),
        }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One request, of those that `dice` chooses. Whether it was answered with success.
    pub async fn act(&self, client: &Client, tally: &Tally, dice: u64) -> bool {
        match dice % 20 {
            0..=7 => self.read(client, tally, "invoices", "/invoices", Self::invoices).await,
            8 | 9 => self.read(client, tally, "customers", "/customers", Self::named).await,
            10 | 11 => self.read(client, tally, "products", "/products", Self::named).await,
            12 => self.read(client, tally, "export", "/invoices.csv", Self::export).await,
            13 => match self.recent(dice) {
                Some(id) => {
                    self.read(client, tally, "invoice", &format!("/invoices/{id}"), Self::whole).await
                }
                None => self.issue(client, tally).await,
            },
            14..=17 => self.issue(client, tally).await,
            _ => self.pay(client, tally, dice).await,
        }
    }

    pub async fn issue(&self, client: &Client, tally: &Tally) -> bool {
        let quantity = self.written.fetch_add(1, Ordering::Relaxed);
        let [first, second] = self.products[..] else { return false };
        let body = json!({
            "customer_id": self.customers[usize::try_from(quantity % 2).unwrap_or_default()],
            "lines": [
                { "product_id": first, "quantity": quantity.to_string() },
                { "product_id": second, "quantity": "0.335" },
            ],
        });
        let answer = client.post(&self.token, "/invoices", &body).await;
        tally.count("issue", &answer);
        let outcome = match answer.json()["id"].as_i64() {
            Some(id) if answer.is_success() => Outcome::Booked(id),
            _ if answer.is_refusal() => Outcome::Refused,
            _ => Outcome::Unknown,
        };
        if answer.is_success() {
            self.look(tally, "issue", &answer, |body| body["id"].is_i64() && self.is_own(body));
        }
        self.books().invoices.insert(quantity, outcome);
        answer.is_success()
    }

    /// Pays a part of an invoice. One that has come to nothing is asked for with the same key next time.
    async fn pay(&self, client: &Client, tally: &Tally, dice: u64) -> bool {
        let pending = self.books().pending.pop();
        let new = || {
            Some((self.recent(dice)?, format!("payment {}", self.written.fetch_add(1, Ordering::Relaxed))))
        };
        let Some((invoice, key)) = pending.or_else(new) else { return self.issue(client, tally).await };
        let path = format!("/invoices/{invoice}/payments");
        let answer = client.post_once(&self.token, &path, &key, &json!({ "amount": PAID })).await;
        tally.count("pay", &answer);
        if answer.is_success() {
            self.look(tally, "pay", &answer, |body| body["invoice_id"] == invoice && body["amount"] == PAID);
            self.books().payments.insert(key, invoice);
        } else {
            self.books().pending.push((invoice, key));
        }
        answer.is_success()
    }

    async fn read(
        &self,
        client: &Client,
        tally: &Tally,
        what: &'static str,
        path: &str,
        is_right: impl Fn(&Self, &Answer) -> bool,
    ) -> bool {
        let answer = client.get(&self.token, path).await;
        tally.count(what, &answer);
        if answer.is_success() && !is_right(self, &answer) {
            tally.wrong(format!("{} has read of {what}: {answer:?}", self.marker));
        }
        answer.is_success()
    }

    fn look(&self, tally: &Tally, what: &str, answer: &Answer, is_right: impl Fn(&Value) -> bool) {
        if !is_right(&answer.json()) {
            tally.wrong(format!("{} was told of {what}: {answer:?}", self.marker));
        }
    }

    /// A page at most, each once and of a customer of its own.
    fn invoices(&self, answer: &Answer) -> bool {
        let page = answer.json();
        let Some(page) = page.as_array() else { return false };
        let ids: BTreeSet<_> = page.iter().filter_map(|invoice| invoice["id"].as_i64()).collect();
        ids.len() == page.len() && page.len() <= 50 && page.iter().all(|invoice| self.is_own(invoice))
    }

    fn is_own(&self, invoice: &Value) -> bool {
        invoice["customer_id"].as_i64().is_some_and(|customer| self.customers.contains(&customer))
    }

    fn whole(&self, answer: &Answer) -> bool {
        let invoice = answer.json();
        let products =
            invoice["lines"].as_array().into_iter().flatten().map(|line| line["product_id"].as_i64());
        self.is_own(&invoice) && products.eq(self.products.iter().copied().map(Some))
    }

    /// Two customers, or two products.
    fn named(&self, answer: &Answer) -> bool {
        let page = answer.json();
        let names = page.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str());
        names.filter(|name| name.ends_with(&self.marker)).count() == 2
            && page.as_array().is_some_and(|page| page.len() == 2)
    }

    fn export(&self, answer: &Answer) -> bool {
        answer.body.lines().skip(1).all(|line| line.contains(&self.marker))
    }

    /// One of the invoices that it was told of last.
    fn recent(&self, dice: u64) -> Option<i64> {
        let books = self.books();
        let booked = books.invoices.values().rev().take(RECENT).filter_map(|outcome| match outcome {
            Outcome::Booked(id) => Some(*id),
            Outcome::Refused | Outcome::Unknown => None,
        });
        let booked: Vec<i64> = booked.collect();
        let which = usize::try_from(dice / 20).unwrap_or_default();
        (!booked.is_empty()).then(|| booked[which % booked.len()])
    }
}
