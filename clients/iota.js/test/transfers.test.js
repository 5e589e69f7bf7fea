// Transfers of value from the words that the program printed, each until a milestone references it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { getBalance, sendMultiple, SingleNodeClient } from "@iota/iota.js";

import { Server } from "../support/server.js";
import { Account, outputId, referenced, transaction } from "../support/wallet.js";

const SUPPLY = 2_779_530_283_277_761;
const DUST = 1_000_000;
const SINGLE = 0;
const DUST_ALLOWANCE = 1;

let server;
let client;
/** Accounts of the printed words; the first owns the supply. */
let account;
/** An output of the first account that is not spent yet. */
let unspent;

before(async () => {
    server = await Server.start();
    client = new SingleNodeClient(server.url);
    account = index => new Account(server.facts.mnemonic, server.facts.hrp, index);
    unspent = { transactionId: "00".repeat(32), index: 0, amount: SUPPLY };
});

after(() => server.dispose());

/** Submits a transaction that spends `unspent` for `outputs`; what is left stays with the first account. */
async function spend(outputs) {
    const owner = account(0);
    const left = unspent.amount - outputs.reduce((sum, output) => sum + output.amount, 0);
    const built = transaction([owner.spends(unspent)], [...outputs, owner.receives(left)]);
    const messageId = await client.messageSubmit({ payload: built.payload });
    unspent = { ...built.output(owner), amount: left };
    return { ...built, messageId };
}

async function included(messageId) {
    const metadata = await referenced(client, messageId);
    assert.equal(metadata.ledgerInclusionState, "included");
    return metadata;
}

async function conflicting(messageId, reason) {
    const metadata = await referenced(client, messageId);
    assert.equal(metadata.ledgerInclusionState, "conflicting");
    assert.equal(metadata.conflictReason, reason);
}

test("the printed words own the whole supply", async () => {
    const owner = account(0);
    assert.equal(owner.bech32, server.facts.address);
    assert.equal(await getBalance(client, owner.seed, 0), SUPPLY);
    const genesis = await client.output(outputId(unspent.transactionId, 0));
    assert.equal(genesis.output.amount, SUPPLY);
    assert.equal(genesis.isSpent, false);
});

test("a transfer pays its receiver and gives the remainder back", async () => {
    const [owner, receiver] = [account(0), account(1)];
    const indexation = { key: "transfer", data: "with a remainder" };
    // The client's own high-level call: it finds the input, signs, and adds the remainder.
    const { messageId, message } = await sendMultiple(
        client, owner.seed, 0, [{ addressBech32: receiver.bech32, amount: 10 * DUST }], indexation
    );
    const metadata = await included(messageId);

    const outputs = message.payload.essence.outputs;
    assert.deepEqual(outputs.map(output => output.amount).sort((a, b) => a - b), [10 * DUST, SUPPLY - 10 * DUST]);
    assert.equal((await client.address(receiver.bech32)).balance, 10 * DUST);
    const balance = await client.addressEd25519(owner.hex);
    assert.equal(balance.balance, SUPPLY - 10 * DUST);
    assert.equal(balance.dustAllowed, false);

    const { outputIds: [remainder], count } = await client.addressOutputs(owner.bech32);
    assert.equal(count, 1);
    const output = await client.output(remainder);
    assert.equal(output.messageId, messageId);
    assert.equal(output.isSpent, false);
    unspent = { transactionId: output.transactionId, index: output.outputIndex, amount: output.output.amount };

    // Spent outputs are listed only when they are asked for.
    const all = await client.addressEd25519Outputs(owner.hex, undefined, true);
    assert.deepEqual(all.outputIds, [remainder, outputId("00".repeat(32), 0)]);
    assert.equal((await client.output(all.outputIds[1])).isSpent, true);

    const changes = await client.milestoneUtxoChanges(metadata.referencedByMilestoneIndex);
    assert.equal(changes.createdOutputs.length, 2);
    assert.deepEqual(changes.consumedOutputs, [outputId("00".repeat(32), 0)]);

    const message2 = await client.transactionIncludedMessage(output.transactionId);
    assert.deepEqual(message2.payload.unlockBlocks, message.payload.unlockBlocks);
    assert.equal(message2.payload.essence.payload.index, Buffer.from("transfer").toString("hex"));
    // The index of a transaction is found as that of a data message.
    assert.deepEqual((await client.messagesFind("transfer")).messageIds, [messageId]);
});

test("an output that no milestone confirmed yet can be spent", async () => {
    const [first, second, third] = [account(2), account(3), account(4)];
    const made = await spend([first.receives(5 * DUST)]);
    const chained = transaction([first.spends(made.output(first))], [second.receives(2 * DUST), third.receives(3 * DUST)]);
    // The child names the parent, so that one comes after the other in the past of every milestone.
    const chainedId = await client.messageSubmit({ payload: chained.payload, parentMessageIds: [made.messageId] });
    await included(made.messageId);
    await included(chainedId);
    assert.equal((await client.address(first.bech32)).balance, 0);
    assert.equal((await client.address(second.bech32)).balance, 2 * DUST);
    assert.equal((await client.address(third.bech32)).balance, 3 * DUST);
    assert.deepEqual((await client.addressOutputs(first.bech32)).outputIds, []);
});

