/** Whole runs with fixed partitions by a seed: machines are killed, stopped, cut off, copied and taken over. */
import { BlobNames } from "../../src/machines/blob-names.ts";
import { decodeManifest, type Manifest, type RunSettings } from "../../src/machines/manifest.ts";
import { VirtualWorld } from "../support/virtual-surroundings.ts";
import { MemoryAccount } from "./memory-account.ts";
import { newManifest } from "./new-manifest.ts";
import { SimulatedMachine, type SimulatedState } from "./simulated-machine.ts";
import { SimulatedTarget } from "./simulated-target.ts";
import type { Network } from "./unreliable-account.ts";
import { watchRecords } from "./watch-records.ts";

export interface SimulationResult {
  readonly violations: readonly string[];
  readonly isComplete: boolean;
  readonly repeats: number;
  readonly requests: number;
  /** How long the run took, ms of virtual time. */
  readonly tookMs: number;
  readonly disturbances: number;
}

interface StartFlags {
  readonly takeOver?: boolean;
  readonly retries?: boolean;
  readonly repartition?: boolean;
  readonly settings?: RunSettings;
}

const RUN_KEY = { target: "https://a.example/results", csvDigest: "d1" };
/** After so long the world is quiet: everything must come to its end then, ms. */
const DISTURBED_MS = 240_000;
const LONGEST_MS = 3_600_000;

export async function simulate(seed: number): Promise<SimulationResult> {
  return new Simulation(seed).run();
}

class Simulation {
  readonly #world: VirtualWorld;
  readonly #account: MemoryAccount;
  readonly #target: SimulatedTarget;
  readonly #names = BlobNames.forRun(RUN_KEY);
  #settings: RunSettings;
  readonly #items: readonly string[];
  readonly #machines: SimulatedMachine[] = [];
  readonly #network: Network;
  readonly #began: number;
  /** In every fifth run operators stop machines with Ctrl+C, and go on with new states as often as with the old ones. */
  readonly #hasDrains: boolean;
  #disturbances = 0;
  #isCompleted = false;
  readonly #violations: string[] = [];

