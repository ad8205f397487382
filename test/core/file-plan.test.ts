import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CatalogFile, fileKey, uriWithoutQuery } from "../../src/core/file.ts";
import { type OnCollision, planFiles, sortFiles } from "../../src/core/file-plan.ts";
import { DEFAULT_NAME_TEMPLATE, parseNameTemplate } from "../../src/core/target-name.ts";

const workItem = { jobId: "1", workItemId: "2", workItemName: "lab" };

function plan(
  files: readonly CatalogFile[],
  onCollision: OnCollision = "report",
  template = DEFAULT_NAME_TEMPLATE,
) {
  return planFiles(workItem, files, { template: parseNameTemplate(template), onCollision });
}

function file(fileName: string, link = fileName): CatalogFile {
  return { fileName, uri: `https://source.example/c/${link}` };
}

const blobNames = (made: ReturnType<typeof plan>) => made.files.map(({ blobName }) => blobName);
const refusals = (made: ReturnType<typeof plan>) =>
  made.refused.map(({ file: { fileName }, outcome, code, message }) => [fileName, outcome, code, message]);

/** Few names and links, so that they meet often; some with a query. */
const files = fc.array(
  fc.record({
    fileName: fc.constantFrom("a", "b", "x/a", "y/a", "x/b", "x/../a", "bad.", "lab"),
    uri: fc.constantFrom(
      "https://s/1",
      "https://s/1?sig=q",
      "https://s/1.json?sig=q",
      "https://s/2",
      "https://s/2?x",
    ),
  }),
  { maxLength: 12 },
);
const mode = fc.constantFrom<OnCollision>("report", "path", "first");

describe("the plan of a work item's files", () => {
  it("names each file by the template", () => {
    const made = plan([file("run/b.json"), file("run/a.json")]);
    expect(blobNames(made)).toEqual(["lab-a.json", "lab-b.json"]);
    expect(made).toMatchObject({ refused: [], duplicates: 0 });
  });

  it("refuses a file name without a base name", () => {
    const made = plan([file("dir/"), file(""), file("dir/x")]);
    expect(blobNames(made)).toEqual(["lab-x"]);
    const message = "the file name is empty or ends in a slash";
    expect(refusals(made)).toEqual([
      ["", "failed", "bad-name", message],
      ["dir/", "failed", "bad-name", message],
    ]);
  });

  it("takes one of several entries with the same name and link, whatever the query is", () => {
    const made = plan([file("a", "1?sig=x"), file("a", "1?sig=y"), file("a", "1"), file("dir/a", "1")]);
    expect(made.files.map((planned) => planned.file)).toEqual([file("a", "1")]);
    expect(made).toMatchObject({ refused: [], duplicates: 3 });
  });

  it("reports other files with the name of the first one as collisions", () => {
    const made = plan([file("y/a", "2"), file("x/a", "1"), file("z/a", "3")]);
    expect(made.files.map((planned) => planned.file.fileName)).toEqual(["x/a"]);
    const message = "x/a of the same work item has the same name";
    expect(refusals(made)).toEqual([
      ["y/a", "failed", "name-collision", message],
      ["z/a", "failed", "name-collision", message],
    ]);
  });

  it("skips the files whose names collide when the first one is wanted", () => {
    expect(refusals(plan([file("x/a", "1"), file("y/a", "2")], "first"))).toEqual([
      ["y/a", "skipped", "name-collision", "x/a of the same work item has the same name"],
    ]);
  });

  it("names the files whose names collide by their whole path when that is wanted", () => {
    const made = plan([file("x/a", "1"), file("y/a", "2"), file("y/a", "3")], "path");
    expect(blobNames(made)).toEqual(["lab-a", "lab-y/a"]);
    expect(refusals(made)).toEqual([
      ["y/a", "failed", "name-collision", "x/a of the same work item has the same name"],
    ]);
  });

  it("reports a collision when the path gives no good name either", () => {
    expect(refusals(plan([file("a", "1"), file("x/../a", "2")], "path"))).toEqual([
      ["x/../a", "failed", "name-collision", "a of the same work item has the same name"],
    ]);
  });

  it("refuses bad names, however collisions are handled", () => {
    for (const onCollision of ["report", "path", "first"] as const) {
      expect(refusals(plan([file("a.", "1"), file("b", "2")], onCollision))).toEqual([
        ["a.", "failed", "bad-name", "the name ends in a dot or slash"],
      ]);
    }
  });

  it("shortens names over the limit and marks them", () => {
    const made = plan([file(`${"a".repeat(1100)}.json`), file("b.json")]);
    expect(made.files.map(({ shortened, blobName }) => [shortened, blobName.length])).toEqual([
      [true, 1024],
      [false, 10],
    ]);
  });

  it("accounts for every entry, and gives no name twice", () => {
    fc.assert(
      fc.property(files, mode, (entries, onCollision) => {
        const made = plan(entries, onCollision);
        expect(made.files.length + made.refused.length + made.duplicates).toBe(entries.length);
        expect(new Set(blobNames(made)).size).toBe(made.files.length);
        const keys = [...made.files, ...made.refused].map((each) => fileKey(each.file));
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });

  it("does not depend on the order in which the catalog gives the entries", () => {
    const shuffled = files.chain((entries) =>
      fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
    );
    fc.assert(
      fc.property(shuffled, mode, ([entries, other], onCollision) => {
        expect(plan(other, onCollision)).toEqual(plan(entries, onCollision));
      }),
    );
  });

  it("does not depend on the queries of the links: fresh links lead to the same plan", () => {
    const bare = (entry: CatalogFile) => ({ ...entry, uri: uriWithoutQuery(entry.uri) });
    fc.assert(
      fc.property(files, mode, (entries, onCollision) => {
        const made = plan(entries, onCollision);
        const fresh = plan(entries.map(bare), onCollision);
        expect(fresh.files.map(({ file: each, blobName }) => [fileKey(each), blobName])).toEqual(
          made.files.map(({ file: each, blobName }) => [fileKey(each), blobName]),
        );
        expect(refusals(fresh)).toEqual(refusals(made));
      }),
    );
  });
});

describe("catalog order", () => {
  it("goes by file name, then by link, in code units", () => {
    const sorted = [
      file("B", "9"),
      file("a", "1"),
      file("a", "1.json?sig=1"),
      file("a", "1?sig=1"),
      file("ä"),
      file("😀"),
    ];
    expect(sortFiles(sorted.toReversed()).map(fileKey)).toEqual(
      [sorted[0], sorted[1], sorted[3], sorted[2], sorted[4], sorted[5]].map((each) =>
        fileKey(each ?? file("")),
      ),
    );
  });

  it("leaves its input unchanged", () => {
    const input = [file("b"), file("a")];
    sortFiles(input);
    expect(input).toEqual([file("b"), file("a")]);
  });
});
