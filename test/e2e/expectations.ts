/** What must hold at the end of a run, told by the independent reader. */
import { expect } from "vitest";
import type { CliResult } from "../support/run-cli.ts";
import type { Scene } from "./scene.ts";

/** A file that must be in the target. */
export interface Wanted {
  readonly blobName: string;
  /** Base64. */
  readonly md5: string;
}

/** The target holds exactly these files with their bytes, as JSON, without metadata. */
export async function expectInTarget(scene: Scene, wanted: readonly Wanted[]): Promise<void> {
  const blobs = await scene.reader.hashAll(scene.container);
  const found = [...blobs.values()].map(({ name, md5, contentType, metadata }) => ({
    blobName: name,
    md5,
    contentType,
    metadata,
  }));
  const expected = wanted.map(({ blobName, md5 }) => ({
    blobName,
    md5,
    contentType: "application/json",
    metadata: {},
  }));
  expect(sorted(found)).toEqual(sorted(expected));
}

/** How often each blob was announced since the last look; every announcement names the target's container. */
export async function announcementsOf(scene: Scene): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { container_name, blob_name } of await scene.reader.takeAnnouncements(scene.queue)) {
    expect(container_name).toBe(scene.container);
    counts.set(blob_name, (counts.get(blob_name) ?? 0) + 1);
  }
  return counts;
}

/** Each of these was announced once, and nothing else was. */
export async function expectAnnouncedOnce(scene: Scene, wanted: readonly Wanted[]): Promise<void> {
  const counts = await announcementsOf(scene);
  expect(counts).toEqual(new Map(wanted.map(({ blobName }) => [blobName, 1])));
}

function sorted<T extends { blobName: string }>(files: T[]): T[] {
  return files.sort((a, b) => (a.blobName < b.blobName ? -1 : 1));
}

/** The summary event of a run with `--output json`. */
export function summaryIn({ stdout, stderr }: CliResult): Readonly<Record<string, unknown>> {
  const events = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const summary = events.find(({ type }) => type === "summary");
  if (summary === undefined) throw new Error(`no summary\n${stdout}\n${stderr}`);
  return summary;
}

/** The figure in the summary's line with this label, such as `copied`; 0 when there is no such line. */
export function figureOf(summary: string, label: string): number {
  const line = new RegExp(`^ *${label} +([\\d,]+)`, "m").exec(summary);
  return Number((line?.[1] ?? "0").replaceAll(",", ""));
}
