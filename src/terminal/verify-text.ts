/** What a verification found, as text. */
import {
  sameFiles,
  type SampleReport,
  type VerifyFinding,
  type VerifyReport,
  type VerifyVerdict,
  verifyVerdict,
} from "../report/report.ts";
import { bytes, count, duration, fileRate, quantity } from "./format.ts";
import { printable } from "./printable.ts";
import { type Paint, paint, type TextStyle } from "./style.ts";
import { block } from "./summary-text.ts";

const VERDICTS: Record<VerifyVerdict, { text: string; format: Paint }> = {
  proven: { text: "Proven.", format: "green" },
  damaged: { text: "Files are missing or different.", format: "red" },
  "not-proven": { text: "Nothing is missing or different, but not everything is proven.", format: "yellow" },
  stopped: { text: "Stopped", format: "yellow" },
};

const SCOPES: Record<VerifyReport["scope"], string> = {
  all: "",
  own: "Verification of what this state has completed: ",
  canary: "Verification of the canary: ",
};

/** The lines of the report; its width is not used. */
export function verifyText(report: VerifyReport, style: TextStyle): string[] {
  const { text, format } = VERDICTS[verifyVerdict(report)];
  const headline =
    SCOPES[report.scope] + (report.stoppedBy === undefined ? text : `${text}: ${report.stoppedBy}.`);
  return [
    // After the summary of its run.
    ...(report.scope === "all" ? [] : [""]),
    paint(format, headline, style),
    "",
    ...fileLines(report, style),
    "",
    ...workItemLines(report),
    ...proofLines(report),
    ...sampleLines(report.sample, report),
    ...recordLines(report, style),
    ...costLines(report),
    ...exampleLines(report, style),
    ...commandLines(report, style),
  ];
}

/** One finding on one line. */
export function findingLine({ kind, jobId, workItemId, fileName, blobName, why }: VerifyFinding): string {
  const what = [fileName, blobName].filter((name) => name !== undefined).join(" -> ");
  return printable(`${kind} ${jobId}/${workItemId}${what === "" ? "" : ` ${what}`}: ${why}`);
}

function fileLines(report: VerifyReport, style: TextStyle): string[] {
  const { files, extra } = report;
  return [
    ...block({ label: "Files", value: files.total }, style, [
      { label: "as they should be", value: sameFiles(report), format: "green" },
      { label: "missing", value: files.missing, note: "the target has no such blob", format: "red" },
      {
        label: "different",
        value: files.different,
        note: "length, MD5, bytes, content type or attributes",
        format: "red",
      },
      {
        label: "not compared",
        value: files.unreadable,
        note: "the source, or the blob, cannot be read",
        format: "yellow",
      },
      {
        label: "without a blob",
        value: files.refused,
        note: "the name collides or is not allowed",
        format: "yellow",
      },
      { label: "left out", value: files.leftOut, note: "as asked for" },
      {
        label: "not announced",
        value: files.notAnnounced,
        note: "in the target; the record does not say announced",
        format: "yellow",
      },
    ]),
    ...(extra.blobs > 0
      ? [`${quantity(extra.blobs, "extra blob")} under the names of the run that no row explains.`]
      : []),
    ...(extra.notJudged > 0
      ? [`${quantity(extra.notJudged, "more blob")} that no file explains: too many to look them up.`]
      : []),
  ];
}

function workItemLines({ rows, workItems, catalogRejected, sample, scope }: VerifyReport): string[] {
  const { verified, empty, lookupsFailed, listed, notListedToEnd } = workItems;
  const notes = [
    empty > 0 ? `${count(empty)} without files` : "",
    lookupsFailed > 0 ? `the lookup of ${count(lookupsFailed)} failed` : "",
    rows.duplicates > 0 ? quantity(rows.duplicates, "repeated row") : "",
  ].filter((note) => note !== "");
  const tail = notes.length === 0 ? "" : `; ${notes.join(", ")}`;
  const lines = [`${count(verified)} of ${quantity(rows.workItems, "work item")} verified${tail}.`];
  if (rows.rejected > 0) {
    lines.push(
      `${quantity(rows.rejected, "row")} of the CSV name no work item, so nothing is proven of them.`,
    );
  }
  if (catalogRejected > 0) {
    lines.push(`${quantity(catalogRejected, "row")} of the catalog belong to no work item for certain.`);
  }
  if (sample !== undefined || scope !== "all" || verified === 0) return lines;
  const asked = verified - listed - notListedToEnd;
  if (asked > lookupsFailed) {
    lines.push(
      `${quantity(asked, "work item")} checked file by file: reupload looked for no extra blobs there.`,
    );
  }
  if (notListedToEnd > 0) {
    lines.push(
      `reupload did not list ${quantity(notListedToEnd, "work item")} to the end, because other names begin the same: it looked for no extra blobs there.`,
    );
  }
  return lines;
}

