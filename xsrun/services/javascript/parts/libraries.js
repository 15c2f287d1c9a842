// The libraries that programs find beside the language: from npm, run anew in each realm that uses one.

export function libraries({ borrow, refused, realm, part, library, exchange, importable, network }) {
  /** The package of each name, and the member of it that the name stands for. */
  const PACKAGES = {
    __proto__: null,
    _: ["lodash"], axios: ["axios"], moment: ["moment"], luxon: ["luxon"], DateTime: ["luxon", "DateTime"],
    uuid: ["uuid"], jose: ["jose"], math: ["mathjs"], cryptojs: ["crypto-js"], aws4: ["aws4"], ethers: ["ethers"],
    fastXmlParser: ["fast-xml-parser"], mailparser: ["mailparser"], nodemailer: ["nodemailer"], socks: ["socks"],
  };
  const SOCKETS = new Set(["net", "tls", "dns", "http", "https"]);
  const loaded = new Map();

  /** What `name` stands for, undefined when this xsrun comes without it. */
  const find = (name) => {
    const [wanted, member] = PACKAGES[name] ?? [Object.values(PACKAGES).some((one) => one[0] === name) ? name : ""];
    if (!loaded.has(wanted)) loaded.set(wanted, wanted === "" ? undefined : load(wanted));
    const found = loaded.get(wanted);
    return member === undefined || found === undefined ? found : found[member];
  };
  const load = (name) => {
    const fill = library(name);
    if (fill === undefined) return undefined;
    const module = { exports: {} };
    fill(module, module.exports, (specifier) => needed(specifier.replace(/^node:/, "")));
    if (name === "axios") module.exports.defaults.adapter = adapter(module.exports);
    return name === "ethers" ? module.exports.ethers ?? module.exports : module.exports;
  };

  // Modules of Node's -----------------------------------------------------------------------------------------------

  const needed = (specifier) => {
    const name = `${specifier}`; // what stands behind it may have been changed by the lambda
    if (name === "buffer") return part("buffer").module;
    if (name === "crypto") return part("crypto").crypto;
    if (name === "os") return { EOL: "\n", hostname: () => "localhost", platform: () => "linux", release: () => "", type: () => "Linux", arch: () => "x64" };
    if (importable(name) || (network && SOCKETS.has(name))) return borrow("module", `node:${name}`);
    return refusing(SOCKETS.has(name) ? `network access through node:${name}` : `the module node:${name}`);
  };
  /** Stands for what a lambda does not get: it can be had and handed on, and says so when it is used. */
  const refusing = (what) => {
    const refuse = () => {
      throw refused(what);
    };
    return new Proxy(function () {}, {
      get: (target, key) => typeof key === "symbol" || key === "prototype" || key === "__esModule" ? target[key] : refusing(what),
      apply: refuse,
      construct: refuse,
    });
  };

  // axios -----------------------------------------------------------------------------------------------------------

  /** Sends what axios sends the way `api.request` does: the same rules for hosts, the same recording. */
  const adapter = (axios) => async (config) => {
    const headers = { ...(config.headers.toJSON?.() ?? config.headers) };
    const body = bytesOf(config.data);
    if (config.data instanceof realm.URLSearchParams) headers["Content-Type"] ??= "application/x-www-form-urlencoded;charset=utf-8";
    if (config.auth) {
      headers.Authorization = `Basic ${realm.Buffer.from(`${config.auth.username}:${config.auth.password}`).toString("base64")}`;
    }
    const answer = JSON.parse(exchange(JSON.stringify({
      method: `${config.method ?? "get"}`.toUpperCase(),
      url: axios.getUri(config),
      headers: Object.entries(headers).filter(([, value]) => value != null && value !== false).map(([name, value]) => [name, `${value}`]),
      body: body === null ? null : body.toString("base64"),
      timeout: config.timeout > 0 ? config.timeout / 1000 : null,
      follow: config.maxRedirects !== 0,
    })));
    if (answer.refused !== undefined) throw refused(answer.refused);
    if (answer.error !== null) {
      const late = /timed out/i.test(answer.error);
      throw new axios.AxiosError(answer.error, late ? "ECONNABORTED" : "ERR_NETWORK", config, {});
    }
    const response = {
      data: decoded(realm.Buffer.from(answer.body, "base64"), config.responseType),
      status: answer.status,
      statusText: answer.reason,
      headers: new axios.AxiosHeaders(joined(answer.headers)),
      config,
      request: {},
    };
    if (!config.validateStatus || config.validateStatus(response.status)) return response;
    const code = response.status >= 500 ? "ERR_BAD_RESPONSE" : "ERR_BAD_REQUEST";
    throw new axios.AxiosError(`Request failed with status code ${response.status}`, code, config, {}, response);
  };
  const bytesOf = (data) => {
    if (data === undefined || data === null) return null;
    if (typeof data === "string" || data instanceof realm.URLSearchParams) return realm.Buffer.from(`${data}`);
    if (ArrayBuffer.isView(data)) return realm.Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (data instanceof ArrayBuffer) return realm.Buffer.from(data);
    throw new TypeError("axios here sends text, JSON, URLSearchParams and bytes; for a form with files use fetch.");
  };
  const decoded = (bytes, type) => {
    if (type === "arraybuffer") return bytes;
    if (type === "blob") return new realm.Blob([bytes]);
    if (type === "stream") throw new TypeError("axios here gives no streams; use fetch.");
    return new realm.TextDecoder().decode(bytes);
  };
  const joined = (pairs) => {
    const headers = {};
    for (const [name, value] of pairs) {
      const known = name.toLowerCase();
      if (known === "set-cookie") (headers[known] ??= []).push(value);
      else headers[known] = known in headers ? `${headers[known]}, ${value}` : value;
    }
    return headers;
  };
  return { find };
}
