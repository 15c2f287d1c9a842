// The Deno side of xsrun's JavaScript service. It reads requests from standard input, runs each in a fresh realm, and
// writes what came of it to standard output, one line a frame. It holds no permission.
//
// A request is two lines of JSON: {id, mode, code, timeout, now} and the scope. A frame is
// `<marker><kind><id> <payload>`. The first line ever read is the marker, a random text that lambdas never see, so
// nothing they write can pass for a frame. Kinds: R ready, L a line of the log, V the value, E an exception,
// X something refused here, T a result too large.

import vm from "node:vm";
import { makeRealm } from "./realm.js";

const exit = Deno.exit.bind(Deno);
const read = Deno.stdin.readSync.bind(Deno.stdin);
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const builtin = process.getBuiltinModule.bind(process);
const encoder = new TextEncoder();
const { NotCapable } = Deno.errors;
const host = { fetch, setTimeout, clearTimeout, setInterval, setImmediate };

const WRAPPER = "(async function($input,$var,$auth,$env,$this,$index,$parent,$result){\n";
const LOG_LIMIT = 1 << 20; // characters of console output kept for one call
const SCRIPTS_KEPT = 300;

// Standard input and output ---------------------------------------------------------------------------------------

/** Lines of standard input, read synchronously: between two calls nothing of the last one can run. */
class Lines {
  #chunks = [];
  #buffer = new Uint8Array(1 << 16);
  #rest = this.#buffer.subarray(0, 0);

  next() {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        this.#chunks.push(this.#rest.slice(0, end));
        this.#rest = this.#rest.subarray(end + 1);
        return this.#join();
      }
      if (this.#rest.length) this.#chunks.push(this.#rest.slice());
      const count = read(this.#buffer);
      if (count === null) exit(0); // whoever started us is gone
      this.#rest = this.#buffer.subarray(0, count);
    }
  }

  #join() {
    const chunks = this.#chunks;
    this.#chunks = [];
    if (chunks.length === 1) return new TextDecoder().decode(chunks[0]);
    const decoder = new TextDecoder();
    return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  }
}

function send(marker, kind, id, payload) {
  // a line of its own, whatever a lambda may have written before without ending its line
  let bytes = encoder.encode(`\n${marker}${kind}${id} ${payload}\n`);
  while (bytes.length) bytes = bytes.subarray(write(bytes));
}

// Compiling -------------------------------------------------------------------------------------------------------

const compiled = new Map(); // code -> vm.Script or Uncompilable, least recently used first

function compile(code) {
  let result = compiled.get(code);
  if (result) {
    compiled.delete(code);
  } else {
    result = compileAnew(code);
    if (compiled.size >= SCRIPTS_KEPT) compiled.delete(compiled.keys().next().value);
  }
  compiled.set(code, result);
  if (result instanceof Uncompilable) throw result;
  return result;
}

