/** What a free connection keeps of its last request: hundreds are free, and each collection of garbage would copy all that. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttemptContext } from "../../../src/azure/attempts/attempt-clock.ts";
import { RestBlobWriter } from "../../../src/azure/calls/rest-blob-writer.ts";
import { type Certificate, makeCertificate } from "../../support/oauth-emulator.ts";
import { asStorage, startStub } from "../../support/stub-server.ts";
import { CREATE, once } from "../calls-contract.ts";
import { restTo } from "../support.ts";
import { accountAt } from "./wire.ts";

const KIB = 1024;
let certificate: Certificate;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-free-"));
  certificate = await makeCertificate(folder);
  setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
  setFlagsFromString("--expose-gc");
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const collectGarbage = (): void => (runInNewContext("gc") as () => void)();

describe("a free connection", () => {
  it.each([
    ["a short body", 100],
    // It goes in slices, each of which shows a sign of life.
    ["a long body", 700 * KIB],
  ])("keeps nothing of a request with %s that was answered", async (_, bytes) => {
    await using stub = await startStub([asStorage({ status: 201 })], certificate);
    const writer = new RestBlobWriter(restTo(accountAt(stub)), "c");
    const put = async (): Promise<WeakRef<AttemptContext>> =>
      once(async (pulse) => {
        await writer.putBlob("b", randomBytes(bytes), CREATE, pulse);
        return new WeakRef(pulse);
      });
    const kept = await put();
    await turn();
    await turn();
    collectGarbage();
    expect(kept.deref()).toBeUndefined();
  });
});
