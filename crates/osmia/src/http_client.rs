//! A small HTTP client for the commands that ask a running node. One request at a time, each on a connection of its own,
//! bounded in time and size. No TLS: a node speaks plain HTTP.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::limits::{HTTP_ANSWER_BYTES_MAX, HTTP_TIMEOUT};
use crate::terminal;

/// The port of a node's API.
const PORT: u16 = 14_265;

/// Talks to the API of one node.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    /// As people may open it, without a slash at the end.
    url: String,
    host: String,
    port: u16,
    /// What stands before every path.
    prefix: String,
}

/// Why there is no answer, or not the one that was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The address is none.
    #[error("{url} is not the address of an API: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Nothing listens there.
    #[error(
        "no node answers at {url}: is it running? Start it with osmia run, or name another one with --api"
    )]
    NobodyThere {
        /// The address of the API.
        url: String,
    },
    /// The node cannot be reached.
    #[error("{url} cannot be reached: {source}")]
    Unreachable {
        /// The address of the API.
        url: String,
        /// What the system says.
        source: io::Error,
    },
    /// The answer takes too long.
    #[error("{url} did not answer within {} s", HTTP_TIMEOUT.as_secs())]
    Timeout {
        /// The address of the API.
        url: String,
    },
    /// What answers is no API of a node.
    #[error("what answers at {url} is not the API of an Osmia node: {reason}")]
    NoNode {
        /// The address of the API.
        url: String,
        /// What was wrong.
        reason: String,
    },
    /// The node answered that it will not.
    #[error("{message}")]
    Refused {
        /// The status of the answer.
        status: u16,
        /// What the node says, without characters that a terminal would act on.
        message: String,
    },
}

impl HttpClient {
    /// A client for the API at `url`: `http://host:port`, a path behind it where a proxy wants one. Scheme and port may be
    /// left out.
    ///
    /// # Errors
    /// [`HttpError::Url`] when the text is no such address.
    pub(crate) fn new(url: &str) -> Result<Self, HttpError> {
        let error = |reason| HttpError::Url { url: terminal::harmless(url), reason };
        let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = whole.parse().map_err(|_| error("write it as http://host:port"))?;
        if uri.scheme_str() != Some("http") {
            return Err(error("a node speaks plain HTTP; write http://host:port"));
        }
        let authority = uri.authority().ok_or_else(|| error("the host is missing"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(error("a user name and a query have no place in it"));
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| error("the host is missing"))?;
        let has_port = authority.as_str().len() > host.len();
        let port = authority.port_u16();
        if has_port && port.is_none() {
            return Err(error("the port is not a number up to 65535"));
        }
        let port = port.unwrap_or(PORT);
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { url: format!("http://{host}:{port}{prefix}"), host: host.to_owned(), port, prefix })
    }

    /// The address of the API.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks; gives the whole JSON of a success.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub(crate) fn get_json(&self, path: &str) -> Result<Value, HttpError> {
        self.request(&Method::GET, path, None)
    }

    /// Asks; gives what a success has in `data`.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub(crate) fn get(&self, path: &str) -> Result<Value, HttpError> {
        self.data_of(self.get_json(path)?)
    }

    /// Sends JSON; gives what a success has in `data`.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, HttpError> {
        self.data_of(self.request(&Method::POST, path, Some(body))?)
    }

    /// Deletes what is at `path`.
    ///
    /// # Errors
    /// See [`HttpError`].
    pub(crate) fn delete(&self, path: &str) -> Result<(), HttpError> {
        self.request(&Method::DELETE, path, None).map(drop)
    }

    fn data_of(&self, mut answer: Value) -> Result<Value, HttpError> {
        let data = answer.get_mut("data").map(Value::take);
        data.ok_or_else(|| self.no_node("the answer has no data"))
    }

    /// `null` for an answer without a body.
    fn request(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Value, HttpError> {
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| self.no_node(error))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| HttpError::Unreachable { url: self.url.clone(), source })?;
        let answer = runtime.block_on(self.within(HTTP_TIMEOUT, request));
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        let (status, body) = answer?;
        self.judge(status, &body)
    }

    async fn within(
        &self,
        timeout: Duration,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), HttpError> {
        let answer = tokio::time::timeout(timeout, self.exchange(request)).await;
        answer.unwrap_or_else(|_elapsed| Err(HttpError::Timeout { url: self.url.clone() }))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), HttpError> {
        // An IPv6 address stands in brackets in a URL only.
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let stream =
            TcpStream::connect((host, self.port)).await.map_err(|error| self.not_connected(error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.no_node(error))?;
        // It drives the connection and ends with the runtime; what goes wrong there comes out at the request, too.
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|error| self.no_node(error))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), HTTP_ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| self.no_node(error))?.to_bytes();
        driver.abort();
        Ok((status, body))
    }

    fn not_connected(&self, error: io::Error) -> HttpError {
        let url = self.url.clone();
        if error.kind() == io::ErrorKind::ConnectionRefused {
            HttpError::NobodyThere { url }
        } else {
            HttpError::Unreachable { url, source: error }
        }
    }

    fn judge(&self, status: StatusCode, body: &[u8]) -> Result<Value, HttpError> {
        if status.is_success() && body.is_empty() {
            return Ok(Value::Null);
        }
        let json: Option<Value> = serde_json::from_slice(body).ok();
        match json {
            Some(json) if status.is_success() => Ok(json),
            Some(json) => match json.pointer("/error/message").and_then(Value::as_str) {
                Some(message) => {
                    Err(HttpError::Refused { status: status.as_u16(), message: terminal::harmless(message) })
                }
                None => Err(self.no_node(format!("status {status}"))),
            },
            None => Err(self.no_node(format!("status {status} without JSON"))),
        }
    }

    fn no_node(&self, reason: impl ToString) -> HttpError {
        HttpError::NoNode { url: self.url.clone(), reason: terminal::harmless(&reason.to_string()) }
    }
}

#[cfg(test)]
mod tests;
