/**
 * `node scripts/release-try.ts release/reupload-VERSION-linux-x64`: tries the Linux executable in a folder that it sees as
 * the whole file system, with nothing in it but the libraries that it names: no Node, no npm, no shell. An emulator
 * outside takes the files. Runs on Linux with `unshare` and `ldd`; needs root or user namespaces.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BlobServiceClient } from "@azure/storage-blob";
import { startEmulator } from "../src/emulator/emulator.ts";
import { REAL_SURROUNDINGS } from "../src/surroundings/surroundings.ts";

const FILES = 400;
const [executable] = process.argv.slice(2);
assert.ok(executable !== undefined, "give the executable");
const root = mkdtempSync(join(tmpdir(), "reupload-empty-"));

/** What the executable finds in its file system: itself and its libraries. */
function fillRoot(from: string): void {
  copyFileSync(from, join(root, "reupload"));
  chmodSync(join(root, "reupload"), 0o755);
  const libraries = execFileSync("ldd", [from], { encoding: "utf8" }).matchAll(/(\/\S+) \(0x/g);
  for (const [, library = ""] of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  mkdirSync(join(root, "tmp"));
  mkdirSync(join(root, "work"));
}

/** By its path: the executable gets no PATH. */
const UNSHARE = "/usr/bin/unshare";
const ISOLATED = ["--map-root-user", `--root=${root}`, "--wd=/work", "/reupload"];

function run(
  args: readonly string[],
  env: Record<string, string> = {},
): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(UNSHARE, [...ISOLATED, ...args], {
    encoding: "utf8",
    env: { PATH: "", ...env },
  });
  return { code: status, text: stdout + stderr };
}

function start(args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(UNSHARE, [...ISOLATED, ...args], { env: { PATH: "", ...env }, stdio: "ignore" });
}

/** A CSV as spreadsheets make it, with a twin and a row that is none. */
const ODD_CSV = `\uFEFF"WorkItem Name";"Job_Id";"WorkItemId"\r\n"na;me";"job 1";"w1"\r\nsecond;job 1;w2\r\n\r\nsecond;job 1;w2\r\n;;\r\n`;

fillRoot(executable);
const emulator = await startEmulator({
  surroundings: REAL_SURROUNDINGS,
  signal: AbortSignal.timeout(120_000),
});
try {
  const version = run(["--version"]);
  assert.match(version.text, /^\d+\.\d+\.\d+ \(commit .*, single executable\)\n$/);
  process.stdout.write(version.text);
  const demo = run(["demo"]);
  assert.equal(demo.code, 2, demo.text);
  assert.match(demo.text, /Install Node\.js, and the emulator/);
  assert.match(run(["licenses"]).text, /Node\.js is licensed for use as follows/);
  assert.match(run(["completion", "bash"]).text, /complete -F _reupload reupload/);

  const service = BlobServiceClient.fromConnectionString(emulator.connectionString);
  const source = service.getContainerClient("source");
  await source.create({ access: "blob" });
  const names = Array.from(
    { length: FILES },
    (_, place) => `w${(place % 2) + 1}/${place} file-perf-lab-report.json`,
  );
  await Promise.all(
    names.map((name) => source.getBlockBlobClient(name).upload(`{"a":"${name}"}`, name.length + 8)),
  );
  const rows = names.map((name) => {
    const [item = "", file = ""] = name.split("/");
    const link = source.getBlockBlobClient(name).url;
    return `job 1,${item},${item === "w1" ? "na;me" : "second"},${link},${file}`;
  });
  writeFileSync(join(root, "work", "odd.csv"), ODD_CSV);
  writeFileSync(
    join(root, "work", "files.csv"),
    ["JobId,WorkItemId,WorkItemName,Uri,FileName", ...rows].join("\n"),
  );

  const env = { AZURE_STORAGE_CONNECTION_STRING: emulator.connectionString };
  const args = [
    "run",
    "--csv",
    "odd.csv",
    "--files",
    "files.csv",
    "--create-missing",
    "--concurrency",
    "2",
    "--resume",
  ];
  const target = service.getContainerClient("results");
  const copied = async (): Promise<number> => {
    if (!(await target.exists())) return 0;
    return (await Array.fromAsync(target.listBlobsFlat())).length;
  };
  const killed = start(args, env);
  const ended = once(killed, "exit");
  while ((await copied()) < 20) assert.equal(killed.exitCode, null, "it ended before it was killed");
  killed.kill("SIGKILL");
  await ended;
  const atKill = await copied();
  assert.ok(atKill < FILES, "it was killed too late");
  const resumed = run(args, env);
  // One row of the CSV is none.
  assert.equal(resumed.code, 1, resumed.text);
  assert.equal(await copied(), FILES, resumed.text);
  process.stdout.write(
    `Killed with ${atKill} of ${FILES} files copied; the resume copied the rest.\n${resumed.text}`,
  );
  process.stdout.write(run(["status"]).text);

  // Larger files are hashed by a thread, whose code the executable has inside.
  await source.getBlockBlobClient("large").upload(Buffer.alloc(1_000_000), 1_000_000);
  const link = source.getBlockBlobClient("large").url;
  writeFileSync(join(root, "work", "one.csv"), "JobId,WorkItemId\nj,w\n");
  writeFileSync(
    join(root, "work", "large.csv"),
    `JobId,WorkItemId,WorkItemName,Uri,FileName\nj,w,w,${link},large-perf-lab-report.json\n`,
  );
  const one = [
    "run",
    "--csv",
    "one.csv",
    "--files",
    "large.csv",
    "--transfer",
    "stream",
    "--state-db",
    "one.db",
    "--separate-run",
  ];
  const streamed = run(one, { ...env, NODE_DEBUG: "worker" });
  assert.equal(streamed.code, 0, streamed.text);
  assert.match(streamed.text, /created Worker with ID 1/);
} finally {
  await emulator.stop();
  rmSync(root, { recursive: true });
}
