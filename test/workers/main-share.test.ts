/** The main thread's part of the calls, on loops and a service in virtual time. */
import { describe, expect, it } from "vitest";
import { MainShare } from "../../src/workers/main-share.ts";

/** Of a file, us: the main thread's own work, and that of its two calls, whoever carries them. */
const OWN_US = 70;
const CALLS_US = 233;
/** Of a request. */
const LATENCY_MS = 20;
const LOOK_MS = 100;
const WARM_MS = 5_000;
const MEASURED_MS = 10_000;

/** An event loop: work that it does one after the other. */
class Loop {
  underWay = 0;
  activeUs = 0;
  readonly #queue: { readonly us: number; readonly done: () => void }[] = [];
  #ahead = 0;

  add(us: number, done: () => void): void {
    this.#queue.push({ us, done });
  }

  /** Works for a millisecond, and for as long as it takes to end what it began. */
  turn(): void {
    let left = 1_000 - this.#ahead;
    for (let work; left > 0 && (work = this.#queue.shift()) !== undefined; left -= work.us) {
      this.activeUs += work.us;
      work.done();
    }
    this.#ahead = Math.max(0, -left);
  }
}

/** A run without end over so many threads, one of which is the main one. */
function run(threads: number, slots: number) {
  const main = new Loop();
  const others = Array.from({ length: threads - 1 }, () => new Loop());
  const share = new MainShare();
  const answers = new Map<number, (() => void)[]>();
  const heldByMain: number[] = [];
  let now = 0;
  let files = 0;
  let filesWhenWarm = 0;
  let begun = 0;
  let begunByMain = 0;
  const request = (carrier: Loop, then: () => void): void =>
    carrier.add(CALLS_US / 2, () =>
      answers.set(now + LATENCY_MS, [...(answers.get(now + LATENCY_MS) ?? []), then]),
    );
  const takeFile = (): void => {
    const least = others.reduce((best, loop) => (loop.underWay < best.underWay ? loop : best));
    const carrier = share.takes(main.underWay, least.underWay) ? main : least;
    begun++;
    if (carrier === main) begunByMain++;
    carrier.underWay++;
    request(carrier, () =>
      request(carrier, () => {
        carrier.underWay--;
        main.add(OWN_US, () => {
          files++;
          takeFile();
        });
      }),
    );
  };
  for (let slot = 0; slot < slots; slot++) takeFile();
  for (; now < WARM_MS + MEASURED_MS; now++) {
    for (const answer of answers.get(now) ?? []) answer();
    answers.delete(now);
    for (const loop of [main, ...others]) loop.turn();
    if (now === WARM_MS) filesWhenWarm = files;
    if (now % LOOK_MS !== 0) continue;
    const busy = (loop: Loop): number => Math.min(1, loop.activeUs / (1_000 * LOOK_MS));
    share.look(busy(main), others.reduce((sum, loop) => sum + busy(loop), 0) / others.length);
    for (const loop of [main, ...others]) loop.activeUs = 0;
    if (now > WARM_MS) heldByMain.push(main.underWay);
  }
  const filesPerS = (1_000 * (files - filesWhenWarm)) / MEASURED_MS;
  return { filesPerS, heldByMain, mainTook: begunByMain / begun };
}

describe("the main thread's part of the calls", () => {
  it.each([
    [2, 128, "slots"],
    [2, 256, "slots"],
    [2, 512, "cores"],
    [4, 512, "slots"],
    [8, 1_000, "main thread"],
    [16, 1_000, "main thread"],
  ])("with %i threads and %i slots has the run reach what its %s allow", (threads, slots) => {
    const { filesPerS } = run(threads, slots);
    const bySlots = (slots * 1_000) / (2 * LATENCY_MS);
    const possible = Math.min(1e6 / OWN_US, (threads * 1e6) / (OWN_US + CALLS_US), bySlots);
    expect(filesPerS).toBeGreaterThan(0.97 * possible);
  });

  it("is as large as another one's while there is room for it: nothing crosses to a thread and back there", () => {
    expect(run(2, 64).mainTook).toBeGreaterThan(0.45);
    expect(run(4, 64).mainTook).toBeGreaterThan(0.22);
  });

  it("stays where it is: calls do not go to and fro", () => {
    const { heldByMain } = run(2, 256);
    expect(Math.max(...heldByMain) - Math.min(...heldByMain)).toBeLessThan(10);
  });
});
