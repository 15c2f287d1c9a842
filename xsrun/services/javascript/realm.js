// The realm of a call: what a lambda sees. It is made anew for each, and Deno's own objects stay out of reach, so that
// no call can leave something behind for the next one: classes are subclassed, functions are wrapped.

import vm from "node:vm";

const builtin = process.getBuiltinModule.bind(process);

const CLASSES = [
  "AbortController", "AbortSignal", "Blob", "Buffer", "CompressionStream", "CustomEvent", "DOMException",
  "DecompressionStream", "Event", "EventTarget", "File", "FormData", "Headers", "MessageChannel", "MessageEvent",
  "ReadableStream", "Request", "Response", "TextDecoder", "TextDecoderStream", "TextEncoder", "TextEncoderStream",
  "TransformStream", "URL", "URLPattern", "URLSearchParams", "WebSocket", "WritableStream",
];
const FUNCTIONS = ["atob", "btoa", "structuredClone"];
/** What programs find beside the language: from npm. */
const LIBRARIES = [
  "_", "axios", "moment", "luxon", "DateTime", "uuid", "jose", "math", "cryptojs", "aws4", "ethers", "fastXmlParser",
  "mailparser", "nodemailer", "socks", "utils",
];
/** Built-in classes that objects made by the web APIs are of: Deno's, not the realm's. `instanceof` is taught both. */
const FOREIGN = [
  Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, Array, ArrayBuffer, Promise,
  Uint8Array, Map, Set, Date,
];
// Deno's own prototypes can be reached (the one of what `structuredClone` gives); nothing shall be left on them.
for (const kind of [Object, Function, ...FOREIGN]) Object.preventExtensions(kind.prototype);

const KNOWN = {
  classes: CLASSES,
  functions: FUNCTIONS,
  libraries: LIBRARIES,
  api(name) { // when asked for: some of these are expensive to load
    const found = globalThis[name];
    Object.preventExtensions(found);
    if (found.prototype) Object.preventExtensions(found.prototype);
    return found;
  },
  foreign: FOREIGN.map((kind) => [kind.name, kind]),
  crypto() {
    const found = builtin("node:crypto");
    for (const part of [found, found.subtle, found.webcrypto]) Object.preventExtensions(part);
    return found;
  },
  deno: new Set(Object.getOwnPropertyNames(Deno)),
  now: performance.now.bind(performance),
  timeOrigin: performance.timeOrigin,
  userAgent: navigator.userAgent,
  versions: { ...Deno.version },
  nodeVersions: { ...process.versions },
  arch: Deno.build.arch === "aarch64" ? "arm64" : "x64",
};

/**
 * Runs inside a fresh realm (so it can see nothing of this module): gives it the globals a lambda expects, each made
 * when first used, and returns the function that runs a compiled body.
 */
