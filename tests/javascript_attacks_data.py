"""JavaScript that tries to reach from one call into the next: a walk over everything a lambda can get hold of, and
attacks one by one. Each attack is a pair: the code of a call, and what the next call must still find."""

from __future__ import annotations

#: Defines `walk(root, visit)`: `visit(object, path)` for every object that can be reached through prototypes, properties
#: and the functions of getters and setters. `called` says whether functions are called, too, for what they give.
WALK = r"""
const OWN = Object.prototype;
const { getPrototypeOf, getOwnPropertyDescriptor, defineProperty, setPrototypeOf } = Object;
const { ownKeys, apply, construct } = Reflect;
const call = (method, receiver, ...values) => apply(method, receiver, values);
const add = Set.prototype.add, has = Set.prototype.has, push = Array.prototype.push, pop = Array.prototype.pop;
const quiet = (value) => { try { call(Promise.prototype.catch, value, () => {}) } catch {} };
const VALUES = [[], ['a'], [new Uint8Array(3)], [{a: 1}, 'b'], [() => 1, 1], ['sha256', 'k'], ['http://a/?b=1']];
/** Is an object of another realm than this one? */
function isForeign(value) {
  let top = value;
  for (let next; (next = getPrototypeOf(top)) !== null; top = next) if (top === OWN) return false;
  return top !== OWN && top !== value;
}
function walk(root, visit, {called = false, borrowed = false, most = 20000} = {}) {
  const seen = new Set(), pending = [], depth = new Map();
  const found = (value, path, level = 0) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || call(has, seen, value)) return;
    call(add, seen, value);
    if (seen.size > most) return;
    if (called && value instanceof Promise) quiet(value);
    call(push, pending, [value, path, level]);
  };
  found(root, '');
  while (pending.length) {
    const [value, path, level] = call(pop, pending);
    found(getPrototypeOf(value), path + '.__proto__', level);
    for (const key of ownKeys(value)) {
      const name = path + '.' + String(key), property = getOwnPropertyDescriptor(value, key);
      if (!property) continue;
      found(property.get, name + '<get>', level);
      found(property.set, name + '<set>', level);
      if ('value' in property) found(property.value, name, level);
      else if (property.get && (borrowed || !LENT.includes(String(key)))) {
        try { found(value[key], name, level) } catch (error) { found(error, name + '<throws>', level) }
      }
    }
    if (called && level < 2 && typeof value === 'function' && !/wait/.test(path)) {
      for (const values of VALUES) {
        try { found(apply(value, undefined, values), path + '()', level + 1) } catch (e) { found(e, path + '()!', level) }
        try { found(construct(value, values), path + '(new)', level + 1) } catch (e) { found(e, path + '(new)!', level) }
      }
    }
    visit(value, path);
  }
  return seen.size;
}
"""

#: What is Deno's own, or goes on after its call: whoever takes it has the process for itself.
LENT = [
    "AbortController", "AbortSignal", "Blob", "CompressionStream", "CustomEvent", "DOMException",
    "DecompressionStream", "Event", "EventTarget", "File", "FormData", "Headers", "MessageChannel", "MessageEvent",
    "ReadableStream", "Request", "Response", "TextDecoderStream", "TextEncoderStream", "TransformStream",
    "URLPattern", "WebSocket", "WritableStream", "FinalizationRegistry", "WebAssembly", "waitAsync",
]  # fmt: skip

