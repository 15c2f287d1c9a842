// Text and addresses as browsers have them.

export function web({ ask, taken, bytesOf }) {
  const invalid = (message) => {
    const error = new Error(message);
    error.name = "InvalidCharacterError";
    error.code = 5;
    return error;
  };
  const needed = (value, message) => {
    if (value === undefined) throw invalid(message);
    return value;
  };

  class TextEncoder {
    get encoding() {
      return "utf-8";
    }
    encode(text = "") {
      return taken(ask("utf8", `${text}`));
    }
    encodeInto(text, target) {
      let read = 0, written = 0;
      for (const one of `${text}`) {
        const bytes = this.encode(one);
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += one.length;
      }
      return { read, written };
    }
  }

  class TextDecoder {
    #encoding;
    #fatal;
    #ignoreBOM;
    #rest = new Uint8Array(); // what came with `stream` and is not decoded yet
    constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
      this.#encoding = ask("encoding", `${label}`);
      if (this.#encoding === undefined) throw new RangeError(`The encoding label provided ('${label}') is invalid.`);
      this.#fatal = !!fatal;
      this.#ignoreBOM = !!ignoreBOM;
    }
    get encoding() {
      return this.#encoding;
    }
    get fatal() {
      return this.#fatal;
    }
    get ignoreBOM() {
      return this.#ignoreBOM;
    }
    decode(input = new Uint8Array(), { stream = false } = {}) {
      const bytes = joined(this.#rest, bytesOf(input));
      const end = stream ? whole(bytes, this.#encoding) : bytes.length;
      this.#rest = bytes.slice(end);
      const text = ask("decode", bytes.slice(0, end), this.#encoding, this.#fatal, this.#ignoreBOM);
      if (text === undefined) throw new TypeError("The encoded data is not valid.");
      return text;
    }
  }
  const joined = (first, second) => {
    const both = new Uint8Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    return both;
  };
  /** How many of these bytes are whole characters. */
  const whole = (bytes, encoding) => {
    if (encoding.startsWith("utf-16")) return bytes.length - bytes.length % 2;
    if (encoding !== "utf-8") return bytes.length;
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back];
      if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.length - back : bytes.length;
      if (byte < 0x80) break;
    }
    return bytes.length;
  };

  const PARTS = [
    "href", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash", "origin",
  ];
  class URL {
    #parts;
    #parameters = null;
    constructor(text, base) {
      const found = ask("url", `${text}`, base === undefined ? undefined : `${base}`);
      if (found === undefined) {
        throw Object.assign(new TypeError(`Invalid URL: '${text}'`), { code: "ERR_INVALID_URL", input: `${text}` });
      }
      this.#parts = JSON.parse(found);
    }
    static canParse(text, base) {
      return ask("url", `${text}`, base === undefined ? undefined : `${base}`) !== undefined;
    }
    static parse(text, base) {
      return URL.canParse(text, base) ? new URL(text, base) : null;
    }
    get searchParams() {
      return this.#parameters ??= linked(this.search, (search) => this.#set("search", search));
    }
    toString() {
      return this.href;
    }
    toJSON() {
      return this.href;
    }
    #set(name, value) {
      this.#parts = JSON.parse(ask("urlWith", this.#parts[0], name, value));
    }
    static {
      for (const [place, name] of PARTS.entries()) {
        const property = {
          configurable: true,
          enumerable: true,
          get() {
            return this.#parts[place];
          },
        };
        if (name !== "origin") {
          property.set = function (value) {
            if (name === "href") this.#parts = new URL(value).#parts;
            else this.#set(name, `${value}`);
            if ((name === "href" || name === "search") && this.#parameters) linked(this.search, null, this.#parameters);
          };
        }
        Object.defineProperty(URL.prototype, name, property);
      }
    }
  }

  let linked; // makes or fills the parameters of an address
  class URLSearchParams {
    #pairs = [];
    #changed = null;
    constructor(init = "") {
      if (typeof init !== "object" && typeof init !== "function") this.#pairs = parsed(form(init));
      else if (init !== null && typeof init[Symbol.iterator] === "function") {
        for (const pair of init) {
          const both = [...pair];
          if (both.length !== 2) throw new TypeError("Each query pair must be an iterable [name, value] tuple");
          this.#pairs.push([form(both[0]), form(both[1])]);
        }
      } else for (const name of Object.keys(init ?? {})) this.#pairs.push([form(name), form(init[name])]);
    }
    static {
      linked = (search, changed, made = new URLSearchParams()) => {
        made.#pairs = parsed(search);
        made.#changed ??= changed;
        return made;
      };
    }
    get size() {
      return this.#pairs.length;
    }
    get(name) {
      return this.#pairs.find((pair) => pair[0] === `${name}`)?.[1] ?? null;
    }
    getAll(name) {
      return this.#pairs.filter((pair) => pair[0] === `${name}`).map((pair) => pair[1]);
    }
    has(name, value) {
      return this.#pairs.some((pair) => pair[0] === `${name}` && (value === undefined || pair[1] === `${value}`));
    }
    append(name, value) {
      this.#pairs.push([form(name), form(value)]);
      this.#tell();
    }
    set(name, value) {
      const place = this.#pairs.findIndex((pair) => pair[0] === `${name}`);
      if (place < 0) return this.append(name, value);
      this.#pairs[place][1] = form(value);
      this.#pairs = this.#pairs.filter((pair, index) => index <= place || pair[0] !== `${name}`);
      this.#tell();
    }
    delete(name, value) {
      this.#pairs = this.#pairs.filter((pair) => pair[0] !== `${name}` || (value !== undefined && pair[1] !== `${value}`));
      this.#tell();
    }
    sort() {
      this.#pairs.sort((one, other) => (one[0] < other[0] ? -1 : one[0] > other[0] ? 1 : 0));
      this.#tell();
    }
    forEach(callback, receiver) {
      for (const [name, value] of this.#pairs) callback.call(receiver, value, name, this);
    }
    *entries() {
      for (const [name, value] of this.#pairs) yield [name, value];
    }
    *keys() {
      for (const pair of this.#pairs) yield pair[0];
    }
    *values() {
      for (const pair of this.#pairs) yield pair[1];
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    toString() {
      return this.#pairs.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join("&");
    }
    #tell() {
      this.#changed?.(this.toString());
    }
  }
  const form = (value) => `${value}`.toWellFormed();
  const escaped = (text) =>
    encodeURIComponent(text)
      .replace(/[!'()~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
      .replace(/%20/g, "+");
  const parsed = (text) =>
    text.replace(/^\?/, "").split("&").filter((pair) => pair !== "").map((pair) => {
      const place = pair.indexOf("=");
      const [name, value] = place < 0 ? [pair, ""] : [pair.slice(0, place), pair.slice(place + 1)];
      return [unescaped(name), unescaped(value)];
    });
  const unescaped = (text) => {
    const plain = text.replace(/\+/g, " ");
    if (!plain.includes("%")) return plain;
    try {
      return decodeURIComponent(plain);
    } catch { // bytes that are no characters, or a stray percent sign
      const bytes = [];
      const source = taken(ask("utf8", plain));
      for (let at = 0; at < source.length; at++) {
        const digits = String.fromCharCode(...source.slice(at + 1, at + 3));
        if (source[at] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(digits)) {
          bytes.push(parseInt(digits, 16));
          at += 2;
        } else bytes.push(source[at]);
      }
      return ask("decode", new Uint8Array(bytes), "utf-8", false, true);
    }
  };

  for (const kind of [TextEncoder, TextDecoder, URL, URLSearchParams]) {
    Object.defineProperty(kind.prototype, Symbol.toStringTag, { value: kind.name, configurable: true });
  }
  return {
    TextEncoder,
    TextDecoder,
    URL,
    URLSearchParams,
    atob: (text) => needed(ask("atob", `${text}`), "Failed to decode base64"),
    btoa: (text) => needed(ask("btoa", `${text}`), "Cannot encode string: string contains characters outside of the Latin1 range"),
  };
}
