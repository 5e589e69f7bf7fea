use super::*;

fn found(path: &str) -> Option<Route<'_>> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    find(&segments)
}

#[test]
fn every_route_of_the_table_is_found() {
    use AddressText::{Bech32, Ed25519};
    let table = [
        ("/health", Route::Health),
        ("/api/routes", Route::Routes),
        ("/api/v1/info", Route::Info),
        ("/api/v1/tips", Route::Tips),
        ("/api/v1/messages", Route::Messages),
        ("/api/v1/messages/ab", Route::Message("ab", Part::Json)),
        ("/api/v1/messages/ab/metadata", Route::Message("ab", Part::Metadata)),
        ("/api/v1/messages/ab/raw", Route::Message("ab", Part::Raw)),
        ("/api/v1/messages/ab/children", Route::Message("ab", Part::Children)),
        ("/api/v1/transactions/ab/included-message", Route::IncludedMessage("ab", Part::Json)),
        ("/api/v1/transactions/ab/included-message/metadata", Route::IncludedMessage("ab", Part::Metadata)),
        ("/api/v1/transactions/ab/included-message/raw", Route::IncludedMessage("ab", Part::Raw)),
        ("/api/v1/transactions/ab/included-message/children", Route::IncludedMessage("ab", Part::Children)),
        ("/api/v1/milestones/7", Route::Milestone("7")),
        ("/api/v1/milestones/7/utxo-changes", Route::UtxoChanges("7")),
        ("/api/v1/outputs/ab", Route::Output("ab")),
        ("/api/v1/addresses/atoi1x", Route::Balance(Bech32("atoi1x"))),
        ("/api/v1/addresses/atoi1x/outputs", Route::AddressOutputs(Bech32("atoi1x"))),
        ("/api/v1/addresses/ed25519/ab", Route::Balance(Ed25519("ab"))),
        ("/api/v1/addresses/ed25519/ab/outputs", Route::AddressOutputs(Ed25519("ab"))),
        ("/api/v1/treasury", Route::Treasury),
        ("/api/v1/receipts", Route::Receipts),
        ("/api/v1/receipts/7", Route::ReceiptsOf("7")),
        ("/api/v1/peers", Route::Peers),
        ("/api/v1/peers/12D3", Route::Peer("12D3")),
        ("/api/osmia/v1/status", Route::Status),
        ("/api/osmia/v1/peers", Route::PeerStatuses),
    ];
    for (path, route) in table {
        assert_eq!(found(path), Some(route), "{path}");
    }
}

#[test]
fn what_is_not_in_the_table_is_not_found() {
    for path in [
        "/",
        "/Health",
        "/health/",
        "/api",
        "/api/v1",
        "/api/v2/info",
        "/api/v1/info/",
        "/api/v1/info/x",
        "/api/v1/peers/12D3/x",
        "/api/v1/status",
        "/api/osmia/status",
        "/api/v1/messages/ab/",
        "/api/v1/messages/ab/rawx",
        "/api/v1/messages/ab/included-message",
        "/api/v1/transactions/ab",
        "/api/v1/addresses/atoi1x/tx-history",
        "/api/v1/milestones/7/utxo-changes/x",
    ] {
        assert_eq!(found(path), None, "{path}");
    }
}

#[test]
fn only_messages_and_peers_take_more_than_questions() {
    assert_eq!(Route::Messages.methods(), "GET, HEAD, POST, OPTIONS");
    assert_eq!(Route::Peers.methods(), "GET, HEAD, POST, OPTIONS");
    assert_eq!(Route::Peer("").methods(), "GET, HEAD, DELETE, OPTIONS");
    assert_eq!(Route::Info.methods(), "GET, HEAD, OPTIONS");
}

#[test]
fn a_panic_in_a_handler_becomes_500() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let panicking = async { panic!("because the test says so") };
    let fault = runtime.block_on(guarded(panicking, "/path")).unwrap_err();
    assert_eq!(fault.status(), hyper::StatusCode::INTERNAL_SERVER_ERROR);
}
