// The Deno side of xsrun's JavaScript service. It reads requests from standard input, runs each in a fresh realm, and
// writes what came of it to standard output, one line a frame. It holds no permission.
//
// A request is two lines of JSON: {id, mode, code, timeout, now} and the scope. A frame is
// `<marker><kind><id> <payload>`. The first line ever read is the marker, a random text that lambdas never see, so
// nothing they write can pass for a frame. Kinds: R ready, L a line of the log, S spent, V the value, E an exception,
// X something refused here, T a result too large; and questions, which a line of JSON answers: N a library from npm,
// H an HTTP request.
//
// A realm shares no object with this one, so a process serves one call after another. A lambda that needs an object of
// Deno's own (a module, a Response, a stream) gets it, and the process is spent: S is written before the object is
// handed out, and whoever reads it starts another process for the next call.

import vm from "node:vm";
import { importable, known, Refused } from "./host.js";
import { makeRealm } from "./realm.js";

const exit = Deno.exit.bind(Deno);
const read = Deno.stdin.readSync.bind(Deno.stdin);
const write = Deno.stdout.writeSync.bind(Deno.stdout);
const builtin = process.getBuiltinModule.bind(process);
const { getHeapStatistics: heapStatistics } = builtin("node:v8");
const encoder = new TextEncoder();
const host = { fetch, setTimeout, clearTimeout, setInterval, setImmediate };

const WRAPPER = "(async function($input,$var,$auth,$env,$this,$index,$parent,$result){\n";
const LOG_LIMIT = 1 << 20; // characters of console output kept for one call
const SCRIPTS_KEPT = 300;
const TEXT_KEPT = 4 << 20; // characters of code in them
const IMPORTING_AT_MOST = 500; // scripts with `import`, which Deno never lets go of
// What V8 keeps for good (registered symbols, texts of such scripts) would be missing to a later call: above this part of
// the heap that is taken when a call ends, most of it perhaps garbage, the next call gets a process of its own.
const HEAP_AT_MOST = 0.3;

// What the code of xsrun throws may reach a lambda, which need not know where xsrun is installed.
Error.prepareStackTrace = (error, sites) => {
  const shown = sites.filter((site) => !/^(?:file:|[a-z]:[\\/]|[\\/])/i.test(site.getFileName()));
  return [Error.prototype.toString.call(error), ...shown].join("\n    at ");
};

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
let kept = 0; // characters of code in it
let importing = 0; // scripts compiled so far that may import

function compile(code) {
  let result = compiled.get(code);
  if (result) {
    compiled.delete(code);
  } else {
    result = compileAnew(code);
    kept += code.length;
  }
  compiled.set(code, result);
  while (compiled.size > 1 && (compiled.size > SCRIPTS_KEPT || kept > TEXT_KEPT)) {
    const oldest = compiled.keys().next().value;
    compiled.delete(oldest);
    kept -= oldest.length;
  }
  if (result instanceof Uncompilable) throw result;
  return result;
}

