// `structuredClone`.

export function clone() {
  const failure = (value) => {
    const error = new Error(`${typeof value === "symbol" ? String(value) : value} could not be cloned.`);
    error.name = "DataCloneError";
    error.code = 25;
    return error;
  };

  function structuredClone(value, options) {
    if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
    const seen = new Map();
    const inner = (value) => {
      if (typeof value === "symbol" || typeof value === "function") throw failure(value);
      if (typeof value !== "object" || value === null) return value;
      if (seen.has(value)) return seen.get(value);
      const made = empty(value);
      seen.set(value, made);
      fill(made, value);
      return made;
    };
    const empty = (value) => {
      if (Array.isArray(value)) return new Array(value.length);
      if (Error.isError(value)) return new (errorKind(value))();
      if (value instanceof Date) return new Date(value.getTime());
      if (value instanceof RegExp) return new RegExp(value.source, value.flags);
      if (value instanceof Map) return new Map();
      if (value instanceof Set) return new Set();
      if (value instanceof ArrayBuffer) return copied(value);
      if (value instanceof SharedArrayBuffer) return value;
      if (value instanceof DataView) return new DataView(inner(value.buffer), value.byteOffset, value.byteLength);
      if (ArrayBuffer.isView(value)) {
        const kind = globalThis[value[Symbol.toStringTag]];
        return new kind(inner(value.buffer), value.byteOffset, value.length);
      }
      if (value instanceof Boolean || value instanceof Number || value instanceof String || value instanceof BigInt) {
        return Object(value.valueOf());
      }
      if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef || value instanceof Promise) {
        throw failure(value);
      }
      return {};
    };
    const copied = (buffer) => options?.transfer?.includes(buffer) ? buffer.transfer() : buffer.slice();
    const fill = (made, value) => {
      if (made instanceof Map) for (const [key, item] of [...value]) made.set(inner(key), inner(item));
      else if (made instanceof Set) for (const item of [...value]) made.add(inner(item));
      else if (Error.isError(value)) {
        for (const name of ["stack", "message", "cause"]) {
          if (!Object.hasOwn(value, name)) continue;
          const copy = name === "cause" ? inner(value[name]) : `${value[name]}`;
          Object.defineProperty(made, name, { value: copy, writable: true, configurable: true });
        }
      } else if (Array.isArray(made) || Object.getPrototypeOf(made) === Object.prototype) {
        for (const key of Object.keys(value)) made[key] = inner(value[key]);
      }
    };
    return inner(value);
  }
  const KINDS = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"];
  const errorKind = ({ name }) => KINDS.includes(name) ? globalThis[name] : Error;
  return { structuredClone };
}
