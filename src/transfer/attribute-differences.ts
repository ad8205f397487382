/** What a blob of the target has beside its content, against what it should have. */
import type { BlobProperties, ListedBlob } from "../azure/azure.ts";
import { describePairs, isEmpty, type Pairs } from "../core/blob-attributes.ts";
import { type TransferSettings, wantedTier } from "./tools.ts";
import type { TargetBlob, ToldAttributes } from "./transfer.ts";

/** What a blob should have; undefined: anything. */
export interface WantedAttributes extends ToldAttributes {
  readonly contentType: string | undefined;
}

/** @param source as it was looked at; undefined: what is to be the source's is not compared */
export function wantedAttributes(
  { contentType, attributes }: Pick<TransferSettings, "contentType" | "attributes">,
  source: BlobProperties | undefined,
): WantedAttributes {
  const { metadata, tier, tags, cacheControl } = attributes;
  return {
    contentType: contentType === "source" ? source?.headers.contentType : contentType,
    metadata: metadata === "source" ? source?.metadata : metadata,
    accessTier: wantedTier(tier, source),
    cacheControl: cacheControl === "source" ? source?.headers.cacheControl : cacheControl,
    tags: isEmpty(tags) ? undefined : tags,
  };
}

/** What differs, in words; undefined when nothing does, as far as the service told it. */
export function attributeDifference(
  { contentType, attributes }: Pick<TargetBlob, "contentType" | "attributes">,
  wanted: WantedAttributes,
): string | undefined {
  const cacheControl = attributes && (attributes.cacheControl ?? "none");
  return (
    textDifference("content type is", contentType, wanted.contentType) ??
    pairsDifference("metadata are", attributes?.metadata, wanted.metadata) ??
    textDifference("access tier is", attributes?.accessTier, wanted.accessTier) ??
    pairsDifference("tags are", attributes?.tags, wanted.tags) ??
    textDifference("cache control is", cacheControl, wanted.cacheControl)
  );
}

function textDifference(
  what: string,
  there: string | undefined,
  wanted: string | undefined,
): string | undefined {
  if (there === undefined || wanted === undefined || there.toLowerCase() === wanted.toLowerCase()) {
    return undefined;
  }
  return `its ${what} ${there}, not ${wanted}`;
}

function pairsDifference(
  what: string,
  there: Pairs | undefined,
  wanted: Pairs | undefined,
): string | undefined {
  if (there === undefined || wanted === undefined) return undefined;
  const [has, should] = [describePairs(there), describePairs(wanted)];
  return has === should ? undefined : `its ${what} ${has}, not ${should}`;
}

/** What the properties of a blob tell; they tell no tags. */
export function toldByProperties({ metadata, headers, accessTier }: BlobProperties): ToldAttributes {
  return { metadata, accessTier, cacheControl: headers.cacheControl, tags: undefined };
}

/** What a list tells of a blob. */
export function toldByList({ metadata, accessTier, cacheControl, tags }: ListedBlob): ToldAttributes {
  return { metadata, accessTier, cacheControl, tags };
}