/** JavaScript first, because that is what nearly every lambda is; types are stripped only when it does not parse. */
function compileAnew(code) {
  const source = `${WRAPPER}${code}\n})`;
  const options = { filename: "lambda.js", lineOffset: -1 };
  if (/\bimport\b/.test(code)) options.importModuleDynamically = importModule; // Deno never lets go of such a script
  const stackTraceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // an error with a stack would be placed where vm.Script is called
  try {
    return new vm.Script(source, options);
  } catch (error) {
    const stripped = withoutTypes(source);
    if (stripped === undefined || stripped === source) return new Uncompilable(error, code);
    try {
      return new vm.Script(stripped, options);
    } catch (second) {
      return new Uncompilable(second, code);
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function withoutTypes(source) {
  const { stripTypeScriptTypes } = builtin("node:module");
  for (const mode of ["strip", "transform"]) { // transform is for enums and namespaces; it moves lines
    try {
      return stripTypeScriptTypes(source, { mode });
    } catch {
      continue;
    }
  }
}

class Uncompilable {
  constructor(error, code) {
    const lines = code.split("\n");
    let { message } = error;
    let { line, column } = position(error);
    if (line > lines.length) { // the parser got as far as what we put behind the code
      message = "Unexpected end of input";
      line = lines.length;
      column = lines.at(-1).length + 1;
    }
    this.details = { name: error.name, message, line, column, syntax: true };
    this.details.text = `${error.name}: ${message} (line ${line}, column ${column})`;
  }
}

/** Where a syntax error is. V8 tells only whoever handles it as an uncaught error, so it is reported as one. */
function position(error) {
  let place = { line: 1, column: 1 };
  const listen = (event) => {
    event.stopImmediatePropagation();
    event.preventDefault();
    place = { line: event.lineno, column: event.colno };
  };
  addEventListener("error", listen, { capture: true });
  reportError(error);
  removeEventListener("error", listen, { capture: true });
  return place;
}

// What is refused -------------------------------------------------------------------------------------------------

const MODULES = new Set([
  "assert", "assert/strict", "buffer", "crypto", "events", "path", "path/posix", "punycode", "querystring", "stream",
  "stream/promises", "stream/web", "string_decoder", "timers/promises", "url", "util", "util/types", "zlib",
]);
class Refused extends Error {
  constructor(what) {
    super(`${what} is refused: a lambda run by xsrun does not get it`);
    this.what = what;
  }
}

async function importModule(specifier) {
  const name = specifier.replace(/^node:/, "");
  if (!MODULES.has(name)) throw new Refused(`import of "${specifier}"`);
  const module = await import(`node:${name}`);
  if (module.default) Object.preventExtensions(module.default);
  return module;
}

/** What was refused when this error says so, else undefined. */
function refusal(error) {
  if (error instanceof Refused) return error.what;
  if (error instanceof NotCapable) {
    const found = /Requires (\w+) access(?: to (.+?))?(?:, run again|$)/.exec(error.message);
    return found ? `${found[1] === "net" ? "network" : found[1]} access${found[2] ? ` to ${found[2]}` : ""}` : error.message;
  }
}

// One call --------------------------------------------------------------------------------------------------------

let current = null;
let spare = null; // the next call's realm, made while the host is busy with the last answer

class Call {
  #marker;
  #answer;
  #timers = new Set();
  #console = null;
  #printed = 0;
  done = false;
  waited = false; // whether time has passed for the lambda: a timer of its own has fired

  constructor(marker, request, resultLimit) {
    this.#marker = marker;
    this.id = request.id;
    this.resultLimit = resultLimit;
    this.finished = new Promise((resolve) => this.resolve = resolve);
    // Keeps the loop alive while a lambda waits, and ends us should the host be gone by the time it has killed us.
    this.#timers.add(host.setTimeout(() => exit(124), (request.timeout + 2) * 1000));
  }

  end(kind, payload) {
    if (this.done) return;
    this.done = true;
    this.#answer = [kind, payload];
    for (const timer of this.#timers) host.clearTimeout(timer);
    this.resolve();
  }

  /** Answers one turn of the loop later: a lambda that left an endless chain of promises must not get away with it,
   * or the next call would be the one that times out. */
  async answer() {
    await this.finished;
    await new Promise((resolve) => host.setImmediate(resolve));
    const [kind, payload] = this.#answer;
    send(this.#marker, kind, this.id, payload);
  }

  finish(text) {
    if (text.length > this.resultLimit) this.end("T", text.length);
    else this.end("V", text);
  }

  fail(error) {
    let details;
    try {
      const refused = refusal(error);
      if (refused !== undefined) return this.end("X", JSON.stringify(refused));
      details = error instanceof Uncompilable ? error.details : describe(error);
    } catch { // an error whose own properties throw
      details = { name: "Error", message: "", text: "an error that cannot be shown" };
    }
    this.end("E", JSON.stringify(details));
  }

  print(text) {
    if (this.done || this.#printed > LOG_LIMIT) return;
    this.#printed += text.length;
    if (this.#printed > LOG_LIMIT) text = `${text.slice(0, 1000)} ... (no more console output is kept for this call)`;
    send(this.#marker, "L", this.id, JSON.stringify(text));
  }

  console(method, values) {
    if (this.#console === null) {
      const stream = { write: (text) => this.print(text.replace(/\n$/, "")) };
      const { Console } = builtin("node:console");
      this.#console = new Console({ stdout: stream, stderr: stream, colorMode: false, ignoreErrors: false });
    }
    return this.#console[method]?.(...values);
  }

  timer(kind, callback, delay) {
    if (this.done) return 0;
    const id = host[kind](() => {
      this.waited = true;
      if (kind === "setTimeout") this.#timers.delete(id);
      callback();
    }, delay);
    this.#timers.add(id);
    return id;
  }

  clear(id) {
    if (this.#timers.delete(id)) host.clearTimeout(id);
  }

  async fetch(input, init) {
    try {
      return await host.fetch(input, init);
    } catch (error) {
      const refused = refusal(error);
      throw refused === undefined ? error : new Refused(refused);
    }
  }

  refuse(what) {
    return new Refused(what);
  }

  require(specifier) {
    const name = String(specifier).replace(/^node:/, "");
    if (!MODULES.has(name)) throw new Refused(`require("${specifier}")`);
    const module = builtin(`node:${name}`);
    Object.preventExtensions(module);
    return module;
  }
}

/** Name, message, text and place of what a lambda threw, be it an Error or anything else. */
function describe(error) {
  if (typeof error !== "object" || error === null) return { name: "", message: String(error), text: String(error) };
  const isError = Error.isError(error) || typeof error.stack === "string";
  const text = isError ? String(error) : JSON.stringify(error) ?? String(error);
  const place = /lambda\.js:(\d+):(\d+)/.exec(isError ? error.stack : "");
  return {
    name: isError ? String(error.name) : "",
    message: isError ? String(error.message) : text,
    text,
    ...(place && { line: Number(place[1]), column: Number(place[2]) }),
  };
}

// Serving ---------------------------------------------------------------------------------------------------------

async function serve(marker, lines, resultLimit) {
  const request = JSON.parse(lines.next());
  const scope = lines.next();
  const realm = spare ?? makeRealm();
  spare = null;
  current = { call: new Call(marker, request, resultLimit), belongs: realm.belongs };
  try {
    const script = compile(request.code);
    realm.run(current.call, script.runInContext(realm.context), request, scope);
  } catch (error) {
    current.call.fail(error);
  }
  await current.call.answer();
  current = null;
  spare = makeRealm();
}

/** An error nobody handled ends the call it comes from; one left over from an earlier call is dropped. */
function unhandled(event, source) {
  event.preventDefault();
  if (current?.belongs(source)) current.call.fail(event.reason ?? event.error);
}

addEventListener("unhandledrejection", (event) => unhandled(event, event.promise));
addEventListener("error", (event) => unhandled(event, event.error));

const lines = new Lines();
const marker = lines.next();
const { resultLimit } = JSON.parse(lines.next());
send(marker, "R", 0, JSON.stringify(Deno.version.deno));
for (;;) await serve(marker, lines, resultLimit);
