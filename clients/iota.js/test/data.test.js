// Data messages whose proof of work the node does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { deserializeMessage, sendData, serializeMessage, SingleNodeClient } from "@iota/iota.js";
import { Converter, ReadStream, WriteStream } from "@iota/util.js";

import { check, networkIdOf } from "../support/data.js";
import { Server } from "../support/server.js";
import { referenced, until } from "../support/wallet.js";

let server;
let client;

before(async () => {
    server = await Server.start();
    client = new SingleNodeClient(server.url);
});

after(() => server.dispose());

test("the node is healthy and offers proof of work", async () => {
    assert.equal(await client.health(), true);
    const info = await client.info();
    assert.equal(info.name, "Osmia");
    assert.equal(info.networkId, server.facts.network);
    assert.match(info.networkId, /^private-[0-9a-f]{8}$/);
    assert.equal(info.bech32HRP, "atoi");
    assert.equal(info.minPoWScore, 100);
    assert.ok(info.features.includes("PoW"));
    assert.equal(info.isHealthy, true);
});

test("the node does the proof of work of a message without a nonce", async () => {
    const { messageId } = await sendData(client, "osmia", "remote proof of work");
    await check(client, messageId, "osmia", "remote proof of work");
});

test("a message without data is complete", async () => {
    const { messageId } = await sendData(client, "osmia-empty");
    await check(client, messageId, "osmia-empty", undefined);
});

test("bytes with nonce 0 are mined, and the same bytes give the same message", async () => {
    const { tipMessageIds } = await client.tips();
    assert.deepEqual(tipMessageIds, [...new Set(tipMessageIds)].sort());
    const payload = { type: 2, index: Converter.utf8ToHex("osmia-raw"), data: Converter.utf8ToHex("raw") };
    const stream = new WriteStream();
    serializeMessage(stream, { networkId: networkIdOf(server.facts.network), parentMessageIds: tipMessageIds, payload, nonce: "0" });
    const messageId = await client.messageSubmitRaw(stream.finalBytes());
    await check(client, messageId, "osmia-raw", "raw");

    const mined = await client.messageRaw(messageId);
    assert.equal(await client.messageSubmitRaw(mined), messageId);
    const { messageIds } = await client.messagesFind("osmia-raw");
    assert.deepEqual(messageIds, [messageId]);
});

test("a message without payload is attached", async () => {
    const messageId = await client.messageSubmit({});
    assert.equal((await client.message(messageId)).payload, null);
    assert.equal((await referenced(client, messageId)).ledgerInclusionState, "noTransaction");
});

test("milestones go on and can be read", async () => {
    const before = (await client.info()).confirmedMilestoneIndex;
    const index = await until(async () => {
        const now = (await client.info()).confirmedMilestoneIndex;
        return now > before + 1 ? now : undefined;
    }, "two milestones");
    const milestone = await client.milestone(index);
    assert.equal(milestone.index, index);
    const message = await client.message(milestone.messageId);
    assert.equal(message.payload.type, 1);
    assert.equal(message.payload.publicKeys.length, 2);
    assert.equal(message.payload.signatures.length, 2);
    assert.equal(message.payload.nextPoWScore, 0);
    // A milestone is referenced by itself.
    const metadata = await client.messageMetadata(milestone.messageId);
    assert.equal(metadata.milestoneIndex, index);
    assert.equal(metadata.referencedByMilestoneIndex, index);
    // The client parses the bytes of a milestone.
    const raw = await client.messageRaw(milestone.messageId);
    assert.equal(deserializeMessage(new ReadStream(raw)).payload.index, index);
    assert.deepEqual(await client.milestoneUtxoChanges(index), { index, createdOutputs: [], consumedOutputs: [] });
    await assert.rejects(client.milestone(index + 1_000), { httpStatus: 404 });
});

test("a browser may read every answer", async () => {
    const response = await fetch(`${server.url}/api/v1/info`, { headers: { origin: "https://explorer.example" } });
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
    const asked = await fetch(`${server.url}/api/v1/messages`, {
        method: "OPTIONS",
        headers: {
            origin: "https://explorer.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type"
        }
    });
    assert.ok(asked.ok);
    assert.match(asked.headers.get("access-control-allow-methods"), /POST/);
    assert.match(asked.headers.get("access-control-allow-headers"), /content-type/i);
});
