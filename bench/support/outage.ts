/** The account is away for a while: everybody waits, nobody takes over from those who live, and all go on. */
import type { FaultProxy } from "../../test/support/fault-proxy.ts";
import type { CliResult, RunningCli } from "../../test/support/run-cli.ts";

/** `refused`: connections are cut and refused; `silent`: requests are read and never answered. */
export type OutageKind = "refused" | "silent";

/** A dead machine's lease is taken by who had contact for 30 s: until then nobody can have stolen, s. */
const STEALING_S = 45;

interface Watched {
  readonly name: string;
  readonly process: RunningCli;
  readonly result: CliResult | undefined;
}

export interface Outage {
  readonly kind: OutageKind;
  readonly seconds: number;
  /** Machines that live and hold their leases when it begins. */
  readonly steady: readonly Watched[];
  readonly say: (line: string) => void;
}

/**
 * Makes the outage, and waits until stealing would have shown.
 *
 * @returns what went wrong, a line each: what was taken from a machine that lived, and machines that ended with an error
 */
export async function sufferOutage(
  proxy: FaultProxy,
  { kind, seconds, steady, say }: Outage,
): Promise<string[]> {
  const watched = steady.map((machine) => ({ machine, from: machine.process.stderr.length }));
  const toldSince = () => watched.map(({ machine, from }) => machine.process.stderr.slice(from));
  say(`the account is ${kind} for ${seconds} s; at work: ${steady.map(({ name }) => name).join(", ")}`);
  if (kind === "refused") await proxy.offline();
  else proxy.fail({ fault: { kind: "hang" } });
  await pause(seconds);
  const waited = toldSince().filter((text) => text.includes("waiting for "));
  if (kind === "refused") await proxy.online();
  else proxy.heal();
  say(`the account is back; ${waited.length} of ${steady.length} say that they wait`);
  await pause(STEALING_S);
  const pids = new Set(steady.map(({ process: { pid } }) => String(pid)));
  const takeOvers = toldSince().flatMap((text) => [
    ...text.matchAll(/took over \d+ partitions? .*\(process (\d+)\).*/g),
  ]);
  const stolen = takeOvers.filter(([, pid = ""]) => pids.has(pid)).map(([line]) => line);
  const ended = steady.filter(({ result }) => result !== undefined && result.code !== 0);
  say(`taken from machines that lived: ${stolen.length}; ended with an error: ${ended.length}`);
  return [
    ...stolen,
    ...ended.map(({ name, result }) => `${name} ended with ${result?.code ?? result?.signal} in an outage`),
  ];
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
