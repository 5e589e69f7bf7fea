// What no client should send: each request is refused with its status and a message, stores nothing, and leaves the
// node answering.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Bech32Helper, sendData, serializeMessage, SingleNodeClient } from "@iota/iota.js";
import { Converter, WriteStream } from "@iota/util.js";

import { Server } from "../support/server.js";
import { Account, until } from "../support/wallet.js";

const BELOW_MAX_DEPTH = 15;

let server;
let client;
/** Two messages that are attached. */
let parents;

before(async () => {
    server = await Server.start({ interval: "0.1" });
    client = new SingleNodeClient(server.url);
    const sent = [await sendData(client, "parent", "1"), await sendData(client, "parent", "2")];
    parents = sent.map(({ messageId }) => messageId).sort();
});

after(() => server.dispose());

/** Sends a request; checks the refusal and that the node answers afterwards. */
async function refused(status, words, path, body, contentType = "application/json") {
    const options = body === undefined ? {} : { method: "POST", body, headers: { "content-type": contentType } };
    const response = await fetch(`${server.url}${path}`, options);
    const text = await response.text();
    assert.equal(response.status, status, `${path}: ${text}`);
    const { error } = JSON.parse(text);
    assert.equal(error.code, String(status));
    assert.match(error.message, words, path);
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
}

const refusedJson = (words, message) =>
    refused(400, words, "/api/v1/messages", typeof message === "string" ? message : JSON.stringify(message));

const refusedBytes = (words, bytes) => refused(400, words, "/api/v1/messages", bytes, "application/octet-stream");

/** The bytes of a data message with nonce 1, which proves no work. */
function bytes(changes = {}) {
    const stream = new WriteStream();
    const payload = { type: 2, index: "626164", data: "00".repeat(20) };
    const message = { networkId: "1", parentMessageIds: parents, payload, nonce: "1", ...changes };
    serializeMessage(stream, message);
    return stream.finalBytes();
}

/** A transaction as JSON, right in every rule that is not changed. */
function transfer(change) {
    const owner = new Account(server.facts.mnemonic, "atoi", 0);
    const transaction = {
        type: 0,
        essence: {
            type: 0,
            inputs: [{ type: 0, transactionId: "00".repeat(32), transactionOutputIndex: 0 }],
            outputs: [{ type: 0, address: { type: 0, address: owner.hex }, amount: 2_779_530_283_277_761 }],
            payload: null
        },
        unlockBlocks: [{ type: 0, signature: { type: 0, publicKey: "00".repeat(32), signature: "00".repeat(64) } }]
    };
    change(transaction);
    return { payload: transaction };
}

test("malformed identifiers and numbers", async () => {
    for (const path of [
        "messages/xyz", `messages/${"0".repeat(63)}`, `messages/${"g".repeat(64)}/metadata`, `messages/${"0".repeat(66)}/raw`,
        "messages/12/children", "outputs/00", `outputs/${"00".repeat(33)}`, "milestones/x", "milestones/-1", "milestones/4294967296",
        "milestones/1x/utxo-changes", "transactions/00/included-message", "receipts/x"
    ]) {
        await refused(400, /\S/, `/api/v1/${path}`);
    }
});

test("what does not exist", async () => {
    const id = "ab".repeat(32);
    for (const path of [
        `messages/${id}`, `messages/${id}/metadata`, `messages/${id}/raw`, `outputs/${id}0000`, "milestones/4000000000",
        "milestones/4000000000/utxo-changes", `transactions/${id}/included-message`, "nothing"
    ]) {
        await refused(404, /\S/, `/api/v1/${path}`);
    }
    // A message that is not known has no children.
    const children = await client.messageChildren(id);
    assert.deepEqual([children.count, children.childrenMessageIds], [0, []]);
});

test("an index that is missing, empty, too long or not hexadecimal", async () => {
    for (const query of ["", "?index=", "?index=zz", "?index=0", `?index=${"00".repeat(65)}`]) {
        await refused(400, /index/i, `/api/v1/messages${query}`);
    }
    const unknown = await client.messagesFind("nobody used this");
    assert.deepEqual([unknown.count, unknown.messageIds], [0, []]);
});

test("addresses that are no Bech32, or of another network", async () => {
    const owner = new Account(server.facts.mnemonic, "atoi", 0);
    const digest = Converter.hexToBytes(owner.hex);
    const foreign = Bech32Helper.toBech32(0, digest, "iota");
    const broken = owner.bech32.slice(0, -1) + (owner.bech32.endsWith("q") ? "p" : "q");
    for (const address of ["atoi", broken, foreign, "ed25519/00", `ed25519/${"zz".repeat(32)}`]) {
        await refused(400, /\S/, `/api/v1/addresses/${address}`);
        await refused(400, /\S/, `/api/v1/addresses/${address}/outputs`);
    }
    await refused(400, /atoi/, `/api/v1/addresses/${foreign}`);
    await refused(400, /type/, `/api/v1/addresses/${owner.bech32}/outputs?type=7`);
});