#: More places to walk from, beside the globals.
ROOTS = [
    "(function* () {})", "(async function* () {})", "(async () => {})", "new Error('x')", "[].values()",
    "(() => { try { null.x } catch (e) { return e } })()", "(() => { try { new URL('x') } catch (e) { return e } })()",
    "(() => { try { process.exit() } catch (e) { return e } })()",
    "(() => { const f = () => f(); try { f() } catch (e) { return e } })()",
    "(() => { const f = () => { console.log(1); f() }; try { f() } catch (e) { return e } })()",
    "(() => { try { moment() } catch (e) { return e } })()",
    "await import('node:path').catch(e => e)", "await import('node:fs').catch(e => e)",
    "await eval('im' + 'port(`node:path`)').catch(e => e)",
    "new TextDecoder()", "new URL('http://a/?b').searchParams", "Buffer.from('a')", "crypto.createHash('sha256')",
    "crypto.subtle", "setTimeout(() => 1, 1)", "structuredClone(new Map([[{}, new Date()]]))", "require('buffer')",
    "require('util')", "await fetch('http://192.0.2.1/').catch(e => e)", "Intl.DateTimeFormat().formatToParts()",
    "Promise.reject(1).catch(e => e)", "this", "$input", "$var", "$auth",
]  # fmt: skip

#: Changes every object that can be reached, as far as it lets itself be changed.
VANDAL = (
    WALK
    + r"""
const evil = function () { return 'evil' };
const spoil = (value) => {
  for (const key of ownKeys(value)) {
    const property = getOwnPropertyDescriptor(value, key);
    if (!property) continue;
    if (typeof property.value === 'function' && property.configurable) {
      try { defineProperty(value, key, {...property, value: evil}) } catch {}
    } else if (typeof property.value === 'function' && property.writable) {
      try { value[key] = evil } catch {}
    } else if (property.set) {
      try { call(property.set, value, evil) } catch {}
      if (property.configurable) try { defineProperty(value, key, {get: evil, configurable: true}) } catch {}
    }
  }
  try { defineProperty(value, 'mark', {value: 'evil', configurable: true}) } catch {}
};
const roots = [globalThis, ROOT];
const all = [];
for (const root of roots) walk(root, (value) => { call(push, all, value) }, {borrowed: BORROWED});
for (let at = 0; at < all.length; at++) spoil(all[at]);
return 'done';
"""
)

#: What a fresh realm is like: every object with the names and texts of its properties, and what the usual calls give.
FINGERPRINT = (
    WALK
    + r"""
const parts = [];
walk(globalThis, (value, path) => {
  const names = ownKeys(value).map(String);
  parts.push(path + ':' + typeof value + ':' + names.join() + ':' + Object.isExtensible(value) + Object.hasOwn(value, 'mark') +
    (typeof value === 'function' ? Function.prototype.toString.call(value) : ''));
}, {borrowed: BORROWED});
parts.sort();
const console_ = []; console.log('still', {a: [1]});
return [
  parts.length, crypto.createHash('sha256').update(parts.join('\n')).digest('hex'),
  Buffer.from('Zm9v', 'base64').toString(), new TextDecoder().decode(new TextEncoder().encode('é')),
  new URL('http://a/b?c=1').searchParams.get('c'), JSON.stringify(structuredClone({a: [new Date(0)]})),
  (await import('node:buffer')).Buffer.from('a').toString('hex'), require('util').format('%d', 3),
  await new Promise(done => setTimeout(done, 1, 'slept')), [3, 1, 2].sort().map(n => n + 1),
  'mark' in {}, 'mark' in [], 'mark' in (() => 1), Object.keys(require('path')).length,
];
"""
)

