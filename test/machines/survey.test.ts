import { beforeEach, describe, expect, it } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { observeDates, ServiceTime } from "../../src/machines/service-time.ts";
import { readSurvey, type SurveyContext, surveyOnce } from "../../src/machines/survey.ts";
import { VirtualSurroundings, VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";

const { signal } = new AbortController();
const COUNTS = [3, 0, 12];

let world: VirtualWorld;
let account: MemoryAccount;

function machine(): SurveyContext {
  const surroundings = new VirtualSurroundings(world);
  const serviceTime = new ServiceTime(surroundings);
  const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
  return { account: observeDates(account, serviceTime), surroundings, serviceTime, names, generation: 1 };
}

beforeEach(() => {
  world = new VirtualWorld(1);
  account = new MemoryAccount(() => world.now);
});

describe("the survey of a run", () => {
  it("is made by one of several machines, and read by the others", async () => {
    let asked = 0;
    const counting = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const first = surveyOnce(
      machine(),
      async () => {
        asked++;
        begin();
        await counting.promise;
        return COUNTS;
      },
      signal,
    );
    await begun;
    const count = async () => {
      asked++;
      return COUNTS;
    };
    expect(await surveyOnce(machine(), count, signal)).toBeUndefined();
    counting.resolve();
    expect(await first).toEqual(COUNTS);
    expect(await surveyOnce(machine(), count, signal)).toEqual(COUNTS);
    expect(asked).toBe(1);
  });

  it("is made by another machine when the first one dies", async () => {
    const never = new Promise<undefined>(() => {});
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const dying = new AbortController();
    const dead = surveyOnce(machine(), async () => (begin(), never), dying.signal);
    void dead.catch(() => {});
    await begun;
    expect(await surveyOnce(machine(), async () => COUNTS, signal)).toBeUndefined();
    account.breakLease(machine().names.survey(1).lease);
    expect(await surveyOnce(machine(), async () => COUNTS, signal)).toEqual(COUNTS);
  });

  it("is not there for a catalog that counts nothing, and nobody is kept from asking again", async () => {
    expect(await surveyOnce(machine(), async () => undefined, signal)).toBeUndefined();
    expect(await readSurvey(machine(), signal)).toBeUndefined();
    expect(await surveyOnce(machine(), async () => COUNTS, signal)).toEqual(COUNTS);
  });
});
