/** What a section of the documentation takes for granted, and how its commands end when that is not with 0. */

export interface SectionNeeds {
  /** Commands that run first, and must succeed. */
  readonly before?: readonly string[];
  /** A run that works while the section's commands run. */
  readonly works?: string;
  /** Commands that run just before one that begins so. */
  readonly beforeCommand?: Readonly<Record<string, string>>;
  /** Exit codes by the beginning of a command. */
  readonly exits?: Readonly<Record<string, number>>;
  /** Commands that contain this are another way to do the same: they run afterwards, in a new folder. */
  readonly otherWay?: string;
  /** `none` for a page's commands that start their own emulator. */
  readonly services?: "all" | "none";
  /** The section's `text` blocks show what its commands print. */
  readonly showsOutput?: boolean;
  /** Lines of the shown output that only the page's own input or trouble makes. */
  readonly unlike?: RegExp;
}

const INPUT = "--csv failed_workitems.csv --files listing.csv";
const machine = (partition: number, state: string): string =>
  `reupload run ${INPUT} --partition ${partition} --total-partitions 2 --state-db ${state}`;
const TWO_MACHINES = [machine(0, "machine1_state.db"), machine(1, "machine2_state.db")];
const ONE_MACHINE = `reupload run ${INPUT} --state-db machine1_state.db`;
/** Slow enough to be there for all commands of a section. */
const WORKS = `${ONE_MACHINE} --max-requests 2/s --workitem-workers 1 --file-workers 1`;
const DEFAULT_STATE = `reupload run ${INPUT}`;

export const SECTIONS: Readonly<Record<string, SectionNeeds>> = {
  "README.md > A tour in 60 seconds": {
    services: "none",
    exits: { "npm run demo -- --keep": 0 },
    showsOutput: true,
    // A slow machine sends some requests twice, and says so.
    unlike: /^This start/,
  },
  "README.md > Where the work items and their files come from": { otherWay: "--metadata" },
  "README.md > Several machines": { otherWay: "--total-partitions 2" },
  "README.md > Watching it": { before: TWO_MACHINES },
  "README.md > Proving it": { before: TWO_MACHINES },
  "README.md > Steering a run": { works: WORKS },
  "README.md > Reporting it": { before: [...TWO_MACHINES, "cp machine1_state.db reupload_state.db"] },
  "README.md > When it stops": { before: [ONE_MACHINE] },
  "README.md > How it stays safe": { before: [ONE_MACHINE] },
  "docs/attributes.md > Blobs that are already there": { before: [`${DEFAULT_STATE} --tags batch=7`] },
  "docs/control.md > Steering a run": { works: WORKS },
  "docs/control.md > All machines of a run": { works: WORKS },
  "docs/control.md > What happened to a work item or file": { before: TWO_MACHINES },
  "docs/metrics.md > Metrics": { before: [ONE_MACHINE] },
  "docs/monitor.md > A whole run, from anywhere": { before: TWO_MACHINES },
  "docs/multi-machine.md > All machines in one picture": { before: TWO_MACHINES },
  "docs/multi-machine.md > A CSV that has grown": { before: [machine(0, "machine0_state.db")] },
  "docs/multi-machine.md > Another number of machines": { before: TWO_MACHINES },
  "docs/report.md > reupload report": { before: TWO_MACHINES },
  "docs/report.md > reupload files": { before: [DEFAULT_STATE] },
  "docs/report.md > reupload states": { before: [ONE_MACHINE] },
  "docs/verify.md > Proving that it worked: verify": { before: TWO_MACHINES },
  "docs/migrating.md > Adding a machine in the middle of a batch": {
    beforeCommand: {
      "reupload run --csv failed_workitems.csv --files listing.csv --target https://ACCOUNT.blob.core.windows.net --partition 0":
        TWO_MACHINES.join("; "),
    },
    otherWay: "machine1",
  },
  "docs/multi-machine.md > A run of two machines, with real output": {
    // Here no machine is killed and no blob is missing, so the second one ends before it is looked at.
    beforeCommand: { "reupload monitor": machine(1, "m1.db") },
    unlike:
      /^(created|all machines of this run|#|Files .* left$|Speed|Time left|Partitions|To do|vm|all 2 partitions| {2}(empty|failed|already there|duplicates)|\d+ of \d+ work items|Proven \d|The catalog)/,
  },
  "docs/planning.md > How many machines, and how long: --estimate": {
    before: ["(echo JobId,WorkItemId; seq -f 'j,%.0f' 21000) >failed_workitems.csv"],
  },
  "docs/runbook.md > The service slows the run down": { works: WORKS, exits: { "reupload status": 7 } },
  "docs/runbook.md > Links have expired": { before: [ONE_MACHINE, "cp listing.csv fresh_listing.csv"] },
  "docs/runbook.md > The disk is full": { before: [ONE_MACHINE] },
  "docs/runbook.md > A machine has died": { before: TWO_MACHINES },
  "docs/runbook.md > The CSV was wrong": {
    works: WORKS,
    before: ["cp grown.csv right.csv"],
    // A reader waits for the end of the process.
    beforeCommand: {
      "reupload run --csv right.csv":
        "for i in $(seq 60); do reupload status --state-db machine1_state.db | grep -q process=ended && exit 0; sleep 0.5; done; exit 1",
    },
  },
  "docs/runbook.md > A firewall is in the way": { before: [ONE_MACHINE] },
};

/** Pages whose sections continue each other: their commands share a folder. */
export const TUTORIALS: readonly string[] = ["docs/first-run.md"];
