/** `reupload partitions` and `reupload plan`: what they print is an interface of operators' scripts. */
import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Scene, startScene } from "./scene.ts";

/** The vectors of the specification, one more of each side, one row twice, one id under a second job. */
const CSV = `JobId,WorkItemId
j1,1889211721
j1,1889211722
j1,1913007684
j1,1913007685
j1,1889211723
j1,1889211721
j2,1889211721
`;
const HOSTILE = `it's $HOME "90 %PATH%" \`id\` & co.csv`;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene(undefined, { coordinated: true });
  await writeFile(scene.path("failed.csv"), CSV);
  await writeFile(scene.path(HOSTILE), CSV);
});
afterAll(() => scene[Symbol.asyncDispose]());

describe("reupload partitions", () => {
  it("prints the distribution that operators know", async () => {
    const { code, stdout, stderr } = await scene.cli(["partitions", "failed.csv", "2"]);
    expect(stdout).toBe(`Partition Distribution for 2 partitions:
================================================================================

Partition 0:
  Count:     4 (66.7%)
  Samples:   1889211721, 1913007684, ...

Partition 1:
  Count:     2 (33.3%)
  Samples:   1889211722, 1913007685

Total WorkItems: 6
`);
    expect(stderr).toBe("1 repeated row counted once\n");
    expect(code).toBe(0);
  });

  it("lists every work item's partition, a line each, in the CSV's order", async () => {
    const { code, stdout } = await scene.cli(["partitions", "failed.csv", "2", "--list"]);
    expect(stdout).toBe(
      "1889211721,0\n1889211722,1\n1913007684,0\n1913007685,1\n1889211723,0\n1889211721,0\n",
    );
    expect(code).toBe(0);
  });

  it("answers for ids given as flags or on stdin, and exits with 1 when one is not in the CSV", async () => {
    const flags = ["partitions", "failed.csv", "2", "--search", "1913007685", "--search", "1889211721"];
    const found = await scene.cli(flags);
    expect(found).toMatchObject({ code: 0, stdout: "1913007685: partition 1\n1889211721: partition 0\n" });
    const asked = await scene.cli(["partitions", "failed.csv", "2", "--search", "-"], {
      input: "1889211722\r\n\n 1889211729 \n",
    });
    expect(asked.stdout).toMatch(
      /^1889211722: partition 1\n1889211729: partition [01] \(not in the CSV\)\n$/,
    );
    expect(asked.code).toBe(1);
  });

  it("gives the same distribution as JSON, and reads the CSV from stdin", async () => {
    const { stdout } = await scene.cli(["partitions", "-", "2", "--output", "json"], { input: CSV });
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      total: 6,
      rows: 7,
      duplicates: 1,
      rejected: 0,
      partitions: [
        {
          partition: 0,
          count: 4,
          samples: ["1889211721", "1913007684"],
        },
        {
          partition: 1,
          count: 2,
          samples: ["1889211722", "1913007685"],
        },
      ],
    });
    const search = ["partitions", "failed.csv", "2", "--search", "1889211722", "--output", "json"];
    expect(JSON.parse((await scene.cli(search)).stdout)).toEqual({
      schemaVersion: 1,
      results: [{ workItemId: "1889211722", partition: 1, inCsv: true }],
    });
    const list = await scene.cli(["partitions", "failed.csv", "2", "--list", "--output", "json"]);
    expect(list.stdout.split("\n")[1]).toBe('{"jobId":"j1","workItemId":"1889211722","partition":1}');
  });

  it("exits with 1 and names the rows that are not work items", async () => {
    const result = await scene.cli(["partitions", "-", "2"], { input: `${CSV}j1,\n` });
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("Total WorkItems: 6\n");
    expect(result.stderr).toContain("1 row rejected:\n  line 9: ");
  });
});

/** Runs the text in bash with programs of these names that only note their arguments; gives what they noted. */
async function runInBash(text: string, programs: readonly string[]): Promise<string[][]> {
  const bin = scene.path("bin");
  const notes = scene.path("notes");
  await mkdir(bin, { recursive: true });
  await writeFile(notes, "");
  for (const name of programs) {
    const stub = `${bin}/${name}`;
    await writeFile(stub, `#!/bin/sh\nprintf '%s\\0' ${name} "$@" >>"$NOTES"\nprintf '\\n\\0' >>"$NOTES"\n`);
    await chmod(stub, 0o755);
  }
  await promisify(execFile)("bash", ["-euc", text], { env: { PATH: `${bin}:/usr/bin:/bin`, NOTES: notes } });
  const noted = (await readFile(notes, "utf8")).split("\n\0").slice(0, -1);
  return noted.map((call) => call.split("\0").slice(0, -1));
}

