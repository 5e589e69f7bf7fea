// Proof of work by the client itself, which takes it seconds: milestones come at the usual pace, so that the message is
// not left behind meanwhile.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { LocalPowProvider, sendData, SingleNodeClient } from "@iota/iota.js";

import { check } from "../support/data.js";
import { Server } from "../support/server.js";

let server;

before(async () => {
    server = await Server.start({ interval: "5" });
});

after(() => server.dispose());

test("the client does the proof of work itself", async () => {
    const own = new SingleNodeClient(server.url, { powProvider: new LocalPowProvider() });
    const { message, messageId } = await sendData(own, "osmia-local", "local");
    // The nonce that the client found is kept.
    assert.equal((await own.message(messageId)).nonce, message.nonce);
    await check(own, messageId, "osmia-local", "local");
});
