/** Machines of one run that share the target account: processes with states of their own, on one CSV; see `test/long`, too. */
import { writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget } from "./expectations.ts";
import { choosePartition } from "../../src/core/partition.ts";
import { csvOf, listingOf, makePlain, planPlain, type PlainInput, putSource } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

const WORK_ITEMS = 12;

let scene: Scene;
let input: PlainInput;
let release: () => void;

/** The first machine works on partition 0 of 2; its requests of one kind are held back until `release` is called. */
async function startFirst(
  operation: "put-blob" | "put-message",
  args: readonly string[] = [],
): Promise<ReturnType<Scene["startRun"]>> {
  const gate = Promise.withResolvers<void>();
  release = gate.resolve;
  scene.proxy.fail({ operation, fault: { kind: "hold", until: gate.promise } });
  const running = scene.startRun([...share(0, "first.db"), ...args]);
  await expect.poll(() => scene.proxy.count(operation), { timeout: 20_000 }).toBeGreaterThan(0);
  return running;
}

function share(partition: number, state: string, total = 2): string[] {
  return ["--state-db", state, "--partition", String(partition), "--total-partitions", String(total)];
}

beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makePlain(scene, WORK_ITEMS, 3);
  release = () => {};
});
afterEach(async () => {
  release();
  await scene[Symbol.asyncDispose]();
});

describe("while one machine works on a partition, another start is refused before its first file", () => {
  it("with the same partition, another partition number, another rule, and another CSV", async () => {
    const first = await startFirst("put-blob");
    const puts = scene.proxy.count("put-blob");

    const same = await scene.run(share(0, "second.db"));
    expect(same.code, same.stderr).toBe(3);
    expect(same.stderr).toMatch(/process \d+, since \d{4}-\S+\) works on partition 0\./);
    const total = await scene.run(share(1, "second.db", 3));
    expect(total.code, total.stderr).toBe(3);
    expect(total.stderr).toContain("partitions: the run has 2 in total, this command 3 in total");
    const rule = await scene.run([...share(1, "second.db"), "--on-conflict", "skip"]);
    expect(rule.code, rule.stderr).toBe(3);
    expect(rule.stderr).toContain("--on-conflict: the run has fail, this command skip");
    const csv = await scene.read("failed_workitems.csv");
    await writeFile(scene.path("other.csv"), csv.trimEnd().split("\n").slice(0, -1).join("\n"));
    const other = await scene.run([...share(1, "second.db"), "--csv", "other.csv"]);
    expect(other.code, other.stderr).toBe(3);
    expect(other.stderr).toContain("--separate-run");

    // A refused start leaves no state that would meet the corrected command.
    const corrected = scene.startRun(share(1, "second.db"));
    await expect.poll(() => scene.proxy.count("put-blob"), { timeout: 20_000 }).toBeGreaterThan(puts);
    release();
    const [one, two] = await Promise.all([first.done, corrected.done]);
    expect([one.code, two.code], one.stderr + two.stderr).toEqual([0, 0]);
    expect(one.stderr + two.stderr).toMatch(/partition [01] on \S+ still runs|all 2 partitions are done/);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  }, 90_000);
});

describe("without the coordination container", () => {
  it("a partitioned run is refused with what to do, and --no-coordination goes without", async () => {
    const nowhere = ["--coordination-container", "not-there"];
    const refused = await scene.run([...share(0, "first.db"), ...nowhere]);
    expect(refused.code, refused.stderr).toBe(2);
    expect(refused.stderr).toContain("az storage container create");
    expect(refused.stderr).toContain("--no-coordination");
    const alone = await scene.run([...share(0, "first.db"), "--no-coordination"]);
    expect(alone.code, alone.stderr).toBe(0);
    expect(scene.proxy.count("coordinate")).toBe(0);
  }, 60_000);
});