#: Replaces every function of the realm by one that looks at what it is given and what it gives, then uses everything
#: that asks Deno for something. Gives where an object of Deno's own was seen.
HOOKED = (
    WALK
    + r"""
const foreign = [];
const names = ['TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'Buffer', 'crypto', 'console', 'process',
  'structuredClone', 'atob', 'performance', 'navigator', 'Deno'];
for (const name of names) if (EARLY) globalThis[name];
let looking = false;
const look = (value, where) => {
  if (((typeof value === 'object' && value !== null) || typeof value === 'function') && isForeign(value)) {
    call(push, foreign, where);
  }
};
const hook = (original, where) => function (...values) {
  if (looking) return apply(original, this, values);
  looking = true;
  look(this, where + ' this');
  for (let at = 0; at < values.length; at++) look(values[at], where + ' ' + at);
  looking = false;
  const given = apply(original, this, values);
  looking = true;
  look(given, where + ' gives');
  looking = false;
  return given;
};
const found = [];
walk(globalThis, (value, path) => { call(push, found, [value, path]) });
for (let at = 0; at < found.length; at++) {
  const [value, path] = found[at];
  for (const key of ownKeys(value)) {
    const property = getOwnPropertyDescriptor(value, key);
    if (!property?.configurable || typeof property.value !== 'function' || key === Symbol.hasInstance || key === 'Proxy') continue;
    if (getOwnPropertyDescriptor(property.value, 'prototype')) continue;
    try { defineProperty(value, key, {...property, value: hook(property.value, path + '.' + String(key))}) } catch {}
  }
}
const attempt = (action) => { try { return action() } catch (error) { look(error, String(action)); return error } };
let left = 0; // how many of the deepest frames still try it
const deep = (action) => {
  try { deep(action) } catch { left = 120 }
  if (left-- > 0) try { action() } catch (error) { look(error, 'deep ' + action) }
};
const INSPECT = Symbol.for('nodejs.util.inspect.custom');
const spy = {
  [INSPECT](...values) { for (const one of values) look(one, 'inspect'); return 'x' },
  valueOf(...values) { for (const one of values) look(one, 'valueOf'); return 3 },
  toString(...values) { for (const one of values) look(one, 'toString'); return 'sha256' },
  toJSON(...values) { for (const one of values) look(one, 'toJSON'); return 1 },
  *[Symbol.iterator]() { yield 1 },
};
const proxy = new Proxy({}, new Proxy({}, {
  get: (_, trap) => (...values) => {
    for (let at = 0; at < values.length; at++) look(values[at], 'trap ' + trap + ' ' + at);
    return apply(Reflect[trap], null, values);
  },
}));
const actions = [
  () => new TextEncoder().encode('é'), () => new TextEncoder().encodeInto('é', new Uint8Array(9)),
  () => new TextDecoder('latin1').decode(new Uint8Array([200])), () => new TextDecoder(spy), () => new TextDecoder().decode(spy),
  () => new URL('http://a/?b=1').searchParams.append('c', 'd'), () => new URL(spy, spy), () => new URL('http://a/').hash = spy,
  () => new URL('http://a/').href = 'http://b/', () => new URLSearchParams(spy), () => Buffer.from('é').toString('utf8'),
  () => Buffer.from('6162', 'hex').toString('base64'), () => Buffer.from(spy), () => Buffer.alloc(3, spy), () => Buffer.concat([Buffer.from('a')]),
  () => crypto.createHash('sha256').update('a').digest('hex'), () => crypto.createHash(spy), () => crypto.createHmac('md5', 'k').update('a').digest(),
  () => crypto.randomBytes(3), () => crypto.randomBytes(spy), () => crypto.randomUUID(), () => crypto.randomInt(9), () => crypto.getRandomValues(new Uint8Array(2)),
  () => crypto.timingSafeEqual(new Uint8Array(1), new Uint8Array(1)), () => console.log('%s %o', spy, {spy}, [spy], new Map([[spy, spy]]), proxy),
  () => console.dir(spy, spy), () => console.assert(false, spy), () => console.count(spy), () => console.group(spy), () => console.log(new Error('x')),
  () => console.log(new (class extends Uint8Array {})(2), class {}, () => 1, Symbol('a'), 10n, /a/, new Date(0), new Set([spy])),
  () => process.stdout.write(spy), () => process.hrtime(), () => process.uptime(), () => process.exit(), () => process.nextTick(() => look(this, 'tick')),
  () => structuredClone({a: [new Date(0), new Map(), new Uint8Array(2), new Error('x')]}), () => structuredClone(spy), () => atob('YQ=='), () => btoa(spy), () => atob('*'),
  () => setTimeout(function (...values) { look(this, 'timer'); for (const one of values) look(one, 'timer') }, 0, 1),
  () => setTimeout(() => { throw spy }, spy), () => clearTimeout(spy), () => queueMicrotask(function () { look(this, 'microtask') }), () => setImmediate(() => 1),
  () => performance.now(), () => Deno.version, () => Deno.cwd(), () => Deno[Symbol('x')], () => require(spy), () => require('nope'), () => moment(), () => moment.x,
  () => Date.now(), () => new Date(), () => Error.captureStackTrace({}), () => new Error('x').stack, () => Reflect.construct(URL, ['http://a/'], class extends URL {}),
];
for (let at = 0; at < actions.length; at++) look(attempt(actions[at]), 'action ' + actions[at]);
for (let at = 0; at < actions.length; at++) if (!/stdout|console|setT|setI/.test(String(actions[at]))) deep(actions[at]);
return [foreign.length, foreign.slice(0, 9), actions.length];
"""
)

