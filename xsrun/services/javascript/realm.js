// The realm of a call: what a lambda sees. It is made anew for each, and shares no object with Deno's own realm or with
// another call: what it needs of Deno it asks for with texts and numbers, and what it throws and gives is its own.
//
// Code that ran before in a realm may have changed every object in it. So the code here may be led astray by a lambda,
// but never hands it anything but what the realm could make itself: Deno's objects (`known`, `call`) stay in variables
// and are never an argument, a receiver or a result of anything that a lambda can replace.

import vm from "node:vm";
import { known, lent } from "./host.js";

/** Runs inside a fresh realm, so it can see nothing of this module: gives it the globals a lambda expects, each made
 * when first used, and returns the functions that run a compiled body. */
function furnish(known, lent) {
  "use strict";
  const { parse, stringify } = JSON;
  const { apply } = Reflect;
  const { defineProperty, hasOwn } = Object;
  const { isView } = ArrayBuffer;
  const { isError } = Error;
  const ownError = Error;
  const OwnProxy = Proxy;
  const Bytes = Uint8Array;
  const ordinary = Function.prototype[Symbol.hasInstance];
  const realm = globalThis;
  const promised = Promise.resolve.bind(Promise);
  const { then } = Promise.prototype;
  const bufferOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Bytes.prototype), "buffer").get;
  const refusals = new WeakMap();
  const { get: refusedBy, set: refuseBy } = WeakMap.prototype;
  const { exec } = RegExp.prototype;
  const text = String;
  const integer = Math.trunc;
  let call = null;
  let spent = false;

  // Asking Deno -----------------------------------------------------------------------------------------------------

  /** Fails here, and not in the midst of Deno's own code, when the stack is nearly used up. */
  const room = (frames) => frames === 0 ? 0 : 1 + room(frames - 1);

  const asked = (owner, name, values) => {
    room(200);
    try {
      return apply(owner[name], owner, values);
    } catch { // Deno's own code was cut short: what state it is in nobody knows
      spent = true;
    }
    throw new RangeError("Maximum call stack size exceeded");
  };
  /** Deno's own code gets texts, numbers and bytes: it would call what an object of a lambda's says it is. */
  const plainly = (owner, name, values) => {
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if ((typeof value === "object" && value !== null && !isView(value)) || typeof value === "function") {
        throw new TypeError("The value must be a text, a number or bytes.");
      }
    }
    return asked(owner, name, values);
  };
  const ask = (name, ...values) => plainly(known, name, values);
  const tell = (name, ...values) => plainly(call, name, values);

  /** Says that the process serves no other call: before an object of Deno's, or what outlives the call, is handed out. */
  const spend = () => {
    if (!tell("spend")) throw new ownError("The call is over.");
    spent = true;
  };
  let taught = false;
  /** An object of Deno's own. Errors and lists that it makes are Deno's, too: `instanceof` is taught to know them. */
  const borrow = (kind, name) => {
    spend();
    teach();
    return lent[kind](name);
  };
  const teach = () => {
    if (taught) return;
    taught = true;
    for (const foreign of lent.foreign()) recognise(realm[foreign.name], foreign);
    recognise(realm.Buffer, lent.api("Buffer"));
  };
  const recognise = (kind, foreign) =>
    defineProperty(kind, Symbol.hasInstance, {
      configurable: true,
      value(value) {
        return apply(ordinary, this, [value]) || (this === kind && value instanceof foreign);
      },
    });
  const refused = (what) => {
    const error = new ownError(`${what} is refused: a lambda run by xsrun does not get it`);
    apply(refuseBy, refusals, [error, what]);
    return error;
  };

  // Bytes -----------------------------------------------------------------------------------------------------------

  /** The bytes that the last answer consists of. */
  const taken = (length) => {
    const made = new Bytes(length);
    ask("take", made);
    return made;
  };
  const bytesOf = (value) => {
    if (isView(value)) return new Bytes(value.buffer, value.byteOffset, value.byteLength);
    if (typeof value === "string") return taken(ask("utf8", value));
    return new Bytes(value);
  };

  // Globals ---------------------------------------------------------------------------------------------------------

  const lazy = (name, make, enumerable = false) => {
    const fix = (value) => defineProperty(realm, name, { value, writable: true, configurable: true, enumerable });
    const arm = () =>
      defineProperty(realm, name, {
        configurable: true,
        get: () => {
          fix(undefined); // code that is run to make it may look for it
          try {
            const value = make(name);
            fix(value);
            return value;
          } catch (error) {
            arm();
            throw error;
          }
        },
        set: fix,
      });
    arm();
  };
  const fact = (name) => known[name];
  const tools = { ask, tell, borrow, refused, taken, bytesOf, fact, realm };
  const parts = {};
  const part = (name) => parts[name] ??= asked(known, "part", [realm, name])(tools);
  for (
    const [name, members] of [
      ["web", ["TextEncoder", "TextDecoder", "URL", "URLSearchParams", "atob", "btoa"]],
      ["clone", ["structuredClone"]],
      ["buffer", ["Buffer"]],
      ["crypto", ["crypto"]],
      ["console", ["console"]],
      ["process", ["process", "performance", "navigator", "Deno"]],
    ]
  ) {
    for (const member of members) lazy(member, () => part(name)[member]);
  }
  tools.library = (name) => asked(known, "library", [call, realm, `${name}`]); // a text once and for all
  tools.exchange = (request) => asked(known, "exchange", [call, `${request}`]);
  tools.importable = (name) => ask("importable", `${name}`);
  tools.part = part;
  tools.network = known.network;
  tools.write = (method, description) => asked(known, "console", [call, method, `${description}`]);
  for (
    const name of [
      "AbortController", "AbortSignal", "Blob", "CompressionStream", "CustomEvent", "DOMException",
      "DecompressionStream", "Event", "EventTarget", "File", "FormData", "Headers", "MessageChannel", "MessageEvent",
      "ReadableStream", "Request", "Response", "TextDecoderStream", "TextEncoderStream", "TransformStream",
      "URLPattern", "WebSocket", "WritableStream",
    ]
  ) {
    lazy(name, () => {
      const foreign = borrow("api", name);
      const local = { [name]: class extends foreign {
        constructor(first, init, ...more) {
          super(first, plain(init), ...more);
        }
      } }[name];
      recognise(local, foreign);
      return local;
    });
  }
  /** What goes on after the call that began it would reach the next one. */
  const outliving = (owner, name) => {
    const value = owner[name];
    const fix = (value) => defineProperty(owner, name, { value, writable: true, configurable: true });
    defineProperty(owner, name, { configurable: true, get: () => (spend(), fix(value), value), set: fix });
  };
  for (const name of ["FinalizationRegistry", "WebAssembly"]) outliving(realm, name);
  outliving(Atomics, "waitAsync");

  // Deno hands objects of its own to whoever writes the text of a stack.
  let prepare;
  defineProperty(ownError, "prepareStackTrace", {
    get: () => prepare,
    set(value) {
      spend();
      if (this === ownError) prepare = value;
      else defineProperty(this, "prepareStackTrace", { value, writable: true, configurable: true });
    },
  });
  let error = ownError;
  defineProperty(realm, "Error", {
    get: () => error,
    set(value) {
      spend();
      error = value;
    },
    configurable: false, // or another definition takes its place
  });

  // Time ------------------------------------------------------------------------------------------------------------

  // Deno's loop calls what this gives, and nothing of the host's stands between: a stack does not tell where xsrun is.
  const guarded = (callback, values, begin = () => {}) => () => {
    try {
      begin();
      apply(callback, realm, values);
    } catch (error) {
      fail(error);
    }
  };
  class Timeout {
    #number;
    constructor(number) {
      this.#number = number;
    }
    static numberOf(value) {
      return typeof value === "object" && value !== null && #number in value ? value.#number : +value;
    }
    ref() {
      return this;
    }
    unref() {
      return this;
    }
    hasRef() {
      return true;
    }
    close() {
      realm.clearTimeout(this);
      return this;
    }
    [Symbol.toPrimitive]() {
      return this.#number;
    }
  }
  const { numberOf } = Timeout;
  delete Timeout.numberOf;
  const timer = (repeated) => (callback, delay = 0, ...values) => {
    if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function.');
    const fire = guarded(callback, values, () => tell("fired", number, repeated));
    const number = asked(call, "timer", [repeated, fire, integer(delay)]);
    return new Timeout(number);
  };
  const once = timer(false);
  realm.self = realm.global = realm;
  realm.setTimeout = once;
  realm.setInterval = timer(true);
  realm.setImmediate = (callback, ...values) => once(callback, 0, ...values);
  realm.clearTimeout = realm.clearInterval = realm.clearImmediate = (timer) => tell("clear", numberOf(timer));
  realm.queueMicrotask = (callback) => void apply(then, promised(), [guarded(callback, [])]);

  /** Makes `Date` start from `now` (milliseconds). It stands still for bodies that are done at once, so that what they
   * print can be foretold, and goes on for those that wait. */
  const setClock = (now) => {
    const start = ask("now");
    const read = () => {
      const passed = ask("now") - start;
      return now + (call.waited || passed > 250 ? integer(passed) : 0);
    };
    const Real = Date;
    realm.Date = new OwnProxy(Real, {
      construct: (_, values, target) => Reflect.construct(Real, values.length ? values : [read()], target),
      apply: () => new Real(read()).toString(),
      get: (_, key) => key === "now" ? read : Real[key],
    });
    Real.prototype.constructor = realm.Date;
  };

  // What is refused, or lent ----------------------------------------------------------------------------------------

  /** What Deno's classes and `fetch` take: this realm's parameters of an address as Deno's own, which they know. */
  const plain = (init) => {
    if (parts.web === undefined || !(init?.body instanceof parts.web.URLSearchParams)) return init;
    return { ...init, body: new (borrow("api", "URLSearchParams"))(text(init.body)) };
  };
  realm.fetch = async function fetch(input, init) {
    const foreign = borrow("api", "fetch");
    try {
      return await foreign(input, plain(init));
    } catch (error) {
      const what = lent.refusal(error);
      throw what === undefined ? error : refused(what);
    }
  };
  const absent = (name) => {
    const refuse = () => {
      throw refused(`the preloaded library ${name}`);
    };
    return new OwnProxy(function () {}, { get: refuse, apply: refuse, construct: refuse, has: refuse });
  };
  /** What programs find beside the language. Where it was not brought along it is there, too, as a test for it finds;
   * using it is refused. */
  const libraries = {};
  for (
    const name of [
      "_", "axios", "moment", "luxon", "DateTime", "uuid", "jose", "math", "cryptojs", "aws4", "ethers",
      "fastXmlParser", "mailparser", "nodemailer", "socks", "utils",
    ]
  ) {
    libraries[name] = true;
    lazy(name, () => part("libraries").find(name) ?? absent(name));
  }
  realm.require = (specifier) => {
    const name = text(specifier);
    if (hasOwn(libraries, name)) return realm[name];
    if (name === "buffer" || name === "node:buffer") return part("buffer").module;
    if (name === "crypto" || name === "node:crypto") return part("crypto").crypto;
    if (ask("importable", name)) return borrow("module", name);
    const found = part("libraries").find(name);
    if (found === undefined) throw refused(`require("${name}")`);
    return found;
  };

  // Running ---------------------------------------------------------------------------------------------------------

  const elements = {
    async map(apply, list) {
      const results = [];
      for (let index = 0; index < list.length; index++) results[index] = await apply(list[index], index);
      return results;
    },
    async filter(apply, list) {
      const chosen = [];
      let count = 0;
      for (let index = 0; index < list.length; index++) if (await apply(list[index], index)) chosen[count++] = index;
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

  /** Name, message, text and place of what a lambda threw, be it an Error or anything else. */
  const described = (error) => {
    if ((typeof error !== "object" && typeof error !== "function") || error === null) {
      return ["", text(error), text(error)];
    }
    const isOne = isError(error) || typeof error.stack === "string";
    const whole = isOne ? text(error) : stringify(error) ?? text(error);
    const place = isOne ? apply(exec, /lambda\.js:(\d+):(\d+)/, [text(error.stack)]) : null;
    const name = isOne ? text(error.name) : "";
    const message = isOne ? text(error.message) : whole;
    return place === null ? [name, message, whole] : [name, message, whole, +place[1], +place[2]];
  };
  const fail = (error) => {
    if (call.done) return; // to describe the error could run code of the lambda's again
    let details;
    try {
      const what = apply(refusedBy, refusals, [error]) ?? (call.spent ? lent.refusal(error) : undefined);
      if (what !== undefined) return void call.refuse(what);
      details = described(error);
    } catch { // an error whose own properties throw
      details = ["Error", "", "an error that cannot be shown"];
    }
    apply(call.fail, call, details);
  };

  /** What runs a compiled body, when Deno's loop calls it. A lambda may end the function it is the body of, and go on
   * outside it. */
  const starter = (script, context, mode, now, scope) => () => {
    try {
      run(apply(script.runInContext, script, [context]), mode, now, scope);
    } catch (error) {
      fail(error);
    }
  };

  async function run(body, mode, now, scope) {
    if (now !== null) setClock(now);
    try {
      const { $input, $var, $auth, $env, $this, $index, $parent, $result } = parse(scope);
      const each = (item, index, result) => body($input, $var, $auth, $env, item, index, $parent, result);
      const value = await (mode === "call" ? each($this, $index, $result) : elements[mode](each, $parent, $result));
      call.finish(stringify(value) ?? "null");
    } catch (error) {
      fail(error);
    }
  }
  return {
    __proto__: null,
    begin: (newCall) => void (call = newCall),
    starter,
    fail,
    own: Object.prototype,
    isSpent: () => spent,
    teach,
  };
}

const FURNISH = new vm.Script(`(${furnish})`, { filename: "xsrun-realm.js" });

export function makeRealm() {
  // Not contextified: a global looked up through a sandbox object costs two hundred times as much.
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, { codeGeneration: { strings: true, wasm: true } });
  return { context, ...FURNISH.runInContext(context)(known, lent) };
}