function furnish(known) {
  "use strict";
  const { parse, stringify } = JSON;
  const { defineProperty, isPrototypeOf } = Object;
  const ordinary = Function.prototype[Symbol.hasInstance];
  const realm = globalThis;
  const own = Object.prototype;
  const belongs = (value) => isPrototypeOf.call(own, value);
  let call = null;

  const lazy = (name, make) => {
    const fix = (value) =>
      defineProperty(realm, name, { value, writable: true, configurable: true, enumerable: false });
    defineProperty(realm, name, {
      configurable: true,
      get: () => {
        const value = make(name);
        fix(value);
        return value;
      },
      set: fix,
    });
  };
  const recognise = (kind, foreign) =>
    defineProperty(kind, Symbol.hasInstance, {
      value(value) {
        return ordinary.call(this, value) || (this === kind && value instanceof foreign);
      },
    });
  const guarded = (callback, values) => () => {
    try {
      callback(...values);
    } catch (error) {
      call.fail(error);
    }
  };
  const timer = (kind) => (callback, delay = 0, ...values) => call.timer(kind, guarded(callback, values), delay);

  for (const [name, foreign] of known.foreign) recognise(realm[name], foreign);
  for (const name of known.classes) {
    lazy(name, () => {
      const foreign = known.api(name);
      const local = { [name]: class extends foreign {} }[name];
      recognise(local, foreign);
      return local;
    });
  }
  for (const name of known.functions) lazy(name, () => (...values) => known.api(name)(...values));

  realm.self = realm.global = realm;
  realm.setTimeout = timer("setTimeout");
  realm.setInterval = timer("setInterval");
  realm.setImmediate = (callback, ...values) => call.timer("setTimeout", guarded(callback, values), 0);
  realm.clearTimeout = realm.clearInterval = realm.clearImmediate = (id) => call.clear(id);
  const { resolve } = Promise;
  realm.queueMicrotask = (callback) => void resolve.call(Promise).then(guarded(callback, []));
  realm.fetch = async function fetch(input, init) {
    return await call.fetch(input, init);
  };

  // There, as a test for it finds; using one that was not brought along is refused.
  const absent = (name) => {
    const refuse = () => {
      throw call.refuse(`the preloaded library ${name}`);
    };
    return new Proxy(function () {}, { get: refuse, apply: refuse, construct: refuse, has: refuse });
  };
  for (const name of known.libraries) lazy(name, absent);
  realm.require = (specifier) =>
    known.libraries.includes(specifier) ? realm[specifier] : call.require(specifier);

  lazy("console", () => {
    const methods = [
      "log", "info", "warn", "error", "debug", "dir", "trace", "assert", "count", "countReset", "group",
      "groupCollapsed", "groupEnd", "time", "timeLog", "timeEnd",
    ];
    return Object.fromEntries(methods.map((name) => [name, (...values) => void call.console(name, values)]));
  });
  lazy("crypto", () => {
    const target = known.crypto();
    return new Proxy({}, {
      get: (changed, key) => {
        if (Object.hasOwn(changed, key)) return changed[key];
        const value = target[key];
        return typeof value === "function" && !value.prototype ? value.bind(target) : value;
      },
      has: (changed, key) => key in target || Object.hasOwn(changed, key),
    });
  });
  lazy("performance", () => ({ now: () => known.now(), timeOrigin: known.timeOrigin }));
  lazy("navigator", () => ({ userAgent: known.userAgent, language: "en-US", languages: ["en-US"] }));
  lazy("process", () => ({
    env: {},
    argv: [],
    platform: "linux",
    arch: known.arch,
    version: `v${known.nodeVersions.node}`,
    versions: { ...known.nodeVersions },
    cwd: () => "/",
    uptime: () => known.now() / 1000,
    hrtime: Object.assign(() => {
      const now = known.now();
      return [Math.floor(now / 1000), Math.floor((now % 1000) * 1e6)];
    }, { bigint: () => BigInt(Math.round(known.now() * 1e6)) }),
    nextTick: (callback, ...values) => realm.queueMicrotask(() => callback(...values)),
    stdout: { write: (text) => (call.print(String(text)), true) },
    stderr: { write: (text) => (call.print(String(text)), true) },
    exit() {
      throw call.refuse("process.exit");
    },
  }));
  lazy("Deno", () =>
    new Proxy({ version: { ...known.versions } }, {
      get: (target, key) => {
        if (!Object.hasOwn(target, key) && known.deno.has(key)) throw call.refuse(`Deno.${key}`);
        return target[key];
      },
    }));

  const elements = {
    async map(apply, list) {
      const results = [];
      for (let index = 0; index < list.length; index++) results.push(await apply(list[index], index));
      return results;
    },
    async filter(apply, list) {
      const chosen = [];
      for (let index = 0; index < list.length; index++) if (await apply(list[index], index)) chosen.push(index);
      return chosen;
    },
    async find(apply, list) {
      for (let index = 0; index < list.length; index++) if (await apply(list[index], index)) return index;
      return -1;
    },
    async every(apply, list) {
      for (let index = 0; index < list.length; index++) if (!(await apply(list[index], index))) return false;
      return true;
    },
    async reduce(apply, list, result) {
      for (let index = 0; index < list.length; index++) result = await apply(list[index], index, result);
      return result;
    },
  };

  /** Makes `Date` start from `now` (milliseconds). It stands still for bodies that are done at once, so that what they
   * print can be foretold, and goes on for those that wait. */
  const setClock = (now) => {
    const start = known.now();
    const read = () => {
      const passed = known.now() - start;
      return now + (call.waited || passed > 250 ? Math.floor(passed) : 0);
    };
    const Real = Date;
    realm.Date = new Proxy(Real, {
      construct: (_, values, target) => Reflect.construct(Real, values.length ? values : [read()], target),
      apply: () => new Real(read()).toString(),
      get: (_, key) => key === "now" ? read : Real[key],
    });
    Real.prototype.constructor = realm.Date;
  };

  async function run(newCall, body, { mode, now }, text) {
    call = newCall;
    if (now !== null) setClock(now);
    try {
      const { $input, $var, $auth, $env, $this, $index, $parent, $result } = parse(text);
      const apply = (item, index, result) => body($input, $var, $auth, $env, item, index, $parent, result);
      const value = await (mode === "call" ? apply($this, $index, $result) : elements[mode](apply, $parent, $result));
      call.finish(stringify(value) ?? "null");
    } catch (error) {
      call.fail(error);
    }
  }
  return { run, belongs };
}

const FURNISH = new vm.Script(`(${furnish})`, { filename: "xsrun-realm.js" });

export function makeRealm() {
  // Not contextified: a global looked up through a sandbox object costs two hundred times as much.
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: true, wasm: true } });
  return { context, ...FURNISH.runInContext(context)(KNOWN) };
}
