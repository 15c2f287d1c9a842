// `console`. Deno writes values as Node does, but must not see a lambda's own: it would call what they define with
// objects of Deno's. So they are described (see `rebuilt` in `host.js`), as far as is shown of them.

export function console({ write, realm }) {
  const { stringify } = JSON;
  const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
  const { ownKeys } = Reflect;
  const { isArray } = Array;
  const { isError } = Error;
  const { isView } = ArrayBuffer;
  const INSPECT = Symbol.for("nodejs.util.inspect.custom");
  const LONGEST = 1 << 20;
  const ITEMS = 101; // Node shows 100 and says how many more there are
  const NODES = 20_000;

  const quoted = (text) => stringify(text.length > LONGEST ? text.slice(0, LONGEST) : text);
  const listed = (items) => `[${items.join(",")}]`;

  /** JSON of a value. `left` counts down what may still be described; `above` holds the objects it is inside of. */
  const describe = (value, depth, above, left) => {
    switch (typeof value) {
      case "string": return quoted(value);
      case "boolean": return `${value}`;
      case "number":
        return Number.isFinite(value) && !Object.is(value, -0) ? `${value}` : `["number",${Object.is(value, -0) ? '"-0"' : quoted(`${value}`)}]`;
      case "undefined": return '["undefined"]';
      case "bigint": return `["bigint","${value}"]`;
      case "symbol": return `["symbol",${quoted(value.description ?? "")}]`;
    }
    if (value === null) return "null";
    const place = above.indexOf(value);
    if (place >= 0) return `["above",${place}]`;
    if (--left.nodes < 0) return '["shown","..."]';
    above.push(value);
    const text = ofObject(value, depth, above, left);
    above.pop();
    return text;
  };

  const ofObject = (value, depth, above, left) => {
    const inner = (item) => describe(item, depth - 1, above, left);
    if (typeof value === "function") {
      const isClass = /^class\b/.test(Function.prototype.toString.call(value));
      return `["function",${quoted(`${value.name ?? ""}`)},${isClass}]`;
    }
    if (typeof value[INSPECT] === "function" && value[INSPECT] !== realm.Buffer?.prototype[INSPECT]) {
      const shown = value[INSPECT](depth, {}, (item) => `${item}`);
      return typeof shown === "string" ? `["shown",${quoted(shown)}]` : inner(shown);
    }
    if (isError(value)) {
      return `["error",${quoted(`${value.message}`)},${quoted(`${value.stack}`)},${members(value, inner, depth)}]`;
    }
    if (isArray(value)) {
      const items = members(value, inner, depth, (key) => key !== "length", ITEMS);
      return `["array",${quoted(nameOf(value) ?? "")},${value.length},${items}]`;
    }
    if (value instanceof Date) return `["date",${stringify(value.getTime())}]`;
    if (value instanceof RegExp) return `["regexp",${quoted(value.source)},"${value.flags}"]`;
    if (value instanceof Promise) return '["shown","Promise {}"]';
    if (value instanceof Map) {
      const entries = depth < 0 ? [] : [...Map.prototype.entries.call(value)].slice(0, ITEMS);
      return `["map",${listed(entries.map(([key, item]) => listed([inner(key), inner(item)])))}]`;
    }
    if (value instanceof Set) {
      const items = depth < 0 ? [] : [...Set.prototype.values.call(value)].slice(0, ITEMS);
      return `["set",${listed(items.map(inner))}]`;
    }
    if (isView(value) && !(value instanceof DataView)) {
      const items = Array.from({ length: Math.min(value.length, ITEMS) }, (_, index) => value[index]);
      const numbers = items.map((item) => typeof item === "bigint" ? `["bigint","${item}"]` : `${item}`);
      if (!numbers.some((one) => one[0] === "[" || !Number.isFinite(+one))) {
        return `["bytes",${quoted(nameOf(value) ?? "Uint8Array")},${listed(numbers)}]`;
      }
    }
    return `["object",${stringify(nameOf(value))},${members(value, inner, depth)}]`;
  };

  const members = (value, inner, depth, wanted = () => true, most = 1000) => {
    if (depth < 0) return "[]"; // Node shows [Object], whatever is in it
    const found = [];
    for (const key of ownKeys(value)) {
      const property = getOwnPropertyDescriptor(value, key);
      if (!property?.enumerable || !wanted(key)) continue;
      if (found.push(`[${typeof key === "symbol" ? `["symbol",${quoted(key.description ?? "")}]` : quoted(key)},${ofProperty(property, inner)}]`) >= most) break;
    }
    return listed(found);
  };

  const ofProperty = ({ get, set, value }, inner) => {
    if (get) return `["shown","[Getter${set ? "/Setter" : ""}]"]`;
    return set ? '["shown","[Setter]"]' : inner(value);
  };

  /** The name of an object's class, null where it has none. */
  const nameOf = (value) => {
    for (let one = getPrototypeOf(value); one !== null; one = getPrototypeOf(one)) {
      const made = getOwnPropertyDescriptor(one, "constructor")?.value;
      if (typeof made === "function" && typeof made.name === "string" && made.name !== "") return made.name;
    }
    return null;
  };

  const line = (method, limit) => (...values) => {
    const depth = limit(values);
    const left = { nodes: NODES };
    write(method, `["args",${listed(values.map((value) => describe(value, depth, [], left)))}]`);
  };
  const usual = () => 5; // of which Node shows three, and five for %O
  const asked = ([, options]) => options?.depth === null ? 50 : Math.min(Math.max(options?.depth ?? 5, 5), 50);
  const made = {};
  for (
    const name of [
      "log", "info", "warn", "error", "debug", "trace", "assert", "count", "countReset", "group", "groupCollapsed",
      "groupEnd", "time", "timeLog", "timeEnd",
    ]
  ) made[name] = line(name, usual);
  made.dir = line("dir", asked);
  return { console: made };
}
