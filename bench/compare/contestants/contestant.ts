/** The words of the comparison, and what a program must offer to take part in it. */
import type { Simulator } from "../../simulator/start.ts";
import type { ProgramCall } from "../../support/measured-process.ts";

/**
 * How files get into the target: `local` uploads a folder and announces nothing; `server` lets the service copy blobs, and
 * `stream` carries them through this machine, both with an announcement a file where the contestant can.
 */
export type Way = "local" | "server" | "stream";

/** The simulated service, over HTTPS. */
export type Service = NonNullable<Simulator["tls"]>;

/** What one run has to do. */
export interface Job {
  readonly way: Way;
  /** Of each file. */
  readonly bytes: number;
  readonly files: number;
  /** `local`: the folder with just these files. Else the folder with `failed_workitems.csv` and `files.csv`. */
  readonly input: string;
  /** The run's own folder, for what the program leaves behind; empty. */
  readonly folder: string;
  readonly service: Service;
}

/** How a contestant may be told to work at once. */
export interface Setting {
  /** As it stands in the results. */
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export const AS_IT_COMES: Setting = { name: "", args: [] };

export interface Contestant {
  readonly name: string;
  readonly ways: readonly Way[];
  /** Whether it sends a message a file, `local` apart. */
  readonly announces: boolean;
  /** A second line of a program, which single runs do without. */
  readonly isAside?: boolean;
  /** What a reader of its figures should know. */
  readonly note?: string;
  /** For files of so many bytes: the default first. The fastest of them is its line in the results. */
  settings(bytes: number, way: Way): readonly Setting[];
  /** One line. */
  version(): Promise<string>;
  /** @returns why it cannot take part on this machine; undefined when it can */
  whyAbsent(): Promise<string | undefined>;
  /** The program that does the job into the container `TARGET_CONTAINER` and the queue `TARGET_QUEUE`. */
  call(job: Job, setting: Setting): ProgramCall;
}

export const TARGET_CONTAINER = "results";
export const TARGET_QUEUE = "resultsqueue";

/** A run that takes longer hangs, ms. */
export const LONGEST_MS = 180_000;

/** The simulator takes any; programs want to see one. */
export const ANY_SAS = "sv=2024-11-04&sig=x";

/** The container that has every blob, so many bytes long, that is asked for; with a count, it lists so many. */
export function sourceContainer(bytes: number, listed?: number): string {
  return listed === undefined ? `src-${bytes}` : `src-${bytes}-x${listed}`;
}

/** Makes the programs, each by its own variable, trust the service's certificate, and reach it without a proxy. */
export function trusting({ certificatePath }: Service): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: certificatePath,
    SSL_CERT_FILE: certificatePath,
    RCLONE_CA_CERT: certificatePath,
    REQUESTS_CA_BUNDLE: certificatePath,
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  };
}
