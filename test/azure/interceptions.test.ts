/** Answers that the service did not give: waited for as an outage, and no request is charged for them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Attempts } from "../../src/azure/attempts/attempt.ts";
import { RequestBudget } from "../../src/azure/attempts/effort.ts";
import { RestBlobWriter } from "../../src/azure/calls/rest-blob-writer.ts";
import type { ServiceGate } from "../../src/azure/gate/service-gate.ts";
import {
  asStorage,
  type StubAnswer,
  type StubRequest,
  type StubServer,
  startStub,
} from "../support/stub-server.ts";
import { CREATE } from "./calls-contract.ts";
import { accountAt } from "./wire/wire.ts";
import { QUICK, quickGate, restTo, thrownBy } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const PAGE: StubAnswer = { status: 200, headers: { "content-type": "text/html" }, body: "<html>" };
const CREATED = asStorage({ status: 201 });

let stub: StubServer;
let answer: (request: StubRequest) => StubAnswer;
let writer: RestBlobWriter;
beforeEach(async () => {
  stub = await startStub((request) => answer(request));
  writer = new RestBlobWriter(restTo(accountAt(stub)), "c");
});
afterEach(() => stub.stop());

const attempts = new Attempts(REAL_SURROUNDINGS, QUICK);
const put = async (gate: ServiceGate, name: string, effort = effortOf(60_000)): Promise<void> =>
  attempts.run(gate, effort, "put blob", async (pulse) =>
    writer.putBlob(name, Buffer.from("x"), CREATE, pulse),
  );
const effortOf = (ms: number): RequestBudget => new RequestBudget(new AbortController().signal, ms);

describe("something that answers in the service's place", () => {
  it("is waited for and named, whoever asks alone, and charged to nobody", async () => {
    answer = () => PAGE;
    const gate = quickGate();
    const effort = effortOf(60_000);
    const work = put(gate, "b", effort);
    await expect.poll(() => gate.isDown).toBe(true);
    expect(gate.waiting?.advice).toMatch(
      /^reupload tries again until the service itself answers \(something between this machine and 127\.0\.0\.1:\d+ answered \(HTTP 200, text\/html\)\)$/,
    );
    await expect.poll(() => stub.requests.length).toBeGreaterThan(12);
    answer = () => CREATED;
    await work;
    // What failed before the brake was on.
    expect(effort.attempts).toBeLessThanOrEqual(4);
  });

  it("that does not go away ends the run, and says what to look at", async () => {
    answer = () => PAGE;
    const failure = await thrownBy(put(quickGate({ maxWaitMs: 50 }), "b"));
    expect(failure).toMatchObject({ code: "unavailable", exitCode: 6 });
    expect(String(failure)).toMatch(
      /Something else answers in place of the .*: something between this machine and/,
    );
    expect(failure).toMatchObject({ advice: expect.stringContaining("captive portal") as string });
  });

  it("whatever is asked once the work began ends the run as early as before its first file, and names the request", async () => {
    answer = () => CREATED;
    const gate = quickGate({ maxFirstWaitMs: 50, maxWaitMs: 60_000 });
    // What looks at the target before the work is answered.
    await put(gate, "looked");
    gate.beginWork();
    answer = () => ({ ...PAGE, status: 500 });
    const copy = attempts.run(gate, effortOf(60_000), "put blob from url", async (pulse) =>
      writer.putBlob("b", Buffer.from("x"), CREATE, pulse),
    );
    const failure = await thrownBy(copy);
    expect(failure).toMatchObject({ code: "unavailable", exitCode: 6 });
    expect(String(failure)).toMatch(
      /Something else answers in place of the target account\.example, or it fails itself, when asked to put blob from url \(waited .*HTTP 500/,
    );
    expect(failure).toMatchObject({
      advice: expect.stringMatching(/^Try --transfer stream.*proxy/) as string,
    });
  });

  it("after a file was done is sat out for as long as any outage", async () => {
    answer = () => CREATED;
    const gate = quickGate({ maxFirstWaitMs: 50, maxWaitMs: 60_000 });
    gate.beginWork();
    await put(gate, "done");
    answer = () => ({ ...PAGE, status: 500 });
    const work = put(gate, "b");
    await expect.poll(() => gate.isDown).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 150));
    answer = () => CREATED;
    await work;
  });

  it("for one blob alone takes no more than that file's time, however often that is", async () => {
    answer = ({ url }) => (url.endsWith("/odd") ? PAGE : CREATED);
    const gate = quickGate();
    const odd = thrownBy(put(gate, "odd", effortOf(400)));
    const over = odd.then(() => true);
    for (let n = 0, isOver = false; !isOver; n++) {
      const other = put(gate, `b${n}`).then(() => false);
      isOver = await Promise.race([over, other]);
      await other;
    }
    // Whether its time ends between two requests or in the middle of one.
    expect(await odd).toMatchObject({ answer: { intercepted: true } });
    expect(stub.requests.filter(({ url }) => url.endsWith("/odd")).length).toBeGreaterThan(QUICK.maxAttempts);
  });

  it("and says for how long to wait is asked no sooner", async () => {
    const began = performance.now();
    answer = () =>
      performance.now() - began < 900 ? { ...PAGE, status: 503, headers: { "retry-after": "1" } } : CREATED;
    await put(quickGate(), "b");
    expect(stub.requests).toHaveLength(2);
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  it("in place of a source that never answered is the file's trouble, by its own words", async () => {
    answer = () => PAGE;
    const gate = quickGate({ essential: false, maxFirstWaitMs: 50 });
    const failure = await thrownBy(put(gate, "b"));
    expect(failure).toMatchObject({ answer: { intercepted: true } });
    expect(String(failure)).toContain("something between this machine and");
  });
});
