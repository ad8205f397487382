/** The real size finder, learned rates and pacers in virtual time: files that are put by one service and told to another. */
import { describe, expect, it } from "vitest";
import { LearnedRate } from "../../src/azure/gate/learned-rate.ts";
import { Pacer } from "../../src/azure/gate/pacer.ts";
import { POOL_BOUNDS, type PoolChange, PoolSize } from "../../src/pipeline/pool-size.ts";
import { randomOf, type ServiceConduct, VirtualClock, VirtualService } from "../azure/virtual-service.ts";

/** A service behind its gate: paced at its learned rate, asked again when it refuses. */
class Gated {
  readonly service: VirtualService;
  readonly pacer: Pacer;
  readonly rate = new LearnedRate(0);
  readonly #clock: VirtualClock;
  readonly #random: () => number;
  #pausedUntil = 0;

  constructor(clock: VirtualClock, random: () => number, conduct: Partial<ServiceConduct>) {
    this.service = new VirtualService(clock, random, conduct);
    this.pacer = new Pacer(clock, (now) => this.rate.at(now));
    this.#clock = clock;
    this.#random = random;
  }

  ask(done: () => void): void {
    this.#unlessPaused(done, () =>
      this.pacer.enqueue({ units: 1, go: () => this.#unlessPaused(done, () => this.#send(done)) }),
    );
  }

  #unlessPaused(done: () => void, next: () => void): void {
    if (this.#clock.now() >= this.#pausedUntil) next();
    else this.#clock.after(this.#pausedUntil - this.#clock.now(), () => this.ask(done));
  }

  #send(done: () => void): void {
    const sentAt = this.#clock.now();
    this.rate.sent(sentAt);
    this.service.ask((answer) => {
      const now = this.#clock.now();
      if (answer === "answered") {
        this.rate.answered(sentAt, now);
        done();
        return;
      }
      const { retryAfterMs } = this.service.conduct;
      this.rate.refused(sentAt, now, retryAfterMs);
      this.#pausedUntil = Math.max(this.#pausedUntil, now + (retryAfterMs ?? 0));
      this.#clock.after(500 * this.#random(), () => this.ask(done));
    });
  }
}

/** A run of files without end. */
function run(target: Partial<ServiceConduct>, queue: Partial<ServiceConduct>, seed = 1) {
  const clock = new VirtualClock();
  const random = randomOf(seed);
  const services = [new Gated(clock, random, target), new Gated(clock, random, queue)] as const;
  const pool = new PoolSize(0, { answers: 0, heldMs: 0, threadMs: 0 });
  const changes: PoolChange[] = [];
  let inUse = 0;
  let most = Infinity;
  let isThreadFull = false;
  let isTryingThread = false;
  let threadMs = 0;
  let msOfAnswer: ((answers: number) => number) | undefined;
  let answered = 0;
  let done = 0;
  const fill = (): void => {
    while (inUse < Math.min(pool.size, most)) {
      inUse++;
      services[0].ask(() =>
        services[1].ask(() => {
          inUse--;
          done++;
          fill();
        }),
      );
    }
  };
  const load = () => ({
    answers: services[0].service.answered + services[1].service.answered,
    heldMs: services[0].pacer.heldMs + services[1].pacer.heldMs,
    threadMs,
    isTryingThread,
  });
  const look = (): void => {
    const { answers } = load();
    if (msOfAnswer === undefined) threadMs += isThreadFull ? 100 : 50;
    else threadMs += Math.min(100, msOfAnswer(answers) * (answers - answered));
    answered = answers;
    const change = pool.look(clock.now(), load(), inUse);
    if (change !== undefined) changes.push(change);
    fill();
    clock.after(100, look);
  };
  fill();
  look();
  /** Files a second in this stretch of time. */
  const during = (seconds: number): number => {
    const before = done;
    clock.runUntil(clock.now() + seconds * 1_000);
    return (done - before) / seconds;
  };
  return {
    pool,
    changes,
    during,
    target: services[0].service,
    queue: services[1].service,
    /** From here on no more files than this are ready at once. */
    limitFiles: (count: number) => {
      most = count;
    },
    /** How long the thread is at work for each answer, ms, by the answers before it; it works for half of the time else. */
    giveAnswersWeight: (ms: (answers: number) => number) => {
      msOfAnswer = ms;
    },
    tryThread: (isTrying: boolean) => {
      isTryingThread = isTrying;
    },
    fillThread: (isFull: boolean) => {
      isThreadFull = isFull;
    },
  };
}

