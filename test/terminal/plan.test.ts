import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Job } from "kubernetes-models/batch/v1";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Given } from "../../src/config/config.ts";
import type { RunOptionName } from "../../src/config/run-options.ts";
import { makePlan } from "../../src/job/plan.ts";
import { PLAN_FORMATS, planText, type PlanFormat } from "../../src/terminal/plan/plan-text.ts";
import type { Shell } from "../../src/terminal/shell.ts";

/** A name that shells, units and variables of pods like to misread. */
const HOSTILE = `it's 5 %d $HOME $(PARTITION) "x" \\.csv`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "plan-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function given(texts: Partial<Record<RunOptionName, string>>): Given {
  return new Map(
    Object.entries(texts).map(([name, text]) => [name as RunOptionName, { text, where: "test" }]),
  );
}

const NOW = Date.UTC(2026, 10, 29, 20);

function planned(
  format: PlanFormat,
  texts: Partial<Record<RunOptionName, string>> = {},
  {
    machines = 3,
    csv = "failed.csv",
    partitions = "fixed",
    shell = "bash",
    isResume = false,
    env = {},
  }: {
    machines?: number;
    csv?: string;
    partitions?: "fixed" | "auto";
    shell?: Shell;
    isResume?: boolean;
    env?: Readonly<Record<string, string>>;
  } = {},
): string {
  const total = partitions === "auto" ? undefined : machines;
  const plan = makePlan({ csv, given: given(texts), env, partitions, total, version: "1.2.3", now: NOW });
  const shells = Array.from({ length: machines }, () => shell);
  const workItems = Array.from({ length: machines }, () => 7);
  return planText(plan, { format, shells, workItems, isResume }).join("\n");
}

/** The lines of a command, joined; those that begin with these words. */
function commands(text: string, begin: string, continued = " \\"): string[] {
  const joined = text.replaceAll(`${continued}\n  `, " ").split("\n");
  return joined.filter((line) => line.startsWith(begin));
}