#: Name, code of a call, code of the next, and what that must give.
ATTACKS = [
    ("decode taken over", """
        const H = Object.getPrototypeOf(TextDecoder), o = H.prototype?.decode;
        TextDecoder.prototype.decode = () => 'evil';
        if (o) H.prototype.decode = function (b, p) {
          const t = o.call(this, b, p);
          return t.startsWith('{"mode"') ? JSON.stringify({...JSON.parse(t), code: "return 'evil'"}) : t;
        };
        return 1""", "return new TextDecoder().decode(new Uint8Array([104]))", "h"),
    ("module changed", "const b = await import('node:buffer'); b.Buffer.from = () => 'evil'; return 1",
     "return [String(Buffer.from('a')), String((await import('node:buffer')).Buffer.from('a'))]", ["a", "a"]),
    ("required module changed", "require('util').format = () => 'evil'; require('buffer').Buffer.from = () => 'evil'",
     "return [require('util').format('a'), String(require('buffer').Buffer.from('a'))]", ["a", "a"]),
    ("prototype behind structuredClone", "Object.getPrototypeOf(structuredClone({})).mark = 'evil'",
     "return [structuredClone({}).mark, ({}).mark]", [None, None]),
    ("call sites of prepareStackTrace", """
        let sites; Error.prepareStackTrace = (e, s) => { sites = s; return '' }; new Error().stack;
        const top = Object.getPrototypeOf(Object.getPrototypeOf(sites[0]));
        top.mark = 'evil'; top.toJSON = () => 'evil'; return sites.length""", "return [{}.mark, 'fine']", [None, "fine"]),
    ("prepareStackTrace of another Error", """
        let sites; globalThis.Error = {prepareStackTrace: (e, s) => { sites = s; return '' }};
        try { null.x } catch (e) { e.stack }
        if (sites) Object.getPrototypeOf(sites[0]).getFileName = () => 'evil'; return 1""",
     "Error.prepareStackTrace = (e, s) => String(s[0].getFileName()); return new Error().stack", "lambda.js"),
    ("prepareStackTrace of an Error that is defined anew", """
        let sites; const fake = {prepareStackTrace: (e, s) => { sites = s; return '' }};
        try { Object.defineProperty(globalThis, 'Error', {value: fake}) } catch {}
        try { delete globalThis.Error; globalThis.Error = fake } catch {}
        try { null.x } catch (e) { e.stack }
        if (sites) Object.getPrototypeOf(sites[0]).getFileName = () => 'evil'; return 1""",
     "Error.prepareStackTrace = (e, s) => String(s[0].getFileName()); return new Error().stack", "lambda.js"),
    ("modules whose name is an object", """
        const replace = String.prototype.replace; let got = null;
        String.prototype.replace = function (a, b) {
          if (String(this) !== 'node:util') return replace.call(this, a, b);
          const view = new Uint8Array(1); view.replace = (found) => { got = found; return 'zzz' }; return view };
        try { _.chunk } catch {} try { mailparser.simpleParser } catch {}
        if (got) Object.getPrototypeOf(got).exec = () => { throw new Error('evil') }; return 1""",
     "return 'a-b'.replace(/-/, '+')", "a+b"),
    ("prepareStackTrace by eval", """
        try { (0, eval)("var Error = {prepareStackTrace: (e, s) => { globalThis.s = s }}") } catch {}
        try { (0, eval)("function Error() {}; Error.prepareStackTrace = (e, s) => { globalThis.s = s }") } catch {}
        try { null.x } catch (e) { e.stack }
        if (globalThis.s) Object.getPrototypeOf(s[0]).getLineNumber = () => 'evil'; return 1""",
     "Error.prepareStackTrace = (e, s) => s[0].getLineNumber(); return new Error().stack", 1),
    ("timer left over", "setInterval(() => { globalThis.n = 1; console.log('evil') }, 1); return 1",
     "await new Promise(r => setTimeout(r, 20)); return typeof n", "undefined"),
    ("what a timer is", """
        const t = setTimeout(() => 1, 1); let top = t; while (Object.getPrototypeOf(top)) top = Object.getPrototypeOf(top);
        top.mark = 'evil'; Object.getPrototypeOf(t).unref = () => 'evil'; return 1""",
     "const t = setTimeout(() => 1, 1); return [t.mark, t.unref() === t]", [None, True]),
    ("waitAsync left over", """
        Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 5).value.then(() => { for (;;); }); return 1""",
     "await new Promise(r => setTimeout(r, 50)); return 'fine'", "fine"),
    ("finalizer left over", """
        const f = new FinalizationRegistry(() => { for (;;); });
        for (let i = 0; i < 1000; i++) f.register({i}, i); return 1""",
     "const a = []; for (let i = 0; i < 2e5; i++) a[i % 100] = {i}; await new Promise(r => setTimeout(r, 20)); return 1",
     1),
    ("WebAssembly left over", """
        WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => { for (;;); }); return 1""",
     "await new Promise(r => setTimeout(r, 20)); return 'fine'", "fine"),
    ("generator left over", """
        const g = (function* () { try { yield 1 } finally { console.log('evil') } })(); g.next();
        (async function* () { yield 1 })().next(); return 1""", "return 'fine'", "fine"),
    ("chain of promises left over", """
        (async () => { for (let i = 0; i < 1000; i++) await null; globalThis.late = 'evil' })(); return 1""",
     "await null; return typeof late", "undefined"),
    ("borrowing after the end", """
        (async () => { for (let i = 0; i < 300; i++) await null;
          Object.getPrototypeOf(DOMException.prototype).mark = 'evil';
          Object.getPrototypeOf(Headers).prototype.get = () => 'evil' })(); return 1""",
     "return new Headers({a: 'b'}).get('a')", "b"),
    ("rejection left over", "Promise.reject({get stack() { Object.prototype.mark = 'evil'; return '' }}); return 1",
     "return [{}.mark]", [None]),
    ("rejections left over, one after another", """
        const plant = () => { const p = Promise.reject(1);
          Object.setPrototypeOf(p, new Proxy({}, {getPrototypeOf() { if (globalThis.again) for (;;); again = true; plant(); return null }})) };
        plant(); return 1""", "await new Promise(r => setTimeout(r, 20)); return 'fine'", "fine"),
    ("rejections with a prototype that never ends", """
        const plant = (n) => { const p = Promise.reject({get stack() { if (n > 3) for (;;); plant(n + 1) }});
          Object.setPrototypeOf(p, new Proxy(Promise.prototype, {getPrototypeOf() { for (;;); }})) };
        plant(0); return 1""", "await new Promise(r => setTimeout(r, 20)); return 'fine'", "fine"),
    ("thenable", "return {then(done) { done.mark = done.constructor.mark = 'evil'; done(1) }}",
     "return [(() => 1).mark, Function.mark]", [None, None]),
    ("thenable that is kept", "return {then() { setTimeout(() => { for (;;); }, 50) }, toJSON() { return 1 }}",
     "return 'fine'", "fine"),
    ("species", """
        class A extends Promise { static get [Symbol.species]() { return Object } }
        Promise.prototype.constructor = A; Array.prototype.constructor = {[Symbol.species]: Object}; return [1].map(n => n)
        """, "return (await Promise.resolve([1])).map(n => n + 1)", [2]),
    ("Promise.prototype.then", """
        Promise.prototype.then = function (a, b) { a.constructor.prototype.mark = 'evil'; return {} };
        await null; return fetch.mark""", "return [(() => 1).mark, (await Promise.resolve(1))]", [None, 1]),
    ("console", "console.log = () => 'evil'; console.log.constructor.prototype.mark = 'evil'; return 1",
     "console.log(1); return console.log.mark", None),
    ("inspection of a value", """
        const keep = [];
        console.log({[Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {
          keep.push(options, inspect); return inspect('x') }});
        for (const one of keep) for (let p = one; p; p = Object.getPrototypeOf(p)) { p.mark = 'evil' }
        console.log(new Proxy({}, {get(t, k, r) { Object.getPrototypeOf(r).mark = 'evil'; return undefined }}));
        class Function extends Uint8Array {} ; console.log(new Function(2)); return 1""",
     "console.log({a: 1}); return [{}.mark, (() => 1).mark]", [None, None]),
    ("process.env", "process.env.KEY = 'evil'; process.env.__proto__.mark = 'evil'; process.nextTick = null; return 1",
     "return [process.env, {}.mark, typeof process.nextTick]", [{}, None, "function"]),
    ("Deno", "Deno.version.deno = 'evil'; Deno.mark = 'evil'; Object.getPrototypeOf(Deno).mark = 'evil'; return 1",
     "return [Deno.version.deno === 'evil', Deno.mark, {}.mark]", [False, None, None]),
    ("global of Function", """
        const outer = Function('return this')(), again = (async () => {}).constructor('return globalThis');
        outer.mark = 'evil'; (await again()).mark2 = 'evil';
        (function* () {}).constructor('globalThis.mark3 = 1')().next(); return 1""",
     "return [typeof mark, typeof mark2, typeof mark3]", ["undefined"] * 3),
    ("callers", """
        function f() { return f.caller } const body = f(); const found = [];
        try { found.push(body.caller, body.arguments, arguments.callee.caller) } catch {}
        for (const one of found) if (one) { one.mark = 'evil'; Object.getPrototypeOf(one).mark = 'evil' } return 1""",
     "return [{}.mark, (() => 1).mark]", [None, None]),
    ("stack used up in the engine", """
        let most = 0; const f = (n) => { most = n; try { f(n + 1) } catch (e) {}
          try { console.log('x') } catch (e) { Object.getPrototypeOf(Object.getPrototypeOf(e)).mark = 'evil' }
          try { setTimeout(() => 1, 1) } catch (e) { Object.getPrototypeOf(Object.getPrototypeOf(e)).mark = 'evil' } };
        const g = (n) => { try { new URL('http://a/' + n); Buffer.from('a'); g(n + 1) } catch (e) {
          e.constructor.prototype.mark = 'evil' } }; g(0); return 1""",
     "await new Promise(r => setTimeout(r, 1)); return [new RangeError().mark, {}.mark, new URL('http://a/').mark]",
     [None] * 3),
    ("errors of the engine", """
        const caught = [];
        for (const f of [() => new URL('x'), () => atob('***'), () => btoa('☃'), () => new TextDecoder('nope'),
          () => structuredClone(() => 1), () => crypto.createHash('nope'), () => require('fs'), () => Deno.cwd(),
          () => process.exit(), () => Buffer.alloc(-1), () => setTimeout(1), () => JSON.parse('{')]) {
          try { f() } catch (e) { caught.push(e) } }
        for (const e of caught) for (let p = e; p; p = Object.getPrototypeOf(p)) { p.mark = 'evil'; p.constructor.mark = 'evil' }
        return caught.length""",
     "try { new URL('x') } catch (e) { return [e.mark, e.constructor.mark, {}.mark] }", [None] * 3),
    ("answer forged through JSON", """
        await import('node:util'); const JSON_ = require('util').constructor; Headers;
        const host = Object.getPrototypeOf(Headers).constructor; host.mark = 'evil';
        Object.prototype.toJSON = () => 'evil'; throw new Error('x')""", "return {a: 1}", {"a": 1}),
    ("not spent after all", """
        const api = new MessageChannel().port1; let top = api; while (Object.getPrototypeOf(top)) top = Object.getPrototypeOf(top);
        top.mark = 'evil'; Object.defineProperty(top, 'spent', {get: () => false, set() {}});
        const T = Object.getPrototypeOf(TextEncoderStream); return 1""",
     "return structuredClone({}).mark ?? new Headers().mark ?? 'fine'", "fine"),
    ("intervals and numbers", "for (let i = 0; i < 1000; i++) clearTimeout(i); clearInterval({}); clearTimeout(null); return 1",
     "return await new Promise(r => setTimeout(r, 5, 'rings'))", "rings"),
    ("memory of a pool", "const b = Buffer.from('secret of a caller'); crypto.createHash('md5').update(b); return 1",
     "return [Buffer.allocUnsafe(64).toString().includes('secret'), Buffer.from('a').buffer.byteLength]", [False, 1]),
    ("last match of a pattern", "/(secret)/.exec('secret'); return 1", "return RegExp.$1 + RegExp.input", ""),
    ("shared memory", "globalThis.s = new SharedArrayBuffer(8); new Uint8Array(s)[0] = 7; return 1",
     "return [typeof s, new Uint8Array(new SharedArrayBuffer(8))[0]]", ["undefined", 0]),
    ("symbols", "globalThis[Symbol.for('x')] = 'evil'; Symbol.for('x').constructor.prototype.mark = 'evil'; return 1",
     "return [typeof globalThis[Symbol.for('x')], Symbol.for('x').mark]", ["undefined", None]),
    ("code that was compiled before", """
        const strings = (t) => t; const keep = (() => strings`a`)(); try { keep.mark = 1 } catch {}
        Function.prototype.toString = () => 'evil'; globalThis.count = (globalThis.count ?? 0) + 1; return count""",
     "return [typeof count, String(() => 1)]", ["undefined", "() => 1"]),
    ("the clock", "Date.now = () => 0; Date.prototype.getTime = () => 0; performance.now = () => 'evil'; return 1",
     "return [Date.now() > 0, new Date(5).getTime(), typeof performance.now()]", [True, 5, "number"]),
    ("defaults of modules", """
        require('events').defaultMaxListeners = 0; require('util').inspect.defaultOptions.depth = 0;
        require('stream').setDefaultHighWaterMark?.(false, 1); return 1""",
     "return [require('events').defaultMaxListeners, require('util').inspect({a: {b: {}}})]", [10, "{ a: { b: {} } }"]),
    ("closing the function", "}); globalThis.late = 1; Object.prototype.mark = 'evil'; (async function () {",
     "return [typeof late, {}.mark]", ["undefined", None]),
    ("closing the function, then throwing", "}); throw {toString() { throw 1 }, get stack() { throw 2 }}; (async function () {",
     "return 'fine'", "fine"),
    ("closing the function for another", "}); new Proxy(function () {}, {apply(t, r, values) { values.mark = 1; return 1 }}); (0, function () {",
     "return 'fine'", "fine"),
    ("bytes seen on their way", """
        const P = Object.getPrototypeOf(Uint8Array.prototype), set = P.set;
        P.set = function (bytes, ...more) {
          Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(bytes))).mark = 'evil';
          Object.getPrototypeOf(bytes).set = () => 'evil'; return set.call(this, bytes, ...more) };
        new TextEncoder().encode('x'); crypto.randomBytes(3); Buffer.from('a'); return 1""",
     "return [new TextEncoder().encode('a')[0], {}.mark, structuredClone({}).mark]", [97, None, None]),
    ("a number that is none", """
        const keep = []; Number.isInteger = () => true;
        const value = {[Symbol.for('nodejs.util.inspect.custom')](...given) { keep.push(...given) }, valueOf: () => NaN};
        try { crypto.randomBytes(value) } catch (e) { keep.push(e) }
        for (const one of keep) for (let p = one; p && typeof p === 'object'; p = Object.getPrototypeOf(p)) p.mark = 'evil';
        return 1""", "return [{}.mark, crypto.randomBytes(3).length]", [None, 3]),
    ("the libraries' own loading", """
        const M = Map.prototype.get; Map.prototype.get = function (k) { globalThis.kept = this; return M.call(this, k) };
        try { moment } catch {} try { require('nope') } catch {}
        if (globalThis.kept) Object.getPrototypeOf(kept).mark = 'evil'; return 1""", "return new Map().mark", None),
    ("importing in passing", "import.source?.('node:path').catch(() => 1); return 1", "return 1", 1),
]  # fmt: skip

