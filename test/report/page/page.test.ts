import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gatherReport } from "../../../src/job/report.ts";
import { OpenStates } from "../../../src/job/states.ts";
import { fullReportJson } from "../../../src/report/full-report-json.ts";
import type { FullReport } from "../../../src/report/full-report.ts";
import { reportPage } from "../../../src/report/page/page.ts";
import { reportText } from "../../../src/terminal/report-text.ts";
import { REAL_SURROUNDINGS } from "../../../src/surroundings/surroundings.ts";
import { pictureRun } from "../../../src/progress/run-picture.ts";
import { accountPage } from "../../../src/report/page/account-page.ts";
import { donePart, LOOKED_AT, notStarted, partOf, runOf } from "../../progress/run-samples.ts";
import { findChromium } from "../../support/browser.ts";
import { makeLargeState } from "../../support/large-state.ts";

const SETTINGS = {
  csv: "/data/<failed> & more.csv",
  transfer: "auto",
  target: "https://a.blob.core.windows.net?sig=s3cret",
};

let folder: string;
let report: FullReport;

/** The report of two machines with 21,000 work items in all. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-page-"));
  for (const partition of [0, 1]) {
    const settings = { ...SETTINGS, workitemWorkers: partition === 0 ? "20" : "8" };
    const path = join(folder, `machine${partition + 1}.db`);
    makeLargeState(path, { workItems: 10_500, filesEach: 1, partition, totalPartitions: 2, settings });
  }
  using states = await OpenStates.open(["machine1.db", "machine2.db"], { env: {}, cwd: folder });
  report = await gatherReport(states, REAL_SURROUNDINGS, {
    tool: "1.2.3",
    resumeCommand: (stateDb) => `reupload run --resume --state-db ${stateDb}`,
  });
});
afterAll(() => rm(folder, { recursive: true }));

describe("the report of a run of two machines with 21,000 work items", () => {
  it("has every row and every file in one class", () => {
    const json = fullReportJson(report) as unknown as {
      rows: Record<string, number>;
      files: Record<string, number>;
    };
    for (const { total = 0, ...parts } of [json.rows, json.files]) {
      expect(Object.values(parts).reduce((all, part) => all + part, 0)).toBe(total);
      expect(total).toBeGreaterThan(20_000);
    }
    expect(json).toMatchObject({ verdict: "with-failures", missingPartitions: [], exitCode: 1 });
    expect(reportText(report, { width: 80, unicode: false })).toContain(
      "Finished, but not everything is done. https://target.blob.core.windows.net/results, announced in resultsqueue",
    );
  });

  it("is one small page without script, frame or address to load, and without a secret", () => {
    const page = reportPage(report);
    expect(page.length).toBeLessThan(200_000);
    expect(page).not.toMatch(/<script|<iframe|<link|<img|javascript:|@import|url\(|\bon\w+=|\ssrc=|\shref=/i);
    expect(page).not.toContain("s3cret");
    expect(page).toContain("/data/&lt;failed&gt; &amp; more.csv");
    expect(page).toContain("default-src &#39;none&#39;");
    expect(page).toContain("--state-db machine1.db\nreupload run --resume --state-db machine2.db");
    // Settings that differ name their state.
    expect(page).toMatch(/8\s+<span class="quiet">\(machine2\.db\)/);
  });
});

const executablePath = findChromium();

/** Runs axe in the page. */
const VIOLATIONS =
  "axe.run().then(({ violations }) => violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target)}`))";

describe.skipIf(executablePath === undefined && process.env["CI"] === undefined)(
  "the page in Chromium",
  () => {
    let browser: Browser;
    let page: Page;
    let address: string;
    const told: string[] = [];
    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: executablePath ?? "chromium",
        args: ["--no-sandbox"],
      });
      const path = join(folder, "report.html");
      await writeFile(path, reportPage(report));
      address = pathToFileURL(path).href;
      page = await (await browser.newContext({ bypassCSP: true })).newPage();
      page.on("request", (request) => void told.push(request.url()));
      page.on("console", (message) => void told.push(message.text()));
      await page.goto(address);
    });
    afterAll(() => browser.close());

    it("asks for nothing and complains of nothing", () => {
      expect(told).toEqual([address]);
    });

    it("prints the examples and the picture's table, which are closed, on white", async () => {
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const hidden = page.locator("details:not([open]) table");
      expect(await hidden.count()).toBeGreaterThan(1);
      for (const table of await hidden.all())
        expect((await table.boundingBox())?.height ?? 0).toBeGreaterThan(50);
      expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
        "rgb(255, 255, 255)",
      );
    });

    it.each([
      ["light", 1_280],
      ["dark", 1_280],
      ["dark", 390],
    ] as const)(
      "has no fault that axe finds, and fits the screen: %s, %i wide",
      async (colorScheme, width) => {
        await page.emulateMedia({ media: "screen", colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
        await page.evaluate(axe.source);
        const violations = await page.evaluate<string[]>(VIOLATIONS);
        expect(violations).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        expect(await page.locator("svg.chart:visible").count()).toBe(1);
      },
    );

    it("of a whole run has no fault either", async () => {
      const parts = [partOf(0), partOf(1, { life: "dead", toldAgo: 7_200 }), donePart(2), notStarted(3)];
      const picture = pictureRun(runOf(parts));
      const path = join(folder, "run.html");
      await writeFile(
        path,
        accountPage({ time: LOOKED_AT, picture, differences: [], silent: undefined }, "1.2.3"),
      );
      await page.goto(pathToFileURL(path).href);
      await page.evaluate(axe.source);
      expect(await page.evaluate(VIOLATIONS)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    });
  },
);