describe("reupload plan", () => {
  /** Nothing of this machine names an account. */
  const signedIn = { env: { AZURE_STORAGE_CONNECTION_STRING: "" } };

  it("prints commands that bash passes on exactly, whatever is in the names", async () => {
    const files = "list; rm -rf ~ #\\.csv";
    const { code, stdout } = await scene.cli(
      ["plan", HOSTILE, "2", "--files", files].concat(
        "--target https://a.blob.core.windows.net --workitem-workers 20 --file-workers 10".split(" "),
      ),
      signedIn,
    );
    expect(code).toBe(0);
    const calls = await runInBash(stdout, ["npm", "scp", "az", "reupload"]);
    const container =
      "az storage container create --auth-mode login --account-name a --name reupload-coordination".split(
        " ",
      );
    const run = (partition: number, state: string): string[] => [
      "reupload",
      "run",
      "--csv",
      HOSTILE,
      "--files",
      files,
      ...`--partition ${partition} --total-partitions 2 --state-db ${state}`.split(" "),
      ..."--target https://a.blob.core.windows.net --workitem-workers 20 --file-workers 10".split(" "),
    ];
    const machine = (partition: number, state: string): unknown[][] => [
      ["npm", "install", "--global", expect.stringMatching(/^\.\/reupload-.*\.tgz$/)],
      ["scp", `SOURCE-MACHINE:${HOSTILE}`, `SOURCE-MACHINE:${files}`, "."],
      ["az", "login"],
      // Once is enough for all machines.
      ...(partition === 0 ? [container] : []),
      run(partition, state),
      [...run(partition, state), "--resume"],
      ["reupload", "monitor", "--csv", HOSTILE, "--target", "https://a.blob.core.windows.net"],
    ];
    expect(calls).toEqual([...machine(0, "machine1_state.db"), ...machine(1, "machine2_state.db")]);
  });

  it("prints the commands of each machine in the machine's own shell, with file names quoted for it", async () => {
    const args = ["plan", HOSTILE, "--machines", "3", "--shell", "powershell,cmd,bash"];
    const { stdout } = await scene.cli(args);
    const runs = stdout.split("\n").filter((line) => line.startsWith("reupload run --csv"));
    // Each stands twice: to run, and to resume.
    const names = runs.map((line) => line.slice("reupload run --csv ".length, line.indexOf(" --files")));
    expect(names.filter((_, index) => index % 2 === 0)).toEqual([
      `'it''s $HOME "90 %PATH%" \`id\` & co.csv'`,
      `"it's $HOME ""90 "^%"PATH"^%""" \`id\` & co.csv"`,
      `'it'\\''s $HOME "90 %PATH%" \`id\` & co.csv'`,
    ]);
    expect(stdout).toContain("# Machine 1 of 3 (powershell): partition 0, ");
    expect(stdout).toContain("rem Machine 2 of 3 (cmd): partition 1, ");
    expect(stdout).toContain("# Machine 3 of 3 (bash): partition 2, ");
  });

  it("prints only the resume commands when asked, and the same commands as JSON", async () => {
    const queues = await scene.cli(["plan", "failed.csv", "2", "--queue", "one,two"]);
    expect(queues.stdout.match(/--queue one,two/g), queues.stderr).toHaveLength(4);
    const { stdout } = await scene.cli(["plan", "failed.csv", "2", "--resume"], signedIn);
    const commands = stdout
      .replaceAll(" \\\n  ", " ")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const resume = (partition: number) =>
      `reupload run --csv failed.csv --files listing.csv --partition ${partition} --total-partitions 2 ` +
      `--state-db machine${partition + 1}_state.db --target https://ACCOUNT.blob.core.windows.net --resume`;
    expect(commands).toEqual(["az login", resume(0), "az login", resume(1)]);
    const json = await scene.cli(["plan", "failed.csv", "2", "--resume", "--output", "json"], signedIn);
    const plan = JSON.parse(json.stdout) as { machines: { steps: { command: string }[] }[] };
    expect(plan.machines.flatMap(({ steps }) => steps.map(({ command }) => command))).toEqual(commands);
    expect(plan).toMatchObject({
      schemaVersion: 1,
      machines: [{ machine: 1, workItems: 4 }, { workItems: 2 }],
    });
  });

  it("uses the plain names of the CSV and the listing on the machines, from wherever they are copied", async () => {
    await mkdir(scene.path("in put"), { recursive: true });
    await writeFile(scene.path("in put/failed.csv"), CSV);
    const { stdout } = await scene.cli(["plan", "in put/failed.csv", "1"]);
    const [, scp, run] = await runInBash(stdout, ["npm", "scp", "az", "reupload"]);
    expect(scp).toEqual(["scp", "SOURCE-MACHINE:in put/failed.csv", "SOURCE-MACHINE:listing.csv", "."]);
    expect(run?.slice(0, 4)).toEqual(["reupload", "run", "--csv", "failed.csv"]);
  });

  it("estimates machines and time in place of the commands, and recommends a number when none is given", async () => {
    const args = ["plan", "failed.csv", "--rate", "2/s", "--files-per-work-item", "10000"];
    const { code, stdout } = await scene.cli([...args, "--older-rate", "1/s", "--within", "10h"]);
    expect(code).toBe(0);
    expect(stdout).toContain("6 work items, about 60,000 files (10,000 a work item)\n");
    expect(stdout).toMatch(/^ +1 +the whole CSV +as measured +7 h 30 min to 10 h 25 min +1\.0x/m);
    expect(stdout).toContain("it would take 16 h 40 min: ");
    const json = await scene.cli([...args, "--output", "json"]);
    const { rows } = JSON.parse(json.stdout) as { rows: { machines: number; partitions: string }[] };
    expect(rows.map(({ machines, partitions }) => `${machines} ${partitions}`).slice(0, 3)).toEqual([
      "1 whole",
      "2 fixed",
      "2 auto",
    ]);
  });
});
