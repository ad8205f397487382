/** A stop that comes when a verification has looked at everything, and before it has told so. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { resolve } from "../../src/config/config.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { Secret } from "../../src/core/secret.ts";
import { StopRequest } from "../../src/core/stop-request.ts";
import { DEFAULT_NAME_TEMPLATE, parseNameTemplate } from "../../src/core/target-name.ts";
import type { JobContext } from "../../src/job/context.ts";
import { RunControl } from "../../src/job/run-control.ts";
import { Services } from "../../src/job/services.ts";
import { Verification } from "../../src/job/verification.ts";
import type { OpenedVerify } from "../../src/job/verify.ts";
import { VerifyJournal } from "../../src/job/verify-journal.ts";
import { verifyPart } from "../../src/job/verify-part.ts";
import { verifyRest } from "../../src/job/verify-rest.ts";
import { nothingSeen, surveyRows, Turns } from "../../src/proof/proof.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";
import { MapCatalog } from "../pipeline/support.ts";
import { temporaryFolder } from "../state/state-support.ts";

const CHECK = {
  cost: { lists: 0, looks: 0, reads: 0, bytesRead: 0 },
  list: async () => Promise.reject(new Error("there is nothing to look at")),
  compare: async () => Promise.reject(new Error("there is nothing to look at")),
};
const CTRL_C = new StopRequest("signal", "Ctrl+C", EXIT.interrupted);

/** A verification of a CSV without rows. */
async function scene() {
  const control = new RunControl(REAL_SURROUNDINGS, 0);
  const reporter = { tell: () => {}, progress: () => {} };
  const parts = { control, reporter, surroundings: REAL_SURROUNDINGS, notice: () => {} };
  const context = { ...parts, signal: control.draining } as unknown as JobContext;
  const folder = await temporaryFolder();
  const csv = join(folder, "failed.csv");
  await writeFile(csv, "JobId,WorkItemId\n");
  const template = parseNameTemplate(DEFAULT_NAME_TEMPLATE);
  const options = { template, onCollision: "report", depth: "properties", signal: context.signal } as const;
  const rows = await surveyRows({ path: csv }, { template, totalPartitions: 1, signal: context.signal });
  const catalog = new MapCatalog(new Map());
  const check = CHECK as unknown as OpenedVerify["check"];
  const doors = { catalog, target: check, records: undefined, turns: new Turns(1), seen: nothingSeen() };
  const account = {
    blobEndpoint: "http://127.0.0.1:1/account",
    queueEndpoint: "http://127.0.0.1:1/account",
    credential: { kind: "shared-key", accountName: "account", key: new Secret("a2V5") },
  } as const;
  const services = new Services(account, resolve(new Map(), {}), {});
  const opened = { services, target: "", rows, known: undefined, catalog, check, doors, options };
  return { context, control, csv, folder, opened };
}

describe("a verification that is stopped when everything was looked at", () => {
  it("has come to its end", async () => {
    const { context, control, csv, folder, opened } = await scene();
    await using journal = await VerifyJournal.open(join(folder, "verify.ndjson"), [], { restart: false });
    const mark = journal.mark.bind(journal);
    journal.mark = async (marked) => {
      control.drain(CTRL_C);
      await mark(marked);
    };
    expect(await verifyRest(context, { csv, opened, journal })).toMatchObject({ isComplete: true });
    expect(control.stopRequest).toBe(CTRL_C);
  });

  it("has not when something is left", async () => {
    const { context, control, csv, folder, opened } = await scene();
    await writeFile(csv, "JobId,WorkItemId\nj,w\n");
    await using journal = await VerifyJournal.open(join(folder, "verify.ndjson"), [], { restart: false });
    opened.catalog.before = async () => control.drain(CTRL_C);
    expect(await verifyRest(context, { csv, opened, journal })).toMatchObject({ isComplete: false });
  });

  it("has come to its end when it looked at a sample", async () => {
    const { context, control, opened } = await scene();
    const { doors, options, check } = opened;
    const verification = new Verification(context, check);
    const stopAtEnd = async function* () {
      yield [];
      control.drain(CTRL_C);
    };
    const work = { doors, workItems: stopAtEnd(), options };
    const part = await verifyPart(context, verification, work, { count: 1 });
    expect(part).toMatchObject({ isComplete: true, sample: { drawn: 0 } });
  });
});
