//! A blocking HTTP/1.1 client that says exactly what a test wants said.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// No answer takes longer, on any machine: a test that waits for this long has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// One connection that is kept alive.
pub(crate) struct Client {
    reader: BufReader<TcpStream>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What a success says; the envelope has nothing else.
    pub(crate) fn data(&self) -> Value {
        let json = self.json();
        let members = json.as_object().unwrap();
        assert!(self.status < 300 && members.len() == 1 && members.contains_key("data"), "{self:?}");
        json["data"].clone()
    }

    /// The message of a failure with this status; the envelope has nothing else.
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json; charset=UTF-8"));
        let json = self.json();
        assert_eq!(json.as_object().unwrap().len(), 1);
        let error = json["error"].as_object().unwrap();
        assert_eq!(error.len(), 2);
        assert_eq!(error["code"], status.to_string());
        error["message"].as_str().unwrap().to_owned()
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// A connection from an address of this machine.
    #[cfg(target_os = "linux")]
    pub(crate) fn from_address(own: &str, address: SocketAddr) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(own.parse().unwrap(), 0).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { reader: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).unwrap();
    }

    /// Says that nothing more will be sent; answers can still be read.
    pub(crate) fn close_sending(&mut self) {
        self.reader.get_mut().shutdown(Shutdown::Write).unwrap();
    }

    /// Reads one answer to a request that was no HEAD.
    pub(crate) fn receive(&mut self) -> Reply {
        self.try_receive(true).expect("because the server answers")
    }

    /// Reads one answer; `None` when the connection ends first.
    pub(crate) fn try_receive(&mut self, with_body: bool) -> Option<Reply> {
        let mut line = String::new();
        if self.reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        if with_body {
            reply.body = vec![0; length];
            self.reader.read_exact(&mut reply.body).unwrap();
        }
        Some(reply)
    }

    /// A request with whatever headers a test needs.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat());
        self.try_receive(method != "HEAD").expect("because the server answers")
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes());
        self.receive()
    }

    pub(crate) fn post_json(&mut self, body: &str) -> Reply {
        self.request("POST", "/api/v1/messages", &[("content-type", "application/json")], body.as_bytes())
    }

    pub(crate) fn post_bytes(&mut self, body: &[u8]) -> Reply {
        self.request("POST", "/api/v1/messages", &[("content-type", "application/octet-stream")], body)
    }

    /// Whether the server has closed the connection, after everything it had to say.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).is_ok()
    }
}