describe("the commands of a plan", () => {
  it("name the catalog, the target and every setting that a flag, the environment or a configuration file gives", () => {
    const text = planned("commands", {
      kustoCluster: "https://c.kusto.windows.net",
      kustoDatabase: "d",
      kustoQuery: "my/files.kql",
      queue: "announcements",
      maxFailures: "5%",
      tenant: "t",
      target: "https://acct.blob.core.windows.net",
    });
    expect(commands(text, "reupload run")[2]).toBe(
      "reupload run --csv failed.csv --kusto-cluster https://c.kusto.windows.net --kusto-database d " +
        "--kusto-query files.kql --partition 1 --total-partitions 3 --state-db machine2_state.db " +
        "--target https://acct.blob.core.windows.net --queue announcements --tenant t --max-failures 5%",
    );
    expect(commands(text, "scp")[0]).toBe("scp SOURCE-MACHINE:failed.csv SOURCE-MACHINE:my/files.kql .");
    expect(commands(text, "az login")[0]).toBe("az login --tenant t");
  });

  it("repeat the whole command with --resume", () => {
    const text = planned("commands", { sourceDir: "/data/" }, { machines: 1, isResume: true });
    expect(commands(text, "reupload run")).toEqual([
      "reupload run --csv failed.csv --source-dir /data --partition 0 --total-partitions 1 " +
        "--state-db machine1_state.db --target https://ACCOUNT.blob.core.windows.net --resume",
    ]);
  });

  it("give each pattern quoted for the shell, and one moment for a time before the run began", () => {
    const filter = {
      sourceContainer: "https://a.blob.core.windows.net/c",
      include: "*.json\nlogs/**",
      exclude: "it's {a,b}[0-9].tmp",
      newerThan: "7d",
      smallerThan: "10MB",
    };
    const words = (shell: Shell, continued?: string) =>
      commands(planned("commands", filter, { shell }), "reupload run", continued)[0];
    expect(words("bash")).toContain(
      `--include '*.json' --include 'logs/**' --exclude 'it'\\''s {a,b}[0-9].tmp' --newer-than 2026-11-22T20:00:00.000Z --smaller-than 10MB`,
    );
    expect(words("powershell", " `")).toContain(
      `--include '*.json' --include 'logs/**' --exclude 'it''s {a,b}[0-9].tmp' --newer-than '2026-11-22T20:00:00.000Z'`,
    );
    expect(words("cmd", " ^")).toContain(
      `--include "*.json" --include "logs/**" --exclude "it's {a,b}[0-9].tmp"`,
    );
  });

  it("watch the whole run where the machines know of each other, else the state", () => {
    const target = "https://acct.blob.core.windows.net";
    expect(commands(planned("commands", { target }), "reupload monitor")[0]).toBe(
      `reupload monitor --csv failed.csv --target ${target}`,
    );
    expect(commands(planned("commands", { target, coordination: "false" }), "reupload monitor")[0]).toBe(
      "reupload monitor --state-db machine1_state.db",
    );
    expect(planned("commands", { target, coordination: "false" })).not.toContain("az storage container");
  });

  it("copy the input in each shell's own way", () => {
    const powershell = planned("commands", { files: "l.csv" }, { shell: "powershell", machines: 1 });
    expect(commands(powershell, "Copy-Item")).toEqual([
      String.raw`Copy-Item -LiteralPath '\\SOURCE-MACHINE\SHARE\failed.csv' -Destination .`,
      String.raw`Copy-Item -LiteralPath '\\SOURCE-MACHINE\SHARE\l.csv' -Destination .`,
    ]);
    const cmd = planned("commands", { files: "l.csv" }, { shell: "cmd-file", machines: 1 });
    expect(commands(cmd, "copy")[1]).toBe(String.raw`copy "\\SOURCE-MACHINE\SHARE\l.csv" .`);
    // Without `call` a .cmd file ends when npm, which is one too, does.
    expect(cmd).toContain("call npm install");
    expect(cmd).toContain("rem To be saved in a .cmd file; --shell cmd prints them for the prompt");
  });

  it("are the same for every machine that takes the partitions that are free", () => {
    const text = planned("commands", {}, { partitions: "auto" });
    expect(commands(text, "reupload run")).toHaveLength(2);
    expect(commands(text, "reupload run")[0]).toContain("--partition auto --state-db reupload_state.db");
  });

  it("ask nobody to sign in where the machine has an identity", () => {
    expect(planned("commands", { auth: "managed-identity" })).not.toContain("az login");
  });

  it("name no account and no sign-in where a connection string does both; they say that each machine needs it", () => {
    const env = { AZURE_STORAGE_CONNECTION_STRING: "UseDevelopmentStorage=true" };
    const text = planned("commands", {}, { env });
    expect(text).not.toMatch(/--target|az login|--auth-mode|--account-name/);
    expect(
      text.match(/^# Every machine needs AZURE_STORAGE_CONNECTION_STRING in its environment,/gm),
    ).toHaveLength(3);
    expect(commands(text, "az storage")).toEqual([
      "az storage container create --name reupload-coordination",
    ]);
    expect(commands(text, "reupload monitor")[0]).toBe("reupload monitor --csv failed.csv");
  });

  it("ask nobody to sign in where a key or a SAS is used", () => {
    const target = "https://acct.blob.core.windows.net";
    for (const env of [{ AZURE_STORAGE_KEY: "c2VjcmV0a2V5" }, { AZURE_STORAGE_SAS_TOKEN: "sv=1&sig=x" }]) {
      const text = planned("commands", { target }, { env });
      expect(text).not.toMatch(/az login|--auth-mode|c2VjcmV0a2V5|sig=x/);
      expect(text).toContain(`Every machine needs ${Object.keys(env)[0]} in its environment`);
      expect(commands(text, "az storage")[0]).toContain("--account-name acct --name");
    }
    const signedIn = {
      AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${target};QueueEndpoint=https://q.example`,
    };
    expect(planned("commands", {}, { env: signedIn })).toContain("az login");
  });

  it("refuse a value that run would refuse", () => {
    expect(() => planned("commands", { queue: "Q" })).toThrow("expected a queue name");
    const target = "http://127.0.0.1:10000/devstoreaccount1";
    expect(() => planned("commands", { target })).toThrow(
      "--target http://127.0.0.1:10000 is on this machine",
    );
  });
});

interface JobShape {
  readonly spec: {
    readonly completions?: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: string[] }[] } };
  };
}

