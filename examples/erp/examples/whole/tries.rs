//! What to try, as lines for a shell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::parts::sample::Company;

/// The file of each person's header.
pub type People = BTreeMap<&'static str, PathBuf>;

/// Where to ask.
pub struct Places<'a> {
    pub gateway: &'a str,
    /// A host and a port.
    pub metrics: &'a str,
    pub prometheus: &'a str,
}

/// A line, and what it shows.
pub struct Try {
    pub what: String,
    pub line: String,
}

/// Each ends with the status on a line of its own.
const CURL: &str = r"curl -sS -w '\n%{http_code}\n'";

pub fn all(places: &Places, people: &People, companies: &[Company; 2]) -> Vec<Try> {
    let [padma, jamuna] = companies;
    let Places { gateway, metrics, prometheus } = places;
    let as_who =
        |name: &str| people.get(name).map_or_else(String::new, |file| format!("-H @{}", file.display()));
    let [of_padma, of_jamuna, of_operator] = [padma.name, jamuna.name, "operator"].map(as_who);
    let json = "-H 'content-type: application/json'";
    let mut tries = Vec::new();
    let mut add = |status: u16, what: &str, arguments: String| {
        tries.push(Try { what: format!("{what}: {status}"), line: format!("{CURL} {arguments}") });
    };

    add(200, "the invoices of padma", format!("{of_padma} {gateway}/invoices"));
    add(200, "those of jamuna are others", format!("{of_jamuna} {gateway}/invoices"));
    add(200, "an invoice of padma", format!("{of_padma} {gateway}/invoices/{}", padma.invoice));
    add(404, "it is none of jamuna's", format!("{of_jamuna} {gateway}/invoices/{}", padma.invoice));
    add(
        401,
        "the header of the gateway, without a token",
        format!("-H 'x-tenant-id: {}' {gateway}/company", padma.id),
    );
    add(
        200,
        "and with jamuna's token, which counts",
        format!("{of_jamuna} -H 'x-tenant-id: {}' {gateway}/company", padma.id),
    );
    let body = format!(
        r#"{{"customer_id": {}, "lines": [{{"product_id": {}, "quantity": "3"}}]}}"#,
        padma.customer, padma.product
    );
    add(201, "a new invoice of padma", format!("{of_padma} {json} -d '{body}' {gateway}/invoices"));
    let pay = format!(
        "{of_padma} {json} -H 'idempotency-key: one' -d '{{\"amount\": \"100.00\"}}' {gateway}/invoices/{}/payments",
        padma.invoice
    );
    add(201, "a payment", pay.clone());
    add(200, "and once more, booked once", pay);
    add(200, "all invoices as CSV", format!("{of_padma} {gateway}/invoices.csv"));
    let file = r#"{"name": "tea.txt", "content_type": "text/plain", "size": 3}"#;
    let announce = format!("{of_padma} {json} -d '{file}' {gateway}/files");
    add(201, "a file of padma's, with the address to put it at", announce.clone());

    add(
        200,
        "what all companies sell, for who operates the service",
        format!("{of_operator} {gateway}/reports/turnover"),
    );
    add(403, "and for nobody else", format!("{of_padma} {gateway}/reports/turnover"));
    let suspend = |suspended: bool| {
        format!(
            "{of_operator} {json} -X PUT -d '{{\"suspended\": {suspended}, \"reason\": \"a try\"}}' {gateway}/companies/{}/suspension",
            jamuna.id
        )
    };
    add(204, "jamuna is suspended", suspend(true));
    add(403, "and kept out", format!("{of_jamuna} {gateway}/invoices"));
    add(204, "and let in again", suspend(false));
    add(404, "what the gateway keeps to itself", format!("{of_padma} {gateway}/verify"));
    add(200, "what Prometheus scrapes", format!("http://{metrics}/metrics"));
    add(
        200,
        "what it makes of it: statements per second",
        format!(
            "{prometheus}/api/v1/query --data-urlencode 'query=sum(rate(db_client_operation_duration_seconds_count[1m]))'"
        ),
    );
    tries.push(Try {
        what: "and one that is put there: 200".to_owned(),
        line: format!(
            r#"curl -sS {announce} | sed -E 's/.*"address":"([^"]+)".*/\1/' | xargs {CURL} -X PUT -H 'content-type: text/plain' -d tea"#
        ),
    });
    tries
}
