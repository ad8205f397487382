/** A whole run as any machine sees it by the target account, beside the states that its machines write. */
import { ContainerSASPermissions } from "@azure/storage-blob";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COORDINATION } from "../support/operations.ts";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let release: () => void;
beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
  release = () => {};
});
afterEach(async () => {
  release();
  await scene[Symbol.asyncDispose]();
});

const STATES = ["one.db", "two.db"] as const;
const share = (partition: 0 | 1) => [
  "--state-db",
  STATES[partition],
  "--partition",
  String(partition),
  "--total-partitions",
  "2",
];

interface Totals {
  readonly workItems: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<string, number | boolean>>;
}

async function look(command: string, ...args: readonly string[]) {
  const result = await scene.cli([
    command,
    "--target-container",
    scene.container,
    ...args,
    "--output",
    "json",
  ]);
  const lines = result.stdout.trimEnd().split("\n");
  return {
    ...result,
    seen: JSON.parse(lines.at(-1) ?? "{}") as Readonly<Record<string, unknown>> & { total: Totals },
  };
}

describe("a run that is watched by the account", () => {
  it("shows who works on what and what nobody has begun, ends when all is done, and counts what the states count", async () => {
    await makePlain(scene, 12, 3);
    const gate = Promise.withResolvers<void>();
    release = gate.resolve;
    scene.proxy.fail({ operation: "put-blob", skip: 4, fault: { kind: "hold", until: gate.promise } });
    const first = scene.startRun(share(0));
    await expect.poll(() => scene.proxy.count("put-blob"), { timeout: 20_000 }).toBeGreaterThan(4);
    const csv = ["--csv", "failed_workitems.csv"];

    const begun = await look("status", ...csv);
    expect(begun.code, begun.stderr).toBe(7);
    expect(begun.seen).toMatchObject({
      exitCode: 7,
      isDone: false,
      partitionCounts: { alive: 1, "not-started": 1 },
      partitions: [
        { partition: 0, state: "alive", machine: { pid: first.pid }, deadForMs: null },
        { partition: 1, state: "not-started", machine: null },
      ],
      total: { workItems: { total: 12 } },
    });
    const copied = await scene.cli(["status", "--state-db", "one.db", "--snapshot", "early.db"]);
    expect(copied.code, copied.stderr).toBe(7);
    const monitor = scene.start(["monitor", "--target-container", scene.container, ...csv, "--refresh", "1"]);
    await monitor.waitFor(/start partition 1: nobody has/);
    const lost = { kind: "reset-before" } as const;
    scene.proxy.fail({ operation: "coordinate", query: { comp: "list" }, times: 1, fault: lost });
    await monitor.waitFor(/the account has not answered for/);
    release();
    expect((await first.done).code).toBe(0);
    const second = await scene.run(share(1));
    expect(second.code, second.stderr).toBe(0);
    const watched = await monitor.done;
    expect(watched.code, watched.stderr).toBe(0);
    expect(watched.stdout).toContain("2 of 2 done");

    // The id alone is enough, and so is its beginning; a copy of before is named.
    const { runId } = begun.seen["run"] as { readonly runId: string };
    const whole = await look(
      "status",
      "--run",
      runId.slice(0, 6),
      ...STATES.flatMap((db) => ["--state-db", db]),
    );
    expect({ code: whole.code, stderr: whole.stderr }).toEqual({ code: 0, stderr: "" });
    const states = await look("status", ...STATES.flatMap((db) => ["--state-db", db]));
    const { inProgress: _whose, ...workItems } = states.seen.total.workItems;
    expect(whole.seen.total).toMatchObject({ workItems, files: states.seen.total.files });
    const early = await look("status", ...csv, "--state-db", "early.db");
    expect(early.code).toBe(0);
    expect(early.stderr).toMatch(
      /early\.db has \d work items? and \d files? done, the account's checkpoint of partition 0/,
    );
  }, 90_000);

  it("is named when it is not there: another CSV, another id, another container", async () => {
    await makePlain(scene, 4, 1);
    const run = await scene.run([...share(0), "--on-empty", "report"]);
    expect(run.code, run.stderr).toBe(0);
    await scene.write("other.csv", "JobId,WorkItemId\nj,another\n");
    const target = ["status", "--target-container", scene.container];
    const other = await scene.cli([...target, "--csv", "other.csv"]);
    expect(other.code, other.stdout).toBe(2);
    expect(other.stderr).toMatch(
      /No run has this CSV\. Runs of \S+: [0-9a-f]{12} \(failed_workitems\.csv, 4 rows, open/,
    );
    const id = await scene.cli([...target, "--run", "0123456789ab"]);
    expect(id.stderr).toContain("No run has the id 0123456789ab");
    const nowhere = await scene.cli([...target, "--coordination-container", "not-there"]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain("No run of this target is coordinated there");
    // Who looks on needs to read and list alone.
    const url = await scene.account.container(COORDINATION).generateSasUrl({
      permissions: ContainerSASPermissions.from({ read: true, list: true }),
      expiresOn: new Date(Date.now() + 600_000),
    });
    const { blobEndpoint, queueEndpoint } = scene.account;
    const account = `BlobEndpoint=${blobEndpoint};QueueEndpoint=${queueEndpoint};SharedAccessSignature=${url.slice(url.indexOf("?") + 1)}`;
    const csv = ["--csv", "failed_workitems.csv"];
    const onlooker = await scene.cli([...target, ...csv], {
      env: { AZURE_STORAGE_CONNECTION_STRING: account },
    });
    expect(onlooker.code, onlooker.stderr).toBe(6);
    expect(onlooker.stdout).toContain("partitions_done=1");
    // Nothing but the target is configured, and the state that a run would use is not here.
    await scene.write(
      "reupload.config.yaml",
      `target-container: ${scene.container}\ncsv: failed_workitems.csv\n`,
    );
    const only = await scene.cli(["status"]);
    expect(only.code, only.stderr).toBe(6);
    expect(only.stdout).toContain("partitions_not_started=1");
  }, 60_000);
});
