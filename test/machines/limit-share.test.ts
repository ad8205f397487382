import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlobNames } from "../../src/machines/blob-names.ts";
import { LimitShare, nextShare, type PublishedShare } from "../../src/machines/limit-share.ts";
import { VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import type { Network } from "./unreliable-account.ts";

const names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
const { signal } = new AbortController();
const GOOD = { lostRequests: 0, lostAnswers: 0, doubled: 0, slow: 0, slowMs: 1 };
const BAD = { lostRequests: 0.02, lostAnswers: 0.02, doubled: 0.01, slow: 0.02, slowMs: 8_000 };

interface Machine {
  readonly process: SimulatedProcess;
  readonly joinedAt: number;
  share: LimitShare | undefined;
  isHungry: boolean;
}

class Fleet {
  readonly world: VirtualWorld;
  readonly machines: Machine[] = [];
  readonly #account: MemoryAccount;
  readonly #network: Network;

  constructor(seed: number, network: Network) {
    this.#network = network;
    this.world = new VirtualWorld(seed);
    this.#account = new MemoryAccount(() => this.world.now);
  }

  join(): Machine {
    const place = { world: this.world, account: this.#account, network: this.#network };
    const process = new SimulatedProcess(place);
    const machine: Machine = { process, joinedAt: this.world.now, share: undefined, isHungry: true };
    this.machines.push(machine);
    const context = {
      account: process.account,
      surroundings: process.own,
      serviceTime: process.serviceTime,
      names,
      generation: 1,
      holder: { host: `host${this.machines.length}`, pid: 1, stateId: `state${this.machines.length}` },
      takenOver: () => ({ partitions: 0, filesFound: 0 }),
      isHeldBack: () => machine.isHungry,
    };
    void LimitShare.join(context, signal).then((share) => (machine.share = share));
    return machine;
  }

  get living(): Machine[] {
    return this.machines.filter(({ process }) => !process.isDead);
  }

  /** What all of them take now. */
  get sum(): number {
    return this.living.reduce((sum, { share }) => sum + (share?.share ?? 0), 0);
  }

  /** @param look called every 100 ms */
  async pass(ms: number, look: () => void): Promise<void> {
    const end = this.world.now + ms;
    while (this.world.now < end) {
      await this.world.runUntil(this.world.now + 100);
      look();
    }
  }
}

describe("the share of a limit that a machine may take next", () => {
  it("never makes the sum pass 1, whoever looks when", () => {
    const machines = fc.array(fc.record({ part: fc.nat(100), isHeldBack: fc.boolean() }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(machines, fc.array(fc.nat(8), { maxLength: 30 }), (made, turns) => {
        const whole = Math.max(
          1,
          made.reduce((sum, { part }) => sum + part, 0),
        );
        const all: PublishedShare[] = made.map(({ part, isHeldBack }, at) => ({
          name: `m${at}`,
          share: part / whole,
          isHeldBack,
        }));
        for (const turn of turns) {
          const at = turn % all.length;
          const one = all[at] as PublishedShare;
          all[at] = { ...one, share: nextShare(all, one.name) };
          expect(all.reduce((sum, { share }) => sum + share, 0)).toBeLessThan(1 + 1e-9);
        }
      }),
    );
  });

  it("goes to those that the limit holds back", () => {
    let all: PublishedShare[] = [
      { name: "busy", share: 0.5, isHeldBack: true },
      { name: "idle", share: 0.5, isHeldBack: false },
    ];
    for (let turn = 0; turn < 20; turn++) {
      all = all.map((one) => ({ ...one, share: nextShare(all, one.name) }));
    }
    expect(all[0]?.share).toBeGreaterThan(0.9);
  });
});

describe("machines that share a limit", () => {
  it("stay within it over a bad network, while they join, die and sleep", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const fleet = new Fleet(seed, BAD);
      let most = 0;
      const look = () => (most = Math.max(most, fleet.sum));
      fleet.join();
      fleet.join();
      await fleet.pass(15_000, look);
      for (let event = 0; event < 12; event++) {
        const { living, world } = fleet;
        const machine = living[Math.floor(world.random() * living.length)];
        const what = Math.floor(world.random() * 4);
        if (what === 0 || living.length < 2 || machine === undefined) fleet.join();
        else if (what === 1) machine.process.kill();
        else if (what === 2) machine.process.stop(45_000, "run");
        else machine.isHungry = !machine.isHungry;
        await fleet.pass(world.random() * 40_000, look);
      }
      for (const machine of fleet.living) machine.isHungry = true;
      await fleet.pass(120_000, look);
      const { living } = fleet;
      for (const { share } of living) expect(share?.share).toBeGreaterThan(0.7 / living.length);
      expect(most, `seed ${seed}`).toBeLessThan(1.000_1);
    }
  });

  it("have their part within 15 s of a join, and of the end of a dead machine's lease", async () => {
    const fleet = new Fleet(1, GOOD);
    const look = () => expect(fleet.sum).toBeLessThan(1.000_1);
    const first = fleet.join();
    await fleet.pass(15_000, look);
    expect(first.share?.share).toBeCloseTo(1);
    const second = fleet.join();
    await fleet.pass(15_000, look);
    expect([first.share?.share, second.share?.share]).toEqual([0.5, 0.5]);
    first.process.kill();
    await fleet.pass(30_000 + 15_000, look);
    expect(second.share?.share).toBeCloseTo(1);
    const third = fleet.join();
    await fleet.pass(15_000, look);
    void second.share?.end(signal);
    await fleet.pass(15_000, look);
    expect(third.share?.share).toBeCloseTo(1);
  });
});
