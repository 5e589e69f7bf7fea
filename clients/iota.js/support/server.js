// A private network for a test: the real program on a scratch folder and a port that the system chooses.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The program under test. */
export const binary = process.env.OSMIA ?? join(repository, "target/release/osmia");

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;

export class Server {
    /** Starts a network, with `more` options than usual, and waits until it says that it runs. */
    static async start({ interval = "0.5", api = "127.0.0.1:0", more = [] } = {}) {
        const options = ["--api", api, "--interval", interval, ...more];
        const server = new Server(mkdtempSync(join(tmpdir(), "osmia-client-")), options);
        await server.resume();
        return server;
    }

    constructor(folder, options) {
        this.folder = folder;
        this.options = options;
        this.data = join(folder, "data");
        this.log = "";
    }

    /** Where the API is, without a slash at the end. */
    get url() {
        return this.facts.api;
    }

    #run() {
        const line = ["private-net", "--data", this.data, ...this.options];
        this.process = spawn(binary, line, { stdio: ["ignore", "pipe", "pipe"] });
        this.process.stderr.on("data", text => { this.log += text; });
        this.exited = new Promise(resolve => this.process.once("exit", (code, signal) => resolve({ code, signal })));
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`no start within ${START_MS_MAX} ms\n${this.log}`)), START_MS_MAX);
            this.process.once("error", reject);
            this.exited.then(({ code }) => reject(new Error(`ended with ${code}\n${this.log}`)));
            let text = "";
            this.process.stdout.on("data", more => {
                text += more;
                // The last line of what the program prints about the network.
                if (/^send: .*\n/m.test(text)) {
                    clearTimeout(timer);
                    resolve(facts(text));
                }
            });
        });
    }

    /** Whether the process still runs. */
    get isAlive() {
        return this.process.exitCode === null && this.process.signalCode === null;
    }

    /** Stops the network as a person does; gives its exit code and how long it took. */
    async interrupt() {
        const started = Date.now();
        this.process.kill("SIGINT");
        const timer = setTimeout(() => this.process.kill("SIGKILL"), 2 * STOP_MS_MAX);
        const ended = await this.exited;
        clearTimeout(timer);
        return { ...ended, milliseconds: Date.now() - started };
    }

    /** Starts the network on its folder, for the first time or again. */
    async resume() {
        this.facts = await this.#run();
    }

    /** What the audit of the folder prints, as an object; the network must be stopped. */
    audit() {
        const { stdout, stderr } = spawnSync(binary, ["tool", "audit", "--json", "--data", this.data], { encoding: "utf8" });
        try {
            return JSON.parse(stdout);
        } catch {
            throw new Error(`the audit printed no report: ${stdout}${stderr}`);
        }
    }

    /** Ends the process if it still runs and removes the folder. */
    async dispose() {
        if (this.isAlive) {
            this.process.kill("SIGKILL");
            await this.exited;
        }
        rmSync(this.folder, { recursive: true, force: true });
    }
}

/** The `name: value` lines that the program prints. */
function facts(text) {
    const lines = text.split("\n").filter(line => line.includes(": "));
    return Object.fromEntries(lines.map(line => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
    }));
}
