//! A small blocking HTTP/1.1 client over one connection that is kept open.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// No answer takes longer, on any machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection.
pub(crate) struct Http(BufReader<TcpStream>);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The `data` of an answer that is a success.
    pub(crate) fn data(&self) -> Value {
        assert!(self.status < 300, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice::<Value>(&self.body).unwrap()["data"].take()
    }
}

impl Http {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.request("GET", path, &[])
    }

    /// The `data` of a success.
    pub(crate) fn read(&mut self, path: &str) -> Value {
        self.get(path).unwrap().data()
    }

    /// Submits the bytes of a message.
    pub(crate) fn submit(&mut self, message: &[u8]) -> io::Result<Reply> {
        self.request("POST", "/api/v1/messages", message)
    }

    /// Any request with a JSON body, or none.
    pub(crate) fn json(&mut self, method: &str, path: &str, body: &str) -> io::Result<Reply> {
        self.request_as("application/json", method, path, body.as_bytes())
    }

    fn request(&mut self, method: &str, path: &str, body: &[u8]) -> io::Result<Reply> {
        self.request_as("application/octet-stream", method, path, body)
    }

    fn request_as(&mut self, form: &str, method: &str, path: &str, body: &[u8]) -> io::Result<Reply> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: osmia\r\nContent-Type: {form}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.0.get_mut().write_all(&request)?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or_else(ended)?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(ended)?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Reply { status, body })
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Err(ended());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn ended() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}