describe("a plan for Kubernetes", () => {
  it("is a Job that its API's schema accepts, indexed or not", () => {
    for (const partitions of ["fixed", "auto"] as const) {
      const job = parse(planned("kubernetes", {}, { partitions })) as JobShape;
      const { apiVersion: _version, kind: _kind, ...body } = job as JobShape & Record<string, unknown>;
      const checked = new Job(body as ConstructorParameters<typeof Job>[0]);
      expect(() => checked.validate()).not.toThrow();
      expect(job.spec.completions).toBe(partitions === "fixed" ? 3 : undefined);
    }
    const wrong = new Job({ spec: { parallelism: "3" } } as unknown as ConstructorParameters<typeof Job>[0]);
    expect(() => wrong.validate()).toThrow();
  });

  it("gives the pod's index as the partition, and keeps what looks like a variable in a name", () => {
    const job = parse(planned("kubernetes", {}, { csv: HOSTILE })) as JobShape;
    const args = job.spec.template.spec.containers[0]?.args ?? [];
    // As Kubernetes expands arguments: $$ is $, $(NAME) is the variable.
    const expanded = args.map((arg) =>
      arg.replaceAll(/\$\$|\$\(PARTITION\)/g, (found) => (found === "$$" ? "$" : "2")),
    );
    expect(expanded.slice(0, 3)).toEqual(["run", "--csv", `/input/${HOSTILE}`]);
    expect(expanded[expanded.indexOf("--partition") + 1]).toBe("2");
    expect(expanded).toContain("--take-over");
  });
});

describe("a plan for Slurm", () => {
  it("runs the task's partition with the task's state, and asks for another start after an outage only", async () => {
    await writeFile(join(folder, "job.sh"), planned("slurm", {}, { csv: HOSTILE }));
    for (const [code, asked] of [
      [0, []],
      [3, []],
      [6, ["scontrol", "requeue", "9_2"]],
      [143, ["scontrol", "requeue", "9_2"]],
    ] as const) {
      const notes = join(folder, "notes");
      await writeFile(notes, "");
      for (const [name, status] of [
        ["reupload", code],
        ["scontrol", 0],
      ] as const) {
        const stub = `#!/bin/sh\nprintf '%s\\0' ${name} "$@" >>"$NOTES"\nexit ${status}\n`;
        await writeFile(join(folder, name), stub);
        await chmod(join(folder, name), 0o755);
      }
      const env = {
        PATH: `${folder}:/usr/bin:/bin`,
        NOTES: notes,
        SLURM_ARRAY_TASK_ID: "2",
        SLURM_ARRAY_JOB_ID: "9",
      };
      const ended = await promisify(execFile)("bash", [join(folder, "job.sh")], { env }).then(
        () => 0,
        (thrown: { code: number }) => thrown.code,
      );
      expect(ended).toBe(code);
      const words = (await readFile(notes, "utf8")).split("\0").slice(0, -1);
      expect(words.slice(0, 4)).toEqual(["reupload", "run", "--csv", HOSTILE]);
      expect(words[words.indexOf("--partition") + 1]).toBe("2");
      expect(words[words.indexOf("--state-db") + 1]).toBe("machine3_state.db");
      expect(words.slice(words.indexOf("--resume") + 1)).toEqual(asked);
    }
  });
});

function hasSystemd(): boolean {
  try {
    execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("a plan for systemd", () => {
  it("keeps percent signs and dollars of a name, and leaves alone what a person must look at", () => {
    const unit = planned("systemd", {}, { csv: HOSTILE });
    expect(unit).toContain(
      String.raw`--csv "/var/lib/reupload/it's 5 %%d $$HOME $$(PARTITION) \"x\" \\.csv"`,
    );
    expect(unit).toContain("RestartPreventExitStatus=1 2 3 4 5\n");
    expect(unit).toContain(
      "--partition %i --total-partitions 3 --state-db /var/lib/reupload/partition%i_state.db",
    );
  });

  it.skipIf(!hasSystemd())("is a unit that systemd accepts", async () => {
    const unit = join(folder, "reupload@.service");
    await writeFile(unit, planned("systemd", {}, { csv: HOSTILE }));
    const check = promisify(execFile)(
      "systemd-analyze",
      ["verify", "--man=no", `${unit.slice(0, -8)}1.service`],
      {
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` },
      },
    );
    const { stderr } = await check;
    expect(stderr.split("\n").filter((line) => line.includes("reupload"))).toEqual([]);
  });
});

describe("a plan for the Windows Task Scheduler", () => {
  it("registers a task on each machine, with the arguments quoted for Windows and for PowerShell", () => {
    const text = planned("taskscheduler", {}, { csv: "it's mine.csv", machines: 2 });
    expect(text).toContain(`-Argument 'run --csv "it''s mine.csv" --files listing.csv --partition 1 `);
    expect(text.match(/Register-ScheduledTask/g)).toHaveLength(2);
  });
});

it("each form of a plan is printable lines", () => {
  for (const format of PLAN_FORMATS) expect(planned(format).length).toBeGreaterThan(100);
});
