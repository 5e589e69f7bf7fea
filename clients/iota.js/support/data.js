// What the client reads of a data message.

import assert from "node:assert/strict";

import { Blake2b } from "@iota/crypto.js";
import { deserializeMessage, retrieveData } from "@iota/iota.js";
import { Converter, ReadStream } from "@iota/util.js";

import { referenced } from "./wallet.js";

/** Checks everything the client reads of a data message, until a milestone references it. */
export async function check(client, messageId, index, data) {
    // An answered message is visible to the very next request.
    const message = await client.message(messageId);
    assert.equal(message.networkId, networkIdOf((await client.info()).networkId));
    assert.deepEqual(message.parentMessageIds, [...new Set(message.parentMessageIds)].sort());
    assert.equal(message.payload.type, 2);
    assert.equal(message.payload.index, Converter.utf8ToHex(index));
    // Present in every answer, even when empty.
    assert.equal(message.payload.data, Converter.utf8ToHex(data ?? ""));
    const retrieved = await retrieveData(client, messageId);
    assert.equal(Converter.bytesToUtf8(retrieved.index), index);

    const raw = await client.messageRaw(messageId);
    assert.equal(Converter.bytesToHex(Blake2b.sum256(raw)), messageId);
    assert.deepEqual(deserializeMessage(new ReadStream(raw)).parentMessageIds, message.parentMessageIds);

    const found = await client.messagesFind(index);
    assert.equal(found.index, Converter.utf8ToHex(index));
    assert.equal(found.count, found.messageIds.length);
    assert.ok(found.messageIds.includes(messageId));

    const children = await client.messageChildren(message.parentMessageIds[0]);
    assert.ok(children.childrenMessageIds.includes(messageId));

    const metadata = await referenced(client, messageId);
    assert.equal(metadata.messageId, messageId);
    assert.equal(metadata.isSolid, true);
    assert.equal(metadata.ledgerInclusionState, "noTransaction");
    assert.ok(metadata.conflictReason === undefined || metadata.conflictReason === 0);
    assert.equal(metadata.shouldPromote, undefined);
}

/** The id of the network called `name`, as messages carry it. */
export function networkIdOf(name) {
    return Buffer.from(Blake2b.sum256(Converter.utf8ToBytes(name))).readBigUInt64LE(0).toString();
}
