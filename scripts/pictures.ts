/**
 * Draws `docs/pictures/*.svg` from real runs on the storage emulator: `npm run pictures`. It needs tmux, and makes the
 * demo's input first (a minute). The runs are the demo's; only the names of its folder and of this host are left out.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { readScreen } from "./pictures/ansi-screen.ts";
import { screenToSvg } from "./pictures/screen-svg.ts";
import { openTerminal, type Terminal } from "./pictures/terminal.ts";

const root = join(import.meta.dirname, "..");
const pictures = join(root, "docs", "pictures");
const INPUT = "--csv failed_workitems.csv --files listing.csv";
/** What every run of the pictures is given: the slots of the demo, so that the emulator keeps up. */
const SETTINGS = {
  REUPLOAD_WORKITEM_WORKERS: "4",
  REUPLOAD_FILE_WORKERS: "4",
  REUPLOAD_CREATE_MISSING: "true",
} as const;

const folder = mkdtempSync(join(tmpdir(), "reupload-pictures-"));
const bin = join(folder, "bin");
mkdirSync(bin);
writeFileSync(
  join(bin, "reupload"),
  `#!/bin/sh\nexec "${process.execPath}" "${join(root, "dist", "cli", "main.js")}" "$@"\n`,
);
chmodSync(join(bin, "reupload"), 0o755);
const data = join(folder, "demo-data");

try {
  mkdirSync(pictures, { recursive: true });
  demo("--keep");
  await drawDoctor();
  await drawRun();
  await drawMachines();
} finally {
  demo("--stop");
  rmSync(folder, { recursive: true, force: true });
}

function demo(option: string): void {
  const { status } = spawnSync(join(bin, "reupload"), ["demo", option], {
    cwd: folder,
    env: environment(),
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`reupload demo ${option} ends with ${status}`);
}

function environment(): Record<string, string> {
  const PATH = `${bin}${delimiter}${process.env["PATH"] ?? ""}`;
  return { PATH, HOME: folder, LANG: "C.UTF-8", SHELL: "/bin/sh" };
}

/** In the folder of the demo's input, with its emulator as the account. */
function open(command: string, container = "results"): Terminal {
  const setting = /AZURE_STORAGE_CONNECTION_STRING='([^']*)'/.exec(
    readFileSync(join(data, "env.sh"), "utf8"),
  )?.[1];
  const shown = `printf '$ %s\\n' "${command}"; ${command}`;
  return openTerminal(shown, data, {
    ...environment(),
    ...SETTINGS,
    AZURE_STORAGE_CONNECTION_STRING: setting ?? "",
    REUPLOAD_TARGET_CONTAINER: container,
  });
}

async function drawDoctor(): Promise<void> {
  using terminal = open(`reupload doctor ${INPUT}`);
  const screen = await terminal.screenWith(/^(ok|problem|skipped)\s+source/m);
  const description =
    "Each check of a run is one line: Node, input, state, disk, sign-in, network, clock and rights.";
  write("doctor", "reupload doctor", description, screen);
}

/** A run without the missing blob: first its live block, then its summary. */
async function drawRun(): Promise<void> {
  demo("--add-missing");
  using terminal = open(`reupload run ${INPUT} --state-db picture.db`, "pictures");
  await terminal.screenWith(/(5[5-9]|6\d)\.\d%/);
  write(
    "run",
    "reupload run: the live block",
    "A bar, then work items, files, speed, time left, slots and retries.",
    await terminal.screenAfter(0),
  );
  const screen = await terminal.screenWith(/This start:/);
  write(
    "summary",
    "reupload run: the summary",
    "Every row and every file is counted in exactly one class.",
    screen,
  );
}

/** Two machines share a run; a third partition waits for somebody. */
async function drawMachines(): Promise<void> {
  const machine = (partition: number): string =>
    `reupload run ${INPUT} --partition ${partition} --total-partitions 3 --state-db machine${partition}.db`;
  using first = open(machine(0), "machines");
  await first.screenWith(/Work items/);
  using second = open(machine(1), "machines");
  await second.screenWith(/Work items/);
  using monitor = open("reupload monitor --csv failed_workitems.csv --refresh 2", "machines");
  await monitor.screenWith(/[1-9]\d\.\d%[^]*Throughput/);
  const description =
    "All machines of a run on one screen: progress, speed, time left, each machine, and what to do.";
  write("monitor", "reupload monitor: a whole run", description, await monitor.screenAfter(2_500));
}

/** Writes the file, with another name for this host. */
function write(name: string, title: string, description: string, screen: string): void {
  const host = hostname();
  const other = "m1".padEnd(host.length);
  const lines = readScreen(screen).map((runs) =>
    runs.map((run) => ({ ...run, text: run.text.replace(new RegExp(`^${host}\\b`), other) })),
  );
  writeFileSync(join(pictures, `${name}.svg`), screenToSvg({ title, description, lines }));
}
