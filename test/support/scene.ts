/** What an end-to-end test works with: a folder, an empty target container and queue, and the built command line. */
import { hash } from "node:crypto";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { emulator } from "./azurite.ts";
import { type Reader, readerOf } from "./reader.ts";
import { type CliOptions, type CliResult, type RunningCli, runCli, startCli } from "./run-cli.ts";
import type { SummaryEvent } from "./summary-event.ts";

/** A file that must be in the target at the end. */
export interface ExpectedFile {
  readonly blobName: string;
  readonly length: number;
  /** Base64. */
  readonly md5: string;
}

export interface Scene extends AsyncDisposable {
  /** The working folder of the commands; gone at the end. */
  readonly folder: string;
  /** The target, which are there and empty. */
  readonly container: string;
  readonly queue: string;
  /** Reads the emulator past any proxy. */
  readonly reader: Reader;
  path(name: string): string;
  /** `reupload ARGS` in the folder, with the account's connection string in the environment. */
  cli(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** `reupload run` on the scene's CSV, listing, container and queue, in 8 slots, and these arguments. */
  run(args?: readonly string[], options?: CliOptions): Promise<CliResult>;
  start(args?: readonly string[], options?: CliOptions): RunningCli;
  /** The same with `--output json`: its summary. */
  summaryOf(args?: readonly string[], options?: CliOptions): Promise<RunSummary>;
  /** How often each blob was announced so far, by name. */
  announced(): Promise<Map<string, number>>;
}

export interface RunSummary {
  readonly code: number | null;
  readonly summary: SummaryEvent;
  readonly result: CliResult;
}

/** @param connectionString of the account as the command line sees it: the emulator, or a proxy before it */
export async function openScene(connectionString: string): Promise<Scene> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "reupload-e2e-")));
  const direct = emulator();
  const { containerName: container } = await direct.newContainer();
  const { name: queue } = await direct.newQueue();
  const reader = readerOf(direct.connectionString);
  const seen = new Map<string, number>();
  const surroundings = (options: CliOptions = {}): CliOptions => ({
    cwd: folder,
    ...options,
    env: { AZURE_STORAGE_CONNECTION_STRING: connectionString, ...options.env },
  });
  const words = (args: readonly string[]): string[] => [
    ..."run --csv failed_workitems.csv --files listing.csv".split(" "),
    ...`--target-container ${container} --queue ${queue}`.split(" "),
    ..."--workitem-workers 2 --file-workers 4".split(" "),
    ...args,
  ];
  const run: Scene["run"] = (args = [], options) => runCli(words(args), surroundings(options));
  return {
    folder,
    container,
    queue,
    reader,
    path: (name) => join(folder, name),
    cli: (args, options) => runCli(args, surroundings(options)),
    run,
    start: (args = [], options) => startCli(words(args), surroundings(options)),
    async summaryOf(args = [], options) {
      const result = await run(["--output", "json", ...args], options);
      return { code: result.code, summary: summaryIn(result), result };
    },
    async announced() {
      for (const { container_name: name, blob_name: blob } of await reader.takeAnnouncements(queue)) {
        expect(name).toBe(container);
        seen.set(blob, (seen.get(blob) ?? 0) + 1);
      }
      return new Map(seen);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The NDJSON events that a command printed. */
export function eventsIn(result: Pick<CliResult, "stdout">): { readonly type: string }[] {
  const lines = result.stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as { type: string });
}

export function summaryIn(result: CliResult): SummaryEvent {
  const summary = eventsIn(result).find((event) => event.type === "summary");
  if (summary === undefined) throw new Error(`no summary\n${result.stdout}\n${result.stderr}`);
  return summary as SummaryEvent;
}

/** The target holds exactly these files, byte for byte. @param contentType of every blob */
export async function expectInTarget(
  scene: Scene,
  files: readonly ExpectedFile[],
  contentType = "application/json",
): Promise<void> {
  const blobs = await scene.reader.hashAll(scene.container);
  const found = [...blobs.values()].map(({ name, bytes, md5, contentType: type }) => ({
    name,
    length: bytes,
    md5,
    type,
  }));
  const wanted = files.map(({ blobName: name, length, md5 }) => ({ name, length, md5, type: contentType }));
  expect(found.toSorted(byName)).toEqual(wanted.toSorted(byName));
}

/** Exactly these files were announced, each once. */
export async function expectAnnouncedOnce(scene: Scene, files: readonly ExpectedFile[]): Promise<void> {
  const announced = [...(await scene.announced())].map(([name, times]) => ({ name, times }));
  const wanted = files.map(({ blobName: name }) => ({ name, times: 1 }));
  expect(announced.toSorted(byName)).toEqual(wanted.toSorted(byName));
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

export function md5Of(content: Uint8Array): string {
  return hash("md5", content, "base64");
}
