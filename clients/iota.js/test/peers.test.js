// The peers of the nodes of a private network.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SingleNodeClient } from "@iota/iota.js";

import { Server } from "../support/server.js";
import { until } from "../support/wallet.js";

const STRANGER = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

let server;
let client;

before(async () => {
    server = await Server.start({ more: ["--nodes", "2", "--gossip", "127.0.0.1:0"] });
    client = new SingleNodeClient(server.url);
});

after(() => server.dispose());

test("a node shows the node it gossips with", async () => {
    const peers = await until("a heartbeat", async () => {
        const all = await client.peers();
        return all.length === 1 && all[0].gossip?.heartbeat ? all : undefined;
    });
    const [peer] = peers;
    assert.match(peer.id, /^12D3KooW/);
    assert.equal(peer.relation, "known");
    assert.equal(peer.connected, true);
    assert.match(peer.multiAddresses[0], /^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/);
    assert.ok(peer.gossip.heartbeat.solidMilestoneIndex <= peer.gossip.heartbeat.latestMilestoneIndex);
    assert.ok(peer.gossip.metrics.receivedHeartbeats > 0);
    assert.equal((await client.peer(peer.id)).id, peer.id);
});

test("a peer is added and removed", async () => {
    const added = await client.peerAdd(`/ip4/127.0.0.1/tcp/1/p2p/${STRANGER}`, "a stranger");
    assert.deepEqual(added, {
        id: STRANGER, multiAddresses: ["/ip4/127.0.0.1/tcp/1"], alias: "a stranger", relation: "known", connected: false,
    });
    await client.peerDelete(STRANGER);
    await until("its absence", async () => (await client.peers()).every(peer => peer.id !== STRANGER) || undefined);
    await assert.rejects(client.peer(STRANGER), /peer not found/);
    await assert.rejects(client.peerAdd("/ip4/127.0.0.1/tcp/1"), /p2p/);
});
