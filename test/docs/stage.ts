/**
 * Where the documentation's commands run: an empty folder for each section, with the input that the pages speak of, and
 * containers and a queue of its own in the test run's emulator. The names that a reader replaces are replaced here.
 */
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type FaultyKusto, startFaultyKusto } from "../support/kusto-server.ts";
import { emulator, type TestEmulator } from "../support/azurite.ts";
import { openOriginalState } from "../support/original-state.ts";
import { secretsIn } from "../support/secret-scan.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const JOB = "70431";
/** The one that the pages skip is the last: it has not begun when a slow run has. */
const IDS = ["1889211722", "1913007684", "1913007685", "1889211721"];
const FILES_EACH = 2;
/** The longest one makes the demo's input and runs it. */
const COMMAND_MS = 400_000;
/** The blobs of the sources; the pages' name for a container of sources. */
const BACKUP = "backup";

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Stage extends AsyncDisposable {
  /**
   * Makes a folder with the input. Commands of one folder see what earlier ones left there. With services `none` it is
   * empty, and its environment names no account: the commands start their own.
   */
  open(services?: "all" | "none"): Promise<Folder>;
}

export interface Folder extends AsyncDisposable {
  /** Runs a command of a page by bash, or lets it run until the folder is closed. */
  run(command: string): Promise<Ended>;
  start(command: string, until: RegExp): Promise<void>;
}

/** Starts the stand-in for Kusto and makes the source blobs. */
export async function startStage(): Promise<Stage> {
  const account = emulator();
  const bin = await makeBin();
  await account.container(BACKUP).createIfNotExists();
  const listing = await makeSources(account);
  const kusto = await startKusto(listing);
  return {
    open: (wanted) => (wanted === "none" ? openEmpty(bin) : openFolder({ account, bin, listing, kusto })),
    async [Symbol.asyncDispose]() {
      await kusto.stop();
      kusto.tables.close();
      await rm(bin, { recursive: true });
    },
  };
}

interface Listed {
  readonly JobId: string;
  readonly WorkItemId: string;
  readonly WorkItemName: string;
  readonly Uri: string;
  readonly FileName: string;
}

async function makeSources(account: TestEmulator): Promise<Listed[]> {
  const listed = IDS.flatMap((id) =>
    Array.from({ length: FILES_EACH }, (_, at): Listed => {
      const FileName = `out/${at === 0 ? "" : "other-"}perf-lab-report.json`;
      const Uri = `${account.blobEndpoint}/${BACKUP}/2026/${JOB}/${id}/${FileName}`;
      return { JobId: JOB, WorkItemId: id, WorkItemName: `item-${id}`, Uri, FileName };
    }),
  );
  await Promise.all(
    listed.map(async ({ Uri, WorkItemId, FileName }) => {
      const content = JSON.stringify({ WorkItemId, FileName });
      const name = Uri.slice(`${account.blobEndpoint}/${BACKUP}/`.length);
      await account.container(BACKUP).getBlockBlobClient(name).upload(content, Buffer.byteLength(content));
    }),
  );
  return listed;
}

async function startKusto(listed: readonly Listed[]): Promise<FaultyKusto> {
  const kusto = await startFaultyKusto({ database: "perf" });
  const failed = {
    QueueName: "nightly",
    MachineName: "M1",
    State: "Failed",
    FinishedAt: "2026-07-02T00:00:00Z",
  };
  kusto.tables.add(
    "WorkItems",
    IDS.map((id) => ({ JobId: JOB, WorkItemId: id, WorkItemName: `item-${id}`, ...failed })),
  );
  kusto.tables.add(
    "Files",
    listed.map((file) => ({ ...file })),
  );
  return kusto;
}

/** The commands that a page types: `reupload`, and `npx reupload` and `npm run demo` of a clone. */
async function makeBin(): Promise<string> {
  const bin = await mkdtemp(join(tmpdir(), "reupload-docs-bin-"));
  const start = `exec "${process.execPath}" "${join(ROOT, "dist", "cli", "main.js")}"`;
  const scripts = {
    reupload: `${start} "$@"`,
    npx: `[ "$1" = reupload ] || exit 127; shift; ${start} "$@"`,
    npm: `[ "$1 $2" = "run demo" ] || exit 127; shift 2; [ "$1" = -- ] && shift; ${start} demo "$@"`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

interface Services {
  readonly account: TestEmulator;
  readonly bin: string;
  readonly listing: readonly Listed[];
  readonly kusto: FaultyKusto;
}

async function openFolder({ account, bin, listing, kusto }: Services): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "reupload-docs-"));
  const [target, coordination] = await Promise.all([account.newContainer(), account.newContainer()]);
  const queue = await account.newQueue();
  await writeInput(path, listing);
  const env = {
    ...baseEnvironment(path, bin),
    AZURE_STORAGE_CONNECTION_STRING: account.connectionString,
    REUPLOAD_TARGET_CONTAINER: target.containerName,
    REUPLOAD_COORDINATION_CONTAINER: coordination.containerName,
    REUPLOAD_QUEUE: queue.name,
  };
  return folderOf(path, env, [
    // The connection string names the emulator; --target takes no address of this machine.
    [" --target https://ACCOUNT.blob.core.windows.net", ""],
    ["https://ACCOUNT.blob.core.windows.net", account.blobEndpoint.replace(/\/$/, "")],
    ["https://CLUSTER.REGION.kusto.windows.net", kusto.url],
    ["--kusto-database DB", "--kusto-database perf"],
    ["/var/lib/node_exporter/", "./"],
    ["/etc/ssl/certs/house-ca.pem", "./house-ca.pem"],
    ["/data/runs", "."],
  ]);
}

