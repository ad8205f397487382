/** What each of several machines is to run, as words of commands; how a shell or an engine writes them is not known here. */

export interface PlanReport {
  /** auto: every machine takes whichever partition is free. */
  readonly partitions: "fixed" | "auto";
  /** Number of partitions; undefined with `auto`: the default. */
  readonly total: number | undefined;
  /** Paths of the files that every machine needs a copy of, as given: the CSV first. */
  readonly copied: readonly string[];
  /** Words of the sign-in; undefined when nobody signs in by hand. */
  readonly signIn: readonly string[] | undefined;
  /** The environment variable that each machine needs: it names the account, or holds its key or SAS. */
  readonly variable: string | undefined;
  /** Words that create the container by which the machines know of each other, when an operator must do it. */
  readonly coordination: readonly string[] | undefined;
  /** Version of this tool. */
  readonly version: string;
  /** The words of `reupload run` for one machine. */
  run(place: RunPlace): string[];
  /** The words of `reupload monitor`: of the whole run where the machines know of each other, else of one state. */
  monitor(stateDb: string): string[];
}

/** What differs between two machines. */
export interface RunPlace {
  /** Ignored with `auto`. */
  readonly partition: string;
  readonly stateDb: string;
  /** Path of the folder that holds the copied files; undefined: the working folder. */
  readonly folder?: string;
}
