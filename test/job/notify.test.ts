import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deliver } from "../../src/job/notify.ts";
import { REAL_SURROUNDINGS, type Surroundings } from "../../src/surroundings/surroundings.ts";
import { startStub } from "../support/stub-server.ts";

/** The pauses between tries, ms: they last a hundredth here. */
const PAUSES = [1_000, 4_000, 15_000];
const HASTENED: Surroundings = {
  ...REAL_SURROUNDINGS,
  after: (ms, run, options) => REAL_SURROUNDINGS.after(PAUSES.includes(ms) ? ms / 100 : ms, run, options),
};
const BODY = '{"type":"run-ended"}';
const SECRET = "s3cret";

const send = (url: string, env = {}, signal = new AbortController().signal) =>
  deliver(url, BODY, { env, surroundings: HASTENED, signal });

describe("a notification", () => {
  it("is signed with the secret of the environment, over its time and its body", async () => {
    await using receiver = await startStub([{ status: 204 }]);
    expect(await send(`${receiver.url}/hook?team=1`, { REUPLOAD_NOTIFY_SECRET: SECRET })).toBeUndefined();
    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: "POST", url: "/hook?team=1" });
    expect(request?.headers["content-type"]).toBe("application/json");
    const [, seconds = "", signature] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(request?.headers["x-reupload-signature"] ?? "") ?? [];
    expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
    const wanted = createHmac("sha256", SECRET)
      .update(`${seconds}.${String(request?.body)}`)
      .digest("hex");
    expect(signature).toBe(wanted);
  });

  it("has no signature without a secret", async () => {
    await using receiver = await startStub([{ status: 200 }]);
    expect(await send(receiver.url)).toBeUndefined();
    expect(receiver.requests[0]?.headers["x-reupload-signature"]).toBeUndefined();
  });

  it("is tried again while the receiver cannot take it, and four times at most", async () => {
    await using receiver = await startStub([{ status: 503 }, { status: 429 }, { status: 200 }]);
    expect(await send(receiver.url)).toBeUndefined();
    expect(receiver.requests).toHaveLength(3);
    await using broken = await startStub([{ status: 500 }]);
    expect(await send(broken.url)).toBe("it answered 500 (tried 4 times)");
    expect(broken.requests).toHaveLength(4);
  });

  it("is given up at once when the receiver does not want it, or sends it elsewhere", async () => {
    await using receiver = await startStub([{ status: 410 }]);
    expect(await send(receiver.url)).toBe("it answered 410 (tried once)");
    await using other = await startStub([{ status: 200 }]);
    await using mover = await startStub([{ status: 307, headers: { location: other.url } }]);
    expect(await send(mover.url)).toBe("it answered 307 (tried once)");
    expect(other.requests).toHaveLength(0);
  });

  it("is given up when somebody stops the command, and tried once when that was before", async () => {
    const stop = new AbortController();
    await using receiver = await startStub(() => {
      stop.abort();
      return undefined;
    });
    expect(await send(receiver.url, {}, stop.signal)).toBe("stopped (tried once)");
    await using second = await startStub([{ status: 503 }]);
    expect(await send(second.url, {}, stop.signal)).toBe("it answered 503 (tried once)");
  });

  it("tells why nobody can be reached, without the address", async () => {
    await using receiver = await startStub([{ status: 200 }]);
    await receiver.stop();
    const why = await send(`${receiver.url}/hook/T0KEN`);
    expect(why).toMatch(/ECONNREFUSED.*\(tried 4 times\)/);
    expect(why).not.toContain("T0KEN");
  });
});
