/** The program in `dist`: a few files that need nothing but Node, and that load what is heavy only when it is used. */
import { ContentMemory } from "../../src/transfer/content-memory.ts";
import type { HashRequest, HashThreadData } from "../../src/transfer/hash-thread.ts";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ToThread } from "../../src/workers/protocol.ts";
import { describe, expect, it, onTestFinished } from "vitest";
import { findCycle } from "../../scripts/build/chunks.ts";
import { ROOT } from "../../scripts/build/root.ts";
import type { StorageAccount } from "../../src/azure/account.ts";
import { resolve } from "../../src/config/config.ts";
import { Secret } from "../../src/core/secret.ts";
import { Services } from "../../src/job/services.ts";
import { describeAccount, type ThreadDescription } from "../../src/job/thread-services.ts";
import { TRANSFER_DEFAULTS } from "../../src/transfer/tools.ts";

const ACCOUNT: StorageAccount = {
  blobEndpoint: "http://127.0.0.1:1/a",
  queueEndpoint: "http://127.0.0.1:1/a",
  credential: { kind: "sas", token: new Secret("sv=1") },
};
const DIST = join(ROOT, "dist");
const files = readdirSync(DIST, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
const read = (name: string) => readFileSync(join(DIST, name), "utf8");
/** What a file loads as soon as it is loaded itself. */
const loadedBy = (name: string) =>
  [...read(name).matchAll(/^(?:const|let|var) \w+ = (?:\w+\.\w+\()?require\("([^"]+)"\)/gm)].map(
    ([, path = ""]) => path,
  );

describe("the built program", () => {
  it("consists of few files, each of which loads only Node's own modules and its neighbours", () => {
    expect(files.length).toBeGreaterThan(5);
    expect(files.length).toBeLessThan(30);
    const foreign = files.flatMap(loadedBy).filter((path) => !path.startsWith("."));
    expect(foreign).toContain("node:fs");
    expect(foreign.filter((path) => !isBuiltin(path))).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest["dependencies"]).toBeUndefined();
  });

  it("loads neither HTTP nor the state with its command line", () => {
    const neighbours = loadedBy("chunks/command.js").filter((path) => path.startsWith("."));
    expect(neighbours).toEqual(["./rolldown-runtime.js"]);
  });

  it("loads with most verbs no package that takes long", () => {
    const neighbours = loadedBy("chunks/work.js").filter((path) => path.startsWith("."));
    // What is missing in this list is to be named in scripts/build/chunks.ts, or to be imported when it is used.
    expect(neighbours.toSorted()).toEqual(["./command.js", "./rolldown-runtime.js"]);
  });

  it.each([
    ["the package: by its path", join(DIST, "transfer", "hash-thread.js"), false],
    ["the single executable: by its text", read("transfer/hash-thread.js"), true],
  ])("has a thread for hashes that starts as in %s, and needs no other file", async (_, code, isText) => {
    expect(loadedBy("transfer/hash-thread.js").filter((path) => !isBuiltin(path))).toEqual([]);
    // Two folders deep, as the file that starts it is in `src`.
    const starts = files.filter((name) => read(name).includes("function startThread("));
    expect(starts.length).toBeGreaterThan(0);
    expect(starts.filter((name) => name.split(/[\\/]/).length !== 2)).toEqual([]);
    const memory = new ContentMemory(4);
    const workerData: HashThreadData = { memory: memory.wasm, scratch: memory.takeScratch() };
    const thread = new Worker(code, { eval: isText, workerData });
    for (const [id, content] of [{ begin: 1, length: 3 }, new Uint8Array(3)].entries()) {
      thread.postMessage({ id, what: "whole", content } satisfies HashRequest);
      const [answer] = (await once(thread, "message")) as [unknown];
      expect(answer).toEqual({ id, md5: createHash("md5").update(Buffer.alloc(3)).digest("base64") });
    }
    await thread.terminate();
  });

  it.each([
    ["the package: by its path", join(DIST, "job", "slot-thread.js"), false],
    ["the single executable: by its text", read("job/slot-thread.js"), true],
  ])("has a thread for slots that starts as in %s, and needs no other file", async (_, code, isText) => {
    expect(loadedBy("job/slot-thread.js").filter((path) => !isBuiltin(path))).toEqual([]);
    const gates = new Services(ACCOUNT, resolve(new Map(), {}), {}).shareGates().connect();
    onTestFinished(() => gates.close());
    const workerData: ThreadDescription = {
      slots: {
        container: "results",
        queue: "resultsqueue",
        timeToLiveSeconds: -1,
        transfer: TRANSFER_DEFAULTS,
        bufferBytes: 2 ** 20,
        hashesApart: false,
      },
      account: describeAccount(ACCOUNT),
      gates: gates.description,
      proxies: {},
      idleMs: 1_000,
      content: "copied",
    };
    const thread = new Worker(code, { eval: isText, workerData, transferList: [gates.description.port] });
    const [ready] = (await once(thread, "message")) as [unknown];
    expect(ready).toEqual({ answers: [], figures: { retries: 0, throttles: 0, hedges: 0 }, heldMs: 0 });
    const file = { fileName: "a", uri: "file:///a" };
    const task = { file, blobName: "a", announces: "always" } as const;
    const message: ToThread = {
      calls: [{ id: 1, signal: 0, waits: undefined, what: "deliver", task, replaces: false }],
      aborted: [],
      draining: [],
      ended: [],
    };
    thread.postMessage(message);
    let answer: { readonly answers: readonly unknown[] };
    // A message without answers tells figures.
    do [answer] = (await once(thread, "message")) as [typeof answer];
    while (answer.answers.length === 0);
    await thread.terminate();
    // Local files are read only where the catalog names them on the operator's word.
    expect(answer).toMatchObject({
      answers: [
        { id: 1, end: { kind: "failed", error: { kind: "file-failure", code: "source-forbidden" } } },
      ],
    });
  });

  it("carries the licence of every package whose code is in it", () => {
    const licences = read("THIRD-PARTY-LICENSES.txt");
    const names = files.flatMap((name) =>
      [...read(name).matchAll(/^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/gm)].map(([, one = ""]) => one),
    );
    expect(new Set(names).size).toBeGreaterThan(20);
    expect([...new Set(names)].filter((name) => !licences.includes(`\n${name} `))).toEqual([]);
  });

  it("tells where in the source an error arose when Node is asked to read the source maps", () => {
    const script = `
      const { runCommandLine } = require(${JSON.stringify(join(DIST, "cli", "command.js"))});
      process.cwd = () => { throw new Error("here"); };
      runCommandLine().catch((error) => console.log(error.stack));`;
    const { stdout } = spawnSync(process.execPath, ["--enable-source-maps", "-e", script], {
      encoding: "utf8",
    });
    expect(stdout).toContain("src/cli/process-io.ts");
    expect(stdout).toContain("src/cli/command.ts");
  });
});

describe("a circle of files", () => {
  it("is found, and told in its order", () => {
    const file = (fileName: string, ...imports: string[]) => ({ fileName, imports });
    expect(findCycle([file("a", "b", "c"), file("b", "c"), file("c")])).toBeUndefined();
    expect(findCycle([file("a", "b"), file("b", "c"), file("c", "b")])).toEqual(["b", "c", "b"]);
  });
});
