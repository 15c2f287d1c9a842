// `crypto`: hashes and random numbers of this realm; the rest of Node's and the browser's is Deno's own.

export function crypto({ ask, taken, bytesOf, borrow, realm }) {
  const random = (length) => {
    if (!Number.isInteger(length) || length < 0 || length > 2 ** 30) {
      throw new RangeError(`The value of "size" is out of range. Received ${length}`);
    }
    return realm.Buffer.from(taken(ask("random", length)).buffer);
  };
  /** Bytes of a text in an encoding, of a view or a buffer. */
  const data = (value, encoding) => {
    if (typeof value === "string") return realm.Buffer.from(value, encoding);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return bytesOf(value);
    throw new TypeError('The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView.');
  };

  class Digest {
    #make;
    #chunks = [];
    #done = false;
    constructor(make) {
      this.#make = make;
    }
    update(value, encoding) {
      if (this.#done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
      this.#chunks.push(new Uint8Array(data(value, encoding)));
      return this;
    }
    digest(encoding) {
      if (this.#done) throw Object.assign(new Error("Digest already called"), { code: "ERR_CRYPTO_HASH_FINALIZED" });
      this.#done = true;
      const found = realm.Buffer.from(taken(this.#make(realm.Buffer.concat(this.#chunks))).buffer);
      return encoding === undefined || encoding === "buffer" ? found : found.toString(encoding);
    }
    copy() {
      const made = new Digest(this.#make);
      made.#chunks = [...this.#chunks];
      return made;
    }
  }
  const known = (name) => {
    if (ask("hash", `${name}`, new Uint8Array()) < 0) throw new Error(`Invalid digest: ${name}`);
  };
  const own = {
    createHash(name, options) {
      if (options !== undefined) return borrow("module", "node:crypto").createHash(name, options);
      known(name);
      return new Digest((bytes) => ask("hash", `${name}`, bytes));
    },
    createHmac(name, key, options) {
      if (options !== undefined || !(typeof key === "string" || ArrayBuffer.isView(key))) {
        return borrow("module", "node:crypto").createHmac(name, key, options);
      }
      known(name);
      const secret = new Uint8Array(data(key));
      return new Digest((bytes) => ask("hmac", `${name}`, secret, bytes));
    },
    randomUUID: () => ask("uuid"),
    randomBytes(length, callback) {
      const made = random(length);
      if (callback === undefined) return made;
      realm.queueMicrotask(() => callback(null, made));
    },
    randomInt(least, most, callback) {
      if (typeof most !== "number") [least, most, callback] = [0, least, most];
      if (!Number.isSafeInteger(least) || !Number.isSafeInteger(most) || most <= least || most - least > 2 ** 48 - 1) {
        throw new RangeError(`The value of "max" is out of range. Received ${most}`);
      }
      const range = most - least, limit = 2 ** 48 - 2 ** 48 % range;
      let number;
      do number = random(6).reduce((sum, byte) => sum * 256 + byte, 0); while (number >= limit);
      const made = least + number % range;
      if (callback === undefined) return made;
      realm.queueMicrotask(() => callback(null, made));
    },
    getRandomValues(array) {
      bytesOf(array).set(random(array.byteLength));
      return array;
    },
    timingSafeEqual(one, other) {
      const [left, right] = [bytesOf(one), bytesOf(other)];
      if (left.length !== right.length) throw new RangeError("Input buffers must have the same byte length");
      let difference = 0;
      for (let at = 0; at < left.length; at++) difference |= left[at] ^ right[at];
      return difference === 0;
    },
  };
  return {
    crypto: new Proxy(own, {
      get: (target, key) => {
        if (Object.hasOwn(target, key) || typeof key === "symbol" || key === "then") return target[key];
        const lent = borrow("module", "node:crypto");
        const value = lent[key];
        return typeof value === "function" && !value.prototype ? value.bind(lent) : value;
      },
      has: (target, key) => Object.hasOwn(target, key) || key in borrow("module", "node:crypto"),
    }),
  };
}