async function openEmpty(bin: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "reupload-docs-"));
  const folder = folderOf(path, baseEnvironment(path, bin), []);
  return {
    ...folder,
    async [Symbol.asyncDispose]() {
      // A command that failed in the middle leaves the emulator that it started.
      await folder.run("[ ! -d demo-data ] || reupload demo --stop");
      await folder[Symbol.asyncDispose]();
    },
  };
}

function baseEnvironment(path: string, bin: string): Record<string, string> {
  const PATH = `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
  return { PATH, HOME: path, TMPDIR: tmpdir(), LANG: "C.UTF-8" };
}

/** @param replaced what a reader replaces in a command, and by what */
function folderOf(
  path: string,
  env: Readonly<Record<string, string>>,
  replaced: readonly (readonly [from: string, to: string])[],
): Folder {
  const shells = new Set<Shell>();
  /** The id that a run of this folder told. */
  const runId = (): string =>
    [...shells]
      .map((shell) => /--run ([0-9a-f]{12})/.exec(shell.output())?.[1])
      .find((id) => id !== undefined) ?? "";
  const begin = (command: string): Shell => {
    let text = command.replace(/--run [0-9a-f]{12}\b/, () => `--run ${runId()}`);
    for (const [from, to] of replaced) text = text.replaceAll(from, to);
    const shell = startShell(text, path, env);
    shells.add(shell);
    return shell;
  };
  return {
    async run(command) {
      const shell = begin(command);
      // One that waits for ever is ended before the test's own time, so that nothing of it is left.
      const timer = setTimeout(() => shell.kill(), COMMAND_MS);
      return await shell.done.finally(() => clearTimeout(timer));
    },
    start: (command, until) => begin(command).waitFor(until),
    async [Symbol.asyncDispose]() {
      for (const shell of shells) shell.kill();
      await Promise.all([...shells].map((shell) => shell.done));
      await rm(path, { recursive: true, force: true });
    },
  };
}

interface Shell {
  readonly done: Promise<Ended>;
  output(): string;
  kill(): void;
  waitFor(pattern: RegExp): Promise<void>;
}

/** What an exported variable of one command is for the next. */
const KEEPING_EXPORTS =
  'set +e; [ -f "$HOME/.exports" ] && . "$HOME/.exports"; trap \'export -p >"$HOME/.exports"\' EXIT';

function startShell(command: string, cwd: string, env: Readonly<Record<string, string>>): Shell {
  // A group of its own, so that what bash started ends with it.
  const child = spawn("bash", ["-c", `${KEEPING_EXPORTS}\n${command}`], {
    cwd,
    env,
    stdio: "pipe",
    detached: true,
  });
  child.stdin.end();
  let output = "";
  const seen: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const look of seen) look();
    });
  }
  const done = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const secrets = secretsIn(output, command);
      if (secrets.length > 0) reject(new Error(`it printed a secret: ${secrets.join(", ")}`));
      else resolve({ code, output });
    });
  });
  return {
    done,
    output: () => output,
    kill() {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        process.kill(-child.pid, "SIGKILL");
      }
    },
    async waitFor(pattern) {
      const isThere = new Promise<"there">((resolve) => {
        const look = (): void => {
          if (pattern.test(output)) resolve("there");
        };
        seen.push(look);
        look();
      });
      if ((await Promise.race([isThere, done])) !== "there") throw new Error(`${command} ended:\n${output}`);
    },
  };
}

async function writeInput(folder: string, listing: readonly Listed[]): Promise<void> {
  const csv = `JobId,WorkItemId\n${IDS.map((id) => `${JOB},${id}\n`).join("")}`;
  const rows = listing.map((row) => `${Object.values(row).join(",")}\n`);
  await writeFile(join(folder, "failed_workitems.csv"), csv);
  await writeFile(join(folder, "grown.csv"), `${csv}${JOB},1913007699\n`);
  await writeFile(
    join(folder, "listing.csv"),
    `JobId,WorkItemId,WorkItemName,Uri,FileName\n${rows.join("")}`,
  );
  await mkdir(join(folder, "results"));
  await writeFile(join(folder, "results", "a.json"), "{}");
  for (const [at, name] of ["old1.db", "old2.db"].entries()) {
    const ids = IDS.filter((_, place) => place % 2 === at);
    openOriginalState(
      join(folder, name),
      ids.map((id) => ({ workitem_id: id, job_id: JOB, status: "completed", files_total: FILES_EACH })),
      listing
        .filter(({ WorkItemId }) => ids.includes(WorkItemId))
        .map((file) => ({
          workitem_id: file.WorkItemId,
          job_id: JOB,
          filename: file.FileName,
          source_uri: file.Uri,
          status: "completed",
        })),
    ).close();
  }
}
