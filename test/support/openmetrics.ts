/**
 * Reads OpenMetrics text by the ABNF of the specification 1.0
 * (https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md), gauges and counters alone, and refuses
 * whatever it forbids: an order of its own, a unit that the name does not end in, a sample twice, an end without `# EOF`.
 */
export interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly unit: string | undefined;
  readonly help: string;
  readonly samples: readonly {
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly value: number;
  }[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`;
const TYPE = new RegExp(`^# TYPE (${NAME}) (gauge|counter)$`);
const UNIT = new RegExp(`^# UNIT (${NAME}) ([a-zA-Z0-9_:]+)$`);
const HELP = new RegExp(String.raw`^# HELP (${NAME}) ((?:[^\\\n]|\\["\\n])*)$`);
const SAMPLE = new RegExp(String.raw`^(${NAME})(?:\{((?:${LABEL})(?:,${LABEL})*)?\})? (${NUMBER})$`);

/** @throws Error with the line that is wrong */
export function parseOpenMetrics(text: string): Map<string, Family> {
  if (!text.endsWith("# EOF\n")) throw new Error("it does not end with # EOF");
  const lines = text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1);
  const families = new Map<string, Family & { samples: Family["samples"][number][] }>();
  const seen = new Set<string>();
  let current:
    | (Family & { samples: Family["samples"][number][]; unit: string | undefined; help: string })
    | undefined;
  for (const line of lines) {
    const refuse = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, typed, type] = TYPE.exec(line) ?? [];
    if (typed !== undefined) {
      if (families.has(typed)) refuse("a family comes twice");
      current = { name: typed, type: type as Family["type"], unit: undefined, help: "", samples: [] };
      families.set(typed, current);
      continue;
    }
    if (current === undefined) return refuse("nothing comes before a TYPE");
    const [, united, unit] = UNIT.exec(line) ?? [];
    const [, helped, help] = HELP.exec(line) ?? [];
    if (united !== undefined && unit !== undefined) {
      if (united !== current.name || current.samples.length > 0) refuse("a UNIT out of its place");
      if (!united.endsWith(`_${unit}`)) refuse("the name does not end in the unit");
      current.unit = unit;
    } else if (helped !== undefined) {
      if (helped !== current.name || current.samples.length > 0) refuse("a HELP out of its place");
      current.help = help ?? "";
    } else {
      const [, name = "", labelText = "", value] = SAMPLE.exec(line) ?? [];
      if (value === undefined) refuse("no line of the format");
      const endings = current.type === "counter" ? ["_total", "_created"] : [""];
      if (!endings.some((ending) => name === current?.name + ending)) refuse("a sample of another family");
      const pairs = labelText.match(new RegExp(LABEL, "g")) ?? [];
      const labels = Object.fromEntries(
        pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 2, -1)]),
      );
      if (Object.keys(labels).length !== pairs.length) refuse("a label twice");
      const key = `${name} ${JSON.stringify(
        Object.keys(labels)
          .toSorted()
          .map((label) => [label, labels[label]]),
      )}`;
      if (seen.has(key)) refuse("a sample twice");
      seen.add(key);
      if (current.type === "counter" && Number(value) < 0) refuse("a counter below 0");
      current.samples.push({ name, labels, value: Number(value) });
    }
  }
  return families;
}
