/** Whole runs with `--partition auto` by a seed: machines join, leave, die, sleep and are cut off. */
import { BlobNames } from "../../src/machines/blob-names.ts";
import type { Manifest } from "../../src/machines/manifest.ts";
import { VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { newManifest } from "./new-manifest.ts";
import { SimulatedAutoMachine } from "./simulated-auto-machine.ts";
import { SimulatedDisk } from "./simulated-gifts.ts";
import { SimulatedTarget } from "./simulated-target.ts";
import type { Network } from "./unreliable-account.ts";
import { watchGifts } from "./watch-gifts.ts";
import { watchRecords } from "./watch-records.ts";

export interface AutoScale {
  readonly machines: number;
  readonly partitions: number;
  readonly workItems: number;
  /** How long a work item takes at most, ms. */
  readonly itemMs: number;
  /** Things that happen to machines, a minute of all together. */
  readonly disturbancesPerMinute: number;
  readonly network: Network;
  /** As `AutoMachineOptions`. */
  readonly gives: number;
}

export interface AutoResult {
  readonly violations: readonly string[];
  readonly isComplete: boolean;
  readonly tookMs: number;
  readonly requests: number;
  readonly disturbances: number;
  readonly repeats: number;
  /** Sub-partitions that were made. */
  readonly gifts: number;
  /** Work items begun more than once. */
  readonly machines: number;
}

const LONGEST_MS = 6 * 3_600_000;
/** No more disturbances after that, so that every run can come to its end, ms. */
const DISTURBED_MS = 1_200_000;

/** How often a machine dies between the two writes of a gift. */
const DIES_BETWEEN = 0.1;

export async function simulateAuto(seed: number, scale: AutoScale): Promise<AutoResult> {
  return new AutoSimulation(seed, scale).run();
}

class AutoSimulation {
  readonly #scale: AutoScale;
  readonly #world: VirtualWorld;
  readonly #account: MemoryAccount;
  readonly #target: SimulatedTarget;
  readonly #names = BlobNames.forRun({ target: "https://a.example/results", csvDigest: "d" });
  readonly #machines: SimulatedAutoMachine[] = [];
  readonly #violations: string[] = [];
  readonly #byPartition: readonly (readonly string[])[];
  readonly #began: number;
  /** The names of the sub-partitions that were made. */
  readonly #gifts: ReadonlySet<string>;
  #disturbances = 0;
  #isCompleted = false;

  constructor(seed: number, scale: AutoScale) {
    this.#scale = scale;
    this.#world = new VirtualWorld(seed);
    this.#began = this.#world.now;
    this.#account = new MemoryAccount(() => this.#world.now);
    this.#target = new SimulatedTarget(this.#world);
    const byPartition: string[][] = Array.from({ length: scale.partitions }, () => []);
    for (let item = 0; item < scale.workItems; item++) {
      byPartition[Math.floor(this.#world.random() * scale.partitions)]?.push(`i${item}`);
    }
    this.#byPartition = byPartition;
    watchRecords(this.#account, this.#names, this.#violations);
    this.#gifts = watchGifts(this.#account, this.#violations);
  }

  async run(): Promise<AutoResult> {
    const { machines, disturbancesPerMinute } = this.#scale;
    for (let at = 0; at < machines; at++) this.#join();
    const end = this.#began + LONGEST_MS;
    while (!this.#isCompleted && this.#world.now < end) {
      const pause = (60_000 / disturbancesPerMinute) * 2 * this.#world.random();
      await this.#world.runUntil(this.#world.now + pause, () => this.#isCompleted);
      if (this.#isCompleted) break;
      if (this.#world.now < this.#began + DISTURBED_MS) this.#disturb();
      else if (this.#alive.length === 0) this.#join();
    }
    this.#checkEnd();
    return {
      violations: [...this.#violations, ...this.#target.violations],
      isComplete: this.#isCompleted,
      tookMs: this.#world.now - this.#began,
      requests: this.#account.requests,
      disturbances: this.#disturbances,
      repeats: this.#target.repeats,
      gifts: this.#gifts.size,
      machines: this.#machines.length,
    };
  }

  get #alive(): SimulatedAutoMachine[] {
    return this.#machines.filter(({ isDead, ending }) => !isDead && ending === undefined);
  }

  #newManifest = (): Manifest => {
    const { partitions, workItems } = this.#scale;
    return newManifest(
      {
        totalPartitions: partitions,
        mode: "auto",
        hashVersion: 1,
        queues: ["q"],
        nameTemplate: "{fileName}",
        rules: {},
      },
      workItems,
      "d",
    );
  };

  /** @param disk of a machine that comes back */
  #join(disk = new SimulatedDisk()): void {
    const machine = new SimulatedAutoMachine(
      {
        world: this.#world,
        account: this.#account,
        network: this.#scale.network,
        target: this.#target,
        names: this.#names,
        newManifest: this.#newManifest,
        workItems: (partition) => this.#byPartition[partition] ?? [],
        host: `host${this.#machines.length}`,
        itemMs: this.#scale.itemMs,
        gives: this.#scale.gives,
        diesBetween: () => this.#diesBetween(),
      },
      disk,
    );
    this.#machines.push(machine);
    machine.run().then(
      () => {
        if (machine.ending === "completed") this.#isCompleted = true;
      },
      (thrown: unknown) => this.#violations.push(`a machine failed: ${String((thrown as Error).stack)}`),
    );
  }

  #disturb(): void {
    const { random } = this.#world;
    const alive = this.#alive;
    this.#disturbances++;
    const machine = alive[Math.floor(random() * alive.length)];
    if (machine === undefined) {
      this.#join();
      return;
    }
    const ms = random() * 120_000;
    const what = Math.floor(random() * 10);
    if (what <= 1) machine.kill();
    else if (what === 2) machine.stop(ms, "run");
    else if (what === 3) machine.stop(ms, "monotonic stops");
    else if (what === 4) machine.stop(ms, "both stop");
    else if (what === 5) machine.cutOff(ms);
    else if (what === 6) machine.leave();
    else if (what === 7) machine.setClock((random() - 0.5) * 7_200_000);
    else if (what === 8) for (const each of alive) each.cutOff(60_000);
    else this.#comeBack();
  }

  /** A machine joins: a new one, or one that died before, with its state. */
  #comeBack(): void {
    const dead = this.#machines.filter(({ isDead }) => isDead);
    const old = this.#world.random() < 0.5 ? dead.at(-1) : undefined;
    this.#join(old?.disk.copy());
  }

  #diesBetween(): boolean {
    if (this.#world.now > this.#began + DISTURBED_MS || this.#world.random() > DIES_BETWEEN) return false;
    this.#disturbances++;
    return true;
  }

  #checkEnd(): void {
    if (!this.#isCompleted) {
      this.#violations.push(`the run did not complete: ${this.#alive.length} machines alive`);
      return;
    }
    const missing = this.#byPartition.flat().filter((item) => !this.#target.announced.has(item));
    if (missing.length > 0) this.#violations.push(`completed, but ${missing.length} were not announced`);
  }
}
