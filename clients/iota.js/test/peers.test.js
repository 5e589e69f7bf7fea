// The peers of the nodes of a private network.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";

import { SingleNodeClient } from "@iota/iota.js";

import { Server } from "../support/server.js";
import { until } from "../support/wallet.js";

const STRANGER = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

let server;
let client;

before(async () => {
    // The nodes of a network have ports that count up.
    const port = await freePorts(4);
    server = await Server.start({ api: `127.0.0.1:${port}`, more: ["--nodes", "2", "--gossip", `127.0.0.1:${port + 2}`] });
    client = new SingleNodeClient(server.url);
});

after(async () => {
    // The nodes are processes of their own, which end with the network.
    await server?.interrupt();
    await server?.dispose();
});

/** A port that is free, as are those behind it, `count` in all. */
async function freePorts(count) {
    for (;;) {
        const sockets = [await listen(0)];
        const { port } = sockets[0].address();
        while (sockets.length < count) {
            const next = await listen(port + sockets.length).catch(() => undefined);
            if (!next) {
                break;
            }
            sockets.push(next);
        }
        await Promise.all(sockets.map(socket => new Promise(resolve => socket.close(resolve))));
        if (sockets.length === count) {
            return port;
        }
    }
}

function listen(port) {
    return new Promise((resolve, reject) => {
        const socket = createServer().once("error", reject);
        socket.listen(port, "127.0.0.1", () => resolve(socket));
    });
}

test("a node shows the node it gossips with", async () => {
    const peer = await until(async () => {
        const all = await client.peers();
        return all.length === 1 && all[0].gossip?.heartbeat ? all[0] : undefined;
    }, "a heartbeat of the other node");
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
    await until(async () => (await client.peers()).every(peer => peer.id !== STRANGER), "the absence of the peer");
    await assert.rejects(client.peer(STRANGER), /peer not found/);
    await assert.rejects(client.peerAdd("/ip4/127.0.0.1/tcp/1"), /p2p/);
});