/** JavaScript first, because that is what nearly every lambda is; types are stripped only when it does not parse. */
function compileAnew(code) {
  const source = `${WRAPPER}${code}\n})`;
  const options = { filename: "lambda.js", lineOffset: -1 };
  if (/\bimport\b/.test(code)) {
    options.importModuleDynamically = importModule;
    importing++;
  }
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

async function importModule(specifier) {
  if (!current?.call.spend()) throw new Refused(`import of "${specifier}"`);
  current.realm.teach();
  if (!importable(specifier)) throw new Refused(`import of "${specifier}"`);
  return await import(`node:${specifier.replace(/^node:/, "")}`);
}

// One call --------------------------------------------------------------------------------------------------------

const ready = Promise.resolve();
let current = null;
let spare = null; // the next call's realm, made while the host is busy with the last answer

/** What a realm asks on behalf of its call. It passes texts, numbers and callbacks, and gets texts and numbers. */
class Call {
  #marker;
  #answer;
  #keepAlive;
  #timers = new Map(); // by number
  #count = 0;
  #console = null;
  #printed = 0;
  #answered = false;
  spent = false;
  done = false;
  waited = false; // whether time has passed for the lambda: a timer of its own has fired

  constructor(marker, request, resultLimit) {
    this.#marker = marker;
    this.id = request.id;
    this.resultLimit = resultLimit;
    this.finished = new Promise((resolve) => this.resolve = resolve);
    // Keeps the loop alive while a lambda waits, and ends us should the host be gone by the time it has killed us.
    this.#keepAlive = host.setTimeout(() => exit(124), (request.timeout + 2) * 1000);
  }

  end(kind, payload) {
    if (this.done) return;
    this.#answer = [kind, payload];
    this.done = true;
    host.clearTimeout(this.#keepAlive);
    for (const timer of this.#timers.values()) host.clearTimeout(timer);
    this.resolve();
  }

  /** Answers one turn of the loop later: a lambda that left an endless chain of promises must not get away with it,
   * or the next call would be the one that times out. */
  async answer(realm) {
    await this.finished;
    await new Promise((resolve) => host.setImmediate(resolve));
    if (realm.isSpent() || importing > IMPORTING_AT_MOST || isHeapTaken()) this.spend();
    this.#answered = true;
    const [kind, payload] = this.#answer;
    send(this.#marker, kind, this.id, payload);
    return this.spent;
  }

  /** Tells the host that no other call may run in this process. False when the call is over: then nothing of Deno's
   * may be handed out any more. */
  spend() {
    if (this.#answered) return false;
    if (!this.spent) send(this.#marker, "S", this.id, "");
    this.spent = true;
    return true;
  }

  finish(text) {
    if (text.length > this.resultLimit) this.end("T", text.length);
    else this.end("V", text);
  }

  refuse(what) {
    this.end("X", JSON.stringify(what));
  }

  fail(name, message, text, line, column) {
    const short = (value) => value.length > LOG_LIMIT ? `${value.slice(0, LOG_LIMIT)} ...` : value;
    this.end("E", JSON.stringify({ name, message: short(message), text: short(text), line, column }));
  }

  uncompilable(error) {
    this.end("E", JSON.stringify(error.details));
  }

  /** What the host answers to a question, a line of JSON. Nothing else happens here meanwhile. */
  ask(kind, question) {
    if (this.#answered) return "null";
    send(this.#marker, kind, this.id, question);
    return lines.next();
  }

  print(text) {
    if (this.done || this.#printed > LOG_LIMIT) return;
    this.#printed += text.length;
    if (this.#printed > LOG_LIMIT) text = `${text.slice(0, 1000)} ... (no more console output is kept for this call)`;
    send(this.#marker, "L", this.id, JSON.stringify(text));
  }

  /** Writes what `known.rebuilt` made of described values as Node's console does. */
  console(method, values) {
    if (this.done) return;
    if (this.#console === null) {
      const stream = { write: (text) => this.print(text.replace(/\n$/, "")) };
      const { Console } = builtin("node:console");
      this.#console = new Console({ stdout: stream, stderr: stream, colorMode: false, ignoreErrors: false });
    }
    this.#console[method](...values);
  }

  timer(repeated, callback, delay) {
    if (this.done) return 0;
    const number = ++this.#count;
    this.#timers.set(number, host[repeated ? "setInterval" : "setTimeout"](callback, delay));
    return number;
  }

  /** A timer's time has come: its callback says so before anything else. */
  fired(number, repeated) {
    this.waited = true;
    if (!repeated) this.#timers.delete(number);
  }

  clear(number) {
    host.clearTimeout(this.#timers.get(number));
    this.#timers.delete(number);
  }
}

function isHeapTaken() {
  const { used_heap_size: used, heap_size_limit: limit } = heapStatistics();
  return used > limit * HEAP_AT_MOST;
}

// Serving ---------------------------------------------------------------------------------------------------------

async function serve(marker, lines, resultLimit) {
  const request = JSON.parse(lines.next());
  const scope = lines.next();
  const realm = spare ?? makeRealm();
  spare = null;
  const call = new Call(marker, request, resultLimit);
  current = { call, realm };
  realm.begin(call);
  try {
    const script = compile(request.code);
    ready.then(realm.starter(script, realm.context, request.mode, request.now, scope)); // it gives nothing, and throws nothing
  } catch (error) {
    call.uncompilable(error);
  }
  const spent = await call.answer(realm);
  current = null;
  if (!spent) spare = makeRealm();
}

/** An error nobody handled ends the call it comes from; one left over from an earlier call is dropped. */
function unhandled(event, source) {
  event.preventDefault();
  if (current && belongs(source, current.realm.own)) current.realm.fail(event.reason ?? event.error);
}

/** Has this object been made in the realm with this `Object.prototype`? No code of a lambda runs to find out: it would
 * be that of an earlier call in the time of this one. */
function belongs(value, own) {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const { isProxy } = builtin("node:util").types;
  for (let one = value; one !== null && !isProxy(one); one = Object.getPrototypeOf(one)) {
    if (one === own) return true;
  }
  return false;
}

addEventListener("unhandledrejection", (event) => unhandled(event, event.promise));
addEventListener("error", (event) => unhandled(event, event.error));

const lines = new Lines();
const marker = lines.next();
const { resultLimit, network } = JSON.parse(lines.next());
known.network = network;
send(marker, "R", 0, JSON.stringify(Deno.version.deno));
for (;;) await serve(marker, lines, resultLimit);
