/** Newer links for files whose link ends or is refused: who asks when, and whose answer counts. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FileFailure } from "../../src/core/failure.ts";
import type { CatalogFile } from "../../src/core/file.ts";
import { linkExpiry } from "../../src/core/file.ts";
import { WaitGivenUp } from "../../src/core/waits.ts";
import { FreshLinks } from "../../src/pipeline/fresh-links.ts";
import { workItem } from "../state/samples.ts";
import { COPIED, hang, MapCatalog, rig } from "./support.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

const never = new AbortController().signal;

/** A work item's files whose links end so long from now, with the catalog's answers as they are now. */
function listed(count: number, endsInMs: number) {
  const link = (n: number, signature: string, inMs: number): CatalogFile => ({
    fileName: `f${n}.json`,
    uri: `https://source.example/c/f${n}.json?se=${new Date(Date.now() + inMs).toISOString()}&sig=${signature}`,
  });
  const files = Array.from({ length: count }, (_, n) => link(n, "old", endsInMs));
  const catalog = new MapCatalog(new Map([["item-0", { files }]]));
  const renew = (): void => {
    catalog.answers.set("item-0", { files: files.map((_, n) => link(n, "new", 3_600_000)) });
  };
  return { files, catalog, renew };
}

const questions = (catalog: MapCatalog): number =>
  catalog.asked.filter((name) => name.startsWith("fresh:")).length;

describe("links that are renewed before they end", () => {
  it("fail no file, though the work item asked before that and got nothing newer", async () => {
    const { catalog, renew } = listed(60, 2_000);
    const made = await rig(catalog, 1);
    // One file at a time, so that most links are used after their end.
    made.transfer = async ({ uri }) => {
      await sleep(60);
      if ((linkExpiry(uri) ?? 0) < Date.now())
        throw new FileFailure("source-forbidden", "the link has ended");
      return COPIED;
    };
    const running = made.run({ workItemWorkers: 1, fileWorkers: 1 });
    await sleep(1_000);
    renew();
    expect(await running).toEqual({ kind: "finished" });
    expect(made.store.ledger.tally().files).toMatchObject({ copied: 60, failed: 0 });
    expect(questions(catalog)).toBeLessThanOrEqual(4);
  });

  it("are found by a refused file, however short ago the work item asked", async () => {
    const { files, catalog, renew } = listed(2, 300);
    const links = new FreshLinks(REAL_SURROUNDINGS, catalog, workItem(0), { renewed: 0 });
    const [first, second] = files as [CatalogFile, CatalogFile];
    expect(await links.beforeUse(first, { signal: never })).toBeUndefined();
    renew();
    // What is only about to end does with the answer that there is.
    expect(await links.beforeUse(second, { signal: never })).toBeUndefined();
    await sleep(320);
    expect((await links.afterRefusal(second, { signal: never }))?.uri).toContain("sig=new");
    expect((await links.afterRefusal(first, { signal: never }))?.uri).toContain("sig=new");
    expect(questions(catalog)).toBe(2);
  });

  it("are found by a file whose link ends later than those that were asked for in vain", async () => {
    const { files, catalog, renew } = listed(1, -1_000);
    const later = {
      fileName: "f1.json",
      uri: `https://source.example/c/f1.json?se=${new Date(Date.now() + 900).toISOString()}&sig=old`,
    };
    const links = new FreshLinks(REAL_SURROUNDINGS, catalog, workItem(0), { renewed: 0 });
    expect(await links.afterRefusal(files[0] as CatalogFile, { signal: never })).toBeUndefined();
    renew();
    const answers = catalog.answers.get("item-0") as { files: CatalogFile[] };
    answers.files.push({ fileName: "f1.json", uri: "https://source.example/c/f1.json?sig=new" });
    await sleep(920);
    expect((await links.afterRefusal(later, { signal: never }))?.uri).toContain("sig=new");
  });
});

describe("links that are not renewed", () => {
  it("cost few questions, however many files are refused", async () => {
    const { files, catalog } = listed(500, -3_600_000);
    const links = new FreshLinks(REAL_SURROUNDINGS, catalog, workItem(0), { renewed: 0 });
    const began = performance.now();
    for (const file of files) {
      expect(await links.beforeUse(file, { signal: never })).toBeUndefined();
      expect(await links.afterRefusal(file, { signal: never })).toBeUndefined();
    }
    expect(questions(catalog)).toBeLessThanOrEqual(2);
    expect(performance.now() - began).toBeLessThan(2_500);
  });

  it("without an end cost few questions, too, and one is under way at a time", async () => {
    const catalog = new MapCatalog(new Map());
    let underWay = 0;
    let most = 0;
    catalog.before = async () => {
      most = Math.max(most, ++underWay);
      await sleep(20);
      underWay--;
    };
    const links = new FreshLinks(REAL_SURROUNDINGS, catalog, workItem(0), { renewed: 0 });
    const file = (n: number) => ({ fileName: `f${n}`, uri: `https://source.example/c/f${n}?sig=revoked` });
    for (let wave = 0; wave < 20; wave++) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => links.afterRefusal(file(n), { signal: never })));
    }
    expect(questions(catalog)).toBeLessThanOrEqual(3);
    expect(most).toBe(1);
  });
});

describe("a question that hangs", () => {
  it("is not waited for at a stop, and ends when nobody waits any more", async () => {
    const { files, catalog } = listed(2, -1_000);
    let ended = 0;
    catalog.before = async (_, signal) => {
      await hang(signal).catch((thrown: unknown) => {
        ended++;
        throw thrown;
      });
    };
    const links = new FreshLinks(REAL_SURROUNDINGS, catalog, workItem(0), { renewed: 0 });
    const [one, other] = [new AbortController(), new AbortController()];
    const waiting = [one, other].map((waits, n) =>
      links.afterRefusal(files[n] as CatalogFile, { signal: never, waits }).then(
        () => "answered",
        (thrown: unknown) => thrown,
      ),
    );
    await sleep(20);
    const reason = new WaitGivenUp();
    one.abort(reason);
    expect(await waiting[0]).toBe(reason);
    await sleep(10);
    expect(ended).toBe(0);
    other.abort(reason);
    expect(await waiting[1]).toBe(reason);
    await sleep(10);
    expect(ended).toBe(1);
    expect(questions(catalog)).toBe(1);
  });
});
