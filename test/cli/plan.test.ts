/** `reupload plan`: commands that give the program exactly these words, whatever the names hold. */
import { execFileSync } from "node:child_process";
import { chmod, mkdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "../e2e/scene.ts";

/** Names that a shell would make something else of. */
const HOSTILE = {
  csv: 'O\'Brien "failed" $(touch pwned) `x` 50%PATH%.csv',
  files: "listing & more; $HOME 'q'.csv",
};

interface Machine {
  readonly partition: number;
  readonly shell: string;
  readonly workItems: number;
  readonly steps: readonly { readonly name: string; readonly command: string }[];
}

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
  for (const name of ["failed.csv", HOSTILE.csv]) {
    await scene.write(name, "JobId,WorkItemId\n1,1889211721\n1,1889211722\n1,1913007685\n");
  }
  // What bash finds as reupload, scp and sqlite3: it tells the words it got.
  await mkdir(scene.path("bin"));
  for (const program of ["reupload", "scp", "sqlite3"]) {
    await scene.write(
      `bin/${program}`,
      `#!/bin/sh\nfor word in ${program} "$@"; do printf '%s\\0' "$word"; done\n`,
    );
    await chmod(scene.path(`bin/${program}`), 0o755);
  }
});
afterAll(() => scene[Symbol.asyncDispose]());

async function machines(args: readonly string[]): Promise<readonly Machine[]> {
  const { code, stdout, stderr } = await scene.cli(["plan", ...args, "--output", "json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return (JSON.parse(stdout) as { machines: Machine[] }).machines;
}

const commandOf = (machine: Machine | undefined, step: string): string =>
  machine?.steps.find(({ name }) => name === step)?.command ?? "";

/** The words that the program got when bash ran the command. */
function wordsIn(command: string): string[] {
  const env = { PATH: `${scene.path("bin")}:${process.env["PATH"]}`, HOME: "/nowhere" };
  return execFileSync("bash", ["-c", command], { cwd: scene.folder, env, encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
}

describe("plan", () => {
  it("prints for each machine what to paste, in order", async () => {
    const { code, stdout } = await scene.cli(["plan", "failed.csv", "2", "--workitem-workers", "20"]);
    expect(code).toBe(0);
    expect(stdout).toBe(`# Machine 1 of 2 (bash): partition 0, 1 work item
# Get the tool (Node.js 24 or newer; the package is made by \`npm pack\`)
npm install --global ./reupload-0.1.0.tgz
# Copy the CSV and the listing from where they are, the same on every machine
scp SOURCE-MACHINE:failed.csv SOURCE-MACHINE:listing.csv .
# Sign in
az login
# Run
reupload run --csv failed.csv --files listing.csv --state-db machine1_state.db --partition 0 --total-partitions 2 --workitem-workers 20 --target https://ACCOUNT.blob.core.windows.net
# Resume, after a stop or to retry what failed
reupload run --resume --state-db machine1_state.db
# Look at it from another terminal
sqlite3 -readonly machine1_state.db 'SELECT status, count(*) FROM workitems GROUP BY status'

# Machine 2 of 2 (bash): partition 1, 2 work items
# Get the tool (Node.js 24 or newer; the package is made by \`npm pack\`)
npm install --global ./reupload-0.1.0.tgz
# Copy the CSV and the listing from where they are, the same on every machine
scp SOURCE-MACHINE:failed.csv SOURCE-MACHINE:listing.csv .
# Sign in
az login
# Run
reupload run --csv failed.csv --files listing.csv --state-db machine2_state.db --partition 1 --total-partitions 2 --workitem-workers 20 --target https://ACCOUNT.blob.core.windows.net
# Resume, after a stop or to retry what failed
reupload run --resume --state-db machine2_state.db
# Look at it from another terminal
sqlite3 -readonly machine2_state.db 'SELECT status, count(*) FROM workitems GROUP BY status'

`);
  });

  it("gives bash commands whose words arrive as they are, whatever the names hold", async () => {
    const [machine] = await machines([HOSTILE.csv, "2", "--files", HOSTILE.files]);
    expect(wordsIn(commandOf(machine, "run"))).toEqual([
      "reupload",
      "run",
      "--csv",
      HOSTILE.csv,
      "--files",
      HOSTILE.files,
      "--state-db",
      "machine1_state.db",
      "--partition",
      "0",
      "--total-partitions",
      "2",
      "--target",
      "https://ACCOUNT.blob.core.windows.net",
    ]);
    expect(wordsIn(commandOf(machine, "copy"))).toEqual([
      "scp",
      `SOURCE-MACHINE:${HOSTILE.csv}`,
      `SOURCE-MACHINE:${HOSTILE.files}`,
      ".",
    ]);
    expect(wordsIn(commandOf(machine, "monitor"))).toEqual([
      "sqlite3",
      "-readonly",
      "machine1_state.db",
      "SELECT status, count(*) FROM workitems GROUP BY status",
    ]);
  });

  it("quotes for PowerShell and cmd by their own rules, one shell for each machine", async () => {
    const [one, two] = await machines([
      HOSTILE.csv,
      "2",
      "--files",
      HOSTILE.files,
      "--shell",
      "powershell,cmd",
    ]);
    expect([one?.shell, two?.shell]).toEqual(["powershell", "cmd"]);
    expect(commandOf(one, "run")).toContain(
      `--csv 'O''Brien "failed" $(touch pwned) \`x\` 50%PATH%.csv' --files 'listing & more; $HOME ''q''.csv'`,
    );
    expect(commandOf(two, "run")).toContain(
      `--csv "O'Brien ""failed"" $(touch pwned) \`x\` 50"^%"PATH"^%".csv" --files "listing & more; $HOME 'q'.csv"`,
    );
  });

  it("takes the number of machines as --machines too, and prints the resume commands alone with --resume", async () => {
    const { stdout } = await scene.cli(["plan", "failed.csv", "--machines", "3", "--resume"]);
    const commands = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(commands).toEqual(
      [1, 2, 3].flatMap((machine) => [
        "az login",
        `reupload run --resume --state-db machine${machine}_state.db`,
      ]),
    );
  });

  it.each([
    [["failed.csv"], "The number of machines is not given."],
    [["failed.csv", "2", "--machines", "3"], "given twice: 2 and --machines 3"],
    [["none.csv", "2"], "none.csv"],
    [["failed.csv", "2", "--file-workers", "0"], "--file-workers: expected a whole number from 1 to 1000"],
  ])("refuses %j", async (args, says) => {
    const { code, stdout, stderr } = await scene.cli(["plan", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
  });
});