#: What every one of these must leave as it is.
UNMARKED = (
    "return [{}.mark, [].mark, (() => 1).mark, structuredClone({}).mark, String(Buffer.from('a')), new TextDecoder().decode(new Uint8Array([97]))]",
    [None, None, None, None, "a", "a"],
)

ATTACKS += [
    ('globals that throw', "Object.defineProperty(globalThis,'Map',{get(){ throw 1}}); console.log(1); Buffer.from('a'); return 1", *UNMARKED),
    ('JSON replaced', "JSON.parse = () => ({get then(){ for(;;); }}); return new URL('http://a/').href", *UNMARKED),
    ('iterator left over', 'for await (const x of (async function*(){ yield 1; })()) {} ; return 1', *UNMARKED),
    ('setters of every object', "for (const k of ['then','get','set','value','writable','configurable','enumerable','done','next','constructor','prototype','name','message','stack','0','1','length','signal','fatal','ignoreBOM','stream','body']) Object.defineProperty(Object.prototype,k,{get(){ return undefined }, set(v){ if (v && typeof v==='object') v.mark='x' }, configurable:true}); console.log({a:1}); new URL('http://a/'); Buffer.from('a'); setTimeout(()=>1,1); return 1", *UNMARKED),
    ('setters of every list', "for (let i=0;i<5;i++) Object.defineProperty(Array.prototype,i,{set(v){ if (v && (typeof v==='object'||typeof v==='function')) { let p=v; while(Object.getPrototypeOf(p)) p=Object.getPrototypeOf(p); p.mark='x' } Object.defineProperty(this,'length',{writable:true}) }, get(){return undefined}, configurable:true}); console.log({a:[1]}); new URL('http://a/').searchParams.append('a','b'); Buffer.from('a'); crypto.randomUUID(); return 1", *UNMARKED),
    ('iteration seen', "const I = Array.prototype[Symbol.iterator]; Array.prototype[Symbol.iterator] = function() { const s=this; if (s) for (const k of Object.keys(s)) { const v=s[k]; if (v && (typeof v==='object' || typeof v==='function')) { let p=v; while(Object.getPrototypeOf(p)) p=Object.getPrototypeOf(p); if (p!==Object.prototype) p.mark='x' } } return I.call(this) }; console.log(1,[2]); Buffer.concat([Buffer.from('a')]); setTimeout(()=>1,0); new URL('http://a/'); return 1", *UNMARKED),
    ('calls seen', "const f=Function.prototype; for (const n of ['call','apply','bind']) { const o=f[n]; f[n]=function(...a){ for (const v of a) if (v && typeof v==='object') { let p=v; while(Object.getPrototypeOf(p)) p=Object.getPrototypeOf(p); if (p!==Object.prototype) p.mark='x' } return Reflect.apply(o,this,a) } } console.log({}); Buffer.from('a').toString(); crypto.createHash('md5').update('a').digest(); return 1", *UNMARKED),
    ('very many timers left over', 'for (let i=0;i<1e5;i++) setTimeout(()=>{for(;;);},0); return 1', *UNMARKED),
]  # fmt: skip
