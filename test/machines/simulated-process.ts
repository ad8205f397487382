/** A process over a bad network: it can be killed, stopped, cut off, and its clocks set. */
import { observeDates, ServiceTime } from "../../src/machines/service-time.ts";
import type { CoordinationAccount } from "../../src/machines/coordination-account.ts";
import type { Cancel, Surroundings } from "../../src/surroundings/surroundings.ts";
import { VirtualSurroundings, type VirtualWorld } from "../support/virtual-surroundings.ts";
import type { MemoryAccount } from "./memory-account.ts";
import { type Network, UnreliableAccount } from "./unreliable-account.ts";

export interface Place {
  readonly world: VirtualWorld;
  readonly account: MemoryAccount;
  readonly network: Network;
}

export class SimulatedProcess {
  isDead = false;
  /** No clock has counted the stop and no answer came since: the process cannot know of it. */
  isUnaware = false;
  /** As the process itself sees time. */
  readonly own: Surroundings;
  readonly serviceTime: ServiceTime;
  /** As the process reaches it. */
  readonly account: CoordinationAccount;
  readonly #world: VirtualWorld;
  readonly #surroundings: VirtualSurroundings;
  readonly #network: UnreliableAccount;
  #stoppedUntil = 0;
  /** Since the last answer. */
  #hasLostMonotonic = false;
  #wasSetBack = false;

  constructor({ world, account, network }: Place) {
    this.#world = world;
    const surroundings = new VirtualSurroundings(world);
    this.#surroundings = surroundings;
    this.own = {
      wall: () => surroundings.wall(),
      monotonic: () => surroundings.monotonic(),
      random: () => surroundings.random(),
      uuid: () => surroundings.uuid(),
      after: (ms, run): Cancel => surroundings.after(ms, () => this.#whenAwake(run)),
    };
    this.serviceTime = new ServiceTime(this.own);
    this.#network = new UnreliableAccount(world, account, network, (answer) => {
      const answeredAt = world.now;
      this.#whenAwake(() => {
        // An answer from before the stop tells nothing of it.
        if (answeredAt >= this.#stoppedUntil) this.#notice();
        answer();
      });
    });
    this.account = observeDates(this.#network, this.serviceTime);
  }

  kill(): void {
    this.isDead = true;
  }

  /** SIGSTOP for so long. @param clocks which of them stand still meanwhile */
  stop(ms: number, clocks: "run" | "monotonic stops" | "both stop"): void {
    const { now } = this.#world;
    const end = Math.max(this.#stoppedUntil, now + ms);
    const added = end - Math.max(this.#stoppedUntil, now);
    this.#stoppedUntil = end;
    if (clocks === "monotonic stops") {
      this.#surroundings.loseMonotonic(added);
      this.#hasLostMonotonic = true;
    }
    if (clocks === "both stop") {
      this.#surroundings.loseBoth(added);
      this.isUnaware = true;
    }
    this.isUnaware ||= this.#wasSetBack && this.#hasLostMonotonic;
  }

  cutOff(ms: number): void {
    this.#network.cutOffUntil = this.#world.now + ms;
  }

  setClock(byMs: number): void {
    this.#surroundings.setWallClock(byMs);
    this.#wasSetBack ||= byMs < 0;
    this.isUnaware ||= this.#wasSetBack && this.#hasLostMonotonic;
  }

  #notice(): void {
    this.isUnaware = false;
    this.#hasLostMonotonic = false;
    this.#wasSetBack = false;
  }

  #whenAwake(run: () => void): void {
    if (this.isDead) return;
    const world = this.#world;
    if (world.now >= this.#stoppedUntil) run();
    else world.after(this.#stoppedUntil - world.now, () => this.#whenAwake(run));
  }
}
