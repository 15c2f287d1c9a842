// Node's `Buffer`, made of this realm's own typed arrays.

export function buffer({ ask, borrow, bytesOf, realm }) {
  const LARGEST = 2 ** 30;
  const NAMES = {
    utf8: "utf8", "utf-8": "utf8", hex: "hex", base64: "base64", base64url: "base64url", ascii: "ascii",
    latin1: "latin1", binary: "latin1", ucs2: "utf16le", "ucs-2": "utf16le", utf16le: "utf16le", "utf-16le": "utf16le",
  };
  const encodingOf = (name = "utf8") => {
    const found = NAMES[`${name ?? "utf8"}`.toLowerCase()];
    if (found === undefined) throw new TypeError(`Unknown encoding: ${name}`);
    return found;
  };
  const sized = (size) => {
    if (typeof size !== "number") throw new TypeError(`The "size" argument must be of type number. Received ${typeof size}`);
    if (!(size >= 0 && size <= LARGEST)) throw new RangeError(`The value of "size" is out of range. Received ${size}`);
    return size;
  };
  const codes = (text, mask) => Uint8Array.from(text, (one) => one.charCodeAt(0) & mask);
  /** The characters that base64 has, of either alphabet; what follows the padding does not count. */
  const plain64 = (text) => text.replace(/=.*$/s, "").replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "");

  const encode = {
    utf8: (text) => bytesOf(text),
    hex: (text) => Uint8Array.fromHex(/^(?:[0-9A-Fa-f]{2})*/.exec(text)[0]),
    base64: (text) => {
      const found = plain64(text);
      return Uint8Array.fromBase64(found.length % 4 === 1 ? found.slice(0, -1) : found, { lastChunkHandling: "loose" });
    },
    latin1: (text) => codes(text.split(""), 0xff),
    utf16le: (text) => {
      const bytes = new Uint8Array(text.length * 2);
      for (let at = 0; at < text.length; at++) {
        bytes[2 * at] = text.charCodeAt(at) & 0xff;
        bytes[2 * at + 1] = text.charCodeAt(at) >> 8;
      }
      return bytes;
    },
  };
  encode.base64url = encode.base64;
  encode.ascii = encode.latin1;
  const characters = (bytes, mask) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) {
      text += String.fromCharCode.apply(null, bytes.slice(at, at + 4096).map((one) => one & mask));
    }
    return text;
  };
  const decode = {
    utf8: (bytes) => ask("decode", bytes, "utf-8", false, true),
    hex: (bytes) => bytes.toHex(),
    base64: (bytes) => bytes.toBase64(),
    base64url: (bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    latin1: (bytes) => characters(bytes, 0xff),
    ascii: (bytes) => characters(bytes, 0x7f),
    utf16le: (bytes) => {
      let text = "";
      for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at] + 256 * bytes[at + 1]);
      return text;
    },
  };
  const plain = (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const made = (bytes) => new Buffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = (value, encoding) =>
    typeof value === "number" ? Uint8Array.of(value & 0xff) : typeof value === "string" ? encode[encodingOf(encoding)](value) : bytesOf(value);

  class Buffer extends Uint8Array {
    static poolSize = 8192;

    static from(value, encoding, length) {
      if (typeof value === "string") return made(encode[encodingOf(encoding)](value));
      if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Buffer(value, encoding, length);
      if (typeof value === "object" && value !== null) {
        const simple = value.valueOf?.();
        if (simple !== undefined && simple !== null && simple !== value) return Buffer.from(simple, encoding, length);
        const list = value.type === "Buffer" && Array.isArray(value.data) ? value.data : value;
        if (ArrayBuffer.isView(list) || typeof list.length === "number") return made(Uint8Array.from(list));
        if (typeof value[Symbol.toPrimitive] === "function") return Buffer.from(value[Symbol.toPrimitive]("string"), encoding);
      }
      throw new TypeError(
        "The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. " +
          `Received ${value === null ? "null" : typeof value === "object" ? "an object" : `type ${typeof value}`}`,
      );
    }
    static of(...values) {
      return made(Uint8Array.from(values));
    }
    static alloc(size, fill, encoding) {
      const bytes = new Buffer(sized(size));
      return fill === undefined || fill === 0 ? bytes : bytes.fill(fill, encoding);
    }
    static allocUnsafe(size) {
      return new Buffer(sized(size));
    }
    static allocUnsafeSlow(size) {
      return new Buffer(sized(size));
    }
    static byteLength(value, encoding) {
      if (typeof value !== "string") return value.byteLength;
      const kind = NAMES[`${encoding}`.toLowerCase()] ?? "utf8";
      if (kind === "hex") return value.length >>> 1; // a measure of the text, whatever is in it
      if (kind.startsWith("base64")) return (value.replace(/={1,2}$/, "").length * 3) >>> 2;
      return encode[kind](value).length;
    }
    static compare(one, other) {
      const [left, right] = [plain(one), plain(other)];
      const shorter = Math.min(left.length, right.length);
      for (let at = 0; at < shorter; at++) if (left[at] !== right[at]) return left[at] < right[at] ? -1 : 1;
      return Math.sign(left.length - right.length);
    }
    static concat(list, length = list.reduce((sum, one) => sum + one.length, 0)) {
      const whole = Buffer.alloc(length);
      let at = 0;
      for (const one of list) {
        const part = plain(one).subarray(0, Math.max(0, length - at));
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    }
    static isBuffer(value) {
      return value instanceof Buffer;
    }
    static isEncoding(name) {
      return typeof name === "string" && NAMES[name.toLowerCase()] !== undefined;
    }

    get parent() {
      return this.buffer;
    }
    get offset() {
      return this.byteOffset;
    }
    toString(encoding, start = 0, end = this.length) {
      return decode[encodingOf(encoding)](new Uint8Array(plain(this).subarray(Math.max(0, start), Math.max(0, end))));
    }
    toLocaleString(encoding, start, end) {
      return this.toString(encoding, start, end);
    }
    toJSON() {
      return { type: "Buffer", data: Array.from(this) };
    }
    equals(other) {
      return Buffer.compare(this, other) === 0;
    }
    compare(other, start = 0, end = other.length, ownStart = 0, ownEnd = this.length) {
      return Buffer.compare(this.subarray(ownStart, ownEnd), plain(other).subarray(start, end));
    }
    write(text, offset = 0, length = this.length - offset, encoding = "utf8") {
      if (typeof offset === "string") return this.write(text, 0, this.length, offset);
      if (typeof length === "string") return this.write(text, offset, this.length - offset, length);
      const bytes = encode[encodingOf(encoding)](`${text}`);
      let count = Math.min(bytes.length, length, this.length - offset);
      if (encodingOf(encoding) === "utf16le") count -= count % 2;
      if (encodingOf(encoding) === "utf8") while (count > 0 && count < bytes.length && (bytes[count] & 0xc0) === 0x80) count--;
      this.set(bytes.subarray(0, count), offset);
      return count;
    }
    fill(value, offset = 0, end = this.length, encoding = "utf8") {
      if (typeof offset === "string") return this.fill(value, 0, this.length, offset);
      if (typeof end === "string") return this.fill(value, offset, this.length, end);
      for (const [name, place] of [["offset", offset], ["end", end]]) {
        if (place < 0 || place > this.length) throw outside(name, place);
      }
      const bytes = wanted(value, encoding);
      if (offset >= end) return this;
      if (bytes.length === 0 && value.length > 0) {
        throw Object.assign(new TypeError(`The argument 'value' is invalid. Received '${value}'`), { code: "ERR_INVALID_ARG_VALUE" });
      }
      if (bytes.length === 0) super.fill(0, offset, end);
      else for (let at = offset; at < end; at++) this[at] = bytes[(at - offset) % bytes.length];
      return this;
    }
    copy(target, targetStart = 0, start = 0, end = this.length) {
      for (const [name, place] of [["targetStart", targetStart], ["sourceStart", start], ["sourceEnd", end]]) {
        if (place < 0 || (name === "sourceStart" && place > this.length)) throw outside(name, place);
      }
      if (targetStart >= target.length || start >= end) return 0;
      const part = plain(this).subarray(start, Math.min(end, start + target.length - targetStart));
      plain(target).set(part, targetStart);
      return part.length;
    }
    indexOf(value, offset = 0, encoding) {
      if (typeof offset === "string") return this.indexOf(value, 0, offset);
      return decode.latin1(plain(this)).indexOf(decode.latin1(wanted(value, encoding)), offset < 0 ? this.length + offset : offset);
    }
    lastIndexOf(value, offset = Infinity, encoding) {
      if (typeof offset === "string") return this.lastIndexOf(value, Infinity, offset);
      return decode.latin1(plain(this)).lastIndexOf(decode.latin1(wanted(value, encoding)), offset < 0 ? this.length + offset : offset);
    }
    includes(value, offset, encoding) {
      return this.indexOf(value, offset, encoding) >= 0;
    }
    slice(start, end) {
      return this.subarray(start, end);
    }
    #swap(size) {
      if (this.length % size !== 0) throw new RangeError(`Buffer size must be a multiple of ${size * 8}-bits`);
      for (let at = 0; at < this.length; at += size) plain(this).subarray(at, at + size).reverse();
      return this;
    }
    swap16() {
      return this.#swap(2);
    }
    swap32() {
      return this.#swap(4);
    }
    swap64() {
      return this.#swap(8);
    }
    readUIntBE(offset, length) {
      return plain(this).subarray(offset, inside(this, offset, length)).reduce((sum, byte) => sum * 256 + byte, 0);
    }
    readUIntLE(offset, length) {
      return plain(this).subarray(offset, inside(this, offset, length)).reduceRight((sum, byte) => sum * 256 + byte, 0);
    }
    readIntBE(offset, length) {
      return signed(this.readUIntBE(offset, length), length);
    }
    readIntLE(offset, length) {
      return signed(this.readUIntLE(offset, length), length);
    }
    writeUIntBE(value, offset, length) {
      const end = inside(this, offset, length);
      for (let at = end - 1; at >= offset; at--, value = Math.floor(value / 256)) this[at] = value & 0xff;
      return end;
    }
    writeUIntLE(value, offset, length) {
      const end = inside(this, offset, length);
      for (let at = offset; at < end; at++, value = Math.floor(value / 256)) this[at] = value & 0xff;
      return end;
    }
  }
  const outside = (name, value) =>
    Object.assign(new RangeError(`The value of "${name}" is out of range. Received ${value}`), { code: "ERR_OUT_OF_RANGE" });
  const inside = (bytes, offset, length) => {
    if (!(Number.isInteger(offset) && offset >= 0 && offset + length <= bytes.length)) throw outside("offset", offset);
    return offset + length;
  };
  const signed = (value, length) => value >= 2 ** (8 * length - 1) ? value - 2 ** (8 * length) : value;
  const method = (name, value) => Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
  method(Symbol.for("nodejs.util.inspect.custom"), function () {
    const shown = Array.from(plain(this).subarray(0, 50), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const more = this.length - 50;
    return `<Buffer ${shown}${more > 0 ? ` ... ${more} more byte${more > 1 ? "s" : ""}` : ""}>`;
  });
  method("writeIntBE", Buffer.prototype.writeUIntBE);
  method("writeIntLE", Buffer.prototype.writeUIntLE);
  for (
    const [names, kind, size] of [
      [["UInt8", "Uint8"], "Uint8", 1], [["Int8"], "Int8", 1], [["UInt16", "Uint16"], "Uint16", 2],
      [["Int16"], "Int16", 2], [["UInt32", "Uint32"], "Uint32", 4], [["Int32"], "Int32", 4], [["Float"], "Float32", 4],
      [["Double"], "Float64", 8], [["BigInt64"], "BigInt64", 8], [["BigUInt64", "BigUint64"], "BigUint64", 8],
    ]
  ) {
    for (const name of names) {
      for (const [ending, little] of size === 1 ? [["", true]] : [["LE", true], ["BE", false]]) {
        const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        method(`read${name}${ending}`, function (offset = 0) {
          inside(this, offset, size);
          return view(this)[`get${kind}`](offset, little);
        });
        method(`write${name}${ending}`, function (value, offset = 0) {
          view(this)[`set${kind}`](offset, value, little);
          return inside(this, offset, size);
        });
      }
    }
  }

  /** What `require("buffer")` gives. */
  const module = {
    Buffer,
    kMaxLength: LARGEST,
    constants: { MAX_LENGTH: LARGEST, MAX_STRING_LENGTH: 536870888 },
    isUtf8: (bytes) => ask("decode", bytesOf(bytes), "utf-8", true, true) !== undefined,
    isAscii: (bytes) => bytesOf(bytes).every((one) => one < 0x80),
    get atob() {
      return realm.atob;
    },
    get btoa() {
      return realm.btoa;
    },
    get Blob() {
      return realm.Blob;
    },
    get File() {
      return realm.File;
    },
    get transcode() {
      return borrow("module", "node:buffer").transcode;
    },
  };
  return { Buffer, module };
}
