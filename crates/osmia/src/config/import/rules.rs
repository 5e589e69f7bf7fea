//! Why keys of the reference node have no counterpart. Keys that have one are in `taken`.

/// The beginnings of keys in small letters, each with the reason; the first that fits counts.
const LEFT: [(&str, &str); 40] = [
    ("node.alias", "the node has no name of its own"),
    ("node.profile", "the node chooses the sizes of its caches by the machine"),
    ("restapi.jwtauth", "there are no tokens: a gateway in front of the API decides who may do what"),
    (
        "restapi.publicroutes",
        "api.control switches the routes that change the node, a gateway guards the others",
    ),
    (
        "restapi.protectedroutes",
        "api.control switches the routes that change the node, a gateway guards the others",
    ),
    ("restapi.pow", "each message has one thread; api.pow_threads says how many are mined at once"),
    ("restapi.limits", "bodies have at most 1 MB and lists 1000 entries, as there"),
    ("restapi.", "it has no setting here"),
    ("prometheus.fileservicediscovery", "name the address in the configuration of Prometheus"),
    ("prometheus.", "all figures are given"),
    ("dashboard.", "there is no dashboard; osmia status and the metrics show how the node does"),
    ("db.", "a database of the reference node cannot be read: the node begins with a snapshot"),
    ("snapshots.downloadurls", "snapshots are not downloaded yet: fetch one and name it in snapshot.full"),
    ("snapshots.", "snapshots are not written yet"),
    ("pruning.", "nothing is pruned yet"),
    ("protocol.", "it is unknown in this table"),
    ("pow.", "the node chooses it by itself"),
    ("requests.", "the node chooses it by itself"),
    ("tangle.", "the node chooses it by itself"),
    ("tipsel.belowmaxdepth", "it is 15 on every network, as there"),
    ("tipsel.", "the node chooses it by itself"),
    ("warpsync.", "the node chooses it by itself"),
    ("p2p.connectionmanager", "gossip.unknown_peers bounds connections"),
    ("p2p.reconnectinterval", "peers are called again for ever, with growing pauses"),
    ("p2p.gossip.stream", "timeouts are built in"),
    (
        "p2p.db",
        "to keep the peer id, copy identity.key from there into the data folder before the first start",
    ),
    ("p2p.autopeering", "there is no autopeering: name peers in gossip.peers"),
    ("p2p.", "it has no setting here"),
    ("logger.", "the log goes to standard error, in the form of log.format"),
    ("spammer.", "there is no spammer"),
    ("faucet.", "there is no faucet"),
    ("mqtt.", "there is no MQTT yet"),
    ("profiling.", "there is no profiling port"),
    ("debug.", "there are no debug routes"),
    ("migrator.", "the migration from the legacy network is over"),
    ("receipts.", "receipts are applied with their milestones and not kept apart"),
    ("coordinator.interval", "it counts with the plugin Coordinator only"),
    ("coordinator.", "the coordinator chooses it by itself and keeps its state in the data folder"),
    ("app.", "it has no setting here"),
    ("profiles", "the node chooses the sizes of its caches by the machine"),
];

/// The part of a key that its rule is about, and why it has no counterpart.
pub(super) fn left(key: &str) -> (&'static str, &'static str) {
    let found = LEFT.iter().find(|(beginning, _)| key.starts_with(beginning));
    found.copied().unwrap_or(("", "the reference node has no such key"))
}

/// Why a plugin that was switched on has no counterpart; `None` when it has one.
pub(super) fn plugin(name: &str) -> Option<&'static str> {
    let reason = match name {
        "prometheus" | "restapi" | "restapiv1" | "coordinator" | "urts" | "warpsync" => return None,
        "autopeering" => "there is no autopeering: name peers in gossip.peers",
        "dashboard" => "there is no dashboard",
        "mqtt" => "there is no MQTT yet",
        "spammer" => "there is no spammer",
        "faucet" => "there is no faucet",
        "debug" | "profiling" => "there are no debug routes",
        "receipt" | "receipts" | "migrator" => "the migration from the legacy network is over",
        "participation" => "there is no participation plugin",
        "versioncheck" => "the program looks for no newer versions",
        _ => "there is no such plugin",
    };
    Some(reason)
}
