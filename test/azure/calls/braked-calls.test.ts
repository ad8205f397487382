import { describe, expect, it } from "vitest";
import { AttemptClock } from "../../../src/azure/attempts/attempt-clock.ts";
import type { BlobReader, BlobWriter } from "../../../src/azure/calls/blob-calls.ts";
import { BrakedReader, BrakedWriter } from "../../../src/azure/calls/braked-calls.ts";
import { RequestBudget } from "../../../src/azure/attempts/effort.ts";
import { Pacer } from "../../../src/azure/gate/pacer.ts";
import { VirtualClock } from "../virtual-service.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

const options = { createOnly: true, headers: { contentType: undefined }, metadata: {} };
const access = { url: "https://source.example/blob", as: "anonymous" } as const;

/** Calls that are done as soon as they are made, behind a brake in virtual time; and how many were. */
function scene(bytesPerSecond: number) {
  const clock = new VirtualClock();
  const bandwidth = new Pacer(clock, () => bytesPerSecond);
  let made = 0;
  const done = async (): Promise<void> => void made++;
  const writer: BlobWriter = {
    putBlob: done,
    putBlock: done,
    putBlobFromUrl: done,
    putBlockFromUrl: done,
    putBlockList: done,
    uncommittedBlocks: async () => new Set(["id"]),
    blobUrl: (name) => `https://target.example/${name}`,
  };
  const properties = {
    length: 1_000,
    etag: "e",
    lastModified: 0,
    contentMd5: undefined,
    headers: { contentType: undefined },
    metadata: {},
  };
  const reader: BlobReader = {
    properties: async () => properties,
    open: async () => ({
      properties,
      readInto: done,
      async *chunks() {
        for (let n = 0; n < 4; n++) yield Buffer.alloc(250);
      },
      close() {},
    }),
  };
  const pulse = new AttemptClock(
    REAL_SURROUNDINGS,
    new RequestBudget(new AbortController().signal, 60_000),
    "test",
    60_000,
  );
  /** Lets virtual time pass, and everything that is due then happen. */
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 50) {
      clock.runUntil(clock.now() + 50);
      await new Promise(setImmediate);
    }
  };
  return {
    writer: new BrakedWriter(writer, bandwidth),
    reader: new BrakedReader(reader, bandwidth),
    made: () => made,
    pulse,
    pass,
    [Symbol.dispose]: () => pulse.stop(),
  };
}

describe("the brake on the bandwidth", () => {
  it("counts what is written, whole and in blocks", async () => {
    using made = scene(1_000);
    const { writer, pulse } = made;
    await made.pass(1_000);
    const puts = Promise.all([
      writer.putBlob("a", Buffer.alloc(1_000), options, pulse),
      writer.putBlock("b", "id", Buffer.alloc(1_000), "", pulse),
      writer.putBlob("c", Buffer.alloc(1_000), options, pulse),
    ]);
    await made.pass(800);
    expect(made.made()).toBe(1);
    await made.pass(700);
    expect(made.made()).toBe(2);
    await made.pass(1_000);
    await puts;
    expect(made.made()).toBe(3);
  });

  it("counts what is read, at once or piece by piece", async () => {
    using made = scene(1_000);
    await made.pass(1_000);
    const opened = await made.reader.open(access, undefined, made.pulse);
    await opened.readInto(Buffer.alloc(1_000));
    let bytes = 0;
    const reading = (async () => {
      for await (const chunk of opened.chunks()) bytes += chunk.length;
    })();
    await made.pass(800);
    expect(bytes).toBe(0);
    await made.pass(700);
    expect(bytes).toBeGreaterThanOrEqual(500);
    expect(bytes).toBeLessThan(1_000);
    await made.pass(1_000);
    await reading;
    expect(bytes).toBe(1_000);
  });

  it("lets pass at once what the service copies itself and what has no body", async () => {
    using made = scene(0.001);
    const { writer, reader, pulse } = made;
    await writer.putBlob("a", Buffer.alloc(0), options, pulse);
    await writer.putBlobFromUrl("a", { url: "u" }, options, pulse);
    await writer.putBlockFromUrl("a", "id", { url: "u" }, { offset: 0, count: 1e9, ifMatch: "e" }, pulse);
    await writer.putBlockList("a", ["id"], options, pulse);
    expect(await writer.uncommittedBlocks("a", pulse)).toEqual(new Set(["id"]));
    expect(writer.blobUrl("a")).toBe("https://target.example/a");
    expect(await reader.properties(access, pulse)).toMatchObject({ length: 1_000 });
    expect(made.made()).toBe(4);
  });
});