test("bodies that are no message", async () => {
    for (const body of ["", "{", "[]", "null", "\"text\"", "{\"payload\":{}}", "{\"nonce\":5}", "{\"networkId\":\"-1\"}",
        "{\"payload\":{\"type\":2,\"index\":\"zz\"}}", "{\"payload\":{\"type\":2,\"index\":\"\"}}",
        `{"payload":{"type":2,"index":"${"00".repeat(65)}"}}`, `{"parentMessageIds":["00"]}`, "[".repeat(100_000)]) {
        await refusedJson(/\S/, body);
    }
    for (const body of [new Uint8Array(0), new Uint8Array(7), new Uint8Array(52), new Uint8Array(100).fill(255)]) {
        await refusedBytes(/\S/, body);
    }
    await refusedBytes(/\S/, bytes().slice(0, -9));
    await refusedBytes(/\S/, new Uint8Array([...bytes(), 0]));
});

test("kinds of payloads, outputs and unlock blocks that do not exist", async () => {
    await refusedJson(/type/, { payload: { type: 9, index: "00" } });
    await refusedJson(/type/, transfer(({ essence }) => { essence.outputs[0].type = 7; }));
    await refusedJson(/type/, transfer(({ essence }) => { essence.outputs[0].address.type = 1; }));
    await refusedJson(/type/, transfer(({ essence }) => { essence.inputs[0].type = 3; }));
    await refusedJson(/type/, transfer(({ unlockBlocks }) => { unlockBlocks[0].type = 5; }));
    await refusedJson(/type/, transfer(({ unlockBlocks }) => { unlockBlocks[0].signature.type = 1; }));
    await refusedJson(/\S/, transfer(({ essence }) => { essence.outputs[0].amount = 0; }));
    await refusedJson(/\S/, transfer(({ essence }) => { essence.outputs[0].amount += 1; }));
    await refusedJson(/\S/, transfer(({ essence }) => { essence.outputs.push(essence.outputs[0]); }));
    await refusedJson(/\S/, transfer(({ essence }) => { essence.inputs = []; }));
    await refusedJson(/\S/, transfer(transaction => { transaction.unlockBlocks = []; }));
});

test("another network, wrong parents, too little proof of work", async () => {
    const payload = { type: 2, index: "626164" };
    await refusedJson(/network/i, { networkId: "1", payload, parentMessageIds: parents });
    await refusedBytes(/network|parent|pow/i, bytes());
    await refusedJson(/parent/i, { payload, parentMessageIds: [...parents].reverse() });
    await refusedJson(/parent/i, { payload, parentMessageIds: [parents[0], parents[0]] });
    const nine = Array.from({ length: 9 }, (_, number) => `0${number}`.repeat(32));
    await refusedJson(/parent/i, { payload, parentMessageIds: nine });
    await refusedJson(/parent/i, { payload, parentMessageIds: ["ab".repeat(32)] });
    const { networkId } = await client.message(parents[0]);
    // A nonce that proves nothing: with 34 payload bytes about one nonce in 20 000 would.
    await refusedJson(/pow|proof of work/i, { networkId, payload, parentMessageIds: parents, nonce: "12345" });
});

test("a message over 32 KiB and a body over 1 MB", async () => {
    await refusedJson(/\S/, { payload: { type: 2, index: "00", data: "00".repeat(33_000) }, parentMessageIds: parents });
    const { networkId } = await client.message(parents[0]);
    const large = bytes({ networkId });
    await refusedBytes(/\S/, new Uint8Array([...large, ...new Uint8Array(32_768)]));
    const huge = await fetch(`${server.url}/api/v1/messages`, {
        method: "POST", body: new Uint8Array(1_100_000), headers: { "content-type": "application/octet-stream" }
    });
    assert.equal(huge.status, 413);
    assert.equal((await huge.json()).error.code, "413");
});

test("a parent that is too old", async () => {
    const { messageId } = await client.milestone(1);
    await until(async () => (await client.info()).confirmedMilestoneIndex > BELOW_MAX_DEPTH + 2, "a deep Tangle");
    await refusedJson(/below max depth/, { payload: { type: 2, index: "626164" }, parentMessageIds: [messageId] });
});

test("wrong methods", async () => {
    for (const [method, path] of [["DELETE", "/api/v1/messages"], ["POST", "/api/v1/info"], ["PUT", "/api/v1/tips"]]) {
        const response = await fetch(`${server.url}${path}`, { method });
        assert.equal(response.status, 405, path);
    }
});

test("nothing of all this was stored, and the folder is sound", async () => {
    assert.deepEqual((await client.messagesFind("bad")).messageIds, []);
    const ended = await server.interrupt();
    assert.equal(ended.code, 0, server.log);
    assert.doesNotMatch(server.log, /panick|ERROR/);
    const audit = server.audit();
    assert.equal(audit.is_clean, true, JSON.stringify(audit));
    // Two messages of ours; everything else is milestones.
    assert.equal(audit.messages, audit.milestones + 2);
});
