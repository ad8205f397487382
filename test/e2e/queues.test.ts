/** Several queues: each partition of a run announces in one of them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { choosePartition } from "../../src/core/partition.ts";
import { makePlain, type PlainInput } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
let input: PlainInput;

beforeEach(async () => {
  scene = await startScene(undefined, { coordinated: true });
  input = await makePlain(scene, 10, 2);
});
afterEach(async () => scene[Symbol.asyncDispose]());

const share = (partition: number, state: string): string[] => [
  "--state-db",
  state,
  "--partition",
  String(partition),
  "--total-partitions",
  "3",
];

describe("--queue with several names", () => {
  it("is one run: partition I announces in queue I mod 2, in a resume, a dry run and `announce` too", async () => {
    const names = [scene.account.uniqueName(), scene.account.uniqueName()];
    const queues = ["--queue", names.join(",")];
    const whole = await scene.run(["--state-db", "whole.db", ...queues]);
    expect(whole.code, whole.stderr).toBe(2);
    expect(whole.stderr).toContain("Several queues are given to a run without partitions.");

    const tried = await scene.run([...share(1, "one.db"), ...queues, "--create-missing", "--dry-run"]);
    expect(tried.stdout, tried.stderr).toContain(`The queue ${names[1]} does not exist yet`);
    const first = await scene.run([...share(0, "zero.db"), ...queues, "--create-missing", "--limit", "1"]);
    expect(first.code, first.stderr).toBe(0);
    expect(first.stderr).toContain(`announced in ${names[0]},`);
    const other = await scene.run([...share(1, "one.db"), "--queue", names[0] ?? ""]);
    expect(other.code, other.stderr).toBe(3);
    expect(other.stderr).toContain(`queue: the run has ${names.join(",")}, this command ${names[0]}`);
    const rest = await Promise.all([
      scene.cli(["run", "--resume", "--state-db", "zero.db"]),
      scene.run([...share(1, "one.db"), ...queues, "--create-missing"]),
      scene.run([...share(2, "two.db"), ...queues, "--create-missing"]),
    ]);
    expect(
      rest.map(({ code }) => code),
      rest.map(({ stderr }) => stderr).join(""),
    ).toEqual([0, 0, 0]);

    const wanted = (partition: number) =>
      input.files.filter(({ workItemId }) => choosePartition(workItemId, 3) % 2 === partition).length;
    const [even, odd] = await Promise.all(names.map(async (name) => scene.reader.takeAnnouncements(name)));
    expect([even?.length, odd?.length]).toEqual([wanted(0), wanted(1)]);
    const again = await scene.cli(["announce", "--state-db", "one.db", "--all"]);
    expect(again.code, again.stderr).toBe(0);
    expect((await scene.reader.takeAnnouncements(names[1] ?? "")).length).toBe(wanted(1));
    const wrong = await scene.cli(["announce", "--state-db", "one.db", "--all", "--queue", names[0] ?? ""]);
    expect(wrong.code, wrong.stderr).toBe(3);
    expect(wrong.stderr).toContain(`announced in the queue ${names[1]}, but --queue names ${names[0]}`);
  }, 60_000);
});