/** What "as it should be" means for how many files. */
function proofLines(report: VerifyReport): string[] {
  const { sameByBytes, sameByMd5, sameByLength, sameByName } = report.files;
  const parts = [
    [sameByBytes, "by their bytes"],
    [sameByMd5, "by length and MD5"],
    [sameByLength, "by length"],
    [sameByName, "by name alone"],
  ] as const;
  const told = parts.filter(([files]) => files > 0).map(([files, how]) => `${count(files)} ${how}`);
  if (told.length === 0) return [];
  const lines = [`Proven ${told.join(", ")}.`];
  if (sameByLength + sameByName > 0) {
    const lacks = "The catalog, or the blob, has no MD5 for them";
    lines.push(
      `${sameByName > 0 ? `${lacks}, and the catalog no length` : lacks}; --deep compares the bytes.`,
    );
  }
  return lines;
}

function sampleLines(sample: SampleReport | undefined, { files }: VerifyReport): string[] {
  if (sample === undefined || sample.drawn === 0) return [];
  const { drawn, population, missingAtMost, wrongAtMost } = sample;
  const of = `Sample of ${count(drawn)} of ${quantity(population, "file")}`;
  const share = (most: number, what: string) => `at most ${shareText(most)} ${what} with 95 % confidence`;
  const wrong = files.missing + files.different + files.unreadable;
  const lines = [
    `${of}: ${count(files.missing)} of ${count(drawn)} missing: ${share(missingAtMost, "missing")}.`,
  ];
  if (wrong > files.missing || files.missing === 0) {
    lines.push(
      `${count(wrong)} of ${count(drawn)} missing, different or not compared: ${share(wrongAtMost, "of all files")}.`,
    );
  }
  lines.push("A sample looks for no extra blobs.");
  return lines;
}

/** `0.3 %`, rounded up: less is never claimed to be proven than is. */
function shareText(share: number): string {
  const percent = share * 100;
  const digits = percent >= 10 ? 0 : percent >= 0.095 ? 1 : percent >= 0.0095 ? 2 : 4;
  const scale = 10 ** digits;
  return `${(Math.ceil(percent * scale - 1e-9) / scale).toFixed(digits)} %`;
}

function recordLines({ record, scope, files }: VerifyReport, style: TextStyle): string[] {
  if (scope !== "all") {
    const all = "By the state: every file was announced, where that is wanted.";
    return files.notAnnounced > 0 || files.total === 0 ? [] : [all];
  }
  if (record === undefined) {
    return ["No record of the run was compared: give --state-db to prove its partitions and announcements."];
  }
  const { by, totalPartitions, workItemsDone, workItems, open } = record;
  const who = by === "states" ? "states" : "record in the account";
  if (open.length === 0) {
    const partitions =
      totalPartitions === 1 ? "one finished run" : `one of ${totalPartitions} finished partitions`;
    return [
      `By the ${who}: every row of the CSV belongs to exactly ${partitions} (${quantity(workItems, "work item")}).`,
    ];
  }
  return [
    paint(
      "yellow",
      `By the ${who}: ${count(workItemsDone)} of ${quantity(workItems, "work item")} done.`,
      style,
    ),
    ...open.slice(0, MOST_OPEN).map((why) => printable(`  ${why}`)),
    ...(open.length > MOST_OPEN ? [`  and ${count(open.length - MOST_OPEN)} more partitions`] : []),
  ];
}

const MOST_OPEN = 20;

function costLines({ cost, workItems, files }: VerifyReport): string[] {
  const { lists, looks, reads, bytesRead, elapsedMs } = cost;
  const parts = [
    lists > 0 ? `${quantity(lists, "list request")} for ${quantity(workItems.listed, "work item")}` : "",
    looks > 0 ? `${quantity(looks, "request")} for single blobs` : "",
    reads > 0 ? `${quantity(reads, "download")} (${bytes(bytesRead)})` : "",
  ].filter((part) => part !== "");
  const rate = elapsedMs > 0 && files.total > 0 ? `, ${fileRate(files.total / (elapsedMs / 1_000))}` : "";
  return [`Cost: ${parts.length === 0 ? "no request" : parts.join(", ")}; ${duration(elapsedMs)}${rate}.`];
}

function exampleLines({ examples, files, extra }: VerifyReport, style: TextStyle): string[] {
  if (examples.length === 0) return [];
  const found =
    files.missing + files.different + files.unreadable + files.refused + files.notAnnounced + extra.blobs;
  const more = found - examples.length;
  return [
    "",
    paint("bold", "Found", style),
    ...examples.map((finding) => `  ${findingLine(finding)}`),
    ...(more > 0 ? [`  and ${count(more)} more: --verbose or --output json names all`] : []),
  ];
}

function commandLines({ nextCommands }: VerifyReport, style: TextStyle): string[] {
  if (nextCommands.length === 0) return [];
  return ["", "Next:", ...nextCommands.map((command) => `  ${paint("bold", command, style)}`)];
}
