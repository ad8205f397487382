/**
 * Commands of the documentation that the tests do not run, each with the reason. A command that stands neither here nor
 * can be run makes the test fail; so does an entry that no page needs any more.
 */
export interface NotRun {
  readonly command: RegExp;
  readonly why: string;
}

export const NOT_RUN: readonly NotRun[] = [
  { command: /^az /, why: "needs an Azure account" },
  { command: /^scp /, why: "needs a second machine" },
  { command: /^python reupload_failed_workitems\.py/, why: "is the original tool's, shown for comparison" },
  {
    command: /^(sha256sum|shasum|tar) /,
    why: "needs the files of a release; scripts/release-try.ts does it",
  },
  { command: /^sudo /, why: "changes the machine; test/release looks into the package" },
  { command: /^(xattr|codesign|chmod) /, why: "is for macOS" },
  { command: /^docker /, why: "needs a container engine; test/release checks the Containerfile" },
  {
    command: /^npm install --global/,
    why: "changes the machine; npm run test:package installs into a folder",
  },
  { command: /^npm run demo$/, why: "is the tour's first command, which runs with --keep" },
  { command: /^npm (test|run bench)|^npm run build && npx node bench|^npx node bench/, why: "takes minutes" },
  {
    command: /^kubectl /,
    why: "needs a cluster; test/terminal/plan.test.ts checks the Job with the schema of the API",
  },
  {
    command: /^journalctl /,
    why: "needs systemd as the first process; the same test has the unit checked by systemd-analyze",
  },
];

/** Languages of blocks that hold no command of this system, or no command at all. */
export const LANGUAGES_NOT_RUN: Readonly<Record<string, string>> = {
  powershell: "is for Windows; there is no PowerShell here",
  text: "is no command: input, or what a command prints",
  json: "is a message or a file",
  yaml: "is a file",
  kusto: "is a query; the stand-in's tests run the shipped ones",
};
