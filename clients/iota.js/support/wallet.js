// Keys, transactions and waiting, with the client's own functions.

import { Bip32Path, Blake2b } from "@iota/crypto.js";
import {
    Bech32Helper, buildTransactionPayload, ED25519_ADDRESS_TYPE, Ed25519Address, Ed25519Seed, serializeTransactionPayload,
    UTXO_INPUT_TYPE
} from "@iota/iota.js";
import { Converter, WriteStream } from "@iota/util.js";

const WAIT_MS_MAX = 30_000;
const POLL_MS = 50;

/** Reads the node until it gives something. */
export async function until(read, what) {
    const end = Date.now() + WAIT_MS_MAX;
    for (;;) {
        const found = await read();
        if (found) {
            return found;
        }
        if (Date.now() > end) {
            throw new Error(`waited ${WAIT_MS_MAX} ms for ${what}`);
        }
        await new Promise(resolve => setTimeout(resolve, POLL_MS));
    }
}

/** The metadata of a message once a milestone references it. */
export function referenced(client, messageId) {
    return until(async () => {
        const metadata = await client.messageMetadata(messageId);
        return metadata.referencedByMilestoneIndex ? metadata : undefined;
    }, `a milestone over ${messageId}`);
}

/** A key of a mnemonic: its address in both forms. */
export class Account {
    constructor(mnemonic, hrp, index) {
        this.seed = Ed25519Seed.fromMnemonic(mnemonic);
        const path = new Bip32Path(`m/44'/4218'/0'/0'/${index}'`);
        this.keyPair = this.seed.generateSeedFromPath(path).keyPair();
        const digest = new Ed25519Address(this.keyPair.publicKey).toAddress();
        this.hex = Converter.bytesToHex(digest);
        this.bech32 = Bech32Helper.toBech32(ED25519_ADDRESS_TYPE, digest, hrp);
    }

    /** An input of a transaction that this key unlocks. */
    spends({ transactionId, index }) {
        const input = { type: UTXO_INPUT_TYPE, transactionId, transactionOutputIndex: index };
        return { input, addressKeyPair: this.keyPair };
    }

    /** An output of a transaction that this key can spend. */
    receives(amount, isDustAllowance = false) {
        return { address: this.hex, addressType: ED25519_ADDRESS_TYPE, amount, isDustAllowance };
    }
}

/** A signed transaction, its id, and where the output of each account is. */
export function transaction(inputs, outputs, indexation) {
    const payload = buildTransactionPayload(inputs, outputs, indexation);
    const stream = new WriteStream();
    serializeTransactionPayload(stream, payload);
    const transactionId = Converter.bytesToHex(Blake2b.sum256(stream.finalBytes()));
    const output = account => {
        const index = payload.essence.outputs.findIndex(output => output.address.address === account.hex);
        return { transactionId, index, id: outputId(transactionId, index) };
    };
    return { payload, transactionId, output };
}

/** The 68 hexadecimal characters of an output's id. */
export function outputId(transactionId, index) {
    const little = Buffer.alloc(2);
    little.writeUInt16LE(index);
    return transactionId + little.toString("hex");
}
