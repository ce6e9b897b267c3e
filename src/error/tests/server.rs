//! A server whose every statement takes an `int4`, where it has a `$`, and returns a column of them.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_postgres::{Client, Config, Error, NoTls};

pub(super) struct Server {
    rows: Vec<u8>,
}

pub(super) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

/// A row of one column.
fn int4(value: impl Into<Option<i32>>) -> Vec<u8> {
    let value = match value.into() {
        Some(value) => [&4_i32.to_be_bytes()[..], &value.to_be_bytes()].concat(),
        None => (-1_i32).to_be_bytes().to_vec(),
    };
    message(b'D', &[&1_i16.to_be_bytes()[..], &value].concat())
}

impl Server {
    pub(super) fn start(rows: Vec<Option<i32>>) -> Self {
        let rows: Vec<Vec<u8>> = rows.into_iter().map(int4).collect();
        Self { rows: [rows.concat(), message(b'C', b"SELECT 1\0")].concat() }
    }

    /// Answers the statement with this.
    pub(super) fn that_says(bytes: &[u8]) -> Self {
        Self { rows: bytes.to_vec() }
    }

    pub(super) async fn connect(self) -> Result<Client, Error> {
        let (near, far) = tokio::io::duplex(1 << 20);
        tokio::spawn(self.serve(far));
        let (client, connection) = Config::new().user("u").connect_raw(near, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn serve(self, mut stream: DuplexStream) -> Option<()> {
        let length = stream.read_u32().await.ok()?;
        stream.read_exact(&mut vec![0; length as usize - 4]).await.ok()?;
        stream.write_all(&welcome()).await.ok()?;
        let mut parameters = 0;
        loop {
            let (tag, length) = (stream.read_u8().await.ok()?, stream.read_u32().await.ok()?);
            let mut body = vec![0; length as usize - 4];
            stream.read_exact(&mut body).await.ok()?;
            if tag == b'P' {
                parameters = u8::from(body.contains(&b'$'));
            }
            let types: &[u8] = if parameters == 1 { b"\0\0\0\x17" } else { b"" };
            let answer = match tag {
                b'P' => message(b'1', b""),
                b'B' => message(b'2', b""),
                b'D' => [message(b't', &[&[0, parameters], types].concat()), columns()].concat(),
                b'E' => self.rows.clone(),
                b'C' => message(b'3', b""),
                b'S' => message(b'Z', b"I"),
                _ => return None,
            };
            stream.write_all(&answer).await.ok()?;
        }
    }
}

fn welcome() -> Vec<u8> {
    [message(b'R', &[0; 4]), message(b'Z', b"I")].concat()
}

/// One column of type `int4`.
fn columns() -> Vec<u8> {
    message(b'T', b"\0\x01n\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0")
}

/// A server on a port that answers a simple query with this text.
pub(super) async fn shows(answer: &'static str) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.ok()?;
        let length = stream.read_u32().await.ok()?;
        stream.read_exact(&mut vec![0; length as usize - 4]).await.ok()?;
        stream.write_all(&welcome()).await.ok()?;
        let (_, length) = (stream.read_u8().await.ok()?, stream.read_u32().await.ok()?);
        stream.read_exact(&mut vec![0; length as usize - 4]).await.ok()?;
        let length = u32::try_from(answer.len()).ok()?;
        let row = [&b"\0\x01"[..], &length.to_be_bytes(), answer.as_bytes()].concat();
        let answer = [columns(), message(b'D', &row), message(b'C', b"SHOW\0"), message(b'Z', b"I")].concat();
        stream.write_all(&answer).await.ok()?;
        // Until the client leaves.
        stream.read_u8().await.ok()
    });
    port
}
