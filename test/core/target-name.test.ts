import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_NAME_TEMPLATE,
  encodeName,
  MAX_NAME_LENGTH,
  nameProblem,
  parseNameTemplate,
  shortenName,
} from "../../src/core/target-name.ts";

const workItem = { jobId: "J1", workItemId: "W2", workItemName: "lab 3" };

/** Characters that have a meaning in names, paths or URLs, beside plain ones. */
const trickyName = fc
  .array(
    fc.constantFrom(
      "a",
      "Z",
      "0",
      ".",
      "..",
      "/",
      " ",
      "%",
      "+",
      "#",
      "?",
      "&",
      "é",
      "😀",
      "'",
      "(",
      "~",
      "*",
    ),
    {
      maxLength: 20,
    },
  )
  .map((parts) => parts.join(""));

describe("a name template", () => {
  it("names blobs as production does by default", () => {
    const template = parseNameTemplate(DEFAULT_NAME_TEMPLATE);
    expect(template.render(workItem, "results/run-1/report.json")).toBe("lab 3-report.json");
    expect(template.renderWithPath(workItem, "results/run-1/report.json")).toBe(
      "lab 3-results/run-1/report.json",
    );
  });

  it("takes the id for a work item without a name", () => {
    const template = parseNameTemplate("{workItemName}/{fileName}");
    expect(template.render({ ...workItem, workItemName: "" }, "a/b")).toBe("W2/a/b");
  });

  it("fills in every field, and leaves what stands between them", () => {
    const template = parseNameTemplate("x/{jobId}_{workItemId}_{workItemName}_{fileName}_{fileBaseName}.bak");
    expect(template.render(workItem, "a/b")).toBe("x/J1_W2_lab 3_a/b_b.bak");
  });

  it("does not read what a name holds as a template", () => {
    const template = parseNameTemplate("{workItemName}-{fileName}");
    expect(template.render({ ...workItem, workItemName: "{jobId}$&" }, "{fileName}$1")).toBe(
      "{jobId}$&-{fileName}$1",
    );
  });

  it("is refused with the reason when it cannot name files", () => {
    expect(() => parseNameTemplate("{jobid}-{fileName}")).toThrow(
      "unknown field {jobid} in name template; the fields are {jobId} {workItemId} {workItemName} {fileName} {fileBaseName}",
    );
    for (const unbalanced of ["{fileName", "fileName}", "{fileName}}", "{{fileName}"]) {
      expect(() => parseNameTemplate(unbalanced)).toThrow("unbalanced brace");
    }
    for (const same of ["", "x", "{jobId}-{workItemId}-{workItemName}"]) {
      expect(() => parseNameTemplate(same)).toThrow("gives every file of a work item the same name");
    }
  });
});

describe("a name", () => {
  it("is refused for each rule of the specification, with the reason", () => {
    const refused: [string, string][] = [
      ["", "empty"],
      [".", "dot"],
      ["..", "dot"],
      ["a/../b", "segment"],
      ["./a", "segment"],
      ["a/./b", "segment"],
      ["../a", "segment"],
      ["a\\b", "backslash"],
      ["a\nb", "control"],
      ["a\0", "control"],
      ["a\u007f", "control"],
      ["a\u0085b", "control"],
      ["a\ud800b", "surrogate"],
      ["\udc00", "surrogate"],
      ["a.", "dot or slash"],
      ["a/", "dot or slash"],
      ["a/b/..", "dot or slash"],
      ["a/".repeat(254) + "b", "254 segments"],
    ];
    for (const [name, reason] of refused) expect(nameProblem(name), JSON.stringify(name)).toContain(reason);
  });

  it("is allowed to hold anything else that files are called", () => {
    const allowed = [
      "a",
      ".hidden",
      "a..b",
      "a/...b",
      "ä é 😀 %2e%2e + # ? & '",
      "a//b",
      "/a",
      "~",
      "a/".repeat(253) + "b",
    ];
    for (const name of allowed) expect(nameProblem(name), name).toBeUndefined();
  });
});

describe("shortening", () => {
  const longName = fc
    .tuple(
      fc.array(fc.constantFrom("a", "/", "😀", "é"), { minLength: 900, maxLength: 1200 }),
      fc.constantFrom("", ".json", ".tar.gz"),
    )
    .map(([parts, extension]) => parts.join("") + extension);

  it("leaves a name alone when it is short enough", () => {
    const name = "a".repeat(MAX_NAME_LENGTH);
    expect(shortenName(name)).toBe(name);
  });

  it("gives a well-formed name within the limit that keeps prefix and extension", () => {
    fc.assert(
      fc.property(longName, (name) => {
        const short = shortenName(name);
        expect(short.length).toBeLessThanOrEqual(MAX_NAME_LENGTH);
        expect(short.isWellFormed()).toBe(true);
        expect(short.slice(0, 900)).toBe(name.slice(0, 900));
        if (name.endsWith(".json")) expect(short.endsWith(".json")).toBe(true);
        expect(shortenName(name)).toBe(short);
        expect(shortenName(short)).toBe(short);
        if (nameProblem(name) === undefined) expect(nameProblem(short)).toBeUndefined();
      }),
    );
  });

  it("gives the same name on every machine, and different names for different long ones", () => {
    const name = `${"a".repeat(2000)}.json`;
    expect(shortenName(name)).toBe(`${"a".repeat(1002)}~0ebdf9b59b98081f.json`);
    expect(shortenName(`${"a".repeat(2001)}.json`)).not.toBe(shortenName(name));
  });
});

describe("encoding", () => {
  it("gives a path that decodes to the name and stays below the container", () => {
    fc.assert(
      fc.property(
        trickyName.filter((name) => nameProblem(name) === undefined),
        (name) => {
          const encoded = encodeName(name);
          expect(encoded).toMatch(/^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*$/);
          expect(encoded.split("/").map(decodeURIComponent).join("/")).toBe(name);
          const url = new URL(`https://account.blob.core.windows.net/results/${encoded}`);
          expect(url.pathname).toBe(`/results/${encoded}`);
          expect(url.search + url.hash).toBe("");
        },
      ),
    );
  });

  it("leaves no character that a URL would read otherwise", () => {
    expect(encodeName("a b/%2e%2e/+#?&'(*)!é")).toBe("a%20b/%252e%252e/%2B%23%3F%26%27%28%2A%29%21%C3%A9");
  });
});
