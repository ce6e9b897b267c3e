//! A connection on loan from the pool.

use std::ops::Deref;
use std::sync::Arc;

use super::client::Client;
use super::stock::Stock;

/// A connection on loan. It goes back when it is dropped, unless it is taken out of the pool first.
pub(super) struct Object {
    client: Option<Client>,
    stock: Arc<Stock>,
}

impl Object {
    pub(super) fn new(client: Client, stock: &Arc<Stock>) -> Self {
        Self { client: Some(client), stock: Arc::clone(stock) }
    }

    /// The connection of a loan that never took place.
    pub(super) fn unlent(mut this: Self) -> Option<Client> {
        this.client.take()
    }

    /// Takes the connection out of the pool. It keeps its place until its socket is closed.
    pub(super) fn take(mut this: Self) -> Option<Client> {
        let client = this.client.take();
        if client.is_some() {
            this.stock.lose();
        }
        client
    }

    /// Has the connection closed in good order. It must owe nothing.
    pub(super) fn close(mut this: Self) {
        if let Some(client) = this.client.take() {
            this.stock.close_used(client);
        }
    }

    pub(super) fn stock(this: &Self) -> &Arc<Stock> {
        &this.stock
    }
}

impl Deref for Object {
    type Target = Client;

    fn deref(&self) -> &Client {
        #[expect(clippy::expect_used, reason = "only what ends an object takes the connection out")]
        self.client.as_ref().expect("an object holds its connection until it ends")
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.stock.give_back(client);
        }
    }
}