describe("a run of the whole CSV", () => {
  it("takes part: another one, and one with partitions, are refused while it works, and it begins anew with a new state", async () => {
    const gate = Promise.withResolvers<void>();
    release = gate.resolve;
    scene.proxy.fail({ operation: "put-blob", fault: { kind: "hold", until: gate.promise } });
    const first = scene.startRun(["--state-db", "first.db"]);
    await expect.poll(() => scene.proxy.count("put-blob"), { timeout: 20_000 }).toBeGreaterThan(0);
    const second = await scene.run(["--state-db", "second.db"]);
    expect(second.code, second.stderr).toBe(3);
    expect(second.stderr).toMatch(/process \d+, since \S+\) works on the whole CSV\./);
    const part = await scene.run(share(0, "part.db"));
    expect(part.code, part.stderr).toBe(3);
    expect(part.stderr).toContain("partitions: the run has 1 in total, this command 2 in total");
    release();
    scene.proxy.heal();
    const done = await first.done;
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).not.toContain("partition");

    // A new state means a new run, as it always did: its operator may have emptied the target.
    await scene.behind.container(scene.container).getBlockBlobClient(input.at(0).blobName).delete();
    const again = await scene.run(["--state-db", "second.db", "--on-conflict", "skip"]);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toMatch(/copied +1\b/);
    await expectInTarget(scene, input.files);
    // Its rules may change from start to start.
    const resumed = await scene.run(["--state-db", "second.db", "--resume", "--on-conflict", "fail"]);
    expect(resumed.code, resumed.stderr).toBe(0);

    // A CSV that has grown keeps the run; a new state may begin anew with the CSV before.
    const grown = planPlain(scene, WORK_ITEMS + 1, 3);
    await Promise.all(grown.files.slice(input.files.length).map(async (file) => putSource(scene, file)));
    await scene.write("grown.csv", csvOf(grown));
    await scene.write("listing.csv", listingOf(grown));
    const update = ["run", "--resume", "--update-csv", "--csv", "grown.csv", "--state-db", "second.db"];
    const updated = await scene.cli(update);
    expect(updated.code, updated.stderr).toBe(0);
    await expectInTarget(scene, grown.files);
    const older = await scene.run(["--state-db", "third.db", "--on-conflict", "skip"]);
    expect(older.code, older.stderr).toBe(0);
    const late = await scene.cli(["run", "--resume", "--state-db", "second.db"]);
    expect(late.code, late.stderr).toBe(3);
  }, 60_000);

  it("is warned once without the container, not at a resume, and makes it with --create-missing", async () => {
    const nowhere = ["--state-db", "whole.db", "--coordination-container", scene.account.uniqueName()];
    const first = await scene.run([...nowhere, "--limit", "2"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr.match(/warning/g)).toHaveLength(1);
    expect(first.stderr).toContain("az storage container create");
    const resumed = await scene.run([...nowhere, "--resume"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).not.toContain("warning");
    const made = await scene.run([...nowhere, "--resume", "--create-missing"]);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain(`created the container ${nowhere[3]}`);
    expect(made.stderr).toMatch(
      new RegExp(
        `this run, from anywhere: reupload monitor .*--coordination-container ${nowhere[3]} --run \\w+`,
      ),
    );
    expect((await scene.run([...nowhere.slice(2), "--state-db", "new.db"])).stderr).not.toContain("warning");
  }, 60_000);
});

describe("a run whose conflicts were skipped", () => {
  it("tries them again from its own state when their code is named", async () => {
    await scene.behind.container(scene.container).getBlockBlobClient(input.at(0).blobName).upload("other", 5);
    const skipped = await scene.run(["--state-db", "one.db", "--on-conflict", "skip"]);
    expect(skipped.code, skipped.stderr).toBe(0);
    expect(skipped.stdout).toMatch(/skipped +1\b/);
    const again = ["--retry-failed", "conflict", "--on-conflict", "overwrite"];
    const resumed = await scene.run(["--resume", "--state-db", "one.db", ...again]);
    expect(resumed.code, resumed.stderr).toBe(0);
    await expectInTarget(scene, input.files);
  }, 60_000);
});

describe("a partition that is done but for failures", () => {
  it("tries them again from another state, unless --no-retry-failed says otherwise", async () => {
    const missing = input.at(0);
    await scene.behind.container(scene.source).getBlockBlobClient(missing.sourceName).delete();
    const shares = await Promise.all([0, 1].map(async (part) => scene.run(share(part, `p${part}.db`))));
    expect(
      shares.map(({ code }) => code).toSorted((a, b) => Number(a) - Number(b)),
      shares.map(({ stderr }) => stderr).join(""),
    ).toEqual([0, 1]);
    const part = shares.findIndex(({ code }) => code === 1);
    await putSource(scene, missing);
    const none = await scene.run([...share(part, "other.db"), "--no-retry-failed"]);
    expect(none.code, none.stderr).toBe(1);
    const retried = await scene.run([...share(part, "another.db"), "--retry-failed", "source-not-found"]);
    expect(retried.code, retried.stderr).toBe(0);
    expect(retried.stdout).toMatch(/copied +1\b/);
    await expectInTarget(scene, input.files);
  }, 60_000);
});

describe("announce for a partition of a coordinated run", () => {
  it("holds its lease: it is refused while another machine works there, and keeps others away meanwhile", async () => {
    const begun = await scene.run([...share(0, "first.db"), "--no-queue", "--limit", "2"]);
    expect(begun.code, begun.stderr).toBe(0);
    const gate = Promise.withResolvers<void>();
    release = gate.resolve;
    const hold = { kind: "hold", until: gate.promise } as const;
    scene.proxy.fail({ operation: ["put-message", "put-blob"], fault: hold });
    const announce = ["announce", "--queue", scene.queue, "--state-db", "first.db"];
    const announcing = scene.start(announce);
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBeGreaterThan(0);
    const refused = await scene.run([...share(0, "second.db"), "--no-queue"]);
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toContain("works on partition 0.");
    release();
    scene.proxy.heal();
    expect((await announcing.done).code, announcing.stderr).toBe(0);

    const next = Promise.withResolvers<void>();
    release = next.resolve;
    const puts = scene.proxy.count("put-blob");
    scene.proxy.fail({ operation: "put-blob", fault: { kind: "hold", until: next.promise } });
    const second = scene.startRun([...share(0, "second.db"), "--no-queue"]);
    await expect.poll(() => scene.proxy.count("put-blob"), { timeout: 20_000 }).toBeGreaterThan(puts);
    const other = await scene.cli([...announce, "--all"]);
    expect(other.code, other.stderr).toBe(3);
    expect(other.stderr).toContain("works on partition 0.");
    release();
    expect((await second.done).code, second.stderr).toBe(0);
    const all = await scene.cli([...announce, "--all"]);
    expect(all.code, all.stderr).toBe(0);
  }, 60_000);
});

