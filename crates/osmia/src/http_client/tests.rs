use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use super::*;

#[test]
fn addresses_are_taken_as_people_write_them() {
    for (given, url) in [
        ("http://127.0.0.1:14265", "http://127.0.0.1:14265"),
        ("127.0.0.1:80", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:14265"),
        ("http://node.example/", "http://node.example:14265"),
        ("http://node.example:443/iota/", "http://node.example:443/iota"),
        ("http://[::1]:9", "http://[::1]:9"),
    ] {
        assert_eq!(HttpClient::new(given).unwrap().url(), url, "{given}");
    }
    for wrong in
        ["", "http://", "https://a", "a b", "ftp://a", "http://a:99999", "http://u@a", "http://a/?q=1"]
    {
        assert!(matches!(HttpClient::new(wrong), Err(HttpError::Url { .. })), "{wrong}");
    }
}

/// A server that answers one request with `answer`; gives the request.
fn server(answer: &'static str) -> (HttpClient, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = HttpClient::new(&listener.local_addr().unwrap().to_string()).unwrap();
    let serve = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        // The head, and the few bytes of a body behind it.
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            let mut piece = [0; 1_024];
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0);
            request.extend_from_slice(&piece[..length]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (client, serve)
}

#[test]
fn answers_come_back_as_data_or_as_the_reason() {
    let (client, served) = server("HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"data\":[1,2]}");
    assert_eq!(client.get("/api/x").unwrap(), serde_json::json!([1, 2]));
    assert!(served.join().unwrap().starts_with("GET /api/x HTTP/1.1\r\nhost: 127.0.0.1:"));

    let (client, served) = server("HTTP/1.1 204 No Content\r\n\r\n");
    client.delete("/api/x").unwrap();
    assert!(served.join().unwrap().starts_with("DELETE /api/x "));

    let refusal = "{\"error\":{\"code\":\"404\",\"message\":\"no\\u001b[31m\"}}";
    let answer: &'static str =
        format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{refusal}", refusal.len()).leak();
    let (client, served) = server(answer);
    let error = client.get("/").unwrap_err();
    served.join().unwrap();
    assert!(
        matches!(&error, HttpError::Refused { status: 404, message } if message == "no?[31m"),
        "{error:?}"
    );
}

#[test]
fn what_is_no_node_is_told_apart_from_nobody() {
    for answer in [
        "SSH-2.0-OpenSSH_9\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
        "",
    ] {
        let (client, served) = server(answer);
        let error = client.get("/").unwrap_err();
        served.join().unwrap();
        assert!(matches!(error, HttpError::NoNode { .. }), "{answer:?}: {error}");
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = HttpClient::new(&free.to_string()).unwrap().get("/").unwrap_err();
    assert!(matches!(error, HttpError::NobodyThere { .. }));
    assert!(error.to_string().contains("osmia run") && error.to_string().contains("--api"), "{error}");
}
