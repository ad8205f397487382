import { open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { PartReader } from "../../../src/catalog/listing/part-reader.ts";

describe("the part reader", () => {
  it.each([
    ["directly", Infinity],
    ["through the thread pool after the first few", -1],
  ])("gives the parts in their order, cut where the file ends, when it reads %s", async (_how, slowMs) => {
    const path = join(tmpdir(), `reupload-parts-${randomUUID()}`);
    const text = Array.from({ length: 5000 }, (_, i) => String.fromCodePoint(33 + (i % 90))).join("");
    await writeFile(path, text);
    const handle = await open(path);
    try {
      const parts = Array.from({ length: 200 }, (_, i) => ({
        offset: (i * 977) % 5000,
        length: 100,
        rows: 1,
        line: 1,
      }));
      const windows = await Array.fromAsync(
        new PartReader(handle, slowMs).read(parts, new AbortController().signal),
      );
      expect(windows.flat().map(([part, bytes]) => [part.offset, bytes.toString()])).toEqual(
        parts.map(({ offset }) => [offset, text.slice(offset, offset + 100)]),
      );
    } finally {
      await handle.close();
      await rm(path);
    }
  });
});