describe("a CSV that has grown while another machine works", () => {
  it("keeps the run with --update-csv: the other one is seen and told, the old CSV is refused, and both CSVs show one run", async () => {
    const ofOther = input.files.find(({ workItemId }) => choosePartition(workItemId, 2) === 0) ?? input.at(0);
    const gate = Promise.withResolvers<void>();
    release = gate.resolve;
    expect((await scene.run(share(1, "second.db"))).code).toBe(0);
    scene.proxy.fail({
      operation: "put-blob",
      when: ({ name }) => name.endsWith(ofOther.blobName),
      fault: { kind: "hold", until: gate.promise },
    });
    const before = scene.proxy.count("put-blob");
    const own = input.files.filter(({ workItemId }) => choosePartition(workItemId, 2) === 0).length;
    const first = scene.startRun(share(0, "first.db"));
    // It has looked all its files up: the listing may be replaced.
    await expect.poll(() => scene.proxy.count("put-blob") - before, { timeout: 20_000 }).toBe(own);
    const grown = planPlain(scene, WORK_ITEMS + 8, 3);
    await Promise.all(grown.files.slice(input.files.length).map(async (file) => putSource(scene, file)));
    await scene.write("grown.csv", csvOf(grown));
    await scene.write("listing.csv", listingOf(grown));

    const resume = ["run", "--resume", "--update-csv", "--csv", "grown.csv", "--state-db"];
    const updated = await scene.cli([...resume, "second.db"]);
    expect(updated.code, updated.stderr).toBe(0);
    expect(updated.stderr).toContain("partition 0 on");
    const old = await scene.run([...share(1, "old.db"), "--take-over"]);
    expect(old.code, old.stderr).toBe(3);
    expect(old.stderr).toContain("The newest CSV of this run is grown.csv");
    expect(old.stderr).toContain("--update-csv");
    release();
    const ended = await first.done;
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain("the CSV of this run has grown");
    const refused = await scene.cli(["run", "--resume", "--state-db", "first.db"]);
    expect(refused.code, refused.stderr).toBe(3);

    const both = await scene.cli([...resume, "first.db"]);
    expect(both.code, both.stderr).toBe(0);
    expect(both.stderr).toContain("all 2 partitions are done");
    await expectInTarget(scene, grown.files);
    await expectAnnouncedOnce(scene, grown.files);
    const ids = [first, updated, both].map(({ stderr }) => / --run (\w{12})/.exec(stderr)?.[1]);
    expect(new Set(ids).size, ids.join(" ")).toBe(1);
    for (const csv of ["failed_workitems.csv", "grown.csv"]) {
      const status = await scene.cli(["status", "--target-container", scene.container, "--csv", csv]);
      expect(status.code, status.stderr).toBe(0);
      expect(status.stdout).toContain(ids[0]);
    }
  }, 90_000);
});

describe("a partition that is done", () => {
  it("is opened again when the catalog lists more for it, and --no-coordination holds for a resume, too", async () => {
    const states = ["a.db", "b.db"];
    const runs = await Promise.all(states.map(async (state, part) => scene.run(share(part, state))));
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const [one, two] = [0, 1].map((part) => {
      const from =
        input.files.find(({ workItemId }) => choosePartition(workItemId, 2) === part) ?? input.at(0);
      return { ...from, fileName: "new.json", blobName: `name-${from.workItemId}-new.json` };
    });
    if (one === undefined || two === undefined) throw new Error("there are two partitions");
    await scene.write("listing.csv", listingOf({ ...input, files: [...input.files, one, two] }));
    const grown = await scene.cli(["run", "--resume", "--state-db", "a.db"]);
    expect(grown.code, grown.stderr).toBe(0);
    expect(grown.stdout).toMatch(/1 work item changed since an earlier lookup: 1 more file/);
    const count = scene.proxy.count("coordinate");
    expect((await scene.cli(["run", "--resume", "--state-db", "b.db", "--no-coordination"])).code).toBe(0);
    expect((await scene.cli(["run", "--resume", "--state-db", "b.db"])).code).toBe(0);
    const asked = await scene.cli(["run", "--resume", "--state-db", "a.db"], {
      env: { REUPLOAD_COORDINATION: "false" },
    });
    expect(asked.code, asked.stderr).toBe(0);
    expect(scene.proxy.count("coordinate")).toBe(count);
    await expectInTarget(scene, [...input.files, one, two]);
  }, 60_000);
});
