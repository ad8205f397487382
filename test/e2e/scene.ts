/** What an end-to-end test stands on: a folder, the emulator behind a fault proxy, a container and a queue of its own. */
import { COORDINATION } from "../support/operations.ts";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { emulator, type TestEmulator } from "../support/azurite.ts";
import { type FaultProxy, type ProxyTarget, type ProxyTls, startFaultProxy } from "../support/fault-proxy.ts";
import { type Reader, readerOf } from "../support/reader.ts";
import { type CliOptions, type CliResult, type RunningCli, startCli } from "../support/run-cli.ts";

export interface Scene extends AsyncDisposable {
  readonly folder: string;
  readonly proxy: FaultProxy;
  /** The account through the proxy, as the command line sees it. */
  readonly account: TestEmulator;
  /** The account past the proxy: what the tests do themselves is neither counted nor disturbed. */
  readonly behind: TestEmulator;
  /** Reads past the proxy, too. */
  readonly reader: Reader;
  /** Names of the target's container and queue, and of a container for sources. */
  readonly container: string;
  readonly queue: string;
  readonly source: string;
  path(name: string): string;
  write(name: string, text: string | Uint8Array): Promise<string>;
  read(name: string): Promise<string>;
  /** Starts `reupload` in the folder, with the proxy's account in the environment. */
  start(args: readonly string[], options?: CliOptions): RunningCli;
  cli(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** `reupload run` on `failed_workitems.csv`, `listing.csv` and the scene's target, with few slots. */
  startRun(args?: readonly string[], options?: CliOptions): RunningCli;
  run(args?: readonly string[], options?: CliOptions): Promise<CliResult>;
  resume(args?: readonly string[], options?: CliOptions): Promise<CliResult>;
}

export interface SceneServices extends ProxyTarget {
  readonly connectionString: string;
  /** Given when it speaks https. */
  readonly certificate?: ProxyTls;
}

export const STATE = "state.db";
/** Runs have so many threads, where a test does not say otherwise. */
const THREADS = process.env["TEST_THREADS"];

/**
 * Starts a scene; `await using` ends it.
 *
 * @param services the emulator; the test run's, unless the test has one of its own
 * @param options.coordinated runs take part in coordination, as they do by default: some twenty requests each, and after a
 * kill a resume waits for the old lease
 */
export async function startScene(
  services: SceneServices = inject("emulator"),
  { coordinated = false }: { readonly coordinated?: boolean } = {},
): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-e2e-"));
  const proxy = await startFaultProxy(services, services.certificate);
  const account = emulator(proxy.connectionString);
  const behind = emulator(services.connectionString);
  const [container, queue, source] = [account.uniqueName(), account.uniqueName(), account.uniqueName()];
  await Promise.all([
    behind.container(container).create(),
    behind.container(COORDINATION).createIfNotExists(),
    behind.queue(queue).create(),
    behind.container(source).create(),
  ]);
  const path = (name: string): string => join(folder, name);
  const start: Scene["start"] = (args, options = {}) =>
    startCli(args, {
      cwd: folder,
      ...options,
      env: {
        AZURE_STORAGE_CONNECTION_STRING: proxy.connectionString,
        ...(coordinated ? {} : { REUPLOAD_COORDINATION: "false" }),
        // A plan prints the options that it is given.
        ...(THREADS === undefined || args[0] === "plan" ? {} : { REUPLOAD_THREADS: THREADS }),
        ...options.env,
      },
    });
  const startRun: Scene["startRun"] = (args = [], options) =>
    start(
      [
        "run",
        "--csv",
        "failed_workitems.csv",
        "--files",
        "listing.csv",
        "--state-db",
        STATE,
        "--target-container",
        container,
        "--queue",
        queue,
        "--workitem-workers",
        "4",
        "--file-workers",
        "4",
        ...args,
      ],
      options,
    );
  return {
    folder,
    proxy,
    account,
    behind,
    reader: readerOf(behind.connectionString),
    container,
    queue,
    source,
    path,
    async write(name, text) {
      await writeFile(path(name), text);
      return path(name);
    },
    read: (name) => readFile(path(name), "utf8"),
    start,
    cli: (args, options) => start(args, options).done,
    startRun,
    run: (args, options) => startRun(args, options).done,
    resume: (args = [], options) => start(["run", "--resume", "--state-db", STATE, ...args], options).done,
    async [Symbol.asyncDispose]() {
      await proxy.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
