import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { metricsText, type RunMetrics } from "../../src/report/metrics-text.ts";
import { GONE, LIVE } from "../progress/samples.ts";
import { parseOpenMetrics } from "../support/openmetrics.ts";
import { viewOf } from "../terminal/examples.ts";

const DOCS = readFileSync(join(import.meta.dirname, "..", "..", "docs", "metrics.md"), "utf8");

const metricsOf = (parts: Partial<RunMetrics> = {}): string =>
  metricsText({
    view: viewOf({ live: { ...LIVE, waiting: [GONE] } }),
    partition: 0,
    totalPartitions: 2,
    startedAt: Date.UTC(2026, 6, 1, 12),
    at: Date.UTC(2026, 6, 1, 12, 10),
    exitCode: undefined,
    ...parts,
  });

describe("the metrics of a run", () => {
  it("are OpenMetrics, with every value in its family", () => {
    const families = parseOpenMetrics(metricsOf());
    const valueOf = (name: string, labels = {}) =>
      families
        .get(name)
        ?.samples.find((sample) =>
          Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
        )?.value;
    expect(valueOf("reupload_files", { state: "failed" })).toBe(12);
    expect(valueOf("reupload_work_items", { state: "left" })).toBe(93);
    expect(valueOf("reupload_run_state", { state: "running" })).toBe(1);
    expect(valueOf("reupload_run_state", { state: "ended" })).toBe(0);
    expect(valueOf("reupload_waiting_services")).toBe(1);
    expect(valueOf("reupload_time_left_seconds")).toBe(65);
    expect(families.get("reupload_transferred_bytes")).toMatchObject({ type: "counter", unit: "bytes" });
    expect(families.get("reupload_retries")?.samples[0]).toMatchObject({
      name: "reupload_retries_total",
      value: 4,
    });
    expect(families.has("reupload_exit_code")).toBe(false);
  });

  it("tell the end, and leave out what is not known", () => {
    const view = viewOf({ eta: undefined, files: { ...viewOf().files, left: undefined, total: undefined } });
    const families = parseOpenMetrics(metricsOf({ view, exitCode: 8 }));
    expect(families.get("reupload_exit_code")?.samples).toMatchObject([{ value: 8 }]);
    expect(families.has("reupload_time_left_seconds")).toBe(false);
    expect(families.get("reupload_files")?.samples.map(({ labels }) => labels["state"])).not.toContain(
      "left",
    );
    expect(families.get("reupload_run_state")?.samples.filter(({ value }) => value === 1)).toMatchObject([
      { labels: { state: "ended" } },
    ]);
  });

  it("have no label but partition, partitions and state", () => {
    const samples = [...parseOpenMetrics(metricsOf()).values()].flatMap((family) => family.samples);
    const names = new Set(samples.flatMap(({ labels }) => Object.keys(labels)));
    expect([...names].toSorted()).toEqual(["partition", "partitions", "state"]);
  });

  it("stand all in docs/metrics.md, which names no other", () => {
    const families = [...parseOpenMetrics(metricsOf({ exitCode: 0 })).values()];
    const told = families.map(({ name, type }) => (type === "counter" ? `${name}_total` : name));
    const named = [...DOCS.matchAll(/^\| `(reupload_\w+)`/gm)].map((match) => match[1]);
    expect(named).toEqual(told);
  });
});

describe("the reader of OpenMetrics in these tests", () => {
  it("refuses what the format forbids", () => {
    const wrong = [
      "# TYPE a gauge\na 1\n",
      "a 1\n# EOF\n",
      "# TYPE a gauge\na 1\na 1\n# EOF\n",
      "# TYPE a counter\na 1\n# EOF\n",
      "# TYPE a counter\na_total -1\n# EOF\n",
      "# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n",
      '# TYPE a gauge\na{x="1",x="2"} 1\n# EOF\n',
      '# TYPE a gauge\na{x="1"}1\n# EOF\n',
      "# TYPE a gauge\n\na 1\n# EOF\n",
    ];
    for (const text of wrong) expect(() => parseOpenMetrics(text), text).toThrow();
  });
});
