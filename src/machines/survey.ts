/**
 * The survey of a run: how many files each partition has, counted once by whoever holds its lease, so that N machines do not
 * ask the catalog N times. The counts lie in a blob beside the lease. They decide only what is taken first and what the
 * progress tells; nothing is done or left out for them.
 */
import { Lease, releaseLease } from "./lease.ts";
import { isRefusal } from "./coordination-account.ts";
import { makeDocument, readDocument } from "./documents.ts";
import { createOnce, type ManifestContext } from "./generation.ts";
import { untilAnswered } from "./repeated-calls.ts";
import type { ServiceTime } from "./service-time.ts";

export interface SurveyContext extends ManifestContext {
  readonly serviceTime: ServiceTime;
  readonly generation: number;
}

interface SurveyCounts {
  /** Files of each partition, by its number. */
  readonly files: readonly number[];
}

const KIND = "survey";

/** The counts of all partitions, once somebody has made them. @throws what `untilAnswered` throws; ReuploadError */
export async function readSurvey(
  { account, surroundings, names, generation }: SurveyContext,
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  const { counts } = names.survey(generation);
  const blob = await untilAnswered(surroundings, signal, async (call) => account.read(counts, call));
  return blob && readDocument<SurveyCounts>(KIND, blob.body, ["files"]).files;
}

/**
 * Counts, unless another machine does so or has done so.
 *
 * @param count gives the files of each partition; undefined when the catalog counts nothing
 * @returns the counts, when there are some now
 * @throws what the calls and `count` throw; the signal's reason
 */
export async function surveyOnce(
  context: SurveyContext,
  count: (signal: AbortSignal) => Promise<readonly number[] | undefined>,
  signal: AbortSignal,
): Promise<readonly number[] | undefined> {
  const known = await readSurvey(context, signal);
  if (known !== undefined) return known;
  const lease = await takeLease(context, signal);
  if (lease === undefined) return undefined;
  lease.keep();
  try {
    // Somebody may have come to its end since.
    const made = (await readSurvey(context, signal)) ?? (await count(AbortSignal.any([signal, lease.lost])));
    if (made !== undefined) await writeCounts(context, made, signal);
    return made;
  } finally {
    await lease.end();
    const { account, surroundings, names, generation } = context;
    await releaseLease({ account, surroundings, name: names.survey(generation).lease }, lease.id);
  }
}

async function takeLease(context: SurveyContext, signal: AbortSignal): Promise<Lease | undefined> {
  const { account, surroundings, serviceTime, names, generation } = context;
  const { lease: name } = names.survey(generation);
  await createOnce(context, name, new Uint8Array(), {}, signal);
  try {
    const confirm = async () => ({ kind: "ours" }) as const;
    return await Lease.acquire({ account, surroundings, serviceTime, name, confirm }, signal);
  } catch (thrown) {
    if (isRefusal(thrown, "LeaseAlreadyPresent", "BlobNotFound")) return undefined;
    throw thrown;
  }
}

async function writeCounts(
  context: SurveyContext,
  files: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const { names, generation } = context;
  await createOnce(
    context,
    names.survey(generation).counts,
    makeDocument(KIND, { files } satisfies SurveyCounts),
    {},
    signal,
  );
}
