/** What the options may be that say what the blobs of the target get. */
import { parseMetadata, parseTags, type Pairs, TIERS } from "../core/blob-attributes.ts";
import { headerText, oneOf, type Parser, text, withWords } from "./values.ts";

/** `source`, `none`, or `name=value,name=value` */
export const metadata = withWords<"source" | Pairs>(["source", "none"], (given) => {
  if (given === "source") return "source";
  return given === "none" ? {} : parseMetadata(text(given));
});

/** `none`, or `name=value,name=value` */
export const tags = withWords<Pairs>(["none"], (given) => {
  if (given !== "source") return given === "none" ? {} : parseTags(text(given));
  throw new RangeError("expected none or name=value,name=value: the source's tags are not copied");
});

/** `account`, `source`, or a tier by name */
export const tier = oneOf("account", "source", ...TIERS);

/** `source`, or the text of the header */
export const cacheControl: Parser<string> = withWords(["source", "no-cache"], (given) => {
  // Of the other options it means that the blobs get nothing; as a header it would mean nothing to anybody.
  if (given === "none") throw new RangeError("expected source or the text of the header, such as no-cache");
  return headerText(given);
});
