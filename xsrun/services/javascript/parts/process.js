// `process`, `performance`, `navigator` and `Deno`, as far as a lambda has them.

export function process({ ask, tell, refused, realm, fact }) {
  const now = () => ask("now");
  const write = (text) => (tell("print", `${text}`), true);
  const hrtime = () => {
    const time = now();
    return [Math.floor(time / 1000), Math.floor((time % 1000) * 1e6)];
  };
  hrtime.bigint = () => BigInt(Math.round(now() * 1e6));
  return {
    process: {
      env: {},
      argv: [],
      platform: "linux",
      arch: fact("arch"),
      version: `v${fact("node")}`,
      versions: { node: fact("node"), v8: fact("v8"), deno: fact("deno") },
      cwd: () => "/",
      uptime: () => now() / 1000,
      hrtime,
      nextTick: (callback, ...values) => realm.queueMicrotask(() => callback(...values)),
      stdout: { write },
      stderr: { write },
      exit() {
        throw refused("process.exit");
      },
    },
    performance: { now, timeOrigin: fact("timeOrigin") },
    navigator: { userAgent: fact("userAgent"), language: "en-US", languages: ["en-US"] },
    Deno: new Proxy({ version: { deno: fact("deno"), v8: fact("v8"), typescript: fact("typescript") } }, {
      get: (target, key) => {
        if (!Object.hasOwn(target, key) && ask("isDeno", key)) throw refused(`Deno.${key}`);
        return target[key];
      },
    }),
  };
}
