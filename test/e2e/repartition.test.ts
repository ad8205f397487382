/** A run that is divided anew: machines stop, and another number of them goes on from what was done. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { announcementsOf, expectInTarget, figureOf } from "./expectations.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let input: PlainInput;

beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makePlain(scene, 16, 3);
});
afterEach(async () => scene[Symbol.asyncDispose]());

function share(partition: number, total: number, state: string): string[] {
  return ["--state-db", state, "--partition", String(partition), "--total-partitions", String(total)];
}

describe("--repartition", () => {
  it("is refused while a machine works, and goes on in other partitions from what is done once it has stopped", async () => {
    // Partition 0 of 2 is done; of partition 1 some work items are, one is open, and one file of it is done.
    expect((await scene.run([...share(0, 2, "a.db"), "--limit", "3"])).code).toBe(0);
    const open = Promise.withResolvers<void>();
    scene.proxy.fail({ operation: "put-message", skip: 4, fault: { kind: "hold", until: open.promise } });
    const second = scene.startRun([...share(1, 2, "b.db"), "--workitem-workers", "1", "--file-workers", "1"]);
    await expect.poll(() => scene.proxy.count("put-message"), { timeout: 20_000 }).toBe(9 + 5);
    const refused = await scene.run([...share(0, 3, "c0.db"), "--repartition"]);
    expect(refused.code, refused.stderr).toBe(3);
    expect(refused.stderr).toMatch(
      /\S+ \(process \d+\) works on this run, so it cannot be repartitioned now\./,
    );

    second.kill("SIGTERM").catch(() => {});
    await second.waitFor(/SIGTERM/);
    open.resolve();
    expect((await second.done).code).toBe(143);
    const lookups = scene.proxy.count("put-blob");
    const without = await scene.run(share(0, 3, "c0.db"));
    expect(without.code, without.stderr).toBe(3);
    expect(without.stderr).toContain("partitions: the run has 2 in total, this command 3 in total");
    expect(scene.proxy.count("put-blob")).toBe(lookups);
    scene.proxy.heal();

    const first = await scene.run([...share(0, 3, "c0.db"), "--repartition"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain("partition 1 was not started yet");
    // Again with all machines' commands alike: the run has three partitions by now.
    const rest = await Promise.all(
      [1, 2].map(async (partition) =>
        scene.run([...share(partition, 3, `c${partition}.db`), "--repartition"]),
      ),
    );
    expect(
      rest.map(({ code }) => code),
      rest.map(({ stderr }) => stderr).join(""),
    ).toEqual([0, 0]);
    expect([first, ...rest].map(({ stderr }) => stderr).join("")).toContain("all 3 partitions are done");
    await expectInTarget(scene, input.files);
    // Nothing is done twice: each blob was announced once, and the new states took over what was done.
    const counts = await announcementsOf(scene);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(counts.size).toBe(input.files.length);
    const copied = [first, ...rest].reduce((sum, { stdout }) => sum + figureOf(stdout, "copied"), 0);
    expect(copied).toBe(input.files.length - 9 - 5);
    const old = await scene.cli(["run", "--resume", "--state-db", "b.db"]);
    expect(old.code, old.stderr).toBe(3);
    expect(old.stderr).toContain("the run has 3 in total");
  }, 120_000);
});
