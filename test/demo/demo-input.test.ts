import { hash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addMissingBlob, type DemoInput, makeDemoInput } from "../../src/demo/demo-input.ts";
import { emulator } from "../support/azurite.ts";
import { type HashedBlob, readerOf } from "../support/reader.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

type Row = Record<string, string>;

const signal = AbortSignal.timeout(60_000);
const scale = { workItems: 30, files: 200, large: [] };

const shared = emulator();
const { connectionString, blobEndpoint } = shared;
const sourceContainer = shared.uniqueName();
let folder: string;
let input: DemoInput;
let source: Map<string, HashedBlob>;
let csv: Row[];
let listing: Row[];

const rowsOf = async (path: string): Promise<Row[]> => parse<Row>(await readFile(path), { columns: true });
const keyOf = (row: Row): string => `${row["JobId"]} ${row["WorkItemId"]}`;
const withoutQuery = (uri = ""): string => uri.split("?")[0] ?? "";
const sourceNameOf = (row: Row): string =>
  decodeURIComponent(withoutQuery(row["Uri"]).slice(`${blobEndpoint}/${sourceContainer}/`.length));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-test-"));
  input = await makeDemoInput({
    surroundings: REAL_SURROUNDINGS,
    connectionString,
    folder,
    signal,
    sourceContainer,
    scale,
  });
  source = await readerOf(connectionString).hashAll(input.sourceContainer);
  csv = await rowsOf(input.csvFile);
  listing = await rowsOf(input.listingFile);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the demo's input", () => {
  it("names every work item in a CSV of ids alone, one of them twice", () => {
    expect(Object.keys(csv[0] ?? {})).toEqual(["JobId", "WorkItemId"]);
    expect([csv.length, new Set(csv.map(keyOf)).size]).toEqual([31, 30]);
    expect([input.csvRows, input.workItems, input.emptyWorkItems]).toEqual([31, 30, 1]);
  });

  it("lists every file of these work items but those of the empty one, some rows twice, in no order", () => {
    const listed = new Set(listing.map(keyOf));
    const wanted = new Set(csv.map(keyOf));
    expect([...wanted].filter((key) => !listed.has(key))).toHaveLength(1);
    expect([...listed].filter((key) => !wanted.has(key))).toEqual([]);
    const distinct = new Set(
      listing.map((row) => `${keyOf(row)} ${row["FileName"]} ${withoutQuery(row["Uri"])}`),
    );
    expect(distinct.size).toBe(input.files);
    expect(listing.length).toBe(input.listingRows);
    expect(listing.length).toBeGreaterThan(distinct.size);
    expect(listing.map(keyOf)).not.toEqual(listing.map(keyOf).sort());
  });

  it("has every listed blob but one in the source, as octet streams with the bytes that the input states", () => {
    const absent = listing.filter((row) => !source.has(sourceNameOf(row)));
    expect(new Set(absent.map((row) => withoutQuery(row["Uri"])))).toEqual(new Set([input.missing.uri]));
    expect(source.size).toBe(input.files - 1);
    expect(new Set([...source.values()].map((blob) => blob.contentType))).toEqual(
      new Set(["application/octet-stream"]),
    );
    const stated = listing.filter((row) => row["Length"] !== "" && source.has(sourceNameOf(row)));
    expect(stated.length).toBeGreaterThan(listing.length / 4);
    expect(stated.length).toBeLessThan((listing.length * 3) / 4);
    for (const row of stated) {
      expect(source.get(sourceNameOf(row))).toMatchObject({
        bytes: Number(row["Length"]),
        md5: row["ContentMD5"],
      });
    }
  });

  it("expects in the target what is in the source, with a name of its own for each", () => {
    const inSource = [...source.values()].map((blob) => `${blob.bytes} ${blob.md5}`);
    const expected = input.expected.map((file) => `${file.length} ${file.md5}`);
    expect(expected.sort()).toEqual([...inSource, `${input.missing.length} ${input.missing.md5}`].sort());
    expect(new Set(input.expected.map((file) => file.blobName)).size).toBe(input.files);
    expect(new Set(expected).size).toBe(input.files);
  });

  it("gives links with a SAS that let read, a day long, and links without that do not", async () => {
    const present = listing.filter((row) => source.has(sourceNameOf(row)));
    const signed = present.filter((row) => row["Uri"]?.includes("sig="));
    const plain = present.filter((row) => !row["Uri"]?.includes("?"));
    expect(signed.length + plain.length).toBe(present.length);
    expect(Math.min(signed.length, plain.length)).toBeGreaterThan(present.length / 4);
    for (const row of signed) {
      const answer = await fetch(row["Uri"] ?? "");
      expect(answer.status, row["Uri"]).toBe(200);
      const md5 = hash("md5", Buffer.from(await answer.arrayBuffer()), "base64");
      expect(md5).toBe(source.get(sourceNameOf(row))?.md5);
    }
    const end = Date.parse(new URL(signed[0]?.["Uri"] ?? "").searchParams.get("se") ?? "");
    expect(end - Date.now()).toBeGreaterThan(23 * 3_600_000);
    expect((await fetch(plain[0]?.["Uri"] ?? "")).status).toBeGreaterThanOrEqual(400);
  });

  it("is the same when it is made again, and complete when the missing blob is added", async () => {
    const again = await makeDemoInput({
      surroundings: REAL_SURROUNDINGS,
      connectionString,
      folder,
      signal,
      sourceContainer,
      scale,
    });
    expect(again.expected).toEqual(input.expected);
    const bare = (rows: Row[]): string[] =>
      rows.map((row) => Object.values({ ...row, Uri: withoutQuery(row["Uri"]) }).join());
    expect(bare(await rowsOf(again.listingFile))).toEqual(bare(listing));
    expect(await rowsOf(again.csvFile)).toEqual(csv);

    await addMissingBlob(again.missing, { signal });
    const whole = await readerOf(connectionString).hashAll(sourceContainer);
    expect(whole.size).toBe(input.files);
    const added = [...whole.values()].filter((blob) => !source.has(blob.name));
    expect(added).toMatchObject([{ md5: input.missing.md5, contentType: "application/octet-stream" }]);
  });

  it("ends when the signal says so", async () => {
    const stopped = new AbortController();
    const made = makeDemoInput({
      surroundings: REAL_SURROUNDINGS,
      connectionString,
      folder,
      signal: stopped.signal,
      sourceContainer,
      scale,
      onProgress: (uploaded) => uploaded === 5 && stopped.abort(new Error("enough")),
    });
    await expect(made).rejects.toThrow();
  });
});
