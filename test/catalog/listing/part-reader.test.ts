import { randomUUID } from "node:crypto";
import { open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PartReader } from "../../../src/catalog/listing/part-reader.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";

describe("the part reader", () => {
  it.each([
    ["directly", Infinity],
    ["through the thread pool after the first", -1],
  ])(
    "gives the parts in their order, line feeds where the file ends, when it reads %s",
    async (_how, slowMs) => {
      const path = join(tmpdir(), `reupload-parts-${randomUUID()}`);
      const text = Array.from({ length: 5000 }, (_, i) => String.fromCodePoint(33 + (i % 90))).join("");
      await writeFile(path, text);
      const handle = await open(path);
      try {
        const parts = Array.from({ length: 200 }, (_, i) => ({
          offset: (i * 977) % 5000,
          length: 80 + (i % 50),
          rows: 1,
          line: 1,
        }));
        const reader = new PartReader(REAL_SURROUNDINGS, handle, slowMs);
        const windows = await Array.fromAsync(reader.read(parts, new AbortController().signal));
        expect(windows.flatMap((window) => window.parts)).toEqual(parts);
        expect(windows.map(({ bytes }) => bytes.toString()).join("")).toBe(
          parts
            .map(({ offset, length }) => `${text.slice(offset, offset + length).padEnd(length, "\n")}\n`)
            .join(""),
        );
      } finally {
        await handle.close();
        await rm(path);
      }
    },
  );
});
