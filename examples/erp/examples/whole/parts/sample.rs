//! Two companies with a little to sell, made over HTTP as their people would.

use serde_json::{Value, json};

use super::AnyError;
use super::keys::SignIn;

/// A company, and the token of its owner.
#[derive(Clone, Debug)]
pub struct Company {
    pub name: &'static str,
    pub id: String,
    pub token: String,
    /// One of its invoices.
    pub invoice: i64,
    pub customer: i64,
    pub product: i64,
}

/// Asks at an address as somebody.
///
/// # Errors
///
/// The answer is not a success, or no JSON.
pub fn post(url: &str, token: &str, body: &Value) -> Result<Value, AnyError> {
    let authorization = format!("Bearer {token}");
    let mut answer = ureq::post(url).header("authorization", authorization).send_json(body)?;
    Ok(answer.body_mut().read_json()?)
}

/// Makes both, by way of the gateway.
///
/// # Errors
///
/// What is asked is not answered with success.
pub fn make(gateway: &str, sign_in: &SignIn) -> Result<[Company; 2], AnyError> {
    Ok([
        company(gateway, sign_in, "padma", "আলম ট্রেডার্স")?,
        company(gateway, sign_in, "jamuna", "ইসলাম ব্রাদার্স")?,
    ])
}

fn company(gateway: &str, sign_in: &SignIn, name: &'static str, customer: &str) -> Result<Company, AnyError> {
    let subject = format!("owner of {name}");
    let body = json!({ "name": name, "host": format!("{name}.erp.example"), "subject": subject, "person": "Rahima" });
    let made = post(&format!("{gateway}/companies"), &sign_in.operator()?, &body)?;
    let company = made["id"].as_str().ok_or("a company has no id")?.to_owned();
    let token = sign_in.member(&company, &subject)?;
    let add = |path: &str, body: Value| -> Result<i64, AnyError> {
        let made = post(&format!("{gateway}{path}"), &token, &body)?;
        made["id"].as_i64().ok_or_else(|| format!("{path} told no id").into())
    };
    let customer = add("/customers", json!({ "name": customer }))?;
    let product = add("/products", json!({ "sku": "T-1", "name": "চা", "price": "350.55" }))?;
    let invoice = add(
        "/invoices",
        json!({ "customer_id": customer, "lines": [{ "product_id": product, "quantity": "2" }] }),
    )?;
    Ok(Company { name, id: company, token, invoice, customer, product })
}