test("an address with an allowance takes dust, another one does not", async () => {
    const [allowed, refused] = [account(5), account(6)];
    const allowance = await spend([allowed.receives(10 * DUST, true)]);
    await included(allowance.messageId);
    const balance = await client.address(allowed.bech32);
    assert.equal(balance.dustAllowed, true);
    const allowanceId = allowance.output(allowed).id;
    assert.deepEqual((await client.addressOutputs(allowed.bech32, DUST_ALLOWANCE)).outputIds, [allowanceId]);
    assert.deepEqual((await client.addressOutputs(allowed.bech32, SINGLE)).outputIds, []);

    const dust = await spend([allowed.receives(1)]);
    await included(dust.messageId);
    assert.equal((await client.address(allowed.bech32)).balance, 10 * DUST + 1);

    // A transaction against the dust rule is stored, and conflicts.
    const before = unspent;
    const wrong = await spend([refused.receives(DUST - 1)]);
    unspent = before;
    await conflicting(wrong.messageId, 6);
    assert.equal((await client.address(refused.bech32)).balance, 0);
});

test("of two spends of one output exactly one is included", async () => {
    const [one, other] = [account(7), account(8)];
    const source = unspent;
    const first = await spend([one.receives(DUST)]);
    const firstRest = unspent;
    unspent = source;
    const second = await spend([other.receives(2 * DUST)]);
    const secondRest = unspent;
    const states = await Promise.all([first, second].map(({ messageId }) => referenced(client, messageId)));
    const names = states.map(({ ledgerInclusionState }) => ledgerInclusionState);
    assert.deepEqual([...names].sort(), ["conflicting", "included"]);
    const loser = states[names.indexOf("conflicting")];
    // Spent before, or spent by the same milestone.
    assert.ok([1, 2].includes(loser.conflictReason), `reason ${loser.conflictReason}`);
    const balances = await Promise.all([one, other].map(({ bech32 }) => client.address(bech32)));
    const isFirst = names[0] === "included";
    assert.deepEqual(balances.map(({ balance }) => balance), isFirst ? [DUST, 0] : [0, 2 * DUST]);
    unspent = isFirst ? firstRest : secondRest;
    await assert.rejects(client.transactionIncludedMessage((isFirst ? second : first).transactionId), { httpStatus: 404 });
});

test("transactions that break the ledger's rules are stored and conflict with their reason", async () => {
    const owner = account(0);
    const submit = payload => client.messageSubmit({ payload });

    const unknown = { transactionId: "ab".repeat(32), index: 0 };
    await conflicting(await submit(transaction([owner.spends(unknown)], [owner.receives(DUST)]).payload), 3);

    const wrongSum = transaction([owner.spends(unspent)], [owner.receives(unspent.amount - 1)]);
    await conflicting(await submit(wrongSum.payload), 4);

    // Another key cannot unlock the output.
    const stranger = transaction([account(9).spends(unspent)], [owner.receives(unspent.amount)]);
    await conflicting(await submit(stranger.payload), 5);

    const forged = transaction([owner.spends(unspent)], [owner.receives(unspent.amount)]).payload;
    const { signature } = forged.unlockBlocks[0];
    signature.signature = `${signature.signature.startsWith("00") ? "01" : "00"}${signature.signature.slice(2)}`;
    await conflicting(await submit(forged), 5);

    // The output is still there for its owner.
    await included((await spend([account(1).receives(DUST)])).messageId);
});

test("treasury and receipts can be read", async () => {
    assert.deepEqual(await client.treasury(), { milestoneId: "00".repeat(32), amount: 0 });
    assert.deepEqual(await client.receipts(), { receipts: [] });
    assert.deepEqual(await client.receipts(1), { receipts: [] });
});

test("the network stops cleanly, audits clean, and resumes with everything", async () => {
    const before = await client.info();
    const outputs = await client.addressOutputs(account(0).bech32, undefined, true);
    const ended = await server.interrupt();
    assert.deepEqual([ended.code, ended.signal], [0, null]);
    assert.ok(ended.milliseconds < 5_000, `${ended.milliseconds} ms`);
    const audit = server.audit();
    assert.equal(audit.is_clean, true, JSON.stringify(audit));
    assert.equal(audit.output_funds, SUPPLY);
    const { address, mnemonic } = server.facts;
    await server.resume();
    assert.equal(server.facts.address, address);
    assert.equal(server.facts.mnemonic, undefined);
    server.facts.mnemonic = mnemonic;
    client = new SingleNodeClient(server.url);
    assert.ok((await client.info()).confirmedMilestoneIndex >= before.confirmedMilestoneIndex);
    assert.deepEqual((await client.addressOutputs(account(0).bech32, undefined, true)).outputIds, outputs.outputIds);
    await included((await spend([account(1).receives(DUST)])).messageId);
});