  constructor(seed: number) {
    this.#world = new VirtualWorld(seed);
    this.#hasDrains = seed % 5 === 0;
    this.#began = this.#world.now;
    this.#account = new MemoryAccount(() => this.#world.now);
    this.#target = new SimulatedTarget(this.#world);
    const { random } = this.#world;
    this.#settings = {
      totalPartitions: 1 + Math.floor(random() * 3),
      mode: "fixed",
      hashVersion: 1,
      queues: ["q"],
      nameTemplate: "{fileName}",
      rules: {},
    };
    this.#items = Array.from({ length: 4 + Math.floor(random() * 30) }, (_, at) => `item${at}`);
    const isBad = random() < 0.7;
    this.#network = {
      lostRequests: isBad ? random() * 0.1 : 0,
      lostAnswers: isBad ? random() * 0.1 : 0,
      doubled: isBad ? random() * 0.1 : 0,
      slow: isBad ? random() * 0.15 : 0,
      slowMs: 20_000,
    };
    watchRecords(this.#account, this.#names, this.#violations);
  }

  async run(): Promise<SimulationResult> {
    for (let partition = 0; partition < this.#settings.totalPartitions; partition++) {
      this.#start(partition, this.#newState(), {});
    }
    while (!this.#isCompleted && this.#world.now < this.#began + LONGEST_MS) {
      const step = this.#world.now + 1_000 + this.#world.random() * 15_000;
      await this.#world.runUntil(step, () => this.#isCompleted);
      if (this.#isDisturbed) this.#disturb();
      this.#restart();
    }
    this.#checkEnd();
    return {
      violations: [...this.#violations, ...this.#target.violations],
      isComplete: this.#isCompleted,
      repeats: this.#target.repeats,
      requests: this.#account.requests,
      tookMs: this.#world.now - this.#began,
      disturbances: this.#disturbances,
    };
  }

  get #isDisturbed(): boolean {
    return this.#world.now < this.#began + DISTURBED_MS;
  }

  #workItems = (partition: number, total: number): readonly string[] =>
    this.#items.filter((_, at) => at % total === partition);

  #newState(): SimulatedState {
    const id = `s${this.#machines.length}-${Math.floor(this.#world.random() * 1e9)}`;
    return { id, madeAt: this.#world.now, done: new Set(), epoch: 0 };
  }

  #newManifest = (): Manifest => newManifest(this.#settings, this.#items.length, "d1");

  #start(
    partition: number,
    state: SimulatedState,
    { takeOver = false, retries = false, repartition = false, settings = this.#settings }: StartFlags,
  ): void {
    const isNew = !this.#machines.some(({ state: { id } }) => id === state.id);
    const machine = new SimulatedMachine(
      {
        world: this.#world,
        account: this.#account,
        network: this.#network,
        target: this.#target,
        names: this.#names,
        settings,
        newManifest: this.#newManifest,
        workItems: this.#workItems,
        partition,
        host: `host${this.#machines.length}`,
        takeOver,
        repartition,
        beginsAgain: settings.totalPartitions === 1 && isNew && !takeOver && !repartition,
        retries,
      },
      state,
    );
    this.#machines.push(machine);
    machine.run().then(
      () => {
        if (machine.ending === "run-differs") void this.#readTotal();
        if (machine.ending === "completed") this.#isCompleted = true;
      },
      (thrown: unknown) => this.#violations.push(`a machine failed: ${String((thrown as Error).stack)}`),
    );
  }

  /** What an operator, or the world, does to a machine. */
  #disturb(): void {
    const { random } = this.#world;
    const alive = this.#machines.filter(({ isDead, ending }) => !isDead && ending === undefined);
    const machine = alive[Math.floor(random() * alive.length)];
    if (machine === undefined) return;
    this.#disturbances++;
    if (this.#hasDrains && random() < 0.3) {
      machine.isDraining = true;
      return;
    }
    const ms = random() * 90_000;
    const what = Math.floor(random() * 11);
    if (what === 0) machine.kill();
    else if (what === 1) this.#cutPower(machine);
    else if (what === 2) machine.stop(ms, "run");
    else if (what === 3) machine.stop(ms, "monotonic stops");
    else if (what === 4) machine.stop(ms, "both stop");
    else if (what === 5) machine.cutOff(ms);
    else if (what === 6) machine.setClock((random() - 0.5) * 7_200_000);
    else if (what === 7) {
      this.#start(machine.options.partition, this.#newState(), { takeOver: random() < 0.7 });
    } else if (what === 8) this.#repartition();
    else if (what === 9)
      this.#start(machine.options.partition, this.#newState(), { takeOver: true, retries: true });
    else {
      const copy = { ...machine.state, done: new Set(machine.state.done) };
      this.#start(machine.options.partition, copy, {});
    }
  }

  /** The refusal tells the operator which total the run has. */
  async #readTotal(): Promise<void> {
    const blob = await this.#account.read(this.#names.manifest);
    if (blob === undefined) return;
    const { totalPartitions } = decodeManifest(blob.body);
    this.#settings = { ...this.#settings, totalPartitions };
  }

  /** Now and then the operator stops all machines first, as the documents say. */
  #repartition(): void {
    const { random } = this.#world;
    if (random() < 0.7) for (const machine of this.#machines) machine.kill();
    const totalPartitions = 1 + Math.floor(random() * 4);
    const settings = { ...this.#settings, totalPartitions };
    const partition = Math.floor(random() * totalPartitions);
    this.#start(partition, this.#newState(), { settings, repartition: true });
  }

  /** The last commits may be gone. */
  #cutPower(machine: SimulatedMachine): void {
    machine.kill();
    const kept = [...machine.state.done];
    machine.state.done = new Set(kept.slice(0, Math.max(0, kept.length - 2)));
  }

  /** The operator starts what has ended before the run is complete, or what was killed. */
  #restart(): void {
    for (let partition = 0; partition < this.#settings.totalPartitions; partition++) {
      const { totalPartitions } = this.#settings;
      const all = this.#machines.filter(
        ({ options }) =>
          options.partition === partition && options.settings.totalPartitions === totalPartitions,
      );
      if (all.some(({ isDead, ending }) => !isDead && ending === undefined)) continue;
      if (this.#world.random() < 0.5) continue;
      const last = all.findLast(({ ending }) => ending !== "partition-held") ?? all[0];
      const isOwn = last !== undefined && this.#world.random() < 0.6;
      const mayBeginAgain = this.#hasDrains && totalPartitions === 1;
      const takeOver = (!isOwn && !mayBeginAgain) || this.#world.random() < 0.5;
      this.#start(partition, isOwn ? last.state : this.#newState(), { takeOver });
    }
  }

  #checkEnd(): void {
    if (!this.#isCompleted) {
      const machines = this.#machines.map(
        (m) => `${m.options.host} p${m.options.partition} ${m.isDead ? "dead" : (m.ending ?? "runs")}`,
      );
      this.#violations.push(`the run did not complete: ${machines.slice(-8).join(", ")}`);
      return;
    }
    const missing = this.#items.filter((item) => !this.#target.announced.has(item));
    if (missing.length > 0) this.#violations.push(`completed, but ${missing.join(", ")} was not announced`);
  }
}