describe("a pool whose slots share a memory", () => {
  it("takes back those that would only wait for it, and finds how many the memory has room for", () => {
    const room = 150;
    const pool = new PoolSize(0, { answers: 0, heldMs: 0, memoryMs: 0, threadMs: 0 });
    let [answers, memoryMs, threadMs, most] = [0, 0, 0, 0];
    for (let now = 100; now <= 300_000; now += 100) {
      answers += Math.min(pool.size, room) * (100 / 40);
      memoryMs += Math.max(0, pool.size - room) * 100;
      threadMs += 50;
      pool.look(now, { answers, heldMs: 0, memoryMs, threadMs, isTryingThread: false }, pool.size);
      if (now > 20_000) most = Math.max(most, pool.size);
    }
    expect(most).toBeLessThan(1.2 * room);
    expect(pool.size).toBeGreaterThan(0.8 * room);
  });
});

describe("the size of the pool", () => {
  it("doubles for as long as it pays, up to the most when nothing else limits it", () => {
    const { pool, changes, during } = run({ latencyMs: 200 }, { latencyMs: 200 });
    during(15);
    expect(changes.slice(0, 6).map(({ to }) => to)).toEqual([64, 96, 192, 384, 768, 1_000]);
    during(10);
    expect(pool.size).toBeGreaterThan(800);
  });

  it("does not end its slow start for what is slow only in the first seconds, as a program that warms up is", () => {
    const { pool, target, during } = run({ width: 190, latencyMs: 40 }, { latencyMs: 5 });
    during(2.5);
    target.conduct.width = Infinity;
    during(4);
    expect(pool.size).toBeGreaterThanOrEqual(700);
  });

  it.each([40, 150, 400])("settles where a service of %i workers has no more to give", (width) => {
    const { pool, during } = run({ width, latencyMs: 100 }, { latencyMs: 5 });
    during(40);
    const most = (1_000 * width) / 105;
    expect(during(60)).toBeGreaterThan(0.85 * most);
    expect(pool.size).toBeGreaterThan(0.75 * width);
    expect(pool.size).toBeLessThan(2 * width);
  });

  it("takes back what it tries, and stays, while another thread is being tried: that changes the throughput, too", () => {
    const { pool, target, changes, during, tryThread } = run(
      { width: 150, latencyMs: 100 },
      { latencyMs: 5 },
    );
    during(40);
    // In the middle of a step down.
    for (let tenths = 0; changes.at(-1)?.why !== "trying fewer slots" && tenths < 1_000; tenths++)
      during(0.1);
    const { from } = changes.at(-1) ?? { from: 0 };
    const changed = changes.length;
    tryThread(true);
    target.conduct.width = 200;
    during(4);
    target.conduct.width = 170;
    during(4);
    expect(changes.slice(changed)).toEqual([
      { from: expect.any(Number) as number, to: from, why: "another thread is being tried first" },
    ]);
    expect(pool.size).toBe(from);
    tryThread(false);
    during(60);
    expect(changes.length).toBeGreaterThan(changed + 1);
  });

  it("is never frozen: it follows a service that gets narrower and wider again", () => {
    const { pool, target, during } = run({ width: 200, latencyMs: 100 }, { latencyMs: 5 });
    during(60);
    target.conduct.width = 40;
    during(240);
    expect(pool.size).toBeLessThan(110);
    target.conduct.width = 200;
    during(60);
    expect(during(20)).toBeGreaterThan(1_500);
  });

  it("stays while files are missing, and while the rate of a service is the limit", () => {
    const idle = run({ latencyMs: 50 }, {});
    idle.limitFiles(10);
    idle.during(30);
    expect(idle.pool.size).toBe(POOL_BOUNDS.start);
    const limited = run({}, { rate: 500 });
    limited.during(30);
    const { size } = limited.pool;
    limited.during(30);
    expect(limited.pool.size).toBe(size);
  });

  it("does not grow by lulls: a size that was not judged before files were missing is given up", () => {
    const { pool, during, limitFiles } = run({ width: 40, latencyMs: 40 }, { latencyMs: 5 });
    for (let burst = 0; burst < 40; burst++) {
      limitFiles(Infinity);
      during(1.3);
      limitFiles(5);
      during(0.7);
    }
    expect(pool.size).toBeLessThanOrEqual(2 * POOL_BOUNDS.opening);
  });

  it("does not grow beyond its opening while this thread is full, and grows again when the thread is not", () => {
    const { pool, changes, during, fillThread } = run({ latencyMs: 50 }, {});
    fillThread(true);
    during(60);
    expect(changes.filter(({ to }) => to > POOL_BOUNDS.opening)).toEqual([]);
    fillThread(false);
    during(60);
    expect(pool.size).toBeGreaterThan(200);
  });

  it("grows to what the thread has room for, not to twice as many", () => {
    // The thread is full at 4,000 answers a second: 80 files under way.
    const { pool, during, giveAnswersWeight } = run(
      { width: 40, latencyMs: 20, spread: 0 },
      { width: 40, latencyMs: 20, spread: 0 },
    );
    giveAnswersWeight(() => 0.25);
    during(2);
    expect(pool.size).toBeGreaterThanOrEqual(80);
    expect(pool.size).toBeLessThan(110);
  });

  it("has nearly as many slots as fill a warm thread within a second, though the thread is cold at first", () => {
    const { pool, during, giveAnswersWeight } = run({ latencyMs: 20 }, { latencyMs: 20 });
    giveAnswersWeight((answers) => 0.12 + 0.5 * Math.exp(-answers / 1_500));
    during(1);
    expect(pool.size).toBeGreaterThanOrEqual(120);
    during(1);
    expect(pool.size).toBeLessThan(330);
  });

  it("is between its bounds whatever happens", () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { changes, target, queue, during } = run({ width: 20, spread: 1.5 }, { rate: 300 }, seed);
      for (const width of [1, 50, 2, 8]) {
        target.conduct.width = width;
        queue.conduct.rate = 20 * width * seed;
        during(20);
      }
      for (const { to } of changes) {
        expect(to).toBeGreaterThanOrEqual(POOL_BOUNDS.least);
        expect(to).toBeLessThanOrEqual(POOL_BOUNDS.most);
      }
    }
  });
});

