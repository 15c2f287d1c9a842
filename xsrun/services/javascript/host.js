// What a realm may ask of Deno. The functions of `known` take and give texts, numbers and bytes, never an object of
// Deno's own, so that what a lambda does with the answer is seen by nobody else. What they are given they never call
// a method of: a lambda may have put another one there, which would see the arguments. Bytes are given in two steps: the
// function says how many there are, and `take` fills the array that the realm made for them.

import vm from "node:vm";
import { PARTS } from "./parts.js";

const builtin = process.getBuiltinModule.bind(process);
const { NotCapable } = Deno.errors;
const encoder = new TextEncoder();

const MODULES = new Set([
  "assert", "assert/strict", "buffer", "crypto", "events", "path", "path/posix", "punycode", "querystring", "stream",
  "stream/promises", "stream/web", "string_decoder", "timers/promises", "url", "util", "util/types", "zlib",
]);

/** May a lambda have this module of Node's? */
export const importable = (specifier) => typeof specifier === "string" && MODULES.has(specifier.replace(/^node:/, ""));

export class Refused extends Error {
  constructor(what) {
    super(`${what} is refused: a lambda run by xsrun does not get it`);
    this.what = what;
  }
}

/** What was refused when this error says so, else undefined. */
export function refusal(error) {
  if (error instanceof Refused) return error.what;
  if (error instanceof NotCapable) {
    const found = /Requires (\w+) access(?: to (.+?))?(?:, run again|$)/.exec(error.message);
    return found ? `${found[1] === "net" ? "network" : found[1]} access${found[2] ? ` to ${found[2]}` : ""}` : error.message;
  }
}

const { apply } = Reflect;
const setBytes = Uint8Array.prototype.set;
let bytes = new Uint8Array(); // what `take` gives

const keep = (made) => {
  bytes = made;
  return made.length;
};
const attempt = (action) => {
  try {
    return action();
  } catch (error) {
    if (error instanceof RangeError && /call stack/.test(error.message)) throw error;
  }
};
const URL_PARTS = [
  "href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash", "origin",
];
const partsOf = (url) => JSON.stringify(URL_PARTS.map((name) => url[name]));
const crypto = () => builtin("node:crypto");
const scripts = new Map();
const denoNames = new Set(Object.getOwnPropertyNames(Deno));

export const known = {
  now: performance.now.bind(performance),
  timeOrigin: performance.timeOrigin,
  userAgent: navigator.userAgent,
  deno: Deno.version.deno,
  v8: Deno.version.v8,
  typescript: Deno.version.typescript,
  node: process.versions.node,
  arch: Deno.build.arch === "aarch64" ? "arm64" : "x64",
  network: false, // whether any host is allowed
  isDeno: (name) => denoNames.has(name),
  importable,

  take(array) {
    apply(setBytes, array, [bytes]); // `array.set` would be the lambda's
    bytes = new Uint8Array();
  },
  utf8: (text) => keep(encoder.encode(text)),
  decode: (array, label, fatal, ignoreBOM) =>
    attempt(() => new TextDecoder(label, { fatal, ignoreBOM }).decode(new Uint8Array(array))),
  encoding: (label) => attempt(() => new TextDecoder(label).encoding),
  atob: (text) => attempt(() => atob(text)),
  btoa: (text) => attempt(() => btoa(text)),
  url: (text, base) => attempt(() => partsOf(new URL(text, base))),
  urlWith: (text, name, value) => {
    const url = new URL(text);
    url[name] = value;
    return partsOf(url);
  },
  hash: (algorithm, array) =>
    attempt(() => keep(new Uint8Array(crypto().createHash(algorithm).update(new Uint8Array(array)).digest()))) ?? -1,
  hmac: (algorithm, key, array) =>
    attempt(() =>
      keep(new Uint8Array(crypto().createHmac(algorithm, new Uint8Array(key)).update(new Uint8Array(array)).digest()))
    ) ?? -1,
  random: (length) => keep(new Uint8Array(crypto().randomBytes(length))),
  uuid: () => globalThis.crypto.randomUUID(),

  /** A part of the realm's own code, as a function of this realm. */
  part(context, name) {
    let script = scripts.get(name);
    if (!script) {
      script = new vm.Script(`"use strict"; (${PARTS[name]})`, { filename: `xsrun-${name}.js` });
      scripts.set(name, script);
    }
    return script.runInContext(context);
  },
  /** A library from npm, as a function of this realm that fills `module.exports`; undefined where it is not there. */
  library(call, context, name) {
    let script = scripts.get(`npm:${name}`);
    if (script === undefined) {
      const text = JSON.parse(call.ask("N", name));
      script = text && new vm.Script(`(function (module, exports, require) {${text}\n})`, { filename: `${name}.js` });
      scripts.set(`npm:${name}`, script);
    }
    return script === null ? undefined : script.runInContext(context);
  },
  exchange: (call, request) => call.ask("H", request),
  console: (call, method, description) => call.console(method, attempt(() => rebuilt(JSON.parse(description), [])) ?? []),
};

/** Objects of Deno's own. A realm asks for them when its process is spent. */
export const lent = {
  api: (name) => globalThis[name],
  module: (specifier) => builtin(`node:${specifier.replace(/^node:/, "")}`),
  refusal,
  foreign: () => [
    Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, Array, ArrayBuffer, Promise,
    Uint8Array, Map, Set, Date,
  ],
};

// Values described by a realm, built again for Node's console -------------------------------------------------------

const BYTES = {
  __proto__: null, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Uint8ClampedArray,
  Float32Array, Float64Array,
};
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const shown = (text) => ({ [INSPECT]: () => text });

/** `described` is a plain value, or a list of a tag and what it takes (see the part `console`). */
function rebuilt(described, above) {
  if (!Array.isArray(described)) return described;
  const [tag, first, second, third] = described;
  const inner = (value) => rebuilt(value, above);
  switch (tag) {
    case "args": return first.map(inner);
    case "undefined": return undefined;
    case "number": return Number(first);
    case "bigint": return BigInt(first);
    case "symbol": return Symbol(first);
    case "date": return new Date(first);
    case "regexp": return new RegExp(first, second);
    case "shown": return shown(first);
    case "above": return above[first];
    case "function": return named(second ? class {} : () => {}, first);
    case "error": return filled(Object.defineProperty(new Error(first), "stack", { value: second }), third, above);
    case "array": {
      const list = filled([], third, above);
      list.length = second;
      return classed(list, first, Array);
    }
    case "map": return within(new Map(), above, (map) => first.forEach(([key, value]) => map.set(inner(key), inner(value))));
    case "set": return within(new Set(), above, (set) => first.forEach((value) => set.add(inner(value))));
    case "bytes":
      if (first === "Buffer") return builtin("node:buffer").Buffer.from(second);
      return classed((BYTES[first] ?? Uint8Array).from(second), first, BYTES[first] ?? Uint8Array);
    default: return classed(filled(first === null ? Object.create(null) : {}, second, above), first, Object);
  }
}

function within(made, above, fill) {
  above.push(made);
  fill(made);
  above.pop();
  return made;
}

const filled = (made, entries, above) =>
  within(made, above, () => {
    for (const [key, value] of entries) {
      const name = Array.isArray(key) ? Symbol(key[1]) : key;
      Object.defineProperty(made, name, { value: rebuilt(value, above), enumerable: true, configurable: true, writable: true });
    }
  });

const named = (made, name) => Object.defineProperty(made, "name", { value: name });

function classed(made, name, usual) {
  if (name === null || name === usual.name) return made;
  return Object.setPrototypeOf(made, named(class extends usual {}, name).prototype);
}