describe("a run whose queue takes 2,000 messages a second", () => {
  it.each([undefined, 1_000])(
    "uses 95 % of that with less than 2 % refused, Retry-After %s",
    (retryAfterMs) => {
      const { queue, during } = run({}, { rate: 2_000, retryAfterMs });
      during(90);
      const refusedBefore = queue.refused;
      expect(during(40)).toBeGreaterThan(1_900);
      expect(queue.refused - refusedBefore).toBeLessThan(0.02 * 40 * 2_000);
    },
  );

  it("is back at 90 % within 30 s when it was throttled to half for a while", () => {
    const { queue, during } = run({}, { rate: 2_000 });
    during(45);
    const before = during(10);
    queue.conduct.rate = 1_000;
    during(30);
    queue.conduct.rate = 2_000;
    during(25);
    expect(during(5)).toBeGreaterThan(0.9 * before);
  });

  it("does not hold another service back: the target's rate stays unlimited", () => {
    const clock = new VirtualClock();
    const target = new Gated(clock, randomOf(1), {});
    const queue = new Gated(clock, randomOf(2), { rate: 100 });
    const loop = (service: Gated): void => service.ask(() => loop(service));
    for (let client = 0; client < 20; client++) for (const service of [target, queue]) loop(service);
    clock.runUntil(20_000);
    expect(queue.rate.at(20_000)).toBeLessThan(200);
    expect(target.rate.at(20_000)).toBeUndefined();
    expect(target.service.answered).toBeGreaterThan(17_000);
  });
});
